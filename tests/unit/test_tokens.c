/* Tokenizers: learned merges and cut texts are those of an independent learner and of Hugging Face's reader; every text comes back as it
 * was; files that cannot be read are refused with a sentence. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/bpe.h"
#include "tests/unit/suites.h"
#include "tests/unit/tokens_reference.h"

static const struct hone_tokens_service *const s = &bpe_service;
static const char *const marks[] = { "<|end|>", "<|answer|>" };

static struct hone_tokenizer *read_json(const char *json)
{
    struct hone_err err = { 0 };
    struct hone_tokenizer *t = s->read(json, (int64_t)strlen(json), "file", &err);
    if (!t)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    return t;
}

/* What tokens stand for, put together. */
static struct buf back(const struct hone_tokenizer *t, const struct hone_token_list *l)
{
    struct buf b = { 0 };
    for (int64_t i = 0; i < l->n; i++) {
        struct hone_string bytes = s->bytes(t, l->id[i], i == 0);
        buf_add(&b, bytes.bytes, (size_t)bytes.len);
    }
    buf_str(&b);
    return b;
}

static void comes_back(const struct hone_tokenizer *t, const char *text, int64_t len)
{
    struct hone_token_list l = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL_FATAL(s->encode(t, text, len, 1, &l, &err), 0);
    struct buf b = back(t, &l);
    CU_ASSERT(b.n == (size_t)len && (len == 0 || memcmp(b.p, text, (size_t)len) == 0));
    buf_free(&b);
    s->list_free(&l);
}

static void as_reference(const struct hone_tokenizer *t, const int32_t *want)
{
    struct hone_token_list l = { 0 };
    struct hone_err err = { 0 };
    for (int i = 0; tokens_lines[i]; i++) {
        int64_t n = 0;
        l.n = 0;
        CU_ASSERT_EQUAL_FATAL(s->encode(t, tokens_lines[i], (int64_t)strlen(tokens_lines[i]), 1, &l, &err), 0);
        while (want[n] >= 0)
            n++;
        int same = l.n == n && memcmp(l.id, want, (size_t)n * sizeof *want) == 0;
        if (!same)
            fprintf(stderr, "tokens of line %d differ\n", i + 1);
        CU_ASSERT(same);
        comes_back(t, tokens_lines[i], (int64_t)strlen(tokens_lines[i]));
        want += n + 1;
    }
    s->list_free(&l);
}

static void learned(void)
{
    struct hone_err err = { 0 };
    struct hone_string text[64];
    char *whole = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&whole, &n); /* the reference cut the sample as one text, with its ends of lines */
    for (int i = 0; tokens_lines[i]; i++)
        fprintf(f, "%s\n", tokens_lines[i]);
    fclose(f);
    text[0] = (struct hone_string){ whole, (int64_t)n };
    struct hone_tokenizer *t = s->learn(text, 1, TOKENS_SIZE, marks, 2, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    int64_t len;
    char *json = s->json(t, &len);
    cJSON *j = json_parse(json, (size_t)len, "json", &err);
    const cJSON *merges = json_get(json_get(j, "model"), "merges"), *m;
    int i = 0, same = 1;
    CU_ASSERT_EQUAL(cJSON_GetArraySize(merges), TOKENS_MERGES);
    cJSON_ArrayForEach(m, merges) {
        same &= i < TOKENS_MERGES && strcmp(cJSON_GetArrayItem(m, 0)->valuestring, tokens_merges[i][0]) == 0
                && strcmp(cJSON_GetArrayItem(m, 1)->valuestring, tokens_merges[i][1]) == 0;
        i++;
    }
    CU_ASSERT(same);
    CU_ASSERT_EQUAL(s->size(t), TOKENS_SIZE);
    as_reference(t, tokens_ours_ids);
    struct hone_tokenizer *again = read_json(json);
    as_reference(again, tokens_ours_ids);
    CU_ASSERT_EQUAL(s->find(again, "<|answer|>"), 1);
    CU_ASSERT_EQUAL(s->find(again, "no such token"), -1);
    CU_ASSERT_EQUAL(s->bytes(again, 1, 0).len, 0);
    s->free(again);
    cJSON_Delete(j);
    s->text_free(json);
    s->free(t);
    free(whole);
}

static void read_others(void)
{
    static const struct { const char *json; const int32_t *ids; } files[] = {
        { tokens_ours_json, tokens_ours_ids }, { tokens_three_json, tokens_three_ids }, { tokens_llama_json, tokens_llama_ids },
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct hone_tokenizer *t = read_json(files[i].json);
        as_reference(t, files[i].ids);
        s->free(t);
    }
}

/* Any UTF-8 comes back, however long its pieces are; names of marks in a text are text. */
static void round_trip(void)
{
    static const char *const json[] = { tokens_ours_json, tokens_three_json, tokens_llama_json };
    char text[4096];
    for (size_t k = 0; k < 3; k++) {
        struct hone_tokenizer *t = read_json(json[k]);
        uint64_t x = 88172645463325252u; /* xorshift: the seed is fixed */
        for (int round = 0; round < 200; round++) {
            int64_t n = 0;
            while (n < (round % 10 == 0 ? 4000 : 60)) {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                uint32_t c = (uint32_t)(x >> 20) % (x % 3 == 0 ? 0x110000 : x % 3 == 1 ? 0x800 : 0x80);
                c = (c >= 0xd800 && c < 0xe000) || c == 0 ? ' ' : c;
                if (c < 0x80) {
                    text[n++] = (char)c;
                } else if (c < 0x800) {
                    text[n++] = (char)(0xc0 | c >> 6);
                    text[n++] = (char)(0x80 | (c & 63));
                } else if (c < 0x10000) {
                    text[n++] = (char)(0xe0 | c >> 12);
                    text[n++] = (char)(0x80 | (c >> 6 & 63));
                    text[n++] = (char)(0x80 | (c & 63));
                } else {
                    text[n++] = (char)(0xf0 | c >> 18);
                    text[n++] = (char)(0x80 | (c >> 12 & 63));
                    text[n++] = (char)(0x80 | (c >> 6 & 63));
                    text[n++] = (char)(0x80 | (c & 63));
                }
            }
            comes_back(t, text, n);
        }
        memset(text, 'a', 4000);
        comes_back(t, text, 4000);
        comes_back(t, "<|end|>", 7);
        comes_back(t, "", 0);
        s->free(t);
    }
}

