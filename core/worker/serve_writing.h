/* The task "serve" of an agent that writes: questions are begun as they come, written beside one another, and answered each when it is
 * done. What is answered does not depend on what else is being written. Called by task_serve.c. */
#ifndef WORKER_SERVE_WRITING_H
#define WORKER_SERVE_WRITING_H
#include "core/worker/answerer.h"

/* Until the end is asked for or the supervisor is gone (0), or something failed. */
int serve_writing(struct task *t, struct answerer *agent, struct hone_err *err);

#endif
