/* Training rows made of the outputs themselves: "card_arrival" teaches that "card arrival" is answered by card_arrival. For
 * paradigms that learn from few rows. Called by run_read(). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"
#include "core/train/run.h"

static int is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static int is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static int is_letter(char c)
{
    return is_lower(c) || is_upper(c) || (unsigned char)c >= 0x80;
}

/* The output as words: ASCII symbols become blanks, and a capital behind a small letter begins a word. `out` has room for twice
 * the bytes. Returns the bytes written, 0 when no two letters stand together: a number or a mark means nothing by itself. */
static int64_t words_of(const struct hone_string *o, char *out)
{
    int64_t n = 0;
    int words = 0;
    for (int64_t i = 0; i < o->len; i++) {
        char c = o->bytes[i], before = i ? o->bytes[i - 1] : ' ';
        if (is_upper(c) && is_lower(before))
            out[n++] = ' ';
        else if (is_letter(c) && is_letter(before))
            words = 1;
        out[n++] = is_letter(c) || (c >= '0' && c <= '9') ? c : ' ';
    }
    return words ? n : 0;
}

/* Makes room for `more` elements behind n; NULL columns stay. */
static int widen(void *column, int64_t n, int64_t more, size_t size)
{
    void **slot = column, *fresh = *slot ? realloc(*slot, (size_t)(n + more + 1) * size) : NULL;
    if (!*slot)
        return 0;
    if (!fresh)
        return HONE_ENOMEM;
    *slot = fresh;
    return 0;
}

int run_add_outputs(struct run *r, struct run_texts *t, int64_t *made)
{
    struct row_set *s = &r->train;
    struct hone_words w = { 0 };
    int64_t n = s->n, more = t->outputs;
    int ret = 0;
    *made = 0;
    if (!(r->plan.output_weight > 0))
        return 0;
    if (widen(&s->target, n, more, sizeof *s->target) || widen(&s->weight, n, more, sizeof *s->weight)
        || widen(&s->feedback, n, more, 1) || widen(&s->tokens, n, more, sizeof *s->tokens)
        || widen(&s->reward, n, more, sizeof *s->reward) || widen(&s->propensity, n, more, sizeof *s->propensity)
        || widen(&t->train, n, more, sizeof *t->train))
        return HONE_ENOMEM;
    for (int64_t o = 0; o < more && !ret; o++) {
        char *text = arena_alloc(&t->words, (size_t)t->output[o].len * 2 + 1);
        int64_t len = text ? words_of(&t->output[o], text) : 0;
        ret = text ? text_service.words(text, len, &w) : HONE_ENOMEM;
        if (ret || len == 0)
            continue;
        s->target[n] = (int32_t)o;
        s->weight[n] = (float)r->plan.output_weight;
        s->feedback[n] = HONE_CORRECT;
        s->tokens[n] = (int32_t)w.n;
        if (s->reward)
            s->reward[n] = NAN;
        if (s->propensity)
            s->propensity[n] = NAN;
        t->train[n++] = (struct hone_string){ text, len };
    }
    text_service.words_free(&w);
    if (!ret) {
        *made = n - s->n;
        s->n = n;
    }
    return ret;
}
