/* The decoder of model "transformer": scores and every gradient as PyTorch has them, gradients in float64 as differences of the loss
 * show, the same bits for any number of threads, and streams that go on as whole texts would. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/pool.h"
#include "core/host/blas.h"
#include "core/host/services.h"
#include "tests/unit/decoder_reference.h"
#include "tests/unit/suites.h"

#define REAL float
#define REAL_NAME(x) x##_f
#define REAL_EXP hone_expf
#define REAL_LOG hone_logf
#define REAL_GEMM sgemm
#define REAL_PANELS panels_products
#include "plugins/models/decoder.h"
#include "plugins/models/decoder_numbers.h"
#include "plugins/models/decoder_panels.h"
#include "plugins/models/decoder_attention.h"
#include "plugins/models/decoder_pass.h"
#include "plugins/models/decoder_few.h"
#include "plugins/models/decoder_rough.h"
#include "plugins/models/decoder_stream.h"
#undef REAL
#undef REAL_NAME
#undef REAL_EXP
#undef REAL_LOG
#undef REAL_GEMM
#undef REAL_PANELS
#define REAL double
#define REAL_NAME(x) x##_d
#define REAL_EXP exp
#define REAL_LOG log
#define REAL_GEMM dgemm
#include "plugins/models/decoder_numbers.h"
#include "plugins/models/decoder_attention.h"
#include "plugins/models/decoder_pass.h"

enum { TENSORS = 21, MOST = 8192, TOKENS = 13, ROWS = 7, VOCAB = 13 };
static const int64_t starts[] = { 0, 6, 9, 13 };
static const int32_t tokens[TOKENS] = { 1, 5, 2, 9, 12, 3, 4, 4, 7, 11, 0, 8, 6 };
static const int64_t rows[ROWS] = { 2, 3, 4, 5, 7, 8, 12 };
static const int32_t targets[ROWS] = { 9, 2, -1, 5, 7, 1, 0 };
static struct decoder_batch batch = { 3, TOKENS, ROWS, starts, tokens, rows, 0, 11 };

/* Memory of a pass, freed together. */
struct memory {
    void *block[512];
    int n;
    size_t bytes;
};

static void *take(const void *arg, size_t bytes)
{
    struct memory *m = (struct memory *)(intptr_t)arg;
    CU_ASSERT_FATAL(m->n < 512);
    m->bytes += bytes;
    return m->block[m->n++] = calloc(1, bytes + 64);
}

static void release(struct memory *m)
{
    while (m->n)
        free(m->block[--m->n]);
    m->bytes = 0;
}

struct fixture {
    struct pool *pool;
    struct services services;
    struct memory memory;
    struct decoder_env env;
    struct decoder_shape shape;
    float *wf[TENSORS + 1], *gf[TENSORS + 1], turn_f[16 * 4], numbers_f[MOST], grads_f[MOST];
    double *wd[TENSORS + 1], *gd[TENSORS + 1], turn_d[16 * 4], numbers_d[MOST], grads_d[MOST];
    int64_t n; /* numbers of all tensors */
};

static void open_fixture(struct fixture *f, int tied, int threads)
{
    struct hone_err err;
    memset(f, 0, sizeof *f);
    f->pool = pool_new(threads, &err);
    services_init(&f->services, f->pool);
    f->env = (struct decoder_env){ &f->services.host, blas_service(), take, &f->memory, NULL };
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->env.blas);
    f->shape = (struct decoder_shape){ .vocab = VOCAB, .width = 16, .layers = 2, .heads = 4, .kv_heads = 2, .head = 4, .hidden = 24, .context = 16,
                                       .tied = tied, .theta = 10000, .eps = 1e-5 };
    for (int64_t t = 0; t < decoder_tensors(&f->shape); t++) {
        char name[64];
        int64_t dims[2] = { 0, 1 };
        uint32_t nd = decoder_tensor(&f->shape, t, name, dims);
        int64_t size = dims[0] * (nd == 2 ? dims[1] : 1);
        f->wf[t] = f->numbers_f + f->n;
        f->gf[t] = f->grads_f + f->n;
        f->wd[t] = f->numbers_d + f->n;
        f->gd[t] = f->grads_d + f->n;
        for (int64_t i = 0; i < size; i++) {
            f->wd[t][i] = (double)((i * 7919 + t * 104729) % 1009 - 504) / 1260 + (nd == 1);
            f->wf[t][i] = (float)f->wd[t][i];
        }
        f->n += size;
    }
    CU_ASSERT_FATAL(f->n <= MOST);
    make_turns_f(&f->shape, f->turn_f);
    make_turns_d(&f->shape, f->turn_d);
}

