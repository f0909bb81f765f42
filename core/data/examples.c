/* Formats by name and by sniffing, reading as a stream and into memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "core/base/log.h"
#include "core/data/reading.h"

static const char *const format_names[] = { "auto", "jsonl", "json", "csv", "tsv", "fasttext", "chat", "alpaca", "text" };

int data_format_of_name(const char *name)
{
    for (int i = 0; i < (int)HONE_COUNT(format_names); i++)
        if (strcmp(format_names[i], name) == 0)
            return i;
    return -1;
}

const char *data_format_name(enum data_format f)
{
    return format_names[f];
}

static int has_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && strcasecmp(path + n - m, suffix) == 0;
}

/* A comma, semicolon or tab, whichever the first line has most of outside of quotes. */
static char sniff_delimiter(const struct reading *r)
{
    int count[3] = { 0 }, quoted = 0;
    static const char candidate[] = ",;\t";
    for (size_t i = 0; i < r->len && r->text[i] != '\n'; i++) {
        quoted ^= r->text[i] == '"';
        const char *p = quoted || !r->text[i] ? NULL : strchr(candidate, r->text[i]);
        if (p)
            count[p - candidate]++;
    }
    return count[2] > count[0] && count[2] > count[1] ? '\t' : count[1] > count[0] ? ';' : ',';
}

/* Whether the first line is a row of columns: it has a tab, or begins with a column's name. */
static int has_columns(const struct reading *r)
{
    size_t n = 0, name;
    while (n < r->len && r->text[n] != '\n' && r->text[n] != '\t')
        n++;
    for (name = 0; name < n && r->text[name] != ',' && r->text[name] != ';';)
        name++;
    return (n < r->len && r->text[n] == '\t') || (name < n && field_of(r->text, name) != FIELD_NONE);
}

static enum data_format sniff(const struct reading *r)
{
    size_t i = r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (has_suffix(r->path, ".jsonl") || has_suffix(r->path, ".ndjson"))
        return DATA_JSONL;
    if (has_suffix(r->path, ".csv"))
        return DATA_CSV;
    if (has_suffix(r->path, ".tsv"))
        return DATA_TSV;
    while (i < r->len && strchr(" \t\r\n", r->text[i]) && r->text[i])
        i++;
    if (i < r->len && r->text[i] == '[')
        return DATA_JSON;
    if (i < r->len && r->text[i] == '{') {
        /* a line of its own that is closed is one of many; otherwise the object goes on */
        const char *end = memchr(r->text + i, '\n', r->len - i);
        size_t stop = end ? (size_t)(end - r->text) : r->len;
        while (stop > i && (unsigned char)r->text[stop - 1] <= ' ')
            stop--;
        int document = memmem(r->text + i, stop - i < 200 ? stop - i : 200, "\"examples\"", 10) != NULL
                       || memmem(r->text + i, stop - i < 200 ? stop - i : 200, "\"training_data\"", 15) != NULL;
        return r->text[stop - 1] == '}' && !document ? DATA_JSONL : DATA_JSON;
    }
    if (r->len - i >= 9 && memcmp(r->text + i, "__label__", 9) == 0)
        return DATA_FASTTEXT;
    if (has_suffix(r->path, ".txt") && !has_columns(r))
        return DATA_TEXT;
    return sniff_delimiter(r) == '\t' ? DATA_TSV : DATA_CSV;
}

/* Chat and Alpaca files are JSON lines or a document, told apart by their first character. */
static int first_is_bracket(const struct reading *r)
{
    size_t i = 0;
    while (i < r->len && (unsigned char)r->text[i] <= ' ')
        i++;
    return i < r->len && r->text[i] == '[';
}

