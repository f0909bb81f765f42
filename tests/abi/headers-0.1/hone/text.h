/* hone/text.h: the host's service "hone.text/1": Unicode folding and cutting into words.
 * Offered by struct hone_host's get(); the result is a const struct hone_text_service *. */
#ifndef HONE_TEXT_H
#define HONE_TEXT_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The words of one text, in caller-owned memory that the service grows through the host's allocator.
 * Zero-initialise it, reuse it for many texts, release it with words_free(). */
struct hone_words {
    char *bytes;          /* folded text of all words, one after the other, without separators */
    int32_t *start;       /* [n + 1] offsets into bytes: word i is bytes[start[i] .. start[i + 1]) */
    uint64_t *hash;       /* [n] hash of the folded word, never 0; the same on every machine */
    int64_t n;            /* words */
    int64_t cap_bytes, cap_words; /* private to the service */
};

struct hone_text_service {
    uint32_t struct_size, pad0;
    /* Cuts UTF-8 text into words: runs of letters, marks and digits (an apostrophe between letters ends a word), every
     * other visible character a word of its own, white space and controls dropped. Words are folded: NFKC and
     * case-folding (Unicode Standard 5.18); ASCII takes a short way. Letters of scripts written without blanks
     * (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) are words of their own, one a character.
     * 0 or HONE_ENOMEM (w then holds no words). [any] */
    int (*words)(const char *text, int64_t len, struct hone_words *w);
    void (*words_free)(struct hone_words *w);
    /* A 64-bit hash of bytes, never 0, equal on every machine. [any, pure] */
    uint64_t (*hash)(const void *bytes, int64_t len, uint64_t seed);
};

/* Mixes two hashes into one, order counts; never 0. [any, pure] */
static inline uint64_t hone_hash_pair(uint64_t a, uint64_t b)
{
    uint64_t h = a * 0x9e3779b97f4a7c15u + (b ^ (b >> 29)) * 0xbf58476d1ce4e5b9u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return h ? h : 1;
}

#ifdef __cplusplus
}
#endif
#endif
