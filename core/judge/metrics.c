/* See metrics.h. */
#include "core/judge/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"

#define MAX_REPLICATES 1000
#define MIN_REPLICATES 100
#define MAX_DRAWS 20000000     /* rows x replicates */
#define MAX_STATE_DOUBLES (16 << 20)
#define MAX_CRITERIA 64

static const char *const usual[] = { "accuracy", "precision", "recall", "f1_score" };

const struct judged_metric *metrics_get(const struct metric_set *s, const char *name)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (strcmp(s->v[i].plugin->item.name, name) == 0)
            return &s->v[i];
    }
    return NULL;
}

int metrics_add(struct metric_set *s, const struct hone_metric *m, void *conf, int asked, struct hone_err *err)
{
    struct judged_metric *v = realloc(s->v, ((size_t)s->n + 1) * sizeof *v);
    int64_t outputs = 0;
    while (m->outputs[outputs])
        outputs++;
    double *value = malloc(((size_t)outputs + 1) * sizeof *value);
    if (v)
        s->v = v;
    if (!v || !value) {
        free(value);
        settings_free(&m->item, conf);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the metrics");
    }
    for (int64_t i = 0; i <= outputs; i++)
        value[i] = NAN;
    s->v[s->n++] = (struct judged_metric){ .plugin = m, .conf = conf, .asked = asked, .n_outputs = outputs, .value = value,
                                           .interval = { NAN, NAN } };
    return 0;
}

static int add_named(struct metric_set *s, struct registry *registry, const char *name, int asked, struct hone_err *err)
{
    if (metrics_get(s, name))
        return 0;
    const struct hone_item *item = registry_find(registry, HONE_METRIC, name, NULL, err);
    if (!item)
        return err->code;
    void *conf = settings_new(item, NULL, err);
    if (!conf)
        return err->code;
    return metrics_add(s, (const struct hone_metric *)(const void *)item, conf, asked, err);
}

int metrics_open(struct metric_set *s, struct registry *registry, const cJSON *criteria, struct hone_err *err)
{
    int n = cJSON_GetArraySize(criteria), rc = 0;
    if (criteria && !cJSON_IsNull(criteria) && !cJSON_IsArray(criteria))
        return hone_fail(err, HONE_EINVAL, "criteria must be a list of metric names");
    if (n > MAX_CRITERIA)
        return hone_fail(err, HONE_EINVAL, "criteria has %d names, at most %d are taken", n, MAX_CRITERIA);
    for (int i = 0; rc == 0 && i < n; i++) {
        const cJSON *name = cJSON_GetArrayItem(criteria, i);
        rc = cJSON_IsString(name) ? add_named(s, registry, name->valuestring, 1, err)
                                  : hone_fail(err, HONE_EINVAL, "criteria/%d must be the name of a metric", i);
    }
    for (size_t i = 0; rc == 0 && n == 0 && i < sizeof usual / sizeof usual[0]; i++)
        rc = add_named(s, registry, usual[i], 1, err);
    struct hone_err absent = { 0 };
    if (rc == 0 && (rc = add_named(s, registry, "loss", 0, &absent)) != 0) {
        if (rc == HONE_EINVAL || rc == ERR_PLUGIN)
            return 0;
        *err = absent;
    }
    return rc;
}

/* As many replicates as keep rows x replicates and the memory of the states in bounds; 0 when too few would be left. */
static int64_t choose_replicates(const struct metric_set *s, int64_t n)
{
    int64_t doubles = 1, r = MAX_REPLICATES;
    for (int64_t i = 0; i < s->n; i++)
        doubles += s->v[i].state_size;
    if (r * n > MAX_DRAWS)
        r = MAX_DRAWS / n < MIN_REPLICATES ? MIN_REPLICATES : MAX_DRAWS / n;
    if (r * doubles > MAX_STATE_DOUBLES)
        r = MAX_STATE_DOUBLES / doubles;
    return r < MIN_REPLICATES ? 0 : r;
}

