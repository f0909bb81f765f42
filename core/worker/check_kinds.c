/* Tries schedulers, paradigms and models: finite values, gradients by differences, blocks that add up. See check_plugin.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/encoded.h"
#include "core/train/learner.h"
#include "core/train/pass.h"
#include "core/worker/check_plugin.h"

static void *defaults(struct checking *c, int *ok)
{
    struct hone_err err = { 0 };
    void *conf = settings_new(c->item, NULL, &err);
    *ok = conf || !c->item->conf_size;
    if (!*ok)
        check_line(c, "takes its defaults", err.text);
    return conf;
}

void check_scheduler(struct checking *c)
{
    const struct hone_scheduler *s = (const struct hone_scheduler *)(const void *)c->item;
    static const int64_t totals[] = { 100, 1, -1, 1000000 };
    double state[64] = { 0 };
    char why[128] = "";
    int ok;
    void *conf = defaults(c, &ok);
    if (!ok)
        return;
    for (size_t k = 0; k < sizeof totals / sizeof totals[0]; k++)
        for (int64_t step = 0; step <= 220 && !why[0]; step++) {
            struct hone_sched_in in = { .step = totals[k] == 1000000 ? step * 5000 : step, .total = totals[k], .base = 0.1, .metric = NAN };
            double v = s->value(&in, conf, state);
            if (!isfinite(v) || v < -1e-12)
                snprintf(why, sizeof why, "the value of step %lld of %lld is %g", (long long)in.step, (long long)in.total, v);
        }
    check_line(c, "is finite and not below 0 at every step, also behind the end and without one", why[0] ? why : NULL);
    settings_free(c->item, conf);
}

/* ---- paradigms ---- */

#define P_ROWS 6
#define P_WIDTH 5

static double paradigm_loss(const struct hone_paradigm *p, const void *conf, struct hone_rows *r, float *d, int *bad)
{
    struct hone_loss sum = { 0 };
    struct hone_err err = { 0 };
    *bad |= p->loss(conf, r, &sum, d, &err) < 0;
    return sum.loss;
}

/* All rows at once: what solve() gives is finite and the same again. NULL when it is, else what is wrong. */
static const char *solve_fault(const struct hone_paradigm *p, const void *conf, const struct hone_rows *r, double *state)
{
    float dot[P_ROWS * P_ROWS], coefficient[2][P_ROWS * P_WIDTH], bias[2][P_WIDTH], vote[2][P_ROWS], correction[2][P_ROWS * P_WIDTH];
    struct hone_solution out[2];
    struct hone_err err = { 0 };
    memset(coefficient, 0, sizeof coefficient);
    memset(bias, 0, sizeof bias);
    memset(vote, 0, sizeof vote);
    memset(correction, 0, sizeof correction);
    for (int i = 0; i < P_ROWS * P_ROWS; i++)
        dot[i] = i / P_ROWS == i % P_ROWS ? 1 : (float)(0.3 * cos(i / P_ROWS - i % P_ROWS)); /* of rows of length 1 */
    struct hone_whole w = { .struct_size = sizeof w, .n = P_ROWS, .width = P_WIDTH, .target = r->target, .weight = r->weight, .feedback = r->feedback, .dot = dot };
    for (int k = 0; k < 2; k++) {
        out[k] = (struct hone_solution){ .struct_size = sizeof out[k], .coefficient = coefficient[k], .bias = bias[k], .vote = vote[k], .correction = correction[k] };
        if (p->solve(conf, &w, &out[k], state, &err) < 0)
            return "solve() failed with the default settings";
    }
    if (memcmp(coefficient[0], coefficient[1], sizeof coefficient[0]) != 0 || memcmp(bias[0], bias[1], sizeof bias[0]) != 0
        || memcmp(vote[0], vote[1], sizeof vote[0]) != 0 || memcmp(correction[0], correction[1], sizeof correction[0]) != 0
        || out[0].neighbours != out[1].neighbours || out[0].sharpness != out[1].sharpness)
        return "solve() gives something else for the same rows";
    for (int i = 0; i < P_ROWS * P_WIDTH; i++)
        if (!isfinite(coefficient[0][i]) || !isfinite(correction[0][i]) || !isfinite(bias[0][i % P_WIDTH]) || !(vote[0][i % P_ROWS] >= 0))
            return "solve() gives a number that is not finite, or a vote below 0";
    return out[0].neighbours >= 0 && out[0].sharpness >= 0 ? NULL : "solve() gives neighbours or a sharpness below 0";
}

