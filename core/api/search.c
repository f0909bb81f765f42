/* See search.h. Places are computed with the exponential of hone/math.h, so that the same points are tried on every machine. */
#include "core/api/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/err.h"
#include "core/base/rng.h"
#include "hone/math.h"

#define CANDIDATES 24        /* drawn from the better ones' density, as in the paper's experiments */
#define GOOD_SHARE 0.1       /* gamma of the paper: the share of results that are the better ones */
#define DRAWS 4096           /* counters of a trial */
#define MOST 1024            /* results that are looked at, the newest */

/* ---- values ---- */

static double rounded(double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.4g", v);
    return strtod(text, NULL);
}

cJSON *search_value(const struct search_dim *d, double x)
{
    if (d->kind == SEARCH_CHOICE)
        return cJSON_Duplicate(cJSON_GetArrayItem(d->choices, (int)x), 1);
    double v = d->log ? d->low * (double)hone_expf((float)x * hone_logf((float)(d->high / d->low))) : d->low + x * (d->high - d->low);
    v = d->kind == SEARCH_INTEGER ? floor(v + 0.5) : rounded(v);
    return cJSON_CreateNumber(v < d->low ? d->low : v > d->high ? d->high : v);
}

/* ---- grid and chance ---- */

int64_t search_grid_size(const struct search_space *s, int64_t limit)
{
    int64_t n = 1;
    for (int i = 0; i < s->n && n <= limit; i++)
        n *= s->dim[i].steps;
    return n < limit ? n : limit;
}

void search_grid(const struct search_space *s, int64_t i, double x[SEARCH_DIMS])
{
    for (int k = s->n - 1; k >= 0; k--) {
        const struct search_dim *d = &s->dim[k];
        int64_t at = i % d->steps;
        i /= d->steps;
        x[k] = d->kind == SEARCH_CHOICE ? (double)at : d->steps > 1 ? (double)at / (d->steps - 1) : 0.5;
    }
}

static double draw(uint64_t seed, int64_t trial, int64_t i)
{
    return rng_unit(seed, RNG_SEARCH, (uint64_t)trial * DRAWS + (uint64_t)i);
}

static double random_place(const struct search_dim *d, double u)
{
    return d->kind == SEARCH_CHOICE ? fmin(floor(u * d->steps), d->steps - 1) : u;
}

void search_random(const struct search_space *s, uint64_t seed, int64_t trial, double x[SEARCH_DIMS])
{
    for (int k = 0; k < s->n; k++)
        x[k] = random_place(&s->dim[k], draw(seed, trial, k));
}

/* ---- TPE ---- */

/* P(Z <= z) within 1e-7: Abramowitz & Stegun, 1964, 26.2.17. */
static double normal_cdf(double z)
{
    double t = 1 / (1 + 0.2316419 * fabs(z));
    double tail = 0.3989422804014327 * (double)hone_expf((float)(-0.5 * z * z)) *
                  t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return z < 0 ? tail : 1 - tail;
}

/* A mixture of normal densities cut to [0, 1], one a point and one wide one for what was known before. */
struct parzen {
    int n;
    double mean[MOST + 1], width[MOST + 1], mass[MOST + 1]; /* mass: of the uncut density within [0, 1] */
};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void parzen_make(struct parzen *p, const double *points, int n)
{
    p->n = n + 1;
    memcpy(p->mean, points, sizeof *points * (size_t)n);
    p->mean[n] = 0.5;
    qsort(p->mean, (size_t)p->n, sizeof *p->mean, ascending);
    double least = 1.0 / (p->n + 1 < 100 ? p->n + 1 : 100);
    int prior = 0;
    while (p->mean[prior] != 0.5)
        prior++;
    for (int i = 0; i < p->n; i++) {
        double left = i > 0 ? p->mean[i] - p->mean[i - 1] : p->mean[i], right = i + 1 < p->n ? p->mean[i + 1] - p->mean[i] : 1 - p->mean[i];
        double width = i == prior ? 1 : left > right ? left : right;
        p->width[i] = width < least ? least : width > 1 ? 1 : width;
        p->mass[i] = normal_cdf((1 - p->mean[i]) / p->width[i]) - normal_cdf(-p->mean[i] / p->width[i]);
    }
}

static double parzen_density(const struct parzen *p, double x)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++) {
        double z = (x - p->mean[i]) / p->width[i];
        sum += (double)hone_expf((float)(-0.5 * z * z)) / (p->width[i] * p->mass[i]);
    }
    return sum / p->n;
}

/* A draw from the mixture: a kernel by chance, and the place in it whose share below is v. */
static double parzen_draw(const struct parzen *p, double u, double v)
{
    int k = (int)(u * p->n);
    k = k < p->n ? k : p->n - 1;
    double below = normal_cdf(-p->mean[k] / p->width[k]), low = 0, high = 1;
    for (int i = 0; i < 30; i++) {
        double mid = (low + high) / 2;
        if (normal_cdf((mid - p->mean[k]) / p->width[k]) - below < v * p->mass[k])
            low = mid;
        else
            high = mid;
    }
    return (low + high) / 2;
}

