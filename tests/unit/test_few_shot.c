/* Paradigm "few_shot": what it solves for without gradients, against the formulas of prototypes.h written down anew, with the row in question
 * really taken out; the choice of settings; and what the host makes of a solution: vectors of the models, kept rows, scores, files. */
#define HONE_STATIC_NAME few_shot_in_test
#include "plugins/paradigms/few_shot.c"
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/base/rng.h"
#include "core/train/memory.h"
#include "core/train/learner.h"
#include "tests/unit/suites.h"

enum { ROWS = 14, SPACE = 6, WIDTH = 3 };

/* ---- the paradigm alone ---- */

static double vector[ROWS][SPACE];
static float dot[ROWS * ROWS], weight[ROWS];
static int32_t target[ROWS];
static uint8_t feedback[ROWS];

static struct hone_whole rows_of(int stream)
{
    for (int i = 0; i < ROWS; i++) {
        target[i] = i == 5 ? -1 : i % WIDTH;
        feedback[i] = i == 7 ? HONE_INCORRECT : i == 8 ? HONE_PARTIAL : HONE_CORRECT;
        weight[i] = i == 9 ? 2 : 1;
        for (int d = 0; d < SPACE; d++)
            vector[i][d] = i == 11 ? 0 : rng_normal(5, (uint32_t)stream, (uint64_t)(i * SPACE + d)) + (d == i % WIDTH ? 1.5 : 0);
    }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++) {
            double sum = 0;
            for (int d = 0; d < SPACE; d++)
                sum += vector[i][d] * vector[j][d];
            dot[i * ROWS + j] = (float)sum;
        }
    return (struct hone_whole){ .struct_size = sizeof(struct hone_whole), .n = ROWS, .width = WIDTH, .target = target, .weight = weight,
                                .feedback = feedback, .dot = dot };
}

static double vote_of(int j)
{
    return target[j] < 0 || feedback[j] == HONE_INCORRECT ? 0 : (double)weight[j] * (feedback[j] == HONE_PARTIAL ? 0.5 : 1);
}

static double length_of(const double *x)
{
    double sum = 0;
    for (int d = 0; d < SPACE; d++)
        sum += x[d] * x[d];
    return sqrt(sum);
}

/* The score of output k for vector x by all rows but `without`; the typical length counts all. */
static double score_by_hand(const struct prototypes_wish *at, const double *x, int k, int without)
{
    double votes = 0, all = 0, sum = 0, total = 0, near = 0, typical = 0;
    int some = 0;
    for (int j = 0; j < ROWS; j++) {
        typical += length_of(vector[j]);
        some += length_of(vector[j]) > 0;
    }
    typical /= some;
    for (int j = 0; j < ROWS; j++) {
        double v = vote_of(j), inner = 0, l = length_of(vector[j]);
        if (j == without || v == 0)
            continue;
        for (int d = 0; d < SPACE && l > 0; d++)
            inner += vector[j][d] * x[d] / l;
        all += v;
        total += v * inner / typical;
        if (target[j] != k)
            continue;
        votes += v;
        sum += v * inner / typical;
        near += v * exp(at->sharpness * ((length_of(x) > 0 ? inner / length_of(x) : 0) - 1));
    }
    return (sum + at->shrinkage * total / all) / (votes + at->shrinkage) / at->temperature + at->neighbours * log(exp(-at->sharpness) + near / votes);
}

static float coefficient[ROWS * WIDTH], bias[WIDTH], vote[ROWS], correction[ROWS * WIDTH];
static double state[8];

static struct hone_solution solved(const struct conf *c, const struct hone_whole *w)
{
    struct hone_err err = { 0 };
    struct hone_solution out = { .struct_size = sizeof out, .coefficient = coefficient, .bias = bias, .vote = vote, .correction = correction };
    memset(coefficient, 0, sizeof coefficient);
    memset(bias, 0, sizeof bias);
    memset(vote, 0, sizeof vote);
    memset(correction, 0, sizeof correction);
    CU_ASSERT_EQUAL(solve(c, w, &out, state, &err), 0);
    return out;
}

