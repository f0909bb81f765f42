#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/data/convert.h"
#include "core/data/split.h"

#define FLUSH ((size_t)1 << 20)

struct output_file {
    const char *path;
    struct file_out out;
    struct buf b;
    enum data_format format;
    int lossy;
    int64_t rows;
    struct data_fault fault;
    int64_t faults;
};

static int flush(struct output_file *o, struct hone_err *err)
{
    if (buf_oom(&o->b))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (o->b.n && file_write_all(o->out.fd, o->b.p, o->b.n))
        return err_errno(err, "write", o->path);
    buf_clear(&o->b);
    return 0;
}

/* Puts the file in its place when `good`, else removes what was written. */
static int close_output(struct output_file *o, int good, struct hone_err *err)
{
    int ret = good ? flush(o, err) : 0;
    int closed = file_out_close(&o->out, good && !ret, err);
    buf_free(&o->b);
    return ret ? ret : closed;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f';
}

static void put_string(struct buf *b, const struct hone_string *s)
{
    buf_json_string(b, s->bytes, (size_t)s->len);
}

/* A JSON object in the customer's schema. */
/* JSON text on one line: outside of strings, line breaks and tabs say no more than blanks; inside, there are none. */
static void put_line(struct buf *b, const struct hone_string *json)
{
    for (int64_t i = 0; i < json->len; i++)
        buf_putc(b, is_blank(json->bytes[i]) ? ' ' : json->bytes[i]);
}

static void put_object(struct buf *b, const struct example_row *r)
{
    static const char *const feedback[] = { "correct", "partial", "incorrect" };
    buf_puts(b, "{\"input\": ");
    put_string(b, &r->input);
    if (r->answer.len >= 0) {
        buf_puts(b, ", \"expected_output\": ");
        put_string(b, &r->answer);
    }
    if (r->rejected.bytes) {
        buf_puts(b, ", \"rejected\": ");
        put_string(b, &r->rejected);
    }
    if (r->feedback != HONE_CORRECT)
        buf_printf(b, ", \"feedback\": \"%s\"", feedback[r->feedback]);
    if (r->weight != 1.0f) {
        buf_puts(b, ", \"weight\": ");
        char text[32];
        snprintf(text, sizeof text, "%.9g", (double)r->weight);
        buf_puts(b, text);
    }
    if (r->metadata.len) {
        buf_puts(b, ", \"metadata\": ");
        put_line(b, &r->metadata);
    }
    buf_putc(b, '}');
}

static void put_cell(struct buf *b, const char *s, size_t n, char delimiter)
{
    int quote = n == 0;
    for (size_t i = 0; i < n; i++)
        quote |= s[i] == '"' || s[i] == '\n' || s[i] == '\r' || s[i] == delimiter;
    if (!quote) {
        buf_add(b, s, n);
        return;
    }
    buf_putc(b, '"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"')
            buf_putc(b, '"');
        buf_putc(b, s[i]);
    }
    buf_putc(b, '"');
}

/* Whether a text has tabs or line breaks. */
static int has_breaks(const struct hone_string *s)
{
    for (int64_t i = 0; i < s->len; i++)
        if (is_blank(s->bytes[i]) && s->bytes[i] != ' ')
            return 1;
    return 0;
}

