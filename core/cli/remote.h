/* A daemon as seen from the command line: its functions over HTTP, through the Unix socket in the state directory or at an address
 * with a token. One connection, kept for the command's life. Called by call.c, train.c and ask.c. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H
#include "core/cli/cli.h"

struct remote;

/* The daemon that commands are to talk to: that of --server (or HONE_SERVER), else the one that has the state directory. 1 with *out
 * (remote_close()), 0 when there is none and the command does its work itself, or a negative code. */
int remote_open(struct cli *c, struct remote **out, struct hone_err *err);
void remote_close(struct remote *r); /* NULL is fine */
/* Whether it is on this machine and belongs to the same user, so that files can be named to it. */
int remote_is_local(const struct remote *r);
/* The answer's data, or NULL with err and *details (taken by the caller). `in` is borrowed. */
cJSON *remote_call(struct remote *r, const char *function, const cJSON *in, cJSON **details, struct hone_err *err);
/* The same of a function that tells its answer while it is made (`stream` in `in`): hooks->event gets "text" {answer, text}. */
cJSON *remote_hear(struct remote *r, const char *function, const cJSON *in, const struct api_hooks *hooks, cJSON **details, struct hone_err *err);
/* Sends a file ("-": standard input) as a dataset: its id (free()), or NULL with err. */
char *remote_upload(struct remote *r, const char *file, const char *format, struct hone_err *err);
/* Waits for news of a job: calls `state` with each state that the daemon sends, as monitorTrainingProgress tells it, until that returns
 * 0 or the stream ends; also with NULL a few times a second. 0, or ERR_SERVER when the connection broke. */
int remote_follow(struct remote *r, const char *job_id, int (*state)(void *arg, const cJSON *state), void *arg, struct hone_err *err);

#endif
