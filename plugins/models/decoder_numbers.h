/* Loops over numbers of the decoder, for the type REAL: included once for each type, with REAL, REAL_NAME(x) (a name of its own for
 * each type), REAL_EXP, REAL_LOG and REAL_GEMM (a member of the BLAS service) defined, and REAL_PANELS where the type has products of its
 * own. Not guarded against being included again. */

/* c[m][n] = op(a) op(b) + beta c. */
struct REAL_NAME(product) {
    int ta, tb;
    int64_t m, n, k;
    const REAL *a, *b;
    int64_t lda, ldb;
    REAL beta, *c;
    int64_t ldc;
    int onto;                    /* comes on top of the product before it in the list, in the same c, of the same m and n */
    int64_t tm, tn, tiles;       /* filled by products() */
};

struct REAL_NAME(products) {
    const struct decoder_env *env;
    const struct REAL_NAME(product) *p;
    int64_t n;
};

static void REAL_NAME(product_tile)(const struct decoder_env *e, const struct REAL_NAME(product) *p, int64_t tile)
{
    int64_t across = (p->n + p->tn - 1) / p->tn, i = tile / across * p->tm, j = tile % across * p->tn;
    int64_t m = p->m - i < p->tm ? p->m - i : p->tm, n = p->n - j < p->tn ? p->n - j : p->tn;
    e->blas->REAL_GEMM(p->ta, p->tb, m, n, p->k, 1, p->a + (p->ta ? i : i * p->lda), p->lda, p->b + (p->tb ? j * p->ldb : j), p->ldb,
                       p->beta, p->c + i * p->ldc + j, p->ldc);
}

static void REAL_NAME(products_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(products) *s = arg;
    const struct REAL_NAME(product) *p = s->p, *last = s->p + s->n;
    int64_t first = 0;
    for (int64_t t = begin; t < end; t++) {
        for (; t - first >= p->tiles; p++)
            first += p->tiles;
        REAL_NAME(product_tile)(s->env, p, t - first);
        for (const struct REAL_NAME(product) *on = p + 1; on < last && on->onto; on++)
            REAL_NAME(product_tile)(s->env, on, t - first);
    }
}

#ifdef REAL_PANELS
static int REAL_PANELS(const struct decoder_env *e, const struct REAL_NAME(product) *p, int64_t n);
#endif

/* Products that do not depend on one another but by `onto`, all tiles on all threads at once. Those without c are left out. */
static void REAL_NAME(products)(const struct decoder_env *e, struct REAL_NAME(product) *p, int64_t n)
{
    int64_t tiles = 0, kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (p[i].c)
            p[kept++] = p[i];
#ifdef REAL_PANELS
    if (kept > 0 && REAL_PANELS(e, p, kept))
        return;
#endif
    for (int64_t i = 0; i < kept; i++) {
        decoder_tiles(p[i].m, p[i].n, p[i].k, &p[i].tm, &p[i].tn);
        if (i > 0 && p[i].onto) { /* cut as the one before */
            p[i].tm = p[i - 1].tm;
            p[i].tn = p[i - 1].tn;
        }
        p[i].tiles = p[i].onto ? 0 : ((p[i].m + p[i].tm - 1) / p[i].tm) * ((p[i].n + p[i].tn - 1) / p[i].tn);
        tiles += p[i].tiles;
    }
    struct REAL_NAME(products) s = { e, p, kept };
    e->host->parallel(e->host, tiles, 1, REAL_NAME(products_task), &s);
}

__attribute__((unused)) static void REAL_NAME(product)(const struct decoder_env *e, int ta, int tb, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                               const REAL *b, int64_t ldb, REAL beta, REAL *c, int64_t ldc)
{
    struct REAL_NAME(product) p = { .ta = ta, .tb = tb, .m = m, .n = n, .k = k, .a = a, .b = b, .lda = lda, .ldb = ldb, .beta = beta, .c = c, .ldc = ldc };
    REAL_NAME(products)(e, &p, 1);
}

