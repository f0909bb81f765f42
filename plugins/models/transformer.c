/* Model "transformer": a decoder that writes its answers token by token. The mathematics is in decoder*.h, texts in
 * transformer_text.h. */
#define REAL float
#define REAL_NAME(x) x##_f
#define REAL_EXP hone_expf
#define REAL_LOG hone_logf
#define REAL_GEMM sgemm
#define REAL_PANELS panels_products
#include "decoder.h"
#include "decoder_numbers.h"
#include "decoder_panels.h"
#include "decoder_attention.h"
#include "decoder_pass.h"
#include "decoder_few.h"
#include "decoder_rough.h"
#include "decoder_stream.h"
#include "transformer_lora.h"
#include "transformer_text.h"

struct conf {
    int64_t layers, width, heads, kv_heads, head, hidden, context, vocab, vocab_rows, tied, text, inputs, lora_rank;
    double theta, eps, lora_alpha, dropout;
    const char *tokenizer, *prompt, *lora_targets, *ends;
};

struct transformer {
    const struct hone_host *host;
    const struct hone_blas_service *blas;
    struct decoder_shape shape;
    struct text_coder coder;
    char *prompt;
    double dropout;
    float *turn;              /* [context][head] */
    float *panels;            /* [PANEL_ROOM] */
    struct lora lora;
    float **merged;           /* [tensors of the decoder] of streams: what the adapters make of the weights, NULL where there are none */
    struct rough_matrix *rough; /* [tensors of the decoder] copies for passes that guess; NULL: none so far */
};

#define MOST_TURNS ((int64_t)1 << 28) /* numbers of the rotary positions: a gigabyte */
#define ROUGH_LEAST ((int64_t)1 << 20) /* bytes of copies that are worth reading in place of the weights themselves */

