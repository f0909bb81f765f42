/* hone/tokens.h: the host's service "hone.tokens/1": tokenizers by pairs that are merged (Sennrich, Haddow & Birch, 2016, "Neural
 * machine translation of rare words with subword units"), over bytes (Radford et al., 2019) or, with byte fallback, over characters
 * (Kudo & Richardson, 2018, as Llama has it). Offered by struct hone_host's get(); the result is a const struct
 * hone_tokens_service *. History: 0.2 first. */
#ifndef HONE_TOKENS_H
#define HONE_TOKENS_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hone_tokenizer;

/* Tokens in caller-owned memory that the service grows. Zero-initialise it, reuse it, release it with list_free(). */
struct hone_token_list {
    int32_t *id;
    int64_t n, cap;
};

struct hone_tokens_service {
    uint32_t struct_size, pad0;
    /* Learns merges from texts until there are `size` tokens, marks and the 256 bytes among them, or nothing is left to merge: the
     * most frequent pair first, of equals the one with the lower numbers. mark[0 .. marks) are tokens that no text becomes.
     * NULL with err. [any] */
    struct hone_tokenizer *(*learn)(const struct hone_string *text, int64_t n, int64_t size, const char *const *mark, int64_t marks,
                                    struct hone_err *);
    /* Reads a tokenizer.json of Hugging Face. `name` is for messages. NULL with err: HONE_EINVAL says what this reader lacks. [any] */
    struct hone_tokenizer *(*read)(const char *json, int64_t len, const char *name, struct hone_err *);
    /* As tokenizer.json, NUL-terminated, `*len` bytes; free with text_free(). NULL when memory ran out. [any] */
    char *(*json)(const struct hone_tokenizer *, int64_t *len);
    void (*text_free)(char *);
    void (*free)(struct hone_tokenizer *); /* NULL is fine */
    int64_t (*size)(const struct hone_tokenizer *); /* highest number + 1. [any pure] */
    /* The number of a token that is named in the file, marks included; -1 when there is none. [any pure] */
    int32_t (*find)(const struct hone_tokenizer *, const char *name);
    /* Appends the tokens of a UTF-8 text; `first`: it begins a text (some tokenizers put a blank in front then). Names of marks in it
     * are text like any other. 0, HONE_ENOMEM, or HONE_EINVAL for a character that the tokenizer lacks. [any] */
    int (*encode)(const struct hone_tokenizer *, const char *text, int64_t len, int32_t first, struct hone_token_list *, struct hone_err *);
    void (*list_free)(struct hone_token_list *);
    /* The bytes that a token stands for, which may be a part of a character; none for marks and for numbers that are no token.
     * Valid as long as the tokenizer. `first` as in encode(). [any pure] */
    struct hone_string (*bytes)(const struct hone_tokenizer *, int32_t id, int32_t first);
};

#ifdef __cplusplus
}
#endif
#endif
