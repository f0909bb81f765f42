/* Two texts of one report compared: JSON by value, every other format by line. See report_build.h; called by report_verify.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/report_build.h"
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define MAX_DIFFERENCES 50
#define SHORT 120            /* bytes of what was found that are shown */
#define LOOK_AHEAD 40        /* lines that may have been put in or taken out at one place */

static void add(cJSON *list, const char *where, const char *found, const char *expected)
{
    if (cJSON_GetArraySize(list) >= MAX_DIFFERENCES)
        return;
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "where", where);
    json_put_str(o, "found", found);
    json_put_str(o, "expected", expected);
    cJSON_AddItemToArray(list, o);
}

/* ---- JSON ---- */

struct walk {
    cJSON *list;
    char path[512];
};

static size_t enter(struct walk *w, const char *name)
{
    size_t n = strlen(w->path);
    snprintf(w->path + n, sizeof w->path - n, "%s%s", n ? "/" : "", name);
    return n;
}

/* What an element of a list is called: its key, or the key of what it holds, or its place. */
static const char *name_of(const cJSON *v, int i, char place[16])
{
    const cJSON *inner = cJSON_IsObject(v) ? v->child : NULL;
    snprintf(place, 16, "%d", i);
    if (json_str(v, "key", NULL))
        return json_str(v, "key", NULL);
    return inner && !inner->next && json_str(inner, "key", NULL) ? json_str(inner, "key", NULL) : place;
}

static int same_leaf(const cJSON *a, const cJSON *b)
{
    if ((a->type & 0xff) != (b->type & 0xff))
        return 0;
    if (cJSON_IsNumber(a))
        return memcmp(&a->valuedouble, &b->valuedouble, sizeof a->valuedouble) == 0;
    return !cJSON_IsString(a) || strcmp(a->valuestring, b->valuestring) == 0;
}

static void tell(struct walk *w, const cJSON *found, const cJSON *expected)
{
    char *f = found ? json_text(found, 0) : NULL, *e = expected ? json_text(expected, 0) : NULL;
    add(w->list, w->path, f, e);
    free(f);
    free(e);
}

static void walk(struct walk *w, const cJSON *found, const cJSON *expected);

static void walk_list(struct walk *w, const cJSON *found, const cJSON *expected)
{
    const cJSON *f = found->child, *e = expected->child;
    for (int i = 0; f || e; i++) {
        char place[16];
        size_t n = enter(w, name_of(e ? e : f, i, place));
        if (f && e)
            walk(w, f, e);
        else
            tell(w, f, e);
        w->path[n] = '\0';
        f = f ? f->next : NULL;
        e = e ? e->next : NULL;
    }
}

static void walk_object(struct walk *w, const cJSON *found, const cJSON *expected)
{
    const cJSON *e, *f;
    cJSON_ArrayForEach(e, expected) {
        size_t n = enter(w, e->string);
        f = json_get(found, e->string);
        if (f)
            walk(w, f, e);
        else
            tell(w, NULL, e);
        w->path[n] = '\0';
    }
    cJSON_ArrayForEach(f, found) {
        size_t n = enter(w, f->string);
        if (!json_get(expected, f->string))
            tell(w, f, NULL);
        w->path[n] = '\0';
    }
}

static void walk(struct walk *w, const cJSON *found, const cJSON *expected)
{
    if (cJSON_IsArray(found) && cJSON_IsArray(expected))
        walk_list(w, found, expected);
    else if (cJSON_IsObject(found) && cJSON_IsObject(expected))
        walk_object(w, found, expected);
    else if (!same_leaf(found, expected))
        tell(w, found, expected);
}

/* ---- lines ---- */

struct lines {
    char *text;
    char **line;
    size_t n;
};

static int split(struct lines *l, const char *text)
{
    size_t n = 1;
    for (const char *s = text; *s; s++)
        n += *s == '\n';
    *l = (struct lines){ .text = strdup(text), .line = calloc(n + 1, sizeof *l->line) };
    if (!l->text || !l->line)
        return -1;
    for (char *s = l->text; s; ) {
        char *end = strchr(s, '\n');
        if (end)
            *end++ = '\0';
        if (end || *s)
            l->line[l->n++] = s;
        s = end;
    }
    return 0;
}

/* A line as a reader sees it: without the tags of HTML and XML, blanks pressed together. */
static void seen(const char *line, struct buf *b)
{
    int tag = 0, blank = 1;
    buf_clear(b);
    for (; *line; line++) {
        tag = *line == '<' ? 1 : tag;
        char c = tag || *line == ' ' || *line == '\t' || *line == '\r' ? ' ' : *line;
        if (c != ' ' || !blank)
            buf_putc(b, c);
        blank = c == ' ';
        tag = *line == '>' ? 0 : tag;
    }
}

