/* The tests of a comparison: which is made when, and what its numbers say. See compare.h; the arithmetic is difference.c's. */
#include "core/judge/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/judge/difference.h"

#define MAX_PAIRS (COMPARE_RUNS * (COMPARE_RUNS - 1) / 2)
#define MAX_DRAWS 300000000 /* rows x replicates x pairs */
#define MOST_DRAWS 10000
#define LEAST_DRAWS 1000
#define POWER 0.8

struct pair {
    int a, b;                 /* a stands before b in the ranking */
    int64_t only_a, only_b;   /* rows that only one of them has right */
    double p, adjusted;
};

static struct pair count_pair(const struct comparison *c, int a, int b)
{
    struct pair p = { .a = a, .b = b };
    for (int64_t i = 0; i < c->rows; i++) {
        p.only_a += c->run[a].right[i] && !c->run[b].right[i];
        p.only_b += c->run[b].right[i] && !c->run[a].right[i];
    }
    p.p = difference_mcnemar(p.only_a, p.only_b);
    return p;
}

static cJSON *interval_json(struct interval v)
{
    cJSON *o = cJSON_CreateObject();
    json_put_num(o, "low", v.low);
    json_put_num(o, "high", v.high);
    json_put_num(o, "level", STATS_LEVEL);
    json_put_str(o, "method", "bootstrap");
    return o;
}

/* Intervals of the differences of accuracy and loss, and tests of the latter. */
static int put_resampled(cJSON *o, const struct comparison *c, const struct pair *p, int64_t draws, struct hone_err *err)
{
    double *d = malloc(((size_t)c->rows + 1) * sizeof *d), *loss = malloc(((size_t)c->rows + 1) * sizeof *loss), w, flipped, mean = 0;
    struct interval accuracy = { NAN, NAN }, by_loss = { NAN, NAN };
    int rc = d && loss ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the comparison");
    for (int64_t i = 0; rc == 0 && i < c->rows; i++) {
        d[i] = (double)c->run[p->a].right[i] - (double)c->run[p->b].right[i];
        loss[i] = c->run[p->a].loss[i] - c->run[p->b].loss[i];
        mean += loss[i] / (double)c->rows;
    }
    if (rc == 0)
        rc = difference_bootstrap(d, c->rows, draws, c->seed, c->pool, &accuracy, err);
    int known = !isnan(mean); /* agents that write have no loss */
    if (rc == 0 && known)
        rc = difference_bootstrap(loss, c->rows, draws, c->seed, c->pool, &by_loss, err);
    if (rc == 0 && known)
        rc = difference_permutation(loss, c->rows, draws - 1, c->seed, c->pool, &flipped, err);
    if (rc == 0) {
        cJSON *l = known ? cJSON_CreateObject() : cJSON_CreateNull();
        json_put(o, "interval", interval_json(accuracy));
        json_put(o, "loss", l);
    }
    if (rc == 0 && known) {
        cJSON *l = cJSON_GetObjectItemCaseSensitive(o, "loss");
        json_put_num(l, "difference", mean);
        json_put(l, "interval", interval_json(by_loss));
        json_put_num(l, "permutation_p", flipped);
        json_put_num(l, "wilcoxon_p", difference_wilcoxon(loss, c->rows, &w));
        json_put_num(l, "wilcoxon_w", w);
    }
    free(d);
    free(loss);
    return rc;
}

static int put_pair(cJSON *list, const struct comparison *c, const struct pair *p, int64_t draws, struct hone_err *err)
{
    cJSON *o = cJSON_CreateObject(), *power = cJSON_CreateObject(), *same = cJSON_CreateObject();
    double n = (double)c->rows, difference = (double)(p->only_a - p->only_b) / n, apart = (double)(p->only_a + p->only_b) / n;
    double equivalence = difference_equivalence(p->only_a, p->only_b, c->rows, c->margin);
    double needed = difference_rows(difference, apart, c->alpha, POWER);
    cJSON_AddItemToArray(list, o);
    json_put_str(o, "a", c->run[p->a].id);
    json_put_str(o, "b", c->run[p->b].id);
    json_put_num(o, "difference", difference);
    json_put_int(o, "only_a_right", p->only_a);
    json_put_int(o, "only_b_right", p->only_b);
    json_put_num(o, "p_value", p->p);
    json_put_num(o, "p_adjusted", p->adjusted);
    json_put_bool(o, "significant", p->adjusted < c->alpha);
    json_put_num(o, "cohen_h", difference_cohen_h(c->run[p->a].value[COMPARE_ACCURACY], c->run[p->b].value[COMPARE_ACCURACY]));
    json_put_num(o, "cohen_g", difference_cohen_g(p->only_a, p->only_b));
    json_put_num(power, "power", POWER);
    json_put_num(power, "smallest_difference", difference_least(c->rows, apart, c->alpha, POWER));
    json_put_num(power, "rows_needed", needed);
    json_put_num(power, "more_rows", isnan(needed) ? (double)NAN : fmax(0, needed - n));
    json_put(o, "power", power);
    json_put_num(same, "margin", c->margin);
    json_put_num(same, "p_value", equivalence);
    json_put_bool(same, "equivalent", equivalence < c->alpha);
    json_put(o, "equivalence", same);
    return put_resampled(o, c, p, draws, err);
}

/* ---- repeated seeds ---- */

