/* The layers of settings: their order, what wins, and what the program needs of them; see settings.h. Reading files is in
 * settings_read.c, showing in settings_show.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/settings_priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

static int is_pin(const char *text)
{
    return text_pin_file(text, strlen(text)) > 0;
}

const struct plain_key plain_keys[] = {
    { "state", "HONE_STATE", CONFIG_STR, "a directory", "", NULL,
      "Directory of the state: agents, jobs, weights. Default: $XDG_STATE_HOME/hone, else ~/.local/state/hone." },
    { "plugins.path", "HONE_PLUGIN_PATH", CONFIG_LIST, "a list of directories", "[\"/opt/plugins\"]", NULL,
      "Directories that are searched for plugins before the installed ones; HONE_PLUGIN_PATH parts them with ':'." },
    { "plugins.pins", "HONE_PLUGIN_PINS", CONFIG_LIST, "a list of FILE=SHA256", "[\"adamw.so=\" and 64 hexadecimal digits], as `hone plugin inspect` prints it", is_pin,
      "Plugin files that are loaded only with this SHA-256; FILE is a name or a path, and HONE_PLUGIN_PINS parts them with ':'." },
};
const int n_plain_keys = (int)(sizeof plain_keys / sizeof plain_keys[0]);

int key_find(const char *name, const struct config_key **key, const struct plain_key **plain)
{
    if (strncmp(name, "training.", 9) == 0)
        name += 9;
    *plain = NULL;
    if ((*key = config_key_find(name)))
        return 1;
    for (int i = 0; i < n_plain_keys; i++) {
        if (strcmp(plain_keys[i].name, name) == 0) {
            *plain = &plain_keys[i];
            return 2;
        }
    }
    return (*key = serve_key_find(name)) ? 3 : 0;
}

const char *settings_key(const char *name, size_t n)
{
    char text[64];
    if (n >= sizeof text)
        return NULL;
    for (size_t i = 0; i < n; i++)
        text[i] = name[i] == '-' ? '_' : name[i];
    text[n] = '\0';
    const struct config_key *key = config_key_find(text);
    return key ? key->name : NULL;
}

const char *key_nearest(const char *name)
{
    const char *names[128];
    int n = 0;
    const char *near = config_key_nearest(strncmp(name, "training.", 9) == 0 ? name + 9 : name);
    for (; n < n_plain_keys; n++)
        names[n] = plain_keys[n].name;
    for (int i = 0; i < n_serve_keys && n < 127; i++)
        names[n++] = serve_keys[i].name;
    names[n] = NULL;
    return near ? near : text_nearest(name, names);
}

int settings_order(const struct settings *s, const struct layer *out[LAYERS + 1])
{
    int n = 0;
    for (int i = 0; i < LAYERS; i++) {
        out[n++] = &s->layer[i];
        if (i == s->preset_after)
            out[n++] = &s->preset;
    }
    return n;
}

const struct entry *settings_find(const struct settings *s, const char *key)
{
    const struct layer *order[LAYERS + 1];
    int n = settings_order(s, order);
    for (int i = 0; i < n; i++) {
        const struct entry *e = layer_find(order[i], key);
        if (e)
            return e;
    }
    return NULL;
}

/* ---- loading ---- */

static void read_flags(struct settings *s, const struct settings_flags *f)
{
    struct layer *l = &s->layer[LAYER_SET];
    for (int i = 0; i < f->n_set; i++) {
        const char *eq = strchr(f->set[i], '=');
        char *name = eq && eq != f->set[i] ? strndup(f->set[i], (size_t)(eq - f->set[i])) : NULL;
        if (name)
            layer_add_text(s, l, name, eq + 1, (struct place){ .file = "--set" }, 1);
        else if (eq && eq != f->set[i])
            settings_no_memory(s);
        else
            settings_fault(s, (struct place){ .file = "--set" }, f->set[i], "expected key=value", "for example epochs=20");
        free(name);
    }
    if (f->state)
        layer_add_text(s, l, "state", f->state, (struct place){ .file = "--state" }, 1);
    if (f->preset)
        layer_add_text(s, &s->layer[LAYER_PRESET_FLAG], "preset", f->preset, (struct place){ .file = "--preset" }, 0);
}

/* HONE_SET_BATCH_SIZE is batch_size; two underscores are a dot. */
static void variable_key(const char *var, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < size; i++) {
        int dot = var[i] == '_' && i + 1 < len && var[i + 1] == '_';
        out[n++] = dot ? '.' : var[i] >= 'A' && var[i] <= 'Z' ? (char)(var[i] - 'A' + 'a') : var[i];
        i += (size_t)dot;
    }
    out[n] = '\0';
}

