/* See measure.h. */
#include "core/synth/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/data/split.h"
#include "core/judge/difference.h"

#define REPLICATES 10000
#define FLIPS 10000

struct score {
    int64_t rows, right[2];           /* without, with */
};

struct measuring {
    struct synth *s;
    const struct synth_order *o;
    double *difference;               /* [test rows] of being right, with minus without, summed over the seeds that judge the row */
    uint8_t *judged;                  /* [test rows] */
    struct score seed[MEASURE_SEEDS];
};

static int no_memory(struct hone_err *err, int64_t n)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for a test of %lld examples", (long long)n);
}

/* Trains on `rows` and answers the test rows: sign is added to difference[row[i]] for each right one. */
static int one_training(struct measuring *m, const struct examples *rows, int seed, int with, const struct examples *test, const int64_t *row,
                        struct hone_err *err)
{
    struct referee r = { 0 };
    int32_t *output = malloc(((size_t)test->n + 1) * sizeof *output);
    struct verdict *v = malloc(((size_t)test->n + 1) * sizeof *v);
    int ret = output && v ? 0 : no_memory(err, test->n);
    if (!ret)
        ret = referee_train(&r, rows, m->o->config, m->o->seed + (uint64_t)seed, m->s->registry, m->s->pool, m->s->watch, err);
    for (int64_t i = 0; i < test->n && !ret; i++)
        output[i] = referee_output(&r, test->outputs.name[test->output[i]]);
    if (!ret)
        ret = referee_judge(&r, test->input, output, test->n, v, err);
    for (int64_t i = 0; i < test->n && !ret; i++) {
        int64_t at = row ? row[i] : i;
        int right = output[i] >= 0 && v[i].best == output[i];
        m->seed[seed].right[with] += right;
        m->difference[at] += right ? with ? 1 : -1 : 0;
        m->judged[at] = 1;
    }
    m->seed[seed].rows = test->n;
    referee_free(&r);
    free(output);
    free(v);
    return ret;
}

static int one_pair(struct measuring *m, const struct synth *s, const struct synth_found *f, const struct examples *rows, int seed, const struct examples *test,
                    const int64_t *row, struct hone_err *err)
{
    struct examples more = { 0 };
    int ret = one_training(m, rows, seed, 0, test, row, err);
    if (!ret)
        ret = examples_copy(&more, rows, NULL, rows->n, err);
    if (!ret)
        ret = synth_add_rows(s, f, &more, err);
    examples_end(&more);
    if (!ret)
        ret = one_training(m, &more, seed, 1, test, row, err);
    examples_free(&more);
    return ret;
}

/* What is needed of an output by its number in a part of the rows. */
static int64_t *need_of_part(const struct measuring *m, const struct examples *part)
{
    int64_t *need = calloc((size_t)part->outputs.n + 1, sizeof *need);
    for (int64_t k = 0; k < part->outputs.n && need; k++)
        for (int64_t j = 0; j < m->s->material.outputs; j++) {
            const struct hone_string *a = &part->outputs.name[k], *b = &m->s->material.output[j];
            if (a->len == b->len && memcmp(a->bytes, b->bytes, (size_t)a->len) == 0)
                need[k] = m->o->need[j];
        }
    return need;
}

