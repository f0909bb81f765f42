/* See draw.h. */
#include "core/train/draw.h"

#include <stdlib.h>
#include "core/base/rng.h"
#include "core/train/kernels.h"
#include "hone/math.h"
#include "hone/wide.h"

int draw_open(struct draw *d, int64_t width)
{
    d->share = malloc((size_t)width * sizeof *d->share);
    d->heap = malloc((size_t)width * sizeof *d->heap);
    if (d->share && d->heap)
        return 0;
    draw_close(d);
    return HONE_ENOMEM;
}

void draw_close(struct draw *d)
{
    free(d->share);
    free(d->heap);
    *d = (struct draw){ 0 };
}

HONE_WIDE static void shares(const float *restrict s, int64_t n, float top, float beta, float *restrict out)
{
    for (int64_t k = 0; k < n; k++)
        out[k] = hone_expf((s[k] - top) * beta);
}

HONE_WIDE static double sum_of(const float *p, int64_t n)
{
    double lane[8] = { 0 }, sum = 0;
    int64_t k = 0;
    for (; k + 8 <= n; k += 8)
        for (int j = 0; j < 8; j++)
            lane[j] += (double)p[k + j];
    for (; k < n; k++)
        sum += (double)p[k];
    for (int j = 0; j < 8; j++)
        sum += lane[j];
    return sum;
}

/* The lower number goes first of equals. */
static int likelier(const float *p, int32_t a, int32_t b)
{
    return p[a] > p[b] || (!(p[a] < p[b]) && a < b);
}

static void sink(const float *p, int32_t *heap, int64_t n, int64_t i)
{
    int32_t v = heap[i];
    for (int64_t k; (k = 2 * i + 1) < n; i = k) {
        k += k + 1 < n && likelier(p, heap[k + 1], heap[k]);
        if (!likelier(p, heap[k], v))
            break;
        heap[i] = heap[k];
    }
    heap[i] = v;
}

/* One of the likeliest: as many as top_k and top_p leave, taken from a heap one by one. */
static int32_t draw_best(struct draw *d, int64_t width, double sum, const struct write_wish *w, double u)
{
    int64_t n = width, most = w->top_k > 0 && w->top_k < width ? w->top_k : width, kept = 0;
    double mass = 0;
    for (int64_t i = 0; i < n; i++)
        d->heap[i] = (int32_t)i;
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sink(d->share, d->heap, n, i);
    while (kept < most && (kept == 0 || mass < w->top_p * sum)) { /* the ones taken stand at the end, the likeliest last */
        int32_t best = d->heap[0];
        d->heap[0] = d->heap[--n];
        sink(d->share, d->heap, n, 0);
        d->heap[n] = best;
        mass += (double)d->share[best];
        kept++;
    }
    double at = u * mass;
    for (int64_t i = 0; i < kept; i++) {
        int32_t k = d->heap[width - 1 - i];
        at -= (double)d->share[k];
        if (at < 0)
            return k;
    }
    return d->heap[width - kept];
}

static int32_t draw_any(const struct draw *d, int64_t width, double sum, double u)
{
    double at = u * sum;
    int32_t last = 0;
    for (int64_t k = 0; k < width; k++) {
        last = d->share[k] > 0 ? (int32_t)k : last;
        at -= (double)d->share[k];
        if (at < 0)
            return (int32_t)k;
    }
    return last;
}

/* top: the likeliest token. */
static int32_t draw_from(struct draw *d, const float *scores, int64_t width, int64_t top, const struct write_wish *wish, uint64_t at)
{
    if (!(wish->temperature > 0))
        return (int32_t)top;
    shares(scores, width, scores[top], (float)(1 / wish->temperature), d->share);
    double sum = sum_of(d->share, width), u = rng_unit(wish->seed, RNG_WRITE, at);
    if (!(sum >= 1))
        return -1;
    int all = !wish->top_k && !(wish->top_p < 1);
    return all ? draw_any(d, width, sum, u) : draw_best(d, width, sum, wish, u);
}

int32_t draw_guess(struct draw *d, const float *scores, int64_t width, const struct write_wish *wish, uint64_t at)
{
    return draw_from(d, scores, width, kernel_highest(scores, width), wish, at);
}

int32_t draw_token(struct draw *d, const float *scores, int64_t width, double temperature, const struct write_wish *wish, uint64_t at,
                   double *log_prob)
{
    int64_t top = kernel_highest(scores, width), token = draw_from(d, scores, width, top, wish, at);
    if (token < 0)
        return -1;
    float beta = (float)(1 / temperature);
    shares(scores, width, scores[top], beta, d->share);
    double sum = sum_of(d->share, width);
    *log_prob = (double)((scores[token] - scores[top]) * beta) - (double)hone_logf((float)sum);
    return sum >= 1 ? (int32_t)token : -1;
}
