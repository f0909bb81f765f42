/* Report "html": one file that needs nothing else, with charts as inline SVG. Texts of people may hold anything and are escaped
 * everywhere; the page's policy allows no script, no request and no style but its own, by its hash. */
#include "hone/report.h"
#include "html_charts.h"

#define FOLD 30 /* rows of a table that is shown unfolded */

struct conf {
    int64_t digits;
};
static const struct hone_param params[] = { HONE_ROW(struct conf, digits, HONE_INT, 0, 4, 1, 15, "significant digits of a number") };

/* STYLE_HASH is the SHA-256 of STYLE in base64; tests/cli/report_html.sh computes it again. */
#define STYLE_HASH "SJcvtRIiUGiSvgvz1Me+V80fXzLBtNSPB4WD7cDW76U="
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;--blue:#0a5cc4;--red:#b42318;--zebra:#f3f5f7}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#a5adb6;--paper:#14181d;--line:#3a424b;--blue:#6cb0ff;--red:#ff8f85;--zebra:#1d232a}}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "main,header,nav{max-width:60rem;margin:auto;padding:0 1rem}\n"
    "h1{font-size:1.7rem}h2{font-size:1.3rem;border-bottom:1px solid var(--line);padding-bottom:.2rem;margin-top:2.2rem}h3{font-size:1.1rem}\n"
    "a{color:var(--blue)}a:focus-visible,summary:focus-visible,.wide:focus-visible{outline:3px solid var(--blue);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;list-style:none}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;margin:.6rem 0}caption{text-align:left;font-weight:600;padding:.3rem 0}\n"
    "th,td{padding:.25rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:break-word}\n"
    "tbody tr:nth-child(even){background:var(--zebra)}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    ".chart{width:100%;max-width:40rem;display:block;margin:.5rem 0}.tick,.name{font-size:12px;fill:var(--soft)}.name{fill:var(--ink)}\n"
    ".grid{stroke:var(--line)}.frame{fill:none;stroke:var(--line)}.ideal{stroke:var(--soft);stroke-dasharray:4 4}\n"
    ".line{fill:none;stroke:var(--blue);stroke-width:2}.line.second{stroke:var(--red);stroke-dasharray:6 4}.dot{fill:var(--blue)}.dot.second{fill:var(--red)}\n"
    ".bar{fill:var(--blue);fill-opacity:.3}.whisker{fill:none;stroke:var(--ink);stroke-width:1.5}summary{cursor:pointer;color:var(--blue)}\n"
    ".hit{fill:var(--blue)}.miss{fill:var(--red)}\n"
    "@media(max-width:40rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}h1{font-size:1.4rem}}\n"
    "@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--blue:#0a5cc4;--red:#b42318;--zebra:#f3f5f7}nav,.skip,details{display:none}\n"
    "body{font-size:10pt}main,header{max-width:none;padding:0}h2,h3,caption{break-after:avoid}tr,.chart{break-inside:avoid}.wide{overflow:visible}.chart{max-width:15cm}\n"
    "table{font-size:8pt}th,td{padding:.15rem .4rem;overflow-wrap:anywhere}}\n";

struct column {
    char *key;
    int number;
};

struct waiting {
    char *key, *title;
    double *x, *y;
    int64_t n;
};

struct html {
    const struct hone_host *host;
    struct hone_sink *sink;
    int digits;
    struct text head, toc, out;
    /* a curve that waits for the one that goes with it: "loss" for "validation_loss" */
    struct waiting waiting;
    /* the table under way */
    struct text table;  /* its HTML */
    char *key, *title;
    char **place;       /* [places] names of outputs by place, from a table "outputs" */
    int64_t places;
    struct column *column;
    uint32_t columns;
    struct text cells;  /* texts, each ended by a NUL, row by row */
    double *value;      /* [rows][columns] */
    int64_t rows, room;
    int oom;
};

static void field_text(struct text *t, const struct hone_field *f, int digits)
{
    if (f->type == HONE_STR)
        text_escape(t, f->v.str);
    else if (f->type == HONE_REAL)
        text_real(t, f->v.real, digits);
    else if (f->type == HONE_INT)
        text_printf(t, "%lld", (long long)f->v.integer);
    else
        text_puts(t, f->v.integer ? "yes" : "no");
}

static void values(struct html *h, struct text *t, const struct hone_record *r)
{
    if (r->n_fields == 0)
        return;
    text_puts(t, "<dl>\n");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        text_puts(t, "<dt>");
        text_escape(t, field_at(r, i)->label);
        text_puts(t, "</dt><dd><bdi>");
        field_text(t, field_at(r, i), h->digits);
        text_puts(t, "</bdi></dd>\n");
    }
    text_puts(t, "</dl>\n");
}

/* ---- tables ---- */

