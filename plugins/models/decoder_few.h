/* Products of a few rows with matrices, of which an answer that is being written needs one after the other: bounded by how fast the
 * matrices come from memory, which each product reads once whatever the number of rows. A number has the same bits whichever rows stand
 * beside it and however the work is divided: its sum runs in sixteen lanes, which are then folded. In float. Not a plugin. */
#ifndef MODELS_DECODER_FEW_H
#define MODELS_DECODER_FEW_H
#include "decoder.h"

#define FEW_W 4 /* rows of the matrix that are read at once, at most, */
#define FEW_X 8 /* and rows that are multiplied with them: the sums, FEW_X FEW_W / 2 at most, stay in registers */

typedef float few_sixteen __attribute__((vector_size(64), aligned(4), may_alias));
typedef float few_eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef float few_four __attribute__((vector_size(16), aligned(4), may_alias));
#if defined(__clang__)
#define FEW_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t few_places __attribute__((vector_size(16)));
#define FEW_PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (few_places){ i, j, k, l })
#endif
#define FEW_INLINE __attribute__((always_inline)) static inline

/* Sixteen lanes of a sum folded to four. */
FEW_INLINE void few_fold(const few_sixteen *sum, few_four *four)
{
    const few_eight *e = (const few_eight *)sum;
    few_eight half = e[0] + e[1];
    const few_four *f = (const few_four *)&half;
    *four = f[0] + f[1];
}

/* y[i * ldy + r] = x[i] . w[r] for i < nx and r < nw; nw is 4, 2 or 1. */
FEW_INLINE void few_tile(const float *x, int nx, const float *w, int nw, int64_t in, float *y, int64_t ldy)
{
    few_sixteen sum[FEW_X][FEW_W] = { 0 };
    int64_t k = 0;
    for (; k + 16 <= in; k += 16)
        for (int r = 0; r < nw; r++) {
            __builtin_prefetch(w + r * in + k + nw * in);
            few_sixteen row = *(const few_sixteen *)(w + r * in + k);
            for (int i = 0; i < nx; i++)
                sum[i][r] += *(const few_sixteen *)(x + i * in + k) * row;
        }
    for (int i = 0; i < nx; i++) {
        few_four part[FEW_W];
        for (int r = 0; r < nw; r++) {
            float rest[16] = { 0 };
            for (int64_t j = k; j < in; j++)
                rest[j - k] = x[i * in + j] * w[r * in + j];
            if (k < in)
                sum[i][r] += *(const few_sixteen *)rest;
            few_fold(&sum[i][r], &part[r]);
        }
        for (int r = 0; r < nw && nw < FEW_W; r++)
            y[i * ldy + r] = (part[r][0] + part[r][2]) + (part[r][1] + part[r][3]);
        if (nw < FEW_W)
            continue;
        few_four ab = FEW_PICK(part[0], part[1], 0, 4, 1, 5) + FEW_PICK(part[0], part[1], 2, 6, 3, 7);
        few_four cd = FEW_PICK(part[2], part[3], 0, 4, 1, 5) + FEW_PICK(part[2], part[3], 2, 6, 3, 7);
        *(few_four *)(y + i * ldy) = FEW_PICK(ab, cd, 0, 1, 4, 5) + FEW_PICK(ab, cd, 2, 3, 6, 7);
    }
}

/* The same for `out` rows of w. */
FEW_INLINE void few_band(const float *x, int nx, const float *w, int64_t out, int64_t in, float *y, int64_t ldy)
{
    const int nw = nx > FEW_X / 2 ? FEW_W / 2 : FEW_W;
    int64_t o = 0;
    for (; o + nw <= out; o += nw)
        few_tile(x, nx, w + o * in, nw, in, y + o, ldy);
    for (; o < out; o++)
        few_tile(x, nx, w + o * in, 1, in, y + o, ldy);
}

/* y[i * ldy + o] = x[i] . w[o] for i < n and o < out; rows of x and w are `in` numbers without gaps. */
HONE_WIDE static void few_dots(const float *restrict x, int64_t n, const float *restrict w, int64_t out, int64_t in, float *restrict y, int64_t ldy)
{
    for (int64_t i = 0, m; i < n; i += m, x += m * in, y += m * ldy) {
        m = n - i < FEW_X ? n - i : FEW_X;
        switch (m) {
        case 1: few_band(x, 1, w, out, in, y, ldy); break;
        case 2: few_band(x, 2, w, out, in, y, ldy); break;
        case 3: few_band(x, 3, w, out, in, y, ldy); break;
        case 4: few_band(x, 4, w, out, in, y, ldy); break;
        case 5: few_band(x, 5, w, out, in, y, ldy); break;
        case 6: few_band(x, 6, w, out, in, y, ldy); break;
        case 7: few_band(x, 7, w, out, in, y, ldy); break;
        default: few_band(x, FEW_X, w, out, in, y, ldy);
        }
    }
}

/* Matrices that the same rows are multiplied with. */
struct few_matrix {
    const float *w;              /* [out][in] */
    float *y;                    /* [n][out] */
    int64_t out;
    const struct rough_matrix *rough; /* its copy where the product is a rough one (decoder_rough.h) */
};

#define FEW_MATRICES 3

/* Rows and the matrices. */
struct few {
    const float *x;
    int64_t n, in, matrices;
    struct few_matrix matrix[FEW_MATRICES];
};

static void few_task(void *arg, int64_t begin, int64_t end)
{
    const struct few *t = arg;
    for (int64_t k = 0, first = 0; k < t->matrices; first += t->matrix[k++].out) {
        const struct few_matrix *m = &t->matrix[k];
        int64_t from = begin > first ? begin - first : 0, to = end - first < m->out ? end - first : m->out;
        if (from < to)
            few_dots(t->x, t->n, m->w + from * t->in, to - from, t->in, m->y + from, m->out);
    }
}

/* All of them on all threads. */
static void few_run(const struct decoder_env *e, struct few *t)
{
    int64_t out = 0;
    for (int64_t k = 0; k < t->matrices; k++)
        out += t->matrix[k].out;
    e->host->parallel(e->host, out, (DEC_GRAIN / t->in + FEW_W) / FEW_W * FEW_W, few_task, t);
}

#endif