static void close_fixture(struct fixture *f)
{
    release(&f->memory);
    pool_free(f->pool);
}

static double loss_d(struct fixture *f, int back, double *scores)
{
    struct tape_d t;
    double d[ROWS * VOCAB], total = 0;
    CU_ASSERT_EQUAL_FATAL(decoder_forward_d(&f->env, &f->shape, &batch, f->turn_d, f->wd, back, &t, scores), 0);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int k = 0; k < VOCAB; k++)
            sum += exp(scores[i * VOCAB + k]);
        total += targets[i] < 0 ? 0 : log(sum) - scores[i * VOCAB + targets[i]];
        for (int k = 0; k < VOCAB; k++)
            d[i * VOCAB + k] = targets[i] < 0 ? 0 : exp(scores[i * VOCAB + k]) / sum - (k == targets[i]);
    }
    if (back)
        CU_ASSERT_EQUAL_FATAL(decoder_backward_d(&f->env, &f->shape, &batch, f->turn_d, f->wd, f->gd, &t, d), 0);
    size_t told = (size_t)pass_numbers_d(&f->shape, TOKENS, ROWS, back) * sizeof(double); /* and a few pointers a layer */
    CU_ASSERT(f->memory.bytes >= told && f->memory.bytes <= told + 1024);
    release(&f->memory);
    return total;
}

static void loss_f(struct fixture *f, float *scores)
{
    struct tape_f t;
    float d[ROWS * VOCAB];
    CU_ASSERT_EQUAL_FATAL(decoder_forward_f(&f->env, &f->shape, &batch, f->turn_f, f->wf, 1, &t, scores), 0);
    for (int i = 0; i < ROWS; i++) {
        float sum = 0;
        for (int k = 0; k < VOCAB; k++)
            sum += hone_expf(scores[i * VOCAB + k]);
        for (int k = 0; k < VOCAB; k++)
            d[i * VOCAB + k] = targets[i] < 0 ? 0 : hone_expf(scores[i * VOCAB + k]) / sum - (float)(k == targets[i]);
    }
    CU_ASSERT_EQUAL_FATAL(decoder_backward_f(&f->env, &f->shape, &batch, f->turn_f, f->wf, f->gf, &t, d), 0);
    CU_ASSERT(f->memory.bytes <= (size_t)pass_numbers_f(&f->shape, TOKENS, ROWS, 1) * sizeof(float) + 1024);
    release(&f->memory);
}

/* The largest difference, relative to the largest number. */
static double off(const double *have, const double *want, int64_t n)
{
    double worst = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs(have[i] - want[i]));
        most = fmax(most, fabs(want[i]));
    }
    return worst / most;
}

static double off_f(const float *have, const double *want, int64_t n)
{
    double wide[MOST];
    for (int64_t i = 0; i < n; i++)
        wide[i] = (double)have[i];
    return off(wide, want, n);
}

static void reference(void)
{
    for (int tied = 0; tied < 2; tied++) {
        static struct fixture f;
        double scores[ROWS * VOCAB];
        float scores_f[ROWS * VOCAB];
        open_fixture(&f, tied, 2);
        const double *want = tied ? decoder_tied_scores : decoder_own_scores, *grad = tied ? decoder_tied_grad : decoder_own_grad;
        CU_ASSERT_DOUBLE_EQUAL(loss_d(&f, 1, scores), tied ? decoder_tied_loss : decoder_own_loss, 1e-9);
        CU_ASSERT(off(scores, want, ROWS * VOCAB) < 1e-10);
        loss_f(&f, scores_f);
        CU_ASSERT(off_f(scores_f, want, ROWS * VOCAB) < 1e-5);
        for (int64_t t = 0; t < decoder_tensors(&f.shape); t++) { /* tensor by tensor: small ones must not hide behind large ones */
            int64_t at = f.gd[t] - f.grads_d, n = (t + 1 < decoder_tensors(&f.shape) ? f.gd[t + 1] - f.grads_d : f.n) - at;
            CU_ASSERT(off(f.gd[t], grad + at, n) < 1e-9);
            CU_ASSERT(off_f(f.gf[t], grad + at, n) < 1e-4);
        }
        close_fixture(&f);
    }
}

