#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "core/base/text.h"
#include "core/data/vectors.h"

#define MAX_WIDTH 65536
#define MAX_WORD 4096 /* bytes */

/* Where a fault is. */
struct reading_vectors {
    struct vectors *v;
    FILE *f;
    const char *path;
    int64_t line, byte;          /* of text: 1-based; of binary: where the present word begins */
    int64_t promised;            /* words that the header names, -1 without one */
    struct hone_err *err;
};

static int suffixed(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && strcasecmp(path + n - m, suffix) == 0;
}

int vectors_named(const char *path)
{
    return suffixed(path, ".vec") || suffixed(path, ".txt") || suffixed(path, ".bin");
}

static int fault(struct reading_vectors *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fault(struct reading_vectors *r, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return r->line ? hone_fail(r->err, ERR_CORRUPT, "%s:%lld: %s", r->path, (long long)r->line, text)
                   : hone_fail(r->err, ERR_CORRUPT, "%s: byte %lld: %s", r->path, (long long)r->byte, text);
}

static int no_memory(struct reading_vectors *r)
{
    return hone_fail(r->err, HONE_ENOMEM, "%s: memory ran out after %lld words", r->path, (long long)r->v->n);
}

/* Adds a word; its numbers go to *to. */
static int add_word(struct reading_vectors *r, const char *word, int64_t len, float **to)
{
    struct vectors *v = r->v;
    if (len < 1)
        return fault(r, "a word is missing");
    if (utf8_invalid_at(word, (size_t)len) < (size_t)len)
        return fault(r, "the word is not valid UTF-8");
    if (v->n == v->cap) {
        int64_t cap = v->cap ? v->cap * 2 : 1024;
        float *grown = realloc(v->value, (size_t)(cap * v->width) * sizeof *grown);
        if (!grown)
            return no_memory(r);
        v->value = grown;
        v->cap = cap;
    }
    int32_t at = outputs_find(&v->words, word, len, 1);
    if (at == -2)
        return no_memory(r);
    if (at < v->n)
        return fault(r, "the word '%.*s' stands here twice, first as word %d", (int)utf8_invalid_at(word, (size_t)(len < 60 ? len : 60)), word,
                     at + 1);
    *to = v->value + v->n++ * v->width;
    return 0;
}

/* ---- text ---- */

/* The next field of a line; *p moves behind it. NULL at the end. */
static char *next_field(char **p, size_t *len)
{
    char *s = *p + strspn(*p, " \t");
    *len = strcspn(s, " \t");
    *p = s + *len;
    return *len ? s : NULL;
}

static int count_fields(char *line)
{
    int n = 0;
    size_t len;
    while (n <= MAX_WIDTH + 1 && next_field(&line, &len))
        n++;
    return n;
}

/* A number in decimal notation, or NAN. */
static float number(const char *s, size_t len)
{
    char text[64], *end;
    if (len >= sizeof text || strspn(s, "0123456789+-.eE") < len)
        return NAN;
    memcpy(text, s, len);
    text[len] = '\0';
    float v = strtof(text, &end);
    return *end || end == text ? NAN : v;
}

/* Whether the first line is "words width". */
static int header(struct reading_vectors *r, char *line)
{
    char *end;
    long long n = strtoll(line, &end, 10), width = strtoll(end, &end, 10);
    end += strspn(end, " \t\r\n");
    if (count_fields(line) != 2 || *end || n < 0 || width < 0)
        return 0;
    r->promised = n;
    r->v->width = width;
    return 1;
}

static int text_line(struct reading_vectors *r, char *line)
{
    struct vectors *v = r->v;
    size_t len, word_len;
    char *p = line, *word = next_field(&p, &word_len);
    float *to;
    int have = count_fields(line) - 1;
    if (have != v->width)
        return have < 0 ? fault(r, "an empty line; expected a word with %lld numbers", (long long)v->width)
                        : fault(r, "found %d numbers behind the word; expected %lld", have, (long long)v->width);
    int ret = add_word(r, word, (int64_t)word_len, &to);
    for (int64_t i = 0; i < v->width && !ret; i++) {
        char *s = next_field(&p, &len);
        to[i] = number(s, len);
        if (!isfinite(to[i]))
            ret = fault(r, "number %lld of '%.*s' is '%.*s'; expected a finite decimal number", (long long)i + 1,
                        (int)utf8_invalid_at(word, word_len < 60 ? word_len : 60), word,
                        (int)utf8_invalid_at(s, len < 40 ? len : 40), s);
    }
    return ret;
}

static int check_width(struct reading_vectors *r)
{
    if (r->v->width < 1 || r->v->width > MAX_WIDTH)
        return fault(r, "%lld numbers a word; expected 1 to %d", (long long)r->v->width, MAX_WIDTH);
    return 0;
}

static int read_text(struct reading_vectors *r)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int ret = 0;
    while (!ret && (len = getline(&line, &cap, r->f)) >= 0) {
        r->line++;
        if (memchr(line, '\0', (size_t)len)) {
            ret = fault(r, "a NUL byte; this is not a text file of word vectors");
            break;
        }
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (r->line == 1 && header(r, line)) {
            ret = check_width(r);
            continue;
        }
        if (r->line == 1 && !r->v->width) {
            r->v->width = count_fields(line) - 1;
            ret = check_width(r);
        }
        if (!ret && r->promised == r->v->n)
            ret = fault(r, "a word more than the %lld that the first line names", (long long)r->promised);
        if (!ret)
            ret = text_line(r, line);
    }
    if (!ret && r->promised > r->v->n)
        ret = fault(r, "the file ends after %lld of the %lld words that its first line names; it was cut short", (long long)r->v->n,
                    (long long)r->promised);
    free(line);
    return ret;
}

