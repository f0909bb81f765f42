/* Texts that are being written: the decoder over the new tokens of each, with the keys and values of those before kept (in float). The
 * numbers of a stream do not depend on which others are written beside it. */

struct decoder_stream {
    int64_t n;          /* tokens that it holds; may be lowered */
    float *k, *v;       /* [layers][kv_heads], then v: [context][head], k: [context / 16][head][16], so that 16 keys are looked at side by side */
};

/* Numbers of k and of v. */
static int64_t stream_numbers(const struct decoder_shape *c)
{
    return c->layers * c->kv_heads * ((c->context + 15) / 16 * 16) * c->head;
}

/* Where those of a group begin. */
static int64_t stream_at(const struct decoder_shape *c, int64_t layer, int64_t group)
{
    return (layer * c->kv_heads + group) * ((c->context + 15) / 16 * 16) * c->head;
}

/* The products of n rows: the next tokens of answers, few and each as if alone, or the many tokens of an input. */
static void stream_linear(const struct decoder_env *e, int few, struct few *t)
{
    struct product_f list[FEW_MATRICES];
    if (few) {
        few_run(e, t);
        return;
    }
    for (int64_t k = 0; k < t->matrices; k++)
        list[k] = linear_f(t->n, t->in, t->matrix[k].out, t->x, t->matrix[k].w, 0, t->matrix[k].y);
    products_f(e, list, t->matrices);
}

static void stream_add(float *restrict x, const float *restrict y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += y[i];
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
                float *keys = t->stream[b]->k + stream_at(c, t->layer, g) + at / 16 * 16 * c->head + at % 16;
                for (int64_t d = 0; d < c->head; d++)
                    keys[d * 16] = t->k[i * lk + g * c->head + d];
                memcpy(t->stream[b]->v + stream_at(c, t->layer, g) + at * c->head, t->v + i * lk + g * c->head, (size_t)c->head * sizeof(float));
            }
        }
}

/* out = the sum of s[j] times row j of v, four rows at a time. */
HONE_WIDE static void mix(const float *restrict s, const float *restrict v, int64_t n, int64_t head, float *restrict out)
{
    int64_t j = 0;
    memset(out, 0, (size_t)head * sizeof *out);
    for (; j + 4 <= n; j += 4)
        for (int64_t d = 0; d < head; d++)
            out[d] = (((out[d] + s[j] * v[j * head + d]) + s[j + 1] * v[(j + 1) * head + d]) + s[j + 2] * v[(j + 2) * head + d])
                     + s[j + 3] * v[(j + 3) * head + d];
    for (; j < n; j++)
        for (int64_t d = 0; d < head; d++)
            out[d] += s[j] * v[j * head + d];
}

/* s[j] = scale q . key j for `blocks` times 16 keys, of which the first n are wanted. */
FEW_INLINE void look_blocks(const float *q, const float *k, int64_t head, float scale, int blocks, int64_t n, float *s)
{
    few_sixteen sum[4] = { 0 };
    for (int64_t d = 0; d < head; d++)
        for (int u = 0; u < blocks; u++)
            sum[u] += *(const few_sixteen *)(k + (u * head + d) * 16) * q[d];
    for (int u = 0; u < blocks; u++)
        sum[u] *= scale;
    memcpy(s, sum, (size_t)(n < blocks * 16 ? n : blocks * 16) * sizeof *s);
}

HONE_WIDE static void look_at(const float *restrict q, const float *restrict k, int64_t n, int64_t head, float scale, float *restrict s)
{
    int64_t j = 0;
    for (; j + 64 <= n; j += 64)
        look_blocks(q, k + j * head, head, scale, 4, 64, s + j);
    for (; j < n; j += 16)
        look_blocks(q, k + j * head, head, scale, 1, n - j, s + j);
}

static void look_task(void *arg, int64_t begin, int64_t end)
{
    const struct looking *t = arg;
    const struct decoder_shape *c = t->shape;
    float scale = (float)(1 / sqrt((double)c->head));
    for (int64_t x = begin; x < end; x++) {
        int64_t b = x / c->heads, h = x % c->heads, g = h / (c->heads / c->kv_heads), kept = stream_at(c, t->layer, g);
        const float *k = t->stream[b]->k + kept, *v = t->stream[b]->v + kept;
        float *s = t->s + x * c->context;
        for (int64_t i = t->start[b]; i < t->start[b + 1]; i++) {
            int64_t n = t->stream[b]->n + i - t->start[b] + 1;
            look_at(t->q + (i * c->heads + h) * c->head, k, n, c->head, scale, s);
            soften_f(s, n);
            mix(s, v, n, c->head, t->out + (i * c->heads + h) * c->head);
        }
    }
}

