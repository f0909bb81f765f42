/* A trained agent in memory: its weights file opened, its model restored, texts in, probabilities out.
 * Not a server and not a metric. Called by the worker's tasks predict and evaluate and by core/judge. */
#ifndef TRAIN_PREDICTOR_H
#define TRAIN_PREDICTOR_H
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "core/host/registry.h"
#include "hone/model.h"

struct predictor;

/* Opens a weights file (safetensors as written by a training job). The model plugin is found by the name in the file.
 * NULL with err: ERR_CORRUPT for a file that is not what was written, ERR_PLUGIN, HONE_EIO. Borrows both until close. */
struct predictor *predictor_open(struct registry *registry, struct pool *pool, const char *weights_path, struct hone_err *err);
/* The same of a file that nobody changes while it is open: its tensors are mapped in place of read and checked, so that it opens at once and several
 * processes share their memory (st_map()). */
struct predictor *predictor_map(struct registry *registry, struct pool *pool, const char *weights_path, struct hone_err *err);
void predictor_close(struct predictor *p); /* NULL is fine */

/* Distinct outputs, and the text of one (valid until close). */
int64_t predictor_outputs(const struct predictor *p);
struct hone_string predictor_output(const struct predictor *p, int64_t i);
/* The number of an output text, -1 when the agent does not know it. */
int32_t predictor_find_output(const struct predictor *p, const char *bytes, int64_t len);

/* Probabilities of n texts: prob[n][predictor_outputs()], rows sum to 1. The same bits for any division into calls.
 * Large n is best (work is done in batches on all threads of the pool). [main] */
int predictor_probs(struct predictor *p, const struct hone_string *text, int64_t n, float *prob, struct hone_err *err);
/* The best output only and its probability, without keeping a row of them for each text. Either may be NULL. [main] */
int predictor_best(struct predictor *p, const struct hone_string *text, int64_t n, int32_t *best, float *prob,
                   struct hone_err *err);

/* Whether the model of a weights file writes its answers, by the file's header alone. Below 0 with err as predictor_open(). */
int predictor_file_writes(struct registry *registry, const char *weights_path, struct hone_err *err);
/* Whether the agent writes its answers token by token; then it has no outputs, and the calls above fail with a sentence. */
int predictor_writes(const struct predictor *p);
/* Its answers, as writer_run() has it. [main] */
struct write_wish;
struct written;
struct write_sink;
struct writer;
int predictor_write(struct predictor *p, const struct hone_string *text, int64_t n, const struct write_wish *wish, struct written *out,
                    const struct write_sink *sink, struct hone_err *err);
/* How it writes unless told. */
const struct write_wish *predictor_wish(const struct predictor *p);
/* A writer of it, as writer_open() has it. [main] */
struct writer *predictor_writer(struct predictor *p, const struct write_sink *sink, struct hone_err *err);

/* How likely an agent that writes finds the expected answers to n texts, as far as its context takes them: -ln of each answer's probability, its
 * end included and at temperature 1, of how many tokens, and their characters. [main] */
int predictor_expected(struct predictor *p, const struct hone_string *text, const struct hone_string *answer, int64_t n, double *nats,
                       double *tokens, double *characters, struct hone_err *err);

/* What training found on held-out rows and predictor_probs() has applied: the confidence below which the agent shall refuse to answer
 * (0: it never does), and what its scores are divided by (1: nothing was found). */
/* The pool that it was opened with. */
struct pool *predictor_pool(const struct predictor *p);
double predictor_threshold(const struct predictor *p);
double predictor_temperature(const struct predictor *p);

/* What the file says of itself: {model, parameters, outputs, version, tensors: [{name, dtype, shape}]}; free with
 * cJSON_Delete(). */
cJSON *predictor_info(const struct predictor *p);

#endif
