/* Texts: JSON, tokenizers, archives, words. See fuzz.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/bpe.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/tar.h"
#include "core/base/text.h"
#include "tests/fuzz/fuzz.h"

/* What the check takes the tree is made of, and the tree, printed, is the same tree again; a fault has a place. */
static void json(const uint8_t *bytes, size_t n)
{
    struct json_fault fault;
    struct hone_err err = { 0 };
    int taken = json_check((const char *)bytes, n, &fault) == 0;
    cJSON *v = json_parse((const char *)bytes, n, "text", &err);
    REQUIRE(taken == (v != NULL));
    REQUIRE(taken || (fault.line >= 1 && fault.column >= 1 && *fault.why && *err.text));
    for (int pretty = 0; v && pretty < 2; pretty++) {
        char *text = json_text(v, pretty);
        REQUIRE(text != NULL);
        cJSON *again = json_parse(text, strlen(text), "again", &err);
        REQUIRE(again && fuzz_same(v, again));
        cJSON_Delete(again);
        free(text);
    }
    cJSON_Delete(v);
}

static int encodes(const struct hone_tokenizer *t, const char *text, int64_t len, struct buf *back)
{
    struct hone_token_list l = { 0 };
    struct hone_err err = { 0 };
    int rc = bpe_service.encode(t, text, len, 1, &l, &err);
    for (int64_t i = 0; rc == 0 && i < l.n; i++) {
        REQUIRE(l.id[i] >= 0 && l.id[i] < bpe_service.size(t));
        struct hone_string s = bpe_service.bytes(t, l.id[i], i == 0);
        buf_add(back, s.bytes, (size_t)s.len);
    }
    bpe_service.list_free(&l);
    return rc;
}

/* A file that is taken gives every text that it can cut back as it was, and is written so that it reads back to the same file. */
static void tokenizer(const uint8_t *bytes, size_t n)
{
    static const char *const texts[] = { "", "Where is my order?", "  two  blanks\n\tand 1234 digits", "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x99\x82", "<|end|>" };
    struct hone_err err = { 0 };
    char *copy = fuzz_string(bytes, n);
    struct hone_tokenizer *t = bpe_service.read(copy, (int64_t)n, "tokenizer.json", &err);
    REQUIRE(t || *err.text);
    for (size_t i = 0; t && i < sizeof texts / sizeof texts[0]; i++) {
        struct buf back = { 0 };
        encodes(t, texts[i], (int64_t)strlen(texts[i]), &back);
        buf_free(&back);
    }
    int64_t len = 0, len2 = 0;
    char *json = t ? bpe_service.json(t, &len) : NULL;
    if (t) {
        REQUIRE(json && (int64_t)strlen(json) == len);
        struct hone_tokenizer *again = bpe_service.read(json, len, "again", &err);
        REQUIRE(again != NULL);
        char *json2 = bpe_service.json(again, &len2);
        REQUIRE(json2 && len == len2 && memcmp(json, json2, (size_t)len) == 0);
        bpe_service.text_free(json2);
        bpe_service.free(again);
    }
    bpe_service.text_free(json);
    bpe_service.free(t);
    free(copy);
}

/* Merges that are learned from any text: the text comes back, byte for byte. */
static void tokens_learned(const uint8_t *bytes, size_t n)
{
    static const char *const marks[] = { "<|end|>" };
    struct hone_err err = { 0 };
    size_t valid = utf8_invalid_at((const char *)bytes, n);
    struct hone_string text = { .bytes = (const char *)bytes, .len = (int64_t)valid };
    struct hone_tokenizer *t = memchr(bytes, 0, valid) ? NULL : bpe_service.learn(&text, 1, 300, marks, 1, &err);
    if (t) {
        struct buf back = { 0 };
        REQUIRE(encodes(t, text.bytes, text.len, &back) == 0);
        REQUIRE(back.n == valid && (valid == 0 || memcmp(back.p, bytes, valid) == 0));
        buf_free(&back);
    }
    bpe_service.free(t);
}

/* An archive as restore walks through it: names are plain, sizes are not negative. */
static void archive(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    struct tar_entry e;
    int rc = 0, fd = open(fuzz_file("a.tar", bytes, n), O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    for (int i = 0; i < 10000 && (rc = tar_next(fd, &e, &err)) == 1; i++) {
        REQUIRE(e.bytes >= 0 && memchr(e.name, '\0', sizeof e.name) && tar_padding(e.bytes) >= 0 && tar_padding(e.bytes) < TAR_BLOCK);
        if (e.bytes > (int64_t)n || lseek(fd, e.bytes + tar_padding(e.bytes), SEEK_CUR) > (off_t)n)
            break;
    }
    REQUIRE(rc >= 0 || *err.text);
    close(fd);
}

/* Folding and words of any text. */
static void words(const uint8_t *bytes, size_t n)
{
    const char *s = (const char *)bytes;
    size_t valid = utf8_invalid_at(s, n);
    REQUIRE(valid <= n && utf8_invalid_at(s, valid) == valid);
    REQUIRE(utf8_length(s, valid) >= 0 && utf8_length(s, valid) <= (int64_t)valid);
    char *copy = fuzz_string(bytes, n);
    struct buf b = { 0 };
    buf_json_string(&b, s, valid);
    if (!memchr(s, 0, valid)) {
        struct hone_err err = { 0 };
        cJSON *v = json_parse(b.p, b.n, "text", &err);
        REQUIRE(cJSON_IsString(v) && strlen(v->valuestring) == valid && memcmp(v->valuestring, s, valid) == 0);
        cJSON_Delete(v);
    }
    buf_free(&b);
    if (n < 200)
        REQUIRE(text_distance(copy, copy) == 0 && text_distance(copy, "threshold") >= 0);
    REQUIRE(text_pin_file(s, n) <= n);
    text_is_identifier(copy);
    free(copy);
}

const struct fuzz_target fuzz_text[] = {
    { "json", json }, { "tokenizer", tokenizer }, { "tokens_learned", tokens_learned }, { "archive", archive }, { "words", words }, { NULL, NULL },
};