static void differences(void)
{
    for (int way = 0; way < 3; way++) { /* the last with numbers left out, the same ones at each loss */
        static struct fixture f;
        double scores[ROWS * VOCAB], plain[ROWS * VOCAB], step = 1e-5, worst = 0;
        open_fixture(&f, way == 1, 1);
        loss_d(&f, 0, plain);
        batch.drop = way == 2 ? 0.3 : 0;
        loss_d(&f, 1, scores);
        CU_ASSERT_EQUAL(memcmp(plain, scores, sizeof scores) == 0, way < 2);
        for (int64_t i = 0; i < f.n; i++) {
            double kept = f.numbers_d[i];
            f.numbers_d[i] = kept + step;
            double above = loss_d(&f, 0, scores);
            f.numbers_d[i] = kept - step;
            double slope = (above - loss_d(&f, 0, scores)) / (2 * step);
            f.numbers_d[i] = kept;
            worst = fmax(worst, fabs(slope - f.grads_d[i]) / fmax(1e-2, fabs(slope)));
        }
        CU_ASSERT(worst < 1e-6);
        if (worst >= 1e-6)
            fprintf(stderr, "a gradient is off by %g\n", worst);
        close_fixture(&f);
    }
    batch.drop = 0;
}

/* The share that is left out, the scale of the rest, and that another seed and another site leave out others. */
static void dropout(void)
{
    enum { N = 40000 };
    static struct fixture f;
    static float x[3][N];
    int64_t gone[3] = { 0 }, both = 0;
    open_fixture(&f, 1, 3);
    for (int k = 0; k < 3; k++) {
        struct decoder_batch b = batch;
        b.drop = 0.25;
        b.seed = k == 2 ? 12 : 11;
        for (int i = 0; i < N; i++)
            x[k][i] = 3;
        drop_f(&f.env, &b, k == 1 ? 5 : 4, N, x[k]);
    }
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < 3; k++) {
            CU_ASSERT(x[k][i] == 0 || x[k][i] == 4);
            gone[k] += x[k][i] == 0;
        }
        both += x[0][i] == 0 && x[1][i] == 0;
        both += x[0][i] == 0 && x[2][i] == 0;
    }
    for (int k = 0; k < 3; k++)
        CU_ASSERT(llabs(gone[k] - N / 4) < 400);      /* more than 4 deviations */
    CU_ASSERT(llabs(both - 2 * N / 16) < 400);
    close_fixture(&f);
}

static void threads(void)
{
    static struct fixture one, more;
    float a[ROWS * VOCAB], b[ROWS * VOCAB];
    open_fixture(&one, 1, 1);
    open_fixture(&more, 1, 5);
    loss_f(&one, a);
    loss_f(&more, b);
    CU_ASSERT(memcmp(a, b, sizeof a) == 0 && memcmp(one.grads_f, more.grads_f, sizeof one.grads_f) == 0);
    close_fixture(&one);
    close_fixture(&more);
}

/* A product that is large enough to be cut into tiles. */
static void products(void)
{
    enum { M = 150, N = 330, K = 70 };
    static struct fixture f, one;
    static float a[M * K], b[N * K], c[M * N], d[M * N];
    open_fixture(&f, 1, 3);
    open_fixture(&one, 1, 1);
    for (int i = 0; i < M * K; i++)
        a[i] = (float)((i * 37) % 101 - 50) / 50;
    for (int i = 0; i < N * K; i++)
        b[i] = (float)((i * 53) % 97 - 48) / 48;
    product_f(&f.env, 0, 1, M, N, K, a, K, b, K, 0, c, N);
    product_f(&one.env, 0, 1, M, N, K, a, K, b, K, 0, d, N);
    CU_ASSERT(memcmp(c, d, sizeof c) == 0);
    double worst = 0;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += (double)a[i * K + k] * (double)b[j * K + k];
            worst = fmax(worst, fabs(sum - (double)c[i * N + j]));
        }
    CU_ASSERT(worst < 1e-4);
    close_fixture(&f);
    close_fixture(&one);
}

static float small_number(int64_t i)
{
    return (float)(i * 7919 % 2003 - 1001) / 1003;
}