static const char *const texts[] = { "pairs", "running", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, layers, HONE_INT, HONE_P_STATE, 4, 1, 200, "layers"),
    HONE_ROW(struct conf, width, HONE_INT, HONE_P_STATE, 256, 2, 65536, "numbers that stand for a token between layers"),
    HONE_ROW(struct conf, heads, HONE_INT, HONE_P_STATE, 8, 1, 1024, "attention heads; they divide width"),
    HONE_ROW(struct conf, kv_heads, HONE_INT, HONE_P_STATE, 0, 0, 1024, "heads with keys and values of their own; they divide heads; 0: all"),
    HONE_ROW(struct conf, head, HONE_INT, HONE_P_STATE, 0, 0, 65536, "numbers of a head; 0: width by heads"),
    HONE_ROW(struct conf, hidden, HONE_INT, HONE_P_STATE, 0, 0, 1048576, "width of the gated unit; 0: 8/3 of width, in steps of 32"),
    HONE_ROW(struct conf, context, HONE_INT, HONE_P_STATE, 256, 2, 1048576, "most tokens of an input and its answer together"),
    HONE_ROW(struct conf, vocab, HONE_INT, HONE_P_STATE, 2048, 258, 1048576,
             "tokens at most of the tokenizer that is learned from the examples; 258: bytes only"),
    HONE_ROW(struct conf, vocab_rows, HONE_INT, HONE_P_STATE, 0, 0, 16777216,
             "rows of the embedding, where there are more than tokens; 0: one a token"),
    HONE_ROW(struct conf, tied, HONE_BOOL, HONE_P_STATE, 1, 0, 1, "whether the output head is the embedding"),
    HONE_ROW_CHOICE(struct conf, text, HONE_P_STATE, TEXT_PAIRS, texts,
                    "what examples are: pairs: inputs with answers that end; running: parts of a text that goes on, learned from the input too"),
    HONE_ROW(struct conf, inputs, HONE_BOOL, 0, 0, 0, 1, "whether the inputs of pairs are learned, too, not their answers alone"),
    HONE_ROW(struct conf, dropout, HONE_REAL, HONE_P_OPEN_MAX, 0, 0, 1,
             "share of the numbers going into each product that a training step leaves out, so that a small file is not learned by heart"),
    HONE_ROW(struct conf, theta, HONE_REAL, HONE_P_STATE, 10000, 1, 1e9, "base of the rotary positions"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_STATE, 1e-5, 0, 1, "what the norms add to the mean square"),
    HONE_ROW(struct conf, lora_rank, HONE_INT, HONE_P_STATE, 0, 0, 4096,
             "rank of adapters that are learned beside matrices that stand still; 0: the weights themselves are learned"),
    HONE_ROW(struct conf, lora_alpha, HONE_REAL, HONE_P_STATE, 16, 0, 100000, "what adapters add is scaled by alpha / rank"),
    HONE_ROW_STR(struct conf, lora_targets, HONE_P_STATE, "q, v", "matrices with adapters: some of q, k, v, o, gate, up, down"),
    HONE_ROW_STR(struct conf, tokenizer, HONE_P_STATE, "", "a tokenizer.json to use instead of learning one from the examples"),
    HONE_ROW_STR(struct conf, prompt, HONE_P_STATE, "{input}\n",
                 "what stands around an input, for tokenizers without a mark <|answer|> between input and answer"),
    HONE_ROW_STR(struct conf, ends, HONE_P_STATE, "", "numbers of the tokens that end an answer, such as 2 or [2, 7]; empty: the tokenizer's mark by its name"),
};

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    if (c->head ? c->head % 2 != 0 : c->width % c->heads != 0 || c->width / c->heads % 2 != 0)
        return hone_fail(err, HONE_EINVAL, "width = %lld, heads = %lld and head = %lld: each head needs an even number of numbers",
                         (long long)c->width, (long long)c->heads, (long long)c->head);
    int64_t head = c->head ? c->head : c->width / c->heads;
    if (c->context > MOST_TURNS / head)
        return hone_fail(err, HONE_EINVAL, "context = %lld: the positions of so many tokens, %lld numbers each, are more than %lld", (long long)c->context,
                         (long long)head, (long long)MOST_TURNS);
    if (c->kv_heads && c->heads % c->kv_heads != 0)
        return hone_fail(err, HONE_EINVAL, "kv_heads = %lld does not divide heads = %lld", (long long)c->kv_heads, (long long)c->heads);
    struct lora l;
    if (lora_read(&l, c->lora_rank, c->lora_alpha, c->lora_targets, err) < 0)
        return err->code;
    int32_t end[MOST_ENDS];
    if (coder_numbers(c->ends, end) < 0)
        return hone_fail(err, HONE_EINVAL, "ends is \"%.60s\"; expected the number of a token, or a list of at most %d such as [2, 7]", c->ends, MOST_ENDS);
    const char *gap = strstr(c->prompt, "{input}");
    if (!gap || strstr(gap + 1, "{input}"))
        return hone_fail(err, HONE_EINVAL, "prompt is \"%.60s\"; expected a text with {input} once", c->prompt);
    return 0;
}

static int start(struct transformer **out, const struct conf *c, const struct hone_host *host, struct hone_err *err)
{
    const struct hone_blas_service *blas = host->get(host, "hone.blas/1");
    const struct hone_tokens_service *tokens = host->get(host, "hone.tokens/1");
    if (!blas || !tokens)
        return hone_fail(err, HONE_ENOSYS, "transformer needs OpenBLAS: install libopenblas0, so that libopenblas.so.0 is found");
    struct transformer *m = *out = host->alloc(host, sizeof *m);
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    m->host = host;
    m->blas = blas;
    m->coder = (struct text_coder){ .tokens = tokens, .mode = c->text, .inputs = c->inputs, .context = c->context };
    m->dropout = c->dropout;
    m->coder.n_ends = coder_numbers(c->ends, m->coder.ends);
    m->shape = (struct decoder_shape){ .width = c->width, .layers = c->layers, .heads = c->heads, .kv_heads = c->kv_heads ? c->kv_heads : c->heads,
                                       .head = c->head ? c->head : c->width / c->heads, .hidden = c->hidden ? c->hidden : (c->width * 8 / 3 + 31) / 32 * 32,
                                       .context = c->context, .tied = c->tied, .theta = c->theta, .eps = c->eps };
    m->turn = host->alloc(host, (size_t)(c->context * m->shape.head) * sizeof *m->turn);
    size_t n = strlen(c->prompt) + 1;
    m->coder.prompt = m->prompt = host->alloc(host, n);
    m->panels = host->alloc(host, PANEL_ROOM * sizeof *m->panels);
    if (!m->turn || !m->prompt || !m->panels)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    memcpy(m->prompt, c->prompt, n);
    make_turns_f(&m->shape, m->turn);
    return lora_read(&m->lora, c->lora_rank, c->lora_alpha, c->lora_targets, err);
}

