#include <stdlib.h>
#include <string.h>
#include <math.h>
#include "core/base/json.h"
#include "core/train/kernels.h"
#include "core/train/nats.h"
#include "core/train/calibration.h"
#include "core/train/encoded.h"
#include "core/train/learner.h"
#include "core/train/memory.h"
#include "core/train/pass.h"
#include "core/train/predictor.h"
#include "core/train/writer.h"

#define SCORES (1 << 20) /* numbers of scores that a batch has at most */

#define EXPECTED 8 /* answers whose scores are held at once */

struct predictor {
    struct learner learner;
    struct passes passes;
    struct pool *pool;
    cJSON *info;
    cJSON *generation;         /* what `wish` borrows its texts from */
    struct calibration calibration;
    int32_t *slot;      /* hash of output texts: index + 1 */
    int64_t slots;
    struct write_wish wish;
    int warm;           /* a pass with these tensors has been made */
};

static uint64_t hash_text(const char *p, int64_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int64_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    return h ^ (h >> 29);
}

static int index_outputs(struct predictor *p)
{
    for (p->slots = 16; p->slots < p->learner.outputs * 2;)
        p->slots *= 2;
    if (!(p->slot = calloc((size_t)p->slots, sizeof *p->slot)))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->learner.outputs; i++) {
        uint64_t h = hash_text(p->learner.output[i].bytes, p->learner.output[i].len);
        while (p->slot[h & (uint64_t)(p->slots - 1)])
            h++;
        p->slot[h & (uint64_t)(p->slots - 1)] = (int32_t)i + 1;
    }
    return 0;
}

int32_t predictor_find_output(const struct predictor *p, const char *bytes, int64_t len)
{
    uint64_t h = hash_text(bytes, len);
    for (;; h++) {
        int32_t i = p->slot[h & (uint64_t)(p->slots - 1)] - 1;
        if (i < 0)
            return -1;
        const struct hone_string *o = &p->learner.output[i];
        if (o->len == len && memcmp(o->bytes, bytes, (size_t)len) == 0)
            return i;
    }
}

static cJSON *describe(const struct learner *l, const struct st_file *f)
{
    cJSON *info = cJSON_CreateObject(), *list = cJSON_CreateArray();
    json_put_str(info, "model", l->model->item.name);
    json_put_str(info, "version", json_str(f->meta, "model_version", NULL));
    json_put_int(info, "parameters", l->tensors.total);
    json_put_int(info, "outputs", l->outputs);
    for (int64_t i = 0; i < f->n; i++) {
        cJSON *t = cJSON_CreateObject(), *shape = cJSON_CreateArray();
        json_put_str(t, "name", f->entry[i].name);
        json_put_str(t, "dtype", st_dtype_name(f->entry[i].dtype));
        for (uint32_t d = 0; d < f->entry[i].ndim; d++)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)f->entry[i].dims[d]));
        json_put(t, "shape", shape);
        cJSON_AddItemToArray(list, t);
    }
    json_put(info, "tensors", list);
    return info;
}

static int read_calibration(struct predictor *p, const struct st_file *f, struct hone_err *err)
{
    const char *text = json_str(f->meta, "calibration", "null");
    cJSON *json = json_parse(text, strlen(text), f->path, err);
    int ret = json ? calibration_read(json, &p->calibration, err) : err->code;
    if (ret < 0 && json)
        err_prefix(err, "%s", f->path);
    cJSON_Delete(json);
    return ret < 0 ? (err->code = ERR_CORRUPT) : 0;
}

static int read_generation(struct predictor *p, const struct st_file *f, struct hone_err *err)
{
    const char *text = p->learner.generation;
    p->wish = write_default;
    p->generation = text ? json_parse(text, strlen(text), f->path, err) : NULL;
    int ret = text && !p->generation ? err->code : write_wish_read(p->generation, &p->wish, err) < 0 ? err_prefix(err, "%s", f->path) : 0;
    return ret < 0 ? (err->code = ERR_CORRUPT) : 0;
}

static struct predictor *open_file(struct registry *registry, struct pool *pool, const char *weights_path, int map, struct hone_err *err)
{
    struct st_file f;
    struct predictor *p = calloc(1, sizeof *p);
    if (!p) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    p->pool = pool;
    int ret = st_open(&f, weights_path, err);
    if (!ret) {
        ret = map ? st_map(&f, err) : 0;
        if (!ret)
            ret = learner_restore(&p->learner, registry, &f, err);
        if (!ret)
            ret = read_calibration(p, &f, err);
        if (!ret)
            ret = read_generation(p, &f, err);
        if (!ret)
            p->info = describe(&p->learner, &f);
        st_free(&f);
    }
    if (!ret)
        ret = passes_open(&p->passes, pool, &p->learner.tensors, registry_host(registry), 0, err);
    if (!ret && index_outputs(p))
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret)
        return p;
    predictor_close(p);
    return NULL;
}

