/* See report_tree.h. */
#include "core/judge/report_tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"

#define MAX_DEPTH 6

/* ---- checking ---- */

struct checker {
    char path[256];
    struct hone_err *err;
};

/* Puts "/name" (or "/number" when name is NULL) behind the path; returns the length to go back to. */
static size_t enter(struct checker *c, const char *name, int number)
{
    size_t n = strlen(c->path);
    if (name)
        snprintf(c->path + n, sizeof c->path - n, "/%s", name);
    else
        snprintf(c->path + n, sizeof c->path - n, "/%d", number);
    return n;
}

static void leave(struct checker *c, size_t n)
{
    c->path[n] = '\0';
}

static int fault(struct checker *c, const char *what)
{
    return hone_fail(c->err, HONE_EINVAL, "%s: %s", c->path, what);
}

static int check_text(struct checker *c, const cJSON *o, const char *key, int identifier)
{
    const cJSON *v = json_get(o, key);
    size_t n = enter(c, key, 0);
    if (!cJSON_IsString(v))
        return fault(c, "must be a text");
    if (identifier && !text_is_identifier(v->valuestring))
        return fault(c, "must be a name of small letters, digits and '_'");
    leave(c, n);
    return 0;
}

static uint32_t type_of(const char *name)
{
    static const struct {
        const char *name;
        uint32_t type;
    } types[] = { { "real", HONE_REAL }, { "integer", HONE_INT }, { "boolean", HONE_BOOL }, { "text", HONE_STR } };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    }
    return 0;
}

static int fits(uint32_t type, const cJSON *v)
{
    switch (type) {
    case HONE_REAL: return cJSON_IsNull(v) || cJSON_IsNumber(v);
    case HONE_INT: return cJSON_IsNull(v) || (cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) &&
                                              fabs(v->valuedouble) <= 9007199254740992.0);
    case HONE_BOOL: return cJSON_IsNull(v) || cJSON_IsBool(v);
    default: return cJSON_IsNull(v) || cJSON_IsString(v);
    }
}

/* A field (with value) or a column (without). */
static int check_field(struct checker *c, const cJSON *o, int with_value)
{
    if (!cJSON_IsObject(o))
        return fault(c, "must be an object");
    if (check_text(c, o, "key", 1) < 0 || check_text(c, o, "label", 0) < 0 || check_text(c, o, "type", 0) < 0)
        return HONE_EINVAL;
    uint32_t type = type_of(json_str(o, "type", ""));
    if (type == 0)
        return fault(c, "type must be real, integer, boolean or text");
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "value");
    if (with_value && (!v || !fits(type, v)))
        return fault(c, "value is missing or not of the type that is named");
    return 0;
}

static int key_is_taken(const cJSON *list, const cJSON *field)
{
    for (const cJSON *e = list->child; e != field; e = e->next) {
        if (strcmp(json_str(e, "key", ""), json_str(field, "key", "")) == 0)
            return 1;
    }
    return 0;
}

static int check_fields(struct checker *c, const cJSON *o, const char *key, int with_value)
{
    const cJSON *list = json_get(o, key), *e;
    size_t n = enter(c, key, 0);
    int i = 0;
    if (!cJSON_IsArray(list))
        return fault(c, "must be a list");
    cJSON_ArrayForEach(e, list) {
        size_t inner = enter(c, NULL, i++);
        if (check_field(c, e, with_value) < 0)
            return HONE_EINVAL;
        if (key_is_taken(list, e))
            return fault(c, "has a key that stands before in this list");
        leave(c, inner);
    }
    leave(c, n);
    return 0;
}

static int check_row(struct checker *c, const cJSON *columns, const cJSON *row)
{
    const cJSON *column = columns->child, *v;
    if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != cJSON_GetArraySize(columns))
        return fault(c, "must be a list with one value a column");
    cJSON_ArrayForEach(v, row) {
        if (!fits(type_of(json_str(column, "type", "")), v))
            return fault(c, "has a value that is not of its column's type");
        column = column->next;
    }
    return 0;
}

static int check_table(struct checker *c, const cJSON *t)
{
    const cJSON *rows = json_get(t, "rows"), *row;
    int i = 0;
    if (check_text(c, t, "key", 1) < 0 || check_text(c, t, "title", 0) < 0 || check_fields(c, t, "columns", 0) < 0)
        return HONE_EINVAL;
    if (cJSON_GetArraySize(json_get(t, "columns")) == 0)
        return fault(c, "has no columns");
    size_t n = enter(c, "rows", 0);
    if (!cJSON_IsArray(rows))
        return fault(c, "must be a list");
    cJSON_ArrayForEach(row, rows) {
        size_t inner = enter(c, NULL, i++);
        if (check_row(c, json_get(t, "columns"), row) < 0)
            return HONE_EINVAL;
        leave(c, inner);
    }
    leave(c, n);
    return 0;
}

