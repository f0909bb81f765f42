/* Products of large float matrices by kernels for AVX-512 and for AVX2 with FMA. A BLAS lays out both matrices anew in each call, which
 * costs the more the smaller the tiles that a product is cut into; here op(b) is laid out once, in panels of 32 columns that all threads read,
 * and op(a) is read where it is. A number of c is the sum, over pieces of PANEL_DEPTH of the inner length in their order, of sums that begin
 * at 0 and grow by fused multiply-adds in order: the same bits by either kernel, for any number of threads and however c is cut. Called by
 * products() of decoder_numbers.h; products that are small, and processors without the kernels, are the BLAS's. Not a plugin. */
#ifndef MODELS_DECODER_PANELS_H
#define MODELS_DECODER_PANELS_H
#include "decoder.h"

#define PANEL_ROWS 8     /* of what a kernel sums at once, */
#define PANEL_WIDE 32    /* and its columns: those of a panel */
#define PANEL_TILE 64    /* rows of a tile */
#define PANEL_ACROSS 8   /* panels of a tile */
#define PANEL_STRIP 4    /* panels that are laid out at a time */
#define PANEL_PIECES 8   /* products that are cut into tiles together */

/* c[PANEL_ROWS][PANEL_WIDE], rows ldc apart, gets the sums over k of row[i][p * step] panel[p][j], or with `add` is added to. */
typedef void panel_kernel(int64_t k, const float *const *row, int64_t step, const float *panel, int add, float *c, int64_t ldc);

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

__attribute__((target("avx512f")))
static void panel_avx512(int64_t k, const float *const *row, int64_t step, const float *panel, int add, float *c, int64_t ldc)
{
    __m512 sum[PANEL_ROWS][2];
    for (int i = 0; i < PANEL_ROWS; i++)
        sum[i][0] = sum[i][1] = _mm512_setzero_ps();
    for (int64_t p = 0; p < k * step; p += step, panel += PANEL_WIDE) {
        __m512 low = _mm512_loadu_ps(panel), high = _mm512_loadu_ps(panel + 16);
        for (int i = 0; i < PANEL_ROWS; i++) {
            __m512 x = _mm512_set1_ps(row[i][p]);
            sum[i][0] = _mm512_fmadd_ps(x, low, sum[i][0]);
            sum[i][1] = _mm512_fmadd_ps(x, high, sum[i][1]);
        }
    }
    for (int i = 0; i < PANEL_ROWS; i++, c += ldc) {
        _mm512_storeu_ps(c, add ? _mm512_add_ps(_mm512_loadu_ps(c), sum[i][0]) : sum[i][0]);
        _mm512_storeu_ps(c + 16, add ? _mm512_add_ps(_mm512_loadu_ps(c + 16), sum[i][1]) : sum[i][1]);
    }
}

/* A quarter of the tile at a time: its sums stay in the sixteen registers. */
__attribute__((target("avx2,fma")))
static void panel_avx2(int64_t k, const float *const *row, int64_t step, const float *panel, int add, float *c, int64_t ldc)
{
    for (int part = 0; part < 4; part++) {
        const float *const *r = row + part / 2 * 4, *from = panel + part % 2 * 16;
        float *to = c + part / 2 * 4 * ldc + part % 2 * 16;
        __m256 sum[4][2];
        for (int i = 0; i < 4; i++)
            sum[i][0] = sum[i][1] = _mm256_setzero_ps();
        for (int64_t p = 0; p < k * step; p += step, from += PANEL_WIDE) {
            __m256 low = _mm256_loadu_ps(from), high = _mm256_loadu_ps(from + 8);
            for (int i = 0; i < 4; i++) {
                __m256 x = _mm256_set1_ps(r[i][p]);
                sum[i][0] = _mm256_fmadd_ps(x, low, sum[i][0]);
                sum[i][1] = _mm256_fmadd_ps(x, high, sum[i][1]);
            }
        }
        for (int i = 0; i < 4; i++, to += ldc) {
            _mm256_storeu_ps(to, add ? _mm256_add_ps(_mm256_loadu_ps(to), sum[i][0]) : sum[i][0]);
            _mm256_storeu_ps(to + 8, add ? _mm256_add_ps(_mm256_loadu_ps(to + 8), sum[i][1]) : sum[i][1]);
        }
    }
}

#endif

/* The kernels that the processor has, the best first; their number is returned. */
static int panel_kernels(panel_kernel *list[2])
{
    int n = 0;
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        list[n++] = panel_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        list[n++] = panel_avx2;
#else
    (void)list;
#endif
    return n;
}

/* A product, or a part of it, whose op(b) has room. */
struct panel_piece {
    struct product_f p;
    float *panel;                /* [k by PANEL_DEPTH][panels][PANEL_DEPTH][PANEL_WIDE] */
    int64_t panels, strips, tiles; /* strips: those to lay out, none when a piece before has the same op(b) */
};

