/* See writer.h. */
#include "core/train/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/train/encoded.h"
#include "core/train/writer_priv.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
const struct write_wish write_default = { .top_p = 1 };

int write_wish_read(const cJSON *json, struct write_wish *w, struct hone_err *err)
{
    const cJSON *stop = json_get(json, "stop"), *s;
    w->max_tokens = json_int(json, "max_tokens", w->max_tokens);
    w->temperature = json_num(json, "temperature", w->temperature);
    w->top_k = json_int(json, "top_k", w->top_k);
    w->top_p = json_num(json, "top_p", w->top_p);
    w->seed = (uint64_t)json_int(json, "seed", (int64_t)w->seed);
    if (w->max_tokens < 0 || w->max_tokens > WRITER_MAX_TOKENS)
        return hone_fail(err, HONE_EINVAL, "generation.max_tokens = %lld is outside of 0 to %d", (long long)w->max_tokens, WRITER_MAX_TOKENS);
    if (!(w->temperature >= 0 && w->temperature <= 100))
        return hone_fail(err, HONE_EINVAL, "generation.temperature = %g is outside of 0 to 100", w->temperature);
    if (w->top_k < 0)
        return hone_fail(err, HONE_EINVAL, "generation.top_k = %lld is below 0", (long long)w->top_k);
    if (!(w->top_p > 0 && w->top_p <= 1))
        return hone_fail(err, HONE_EINVAL, "generation.top_p = %g is outside of (0, 1]", w->top_p);
    w->stops = stop ? 0 : w->stops;
    cJSON_ArrayForEach(s, stop) {
        if (w->stops == WRITER_STOPS || !cJSON_IsString(s) || !*s->valuestring)
            return hone_fail(err, HONE_EINVAL, "generation.stop: expected at most %d texts that are not empty", WRITER_STOPS);
        w->stop[w->stops++] = s->valuestring;
    }
    return 0;
}

void written_free(struct written *w)
{
    buf_free(&w->text);
    buf_free(&w->ids);
    *w = (struct written){ 0 };
}

double written_confidence(const struct written *w)
{
    return w->tokens ? exp(w->log_sum / (double)w->tokens) : 0;
}

/* Bytes of the text that are whole characters. */
static size_t whole(const struct buf *b)
{
    return utf8_invalid_at(b->p ? b->p : "", b->n);
}

/* Replaces what is no character, such as a last one that was cut, by U+FFFD. */
static void mend(struct buf *b)
{
    struct buf good = { 0 };
    for (size_t at = 0; at < b->n;) {
        size_t n = utf8_invalid_at(b->p + at, b->n - at);
        buf_add(&good, b->p + at, n);
        at += n;
        if (at < b->n) {
            buf_puts(&good, REPLACEMENT);
            at++;
        }
    }
    good.oom |= b->oom;
    buf_free(b);
    *b = good;
}

/* Where the first stop text begins that ends behind `from`, or the length; *held gets the bytes at the end that may yet become one. */
static size_t find_stop(const struct buf *b, const struct write_wish *w, size_t from, size_t *held)
{
    size_t first = b->n;
    *held = 0;
    for (int i = 0; i < w->stops; i++) {
        size_t n = strlen(w->stop[i]), start = from > n ? from - n : 0;
        const char *at = b->n > start ? memmem(b->p + start, b->n - start, w->stop[i], n) : NULL;
        first = at && (size_t)(at - b->p) < first ? (size_t)(at - b->p) : first;
        for (size_t k = n - 1 < b->n ? n - 1 : b->n; k > *held; k--)
            if (memcmp(b->p + b->n - k, w->stop[i], k) == 0)
                *held = k;
    }
    return first;
}

static int tell(struct writer *w, struct answer *a, size_t upto)
{
    struct written *o = a->out;
    if (!w->sink || !w->sink->text || upto <= a->told)
        return 0;
    int ret = w->sink->text(w->sink->arg, a->number, o->text.p + a->told, (int64_t)(upto - a->told), w->err);
    a->told = upto;
    return ret < 0 ? ret : 0;
}

