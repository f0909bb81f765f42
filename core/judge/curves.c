/* See curves.h. The thresholds are named here and explained in docs/evaluation.md. */
#include "core/judge/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"

#define WINDOW 3            /* epochs over which the end of a curve is looked at */
#define FLAT 0.01           /* converged: the loss changes by less than this share an epoch */
#define STEEP 0.10          /* not converged: it still falls by more than this share an epoch */
#define RISEN 1.25          /* diverging: the training loss ends this far above its lowest value */
#define LITTLE 0.02         /* not converged: the training loss fell by less than this share in all ... */
#define LEARNED 0.90        /* ... and the training accuracy ends below this */
#define REACHED 0.95        /* of the improvement: the epoch counts as "there" */
#define NEAR_BASELINE 0.05  /* underfitting is high when the training accuracy is this near to the commonest output's share */

static const char *const levels[] = { "none", "low", "moderate", "high" };

static double number(const cJSON *row, const char *key)
{
    return json_num(row, key, NAN);
}

int curves_from_json(const cJSON *history, struct curve_row **rows, int64_t *n, struct hone_err *err)
{
    int64_t count = cJSON_GetArraySize(history);
    const cJSON *row;
    *n = 0;
    *rows = NULL;
    if (count == 0)
        return 0;
    if (!(*rows = calloc((size_t)count, sizeof **rows)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the history");
    cJSON_ArrayForEach(row, history) {
        if (!cJSON_IsObject(row)) {
            free(*rows);
            *rows = NULL;
            return hone_fail(err, HONE_EINVAL, "history/%lld must be an object", (long long)*n);
        }
        (*rows)[*n] = (struct curve_row){
            .epoch = json_num(row, "epoch", (double)(*n + 1)), .loss = number(row, "loss"),
            .accuracy = number(row, "accuracy"), .validation_loss = number(row, "validation_loss"),
            .validation_accuracy = number(row, "validation_accuracy"), .elapsed_ms = number(row, "elapsed_ms"),
            .best = json_bool(row, "best", 0),
        };
        ++*n;
    }
    return 0;
}

/* The curve that is judged: validation loss when every row has it, else training loss. */
struct curve {
    const struct curve_row *rows;
    int64_t n;
    int validated;
    int64_t lowest;
};

static double monitored(const struct curve *c, int64_t i)
{
    return c->validated ? c->rows[i].validation_loss : c->rows[i].loss;
}

static struct curve curve_of(const struct curve_row *rows, int64_t n)
{
    struct curve c = { .rows = rows, .n = n, .validated = 1 };
    for (int64_t i = 0; i < n; i++)
        c.validated &= !isnan(rows[i].validation_loss);
    for (int64_t i = 1; i < n; i++) {
        if (monitored(&c, i) < monitored(&c, c.lowest) || isnan(monitored(&c, c.lowest)))
            c.lowest = i;
    }
    return c;
}

/* Share of the loss that an epoch takes off at the end of the curve; negative when it rises. */
static double end_slope(const struct curve *c)
{
    int64_t w = c->n - 1 < WINDOW ? c->n - 1 : WINDOW;
    double from = monitored(c, c->n - 1 - w), to = monitored(c, c->n - 1);
    return (from - to) / ((double)w * fmax(fabs(from), 1e-12));
}

static double lowest_loss(const struct curve *c)
{
    double low = c->rows[0].loss;
    for (int64_t i = 1; i < c->n; i++)
        low = c->rows[i].loss < low ? c->rows[i].loss : low;
    return low;
}

static void judge_convergence(const struct curve *c, struct curve_verdict *v)
{
    char *why = v->why_convergence;
    const struct curve_row *last = &c->rows[c->n - 1];
    const char *name = c->validated ? "validation loss" : "training loss";
    double low = lowest_loss(c), fell = (c->rows[0].loss - low) / fmax(fabs(c->rows[0].loss), 1e-12);
    if (!isfinite(last->loss) || (last->loss >= RISEN * low && last->loss > c->rows[0].loss * (1 - FLAT))) {
        v->convergence = "diverging";
        snprintf(why, CURVE_WHY, "the training loss ended at %.4g, its lowest value was %.4g and its first %.4g", last->loss,
                 low, c->rows[0].loss);
        return;
    }
    if (c->n == 1) {
        v->convergence = last->accuracy >= LEARNED ? "converging" : "not_converged";
        snprintf(why, CURVE_WHY, "one epoch shows no trend; the training accuracy is %.4g", last->accuracy);
        return;
    }
    double slope = end_slope(c);
    if (fell < LITTLE && !(last->accuracy >= LEARNED)) {
        v->convergence = "not_converged";
        snprintf(why, CURVE_WHY, "the training loss fell by %.1f %% in %lld epochs, from %.4g to %.4g", 100 * fell,
                 (long long)c->n, c->rows[0].loss, low);
        return;
    }
    v->convergence = slope > STEEP ? "not_converged" : slope > FLAT ? "converging" : "converged";
    snprintf(why, CURVE_WHY, "at the end the %s %s by %.1f %% an epoch; its lowest value, %.4g, was at epoch %.0f of %.0f",
             name, slope >= 0 ? "fell" : "rose", 100 * fabs(slope), monitored(c, c->lowest), c->rows[c->lowest].epoch,
             last->epoch);
}

static int level_of(double value, double low, double moderate, double high)
{
    return value <= low ? 0 : value <= moderate ? 1 : value <= high ? 2 : 3;
}

static void judge_overfitting(const struct curve *c, struct curve_verdict *v)
{
    const struct curve_row *served = &c->rows[v->served], *last = &c->rows[c->n - 1];
    if (!c->validated) {
        snprintf(v->why_overfitting, CURVE_WHY, "no rows were held out, so nothing can be said");
        return;
    }
    double rise = (last->validation_loss - served->validation_loss) / fmax(fabs(served->validation_loss), 1e-12);
    v->gap = served->accuracy - served->validation_accuracy;
    int by_gap = isnan(v->gap) ? 0 : level_of(v->gap, 0.03, 0.10, 0.20), by_rise = level_of(rise, 0.02, 0.05, 0.20);
    v->overfitting = levels[by_gap > by_rise ? by_gap : by_rise];
    int n = snprintf(v->why_overfitting, CURVE_WHY, "at epoch %.0f the training accuracy was %.4f and the validation accuracy %.4f", served->epoch,
                     served->accuracy, served->validation_accuracy);
    if (by_rise > 0)
        snprintf(v->why_overfitting + n, CURVE_WHY - (size_t)n, "; by the last epoch the validation loss had risen by %.1f %%", 100 * rise);
}

static void judge_underfitting(const struct curve *c, double baseline, struct curve_verdict *v)
{
    double a = c->rows[v->served].accuracy;
    if (isnan(a)) {
        snprintf(v->why_underfitting, CURVE_WHY, "no training accuracy was recorded");
        return;
    }
    int level = level_of(1 - a, 0.10, 0.20, 0.35);
    int near = baseline > 0 && a < LEARNED && a < baseline + NEAR_BASELINE;
    v->underfitting = levels[near ? 3 : level];
    snprintf(v->why_underfitting, CURVE_WHY, "the training accuracy was %.4f at epoch %.0f%s", a, c->rows[v->served].epoch,
             near ? ", hardly above what always giving the commonest output reaches" : "");
}

/* Area under the improvement up to the best epoch; epochs behind it count nothing. */
static void judge_efficiency(const struct curve *c, double start_loss, struct curve_verdict *v)
{
    double best = monitored(c, c->lowest), from = isnan(start_loss) ? monitored(c, 0) : start_loss;
    double area = 0, so_far = 0;
    if (!isfinite(best) || !isfinite(from) || (c->n == 1 && isnan(start_loss))) {
        snprintf(v->why_efficiency, CURVE_WHY, "the curve has no improvement that could be measured");
        return;
    }
    for (int64_t i = 0; i <= c->lowest; i++) {
        double progress = from > best ? (from - monitored(c, i)) / (from - best) : 0;
        so_far = fmax(so_far, progress);
        area += so_far;
        if (v->fast == 0 && so_far >= REACHED)
            v->fast = i + 1;
    }
    v->efficiency = round(100 * area / (double)c->n);
    snprintf(v->why_efficiency, CURVE_WHY,
             "%.0f %% of the improvement was there after %lld of %lld epochs; the best was epoch %.0f; loss %.4g to %.4g",
             100 * REACHED, (long long)v->fast, (long long)c->n, c->rows[c->lowest].epoch, from, best);
}

/* The last two gains of validation accuracy taken as a geometric row. */
static double expected_gain(const struct curve *c)
{
    if (c->n < 3 || c->lowest != c->n - 1)
        return 0;
    double a = c->rows[c->n - 3].validation_accuracy, b = c->rows[c->n - 2].validation_accuracy;
    double now = c->rows[c->n - 1].validation_accuracy, gain = now - b, before = b - a;
    if (isnan(gain + before) || gain <= 0 || before <= 0)
        return 0;
    double ratio = fmin(gain / before, 0.9);
    return fmin(gain * ratio / (1 - ratio), 1 - now);
}

void curves_judge(const struct curve_row *rows, int64_t n, double start_loss, double baseline, struct curve_verdict *v)
{
    *v = (struct curve_verdict){ .efficiency = NAN, .served = -1, .gap = NAN };
    if (n < 1) {
        snprintf(v->why_convergence, CURVE_WHY, "the run has no history");
        snprintf(v->why_overfitting, CURVE_WHY, "the run has no history");
        snprintf(v->why_underfitting, CURVE_WHY, "the run has no history");
        snprintf(v->why_efficiency, CURVE_WHY, "the run has no history");
        return;
    }
    struct curve c = curve_of(rows, n);
    v->served = c.lowest;
    judge_convergence(&c, v);
    judge_overfitting(&c, v);
    judge_underfitting(&c, baseline, v);
    judge_efficiency(&c, start_loss, v);
    v->gain = expected_gain(&c);
}