static int64_t size(void *self)
{
    const struct transformer *m = self;
    int64_t n = 0;
    for (int64_t i = 0; i < decoder_tensors(&m->shape); i++) {
        char name[64];
        int64_t dims[2];
        n += decoder_tensor(&m->shape, i, name, dims) == 1 ? dims[0] : dims[0] * dims[1];
    }
    return (n + lora_size(&m->lora, &m->shape)) * (int64_t)sizeof(float);
}

/* The tokenizer: the base's, a file's, or one learned. */
static int take_tokenizer(struct transformer *m, const struct conf *c, const struct hone_lesson *l, struct hone_err *err)
{
    const struct transformer *base = l->base;
    int64_t len = 0;
    if (!base)
        return c->tokenizer && *c->tokenizer ? coder_read_file(&m->coder, c->tokenizer, err) : coder_learn(&m->coder, l, c->vocab, err);
    char *json = m->coder.tokens->json(base->coder.t, &len);
    int ret = json ? coder_read(&m->coder, json, len, "the base's tokenizer", err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    m->coder.tokens->text_free(json);
    return ret;
}

/* Rows of the embedding: one a token, or as many as are asked for. */
static int take_rows(struct transformer *m, const struct conf *c, struct hone_err *err)
{
    int64_t n = m->coder.tokens->size(m->coder.t);
    if (c->vocab_rows && c->vocab_rows < n)
        return hone_fail(err, HONE_EINVAL, "the tokenizer has %lld tokens, and the model's vocabulary %lld rows", (long long)n, (long long)c->vocab_rows);
    m->shape.vocab = c->vocab_rows ? c->vocab_rows : n;
    return 0;
}

static int fit(void **self, const void *conf, const struct hone_lesson *l, const struct hone_host *host, int64_t max_bytes, struct hone_err *err)
{
    const struct conf *c = conf;
    struct transformer *m = NULL;
    int ret = start(&m, c, host, err);
    *self = m;
    if (!ret)
        ret = take_tokenizer(m, c, l, err);
    if (ret)
        return ret;
    if ((ret = take_rows(m, c, err)) < 0)
        return ret;
    if (size(m) > max_bytes)
        return hone_fail(err, HONE_ENOMEM, "%lld layers of width %lld and %lld tokens take %.1f MB, more than the %.1f MB that this model may use "
                         "(raise memoryMb, or lower width or layers in modelOptions)", (long long)c->layers, (long long)c->width,
                         (long long)m->shape.vocab, (double)size(m) * 1e-6, (double)max_bytes * 1e-6);
    return 0;
}

static int restore(void **self, const void *conf, int64_t outputs, const struct hone_string *output, struct hone_store *s,
                   const struct hone_host *host, struct hone_err *err)
{
    struct transformer *m = NULL;
    int64_t n = 0;
    int ret = start(&m, conf, host, err);
    (void)outputs;
    (void)output;
    *self = m;
    if (ret)
        return ret;
    const char *json = s->get(s, "tokenizer", HONE_U8, &n);
    if (!json)
        return hone_fail(err, HONE_EINVAL, "the tokenizer is missing");
    ret = coder_read(&m->coder, json, n, "its tokenizer", err);
    return ret < 0 ? ret : take_rows(m, conf, err);
}

static int save(void *self, struct hone_store *s, struct hone_err *err)
{
    struct transformer *m = self;
    int64_t n;
    char *json = m->coder.tokens->json(m->coder.t, &n);
    int ret = json ? s->put(s, "tokenizer", HONE_U8, 1, &n, json, err) : hone_fail(err, HONE_ENOMEM, "memory ran out for the tokenizer");
    m->coder.tokens->text_free(json);
    return ret;
}

static int declare(void *self, struct hone_builder *b, struct hone_err *err)
{
    const struct transformer *m = self;
    const struct decoder_shape *s = &m->shape;
    int ret = 0;
    for (int64_t i = 0; i < decoder_tensors(s) && ret >= 0; i++) {
        char name[64];
        int64_t dims[2], part = (i - 1) % DEC_OF_LAYER;
        uint32_t nd = decoder_tensor(s, i, name, dims);
        int adds = i && i < decoder_norm_at(s) && (part == DEC_O || part == DEC_DOWN); /* to what came in, once a layer */
        ret = b->tensor(b, name, nd, dims, nd == 1 ? HONE_INIT_ONE : HONE_INIT_NORMAL,
                        nd == 1 ? 1 : adds ? 0.02 / sqrt(2.0 * (double)s->layers) : 0.02, (nd == 1 ? HONE_W_NO_DECAY : 0) | (m->lora.rank ? HONE_W_FROZEN : 0), err);
    }
    if (ret >= 0)
        ret = lora_declare(&m->lora, s, b, err);
    b->width(b, s->vocab);
    return ret;
}

static int encode(void *self, const struct hone_string *input, const struct hone_string *answer, int64_t n, struct hone_encoder *e,
                  struct hone_err *err)
{
    const struct transformer *m = self;
    struct hone_token_list l = { 0 };
    int ret = 0;
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        l.n = 0;
        if (answer)
            ret = coder_pair(&m->coder, &input[i], &answer[i], (e->flags & HONE_ENCODE_MEASURE) != 0, &l, e, err);
        else if ((ret = coder_input(&m->coder, &input[i], &l, err)) >= 0)
            ret = e->add(e, l.n, l.id, NULL);
    }
    m->coder.tokens->list_free(&l);
    return ret;
}

