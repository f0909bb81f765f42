/* Texts that are being written: the decoder over the new tokens of each, with the keys and values of those before kept (in float). The
 * numbers of a stream do not depend on which others are written beside it. */

struct decoder_stream {
    int64_t n;          /* tokens that it holds */
    float *k, *v;       /* [layers][kv_heads][context][head] */
};

#define DEC_SIDE_BY_SIDE 4 /* rows of weights that are read at once */

/* y[0..4) = x . w[r * width ...] in the lanes of dot_f(). */
HONE_WIDE static void dot_rows(const float *restrict x, const float *restrict w, int64_t width, float *restrict y)
{
    float lane[DEC_SIDE_BY_SIDE][16] = { { 0 } };
    int64_t i = 0;
    for (; i + 16 <= width; i += 16)
        for (int r = 0; r < DEC_SIDE_BY_SIDE; r++)
            for (int j = 0; j < 16; j++)
                lane[r][j] += x[i + j] * w[r * width + i + j];
    for (int r = 0; r < DEC_SIDE_BY_SIDE; r++) {
        float sum = 0;
        for (int64_t k = i; k < width; k++)
            sum += x[k] * w[r * width + k];
        for (int j = 0; j < 16; j++)
            sum += lane[r][j];
        y[r] = sum;
    }
}

struct few {
    const float *x, *w;
    float *y;
    int64_t n, in, out;
    int add;
};

static void few_task(void *arg, int64_t begin, int64_t end)
{
    const struct few *t = arg;
    float y[DEC_SIDE_BY_SIDE];
    for (int64_t o = begin; o < end; o += DEC_SIDE_BY_SIDE)
        for (int64_t i = 0; i < t->n; i++) {
            int64_t m = end - o < DEC_SIDE_BY_SIDE ? end - o : DEC_SIDE_BY_SIDE;
            if (m == DEC_SIDE_BY_SIDE)
                dot_rows(t->x + i * t->in, t->w + o * t->in, t->in, y);
            for (int64_t r = 0; r < m && m < DEC_SIDE_BY_SIDE; r++)
                y[r] = dot_f(t->x + i * t->in, t->w + (o + r) * t->in, t->in);
            for (int64_t r = 0; r < m; r++)
                t->y[i * t->out + o + r] = t->add ? t->y[i * t->out + o + r] + y[r] : y[r];
        }
}

/* y[n][out] = x[n][in] w^T, or added to y: for the last tokens of texts, row by row, or for the many tokens of one. */
static void stream_linear(const struct decoder_env *e, int few, int64_t n, int64_t in, int64_t out, const float *x, const float *w, int add, float *y)
{
    struct few t = { x, w, y, n, in, out, add };
    int64_t grain = (DEC_GRAIN / in + DEC_SIDE_BY_SIDE) / DEC_SIDE_BY_SIDE * DEC_SIDE_BY_SIDE;
    if (few)
        e->host->parallel(e->host, out, grain, few_task, &t);
    else
        DEC_PRODUCTS(e, linear_f(n, in, out, x, w, add ? 1 : 0, y));
}

struct looking {
    const struct decoder_shape *shape;
    struct decoder_stream *const *stream;
    const int64_t *start;        /* [streams + 1] new tokens of each */
    const float *turn;
    float *q, *k, *v, *out, *s;  /* s: [streams * heads][context] */
    int64_t layer;
};

/* Turns queries and keys by their places and adds keys and values to the streams. */
static void keep_task(void *arg, int64_t begin, int64_t end)
{
    const struct looking *t = arg;
    const struct decoder_shape *c = t->shape;
    int64_t lk = c->kv_heads * c->head;
    for (int64_t b = begin; b < end; b++)
        for (int64_t i = t->start[b]; i < t->start[b + 1]; i++) {
            int64_t at = t->stream[b]->n + i - t->start[b];
            turn_f(t->q + i * c->heads * c->head, c->heads, c->head, t->turn, at, 1);
            turn_f(t->k + i * lk, c->kv_heads, c->head, t->turn, at, 1);
            for (int64_t g = 0; g < c->kv_heads; g++) {
                int64_t to = ((t->layer * c->kv_heads + g) * c->context + at) * c->head;
                memcpy(t->stream[b]->k + to, t->k + i * lk + g * c->head, (size_t)c->head * sizeof(float));
                memcpy(t->stream[b]->v + to, t->v + i * lk + g * c->head, (size_t)c->head * sizeof(float));
            }
        }
}

