#include "core/judge/growth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/rng.h"

#define EXPONENTS 41
#define HALVINGS 20
#define LEAST_EXPONENT 0.05
#define GREATEST_EXPONENT 2.0

void growth_free(struct growth *g)
{
    for (int s = 0; s < GROWTH_SIZES; s++) {
        for (int d = 0; d < GROWTH_DRAWS; d++)
            free(g->right[s][d]);
    }
    free(g->expected);
    memset(g, 0, sizeof *g);
}

struct law {
    double a, b, c, sum; /* of error = a + b z^-c, z = rows / the last rows; sum: weighted squares that are left */
};

/* The best a and b, neither below 0, for one exponent. */
static struct law at_exponent(const double *z, const double *e, const double *w, int64_t n, double c)
{
    double sw = 0, su = 0, suu = 0, se = 0, sue = 0;
    struct law l = { .c = c };
    for (int64_t i = 0; i < n; i++) {
        double u = pow(z[i], -c);
        sw += w[i];
        su += w[i] * u;
        suu += w[i] * u * u;
        se += w[i] * e[i];
        sue += w[i] * u * e[i];
    }
    double det = sw * suu - su * su;
    l.b = det > 0 ? (sw * sue - su * se) / det : 0;
    l.a = (se - l.b * su) / sw;
    if (l.a < 0) {
        l.a = 0;
        l.b = sue / suu;
    }
    if (l.b < 0) {
        l.b = 0;
        l.a = se / sw;
    }
    for (int64_t i = 0; i < n; i++) {
        double r = e[i] - l.a - l.b * pow(z[i], -c);
        l.sum += w[i] * r * r;
    }
    return l;
}

static struct law best_law(const double *z, const double *e, const double *w, int64_t n)
{
    double step = pow(GREATEST_EXPONENT / LEAST_EXPONENT, 1.0 / (EXPONENTS - 1));
    struct law best = { .sum = INFINITY };
    for (int i = 0; i < EXPONENTS; i++) {
        struct law l = at_exponent(z, e, w, n, LEAST_EXPONENT * pow(step, i));
        if (l.sum < best.sum)
            best = l;
    }
    for (int i = 0; i < HALVINGS; i++) { /* between the grid's points the sum is taken to have one hollow */
        step = sqrt(step);
        struct law below = at_exponent(z, e, w, n, fmax(best.c / step, LEAST_EXPONENT));
        struct law above = at_exponent(z, e, w, n, fmin(best.c * step, GREATEST_EXPONENT));
        best = below.sum < best.sum ? below : above.sum < best.sum ? above : best;
    }
    return best;
}

static double law_error(const struct law *l, double z)
{
    return l->a + l->b * pow(z, -l->c);
}

static void scale(const double *rows, int64_t n, double unit, double z[GROWTH_SIZES])
{
    for (int64_t i = 0; i < n; i++)
        z[i] = rows[i] / unit;
}

static double misfit(const struct law *l, const double *z, const double *e, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double r = e[i] - law_error(l, z[i]);
        sum += r * r;
    }
    return sqrt(sum / (double)n);
}

void growth_law(const double *rows, const double *error, const double *w, int64_t n, double *a, double *b, double *c, double *residual)
{
    double z[GROWTH_SIZES] = { 0 }, unit = rows[n - 1];
    scale(rows, n, unit, z);
    struct law l = best_law(z, error, w, n);
    *a = l.a;
    *b = l.b * pow(unit, l.c);
    *c = l.c;
    *residual = misfit(&l, z, error, n);
}

/* ---- one replicate ---- */

/* The rows that one curve is of, packed. */
struct packed {
    const struct growth *g;
    int64_t *at, n;          /* rows of g */
    uint8_t *weight;         /* [n] */
    double *x;               /* [n] */
};

/* Mean error of a size over the weighted rows; replicate < 0: the draws as they are. */
static double size_error(struct packed *p, int64_t s, double weights, uint64_t seed, int64_t replicate)
{
    double right = 0;
    int64_t draws = p->g->draws[s];
    for (int64_t d = 0; d < draws; d++) {
        int64_t pick = replicate < 0 ? d : (int64_t)rng_below(seed, RNG_SUBSET, (uint64_t)replicate << 8 | (uint64_t)(s * GROWTH_DRAWS + d),
                                                              (uint64_t)draws);
        for (int64_t i = 0; i < p->n; i++)
            p->x[i] = (double)p->g->right[s][pick][p->at[i]];
        right += stats_weighted_sum(p->weight, p->x, p->n);
    }
    return 1 - right / ((double)draws * weights);
}

