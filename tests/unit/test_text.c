/* UTF-8, likeness of names, words: the short way of ASCII and the way through Unicode agree. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/rng.h"
#include "core/base/text.h"
#include "tests/unit/suites.h"

static void utf8(void)
{
    static const struct { const char *text; size_t n, bad; } rows[] = {
        { "", 0, 0 }, { "abc", 3, 3 }, { "a\0b", 3, 3 }, { "\xc3\xa9", 2, 2 }, { "\xe2\x82\xac", 3, 3 },
        { "\xf0\x9f\x98\x80", 4, 4 }, { "\xf4\x8f\xbf\xbf", 4, 4 }, { "\xed\x9f\xbf", 3, 3 }, { "\xee\x80\x80", 3, 3 },
        { "\x80", 1, 0 }, { "a\xff", 2, 1 }, { "\xc0\xaf", 2, 0 }, { "\xc1\xbf", 2, 0 }, { "\xe0\x9f\xbf", 3, 0 },
        { "\xed\xa0\x80", 3, 0 }, { "\xf0\x8f\xbf\xbf", 4, 0 }, { "\xf4\x90\x80\x80", 4, 0 }, { "\xf5\x80\x80\x80", 4, 0 },
        { "\xc3", 1, 0 }, { "ab\xe2\x82", 4, 2 }, { "abc\xf0\x9f\x98", 6, 3 }, { "\xc3" "a", 2, 0 }, { "12345678\x80", 9, 8 },
        { "1234567\xc3\xa9" "123456789\xfe", 19, 18 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_EQUAL(utf8_invalid_at(rows[i].text, rows[i].n), rows[i].bad);
    CU_ASSERT_EQUAL(utf8_length("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10), 4);
    CU_ASSERT_EQUAL(utf8_length("", 0), 0);
}

static void names(void)
{
    static const char *const keys[] = { "batchSize", "epochs", "learningRate", "optimizer", "seed", NULL };
    CU_ASSERT_EQUAL(text_distance("", ""), 0);
    CU_ASSERT_EQUAL(text_distance("abc", ""), 3);
    CU_ASSERT_EQUAL(text_distance("kitten", "sitting"), 3);
    CU_ASSERT_EQUAL(text_distance("adam", "adma"), 1);
    CU_ASSERT_EQUAL(text_distance("batch_size", "batchSize"), 0);
    CU_ASSERT_EQUAL(text_distance("batch-size", "BATCHSIZE"), 0);
    CU_ASSERT_EQUAL(text_distance("ca", "abc"), 3); /* optimal string alignment, not full Damerau-Levenshtein (2) */
    CU_ASSERT_STRING_EQUAL(text_nearest("epoch", keys), "epochs");
    CU_ASSERT_STRING_EQUAL(text_nearest("learning_rat", keys), "learningRate");
    CU_ASSERT_STRING_EQUAL(text_nearest("optimiser", keys), "optimizer");
    CU_ASSERT_PTR_NULL(text_nearest("temperature", keys));
    CU_ASSERT_PTR_NULL(text_nearest("x", keys));
    CU_ASSERT(text_is_identifier("a") && text_is_identifier("adam_w2"));
    CU_ASSERT(!text_is_identifier("") && !text_is_identifier("2a") && !text_is_identifier("_a") && !text_is_identifier("aB"));
    char long_name[65];
    memset(long_name, 'a', 64);
    long_name[64] = '\0';
    CU_ASSERT(!text_is_identifier(long_name));
    CU_ASSERT(text_is_identifier(long_name + 1));
}

/* The words of text, with '|' between them; free(). */
static char *cut(const char *text)
{
    struct hone_words w = { 0 };
    struct buf b = { 0 };
    CU_ASSERT_EQUAL(text_service.words(text, (int64_t)strlen(text), &w), 0);
    for (int64_t i = 0; i < w.n; i++) {
        int32_t n = w.start[i + 1] - w.start[i];
        if (i)
            buf_putc(&b, '|');
        buf_add(&b, w.bytes + w.start[i], (size_t)n);
        CU_ASSERT_EQUAL(w.hash[i], text_service.hash(w.bytes + w.start[i], n, 0));
    }
    text_service.words_free(&w);
    return buf_take(&b);
}