/* What decoder_panels.h says that a product is, number by number. */
static void by_panels(const struct product_f *p)
{
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++)
            for (int64_t at = 0; at < p->k; at += PANEL_DEPTH) {
                float sum = 0, *c = p->c + i * p->ldc + j;
                for (int64_t k = at; k < p->k && k < at + PANEL_DEPTH; k++)
                    sum = fmaf(p->a[p->ta ? k * p->lda + i : i * p->lda + k], p->b[p->tb ? j * p->ldb + k : k * p->ldb + j], sum);
                *c = at || p->beta != 0 ? *c + sum : sum;
            }
}

/* Each kernel sums as it is said, bit by bit: with edges, laid out either way, cut where there is no room, on any number of threads. */
static void panels(void)
{
    enum { MOST_A = 1500 * 72, MOST_B = 1500 * 1100, MOST_C = 200 * 1100 };
    static const int64_t sizes[][3] = { { 64, 32, 40 }, { 71, 45, 300 }, { 130, 300, 257 }, { 64, 1100, 300 }, { 66, 300, 1500 } };
    static float a[MOST_A], b[MOST_B], want[MOST_C], have[MOST_C], room[PANEL_ROOM];
    static struct fixture f[2];
    panel_kernel *kernel[2];
    int kernels = panel_kernels(kernel);
    for (int64_t i = 0; i < MOST_B; i++)
        b[i] = small_number(i + 5);
    for (int64_t i = 0; i < MOST_A; i++)
        a[i] = small_number(i);
    for (int i = 0; i < 2; i++) {
        open_fixture(&f[i], 1, 1 + 2 * i);
        f[i].env.panels = room;
    }
    for (int way = 0; way < 8; way++)
        for (size_t x = 0; x < sizeof sizes / sizeof sizes[0]; x++) {
            int64_t m = sizes[x][0], n = sizes[x][1], k = sizes[x][2];
            int ta = way & 1, tb = way >> 1 & 1;
            struct product_f p = { .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .a = a, .lda = ta ? m : k, .b = b, .ldb = tb ? k : n,
                                   .beta = (float)(way >> 2), .c = want, .ldc = n + 3 };
            for (int64_t i = 0; i < MOST_C; i++)
                want[i] = small_number(i + 11);
            by_panels(&p);
            p.c = have;
            for (int run = 0; run < 2 * kernels; run++) {
                for (int64_t i = 0; i < MOST_C; i++)
                    have[i] = small_number(i + 11);
                panels_run(&f[run % 2].env, kernel[run / 2], &p, 1);
                CU_ASSERT(memcmp(want, have, sizeof have) == 0);
            }
        }
    for (int i = 0; i < 2; i++)
        close_fixture(&f[i]);
}

/* A list of more products than are taken together: some with the same b, one on top of another, one left out. */
static void panel_lists(void)
{
    enum { M = 70, N = 90, K = 64, LIST = 12 };
    static struct fixture f;
    static float a[M * K], b[3][N * K], want[LIST][M * N], have[LIST][M * N], room[PANEL_ROOM];
    struct product_f list[LIST];
    panel_kernel *kernel[2];
    for (int64_t i = 0; i < M * K; i++)
        a[i] = small_number(i);
    for (int64_t i = 0; i < 3 * N * K; i++)
        b[i / (N * K)][i % (N * K)] = small_number(i + 3);
    for (int i = 0; i < LIST; i++) {
        list[i] = linear_f(M, i % 4 == 3 ? K / 2 : K, N, a, b[i % 3], 0, i == 7 ? NULL : want[i]);
        list[i].onto = i == 5;
        list[i].beta = (float)list[i].onto;
        list[i].c = i == 5 ? want[4] : list[i].c;
        if (list[i].c)
            by_panels(&list[i]);
        list[i].c = !list[i].c ? NULL : i == 5 ? have[4] : have[i];
    }
    open_fixture(&f, 1, 3);
    f.env.panels = room;
    products_f(&f.env, list, LIST);
    CU_ASSERT(panel_kernels(kernel) == 0 || memcmp(want, have, sizeof have) == 0);
    close_fixture(&f);
}

