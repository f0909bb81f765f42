/* See synth.h. */
#include "core/synth/synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/rng.h"
#include "core/data/split.h"

static int no_memory(struct hone_err *err, int64_t n)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld examples", (long long)n);
}

static int teaches(const struct examples *e, int64_t i)
{
    return e->output[i] >= 0 && e->weight[i] > 0 && e->feedback[i] != HONE_INCORRECT;
}

int synth_rows(struct examples *to, struct examples *others, const struct examples *from, struct hone_err *err)
{
    int64_t n = 0, rest = 0, *row = malloc(((size_t)from->n + 1) * sizeof *row);
    if (!row)
        return no_memory(err, from->n);
    for (int64_t i = 0; i < from->n; i++)
        row[teaches(from, i) ? n++ : from->n - ++rest] = i;
    int ret = n ? examples_copy(to, from, row, n, err)
                : hone_fail(err, ERR_PRECONDITION, "none of the %lld examples teaches an answer: all are marked incorrect or have weight 0", (long long)from->n);
    examples_end(to);
    if (ret >= 0 && others) {
        ret = examples_copy(others, from, row + n, rest, err);
        examples_end(others);
    }
    free(row);
    return ret;
}

int synth_unmet(const struct synth *s, const struct examples *test, struct examples *kept, struct hone_err *err)
{
    const struct folded *given = &s->sieve.given;
    struct folded f = { 0 };
    int64_t n = 0, *row = malloc(((size_t)test->n + 1) * sizeof *row);
    int ret = row ? 0 : no_memory(err, test->n);
    for (int64_t i = 0; i < test->n && ret >= 0; i++) {
        int met = 0;
        if (folded_add(&f, test->input[i])) {
            ret = no_memory(err, test->n);
            break;
        }
        for (int64_t k = 0; k < given->n && !met; k++)
            met = given->hash[k] == f.hash[i];
        if (!met)
            row[n++] = i;
    }
    if (ret >= 0)
        ret = examples_copy(kept, test, row, n, err);
    examples_end(kept);
    folded_free(&f);
    free(row);
    return ret < 0 ? ret : 0;
}

/* ---- the borders of difficulty ---- */