struct predictor *predictor_open(struct registry *registry, struct pool *pool, const char *weights_path, struct hone_err *err)
{
    return open_file(registry, pool, weights_path, 0, err);
}

struct predictor *predictor_map(struct registry *registry, struct pool *pool, const char *weights_path, struct hone_err *err)
{
    return open_file(registry, pool, weights_path, 1, err);
}

void predictor_close(struct predictor *p)
{
    if (!p)
        return;
    if (p->passes.pool)
        passes_close(&p->passes);
    learner_free(&p->learner);
    cJSON_Delete(p->info);
    cJSON_Delete(p->generation);
    free(p->slot);
    free(p);
}

int64_t predictor_outputs(const struct predictor *p)
{
    return p->learner.outputs;
}

struct hone_string predictor_output(const struct predictor *p, int64_t i)
{
    return p->learner.output[i];
}

int predictor_file_writes(struct registry *registry, const char *weights_path, struct hone_err *err)
{
    struct st_file f;
    int ret = st_open(&f, weights_path, err);
    if (ret)
        return ret;
    const struct hone_item *item = registry_find(registry, HONE_MODEL, json_str(f.meta, "model", ""), NULL, err);
    st_free(&f);
    return item ? (item->flags & HONE_MODEL_WRITES) != 0 : (err->code = ERR_PLUGIN);
}

int predictor_writes(const struct predictor *p)
{
    return learner_writes(&p->learner);
}

int predictor_write(struct predictor *p, const struct hone_string *text, int64_t n, const struct write_wish *wish, struct written *out,
                    const struct write_sink *sink, struct hone_err *err)
{
    return writer_run(&p->learner, &p->passes, p->pool, p->calibration.temperature, text, n, wish, out, sink, err);
}

const struct write_wish *predictor_wish(const struct predictor *p)
{
    return &p->wish;
}

struct writer *predictor_writer(struct predictor *p, const struct write_sink *sink, struct hone_err *err)
{
    return writer_open(&p->learner, &p->passes, p->pool, p->calibration.temperature, sink, err);
}

/* Scores of the answers of x, whose pass is freed by the next one. NULL with err. */
static const float *score_answers(struct predictor *p, const struct encoded *x, struct hone_err *err)
{
    struct hone_pass *pass = &p->passes.pass;
    int64_t rows = x->row_start[x->n], width = p->learner.tensors.width;
    passes_begin(&p->passes);
    pass->in = (struct hone_bag){ x->n, x->start, x->index, NULL };
    pass->rows = rows;
    pass->width = width;
    pass->row_start = x->row_start;
    pass->stream = NULL;
    pass->flags = HONE_PASS_FROZEN;
    pass->d_scores = NULL;
    pass->scores = passes_scratch(&p->passes, (size_t)(rows * width) * sizeof(float));
    int ret = pass->scores ? passes_forward(&p->passes, p->learner.model, p->learner.self, err) : hone_fail(err, HONE_ENOMEM, "memory ran out for the scores of answers");
    pass->row_start = NULL;
    return ret < 0 ? NULL : pass->scores;
}

int predictor_expected(struct predictor *p, const struct hone_string *text, const struct hone_string *answer, int64_t n, double *nats,
                       double *tokens, double *characters, struct hone_err *err)
{
    int64_t width = p->learner.tensors.width;
    int ret = 0;
    for (int64_t from = 0; from < n && ret >= 0; from += EXPECTED) {
        struct encoded x;
        int64_t m = n - from < EXPECTED ? n - from : EXPECTED;
        if ((ret = encoded_make(&x, p->learner.model, p->learner.self, text + from, answer + from, m, HONE_ENCODE_MEASURE, p->pool, err)) < 0)
            break;
        const float *scores = score_answers(p, &x, err);
        ret = scores ? 0 : err->code;
        for (int64_t i = 0; scores && i < m; i++) {
            nats[from + i] = tokens[from + i] = 0;
            characters[from + i] = (double)nats_characters(&p->learner, &x, i);
            for (int64_t k = x.row_start[i]; k < x.row_start[i + 1]; k++) {
                const float *s = scores + k * width;
                if (x.target[k] < 0)
                    continue;
                nats[from + i] += nats_of(s, width, kernel_highest(s, width), x.target[k]);
                tokens[from + i] += 1;
            }
        }
        encoded_free(&x);
    }
    return ret < 0 ? ret : 0;
}

double predictor_threshold(const struct predictor *p)
{
    return p->calibration.threshold;
}

double predictor_temperature(const struct predictor *p)
{
    return p->calibration.temperature;
}

cJSON *predictor_info(const struct predictor *p)
{
    return cJSON_Duplicate(p->info, 1);
}