static int check_series(struct checker *c, const cJSON *s)
{
    const cJSON *x = json_get(s, "x"), *y = json_get(s, "y"), *v;
    if (check_text(c, s, "key", 1) < 0 || check_text(c, s, "title", 0) < 0)
        return HONE_EINVAL;
    if (!cJSON_IsArray(x) || !cJSON_IsArray(y) || cJSON_GetArraySize(x) != cJSON_GetArraySize(y))
        return fault(c, "x and y must be lists of one length");
    cJSON_ArrayForEach(v, x) {
        if (!cJSON_IsNumber(v))
            return fault(c, "x must hold numbers");
    }
    cJSON_ArrayForEach(v, y) {
        if (!fits(HONE_REAL, v))
            return fault(c, "y must hold numbers or null");
    }
    return 0;
}

static int check_section(struct checker *c, const cJSON *s, int depth);

static int check_item(struct checker *c, const cJSON *item, int depth)
{
    const cJSON *v = cJSON_IsObject(item) ? item->child : NULL;
    if (!v || v->next)
        return fault(c, "must be an object with one of values, text, table, series and section");
    if (strcmp(v->string, "values") == 0)
        return check_fields(c, item, "values", 1);
    if (strcmp(v->string, "text") == 0)
        return check_text(c, item, "text", 0);
    size_t n = enter(c, v->string, 0);
    int rc;
    if (!cJSON_IsObject(v))
        rc = fault(c, "must be an object");
    else if (strcmp(v->string, "table") == 0)
        rc = check_table(c, v);
    else if (strcmp(v->string, "series") == 0)
        rc = check_series(c, v);
    else if (strcmp(v->string, "section") == 0)
        rc = check_section(c, v, depth + 1);
    else
        rc = fault(c, "is no kind of item; known are values, text, table, series and section");
    if (rc == 0)
        leave(c, n);
    return rc;
}

static int check_section(struct checker *c, const cJSON *s, int depth)
{
    const cJSON *items = json_get(s, "items"), *item;
    int i = 0;
    if (!cJSON_IsObject(s))
        return fault(c, "must be an object");
    if (depth > MAX_DEPTH)
        return fault(c, "is nested too deeply");
    if (check_text(c, s, "key", 1) < 0 || check_text(c, s, "title", 0) < 0)
        return HONE_EINVAL;
    size_t n = enter(c, "items", 0);
    if (!cJSON_IsArray(items))
        return fault(c, "must be a list");
    cJSON_ArrayForEach(item, items) {
        size_t inner = enter(c, NULL, i++);
        if (check_item(c, item, depth) < 0)
            return HONE_EINVAL;
        leave(c, inner);
    }
    leave(c, n);
    return 0;
}

int report_tree_check(const cJSON *tree, struct hone_err *err)
{
    struct checker c = { .path = "report", .err = err };
    const cJSON *sections = json_get(tree, "sections"), *s;
    int i = 0;
    if (!cJSON_IsObject(tree))
        return fault(&c, "must be an object");
    if (check_text(&c, tree, "type", 1) < 0 || check_text(&c, tree, "title", 0) < 0 || check_fields(&c, tree, "fields", 1) < 0)
        return HONE_EINVAL;
    size_t n = enter(&c, "sections", 0);
    if (!cJSON_IsArray(sections))
        return fault(&c, "must be a list");
    cJSON_ArrayForEach(s, sections) {
        size_t inner = enter(&c, NULL, i++);
        if (check_section(&c, s, 1) < 0)
            return HONE_EINVAL;
        leave(&c, inner);
    }
    leave(&c, n);
    return 0;
}

/* ---- feeding a tree that was checked ---- */

struct feeder {
    int (*record)(void *self, const struct hone_record *, struct hone_err *);
    void *self;
    struct hone_err *err;
};

static int emit(const struct feeder *f, struct hone_record *r)
{
    r->struct_size = sizeof *r;
    r->field_size = sizeof(struct hone_field);
    int rc = f->record(f->self, r, f->err);
    return rc < 0 ? rc : 0;
}

/* What is not known travels as a real that is NaN, whatever its type. `v` NULL: a column, which has no value. */
static struct hone_field field_of(const cJSON *o, const cJSON *v)
{
    struct hone_field f = { .key = json_str(o, "key", ""), .label = json_str(o, "label", ""),
                            .type = type_of(json_str(o, "type", "")) };
    if (!v)
        return f;
    if (cJSON_IsNull(v)) {
        f.type = HONE_REAL;
        f.v.real = NAN;
    } else if (f.type == HONE_REAL) {
        f.v.real = v->valuedouble;
    } else if (f.type == HONE_INT) {
        f.v.integer = (int64_t)v->valuedouble;
    } else if (f.type == HONE_BOOL) {
        f.v.integer = cJSON_IsTrue(v) ? 1 : 0;
    } else {
        f.v.str = v->valuestring;
    }
    return f;
}

/* A record with fields: their values stand in `values` (a list as long), in the fields themselves (values NULL), or
 * nowhere (columns). */