/* The errors of all sizes; 0 when no row was drawn. */
static int errors_of(struct packed *p, uint64_t seed, int64_t replicate, double e[GROWTH_SIZES])
{
    double weights = 0;
    if (replicate < 0)
        memset(p->weight, 1, (size_t)p->n);
    else
        stats_weights(seed, replicate, 0, p->n, p->weight);
    for (int64_t i = 0; i < p->n; i++)
        weights += p->weight[i];
    for (int64_t s = 0; s < p->g->sizes && weights > 0; s++)
        e[s] = size_error(p, s, weights, seed, replicate);
    return weights > 0;
}

/* 1 / variance of a measured error, which is never taken for exact. */
static void weights_of(const double *e, int64_t sizes, int64_t n, double *w)
{
    for (int64_t s = 0; s < sizes; s++)
        w[s] = (double)n / (e[s] * (1 - e[s]) + 1 / (double)n);
}

static int refuse(struct growth_curve *c, const char *why)
{
    snprintf(c->why, sizeof c->why, "%s", why);
    c->a = c->b = c->c = c->residual = c->more = c->forecast = c->gain = c->foretold = NAN;
    c->gain_range = c->forecast_range = c->a_range = c->b_range = c->c_range = (struct interval){ NAN, NAN };
    return 0;
}

/* ---- the curve ---- */

static int pack(struct packed *p, const struct growth *g, int32_t output)
{
    *p = (struct packed){ .g = g, .at = malloc((size_t)(g->n + 1) * sizeof *p->at), .weight = malloc((size_t)g->n + 1),
                          .x = malloc((size_t)(g->n + 1) * sizeof *p->x) };
    for (int64_t i = 0; p->at && i < g->n; i++) {
        if (output < 0 || g->expected[i] == output)
            p->at[p->n++] = i;
    }
    return p->at && p->weight && p->x ? 0 : HONE_ENOMEM;
}

static void pack_free(struct packed *p)
{
    free(p->at);
    free(p->weight);
    free(p->x);
}

enum { OF_A, OF_B, OF_C, OF_FORECAST, OF_GAIN, OF_SIZE, OF_ALL = OF_SIZE + GROWTH_SIZES };

/* v[OF_ALL][replicates]. */
static void replicate_all(struct packed *p, const double *z, const double *w, double unit, uint64_t seed, double *v)
{
    int64_t sizes = p->g->sizes;
    for (int64_t r = 0; r < GROWTH_REPLICATES; r++) {
        double e[GROWTH_SIZES] = { 0 };
        struct law l = { NAN, NAN, NAN, NAN };
        int drawn = errors_of(p, seed, r, e);
        if (drawn)
            l = best_law(z, e, w, sizes);
        v[OF_A * GROWTH_REPLICATES + r] = l.a;
        v[OF_B * GROWTH_REPLICATES + r] = l.b * pow(unit, l.c);
        v[OF_C * GROWTH_REPLICATES + r] = l.c;
        v[OF_FORECAST * GROWTH_REPLICATES + r] = 1 - law_error(&l, GROWTH_FACTOR);
        v[OF_GAIN * GROWTH_REPLICATES + r] = law_error(&l, 1) - law_error(&l, GROWTH_FACTOR);
        for (int64_t s = 0; s < sizes; s++)
            v[(OF_SIZE + s) * GROWTH_REPLICATES + r] = drawn ? 1 - e[s] : NAN;
    }
}

static struct interval range_of(double *v, int which)
{
    return stats_percentiles(v + which * GROWTH_REPLICATES, GROWTH_REPLICATES, STATS_LEVEL);
}

static int draw(struct growth_curve *c, struct packed *p, uint64_t seed)
{
    double e[GROWTH_SIZES] = { 0 }, z[GROWTH_SIZES] = { 0 }, w[GROWTH_SIZES], unit = c->rows[c->sizes - 1];
    double *v = malloc((size_t)OF_ALL * GROWTH_REPLICATES * sizeof *v);
    if (!v)
        return HONE_ENOMEM;
    errors_of(p, seed, -1, e);
    scale(c->rows, c->sizes, unit, z);
    weights_of(e, c->sizes, p->n, w);
    replicate_all(p, z, w, unit, seed, v);
    for (int64_t s = 0; s < c->sizes; s++) {
        c->accuracy[s] = 1 - e[s];
        c->range[s] = range_of(v, OF_SIZE + (int)s);
    }
    struct law l = best_law(z, e, w, c->sizes);
    c->a = l.a;
    c->b = l.b * pow(unit, l.c);
    c->c = l.c;
    c->residual = misfit(&l, z, e, c->sizes);
    c->drawn = 1;
    c->more = GROWTH_FACTOR * unit;
    c->forecast = 1 - law_error(&l, GROWTH_FACTOR);
    c->gain = law_error(&l, 1) - law_error(&l, GROWTH_FACTOR);
    c->a_range = range_of(v, OF_A);
    c->b_range = range_of(v, OF_B);
    c->c_range = range_of(v, OF_C);
    c->forecast_range = range_of(v, OF_FORECAST);
    c->gain_range = range_of(v, OF_GAIN);
    c->foretold = NAN;
    if (c->sizes > 3) {
        struct law before = best_law(z, e, w, c->sizes - 1);
        c->foretold = 1 - law_error(&before, 1);
    }
    free(v);
    return 0;
}

