/* Report "latex": a document for pdflatex, lualatex or xelatex that needs nothing but longtable. The source is ASCII but for the letters of
 * Western Europe, so that any text compiles; other characters are shown where the engine has them and named by number elsewhere. */
#include "report_text.h"

struct conf {
    int64_t digits, rows;
};
static const struct hone_param params[] = {
    HONE_ROW(struct conf, digits, HONE_INT, 0, 4, 1, 15, "significant digits of a number"),
    HONE_ROW(struct conf, rows, HONE_INT, 0, 200, 0, 1000000, "rows of a table at most, with a line that counts the others; 0: all"),
};

struct latex {
    const struct hone_host *host;
    struct hone_sink *sink;
    const struct conf *conf;
    struct text out;
    uint32_t columns;
    int64_t rows;
    int oom;
};

static const char preamble[] =
    "\\documentclass[a4paper]{article}\n"
    "\\usepackage[T1]{fontenc}\n"
    "\\usepackage{longtable}\n"
    "\\usepackage[margin=2cm]{geometry}\n"
    "\\setlength{\\parindent}{0pt}\\setlength{\\parskip}{4pt}\\setlength{\\tabcolsep}{4pt}\\sloppy\n"
    "\\makeatletter\\@ifundefined{textquotedbl}{\\newcommand{\\textquotedbl}{''}}{}\\@ifundefined{textquotesingle}{\\newcommand{\\textquotesingle}{'}}{}\\makeatother\n"
    "\\newcommand{\\honechar}[1]{\\ifdefined\\XeTeXversion\\char\"#1\\relax\\else\\ifdefined\\directlua\\char\"#1\\relax\\else{\\tiny U+#1}\\fi\\fi}\n";

/* The code point at *s, which moves behind it; what is no UTF-8 counts as U+FFFD. */
static uint32_t next_point(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    int more = p[0] < 0x80 ? 0 : p[0] >> 5 == 6 ? 1 : p[0] >> 4 == 14 ? 2 : p[0] >> 3 == 30 ? 3 : -1;
    uint32_t u = more <= 0 ? p[0] : p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            (*s)++;
            return 0xfffd;
        }
        u = u << 6 | (p[i] & 0x3fu);
    }
    *s += more < 0 ? 1 : more + 1;
    return more < 0 ? 0xfffd : u;
}

static const char *command_of(uint32_t u)
{
    switch (u) {
    case '\\': return "\\textbackslash{}";
    case '{': return "\\{";
    case '}': return "\\}";
    case '$': return "\\$";
    case '&': return "\\&";
    case '#': return "\\#";
    case '_': return "\\_";
    case '%': return "\\%";
    case '^': return "\\textasciicircum{}";
    case '~': return "\\textasciitilde{}";
    case '<': return "\\textless{}";
    case '>': return "\\textgreater{}";
    case '|': return "\\textbar{}";
    case '"': return "\\textquotedbl{}";
    case '\'': return "\\textquotesingle{}";
    case '`': return "\\textasciigrave{}";
    case '-': return "-{}";       /* no ligatures */
    case '[': return "{[}";       /* no optional argument behind a line's end */
    case ']': return "{]}";
    case ',': return ",{}";
    case '*': return "{*}";
    case '?': return "?{}";
    case '!': return "!{}";
    case '\n': case '\r': case '\t': return " ";
    default: return NULL;
    }
}

static void escape(struct text *t, const char *s)
{
    while (s && *s) {
        const char *from = s;
        uint32_t u = next_point(&s);
        const char *command = command_of(u);
        if (command)
            text_puts(t, command);
        else if ((u >= 0x20 && u < 0x7f) || (u >= 0xc0 && u <= 0xff && u != 0xd7 && u != 0xf7))
            text_add(t, from, (size_t)(s - from));
        else
            text_printf(t, "\\honechar{%04X}", u < 0x20 || u == 0x7f ? 0xfffd : (unsigned)u);
    }
}

static void field_text(struct latex *l, const struct hone_field *f)
{
    struct text *t = &l->out;
    if (f->type == HONE_STR)
        escape(t, f->v.str);
    else if (f->type == HONE_REAL && isnan(f->v.real))
        text_puts(t, "--");
    else if (f->type == HONE_REAL)
        text_real(t, f->v.real, (int)l->conf->digits);
    else if (f->type == HONE_INT)
        text_printf(t, "%lld", (long long)f->v.integer);
    else
        text_puts(t, f->v.integer ? "yes" : "no");
}

static void values(struct latex *l, const struct hone_record *r)
{
    if (r->n_fields == 0)
        return;
    text_puts(&l->out, "\\begin{longtable}{@{}p{0.35\\linewidth}p{0.6\\linewidth}@{}}\n");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        escape(&l->out, field_at(r, i)->label);
        text_puts(&l->out, " & ");
        field_text(l, field_at(r, i));
        text_puts(&l->out, " \\\\\n");
    }
    text_puts(&l->out, "\\end{longtable}\n");
}

static int is_number(const struct hone_field *f)
{
    return f->type == HONE_REAL || f->type == HONE_INT;
}

