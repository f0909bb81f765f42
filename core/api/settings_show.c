/* Settings for people: what holds and where it comes from, one key explained, the table of keys. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/settings_priv.h"
#include "core/base/buf.h"
#include "core/base/json.h"

static const char *type_name(enum config_type t)
{
    static const char *const names[] = { "integer", "number", "boolean", "string", "object", "list" };
    return names[t];
}

/* The highest entry of a key or of one of its options. */
static const struct entry *any_entry(const struct settings *s, const char *key)
{
    const struct layer *order[LAYERS + 1];
    size_t len = strlen(key);
    int n = settings_order(s, order);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < order[i]->n; k++) {
            const char *have = order[i]->v[k].key;
            if (strncmp(have, key, len) == 0 && (have[len] == '\0' || have[len] == '.'))
                return &order[i]->v[k];
        }
    }
    return NULL;
}

const char *settings_source(const struct settings *s, const char *key)
{
    const struct entry *e = any_entry(s, key);
    return e ? e->source : "built in";
}

static cJSON *layer_json(const struct layer *l)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "layer", l->name);
    json_put_str(o, "file", l->path);
    json_put_bool(o, "found", l->found || l->n > 0);
    return o;
}

cJSON *settings_show(const struct settings *s)
{
    const struct layer *order[LAYERS + 1];
    struct train_config c;
    struct config_fault fault;
    struct hone_err err;
    int n_faults, n = settings_order(s, order);
    cJSON *out = cJSON_CreateObject(), *given = settings_training(s), *sources = cJSON_CreateObject(), *layers = cJSON_CreateArray(),
          *plugins = cJSON_CreateObject();
    int ok = config_resolve(&c, given, &fault, 1, &n_faults, &err) == 0;
    json_put(out, "training", ok ? cJSON_Duplicate(c.resolved, 1) : cJSON_CreateNull());
    if (!ok)
        json_put_str(out, "fault", err.text);
    json_put_str(out, "state", s->state);
    const struct entry *pins = settings_find(s, "plugins.pins");
    json_put(plugins, "path", settings_plugin_dirs(s));
    json_put(plugins, "pins", pins && cJSON_IsArray(pins->value) ? cJSON_Duplicate(pins->value, 1) : cJSON_CreateArray());
    json_put(out, "plugins", plugins);
    json_put(out, "serve", settings_serve(s));
    for (int i = 0; i < n_config_keys; i++)
        json_put_str(sources, config_keys[i].name, settings_source(s, config_keys[i].name));
    for (int i = 0; i < n_plain_keys; i++)
        json_put_str(sources, plain_keys[i].name, settings_source(s, plain_keys[i].name));
    for (int i = 0; i < n_serve_keys; i++)
        json_put_str(sources, serve_keys[i].name, settings_source(s, serve_keys[i].name));
    json_put(out, "sources", sources);
    for (int i = 0; i < n; i++)
        cJSON_AddItemToArray(layers, layer_json(order[i]));
    json_put(out, "layers", layers);
    cJSON_Delete(given);
    if (ok)
        config_free(&c);
    return out;
}

/* ---- one key ---- */

static cJSON *default_of(const struct settings *s, const struct config_key *k, const struct plain_key *plain)
{
    if (k)
        return config_default(k);
    if (plain->type == CONFIG_LIST)
        return cJSON_CreateArray();
    return cJSON_CreateString(s->state);
}

/* HONE_SET_BATCH_SIZE; a dot is two underscores. */
static void variable_of(const char *snake, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "HONE_SET_");
    for (; *snake && n + 2 < size; snake++) {
        if (*snake == '.')
            out[n++] = '_';
        out[n++] = *snake == '.' ? '_' : *snake >= 'a' && *snake <= 'z' ? (char)(*snake - 'a' + 'A') : *snake;
    }
    out[n] = '\0';
}

static void describe(cJSON *out, const struct config_key *k, const struct plain_key *plain)
{
    char expected[96], snake[64], env[80];
    json_put_str(out, "type", type_name(k ? k->type : plain->type));
    if (k) {
        config_expected(k, expected, sizeof expected);
        config_snake(k->name, snake, sizeof snake);
        variable_of(snake, env, sizeof env);
        json_put_str(out, "expected", expected);
        json_put_str(out, "snake_case", snake);
        json_put_str(out, "aliases", k->aliases);
        json_put_str(out, "variable", env);
    } else {
        json_put_str(out, "variable", plain->env);
    }
    json_put_str(out, "doc", k ? k->doc : plain->doc);
}