/* `l` has room for two. */
static double tpe_real(struct parzen *l, const double *good, int n_good, const double *bad, int n_bad, uint64_t seed, int64_t trial, int64_t counter)
{
    struct parzen *g = l + 1;
    double best = 0.5, most = -1;
    parzen_make(l, good, n_good);
    parzen_make(g, bad, n_bad);
    for (int i = 0; i < CANDIDATES; i++) {
        double x = parzen_draw(l, draw(seed, trial, counter + 2 * i), draw(seed, trial, counter + 2 * i + 1));
        double ratio = parzen_density(l, x) / parzen_density(g, x);
        if (ratio > most) {
            most = ratio;
            best = x;
        }
    }
    return best;
}

/* Choices: shares with one of each counted beforehand. */
static double tpe_choice(int k, const double *good, int n_good, const double *bad, int n_bad, uint64_t seed, int64_t trial, int64_t counter)
{
    double l[256], g[256], best = 0, most = -1;
    for (int i = 0; i < k; i++)
        l[i] = g[i] = 1;
    for (int i = 0; i < n_good; i++)
        l[(int)good[i]]++;
    for (int i = 0; i < n_bad; i++)
        g[(int)bad[i]]++;
    for (int c = 0; c < CANDIDATES; c++) {
        double u = draw(seed, trial, counter + c) * (n_good + k);
        int i = 0;
        for (; i < k - 1 && u >= l[i]; i++)
            u -= l[i];
        double ratio = l[i] / (n_good + k) / (g[i] / (n_bad + k));
        if (ratio > most) {
            most = ratio;
            best = i;
        }
    }
    return best;
}

struct ranked {
    const struct search_seen *seen;
    int at;
};

/* Better ones first, failed ones last, of equal ones the earlier. */
static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    double s = x->seen->score, t = y->seen->score;
    if (isnan(s) != isnan(t))
        return isnan(s) ? 1 : -1;
    return s > t ? -1 : s < t ? 1 : x->at - y->at;
}

int search_tpe(const struct search_space *s, uint64_t seed, int64_t trial, const struct search_seen *seen, int n, int startup, double x[SEARCH_DIMS])
{
    if (n > MOST) {
        seen += n - MOST;
        n = MOST;
    }
    if (n < startup || n < 2) {
        search_random(s, seed, trial, x);
        return 0;
    }
    struct ranked *order = malloc((size_t)n * sizeof *order);
    double *points = malloc((size_t)n * sizeof *points);
    struct parzen *room = malloc(2 * sizeof *room);
    int rc = order && points && room ? 0 : HONE_ENOMEM;
    for (int i = 0; i < n && rc == 0; i++)
        order[i] = (struct ranked){ &seen[i], i };
    if (rc == 0)
        qsort(order, (size_t)n, sizeof *order, by_score);
    int good = (int)ceil(GOOD_SHARE * n);
    for (int k = 0; k < s->n && rc == 0; k++) {
        int64_t counter = SEARCH_DIMS + (int64_t)k * 2 * CANDIDATES;
        for (int i = 0; i < n; i++)
            points[i] = order[i].seen->x[k];
        if (s->dim[k].kind == SEARCH_CHOICE)
            x[k] = tpe_choice(s->dim[k].steps, points, good, points + good, n - good, seed, trial, counter);
        else
            x[k] = tpe_real(room, points, good, points + good, n - good, seed, trial, counter);
    }
    free(room);
    free(points);
    free(order);
    return rc;
}

/* ---- ASHA ---- */

void search_asha_make(struct search_asha *a, int min, int max, int reduction)
{
    *a = (struct search_asha){ .reduction = reduction };
    for (int64_t e = min; e < max && a->rungs < SEARCH_RUNGS - 1; e *= reduction)
        a->epochs[a->rungs++] = (int)e;
    a->epochs[a->rungs++] = max;
}

/* How many results of the rung come before this one. */
static int rank_of(const struct search_rung *done, int n, int i)
{
    int before = 0;
    for (int k = 0; k < n; k++) {
        if (k == i || done[k].rung != done[i].rung || isnan(done[k].score))
            continue;
        before += done[k].score > done[i].score || (done[k].score == done[i].score && done[k].trial < done[i].trial);
    }
    return before;
}

int search_promote(const struct search_asha *a, const struct search_rung *done, int n)
{
    for (int rung = a->rungs - 2; rung >= 0; rung--) {
        int size = 0, best = -1, best_rank = 0;
        for (int i = 0; i < n; i++)
            size += done[i].rung == rung;
        for (int i = 0; i < n; i++) {
            if (done[i].rung != rung || done[i].promoted || isnan(done[i].score))
                continue;
            int rank = rank_of(done, n, i);
            if (rank < size / a->reduction && (best < 0 || rank < best_rank)) {
                best = i;
                best_rank = rank;
            }
        }
        if (best >= 0)
            return best;
    }
    return -1;
}