/* Several products at once, one on top of another and one left out: as one by one, on any number of threads. */
static void lists(void)
{
    enum { M = 400, N = 210, K = 90 };
    static struct fixture f, one;
    static float a[M * K], b[N * K], c[M * N], d[M * N], sum[M * N], other[K * K];
    open_fixture(&f, 1, 3);
    open_fixture(&one, 1, 1);
    for (int i = 0; i < M * K; i++)
        a[i] = (float)((i * 37) % 101 - 50) / 50;
    for (int i = 0; i < N * K; i++)
        b[i] = (float)((i * 53) % 97 - 48) / 48;
    for (int threads = 0; threads < 2; threads++) {
        struct decoder_env *e = threads ? &f.env : &one.env;
        float *to = threads ? d : c;
        struct product_f list[] = { linear_f(M, K, N, a, b, 0, to), linear_f(M, K, N, a, b, 1, to), linear_dw_f(M, K, K, a, a, NULL),
                                    linear_dw_f(M, K, K, a, a, other) };
        list[1].onto = 1;
        memset(other, 0, sizeof other);
        products_f(e, list, 4);
    }
    CU_ASSERT(memcmp(c, d, sizeof c) == 0);
    product_f(&f.env, 0, 1, M, N, K, a, K, b, K, 0, sum, N);
    double worst = 0;
    for (int i = 0; i < M * N; i++)
        worst = fmax(worst, fabs(2 * (double)sum[i] - (double)c[i]));
    CU_ASSERT(worst < 1e-4);
    for (int i = 0; i < K; i++)
        for (int j = 0; j < K; j++) {
            double want = 0;
            for (int k = 0; k < M; k++)
                want += (double)a[k * K + i] * (double)a[k * K + j];
            worst = fmax(worst, fabs(want - (double)other[i * K + j]));
        }
    CU_ASSERT(worst < 1e-3);
    close_fixture(&f);
    close_fixture(&one);
}

/* Sums of a few rows: right for lengths that fill no lanes, and the same bits beside other rows, in parts and on threads. */
static void few_rows(void)
{
    enum { N = 7, OUT = 1031, IN = 70 };
    static struct fixture f;
    static float x[N * IN], w[OUT * IN], y[N * OUT], one[OUT], more[3][N * OUT];
    open_fixture(&f, 1, 3);
    for (int i = 0; i < N * IN; i++)
        x[i] = (float)((i * 37) % 101 - 50) / 50;
    for (int i = 0; i < OUT * IN; i++)
        w[i] = (float)((i * 53) % 97 - 48) / 48;
    few_dots(x, N, w, OUT, IN, y, OUT);
    double worst = 0;
    for (int i = 0; i < N; i++) {
        for (int o = 0; o < OUT; o++) {
            double sum = 0;
            for (int k = 0; k < IN; k++)
                sum += (double)x[i * IN + k] * (double)w[o * IN + k];
            worst = fmax(worst, fabs(sum - (double)y[i * OUT + o]));
        }
        few_dots(x + i * IN, 1, w, 501, IN, one, OUT);
        few_dots(x + i * IN, 1, w + 501 * IN, OUT - 501, IN, one + 501, OUT);
        CU_ASSERT(memcmp(one, y + i * OUT, sizeof one) == 0);
    }
    CU_ASSERT(worst < 1e-4);
    struct few t = { x, N, IN, 3, { { w, more[0], 333, NULL }, { w + 333 * IN, more[1], 1, NULL }, { w + 334 * IN, more[2], OUT - 334, NULL } } };
    few_run(&f.env, &t);
    for (int i = 0; i < N; i++) {
        CU_ASSERT(memcmp(more[0] + i * 333, y + i * OUT, 333 * sizeof *y) == 0 && memcmp(more[1] + i, y + i * OUT + 333, sizeof *y) == 0);
        CU_ASSERT(memcmp(more[2] + i * (OUT - 334), y + i * OUT + 334, (OUT - 334) * sizeof *y) == 0);
    }
    close_fixture(&f);
}

