/* Examples in every format, and word vectors. See fuzz.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/data/check.h"
#include "core/data/convert.h"
#include "core/data/vectors.h"
#include "tests/fuzz/fuzz.h"

struct count {
    int64_t rows, faults;
};

static int count_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    (void)row, (void)err;
    ((struct count *)arg)->rows++;
    return 0;
}

static int count_fault(void *arg, const struct data_fault *fault)
{
    REQUIRE(fault->line >= 0 && *fault->code && *fault->text && utf8_invalid_at(fault->text, strlen(fault->text)) == strlen(fault->text));
    ((struct count *)arg)->faults += fault->severity == 0;
    return 0;
}

static void sound(const struct examples *e)
{
    for (int64_t i = 0; i < e->n; i++) {
        const struct hone_string *s = &e->input[i];
        REQUIRE(utf8_invalid_at(s->bytes, (size_t)s->len) == (size_t)s->len && !memchr(s->bytes, 0, (size_t)s->len));
        REQUIRE(e->output[i] >= -1 && e->output[i] < e->outputs.n && e->weight[i] >= 0 && isfinite(e->weight[i]));
        if (e->metadata[i].len) {
            struct json_fault fault;
            REQUIRE(json_check(e->metadata[i].bytes, (size_t)e->metadata[i].len, &fault) == 0);
        }
    }
}

/* Whether two sets are the same rows, each column; `all`: metadata too. */
static int equal(const struct examples *a, const struct examples *b, int all)
{
    int same = a->n == b->n;
    for (int64_t i = 0; same && i < a->n; i++) {
        same = a->input[i].len == b->input[i].len && memcmp(a->input[i].bytes, b->input[i].bytes, (size_t)a->input[i].len) == 0 &&
               a->output[i] == b->output[i];
        if (same && a->output[i] >= 0) {
            const struct hone_string *x = &a->outputs.name[a->output[i]], *y = &b->outputs.name[b->output[i]];
            same = x->len == y->len && memcmp(x->bytes, y->bytes, (size_t)x->len) == 0;
        }
        same = same && (!all || (a->feedback[i] == b->feedback[i] && memcmp(&a->weight[i], &b->weight[i], sizeof a->weight[i]) == 0));
    }
    return same;
}

/* All rows or none: both readers agree, the rows are sound, and, written as JSONL, read back as they were. */
static void examples(const char *name, enum data_format format, const uint8_t *bytes, size_t n)
{
    const struct read_options o = { .format = format, .max_examples = 100000, .optional_output = 1 };
    struct examples e = { 0 }, again = { 0 };
    struct count c = { 0 };
    const struct row_sink sink = { .arg = &c, .row = count_row, .fault = count_fault };
    struct hone_err err = { 0 };
    cJSON *report = NULL;
    char path[200], copy[220];
    snprintf(path, sizeof path, "%s", fuzz_file(name, bytes, n));
    int rc = examples_read(&e, path, &o, &err), streamed = examples_stream(path, &o, &sink, &err);
    REQUIRE(rc == 0 ? streamed == 0 && c.faults == 0 && c.rows == e.n && e.n > 0 : e.n == 0 && *err.text);
    if (rc == 0) {
        sound(&e);
        snprintf(copy, sizeof copy, "%s/copy.jsonl", fuzz_dir());
        int written = data_convert(path, &o, copy, DATA_JSONL, 0, NULL, &err);
        if (written == 0) {
            REQUIRE(examples_read(&again, copy, &(struct read_options){ .format = DATA_JSONL, .optional_output = 1 }, &err) == 0);
            REQUIRE(equal(&e, &again, 1));
        }
    }
    if (data_check(path, NULL, &o, &report, &err) == 0)
        cJSON_Delete(report);
    examples_free(&e);
    examples_free(&again);
}

static void jsonl(const uint8_t *bytes, size_t n)
{
    examples("rows.jsonl", DATA_JSONL, bytes, n);
}

static void delimited(const uint8_t *bytes, size_t n)
{
    unsigned tabs = fuzz_choice(&bytes, &n, 2);
    examples(tabs ? "rows.tsv" : "rows.csv", tabs ? DATA_TSV : DATA_CSV, bytes, n);
}

static void documents(const uint8_t *bytes, size_t n)
{
    static const enum data_format format[] = { DATA_JSON, DATA_CHAT, DATA_ALPACA };
    examples("rows.json", format[fuzz_choice(&bytes, &n, 3)], bytes, n);
}

static void running(const uint8_t *bytes, size_t n)
{
    unsigned text = fuzz_choice(&bytes, &n, 2);
    examples("rows.txt", text ? DATA_TEXT : DATA_FASTTEXT, bytes, n);
}

/* A file whose format is found by its first bytes. */
static void guessed(const uint8_t *bytes, size_t n)
{
    examples("rows", DATA_AUTO, bytes, n);
}

static void vectors(const uint8_t *bytes, size_t n)
{
    unsigned binary = fuzz_choice(&bytes, &n, 2);
    struct vectors v = { 0 };
    struct hone_err err = { 0 };
    if (vectors_read(&v, fuzz_file(binary ? "v.bin" : "v.vec", bytes, n), &err) == 0) {
        REQUIRE(v.n > 0 && v.width > 0 && v.words.n == v.n);
        for (int64_t i = 0; i < v.n * v.width; i++)
            REQUIRE(isfinite(v.value[i]));
    } else {
        REQUIRE(v.n == 0 && *err.text);
    }
    vectors_free(&v);
}

const struct fuzz_target fuzz_data[] = {
    { "jsonl", jsonl }, { "delimited", delimited }, { "documents", documents }, { "running", running }, { "guessed", guessed },
    { "vectors", vectors }, { NULL, NULL },
};
