/* What follows from a comparison, from its numbers alone. See compare.h. */
#include "core/judge/compare.h"

#include <math.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"

/* A text of printf's making, at the end of a list. */
static void say(cJSON *list, struct buf *b)
{
    cJSON_AddItemToArray(list, cJSON_CreateString(buf_str(b)));
    buf_clear(b);
}

static const cJSON *pair_of(const cJSON *result, const char *a, const char *b)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, json_get(json_get(result, "statistical_analysis"), "pairs")) {
        const char *x = json_str(p, "a", ""), *y = json_str(p, "b", "");
        if ((strcmp(x, a) == 0 && strcmp(y, b) == 0) || (strcmp(x, b) == 0 && strcmp(y, a) == 0))
            return p;
    }
    return NULL;
}

/* The winner; without one, the run that trained fastest among those that the best is not proved to beat. -1 when nothing can be said. */
static int choose(const cJSON *result, const struct comparison *c, const int *order, int certain)
{
    int chosen = order[0];
    if (certain)
        return chosen;
    if (c->rows == 0 || !c->tests)
        return -1;
    for (int64_t i = 1; i < c->k; i++) {
        const struct compared_run *run = &c->run[order[i]];
        const cJSON *p = pair_of(result, c->run[order[0]].id, run->id);
        if (p && !json_bool(p, "significant", 0) && run->value[COMPARE_TRAINING_TIME] < c->run[chosen].value[COMPARE_TRAINING_TIME])
            chosen = order[i];
    }
    return chosen;
}

static void put_summary(cJSON *o, const cJSON *result, const struct comparison *c, int chosen, int certain)
{
    struct buf b = { 0 };
    buf_puts(&b, json_str(result, "winner_reason", ""));
    buf_puts(&b, ".");
    if (!certain && chosen >= 0)
        buf_printf(&b, " Of the runs that tie with the best, %s took the least time to train.", c->run[chosen].id);
    json_put_str(o, "summary", buf_str(&b));
    buf_free(&b);
}

static void put_next_steps(cJSON *o, const cJSON *result, const struct comparison *c, const int *order, int certain)
{
    cJSON *list = cJSON_CreateArray();
    struct buf b = { 0 };
    const cJSON *p = pair_of(result, c->run[order[0]].id, c->run[order[1]].id), *power = json_get(p, "power");
    double more = json_num(power, "more_rows", NAN);
    int equal = json_bool(json_get(p, "equivalence"), "equivalent", 0);
    if (c->rows == 0)
        buf_puts(&b, "Compare on a file of fresh rows that none of the runs was trained on (test_data, or --test FILE)"), say(list, &b);
    else if (!certain && !isnan(more) && more > 0)
        buf_printf(&b, "To tell a difference of %.2f points, test on about %.0f more rows", 100 * fabs(json_num(p, "difference", 0)), more), say(list, &b);
    else if (!certain && !equal && p)
        buf_printf(&b, "These %lld rows show neither a difference nor that the accuracies are equal within %.1f points; test on more rows (test_data, or --test FILE)",
                   (long long)c->rows, 100 * c->margin), say(list, &b);
    if (equal)
        buf_printf(&b, "Take either: their accuracies are equal within %.1f points", 100 * c->margin), say(list, &b);
    if (certain)
        buf_printf(&b, "Serve %s, and use its configuration for further runs", c->run[order[0]].id), say(list, &b);
    if (c->rows > 0 && c->tests && cJSON_GetArraySize(json_get(json_get(result, "statistical_analysis"), "seeds")) == 0)
        buf_puts(&b, "Train each configuration with at least three seeds to tell the configuration from its seed"), say(list, &b);
    json_put(o, "next_steps", list);
    buf_free(&b);
}

/* Metrics in which another run is ahead of the chosen one by at least a hundredth. */
static void put_trade_offs(cJSON *o, const struct comparison *c, int chosen)
{
    cJSON *list = cJSON_CreateArray();
    struct buf b = { 0 };
    for (int m = 0; chosen >= 0 && m < COMPARE_METRICS; m++) {
        double own = c->run[chosen].value[m];
        int best = chosen;
        for (int i = 0; i < (int)c->k; i++) {
            double v = c->run[i].value[m], top = c->run[best].value[m];
            best = compare_higher((enum compare_metric)m) ? v > top ? i : best : v < top ? i : best;
        }
        if (best == chosen || isnan(own) || fabs(c->run[best].value[m] - own) < 0.01 * fabs(own))
            continue;
        buf_printf(&b, "%s: %s has %.4g, %s %.4g", compare_metric_name((enum compare_metric)m), c->run[best].id, c->run[best].value[m], c->run[chosen].id, own);
        say(list, &b);
    }
    json_put(o, "trade_offs", list);
    buf_free(&b);
}

void compare_advice(cJSON *result, const struct comparison *c, const int *order, int certain)
{
    cJSON *o = cJSON_CreateObject();
    int chosen = choose(result, c, order, certain);
    put_summary(o, result, c, chosen, certain);
    json_put_str(o, "optimal_job_id", chosen >= 0 ? c->run[chosen].id : NULL);
    json_put(o, "optimal_config", chosen >= 0 && c->run[chosen].config ? cJSON_Duplicate(c->run[chosen].config, 1) : cJSON_CreateNull());
    put_next_steps(o, result, c, order, certain);
    put_trade_offs(o, c, chosen);
    json_put(result, "recommendations", o);
}