/* Numbers of a pass over the new tokens. */
struct stream_room {
    float *x, *h, *r, *gate, *up, *act, *y;
};

static void stream_layer(const struct decoder_env *e, float *const *w, int few, int64_t streams, int64_t n, struct looking *t, const struct stream_room *m)
{
    const struct decoder_shape *c = t->shape;
    int64_t q = c->heads * c->head, kv = c->kv_heads * c->head, most = 1;
    for (int64_t b = 0; b < streams; b++)
        most = t->stream[b]->n > most ? t->stream[b]->n : most;
    norm_f(e, n, c->width, c->eps, m->x, w[DEC_ATT_NORM], m->r, m->h);
    stream_linear(e, few, &(struct few){ m->h, n, c->width, 3, { { w[DEC_Q], t->q, q }, { w[DEC_K], t->k, kv }, { w[DEC_V], t->v, kv } } });
    keep_task(t, 0, streams);
    e->host->parallel(e->host, streams * c->heads, decoder_grain(most * c->head), look_task, t);
    stream_linear(e, few, &(struct few){ t->out, n, q, 1, { { w[DEC_O], m->y, c->width } } });
    stream_add(m->x, m->y, n * c->width);
    norm_f(e, n, c->width, c->eps, m->x, w[DEC_MLP_NORM], m->r, m->h);
    stream_linear(e, few, &(struct few){ m->h, n, c->width, 2, { { w[DEC_GATE], m->gate, c->hidden }, { w[DEC_UP], m->up, c->hidden } } });
    gate_run_f(m->gate, m->up, n * c->hidden, m->act);
    stream_linear(e, few, &(struct few){ m->act, n, c->hidden, 1, { { w[DEC_DOWN], m->y, c->width } } });
    stream_add(m->x, m->y, n * c->width);
}

/* Goes on with some streams by their new tokens, which each has. scores[rows][vocab] of what comes after the last tokens of each: rows
 * row[i] .. row[i + 1) of stream i. `few`: the new tokens are those of answers, one after the other or several at once, with the same bits;
 * otherwise those of inputs. -1 when memory ran out. */
static int decoder_go_on(const struct decoder_env *e, const struct decoder_shape *c, struct decoder_stream *const *stream, int64_t streams, int few,
                         const int64_t *start, const int64_t *row, const int32_t *token, const float *turn, float *const *w, float *scores)
{
    int64_t n = start[streams], rows = row[streams];
    struct looking t = { .shape = c, .stream = stream, .start = start, .turn = turn };
    struct stream_room m;
    float *last;
    float **part[] = { &m.x, &m.h, &m.r, &m.gate, &m.up, &m.act, &m.y, &t.q, &t.k, &t.v, &t.out, &t.s, &last };
    int64_t size[] = { n * c->width, n * c->width, n, n * c->hidden, n * c->hidden, n * c->hidden, n * c->width, n * c->heads * c->head,
                       n * c->kv_heads * c->head, n * c->kv_heads * c->head, n * c->heads * c->head, streams * c->heads * c->context, rows * c->width };
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (!(*part[i] = e->take(e->arg, (size_t)size[i] * sizeof(float))))
            return -1;
    for (int64_t i = 0; i < n; i++)
        memcpy(m.x + i * c->width, w[0] + token[i] * c->width, (size_t)c->width * sizeof *m.x);
    for (t.layer = 0; t.layer < c->layers; t.layer++)
        stream_layer(e, w + decoder_at(t.layer, 0), few, streams, n, &t, &m);
    for (int64_t b = 0; b < streams; b++) {
        int64_t have = row[b + 1] - row[b];
        memcpy(last + row[b] * c->width, m.x + (start[b + 1] - have) * c->width, (size_t)(have * c->width) * sizeof *last);
        stream[b]->n += start[b + 1] - start[b];
    }
    norm_f(e, rows, c->width, c->eps, last, w[decoder_norm_at(c)], m.r, m.h);
    stream_linear(e, 1, &(struct few){ m.h, rows, c->width, 1, { { w[decoder_head_at(c)], scores, c->vocab } } });
    return 0;
}
