/* Report "junit": a report for continuous integration, as the JUnit XML that Jenkins, GitLab and GitHub's actions read. A table with a column
 * `value` becomes test cases, one a row, and a case fails when a minimum is set for it and not reached; everything else becomes properties of
 * its section. */
#include "report_text.h"

struct conf {
    const char *minimum;
    int64_t surely;
};
static const struct hone_param params[] = {
    HONE_ROW_STR(struct conf, minimum, 0, "", "what must be reached, as accuracy=0.9,f1_score=0.85: names of the first column of a table with values; a name that no table has fails, too"),
    HONE_ROW(struct conf, surely, HONE_BOOL, 0, 0, 0, 1, "the lower end of the interval must reach the minimum, not only the value"),
};

#define MAX_MINIMA 64
struct minimum {
    char name[128];
    double at_least;
    int met;                 /* a row had that name */
};

struct junit {
    const struct hone_host *host;
    struct hone_sink *sink;
    const struct conf *conf;
    struct minimum minimum[MAX_MINIMA];
    int minima;
    struct text suites, properties, cases;
    char *name, *title;      /* of the report; of the section under way */
    char key[128];
    int64_t tests, failures, all_tests, all_failures; /* of the section, of the report */
    int64_t value, low, high, column; /* columns of the table under way, -1: none; columns seen */
    int64_t row;
    int oom;
};

/* XML 1.0 has no controls but three and no U+FFFE and U+FFFF. */
static void xml(struct text *t, const char *s)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const char *from = s;
    for (; s && *s; s++) {
        if (strncmp(s, "\xef\xbf\xbe", 3) != 0 && strncmp(s, "\xef\xbf\xbf", 3) != 0)
            continue;
        char *part = strndup(from, (size_t)(s - from));
        t->oom |= !part;
        text_escape(t, part);
        free(part);
        text_puts(t, replacement);
        s += 2;
        from = s + 1;
    }
    text_escape(t, from);
}

/* In an attribute ends of lines and tabs would be read as blanks. */
static void attribute(struct text *t, const char *name, const char *s)
{
    text_printf(t, " %s=\"", name);
    size_t begin = t->n;
    xml(t, s);
    for (size_t i = begin; i < t->n; i++) {
        if (t->s[i] == '\n' || t->s[i] == '\t' || t->s[i] == '\r')
            t->s[i] = ' ';
    }
    text_puts(t, "\"");
}

static void field_text(struct text *t, const struct hone_field *f)
{
    if (f->type == HONE_STR)
        text_puts(t, f->v.str ? f->v.str : "");
    else if (f->type == HONE_REAL)
        text_shortest(t, f->v.real);
    else if (f->type == HONE_INT)
        text_printf(t, "%lld", (long long)f->v.integer);
    else
        text_puts(t, f->v.integer ? "true" : "false");
}

static void property(struct junit *j, const char *name, const char *value)
{
    text_puts(&j->properties, "      <property");
    attribute(&j->properties, "name", name);
    attribute(&j->properties, "value", value);
    text_puts(&j->properties, "/>\n");
}

static void values(struct junit *j, const struct hone_record *r)
{
    for (uint32_t i = 0; i < r->n_fields; i++) {
        struct text t = { 0 };
        field_text(&t, field_at(r, i));
        property(j, field_at(r, i)->key, t.s ? t.s : "");
        j->oom |= t.oom;
        free(t.s);
    }
}

static void case_begin(struct junit *j, const char *name)
{
    text_puts(&j->cases, "    <testcase");
    attribute(&j->cases, "classname", j->key);
    attribute(&j->cases, "name", name);
    j->tests++;
}

static void failure(struct junit *j, const char *message)
{
    text_puts(&j->cases, "      <failure type=\"minimum\"");
    attribute(&j->cases, "message", message);
    text_puts(&j->cases, "/>\n");
    j->failures++;
}

static struct minimum *minimum_of(struct junit *j, const char *name)
{
    for (int i = 0; i < j->minima; i++) {
        if (strcmp(j->minimum[i].name, name) == 0)
            return &j->minimum[i];
    }
    return NULL;
}