/* The part in which two lines differ, whole words. */
static void part(const char *line, const char *other, struct buf *b)
{
    size_t begin = 0, n = strlen(line), m = strlen(other), end = 0;
    while (line[begin] && line[begin] == other[begin])
        begin++;
    while (end < n - begin && end < m - begin && line[n - 1 - end] == other[m - 1 - end])
        end++;
    while (begin > 0 && line[begin - 1] != ' ')
        begin--;
    while (end > 0 && line[n - end] != ' ' && line[n - end])
        end--;
    size_t length = n - end > begin ? n - end - begin : 0;
    length = length > SHORT ? SHORT : length;
    buf_clear(b);
    buf_add(b, line + begin, utf8_invalid_at(line + begin, length));
}

/* The section that a line stands in, by its id, heading or first cell. */
static void note_section(const char *line, char section[80])
{
    static const char *const marks[] = { "id=\"s-", "<testsuite name=\"", "\\section*{", "## " };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *at = strstr(line, marks[i]);
        if (at && (i < 3 || at == line))
            snprintf(section, 80, "%.*s", (int)strcspn(at + strlen(marks[i]), "\"}<"), at + strlen(marks[i]));
    }
}

static void tell_line(cJSON *list, const char *section, size_t number, const char *found, const char *expected)
{
    struct buf f = { 0 }, e = { 0 }, fp = { 0 }, ep = { 0 }, where = { 0 };
    seen(found ? found : "", &f);
    seen(expected ? expected : "", &e);
    int drawn = found && expected && f.n == e.n && (f.n == 0 || memcmp(buf_str(&f), buf_str(&e), f.n) == 0);
    part(drawn ? found : f.n ? buf_str(&f) : "", drawn ? expected : e.n ? buf_str(&e) : "", &fp);
    part(drawn ? expected : e.n ? buf_str(&e) : "", drawn ? found : f.n ? buf_str(&f) : "", &ep);
    const char *row = e.n ? buf_str(&e) : f.n ? buf_str(&f) : "";
    buf_printf(&where, "line %zu, section %s%s, '%.*s'", number, *section ? section : "(none)", drawn ? ", in a drawing or its markup" : "",
               (int)utf8_invalid_at(row, strlen(row) < 60 ? strlen(row) : 60), row);
    add(list, buf_str(&where), found ? fp.n ? buf_str(&fp) : "" : NULL, expected ? ep.n ? buf_str(&ep) : "" : NULL);
    buf_free(&f);
    buf_free(&e);
    buf_free(&fp);
    buf_free(&ep);
    buf_free(&where);
}

/* How many lines further on of l one is that equals `line`; 0: none near. */
static size_t ahead(const struct lines *l, size_t from, const char *line)
{
    for (size_t k = 1; k <= LOOK_AHEAD && from + k < l->n; k++) {
        if (strcmp(l->line[from + k], line) == 0)
            return k;
    }
    return 0;
}

static void compare_lines(cJSON *list, const struct lines *found, const struct lines *expected)
{
    char section[80] = "";
    size_t i = 0, j = 0;
    while (i < found->n || j < expected->n) {
        const char *f = i < found->n ? found->line[i] : NULL, *e = j < expected->n ? expected->line[j] : NULL;
        note_section(e ? e : f, section);
        size_t more = f && e && strcmp(f, e) != 0 ? ahead(found, i, e) : 0, less = f && e && strcmp(f, e) != 0 && !more ? ahead(expected, j, f) : 0;
        if (f && e && strcmp(f, e) != 0 && !more && !less)
            tell_line(list, section, i + 1, f, e);
        else if (!e || more)
            tell_line(list, section, i + 1, f, NULL);
        else if (!f || less)
            tell_line(list, section, i + 1, NULL, e);
        i += f && !less;
        j += e && !more;
    }
}

cJSON *report_differences(const char *format, const char *found, const char *expected)
{
    struct walk w = { .list = cJSON_CreateArray() };
    struct hone_err ignored = { 0 };
    struct lines f = { 0 }, e = { 0 };
    cJSON *a = strcmp(format, "json") == 0 ? json_parse(found, strlen(found), "report", &ignored) : NULL;
    cJSON *b = a ? json_parse(expected, strlen(expected), "report", &ignored) : NULL;
    if (a && b)
        walk(&w, a, b);
    else if (split(&f, found) == 0 && split(&e, expected) == 0)
        compare_lines(w.list, &f, &e);
    else
        add(w.list, "", "", "memory ran out");
    free(f.text);
    free(f.line);
    free(e.text);
    free(e.line);
    cJSON_Delete(a);
    cJSON_Delete(b);
    return w.list;
}