int metrics_start(struct metric_set *s, int64_t n, int64_t width, uint64_t seed, struct pool *pool, struct hone_err *err)
{
    s->seed = seed;
    s->pool = pool;
    for (int64_t i = 0; i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        m->state_size = m->plugin->state_size(m->conf, width);
        if (m->state_size < 0 || m->state_size > (INT64_C(1) << 40))
            return hone_fail(err, ERR_PLUGIN, "the metric %s asks for %lld numbers of state", m->plugin->item.name,
                             (long long)m->state_size);
    }
    s->replicates = choose_replicates(s, n > 0 ? n : 1);
    for (int64_t i = 0; i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        size_t size = (size_t)m->state_size + 1;
        m->state = calloc(size, sizeof(double));
        m->piece = calloc(size, sizeof(double));
        m->replicas = calloc(size * (size_t)s->replicates + 1, sizeof(double));
        if (!m->state || !m->piece || !m->replicas)
            return hone_fail(err, HONE_ENOMEM, "memory ran out for the state of the metric %s", m->plugin->item.name);
    }
    return 0;
}

static void merge(const struct judged_metric *m, double *into, const double *from)
{
    if (m->plugin->merge) {
        m->plugin->merge(into, from, m->state_size, m->conf);
        return;
    }
    for (int64_t i = 0; i < m->state_size; i++)
        into[i] += from[i];
}

struct resampling {
    const struct metric_set *s;
    const struct hone_scored *block;
    int64_t first;
    int failed; /* set by any thread, only ever to 1 */
};

/* A replicate is the block with the weights that its draw gives to the rows; it goes straight into the replicate's state. */
static void resample(void *arg, int64_t begin, int64_t end)
{
    struct resampling *r = arg;
    struct hone_scored block = *r->block;
    float *weight = malloc((size_t)block.n * sizeof *weight + 1);
    if (!weight) {
        __atomic_store_n(&r->failed, 1, __ATOMIC_RELAXED);
        return;
    }
    block.weight = weight;
    for (int64_t b = begin; b < end; b++) {
        for (int64_t i = 0; i < block.n; i++)
            weight[i] = (float)stats_resample(r->s->seed, b, r->first + i) * (r->block->weight ? r->block->weight[i] : 1);
        for (int64_t k = 0; k < r->s->n; k++) {
            const struct judged_metric *m = &r->s->v[k];
            m->plugin->update(&block, m->conf, m->replicas + b * m->state_size);
        }
    }
    free(weight);
}

int metrics_block(void *arg, const struct hone_scored *block, int64_t first, struct hone_err *err)
{
    struct metric_set *s = arg;
    for (int64_t i = 0; i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        memset(m->piece, 0, (size_t)m->state_size * sizeof(double));
        m->plugin->update(block, m->conf, m->piece);
        merge(m, m->state, m->piece);
    }
    struct resampling r = { .s = s, .block = block, .first = first };
    if (s->replicates > 0 && s->pool)
        pool_run(s->pool, s->replicates, 8, resample, &r);
    else if (s->replicates > 0)
        resample(&r, 0, s->replicates);
    return r.failed ? hone_fail(err, HONE_ENOMEM, "memory ran out for the intervals") : 0;
}

static int result_of(const struct judged_metric *m, int64_t width, const double *state, double *out, struct hone_err *err)
{
    int rc = m->plugin->result(state, width, m->conf, out, err);
    return rc < 0 ? err_prefix(err, "metric %s", m->plugin->item.name) : 0;
}

static int bootstrap_interval(struct judged_metric *m, int64_t replicates, int64_t width, struct hone_err *err)
{
    double *head = malloc(((size_t)replicates + 1) * sizeof *head);
    double *out = malloc(((size_t)m->n_outputs + 1) * sizeof *out);
    int rc = head && out ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the intervals");
    for (int64_t b = 0; rc == 0 && b < replicates; b++) {
        rc = result_of(m, width, m->replicas + b * m->state_size, out, err);
        head[b] = m->n_outputs > 0 ? out[0] : NAN;
    }
    if (rc == 0) {
        m->interval = stats_percentiles(head, replicates, STATS_LEVEL);
        m->method = isnan(m->interval.low) ? NULL : "bootstrap";
    }
    free(head);
    free(out);
    return rc;
}

int metrics_finish(struct metric_set *s, int64_t width, struct hone_err *err)
{
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        rc = result_of(m, width, m->state, m->value, err);
        if (rc == 0 && s->replicates > 0)
            rc = bootstrap_interval(m, s->replicates, width, err);
    }
    return rc;
}

void metrics_free(struct metric_set *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        struct judged_metric *m = &s->v[i];
        settings_free(&m->plugin->item, m->conf);
        free(m->value);
        free(m->state);
        free(m->piece);
        free(m->replicas);
    }
    free(s->v);
    memset(s, 0, sizeof *s);
}
