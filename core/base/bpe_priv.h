/* What the files of the tokenizer share. Private to core/base/bpe*.c. */
#ifndef BASE_BPE_PRIV_H
#define BASE_BPE_PRIV_H
#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/bpe.h"

/* How a text is cut before its bytes are merged: the patterns of GPT-2, Llama 3 (digits in threes) and Qwen 2 (digits one by one). */
enum bpe_cut { CUT_GPT2, CUT_LLAMA3, CUT_QWEN2 };

struct bpe_merge {
    int32_t left, right, to;
};

struct hone_tokenizer {
    int64_t n;                   /* numbers 0 .. n - 1, some of which may be no token */
    struct hone_string *name;    /* [n] as in tokenizer.json; bytes NULL for what is no token */
    struct hone_string *bytes;   /* [n] len 0 for marks */
    int32_t *slot;               /* hash of names: number + 1 */
    int64_t slots;
    struct bpe_merge *merge;  /* [merges] the first is done first */
    int64_t merges;
    int32_t *merge_slot;         /* hash of pairs: place + 1 */
    int64_t merge_slots;
    int32_t byte[256];           /* the token of each byte */
    int fallback;                /* characters, and bytes for those that are no token; else all is bytes */
    int prefix;                  /* with fallback: a blank stands in front of a text that begins */
    int nfc;                     /* texts are brought to form C first */
    int fuse_whole;              /* a piece that is a token is not merged */
    enum bpe_cut cut;
    char *source;                /* tokenizer.json */
    int64_t source_len;
    struct arena arena;
};

/* Bytes of the next piece of a text, n > 0. */
int64_t bpe_piece(enum bpe_cut cut, const char *s, int64_t n);

/* Room for n tokens. HONE_ENOMEM without a sentence. */
int bpe_reserve(struct hone_tokenizer *t, int64_t n);
/* Gives number id its name, kept in the arena. HONE_ENOMEM, or HONE_EINVAL when the name has another number. */
int bpe_name(struct hone_tokenizer *t, int64_t id, const char *name, int64_t len);
int32_t bpe_find(const struct hone_tokenizer *t, const char *name, int64_t len);
/* After all merges are in place: their index. HONE_ENOMEM without a sentence. */
int bpe_index_merges(struct hone_tokenizer *t);
/* The place of a merge, -1 when the two do not merge. */
int64_t bpe_rank(const struct hone_tokenizer *t, int32_t left, int32_t right);
/* The characters that stand for bytes in names of byte-level tokens, as UTF-8: out gets at most 2 bytes, their number is returned. */
int bpe_byte_name(unsigned byte, char out[2]);
/* The bytes behind such a name. len -1 when it has another character. */
struct hone_string bpe_name_bytes(struct hone_tokenizer *t, const char *name, int64_t len);
/* Writes t->source. HONE_ENOMEM without a sentence. */
int bpe_write(struct hone_tokenizer *t);

struct hone_tokenizer *bpe_read(const char *json, int64_t len, const char *name, struct hone_err *err);
struct hone_tokenizer *bpe_learn(const struct hone_string *text, int64_t n, int64_t size, const char *const *mark, int64_t marks,
                                    struct hone_err *err);
void bpe_free(struct hone_tokenizer *t);

#endif