static const struct conf plain = { .loss = { .partial_weight = 0.5 }, .solve = 1, .share = 1, .fine_tune = 1 };

/* Rows are scored as if they had not been there; other vectors by all rows. */
static void scores(void)
{
    for (int variant = 0; variant < 8; variant++) {
        struct hone_whole w = rows_of(71 + variant);
        struct conf c = plain;
        c.share = variant & 4 ? 0.25 : 1;
        c.wish = (struct prototypes_wish){ 0.1, variant & 1 ? 2 : 0, variant & 2 ? 1.5 : 0, 5 };
        struct hone_solution out = solved(&c, &w);
        CU_ASSERT_DOUBLE_EQUAL(out.neighbours, c.share * c.wish.neighbours, 1e-12);
        double fresh[SPACE], worst = 0;
        for (int d = 0; d < SPACE; d++)
            fresh[d] = rng_normal(5, 90, (uint64_t)(variant * SPACE + d));
        for (int i = 0; i <= ROWS; i++)
            for (int k = 0; k < WIDTH; k++) {
                const double *x = i < ROWS ? vector[i] : fresh;
                double got = bias[k], near = 0, votes = 0, want = c.share * score_by_hand(&c.wish, x, k, i < ROWS ? i : -1);
                for (int j = 0; j < ROWS; j++) {
                    double inner = 0;
                    for (int d = 0; d < SPACE; d++)
                        inner += vector[j][d] * x[d];
                    got += (double)coefficient[j * WIDTH + k] * inner;
                    near += target[j] == k && vote[j] > 0 ? (double)vote[j] * exp(out.sharpness * (length_of(vector[j]) * length_of(x) > 0
                                                                ? inner / length_of(vector[j]) / length_of(x) - 1 : -1)) : 0;
                    votes += target[j] == k ? (double)vote[j] : 0;
                }
                got += i < ROWS ? (double)correction[i * WIDTH + k] : out.neighbours * log(exp(-out.sharpness) + near / votes);
                worst = fmax(worst, fabs(got - want) / (1 + fabs(want)));
            }
        CU_ASSERT(worst < 2e-5);
    }
}