/* y[n][out] = x[n][in] w^T + beta y, and its two gradients: dx = dy w + beta dx, dw += dy^T x. */
static struct REAL_NAME(product) REAL_NAME(linear)(int64_t n, int64_t in, int64_t out, const REAL *x, const REAL *w, REAL beta, REAL *y)
{
    return (struct REAL_NAME(product)){ .tb = 1, .m = n, .n = out, .k = in, .a = x, .lda = in, .b = w, .ldb = in, .beta = beta, .c = y, .ldc = out };
}

static struct REAL_NAME(product) REAL_NAME(linear_dx)(int64_t n, int64_t in, int64_t out, const REAL *dy, const REAL *w, int onto, REAL *dx)
{
    return (struct REAL_NAME(product)){ .m = n, .n = in, .k = out, .a = dy, .lda = out, .b = w, .ldb = in, .beta = (REAL)onto, .c = dx, .ldc = in, .onto = onto };
}

static struct REAL_NAME(product) REAL_NAME(linear_dw)(int64_t n, int64_t in, int64_t out, const REAL *dy, const REAL *x, REAL *dw)
{
    return (struct REAL_NAME(product)){ .ta = 1, .m = out, .n = in, .k = n, .a = dy, .lda = out, .b = x, .ldb = in, .beta = 1, .c = dw, .ldc = in };
}

/* products() of a list that stands here. */
#define DEC_PRODUCTS(e, ...) \
    do { \
        struct REAL_NAME(product) list_[] = { __VA_ARGS__ }; \
        REAL_NAME(products)(e, list_, (int64_t)(sizeof list_ / sizeof list_[0])); \
    } while (0)

/* Sums in sixteen lanes, added in order. */
HONE_WIDE static REAL REAL_NAME(dot)(const REAL *restrict a, const REAL *restrict b, int64_t n)
{
    REAL lane[16] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++)
            lane[j] += a[i + j] * b[i + j];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (int j = 0; j < 16; j++)
        sum += lane[j];
    return sum;
}

HONE_WIDE static void REAL_NAME(scale_by)(const REAL *restrict x, const REAL *restrict w, REAL r, int64_t n, REAL *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * r * w[i];
}

struct REAL_NAME(drop) {
    REAL *x, scale;
    uint32_t first, second, below;
};

/* Number i stays when the 32 bits that it and the keys are mixed to (MurmurHash3's finalizer) are not below a bound. */
HONE_WIDE static void REAL_NAME(drop_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(drop) t = *(const struct REAL_NAME(drop) *)arg;
    for (int64_t i = begin; i < end; i++) {
        uint32_t h = (uint32_t)i + t.first;
        h = (h ^ h >> 16) * 0x85ebca6bu;
        h = (h ^ h >> 13) * 0xc2b2ae35u;
        h = ((h ^ h >> 16) ^ t.second) * 0x9e3779b1u;
        h ^= h >> 15;
        t.x[i] = h >= t.below ? t.x[i] * t.scale : 0;
    }
}

/* Dropout (Srivastava et al., 2014): leaves out the share b->drop of x[n] and scales the rest, the same ones each time for a site. For
 * gradients as for what they are the gradients of. */
static void REAL_NAME(drop)(const struct decoder_env *e, const struct decoder_batch *b, int64_t site, int64_t n, REAL *x)
{
    uint64_t key = hone_draw(b->seed, (uint64_t)site);
    struct REAL_NAME(drop) t = { .x = x, .scale = (REAL)(1 / (1 - b->drop)), .first = (uint32_t)key, .second = (uint32_t)(key >> 32),
                                 .below = (uint32_t)(b->drop * 4294967296.0) };
    if (b->drop > 0)
        e->host->parallel(e->host, n, DEC_GRAIN, REAL_NAME(drop_task), &t);
}

struct REAL_NAME(norm) {
    const REAL *x, *w, *dy;
    REAL *y, *r, *dx, *part;     /* part: [blocks][width] of the gradient of w */
    int64_t n, width;
    REAL eps;
};