/* Margins of the rows that a model of the other parts answers rightly, added to margin[*n]. */
static int fold_margins(struct synth *s, const struct synth_order *o, int64_t fold, double *margin, int64_t *n, struct hone_err *err)
{
    int64_t *train = NULL, *held = NULL, n_train = 0, n_held = 0;
    struct examples part = { 0 }, other = { 0 };
    struct referee r = { 0 };
    int ret = split_fold(s->rows, 0, SYNTH_FOLDS, fold, o->seed, &train, &n_train, &held, &n_held, err);
    int32_t *output = malloc(((size_t)n_held + 1) * sizeof *output);
    struct verdict *v = malloc(((size_t)n_held + 1) * sizeof *v);
    if (ret >= 0 && (!output || !v))
        ret = no_memory(err, n_held);
    if (ret >= 0 && n_held && n_train > 1) {
        ret = examples_copy(&part, s->rows, train, n_train, err);
        if (ret >= 0)
            ret = examples_copy(&other, s->rows, held, n_held, err);
        examples_end(&part);
        if (ret >= 0)
            ret = referee_train(&r, &part, o->config, o->seed, s->registry, s->pool, s->watch, err);
        for (int64_t i = 0; i < other.n && ret >= 0; i++)
            output[i] = referee_output(&r, other.outputs.name[other.output[i]]);
        if (ret >= 0)
            ret = referee_judge(&r, other.input, output, other.n, v, err);
        for (int64_t i = 0; i < other.n && ret >= 0; i++)
            if (output[i] >= 0 && v[i].best == output[i])
                margin[(*n)++] = (double)v[i].margin;
    }
    referee_free(&r);
    examples_free(&part);
    examples_free(&other);
    free(train);
    free(held);
    free(output);
    free(v);
    return ret < 0 ? ret : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int find_borders(struct synth *s, const struct synth_order *o, struct hone_err *err)
{
    struct borders *b = &s->sieve.borders;
    double *margin = malloc(((size_t)s->rows->n + 1) * sizeof *margin);
    int64_t n = 0, folds = s->rows->n > SYNTH_FOLD_ROWS ? 1 : SYNTH_FOLDS;
    int ret = margin ? 0 : no_memory(err, s->rows->n);
    for (int64_t f = 0; f < folds && ret >= 0; f++)
        ret = fold_margins(s, o, f, margin, &n, err);
    *b = (struct borders){ { 0.25, 0.5, 0.75 }, n < 4 ? 0 : n };
    if (ret >= 0 && n >= 4) {
        qsort(margin, (size_t)n, sizeof *margin, ascending);
        for (int i = 0; i < 3; i++)
            b->quarter[i] = margin[(n - 1) * (i + 1) / 4];
    }
    free(margin);
    return ret;
}

/* ---- opening ---- */

static int judge_given(struct synth *s, struct hone_err *err)
{
    int64_t n = s->rows->n, width = s->referee.outputs, outputs = s->rows->outputs.n;
    int32_t *output = malloc(((size_t)n + 1) * sizeof *output);
    struct verdict *v = malloc(((size_t)n + 1) * sizeof *v);
    s->theirs = malloc(((size_t)outputs + 1) * sizeof *s->theirs);
    s->ours = malloc(((size_t)width + 1) * sizeof *s->ours);
    s->margin = malloc(((size_t)n + 1) * sizeof *s->margin);
    s->rival = malloc(((size_t)n + 1) * sizeof *s->rival);
    int ret = output && v && s->theirs && s->ours && s->margin && s->rival ? 0 : no_memory(err, n);
    for (int64_t i = 0; i < width && !ret; i++)
        s->ours[i] = -1;
    for (int32_t k = 0; k < outputs && !ret; k++) {
        s->theirs[k] = referee_output(&s->referee, s->rows->outputs.name[k]);
        if (s->theirs[k] >= 0)
            s->ours[s->theirs[k]] = k;
    }
    for (int64_t i = 0; i < n && !ret; i++)
        output[i] = s->theirs[s->rows->output[i]];
    if (!ret)
        ret = referee_judge(&s->referee, s->rows->input, output, n, v, err);
    for (int64_t i = 0; i < n && !ret; i++) {
        s->margin[i] = v[i].margin;
        s->rival[i] = v[i].rival < 0 ? s->rows->output[i] : s->ours[v[i].rival];
    }
    free(output);
    free(v);
    return ret;
}

static int open_makers(struct synth *s, const cJSON *generators, struct hone_err *err)
{
    const cJSON *g;
    cJSON_ArrayForEach(g, generators) {
        const char *name = json_str(g, "name", "");
        const struct hone_item *item = registry_find(s->registry, HONE_GENERATOR, name, NULL, err);
        struct maker *m = &s->maker[s->makers];
        if (!item)
            return err->code;
        if (s->makers == SYNTH_MAKERS)
            return hone_fail(err, HONE_EINVAL, "at most %d generators at once", SYNTH_MAKERS);
        s->makers++;
        m->plugin = (const struct hone_generator *)(const void *)item;
        m->name = item->name;
        m->conf = settings_new(item, json_get(g, "options"), err);
        if (!m->conf && item->conf_size)
            return err_prefix(err, "generatorOptions"), err->code;
        int ret = m->plugin->open(&m->self, m->conf, &s->material, registry_host(s->registry), err);
        if (ret < 0)
            return err_prefix(err, "generator '%s'", m->name), ret;
        s->watch->beat(s->watch->arg);
    }
    return s->makers ? 0 : hone_fail(err, HONE_EINVAL, "no generator is named");
}

int synth_open(struct synth *s, const struct examples *rows, const struct synth_order *o, struct registry *registry, struct pool *pool,
               const struct synth_watch *watch, struct hone_err *err)
{
    *s = (struct synth){ .registry = registry, .pool = pool, .watch = watch, .rows = rows };
    s->material = (struct hone_material){ .struct_size = sizeof s->material, .n = rows->n, .input = rows->input, .label = rows->output,
                                          .weight = rows->weight, .outputs = rows->outputs.n, .output = rows->outputs.name };
    int ret = referee_train(&s->referee, rows, o->config, o->seed, registry, pool, watch, err);
    if (ret >= 0)
        ret = judge_given(s, err);
    if (ret >= 0)
        ret = find_borders(s, o, err);
    s->sieve.material = &s->material;
    s->sieve.referee = &s->referee;
    s->sieve.theirs = s->theirs;
    s->sieve.ours = s->ours;
    s->sieve.near_copy = SYNTH_NEAR;
    for (int64_t i = 0; i < rows->n && ret >= 0; i++)
        ret = folded_add(&s->sieve.given, rows->input[i]) ? no_memory(err, rows->n) : 0;
    for (int64_t i = 0; o->others && i < o->others->n && ret >= 0; i++)
        ret = folded_add(&s->sieve.given, o->others->input[i]) ? no_memory(err, o->others->n) : 0;
    if (ret >= 0)
        ret = folded_index_make(&s->sieve.index, &s->sieve.given) ? no_memory(err, rows->n) : 0;
    s->material.margin = s->margin;
    s->material.rival = s->rival;
    return ret < 0 ? ret : open_makers(s, o->generators, err);
}

void synth_close(struct synth *s)
{
    for (int64_t i = 0; i < s->makers; i++) {
        if (s->maker[i].self)
            s->maker[i].plugin->close(s->maker[i].self);
        settings_free(&s->maker[i].plugin->item, s->maker[i].conf);
    }
    referee_free(&s->referee);
    folded_free(&s->sieve.given);
    folded_free(&s->sieve.seen);
    folded_index_free(&s->sieve.index);
    free(s->theirs);
    free(s->ours);
    free(s->margin);
    free(s->rival);
    *s = (struct synth){ 0 };
}

/* ---- making ---- */

/* What each generator is asked for in a round: for an output that has not enough, what it lacks and half as much again, shared among them, and
 * each round twice of that, since few pass where more are lacking. Returns whether any output lacks something. */
static int lacking(const struct synth *s, const struct synth_order *o, const struct candidates *c, int64_t round, int64_t *passed, int64_t *count)
{
    int any = 0;
    for (int64_t k = 0; k < s->material.outputs; k++)
        passed[k] = 0;
    for (int64_t i = 0; i < c->n; i++)
        passed[c->v[i].label] += c->v[i].fate == FATE_PASSED;
    for (int64_t k = 0; k < s->material.outputs; k++) {
        double lack = (double)o->need[k] * o->surplus - (double)passed[k];
        count[k] = lack > 0 ? (int64_t)ceil(1.5 * lack * (double)(1 << round) / (double)s->makers) : 0;
        any |= count[k] > 0;
    }
    return any;
}

static void count_all(struct synth_found *f)
{
    for (int64_t i = 0; i < f->all.n; i++) {
        f->proposed[f->all.v[i].maker]++;
        f->lost[f->all.v[i].fate]++;
    }
    for (int64_t i = 0; i < f->n; i++)
        f->taken[f->all.v[f->chosen[i]].maker]++;
    f->lost[FATE_PASSED] -= f->n;
}

int synth_make(struct synth *s, const struct synth_order *o, struct synth_found *f, struct hone_err *err)
{
    static const double aim[] = { 0.125, 0.375, 0.625, 0.875 };
    size_t outputs = (size_t)s->material.outputs;
    int64_t *passed = malloc((outputs + 1) * sizeof *passed), *count = malloc((outputs + 1) * sizeof *count);
    struct asking a = { .material = &s->material, .maker = s->maker, .makers = s->makers, .count = count, .pool = s->pool, .watch = s->watch,
                        .difficulty = o->level < 0 ? 0.5 : aim[o->level] };
    int ret = passed && count ? 0 : no_memory(err, s->material.n);
    s->sieve.wanted = o->level;
    folded_free(&s->sieve.seen);
    for (; ret >= 0 && f->rounds < SYNTH_ROUNDS && lacking(s, o, &f->all, f->rounds, passed, count); f->rounds++) {
        int64_t before = f->all.n;
        a.seed = rng_u64(o->seed, RNG_SYNTH, UINT64_MAX - (uint64_t)f->rounds);
        ret = candidates_ask(&f->all, &a, err);
        if (ret >= 0)
            ret = sieve_run(&s->sieve, &f->all, before, err);
    }
    if (ret >= 0 && !(f->chosen = malloc(((size_t)f->all.n + 1) * sizeof *f->chosen)))
        ret = no_memory(err, f->all.n);
    if (ret >= 0 && (f->n = sieve_choose(&s->sieve, &f->all, o->need, f->chosen)) < 0)
        ret = no_memory(err, f->all.n);
    f->n = ret < 0 ? 0 : f->n;
    if (ret >= 0)
        count_all(f);
    free(passed);
    free(count);
    return ret < 0 ? ret : 0;
}

void synth_found_free(struct synth_found *f)
{
    candidates_free(&f->all);
    free(f->chosen);
    *f = (struct synth_found){ 0 };
}

int synth_add_rows(const struct synth *s, const struct synth_found *f, struct examples *to, struct hone_err *err)
{
    int ret = 0;
    for (int64_t i = 0; i < f->n && !ret; i++) {
        const struct candidate *v = &f->all.v[f->chosen[i]];
        ret = examples_add(to, &(struct example_row){ .input = v->input, .answer = s->material.output[v->label], .feedback = HONE_CORRECT, .weight = 1,
                                                      .reward = NAN, .propensity = NAN, .line = i + 1 }, err);
    }
    return ret;
}
