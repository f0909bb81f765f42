/* See report_build.h. */
#include "core/api/report_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"

cJSON *report_field(const char *key, const char *label, const char *type, cJSON *value)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "key", key);
    json_put_str(o, "label", label);
    json_put_str(o, "type", type);
    json_put(o, "value", value);
    return o;
}

cJSON *report_section(cJSON *sections, const char *key, const char *title)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "key", key);
    json_put_str(o, "title", title);
    cJSON *items = json_put(o, "items", cJSON_CreateArray());
    cJSON_AddItemToArray(sections, o);
    return items;
}

void report_item(cJSON *items, const char *name, cJSON *value)
{
    cJSON *o = cJSON_CreateObject();
    json_put(o, name, value);
    cJSON_AddItemToArray(items, o);
}

cJSON *report_table(const char *key, const char *title, const char *const *columns)
{
    cJSON *t = cJSON_CreateObject(), *list = cJSON_CreateArray();
    json_put_str(t, "key", key);
    json_put_str(t, "title", title);
    for (; *columns; columns++) {
        char part[3][64] = { "", "", "" };
        const char *p = *columns;
        for (int i = 0; i < 3; i++) {
            size_t n = strcspn(p, "|");
            snprintf(part[i], sizeof part[i], "%.*s", (int)n, p);
            p += n + (p[n] == '|');
        }
        cJSON *c = cJSON_CreateObject();
        json_put_str(c, "key", part[0]);
        json_put_str(c, "label", part[1]);
        json_put_str(c, "type", part[2]);
        cJSON_AddItemToArray(list, c);
    }
    json_put(t, "columns", list);
    json_put(t, "rows", cJSON_CreateArray());
    return t;
}

void report_row(cJSON *table, cJSON *const *values, int n)
{
    cJSON *row = cJSON_CreateArray();
    for (int i = 0; i < n; i++)
        cJSON_AddItemToArray(row, values[i]);
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(table, "rows"), row);
}

cJSON *report_copy(const cJSON *o, const char *key)
{
    const cJSON *v = json_get(o, key);
    return v ? cJSON_Duplicate(v, 1) : cJSON_CreateNull();
}

cJSON *report_text(const cJSON *v)
{
    if (!v || cJSON_IsNull(v))
        return cJSON_CreateNull();
    if (cJSON_IsString(v))
        return cJSON_CreateString(v->valuestring);
    char *text = json_text(v, 0);
    cJSON *out = text ? cJSON_CreateString(text) : cJSON_CreateNull();
    free(text);
    return out;
}