/* A part of the rows judges what was made of the others. */
static int one_part(struct measuring *m, int seed, struct hone_err *err)
{
    const struct examples *rows = m->s->rows;
    struct examples part = { 0 }, test = { 0 };
    struct synth s = { 0 };
    struct synth_found f = { 0 };
    struct synth_order o = *m->o;
    int64_t *train = NULL, *held = NULL, n_train = 0, n_held = 0, *need = NULL;
    int ret = split_fold(rows, 0, MEASURE_SEEDS, seed, o.seed, &train, &n_train, &held, &n_held, err);
    if (ret >= 0)
        ret = examples_copy(&part, rows, train, n_train, err);
    if (ret >= 0)
        ret = examples_copy(&test, rows, held, n_held, err);
    examples_end(&part);
    if (ret >= 0 && n_held) {
        need = need_of_part(m, &part);
        o.need = need;
        ret = need ? synth_open(&s, &part, &o, m->s->registry, m->s->pool, m->s->watch, err) : no_memory(err, part.n);
        if (ret >= 0)
            ret = synth_make(&s, &o, &f, err);
        if (ret >= 0)
            ret = one_pair(m, &s, &f, &part, seed, &test, held, err);
        synth_found_free(&f);
        synth_close(&s);
    }
    examples_free(&part);
    examples_free(&test);
    free(train);
    free(held);
    free(need);
    return ret < 0 ? ret : 0;
}

static int put_result(cJSON *out, struct measuring *m, int64_t rows, const char *how, struct hone_err *err)
{
    cJSON *o = cJSON_CreateObject(), *seeds = cJSON_CreateArray(), *v = cJSON_CreateObject();
    struct score all = { 0 };
    struct interval between = { NAN, NAN };
    double p = NAN;
    for (int i = 0; i < MEASURE_SEEDS; i++) {
        const struct score *s = &m->seed[i];
        cJSON *one = cJSON_CreateObject();
        json_put_int(one, "seed", (int64_t)m->o->seed + i);
        json_put_int(one, "rows", s->rows);
        json_put_num(one, "without", s->rows ? (double)s->right[0] / (double)s->rows : NAN);
        json_put_num(one, "with", s->rows ? (double)s->right[1] / (double)s->rows : NAN);
        cJSON_AddItemToArray(seeds, one);
        all.rows += s->rows;
        all.right[0] += s->right[0];
        all.right[1] += s->right[1];
    }
    int ret = difference_bootstrap(m->difference, rows, REPLICATES, m->o->seed, m->s->pool, &between, err);
    if (!ret)
        ret = difference_permutation(m->difference, rows, FLIPS, m->o->seed, m->s->pool, &p, err);
    json_put_str(o, "test", how);
    json_put_int(o, "rows", rows);
    json_put_num(o, "accuracy_without", (double)all.right[0] / (double)all.rows);
    json_put_num(o, "accuracy_with", (double)all.right[1] / (double)all.rows);
    json_put_num(o, "difference", (double)(all.right[1] - all.right[0]) / (double)all.rows);
    json_put_num(v, "low", between.low);
    json_put_num(v, "high", between.high);
    json_put(o, "interval", v);
    json_put_num(o, "p", p);
    json_put_bool(o, "helps", between.low > 0);
    json_put(o, "seeds", seeds);
    json_put(out, "measure", o);
    return ret;
}

int measure_put(cJSON *out, struct synth *s, const struct synth_order *o, const struct synth_found *f, const struct examples *test, struct hone_err *err)
{
    int64_t rows = test ? test->n : s->rows->n;
    struct measuring m = { .s = s, .o = o, .difference = calloc((size_t)rows + 1, sizeof *m.difference), .judged = calloc((size_t)rows + 1, 1) };
    int ret = m.difference && m.judged ? 0 : no_memory(err, rows);
    for (int i = 0; i < MEASURE_SEEDS && !ret; i++)
        ret = test ? one_pair(&m, s, f, s->rows, i, test, NULL, err) : one_part(&m, i, err);
    int64_t judged = 0; /* what was always trained on judges nothing */
    for (int64_t i = 0; i < rows && !ret; i++)
        if (m.judged[i])
            m.difference[judged++] = m.difference[i] / (test ? MEASURE_SEEDS : 1);
    if (!ret && !judged)
        ret = hone_fail(err, ERR_PRECONDITION, "no row can be held out to measure by, since every output has one distinct input; give test rows (--test FILE)");
    if (!ret)
        ret = put_result(out, &m, judged, test ? "test_data" : "five_parts", err);
    free(m.difference);
    free(m.judged);
    return ret;
}
