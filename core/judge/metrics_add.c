/* Which metrics are measured: names and settings from a request. See metrics.h. */
#include "core/judge/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"

#define MAX_CRITERIA 64

static const char *const usual[] = { "accuracy", "precision", "recall", "f1_score" };
static const char *const columns[] = { "input", "answer", "expected", "confidence", "prob", "edited", "latency_ms", "nats", "tokens", "characters", NULL };

const struct judged_metric *metrics_get(const struct metric_set *s, const char *name)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (strcmp(s->v[i].plugin->item.name, name) == 0)
            return &s->v[i];
    }
    return NULL;
}

int metrics_need(const struct metric_set *s, const char *column)
{
    for (int64_t i = 0; i < s->n; i++) {
        for (const char *const *name = s->v[i].plugin->needs; name && *name; name++) {
            if (strcmp(*name, column) == 0)
                return 1;
        }
    }
    return 0;
}

static void metric_free(struct judged_metric *m)
{
    settings_free(&m->plugin->item, m->conf);
    free(m->label);
    free(m->value);
    free(m->interval);
    free(m->state);
    free(m->piece);
    free(m->replicas);
}

/* Whether a metric can be told of texts alone: it looks at each pair of texts, or at columns that written answers have. */
static int is_of_texts(const struct hone_metric *m)
{
    int known = m->whole || m->item.flags & HONE_M_ALIKE;
    for (const char *const *name = m->needs; known && name && *name; name++)
        known = strcmp(*name, "prob") != 0;
    return known;
}

int metrics_for_texts(struct metric_set *s, struct hone_err *err)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (!is_of_texts(s->v[i].plugin) && s->v[i].asked)
            return hone_fail(err, HONE_EINVAL, "the metric %s needs the probabilities of outputs, and this agent writes its answers; ask for nats_per_character, token_perplexity, accuracy, exact_match, bleu, chrf, "
                             "rouge, edit_similarity, word_error_rate, distinct_n, relevance, consistency, safety or latency", s->v[i].label);
    }
    for (int64_t i = 0; i < s->n; i++) {
        if (is_of_texts(s->v[i].plugin))
            s->v[n++] = s->v[i];
        else
            metric_free(&s->v[i]);
    }
    s->n = n;
    return 0;
}

int metrics_for_choices(const struct metric_set *s, struct hone_err *err)
{
    for (int64_t i = 0; i < s->n; i++) {
        for (const char *const *name = s->v[i].plugin->needs; name && *name; name++) {
            if (strcmp(*name, "nats") == 0 || strcmp(*name, "tokens") == 0 || strcmp(*name, "characters") == 0)
                return hone_fail(err, HONE_EINVAL, "the metric %s measures written answers, and this agent chooses among its outputs; ask for loss or perplexity",
                                 s->v[i].label);
        }
    }
    return 0;
}

static int check_needs(const struct hone_metric *m, struct hone_err *err)
{
    for (const char *const *name = m->needs; name && *name; name++) {
        int i = 0;
        while (columns[i] && strcmp(columns[i], *name) != 0)
            i++;
        if (!columns[i])
            return hone_fail(err, ERR_PLUGIN, "the metric %s needs the column '%s', which this hone does not offer", m->item.name, *name);
        if ((m->item.flags & HONE_M_ALIKE) && strcmp(*name, "answer") != 0 && strcmp(*name, "expected") != 0)
            return hone_fail(err, ERR_PLUGIN, "the metric %s takes rows that are alike as one and still needs the column '%s' of each", m->item.name,
                             *name);
        if (!m->whole && !(m->item.flags & HONE_M_ALIKE))
            return hone_fail(err, ERR_PLUGIN, "the metric %s needs the column '%s', which only whole() can have", m->item.name, *name);
    }
    return 0;
}

int metrics_add(struct metric_set *s, const struct hone_metric *m, void *conf, const char *label, int asked, struct hone_err *err)
{
    int rc = check_needs(m, err);
    struct judged_metric *v = rc == 0 ? realloc(s->v, ((size_t)s->n + 1) * sizeof *v) : NULL;
    int64_t outputs = 0;
    while (m->outputs[outputs])
        outputs++;
    double *value = malloc(((size_t)outputs + 1) * sizeof *value);
    struct interval *interval = malloc(((size_t)outputs + 1) * sizeof *interval);
    char *name = strdup(label ? label : m->item.name);
    if (v)
        s->v = v;
    if (!v || !value || !interval || !name) {
        free(value);
        free(interval);
        free(name);
        settings_free(&m->item, conf);
        return rc < 0 ? rc : hone_fail(err, HONE_ENOMEM, "memory ran out for the metrics");
    }
    for (int64_t i = 0; i <= outputs; i++) {
        value[i] = NAN;
        interval[i] = (struct interval){ NAN, NAN };
    }
    s->v[s->n++] = (struct judged_metric){ .plugin = m, .conf = conf, .label = name, .asked = asked, .n_outputs = outputs, .value = value,
                                           .interval = interval };
    return 0;
}

