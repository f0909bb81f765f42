/* Report "json": the report tree as one JSON object, written as it arrives. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hone/report.h"

struct conf {
    int64_t indent;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, indent, HONE_INT, 0, 2, 0, 8, "blanks a level; 0: everything on one line"),
};

#define MAX_DEPTH 64

struct writer {
    const struct hone_host *host;
    struct hone_sink *sink;
    struct hone_err *err;    /* of the call that is under way */
    int rc;                  /* the first failure; nothing is written after it */
    int indent, depth;
    char filled[MAX_DEPTH];  /* the object or list at that depth has an element */
    size_t n;
    char bytes[8192];
};

static void flush(struct writer *w)
{
    if (w->rc == 0 && w->n > 0) {
        int rc = w->sink->write(w->sink, w->bytes, w->n, w->err);
        w->rc = rc < 0 ? rc : 0;
    }
    w->n = 0;
}

static void put(struct writer *w, const char *s, size_t n)
{
    while (n > 0) {
        size_t room = sizeof w->bytes - w->n, part = n < room ? n : room;
        memcpy(w->bytes + w->n, s, part);
        w->n += part;
        s += part;
        n -= part;
        if (w->n == sizeof w->bytes)
            flush(w);
    }
}

static void puts_(struct writer *w, const char *s)
{
    put(w, s, strlen(s));
}

static void string(struct writer *w, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    puts_(w, "\"");
    for (const char *from = s; ; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        put(w, from, (size_t)(s - from));
        if (c == '\0')
            break;
        char u[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], '\0' }, short_form[] = { '\\', (char)c, '\0' };
        puts_(w, c == '"' || c == '\\' ? short_form : c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : u);
        from = s + 1;
    }
    puts_(w, "\"");
}

/* The shortest decimal that reads back as the same double. */
static void real(struct writer *w, double v)
{
    char text[40];
    if (!isfinite(v)) {
        puts_(w, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0)
            break;
    }
    puts_(w, text);
}

static void line(struct writer *w)
{
    if (w->indent == 0)
        return;
    puts_(w, "\n");
    for (int i = 0; i < w->indent * w->depth; i++)
        puts_(w, " ");
}

/* What stands before an element: comma, line, and its key unless it is in a list. */
static void element(struct writer *w, const char *key)
{
    if (w->filled[w->depth])
        puts_(w, ",");
    w->filled[w->depth] = 1;
    if (w->depth > 0)
        line(w);
    if (key) {
        string(w, key);
        puts_(w, w->indent ? ": " : ":");
    }
}

static void open_(struct writer *w, const char *key, const char *bracket)
{
    element(w, key);
    puts_(w, bracket);
    w->filled[++w->depth] = 0;
}

static void close_(struct writer *w, const char *bracket)
{
    if (w->filled[w->depth--])
        line(w);
    puts_(w, bracket);
}

static void text(struct writer *w, const char *key, const char *s)
{
    element(w, key);
    string(w, s ? s : "");
}

static void value(struct writer *w, const struct hone_field *f)
{
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)f->v.integer);
    if (f->type == HONE_STR)
        string(w, f->v.str ? f->v.str : "");
    else if (f->type == HONE_REAL)
        real(w, f->v.real);
    else
        puts_(w, f->type == HONE_INT ? number : f->v.integer ? "true" : "false");
}

static const struct hone_field *field_at(const struct hone_record *r, uint32_t i)
{
    return (const struct hone_field *)(const void *)((const char *)r->fields + (size_t)i * r->field_size);
}

static void fields(struct writer *w, const char *key, const struct hone_record *r)
{
    open_(w, key, "{");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        element(w, field_at(r, i)->key);
        value(w, field_at(r, i));
    }
    close_(w, "}");
}

static void columns(struct writer *w, const struct hone_record *r)
{
    open_(w, "columns", "[");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        open_(w, NULL, "{");
        text(w, "key", field_at(r, i)->key);
        text(w, "label", field_at(r, i)->label);
        close_(w, "}");
    }
    close_(w, "]");
}

static void numbers(struct writer *w, const char *key, const double *v, int64_t n)
{
    open_(w, key, "[");
    for (int64_t i = 0; i < n; i++) {
        element(w, NULL);
        real(w, v[i]);
    }
    close_(w, "]");
}

static void begin_named(struct writer *w, const char *kind, const struct hone_record *r)
{
    open_(w, NULL, "{");
    if (kind)
        open_(w, kind, "{");
    text(w, "key", r->key);
    text(w, "title", r->title);
}

static void write_record(struct writer *w, const struct hone_record *r)
{
    switch (r->type) {
    case HONE_REC_BEGIN:
        open_(w, NULL, "{");
        text(w, "type", r->key);
        text(w, "title", r->title);
        fields(w, "fields", r);
        open_(w, "sections", "[");
        break;
    case HONE_REC_SECTION:
        begin_named(w, r->level > 1 ? "section" : NULL, r);
        open_(w, "items", "[");
        break;
    case HONE_REC_SECTION_END:
        close_(w, "]");
        close_(w, "}");
        if (r->level > 1)
            close_(w, "}");
        break;
    case HONE_REC_VALUES:
        open_(w, NULL, "{");
        fields(w, "values", r);
        close_(w, "}");
        break;
    case HONE_REC_TEXT:
        open_(w, NULL, "{");
        text(w, "text", r->text);
        close_(w, "}");
        break;
    case HONE_REC_TABLE:
        begin_named(w, "table", r);
        columns(w, r);
        open_(w, "rows", "[");
        break;
    case HONE_REC_ROW:
        open_(w, NULL, "[");
        for (uint32_t i = 0; i < r->n_fields; i++) {
            element(w, NULL);
            value(w, field_at(r, i));
        }
        close_(w, "]");
        break;
    case HONE_REC_TABLE_END:
        close_(w, "]");
        close_(w, "}");
        close_(w, "}");
        break;
    case HONE_REC_SERIES:
        begin_named(w, "series", r);
        numbers(w, "x", r->x, r->n);
        numbers(w, "y", r->y, r->n);
        close_(w, "}");
        close_(w, "}");
        break;
    case HONE_REC_END:
        close_(w, "]");
        close_(w, "}");
        puts_(w, "\n");
        break;
    default: /* a record of a later minor version */
        break;
    }
}

static int open_report(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink,
                       struct hone_err *err)
{
    struct writer *w = host->alloc(host, sizeof *w);
    if (!w)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    w->host = host;
    w->sink = sink;
    w->indent = (int)((const struct conf *)conf)->indent;
    *self = w;
    return 0;
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    struct writer *w = self;
    if (w->depth + 6 > MAX_DEPTH)
        return hone_fail(err, HONE_EINVAL, "the report is nested too deeply for the format json");
    w->err = err;
    write_record(w, r);
    return w->rc;
}

static int close_report(void *self, struct hone_err *err)
{
    struct writer *w = self;
    w->err = err;
    flush(w);
    int rc = w->rc;
    w->host->free(w->host, w);
    return rc;
}

static const struct hone_report json = {
    .item = HONE_ITEM(struct hone_report, HONE_REPORT, "json", "the report tree as one JSON object",
                      "Names and numbers as they are measured: reals with as many digits as read back the same, null for what "
                      "is not known. Columns of a table come with their labels, rows are lists in their order.",
                      params, struct conf, 0, NULL),
    .suffix = "json",
    .media_type = "application/json",
    .open = open_report,
    .record = record,
    .close = close_report,
};

HONE_DEFINE_PLUGIN("json", "0.1.0", "Apache-2.0", "https://hone.invalid", NULL, NULL, &json.item);
