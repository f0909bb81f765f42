/* cJSON behind the validator, printing that keeps every bit, and small accessors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/json.h"

cJSON *json_parse(const char *text, size_t len, const char *name, struct hone_err *err)
{
    struct json_fault f;
    if (json_check(text, len, &f)) {
        hone_fail(err, HONE_EINVAL, "%s:%lld:%lld: not valid JSON: %s%s%s", name, (long long)f.line, (long long)f.column, f.why,
                  *f.path ? " at " : "", f.path);
        return NULL;
    }
    cJSON *v = cJSON_ParseWithLength(text, len);
    if (!v)
        hone_fail(err, HONE_ENOMEM, "%s: memory ran out", name);
    return v;
}

cJSON *json_parse_file(const char *path, size_t max, struct hone_err *err)
{
    struct buf b = { 0 };
    cJSON *v = file_read(path, max, &b, err) ? NULL : json_parse(b.p ? b.p : "", b.n, path, err);
    buf_free(&b);
    return v;
}

static void indent(struct buf *b, int level)
{
    buf_putc(b, '\n');
    for (int i = 0; i < level; i++)
        buf_add(b, "  ", 2);
}

static void print_at(struct buf *b, const cJSON *v, int pretty, int level)
{
    if (!v || cJSON_IsNull(v) || cJSON_IsInvalid(v)) {
        buf_puts(b, "null");
    } else if (cJSON_IsBool(v)) {
        buf_puts(b, cJSON_IsTrue(v) ? "true" : "false");
    } else if (cJSON_IsNumber(v)) {
        buf_json_double(b, v->valuedouble);
    } else if (cJSON_IsString(v)) {
        buf_json_string(b, v->valuestring, strlen(v->valuestring));
    } else if (cJSON_IsRaw(v)) {
        buf_puts(b, v->valuestring);
    } else {
        int object = cJSON_IsObject(v);
        buf_putc(b, object ? '{' : '[');
        for (const cJSON *e = v->child; e; e = e->next) {
            if (pretty)
                indent(b, level + 1);
            if (object) {
                buf_json_string(b, e->string, strlen(e->string));
                buf_puts(b, pretty ? ": " : ":");
            }
            print_at(b, e, pretty, level + 1);
            if (e->next)
                buf_putc(b, ',');
        }
        if (pretty && v->child)
            indent(b, level);
        buf_putc(b, object ? '}' : ']');
    }
}

void json_print(struct buf *b, const cJSON *v, int pretty)
{
    print_at(b, v, pretty, 0);
}

char *json_text(const cJSON *v, int pretty)
{
    struct buf b = { 0 };
    json_print(&b, v, pretty);
    return buf_take(&b);
}

const cJSON *json_get(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *json_str(const cJSON *object, const char *key, const char *dflt)
{
    const cJSON *v = json_get(object, key);
    return cJSON_IsString(v) ? v->valuestring : dflt;
}

double json_num(const cJSON *object, const char *key, double dflt)
{
    const cJSON *v = json_get(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : dflt;
}

int64_t json_int(const cJSON *object, const char *key, int64_t dflt)
{
    const cJSON *v = json_get(object, key);
    if (!cJSON_IsNumber(v) || v->valuedouble != rint(v->valuedouble) || fabs(v->valuedouble) > 9e18)
        return dflt;
    return (int64_t)v->valuedouble;
}

int json_bool(const cJSON *object, const char *key, int dflt)
{
    const cJSON *v = json_get(object, key);
    return cJSON_IsBool(v) ? cJSON_IsTrue(v) : dflt;
}

void json_put(cJSON *object, const char *key, cJSON *value)
{
    if (!object || !value) {
        cJSON_Delete(value);
        return;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    if (!cJSON_AddItemToObject(object, key, value))
        cJSON_Delete(value);
}

void json_put_str(cJSON *object, const char *key, const char *value)
{
    json_put(object, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void json_put_num(cJSON *object, const char *key, double value)
{
    json_put(object, key, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void json_put_int(cJSON *object, const char *key, int64_t value)
{
    json_put(object, key, cJSON_CreateNumber((double)value));
}

void json_put_bool(cJSON *object, const char *key, int value)
{
    json_put(object, key, cJSON_CreateBool(value));
}
