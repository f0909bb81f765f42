/* Forward and backward pass of the decoder over texts that stand alone, for the type REAL (see decoder_numbers.h). */

/* What a layer leaves for its backward pass. */
struct REAL_NAME(layer) {
    REAL *in, *r1, *q, *k, *v, *att, *lse, *mid, *r2, *gate, *up;
};

struct REAL_NAME(tape) {
    struct REAL_NAME(layer) *layer;   /* [layers], or one that all share */
    REAL *last, *chosen, *r, *normed; /* [tokens][width]; of the rows: [rows][width], [rows], [rows][width] */
    REAL *h, *act;                    /* [tokens][width], [tokens][hidden]: of no layer */
};

/* Numbers that forward() takes, and those that backward() takes on top. */
static int64_t REAL_NAME(pass_numbers)(const struct decoder_shape *s, int64_t tokens, int64_t rows, int train)
{
    int64_t qkv = (s->heads + 2 * s->kv_heads) * s->head, layer = 2 * s->width + 2 + qkv + s->heads * s->head + s->heads + 2 * s->hidden;
    int64_t n = tokens * (layer * (train ? s->layers : 1) + 2 * s->width + s->hidden) + rows * (2 * s->width + 1);
    int64_t blocks = (tokens + DEC_NORM_ROWS - 1) / DEC_NORM_ROWS * (2 * s->layers + 1);
    return train ? n + tokens * (2 * s->width + qkv + s->heads * s->head + 2 * s->hidden) + rows * s->width * 2 + blocks * s->width : n;
}

static int REAL_NAME(make_layer)(const struct decoder_env *e, const struct decoder_shape *s, int64_t n, struct REAL_NAME(layer) *l)
{
    int64_t c = s->width, q = s->heads * s->head, kv = s->kv_heads * s->head, f = s->hidden;
    REAL **part[] = { &l->in, &l->r1, &l->q, &l->k, &l->v, &l->att, &l->lse, &l->mid, &l->r2, &l->gate, &l->up };
    int64_t size[] = { c, 1, q, kv, kv, q, s->heads, c, 1, f, f };
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (!(*part[i] = e->take(e->arg, (size_t)(n * size[i]) * sizeof(REAL))))
            return -1;
    return 0;
}

static int REAL_NAME(make_tape)(const struct decoder_env *e, const struct decoder_shape *s, const struct decoder_batch *b, int train,
                                struct REAL_NAME(tape) *t)
{
    int64_t layers = train ? s->layers : 1, c = s->width;
    REAL **part[] = { &t->last, &t->chosen, &t->r, &t->normed, &t->h, &t->act };
    int64_t size[] = { b->tokens * c, b->rows * c, b->rows, b->rows * c, b->tokens * c, b->tokens * s->hidden };
    if (!(t->layer = e->take(e->arg, (size_t)layers * sizeof *t->layer)))
        return -1;
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (!(*part[i] = e->take(e->arg, (size_t)size[i] * sizeof(REAL))))
            return -1;
    for (int64_t i = 0; i < layers; i++)
        if (REAL_NAME(make_layer)(e, s, b->tokens, &t->layer[i]))
            return -1;
    return 0;
}

struct REAL_NAME(copy) {
    const REAL *from;
    REAL *to;
    const int32_t *token;
    const int64_t *row;
    int64_t n, width;
};

static void REAL_NAME(look_up_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(copy) *t = arg;
    for (int64_t i = begin; i < end; i++)
        memcpy(t->to + i * t->width, t->from + (t->row ? t->row[i] : t->token[i]) * t->width, (size_t)t->width * sizeof(REAL));
}

/* Columns [begin, end) of the gradient of the embedding, in the order of the tokens. */
static void REAL_NAME(embed_back_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(copy) *t = arg;
    for (int64_t i = 0; i < t->n; i++) {
        REAL *to = t->to + t->token[i] * t->width;
        const REAL *from = t->from + i * t->width;
        for (int64_t c = begin; c < end; c++)
            to[c] += from[c];
    }
}

static void REAL_NAME(copy_task)(void *arg, int64_t begin, int64_t end)
{
    const struct REAL_NAME(copy) *t = arg;
    memcpy(t->to + begin, t->from + begin, (size_t)(end - begin) * sizeof(REAL));
}

static void REAL_NAME(copy_all)(const struct decoder_env *e, const REAL *from, REAL *to, int64_t n)
{
    struct REAL_NAME(copy) t = { .from = from, .to = to };
    e->host->parallel(e->host, n, DEC_GRAIN, REAL_NAME(copy_task), &t);
}

