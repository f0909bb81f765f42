/* Trees of json.h: built by the scanner, since cJSON's parser takes what is not JSON and refuses long numbers; printed with
 * every bit kept; small accessors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

static _Thread_local int lost;

int json_lost(void)
{
    int was = lost;
    lost = 0;
    return was;
}

void json_note_loss(void)
{
    lost = 1;
}

char *json_copy(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    lost |= text && !copy;
    return copy;
}

cJSON *json_words(const char *text, char by)
{
    cJSON *out = cJSON_CreateArray();
    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, by);
        char *word = end > text ? strndup(text, (size_t)(end - text)) : NULL;
        if (word)
            cJSON_AddItemToArray(out, cJSON_CreateString(word));
        lost |= end > text && !word;
        free(word);
    }
    return out;
}

static void *allocate(size_t n)
{
    void *p = malloc(n);
    lost |= !p;
    return p;
}

/* Before main(), so that no tree of any program is made without it. */
__attribute__((constructor)) static void watch_memory(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = allocate, .free_fn = free });
}

/* A node for the token just scanned, NULL when memory ran out. */
static cJSON *node(const struct json_scan *s, enum json_token t)
{
    switch (t) {
    case JSON_OBJECT:
        return cJSON_CreateObject();
    case JSON_ARRAY:
        return cJSON_CreateArray();
    case JSON_NUMBER:
        return cJSON_CreateNumber(s->number);
    case JSON_TRUE:
    case JSON_FALSE:
        return cJSON_CreateBool(t == JSON_TRUE);
    case JSON_NULL:
        return cJSON_CreateNull();
    default:
        break;
    }
    char *copy = strndup(s->str, s->str_len);
    cJSON *v = copy ? cJSON_CreateString(copy) : NULL;
    free(copy);
    return v;
}

/* The tree of a text that was checked; NULL when memory ran out. */
static cJSON *build(const char *text, size_t len)
{
    struct json_scan s;
    cJSON *open[JSON_MAX_DEPTH], *root = NULL;
    char *key = NULL;
    int depth = 0, ok = 1;
    json_scan_init(&s, text, len, 1);
    for (enum json_token t; ok && (t = json_next(&s)) > JSON_END;) {
        if (t == JSON_OBJECT_END || t == JSON_ARRAY_END) {
            depth--;
            continue;
        }
        if (t == JSON_KEY) {
            key = strndup(s.str, s.str_len);
            ok = key != NULL;
            continue;
        }
        cJSON *v = node(&s, t);
        ok = v != NULL;
        if (!root)
            root = v;
        else if (key)
            ok = ok && cJSON_AddItemToObject(open[depth - 1], key, v);
        else
            ok = ok && cJSON_AddItemToArray(open[depth - 1], v);
        if (!ok && v != root)
            cJSON_Delete(v);
        if (ok && (t == JSON_OBJECT || t == JSON_ARRAY))
            open[depth++] = v;
        free(key);
        key = NULL;
    }
    ok = ok && s.last == JSON_END;
    free(key);
    json_scan_free(&s);
    if (!ok) {
        cJSON_Delete(root);
        root = NULL;
    }
    return root;
}

cJSON *json_parse(const char *text, size_t len, const char *name, struct hone_err *err)
{
    struct json_fault f;
    int rc = json_check(text, len, &f);
    if (rc == HONE_EINVAL) {
        hone_fail(err, rc, "%s:%lld:%lld: not valid JSON: %s%s%s", name, (long long)f.line, (long long)f.column, f.why,
                  *f.path ? " at " : "", f.path);
        return NULL;
    }
    cJSON *v = rc == 0 ? build(text, len) : NULL;
    if (!v) {
        lost = 1;
        hone_fail(err, HONE_ENOMEM, "%s: memory ran out", name);
    }
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
    char *text = buf_take(&b);
    lost |= !text;
    return text;
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

cJSON *json_put(cJSON *object, const char *key, cJSON *value)
{
    if (object && value) {
        cJSON_DeleteItemFromObjectCaseSensitive(object, key);
        if (cJSON_AddItemToObject(object, key, value))
            return value;
    }
    cJSON_Delete(value);
    return NULL;
}

/* A string whose invalid bytes are question marks; such texts come from plugins and from file names. */
static cJSON *cleaned(const char *value)
{
    size_t n = strlen(value), at = utf8_invalid_at(value, n);
    char *copy = at < n ? strdup(value) : NULL;
    for (; copy && at < n; at += 1 + utf8_invalid_at(copy + at + 1, n - at - 1))
        copy[at] = '?';
    lost |= at < n; /* there was no copy */
    cJSON *v = cJSON_CreateString(copy ? copy : value);
    free(copy);
    return v;
}

void json_put_str(cJSON *object, const char *key, const char *value)
{
    json_put(object, key, value ? cleaned(value) : cJSON_CreateNull());
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