static void REAL_NAME(norm_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(norm) *t = arg;
    for (int64_t i = begin; i < end; i++) {
        const REAL *x = t->x + i * t->width;
        t->r[i] = (REAL)(1 / sqrt((double)(REAL_NAME(dot)(x, x, t->width) / (REAL)t->width + t->eps)));
        REAL_NAME(scale_by)(x, t->w, t->r[i], t->width, t->y + i * t->width);
    }
}

/* y = x / rms(x) * w; r[i] gets 1 / rms of row i. */
static void REAL_NAME(norm)(const struct decoder_env *e, int64_t n, int64_t width, double eps, const REAL *x, const REAL *w, REAL *r, REAL *y)
{
    struct REAL_NAME(norm) t = { .x = x, .w = w, .y = y, .r = r, .n = n, .width = width, .eps = (REAL)eps };
    e->host->parallel(e->host, n, decoder_grain(width), REAL_NAME(norm_task), &t);
}

static void REAL_NAME(norm_again_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(norm) *t = arg;
    for (int64_t i = begin; i < end; i++)
        REAL_NAME(scale_by)(t->x + i * t->width, t->w, t->r[i], t->width, t->y + i * t->width);
}

/* y once more, from r. */
static void REAL_NAME(norm_again)(const struct decoder_env *e, int64_t n, int64_t width, const REAL *x, const REAL *w, REAL *r, REAL *y)
{
    struct REAL_NAME(norm) t = { .x = x, .w = w, .y = y, .r = r, .n = n, .width = width };
    e->host->parallel(e->host, n, decoder_grain(width), REAL_NAME(norm_again_task), &t);
}

#define DEC_NORM_ROWS 64 /* rows whose part of the gradient of w is summed together: part of the results */

HONE_WIDE static void REAL_NAME(norm_row_back)(const REAL *restrict x, const REAL *restrict w, const REAL *restrict dy, REAL r, REAL pull, int64_t n,
                                               REAL *restrict dx, REAL *restrict part)
{
    for (int64_t i = 0; i < n; i++) {
        dx[i] += dy[i] * w[i] * r - x[i] * pull;
        part[i] += dy[i] * x[i] * r;
    }
}

HONE_WIDE static REAL REAL_NAME(dot3)(const REAL *restrict a, const REAL *restrict b, const REAL *restrict c, int64_t n)
{
    REAL lane[16] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++)
            lane[j] += a[i + j] * b[i + j] * c[i + j];
    for (; i < n; i++)
        sum += a[i] * b[i] * c[i];
    for (int j = 0; j < 16; j++)
        sum += lane[j];
    return sum;
}

static void REAL_NAME(norm_back_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(norm) *t = arg;
    for (int64_t b = begin; b < end; b++) {
        REAL *part = t->part + b * t->width;
        memset(part, 0, (size_t)t->width * sizeof *part);
        for (int64_t i = b * DEC_NORM_ROWS; i < t->n && i < (b + 1) * DEC_NORM_ROWS; i++) {
            const REAL *x = t->x + i * t->width, *dy = t->dy + i * t->width;
            REAL r = t->r[i], pull = REAL_NAME(dot3)(dy, t->w, x, t->width) * r * r * r / (REAL)t->width;
            REAL_NAME(norm_row_back)(x, t->w, dy, r, pull, t->width, t->dx + i * t->width, part);
        }
    }
}

/* dx += the gradient of x, dw (may be NULL) += that of w. -1 when memory ran out. */
static int REAL_NAME(norm_back)(const struct decoder_env *e, int64_t n, int64_t width, const REAL *x, const REAL *w, REAL *r, const REAL *dy, REAL *dx,
                                REAL *dw)
{
    int64_t blocks = (n + DEC_NORM_ROWS - 1) / DEC_NORM_ROWS;
    struct REAL_NAME(norm) t = { .x = x, .w = w, .dy = dy, .r = r, .dx = dx, .n = n, .width = width };
    if (!(t.part = e->take(e->arg, (size_t)(blocks * width) * sizeof *t.part)))
        return -1;
    e->host->parallel(e->host, blocks, 1, REAL_NAME(norm_back_task), &t);
    for (int64_t b = 0; dw && b < blocks; b++)
        for (int64_t i = 0; i < width; i++)
            dw[i] += t.part[b * width + i];
    return 0;
}