static void refused(const char *json, const char *what)
{
    struct hone_err err = { 0 };
    struct hone_tokenizer *t = s->read(json, (int64_t)strlen(json), "file", &err);
    CU_ASSERT_PTR_NULL(t);
    s->free(t);
    if (!strstr(err.text, what))
        fprintf(stderr, "expected '%s' in: %s\n", what, err.text);
    CU_ASSERT(err.code == HONE_EINVAL && strstr(err.text, what) && strncmp(err.text, "file", 4) == 0);
}

/* A copy of the llama file with the first `from` replaced; free(). */
static char *changed(const char *json, const char *from, const char *to)
{
    const char *at = strstr(json, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    struct buf b = { 0 };
    buf_add(&b, json, (size_t)(at - json));
    buf_puts(&b, to);
    buf_puts(&b, at + strlen(from));
    return buf_take(&b);
}

/* With the normalizer NFC a text has the tokens of its form C (examples of Unicode Standard Annex 15), and bytes that are no text stay. */
static void form_c(void)
{
    static const struct { const char *text, *form; } rows[] = {
        { "\u212b", "\u00c5" }, { "A\u030a", "\u00c5" }, { "\u2126", "\u03a9" }, { "s\u0323\u0307", "\u1e69" }, { "s\u0307\u0323", "\u1e69" },
        { "\u1112\u1161\u11ab", "\ud55c" }, { "cafe\u0301 au lait", "caf\u00e9 au lait" }, { "plain text", "plain text" }, { "\ufb01", "\ufb01" },
    };
    struct hone_err err = { 0 };
    struct hone_token_list a = { 0 }, b = { 0 };
    static const char *const how[] = { "\"normalizer\":{\"type\":\"NFC\"}", "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"}]}" };
    struct hone_tokenizer *as_is = read_json(tokens_ours_json);
    for (int k = 0; k < 2; k++) {
        char *json = changed(tokens_ours_json, "\"normalizer\":null", how[k]);
        struct hone_tokenizer *t = read_json(json);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            a.n = b.n = 0;
            CU_ASSERT_EQUAL(s->encode(t, rows[i].text, (int64_t)strlen(rows[i].text), 1, &a, &err), 0);
            CU_ASSERT_EQUAL(s->encode(as_is, rows[i].form, (int64_t)strlen(rows[i].form), 1, &b, &err), 0);
            CU_ASSERT(a.n == b.n && memcmp(a.id, b.id, (size_t)a.n * sizeof *a.id) == 0);
        }
        comes_back(t, "\xff\xfe", 2);
        s->free(t);
        free(json);
    }
    s->free(as_is);
    s->list_free(&a);
    s->list_free(&b);
}

static void bad_files(void)
{
    static const struct { const char *json, *from, *to, *what; } rows[] = {
        { tokens_llama_json, "\"<0x41>\":", "\"gone\":", "no token for byte 0x41" },
        { tokens_llama_json, "\"type\":\"BPE\"", "\"type\":\"Unigram\"", "expected type BPE" },
        { tokens_llama_json, "\"prepend\"", "\"append\"", "normalizer" },
        { tokens_three_json, "\\\\p{N}{1,3}", "\\\\p{N}{1,4}", "none of GPT-2's" },
        { tokens_three_json, "\"Isolated\"", "\"Removed\"", "Isolated" },
        { tokens_three_json, "\"use_regex\":false", "\"use_regex\":true", "cut twice" },
        { tokens_llama_json, "\"pre_tokenizer\":null", "\"pre_tokenizer\":{\"type\":\"Metaspace\"}", "a Metaspace that splits" },
        { tokens_ours_json, "\"dropout\":null", "\"dropout\":0.1", "dropout" },
        { tokens_ours_json, "\"add_prefix_space\":false", "\"add_prefix_space\":true", "add_prefix_space" },
        { tokens_ours_json, "\"merges\":[[\"", "\"merges\":[[\"zzzz", "not in model.vocab" },
        { tokens_ours_json, "\"normalizer\":null", "\"normalizer\":{\"type\":\"NFKC\"}", "only NFC" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *json = changed(rows[i].json, rows[i].from, rows[i].to);
        refused(json, rows[i].what);
        free(json);
    }
    refused("{", "file:1:");
    refused("[]", "expected type BPE");
    refused("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]},\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}", "number is none");
    refused("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":99999999999},\"merges\":[]},\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}", "number is none");
    struct hone_err err = { 0 };
    CU_ASSERT_PTR_NULL(s->learn(NULL, 0, 257, marks, 2, &err));
    CU_ASSERT(strstr(err.text, "at least 258") != NULL);
}

int test_tokens(void)
{
    CU_pSuite suite = CU_add_suite("tokens", NULL, NULL);
    return suite && CU_add_test(suite, "learned merges are the reference's", learned) && CU_add_test(suite, "files of three kinds", read_others)
           && CU_add_test(suite, "every text comes back", round_trip) && CU_add_test(suite, "form C", form_c)
           && CU_add_test(suite, "bad files", bad_files) ? 0 : -1;
}