/* Whole answers of one row each, where the plan asks for them; feedback and reward are the rows'. Returns the rows that belong together. */
static int64_t take_answers(const struct hone_plan *plan, struct hone_rows *r, int64_t start[P_ROWS + 1], uint8_t *feedback, float *reward)
{
    int pairs = (plan->flags & HONE_PLAN_PAIRS) != 0;
    int64_t each = pairs ? 2 : plan->draws > P_ROWS ? P_ROWS : plan->draws;
    if (each < 1)
        return 1;
    r->n = r->answers = P_ROWS / each * each;
    r->each = each;
    r->answer_start = start;
    for (int64_t i = 0; i <= P_ROWS; i++)
        start[i] = i;
    for (int64_t i = 0; i < P_ROWS; i++) {
        feedback[i] = pairs && i % 2 ? HONE_INCORRECT : i % 4 ? HONE_PARTIAL : HONE_CORRECT;
        reward[i] = 0.125f * (float)(i % 7);
    }
    return each;
}

void check_paradigm(struct checking *c)
{
    const struct hone_paradigm *p = (const struct hone_paradigm *)(const void *)c->item;
    float scores[P_ROWS * P_WIDTH], d[P_ROWS * P_WIDTH], weight[P_ROWS], reward[P_ROWS], propensity[P_ROWS], kept[P_ROWS * P_WIDTH];
    const float *references[HONE_REFERENCES];
    struct hone_plan plan = { .struct_size = sizeof plan, .phases = 1 };
    struct hone_err err = { 0 };
    int32_t target[P_ROWS];
    uint8_t feedback[P_ROWS];
    int64_t example[P_ROWS], start[P_ROWS + 1];
    double worst = 0, apart = 0;
    int ok, bad = 0;
    void *conf = defaults(c, &ok);
    if (!ok)
        return;
    int64_t more = p->state_more ? p->state_more(conf, P_WIDTH) : 0;
    double *state = more >= 0 && more < (1 << 20) ? calloc(64 + (size_t)more, sizeof *state) : NULL;
    if (!state) {
        check_line(c, "keeps a state of a sensible size", "state_more() gives no number of doubles that such rows could need");
        settings_free(c->item, conf);
        return;
    }
    for (int i = 0; i < P_ROWS; i++) {
        target[i] = i % P_WIDTH;
        weight[i] = 0.5f + 0.25f * (float)i;
        feedback[i] = (uint8_t)(i % 3);
        reward[i] = i % 2 ? NAN : 0.25f * (float)(i % 5);
        propensity[i] = 0.5f / (float)(i + 1);
        example[i] = i;
        for (int k = 0; k < P_WIDTH; k++)
            scores[i * P_WIDTH + k] = (float)sin(3.1 * (i * P_WIDTH + k));
    }
    for (int i = 0; i < P_ROWS * P_WIDTH; i++)
        kept[i] = (float)cos(1.7 * i);
    for (uint32_t i = 0; i < HONE_REFERENCES; i++)
        references[i] = kept;
    bad = p->plan && p->plan(conf, 10, &plan, &err) < 0;
    check_line(c, "plans a run of ten epochs", bad ? "plan() failed with the default settings" : NULL);
    struct hone_rows r = { .struct_size = sizeof r, .flags = HONE_ROWS_TRAIN, .n = P_ROWS, .width = P_WIDTH, .scores = scores, .target = target,
                           .weight = weight, .feedback = feedback, .reward = reward, .propensity = propensity, .example = example, .state = state, .reference = references };
    int64_t together = take_answers(&plan, &r, start, feedback, reward);
    double whole = paradigm_loss(p, conf, &r, d, &bad);
    for (int64_t i = 0; i < r.n * P_WIDTH; i++) {
        float here = scores[i];
        scores[i] = here + 0.005f;
        double above = paradigm_loss(p, conf, &r, NULL, &bad);
        scores[i] = here - 0.005f;
        double below = paradigm_loss(p, conf, &r, NULL, &bad);
        scores[i] = here;
        worst = fmax(worst, fabs((above - below) / 0.01 - (double)d[i]));
    }
    for (int64_t i = 0; i < r.n; i += together) {
        struct hone_rows one = r;
        for (uint32_t k = 0; k < HONE_REFERENCES; k++)
            references[k] = kept + i * P_WIDTH;
        one.n = together;
        one.answers = r.answers ? together : 0;
        one.scores += i * P_WIDTH;
        one.target += i;
        one.weight += i;
        one.feedback += i;
        one.reward += i;
        one.propensity += i;
        one.example += i;
        apart += paradigm_loss(p, conf, &one, NULL, &bad);
    }
    check_line(c, "gives finite losses", bad || !isfinite(whole) ? "loss() failed, or its sum is not finite" : NULL);
    check_line(c, "has the gradient that differences of its loss show", worst < 2e-3 ? NULL : "d_scores is off: compare with a difference of losses");
    if (plan.flags & HONE_PLAN_SOLVE)
        check_line(c, "solves for all rows", p->solve ? solve_fault(p, conf, &r, state) : "plan() sets HONE_PLAN_SOLVE and there is no solve()");
    check_line(c, "treats rows apart", fabs(apart - whole) <= 1e-6 * fmax(1, fabs(whole)) ? NULL : "the loss of rows together is not the sum of theirs");
    free(state);
    settings_free(c->item, conf);
}

