/* A job that a daemon runs, shown as if this process ran it. Called by train.c. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H
#include "core/cli/remote.h"

/* Starts or resumes a job and follows it to its end: the job, or NULL with err as api_train() says it. Ctrl-C pauses the job; a second one
 * stops watching. */
cJSON *follow_job(struct cli *c, struct remote *r, const char *function, cJSON *in, const struct api_hooks *hooks, struct hone_err *err);

#endif