/* What is left to be chosen has the least loss of what was tried for it, the others staying as they are. */
static void choice(void)
{
    struct hone_whole w = rows_of(81);
    struct conf c = plain;
    c.wish = (struct prototypes_wish){ -1, -1, -1, -1 };
    solved(&c, &w);
    double best[4], loss = state[4];
    memcpy(best, state, sizeof best);
    CU_ASSERT(loss > 0 && loss < log(WIDTH));
    CU_ASSERT(state[5] > 0.5);
    double by_hand = 0, hits = 0, weights = 0;
    struct prototypes_wish at = { best[0], best[1], best[2], best[3] };
    for (int i = 0; i < ROWS; i++) {
        double s[WIDTH], mass = 0;
        int top = 0;
        for (int k = 0; k < WIDTH && vote_of(i) > 0; k++) {
            s[k] = score_by_hand(&at, vector[i], k, i);
            mass += exp(s[k]);
            top = s[k] > s[top] ? k : top;
        }
        by_hand += vote_of(i) > 0 ? vote_of(i) * (log(mass) - s[target[i]]) : 0;
        hits += vote_of(i) > 0 && top == target[i] ? vote_of(i) : 0;
        weights += vote_of(i);
    }
    CU_ASSERT_DOUBLE_EQUAL(loss, by_hand / weights, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(state[5], hits / weights, 1e-9);
    for (int s = 0; s < PROTOTYPES_SETTINGS; s++)
        for (int v = 0; v < PROTOTYPES_MOST && (v == 0 || prototypes_tried[s][v] > 0); v++) {
            double other[4];
            memcpy(other, best, sizeof other);
            other[s] = prototypes_tried[s][v];
            c.wish = (struct prototypes_wish){ other[0], other[1], other[2], other[3] };
            solved(&c, &w);
            CU_ASSERT(state[4] >= loss - 1e-9);
        }
}

/* One row an output: nothing can be left out, so that settings are those to begin with and scores are finite. */
static void single_rows(void)
{
    struct hone_whole w = rows_of(83);
    struct conf c = plain;
    c.wish = (struct prototypes_wish){ -1, -1, -1, -1 };
    w.n = WIDTH;
    float few[WIDTH * WIDTH];
    for (int i = 0; i < WIDTH * WIDTH; i++)
        few[i] = dot[i / WIDTH * ROWS + i % WIDTH];
    w.dot = few;
    solved(&c, &w);
    CU_ASSERT_EQUAL(state[PROTOTYPES_T], prototypes_tried[PROTOTYPES_T][prototypes_start[PROTOTYPES_T]]);
    CU_ASSERT(isnan(state[4]) && isnan(state[5]));
    for (int i = 0; i < WIDTH * WIDTH; i++)
        CU_ASSERT(isfinite(coefficient[i]) && isfinite(correction[i]));
}

static void plans(void)
{
    struct hone_err err = { 0 };
    struct hone_plan p = { .phases = 1 };
    struct conf c = plain;
    CU_ASSERT_EQUAL(plan(&c, 12, &p, &err), 0);
    CU_ASSERT_EQUAL(p.flags, HONE_PLAN_SOLVE);
    CU_ASSERT_EQUAL(p.phase[0].flags, 0);
    c.fine_tune = 0;
    CU_ASSERT_EQUAL(plan(&c, 12, &p, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(plan(&c, 1, &p, &err), 0);
    CU_ASSERT_EQUAL(p.phase[0].flags, HONE_PHASE_STILL);
    c.solve = 0;
    CU_ASSERT_EQUAL(plan(&c, 1, &p, &err), HONE_EINVAL);
}

/* ---- the host ---- */

enum { TEXTS = 5 };
static const char *const text[TEXTS] = { "where is my parcel", "the parcel is late, the parcel", "refund the kettle", "kettle kettle broken", "qqq" };

struct rig {
    struct registry *registry;
    struct pool *pool;
    struct learner l;
    struct encoded x;
    struct passes passes;
};

static void open_rig(struct rig *r, const char *model)
{
    static const int32_t label[TEXTS] = { 0, 1, 1, 2, 0 };
    static const float ones[TEXTS] = { 1, 1, 1, 1, 1 };
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct hone_string input[TEXTS], output[WIDTH] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
    struct learner_choice choice_made;
    for (int i = 0; i < TEXTS; i++)
        input[i] = (struct hone_string){ text[i], (int64_t)strlen(text[i]) };
    struct hone_lesson lesson = { .struct_size = sizeof lesson, .n = TEXTS - 1, .input = input, .label = label, .weight = ones, .outputs = WIDTH,
                                  .output = output, .steps = 10, .epochs = 1, .batch = TEXTS, .seed = 1 };
    *r = (struct rig){ 0 };
    r->pool = pool_new(2, &err);
    r->registry = registry_new(dirs, r->pool, &err);
    CU_ASSERT_EQUAL_FATAL(learner_fit(&r->l, r->registry, model, NULL, &lesson, 1 << 26, &choice_made, &err), 0);
    CU_ASSERT_EQUAL_FATAL(tensors_init(&r->l.tensors, 7, NULL, &err), 0);
    for (int64_t i = 0; i < r->l.tensors.n; i++)
        for (int64_t j = 0; j < r->l.tensors.t[i].n; j++)
            r->l.tensors.t[i].param[j] = (float)rng_normal(6, (uint32_t)(60 + i), (uint64_t)j) * 0.1f;
    CU_ASSERT_EQUAL_FATAL(encoded_make(&r->x, r->l.model, r->l.self, input, NULL, TEXTS, 0, r->pool, &err), 0);
    CU_ASSERT_EQUAL_FATAL(passes_open(&r->passes, r->pool, &r->l.tensors, registry_host(r->registry), 0, &err), 0);
}

static void close_rig(struct rig *r)
{
    passes_close(&r->passes);
    encoded_free(&r->x);
    learner_free(&r->l);
    registry_free(r->registry);
    pool_free(r->pool);
}

/* Scores of all texts, with those of the kept rows. */
static void score(struct rig *r, float got[TEXTS * WIDTH])
{
    struct hone_err err = { 0 };
    struct hone_pass *p = &r->passes.pass;
    passes_begin(&r->passes);
    p->in = (struct hone_bag){ TEXTS, r->x.start, r->x.index, r->x.value };
    p->rows = TEXTS;
    p->width = WIDTH;
    p->flags = 0;
    p->scores = got;
    CU_ASSERT_EQUAL_FATAL(passes_forward(&r->passes, r->l.model, r->l.self, &err), 0);
    CU_ASSERT_EQUAL_FATAL(memory_add(r->l.memory, &r->passes, r->l.model, r->l.self, &err), 0);
}

/* Scores are the bias plus the vector times the tensor of outputs, as features() promises. */
static void vectors(const struct memory *m, const double *length, struct rig *r, const float *scored)
{
    const struct tensors *ts = &r->l.tensors;
    const struct tensor *head = NULL, *b = NULL;
    for (int64_t i = 0; i < ts->n; i++) {
        if (ts->t[i].ndim == 2 && ts->t[i].flags & (HONE_W_OUTPUT_ROWS | HONE_W_OUTPUT_COLS))
            head = &ts->t[i];
        else if (ts->t[i].ndim == 1)
            b = &ts->t[i];
    }
    CU_ASSERT_FATAL(head != NULL && b != NULL);
    double worst = 0;
    for (int i = 0; i < TEXTS; i++)
        for (int k = 0; k < WIDTH; k++) {
            double sum = (double)b->param[k];
            for (int64_t j = m->start[i]; j < m->start[i + 1]; j++)
                sum += (double)m->value[j] * length[i] * (double)head->param[head->flags & HONE_W_OUTPUT_ROWS ? k * head->width + m->index[j]
                                                                                                            : m->index[j] * head->width + k];
            worst = fmax(worst, fabs(sum - (double)scored[i * WIDTH + k]));
        }
    CU_ASSERT(worst < 1e-3);
}

/* The neighbours' term of text i for output k, over the vectors themselves. */
static double neighbours_by_hand(const struct memory *m, int i, int k)
{
    double near = 0, votes = 0;
    for (int64_t r = 0; r < m->n; r++) {
        double cosine = 0;
        for (int64_t a = m->start[i]; a < m->start[i + 1]; a++)
            for (int64_t b = m->start[r]; b < m->start[r + 1]; b++)
                cosine += m->index[a] == m->index[b] ? (double)m->value[a] * (double)m->value[b] : 0;
        near += m->target[r] == k ? (double)m->vote[r] * exp(m->sharpness * (cosine - 1)) : 0;
        votes += m->target[r] == k ? (double)m->vote[r] : 0;
    }
    return m->neighbours * log(exp(-m->sharpness) + (votes > 0 ? near / votes : 0));
}

static void host(void)
{
    static const char *const models[] = { "linear", "bow" };
    for (int model = 0; model < 2; model++) {
        struct rig r;
        struct hone_err err = { 0 };
        float bare[TEXTS * WIDTH], full[TEXTS * WIDTH], again[TEXTS * WIDTH];
        double length[TEXTS];
        open_rig(&r, models[model]);
        score(&r, bare);
        struct memory *m = memory_new(&r.passes, r.l.model, r.l.self, &r.x, WIDTH, length, &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(m);
        CU_ASSERT_EQUAL(m->n, TEXTS);
        vectors(m, length, &r, bare);
        for (int i = 0; i < TEXTS; i++) {
            m->target[i] = i == 3 ? -1 : i % 2; /* nobody votes for the third output */
            m->vote[i] = 0.5f + (float)i;
        }
        m->neighbours = 1.5;
        m->sharpness = 3;
        memory_seal(m);
        r.l.memory = m;
        score(&r, full);
        double worst = 0;
        for (int i = 0; i < TEXTS; i++)
            for (int k = 0; k < WIDTH; k++)
                worst = fmax(worst, fabs((double)full[i * WIDTH + k] - (double)bare[i * WIDTH + k] - neighbours_by_hand(m, i, k)));
        CU_ASSERT(worst < 1e-4);
        /* Through a file, to the same bits. */
        struct st_file f = { 0 };
        char path[] = "/tmp/hone-memory-XXXXXX", sha[65];
        int64_t bytes;
        int fd = mkstemp(path);
        CU_ASSERT_EQUAL(learner_save(&r.l, NULL, &f, &err), 0);
        CU_ASSERT_EQUAL(st_write(&f, path, sha, &bytes, &err), 0);
        st_free(&f);
        struct rig back = { .registry = r.registry, .pool = r.pool, .x = r.x };
        CU_ASSERT_EQUAL_FATAL(st_open(&f, path, &err), 0);
        CU_ASSERT_EQUAL_FATAL(learner_restore(&back.l, r.registry, &f, &err), 0);
        CU_ASSERT_EQUAL_FATAL(passes_open(&back.passes, back.pool, &back.l.tensors, registry_host(r.registry), 0, &err), 0);
        score(&back, again);
        CU_ASSERT_EQUAL(memcmp(full, again, sizeof full), 0);
        passes_close(&back.passes);
        learner_free(&back.l);
        st_free(&f);
        close(fd);
        unlink(path);
        close_rig(&r);
    }
}

/* A file whose kept rows do not fit together is refused with what is wrong. */
static void damaged(void)
{
    struct rig r;
    struct hone_err err = { 0 };
    double length[TEXTS];
    open_rig(&r, "linear");
    for (int kind = 0; kind < 8; kind++) {
        struct memory *m = memory_new(&r.passes, r.l.model, r.l.self, &r.x, WIDTH, length, &err), *back = NULL;
        struct st_file f = { 0 };
        char path[] = "/tmp/hone-memory-XXXXXX", sha[65];
        int64_t bytes;
        int fd = mkstemp(path);
        CU_ASSERT_PTR_NOT_NULL_FATAL(m);
        m->neighbours = 1;
        if (kind == 0)
            m->target[1] = WIDTH;
        else if (kind == 1)
            m->start[2] = m->start[3] + 1;
        else if (kind == 2)
            m->index[0] = -4;
        else if (kind == 3)
            m->sharpness = NAN;
        else if (kind == 4)
            m->vote[2] = -1;
        else if (kind == 6)
            m->value[1] = NAN;
        else if (kind == 7)
            m->vote[2] = INFINITY;
        CU_ASSERT_EQUAL(memory_save(m, &f, &err), 0);
        CU_ASSERT_EQUAL(st_write(&f, path, sha, &bytes, &err), 0);
        st_free(&f);
        CU_ASSERT_EQUAL_FATAL(st_open(&f, path, &err), 0);
        CU_ASSERT_EQUAL(memory_restore(&back, &f, r.l.model, m->space - (kind == 5), WIDTH, &err), ERR_CORRUPT);
        CU_ASSERT_PTR_NULL(back);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "memory."));
        st_free(&f);
        memory_free(m);
        close(fd);
        unlink(path);
    }
    close_rig(&r);
}

int test_few_shot(void)
{
    CU_pSuite s = CU_add_suite("few_shot", NULL, NULL);
    return !s || !CU_add_test(s, "rows are scored as if they were not there", scores) || !CU_add_test(s, "the settings of the least loss are taken", choice)
           || !CU_add_test(s, "one row an output", single_rows) || !CU_add_test(s, "what is planned", plans)
           || !CU_add_test(s, "vectors, kept rows and files", host) || !CU_add_test(s, "damaged kept rows", damaged) ? -1 : 0;
}
