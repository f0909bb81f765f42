/* See tokens.h: a tokenizer in memory, and texts cut with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "core/base/text.h"
#include "core/base/bpe_priv.h"

#define BLANK_MARK "\xe2\x96\x81" /* U+2581, which stands for a blank in names of the kind with byte fallback */

static uint64_t hash_pair(int32_t a, int32_t b)
{
    return hone_hash_pair((uint64_t)(uint32_t)a + 1, (uint32_t)b);
}

int bpe_reserve(struct hone_tokenizer *t, int64_t n)
{
    for (t->slots = 64; t->slots < n * 2;)
        t->slots *= 2;
    t->n = n;
    t->name = calloc((size_t)n + 1, sizeof *t->name);
    t->bytes = calloc((size_t)n + 1, sizeof *t->bytes);
    t->slot = calloc((size_t)t->slots, sizeof *t->slot);
    return t->name && t->bytes && t->slot ? 0 : HONE_ENOMEM;
}

/* The slot where the name is or would be. */
static int32_t *slot_of(const struct hone_tokenizer *t, const char *name, int64_t len)
{
    for (uint64_t h = text_service.hash(name, len, 0);; h++) {
        int32_t *s = &t->slot[h & (uint64_t)(t->slots - 1)];
        if (!*s || (t->name[*s - 1].len == len && memcmp(t->name[*s - 1].bytes, name, (size_t)len) == 0))
            return s;
    }
}

int bpe_name(struct hone_tokenizer *t, int64_t id, const char *name, int64_t len)
{
    int32_t *s = slot_of(t, name, len);
    if (*s || t->name[id].bytes)
        return *s == (int32_t)id + 1 ? 0 : HONE_EINVAL;
    char *copy = arena_copy(&t->arena, name, (size_t)len);
    if (!copy)
        return HONE_ENOMEM;
    t->name[id] = (struct hone_string){ copy, len };
    *s = (int32_t)id + 1;
    return 0;
}

int32_t bpe_find(const struct hone_tokenizer *t, const char *name, int64_t len)
{
    return *slot_of(t, name, len) - 1;
}

int bpe_index_merges(struct hone_tokenizer *t)
{
    for (t->merge_slots = 64; t->merge_slots < t->merges * 2;)
        t->merge_slots *= 2;
    if (!(t->merge_slot = calloc((size_t)t->merge_slots, sizeof *t->merge_slot)))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < t->merges; i++) {
        uint64_t h = hash_pair(t->merge[i].left, t->merge[i].right);
        while (t->merge_slot[h & (uint64_t)(t->merge_slots - 1)])
            h++;
        t->merge_slot[h & (uint64_t)(t->merge_slots - 1)] = (int32_t)i + 1;
    }
    return 0;
}

int64_t bpe_rank(const struct hone_tokenizer *t, int32_t left, int32_t right)
{
    for (uint64_t h = hash_pair(left, right);; h++) {
        int64_t i = t->merge_slot[h & (uint64_t)(t->merge_slots - 1)] - 1;
        if (i < 0 || (t->merge[i].left == left && t->merge[i].right == right))
            return i;
    }
}

/* Printable characters of Latin-1 stand for themselves, the other bytes for U+0100 and up. */
static unsigned byte_point(unsigned byte)
{
    static const unsigned char hole[3][2] = { { 0, 32 }, { 127, 160 }, { 173, 173 } };
    unsigned point = 256;
    for (int i = 0; i < 3; i++) {
        if (byte < hole[i][0])
            return byte;
        if (byte <= hole[i][1])
            return point + byte - hole[i][0];
        point += hole[i][1] - hole[i][0] + 1u;
    }
    return byte;
}

int bpe_byte_name(unsigned byte, char out[2])
{
    unsigned point = byte_point(byte);
    out[0] = (char)(point < 0x80 ? point : 0xc0 | point >> 6);
    out[1] = (char)(0x80 | (point & 0x3f));
    return point < 0x80 ? 1 : 2;
}

struct hone_string bpe_name_bytes(struct hone_tokenizer *t, const char *name, int64_t len)
{
    char *out = arena_copy(&t->arena, name, (size_t)len), one[2];
    int64_t n = 0, at = 0;
    while (out && at < len) {
        unsigned byte = 0;
        int used = 0;
        for (; byte < 256 && !used; byte++) {
            int k = bpe_byte_name(byte, one);
            used = at + k <= len && memcmp(one, name + at, (size_t)k) == 0 ? k : 0;
        }
        if (!used)
            return (struct hone_string){ NULL, -1 };
        out[n++] = (char)(byte - 1);
        at += used;
    }
    return (struct hone_string){ out, out ? n : -1 };
}

/* ---- cutting ---- */