int growth_fit(const struct growth *g, int32_t output, double taught, uint64_t seed, struct growth_curve *c, struct hone_err *err)
{
    struct packed p;
    char why[sizeof c->why];
    *c = (struct growth_curve){ .sizes = g->sizes };
    int rc = pack(&p, g, output);
    c->n = p.n;
    for (int64_t s = 0; s < g->sizes; s++)
        c->rows[s] = output < 0 ? g->rows[s] : ceil(g->share[s] * taught);
    if (rc == 0 && p.n < GROWTH_MIN_ROWS) {
        snprintf(why, sizeof why, "only %lld rows were answered by all models; a curve needs %d", (long long)p.n, GROWTH_MIN_ROWS);
        refuse(c, why);
        goto out;
    }
    if (rc == 0 && g->sizes < 4) {
        refuse(c, "the training rows are too few for four sizes");
        goto out;
    }
    if (rc == 0)
        rc = draw(c, &p, seed);
    if (rc == 0 && c->accuracy[c->sizes - 1] <= c->accuracy[0]) {
        snprintf(why, sizeof why, "more rows did not lower the error: accuracy %.3f with %.0f, %.3f with %.0f", c->accuracy[0], c->rows[0],
                 c->accuracy[c->sizes - 1], c->rows[c->sizes - 1]);
        refuse(c, why);
    } else if (rc == 0 && c->residual > GROWTH_MISFIT) {
        snprintf(why, sizeof why, "no power law goes through the measured errors: they lie %.3f away from the best one in the mean square", c->residual);
        refuse(c, why);
    }
out:
    pack_free(&p);
    return rc < 0 ? hone_fail(err, rc, "memory ran out for the learning curve") : 0;
}

/* ---- JSON ---- */

static void put_range(cJSON *o, const char *key, struct interval v)
{
    cJSON *r = isnan(v.low) ? cJSON_CreateNull() : cJSON_CreateObject();
    if (!isnan(v.low)) {
        json_put_num(r, "low", v.low);
        json_put_num(r, "high", v.high);
        json_put_num(r, "level", STATS_LEVEL);
        json_put_str(r, "method", "bootstrap");
    }
    json_put(o, key, r);
}

static cJSON *points_json(const struct growth *g, const struct growth_curve *c)
{
    cJSON *list = cJSON_CreateArray();
    for (int64_t s = 0; s < c->sizes; s++) {
        cJSON *o = cJSON_CreateObject();
        json_put_num(o, "rows", c->rows[s]);
        json_put_num(o, "share", g->share[s]);
        json_put_int(o, "models", g->draws[s]);
        json_put_num(o, "accuracy", c->accuracy[s]);
        put_range(o, "interval", c->range[s]);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static void put_fit(cJSON *out, const struct growth_curve *c)
{
    cJSON *fit = cJSON_CreateObject(), *at = cJSON_CreateObject(), *check = cJSON_CreateObject();
    json_put_str(fit, "formula", "error = a + b rows^-c");
    json_put_num(fit, "a", c->a);
    json_put_num(fit, "b", c->b);
    json_put_num(fit, "c", c->c);
    json_put_num(fit, "residual", c->residual);
    put_range(fit, "a_interval", c->a_range);
    put_range(fit, "b_interval", c->b_range);
    put_range(fit, "c_interval", c->c_range);
    json_put_num(at, "rows", c->more);
    json_put_num(at, "accuracy", c->forecast);
    put_range(at, "interval", c->forecast_range);
    json_put_num(at, "gain_points", 100 * c->gain);
    put_range(at, "gain_points_interval", (struct interval){ 100 * c->gain_range.low, 100 * c->gain_range.high });
    json_put_num(check, "rows", c->rows[c->sizes - 1]);
    json_put_num(check, "accuracy", c->accuracy[c->sizes - 1]);
    json_put_num(check, "foretold_from_fewer", c->foretold);
    json_put(out, "fit", fit);
    json_put(out, "forecast", at);
    json_put(out, "check", check);
}

cJSON *growth_json(const struct growth *g, const struct growth_curve *c)
{
    cJSON *o = cJSON_CreateObject();
    const char *why = c ? c->why : g->why;
    json_put_str(o, "source", g->source);
    json_put_int(o, "row_visits", g->visits);
    json_put_int(o, "test_rows", c ? c->n : 0);
    json_put(o, "points", c && c->drawn ? points_json(g, c) : cJSON_CreateArray());
    json_put_str(o, "why", why[0] ? why : NULL);
    if (c && !c->why[0]) {
        put_fit(o, c);
        return o;
    }
    json_put(o, "fit", cJSON_CreateNull());
    json_put(o, "forecast", cJSON_CreateNull());
    return o;
}
