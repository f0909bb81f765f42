/* A byte-level tokenizer learned from texts: the most frequent pair of tokens becomes a token, again and again. */
#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"
#include "core/base/bpe_priv.h"

struct word {
    int32_t *id;      /* in the arena */
    const char *bytes;
    int64_t len, n, count;
};

struct pair {
    int32_t left, right;
    int64_t count;
    int32_t *word;    /* where it is or was */
    int64_t n, cap;
};

struct entry {
    int64_t count;    /* when it was put here */
    int32_t pair;
};

struct learning {
    struct hone_tokenizer *t;
    struct word *word;
    int64_t words, cap_words, *word_slot, word_slots;
    struct pair *pair;
    int64_t pairs, cap_pairs, *pair_slot, pair_slots;
    struct entry *heap;
    int64_t heaped, cap_heap;
    struct arena arena;
};

static int grow(void *array, int64_t *cap, int64_t need, size_t size)
{
    void **slot = array;
    if (need <= *cap)
        return 0;
    int64_t n = *cap ? *cap * 2 : 1024;
    void *p = realloc(*slot, (size_t)(n > need ? n : need) * size);
    if (!p)
        return HONE_ENOMEM;
    *slot = p;
    *cap = n > need ? n : need;
    return 0;
}

/* ---- words ---- */

static uint64_t word_hash(const struct word *w)
{
    return text_service.hash(w->bytes, w->len, 1);
}

static int rehash_words(struct learning *l)
{
    int64_t slots = l->word_slots ? l->word_slots * 2 : 4096, *slot = calloc((size_t)slots, sizeof *slot);
    if (!slot)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < l->words; i++) {
        uint64_t h = word_hash(&l->word[i]);
        while (slot[h & (uint64_t)(slots - 1)])
            h++;
        slot[h & (uint64_t)(slots - 1)] = i + 1;
    }
    free(l->word_slot);
    l->word_slot = slot;
    l->word_slots = slots;
    return 0;
}

static int count_word(struct learning *l, const char *bytes, int64_t len)
{
    struct word w = { .bytes = bytes, .len = len, .n = len, .count = 1 };
    if (l->words * 2 >= l->word_slots && rehash_words(l))
        return HONE_ENOMEM;
    uint64_t h = word_hash(&w);
    int64_t *slot;
    while (*(slot = &l->word_slot[h & (uint64_t)(l->word_slots - 1)])) {
        struct word *have = &l->word[*slot - 1];
        if (have->len == len && memcmp(have->bytes, bytes, (size_t)len) == 0) {
            have->count++;
            return 0;
        }
        h++;
    }
    if (grow(&l->word, &l->cap_words, l->words + 1, sizeof *l->word) || !(w.id = arena_alloc(&l->arena, (size_t)len * sizeof *w.id)))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < len; i++)
        w.id[i] = l->t->byte[(unsigned char)bytes[i]];
    l->word[l->words++] = w;
    *slot = l->words;
    return 0;
}

/* ---- pairs ---- */

static int rehash_pairs(struct learning *l)
{
    int64_t slots = l->pair_slots ? l->pair_slots * 2 : 65536, *slot = calloc((size_t)slots, sizeof *slot);
    if (!slot)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < l->pairs; i++) {
        uint64_t h = hone_hash_pair((uint64_t)(uint32_t)l->pair[i].left + 1, (uint32_t)l->pair[i].right);
        while (slot[h & (uint64_t)(slots - 1)])
            h++;
        slot[h & (uint64_t)(slots - 1)] = i + 1;
    }
    free(l->pair_slot);
    l->pair_slot = slot;
    l->pair_slots = slots;
    return 0;
}

/* The number of a pair, made when new; HONE_ENOMEM. */
static int64_t pair_of(struct learning *l, int32_t left, int32_t right)
{
    if (l->pairs * 2 >= l->pair_slots && rehash_pairs(l))
        return HONE_ENOMEM;
    int64_t *slot;
    for (uint64_t h = hone_hash_pair((uint64_t)(uint32_t)left + 1, (uint32_t)right); *(slot = &l->pair_slot[h & (uint64_t)(l->pair_slots - 1)]); h++)
        if (l->pair[*slot - 1].left == left && l->pair[*slot - 1].right == right)
            return *slot - 1;
    if (grow(&l->pair, &l->cap_pairs, l->pairs + 1, sizeof *l->pair))
        return HONE_ENOMEM;
    l->pair[l->pairs] = (struct pair){ .left = left, .right = right };
    *slot = ++l->pairs;
    return l->pairs - 1;
}