/* ---- binary ---- */

static float little_endian(const unsigned char *b)
{
    uint32_t bits = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* One word with its numbers; `raw` has room for them. */
static int binary_word(struct reading_vectors *r, unsigned char *raw)
{
    char word[MAX_WORD];
    int64_t len = 0, width = r->v->width;
    float *to;
    r->byte = ftell(r->f);
    int c = getc(r->f);
    if (c == '\n')
        c = getc(r->f);
    for (; c != ' ' && c != EOF && len < MAX_WORD; c = getc(r->f))
        word[len++] = (char)c;
    if (c == EOF)
        return fault(r, "the file ends after %lld of the %lld words that its header names; it was cut short", (long long)r->v->n,
                     (long long)r->promised);
    if (c != ' ')
        return fault(r, "a word of more than %d bytes; this is not word2vec's binary form", MAX_WORD);
    int ret = add_word(r, word, len, &to);
    if (ret)
        return ret;
    if (fread(raw, 4, (size_t)width, r->f) != (size_t)width)
        return fault(r, "the file ends inside of the numbers of word %lld of %lld; it was cut short", (long long)r->v->n,
                     (long long)r->promised);
    for (int64_t i = 0; i < width; i++)
        if (!isfinite(to[i] = little_endian(raw + 4 * i)))
            return fault(r, "number %lld of the word that begins here is not finite", (long long)i + 1);
    return 0;
}

static int read_binary(struct reading_vectors *r)
{
    char line[64];
    if (!fgets(line, sizeof line, r->f) || !header(r, line))
        return fault(r, "expected a first line with the number of words and of numbers a word, as word2vec writes it");
    int ret = check_width(r);
    unsigned char *raw = ret ? NULL : malloc((size_t)r->v->width * 4);
    if (!ret && !raw)
        ret = no_memory(r);
    while (!ret && r->v->n < r->promised)
        ret = binary_word(r, raw);
    free(raw);
    int c = ret ? EOF : getc(r->f);
    r->byte = ftell(r->f);
    if (!ret && c == '\n')
        c = getc(r->f);
    return !ret && c != EOF ? fault(r, "bytes behind the last of the %lld words", (long long)r->promised) : ret;
}

int vectors_read(struct vectors *v, const char *path, struct hone_err *err)
{
    struct stat st;
    *v = (struct vectors){ 0 };
    struct reading_vectors r = { .v = v, .f = fopen(path, "rbe"), .path = path, .promised = -1, .err = err };
    if (!r.f)
        return err_open(err, path);
    int ret = fstat(fileno(r.f), &st) == 0 && S_ISREG(st.st_mode) ? 0 : hone_fail(err, HONE_EIO, "%s: not a regular file", path);
    if (!ret)
        ret = suffixed(path, ".bin") ? read_binary(&r) : read_text(&r);
    if (!ret && ferror(r.f))
        ret = err_errno(err, "read", path);
    if (!ret && !v->n)
        ret = hone_fail(err, ERR_CORRUPT, "%s: there are no word vectors in it", path);
    fclose(r.f);
    if (ret)
        vectors_free(v);
    return ret;
}

void vectors_free(struct vectors *v)
{
    outputs_free(&v->words);
    free(v->value);
    *v = (struct vectors){ 0 };
}