static void *take(const void *arg, size_t bytes)
{
    const struct hone_pass *p = arg;
    return p->ops->scratch(p, bytes);
}

static int no_memory(const struct hone_pass *p, struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out in a batch of %lld texts", (long long)p->in.n);
}

/* What forward() leaves for backward(). */
struct tape {
    struct decoder_batch batch;
    struct tape_f passes;
    float *const *w, *const *grad; /* weights with what adapters add; gradients to fill, or NULL: those of the pass */
};

/* The texts of a pass, those longer than the context in parts, and where their rows are. */
static int make_batch(const struct transformer *m, const struct hone_pass *p, struct decoder_batch *b)
{
    int64_t tokens = p->in.start[p->in.n] - p->in.start[0], parts = 0;
    for (int64_t i = 0; i < p->in.n; i++)
        parts += (p->in.start[i + 1] - p->in.start[i] + m->shape.context - 1) / m->shape.context;
    int64_t *start = p->ops->scratch(p, (size_t)(parts + 1) * sizeof *start), *row = p->ops->scratch(p, (size_t)(p->rows + 1) * sizeof *row);
    if (!start || !row)
        return HONE_ENOMEM;
    int64_t n = 0, rows = 0;
    for (int64_t i = 0; i < p->in.n; i++) {
        int64_t from = p->in.start[i] - p->in.start[0], to = p->in.start[i + 1] - p->in.start[0];
        int64_t have = p->row_start ? p->row_start[i + 1] - p->row_start[i] : 1;
        for (int64_t at = from; at < to; at += m->shape.context)
            start[n++] = at;
        for (int64_t k = 0; k < have; k++)
            row[rows++] = to - have + k;
    }
    start[n] = tokens;
    *b = (struct decoder_batch){ .texts = n, .tokens = tokens, .rows = rows, .start = start, .token = p->in.index + p->in.start[0], .row = row };
    return 0;
}

static void drop_merged(struct transformer *m)
{
    for (int64_t i = 0; m->merged && i < decoder_tensors(&m->shape); i++)
        if (lora_of(&m->lora, &m->shape, i) >= 0)
            m->host->free(m->host, m->merged[i]);
    m->host->free(m->host, m->merged);
    m->merged = NULL;
}