/* Adds a token to an answer. 1: the answer is done. */
static int add(struct writer *w, struct answer *a, int32_t token, double log_prob)
{
    struct written *o = a->out;
    const struct hone_model *m = w->l->model;
    size_t had = o->text.n, held, stop;
    struct hone_string bytes = m->token(w->l->self, token, o->tokens == 0);
    buf_add(&o->ids, &token, sizeof token);
    o->tokens++;
    o->log_sum += log_prob;
    a->past[a->n++] = token;
    a->left--;
    if (m->ends(w->l->self, token)) {
        o->finish = "end";
    } else {
        for (int64_t i = 0; i < bytes.len; i++) { /* a text has no NUL */
            if (bytes.bytes[i])
                buf_putc(&o->text, bytes.bytes[i]);
            else
                buf_puts(&o->text, REPLACEMENT);
        }
        if (buf_oom(&o->text) || buf_oom(&o->ids))
            return hone_fail(w->err, HONE_ENOMEM, "memory ran out for an answer");
        stop = find_stop(&o->text, a->wish, had, &held);
        if (stop < o->text.n) {
            o->text.n = stop;
            o->finish = "stop";
        } else if (a->left <= 0) {
            o->finish = "length";
        } else {
            size_t good = whole(&o->text), safe = o->text.n - held;
            return tell(w, a, good < safe ? good : safe);
        }
    }
    mend(&o->text);
    if (buf_oom(&o->text) || buf_oom(&o->ids))
        return hone_fail(w->err, HONE_ENOMEM, "memory ran out for an answer");
    int ret = tell(w, a, o->text.n);
    return ret < 0 ? ret : 1;
}

static void retire(struct writer *w, int64_t i)
{
    w->l->model->stream_close(w->l->self, w->answer[i].stream);
    free(w->answer[i].past);
    w->answer[i] = w->answer[--w->n];
}

/* It is written. */
static void conclude(struct writer *w, int64_t i)
{
    int64_t number = w->answer[i].number;
    retire(w, i);
    if (w->sink && w->sink->done)
        w->sink->done(w->sink->arg, number);
}

/* A row of scores and what is drawn from it. */
struct drawn {
    const struct write_wish *wish;
    uint64_t at;                 /* number of the token in its answer */
    int32_t token;
    double log_prob;
};

struct drawing {
    struct writer *w;
    struct drawn *row;
};

static void draw_task(void *arg, int64_t begin, int64_t end)
{
    struct drawing *t = arg;
    int64_t width = t->w->l->tensors.width;
    for (int64_t r = begin; r < end; r++) {
        struct drawn *d = &t->row[r];
        d->token = draw_token(&t->w->draw[r], t->w->p->pass.scores + r * width, width, t->w->temperature, d->wish, d->at, &d->log_prob);
    }
}

/* Draws from all rows of the pass, those of wrong guesses too, on all threads. */
static int draw_all(struct writer *w, int64_t from, int64_t n, const int64_t *row, struct drawn drawn[WRITER_ROWS])
{
    int64_t rows = row ? row[n] : n;
    for (; w->draws < rows; w->draws++)
        if (draw_open(&w->draw[w->draws], w->l->tensors.width))
            return hone_fail(w->err, HONE_ENOMEM, "memory ran out for an answer");
    for (int64_t i = 0; i < n; i++)
        for (int64_t r = row ? row[i] : i, k = 0; r < (row ? row[i + 1] : i + 1); r++, k++)
            drawn[r] = (struct drawn){ .wish = w->answer[from + i].wish, .at = (uint64_t)(w->answer[from + i].out->tokens + k) };
    struct drawing t = { w, drawn };
    pool_run(w->p->pool, rows, 1, draw_task, &t);
    return 0;
}

/* Adds the tokens drawn from rows of an answer, of which those behind the first hold as long as the guesses come true. 1: it is done. */
static int take_rows(struct writer *w, struct answer *a, const struct drawn *drawn, int64_t rows, const int32_t *guess)
{
    int64_t right = 0, held = a->n;
    int ret = 0;
    for (int64_t r = 0; r < rows && !ret; r++) {
        if (drawn[r].token < 0)
            return hone_fail(w->err, HONE_EDIVERGED, "the scores of the next token are not finite; the weights are damaged");
        ret = add(w, a, drawn[r].token, drawn[r].log_prob);
        if (r + 1 == rows || drawn[r].token != guess[r])
            break;
        right++;
    }
    guesses_learn(a, rows - 1, right);
    if (!ret && right < rows - 1)
        w->l->model->stream_keep(w->l->self, a->stream, held + right);
    return ret;
}

