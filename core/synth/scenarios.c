/* See scenarios.h. */
#include "core/synth/scenarios.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "hone/math.h"

static cJSON *text_of(struct hone_string s)
{
    struct buf b = { 0 };
    buf_add(&b, s.bytes, (size_t)s.len);
    cJSON *v = cJSON_CreateString(buf_oom(&b) ? "" : buf_str(&b));
    buf_free(&b);
    return v;
}

/* Six digits are what the float says. */
static double rounded(double v)
{
    return round(v * 1e6) / 1e6;
}

/* ---- one example ---- */

static cJSON *criteria(const struct synth *s, const struct candidate *v)
{
    cJSON *list = cJSON_CreateArray();
    struct buf b = { 0 };
    struct hone_string o = s->material.output[v->label];
    buf_puts(&b, "the answer is ");
    buf_json_string(&b, o.bytes, (size_t)o.len);
    cJSON_AddItemToArray(list, cJSON_CreateString(buf_oom(&b) ? "" : buf_str(&b)));
    if (v->rival >= 0) {
        struct hone_string r = s->material.output[v->rival];
        buf_clear(&b);
        buf_puts(&b, "it is told apart from ");
        buf_json_string(&b, r.bytes, (size_t)r.len);
        buf_printf(&b, ", which the module's model ranks next with %.3f less", (double)v->margin);
        cJSON_AddItemToArray(list, cJSON_CreateString(buf_oom(&b) ? "" : buf_str(&b)));
    }
    buf_free(&b);
    return list;
}

static cJSON *provenance(const struct synth *s, const struct synth_order *o, const struct candidate *v)
{
    cJSON *p = cJSON_CreateObject(), *from = cJSON_CreateArray();
    json_put_str(p, "generator", s->maker[v->maker].name);
    json_put_str(p, "method", v->method);
    for (int32_t i = 0; i < v->n_source; i++)
        cJSON_AddItemToArray(from, cJSON_CreateNumber((double)s->rows->line[v->source[i]]));
    json_put(p, "source_rows", from);
    json_put_int(p, "seed", (int64_t)o->seed);
    json_put_num(p, "confidence", rounded((double)v->share));
    json_put_num(p, "margin", rounded((double)v->margin));
    json_put_num(p, "nearest_distance", rounded(v->distance));
    return p;
}

static cJSON *scenario(const struct synth *s, const struct synth_order *o, const struct candidate *v, int64_t words, uint64_t hash)
{
    cJSON *e = cJSON_CreateObject(), *tags = cJSON_CreateArray();
    char id[32];
    snprintf(id, sizeof id, "syn_%016llx", (unsigned long long)hone_hash_pair(hash, (uint64_t)v->label + 1));
    json_put_str(e, "id", id);
    json_put(e, "input", text_of(v->input));
    json_put(e, "expected_output", text_of(s->material.output[v->label]));
    json_put_str(e, "difficulty", level_names[v->level]);
    cJSON_AddItemToArray(tags, cJSON_CreateString("synthetic"));
    cJSON_AddItemToArray(tags, cJSON_CreateString(s->maker[v->maker].name));
    cJSON_AddItemToArray(tags, cJSON_CreateString(v->method));
    for (int32_t i = 0; i < v->n_tags; i++)
        cJSON_AddItemToArray(tags, cJSON_CreateString(v->tag[i]));
    json_put(e, "tags", tags);
    json_put(e, "success_criteria", criteria(s, v));
    json_put_int(e, "estimated_tokens", words);
    json_put(e, "provenance", provenance(s, o, v));
    return e;
}

/* ---- diversity ---- */

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int64_t distinct(uint64_t *v, int64_t n)
{
    int64_t m = 0;
    if (n > 0) /* v is NULL when there is none */
        qsort(v, (size_t)n, sizeof *v, by_hash);
    for (int64_t i = 0; i < n; i++)
        if (!m || v[m - 1] != v[i])
            v[m++] = v[i];
    return m;
}

/* Hashes of the words (run 1) or pairs of neighbours (run 2) of texts; -1 when memory ran out. */
static int64_t grams(const struct hone_string *text, int64_t n, int run, uint64_t **out)
{
    struct hone_words w = { 0 };
    int64_t got = 0, cap = 0;
    *out = NULL;
    for (int64_t i = 0; i < n; i++) {
        if (text_service.words(text[i].bytes, text[i].len, &w))
            goto out;
        if (got + w.n > cap) {
            cap = 2 * (got + w.n);
            uint64_t *v = realloc(*out, (size_t)cap * sizeof *v);
            if (!v)
                goto out;
            *out = v;
        }
        for (int64_t k = 0; k + run <= w.n; k++)
            (*out)[got++] = run == 1 ? w.hash[k] : hone_hash_pair(w.hash[k], w.hash[k + 1]);
    }
    text_service.words_free(&w);
    return got;
out:
    text_service.words_free(&w);
    return -1;
}