static void drop_rough(struct transformer *m)
{
    rough_free(m->host, &m->shape, m->rough);
    m->rough = NULL;
}

/* The weights of streams with what adapters add, made once and kept while tensors do not change. NULL when memory ran out. */
static float *const *stream_weights(struct transformer *m, const struct decoder_env *e, const struct hone_pass *p)
{
    const struct decoder_shape *s = &m->shape;
    if (m->merged && p->flags & HONE_PASS_FROZEN)
        return m->merged;
    drop_merged(m);
    if (!(m->merged = m->host->alloc(m->host, (size_t)decoder_tensors(s) * sizeof *m->merged)))
        return NULL;
    for (int64_t i = 0; i < decoder_tensors(s); i++) {
        int64_t dims[2];
        char name[64];
        if (lora_of(&m->lora, s, i) < 0) {
            m->merged[i] = p->tensor[i];
            continue;
        }
        decoder_tensor(s, i, name, dims);
        m->merged[i] = m->host->alloc(m->host, (size_t)(dims[0] * dims[1]) * sizeof(float));
        if (!m->merged[i] || lora_merge(e, &m->lora, s, p->tensor, i, m->merged[i])) {
            drop_merged(m);
            return NULL;
        }
    }
    return m->merged;
}

/* Copies of the matrices for a pass that guesses, made once and kept while tensors do not change. */
static int take_rough(struct transformer *m, const struct hone_pass *p, float *const *w)
{
    if (!(p->flags & HONE_PASS_FROZEN))
        drop_rough(m);
    if (p->flags & HONE_PASS_ROUGH && !m->rough)
        m->rough = rough_make(m->host, &m->shape, w);
    return p->flags & HONE_PASS_ROUGH && !m->rough ? HONE_ENOMEM : 0;
}

/* Inputs are taken one by one, the next tokens of answers together, so that none depends on the others. */
static int go_on(struct transformer *m, const struct decoder_env *e, const struct hone_pass *p, struct hone_err *err)
{
    float *const *w = m->lora.rank ? stream_weights(m, e, p) : p->tensor;
    struct decoder_stream **one = p->ops->scratch(p, (size_t)(p->in.n + 1) * sizeof(struct decoder_stream *));
    int64_t *start = p->ops->scratch(p, (size_t)(p->in.n + 1) * sizeof *start), *count = p->ops->scratch(p, (size_t)(p->in.n + 1) * sizeof *count), few = 1;
    if (!one || !start || !count || !w || take_rough(m, p, w))
        return no_memory(p, err);
    const struct rough_matrix *rough = p->flags & HONE_PASS_ROUGH ? m->rough : NULL;
    for (int64_t i = 0; i < p->in.n; i++) {
        one[i] = p->stream[i];
        start[i] = p->in.start[i] - p->in.start[0];
        count[i] = i;
        few &= p->row_start || p->in.start[i + 1] - p->in.start[i] == 1;
        if (one[i]->n + p->in.start[i + 1] - p->in.start[i] > m->shape.context)
            return hone_fail(err, HONE_EINVAL, "a text of more than the %lld tokens that this model can look at", (long long)m->shape.context);
    }
    start[p->in.n] = p->in.start[p->in.n] - p->in.start[0];
    count[p->in.n] = p->in.n;
    if (few)
        return decoder_go_on(e, &m->shape, one, p->in.n, 1, start, p->row_start ? p->row_start : count, p->in.index + p->in.start[0], m->turn, w,
                             rough, p->scores)
               ? no_memory(p, err) : 0;
    for (int64_t i = 0; i < p->in.n; i++) {
        int64_t both[2] = { 0, start[i + 1] - start[i] };
        if (decoder_go_on(e, &m->shape, &one[i], 1, both[1] == 1, both, count, p->in.index + p->in.start[i], m->turn, w, NULL, p->scores + i * p->width))
            return no_memory(p, err);
    }
    return 0;
}

