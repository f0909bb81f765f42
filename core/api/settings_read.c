/* Files of settings: libconfig syntax, or JSON; and where presets lie. Every value goes through layer_add(). */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/conf.h"
#include "core/api/settings_priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define MAX_FILE (1u << 20)

struct reading {
    struct settings *s;
    struct layer *layer;
    const char *path;
};

static int is_section(const char *name)
{
    return strcmp(name, "training") == 0 || strcmp(name, "plugins") == 0 || serve_key_group(name);
}

/* ---- libconfig ---- */

static struct place place_of(const struct reading *r, const config_setting_t *v)
{
    const char *file = config_setting_source_file(v);
    return (struct place){ file ? file : r->path, (int)config_setting_source_line(v) };
}

static void add_setting(const struct reading *r, const char *prefix, const config_setting_t *v)
{
    char name[200];
    snprintf(name, sizeof name, "%s%.120s", prefix, config_setting_name(v));
    cJSON *value = conf_json(v);
    layer_add(r->s, r->layer, name, value, place_of(r, v), 0);
    cJSON_Delete(value);
}

/* A group whose members are keys ("training", "plugins") or plugin options; others are values. */
static void add_group(const struct reading *r, const char *prefix, config_setting_t *group)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        config_setting_t *v = config_setting_get_elem(group, (unsigned)i);
        const struct config_key *k;
        const struct plain_key *plain;
        const char *name = config_setting_name(v);
        int sections = !*prefix && is_section(name);
        int options = (!*prefix || strcmp(prefix, "training.") == 0) && key_find(name, &k, &plain) == 1 && k->type == CONFIG_OBJECT;
        if ((sections || options) && config_setting_is_group(v)) {
            char inner[200];
            snprintf(inner, sizeof inner, "%s%.80s.", prefix, name);
            add_group(r, inner, v);
        } else if (sections) {
            char text[64];
            snprintf(text, sizeof text, "expected a group: %s = { ... };", name);
            settings_fault(r->s, place_of(r, v), name, text, "");
        } else {
            add_setting(r, prefix, v);
        }
    }
}

static void read_libconfig(const struct reading *r, const char *text)
{
    config_t c;
    char dir[PATH_MAX], number[32], message[64], advice[64];
    const char *slash = strrchr(r->path, '/');
    config_init(&c);
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - r->path) : 1, slash ? r->path : ".");
    config_set_include_dir(&c, dir);
    int line = conf_cut_number(text, number);
    if (line > 0) {
        snprintf(message, sizeof message, "%s does not fit into 32 bits", number);
        snprintf(advice, sizeof advice, "write %sL.", number);
        settings_fault(r->s, (struct place){ r->path, line }, "", message, advice);
    } else if (config_read_string(&c, text) == CONFIG_TRUE) {
        add_group(r, "", config_root_setting(&c));
    } else {
        const char *file = config_error_file(&c), *why = config_error_text(&c);
        settings_fault(r->s, (struct place){ file ? file : r->path, config_error_line(&c) }, "", why ? why : "cannot be read",
                       "settings look like: training = { epochs = 20; };");
    }
    config_destroy(&c);
}

/* ---- JSON ---- */

/* Walks the text beside the parsed tree, for the lines. The scanner stands behind the '{' of `object`. */
static void add_object(const struct reading *r, struct json_scan *s, const char *prefix, const cJSON *object)
{
    enum json_token t;
    while ((t = json_next(s)) == JSON_KEY) {
        char key[128], name[256];
        const struct config_key *k;
        const struct plain_key *plain;
        int line = (int)s->line;
        snprintf(key, sizeof key, "%.*s", (int)s->str_len, s->str);
        snprintf(name, sizeof name, "%s%s", prefix, key);
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
        int sections = !*prefix && is_section(key);
        int options = (!*prefix || strcmp(prefix, "training.") == 0) && key_find(key, &k, &plain) == 1 && k->type == CONFIG_OBJECT;
        if ((sections || options) && cJSON_IsObject(v)) {
            snprintf(name, sizeof name, "%s%s.", prefix, key);
            json_next(s);
            add_object(r, s, name, v);
            continue;
        }
        if (v)
            layer_add(r->s, r->layer, name, v, (struct place){ r->path, line }, 0);
        if (json_skip(s, NULL, NULL) < 0)
            return;
    }
}

