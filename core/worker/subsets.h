/* Models trained on nested parts of a job's training rows, for its learning curve (core/judge/growth.h). Called by the task evaluate. */
#ifndef WORKER_SUBSETS_H
#define WORKER_SUBSETS_H
#include "core/data/examples.h"
#include "core/judge/growth.h"
#include "core/judge/predictions.h"
#include "core/worker/task.h"

#define SUBSETS_VISITS 100000 /* training rows x epochs that are spent without being asked for */

/* What is known of the job: its file, the number of its training rows, and the answers of the agent to the rows that it held out
 * (held NULL or n 0: it held none out; models are then trained on four fifths and answer the rest). */
struct subsets_job {
    const struct examples *job;
    int64_t n_train;
    const struct predictions *held;
};
/* Fills g. When nothing can be measured g->why says why. mode: "auto" within SUBSETS_VISITS, "always", "never". HONE_ENOMEM; ERR_CANCELLED
 * when the task was asked to stop. [main] */
int subsets_measure(struct task *t, const struct subsets_job *job, const char *mode, struct growth *g, struct hone_err *err);

#endif