static int forward(void *self, struct hone_pass *p, struct hone_err *err)
{
    struct transformer *m = self;
    const struct decoder_env e = { m->host, m->blas, take, p, m->panels };
    if (p->stream)
        return go_on(m, &e, p, err);
    int train = (p->flags & HONE_PASS_TRAIN) != 0;
    struct tape *t = p->tape = p->ops->scratch(p, sizeof *t);
    if (!t || make_batch(m, p, &t->batch))
        return no_memory(p, err);
    t->batch.drop = train ? m->dropout : 0;
    t->batch.seed = p->seed;
    t->w = p->tensor;
    t->grad = NULL;
    if (m->lora.rank) {
        size_t bytes = (size_t)decoder_tensors(&m->shape) * sizeof(float *);
        float **w = p->ops->scratch(p, bytes), **g = train ? p->ops->scratch(p, bytes) : NULL;
        if (!w || (train && !g))
            return no_memory(p, err);
        if (g)
            memset(g, 0, bytes);
        if (lora_begin(&e, &m->lora, &m->shape, p->tensor, w, g))
            return no_memory(p, err);
        t->w = w;
        t->grad = g;
    }
    return decoder_forward_f(&e, &m->shape, &t->batch, m->turn, t->w, train, &t->passes, p->scores) ? no_memory(p, err) : 0;
}

static int backward(void *self, struct hone_pass *p, struct hone_err *err)
{
    struct transformer *m = self;
    const struct decoder_env e = { m->host, m->blas, take, p, m->panels };
    struct tape *t = p->tape;
    if (decoder_backward_f(&e, &m->shape, &t->batch, m->turn, t->w, t->grad ? t->grad : p->grad, &t->passes, p->d_scores)
        || (t->grad && lora_end(&e, &m->lora, &m->shape, p->tensor, t->grad, p->grad)))
        return no_memory(p, err);
    return 0;
}

static void close_model(void *self)
{
    struct transformer *m = self;
    const struct hone_host *host = m->host;
    if (m->coder.tokens)
        m->coder.tokens->free(m->coder.t);
    drop_merged(m);
    drop_rough(m);
    host->free(host, m->turn);
    host->free(host, m->panels);
    host->free(host, m->prompt);
    host->free(host, m);
}

static int64_t context(void *self)
{
    return ((const struct transformer *)self)->shape.context;
}

static int64_t pass_bytes(void *self, int64_t tokens, int64_t rows, int32_t train)
{
    const struct transformer *m = self;
    int64_t n = pass_numbers_f(&m->shape, tokens, rows, train) + PANEL_ROOM, dims[2];
    char name[64];
    for (int64_t i = 0; i < decoder_tensors(&m->shape); i++)
        if (lora_of(&m->lora, &m->shape, i) >= 0) {
            decoder_tensor(&m->shape, i, name, dims);
            n += dims[0] * dims[1] * (train ? 2 : 1) + (dims[0] * 2 + dims[1]) * m->lora.rank;
        }
    return n * (int64_t)sizeof(float);
}

static void stream_close(void *self, void *stream)
{
    const struct transformer *m = self;
    struct decoder_stream *s = stream;
    if (s) {
        m->host->free(m->host, s->k);
        m->host->free(m->host, s->v);
    }
    m->host->free(m->host, s);
}

static void *stream_open(void *self)
{
    const struct transformer *m = self;
    size_t bytes = (size_t)stream_numbers(&m->shape) * sizeof(float);
    struct decoder_stream *s = m->host->alloc(m->host, sizeof *s);
    if (s && (s->k = m->host->alloc(m->host, bytes)) && (s->v = m->host->alloc(m->host, bytes)))
        return s;
    stream_close(self, s);
    return NULL;
}

static void stream_keep(void *self, void *stream, int64_t tokens)
{
    struct decoder_stream *s = stream;
    (void)self;
    s->n = tokens < s->n ? tokens : s->n;
}

static int64_t rough_bytes(void *self)
{
    const struct transformer *m = self;
    int64_t bytes = rough_size(&m->shape);
    return bytes < ROUGH_LEAST ? 0 : bytes;
}

static struct hone_string token(void *self, int32_t id, int32_t first)
{
    const struct transformer *m = self;
    return m->coder.tokens->bytes(m->coder.t, id, first);
}

