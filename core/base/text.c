/* UTF-8 and the likeness of names, of text.h. Words are in text_words.c. */
#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"

/* Continuation bytes that follow a lead byte and the least and most that the first of them may be; 0: not a lead byte. */
static int lead(unsigned char c, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (c >= 0xc2 && c <= 0xdf)
        return 1;
    if (c >= 0xe0 && c <= 0xef) {
        *low = c == 0xe0 ? 0xa0 : 0x80;
        *high = c == 0xed ? 0x9f : 0xbf;
        return 2;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        *low = c == 0xf0 ? 0x90 : 0x80;
        *high = c == 0xf4 ? 0x8f : 0xbf;
        return 3;
    }
    return 0;
}

size_t utf8_invalid_at(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= 8) {
            memcpy(&word, s + i, 8);
            if (!(word & 0x8080808080808080u)) {
                i += 8;
                continue;
            }
        }
        unsigned char c = (unsigned char)s[i], low, high;
        if (c < 0x80) {
            i++;
            continue;
        }
        int more = lead(c, &low, &high);
        if (!more || n - i <= (size_t)more)
            return i;
        for (int k = 1; k <= more; k++) {
            unsigned char d = (unsigned char)s[i + (size_t)k];
            if (d < low || d > high)
                return i;
            low = 0x80;
            high = 0xbf;
        }
        i += (size_t)more + 1;
    }
    return n;
}

int64_t utf8_length(const char *s, size_t n)
{
    int64_t points = 0;
    for (size_t i = 0; i < n; i++)
        points += ((unsigned char)s[i] & 0xc0) != 0x80;
    return points;
}

/* The next letter of a name, as names are compared: lower case, without '_' and '-'. 0 at the end. */
static char next_letter(const char **s)
{
    while (**s == '_' || **s == '-')
        ++*s;
    char c = **s;
    if (c)
        ++*s;
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

#define NAME_MAX_LETTERS 64

static int letters(const char *s, char *out)
{
    int n = 0;
    for (char c; n < NAME_MAX_LETTERS && (c = next_letter(&s));)
        out[n++] = c;
    return n;
}

int text_distance(const char *a, const char *b)
{
    char x[NAME_MAX_LETTERS], y[NAME_MAX_LETTERS];
    int n = letters(a, x), m = letters(b, y), d[3][NAME_MAX_LETTERS + 1];
    for (int j = 0; j <= m; j++)
        d[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = d[i % 3], *before = d[(i + 2) % 3], *older = d[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int cost = x[i - 1] != y[j - 1], best = before[j - 1] + cost;
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] && older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            now[j] = best;
        }
    }
    return d[n % 3][m];
}

const char *text_nearest(const char *name, const char *const *names)
{
    const char *best = NULL;
    int least = 1 + (int)strlen(name) / 4 + 1;
    for (; *names; names++) {
        int d = text_distance(name, *names);
        if (d < least) {
            least = d;
            best = *names;
        }
    }
    return best;
}

int text_is_identifier(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > 63 || s[0] < 'a' || s[0] > 'z')
        return 0;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

size_t text_pin_file(const char *s, size_t n)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    if (n < 66 || s[n - 65] != '=' || memchr(s, '=', n - 65))
        return 0;
    for (size_t i = n - 64; i < n; i++) {
        if (!s[i] || !strchr(hex, s[i]))
            return 0;
    }
    return n - 65;
}