static void read_json(const struct reading *r, const char *text, size_t n)
{
    struct json_scan s;
    struct json_fault f;
    struct hone_err err = { 0 };
    if (json_check(text, n, &f) < 0) {
        settings_fault(r->s, (struct place){ r->path, (int)f.line }, f.path, f.why, "");
        return;
    }
    cJSON *tree = json_parse(text, n, r->path, &err);
    if (!tree) {
        settings_fault(r->s, (struct place){ .file = r->path }, "", err.text, "");
        return;
    }
    json_scan_init(&s, text, n, 1);
    if (json_next(&s) == JSON_OBJECT)
        add_object(r, &s, "", tree);
    json_scan_free(&s);
    cJSON_Delete(tree);
}

static int first_char(const struct buf *b)
{
    size_t i = 0;
    while (i < b->n && isspace((unsigned char)b->p[i]))
        i++;
    return i < b->n ? b->p[i] : 0;
}

void layer_read(struct settings *s, struct layer *l, const char *path, int must)
{
    struct hone_err err = { 0 };
    struct buf text = { 0 };
    struct reading r = { s, l, NULL };
    free(l->path);
    if (!(r.path = l->path = strdup(path))) {
        settings_fault(s, (struct place){ .file = path }, "", "memory ran out", "");
        s->first.code = HONE_ENOMEM;
        return;
    }
    if (!must && access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return;
    if (file_read(path, MAX_FILE, &text, &err) < 0) {
        settings_fault(s, (struct place){ .file = path }, "", err.text, "");
        s->first.code = err.code;
        snprintf(s->first.text, sizeof s->first.text, "%s", err.text);
        return;
    }
    l->found = 1;
    const char *content = text.n ? text.p : "";
    size_t bad = utf8_invalid_at(content, text.n), nul = strnlen(content, text.n);
    if (bad < text.n || nul < text.n) {
        int line = 1;
        for (size_t i = 0; i < (bad < nul ? bad : nul); i++)
            line += content[i] == '\n';
        settings_fault(s, (struct place){ path, line }, "", "the text is not valid UTF-8", "");
    } else if (first_char(&text) == '{') {
        read_json(&r, content, text.n);
    } else {
        read_libconfig(&r, content);
    }
    buf_free(&text);
}

/* ---- presets and pipelines ---- */

char *settings_dir(const char *what, int i)
{
    char program[PATH_MAX], place[PATH_MAX];
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *out = NULL;
    int n = 0;
    switch (i) {
    case 0:
        if (config && *config == '/')
            n = asprintf(&out, "%s/hone/%s", config, what);
        else
            n = home && *home ? asprintf(&out, "%s/.config/hone/%s", home, what) : asprintf(&out, "%s", "");
        break;
    case 1: /* the build tree that the program lies in */
        if (path_program_dir(program, sizeof program, NULL) != 0)
            return strdup("");
        n = (int)strlen(program);
        if (n > 6 && strcmp(program + n - 6, "/.libs") == 0)
            program[n - 6] = '\0';
        n = asprintf(&out, "%s/etc/%s", program, what);
        break;
    case 2:
        snprintf(place, sizeof place, "%s/hone/%s", HONE_DATADIR, what);
        n = asprintf(&out, "%s", path_installed(place, program));
        break;
    default:
        break;
    }
    return n < 0 ? NULL : out;
}

char *settings_named(const char *what, const char *name, struct hone_err *err)
{
    for (int i = 0; i < SETTINGS_DIRS && *name && !strchr(name, '/'); i++) {
        char *dir = settings_dir(what, i), *path = NULL;
        if (!dir || asprintf(&path, "%s/%s.conf", dir, name) < 0) {
            free(dir);
            hone_fail(err, HONE_ENOMEM, "memory ran out while '%.80s' was looked for", name);
            return NULL;
        }
        free(dir);
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    hone_fail(err, ERR_NOT_FOUND, "nothing of the %s is named '%.80s'", what, name);
    return NULL;
}

/* The comment at the head of the file, its first line, is what it is for. NULL when memory ran out. */
static cJSON *file_json(const char *name, const char *path)
{
    cJSON *o = cJSON_CreateObject();
    struct buf text = { 0 };
    int rc = o ? file_read(path, MAX_FILE, &text, NULL) : HONE_ENOMEM;
    json_put_str(o, "name", name);
    json_put_str(o, "file", path);
    if (rc == 0 && text.n > 2 && memcmp(text.p, "# ", 2) == 0) {
        char *line = strndup(text.p + 2, strcspn(text.p + 2, "\n"));
        rc = line ? 0 : HONE_ENOMEM;
        json_put_str(o, "doc", line);
        free(line);
    }
    buf_free(&text);
    if (rc != HONE_ENOMEM)
        return o;
    cJSON_Delete(o);
    return NULL;
}

/* The files of one directory whose names an earlier one has not taken. 0 or HONE_ENOMEM. */
static int add_files(cJSON *out, const char *dir)
{
    struct dirent **e = NULL;
    int n = *dir ? scandir(dir, &e, NULL, alphasort) : 0, rc = n < 0 && errno == ENOMEM ? HONE_ENOMEM : 0;
    for (int k = 0; k < n; k++) {
        size_t len = strlen(e[k]->d_name);
        char name[256];
        const cJSON *have;
        int wanted = len > 5 && strcmp(e[k]->d_name + len - 5, ".conf") == 0;
        snprintf(name, sizeof name, "%.*s", (int)(len > 5 ? len - 5 : 0), e[k]->d_name);
        cJSON_ArrayForEach(have, out)
            wanted = wanted && strcmp(json_str(have, "name", ""), name) != 0;
        if (wanted && rc == 0) {
            char *path = path_join(dir, e[k]->d_name);
            cJSON *o = path ? file_json(name, path) : NULL;
            rc = o && cJSON_AddItemToArray(out, o) ? 0 : HONE_ENOMEM;
            free(path);
        }
        free(e[k]);
    }
    free(e);
    return rc;
}

cJSON *settings_files(const char *what, struct hone_err *err)
{
    cJSON *out = cJSON_CreateArray();
    int rc = out ? 0 : HONE_ENOMEM;
    for (int i = 0; i < SETTINGS_DIRS && rc == 0; i++) {
        char *dir = settings_dir(what, i);
        rc = dir ? add_files(out, dir) : HONE_ENOMEM;
        free(dir);
    }
    if (rc == 0)
        return out;
    hone_fail(err, rc, "memory ran out while the %s were listed", what);
    cJSON_Delete(out);
    return NULL;
}

cJSON *settings_preset(const char *name, struct hone_err *err)
{
    struct settings s = { 0 };
    struct layer l = { 0 };
    char *path = settings_named("presets", name, err), names[300] = "";
    const cJSON *p;
    cJSON *out = NULL, *values, *all = path || err->code == HONE_ENOMEM ? NULL : settings_files("presets", err);
    if (!path && !all)
        return NULL;
    cJSON_ArrayForEach(p, all) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", json_str(p, "name", ""));
    }
    cJSON_Delete(all);
    if (!path) {
        hone_fail(err, ERR_NOT_FOUND, "there is no preset '%.80s'; there are: %s", name, names);
        return NULL;
    }
    layer_read(&s, &l, path, 1);
    if (s.n_faults) {
        *err = s.first;
    } else if (!(out = file_json(name, path))) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    } else {
        values = cJSON_CreateObject();
        for (int i = 0; i < l.n; i++)
            json_put(values, l.v[i].key, cJSON_Duplicate(l.v[i].value, 1));
        json_put(out, "settings", values);
    }
    layer_free(&l);
    free(path);
    return out;
}

