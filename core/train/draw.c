/* See draw.h. */
#include "core/train/draw.h"

#include <stdlib.h>
#include "core/base/rng.h"
#include "core/train/kernels.h"
#include "hone/math.h"
#include "hone/wide.h"

#define BLOCK 1024 /* tokens whose noise is made and looked at together */

int draw_open(struct draw *d, int64_t width)
{
    d->share = malloc((size_t)width * sizeof *d->share);
    d->heap = malloc((size_t)width * sizeof *d->heap);
    d->bits = malloc((size_t)((width + BLOCK - 1) / BLOCK * BLOCK) * sizeof *d->bits);
    if (d->share && d->heap && d->bits)
        return 0;
    draw_close(d);
    return HONE_ENOMEM;
}

void draw_close(struct draw *d)
{
    free(d->share);
    free(d->heap);
    free(d->bits);
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

/* How many of the likeliest top_k and top_p leave; they are taken from a heap one by one and stand at its end. */
static int64_t keep_best(struct draw *d, int64_t width, double sum, const struct write_wish *w)
{
    int64_t n = width, most = w->top_k > 0 && w->top_k < width ? w->top_k : width, kept = 0;
    double mass = 0;
    for (int64_t i = 0; i < n; i++)
        d->heap[i] = (int32_t)i;
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sink(d->share, d->heap, n, i);
    while (kept < most && (kept == 0 || mass < w->top_p * sum)) {
        int32_t best = d->heap[0];
        d->heap[0] = d->heap[--n];
        sink(d->share, d->heap, n, 0);
        d->heap[n] = best;
        mass += (double)d->share[best];
        kept++;
    }
    return kept;
}

/* ---- a race: token k arrives after e_k / share_k, e_k standard exponential, and is first with a chance in proportion to its share. The same token
 * wins mostly where shares are a little different, which is what guesses need. (The Gumbel-max trick, in other words: Maddison, Tarlow & Minka,
 * 2014, "A* sampling".) ---- */

/* Within (0, 1]. */
static inline float unit(uint32_t bits)
{
    return ((float)bits + 0.5f) * 0x1p-32f;
}

/* -ln(1 - v), by its series where v is small, which decides most races: within 2e-6 of its size. Not below v. */
static float exponential(float v)
{
    float rest = 1 - v, series = v * (1 + v * (1.0f / 2 + v * (1.0f / 3 + v * (1.0f / 4 + v * (1.0f / 5 + v * (1.0f / 6))))));
    return v < 0x1p-4f ? series : -hone_logf(rest > 0x1p-25f ? rest : 0x1p-25f);
}

/* Whether one of them may win against this speed, 1 / time of arrival. */
HONE_WIDE static int may_win(const float *restrict share, const uint32_t *restrict bits, int64_t n, float speed)
{
    int many = 0;
    for (int64_t k = 0; k < n; k++)
        many += share[k] > speed * unit(bits[k]);
    return many > 0;
}

struct race {
    int32_t first;
    float speed;
};

static void join(struct race *r, const struct draw *d, int32_t k)
{
    float v = unit(d->bits[k]);
    if (!(d->share[k] > r->speed * v))
        return;
    float speed = d->share[k] / exponential(v);
    if (speed > r->speed)
        *r = (struct race){ k, speed };
}

/* The winner of all, or of `kept` at the end of the heap; top is the likeliest. */
static int32_t race(struct draw *d, int64_t width, int64_t kept, int64_t top, const struct write_wish *w, uint64_t at)
{
    struct race r = { (int32_t)top, 0 };
    for (int64_t from = 0; from < width; from += BLOCK)
        rng_words(w->seed, RNG_WRITE, at << 32 | (uint64_t)(from / 4), BLOCK / 4, d->bits + from);
    join(&r, d, (int32_t)top);
    for (int64_t i = 1; i <= kept && kept < width; i++)
        join(&r, d, d->heap[width - i]);
    for (int64_t from = 0; from < width && kept == width; from += BLOCK) {
        int64_t n = width - from < BLOCK ? width - from : BLOCK;
        for (int64_t k = from; k < from + n && (k > from || may_win(d->share + from, d->bits + from, n, r.speed)); k++)
            join(&r, d, (int32_t)k);
    }
    return r.first;
}

/* top: the likeliest token. */
static int32_t draw_from(struct draw *d, const float *scores, int64_t width, int64_t top, const struct write_wish *wish, uint64_t at)
{
    if (!(wish->temperature > 0))
        return (int32_t)top;
    shares(scores, width, scores[top], (float)(1 / wish->temperature), d->share);
    double sum = sum_of(d->share, width);
    if (!(sum >= 1))
        return -1;
    int all = !wish->top_k && !(wish->top_p < 1);
    return race(d, width, all ? width : keep_best(d, width, sum, wish), top, wish, at);
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