static int same_but_seed(const cJSON *a, const cJSON *b)
{
    cJSON *x = cJSON_Duplicate(a, 1), *y = cJSON_Duplicate(b, 1);
    static const char *const apart[] = { "seed", "threads" };
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(x, apart[i]);
        cJSON_DeleteItemFromObjectCaseSensitive(y, apart[i]);
    }
    int same = x && y && cJSON_Compare(x, y, 1);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return same;
}

/* Runs of one configuration, numbered by the first of them. */
static void find_groups(const struct comparison *c, int *group)
{
    for (int i = 0; i < (int)c->k; i++) {
        group[i] = i;
        for (int k = 0; k < i && group[i] == i; k++)
            group[i] = group[k] == k && same_but_seed(c->run[i].config, c->run[k].config) ? k : i;
    }
}

static int64_t members(const struct comparison *c, const int *group, int of, double *accuracy, cJSON *ids)
{
    int64_t n = 0;
    for (int i = 0; i < (int)c->k; i++) {
        if (group[i] != of)
            continue;
        accuracy[n++] = c->run[i].value[COMPARE_ACCURACY];
        cJSON_AddItemToArray(ids, cJSON_CreateString(c->run[i].id));
    }
    return n;
}

/* Configurations that were trained with several seeds: a run is then one value, and what seeds do is part of the noise. */
static void put_seeds(cJSON *o, const struct comparison *c)
{
    int group[COMPARE_RUNS];
    cJSON *list = cJSON_CreateArray();
    find_groups(c, group);
    for (int a = 0; a < (int)c->k; a++) {
        for (int b = a + 1; b < (int)c->k; b++) {
            double x[COMPARE_RUNS], y[COMPARE_RUNS], t, df;
            cJSON *ids_a = cJSON_CreateArray(), *ids_b = cJSON_CreateArray();
            int64_t na = group[a] == a ? members(c, group, a, x, ids_a) : 0, nb = group[b] == b ? members(c, group, b, y, ids_b) : 0;
            if (na < 2 || nb < 2) {
                cJSON_Delete(ids_a);
                cJSON_Delete(ids_b);
                continue;
            }
            cJSON *one = cJSON_CreateObject();
            double p = difference_welch(x, na, y, nb, &t, &df);
            json_put(one, "a", ids_a);
            json_put(one, "b", ids_b);
            json_put_num(one, "t", t);
            json_put_num(one, "df", df);
            json_put_num(one, "p_value", p);
            json_put_bool(one, "significant", p < c->alpha);
            cJSON_AddItemToArray(list, one);
        }
    }
    json_put(o, "seeds", list);
}

/* ---- all of it ---- */

static int64_t make_pairs(const struct comparison *c, const int *order, struct pair *pair)
{
    double p[MAX_PAIRS], adjusted[MAX_PAIRS];
    int64_t n = 0;
    for (int i = 0; i < (int)c->k; i++) {
        for (int k = i + 1; k < (int)c->k; k++)
            pair[n++] = count_pair(c, order[i], order[k]);
    }
    for (int64_t i = 0; i < n; i++)
        p[i] = pair[i].p;
    difference_holm(p, n, adjusted);
    for (int64_t i = 0; i < n; i++)
        pair[i].adjusted = adjusted[i];
    return n;
}

/* The head of the object, in the document's words: the best run against the next one. Returns whether it is certain. */
static int put_head(cJSON *o, const struct comparison *c, const struct pair *first)
{
    const uint8_t *right[COMPARE_RUNS];
    double q = NAN, all = first->p, next = c->run[first->b].value[COMPARE_ACCURACY], best = c->run[first->a].value[COMPARE_ACCURACY];
    for (int64_t i = 0; i < c->k; i++)
        right[i] = c->run[i].right;
    if (c->k > 2)
        all = difference_cochran(right, c->k, c->rows, &q);
    int certain = all < c->alpha && first->adjusted < c->alpha && first->only_a > first->only_b;
    json_put_str(o, "test", c->k > 2 ? "cochran_q, then mcnemar_exact with Holm's correction" : "mcnemar_exact");
    json_put_bool(o, "significant", certain);
    json_put_num(o, "pValue", c->k > 2 ? fmax(all, first->adjusted) : first->p);
    json_put_num(o, "effectSize", difference_cohen_h(best, next));
    json_put_num(o, "improvement_percent", next > 0 ? 100 * (best - next) / next : (double)NAN);
    json_put_num(o, "alpha", c->alpha);
    json_put_int(o, "rows", c->rows);
    if (c->k > 2) {
        json_put_num(o, "cochran_q", q);
        json_put_num(o, "cochran_p", all);
    }
    return certain;
}

int compare_tests(cJSON *result, const struct comparison *c, const int *order, int *certain, struct hone_err *err)
{
    struct pair pair[MAX_PAIRS];
    *certain = 0;
    if (c->rows == 0 || !c->tests) {
        json_put(result, "statistical_analysis", cJSON_CreateNull());
        return 0;
    }
    cJSON *o = json_put(result, "statistical_analysis", cJSON_CreateObject());
    int64_t n = make_pairs(c, order, pair), draws = MAX_DRAWS / (n * c->rows);
    draws = draws > MOST_DRAWS ? MOST_DRAWS : draws < LEAST_DRAWS ? LEAST_DRAWS : draws;
    *certain = put_head(o, c, &pair[0]);
    json_put_int(o, "resamples", draws);
    cJSON *list = json_put(o, "pairs", cJSON_CreateArray());
    put_seeds(o, c);
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < n; i++)
        rc = put_pair(list, c, &pair[i], draws, err);
    return rc;
}
