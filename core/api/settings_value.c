/* One value on its way into a layer: its key, its type, its faults; and paths. Not the order of layers. */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/settings_priv.h"
#include "core/base/file.h"
#include "core/base/json.h"

#define MAX_FAULTS 100

void settings_fault(struct settings *s, struct place at, const char *key, const char *message, const char *fix)
{
    char where[400];
    if (at.line > 0)
        snprintf(where, sizeof where, "%.300s:%d", at.file, at.line);
    else
        snprintf(where, sizeof where, "%.300s", at.file);
    if (s->n_faults++ == 0)
        hone_fail(&s->first, HONE_EINVAL, "%s: %s%s%s%s%s", where, *key ? key : "", *key ? ": " : "", message, *fix ? "; " : "", fix);
    if (!s->faults || s->n_faults > MAX_FAULTS)
        return;
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "path", key);
    json_put_str(o, "file", at.file);
    if (at.line > 0)
        json_put_int(o, "line", at.line);
    json_put_str(o, "message", message);
    json_put_str(o, "fix", fix);
    cJSON_AddItemToArray(s->faults, o);
}

const struct entry *layer_find(const struct layer *l, const char *key)
{
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].key, key) == 0)
            return &l->v[i];
    }
    return NULL;
}

static void entry_free(struct entry *e)
{
    free(e->key);
    free(e->source);
    cJSON_Delete(e->value);
}

void layer_free(struct layer *l)
{
    for (int i = 0; i < l->n; i++)
        entry_free(&l->v[i]);
    free(l->v);
    free(l->path);
    *l = (struct layer){ .name = l->name };
}

/* Takes value. */
static void put(struct settings *s, struct layer *l, const char *written, const char *key, cJSON *value, struct place at, int again)
{
    struct entry e = { strdup(key), value, NULL };
    if (asprintf(&e.source, at.line > 0 ? "%s:%d" : "%s", at.file, at.line) < 0)
        e.source = NULL;
    if (!e.key || !e.value || !e.source) {
        entry_free(&e);
        settings_no_memory(s);
        return;
    }
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].key, key) != 0)
            continue;
        char text[160];
        snprintf(text, sizeof text, "the key is given twice, first at %.100s", l->v[i].source);
        if (!again)
            settings_fault(s, at, written, text, "remove one of them");
        entry_free(&l->v[i]);
        l->v[i] = e;
        return;
    }
    struct entry *v = realloc(l->v, ((size_t)l->n + 1) * sizeof *v);
    if (!v) {
        entry_free(&e);
        settings_no_memory(s);
        return;
    }
    l->v = v;
    v[l->n++] = e;
}

static void unknown(struct settings *s, const char *name, struct place at)
{
    char fix[128];
    const char *near = key_nearest(name);
    if (near)
        snprintf(fix, sizeof fix, "did you mean '%s'?", near);
    else
        snprintf(fix, sizeof fix, "`hone config show` lists the keys");
    settings_fault(s, at, name, "unknown key", fix);
}

static void refuse_plain(struct settings *s, const char *name, const struct plain_key *k, struct place at)
{
    char message[80], fix[160];
    snprintf(message, sizeof message, "expected %s", k->expected);
    snprintf(fix, sizeof fix, "for example %s", k->example);
    settings_fault(s, at, name, message, fix);
}

static void add_plain(struct settings *s, struct layer *l, const char *name, const struct plain_key *k, const cJSON *value,
                      struct place at, int again)
{
    const cJSON *e;
    if (cJSON_IsNull(value)) {
        put(s, l, name, k->name, cJSON_CreateNull(), at, again);
    } else if (k->type == CONFIG_STR) {
        if (cJSON_IsString(value) && *value->valuestring)
            put(s, l, name, k->name, cJSON_Duplicate(value, 1), at, again);
        else
            settings_fault(s, at, name, "expected the path of a directory as a string", "");
    } else if (cJSON_IsString(value)) {
        cJSON *list = cJSON_CreateArray();
        cJSON_AddItemToArray(list, cJSON_CreateString(value->valuestring));
        add_plain(s, l, name, k, list, at, again);
        cJSON_Delete(list);
    } else {
        int ok = cJSON_IsArray(value);
        cJSON_ArrayForEach(e, value)
            ok = ok && cJSON_IsString(e) && (!k->takes || k->takes(e->valuestring));
        if (ok)
            put(s, l, name, k->name, cJSON_Duplicate(value, 1), at, again);
        else
            refuse_plain(s, name, k, at);
    }
}

static void add_options(struct settings *s, struct layer *l, const struct config_key *k, const cJSON *object, struct place at, int again)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, object) {
        char key[160];
        snprintf(key, sizeof key, "%s.%.90s", k->name, v->string);
        put(s, l, key, key, cJSON_Duplicate(v, 1), at, again);
    }
}