static void read_environment(struct settings *s)
{
    struct layer *l = &s->layer[LAYER_ENV];
    for (char **v = environ; *v; v++) {
        const char *eq = strchr(*v, '=');
        char key[96], var[112];
        if (!eq || strncmp(*v, "HONE_SET_", 9) != 0)
            continue;
        snprintf(var, sizeof var, "%.*s", (int)(eq - *v), *v);
        variable_key(*v + 9, (size_t)(eq - *v) - 9, key, sizeof key);
        layer_add_text(s, l, key, eq + 1, (struct place){ .file = var }, 0);
        l->found = 1;
    }
    for (int i = 0; i < n_plain_keys; i++) {
        const char *value = getenv(plain_keys[i].env);
        if (value && *value)
            layer_add_text(s, l, plain_keys[i].name, value, (struct place){ .file = plain_keys[i].env }, 0);
    }
}

void settings_no_memory(struct settings *s)
{
    settings_fault(s, (struct place){ .file = "settings" }, "", "memory ran out", "");
    s->first.code = HONE_ENOMEM;
}

/* $NAME/rest, else ~/dflt/rest; NULL without a home, and with a fault noted when memory ran out. */
static char *home_path(struct settings *s, const char *name, const char *dflt, const char *rest)
{
    const char *base = getenv(name), *home = getenv("HOME");
    char *path = NULL;
    int n = 0;
    if (base && *base == '/')
        n = asprintf(&path, "%s/%s", base, rest);
    else if (home && *home)
        n = asprintf(&path, "%s/%s/%s", home, dflt, rest);
    if (n >= 0)
        return path;
    settings_no_memory(s);
    return NULL;
}

static void read_files(struct settings *s, const struct settings_flags *f)
{
    const char *system = getenv("HONE_SYSCONFDIR");
    char *user = home_path(s, "XDG_CONFIG_HOME", ".config", "hone/hone.conf"), *path = NULL;
    if (f->config_file)
        layer_read(s, &s->layer[LAYER_CONFIG], f->config_file, 1);
    layer_read(s, &s->layer[LAYER_PROJECT], "hone.conf", 0);
    if (user)
        layer_read(s, &s->layer[LAYER_USER], user, 0);
    free(user);
    if (asprintf(&path, "%s/hone/hone.conf", system && *system ? system : HONE_SYSCONFDIR) >= 0) {
        layer_read(s, &s->layer[LAYER_SYSTEM], path, 0);
        free(path);
    } else {
        settings_no_memory(s);
    }
}

static void unknown_preset(struct settings *s, const struct entry *e)
{
    struct hone_err ignored;
    cJSON *all = settings_files("presets", &ignored);
    const cJSON *one;
    const char *names[64], *near;
    int n = 0;
    char fix[128] = "";
    cJSON_ArrayForEach(one, all) {
        if (n < 63)
            names[n++] = json_str(one, "name", "");
    }
    names[n] = NULL;
    if ((near = text_nearest(e->value->valuestring, names)))
        snprintf(fix, sizeof fix, "did you mean '%s'?", near);
    else
        snprintf(fix, sizeof fix, "`hone preset list` lists them");
    char text[160];
    snprintf(text, sizeof text, "there is no preset '%.80s'", e->value->valuestring);
    settings_fault(s, (struct place){ .file = e->source }, "preset", text, fix);
    cJSON_Delete(all);
}

/* Reads the preset of the highest layer that names one. */
static void read_preset(struct settings *s)
{
    s->preset_after = -1;
    s->preset.name = "preset";
    for (int i = 0; i < LAYERS; i++) {
        const struct entry *e = layer_find(&s->layer[i], "preset");
        if (!e)
            continue;
        struct hone_err why = { 0 };
        char *path = cJSON_IsString(e->value) ? settings_named("presets", e->value->valuestring, &why) : NULL;
        if (path) {
            layer_read(s, &s->preset, path, 1);
            s->preset_after = i;
        } else if (why.code == HONE_ENOMEM) {
            settings_no_memory(s);
        } else if (cJSON_IsString(e->value)) {
            unknown_preset(s, e);
        }
        free(path);
        return;
    }
}

static int find_state(struct settings *s, struct hone_err *err)
{
    const struct entry *e = settings_find(s, "state");
    if (e && cJSON_IsString(e->value))
        s->state = settings_path(e->value->valuestring, e->source);
    else
        s->state = home_path(s, "XDG_STATE_HOME", ".local/state", "hone");
    if (!s->state && (e || s->n_faults > 0))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the path of the state directory");
    return s->state ? 0 : hone_fail(err, ERR_PRECONDITION, "there is no state directory: HOME is not set; give --state DIR");
}