int examples_stream(const char *path, const struct read_options *o, const struct row_sink *sink, struct hone_err *err)
{
    struct reading r;
    int ret = reading_open(&r, path, o, sink, err);
    if (ret)
        return ret;
    enum data_format f = o->format == DATA_AUTO ? sniff(&r) : o->format;
    switch (f) {
    case DATA_CSV:
    case DATA_TSV:
        ret = read_delimited(&r, f == DATA_TSV ? '\t' : sniff_delimiter(&r) == ';' ? ';' : ',');
        break;
    case DATA_FASTTEXT:
        ret = read_fasttext(&r);
        break;
    case DATA_TEXT:
        ret = read_running(&r);
        break;
    case DATA_JSON:
        ret = read_json_document(&r);
        break;
    default:
        ret = first_is_bracket(&r) && f != DATA_JSONL ? read_json_document(&r) : read_json_lines(&r);
    }
    if (!ret && !r.rows && !r.faults)
        ret = hone_fail(err, HONE_EINVAL, "%s: there is no example in it; expected one a line, such as {\"input\": \"...\", "
                        "\"expected_output\": \"...\"}", r.path);
    reading_close(&r);
    return ret;
}

/* ---- into memory ---- */

struct gathering {
    struct examples *e;
    struct data_fault first, warning; /* the first of each */
    int64_t faults, warnings;
};

static int grow(struct examples *e)
{
    int64_t cap = e->cap ? e->cap * 2 : 1024;
    size_t n = (size_t)cap;
    void *p;
    if (!(p = realloc(e->input, n * sizeof *e->input)))
        return -1;
    e->input = p;
    if (!(p = realloc(e->output, n * sizeof *e->output)))
        return -1;
    e->output = p;
    if (!(p = realloc(e->feedback, n)))
        return -1;
    e->feedback = p;
    if (!(p = realloc(e->weight, n * sizeof *e->weight)))
        return -1;
    e->weight = p;
    if (!(p = realloc(e->metadata, n * sizeof *e->metadata)))
        return -1;
    e->metadata = p;
    if (!(p = realloc(e->reward, n * sizeof *e->reward)))
        return -1;
    e->reward = p;
    if (!(p = realloc(e->propensity, n * sizeof *e->propensity)))
        return -1;
    e->propensity = p;
    if (!(p = realloc(e->rejected, n * sizeof *e->rejected)))
        return -1;
    e->rejected = p;
    if (!(p = realloc(e->line, n * sizeof *e->line)))
        return -1;
    e->line = p;
    e->cap = cap;
    return 0;
}

int examples_add(struct examples *e, const struct example_row *row, struct hone_err *err)
{
    if (e->n == e->cap && grow(e))
        return hone_fail(err, HONE_ENOMEM, "memory ran out after %lld examples", (long long)e->n);
    int64_t i = e->n;
    char *input = arena_copy(&e->arena, row->input.bytes, (size_t)row->input.len);
    char *meta = row->metadata.len ? arena_copy(&e->arena, row->metadata.bytes, (size_t)row->metadata.len) : NULL;
    char *rejected = row->rejected.bytes ? arena_copy(&e->arena, row->rejected.bytes, (size_t)row->rejected.len) : NULL;
    int32_t output = row->answer.len < 0 ? -1 : outputs_find(&e->outputs, row->answer.bytes, row->answer.len, 1);
    if (!input || (row->metadata.len && !meta) || (row->rejected.bytes && !rejected) || output == -2)
        return hone_fail(err, HONE_ENOMEM, "memory ran out after %lld examples", (long long)e->n);
    e->input[i] = (struct hone_string){ input, row->input.len };
    e->metadata[i] = (struct hone_string){ meta, row->metadata.len };
    e->output[i] = output;
    e->feedback[i] = row->feedback;
    e->weight[i] = row->weight;
    e->reward[i] = row->reward;
    e->propensity[i] = row->propensity;
    e->rejected[i] = (struct hone_string){ rejected, rejected ? row->rejected.len : -1 };
    e->line[i] = row->line;
    e->n++;
    return 0;
}

