/* Running text: cut into examples, each a part of the text with what stands before it as its input. For models that write. */
#include <math.h>
#include <string.h>
#include "core/data/reading.h"

#define PART 256   /* bytes of an answer, about */
#define BEFORE 64  /* and of its input */

static int is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The first blank from `at` on that follows a word, within a quarter of a part; else the next border of a character. */
static size_t cut(const struct reading *r, size_t at)
{
    size_t most = at + PART / 4;
    for (size_t i = at; i < r->len && i < most; i++)
        if (i > 0 && is_blank(r->text[i]) && !is_blank(r->text[i - 1]))
            return i;
    while (at < r->len && ((unsigned char)r->text[at] & 0xc0) == 0x80)
        at++;
    return at < r->len ? at : r->len;
}

static int all_blank(const char *s, size_t n)
{
    while (n && is_blank(s[n - 1]))
        n--;
    return n == 0;
}

int read_running(struct reading *r)
{
    size_t start = r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, at = cut(r, start + BEFORE);
    size_t counted = 0;
    int64_t line = 1;
    int ret = 0;
    while (at < r->len && ret == 0) {
        size_t end = cut(r, at + PART), before = at - start > BEFORE + PART / 4 ? cut(r, at - BEFORE) : start;
        before = before < at ? before : start;
        for (; counted < at; counted++)
            line += r->text[counted] == '\n';
        struct example_row row = { .input = { r->text + before, (int64_t)(at - before) }, .answer = { r->text + at, (int64_t)(end - at) },
                                   .weight = 1, .reward = NAN, .propensity = NAN, .line = line, .source = { r->text + at, (int64_t)(end - at) } };
        if (!all_blank(row.input.bytes, at - before) && !all_blank(row.answer.bytes, end - at))
            ret = reading_row(r, &row);
        start = at;
        at = end;
    }
    if (ret == 0 && r->rows == 0 && r->faults == 0)
        return hone_fail(r->err, HONE_EINVAL, "%s: a text of %zu bytes gives no example; expected some hundred at least", r->path, r->len);
    return ret < 0 ? ret : 0;
}