/* Mean distance of pairs of one output's examples; NaN without any. */
static double pairwise(const struct synth *s, const struct synth_found *f)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < f->n; i++)
        for (int64_t j = i + 1; j < f->n && f->all.v[f->chosen[j]].label == f->all.v[f->chosen[i]].label; j++, n++)
            sum += 1 - folded_likeness(&s->sieve.seen, f->chosen[i], &s->sieve.seen, f->chosen[j]);
    return n ? sum / (double)n : NAN;
}

/* Distance of each example to the nearest other one, given or new, once all are chosen; their mean. NaN when there is none. */
static int nearest(const struct synth *s, const struct synth_found *f, double *mean)
{
    struct folded_index x = { 0 };
    struct folded all = { 0 };
    double sum = 0;
    int ok = 1;
    for (int64_t i = 0; i < s->sieve.given.n && ok; i++)
        ok = folded_take(&all, &s->sieve.given, i) == 0;
    for (int64_t i = 0; i < f->n && ok; i++)
        ok = folded_take(&all, &s->sieve.seen, f->chosen[i]) == 0;
    int64_t given = s->sieve.given.n;
    ok = ok && folded_index_make(&x, &all) == 0;
    for (int64_t i = 0; i < f->n && ok; i++)
        sum += 1 - folded_second(&x, given + i);
    *mean = f->n ? sum / (double)f->n : NAN;
    folded_index_free(&x);
    folded_free(&all);
    return ok ? 0 : HONE_ENOMEM;
}

static void put_share(cJSON *o, const char *key, double v)
{
    json_put_num(o, key, isfinite(v) ? rounded(v) : v);
}

static int put_diversity(cJSON *out, const struct synth *s, const struct synth_found *f, const struct hone_string *text)
{
    cJSON *d = cJSON_CreateObject();
    double mean;
    int ret = nearest(s, f, &mean);
    put_share(out, "diversity_score", mean);
    put_share(d, "nearest_distance", mean);
    put_share(d, "pairwise_distance", pairwise(s, f));
    for (int run = 1; run <= 2 && !ret; run++) {
        uint64_t *v;
        int64_t n = grams(text, f->n, run, &v);
        ret = n < 0 ? HONE_ENOMEM : 0;
        put_share(d, run == 1 ? "distinct_1" : "distinct_2", n > 0 ? (double)distinct(v, n) / (double)n : NAN);
        free(v);
    }
    json_put(out, "diversity", d);
    return ret;
}

/* ---- coverage ---- */

/* Shares of two sorted lists of distinct hashes. */
static int64_t shared(const uint64_t *a, int64_t n, const uint64_t *b, int64_t m)
{
    int64_t same = 0;
    for (int64_t i = 0, j = 0; i < n && j < m;) {
        same += a[i] == b[j];
        if (a[i] < b[j])
            i++;
        else if (b[j] < a[i])
            j++;
        else
            i++, j++;
    }
    return same;
}

static int put_grams(cJSON *out, const char *key, const struct synth *s, const struct hone_string *text, int64_t n, int run)
{
    uint64_t *given = NULL, *made = NULL;
    int64_t n_given = grams(s->material.input, s->material.n, run, &given), n_made = grams(text, n, run, &made);
    int ret = n_given < 0 || n_made < 0 ? HONE_ENOMEM : 0;
    if (!ret) {
        int64_t g = distinct(given, n_given), m = distinct(made, n_made), both = shared(given, g, made, m);
        cJSON *o = cJSON_CreateObject();
        json_put_int(o, "given", g);
        json_put_int(o, "generated", m);
        json_put_int(o, "new", m - both);
        put_share(o, "covered", g ? (double)both / (double)g : NAN);
        json_put(out, key, o);
    }
    free(given);
    free(made);
    return ret;
}