static int emit_fields(const struct feeder *f, struct hone_record *r, const cJSON *fields, const cJSON *values, int columns)
{
    int n = cJSON_GetArraySize(fields), i = 0;
    struct hone_field *v = calloc((size_t)n + 1, sizeof *v);
    const cJSON *o, *value = values ? values->child : NULL;
    if (!v)
        return hone_fail(f->err, HONE_ENOMEM, "memory ran out for the report");
    cJSON_ArrayForEach(o, fields) {
        v[i++] = field_of(o, columns ? NULL : values ? value : cJSON_GetObjectItemCaseSensitive(o, "value"));
        value = value ? value->next : NULL;
    }
    r->fields = v;
    r->n_fields = (uint32_t)n;
    int rc = emit(f, r);
    free(v);
    return rc;
}

static int emit_table(const struct feeder *f, const cJSON *t, uint32_t level)
{
    const cJSON *columns = json_get(t, "columns"), *row;
    struct hone_record r = { .type = HONE_REC_TABLE, .level = level, .key = json_str(t, "key", ""),
                             .title = json_str(t, "title", "") };
    int rc = emit_fields(f, &r, columns, NULL, 1);
    cJSON_ArrayForEach(row, json_get(t, "rows")) {
        struct hone_record one = { .type = HONE_REC_ROW, .level = level };
        if (rc == 0)
            rc = emit_fields(f, &one, columns, row, 0);
    }
    struct hone_record end = { .type = HONE_REC_TABLE_END, .level = level };
    return rc == 0 ? emit(f, &end) : rc;
}

static int emit_series(const struct feeder *f, const cJSON *s, uint32_t level)
{
    const cJSON *x = json_get(s, "x"), *y = json_get(s, "y"), *v;
    int n = cJSON_GetArraySize(x);
    double *both = malloc(((size_t)n * 2 + 1) * sizeof *both);
    int64_t i = 0;
    if (!both)
        return hone_fail(f->err, HONE_ENOMEM, "memory ran out for the report");
    cJSON_ArrayForEach(v, x)
        both[i++] = v->valuedouble;
    cJSON_ArrayForEach(v, y)
        both[i++] = cJSON_IsNull(v) ? NAN : v->valuedouble;
    struct hone_record r = { .type = HONE_REC_SERIES, .level = level, .key = json_str(s, "key", ""),
                             .title = json_str(s, "title", ""), .n = n, .x = both, .y = both + n };
    int rc = emit(f, &r);
    free(both);
    return rc;
}

static int emit_section(const struct feeder *f, const cJSON *s, uint32_t level);

static int emit_item(const struct feeder *f, const cJSON *item, uint32_t level)
{
    const cJSON *v = item->child;
    if (strcmp(v->string, "table") == 0)
        return emit_table(f, v, level);
    if (strcmp(v->string, "series") == 0)
        return emit_series(f, v, level);
    if (strcmp(v->string, "section") == 0)
        return emit_section(f, v, level + 1);
    if (strcmp(v->string, "text") == 0) {
        struct hone_record r = { .type = HONE_REC_TEXT, .level = level, .text = v->valuestring };
        return emit(f, &r);
    }
    struct hone_record r = { .type = HONE_REC_VALUES, .level = level };
    return emit_fields(f, &r, v, NULL, 0);
}

static int emit_section(const struct feeder *f, const cJSON *s, uint32_t level)
{
    const cJSON *item;
    struct hone_record r = { .type = HONE_REC_SECTION, .level = level, .key = json_str(s, "key", ""),
                             .title = json_str(s, "title", "") };
    int rc = emit(f, &r);
    cJSON_ArrayForEach(item, json_get(s, "items")) {
        if (rc == 0)
            rc = emit_item(f, item, level);
    }
    struct hone_record end = { .type = HONE_REC_SECTION_END, .level = level };
    return rc == 0 ? emit(f, &end) : rc;
}

int report_tree_feed(const cJSON *tree, int (*record)(void *self, const struct hone_record *, struct hone_err *), void *self,
                     struct hone_err *err)
{
    const struct feeder f = { record, self, err };
    const cJSON *s;
    int rc = report_tree_check(tree, err);
    if (rc < 0)
        return rc;
    struct hone_record begin = { .type = HONE_REC_BEGIN, .key = json_str(tree, "type", ""),
                                 .title = json_str(tree, "title", "") };
    rc = emit_fields(&f, &begin, json_get(tree, "fields"), NULL, 0);
    cJSON_ArrayForEach(s, json_get(tree, "sections")) {
        if (rc == 0)
            rc = emit_section(&f, s, 1);
    }
    struct hone_record end = { .type = HONE_REC_END };
    return rc == 0 ? emit(&f, &end) : rc;
}

int report_tree_write(const cJSON *tree, const struct hone_report *formatter, const void *conf, const struct hone_host *host,
                      struct hone_sink *sink, struct hone_err *err)
{
    void *self = NULL;
    int rc = report_tree_check(tree, err);
    if (rc < 0)
        return rc;
    rc = formatter->open(&self, conf, host, sink, err);
    if (rc < 0)
        return rc;
    rc = report_tree_feed(tree, formatter->record, self, err);
    struct hone_err late = { 0 };
    int closed = formatter->close(self, &late);
    if (rc == 0 && closed < 0) {
        *err = late;
        rc = closed;
    }
    return rc;
}