/* Of equal counts the lower numbers go first. */
static int ahead(const struct learning *l, const struct entry *a, const struct entry *b)
{
    const struct pair *p = &l->pair[a->pair], *q = &l->pair[b->pair];
    if (a->count != b->count)
        return a->count > b->count;
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}

static int heap_push(struct learning *l, int64_t pair)
{
    struct entry e = { l->pair[pair].count, (int32_t)pair };
    if (grow(&l->heap, &l->cap_heap, l->heaped + 1, sizeof *l->heap))
        return HONE_ENOMEM;
    int64_t i = l->heaped++;
    for (; i > 0 && ahead(l, &e, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = e;
    return 0;
}

static struct entry heap_pop(struct learning *l)
{
    struct entry top = l->heap[0], last = l->heap[--l->heaped];
    int64_t i = 0, k;
    while ((k = 2 * i + 1) < l->heaped) {
        k += k + 1 < l->heaped && ahead(l, &l->heap[k + 1], &l->heap[k]);
        if (!ahead(l, &l->heap[k], &last))
            break;
        l->heap[i] = l->heap[k];
        i = k;
    }
    l->heap[i] = last;
    return top;
}

/* Counts a pair in word w up or down; with `tell` a higher count goes to the heap. */
static int count_pair(struct learning *l, int32_t left, int32_t right, int64_t w, int64_t change, int tell)
{
    int64_t i = pair_of(l, left, right);
    if (i < 0)
        return HONE_ENOMEM;
    struct pair *p = &l->pair[i];
    p->count += change * l->word[w].count;
    if (change < 0)
        return 0;
    if ((!p->n || p->word[p->n - 1] != (int32_t)w) && grow(&p->word, &p->cap, p->n + 1, sizeof *p->word))
        return HONE_ENOMEM;
    if (!p->n || p->word[p->n - 1] != (int32_t)w)
        p->word[p->n++] = (int32_t)w;
    return tell ? heap_push(l, i) : 0;
}

static int start_pairs(struct learning *l)
{
    for (int64_t w = 0; w < l->words; w++)
        for (int64_t i = 0; i + 1 < l->word[w].n; i++)
            if (count_pair(l, l->word[w].id[i], l->word[w].id[i + 1], w, 1, 0))
                return HONE_ENOMEM;
    for (int64_t i = 0; i < l->pairs; i++)
        if (heap_push(l, i))
            return HONE_ENOMEM;
    return 0;
}

static int merge_in_word(struct learning *l, int64_t w, int32_t left, int32_t right, int32_t to)
{
    int32_t *id = l->word[w].id;
    int64_t n = l->word[w].n, kept = 0;
    for (int64_t i = 0; i < n; kept++) {
        if (i + 1 >= n || id[i] != left || id[i + 1] != right) {
            id[kept] = id[i++];
            continue;
        }
        if (kept > 0 && (count_pair(l, id[kept - 1], left, w, -1, 0) || count_pair(l, id[kept - 1], to, w, 1, 1)))
            return HONE_ENOMEM;
        if (i + 2 < n && (count_pair(l, right, id[i + 2], w, -1, 0) || count_pair(l, to, id[i + 2], w, 1, 1)))
            return HONE_ENOMEM;
        id[kept] = to;
        i += 2;
    }
    l->word[w].n = kept;
    return 0;
}

/* Names the token that a pair becomes: a new number, or the one that has these bytes already. */
static int32_t name_merge(struct hone_tokenizer *t, int32_t left, int32_t right, int64_t *used)
{
    struct hone_string a = t->name[left], b = t->name[right];
    int64_t len = a.len + b.len;
    char *name = malloc((size_t)len + 1);
    if (!name)
        return HONE_ENOMEM;
    memcpy(name, a.bytes, (size_t)a.len);
    memcpy(name + a.len, b.bytes, (size_t)b.len);
    int32_t id = bpe_find(t, name, len);
    if (id < 0) {
        id = (int32_t)*used;
        int bad = bpe_name(t, id, name, len);
        t->bytes[id] = bad ? (struct hone_string){ 0 } : bpe_name_bytes(t, name, len);
        id = bad || t->bytes[id].len < 0 ? HONE_ENOMEM : id;
        *used += id >= 0;
    }
    free(name);
    return id;
}

static int merge_pairs(struct learning *l, int64_t used)
{
    struct hone_tokenizer *t = l->t;
    int64_t most = t->n, cap = 0;
    while (used < most && l->heaped) {
        struct entry e = heap_pop(l);
        int64_t count = l->pair[e.pair].count;
        if (count < 1)
            continue;
        if (count != e.count) {
            if (heap_push(l, e.pair))
                return HONE_ENOMEM;
            continue;
        }
        struct pair p = l->pair[e.pair];
        int32_t to = name_merge(t, p.left, p.right, &used);
        if (to < 0 || grow(&t->merge, &cap, t->merges + 1, sizeof *t->merge))
            return HONE_ENOMEM;
        t->merge[t->merges++] = (struct bpe_merge){ p.left, p.right, to };
        l->pair[e.pair].count = 0;
        for (int64_t i = 0; i < p.n; i++)
            if (merge_in_word(l, p.word[i], p.left, p.right, to))
                return HONE_ENOMEM;
        l->pair[e.pair].count = 0;
    }
    t->n = used;
    return 0;
}

/* Marks first, then the bytes in the order of the characters that stand for them. */
static int64_t first_tokens(struct hone_tokenizer *t, const char *const *mark, int64_t marks)
{
    int64_t used = 0;
    char name[2];
    for (int64_t i = 0; i < marks; i++)
        if (bpe_name(t, used++, mark[i], (int64_t)strlen(mark[i])))
            return HONE_ENOMEM;
    for (int pass = 0; pass < 2; pass++)
        for (unsigned byte = 0; byte < 256; byte++) {
            int n = bpe_byte_name(byte, name), shifted = n == 2 && (unsigned char)name[0] >= 0xc4;
            if (shifted != pass)
                continue;
            t->byte[byte] = (int32_t)used;
            if (bpe_name(t, used, name, n) || (t->bytes[used] = bpe_name_bytes(t, name, n)).len < 0)
                return HONE_ENOMEM;
            used++;
        }
    return used;
}

static int learn(struct learning *l, const struct hone_string *text, int64_t n, const char *const *mark, int64_t marks)
{
    int64_t used = first_tokens(l->t, mark, marks);
    if (used < 0)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n && used < l->t->n; i++)
        for (int64_t at = 0, len; at < text[i].len; at += len) {
            len = bpe_piece(CUT_GPT2, text[i].bytes + at, text[i].len - at);
            if (count_word(l, text[i].bytes + at, len))
                return HONE_ENOMEM;
        }
    if (start_pairs(l) || merge_pairs(l, used) || bpe_index_merges(l->t))
        return HONE_ENOMEM;
    return bpe_write(l->t);
}

struct hone_tokenizer *bpe_learn(const struct hone_string *text, int64_t n, int64_t size, const char *const *mark, int64_t marks,
                                    struct hone_err *err)
{
    struct learning l = { .t = calloc(1, sizeof *l.t) };
    if (size < marks + 256 || size > 1 << 24) {
        free(l.t);
        hone_fail(err, HONE_EINVAL, "a tokenizer of %lld tokens: expected at least %lld, for all bytes and %lld marks, and at most %d",
                  (long long)size, (long long)(marks + 256), (long long)marks, 1 << 24);
        return NULL;
    }
    int ret = !l.t || bpe_reserve(l.t, size) || learn(&l, text, n, mark, marks);
    for (int64_t i = 0; i < l.pairs; i++)
        free(l.pair[i].word);
    free(l.pair);
    free(l.pair_slot);
    free(l.word);
    free(l.word_slot);
    free(l.heap);
    arena_free(&l.arena);
    if (!ret)
        return l.t;
    bpe_free(l.t);
    hone_fail(err, HONE_ENOMEM, "memory ran out for a tokenizer of %lld tokens", (long long)size);
    return NULL;
}
