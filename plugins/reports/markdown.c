/* Report "markdown": headings, paragraphs and aligned tables. Texts of people may hold anything: what would mean something
 * in Markdown or HTML is escaped, and a table cell is always one line. */
#include "report_text.h"

struct conf {
    int64_t digits, points;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, digits, HONE_INT, 0, 4, 1, 15, "significant digits of a number"),
    HONE_ROW(struct conf, points, HONE_INT, 0, 20, 2, 10000, "points that are shown of a curve, evenly chosen"),
};

#define MAX_PAD 60 /* code points up to which the cells of a column are made equally long */

struct markdown {
    const struct hone_host *host;
    struct hone_sink *sink;
    int digits;
    int64_t points;
    int oom;
    struct text out;   /* what was made since the last write */
    struct text cells; /* the table's cells, each ended by a NUL, row by row; the first row are the labels */
    size_t columns;
    char *right;       /* [columns] numbers: set to the right */
};

static int is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Whether the text begins like a heading, a list or a rule. Its first character, or the one behind a number, is then
 * escaped. */
static size_t opening(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    if (digits > 0)
        return s[digits] == '.' || s[digits] == ')' ? digits : SIZE_MAX;
    return *s && strchr("#+-=~:", *s) ? 0 : SIZE_MAX;
}

static void escape(struct text *t, const char *s)
{
    s += strspn(s, " \t\r\n");
    size_t mark = opening(s);
    for (size_t i = 0; s[i]; i++) {
        unsigned char c = (unsigned char)s[i];
        int inside_word = c == '_' && i > 0 && is_word(s[i - 1]) && is_word(s[i + 1]);
        if (c < 0x20 || c == 0x7f)
            text_add(t, " ", 1);
        else if (c == '&')
            text_puts(t, "&amp;");
        else if (c == '<')
            text_puts(t, "&lt;");
        else {
            if (i == mark || (strchr("\\`*_[]>|~$!", c) && !inside_word))
                text_add(t, "\\", 1);
            text_add(t, s + i, 1);
        }
    }
}

/* A cell keeps its line breaks as <br>. */
static void cell_text(struct markdown *m, const char *s)
{
    const char *end;
    while ((end = strpbrk(s, "\r\n"))) {
        char *part = strndup(s, (size_t)(end - s));
        if (!part) {
            m->oom = 1;
            return;
        }
        escape(&m->cells, part);
        free(part);
        s = end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1);
        if (*s)
            text_puts(&m->cells, "<br>");
    }
    escape(&m->cells, s);
}

static void end_cell(struct markdown *m)
{
    text_add(&m->cells, "", 1);
}

static void cell_value(struct markdown *m, const struct hone_field *f)
{
    char s[32];
    snprintf(s, sizeof s, "%lld", (long long)f->v.integer);
    if (f->type == HONE_STR)
        cell_text(m, f->v.str ? f->v.str : "");
    else if (f->type == HONE_REAL)
        text_real(&m->cells, f->v.real, m->digits);
    else
        text_puts(&m->cells, f->type == HONE_INT ? s : f->v.integer ? "yes" : "no");
    end_cell(m);
}

/* ---- tables ---- */

static int table_begin(struct markdown *m, size_t columns)
{
    free(m->right);
    m->cells.n = 0;
    m->columns = columns;
    m->right = calloc(columns + 1, 1);
    m->oom |= !m->right;
    return m->right != NULL;
}

static size_t code_points(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void pad(struct markdown *m, size_t n, char c)
{
    while (n-- > 0)
        text_add(&m->out, &c, 1);
}

static void table_rule(struct markdown *m, const size_t *width)
{
    for (size_t k = 0; k < m->columns; k++) {
        text_puts(&m->out, "| ");
        pad(m, width[k] - (m->right[k] ? 1u : 0u), '-');
        text_puts(&m->out, m->right[k] ? ": " : " ");
    }
    text_puts(&m->out, "|\n");
}

static void table_end(struct markdown *m)
{
    size_t *width = calloc(m->columns + 1, sizeof *width);
    size_t k = 0, row = 0;
    if (!width || m->oom || m->cells.oom) {
        m->oom = 1;
        free(width);
        return;
    }
    for (size_t i = 0; i < m->cells.n; i += strlen(m->cells.s + i) + 1, k = (k + 1) % m->columns) {
        size_t n = code_points(m->cells.s + i);
        n = n > MAX_PAD ? MAX_PAD : n < 3 ? 3 : n;
        width[k] = n > width[k] ? n : width[k];
    }
    k = 0;
    for (size_t i = 0; i < m->cells.n; i += strlen(m->cells.s + i) + 1) {
        const char *s = m->cells.s + i;
        size_t n = code_points(s), blanks = n < width[k] ? width[k] - n : 0;
        text_puts(&m->out, "| ");
        pad(m, m->right[k] ? blanks : 0, ' ');
        text_puts(&m->out, s);
        pad(m, m->right[k] ? 0 : blanks, ' ');
        text_add(&m->out, " ", 1);
        if (++k < m->columns)
            continue;
        k = 0;
        text_puts(&m->out, "|\n");
        if (row++ == 0)
            table_rule(m, width);
    }
    text_puts(&m->out, "\n");
    free(width);
}

static void caption(struct markdown *m, const char *title)
{
    if (!title || !*title)
        return;
    text_puts(&m->out, "**");
    escape(&m->out, title);
    text_puts(&m->out, "**\n\n");
}

static void label_cell(struct markdown *m, const char *label)
{
    cell_text(m, label);
    end_cell(m);
}

static void values(struct markdown *m, const struct hone_record *r)
{
    if (r->n_fields == 0 || !table_begin(m, 2))
        return;
    label_cell(m, "Name");
    label_cell(m, "Value");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        label_cell(m, field_at(r, i)->label);
        cell_value(m, field_at(r, i));
    }
    table_end(m);
}

