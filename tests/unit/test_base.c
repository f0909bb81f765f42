/* What a run takes from a base: each number from the row and column that its key and text say; and files of word vectors, whole and
 * damaged in every way. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/base/pool.h"
#include "core/train/base.h"
#include "tests/unit/suites.h"

static char dir[64];

static int make_dir(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-base-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void)
{
    return rmdir(dir);
}

/* ---- weights ---- */

struct side {
    struct registry *registry;
    struct pool *pool;
    struct learner l;
};

static struct hone_string string(const char *s)
{
    return (struct hone_string){ s, (int64_t)strlen(s) };
}

/* Fits `model` to texts that end at NULL; text i has output i % outputs. */
static void fit(struct side *s, const char *model, const char *options, const char *const *text, const char *const *answer, int outputs,
                const struct side *base)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct hone_string input[16], output[8];
    int32_t label[16];
    float weight[16];
    int n = 0;
    for (; text[n]; n++) {
        input[n] = string(text[n]);
        label[n] = n % outputs;
        weight[n] = 1;
    }
    for (int i = 0; i < outputs; i++)
        output[i] = string(answer[i]);
    struct hone_lesson lesson = { .struct_size = sizeof lesson, .n = n, .input = input, .label = label, .weight = weight, .outputs = outputs,
                                  .output = output, .steps = 10, .epochs = 1, .batch = n, .seed = 1, .base = base ? base->l.self : NULL };
    struct learner_choice choice;
    cJSON *o = json_parse(options, strlen(options), "options", &err);
    s->pool = base ? NULL : pool_new(1, &err);
    s->registry = base ? base->registry : registry_new(dirs, s->pool, &err);
    CU_ASSERT_EQUAL_FATAL(learner_fit(&s->l, s->registry, model, o, &lesson, 1 << 26, &choice, &err), 0);
    CU_ASSERT_EQUAL_FATAL(tensors_init(&s->l.tensors, 7, NULL, &err), 0);
    cJSON_Delete(o);
}

static void close_side(struct side *s)
{
    learner_free(&s->l);
    if (s->pool) {
        registry_free(s->registry);
        pool_free(s->pool);
    }
}

static const char *const old_text[] = { "where is my parcel", "refund the kettle", "where is my kettle", "refund my parcel", NULL };
static const char *const new_text[] = { "my parcel is late", "block the card", "where is the card", "refund my card", NULL };
static const char *const old_answer[] = { "delivery", "refund" }, *const new_answer[] = { "refund", "card", "delivery" };

/* Where output `o` of the new side stands in the old one. */
static const int old_of[] = { 1, -1, 0 };

/* The base's row with the key of row r, by looking at each. */
static int64_t row_like(const struct learner *l, const struct learner *b, uint32_t tensor, int64_t r)
{
    for (int64_t k = 0; k < b->tensors.t[tensor].rows; k++)
        if (b->model->row_key(b->self, tensor, k) == l->model->row_key(l->self, tensor, r))
            return k;
    return -1;
}

/* Element (r, c) of tensor i of the new side, as it should be. */
static float wanted(const struct learner *l, const struct learner *b, int64_t i, int64_t r, int64_t c, float fresh)
{
    const struct tensor *t = &l->tensors.t[i], *from = &b->tensors.t[i];
    int64_t row = t->flags & HONE_W_KEYED ? row_like(l, b, (uint32_t)i, r) : t->flags & HONE_W_OUTPUT_ROWS ? old_of[r] : r;
    int64_t col = t->flags & HONE_W_OUTPUT_COLS ? old_of[c] : c;
    return row < 0 || col < 0 ? fresh : from->param[row * from->width + col];
}