static void table_free(struct html *h)
{
    for (uint32_t i = 0; h->column && i < h->columns; i++)
        free(h->column[i].key);
    free(h->column);
    free(h->key);
    free(h->title);
    free(h->value);
    h->column = NULL;
    h->key = h->title = NULL;
    h->value = NULL;
    h->columns = 0;
    h->rows = h->room = 0;
    h->cells.n = 0;
}

static void table_begin(struct html *h, const struct hone_record *r)
{
    table_free(h);
    h->column = calloc((size_t)r->n_fields + 1, sizeof *h->column);
    h->columns = h->column ? r->n_fields : 0;
    h->key = strdup(r->key ? r->key : "");
    h->title = strdup(r->title ? r->title : "");
    h->oom |= !h->column || !h->key || !h->title;
    h->table.n = 0;
    text_puts(&h->table, "<table><caption>");
    text_escape(&h->table, r->title);
    text_puts(&h->table, "</caption><thead><tr>");
    for (uint32_t i = 0; h->column && i < r->n_fields; i++) {
        const struct hone_field *f = field_at(r, i);
        h->column[i].number = f->type == HONE_REAL || f->type == HONE_INT;
        h->oom |= !(h->column[i].key = strdup(f->key));
        text_puts(&h->table, h->column[i].number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        text_escape(&h->table, f->label);
        text_puts(&h->table, "</th>");
    }
    text_puts(&h->table, "</tr></thead><tbody>\n");
}

static void table_row(struct html *h, const struct hone_record *r)
{
    if (h->rows == h->room) {
        int64_t room = h->room * 2 + 64;
        double *grown = realloc(h->value, (size_t)(room * (int64_t)h->columns + 1) * sizeof *grown);
        if (!grown) {
            h->oom = 1;
            return;
        }
        h->value = grown;
        h->room = room;
    }
    text_puts(&h->table, "<tr>");
    for (uint32_t i = 0; i < h->columns && i < r->n_fields; i++) {
        const struct hone_field *f = field_at(r, i);
        h->value[h->rows * h->columns + i] = f->type == HONE_REAL ? f->v.real : f->type == HONE_INT ? (double)f->v.integer : (double)NAN;
        text_puts(&h->table, h->column[i].number ? "<td class=\"n\">" : "<td><bdi>");
        field_text(&h->table, f, h->digits);
        text_puts(&h->table, h->column[i].number ? "</td>" : "</bdi></td>");
        text_add(&h->cells, f->type == HONE_STR && f->v.str ? f->v.str : "", (f->type == HONE_STR && f->v.str ? strlen(f->v.str) : 0) + 1);
    }
    text_puts(&h->table, "</tr>\n");
    h->rows++;
}

static int64_t column_of(const struct html *h, const char *key)
{
    for (uint32_t i = 0; i < h->columns; i++) {
        if (h->column[i].key && strcmp(h->column[i].key, key) == 0)
            return i;
    }
    return -1;
}

/* The first column's texts, the numbers of `value`, `low` and `high`. */
static void draw_intervals(struct html *h)
{
    int64_t at[3] = { column_of(h, "value"), column_of(h, "low"), column_of(h, "high") }, n = h->rows;
    if (at[0] < 0 || at[1] < 0 || at[2] < 0 || n < 1 || n > 60 || h->column[0].number)
        return;
    const char **label = malloc((size_t)n * sizeof *label);
    double *v = malloc((size_t)n * 3 * sizeof *v);
    const char *s = h->cells.s;
    for (int64_t i = 0; label && v && i < n; i++) {
        label[i] = s;
        for (uint32_t k = 0; k < h->columns; k++)
            s += strlen(s) + 1;
        for (int k = 0; k < 3; k++)
            v[k * n + i] = h->value[i * h->columns + at[k]];
    }
    h->oom |= !label || !v;
    if (label && v)
        chart_intervals(&h->out, h->title, label, v, v + n, v + 2 * n, n);
    free(label);
    free(v);
}

/* A table "confusion" holds places, not texts: expected_at, answered_at, rows. */
static void draw_confusion(struct html *h)
{
    int64_t row = column_of(h, "expected_at"), column = column_of(h, "answered_at"), count = column_of(h, "rows"), names = 0, n = h->rows;
    if (strcmp(h->key, "confusion") != 0 || row < 0 || column < 0 || count < 0 || n < 1)
        return;
    int64_t *at = malloc((size_t)n * 2 * sizeof *at);
    double *v = malloc((size_t)n * sizeof *v);
    for (int64_t i = 0; at && v && i < n; i++) {
        at[i] = (int64_t)h->value[i * h->columns + row];
        at[n + i] = (int64_t)h->value[i * h->columns + column];
        v[i] = h->value[i * h->columns + count];
        names = at[i] + 1 > names ? at[i] + 1 : names;
        names = at[n + i] + 1 > names ? at[n + i] + 1 : names;
    }
    h->oom |= !at || !v;
    if (at && v)
        chart_heat(&h->out, h->title, at, at + n, v, n, names, names <= h->places ? h->place : NULL);
    free(at);
    free(v);
}

static void places_free(struct html *h)
{
    for (int64_t i = 0; i < h->places; i++)
        free(h->place[i]);
    free(h->place);
    h->place = NULL;
    h->places = 0;
}

/* A table "outputs" says what the places of a table "confusion" stand for. */
static void note_places(struct html *h)
{
    int64_t place = column_of(h, "place"), name = column_of(h, "output");
    const char *s = h->cells.s;
    if (strcmp(h->key, "outputs") != 0 || place < 0 || name < 0 || h->rows < 1)
        return;
    places_free(h);
    h->place = calloc((size_t)h->rows + 1, sizeof *h->place);
    h->oom |= !h->place;
    for (int64_t i = 0; h->place && i < h->rows; i++) {
        for (uint32_t k = 0; k < h->columns; k++) {
            if (k == name)
                h->oom |= !(h->place[i] = strdup(s));
            s += strlen(s) + 1;
        }
        h->places++;
    }
}

/* Long tables are folded, and scroll by themselves where the page is narrow. */
static void table_end(struct html *h)
{
    int fold = h->rows > FOLD;
    text_puts(&h->table, "</tbody></table>");
    if (h->oom || h->out.oom || h->cells.oom || h->table.oom)
        return;
    draw_intervals(h);
    draw_confusion(h);
    note_places(h);
    if (fold) {
        text_puts(&h->out, "<details><summary>");
        text_escape(&h->out, h->title);
        text_printf(&h->out, ": %lld rows</summary>", (long long)h->rows);
    }
    text_puts(&h->out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    text_escape(&h->out, h->title);
    text_puts(&h->out, "\">");
    text_add(&h->out, h->table.s, h->table.n);
    text_puts(&h->out, fold ? "</div></details>\n" : "</div>\n");
    table_free(h);
}

/* ---- curves ---- */

static void waiting_free(struct waiting *w)
{
    free(w->key);
    free(w->title);
    free(w->x);
    free(w->y);
    *w = (struct waiting){ 0 };
}

static void draw_curves(struct html *h, const struct waiting *a, const struct waiting *b)
{
    const struct waiting *of[] = { a, b };
    int columns = b ? 2 : 1;
    const struct curve c[2] = { { b ? a->title : NULL, a->x, a->y, a->n }, { b ? b->title : NULL, b ? b->x : NULL, b ? b->y : NULL, b ? b->n : 0 } };
    text_puts(&h->out, "<h3>");
    text_escape(&h->out, a->title);
    text_puts(&h->out, "</h3>\n");
    chart_lines(&h->out, a->title, c, columns, strcmp(a->key, "reliability") == 0);
    text_puts(&h->out, "<details><summary>Numbers: ");
    text_escape(&h->out, a->title);
    text_puts(&h->out, "</summary><table><thead><tr><th scope=\"col\" class=\"n\">x</th>");
    for (int k = 0; k < columns; k++) {
        text_puts(&h->out, "<th scope=\"col\" class=\"n\">");
        text_escape(&h->out, b ? of[k]->title : "y");
        text_puts(&h->out, "</th>");
    }
    text_puts(&h->out, "</tr></thead><tbody>\n");
    for (int64_t i = 0; i < a->n; i++) {
        text_puts(&h->out, "<tr><td class=\"n\">");
        text_real(&h->out, a->x[i], h->digits);
        for (int k = 0; k < columns; k++) {
            text_puts(&h->out, "</td><td class=\"n\">");
            text_real(&h->out, of[k]->y[i], h->digits);
        }
        text_puts(&h->out, "</td></tr>\n");
    }
    text_puts(&h->out, "</tbody></table></details>\n");
}

/* Draws the curve that waited, alone. */
static void flush_waiting(struct html *h)
{
    if (h->waiting.key)
        draw_curves(h, &h->waiting, NULL);
    waiting_free(&h->waiting);
}

static int same_places(const struct waiting *a, const struct hone_record *r)
{
    return a->n == r->n && (r->n == 0 || memcmp(a->x, r->x, (size_t)r->n * sizeof *r->x) == 0);
}

/* A curve waits for its pair: "validation_loss" is drawn with "loss" when it follows it. */
static void series(struct html *h, const struct hone_record *r)
{
    static const char other[] = "validation_";
    size_t size = (size_t)r->n * sizeof(double);
    struct waiting new = { strdup(r->key ? r->key : ""), strdup(r->title ? r->title : ""), malloc(size + 1), malloc(size + 1), r->n };
    if (!new.key || !new.title || !new.x || !new.y) {
        h->oom = 1;
        waiting_free(&new);
        return;
    }
    if (r->n > 0) {
        memcpy(new.x, r->x, size);
        memcpy(new.y, r->y, size);
    }
    if (h->waiting.key && strncmp(new.key, other, sizeof other - 1) == 0 && strcmp(new.key + sizeof other - 1, h->waiting.key) == 0 &&
        same_places(&h->waiting, r)) {
        draw_curves(h, &h->waiting, &new);
        waiting_free(&h->waiting);
        waiting_free(&new);
        return;
    }
    flush_waiting(h);
    h->waiting = new;
}

static void section(struct html *h, const struct hone_record *r)
{
    unsigned level = r->level + 1 > 6 ? 6 : r->level + 1;
    text_printf(&h->out, "<section><h%u id=\"s-%.60s\">", level, r->key ? r->key : "");
    text_escape(&h->out, r->title);
    text_printf(&h->out, "</h%u>\n", level);
    if (r->level > 1)
        return;
    text_printf(&h->toc, "<li><a href=\"#s-%.60s\">", r->key ? r->key : "");
    text_escape(&h->toc, r->title);
    text_puts(&h->toc, "</a></li>\n");
}

static void begin(struct html *h, const struct hone_record *r)
{
    text_puts(&h->head, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'sha256-" STYLE_HASH "'; base-uri 'none'; form-action 'none'\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    text_escape(&h->head, r->title);
    text_puts(&h->head, "</title>\n<style>");
    text_puts(&h->head, style);
    text_puts(&h->head, "</style></head><body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n<header><h1>");
    text_escape(&h->head, r->title);
    text_puts(&h->head, "</h1>\n");
    values(h, &h->head, r);
    text_puts(&h->head, "</header>\n<nav aria-label=\"Sections\"><ul>\n");
}

static int write_text(struct html *h, const struct text *t, struct hone_err *err)
{
    return t->n > 0 ? h->sink->write(h->sink, t->s, t->n, err) : 0;
}

static int finish(struct html *h, struct hone_err *err)
{
    static const char end[] = "</main></body></html>\n";
    text_puts(&h->toc, "</ul></nav>\n<main id=\"main\">\n");
    text_puts(&h->out, end);
    if (h->oom || h->head.oom || h->toc.oom || h->out.oom || h->cells.oom || h->table.oom)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    int rc = write_text(h, &h->head, err);
    if (rc >= 0)
        rc = write_text(h, &h->toc, err);
    return rc >= 0 ? write_text(h, &h->out, err) : rc;
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    struct html *h = self;
    if (r->type != HONE_REC_SERIES)
        flush_waiting(h);
    switch (r->type) {
    case HONE_REC_BEGIN: begin(h, r); break;
    case HONE_REC_SECTION: section(h, r); break;
    case HONE_REC_SECTION_END: text_puts(&h->out, "</section>\n"); break;
    case HONE_REC_VALUES: values(h, &h->out, r); break;
    case HONE_REC_TEXT:
        text_puts(&h->out, "<p>");
        text_escape(&h->out, r->text);
        text_puts(&h->out, "</p>\n");
        break;
    case HONE_REC_TABLE: table_begin(h, r); break;
    case HONE_REC_ROW: table_row(h, r); break;
    case HONE_REC_TABLE_END: table_end(h); break;
    case HONE_REC_SERIES: series(h, r); break;
    case HONE_REC_END: return finish(h, err);
    default: break; /* of a later minor version */
    }
    return 0;
}

static int open_report(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink, struct hone_err *err)
{
    struct html *h = host->alloc(host, sizeof *h);
    if (!h)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    h->host = host;
    h->sink = sink;
    h->digits = (int)((const struct conf *)conf)->digits;
    *self = h;
    return 0;
}

static int close_report(void *self, struct hone_err *err)
{
    struct html *h = self;
    (void)err;
    waiting_free(&h->waiting);
    places_free(h);
    free(h->table.s);
    table_free(h);
    free(h->head.s);
    free(h->toc.s);
    free(h->out.s);
    free(h->cells.s);
    h->host->free(h->host, h);
    return 0;
}

static const struct hone_report html = {
    .item = HONE_ITEM(struct hone_report, HONE_REPORT, "html", "one page with charts, readable offline",
                      "A file that needs no other: inline SVG, light and dark, for print and for screen readers, without scripts. A table with columns value, low and "
                      "high gets a chart of intervals, a table confusion a heat map, a series reliability its diagonal.", params, struct conf, 0, NULL),
    .suffix = "html",
    .media_type = "text/html; charset=utf-8",
    .open = open_report,
    .record = record,
    .close = close_report,
};

HONE_DEFINE_PLUGIN("html", "0.1.0", "Apache-2.0", "https://hone.invalid", NULL, NULL, &html.item);