struct panels {
    const struct decoder_env *env;
    panel_kernel *kernel;
    struct panel_piece piece[PANEL_PIECES];
    int64_t pieces, strips, tiles, used;
};

static inline int64_t panel_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Columns j0 .. j0 + n of k rows of op(b), from k0 on, to panels that are `apart` numbers apart. */
HONE_WIDE static void panel_lay(const struct product_f *p, int64_t k0, int64_t j0, int64_t k, int64_t n, float *restrict to, int64_t apart)
{
    const float *restrict from = p->tb ? p->b + j0 * p->ldb + k0 : p->b + k0 * p->ldb + j0;
    if (n % PANEL_WIDE)
        memset(to + n / PANEL_WIDE * apart, 0, (size_t)(k * PANEL_WIDE) * sizeof *to);
    for (int64_t j = 0; p->tb && j < n; j++)
        for (int64_t i = 0; i < k; i++)
            to[j / PANEL_WIDE * apart + i * PANEL_WIDE + j % PANEL_WIDE] = from[j * p->ldb + i];
    for (int64_t i = 0; !p->tb && i < k; i++) {
        int64_t j = 0;
        for (; j + PANEL_WIDE <= n; j += PANEL_WIDE)
            memcpy(to + j / PANEL_WIDE * apart + i * PANEL_WIDE, from + i * p->ldb + j, PANEL_WIDE * sizeof *to);
        for (; j < n; j++)
            to[j / PANEL_WIDE * apart + i * PANEL_WIDE + j % PANEL_WIDE] = from[i * p->ldb + j];
    }
}

static void panel_lay_task(void *arg, int64_t begin, int64_t end)
{
    const struct panels *s = arg;
    const struct panel_piece *t = s->piece;
    int64_t first = 0;
    for (int64_t x = begin; x < end; x++) {
        for (; x - first >= t->strips; t++)
            first += t->strips;
        int64_t j = (x - first) * PANEL_STRIP, n = panel_least(t->p.n - j * PANEL_WIDE, PANEL_STRIP * PANEL_WIDE);
        for (int64_t at = 0; at < t->p.k; at += PANEL_DEPTH) {
            int64_t k = panel_least(t->p.k - at, PANEL_DEPTH);
            panel_lay(&t->p, at, j * PANEL_WIDE, k, n, t->panel + (at * t->panels + j * k) * PANEL_WIDE, k * PANEL_WIDE);
        }
    }
}

/* What lies at the edge of c: m rows and n columns of a kernel's. */
static void panel_edge(const struct panels *s, int64_t k, const float *const *row, int64_t step, const float *panel, int add, int64_t m, int64_t n,
                       float *c, int64_t ldc)
{
    float sums[PANEL_ROWS * PANEL_WIDE];
    s->kernel(k, row, step, panel, 0, sums, PANEL_WIDE);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            c[i * ldc + j] = add ? c[i * ldc + j] + sums[i * PANEL_WIDE + j] : sums[i * PANEL_WIDE + j];
}

static void panel_tile(const struct panels *s, const struct panel_piece *t, int64_t tile)
{
    const struct product_f *p = &t->p;
    float own[PANEL_DEPTH * PANEL_TILE] __attribute__((aligned(64)));
    int64_t down = (p->m + PANEL_TILE - 1) / PANEL_TILE, first = tile % down * PANEL_TILE, m = panel_least(p->m - first, PANEL_TILE);
    int64_t from = tile / down * PANEL_ACROSS, to = panel_least(from + PANEL_ACROSS, t->panels);
    for (int64_t at = 0; at < p->k; at += PANEL_DEPTH) {
        int64_t k = panel_least(p->k - at, PANEL_DEPTH), apart = p->ta ? 1 : p->lda, step = p->ta ? PANEL_TILE : 1;
        const float *a = p->ta ? p->a + at * p->lda + first : p->a + first * p->lda + at;
        for (int64_t i = 0; p->ta && i < k; i++)
            memcpy(own + i * PANEL_TILE, a + i * p->lda, (size_t)m * sizeof *own);
        a = p->ta ? own : a;
        for (int64_t j = from; j < to; j++)
            for (int64_t i = 0; i < m; i += PANEL_ROWS) {
                const float *row[PANEL_ROWS], *panel = t->panel + (at * t->panels + j * k) * PANEL_WIDE;
                float *c = p->c + (first + i) * p->ldc + j * PANEL_WIDE;
                int64_t rows = panel_least(m - i, PANEL_ROWS), columns = panel_least(p->n - j * PANEL_WIDE, PANEL_WIDE);
                int add = at || p->beta != 0;
                for (int64_t r = 0; r < PANEL_ROWS; r++)
                    row[r] = a + panel_least(i + r, m - 1) * apart;
                for (int64_t r = 0; r < rows; r++) {
                    __builtin_prefetch(c + r * p->ldc, 1);
                    __builtin_prefetch(c + r * p->ldc + 16, 1);
                }
                if (rows == PANEL_ROWS && columns == PANEL_WIDE)
                    s->kernel(k, row, step, panel, add, c, p->ldc);
                else
                    panel_edge(s, k, row, step, panel, add, rows, columns, c, p->ldc);
            }
    }
}

