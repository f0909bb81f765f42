/* Texts as tokens for model "transformer": the tokenizer, and what stands around an input and its answer. Not a plugin. */
#ifndef MODELS_TRANSFORMER_TEXT_H
#define MODELS_TRANSFORMER_TEXT_H
#include <stdio.h>
#include <stdlib.h>
#include "hone/model.h"
#include "hone/tokens.h"

enum { TEXT_PAIRS, TEXT_RUNNING };

#define MOST_ENDS 16
#define MARK_END "<|end|>"
#define MARK_ANSWER "<|answer|>"

struct text_coder {
    const struct hone_tokens_service *tokens;
    struct hone_tokenizer *t;
    int64_t mode, context, inputs; /* TEXT_...; most tokens of input and answer; whether inputs of pairs are learned too */
    const char *prompt;          /* for tokenizers without MARK_ANSWER: what stands around {input} */
    int32_t begin, answer, end;  /* marks; -1: none */
    int32_t ends[MOST_ENDS];     /* tokens that end an answer where they are given by number, `end` among them; else it alone does */
    int64_t n_ends;
};

static const char *past_blanks(const char *s)
{
    while (*s == ' ')
        s++;
    return s;
}

/* Numbers of tokens as a config.json has its eos_token_id: none, one, or a list. How many; -1: something else. */
static int64_t coder_numbers(const char *s, int32_t id[MOST_ENDS])
{
    int64_t n = 0;
    int list = *(s = past_blanks(s)) == '[', more = list || *s;
    for (s += list; more; n++) {
        char *end;
        s = past_blanks(s);
        int64_t v = *s >= '0' && *s <= '9' && n < MOST_ENDS ? strtoll(s, &end, 10) : -1;
        if (v < 0 || v > INT32_MAX)
            return -1;
        id[n] = (int32_t)v;
        s = past_blanks(end);
        more = list && *s == ',';
        s += more;
    }
    if (list && *s++ != ']')
        return -1;
    return *past_blanks(s) ? -1 : n;
}

/* Which marks a tokenizer has: those of this model, or the usual names. Of ends that are given by number the one with such a name is written
 * behind answers that are learned, else the first. */
static int coder_marks(struct text_coder *c, const char *name, struct hone_err *err)
{
    static const char *const ends[] = { MARK_END, "</s>", "<|eot_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>", NULL };
    static const char *const begins[] = { MARK_END, "<s>", "<|begin_of_text|>", NULL };
    c->begin = c->end = -1;
    for (int i = 0; ends[i] && c->end < 0; i++)
        c->end = c->tokens->find(c->t, ends[i]);
    for (int i = 0; begins[i] && c->begin < 0; i++)
        c->begin = c->tokens->find(c->t, begins[i]);
    c->answer = c->tokens->find(c->t, MARK_ANSWER);
    int named = 0;
    for (int64_t i = 0; i < c->n_ends; i++) {
        if (c->ends[i] >= c->tokens->size(c->t))
            return hone_fail(err, HONE_EINVAL, "%s: it has %lld tokens, and none of number %d to end an answer", name, (long long)c->tokens->size(c->t),
                             (int)c->ends[i]);
        named |= c->ends[i] == c->end;
    }
    if (c->n_ends && !named)
        c->end = c->ends[0];
    return 0;
}

static int coder_ends(const struct text_coder *c, int32_t id)
{
    int found = id == c->end;
    for (int64_t i = 0; i < c->n_ends; i++)
        found |= id == c->ends[i];
    return found;
}

static int coder_read(struct text_coder *c, const char *json, int64_t len, const char *name, struct hone_err *err)
{
    if (!(c->t = c->tokens->read(json, len, name, err)))
        return err->code;
    int ret = coder_marks(c, name, err);
    return ret < 0 ? ret : c->mode == TEXT_PAIRS && c->end < 0
               ? hone_fail(err, HONE_EINVAL, "%s: it has no token that ends an answer, such as </s> or <|endoftext|>", name) : 0;
}