static void table(struct markdown *m, const struct hone_record *r)
{
    caption(m, r->title);
    if (!table_begin(m, r->n_fields))
        return;
    for (uint32_t i = 0; i < r->n_fields; i++) {
        m->right[i] = field_at(r, i)->type == HONE_REAL || field_at(r, i)->type == HONE_INT;
        label_cell(m, field_at(r, i)->label);
    }
}

static void series(struct markdown *m, const struct hone_record *r)
{
    int64_t shown = r->n < m->points ? r->n : m->points;
    caption(m, r->title);
    if (!table_begin(m, 2))
        return;
    m->right[0] = m->right[1] = 1;
    label_cell(m, "x");
    label_cell(m, "y");
    for (int64_t i = 0; i < shown; i++) {
        int64_t at = shown > 1 ? (i * (r->n - 1) + (shown - 1) / 2) / (shown - 1) : 0;
        text_real(&m->cells, r->x[at], m->digits);
        end_cell(m);
        text_real(&m->cells, r->y[at], m->digits);
        end_cell(m);
    }
    table_end(m);
    if (shown < r->n) {
        char note[96];
        snprintf(note, sizeof note, "%lld of %lld points are shown.\n\n", (long long)shown, (long long)r->n);
        text_puts(&m->out, note);
    }
}

static void heading(struct markdown *m, uint32_t level, const char *title)
{
    pad(m, level > 6 ? 6 : level, '#');
    text_add(&m->out, " ", 1);
    escape(&m->out, title ? title : "");
    text_puts(&m->out, "\n\n");
}

static int flush(struct markdown *m, struct hone_err *err)
{
    if (m->oom || m->out.oom || m->cells.oom)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    int rc = m->out.n > 0 ? m->sink->write(m->sink, m->out.s, m->out.n, err) : 0;
    m->out.n = 0;
    return rc < 0 ? rc : 0;
}

static int open_report(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink,
                       struct hone_err *err)
{
    const struct conf *c = conf;
    struct markdown *m = host->alloc(host, sizeof *m);
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    m->host = host;
    m->sink = sink;
    m->digits = (int)c->digits;
    m->points = c->points;
    *self = m;
    return 0;
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    struct markdown *m = self;
    switch (r->type) {
    case HONE_REC_BEGIN:
        heading(m, 1, r->title);
        values(m, r);
        break;
    case HONE_REC_SECTION:
        heading(m, r->level + 1, r->title);
        break;
    case HONE_REC_VALUES:
        values(m, r);
        break;
    case HONE_REC_TEXT:
        escape(&m->out, r->text);
        text_puts(&m->out, "\n\n");
        break;
    case HONE_REC_TABLE:
        table(m, r);
        break;
    case HONE_REC_ROW:
        for (uint32_t i = 0; i < r->n_fields; i++)
            cell_value(m, field_at(r, i));
        break;
    case HONE_REC_TABLE_END:
        table_end(m);
        break;
    case HONE_REC_SERIES:
        series(m, r);
        break;
    default: /* ends, which Markdown does not show, and records of a later minor version */
        break;
    }
    return flush(m, err);
}

static int close_report(void *self, struct hone_err *err)
{
    struct markdown *m = self;
    (void)err;
    free(m->out.s);
    free(m->cells.s);
    free(m->right);
    m->host->free(m->host, m);
    return 0;
}

static const struct hone_report markdown = {
    .item = HONE_ITEM(struct hone_report, HONE_REPORT, "markdown", "headings, paragraphs and aligned tables",
                      "For people and for pull requests. Numbers are rounded; the format json has them in full.", params,
                      struct conf, 0, NULL),
    .suffix = "md",
    .media_type = "text/markdown; charset=utf-8",
    .open = open_report,
    .record = record,
    .close = close_report,
};

HONE_DEFINE_PLUGIN("markdown", "0.1.0", "Apache-2.0", "https://hone.invalid", NULL, NULL, &markdown.item);
