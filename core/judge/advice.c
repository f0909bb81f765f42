/* See advice.h. Each rule is one function; impacts are points (hundredths) of accuracy on these test rows. */
#include "core/judge/advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/judge/growth.h"

#define MAX_ADVICE 16
#define SHORT_TEXT 60     /* code points of an output that stand in a sentence */
#define FEW_EXAMPLES 10   /* training rows below which an output counts as rare */
#define MIN_ROWS 5        /* test rows that a statement about one output or slice needs at least */
#define HIGH_SCORE 0.90
#define LOW_SCORE 0.70
#define GOOD_ECE 0.03
#define BAD_ECE 0.05
#define LEAST_POINTS 0.1  /* of accuracy that more examples must promise to be worth a recommendation */
#define WIDE 0.10         /* an accuracy interval wider than this is worth more test rows */

enum { HIGH, MEDIUM, LOW };
static const char *const priorities[] = { "high", "medium", "low" };

struct advised {
    int priority;
    double points; /* NaN: not measured in accuracy */
    cJSON *json;
};

struct advice {
    const struct findings *f;
    cJSON *strengths, *weaknesses;
    struct advised v[MAX_ADVICE];
    int n;
    double accuracy;
    struct interval wilson;
};

static void say(cJSON *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(cJSON *list, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

/* The start of a text, in quotes, for a sentence. */
struct quoted {
    char s[SHORT_TEXT * 4 + 8];
};

static struct quoted quote(const struct hone_string *text)
{
    struct quoted q = { "'" };
    int64_t i = 0, n = 0;
    while (i < text->len && n < SHORT_TEXT) {
        i++;
        while (i < text->len && ((unsigned char)text->bytes[i] & 0xc0) == 0x80)
            i++;
        n++;
    }
    i = i > SHORT_TEXT * 4 ? SHORT_TEXT * 4 : i;
    memcpy(q.s + 1, text->bytes, (size_t)i);
    memcpy(q.s + 1 + i, i < text->len ? "...'" : "'", i < text->len ? 5 : 2);
    return q;
}

/* Adds an empty recommendation; the caller puts its sentences. NULL when there is no more room. */
static cJSON *recommend(struct advice *a, int priority, const char *category, double points)
{
    if (a->n == MAX_ADVICE)
        return NULL;
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "priority", priorities[priority]);
    json_put_str(o, "category", category);
    json_put_num(o, "impact_points", points);
    a->v[a->n++] = (struct advised){ priority, points, o };
    return o;
}

static void put_text(cJSON *o, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void put_text(cJSON *o, const char *key, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (!o)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    json_put_str(o, key, text);
}

static int urgency(double points)
{
    return points >= 2 ? HIGH : points >= 0.5 ? MEDIUM : LOW;
}

static double points_of(const struct advice *a, double rows)
{
    return 100 * rows / (double)a->f->tally->rows;
}

static void judge_scores(struct advice *a)
{
    for (int64_t i = 0; i < a->f->metrics->n; i++) {
        const struct judged_metric *m = &a->f->metrics->v[i];
        uint32_t flags = m->plugin->item.flags;
        if (!m->asked || !(flags & HONE_M_UNIT) || m->n_outputs < 1 || isnan(m->value[0]))
            continue;
        double good = flags & HONE_M_HIGHER ? m->value[0] : 1 - m->value[0];
        const char *is = (good >= HIGH_SCORE) == ((flags & HONE_M_HIGHER) != 0) ? "high" : "low";
        if (good >= HIGH_SCORE || good < LOW_SCORE)
            say(good >= HIGH_SCORE ? a->strengths : a->weaknesses, "%s is %s: %.3f over %lld test rows", m->label, is, m->value[0],
                (long long)a->f->tally->rows);
    }
    double base = a->f->lesson ? a->f->lesson->baseline : 0;
    if (base > 0 && a->wilson.low > base)
        say(a->strengths, "It beats always giving the commonest output: accuracy %.3f (95 %% interval from %.3f) against %.3f",
            a->accuracy, a->wilson.low, base);
    else if (base > 0)
        say(a->weaknesses, "It is not clearly better than always giving the commonest output: accuracy %.3f (95 %% interval "
            "%.3f to %.3f) against %.3f", a->accuracy, a->wilson.low, a->wilson.high, base);
}

/* The learning curve of one output, where one goes through its answers and says more than nothing. */
static int output_curve(const struct findings *f, int32_t output, struct growth_curve *c)
{
    struct hone_err none = { 0 };
    if (!f->curve || !f->lesson || output >= f->p->width)
        return 0;
    return growth_fit(f->growth, output, (double)f->lesson->count[output], GROWTH_SEED, c, &none) == 0 && !c->why[0] && c->gain_range.low > 0;
}

static void judge_outputs(struct advice *a)
{
    const struct findings *f = a->f;
    int64_t enough = 0, perfect = 0, worst = -1;
    double worst_high = 1;
    for (int64_t i = 0; i < f->p->n_names; i++) {
        const struct output_tally *t = &f->tally->output[i];
        if (t->rows < MIN_ROWS)
            continue;
        enough++;
        perfect += t->correct == t->rows && t->predicted == t->rows;
        double high = stats_wilson(t->correct, t->rows, STATS_Z).high;
        if (high < worst_high && high < a->wilson.low) {
            worst = i;
            worst_high = high;
        }
    }
    if (perfect > 0)
        say(a->strengths, "%lld of the %lld outputs with at least %d test rows were answered without a mistake",
            (long long)perfect, (long long)enough, MIN_ROWS);
    if (worst < 0)
        return;
    const struct output_tally *t = &f->tally->output[worst];
    struct quoted q = quote(&f->p->name[worst]);
    struct growth_curve curve;
    int curved = output_curve(f, (int32_t)worst, &curve);
    double points = points_of(a, curved ? curve.gain * (double)t->rows : a->accuracy * (double)t->rows - (double)t->correct);
    say(a->weaknesses, "The output %s is found in %lld of %lld test rows only", q.s, (long long)t->correct,
        (long long)t->rows);
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Add examples of %s in other wordings", q.s);
    put_text(o, "evidence", "its recall is %.3f, at most %.3f with 95 %% confidence; all rows together reach %.3f",
             (double)t->correct / (double)t->rows, worst_high, a->accuracy);
    if (curved) {
        put_text(o, "expected_impact", "%+.1f points of accuracy (95 %% interval %+.1f to %+.1f) with %.0f examples of it in place of %.0f", points,
                 points_of(a, curve.gain_range.low * (double)t->rows), points_of(a, curve.gain_range.high * (double)t->rows), curve.more,
                 curve.more / GROWTH_FACTOR);
        put_text(o, "computed_from", "gain of its recall by error = %.3f + %.3g examples^-%.2f, through the answers of models trained on parts of the "
                 "rows, x its rows / test rows", curve.a, curve.b, curve.c);
        return;
    }
    put_text(o, "expected_impact", "+%.1f points of accuracy if it became as good as the rest", points);
    put_text(o, "computed_from", "(accuracy x its rows - its correct rows) / test rows");
}

static void judge_pairs(struct advice *a)
{
    const struct findings *f = a->f;
    if (f->tally->n_pairs < 1 || f->tally->pair[0].n < 3)
        return;
    const struct pair_tally *top = &f->tally->pair[0];
    int64_t both = top->n, mistakes = f->tally->rows - f->tally->correct;
    for (int64_t i = 1; i < f->tally->n_pairs; i++) {
        const struct pair_tally *t = &f->tally->pair[i];
        both += t->expected == top->predicted && t->predicted == top->expected ? t->n : 0;
    }
    struct quoted x = quote(&f->p->name[top->expected]), y = quote(&f->p->name[top->predicted]);
    double points = points_of(a, (double)both);
    say(a->weaknesses, "%s and %s are mixed up in %lld test rows", x.s, y.s, (long long)both);
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Add examples that tell %s from %s, or make them one output", x.s, y.s);
    put_text(o, "evidence", "%lld of %lld mistakes are between the two, in both directions", (long long)both,
             (long long)mistakes);
    put_text(o, "expected_impact", "up to +%.1f points of accuracy", points);
    put_text(o, "computed_from", "mistakes between the two / test rows");
}

static void judge_rare(struct advice *a)
{
    const struct findings *f = a->f;
    int64_t rare = 0, rare_rows = 0, rare_correct = 0;
    for (int64_t i = 0; f->lesson && i < f->p->width; i++) {
        const struct output_tally *t = &f->tally->output[i];
        if (f->lesson->count[i] >= FEW_EXAMPLES)
            continue;
        rare++;
        rare_rows += t->rows;
        rare_correct += t->correct;
    }
    int64_t rows = f->tally->rows - rare_rows;
    if (rare == 0 || rare_rows == 0 || rows == 0)
        return;
    double others = (double)(f->tally->correct - rare_correct) / (double)rows;
    double points = points_of(a, others * (double)rare_rows - (double)rare_correct);
    if (points <= 0)
        return;
    say(a->weaknesses, "Outputs with fewer than %d training examples: %lld; of their %lld test rows %lld were answered as "
        "expected", FEW_EXAMPLES, (long long)rare, (long long)rare_rows, (long long)rare_correct);
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Bring each output to at least %d training examples", FEW_EXAMPLES);
    put_text(o, "evidence", "accuracy is %.3f on their rows and %.3f on the others", (double)rare_correct / (double)rare_rows,
             others);
    put_text(o, "expected_impact", "+%.1f points of accuracy if they became as good as the others", points);
    put_text(o, "computed_from", "(accuracy of the other rows x rows of rare outputs - their correct rows) / test rows");
}

static void judge_unknown(struct advice *a)
{
    int64_t unknown = a->f->p->unknown;
    if (unknown == 0)
        return;
    double points = points_of(a, (double)unknown) * a->accuracy * (double)a->f->tally->rows /
                    fmax((double)(a->f->tally->rows - unknown), 1);
    say(a->weaknesses, "Test rows that expect an output which the agent was never shown: %lld; they count as wrong",
        (long long)unknown);
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Add training examples for the outputs that only the test rows have");
    put_text(o, "evidence", "%lld of %lld test rows, %lld outputs", (long long)unknown, (long long)a->f->tally->rows,
             (long long)(a->f->p->n_names - a->f->p->width));
    put_text(o, "expected_impact", "+%.1f points of accuracy if they became as good as the rest", points);
    put_text(o, "computed_from", "their rows x accuracy of the other rows / test rows");
}

static void judge_conflicts(struct advice *a)
{
    const struct lesson *l = a->f->lesson;
    int64_t wrong = 0;
    if (!l || l->conflicts == 0)
        return;
    for (int64_t i = 0; i < a->f->p->n; i++) {
        const struct predictions *p = a->f->p;
        wrong += p->predicted[i] != p->expected[i] && l->conflicted[p->expected[i]] && l->conflicted[p->predicted[i]];
    }
    double points = points_of(a, (double)wrong);
    say(a->weaknesses, "Inputs with more than one output in the training data: %lld, in %lld rows",
        (long long)l->conflicts, (long long)l->conflict_rows);
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Give each of these inputs one output; `hone data check` lists them");
    put_text(o, "evidence", "%lld distinct inputs, %lld of %lld training rows", (long long)l->conflicts,
             (long long)l->conflict_rows, (long long)l->rows);
    put_text(o, "expected_impact", "up to +%.1f points of accuracy", points);
    put_text(o, "computed_from", "mistakes in which both outputs share an input with another output / test rows");
}

static void judge_confidence(struct advice *a)
{
    const struct tally *t = a->f->tally;
    double gap = t->confidence - a->accuracy;
    int sure = gap > 0;
    double smoothing = json_num(a->f->config, "labelSmoothing", NAN);
    if (t->ece <= GOOD_ECE)
        say(a->strengths, "Its confidence can be believed: expected calibration error %.3f", t->ece);
    if (t->ece <= BAD_ECE)
        return;
    say(a->weaknesses, "Its confidence is too %s: %.3f in the mean at an accuracy of %.3f (expected calibration error %.3f)",
        sure ? "high" : "low", t->confidence, a->accuracy, t->ece);
    cJSON *o = recommend(a, t->ece > 0.15 ? MEDIUM : LOW, "calibration", NAN);
    if (isnan(smoothing) || (!sure && smoothing <= 0))
        put_text(o, "recommendation", "Choose thresholds from the table of confidence and accuracy, not from the number itself");
    else
        put_text(o, "recommendation", "%s labelSmoothing (it was %g), or choose thresholds from the table of confidence and "
                 "accuracy", sure ? "Raise" : "Lower", smoothing);
    put_text(o, "evidence", "expected calibration error %.3f, greatest gap of a bin %.3f", t->ece, t->mce);
    put_text(o, "expected_impact", "accuracy stays; up to %.3f of calibration error goes away", fabs(gap));
    put_text(o, "computed_from", "|mean confidence - accuracy|, the part of the error that one shift of all confidences mends");
}

static void judge_fit(struct advice *a)
{
    const struct curve_verdict *v = a->f->curves;
    if (v->overfitting && strcmp(v->overfitting, "none") == 0)
        say(a->strengths, "It does as well on held-out rows as on training rows: %s", v->why_overfitting);
    if (v->overfitting && (strcmp(v->overfitting, "moderate") == 0 || strcmp(v->overfitting, "high") == 0)) {
        double points = isnan(v->gap) ? (double)NAN : 100 * fmin(fmax(v->gap, 0), 1 - a->accuracy);
        say(a->weaknesses, "It fits the training rows better than others: %s", v->why_overfitting);
        int room = !(points < 0.05); /* a tenth of a point is what is shown */
        cJSON *o = recommend(a, !room ? LOW : strcmp(v->overfitting, "high") == 0 ? HIGH : MEDIUM, "config", points);
        put_text(o, "recommendation", "Add examples, or raise weightDecay or labelSmoothing");
        put_text(o, "evidence", "%s", v->why_overfitting);
        if (room)
            put_text(o, "expected_impact", "at most +%.1f points of accuracy on new inputs", points);
        else
            put_text(o, "expected_impact", "none that these test rows could show");
        put_text(o, "computed_from", "the lesser of training accuracy - validation accuracy at the epoch that is served, and of "
                 "1 - accuracy on the test rows");
    }
    if (v->underfitting && (strcmp(v->underfitting, "moderate") == 0 || strcmp(v->underfitting, "high") == 0))
        say(a->weaknesses, "It does not even fit the training rows: %s", v->why_underfitting);
}

static void judge_course(struct advice *a)
{
    const struct curve_verdict *v = a->f->curves;
    int64_t epochs = json_int(a->f->config, "epochs", 0);
    if (v->fast > 0 && v->efficiency >= 80)
        say(a->strengths, "Fast convergence: %s", v->why_efficiency);
    if (!v->convergence || strcmp(v->convergence, "converged") == 0)
        return;
    int diverging = strcmp(v->convergence, "diverging") == 0;
    say(a->weaknesses, "Training %s: %s", diverging ? "diverged" : "ended before the loss had settled", v->why_convergence);
    int blind = !v->overfitting; /* no validation rows, so no course to go on with */
    double points = diverging || blind ? (double)NAN : 100 * v->gain;
    cJSON *o = recommend(a, diverging ? HIGH : blind ? MEDIUM : urgency(points), "config", points);
    if (diverging)
        put_text(o, "recommendation", "Lower learningRate (it was %g)", json_num(a->f->config, "learningRate", NAN));
    else if (epochs > 0)
        put_text(o, "recommendation", "Train longer: set epochs above %lld", (long long)epochs);
    else
        put_text(o, "recommendation", "Train for more epochs");
    put_text(o, "evidence", "%s", v->why_convergence);
    if (diverging)
        put_text(o, "expected_impact", "not computed: nothing can be extrapolated from a run that diverged");
    else if (blind)
        put_text(o, "expected_impact", "not computed: no rows were held out, so nothing tells how new inputs would fare");
    else
        put_text(o, "expected_impact", "+%.1f points of validation accuracy", points);
    put_text(o, "computed_from", diverging || blind ? "nothing" : "the last two gains of validation accuracy as a geometric row");
}

/* More examples of the same kind, by the learning curve. */
static void judge_growth(struct advice *a)
{
    const struct growth_curve *c = a->f->curve;
    if (!c || c->why[0])
        return;
    double points = 100 * c->gain, low = 100 * c->gain_range.low, high = 100 * c->gain_range.high;
    if (!(points >= LEAST_POINTS) || !(low > 0)) {
        say(a->strengths, "It has most of what examples of this kind can teach it: twice as many (%.0f) would bring %+.2f points of accuracy (95 %% "
            "interval %+.2f to %+.2f)", c->more, points, low, high);
        return;
    }
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Add examples of the kind that there are: %.0f more would double the training rows", c->more / GROWTH_FACTOR);
    put_text(o, "evidence", "accuracy %.3f of models trained on %.0f rows, %.3f on %.0f, %.3f on all %.0f; error = %.3f + %.3g rows^-%.2f, residual %.4f",
             c->accuracy[0], c->rows[0], c->accuracy[c->sizes - 2], c->rows[c->sizes - 2], c->accuracy[c->sizes - 1], c->rows[c->sizes - 1], c->a, c->b,
             c->c, c->residual);
    put_text(o, "expected_impact", "%+.1f points of accuracy (95 %% interval %+.1f to %+.1f) with %.0f rows", points, low, high, c->more);
    put_text(o, "computed_from", "the power law through models trained on nested parts of the rows, at twice the rows less at all rows; interval by the "
             "bootstrap over %lld answered rows and the parts drawn", (long long)c->n);
}

/* The slice that is surely worse than the other rows and costs the most. */
static void judge_slices(struct advice *a)
{
    const struct tally *t = a->f->tally;
    const struct slice_tally *worst = NULL;
    double cost = 0, others = 0;
    for (int64_t i = 0; i < t->n_slices; i++) {
        const struct slice_tally *s = &t->slice[i];
        int64_t rest = t->rows - s->rows;
        if (s->rows < MIN_ROWS || rest < MIN_ROWS)
            continue;
        double rest_accuracy = (double)(t->correct - s->correct) / (double)rest;
        double loses = rest_accuracy * (double)s->rows - (double)s->correct;
        if (stats_wilson(s->correct, s->rows, STATS_Z).high < stats_wilson(t->correct - s->correct, rest, STATS_Z).low &&
            loses > cost) {
            worst = s;
            cost = loses;
            others = rest_accuracy;
        }
    }
    if (!worst)
        return;
    double points = points_of(a, cost), own = (double)worst->correct / (double)worst->rows;
    say(a->weaknesses, "Rows with %s = %s do worse: accuracy %.3f on %lld rows, %.3f on the others", worst->key, worst->value,
        own, (long long)worst->rows, others);
    cJSON *o = recommend(a, urgency(points), "data", points);
    put_text(o, "recommendation", "Add training examples with %s = %s", worst->key, worst->value);
    put_text(o, "evidence", "accuracy %.3f on %lld rows, %.3f on the others", own, (long long)worst->rows, others);
    put_text(o, "expected_impact", "+%.1f points of accuracy if they became as good as the others", points);
    put_text(o, "computed_from", "(accuracy of the other rows x rows of the slice - its correct rows) / test rows");
}

static void judge_test_rows(struct advice *a)
{
    const struct tally *t = a->f->tally;
    const struct lesson *l = a->f->lesson;
    if (l && l->n_seen > 0) {
        int64_t fresh = t->rows - l->n_seen;
        say(a->weaknesses, "Test rows with an input that was trained on: %lld of %lld; %s%.3f", (long long)l->n_seen,
            (long long)t->rows, fresh > 0 ? "accuracy on the others is " : "no other rows were tested; accuracy is ",
            fresh > 0 ? (double)(t->correct - l->seen_correct) / (double)fresh : a->accuracy);
    }
    double width = a->wilson.high - a->wilson.low;
    if (width <= WIDE)
        return;
    double p = a->accuracy, need = ceil(STATS_Z * STATS_Z * fmax(p * (1 - p), 0.01) / (0.02 * 0.02));
    say(a->weaknesses, "%lld test rows are few: the accuracy may be anything from %.3f to %.3f", (long long)t->rows,
        a->wilson.low, a->wilson.high);
    cJSON *o = recommend(a, LOW, "evaluation", NAN);
    put_text(o, "recommendation", "Evaluate on about %.0f test rows", need);
    put_text(o, "evidence", "the 95 %% interval of the accuracy is %.1f points wide", 100 * width);
    put_text(o, "expected_impact", "accuracy stays; its interval shrinks to about 4 points");
    put_text(o, "computed_from", "z^2 p (1 - p) / 0.02^2 with z = %.2f and p = %.3f", STATS_Z, p);
}

static int by_urgency(const void *x, const void *y)
{
    const struct advised *a = x, *b = y;
    double p = isnan(a->points) ? -1 : a->points, q = isnan(b->points) ? -1 : b->points;
    if (a->priority != b->priority)
        return a->priority - b->priority;
    if (p < q || p > q)
        return p > q ? -1 : 1;
    return strcmp(json_str(a->json, "recommendation", ""), json_str(b->json, "recommendation", ""));
}

int advice_put(cJSON *result, const struct findings *f, struct hone_err *err)
{
    struct advice a = { .f = f, .strengths = cJSON_CreateArray(), .weaknesses = cJSON_CreateArray(),
                        .accuracy = (double)f->tally->correct / (double)f->tally->rows,
                        .wilson = stats_wilson(f->tally->correct, f->tally->rows, STATS_Z) };
    cJSON *list = cJSON_CreateArray();
    if (!a.strengths || !a.weaknesses || !list) {
        cJSON_Delete(a.strengths);
        cJSON_Delete(a.weaknesses);
        cJSON_Delete(list);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the recommendations");
    }
    judge_scores(&a);
    judge_outputs(&a);
    judge_growth(&a);
    judge_pairs(&a);
    judge_rare(&a);
    judge_unknown(&a);
    judge_conflicts(&a);
    judge_confidence(&a);
    judge_fit(&a);
    judge_course(&a);
    judge_slices(&a);
    judge_test_rows(&a);
    qsort(a.v, (size_t)a.n, sizeof a.v[0], by_urgency);
    for (int i = 0; i < a.n; i++)
        cJSON_AddItemToArray(list, a.v[i].json);
    json_put(result, "strengths", a.strengths);
    json_put(result, "weaknesses", a.weaknesses);
    json_put(result, "recommendations", list);
    return 0;
}