static int put_coverage(cJSON *out, const struct synth *s, const struct synth_order *o, const struct synth_found *f, const struct hone_string *text)
{
    cJSON *c = cJSON_CreateObject(), *by = cJSON_CreateArray(), *levels = cJSON_CreateObject();
    int64_t outputs = s->material.outputs, covered = 0, wanted = 0, *given = calloc((size_t)outputs + 1, sizeof *given),
            *made = calloc((size_t)outputs + 1, sizeof *made), level[LEVELS] = { 0 };
    double entropy = 0;
    for (int64_t i = 0; i < s->material.n && given; i++)
        given[s->material.label[i]]++;
    for (int64_t i = 0; i < f->n && made; i++) {
        made[f->all.v[f->chosen[i]].label]++;
        level[f->all.v[f->chosen[i]].level]++;
    }
    for (int64_t k = 0; k < outputs && given && made; k++) {
        cJSON *row = cJSON_CreateObject();
        json_put(row, "output", text_of(s->material.output[k]));
        json_put_int(row, "given", given[k]);
        json_put_int(row, "requested", o->need[k]);
        json_put_int(row, "generated", made[k]);
        cJSON_AddItemToArray(by, row);
        covered += made[k] > 0;
        wanted += o->need[k] > 0;
        if (made[k])
            entropy -= (double)made[k] / (double)f->n * (double)hone_logf((float)made[k] / (float)f->n);
    }
    json_put_int(c, "outputs", outputs);
    json_put_int(c, "outputs_requested", wanted);
    json_put_int(c, "outputs_covered", covered);
    put_share(c, "coverage", (double)covered / (double)outputs);
    put_share(c, "balance", covered > 1 ? entropy / (double)hone_logf((float)covered) : NAN);
    json_put(c, "by_output", by);
    for (int i = 0; i < LEVELS; i++)
        json_put_int(levels, level_names[i], level[i]);
    json_put(c, "by_difficulty", levels);
    int ret = given && made ? put_grams(c, "words", s, text, f->n, 1) : HONE_ENOMEM;
    if (!ret)
        ret = put_grams(c, "word_pairs", s, text, f->n, 2);
    json_put(out, "coverage_analysis", c);
    free(given);
    free(made);
    return ret;
}

/* ---- what became of the proposals ---- */

static void put_filters(cJSON *out, const struct synth *s, const struct synth_order *o, const struct synth_found *f, int64_t requested)
{
    static const char *const names[FATES] = { "duplicate", "copy", "label_lost", "difficulty", "not_chosen" };
    static const char *const whys[FATES] = { "said what another proposal says", "were copies or near copies of given rows",
                                             "lost their output, says the module's model", "are of another difficulty",
                                             "lie too near to chosen rows, or were not needed" };
    cJSON *filters = cJSON_CreateObject(), *makers = cJSON_CreateArray();
    struct buf b = { 0 };
    json_put_int(filters, "proposed", f->all.n);
    for (int i = 0; i < FATES; i++)
        json_put_int(filters, names[i], f->lost[i]);
    json_put(out, "filters", filters);
    for (int64_t i = 0; i < s->makers; i++) {
        cJSON *m = cJSON_CreateObject();
        json_put_str(m, "name", s->maker[i].name);
        json_put(m, "options", s->maker[i].conf ? settings_json(&s->maker[i].plugin->item, s->maker[i].conf) : cJSON_CreateObject());
        json_put_int(m, "proposed", f->proposed[i]);
        json_put_int(m, "taken", f->taken[i]);
        cJSON_AddItemToArray(makers, m);
    }
    json_put(out, "generators", makers);
    json_put_int(out, "requested", requested);
    json_put_int(out, "generated", f->n);
    if (f->n < requested) {
        buf_printf(&b, "%lld of %lld rows were found: of %lld proposals", (long long)f->n, (long long)requested, (long long)f->all.n);
        for (int i = 0, first = 1; i < FATES; i++)
            if (f->lost[i]) {
                buf_printf(&b, "%s %lld %s", first ? "" : ",", (long long)f->lost[i], whys[i]);
                first = 0;
            }
        buf_puts(&b, o->level >= 0 ? "; another difficulty, more examples or more generators give more"
                                   : "; more examples or more generators give more");
    }
    json_put_str(out, "shortfall", f->n < requested ? buf_str(&b) : NULL);
    buf_free(&b);
}

int scenarios_put(cJSON *out, const struct synth *s, const struct synth_order *o, const struct synth_found *f, struct hone_err *err)
{
    cJSON *list = cJSON_CreateArray(), *borders = cJSON_CreateObject();
    struct hone_string *text = malloc(((size_t)f->n + 1) * sizeof *text);
    int64_t requested = 0;
    for (int64_t k = 0; k < s->material.outputs; k++)
        requested += o->need[k];
    for (int64_t i = 0; i < f->n && text; i++) {
        const struct candidate *v = &f->all.v[f->chosen[i]];
        text[i] = v->input;
        cJSON_AddItemToArray(list, scenario(s, o, v, s->sieve.seen.words[f->chosen[i]], s->sieve.seen.hash[f->chosen[i]]));
    }
    json_put(out, "scenarios", list);
    put_filters(out, s, o, f, requested);
    for (int i = 0; i < 3; i++)
        json_put_num(borders, (const char *const[]){ "expert_below", "hard_below", "medium_below" }[i], rounded(s->sieve.borders.quarter[i]));
    json_put_int(borders, "rows", s->sieve.borders.rows);
    json_put(out, "difficulty_borders", borders);
    int ret = text ? put_diversity(out, s, f, text) : HONE_ENOMEM;
    if (!ret)
        ret = put_coverage(out, s, o, f, text);
    free(text);
    return ret ? hone_fail(err, HONE_ENOMEM, "memory ran out for %lld rows", (long long)f->n) : 0;
}