/* Any number of rows, with lengths that fill lanes, leave some empty or fill none, and matrices whose rows come in fours or not. */
static void few_shapes(void)
{
    enum { MOST_ROWS = 17, MOST_OUT = 11, MOST_IN = 48 };
    static const int outs[] = { 1, 4, 11 }, ins[] = { 5, 16, 43, 48 };
    static float x[MOST_ROWS * MOST_IN], w[MOST_OUT * MOST_IN], y[MOST_ROWS * MOST_OUT], one[MOST_OUT];
    for (int i = 0; i < MOST_ROWS * MOST_IN; i++)
        x[i] = (float)((i * 37) % 101 - 50) / 50;
    for (int i = 0; i < MOST_OUT * MOST_IN; i++)
        w[i] = (float)((i * 53) % 97 - 48) / 48;
    for (int n = 1; n <= MOST_ROWS; n++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 4; b++) {
                int out = outs[a], in = ins[b];
                few_dots(x, n, w, out, in, y, out);
                for (int i = 0; i < n; i++) {
                    for (int o = 0; o < out; o++) {
                        double sum = 0;
                        for (int k = 0; k < in; k++)
                            sum += (double)x[i * in + k] * (double)w[o * in + k];
                        CU_ASSERT(fabs(sum - (double)y[i * out + o]) < 1e-5);
                    }
                    few_dots(x + i * in, 1, w, out, in, one, out);
                    CU_ASSERT(memcmp(one, y + i * out, (size_t)out * sizeof *y) == 0);
                }
            }
}

/* Text by text, in a first part and then token by token, beside another: the scores of the whole, and the same bits alone and together. */
static void streams(void)
{
    static struct fixture f;
    static float store[8][4096];
    float whole[ROWS * VOCAB], together[2 * VOCAB], alone[VOCAB];
    open_fixture(&f, 1, 2);
    loss_f(&f, whole);
    struct decoder_stream s[4];
    for (int i = 0; i < 4; i++)
        s[i] = (struct decoder_stream){ 0, store[2 * i], store[2 * i + 1] };
    struct decoder_stream *both[2] = { &s[0], &s[1] }, *single[1] = { &s[2] };
    int64_t first[2] = { 0, 4 }, other[2] = { 0, 1 }, each[3] = { 0, 1, 2 };
    int32_t next[2];
    decoder_go_on(&f.env, &f.shape, &both[0], 1, 0, first, other, tokens, f.turn_f, f.wf, NULL, together);
    decoder_go_on(&f.env, &f.shape, &both[1], 1, 1, other, other, tokens + 6, f.turn_f, f.wf, NULL, together + VOCAB);
    decoder_go_on(&f.env, &f.shape, single, 1, 0, first, other, tokens, f.turn_f, f.wf, NULL, alone);
    CU_ASSERT(memcmp(alone, together, sizeof alone) == 0);
    for (int i = 0; i < 2; i++) {
        next[0] = tokens[4 + i];
        next[1] = tokens[7 + i];
        decoder_go_on(&f.env, &f.shape, both, 2, 1, each, each, next, f.turn_f, f.wf, NULL, together);
        decoder_go_on(&f.env, &f.shape, single, 1, 1, other, other, next, f.turn_f, f.wf, NULL, alone);
        CU_ASSERT(memcmp(alone, together, sizeof alone) == 0);
        for (int k = 0; k < VOCAB; k++) {
            CU_ASSERT_DOUBLE_EQUAL((double)together[k], (double)whole[(2 + i) * VOCAB + k], 1e-4);
            CU_ASSERT_DOUBLE_EQUAL((double)together[VOCAB + k], (double)whole[(4 + i) * VOCAB + k], 1e-4);
        }
    }
    close_fixture(&f);
}