/* One layer, number `at`; out gets what goes into the next. */
static int REAL_NAME(layer_run)(const struct decoder_env *e, const struct decoder_shape *s, const struct decoder_batch *b, const REAL *turn,
                                REAL *const *w, int64_t at, struct REAL_NAME(layer) *l, struct REAL_NAME(tape) *t, REAL *out)
{
    int64_t n = b->tokens, c = s->width, q = s->heads * s->head, kv = s->kv_heads * s->head, site = 2 * at;
    REAL_NAME(norm)(e, n, c, s->eps, l->in, w[DEC_ATT_NORM], l->r1, t->h);
    REAL_NAME(drop)(e, b, site + DEC_DROP_ATT, n * c, t->h);
    DEC_PRODUCTS(e, REAL_NAME(linear)(n, c, q, t->h, w[DEC_Q], 0, l->q), REAL_NAME(linear)(n, c, kv, t->h, w[DEC_K], 0, l->k),
                 REAL_NAME(linear)(n, c, kv, t->h, w[DEC_V], 0, l->v));
    if (REAL_NAME(attention)(e, s, b, turn, l->q, l->k, l->v, l->att, l->lse))
        return -1;
    REAL_NAME(copy_all)(e, l->in, l->mid, n * c);
    DEC_PRODUCTS(e, REAL_NAME(linear)(n, q, c, l->att, w[DEC_O], 1, l->mid));
    REAL_NAME(norm)(e, n, c, s->eps, l->mid, w[DEC_MLP_NORM], l->r2, t->h);
    REAL_NAME(drop)(e, b, site + DEC_DROP_MLP, n * c, t->h);
    DEC_PRODUCTS(e, REAL_NAME(linear)(n, c, s->hidden, t->h, w[DEC_GATE], 0, l->gate), REAL_NAME(linear)(n, c, s->hidden, t->h, w[DEC_UP], 0, l->up));
    REAL_NAME(gate)(e, n * s->hidden, l->gate, l->up, t->act);
    REAL_NAME(copy_all)(e, l->mid, out, n * c);
    DEC_PRODUCTS(e, REAL_NAME(linear)(n, s->hidden, c, t->act, w[DEC_DOWN], 1, out));
    return 0;
}

/* scores[rows][vocab]. -1 when memory ran out. */
static int REAL_NAME(decoder_forward)(const struct decoder_env *e, const struct decoder_shape *s, const struct decoder_batch *b, const REAL *turn,
                                      REAL *const *w, int train, struct REAL_NAME(tape) *t, REAL *scores)
{
    if (REAL_NAME(make_tape)(e, s, b, train, t))
        return -1;
    struct REAL_NAME(copy) embed = { .from = w[0], .to = t->layer[0].in, .token = b->token, .width = s->width };
    e->host->parallel(e->host, b->tokens, decoder_grain(s->width), REAL_NAME(look_up_task), &embed);
    REAL_NAME(drop)(e, b, DEC_DROP_EMBED, b->tokens * s->width, t->layer[0].in);
    for (int64_t i = 0; i < s->layers; i++) {
        struct REAL_NAME(layer) *l = &t->layer[train ? i : 0];
        REAL *out = i + 1 == s->layers ? t->last : train ? t->layer[i + 1].in : l->in;
        if (REAL_NAME(layer_run)(e, s, b, turn, w + decoder_at(i, 0), i, l, t, out))
            return -1;
    }
    struct REAL_NAME(copy) choose = { .from = t->last, .to = t->chosen, .row = b->row, .width = s->width };
    e->host->parallel(e->host, b->rows, decoder_grain(s->width), REAL_NAME(look_up_task), &choose);
    REAL_NAME(norm)(e, b->rows, s->width, s->eps, t->chosen, w[decoder_norm_at(s)], t->r, t->normed);
    REAL_NAME(drop)(e, b, DEC_DROP_HEAD, b->rows * s->width, t->normed);
    DEC_PRODUCTS(e, REAL_NAME(linear)(b->rows, s->width, s->vocab, t->normed, w[decoder_head_at(s)], 0, scores));
    return 0;
}

/* Gradients on their way, of no layer. */
struct REAL_NAME(back) {
    REAL *dx, *dh, *d_att, *dq, *dk, *dv, *d_gate, *d_up;
};