static int32_t ends(void *self, int32_t id)
{
    const struct transformer *m = self;
    return coder_ends(&m->coder, id);
}

static const struct hone_foreign_key llama_keys[] = {
    { "hidden_size", "width", NULL, NULL }, { "num_hidden_layers", "layers", NULL, NULL }, { "num_attention_heads", "heads", NULL, NULL },
    { "num_key_value_heads", "kv_heads", NULL, NULL }, { "head_dim", "head", NULL, NULL }, { "intermediate_size", "hidden", NULL, NULL },
    { "max_position_embeddings", "context", "2048", NULL }, { "vocab_size", "vocab_rows", NULL, NULL },
    { "tie_word_embeddings", "tied", "false", NULL }, { "rope_theta", "theta", "10000", NULL }, { "rms_norm_eps", "eps", "1e-6", NULL },
    { "hidden_act", NULL, NULL, "\"silu\"" }, { "attention_bias", NULL, NULL, "false" }, { "mlp_bias", NULL, NULL, "false" },
    { "rope_scaling", NULL, NULL, "null" }, { "bos_token_id", NULL, NULL, NULL }, { "eos_token_id", "ends", NULL, NULL }, { NULL, NULL, NULL, NULL },
};
static const struct hone_foreign llama = { "llama", "LlamaForCausalLM", llama_keys };

static int64_t foreign_value(void *self, const char *key)
{
    const struct transformer *m = self;
    const struct { const char *key; int64_t value; } values[] = {
        { "num_key_value_heads", m->shape.kv_heads }, { "head_dim", m->shape.head }, { "intermediate_size", m->shape.hidden },
        { "vocab_size", m->shape.vocab }, { "bos_token_id", m->coder.begin }, { "eos_token_id", m->coder.end },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].key, key) == 0)
            return values[i].value;
    return -1;
}

/* Memory of foreign_tensor(), which has no pass. */
struct few_blocks {
    const struct hone_host *host;
    void *block;
};

static void *take_one(const void *arg, size_t bytes)
{
    struct few_blocks *f = (struct few_blocks *)(intptr_t)arg;
    f->host->free(f->host, f->block);
    return f->block = f->host->alloc(f->host, bytes);
}

static int foreign_tensor(void *self, float *const *tensor, int64_t i, float *out, struct hone_err *err)
{
    struct transformer *m = self;
    struct few_blocks blocks = { m->host, NULL };
    const struct decoder_env e = { m->host, m->blas, take_one, &blocks, m->panels };
    int64_t dims[2] = { 0, 1 };
    char name[64];
    if (i >= decoder_tensors(&m->shape))
        return 0;
    uint32_t nd = decoder_tensor(&m->shape, i, name, dims);
    int adapted = lora_of(&m->lora, &m->shape, i) >= 0, failed = adapted && lora_merge(&e, &m->lora, &m->shape, tensor, i, out);
    if (!adapted)
        memcpy(out, tensor[i], (size_t)(dims[0] * (nd == 2 ? dims[1] : 1)) * sizeof *out);
    m->host->free(m->host, blocks.block);
    return failed ? hone_fail(err, HONE_ENOMEM, "memory ran out for tensor %s", name) : 1;
}

static const struct hone_model transformer = {
    .item = HONE_ITEM(struct hone_model, HONE_MODEL, "transformer", "writes answers: a decoder of Llama's shape",
                      "Byte-pair tokens, root mean square norms, rotary positions, grouped-query attention and gated units (Touvron et al., "
                      "2023). The loss is taken of the answer's tokens; an answer is written token by token.",
                      params, struct conf, HONE_MODEL_WRITES, check),
    .size = size, .fit = fit, .restore = restore, .save = save, .declare = declare, .encode = encode, .forward = forward,
    .backward = backward, .close = close_model, .context = context, .pass_bytes = pass_bytes, .stream_open = stream_open,
    .stream_close = stream_close, .token = token, .ends = ends,
    .foreign = &llama, .foreign_value = foreign_value, .foreign_tensor = foreign_tensor, .stream_keep = stream_keep, .rough_bytes = rough_bytes,
};

HONE_DEFINE_PLUGIN("transformer", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &transformer.item);