static double number_at(const struct hone_record *r, int64_t column)
{
    const struct hone_field *f = column >= 0 && column < r->n_fields ? field_at(r, (uint32_t)column) : NULL;
    return !f ? NAN : f->type == HONE_REAL ? f->v.real : f->type == HONE_INT ? (double)f->v.integer : NAN;
}

static void table_row(struct junit *j, const struct hone_record *r)
{
    struct text name = { 0 }, said = { 0 };
    double value = number_at(r, j->value), low = number_at(r, j->low), high = number_at(r, j->high), judged = j->conf->surely ? low : value;
    if (j->value < 1 || r->n_fields < 2)
        return;
    field_text(&name, field_at(r, 0));
    case_begin(j, name.s ? name.s : "");
    text_puts(&j->cases, ">\n");
    struct minimum *m = minimum_of(j, name.s ? name.s : "");
    if (m) {
        char message[256];
        m->met = 1;
        snprintf(message, sizeof message, "%s %.6g is below the minimum %.6g", j->conf->surely ? "the lower end of the interval," : "the value", judged, m->at_least);
        if (!(judged >= m->at_least))
            failure(j, message);
    }
    text_puts(&said, "value ");
    text_shortest(&said, value);
    if (isfinite(low) && isfinite(high)) {
        text_puts(&said, ", 95 % interval ");
        text_shortest(&said, low);
        text_puts(&said, " to ");
        text_shortest(&said, high);
    }
    text_puts(&j->cases, "      <system-out>");
    xml(&j->cases, said.s);
    text_puts(&j->cases, "</system-out>\n    </testcase>\n");
    j->oom |= name.oom || said.oom;
    free(name.s);
    free(said.s);
}

static void table_begin(struct junit *j, const struct hone_record *r)
{
    j->value = j->low = j->high = -1;
    for (uint32_t i = 0; i < r->n_fields; i++) {
        const char *key = field_at(r, i)->key;
        int number = field_at(r, i)->type == HONE_REAL || field_at(r, i)->type == HONE_INT;
        j->value = number && strcmp(key, "value") == 0 ? i : j->value;
        j->low = number && strcmp(key, "low") == 0 ? i : j->low;
        j->high = number && strcmp(key, "high") == 0 ? i : j->high;
    }
}

static void section_end(struct junit *j)
{
    struct text *t = &j->suites;
    if (!j->title)
        return;
    text_puts(t, "  <testsuite");
    attribute(t, "name", j->title);
    text_printf(t, " tests=\"%lld\" failures=\"%lld\" errors=\"0\" skipped=\"0\">\n", (long long)j->tests, (long long)j->failures);
    if (j->properties.n > 0) {
        text_puts(t, "    <properties>\n");
        text_add(t, j->properties.s, j->properties.n);
        text_puts(t, "    </properties>\n");
    }
    text_add(t, j->cases.s ? j->cases.s : "", j->cases.n);
    text_puts(t, "  </testsuite>\n");
    j->all_tests += j->tests;
    j->all_failures += j->failures;
    j->tests = j->failures = 0;
    j->properties.n = j->cases.n = 0;
    free(j->title);
    j->title = NULL;
}

static void section_begin(struct junit *j, const char *key, const char *title)
{
    section_end(j);
    snprintf(j->key, sizeof j->key, "hone.%s", key);
    j->oom |= !(j->title = strdup(title));
}

/* Minima of what no table has: a gate that tests nothing must not be open. */
static void missing_minima(struct junit *j)
{
    int missing = 0;
    for (int i = 0; i < j->minima; i++)
        missing += !j->minimum[i].met;
    if (!missing)
        return;
    section_begin(j, "minimum", "Minima of what was not measured");
    for (int i = 0; i < j->minima; i++) {
        if (j->minimum[i].met)
            continue;
        case_begin(j, j->minimum[i].name);
        text_puts(&j->cases, ">\n");
        failure(j, "a minimum is set, and no table of the report has a value of that name");
        text_puts(&j->cases, "    </testcase>\n");
    }
}