static void panel_tile_task(void *arg, int64_t begin, int64_t end)
{
    const struct panels *s = arg;
    const struct panel_piece *t = s->piece;
    int64_t first = 0;
    for (int64_t x = begin; x < end; x++) {
        for (; x - first >= t->tiles; t++)
            first += t->tiles;
        panel_tile(s, t, x - first);
    }
}

/* The longest tiles first, so that the threads end together. */
static void panels_order(struct panels *s)
{
    for (int64_t i = 1; i < s->pieces; i++)
        for (int64_t k = i; k > 0 && s->piece[k].p.k > s->piece[k - 1].p.k; k--) {
            struct panel_piece t = s->piece[k];
            s->piece[k] = s->piece[k - 1];
            s->piece[k - 1] = t;
        }
}

static void panels_flush(struct panels *s)
{
    const struct hone_host *host = s->env->host;
    panels_order(s);
    host->parallel(host, s->strips, 1, panel_lay_task, s);
    host->parallel(host, s->tiles, 1, panel_tile_task, s);
    s->pieces = s->strips = s->tiles = s->used = 0;
}

/* The piece that has laid out the same op(b), or NULL. */
static const struct panel_piece *panels_same(const struct panels *s, const struct product_f *p)
{
    for (int64_t i = 0; i < s->pieces; i++) {
        const struct product_f *q = &s->piece[i].p;
        if (q->b == p->b && q->tb == p->tb && q->ldb == p->ldb && q->n == p->n && q->k == p->k)
            return &s->piece[i];
    }
    return NULL;
}

static void panels_add(struct panels *s, const struct product_f *p, int depends)
{
    int64_t panels = (p->n + PANEL_WIDE - 1) / PANEL_WIDE, need = panels * PANEL_WIDE * p->k;
    if (depends || s->pieces == PANEL_PIECES || (s->used + need > PANEL_ROOM && !panels_same(s, p)))
        panels_flush(s);
    const struct panel_piece *same = panels_same(s, p);
    struct panel_piece *t = &s->piece[s->pieces++];
    *t = (struct panel_piece){ *p, same ? same->panel : s->env->panels + s->used, panels, same ? 0 : (panels + PANEL_STRIP - 1) / PANEL_STRIP,
                               (p->m + PANEL_TILE - 1) / PANEL_TILE * ((panels + PANEL_ACROSS - 1) / PANEL_ACROSS) };
    s->used += same ? 0 : need;
    s->strips += t->strips;
    s->tiles += t->tiles;
}

/* Those whose op(b) has no room at once are cut, by columns and by the inner length. */
static void panels_run(const struct decoder_env *e, panel_kernel *kernel, const struct product_f *p, int64_t n)
{
    struct panels s = { .env = e, .kernel = kernel };
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < p[i].n; j += PANEL_MOST) {
            int64_t wide = panel_least(p[i].n - j, PANEL_MOST), laid = (wide + PANEL_WIDE - 1) / PANEL_WIDE * PANEL_WIDE;
            int64_t deep = PANEL_ROOM / laid / PANEL_DEPTH * PANEL_DEPTH;
            for (int64_t k = 0; k < p[i].k; k += deep) {
                struct product_f part = p[i];
                part.a += p[i].ta ? k * p[i].lda : k;
                part.b += p[i].tb ? j * p[i].ldb + k : k * p[i].ldb + j;
                part.c += j;
                part.n = wide;
                part.k = panel_least(p[i].k - k, deep);
                part.beta = k ? 1 : p[i].beta;
                panels_add(&s, &part, k || p[i].onto);
            }
        }
    panels_flush(&s);
}

/* 1 when the products were done here. */
static int panels_products(const struct decoder_env *e, const struct product_f *p, int64_t n)
{
    panel_kernel *kernel[2];
    if (!e->panels || !panel_kernels(kernel))
        return 0;
    for (int64_t i = 0; i < n; i++)
        if (p[i].m < PANEL_TILE || p[i].n < PANEL_WIDE || p[i].k < PANEL_WIDE || (p[i].beta != 0 && p[i].beta != 1))
            return 0;
    panels_run(e, kernel[0], p, n);
    return 1;
}

#endif
