/* invokeAgent in a daemon: the agent's active version is kept warm, what it answers is written down with its id, then told. A version that
 * is deployed answers from the next question on; questions that were asked before are answered by the one before. */
#ifndef API_SERVING_H
#define API_SERVING_H
#include "core/api/function.h"
#include "core/base/buf.h"
#include "core/jobs/warm.h"

/* NULL with err. Borrows a->state_dir; `a` itself may go. */
struct serving *serving_open(const struct api *a, const struct warm_opts *o, struct hone_err *err);
/* Ends when all that was asked is answered, written down and told. NULL is fine. */
void serving_close(struct serving *s);
/* `begin` of invokeAgent, see function.h: a->serving must be set, `in` names no file. With `stream` the hooks of the call are told the pieces of
 * answers ("text" {answer, text}) and asked what they wish until `done` is told; any wish but API_GO ends the writing with ERR_CANCELLED,
 * API_KILL with ERR_INTERRUPTED. */
int serving_begin(struct api *a, const cJSON *in, api_done *done, void *arg, struct hone_err *err);
/* The same for who may wait: data, or NULL with err. */
cJSON *serving_answer(struct api *a, const cJSON *in, struct hone_err *err);
/* Loads the weights of a version before it is deployed; one that cannot be loaded fails here. 1 when it writes its answers, 0 when it chooses them. */
int serving_load(struct serving *s, const struct warm_version *v, struct hone_err *err);
void serving_stats(struct serving *s, struct warm_stats *stats); /* [any] */
/* Appends hone_serving_* in the text format of Prometheus. [any] */
void serving_metrics(struct serving *s, struct buf *b);

#endif
