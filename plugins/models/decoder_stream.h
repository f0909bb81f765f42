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

/* Numbers of a pass over the new tokens. */
struct stream_room {
    float *x, *h, *r, *gate, *up, *act, *y;
    int16_t *rounded;   /* NULL: the pass is not rough */
    float *scale;
};

static struct few_matrix few_of(float *const *w, const struct rough_matrix *rough, int64_t i, float *y, int64_t out)
{
    return (struct few_matrix){ w[i], y, out, rough ? &rough[i] : NULL };
}

/* The products of n rows: the next tokens of answers, few and each as if alone, guesses of them, or the many tokens of an input. */
static void stream_linear(const struct decoder_env *e, int few, const struct stream_room *m, struct few *t)
{
    struct product_f list[FEW_MATRICES];
    if (m->rounded) {
        rough_run(e, &(struct rough_few){ t, m->rounded, m->scale });
        return;
    }
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
    float *q, *k, *v, *out, *s;  /* s: [streams * heads][LOOK_ROWS][context] */
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

#define LOOK_ROWS 4   /* tokens of a stream that look at the same keys and values while these are near, */
#define LOOK_KEYS 64  /* so many at a time */

/* out[r][u] += the sum of s[r][j] times row j of v, in the order of the rows, for r < rows and u < 16 wide. */
FEW_INLINE void mix_tile(const float *s, int64_t lds, int rows, const float *v, int64_t n, int64_t head, int wide, float *out, int64_t far)
{
    few_sixteen sum[LOOK_ROWS][2];
    for (int r = 0; r < rows; r++)
        for (int u = 0; u < wide; u++)
            sum[r][u] = *(const few_sixteen *)(out + r * far + 16 * u);
    for (int64_t j = 0; j < n; j++)
        for (int u = 0; u < wide; u++) {
            few_sixteen row = *(const few_sixteen *)(v + j * head + 16 * u);
            for (int r = 0; r < rows; r++)
                sum[r][u] += row * s[r * lds + j];
        }
    for (int r = 0; r < rows; r++)
        for (int u = 0; u < wide; u++)
            *(few_sixteen *)(out + r * far + 16 * u) = sum[r][u];
}

/* out[r] += the sum of s[r][j] times row j of v, for r < rows. */
HONE_WIDE static void mix(const float *s, int64_t lds, int64_t rows, const float *v, int64_t n, int64_t head, float *out, int64_t far)
{
    int64_t d = 0;
    for (; d + 32 <= head && rows == LOOK_ROWS; d += 32)
        mix_tile(s, lds, LOOK_ROWS, v + d, n, head, 2, out + d, far);
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = d;
        for (; at + 32 <= head; at += 32)
            mix_tile(s + r * lds, lds, 1, v + at, n, head, 2, out + r * far + at, far);
        for (; at + 16 <= head; at += 16)
            mix_tile(s + r * lds, lds, 1, v + at, n, head, 1, out + r * far + at, far);
        for (int64_t j = 0; j < n; j++)
            for (int64_t k = at; k < head; k++)
                out[r * far + k] += s[r * lds + j] * v[j * head + k];
    }
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

/* One head of `rows` tokens that follow one another, the first of which looks at n tokens. q, out: one every `far` numbers. s: [rows][context] */
static void look_rows(const struct decoder_shape *c, const float *q, int64_t far, int64_t rows, int64_t n, const float *k, const float *v, float *s, float *out)
{
    float scale = (float)(1 / sqrt((double)c->head));
    for (int64_t j = 0; j < n + rows - 1; j += LOOK_KEYS)
        for (int64_t r = 0; r < rows; r++)
            if (n + r > j)
                look_at(q + r * far, k + j * c->head, n + r - j < LOOK_KEYS ? n + r - j : LOOK_KEYS, c->head, scale, s + r * c->context + j);
    for (int64_t r = 0; r < rows; r++) {
        soften_f(s + r * c->context, n + r);
        memset(out + r * far, 0, (size_t)c->head * sizeof *out);
    }
    mix(s, c->context, rows, v, n, c->head, out, far);
    for (int64_t r = 1; r < rows; r++)
        mix(s + r * c->context + n, c->context, 1, v + n * c->head, r, c->head, out + r * far, far);
}

static void look_task(void *arg, int64_t begin, int64_t end)
{
    const struct looking *t = arg;
    const struct decoder_shape *c = t->shape;
    for (int64_t x = begin; x < end; x++) {
        int64_t b = x / c->heads, h = x % c->heads, g = h / (c->heads / c->kv_heads), kept = stream_at(c, t->layer, g);
        for (int64_t i = t->start[b], rows; i < t->start[b + 1]; i += rows) {
            int64_t at = (i * c->heads + h) * c->head;
            rows = t->start[b + 1] - i < LOOK_ROWS ? t->start[b + 1] - i : LOOK_ROWS;
            look_rows(c, t->q + at, c->heads * c->head, rows, t->stream[b]->n + i - t->start[b] + 1, t->stream[b]->k + kept, t->stream[b]->v + kept,
                      t->s + x * LOOK_ROWS * c->context, t->out + at);
        }
    }
}

static void stream_layer(const struct decoder_env *e, float *const *w, const struct rough_matrix *rough, int few, int64_t streams, int64_t n,
                         struct looking *t, const struct stream_room *m)
{
    const struct decoder_shape *c = t->shape;
    int64_t q = c->heads * c->head, kv = c->kv_heads * c->head, most = 1;
    for (int64_t b = 0; b < streams; b++)
        most = t->stream[b]->n > most ? t->stream[b]->n : most;
    norm_f(e, n, c->width, c->eps, m->x, w[DEC_ATT_NORM], m->r, m->h);
    stream_linear(e, few, m,
                  &(struct few){ m->h, n, c->width, 3, { few_of(w, rough, DEC_Q, t->q, q), few_of(w, rough, DEC_K, t->k, kv), few_of(w, rough, DEC_V, t->v, kv) } });
    keep_task(t, 0, streams);
    e->host->parallel(e->host, streams * c->heads, decoder_grain(most * c->head), look_task, t);
    stream_linear(e, few, m, &(struct few){ t->out, n, q, 1, { few_of(w, rough, DEC_O, m->y, c->width) } });
    stream_add(m->x, m->y, n * c->width);
    norm_f(e, n, c->width, c->eps, m->x, w[DEC_MLP_NORM], m->r, m->h);
    stream_linear(e, few, m,
                  &(struct few){ m->h, n, c->width, 2, { few_of(w, rough, DEC_GATE, m->gate, c->hidden), few_of(w, rough, DEC_UP, m->up, c->hidden) } });
    gate_run_f(m->gate, m->up, n * c->hidden, m->act);
    stream_linear(e, few, m, &(struct few){ m->act, n, c->hidden, 1, { few_of(w, rough, DEC_DOWN, m->y, c->width) } });
    stream_add(m->x, m->y, n * c->width);
}

/* Goes on with some streams by their new tokens, which each has. scores[rows][vocab] of what comes after the last tokens of each: rows
 * row[i] .. row[i + 1) of stream i. `few`: the new tokens are those of answers, one after the other or several at once, with the same bits;
 * otherwise those of inputs. rough: copies of the matrices w for a pass that guesses, whose tokens the streams are to forget again; else NULL.
 * -1 when memory ran out. */
static int decoder_go_on(const struct decoder_env *e, const struct decoder_shape *c, struct decoder_stream *const *stream, int64_t streams, int few,
                         const int64_t *start, const int64_t *row, const int32_t *token, const float *turn, float *const *w,
                         const struct rough_matrix *rough, float *scores)
{
    int64_t n = start[streams], rows = row[streams], q = c->heads * c->head, kv = c->kv_heads * c->head;
    struct looking t = { .shape = c, .stream = stream, .start = start, .turn = turn };
    struct stream_room m = { 0 };
    float *last;
    float **part[] = { &m.x, &m.h, &m.r, &m.gate, &m.up, &m.act, &m.y, &t.q, &t.k, &t.v, &t.out, &t.s, &last };
    int64_t size[] = { n * c->width, n * c->width, n, n * c->hidden, n * c->hidden, n * c->hidden, n * c->width, n * q,
                       n * kv, n * kv, n * q, streams * c->heads * LOOK_ROWS * c->context, rows * c->width };
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (!(*part[i] = e->take(e->arg, (size_t)size[i] * sizeof(float))))
            return -1;
    int64_t widest = q > c->hidden ? q : c->hidden;
    widest = rough_wide(widest > c->width ? widest : c->width);
    if (rough && (!(m.rounded = e->take(e->arg, (size_t)(n * widest) * sizeof *m.rounded)) || !(m.scale = e->take(e->arg, (size_t)n * sizeof *m.scale))))
        return -1;
    for (int64_t i = 0; i < n; i++)
        memcpy(m.x + i * c->width, w[0] + token[i] * c->width, (size_t)c->width * sizeof *m.x);
    for (t.layer = 0; t.layer < c->layers; t.layer++)
        stream_layer(e, w + decoder_at(t.layer, 0), rough ? rough + decoder_at(t.layer, 0) : NULL, few, streams, n, &t, &m);
    for (int64_t b = 0; b < streams; b++) {
        int64_t have = row[b + 1] - row[b];
        memcpy(last + row[b] * c->width, m.x + (start[b + 1] - have) * c->width, (size_t)(have * c->width) * sizeof *last);
        stream[b]->n += start[b + 1] - start[b];
    }
    norm_f(e, rows, c->width, c->eps, last, w[decoder_norm_at(c)], m.r, m.h);
    stream_linear(e, 1, &m, &(struct few){ m.h, rows, c->width, 1, { few_of(w, rough, decoder_head_at(c), scores, c->vocab) } });
    return 0;
}
