/* Attention of the decoder, for the type REAL (see decoder_numbers.h). Each query head of a group shares the keys and values of one
 * head (Ainslie et al., 2023, "GQA"). A text attends to itself alone. Scores of DEC_QUERIES queries at a time: memory grows with the
 * length of a text, not with its square; the backward pass makes them once more. */

struct REAL_NAME(attention) {
    const struct decoder_env *env;
    const struct decoder_shape *shape;
    const struct decoder_batch *b;
    const REAL *q, *k, *v, *turn;     /* [tokens][heads * head], [tokens][kv_heads * head] */
    REAL *out, *lse;                  /* [tokens][heads * head]; [tokens][heads] logarithm of the sum of exponentials */
    const REAL *d_out;
    REAL *dq, *dk, *dv;
    int failed;                       /* memory ran out */
};

HONE_WIDE static REAL REAL_NAME(soften)(REAL *restrict s, int64_t n)
{
    REAL lane[16], top = s[0], sum = 0, part[16] = { 0 };
    int64_t j = 0;
    for (int i = 0; i < 16; i++)
        lane[i] = s[0];
    for (; j + 16 <= n; j += 16)
        for (int i = 0; i < 16; i++)
            lane[i] = s[j + i] > lane[i] ? s[j + i] : lane[i];
    for (; j < n; j++)
        top = s[j] > top ? s[j] : top;
    for (int i = 0; i < 16; i++)
        top = lane[i] > top ? lane[i] : top;
    for (j = 0; j < n; j++)
        s[j] = REAL_EXP(s[j] - top);
    for (j = 0; j + 16 <= n; j += 16)
        for (int i = 0; i < 16; i++)
            part[i] += s[j + i];
    for (; j < n; j++)
        sum += s[j];
    for (int i = 0; i < 16; i++)
        sum += part[i];
    REAL share = 1 / sum;
    for (j = 0; j < n; j++)
        s[j] *= share;
    return top + REAL_LOG(sum);
}

/* s becomes the shares, d their scores' gradient from that of the shares. */
HONE_WIDE static void REAL_NAME(soften_back)(REAL *restrict s, REAL *restrict d, REAL lse, REAL mean, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        s[j] = REAL_EXP(s[j] - lse);
        d[j] = s[j] * (d[j] - mean);
    }
}

#define DEC_QUERIES 64

/* Heads of one group of one text. */
static void REAL_NAME(attend)(const struct REAL_NAME(attention) *a, int64_t text, int64_t group, REAL *s)
{
    const struct decoder_shape *c = a->shape;
    int64_t from = a->b->start[text], n = a->b->start[text + 1] - from, share = c->heads / c->kv_heads, lq = c->heads * c->head, lk = c->kv_heads * c->head;
    const REAL *k = a->k + from * lk + group * c->head, *v = a->v + from * lk + group * c->head;
    REAL scale = (REAL)(1 / sqrt((double)c->head));
    for (int64_t h = group * share; h < (group + 1) * share; h++)
        for (int64_t i = 0; i < n; i += DEC_QUERIES) {
            int64_t m = n - i < DEC_QUERIES ? n - i : DEC_QUERIES, wide = i + m, at = (from + i) * lq + h * c->head;
            a->env->blas->REAL_GEMM(0, 1, m, wide, c->head, scale, a->q + at, lq, k, lk, 0, s, wide);
            for (int64_t r = 0; r < m; r++) {
                a->lse[(from + i + r) * c->heads + h] = REAL_NAME(soften)(s + r * wide, i + r + 1);
                memset(s + r * wide + i + r + 1, 0, (size_t)(m - r - 1) * sizeof *s);
            }
            a->env->blas->REAL_GEMM(0, 0, m, c->head, wide, 1, s, wide, v, lk, 0, a->out + at, lq);
        }
}

