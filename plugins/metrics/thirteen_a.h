/* The tokens of NIST's mteval-v13a, as BLEU scores are reported with (Post 2018, "A call for clarity in reporting BLEU scores"):
 * ASCII punctuation parted from words, '.' and ',' unless between digits, '-' behind a digit; entities unescaped; case kept. */
#ifndef METRICS_THIRTEEN_A_H
#define METRICS_THIRTEEN_A_H
#include "grams.h"

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ASCII punctuation but for ' , - . which have rules of their own or none. */
static int is_apart(char c)
{
    return (c >= '!' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/* The text with entities and line ends replaced, into out[s->len + 2], between blanks as the rules expect it; the length. */
static int64_t plain_text(const struct hone_string *s, char *out)
{
    static const struct {
        const char *from;
        char to; /* 0: nothing */
    } all[] = { { "<skipped>", 0 }, { "-\n", 0 }, { "\n", ' ' }, { "&quot;", '"' }, { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' } };
    int64_t n = 0;
    out[n++] = ' ';
    for (int64_t i = 0; i < s->len;) {
        size_t k = 0, count = sizeof all / sizeof all[0], len = 0;
        for (; k < count; k++) {
            len = strlen(all[k].from);
            if (s->len - i >= (int64_t)len && memcmp(s->bytes + i, all[k].from, len) == 0)
                break;
        }
        if (k == count)
            out[n++] = s->bytes[i++];
        else if (all[k].to)
            out[n++] = all[k].to;
        i += k == count ? 0 : (int64_t)len;
    }
    out[n++] = ' ';
    return n;
}

static int tokens_thirteen_a(struct tokens *t, const struct hone_string *s)
{
    char *text = malloc((size_t)s->len + 2), *spaced = malloc(((size_t)s->len + 2) * 3);
    if (!text || !spaced || tokens_room(t, s) < 0) {
        free(text);
        free(spaced);
        return -1;
    }
    int64_t n = plain_text(s, text), m = 0;
    for (int64_t i = 0; i < n; i++) {
        char c = text[i], before = i > 0 ? text[i - 1] : ' ', after = i + 1 < n ? text[i + 1] : ' ';
        int point = (c == '.' || c == ',') && (!is_digit(before) || !is_digit(after)), dash = c == '-' && is_digit(before);
        if (is_apart(c) || point || dash) {
            spaced[m++] = ' ';
            spaced[m++] = c;
            spaced[m++] = ' ';
        } else {
            spaced[m++] = c;
        }
    }
    free(t->v);
    int rc = tokens_blanks(t, &(struct hone_string){ spaced, m });
    free(text);
    free(spaced);
    return rc;
}

#endif