static void put_table(struct output_file *o, const struct example_row *r)
{
    static const char *const feedback[] = { "correct", "partial", "incorrect" };
    char d = o->format == DATA_TSV ? '\t' : ',', weight[32];
    struct buf *b = &o->b;
    if (o->rows == 0)
        buf_printf(b, "input%cexpected_output%cfeedback%cweight%cmetadata\n", d, d, d, d);
    if (d == '\t') { /* TSV has no quotes */
        put_line(b, &r->input);
        buf_putc(b, d);
        if (r->answer.len >= 0)
            put_line(b, &r->answer);
    } else {
        put_cell(b, r->input.bytes, (size_t)r->input.len, d);
        buf_putc(b, d);
        if (r->answer.len >= 0)
            put_cell(b, r->answer.bytes, (size_t)r->answer.len, d);
    }
    snprintf(weight, sizeof weight, "%.9g", (double)r->weight);
    buf_printf(b, "%c%s%c%s%c", d, feedback[r->feedback], d, weight, d);
    if (r->metadata.len && d == '\t')
        put_line(b, &r->metadata);
    else if (r->metadata.len)
        put_cell(b, r->metadata.bytes, (size_t)r->metadata.len, d);
    buf_putc(b, '\n');
}

/* What would be lost, as a sentence, or NULL. */
static const char *loss(const struct output_file *o, const struct example_row *r)
{
    int extra = r->feedback != HONE_CORRECT || r->weight != 1.0f || r->metadata.len;
    const struct hone_string *a = &r->answer;
    if (r->rejected.bytes && o->format != DATA_JSON && o->format != DATA_JSONL)
        return "only json and jsonl files are written with rejected answers";
    switch (o->format) {
    case DATA_TSV:
        return has_breaks(&r->input) || has_breaks(a) ? "tabs or line breaks would become blanks" : NULL;
    case DATA_FASTTEXT:
        if (a->len < 0)
            return "a row has no expected_output, which becomes the label";
        if (memchr(a->bytes, ' ', (size_t)a->len) || has_breaks(a))
            return "blanks in expected_output would become '_' in the label";
        if (has_breaks(&r->input))
            return "tabs or line breaks would become blanks";
        return extra ? "fastText's format has no place for feedback, weight and metadata" : NULL;
    case DATA_CHAT:
    case DATA_ALPACA:
        return extra ? "this format has no place for feedback, weight and metadata" : NULL;
    default:
        return NULL;
    }
}

static void put_row(struct output_file *o, const struct example_row *r)
{
    struct buf *b = &o->b;
    switch (o->format) {
    case DATA_CSV:
    case DATA_TSV:
        put_table(o, r);
        break;
    case DATA_FASTTEXT:
        buf_puts(b, "__label__");
        for (int64_t i = 0; i < r->answer.len; i++)
            buf_putc(b, is_blank(r->answer.bytes[i]) ? '_' : r->answer.bytes[i]);
        buf_putc(b, ' ');
        put_line(b, &r->input);
        buf_putc(b, '\n');
        break;
    case DATA_CHAT:
        buf_puts(b, "{\"messages\": [{\"role\": \"user\", \"content\": ");
        put_string(b, &r->input);
        if (r->answer.len >= 0) {
            buf_puts(b, "}, {\"role\": \"assistant\", \"content\": ");
            put_string(b, &r->answer);
        }
        buf_puts(b, "}]}\n");
        break;
    case DATA_ALPACA:
        buf_puts(b, o->rows ? ",\n{\"instruction\": " : "[\n{\"instruction\": ");
        put_string(b, &r->input);
        buf_puts(b, ", \"input\": \"\", \"output\": ");
        put_string(b, &r->answer);
        buf_putc(b, '}');
        break;
    case DATA_JSON:
        buf_puts(b, o->rows ? ",\n" : "[\n");
        put_object(b, r);
        break;
    default:
        put_object(b, r);
        buf_putc(b, '\n');
    }
}

static int on_row(void *arg, const struct example_row *r, struct hone_err *err)
{
    struct output_file *o = arg;
    const char *lost = o->lossy ? NULL : loss(o, r);
    if (lost)
        return hone_fail(err, HONE_EINVAL, "line %lld: %s; nothing was written (--lossy converts all the same)",
                         (long long)r->line, lost);
    put_row(o, r);
    o->rows++;
    return o->b.n >= FLUSH ? flush(o, err) : 0;
}

