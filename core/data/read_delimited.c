/* CSV and TSV (RFC 4180; line ends LF or CRLF; a byte order mark is skipped). A first record that holds names of columns
 * is a header; without one there must be two columns, input and expected output. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/data/reading.h"

#define COLUMNS 64

struct record {
    struct hone_string field[COLUMNS]; /* in the file, or in `text` when a field had quotes inside */
    size_t offset[COLUMNS];            /* 1 + place in text, 0: in the file */
    int n;
    struct buf text;
    int stray;         /* text followed a closing quote */
};

struct table {
    struct reading *r;
    char delimiter;
    size_t at;
    int64_t line;                      /* of the next record */
    struct record rec;
    enum field column[COLUMNS];
    int columns;
    struct {
        struct hone_string output;     /* of a first record that may be a header with other names; bytes NULL: it is none */
        int64_t line, others, wordy;   /* of the records behind it, those whose input has a blank */
        struct buf text;               /* both fields, told to the user */
    } doubt;
};

/* A field in quotes, from the opening one. 0, or 1 when it is never closed. */
static int quoted(struct table *t, struct hone_string *f, size_t *offset)
{
    const char *s = t->r->text;
    size_t from = ++t->at, len = t->r->len, place = t->rec.text.n;
    int doubled = 0;
    for (;;) {
        const char *q = t->at < len ? memchr(s + t->at, '"', len - t->at) : NULL;
        if (!q)
            return 1;
        size_t end = (size_t)(q - s);
        for (size_t i = t->at; i < end; i++)
            t->line += s[i] == '\n';
        if (end + 1 < len && s[end + 1] == '"') {
            buf_add(&t->rec.text, s + t->at, end + 1 - t->at);
            doubled = 1;
            t->at = end + 2;
            continue;
        }
        if (doubled)
            buf_add(&t->rec.text, s + t->at, end - t->at);
        *f = (struct hone_string){ s + from, (int64_t)(end - from) };
        if (doubled) {
            *offset = place + 1;
            f->len = (int64_t)(t->rec.text.n - place);
        }
        t->at = end + 1;
        return 0;
    }
}

/* The next record; 0 at the end, 1 a record, 2 a broken one (the rest of the file is lost when a quote is not closed), or HONE_ENOMEM with err. */
static int next_record(struct table *t, int64_t *line)
{
    const char *s = t->r->text;
    size_t len = t->r->len;
    struct record *rec = &t->rec;
    rec->n = rec->stray = 0;
    buf_clear(&rec->text);
    while (t->at < len && (s[t->at] == '\n' || s[t->at] == '\r')) {
        t->line += s[t->at] == '\n';
        t->at++;
    }
    if (t->at >= len)
        return 0;
    *line = t->line;
    for (;;) {
        struct hone_string f = { s + t->at, 0 };
        size_t offset = 0;
        int closed = t->at < len && s[t->at] == '"' && t->delimiter != '\t';
        if (closed) {
            if (quoted(t, &f, &offset)) {
                t->at = len;
                return 2;
            }
        }
        size_t from = t->at;
        while (t->at < len && s[t->at] != t->delimiter && s[t->at] != '\n')
            t->at++;
        size_t end = t->at;
        if (end > from && s[end - 1] == '\r' && (t->at >= len || s[t->at] == '\n'))
            end--;
        if (f.bytes == s + from && !closed)
            f.len = (int64_t)(end - from);
        else if (end > from)
            rec->stray = 1;
        if (rec->n < COLUMNS) {
            rec->offset[rec->n] = offset;
            rec->field[rec->n++] = f;
        }
        if (t->at >= len || s[t->at] == '\n') {
            t->line += t->at < len;
            t->at += t->at < len;
            break;
        }
        t->at++; /* behind a delimiter there is a field, if an empty one at the end of the file */
    }
    if (buf_oom(&rec->text))
        return hone_fail(t->r->err, HONE_ENOMEM, "%s:%lld: memory ran out for the record", t->r->path, (long long)*line);
    for (int i = 0; i < rec->n; i++)
        if (rec->offset[i])
            rec->field[i].bytes = rec->text.p + rec->offset[i] - 1;
    return 1;
}