static void takes(const char *model, const char *options)
{
    struct side old = { 0 }, new = { 0 };
    struct hone_err err = { 0 };
    struct base b = { 0 };
    struct start s;
    fit(&old, model, options, old_text, old_answer, 2, NULL);
    for (int64_t i = 0; i < old.l.tensors.n; i++)
        for (int64_t j = 0; j < old.l.tensors.t[i].n; j++)
            old.l.tensors.t[i].param[j] = (float)(i * 10000 + j + 1);
    fit(&new, model, options, new_text, new_answer, 3, &old);
    int64_t n = new.l.tensors.n, found = 0, fresh = 0, wrong = 0;
    float *before[8];
    for (int64_t i = 0; i < n; i++)
        before[i] = memcpy(malloc((size_t)new.l.tensors.t[i].n * 4), new.l.tensors.t[i].param, (size_t)new.l.tensors.t[i].n * 4);
    b.l = old.l;
    b.name = "test";
    CU_ASSERT_EQUAL_FATAL(base_take(&b, &new.l, &s, &err), 0);
    for (int64_t i = 0; i < n; i++) {
        const struct tensor *t = &new.l.tensors.t[i];
        for (int64_t j = 0; j < t->n; j++) {
            float want = wanted(&new.l, &old.l, i, j / t->width, j % t->width, before[i][j]);
            wrong += t->param[j] != want || s.param[i][j] != want;
            found += want >= 1;
            fresh += want < 1;
            t->param[j] = -1;
        }
        free(before[i]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(found > 0 && fresh > 0);
    CU_ASSERT_EQUAL(json_int(json_get(s.report, "outputs"), "known", 0), 2);
    CU_ASSERT_EQUAL(json_int(json_get(s.report, "outputs"), "new", 0), 1);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(s.report, "extended")), n);
    CU_ASSERT(s.output[0] && !s.output[1] && s.output[2]);
    start_again(&s, &new.l.tensors);
    CU_ASSERT(memcmp(new.l.tensors.t[0].param, s.param[0], (size_t)new.l.tensors.t[0].n * 4) == 0);
    start_free(&s);
    close_side(&new);
    close_side(&old);
}

static void weights(void)
{
    takes("linear", "{}");
    takes("bow", "{\"hidden\":5}");
}

/* The base's vocabulary goes on: its features have rows, in texts of both, and idf counts the texts of both. */
static void vocabulary(void)
{
    struct side old = { 0 }, with = { 0 }, without = { 0 };
    fit(&old, "bow", "{\"hidden\":5}", old_text, old_answer, 2, NULL);
    fit(&with, "bow", "{\"hidden\":5}", new_text, new_answer, 3, &old);
    fit(&without, "bow", "{\"hidden\":5}", new_text, new_answer, 3, NULL);
    struct hone_string kettle = string("kettle"), card = string("card"), two = string("two words");
    const struct hone_model *m = old.l.model;
    uint64_t key = m->word_key(old.l.self, 0, &kettle), other = m->word_key(old.l.self, 0, &card);
    int known = 0, alone = 0, both = 0;
    for (int64_t r = 0; r < with.l.tensors.t[0].rows; r++) {
        known += m->row_key(with.l.self, 0, r) == key;
        both += m->row_key(with.l.self, 0, r) == other;
    }
    for (int64_t r = 0; r < without.l.tensors.t[0].rows; r++)
        alone += m->row_key(without.l.self, 0, r) == key;
    CU_ASSERT_EQUAL(known, 1);
    CU_ASSERT_EQUAL(both, 1);
    CU_ASSERT_EQUAL(alone, 0);
    CU_ASSERT_EQUAL(m->word_key(old.l.self, 0, &two), 0);
    CU_ASSERT(with.l.tensors.t[0].rows > old.l.tensors.t[0].rows);
    close_side(&without);
    close_side(&with);
    close_side(&old);
}

static void nothing(void)
{
    struct side old = { 0 }, new = { 0 };
    struct hone_err err = { 0 };
    struct base b = { .name = "test" };
    struct start s;
    static const char *const strangers[] = { "x", "y" };
    fit(&old, "linear", "{}", old_text, strangers, 2, NULL);
    fit(&new, "linear", "{}", new_text, new_answer, 3, &old);
    b.l = old.l;
    CU_ASSERT_EQUAL(base_take(&b, &new.l, &s, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "none of the 3 outputs"));
    CU_ASSERT_PTR_NULL(s.param);
    close_side(&new);
    close_side(&old);
}

/* ---- vectors ---- */

static int read_bytes(struct vectors *v, const char *name, const char *bytes, size_t n, struct hone_err *err)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_FATAL(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
    *err = (struct hone_err){ 0 };
    int ret = vectors_read(v, path, err);
    unlink(path);
    return ret;
}

static void good(const char *name, const char *bytes, size_t n)
{
    struct vectors v;
    struct hone_err err;
    int ret = read_bytes(&v, name, bytes, n, &err);
    if (ret)
        printf("\n%s: %s\n", name, err.text);
    CU_ASSERT_EQUAL_FATAL(ret, 0);
    CU_ASSERT(v.n == 2 && v.width == 3);
    CU_ASSERT(v.words.name[1].len == 5 && memcmp(v.words.name[1].bytes, "caf\xc3\xa9", 5) == 0);
    CU_ASSERT(v.value[0] == 1 && v.value[1] == -0.5f && v.value[3] == 0.25f && v.value[5] == 1e-3f);
    vectors_free(&v);
}