static int on_fault(void *arg, const struct data_fault *f)
{
    struct output_file *o = arg;
    if (f->severity == 0 && o->faults++ == 0)
        o->fault = *f;
    return 0;
}

static enum data_format by_suffix(const char *path)
{
    static const struct {
        const char *suffix;
        enum data_format format;
    } known[] = { { ".json", DATA_JSON }, { ".csv", DATA_CSV }, { ".tsv", DATA_TSV }, { ".ft", DATA_FASTTEXT } };
    for (size_t i = 0; i < HONE_COUNT(known); i++) {
        size_t n = strlen(path), m = strlen(known[i].suffix);
        if (n > m && strcasecmp(path + n - m, known[i].suffix) == 0)
            return known[i].format;
    }
    return DATA_JSONL;
}

int data_convert(const char *src, const struct read_options *options, const char *dst, enum data_format to, int lossy,
                 int64_t *rows, struct hone_err *err)
{
    struct output_file o = { .format = to == DATA_AUTO ? by_suffix(dst) : to, .lossy = lossy };
    struct row_sink sink = { &o, on_row, on_fault };
    o.path = dst;
    if (file_same(src, dst))
        return hone_fail(err, HONE_EINVAL, "%s would be overwritten by itself; give another file", dst);
    int ret = file_out_open(&o.out, dst, err);
    if (ret)
        return ret;
    ret = examples_stream(src, options, &sink, err);
    if (!ret && o.faults)
        ret = hone_fail(err, HONE_EINVAL, "%s:%lld: %s; nothing was written (`hone data check` lists all %lld faults)", src,
                        (long long)o.fault.line, o.fault.text, (long long)o.faults);
    if (!ret && (o.format == DATA_JSON || o.format == DATA_ALPACA))
        buf_puts(&o.b, "\n]\n");
    int closed = close_output(&o, !ret, err);
    if (rows)
        *rows = o.rows;
    return ret ? ret : closed;
}

/* Rows row[0..n) as JSONL into o, which stays open. */
static int write_rows(struct output_file *o, const struct examples *e, const int64_t *row, int64_t n, const char *path,
                      struct hone_err *err)
{
    *o = (struct output_file){ .format = DATA_JSONL, .path = path };
    int ret = file_out_open(&o->out, path, err);
    for (int64_t i = 0; i < n && !ret; i++) {
        int64_t k = row[i];
        struct example_row r = { .input = e->input[k], .answer = { NULL, -1 }, .metadata = e->metadata[k],
                                 .rejected = examples_rejected(e, k), .feedback = e->feedback[k], .weight = e->weight[k] };
        if (e->output[k] >= 0)
            r.answer = e->outputs.name[e->output[k]];
        ret = on_row(o, &r, err);
    }
    return ret ? ret : flush(o, err);
}

int data_split_file(const char *src, const struct read_options *options, double share, uint64_t seed, const char *train,
                    const char *validation, int64_t *n_train, int64_t *n_validation, struct hone_err *err)
{
    struct examples e;
    struct output_file left = { .out.fd = -1 }, right = { .out.fd = -1 };
    int64_t *t = NULL, *v = NULL;
    if (file_same(src, train) || file_same(src, validation) || file_same(train, validation) || strcmp(train, validation) == 0)
        return hone_fail(err, HONE_EINVAL, "%s, %s and %s must be three files", src, train, validation);
    int ret = examples_read(&e, src, options, err);
    if (ret)
        return ret;
    ret = split_examples(&e, 0, share, seed, &t, n_train, &v, n_validation, err);
    if (!ret)
        ret = write_rows(&left, &e, t, *n_train, train, err);
    if (!ret)
        ret = write_rows(&right, &e, v, *n_validation, validation, err);
    int closed = close_output(&left, !ret, err);
    ret = ret ? ret : closed;
    closed = close_output(&right, !ret, err);
    free(t);
    free(v);
    examples_free(&e);
    return ret ? ret : closed;
}