/* What becomes of the scores of rows. */
struct finish_work {
    const float *scores;
    int64_t width;
    float beta;          /* 1 / temperature */
    float *prob;         /* [rows][width], or NULL */
    int32_t *best;       /* [rows] or NULL */
    float *best_prob;    /* [rows] or NULL */
    int broken;          /* atomic: a row's scores are no numbers */
};

/* Softmax, and the first of the highest scores. */
static void finish_task(void *arg, int64_t begin, int64_t end)
{
    struct finish_work *w = arg;
    for (int64_t i = begin; i < end; i++) {
        const float *s = w->scores + i * w->width;
        int64_t top = 0;
        for (int64_t k = 1; k < w->width; k++)
            if (s[k] > s[top])
                top = k;
        if (w->best)
            w->best[i] = (int32_t)top;
        if (!isfinite(s[top]))
            __atomic_store_n(&w->broken, 1, __ATOMIC_RELAXED);
        if (!w->prob && !w->best_prob)
            continue;
        double sum = 0;
        for (int64_t k = 0; k < w->width; k++) {
            float e = expf((s[k] - s[top]) * w->beta);
            if (w->prob)
                w->prob[i * w->width + k] = e;
            sum += (double)e;
        }
        if (!isfinite(sum))
            __atomic_store_n(&w->broken, 1, __ATOMIC_RELAXED);
        for (int64_t k = 0; w->prob && k < w->width; k++)
            w->prob[i * w->width + k] = (float)((double)w->prob[i * w->width + k] / sum);
        if (w->best_prob)
            w->best_prob[i] = (float)(1 / sum);
    }
}

/* Scores of encoded rows [from, from + n), finished. */
static int batch_scores(struct predictor *p, const struct encoded *x, int64_t from, int64_t n, struct finish_work *w,
                        struct hone_err *err)
{
    struct hone_pass *pass = &p->passes.pass;
    passes_begin(&p->passes);
    pass->in = (struct hone_bag){ n, x->start + from, x->index, x->value };
    pass->rows = n;
    pass->width = w->width;
    pass->flags = p->warm ? HONE_PASS_FROZEN : 0;
    pass->scores = passes_scratch(&p->passes, (size_t)(n * w->width) * sizeof(float));
    if (!pass->scores)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld answers", (long long)n);
    int ret = passes_forward(&p->passes, p->learner.model, p->learner.self, err);
    if (ret >= 0)
        ret = memory_add(p->learner.memory, &p->passes, p->learner.model, p->learner.self, err);
    if (ret < 0)
        return ret;
    p->warm = 1;
    w->scores = pass->scores;
    pool_run(p->pool, n, n * w->width < 8192 ? n : 64, finish_task, w);
    return w->broken ? hone_fail(err, HONE_EDIVERGED, "the scores of an answer are not finite; the weights are damaged") : 0;
}

static int predict(struct predictor *p, const struct hone_string *text, int64_t n, float *prob, int32_t *best, float *best_prob,
                   struct hone_err *err)
{
    if (predictor_writes(p))
        return hone_fail(err, ERR_PRECONDITION, "this agent writes its answers (model '%s'); there are no outputs whose probabilities could be given",
                         p->learner.model->item.name);
    int64_t width = p->learner.tensors.width, most = SCORES / width, piece = (int64_t)ENCODED_PIECE * pool_threads(p->pool);
    most = most < 1 ? 1 : most > ENCODED_PIECE ? ENCODED_PIECE : most;
    int ret = 0;
    for (int64_t block = 0; block < n && ret >= 0; block += piece) {
        int64_t m = n - block < piece ? n - block : piece;
        struct encoded x;
        ret = encoded_make(&x, p->learner.model, p->learner.self, text + block, NULL, m, 0, p->pool, err);
        for (int64_t at = 0; at < m && ret >= 0; at += most) {
            struct finish_work w = { .width = width, .beta = (float)(1 / p->calibration.temperature), .prob = prob ? prob + (block + at) * width : NULL,
                                     .best = best ? best + block + at : NULL,
                                     .best_prob = best_prob ? best_prob + block + at : NULL };
            ret = batch_scores(p, &x, at, m - at < most ? m - at : most, &w, err);
        }
        encoded_free(&x);
    }
    return ret < 0 ? ret : 0;
}

int predictor_probs(struct predictor *p, const struct hone_string *text, int64_t n, float *prob, struct hone_err *err)
{
    return predict(p, text, n, prob, NULL, NULL, err);
}

int predictor_best(struct predictor *p, const struct hone_string *text, int64_t n, int32_t *best, float *prob,
                   struct hone_err *err)
{
    return predict(p, text, n, NULL, best, prob, err);
}

struct pool *predictor_pool(const struct predictor *p)
{
    return p->pool;
}