static int keep_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    return examples_add(((struct gathering *)arg)->e, row, err);
}

static int keep_fault(void *arg, const struct data_fault *f)
{
    struct gathering *g = arg;
    if (f->severity == 0 && g->faults++ == 0)
        g->first = *f;
    if (f->severity != 0 && g->warnings++ == 0)
        g->warning = *f;
    return 0;
}

/* Columns of which no row has a value are absent. */
static void drop_empty(float **column, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isnan((*column)[i]))
            return;
    free(*column);
    *column = NULL;
}

void examples_end(struct examples *e)
{
    drop_empty(&e->reward, e->n);
    drop_empty(&e->propensity, e->n);
    for (int64_t i = 0; i < e->n; i++)
        if (e->rejected[i].bytes)
            return;
    free(e->rejected);
    e->rejected = NULL;
}

struct hone_string examples_rejected(const struct examples *e, int64_t row)
{
    return e->rejected ? e->rejected[row] : (struct hone_string){ NULL, -1 };
}

int examples_copy(struct examples *to, const struct examples *from, const int64_t *row, int64_t n, struct hone_err *err)
{
    int ret = 0;
    for (int64_t i = 0; i < n && !ret; i++) {
        int64_t k = row ? row[i] : i;
        int32_t o = from->output[k];
        const struct example_row one = {
            .input = from->input[k], .answer = o < 0 ? (struct hone_string){ NULL, -1 } : from->outputs.name[o], .metadata = from->metadata[k],
            .feedback = from->feedback[k], .weight = from->weight[k], .reward = from->reward ? from->reward[k] : NAN,
            .propensity = from->propensity ? from->propensity[k] : NAN, .rejected = examples_rejected(from, k), .line = from->line[k] };
        ret = examples_add(to, &one, err);
    }
    return ret;
}

static int first_fault(const struct gathering *g, const char *path, struct hone_err *err)
{
    const struct data_fault *f = &g->first;
    char place[48] = "", more[600] = "";
    if (f->column > 0)
        snprintf(place, sizeof place, ":%lld", (long long)f->column);
    if (g->faults > 1)
        snprintf(more, sizeof more, " (and %lld more; `hone data check %.480s` lists them)", (long long)g->faults - 1, path);
    return hone_fail(err, HONE_EINVAL, "%s:%lld%s: %s; %s%s", strcmp(path, "-") == 0 ? "(standard input)" : path,
                     (long long)f->line, place, f->text, f->fix, more);
}

/* Without the file's name: what trains reads a copy, whose name says nothing to anybody. */
static void tell_warning(const struct gathering *g)
{
    const struct data_fault *f = &g->warning;
    char more[80] = "";
    if (g->warnings > 1)
        snprintf(more, sizeof more, " (and %lld more; `hone data check FILE` lists them)", (long long)g->warnings - 1);
    log_line(LOG_WARN, "line %lld of the examples: %s; %s%s", (long long)f->line, f->text, f->fix, more);
}

int examples_read(struct examples *e, const char *path, const struct read_options *o, struct hone_err *err)
{
    struct gathering g = { .e = e };
    struct row_sink sink = { &g, keep_row, keep_fault };
    *e = (struct examples){ 0 };
    int ret = examples_stream(path, o, &sink, err);
    if (!ret && g.warnings)
        tell_warning(&g);
    if (!ret && g.faults)
        ret = first_fault(&g, path, err);
    if (ret) {
        examples_free(e);
        return ret;
    }
    examples_end(e);
    return 0;
}

void examples_free(struct examples *e)
{
    free(e->input);
    free(e->output);
    free(e->feedback);
    free(e->weight);
    free(e->metadata);
    free(e->reward);
    free(e->propensity);
    free(e->rejected);
    free(e->line);
    outputs_free(&e->outputs);
    arena_free(&e->arena);
    *e = (struct examples){ 0 };
}
