/* A task of hone-worker: what main.c prepares for it and how it speaks with the supervisor (core/jobs/frame.h).
 * A task is one function in one file; main.c has the list. */
#ifndef WORKER_TASK_H
#define WORKER_TASK_H
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "core/base/pool.h"
#include "core/host/registry.h"

struct task {
    const cJSON *start;          /* the "start" frame */
    const char *const *dirs;     /* its plugin_dirs, NULL-terminated */
    struct registry *registry;
    struct pool *pool;
    cJSON *result;               /* object; the task adds the fields of its "result" frame */
    const char *stage;           /* static: what the task is doing, sent with an "error" frame: "data", "model", ... */
    cJSON *details;              /* NULL or an array that goes with an "error" frame */
    int out;                     /* where data for the supervisor's standard output goes ("descriptor 1" of
                                  * docs/architecture.md). Descriptor 1 itself is standard error in the worker, so that
                                  * what a plugin prints cannot get into the data. */
};

enum task_stop { TASK_RUN, TASK_STOP_CHECKPOINT, TASK_STOP_CANCEL };

/* Sends a frame of that type with the fields of `fields` (taken, also on failure; NULL: none). HONE_EIO when the
 * supervisor is gone: the task then ends. [main] */
int task_send(struct task *t, const char *type, cJSON *fields, struct hone_err *err);
/* Sends a piece of an answer that is written: a frame "text" with `number` as `key`. HONE_ENOMEM when it would lack a part. [main] */
int task_text(struct task *t, const char *key, int64_t number, const char *bytes, int64_t len, struct hone_err *err);
/* Sends "ready" with fields (taken) and waits for "go". ERR_CANCELLED when "stop" came instead. [main] */
int task_ready(struct task *t, cJSON *fields, struct hone_err *err);
/* Sends a frame and waits for one of type `answer` (*frame, cJSON_Delete()). ERR_CANCELLED when "stop" came instead. [main] */
int task_ask(struct task *t, const char *type, cJSON *fields, const char *answer, cJSON **frame, struct hone_err *err);
/* Whether a "stop" has arrived; never waits. A lost supervisor counts as TASK_STOP_CHECKPOINT. [main] */
enum task_stop task_stop_asked(struct task *t);
/* Tells that the task is alive and getting on; cheap enough for every batch. The "beat" frames are sent from it, at
 * most one in two seconds. [main] */
void task_beat(struct task *t);

/* The whole of hone-worker; gives the process's exit status. For main() of core/program. */
int worker_main(int argc, char **argv);

/* What of this process is in memory, in bytes; 0 where the system does not tell. [any] */
int64_t task_resident(void);

/* The tasks: 0, or a negative code with err filled (main.c then sends "error"). */
int task_train(struct task *t, struct hone_err *err);
int task_evaluate(struct task *t, struct hone_err *err);
int task_off_policy(struct task *t, struct hone_err *err);
int task_predict(struct task *t, struct hone_err *err);
int task_report(struct task *t, struct hone_err *err);
int task_probe(struct task *t, struct hone_err *err);
int task_preview(struct task *t, struct hone_err *err);
int task_check(struct task *t, struct hone_err *err);
int task_bench(struct task *t, struct hone_err *err);
int task_serve(struct task *t, struct hone_err *err);
int task_compare(struct task *t, struct hone_err *err);
int task_generate(struct task *t, struct hone_err *err);
int task_import(struct task *t, struct hone_err *err);
int task_export(struct task *t, struct hone_err *err);

#endif