int writer_pass(struct writer *w, void *const *stream, const struct hone_bag *in, const int64_t *row, uint32_t flags)
{
    struct hone_pass *pass = &w->p->pass;
    passes_begin(w->p);
    pass->in = *in;
    pass->rows = row ? row[in->n] : in->n;
    pass->width = w->l->tensors.width;
    pass->row_start = row;
    pass->stream = stream;
    pass->flags = flags | (w->changed ? 0 : HONE_PASS_FROZEN);
    w->changed = 0;
    pass->d_scores = NULL;
    pass->scores = passes_scratch(w->p, (size_t)(pass->rows * pass->width) * sizeof(float));
    int ret = pass->scores ? passes_forward(w->p, w->l->model, w->l->self, w->err) : hone_fail(w->err, HONE_ENOMEM, "memory ran out for an answer");
    pass->stream = NULL;
    pass->row_start = NULL;
    return ret;
}

/* Runs the streams of the answers from `from` on over the tokens of `in` and draws the next tokens of each. row: those of answer from + i in
 * rows row[i] .. row[i + 1) are its newest token and guesses; NULL: they are those of texts. */
static int go_on(struct writer *w, int64_t from, const struct hone_bag *in, const int64_t *row)
{
    int64_t n = in->n;
    struct drawn drawn[WRITER_ROWS];
    void *stream[WRITER_TOGETHER];
    for (int64_t i = 0; i < n; i++)
        stream[i] = w->answer[from + i].stream;
    int ret = writer_pass(w, stream, in, row, 0);
    if (ret >= 0)
        ret = draw_all(w, from, n, row, drawn);
    for (int64_t i = n - 1; i >= 0 && ret >= 0; i--) {
        int64_t at = row ? row[i] : i, rows = row ? row[i + 1] - at : 1;
        if ((ret = take_rows(w, &w->answer[from + i], drawn + at, rows, in->index + in->start[i] + 1)) == 1)
            conclude(w, from + i);
    }
    if (w->sink && w->sink->beat)
        w->sink->beat(w->sink->arg);
    return ret < 0 ? ret : 0;
}

/* Takes a text of these tokens among the answers; 0 without an answer more when it is too long and the sink is lenient. */
static int take(struct writer *w, const struct write_order *o, int64_t number, const int32_t *token, int64_t tokens)
{
    const struct hone_model *m = w->l->model;
    int64_t context = m->context(w->l->self), most = o->wish->max_tokens;
    o->out->given = tokens;
    if (tokens >= context && w->sink && w->sink->lenient) {
        o->out->finish = "refused";
        if (w->sink->done)
            w->sink->done(w->sink->arg, number);
        return 0;
    }
    if (tokens >= context)
        return hone_fail(w->err, HONE_EINVAL, "the input has %lld tokens; the model looks at %lld with the answer's", (long long)tokens,
                         (long long)context);
    struct answer a = { .stream = m->stream_open(w->l->self), .number = number, .wish = o->wish, .out = o->out, .left = context - tokens,
                        .past = malloc((size_t)(context + 1) * sizeof *a.past), .n = tokens };
    guesses_begin(&a);
    if (!a.stream || !a.past) {
        m->stream_close(w->l->self, a.stream);
        free(a.past);
        return hone_fail(w->err, HONE_ENOMEM, "memory ran out for an answer of up to %lld tokens", (long long)context);
    }
    memcpy(a.past, token, (size_t)tokens * sizeof *token);
    a.left = most && most < a.left ? most : a.left;
    w->answer[w->n++] = a;
    return 1;
}

/* Begins answers to texts whose tokens are the rows of x. */
static int begin(struct writer *w, const struct hone_bag *x, const struct write_order *order, int64_t first)
{
    int64_t start[WRITER_TOGETHER + 1] = { 0 }, from = w->n, n = 0;
    int32_t *token = malloc((size_t)(x->start[x->n] - x->start[0] + 1) * sizeof *token);
    int ret = token ? 0 : hone_fail(w->err, HONE_ENOMEM, "memory ran out for %lld answers", (long long)x->n);
    for (int64_t i = 0; i < x->n && ret >= 0; i++) {
        int64_t tokens = x->start[i + 1] - x->start[i];
        if ((ret = take(w, &order[i], first + i, x->index + x->start[i], tokens)) != 1)
            continue;
        memcpy(token + start[n], x->index + x->start[i], (size_t)tokens * sizeof *token);
        start[n + 1] = start[n] + tokens;
        n++;
    }
    struct hone_bag in = { n, start, token, NULL };
    if (ret >= 0 && n)
        ret = go_on(w, from, &in, NULL);
    free(token);
    return ret < 0 ? ret : 0;
}

/* ---- answers that come and go ---- */

