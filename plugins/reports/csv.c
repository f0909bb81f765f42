/* Report "csv": the numbers and texts of a report as RFC 4180 has them. Without a table named, everything, one value a line: section, table,
 * row, column, value. With one, that table alone as it is. A text that a spreadsheet would take for a formula gets an apostrophe. */
#include "report_text.h"

struct conf {
    const char *table;
    int64_t guard;
};
static const struct hone_param params[] = {
    HONE_ROW_STR(struct conf, table, 0, "", "key of the one table that is written, with its columns (metric_scores, history, pairs, ...); empty: everything, one value a line"),
    HONE_ROW(struct conf, guard, HONE_BOOL, 0, 1, 0, 1, "put an apostrophe before texts that begin as a formula does (= + - @)"),
};

struct csv {
    const struct hone_host *host;
    struct hone_sink *sink;
    const struct conf *conf;
    struct text out;
    char section[128], table[128];
    char (*column)[128];     /* of the table under way */
    uint32_t columns;
    int64_t row;
    int whole, found;        /* everything is written; the table that was asked for has come */
    int oom;
};

/* A cell; what holds a comma, a quote or an end of line stands in quotes. */
static void cell(struct csv *c, const char *s, int guarded)
{
    struct text *t = &c->out;
    int guard = guarded && c->conf->guard && s[0] != '\0' && strchr("=+-@\t\r", s[0]) != NULL;
    int quoted = strpbrk(s, ",\"\r\n") != NULL || s[0] == ' ' || (s[0] != '\0' && s[strlen(s) - 1] == ' ');
    text_puts(t, quoted ? "\"" : "");
    text_puts(t, guard ? "'" : "");
    for (; *s; s++)
        text_add(t, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
    text_puts(t, quoted ? "\"" : "");
}

static void value(struct csv *c, const struct hone_field *f)
{
    if (f->type == HONE_STR)
        cell(c, f->v.str ? f->v.str : "", 1);
    else if (f->type == HONE_REAL)
        text_shortest(&c->out, f->v.real);
    else if (f->type == HONE_INT)
        text_printf(&c->out, "%lld", (long long)f->v.integer);
    else
        text_puts(&c->out, f->v.integer ? "true" : "false");
}

/* section,table,row,column, */
static void place(struct csv *c, const char *key)
{
    cell(c, c->section, 1);
    text_puts(&c->out, ",");
    cell(c, c->table, 1);
    text_puts(&c->out, ",");
    if (c->row > 0)
        text_printf(&c->out, "%lld", (long long)c->row);
    text_puts(&c->out, ",");
    cell(c, key, 1);
    text_puts(&c->out, ",");
}

static void fields(struct csv *c, const struct hone_record *r)
{
    for (uint32_t i = 0; c->whole && i < r->n_fields; i++) {
        place(c, field_at(r, i)->key);
        value(c, field_at(r, i));
        text_puts(&c->out, "\r\n");
    }
}

static void table_begin(struct csv *c, const struct hone_record *r)
{
    snprintf(c->table, sizeof c->table, "%s", r->key);
    c->row = 0;
    c->columns = r->n_fields;
    free(c->column);
    c->column = calloc((size_t)r->n_fields + 1, sizeof *c->column);
    c->oom |= !c->column;
    for (uint32_t i = 0; c->column && i < r->n_fields; i++)
        snprintf(c->column[i], sizeof c->column[i], "%s", field_at(r, i)->key);
    if (c->whole || strcmp(r->key, c->conf->table) != 0)
        return;
    c->found = 1;
    for (uint32_t i = 0; i < r->n_fields; i++) {
        text_puts(&c->out, i ? "," : "");
        cell(c, field_at(r, i)->key, 1);
    }
    text_puts(&c->out, "\r\n");
}

static void table_row(struct csv *c, const struct hone_record *r)
{
    int wanted = !c->whole && strcmp(c->table, c->conf->table) == 0;
    c->row++;
    for (uint32_t i = 0; c->column && i < r->n_fields && i < c->columns; i++) {
        if (c->whole)
            place(c, c->column[i]);
        else if (wanted && i)
            text_puts(&c->out, ",");
        if (c->whole || wanted)
            value(c, field_at(r, i));
        text_puts(&c->out, c->whole ? "\r\n" : "");
    }
    text_puts(&c->out, wanted ? "\r\n" : "");
}

static void pair(struct csv *c, double x, double y)
{
    const struct hone_field both[] = { { .key = "x", .label = "x", .type = HONE_REAL, .v.real = x }, { .key = "y", .label = "y", .type = HONE_REAL, .v.real = y } };
    const struct hone_record r = { .n_fields = 2, .fields = both, .field_size = sizeof both[0] };
    if (c->whole) {
        fields(c, &r);
        return;
    }
    value(c, &both[0]);
    text_puts(&c->out, ",");
    value(c, &both[1]);
    text_puts(&c->out, "\r\n");
}

static void series(struct csv *c, const struct hone_record *r)
{
    snprintf(c->table, sizeof c->table, "%s", r->key);
    if (!c->whole && strcmp(r->key, c->conf->table) != 0)
        return;
    c->found = 1;
    text_puts(&c->out, c->whole ? "" : "x,y\r\n");
    for (c->row = 1; c->row <= r->n; c->row++)
        pair(c, r->x[c->row - 1], r->y[c->row - 1]);
    c->table[0] = '\0';
    c->row = 0;
}

static int finish(struct csv *c, struct hone_err *err)
{
    if (!c->whole && !c->found)
        return hone_fail(err, HONE_EINVAL, "the report has no table or series '%.100s'", c->conf->table);
    if (c->oom || c->out.oom)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    return c->out.n ? c->sink->write(c->sink, c->out.s, c->out.n, err) : 0;
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    struct csv *c = self;
    const struct hone_field text = { .key = "text", .label = "text", .type = HONE_STR, .v.str = r->text };
    const struct hone_record one = { .n_fields = 1, .fields = &text, .field_size = sizeof text };
    switch (r->type) {
    case HONE_REC_BEGIN: fields(c, r); break;
    case HONE_REC_SECTION: snprintf(c->section, sizeof c->section, "%s", r->key); break;
    case HONE_REC_VALUES: fields(c, r); break;
    case HONE_REC_TEXT: fields(c, &one); break;
    case HONE_REC_TABLE: table_begin(c, r); break;
    case HONE_REC_ROW: table_row(c, r); break;
    case HONE_REC_TABLE_END:
        c->table[0] = '\0';
        c->row = 0;
        break;
    case HONE_REC_SERIES: series(c, r); break;
    case HONE_REC_END: return finish(c, err);
    default: break; /* SECTION_END, and what a later minor version adds */
    }
    return 0;
}

static int open_report(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink, struct hone_err *err)
{
    struct csv *c = host->alloc(host, sizeof *c);
    if (!c)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    c->host = host;
    c->sink = sink;
    c->conf = conf;
    c->whole = !c->conf->table || !c->conf->table[0];
    if (c->whole)
        text_puts(&c->out, "section,table,row,column,value\r\n");
    *self = c;
    return 0;
}

static int close_report(void *self, struct hone_err *err)
{
    struct csv *c = self;
    (void)err;
    free(c->column);
    free(c->out.s);
    c->host->free(c->host, c);
    return 0;
}

static const struct hone_report csv = {
    .item = HONE_ITEM(struct hone_report, HONE_REPORT, "csv", "values for spreadsheets and programs",
                      "RFC 4180. Everything as section, table, row, column, value; or, with the setting table, one table with its columns. Reals have as many digits as "
                      "read back the same; what is not known is empty.", params, struct conf, 0, NULL),
    .suffix = "csv",
    .media_type = "text/csv; charset=utf-8; header=present",
    .open = open_report,
    .record = record,
    .close = close_report,
};

HONE_DEFINE_PLUGIN("csv", "0.1.0", "Apache-2.0", "https://hone.invalid", NULL, NULL, &csv.item);