/* Reads a whole file. */
static int coder_read_file(struct text_coder *c, const char *path, struct hone_err *err)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t n = 0, cap = 0, got;
    int ret = f ? 0 : hone_fail(err, HONE_EINVAL, "the tokenizer %s cannot be read", path);
    while (!ret && !feof(f) && !ferror(f)) {
        if (n == cap) {
            char *p = realloc(text, cap = cap ? cap * 2 : 1 << 20);
            if (!p) {
                ret = hone_fail(err, HONE_ENOMEM, "memory ran out for the tokenizer %s", path);
                break;
            }
            text = p;
        }
        got = fread(text + n, 1, cap - n, f);
        n += got;
    }
    if (!ret && ferror(f))
        ret = hone_fail(err, HONE_EIO, "the tokenizer %s cannot be read to its end", path);
    if (f)
        fclose(f);
    if (!ret)
        ret = coder_read(c, text, (int64_t)n, path, err);
    free(text);
    return ret;
}

/* Learns a tokenizer of at most `size` tokens from the texts of a lesson. */
static int coder_learn(struct text_coder *c, const struct hone_lesson *l, int64_t size, struct hone_err *err)
{
    static const char *const mark[] = { MARK_END, MARK_ANSWER };
    struct hone_string *text = malloc((size_t)(2 * l->n + 1) * sizeof *text);
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for a tokenizer");
    memcpy(text, l->input, (size_t)l->n * sizeof *text);
    memcpy(text + l->n, l->answer, (size_t)l->n * sizeof *text);
    c->t = c->tokens->learn(text, 2 * l->n, size, mark, 2, err);
    free(text);
    if (!c->t)
        return err->code;
    return coder_marks(c, "the tokenizer that was learned", err);
}

static int coder_push(struct hone_token_list *l, int32_t id)
{
    if (id < 0)
        return 0;
    if (l->n == l->cap) {
        int64_t cap = l->cap ? l->cap * 2 : 256;
        int32_t *p = realloc(l->id, (size_t)cap * sizeof *p);
        if (!p)
            return HONE_ENOMEM;
        l->id = p;
        l->cap = cap;
    }
    l->id[l->n++] = id;
    return 0;
}

static int coder_add(const struct text_coder *c, const char *s, int64_t n, int32_t first, struct hone_token_list *l, struct hone_err *err)
{
    return n > 0 ? c->tokens->encode(c->t, s, n, first, l, err) : 0;
}

/* The tokens after which the answer begins. */
static int coder_input(const struct text_coder *c, const struct hone_string *input, struct hone_token_list *l, struct hone_err *err)
{
    const char *gap = strstr(c->prompt, "{input}");
    int ret = 0;
    if ((c->mode == TEXT_PAIRS || input->len == 0) && coder_push(l, c->begin))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (c->mode == TEXT_RUNNING || c->answer >= 0) {
        ret = coder_add(c, input->bytes, input->len, 1, l, err);
    } else {
        ret = coder_add(c, c->prompt, gap - c->prompt, 1, l, err);
        if (ret >= 0)
            ret = coder_add(c, input->bytes, input->len, gap == c->prompt, l, err);
        if (ret >= 0)
            ret = coder_add(c, gap + 7, (int64_t)strlen(gap + 7), 0, l, err);
    }
    if (ret >= 0 && c->mode == TEXT_PAIRS && coder_push(l, c->answer))
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    return ret < 0 ? ret : l->n ? 0 : hone_fail(err, HONE_EINVAL, "an empty input, and the tokenizer has no mark that begins a text");
}

/* Input and answer, with what the answer's loss is taken of. Running text is learned as a whole, and measured by its answer. What is
 * longer than the context loses the beginning of its input, then the end of its answer; running text is taken in parts. */
static int coder_pair(const struct text_coder *c, const struct hone_string *input, const struct hone_string *answer, int measure,
                      struct hone_token_list *l, struct hone_encoder *e, struct hone_err *err)
{
    l->n = 0;
    int ret = coder_input(c, input, l, err);
    int64_t given = l->n, skip = 0;
    if (ret >= 0)
        ret = coder_add(c, answer->bytes, answer->len, 0, l, err);
    if (ret >= 0 && c->mode == TEXT_PAIRS && coder_push(l, c->end))
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (ret < 0)
        return ret;
    int inputs = (c->mode == TEXT_RUNNING || c->inputs) && !measure;
    int64_t n = l->n - 1, rows = inputs ? n : l->n - given;
    if (c->mode == TEXT_PAIRS && n > c->context) {
        skip = n - c->context < given - 1 ? n - c->context : given - 1;
        n = n - skip > c->context ? c->context : n - skip;
        rows = inputs || rows >= n ? n - (inputs ? 0 : given - 1 - skip) : rows;
    }
    ret = e->add(e, n, l->id + skip, NULL);
    return ret < 0 ? ret : e->targets(e, rows, l->id + skip + n - rows + 1);
}

#endif
