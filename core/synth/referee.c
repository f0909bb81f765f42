/* See referee.h. */
#include "core/synth/referee.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/train/loop.h"
#include "core/train/memory.h"
#include "hone/math.h"

#define BLOCK 256 /* texts at a time */

static void on_beat(void *arg)
{
    const struct synth_watch *w = arg;
    w->beat(w->arg);
}

static void on_warn(void *arg, const char *text)
{
    (void)arg;
    log_line(LOG_WARN, "model of the module: %s", text);
}

static enum loop_stop on_stop(void *arg)
{
    const struct synth_watch *w = arg;
    return w->stopped(w->arg) ? LOOP_STOP_CANCEL : LOOP_GO;
}

/* All rows train, nothing is written, and nothing but the rows counts. */
static int resolve(struct train_config *c, const cJSON *given, uint64_t seed, struct hone_err *err)
{
    struct config_fault fault[4];
    int n = 0, ret = config_resolve(c, given, fault, 4, &n, err);
    if (ret < 0)
        return ret;
    if (c->base) {
        config_free(c);
        return hone_fail(err, HONE_EINVAL, "config.base: synthetic rows are judged by a model of the module alone, which starts from nothing; leave it out");
    }
    c->seed = (int64_t)seed;
    c->validation_split = 0;
    c->checkpoint_interval = 0;
    c->calibration_folds = 0;
    c->monitor = c->monitor && strstr(c->monitor, "accuracy") ? "accuracy" : "loss";
    return 0;
}

int referee_train(struct referee *r, const struct examples *rows, const cJSON *config, uint64_t seed, struct registry *registry, struct pool *pool,
                  const struct synth_watch *watch, struct hone_err *err)
{
    const struct loop_hooks hooks = { .arg = (void *)(intptr_t)watch, .beat = on_beat, .stop = on_stop, .warn = on_warn };
    const struct run_files files = { .data = "the module", .rows = rows, .single_output = 1, .beat = on_beat, .beat_arg = (void *)(intptr_t)watch };
    struct train_config c;
    struct loop_result result = { 0 };
    *r = (struct referee){ 0 };
    int ret = resolve(&c, config, seed, err);
    if (ret >= 0)
        ret = run_open(&r->run, &c, &files, registry, pool, NULL, err);
    if (ret < 0) {
        *r = (struct referee){ 0 };
        return ret;
    }
    r->open = 1;
    r->outputs = r->run.learner.outputs;
    ret = r->run.learner.model->item.flags & HONE_MODEL_WRITES
              ? hone_fail(err, HONE_EINVAL, "config.model: '%s' writes its answers; rows are judged by a model that chooses among the outputs",
                          r->run.learner.model->item.name)
              : 0;
    if (ret >= 0)
        ret = loop_train(&r->run, ".", NULL, NULL, &hooks, &result, err);
    if (ret >= 0 && strcmp(result.status, "completed") != 0)
        ret = hone_fail(err, ERR_CANCELLED, "stopped");
    if (ret >= 0)
        r->weights = loop_served(&r->run, &ret, err);
    if (ret < 0)
        referee_free(r);
    return ret < 0 ? ret : 0;
}

void referee_free(struct referee *r)
{
    if (r->open)
        run_close(&r->run);
    *r = (struct referee){ 0 };
}

int32_t referee_output(const struct referee *r, struct hone_string output)
{
    for (int64_t i = 0; i < r->outputs; i++) {
        const struct hone_string *o = &r->run.learner.output[i];
        if (o->len == output.len && memcmp(o->bytes, output.bytes, (size_t)o->len) == 0)
            return (int32_t)i;
    }
    return -1;
}

/* e^(s - top) over their sum, in place of the scores. */
static void softmax(float *s, int64_t n)
{
    float top = s[0];
    double sum = 0;
    for (int64_t k = 1; k < n; k++)
        top = s[k] > top ? s[k] : top;
    for (int64_t k = 0; k < n; k++) {
        s[k] = hone_expf(s[k] - top);
        sum += (double)s[k];
    }
    for (int64_t k = 0; k < n; k++)
        s[k] = (float)((double)s[k] / sum);
}

/* Scores of encoded rows [from, from + n). */
static int scores(struct referee *r, const struct encoded *x, int64_t from, int64_t n, float *out, struct hone_err *err)
{
    struct passes *p = &r->run.eval_passes;
    passes_begin(p);
    p->pass.in = (struct hone_bag){ n, x->start + from, x->index, x->value };
    p->pass.rows = n;
    p->pass.width = r->outputs;
    p->pass.flags = 0;
    p->pass.scores = out;
    p->pass.d_scores = NULL;
    p->pass.tensor = r->weights ? r->weights : r->run.learner.tensors.param;
    int ret = passes_forward(p, r->run.learner.model, r->run.learner.self, err);
    if (ret >= 0)
        ret = memory_add(r->run.learner.memory, p, r->run.learner.model, r->run.learner.self, err);
    p->pass.tensor = r->run.learner.tensors.param;
    r->run.beat(r->run.beat_arg);
    return ret < 0 ? ret : 0;
}

int referee_probs(struct referee *r, const struct hone_string *text, int64_t n, float *prob, struct hone_err *err)
{
    struct encoded x;
    int ret = n ? encoded_make(&x, r->run.learner.model, r->run.learner.self, text, NULL, n, 0, r->run.pool, err) : 0;
    if (ret < 0 || !n)
        return ret < 0 ? ret : 0;
    for (int64_t at = 0; at < n && ret >= 0; at += BLOCK)
        ret = scores(r, &x, at, n - at < BLOCK ? n - at : BLOCK, prob + at * r->outputs, err);
    for (int64_t i = 0; i < n && ret >= 0; i++)
        softmax(prob + i * r->outputs, r->outputs);
    encoded_free(&x);
    return ret;
}

static struct verdict verdict_of(const float *p, int64_t width, int32_t output)
{
    struct verdict v = { .rival = -1 };
    for (int64_t k = 0; k < width; k++) {
        if (p[k] > p[v.best])
            v.best = (int32_t)k;
        if (k != output && (v.rival < 0 || p[k] > p[v.rival]))
            v.rival = (int32_t)k;
    }
    if (output >= 0) {
        v.share = p[output];
        v.margin = v.share - (v.rival < 0 ? 0 : p[v.rival]);
    }
    return v;
}

int referee_judge(struct referee *r, const struct hone_string *text, const int32_t *output, int64_t n, struct verdict *v, struct hone_err *err)
{
    float *p = malloc(BLOCK * 4 * (size_t)r->outputs * sizeof *p);
    int ret = p ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the verdicts on %lld texts", (long long)n);
    for (int64_t at = 0; at < n && ret >= 0; at += BLOCK * 4) {
        int64_t m = n - at < BLOCK * 4 ? n - at : BLOCK * 4;
        ret = referee_probs(r, text + at, m, p, err);
        for (int64_t i = 0; i < m && ret >= 0; i++)
            v[at + i] = verdict_of(p + i * r->outputs, r->outputs, output[at + i]);
    }
    free(p);
    return ret < 0 ? ret : 0;
}