static void words(void)
{
    static const struct { const char *text, *words; } rows[] = {
        { "", "" }, { " \t\n", "" }, { "Hello, World", "hello|,|world" }, { "don't", "don|'|t" },
        { "a_b-c 3.5 x2", "a|_|b|-|c|3|.|5|x2" }, { "a\x01" "b\x7f" "c", "a|b|c" },
        { "Stra\xc3\x9f" "e", "strasse" },                                    /* full case folding */
        { "\xef\xac\x81ne \xe2\x91\xa3", "fine|4" },                          /* compatibility: ligature, circled digit */
        { "e\xcc\x81t\xc3\xa9", "\xc3\xa9t\xc3\xa9" },                        /* composed */
        { "\xce\x91\xce\xa3 \xcf\x82", "\xce\xb1\xcf\x83|\xcf\x83" },         /* final sigma */
        { "na\xc3\xafve\xe2\x80\x94yes", "na\xc3\xafve|\xe2\x80\x94|yes" },   /* em dash */
        { "a\xc2\xa0" "b\xe3\x80\x80" "c", "a|b|c" },                         /* no-break and ideographic space */
        { "co\xc2\xad" "op", "coop" },                                        /* soft hyphen is ignored */
        { "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" "abc", "\xe6\x97\xa5|\xe6\x9c\xac|\xe8\xaa\x9e|abc" },
        { "\xe3\x82\xab\xef\xbe\x9e", "\xe3\x82\xac" },                       /* katakana and a half-width voiced mark */
        { "\xe0\xb8\x81\xe0\xb8\xb4\xe0\xb8\x99", "\xe0\xb8\x81\xe0\xb8\xb4|\xe0\xb8\x99" }, /* Thai: a mark stays */
        { "\xe0\xa4\x95\xe0\xa4\xbf\xe0\xa4\xa4", "\xe0\xa4\x95\xe0\xa4\xbf\xe0\xa4\xa4" },  /* Devanagari: one word */
        { "\xf0\x9f\x98\x80\xf0\x9f\x98\x80!", "\xf0\x9f\x98\x80|\xf0\x9f\x98\x80|!" },
        { "\xd9\xa3\xd9\xa4", "\xd9\xa3\xd9\xa4" },                           /* Arabic digits */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = cut(rows[i].text);
        CU_ASSERT_STRING_EQUAL(got, rows[i].words);
        free(got);
    }
}

/* A word beyond ASCII behind the text sends it through Unicode; the words in front must be the same. */
static void both_ways(void)
{
    struct hone_words a = { 0 }, b = { 0 };
    char text[220];
    int wrong = 0;
    for (uint64_t round = 0; round < 3000; round++) {
        size_t n = (size_t)rng_below(1, RNG_SYNTH, round << 32, 200);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(1 + rng_below(1, RNG_SYNTH, round << 32 | (i + 1), 127));
        memcpy(text + n, " \xc3\xa9", 3);
        wrong += text_service.words(text, (int64_t)n, &a) != 0 || text_service.words(text, (int64_t)n + 3, &b) != 0;
        wrong += b.n != a.n + 1;
        for (int64_t i = 0; i < a.n && b.n == a.n + 1; i++)
            wrong += a.hash[i] != b.hash[i] || a.start[i + 1] != b.start[i + 1];
        wrong += a.n && memcmp(a.bytes, b.bytes, (size_t)a.start[a.n]) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    text_service.words_free(&a);
    text_service.words_free(&b);
    CU_ASSERT_PTR_NULL(a.bytes);
    text_service.words_free(&a);
}

static void hashes(void)
{
    /* the same on every machine, since features of stored models are named by them: FNV-1a (0xa430d84680aabd0b), then mixed */
    CU_ASSERT_EQUAL(text_service.hash("hello", 5, 0), 0x5c04f5d760adea9bu);
    CU_ASSERT_NOT_EQUAL(text_service.hash("hello", 5, 0), text_service.hash("hello", 5, 1));
    CU_ASSERT_NOT_EQUAL(text_service.hash("", 0, 0), 0);
    CU_ASSERT_NOT_EQUAL(hone_hash_pair(1, 2), hone_hash_pair(2, 1));
}

int test_text(void)
{
    CU_pSuite s = CU_add_suite("text", NULL, NULL);
    return s && CU_add_test(s, "UTF-8", utf8) && CU_add_test(s, "names", names) && CU_add_test(s, "words", words)
           && CU_add_test(s, "both ways", both_ways) && CU_add_test(s, "hashes", hashes) ? 0 : -1;
}
