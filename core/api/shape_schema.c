/* A table of members as JSON Schema, for /openapi.json. See shape.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/shape.h"
#include "core/base/json.h"
#include "core/train/config.h"

static cJSON *parsed(const char *text)
{
    struct hone_err err;
    cJSON *v = json_parse(text, strlen(text), "table", &err);
    return v ? v : cJSON_CreateNull();
}

static void put_type(cJSON *o, const struct shape *s)
{
    static const char *const words[] = { "string", "integer", "number", "boolean", "object", "array", NULL };
    if (!words[s->type])
        return;
    if (!(s->flags & SHAPE_NULL)) {
        json_put_str(o, "type", words[s->type]);
        return;
    }
    cJSON *both = cJSON_CreateArray();
    cJSON_AddItemToArray(both, cJSON_CreateString(words[s->type]));
    cJSON_AddItemToArray(both, cJSON_CreateString("null"));
    json_put(o, "type", both);
}

/* Bytes are counted in texts, which JSON Schema cannot say: a text of n characters has n bytes or more, so that the lower limit of 1
 * and the upper limit hold for characters too. */
static void put_range(cJSON *o, const struct shape *s)
{
    const char *low = s->type == SHAPE_TEXT ? "minLength" : s->type == SHAPE_LIST ? "minItems" : "minimum";
    const char *high = s->type == SHAPE_TEXT ? "maxLength" : s->type == SHAPE_LIST ? "maxItems" : "maximum";
    if (s->type == SHAPE_BOOLEAN || s->type == SHAPE_OBJECT || s->type == SHAPE_ANY || !(s->min < s->max))
        return;
    if (isfinite(s->min) && (s->type != SHAPE_TEXT || s->min == 1))
        json_put_num(o, low, s->min);
    if (isfinite(s->max))
        json_put_num(o, high, s->max);
}

static void put_choices(cJSON *o, const struct shape *s)
{
    cJSON *list = cJSON_CreateArray();
    for (const char *p = s->choices; *p;) {
        size_t n = strcspn(p, " ");
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)n, p);
        cJSON_AddItemToArray(list, cJSON_CreateString(word));
        p += n + (p[n] == ' ');
    }
    if (s->flags & SHAPE_NULL)
        cJSON_AddItemToArray(list, cJSON_CreateNull());
    json_put(o, "enum", list);
}

/* The keys of a training configuration, from their own table. */
static cJSON *config_schema(void)
{
    static const char *const words[] = { "integer", "number", "boolean", "string", "object", "array" };
    cJSON *properties = cJSON_CreateObject();
    for (int i = 0; i < n_config_keys; i++) {
        const struct config_key *k = &config_keys[i];
        cJSON *o = cJSON_CreateObject(), *dflt = config_default(k);
        json_put_str(o, "type", words[k->type]);
        json_put_str(o, "description", k->doc);
        if ((k->type == CONFIG_INT || k->type == CONFIG_REAL) && isfinite(k->min))
            json_put_num(o, k->open_min ? "exclusiveMinimum" : "minimum", k->min);
        if ((k->type == CONFIG_INT || k->type == CONFIG_REAL) && isfinite(k->max))
            json_put_num(o, "maximum", k->max);
        if (!cJSON_IsNull(dflt))
            json_put(o, "default", cJSON_Duplicate(dflt, 1));
        cJSON_Delete(dflt);
        json_put(properties, k->name, o);
    }
    return properties;
}

static cJSON *members_schema(const struct shape *members, int open);

static cJSON *value_schema(const struct shape *s)
{
    cJSON *o = s->type == SHAPE_OBJECT && !(s->flags & SHAPE_CONFIG) && s->of ? members_schema(s->of, (s->flags & SHAPE_OPEN) != 0)
                                                                                : cJSON_CreateObject();
    put_type(o, s);
    if (s->doc)
        json_put_str(o, "description", s->doc);
    put_range(o, s);
    if (s->choices)
        put_choices(o, s);
    if (s->dflt)
        json_put(o, "default", parsed(s->dflt));
    if (s->type == SHAPE_LIST && s->of)
        json_put(o, "items", value_schema(s->of));
    if (s->flags & SHAPE_CONFIG)
        json_put(o, "properties", config_schema());
    return o;
}

static cJSON *members_schema(const struct shape *members, int open)
{
    cJSON *o = cJSON_CreateObject(), *properties = cJSON_CreateObject(), *required = cJSON_CreateArray();
    for (const struct shape *m = members; m && m->name; m++) {
        if (m->flags & SHAPE_LOCAL)
            continue;
        json_put(properties, m->name, value_schema(m));
        if (m->flags & SHAPE_REQUIRED)
            cJSON_AddItemToArray(required, cJSON_CreateString(m->name));
    }
    json_put_str(o, "type", "object");
    json_put(o, "properties", properties);
    if (cJSON_GetArraySize(required) > 0)
        json_put(o, "required", required);
    else
        cJSON_Delete(required);
    json_put_bool(o, "additionalProperties", open);
    return o;
}

cJSON *shape_schema(const struct shape *members)
{
    return members_schema(members, 0);
}
