/* Pieces of a text within which bytes are merged: what the regular expressions of three families of tokenizers match, without an
 * engine for such expressions. */
#include <utf8proc.h>
#include "core/base/bpe_priv.h"

enum { OTHER, LETTER, NUMBER, SPACE, LINE_END };

/* The class of the character at s, and its bytes. Malformed bytes are characters of class OTHER. */
static int class_at(const char *s, int64_t n, int64_t *len)
{
    unsigned char c = (unsigned char)*s;
    *len = 1;
    if (c < 0x80) {
        if (c == '\n' || c == '\r')
            return LINE_END;
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            return SPACE;
        return (c | 32) >= 'a' && (c | 32) <= 'z' ? LETTER : c >= '0' && c <= '9' ? NUMBER : OTHER;
    }
    utf8proc_int32_t point;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)s, n, &point);
    if (used <= 0)
        return OTHER;
    *len = used;
    if (point == 0x85)
        return SPACE;
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM: case UTF8PROC_CATEGORY_LO:
        return LETTER;
    case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO:
        return NUMBER;
    case UTF8PROC_CATEGORY_ZS: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP:
        return SPACE;
    default:
        return OTHER;
    }
}

static int blank(int class)
{
    return class == SPACE || class == LINE_END;
}

/* The end of the run of a class from `at` on, of at most `most` characters. */
static int64_t run(const char *s, int64_t n, int64_t at, int class, int64_t most)
{
    int64_t len;
    for (; at < n && most > 0 && class_at(s + at, n - at, &len) == class; most--)
        at += len;
    return at;
}

/* 's 't 're 've 'm 'll 'd; their length, 0 for none. */
static int64_t contraction(const char *s, int64_t n, int any_case)
{
    static const char *const ends[] = { "s", "t", "re", "ve", "m", "ll", "d" };
    for (int i = 0; *s == '\'' && i < 7; i++) {
        int64_t k = 0;
        while (ends[i][k] && k + 1 < n && (any_case ? s[k + 1] | 32 : s[k + 1]) == ends[i][k])
            k++;
        if (!ends[i][k])
            return k + 1;
    }
    return 0;
}

/* Blanks: all of them at the end of the text, else all but the last, which goes with what follows. */
static int64_t blanks(const char *s, int64_t n)
{
    int64_t at = 0, last = 0, len;
    while (at < n && blank(class_at(s + at, n - at, &len))) {
        last = at;
        at += len;
    }
    return at == n || last == 0 ? at : last;
}

/* '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static int64_t piece_gpt2(const char *s, int64_t n)
{
    int64_t len, skip = *s == ' ' && n > 1, at = contraction(s, n, 0);
    if (at)
        return at;
    int class = class_at(s + skip, n - skip, &len);
    return blank(class) ? blanks(s, n) : run(s, n, skip, class, n);
}

/* The end of the last line end in the blanks at the start, 0 when there is none. */
static int64_t line_ends(const char *s, int64_t n)
{
    int64_t end = 0, len;
    int class;
    for (int64_t at = 0; at < n && blank(class = class_at(s + at, n - at, &len));) {
        at += len;
        end = class == LINE_END ? at : end;
    }
    return end;
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
static int64_t piece_llama3(const char *s, int64_t n, int64_t digits)
{
    int64_t len, next, at = contraction(s, n, 1);
    int class = class_at(s, n, &len);
    if (at)
        return at;
    if (class == LETTER)
        return run(s, n, 0, LETTER, n);
    if ((class == OTHER || class == SPACE) && len < n && class_at(s + len, n - len, &next) == LETTER)
        return run(s, n, len, LETTER, n);
    if (class == NUMBER)
        return run(s, n, 0, NUMBER, digits);
    int64_t skip = *s == ' ' && n > 1;
    if (class_at(s + skip, n - skip, &next) == OTHER)
        return run(s, n, run(s, n, skip, OTHER, n), LINE_END, n);
    at = line_ends(s, n);
    return at ? at : blanks(s, n);
}

int64_t bpe_piece(enum bpe_cut cut, const char *s, int64_t n)
{
    return cut == CUT_GPT2 ? piece_gpt2(s, n) : piece_llama3(s, n, cut == CUT_LLAMA3 ? 3 : 1);
}