/* The entry of a value in out that stands for the key, under whatever name. */
static cJSON *under_any_name(cJSON *out, const char *key)
{
    cJSON *m;
    cJSON_ArrayForEach(m, out) {
        const struct config_key *k = config_key_find(m->string);
        if (strcmp(k ? k->name : m->string, key) == 0)
            return m;
    }
    return NULL;
}

/* Adds a value of a preset, "epochs" or "optimizerOptions.beta1", unless there is one. */
static void put_behind(cJSON *out, const cJSON *v)
{
    char group[96];
    const char *dot = strchr(v->string, '.');
    snprintf(group, sizeof group, "%.*s", (int)(dot ? dot - v->string : (ptrdiff_t)strlen(v->string)), v->string);
    cJSON *have = under_any_name(out, group);
    if (!dot && !have)
        json_put(out, group, cJSON_Duplicate(v, 1));
    if (!dot)
        return;
    if (!have) {
        json_put(out, group, cJSON_CreateObject());
        have = cJSON_GetObjectItemCaseSensitive(out, group);
    }
    if (cJSON_IsObject(have) && !cJSON_GetObjectItemCaseSensitive(have, dot + 1))
        json_put(have, dot + 1, cJSON_Duplicate(v, 1));
}

cJSON *settings_with_preset(const cJSON *config, struct hone_err *err)
{
    const char *name = json_str(config, "preset", NULL);
    cJSON *preset = name ? settings_preset(name, err) : NULL, *out = config ? cJSON_Duplicate(config, 1) : cJSON_CreateObject();
    const cJSON *v;
    if (name && !preset) {
        if (err->code == ERR_NOT_FOUND)
            err->code = HONE_EINVAL; /* of the request, not what it asks for */
        cJSON_Delete(out);
        return NULL;
    }
    cJSON_ArrayForEach(v, json_get(preset, "settings"))
        put_behind(out, v);
    cJSON_Delete(preset);
    return out;
}