static int finish(struct junit *j, struct hone_err *err)
{
    struct text head = { 0 };
    missing_minima(j);
    section_end(j);
    text_puts(&head, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(&head, "name", j->name ? j->name : "");
    text_printf(&head, " tests=\"%lld\" failures=\"%lld\" errors=\"0\">\n", (long long)j->all_tests, (long long)j->all_failures);
    text_puts(&j->suites, "</testsuites>\n");
    int rc = j->oom || head.oom || j->suites.oom || j->properties.oom || j->cases.oom ? hone_fail(err, HONE_ENOMEM, "memory ran out for the report") : 0;
    if (rc == 0)
        rc = j->sink->write(j->sink, head.s, head.n, err);
    free(head.s);
    return rc < 0 ? rc : j->sink->write(j->sink, j->suites.s, j->suites.n, err);
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    struct junit *j = self;
    char name[64];
    switch (r->type) {
    case HONE_REC_BEGIN:
        j->oom |= !(j->name = strdup(r->title ? r->title : ""));
        section_begin(j, "report", "Report");
        values(j, r);
        break;
    case HONE_REC_SECTION: section_begin(j, r->key, r->title); j->row = 0; break;
    case HONE_REC_VALUES: values(j, r); break;
    case HONE_REC_TEXT:
        snprintf(name, sizeof name, "text.%lld", (long long)++j->row);
        property(j, name, r->text);
        break;
    case HONE_REC_TABLE: table_begin(j, r); break;
    case HONE_REC_ROW: table_row(j, r); break;
    case HONE_REC_END: return finish(j, err);
    default: break; /* ends, series, and what a later minor version adds */
    }
    return 0;
}

/* "name=0.9,name=0.8". A name may hold '=' (f1_score:average=micro); the last one counts. */
static int read_minima(struct junit *j, struct hone_err *err)
{
    const char *s = j->conf->minimum ? j->conf->minimum : "";
    while (*s) {
        size_t n = strcspn(s, ",");
        const char *eq = memrchr(s, '=', n);
        char number[64], *end;
        if (!eq || j->minima == MAX_MINIMA || (size_t)(eq - s) >= sizeof j->minimum[0].name || n - (size_t)(eq - s) >= sizeof number)
            return hone_fail(err, HONE_EINVAL, "minimum: '%.*s' is not NAME=NUMBER, or there are more than %d", (int)(n > 80 ? 80 : n), s, MAX_MINIMA);
        struct minimum *m = &j->minimum[j->minima++];
        snprintf(m->name, sizeof m->name, "%.*s", (int)(eq - s), s);
        snprintf(number, sizeof number, "%.*s", (int)(n - (size_t)(eq - s) - 1), eq + 1);
        m->at_least = strtod(number, &end);
        if (end == number || *end || !isfinite(m->at_least))
            return hone_fail(err, HONE_EINVAL, "minimum: '%.60s' of %.60s is no number", number, m->name);
        s += n + (s[n] == ',');
    }
    return 0;
}

static int close_report(void *self, struct hone_err *err)
{
    struct junit *j = self;
    (void)err;
    free(j->suites.s);
    free(j->properties.s);
    free(j->cases.s);
    free(j->name);
    free(j->title);
    j->host->free(j->host, j);
    return 0;
}

static int open_report(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink, struct hone_err *err)
{
    struct junit *j = host->alloc(host, sizeof *j);
    if (!j)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    j->host = host;
    j->sink = sink;
    j->conf = conf;
    j->value = -1;
    int rc = read_minima(j, err);
    if (rc < 0)
        close_report(j, err);
    else
        *self = j;
    return rc;
}

static const struct hone_report junit = {
    .item = HONE_ITEM(struct hone_report, HONE_REPORT, "junit", "test cases for continuous integration",
                      "JUnit XML: each row of a table with a column value is a test case, which fails when the setting minimum asks for more; a minimum of what was not measured "
                      "fails, too. Values and texts are properties of their section.", params, struct conf, 0, NULL),
    .suffix = "xml",
    .media_type = "application/xml; charset=utf-8",
    .open = open_report,
    .record = record,
    .close = close_report,
};

HONE_DEFINE_PLUGIN("junit", "0.1.0", "Apache-2.0", "https://hone.invalid", NULL, NULL, &junit.item);
