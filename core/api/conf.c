/* See conf.h. */
#include "core/api/conf.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define MAX_FILE (1u << 20)
#define MAX_DEPTH 16

static cJSON *json_of(const config_setting_t *v, int depth)
{
    switch (config_setting_type(v)) {
    case CONFIG_TYPE_INT:
        return cJSON_CreateNumber(config_setting_get_int(v));
    case CONFIG_TYPE_INT64:
        return cJSON_CreateNumber((double)config_setting_get_int64(v));
    case CONFIG_TYPE_FLOAT:
        return cJSON_CreateNumber(config_setting_get_float(v));
    case CONFIG_TYPE_BOOL:
        return cJSON_CreateBool(config_setting_get_bool(v));
    case CONFIG_TYPE_STRING:
        return cJSON_CreateString(config_setting_get_string(v));
    default:
        break;
    }
    cJSON *out = config_setting_is_group(v) ? cJSON_CreateObject() : cJSON_CreateArray();
    for (int i = 0; depth < MAX_DEPTH && i < config_setting_length(v); i++) {
        config_setting_t *e = config_setting_get_elem(v, (unsigned)i);
        if (config_setting_is_group(v))
            json_put(out, config_setting_name(e), json_of(e, depth + 1));
        else
            cJSON_AddItemToArray(out, json_of(e, depth + 1));
    }
    return out;
}

cJSON *conf_json(const config_setting_t *v)
{
    return json_of(v, 0);
}

static void note_lines(const config_setting_t *v, const char *path, cJSON *lines, int depth)
{
    for (int i = 0; depth < MAX_DEPTH && config_setting_is_aggregate(v) && i < config_setting_length(v); i++) {
        const config_setting_t *e = config_setting_get_elem(v, (unsigned)i);
        const char *name = config_setting_name(e);
        char inner[512];
        if (name)
            snprintf(inner, sizeof inner, "%.300s%s%.200s", path, *path ? "." : "", name);
        else
            snprintf(inner, sizeof inner, "%.400s[%d]", path, i);
        json_put_int(lines, inner, config_setting_source_line(e));
        note_lines(e, inner, lines, depth + 1);
    }
}

/* Behind a string or a comment that begins at p, else p. */
static const char *skip_text(const char *p)
{
    if (*p == '"') {
        for (p++; *p && *p != '"'; p++)
            p += *p == '\\' && p[1];
        return p + (*p == '"');
    }
    if (*p == '#' || (*p == '/' && p[1] == '/'))
        return p + strcspn(p, "\n");
    if (*p == '/' && p[1] == '*') {
        const char *end = strstr(p + 2, "*/");
        return end ? end + 2 : p + strlen(p);
    }
    return p;
}

int conf_cut_number(const char *text, char number[32])
{
    int line = 1;
    for (const char *p = text, *next; *p; p = next) {
        next = skip_text(p);
        if (next == p && (isalnum((unsigned char)*p) || strchr("_.*", *p))) { /* a word: a name, a number, 0x1F, 1.5e3, true */
            size_t digits = strspn(p, "0123456789"), all = digits;
            while (p[all] && (isalnum((unsigned char)p[all]) || strchr("_.*", p[all])))
                all++;
            long long v = digits == all && digits < 32 ? strtoll(p, NULL, 10) : 0;
            if (v > INT_MAX + (long long)(p > text && p[-1] == '-')) {
                snprintf(number, 32, "%.*s", (int)digits, p);
                return line;
            }
            next = p + all;
        } else if (next == p) {
            next++;
        }
        for (; p < next; p++)
            line += *p == '\n';
    }
    return 0;
}

cJSON *conf_read(const char *path, cJSON **lines, struct hone_err *err)
{
    struct buf text = { 0 };
    cJSON *out = NULL;
    config_t c;
    char number[32];
    int line;
    *lines = cJSON_CreateObject();
    if (file_read(path, MAX_FILE, &text, err) < 0)
        return NULL;
    const char *content = buf_str(&text);
    config_init(&c);
    if (!content || utf8_invalid_at(content, text.n) < text.n || strlen(content) < text.n) {
        hone_fail(err, HONE_EINVAL, "%s: the text is not valid UTF-8", path);
    } else if ((line = conf_cut_number(content, number)) > 0) {
        hone_fail(err, HONE_EINVAL, "%s:%d: %s does not fit into 32 bits; write %sL", path, line, number, number);
    } else if (config_read_string(&c, content) != CONFIG_TRUE) {
        hone_fail(err, HONE_EINVAL, "%s:%d: %s", path, config_error_line(&c), config_error_text(&c) ? config_error_text(&c) : "cannot be read");
    } else {
        out = conf_json(config_root_setting(&c));
        note_lines(config_root_setting(&c), "", *lines, 0);
    }
    config_destroy(&c);
    buf_free(&text);
    return out;
}