/* ---- models ---- */

enum { TEXTS = 6, OUTPUTS = 3 };
static const char *const text[TEXTS] = { "where is my parcel", "where is my refund", "the parcel is late", "refund the kettle please",
                                         "kettle kettle broken", "unheard of words" };
static const int32_t label[TEXTS] = { 0, 1, 0, 1, 2, 2 };

struct trial {
    struct learner l;
    struct encoded x;
    struct passes passes;
    int64_t rows;                /* of scores */
    const int32_t *target;       /* [rows] -1: not in the loss */
};

static double model_loss(struct trial *t, int back, int *bad)
{
    struct hone_err err = { 0 };
    struct hone_pass *p = &t->passes.pass;
    int64_t width = t->l.tensors.width;
    double total = 0;
    passes_begin(&t->passes);
    float *scores = passes_scratch(&t->passes, (size_t)(t->rows * width) * sizeof *scores), *delta = passes_scratch(&t->passes, (size_t)(t->rows * width) * sizeof *delta);
    if (!scores || !delta) {
        *bad = 1;
        return 0;
    }
    p->in = (struct hone_bag){ TEXTS, t->x.start, t->x.index, t->x.value };
    p->rows = t->rows;
    p->width = width;
    p->row_start = t->x.row_start;
    p->flags = back ? HONE_PASS_TRAIN : 0;
    p->scores = scores;
    p->d_scores = delta;
    *bad |= passes_forward(&t->passes, t->l.model, t->l.self, &err) < 0;
    for (int64_t i = 0; i < t->rows; i++) {
        const float *s = scores + i * width;
        double sum = 0;
        for (int64_t k = 0; k < width; k++)
            sum += exp((double)s[k]);
        total += t->target[i] < 0 ? 0 : log(sum) - (double)s[t->target[i]];
        for (int64_t k = 0; k < width; k++)
            delta[i * width + k] = t->target[i] < 0 ? 0 : (float)(exp((double)s[k]) / sum - (k == t->target[i]));
    }
    if (back)
        *bad |= passes_backward(&t->passes, t->l.model, t->l.self, &err) < 0 || passes_collect(&t->passes, 1, &err) < 0;
    return total;
}