static int REAL_NAME(layer_back)(const struct decoder_env *e, const struct decoder_shape *s, const struct decoder_batch *b, const REAL *turn,
                                 REAL *const *w, REAL *const *g, struct REAL_NAME(layer) *l, struct REAL_NAME(tape) *t, struct REAL_NAME(back) *d)
{
    int64_t n = b->tokens, c = s->width, q = s->heads * s->head, kv = s->kv_heads * s->head, f = s->hidden, site = 2 * (l - t->layer);
    DEC_PRODUCTS(e, REAL_NAME(linear_dx)(n, f, c, d->dx, w[DEC_DOWN], 0, d->d_gate));
    REAL_NAME(gate_back)(e, n * f, l->gate, l->up, t->act, d->d_gate, d->d_up);
    REAL_NAME(norm_again)(e, n, c, l->mid, w[DEC_MLP_NORM], l->r2, t->h);
    REAL_NAME(drop)(e, b, site + DEC_DROP_MLP, n * c, t->h);
    DEC_PRODUCTS(e, REAL_NAME(linear_dx)(n, c, f, d->d_gate, w[DEC_GATE], 0, d->dh), REAL_NAME(linear_dx)(n, c, f, d->d_up, w[DEC_UP], 1, d->dh),
                 REAL_NAME(linear_dw)(n, f, c, d->dx, t->act, g[DEC_DOWN]), REAL_NAME(linear_dw)(n, c, f, d->d_gate, t->h, g[DEC_GATE]),
                 REAL_NAME(linear_dw)(n, c, f, d->d_up, t->h, g[DEC_UP]));
    REAL_NAME(drop)(e, b, site + DEC_DROP_MLP, n * c, d->dh);
    if (REAL_NAME(norm_back)(e, n, c, l->mid, w[DEC_MLP_NORM], l->r2, d->dh, d->dx, g[DEC_MLP_NORM]))
        return -1;
    DEC_PRODUCTS(e, REAL_NAME(linear_dx)(n, q, c, d->dx, w[DEC_O], 0, d->d_att), REAL_NAME(linear_dw)(n, q, c, d->dx, l->att, g[DEC_O]));
    if (REAL_NAME(attention_back)(e, s, b, turn, l->q, l->k, l->v, l->att, l->lse, d->d_att, d->dq, d->dk, d->dv))
        return -1;
    REAL_NAME(norm_again)(e, n, c, l->in, w[DEC_ATT_NORM], l->r1, t->h);
    REAL_NAME(drop)(e, b, site + DEC_DROP_ATT, n * c, t->h);
    DEC_PRODUCTS(e, REAL_NAME(linear_dx)(n, c, q, d->dq, w[DEC_Q], 0, d->dh), REAL_NAME(linear_dx)(n, c, kv, d->dk, w[DEC_K], 1, d->dh),
                 REAL_NAME(linear_dx)(n, c, kv, d->dv, w[DEC_V], 1, d->dh), REAL_NAME(linear_dw)(n, c, q, d->dq, t->h, g[DEC_Q]),
                 REAL_NAME(linear_dw)(n, c, kv, d->dk, t->h, g[DEC_K]), REAL_NAME(linear_dw)(n, c, kv, d->dv, t->h, g[DEC_V]));
    REAL_NAME(drop)(e, b, site + DEC_DROP_ATT, n * c, d->dh);
    return REAL_NAME(norm_back)(e, n, c, l->in, w[DEC_ATT_NORM], l->r1, d->dh, d->dx, g[DEC_ATT_NORM]);
}

/* Adds to the gradients g[tensor], NULL for those that stand still. -1 when memory ran out. */
static int REAL_NAME(decoder_backward)(const struct decoder_env *e, const struct decoder_shape *s, const struct decoder_batch *b, const REAL *turn,
                                       REAL *const *w, REAL *const *g, struct REAL_NAME(tape) *t, const REAL *d_scores)
{
    int64_t n = b->tokens, c = s->width, q = s->heads * s->head, kv = s->kv_heads * s->head;
    struct REAL_NAME(back) d;
    REAL *d_normed = e->take(e->arg, (size_t)(b->rows * c) * sizeof(REAL)), *d_chosen = e->take(e->arg, (size_t)(b->rows * c) * sizeof(REAL));
    REAL **part[] = { &d.dx, &d.dh, &d.d_att, &d.dq, &d.dk, &d.dv, &d.d_gate, &d.d_up };
    int64_t size[] = { c, c, q, q, kv, kv, s->hidden, s->hidden };
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (!(*part[i] = e->take(e->arg, (size_t)(n * size[i]) * sizeof(REAL))))
            return -1;
    if (!d_normed || !d_chosen)
        return -1;
    DEC_PRODUCTS(e, REAL_NAME(linear_dx)(b->rows, c, s->vocab, d_scores, w[decoder_head_at(s)], 0, d_normed),
                 REAL_NAME(linear_dw)(b->rows, c, s->vocab, d_scores, t->normed, g[decoder_head_at(s)]));
    REAL_NAME(drop)(e, b, DEC_DROP_HEAD, b->rows * c, d_normed);
    memset(d_chosen, 0, (size_t)(b->rows * c) * sizeof(REAL));
    if (REAL_NAME(norm_back)(e, b->rows, c, t->chosen, w[decoder_norm_at(s)], t->r, d_normed, d_chosen, g[decoder_norm_at(s)]))
        return -1;
    memset(d.dx, 0, (size_t)(n * c) * sizeof(REAL));
    for (int64_t i = 0; i < b->rows; i++)
        memcpy(d.dx + b->row[i] * c, d_chosen + i * c, (size_t)c * sizeof(REAL));
    for (int64_t i = s->layers - 1; i >= 0; i--)
        if (REAL_NAME(layer_back)(e, s, b, turn, w + decoder_at(i, 0), g + decoder_at(i, 0), &t->layer[i], t, &d))
            return -1;
    REAL_NAME(drop)(e, b, DEC_DROP_EMBED, n * c, d.dx);
    struct REAL_NAME(copy) embed = { .from = d.dx, .to = g[0], .token = b->token, .n = n, .width = c };
    if (g[0])
        e->host->parallel(e->host, c, 16, REAL_NAME(embed_back_task), &embed);
    return 0;
}