/* Numbers take what they need, texts share the rest of the line. */
static void table_begin(struct latex *l, const struct hone_record *r)
{
    uint32_t texts = 0;
    for (uint32_t i = 0; i < r->n_fields; i++)
        texts += !is_number(field_at(r, i));
    double left = 0.97 - 0.105 * (double)(r->n_fields - texts), width = texts ? fmax(left, 0.3) / (double)texts - 0.015 : 0;
    l->columns = r->n_fields;
    l->rows = 0;
    if (r->title && r->title[0]) {
        text_puts(&l->out, "\\subsection*{");
        escape(&l->out, r->title);
        text_puts(&l->out, "}\n");
    }
    text_puts(&l->out, "{\\small\\begin{longtable}{@{}");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        if (is_number(field_at(r, i)))
            text_puts(&l->out, "r");
        else
            text_printf(&l->out, "p{%.3f\\linewidth}", width);
    }
    text_puts(&l->out, "@{}}\n\\hline\n");
    for (uint32_t i = 0; i < r->n_fields; i++) {
        text_puts(&l->out, i ? " & \\textbf{" : "\\textbf{");
        escape(&l->out, field_at(r, i)->label);
        text_puts(&l->out, "}");
    }
    text_puts(&l->out, " \\\\\n\\hline\\endhead\n");
}

static void table_row(struct latex *l, const struct hone_record *r)
{
    if (l->conf->rows > 0 && l->rows++ >= l->conf->rows)
        return;
    for (uint32_t i = 0; i < r->n_fields; i++) {
        text_puts(&l->out, i ? " & " : "");
        field_text(l, field_at(r, i));
    }
    text_puts(&l->out, " \\\\\n");
}

static void table_end(struct latex *l)
{
    if (l->conf->rows > 0 && l->rows > l->conf->rows)
        text_printf(&l->out, "\\multicolumn{%u}{@{}l@{}}{and %lld rows more} \\\\\n", l->columns, (long long)(l->rows - l->conf->rows));
    text_puts(&l->out, "\\hline\n\\end{longtable}}\n");
}

static void series(struct latex *l, const struct hone_record *r)
{
    const struct hone_field columns[] = { { .key = "x", .label = "x", .type = HONE_REAL }, { .key = "y", .label = "y", .type = HONE_REAL } };
    const struct hone_record table = { .title = r->title, .n_fields = 2, .fields = columns, .field_size = sizeof columns[0] };
    table_begin(l, &table);
    for (int64_t i = 0; i < r->n; i++) {
        struct hone_field both[] = { columns[0], columns[1] };
        both[0].v.real = r->x[i];
        both[1].v.real = r->y[i];
        table_row(l, &(struct hone_record){ .n_fields = 2, .fields = both, .field_size = sizeof both[0] });
    }
    table_end(l);
}

static void heading(struct latex *l, const struct hone_record *r)
{
    text_puts(&l->out, r->level <= 1 ? "\\section*{" : "\\subsection*{");
    escape(&l->out, r->title);
    text_puts(&l->out, "}\n");
}

static int finish(struct latex *l, struct hone_err *err)
{
    text_puts(&l->out, "\\end{document}\n");
    if (l->oom || l->out.oom)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    return l->sink->write(l->sink, l->out.s, l->out.n, err);
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    struct latex *l = self;
    switch (r->type) {
    case HONE_REC_BEGIN:
        text_puts(&l->out, preamble);
        text_puts(&l->out, "\\title{");
        escape(&l->out, r->title);
        text_puts(&l->out, "}\n\\author{}\n\\date{}\n\\begin{document}\n\\maketitle\n");
        values(l, r);
        break;
    case HONE_REC_SECTION: heading(l, r); break;
    case HONE_REC_VALUES: values(l, r); break;
    case HONE_REC_TEXT:
        escape(&l->out, r->text);
        text_puts(&l->out, "\\par\n");
        break;
    case HONE_REC_TABLE: table_begin(l, r); break;
    case HONE_REC_ROW: table_row(l, r); break;
    case HONE_REC_TABLE_END: table_end(l); break;
    case HONE_REC_SERIES: series(l, r); break;
    case HONE_REC_END: return finish(l, err);
    default: break; /* SECTION_END, and what a later minor version adds */
    }
    return 0;
}

static int open_report(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink, struct hone_err *err)
{
    struct latex *l = host->alloc(host, sizeof *l);
    if (!l)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    l->host = host;
    l->sink = sink;
    l->conf = conf;
    *self = l;
    return 0;
}

static int close_report(void *self, struct hone_err *err)
{
    struct latex *l = self;
    (void)err;
    free(l->out.s);
    l->host->free(l->host, l);
    return 0;
}

static const struct hone_report latex = {
    .item = HONE_ITEM(struct hone_report, HONE_REPORT, "latex", "a document for LaTeX",
                      "Compiles with pdflatex, lualatex and xelatex; tables are longtables. Every character that means something to TeX is written out.", params,
                      struct conf, 0, NULL),
    .suffix = "tex",
    .media_type = "application/x-tex; charset=utf-8",
    .open = open_report,
    .record = record,
    .close = close_report,
};

HONE_DEFINE_PLUGIN("latex", "0.1.0", "Apache-2.0", "https://hone.invalid", NULL, NULL, &latex.item);
