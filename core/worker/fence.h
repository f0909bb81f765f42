/* What a task may reach, from its start frame (core/host/sandbox.h fences it in). Called by main.c once the frame has been read and
 * before any plugin is loaded or any thread started. */
#ifndef WORKER_FENCE_H
#define WORKER_FENCE_H
#include "core/worker/task.h"

/* Reading: plugin directories, plugins that the configuration names by path, and every file that the frame names; writing: job_dir, and
 * the directory of `output`. `forks`: the task tries plugins in processes of its own. 0, HONE_EIO or HONE_ENOMEM. */
int task_fence(const struct task *t, int forks, struct hone_err *err);

#endif