/* A settings block from the options, with the operator's rules where the metric has such a setting. */
static void *settings_of(const struct metric_set *s, const struct hone_item *item, const cJSON *options, struct hone_err *err)
{
    cJSON *all = options ? cJSON_Duplicate(options, 1) : cJSON_CreateObject();
    if (s->rules && settings_param(item, "rules") && !json_get(all, "rules"))
        json_put_str(all, "rules", s->rules);
    void *conf = settings_new(item, all, err);
    cJSON_Delete(all);
    return conf;
}

static int add_named(struct metric_set *s, struct registry *registry, const char *name, const cJSON *options, const char *label, int asked,
                     struct hone_err *err)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (strcmp(s->v[i].label, label) == 0)
            return 0;
    }
    const struct hone_item *item = registry_find(registry, HONE_METRIC, name, NULL, err);
    if (!item)
        return err->code;
    void *conf = settings_of(s, item, options, err);
    if (!conf)
        return err->code;
    /* A metric that was named by the path of its file shows under its own name. */
    return metrics_add(s, (const struct hone_metric *)(const void *)item, conf, strchr(name, '/') ? NULL : label, asked, err);
}

/* The value of a setting as JSON: a number, true, false, or a text. */
static cJSON *setting_value(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    if (*text && !*end)
        return cJSON_CreateNumber(number);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return cJSON_CreateBool(*text == 't');
    return cJSON_CreateString(text);
}

/* "name:setting=value:setting=value". */
static int add_text(struct metric_set *s, struct registry *registry, const char *text, struct hone_err *err)
{
    char *copy = strdup(text), *at = copy ? strchr(copy, ':') : NULL, *pair, *rest;
    cJSON *options = cJSON_CreateObject();
    int rc = copy && options ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the metrics");
    if (at)
        *at++ = '\0';
    for (pair = at ? strtok_r(at, ":", &rest) : NULL; rc == 0 && pair; pair = strtok_r(NULL, ":", &rest)) {
        char *value = strchr(pair, '=');
        if (!value) {
            rc = hone_fail(err, HONE_EINVAL, "'%.100s': settings of a metric are written name:setting=value, and '%.60s' has no '='", text, pair);
            break;
        }
        *value++ = '\0';
        json_put(options, pair, setting_value(value));
    }
    if (rc == 0)
        rc = add_named(s, registry, copy, options, text, 1, err);
    cJSON_Delete(options);
    free(copy);
    return rc;
}

/* {name, options}: shown as add_text() would have it. */
static int add_object(struct metric_set *s, struct registry *registry, const cJSON *o, int i, struct hone_err *err)
{
    const char *name = json_str(o, "name", NULL);
    const cJSON *options = json_get(o, "options"), *v;
    struct buf label = { 0 };
    if (!name || (options && !cJSON_IsObject(options)))
        return hone_fail(err, HONE_EINVAL, "criteria/%d must have the name of a metric, and its options as an object", i);
    buf_puts(&label, name);
    cJSON_ArrayForEach(v, options) {
        char *text = cJSON_IsString(v) ? strdup(v->valuestring) : json_text(v, 0);
        buf_printf(&label, ":%s=%s", v->string, text ? text : "");
        label.oom |= !text;
        free(text);
    }
    int rc = buf_oom(&label) ? hone_fail(err, HONE_ENOMEM, "memory ran out for the metrics")
                             : add_named(s, registry, name, options, buf_str(&label), 1, err);
    buf_free(&label);
    return rc;
}

int metrics_open(struct metric_set *s, struct registry *registry, const cJSON *criteria, struct hone_err *err)
{
    int n = cJSON_GetArraySize(criteria), rc = 0;
    s->host = registry_host(registry);
    if (criteria && !cJSON_IsNull(criteria) && !cJSON_IsArray(criteria))
        return hone_fail(err, HONE_EINVAL, "criteria must be a list of metric names");
    if (n > MAX_CRITERIA)
        return hone_fail(err, HONE_EINVAL, "criteria has %d names, at most %d are taken", n, MAX_CRITERIA);
    for (int i = 0; rc == 0 && i < n; i++) {
        const cJSON *name = cJSON_GetArrayItem(criteria, i);
        rc = cJSON_IsString(name) ? add_text(s, registry, name->valuestring, err)
             : cJSON_IsObject(name) ? add_object(s, registry, name, i, err)
                                    : hone_fail(err, HONE_EINVAL, "criteria/%d must be the name of a metric", i);
    }
    for (size_t i = 0; rc == 0 && n == 0 && i < sizeof usual / sizeof usual[0]; i++)
        rc = add_named(s, registry, usual[i], NULL, usual[i], 1, err);
    struct hone_err absent = { 0 };
    if (rc == 0 && (rc = add_named(s, registry, "loss", NULL, "loss", 0, &absent)) != 0) {
        if (rc == HONE_EINVAL || rc == ERR_PLUGIN)
            return 0;
        *err = absent;
    }
    return rc;
}

void metrics_free(struct metric_set *s)
{
    for (int64_t i = 0; i < s->n; i++)
        metric_free(&s->v[i]);
    free(s->v);
    free(s->prob);
    memset(s, 0, sizeof *s);
}