static int push(struct hone_token_list *l, const int32_t *id, int64_t n)
{
    if (l->n + n > l->cap) {
        int64_t cap = l->cap * 2 > l->n + n ? l->cap * 2 : l->n + n + 64;
        int32_t *p = realloc(l->id, (size_t)cap * sizeof *p);
        if (!p)
            return HONE_ENOMEM;
        l->id = p;
        l->cap = cap;
    }
    memcpy(l->id + l->n, id, (size_t)n * sizeof *id);
    l->n += n;
    return 0;
}

#define SHORT 48 /* tokens up to which the next merge is looked for among all */

static int64_t merge_short(const struct hone_tokenizer *t, int32_t *id, int64_t n)
{
    for (;;) {
        int64_t best = -1, at = 0;
        for (int64_t i = 0; i + 1 < n; i++) {
            int64_t rank = bpe_rank(t, id[i], id[i + 1]);
            if (rank >= 0 && (best < 0 || rank < best)) {
                best = rank;
                at = i;
            }
        }
        if (best < 0)
            return n;
        id[at] = t->merge[best].to;
        memmove(id + at + 1, id + at + 2, (size_t)(n - at - 2) * sizeof *id);
        n--;
    }
}

/* A merge that may be done; of equal ones the first in the text goes first. */
struct candidate {
    int64_t rank, at;
};

static int before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void heap_push(struct candidate *h, int64_t *n, struct candidate c)
{
    int64_t i = (*n)++;
    for (; i > 0 && before(&c, &h[(i - 1) / 2]); i = (i - 1) / 2)
        h[i] = h[(i - 1) / 2];
    h[i] = c;
}

static struct candidate heap_pop(struct candidate *h, int64_t *n)
{
    struct candidate top = h[0], last = h[--*n];
    int64_t i = 0, k;
    while ((k = 2 * i + 1) < *n) {
        k += k + 1 < *n && before(&h[k + 1], &h[k]);
        if (!before(&h[k], &last))
            break;
        h[i] = h[k];
        i = k;
    }
    h[i] = last;
    return top;
}

static void offer(const struct hone_tokenizer *t, const int32_t *id, int64_t left, int64_t right, struct candidate *h, int64_t *n)
{
    int64_t rank = left < 0 || right < 0 ? -1 : bpe_rank(t, id[left], id[right]);
    if (rank >= 0)
        heap_push(h, n, (struct candidate){ rank, left });
}

/* The same result for a long run in n log n: a chain of tokens and a heap of merges, some of which are out of date. The new length,
 * or HONE_ENOMEM. */
static int64_t merge_long(const struct hone_tokenizer *t, int32_t *id, int64_t n)
{
    int64_t *next = malloc((size_t)n * 2 * sizeof *next), *last = next + n, heap = 0, m = 0;
    struct candidate *h = malloc((size_t)n * 3 * sizeof *h);
    for (int64_t i = 0; next && h && i < n; i++) {
        next[i] = i + 1 < n ? i + 1 : -1;
        last[i] = i - 1;
        offer(t, id, i, next[i], h, &heap);
    }
    while (next && h && heap) {
        struct candidate c = heap_pop(h, &heap);
        int64_t right = id[c.at] < 0 ? -1 : next[c.at];
        if (right < 0 || bpe_rank(t, id[c.at], id[right]) != c.rank)
            continue;
        id[c.at] = t->merge[c.rank].to;
        id[right] = -1;
        next[c.at] = next[right];
        if (next[right] >= 0)
            last[next[right]] = c.at;
        offer(t, id, last[c.at], c.at, h, &heap);
        offer(t, id, c.at, next[c.at], h, &heap);
    }
    for (int64_t i = 0; i < n; i++)
        if (id[i] >= 0)
            id[m++] = id[i];
    int64_t ret = next && h ? m : HONE_ENOMEM;
    free(next);
    free(h);
    return ret;
}

static int merge_from(const struct hone_tokenizer *t, struct hone_token_list *l, int64_t from)
{
    int64_t n = l->n - from, m = n <= SHORT ? merge_short(t, l->id + from, n) : merge_long(t, l->id + from, n);
    if (m < 0)
        return (int)m;
    l->n = from + m;
    return 0;
}

static int encode_bytes(const struct hone_tokenizer *t, const char *text, int64_t len, struct hone_token_list *l, struct hone_err *err)
{
    char name[512];
    for (int64_t at = 0; at < len;) {
        int64_t n = bpe_piece(t->cut, text + at, len - at), from = l->n, k = 0;
        for (int64_t i = 0; i < n; i++) {
            unsigned byte = (unsigned char)text[at + i];
            if (t->byte[byte] < 0)
                return hone_fail(err, HONE_EINVAL, "the tokenizer has no token for byte 0x%02x", byte);
            if (push(l, &t->byte[byte], 1))
                return HONE_ENOMEM;
            if (t->fuse_whole && n <= (int64_t)sizeof name / 2)
                k += bpe_byte_name(byte, name + k);
        }
        int32_t whole = k ? bpe_find(t, name, k) : -1;
        if (whole >= 0) {
            l->n = from;
            if (push(l, &whole, 1))
                return HONE_ENOMEM;
        } else if (merge_from(t, l, from)) {
            return HONE_ENOMEM;
        }
        at += n;
    }
    return 0;
}