/* `dot` is behind the option group's name in `name`. */
static void add_option(struct settings *s, struct layer *l, const char *name, const char *dot, const cJSON *value, struct place at,
                       int again)
{
    const struct config_key *k;
    const struct plain_key *plain;
    char group[96], key[200];
    snprintf(group, sizeof group, "%.*s", (int)(dot - name), name);
    if (key_find(group, &k, &plain) != 1) {
        unknown(s, key_nearest(group) ? group : name, at);
    } else if (k->type != CONFIG_OBJECT || !dot[1]) {
        settings_fault(s, at, name, "the key has no parts", "");
    } else {
        snprintf(key, sizeof key, "%s.%.90s", k->name, dot + 1);
        put(s, l, name, key, cJSON_Duplicate(value, 1), at, again);
    }
}

void layer_add(struct settings *s, struct layer *l, const char *name, const cJSON *value, struct place at, int again)
{
    const struct config_key *k;
    const struct plain_key *plain;
    struct config_fault f;
    cJSON *norm;
    int which = key_find(name, &k, &plain);
    const char *bare = strncmp(name, "training.", 9) == 0 ? name + 9 : name, *dot = strchr(bare, '.');
    if (which == 2)
        add_plain(s, l, name, plain, value, at, again);
    else if (which == 0 && dot)
        add_option(s, l, bare, dot, value, at, again);
    else if (which == 0)
        unknown(s, name, at);
    else if (config_value(k, value, &norm, &f) < 0)
        settings_fault(s, at, name, f.text, f.fix);
    else if (which == 1 && k->type == CONFIG_OBJECT && norm)
        add_options(s, l, k, value, at, again), cJSON_Delete(norm);
    else
        put(s, l, name, k->name, norm ? norm : cJSON_CreateNull(), at, again);
}

/* ---- values as text ---- */

static cJSON *number_of(const char *text)
{
    char *end;
    double d = strtod(text, &end);
    int digits = isdigit((unsigned char)*text) || ((*text == '-' || *text == '+' || *text == '.') && end > text);
    return digits && *end == '\0' && isfinite(d) && !strpbrk(text, "xX") ? cJSON_CreateNumber(d) : NULL;
}

static cJSON *bool_of(const char *text)
{
    static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0)
            return cJSON_CreateBool(strcasecmp(text, yes[i]) == 0);
    }
    return NULL;
}

/* A value for a key of this type, NULL with err when text is broken JSON. What is no number stays a string, so that the check can
 * name it. `type` -1: of a plugin's option, whose type is not known here. */
static cJSON *value_of(int type, const char *text, struct hone_err *err)
{
    cJSON *v = NULL;
    int is_json = *text == '{' || *text == '[' || (type < 0 && *text == '"');
    if (strcmp(text, "null") == 0)
        return cJSON_CreateNull();
    if (is_json && type != CONFIG_STR)
        return json_parse(text, strlen(text), "value", err);
    if (type == CONFIG_INT || type == CONFIG_REAL || type < 0)
        v = number_of(text);
    if (!v && type == CONFIG_BOOL)
        v = bool_of(text);
    if (!v && type < 0 && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        v = bool_of(text);
    if (!v && type == CONFIG_LIST)
        v = json_words(text, ',');
    return v ? v : cJSON_CreateString(text);
}

void layer_add_text(struct settings *s, struct layer *l, const char *name, const char *text, struct place at, int again)
{
    const struct config_key *k;
    const struct plain_key *plain;
    struct hone_err err = { 0 };
    int which = key_find(name, &k, &plain);
    cJSON *v;
    if (which == 2 && plain->type == CONFIG_LIST)
        v = json_words(text, ':');
    else if (which == 2)
        v = cJSON_CreateString(text);
    else
        v = value_of(which ? (int)k->type : -1, text, &err);
    if (v)
        layer_add(s, l, name, v, at, again);
    else if (err.code == HONE_EINVAL)
        settings_fault(s, at, name, err.text, "");
    else
        settings_no_memory(s);
    cJSON_Delete(v);
}

/* ---- paths ---- */

char *settings_path(const char *value, const char *file)
{
    const char *home = getenv("HOME"), *slash = strrchr(file, '/');
    char *out = NULL;
    int n;
    if (value[0] == '~' && (value[1] == '/' || !value[1]) && home)
        n = asprintf(&out, "%s%s", home, value + 1);
    else if (*value == '/' || !slash)
        n = asprintf(&out, "%s", value);
    else
        n = asprintf(&out, "%.*s/%s", (int)(slash - file), file, value);
    if (n >= 0)
        return out;
    json_note_loss();
    return NULL;
}