/* Whether the first record is a header: every field a known name, or both an input and an output among them. */
static int sniff_header(struct table *t)
{
    int input = 0, output = 0;
    for (int i = 0; i < t->rec.n; i++) {
        t->column[i] = field_of(t->rec.field[i].bytes, (size_t)t->rec.field[i].len);
        if (t->column[i] == FIELD_MESSAGES || t->column[i] == FIELD_INSTRUCTION)
            t->column[i] = FIELD_NONE;
        input |= t->column[i] == FIELD_INPUT;
        output |= t->column[i] == FIELD_OUTPUT;
    }
    t->columns = t->rec.n;
    return input && (output || t->r->options->optional_output);
}

static int read_number(struct table *t, int64_t line, const struct hone_string *f, float *out)
{
    char copy[64], *end;
    if (f->len == 0)
        return 0;
    size_t n = (size_t)f->len < sizeof copy ? (size_t)f->len : sizeof copy - 1;
    memcpy(copy, f->bytes, n);
    copy[n] = '\0';
    double v = strtod(copy, &end);
    *out = (float)v;
    if (*end || !(v >= 0) || !isfinite(*out)) {
        int ret = reading_fault(t->r, 0, line, 0, "bad_weight", "weight", "write a number such as 0.5",
                                "weight is \"%.40s\"; expected a number from 0 to 3.4e38", copy);
        return ret ? ret : 1;
    }
    return 0;
}

/* reward and propensity of metadata, which must be a JSON object. */
static int read_meta(struct table *t, int64_t line, const struct hone_string *f, struct example_row *row)
{
    struct hone_err why = { 0 };
    if (f->len == 0)
        return 0;
    cJSON *m = json_parse(f->bytes, (size_t)f->len, "metadata", &why);
    if (why.code == HONE_ENOMEM)
        return hone_fail(t->r->err, HONE_ENOMEM, "%s: memory ran out", t->r->path);
    if (!cJSON_IsObject(m)) {
        cJSON_Delete(m);
        int ret = reading_fault(t->r, 0, line, 0, "wrong_type", "metadata", "write a JSON object, quotes doubled",
                                "metadata is not a JSON object");
        return ret ? ret : 1;
    }
    row->metadata = *f;
    row->reward = (float)json_num(m, "reward", NAN);
    row->propensity = (float)json_num(m, "propensity", NAN);
    cJSON_Delete(m);
    return 0;
}

static int one_record(struct table *t, int64_t line, size_t from)
{
    struct example_row row = { .answer = { NULL, -1 }, .input = { NULL, -1 }, .weight = 1, .reward = NAN, .propensity = NAN,
                               .line = line, .source = { t->r->text + from, (int64_t)(t->at - from) } };
    if (t->rec.stray)
        return reading_fault(t->r, 0, line, 0, "bad_csv", "", "double the quotes inside of a field, and put all of it into quotes",
                             "text follows the closing quote of a field");
    if (t->rec.n != t->columns)
        return reading_fault(t->r, 0, line, 0, "bad_csv", "", "put fields that hold the delimiter into double quotes",
                             "the record has %d fields; expected %d", t->rec.n, t->columns);
    for (int i = 0; i < t->rec.n; i++) {
        const struct hone_string *f = &t->rec.field[i];
        int ret = 0, k;
        switch (t->column[i]) {
        case FIELD_INPUT:
            row.input = *f;
            break;
        case FIELD_OUTPUT:
            row.answer = *f;
            if (f->len == 0 && t->r->options->optional_output)
                row.answer.len = -1;
            break;
        case FIELD_REJECTED:
            if (f->len)
                row.rejected = *f;
            break;
        case FIELD_FEEDBACK:
            k = f->len ? feedback_of(f->bytes, (size_t)f->len) : 0;
            if (k < 0)
                return reading_fault(t->r, 0, line, 0, "bad_feedback", "feedback", "use one of the three words, or leave the field empty",
                                     "feedback is \"%.*s\"; expected correct, partial or incorrect",
                                     (int)(f->len < 40 ? f->len : 40), f->bytes);
            row.feedback = (uint8_t)k;
            break;
        case FIELD_WEIGHT:
            ret = read_number(t, line, f, &row.weight);
            break;
        case FIELD_METADATA:
            ret = read_meta(t, line, f, &row);
            break;
        default:
            break;
        }
        if (ret)
            return ret < 0 ? ret : 0;
    }
    return reading_row(t->r, &row);
}

/* The columns of a file without a header. */
static int without_header(struct table *t)
{
    if (t->rec.n == 1 && t->r->options->optional_output) {
        t->column[0] = FIELD_INPUT;
        return 0;
    }
    if (t->rec.n != 2)
        return hone_fail(t->r->err, HONE_EINVAL, "%s:1: the first record has %d fields and is no header; expected a header with the columns"
                         " input and expected_output, or two columns", t->r->path, t->rec.n);
    t->column[0] = FIELD_INPUT;
    t->column[1] = FIELD_OUTPUT;
    return 0;
}