struct settings *settings_load(const struct settings_flags *flags, cJSON *faults, struct hone_err *err)
{
    static const char *const names[LAYERS] = { "command line", "--config file", "--preset", "environment", "project file",
                                               "user file", "system file" };
    struct settings *s = calloc(1, sizeof *s);
    if (!s) {
        hone_fail(err, HONE_ENOMEM, "memory ran out for the settings");
        return NULL;
    }
    for (int i = 0; i < LAYERS; i++)
        s->layer[i].name = names[i];
    s->faults = faults;
    read_flags(s, flags);
    read_environment(s);
    read_files(s, flags);
    read_preset(s);
    int rc = 0;
    if (s->n_faults > 0) {
        char more[48] = "";
        if (s->n_faults > 1)
            snprintf(more, sizeof more, " (and %d more)", s->n_faults - 1);
        rc = hone_fail(err, s->first.code, "%.440s%s", s->first.text, more);
    }
    if (rc == 0)
        rc = find_state(s, err);
    s->faults = NULL;
    if (rc == 0)
        return s;
    settings_close(s);
    return NULL;
}

void settings_close(struct settings *s)
{
    if (!s)
        return;
    for (int i = 0; i < LAYERS; i++)
        layer_free(&s->layer[i]);
    layer_free(&s->preset);
    free(s->state);
    free(s);
}

/* ---- what holds ---- */

/* Adds to `out` what it has not; objects that both have are joined. */
static void join(cJSON *out, const char *name, const cJSON *value)
{
    cJSON *have = cJSON_GetObjectItemCaseSensitive(out, name);
    const cJSON *v;
    if (!have)
        json_put(out, name, cJSON_Duplicate(value, 1));
    else if (cJSON_IsObject(have) && cJSON_IsObject(value))
        cJSON_ArrayForEach(v, value)
            join(have, v->string, v);
}

/* The object `name` in `out`, made when it is not there; NULL where something else stands. */
static cJSON *within(cJSON *out, const char *name, size_t len)
{
    char key[128];
    snprintf(key, sizeof key, "%.*s", (int)len, name);
    cJSON *o = cJSON_GetObjectItemCaseSensitive(out, key);
    if (!o)
        o = json_put(out, key, cJSON_CreateObject());
    return cJSON_IsObject(o) ? o : NULL;
}

/* A key is NAME, GROUP.NAME or GROUP.ITEM.NAME, where the item may have dots of its own. */
static void merge(cJSON *out, const struct entry *e)
{
    const char *dot = strchr(e->key, '.'), *last = strrchr(e->key, '.');
    if (dot)
        out = within(out, e->key, (size_t)(dot - e->key));
    if (out && last != dot)
        out = within(out, dot + 1, (size_t)(last - dot - 1));
    if (out)
        join(out, last ? last + 1 : e->key, e->value);
}

cJSON *settings_training(const struct settings *s)
{
    const struct layer *order[LAYERS + 1];
    int n = settings_order(s, order);
    cJSON *out = cJSON_CreateObject();
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < order[i]->n; k++) {
            const struct entry *e = &order[i]->v[k];
            if (strcmp(e->key, "state") != 0 && strncmp(e->key, "plugins.", 8) != 0 && !serve_key_find(e->key))
                merge(out, e);
        }
    }
    return out;
}

const char *settings_state(const struct settings *s)
{
    return s->state;
}

cJSON *settings_plugin_dirs(const struct settings *s)
{
    const struct entry *e = settings_find(s, "plugins.path");
    cJSON *out = cJSON_CreateArray();
    const cJSON *dirs = e ? e->value : NULL, *dir;
    cJSON_ArrayForEach(dir, dirs) {
        char *path = settings_path(dir->valuestring, e->source);
        if (path)
            cJSON_AddItemToArray(out, cJSON_CreateString(path));
        free(path);
    }
    return out;
}

char *settings_pins(const struct settings *s)
{
    const struct entry *e = settings_find(s, "plugins.pins");
    const cJSON *pins = e ? e->value : NULL, *pin;
    struct buf b = { 0 };
    cJSON_ArrayForEach(pin, pins) {
        const char *text = pin->valuestring;
        char *path = memchr(text, '/', text_pin_file(text, strlen(text))) ? settings_path(text, e->source) : NULL;
        buf_printf(&b, "%s%s", b.n ? ":" : "", path ? path : text);
        free(path);
    }
    return buf_take(&b);
}

int settings_threads(const struct settings *s)
{
    const struct entry *e = settings_find(s, "threads");
    return e && cJSON_IsNumber(e->value) ? (int)e->value->valuedouble : 0;
}