/* One character, or its bytes where it is no token. */
static int push_character(const struct hone_tokenizer *t, const char *s, int64_t n, struct hone_token_list *l, struct hone_err *err)
{
    int32_t id = bpe_find(t, s, n);
    if (id >= 0)
        return push(l, &id, 1);
    for (int64_t i = 0; i < n; i++) {
        unsigned byte = (unsigned char)s[i];
        if (t->byte[byte] < 0)
            return hone_fail(err, HONE_EINVAL, "the tokenizer has neither '%.*s' nor a token for its byte 0x%02x", (int)n, s, byte);
        if (push(l, &t->byte[byte], 1))
            return HONE_ENOMEM;
    }
    return 0;
}

static int encode_characters(const struct hone_tokenizer *t, const char *text, int64_t len, int first, struct hone_token_list *l,
                             struct hone_err *err)
{
    int64_t from = l->n;
    int ret = first && t->prefix && len ? push_character(t, BLANK_MARK, 3, l, err) : 0;
    for (int64_t at = 0; at < len && ret >= 0;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at, len - at, &point);
        n = n < 1 ? 1 : n;
        ret = text[at] == ' ' ? push_character(t, BLANK_MARK, 3, l, err) : push_character(t, text + at, n, l, err);
        at += n;
    }
    return ret < 0 ? ret : merge_from(t, l, from);
}

/* The text in form C (Unicode Standard Annex 15), free(); NULL with *ret 0 where it is that already for having ASCII only, or is no UTF-8 and
 * stays as it is; HONE_ENOMEM. */
static char *compose(const char *text, int64_t len, int64_t *n, int *ret)
{
    utf8proc_uint8_t *out = NULL;
    int64_t ascii = 0;
    *ret = 0;
    while (ascii < len && (unsigned char)text[ascii] < 0x80)
        ascii++;
    if (ascii == len)
        return NULL;
    *n = utf8proc_map((const utf8proc_uint8_t *)text, len, &out, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (*n == UTF8PROC_ERROR_NOMEM)
        *ret = HONE_ENOMEM;
    if (*n >= 0)
        return (char *)out;
    free(out);
    return NULL;
}

static int encode(const struct hone_tokenizer *t, const char *text, int64_t len, int32_t first, struct hone_token_list *l,
                  struct hone_err *err)
{
    int64_t from = l->n, n = 0;
    int composed = 0;
    char *form = t->nfc ? compose(text, len, &n, &composed) : NULL;
    if (composed < 0)
        return hone_fail(err, composed, "memory ran out for the tokens of a text of %lld bytes", (long long)len);
    text = form ? form : text;
    len = form ? n : len;
    int ret = t->fallback ? encode_characters(t, text, len, first, l, err) : encode_bytes(t, text, len, l, err);
    if (ret == HONE_ENOMEM)
        hone_fail(err, ret, "memory ran out for the tokens of a text of %lld bytes", (long long)len);
    if (ret < 0)
        l->n = from;
    free(form);
    return ret;
}

static struct hone_string bytes_of(const struct hone_tokenizer *t, int32_t id, int32_t first)
{
    if (id < 0 || id >= t->n)
        return (struct hone_string){ "", 0 };
    struct hone_string b = t->bytes[id];
    int strip = first && t->fallback && t->prefix && b.len && b.bytes[0] == ' ';
    return (struct hone_string){ b.bytes + strip, b.len - strip };
}

void bpe_free(struct hone_tokenizer *t)
{
    if (!t)
        return;
    free(t->name);
    free(t->bytes);
    free(t->slot);
    free(t->merge);
    free(t->merge_slot);
    free(t->source);
    arena_free(&t->arena);
    free(t);
}

static char *json_of(const struct hone_tokenizer *t, int64_t *len)
{
    char *copy = malloc((size_t)t->source_len + 1);
    if (copy)
        memcpy(copy, t->source, (size_t)t->source_len + 1);
    *len = t->source_len;
    return copy;
}

static void text_free(char *s)
{
    free(s);
}

static int64_t size_of(const struct hone_tokenizer *t)
{
    return t->n;
}

static int32_t find_name(const struct hone_tokenizer *t, const char *name)
{
    return bpe_find(t, name, (int64_t)strlen(name));
}

static void list_free(struct hone_token_list *l)
{
    free(l->id);
    *l = (struct hone_token_list){ 0 };
}

const struct hone_tokens_service bpe_service = {
    .struct_size = sizeof bpe_service, .learn = bpe_learn, .read = bpe_read, .json = json_of, .text_free = text_free,
    .free = bpe_free, .size = size_of, .find = find_name, .encode = encode, .list_free = list_free, .bytes = bytes_of,
};