/* Whether a field looks like the name of a column: a letter, then letters, digits and _ - . */
static int like_name(const struct hone_string *f)
{
    for (int64_t i = 0; i < f->len; i++) {
        char b = f->bytes[i], letter = (char)(b | 0x20);
        if (!(letter >= 'a' && letter <= 'z') && (i == 0 || !((b >= '0' && b <= '9') || strchr("_-.", b))))
            return 0;
    }
    return f->len > 0 && f->len <= 40;
}

/* The first record, which is no header. One of whose two fields names a column is refused; where both could, what follows decides. */
static int look_at_first(struct table *t, int64_t line)
{
    const struct hone_string *f = t->rec.field;
    for (int i = 0; t->rec.n == 2 && i < 2; i++) {
        enum field known = field_of(f[i].bytes, (size_t)f[i].len);
        if ((known == FIELD_INPUT || known == FIELD_OUTPUT) && like_name(&f[1 - i])) {
            int ret = reading_fault(t->r, 0, line, 0, "unknown_column", "",
                                    "name the columns input and expected_output; if this is an example, write that header above it",
                                    "\"%.*s\" names a column, but \"%.*s\" beside it is no name that is known", (int)f[i].len, f[i].bytes,
                                    (int)f[1 - i].len, f[1 - i].bytes);
            return ret ? ret : 1;
        }
    }
    if (t->rec.n != 2 || !like_name(&f[0]) || !like_name(&f[1]))
        return 0;
    t->doubt.line = line;
    t->doubt.output = f[1];
    buf_printf(&t->doubt.text, "\"%.*s\" and \"%.*s\"", (int)f[0].len, f[0].bytes, (int)f[1].len, f[1].bytes);
    return 0;
}

/* A record behind a first one that may be a header: its output again means that it was an example. */
static void weigh(struct table *t)
{
    const struct hone_string *f = t->rec.field, *first = &t->doubt.output;
    if (!first->bytes || t->rec.n != 2)
        return;
    if (f[1].len == first->len && memcmp(f[1].bytes, first->bytes, (size_t)first->len) == 0)
        t->doubt.output.bytes = NULL;
    t->doubt.others++;
    t->doubt.wordy += f[0].len > 0 && memchr(f[0].bytes, ' ', (size_t)f[0].len) != NULL;
}

/* Tells of a first record that was taken as an example and is probably a header: two names in a file whose inputs are of several words,
 * the second no other row's output. */
static int tell_doubt(struct table *t)
{
    if (!t->doubt.output.bytes || t->doubt.others == 0 || 2 * t->doubt.wordy < t->doubt.others)
        return 0;
    return reading_fault(t->r, 1, t->doubt.line, 0, "unknown_header", "", "if it is, name the columns input and expected_output",
                         "%s are taken as an example, but look like the names of columns", buf_str(&t->doubt.text));
}

/* One record behind the header, or the first one. */
static int take_record(struct table *t, int first, int64_t line, size_t from)
{
    if (!first) {
        weigh(t);
        return one_record(t, line, from);
    }
    if (sniff_header(t))
        return 0;
    if (without_header(t) < 0)
        return t->r->err->code;
    int told = look_at_first(t, line);
    return told ? told < 0 ? told : 0 : one_record(t, line, from);
}

int read_delimited(struct reading *r, char delimiter)
{
    struct table *t = calloc(1, sizeof *t);
    int64_t line;
    int ret = 0, first = 1, how;
    if (!t)
        return hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    *t = (struct table){ .r = r, .delimiter = delimiter, .line = 1 };
    t->at = r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (size_t from = t->at; ret == 0 && (how = next_record(t, &line)) != 0; from = t->at) {
        if (how < 0)
            ret = how;
        else if (how == 2)
            ret = reading_fault(r, 0, line, 0, "bad_csv", "", "close the quote, or double quotes inside of a field",
                                "a field that begins here with a double quote is never closed");
        else
            ret = take_record(t, first, line, from);
        first = 0;
        reading_release(r, t->at);
    }
    if (ret == 0)
        ret = tell_doubt(t);
    buf_free(&t->rec.text);
    buf_free(&t->doubt.text);
    free(t);
    return ret < 0 ? ret : 0;
}