/* Several tokens of an answer in one pass: a row for each that is asked for, with the bits of one pass a token, also after some were forgotten. */
static void guesses(void)
{
    static struct fixture f;
    static float store[4][4096];
    float one[4][VOCAB], many[4 * VOCAB];
    int64_t start[2] = { 0, 1 }, all[2] = { 0, 4 }, row[2] = { 0, 3 };
    static const int32_t wrong[4] = { 3, 0, 1, 7 };
    open_fixture(&f, 0, 2);
    CU_ASSERT_FATAL(stream_numbers(&f.shape) <= 4096);
    struct decoder_stream a = { 0, store[0], store[1] }, b = { 0, store[2], store[3] }, *first = &a, *second = &b;
    for (int i = 0; i < 4; i++)
        decoder_go_on(&f.env, &f.shape, &first, 1, 1, start, start, tokens + i, f.turn_f, f.wf, NULL, one[i]);
    decoder_go_on(&f.env, &f.shape, &second, 1, 1, start, start, tokens, f.turn_f, f.wf, NULL, many);
    decoder_go_on(&f.env, &f.shape, &second, 1, 1, all, all, wrong, f.turn_f, f.wf, NULL, many);
    CU_ASSERT(memcmp(many, one[1], sizeof one[1]) != 0);
    b.n = 0;
    decoder_go_on(&f.env, &f.shape, &second, 1, 1, all, row, tokens, f.turn_f, f.wf, NULL, many);
    CU_ASSERT(memcmp(many, one[1], 3 * sizeof one[1]) == 0 && a.n == 4 && b.n == 4);
    b.n = 1; /* the same roughly, which leaves no trace once it is forgotten */
    struct rough_matrix *rough = rough_make(f.env.host, &f.shape, f.wf);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rough);
    double off = 0, size = 0;
    for (int i = 1; i < 4; i++) {
        decoder_go_on(&f.env, &f.shape, &second, 1, 1, start, start, tokens + i, f.turn_f, f.wf, rough, many);
        for (int k = 0; k < VOCAB; k++) {
            off += pow((double)(many[k] - one[i][k]), 2);
            size += pow((double)one[i][k], 2);
        }
    }
    CU_ASSERT(off > 0 && off < 0.002 * size && rough_size(&f.shape) > 0 && b.n == 4);
    b.n = 0;
    decoder_go_on(&f.env, &f.shape, &second, 1, 1, all, row, tokens, f.turn_f, f.wf, NULL, many);
    CU_ASSERT(memcmp(many, one[1], 3 * sizeof one[1]) == 0);
    rough_free(f.env.host, &f.shape, rough);
    close_fixture(&f);
}

/* Products with matrices of eight bits: near to the true ones, also where rows are longer than a block of sums, of zeros, or all of the largest. */
static void rough_products(void)
{
    static struct fixture f;
    static float x[2 * 9000], w[7 * 9000], y[2 * 7];
    static const int64_t length[] = { 1, 63, 70, 256, 9000 };
    open_fixture(&f, 0, 2);
    for (size_t k = 0; k < sizeof length / sizeof length[0]; k++)
        for (int flat = 0; flat < 2; flat++) {
            int64_t in = length[k], wide = rough_wide(in);
            static int8_t rounded[7 * 9024];
            static int16_t room[2 * 9024];
            float step[7], scale[2];
            for (int64_t i = 0; i < 7 * in; i++)
                w[i] = i / in == 3 ? 0 : flat ? 2 : (float)sin((double)(i * i % 1013));
            for (int64_t i = 0; i < 2 * in; i++)
                x[i] = flat ? -3 : (float)cos((double)(i * i % 907)) / 50;
            struct rough_matrix m = { rounded, step, 7, in, wide };
            rough_round_task(&(struct rounding){ w, &m }, 0, 7);
            const struct few t = { x, 2, in, 1, { { w, y, 7, &m } } };
            rough_run(&f.env, &(struct rough_few){ &t, room, scale });
            for (int i = 0; i < 14; i++) {
                double sum = 0, size = 0;
                for (int64_t j = 0; j < in; j++) {
                    double part = (double)x[i / 7 * in + j] * (double)w[i % 7 * in + j];
                    sum += part;
                    size += part * part;
                }
                CU_ASSERT(fabs(sum - (double)y[i]) <= (flat ? 1e-3 * fabs(sum) : 0.03 * sqrt(size)));
            }
        }
    close_fixture(&f);
}

int test_decoder(void)
{
    CU_pSuite suite = CU_add_suite("decoder", NULL, NULL);
    return suite && CU_add_test(suite, "scores and gradients are PyTorch's", reference) && CU_add_test(suite, "gradients are differences", differences)
           && CU_add_test(suite, "numbers left out", dropout)
           && CU_add_test(suite, "any number of threads", threads) && CU_add_test(suite, "products in tiles", products)
           && CU_add_test(suite, "products together", lists) && CU_add_test(suite, "products by panels", panels)
           && CU_add_test(suite, "products by panels together", panel_lists)
           && CU_add_test(suite, "sums of a few rows", few_rows) && CU_add_test(suite, "sums of any number of rows", few_shapes) && CU_add_test(suite, "streams", streams)
           && CU_add_test(suite, "several tokens at once", guesses)
           && CU_add_test(suite, "products of eight bits", rough_products) ? 0 : -1;
}