static void REAL_NAME(attend_back)(const struct REAL_NAME(attention) *a, int64_t text, int64_t group, REAL *s, REAL *d)
{
    const struct decoder_shape *c = a->shape;
    int64_t from = a->b->start[text], n = a->b->start[text + 1] - from, share = c->heads / c->kv_heads, lq = c->heads * c->head, lk = c->kv_heads * c->head;
    int64_t kv = from * lk + group * c->head;
    REAL scale = (REAL)(1 / sqrt((double)c->head));
    for (int64_t i = 0; i < n; i++) {
        memset(a->dk + kv + i * lk, 0, (size_t)c->head * sizeof *d);
        memset(a->dv + kv + i * lk, 0, (size_t)c->head * sizeof *d);
    }
    for (int64_t h = group * share; h < (group + 1) * share; h++)
        for (int64_t i = 0; i < n; i += DEC_QUERIES) {
            int64_t m = n - i < DEC_QUERIES ? n - i : DEC_QUERIES, wide = i + m, at = (from + i) * lq + h * c->head;
            a->env->blas->REAL_GEMM(0, 1, m, wide, c->head, scale, a->q + at, lq, a->k + kv, lk, 0, s, wide);
            a->env->blas->REAL_GEMM(0, 1, m, wide, c->head, 1, a->d_out + at, lq, a->v + kv, lk, 0, d, wide);
            for (int64_t r = 0; r < m; r++) {
                int64_t row = at + r * lq, seen = i + r + 1;
                REAL_NAME(soften_back)(s + r * wide, d + r * wide, a->lse[(from + i + r) * c->heads + h],
                                       REAL_NAME(dot)(a->d_out + row, a->out + row, c->head), seen);
                memset(s + r * wide + seen, 0, (size_t)(wide - seen) * sizeof *s);
                memset(d + r * wide + seen, 0, (size_t)(wide - seen) * sizeof *d);
            }
            a->env->blas->REAL_GEMM(1, 0, wide, c->head, m, 1, s, wide, a->d_out + at, lq, 1, a->dv + kv, lk);
            a->env->blas->REAL_GEMM(0, 0, m, c->head, wide, scale, d, wide, a->k + kv, lk, 0, a->dq + at, lq);
            a->env->blas->REAL_GEMM(1, 0, wide, c->head, m, scale, d, wide, a->q + at, lq, 1, a->dk + kv, lk);
        }
}

static void REAL_NAME(attention_task)(void *arg, int64_t begin, int64_t end)
{
    struct REAL_NAME(attention) *a = arg;
    const struct hone_host *host = a->env->host;
    int64_t groups = a->shape->kv_heads, most = 0;
    for (int64_t t = begin / groups; t <= (end - 1) / groups; t++)
        most = a->b->start[t + 1] - a->b->start[t] > most ? a->b->start[t + 1] - a->b->start[t] : most;
    REAL *s = host->alloc(host, (size_t)(2 * DEC_QUERIES * most + 1) * sizeof *s);
    if (!s)
        __atomic_store_n(&a->failed, 1, __ATOMIC_RELAXED);
    for (int64_t i = begin; i < end && s; i++) {
        if (a->d_out)
            REAL_NAME(attend_back)(a, i / groups, i % groups, s, s + DEC_QUERIES * most);
        else
            REAL_NAME(attend)(a, i / groups, i % groups, s);
    }
    host->free(host, s);
}

/* Turns queries and keys of all tokens, each by its place in its text. */
static void REAL_NAME(turn_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(attention) *a = arg;
    const struct decoder_shape *c = a->shape;
    REAL *q = a->dq, *k = a->dk, sign = a->d_out ? -1 : 1;
    for (int64_t t = begin; t < end; t++)
        for (int64_t i = a->b->start[t]; i < a->b->start[t + 1]; i++) {
            REAL_NAME(turn)(q + i * c->heads * c->head, c->heads, c->head, a->turn, i - a->b->start[t], sign);
            REAL_NAME(turn)(k + i * c->kv_heads * c->head, c->kv_heads, c->head, a->turn, i - a->b->start[t], sign);
        }
}

static int REAL_NAME(attention_run)(struct REAL_NAME(attention) *a)
{
    a->env->host->parallel(a->env->host, a->b->texts * a->shape->kv_heads, 1, REAL_NAME(attention_task), a);
    return a->failed ? -1 : 0;
}

/* out and lse of q and k, which are turned first (they get the turned numbers). -1 when memory ran out. */
static int REAL_NAME(attention)(const struct decoder_env *e, const struct decoder_shape *c, const struct decoder_batch *b, const REAL *turn, REAL *q, REAL *k,
                                const REAL *v, REAL *out, REAL *lse)
{
    struct REAL_NAME(attention) a = { .env = e, .shape = c, .b = b, .q = q, .k = k, .v = v, .turn = turn, .out = out, .lse = lse, .dq = q, .dk = k };
    e->host->parallel(e->host, b->texts, 1, REAL_NAME(turn_task), &a);
    return REAL_NAME(attention_run)(&a);
}

/* Gradients of what attention() was given, before the turn. */
static int REAL_NAME(attention_back)(const struct decoder_env *e, const struct decoder_shape *c, const struct decoder_batch *b, const REAL *turn,
                                     const REAL *q, const REAL *k, const REAL *v, REAL *out, REAL *lse, const REAL *d_out, REAL *dq, REAL *dk, REAL *dv)
{
    struct REAL_NAME(attention) a = { .env = e, .shape = c, .b = b, .q = q, .k = k, .v = v, .turn = turn, .out = out, .lse = lse, .d_out = d_out,
                                      .dq = dq, .dk = dk, .dv = dv };
    int ret = REAL_NAME(attention_run)(&a);
    e->host->parallel(e->host, b->texts, 1, REAL_NAME(turn_task), &a);
    return ret;
}