HONE_WIDE static void mix(const float *restrict s, const float *restrict v, int64_t n, int64_t head, float *restrict out)
{
    memset(out, 0, (size_t)head * sizeof *out);
    for (int64_t j = 0; j < n; j++)
        for (int64_t d = 0; d < head; d++)
            out[d] += s[j] * v[j * head + d];
}

static void look_task(void *arg, int64_t begin, int64_t end)
{
    const struct looking *t = arg;
    const struct decoder_shape *c = t->shape;
    float scale = (float)(1 / sqrt((double)c->head));
    for (int64_t x = begin; x < end; x++) {
        int64_t b = x / c->heads, h = x % c->heads, g = h / (c->heads / c->kv_heads), kept = (t->layer * c->kv_heads + g) * c->context * c->head;
        const float *k = t->stream[b]->k + kept, *v = t->stream[b]->v + kept;
        float *s = t->s + x * c->context;
        for (int64_t i = t->start[b]; i < t->start[b + 1]; i++) {
            int64_t n = t->stream[b]->n + i - t->start[b] + 1;
            const float *q = t->q + (i * c->heads + h) * c->head;
            for (int64_t j = 0; j < n; j++)
                s[j] = dot_f(q, k + j * c->head, c->head) * scale;
            soften_f(s, n);
            mix(s, v, n, c->head, t->out + (i * c->heads + h) * c->head);
        }
    }
}

static void stream_layer(const struct decoder_env *e, float *const *w, int few, int64_t streams, int64_t n, struct looking *t, float *x, float *h,
                        float *r, float *gate, float *up, float *act)
{
    const struct decoder_shape *c = t->shape;
    int64_t q = c->heads * c->head, kv = c->kv_heads * c->head;
    norm_f(e, n, c->width, c->eps, x, w[DEC_ATT_NORM], r, h);
    stream_linear(e, few, n, c->width, q, h, w[DEC_Q], 0, t->q);
    stream_linear(e, few, n, c->width, kv, h, w[DEC_K], 0, t->k);
    stream_linear(e, few, n, c->width, kv, h, w[DEC_V], 0, t->v);
    keep_task(t, 0, streams);
    e->host->parallel(e->host, streams * c->heads, c->heads, look_task, t);
    stream_linear(e, few, n, q, c->width, t->out, w[DEC_O], 1, x);
    norm_f(e, n, c->width, c->eps, x, w[DEC_MLP_NORM], r, h);
    stream_linear(e, few, n, c->width, c->hidden, h, w[DEC_GATE], 0, gate);
    stream_linear(e, few, n, c->width, c->hidden, h, w[DEC_UP], 0, up);
    gate_run_f(gate, up, n * c->hidden, act);
    stream_linear(e, few, n, c->hidden, c->width, act, w[DEC_DOWN], 1, x);
}

/* Goes on with some streams by their new tokens, which each has; `few`: one each. scores[streams][vocab] of what comes next. -1 when
 * memory ran out. */
static int decoder_go_on(const struct decoder_env *e, const struct decoder_shape *c, struct decoder_stream *const *stream, int64_t streams, int few,
                         const int64_t *start, const int32_t *token, const float *turn, float *const *w, float *scores)
{
    int64_t n = start[streams];
    struct looking t = { .shape = c, .stream = stream, .start = start, .turn = turn };
    float *x, *h, *r, *gate, *up, *act, *last;
    float **part[] = { &x, &h, &r, &gate, &up, &act, &t.q, &t.k, &t.v, &t.out, &t.s, &last };
    int64_t size[] = { n * c->width, n * c->width, n, n * c->hidden, n * c->hidden, n * c->hidden, n * c->heads * c->head, n * c->kv_heads * c->head,
                       n * c->kv_heads * c->head, n * c->heads * c->head, streams * c->heads * c->context, streams * c->width };
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (!(*part[i] = e->take(e->arg, (size_t)size[i] * sizeof(float))))
            return -1;
    for (int64_t i = 0; i < n; i++)
        memcpy(x + i * c->width, w[0] + token[i] * c->width, (size_t)c->width * sizeof *x);
    for (t.layer = 0; t.layer < c->layers; t.layer++)
        stream_layer(e, w + decoder_at(t.layer, 0), few, streams, n, &t, x, h, r, gate, up, act);
    for (int64_t b = 0; b < streams; b++) {
        memcpy(last + b * c->width, x + (start[b + 1] - 1) * c->width, (size_t)c->width * sizeof *x);
        stream[b]->n += start[b + 1] - start[b];
    }
    norm_f(e, streams, c->width, c->eps, last, w[decoder_norm_at(c)], r, h);
    stream_linear(e, 1, streams, c->width, c->vocab, h, w[decoder_head_at(c)], 0, scores);
    return 0;
}
