/* The decoder's matrices rounded to eight bits, for passes that guess the next tokens of an answer: a quarter of the memory to read, which
 * is what such a pass waits for. Row r of a matrix W is step[r] w[r], w whole numbers within +-127, and rows that are multiplied with it are
 * rounded to thirteen bits, so that the products are sums of whole numbers. Nothing of it reaches an answer. Not a plugin. */
#ifndef MODELS_DECODER_ROUGH_H
#define MODELS_DECODER_ROUGH_H
#include "decoder_few.h"

#define ROUGH_WIDTH 64   /* rows are filled up with zeros to a multiple of this */
#define ROUGH_BLOCK 4096 /* products that are summed as 32 bits: 4096 * 127 * ROUGH_MOST < 2^31 */
#define ROUGH_MOST 4095
#define ROUGH_ROWS 4     /* of the matrix, that are read at once */

struct rough_matrix {
    int8_t *w;           /* [out][wide]; NULL: no matrix, or none that is multiplied with */
    float *step;         /* [out] */
    int64_t out, in, wide;
};

static inline int64_t rough_wide(int64_t in)
{
    return (in + ROUGH_WIDTH - 1) / ROUGH_WIDTH * ROUGH_WIDTH;
}

HONE_WIDE static float rough_greatest(const float *x, int64_t n)
{
    float most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    return most;
}

struct rounding {
    const float *from;
    struct rough_matrix *to;
};

static void rough_round_task(void *arg, int64_t begin, int64_t end)
{
    const struct rounding *t = arg;
    for (int64_t r = begin; r < end; r++) {
        const float *x = t->from + r * t->to->in;
        int8_t *w = t->to->w + r * t->to->wide;
        float most = rough_greatest(x, t->to->in), back = most > 0 && most < INFINITY ? 127 / most : 0;
        t->to->step[r] = most / 127;
        for (int64_t i = 0; i < t->to->in; i++)
            w[i] = (int8_t)lrintf(x[i] * back);
        memset(w + t->to->in, 0, (size_t)(t->to->wide - t->to->in));
    }
}

/* Whether something is multiplied with tensor i: a matrix, but no embedding that is not the head. */
static int rough_has(const struct decoder_shape *s, int64_t i, int64_t dims[2])
{
    char name[64];
    return decoder_tensor(s, i, name, dims) == 2 && (i > 0 || s->tied);
}

/* Bytes of the copies of all matrices. */
static int64_t rough_size(const struct decoder_shape *s)
{
    int64_t bytes = 0, dims[2];
    for (int64_t i = 0; i < decoder_tensors(s); i++)
        if (rough_has(s, i, dims))
            bytes += dims[0] * (rough_wide(dims[1]) + (int64_t)sizeof(float));
    return bytes;
}

static void rough_free(const struct hone_host *host, const struct decoder_shape *s, struct rough_matrix *m)
{
    for (int64_t i = 0; m && i < decoder_tensors(s); i++) {
        host->free(host, m[i].w);
        host->free(host, m[i].step);
    }
    host->free(host, m);
}

/* Copies of the decoder's tensors w, freed by rough_free(); NULL when memory ran out. */
static struct rough_matrix *rough_make(const struct hone_host *host, const struct decoder_shape *s, float *const *w)
{
    struct rough_matrix *m = host->alloc(host, (size_t)decoder_tensors(s) * sizeof *m);
    for (int64_t i = 0; m && i < decoder_tensors(s); i++) {
        int64_t dims[2];
        if (!rough_has(s, i, dims))
            continue;
        m[i] = (struct rough_matrix){ .out = dims[0], .in = dims[1], .wide = rough_wide(dims[1]) };
        m[i].w = host->alloc(host, (size_t)(m[i].out * m[i].wide));
        m[i].step = host->alloc(host, (size_t)m[i].out * sizeof *m[i].step);
        if (!m[i].w || !m[i].step) {
            rough_free(host, s, m);
            return NULL;
        }
        struct rounding t = { w[i], &m[i] };
        host->parallel(host, m[i].out, decoder_grain(m[i].in), rough_round_task, &t);
    }
    return m;
}