/* ---- the gated unit ---- */

struct REAL_NAME(gate) {
    const REAL *gate, *up;
    REAL *act, *d_gate, *d_up;   /* d_gate holds the gradient of act at first */
};

HONE_WIDE static void REAL_NAME(gate_run)(const REAL *restrict g, const REAL *restrict u, int64_t n, REAL *restrict act)
{
    for (int64_t i = 0; i < n; i++)
        act[i] = g[i] / (1 + REAL_EXP(-g[i])) * u[i];
}

HONE_WIDE static void REAL_NAME(gate_run_back)(const REAL *restrict g, const REAL *restrict u, int64_t n, REAL *restrict act, REAL *restrict dg,
                                               REAL *restrict du)
{
    for (int64_t i = 0; i < n; i++) {
        REAL s = 1 / (1 + REAL_EXP(-g[i])), d = dg[i];
        act[i] = g[i] * s * u[i];
        du[i] = d * (g[i] * s);
        dg[i] = d * u[i] * (s * (1 + g[i] * (1 - s)));
    }
}

static void REAL_NAME(gate_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(gate) *t = arg;
    if (t->d_gate)
        REAL_NAME(gate_run_back)(t->gate + begin, t->up + begin, end - begin, t->act + begin, t->d_gate + begin, t->d_up + begin);
    else
        REAL_NAME(gate_run)(t->gate + begin, t->up + begin, end - begin, t->act + begin);
}

/* act = silu(gate) up, for n numbers (Shazeer, 2020, "GLU variants improve transformer"). */
static void REAL_NAME(gate)(const struct decoder_env *e, int64_t n, const REAL *gate, const REAL *up, REAL *act)
{
    struct REAL_NAME(gate) t = { .gate = gate, .up = up, .act = act };
    e->host->parallel(e->host, n, DEC_GRAIN / 4, REAL_NAME(gate_task), &t);
}

/* act once more, and the gradients: d_gate holds that of act and gets its own. */
static void REAL_NAME(gate_back)(const struct decoder_env *e, int64_t n, const REAL *gate, const REAL *up, REAL *act, REAL *d_gate, REAL *d_up)
{
    struct REAL_NAME(gate) t = { .gate = gate, .up = up, .act = act, .d_gate = d_gate, .d_up = d_up };
    e->host->parallel(e->host, n, DEC_GRAIN / 4, REAL_NAME(gate_task), &t);
}

/* ---- rotary positions (Su et al., 2021, "RoFormer"), halves as in Hugging Face's Llama ---- */

HONE_WIDE static void REAL_NAME(rotate)(REAL *restrict low, REAL *restrict high, const REAL *restrict cosine, const REAL *restrict sine, REAL sign, int64_t half)
{
    for (int64_t i = 0; i < half; i++) {
        REAL a = low[i], b = high[i], s = sign * sine[i];
        low[i] = a * cosine[i] - b * s;
        high[i] = b * cosine[i] + a * s;
    }
}

/* Turns the heads of one token at a position; sign -1 turns back. turn[position]: cosines, then sines. */
static void REAL_NAME(turn)(REAL *x, int64_t heads, int64_t head, const REAL *turn, int64_t position, REAL sign)
{
    const REAL *t = turn + position * head;
    for (int64_t h = 0; h < heads; h++)
        REAL_NAME(rotate)(x + h * head, x + h * head + head / 2, t, t + head / 2, sign, head / 2);
}

static void REAL_NAME(make_turns)(const struct decoder_shape *s, REAL *turn)
{
    int64_t half = s->head / 2;
    for (int64_t p = 0; p < s->context; p++)
        for (int64_t i = 0; i < half; i++) {
            double angle = (double)p * pow(s->theta, -2.0 * (double)i / (double)s->head);
            turn[p * s->head + i] = (REAL)cos(angle);
            turn[p * s->head + half + i] = (REAL)sin(angle);
        }
}