cJSON *settings_explain(const struct settings *s, const char *name, struct hone_err *err)
{
    const struct layer *order[LAYERS + 1];
    const struct config_key *k;
    const struct plain_key *plain;
    const char *bare = strncmp(name, "training.", 9) == 0 ? name + 9 : name, *dot = strchr(bare, '.');
    char group[96], key[200];
    int n = settings_order(s, order), won = 0;
    snprintf(group, sizeof group, "%.*s", (int)(dot ? dot - bare : (ptrdiff_t)strlen(bare)), bare);
    int which = key_find(bare, &k, &plain), option = which == 0 && dot && key_find(group, &k, &plain) == 1 && k->type == CONFIG_OBJECT;
    if (which == 0 && !option) {
        const char *near = key_nearest(name);
        hone_fail(err, ERR_NOT_FOUND, "there is no key '%.80s'%s%s%s", name, near ? "; did you mean '" : "; `hone config show` lists the keys",
                  near ? near : "", near ? "'?" : "");
        return NULL;
    }
    snprintf(key, sizeof key, "%s%s", k ? k->name : plain->name, option ? dot : "");
    cJSON *out = cJSON_CreateObject(), *layers = cJSON_CreateArray(), *value = NULL;
    json_put_str(out, "key", key);
    if (!option)
        describe(out, k, plain);
    else
        json_put_str(out, "doc", "Setting of a plugin; `hone plugin inspect NAME` tells its type, range and default.");
    cJSON *one = cJSON_CreateObject();
    for (int i = 0; i < n; i++) {
        const struct entry *e = layer_find(order[i], key);
        cJSON *o = layer_json(order[i]);
        json_put(o, "value", e ? cJSON_Duplicate(e->value, 1) : cJSON_CreateNull());
        json_put_str(o, "source", e ? e->source : NULL);
        json_put_bool(o, "wins", e && !won);
        if (e && !won)
            value = cJSON_Duplicate(e->value, 1);
        won = won || e;
        cJSON_AddItemToArray(layers, o);
    }
    json_put_str(one, "layer", "built in");
    json_put(one, "value", option ? cJSON_CreateNull() : default_of(s, k, plain));
    json_put_bool(one, "wins", !won);
    cJSON_AddItemToArray(layers, one);
    if (!value || cJSON_IsNull(value)) {
        cJSON_Delete(value);
        value = option ? cJSON_CreateNull() : default_of(s, k, plain);
    }
    json_put(out, "value", value);
    json_put_str(out, "source", settings_source(s, key));
    json_put(out, "layers", layers);
    return out;
}

/* ---- the table for the documentation ---- */

static void put_default(struct buf *b, const struct config_key *k)
{
    if (strcmp(k->name, "memoryMb") == 0) {
        buf_puts(b, "0 (half of the machine's)");
        return;
    }
    cJSON *v = config_default(k);
    char *text = cJSON_IsNull(v) ? NULL : json_text(v, 0);
    buf_printf(b, "%s%s%s", text ? "`" : "none", text ? text : "", text ? "`" : "");
    free(text);
    cJSON_Delete(v);
}

static void put_row(struct buf *b, const struct config_key *k)
{
    char expected[96], snake[64];
    config_expected(k, expected, sizeof expected);
    config_snake(k->name, snake, sizeof snake);
    buf_printf(b, "| `%s` | %s | ", k->name, expected);
    put_default(b, k);
    buf_printf(b, " | %s | ", k->doc);
    const char *sep = "";
    if (strcmp(snake, k->name) != 0) {
        buf_printf(b, "`%s`", snake);
        sep = ", ";
    }
    for (const char *p = k->aliases; *p;) {
        size_t n = strcspn(p, " ");
        buf_printf(b, "%s`%.*s`", sep, (int)n, p);
        sep = ", ";
        p += n;
        p += strspn(p, " ");
    }
    buf_puts(b, " |\n");
}

char *settings_markdown(void)
{
    struct buf b = { 0 };
    buf_puts(&b, "| Key | Expected | Default | Meaning | Also accepted |\n| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i < n_config_keys; i++)
        put_row(&b, &config_keys[i]);
    for (int i = 0; i < n_plain_keys; i++)
        buf_printf(&b, "| `%s` | %s | %s | %s | `%s` |\n", plain_keys[i].name, plain_keys[i].expected, "see there", plain_keys[i].doc, plain_keys[i].env);
    for (int i = 0; i < n_serve_keys; i++)
        put_row(&b, &serve_keys[i]);
    return buf_take(&b);
}