/* y[o] = scale step[o] (w[o] . x) for o < out. */
HONE_WIDE static void rough_dots(const int16_t *restrict x, const int8_t *restrict w, int64_t wide, int64_t out, const float *restrict step, float scale,
                                 float *restrict y)
{
    int64_t o = 0;
    for (; o + ROUGH_ROWS <= out; o += ROUGH_ROWS) {
        const int8_t *row = w + o * wide;
        float total[ROUGH_ROWS] = { 0 };
        for (int64_t k = 0; k < ROUGH_ROWS * wide; k += ROUGH_WIDTH)
            __builtin_prefetch(row + ROUGH_ROWS * wide + k);
        for (int64_t from = 0; from < wide; from += ROUGH_BLOCK) {
            int64_t n = wide - from < ROUGH_BLOCK ? wide - from : ROUGH_BLOCK;
            int32_t a = 0, b = 0, c = 0, d = 0;
            for (int64_t k = from; k < from + n / ROUGH_WIDTH * ROUGH_WIDTH; k++) {
                a += (int16_t)row[k] * x[k];
                b += (int16_t)row[wide + k] * x[k];
                c += (int16_t)row[2 * wide + k] * x[k];
                d += (int16_t)row[3 * wide + k] * x[k];
            }
            total[0] += (float)a;
            total[1] += (float)b;
            total[2] += (float)c;
            total[3] += (float)d;
        }
        for (int r = 0; r < ROUGH_ROWS; r++)
            y[o + r] = total[r] * (step[o + r] * scale);
    }
    for (; o < out; o++) {
        float total = 0;
        for (int64_t from = 0; from < wide; from += ROUGH_BLOCK) {
            int32_t a = 0;
            for (int64_t k = from; k < wide && k < from + ROUGH_BLOCK; k++)
                a += (int16_t)w[o * wide + k] * x[k];
            total += (float)a;
        }
        y[o] = total * (step[o] * scale);
    }
}

/* Rows rounded, and what they are multiplied with. */
struct rough_few {
    const struct few *few;       /* each of its matrices with its copy */
    int16_t *x;                  /* [n][wide] room for them */
    float *scale;                /* [n] and for what they are to be multiplied by */
};

static void rough_task(void *arg, int64_t begin, int64_t end)
{
    const struct rough_few *t = arg;
    for (int64_t k = 0, first = 0; k < t->few->matrices; first += t->few->matrix[k++].out) {
        const struct rough_matrix *m = t->few->matrix[k].rough;
        int64_t from = begin > first ? begin - first : 0, to = end - first < m->out ? end - first : m->out;
        for (int64_t i = 0; i < t->few->n && from < to; i++)
            rough_dots(t->x + i * m->wide, m->w + from * m->wide, m->wide, to - from, m->step + from, t->scale[i], t->few->matrix[k].y + i * m->out + from);
    }
}

/* What few_run() does, roughly. */
static void rough_run(const struct decoder_env *e, struct rough_few *t)
{
    int64_t out = 0, in = t->few->in, wide = rough_wide(in);
    for (int64_t i = 0; i < t->few->n; i++) {
        const float *x = t->few->x + i * in;
        int16_t *to = t->x + i * wide;
        float most = rough_greatest(x, in), back = most > 0 && most < INFINITY ? ROUGH_MOST / most : 0;
        for (int64_t k = 0; k < in; k++)
            to[k] = (int16_t)lrintf(x[k] * back);
        memset(to + in, 0, (size_t)(wide - in) * sizeof *to);
        t->scale[i] = most / ROUGH_MOST;
    }
    for (int64_t k = 0; k < t->few->matrices; k++)
        out += t->few->matrix[k].out;
    e->host->parallel(e->host, out, (2 * DEC_GRAIN / wide + ROUGH_ROWS) / ROUGH_ROWS * ROUGH_ROWS, rough_task, t);
}

#endif