static void bad(const char *name, const char *bytes, size_t n, const char *where, const char *what)
{
    struct vectors v;
    struct hone_err err;
    int ret = read_bytes(&v, name, bytes, n, &err);
    if (ret != ERR_CORRUPT || !strstr(err.text, where) || !strstr(err.text, what))
        printf("\n%s: %d %s; expected %s ... %s\n", name, ret, err.text, where, what);
    CU_ASSERT(ret == ERR_CORRUPT && strstr(err.text, where) && strstr(err.text, what));
    CU_ASSERT(v.n == 0 && !v.value);
}

#define BYTES(s) s, sizeof(s) - 1
#define ONE "\x00\x00\x80\x3f"
#define NUMBERS_A ONE "\x00\x00\x00\xbf" ONE
#define NUMBERS_B "\x00\x00\x80\x3e" ONE "\x6f\x12\x83\x3a"

static void vectors(void)
{
    good("a.vec", BYTES("2 3\nkarte 1 -0.5 1\ncaf\xc3\xa9 0.25 1 1e-3\n"));
    good("a.txt", BYTES("karte 1 -0.5 1 \r\ncaf\xc3\xa9\t0.25 1 1e-3"));
    good("a.bin", BYTES("2 3\nkarte " NUMBERS_A "\ncaf\xc3\xa9 " NUMBERS_B "\n"));
    good("b.bin", BYTES("2 3\nkarte " NUMBERS_A "caf\xc3\xa9 " NUMBERS_B));
    CU_ASSERT(vectors_named("x/y.VEC") && vectors_named("a.bin") && !vectors_named("a.safetensors") && !vectors_named("agent"));
}

static void faults(void)
{
    bad("a.vec", BYTES("3 2\na 1 2\nb 1 2\n"), ":3:", "cut short");
    bad("a.vec", BYTES("1 2\na 1 2\nb 1 2\n"), ":3:", "more than the 1");
    bad("a.vec", BYTES("99999999999999999999 2\na 1 2\n"), ":2:", "cut short");
    bad("a.vec", BYTES("1 99999999999999999999\na 1\n"), ":1:", "numbers a word; expected 1 to");
    bad("a.vec", BYTES("a 1 2\nb 1\n"), ":2:", "found 1 numbers");
    bad("a.vec", BYTES("a 1 2\nb 1 2 3\n"), ":2:", "found 3 numbers");
    bad("a.vec", BYTES("a 1 2\nb 1 nan\n"), ":2:", "number 2 of 'b' is 'nan'");
    bad("a.vec", BYTES("a 1 2\nb 1e99 2\n"), ":2:", "finite");
    bad("a.vec", BYTES("a 1 2\nb 0x1 2\n"), ":2:", "'0x1'");
    bad("a.vec", BYTES("a 1 2\nb 1 2\na 3 4\n"), ":3:", "'a' stands here twice, first as word 1");
    bad("a.vec", BYTES("a 1 2\n\xff\xfe 1 2\n"), ":2:", "UTF-8");
    bad("a.vec", BYTES("a 1 2\nb\0 1 2\n"), ":2:", "NUL");
    bad("a.vec", BYTES("a 1 2\n\nb 1 2\n"), ":2:", "empty line");
    bad("a.vec", BYTES(""), "a.vec", "no word vectors");
    bad("a.vec", BYTES("0 3\n"), "a.vec", "no word vectors");
    bad("a.vec", BYTES("word\n"), ":1:", "0 numbers");
    bad("a.bin", BYTES("2 3\nkarte " NUMBERS_A "b " ONE), "byte 22", "cut short");
    bad("a.bin", BYTES("2 3\nkarte " NUMBERS_A), "byte 22", "ends after 1 of the 2");
    bad("a.bin", BYTES("1 3\nkarte " NUMBERS_A "\nmore"), "byte", "behind the last");
    bad("a.bin", BYTES("1 1\nkarte \x00\x00\xc0\x7f"), "byte 4", "not finite");
    bad("a.bin", BYTES("2 1\na " ONE "a " ONE), "byte 10", "twice");
    bad("a.bin", BYTES("1 1\n\xff " ONE), "byte 4", "UTF-8");
    bad("a.bin", BYTES("karte 1 2 3\n"), "byte", "first line");
}

int test_base(void)
{
    CU_pSuite s = CU_add_suite("base", make_dir, remove_dir);
    return s && CU_add_test(s, "weights by name, key and text", weights) && CU_add_test(s, "the vocabulary goes on", vocabulary) &&
                   CU_add_test(s, "nothing in common", nothing) && CU_add_test(s, "word vectors", vectors) &&
                   CU_add_test(s, "damaged word vectors", faults)
               ? 0
               : -1;
}