/* The gradient of element j of tensor i, from what the pass collected. */
static double gradient(const struct trial *t, int64_t i, int64_t j)
{
    const struct touched *u = &t->passes.touched[i];
    int64_t width = t->l.tensors.t[i].width;
    if (t->passes.grad[i])
        return (double)t->passes.grad[i][j];
    for (int64_t r = 0; r < u->n; r++) {
        double sum = 0;
        if (u->row[r] != j / width)
            continue;
        if (u->sum)
            return (double)u->sum[r * width + j % width];
        for (int64_t k = u->start[r]; k < u->start[r + 1]; k++)
            sum += (double)u->value[k] * (double)u->src[k][j % width];
        return sum;
    }
    return 0;
}

static void try_gradients(struct checking *c, struct trial *t)
{
    double worst = 0, greatest = 0;
    int bad = 0;
    for (int64_t i = 0; i < t->l.tensors.n; i++) {
        struct tensor *w = &t->l.tensors.t[i];
        for (int64_t j = 0; j < w->n; j += 1 + w->n / (learner_writes(&t->l) ? 2 : 97)) {
            float kept = w->param[j];
            model_loss(t, 1, &bad);
            double g = gradient(t, i, j);
            w->param[j] = kept + 0.004f;
            double above = model_loss(t, 0, &bad);
            w->param[j] = kept - 0.004f;
            double slope = (above - model_loss(t, 0, &bad)) / 0.008;
            w->param[j] = kept;
            worst = fmax(worst, fabs(slope - g));
            greatest = fmax(greatest, fabs(slope));
        }
        task_beat(c->task);
    }
    check_line(c, "runs forward and backward", bad ? "forward() or backward() failed" : NULL);
    check_line(c, "has the gradient that differences of the loss show", worst <= 4e-3 * greatest + 1e-4 ? NULL : "a gradient is off by more than rounding");
}

void check_model(struct checking *c)
{
    struct trial t = { 0 };
    struct hone_err err = { 0 };
    struct learner_choice choice;
    struct hone_string input[TEXTS], output[OUTPUTS] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
    float weight[TEXTS];
    for (int i = 0; i < TEXTS; i++) {
        input[i] = (struct hone_string){ text[i], (int64_t)strlen(text[i]) };
        weight[i] = 1;
    }
    struct hone_lesson lesson = { .struct_size = sizeof lesson, .n = TEXTS, .input = input, .label = label, .weight = weight,
                                  .outputs = OUTPUTS, .output = output, .steps = 10, .epochs = 1, .batch = TEXTS, .seed = 1 };
    struct hone_string answer[TEXTS];
    for (int i = 0; i < TEXTS; i++)
        answer[i] = output[label[i]];
    lesson.answer = answer;
    int ret = learner_fit(&t.l, c->task->registry, json_str(c->task->start, "file", ""), NULL, &lesson, (int64_t)1 << 30, &choice, &err);
    if (ret >= 0)
        ret = tensors_init(&t.l.tensors, 7, c->task->pool, &err);
    int writes = ret >= 0 && learner_writes(&t.l); /* its start values are not zero */
    for (int64_t i = 0; i < t.l.tensors.n && ret >= 0 && !writes; i++)
        for (int64_t j = 0; j < t.l.tensors.t[i].n; j++)
            t.l.tensors.t[i].param[j] = 0.05f * (float)sin(12.9898 * (double)(i * 1000 + j));
    if (ret >= 0)
        ret = encoded_make(&t.x, t.l.model, t.l.self, input, writes ? answer : NULL, TEXTS, 0, c->task->pool, &err);
    t.rows = writes && ret >= 0 ? t.x.row_start[TEXTS] : TEXTS;
    t.target = writes ? t.x.target : label;
    if (ret >= 0)
        ret = passes_open(&t.passes, c->task->pool, &t.l.tensors, registry_host(c->task->registry), 1, &err);
    check_line(c, "learns its features from texts and encodes them", ret < 0 ? err.text : NULL);
    if (ret >= 0)
        try_gradients(c, &t);
    if (t.passes.pool)
        passes_close(&t.passes);
    encoded_free(&t.x);
    learner_free(&t.l);
}