struct writer *writer_open(const struct learner *l, struct passes *p, struct pool *pool, double temperature, const struct write_sink *sink,
                           struct hone_err *err)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w)
        *w = (struct writer){ .l = l, .p = p, .pool = pool, .temperature = temperature, .sink = sink, .rough = guesses_rough(l) };
    if (!w)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    return w;
}

void writer_close(struct writer *w)
{
    if (!w)
        return;
    while (w->n)
        retire(w, w->n - 1);
    for (int64_t i = 0; i < w->draws; i++)
        draw_close(&w->draw[i]);
    free(w);
}

int64_t writer_busy(const struct writer *w)
{
    return w->n;
}

int writer_begin(struct writer *w, const struct write_order *order, int64_t first, int64_t n, struct hone_err *err)
{
    struct hone_string text[WRITER_TOGETHER];
    struct encoded x;
    w->err = err;
    if (n > WRITER_TOGETHER - w->n)
        return hone_fail(err, HONE_EINVAL, "%lld answers are begun, and there is room for %lld", (long long)n, (long long)(WRITER_TOGETHER - w->n));
    for (int64_t i = 0; i < n; i++)
        text[i] = order[i].text;
    int ret = encoded_make(&x, w->l->model, w->l->self, text, NULL, n, 0, w->pool, err);
    if (ret < 0)
        return ret;
    const struct hone_bag asked = { n, x.start, x.index, NULL };
    ret = begin(w, &asked, order, first);
    encoded_free(&x);
    return ret;
}

int writer_step(struct writer *w, struct hone_err *err)
{
    int64_t start[WRITER_TOGETHER + 1] = { 0 };
    int32_t token[WRITER_TOGETHER + WRITER_TRIED];
    struct guess guess[WRITER_TOGETHER];
    w->err = err;
    int ret = guesses_make(w, guess);
    w->steps++;
    for (int64_t i = 0; i < w->n && ret >= 0; i++) {
        token[start[i]] = w->answer[i].past[w->answer[i].n - 1];
        memcpy(token + start[i] + 1, guess[i].token, (size_t)guess[i].n * sizeof *token);
        start[i + 1] = start[i] + 1 + guess[i].n;
    }
    struct hone_bag in = { w->n, start, token, NULL };
    return ret < 0 ? ret : w->n ? go_on(w, 0, &in, w->l->model->stream_keep ? start : NULL) : 0;
}

void writer_drop(struct writer *w, int64_t number)
{
    for (int64_t i = w->n - 1; i >= 0; i--)
        if (w->answer[i].number == number)
            retire(w, i);
}

/* ---- all of a list ---- */

int writer_run(const struct learner *l, struct passes *p, struct pool *pool, double temperature, const struct hone_string *text, int64_t n,
               const struct write_wish *wish, struct written *out, const struct write_sink *sink, struct hone_err *err)
{
    struct writer *w = writer_open(l, p, pool, temperature, sink, err);
    int ret = w ? 0 : err->code;
    for (int64_t from = 0; from < n && ret >= 0; from += WRITER_TOGETHER) {
        struct write_order order[WRITER_TOGETHER];
        int64_t m = n - from < WRITER_TOGETHER ? n - from : WRITER_TOGETHER;
        for (int64_t i = 0; i < m; i++)
            order[i] = (struct write_order){ text[from + i], &wish[from + i], &out[from + i] };
        ret = writer_begin(w, order, from, m, err);
        while (ret >= 0 && w->n)
            ret = writer_step(w, err);
    }
    writer_close(w);
    return ret < 0 ? ret : 0;
}

int writer_tokens(const struct learner *l, struct passes *p, double temperature, const struct hone_bag *asked, int changed,
                  const struct write_wish *wish, struct written *out, const struct write_sink *sink, struct hone_err *err)
{
    struct writer *w = writer_open(l, p, NULL, temperature, sink, err);
    int ret = w ? 0 : err->code;
    if (w) {
        w->changed = changed;
        w->rough = 0;
        w->err = err;
    }
    for (int64_t from = 0; from < asked->n && ret >= 0; from += WRITER_TOGETHER) {
        struct write_order order[WRITER_TOGETHER];
        struct hone_bag part = { asked->n - from < WRITER_TOGETHER ? asked->n - from : WRITER_TOGETHER, asked->start + from, asked->index, NULL };
        for (int64_t i = 0; i < part.n; i++)
            order[i] = (struct write_order){ .wish = &wish[from + i], .out = &out[from + i] };
        ret = begin(w, &part, order, from);
        while (ret >= 0 && w->n)
            ret = writer_step(w, err);
    }
    writer_close(w);
    return ret < 0 ? ret : 0;
}
