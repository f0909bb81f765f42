/* Definitions of pipelines: files, those that can be named, and parameters that are given for a run. See pipe.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/conf.h"
#include "core/api/pipe.h"
#include "core/api/settings.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

/* ---- by name ---- */

static int unknown(const char *name, struct hone_err *err)
{
    const char *names[65];
    cJSON *all = settings_files("pipelines", err);
    if (!all)
        return err->code;
    const cJSON *p;
    int n = 0;
    cJSON_ArrayForEach(p, all) {
        if (n < 64)
            names[n++] = json_str(p, "name", "");
    }
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    hone_fail(err, ERR_NOT_FOUND, "there is no pipeline '%.200s'%s%s%s", name, near ? "; did you mean '" : "; `hone pipeline list` shows those that there are",
              near ? near : "", near ? "'?" : "");
    cJSON_Delete(all);
    return err->code;
}

cJSON *pipe_read(const char *name, int local, cJSON **lines, char **file, struct hone_err *err)
{
    int is_file = strchr(name, '/') != NULL || (local && access(name, F_OK) == 0);
    *lines = NULL;
    struct hone_err why = { 0 };
    *file = is_file && local ? strdup(name) : !is_file ? settings_named("pipelines", name, &why) : NULL;
    if (!*file && (why.code == HONE_ENOMEM || (is_file && local))) {
        hone_fail(err, HONE_ENOMEM, "memory ran out while the pipeline was looked for");
        return NULL;
    }
    if (!*file || access(*file, F_OK) != 0) {
        unknown(name, err);
        return NULL;
    }
    cJSON *def = conf_read(*file, lines, err);
    if (def && !json_get(def, "name")) {
        const char *base = strrchr(*file, '/');
        base = base ? base + 1 : *file;
        size_t n = strlen(base);
        char *plain = strndup(base, n > 5 && strcmp(base + n - 5, ".conf") == 0 ? n - 5 : n);
        json_put_str(def, "name", plain);
        free(plain);
        if (!json_str(def, "name", NULL)) {
            cJSON_Delete(def);
            hone_fail(err, HONE_ENOMEM, "memory ran out for the name of the pipeline");
            return NULL;
        }
    }
    return def;
}

/* ---- parameters ---- */

/* `given` as a value of the type of `have`: itself, or what a text says, as a command line gives it. NULL: it is of another type. */
static cJSON *typed(const cJSON *have, const cJSON *given)
{
    struct hone_err ignored;
    if ((have->type & 0xff) == (given->type & 0xff) || (cJSON_IsBool(have) && cJSON_IsBool(given)))
        return cJSON_Duplicate(given, 1);
    if (!cJSON_IsString(given))
        return NULL;
    if (cJSON_IsArray(have)) {
        cJSON *list = cJSON_CreateArray();
        for (const char *s = given->valuestring; *s;) {
            size_t n = strcspn(s, ",");
            char *word = strndup(s, n);
            if (!word)
                json_note_loss();
            cJSON_AddItemToArray(list, cJSON_CreateString(word ? word : ""));
            free(word);
            s += n + (s[n] == ',');
        }
        return list;
    }
    cJSON *v = json_parse(given->valuestring, strlen(given->valuestring), "", &ignored);
    if ((cJSON_IsNumber(have) && cJSON_IsNumber(v)) || (cJSON_IsBool(have) && cJSON_IsBool(v)))
        return v;
    cJSON_Delete(v);
    return NULL;
}

/* Those that must be given and are still empty. */
static void check_required(const cJSON *def, cJSON *faults, struct hone_err *err, int *n)
{
    const cJSON *v, *parameters = json_get(def, "parameters");
    cJSON_ArrayForEach(v, json_get(def, "required")) {
        const cJSON *have = cJSON_IsString(v) ? json_get(parameters, v->valuestring) : NULL;
        if (!have || (cJSON_IsString(have) && !have->valuestring[0])) {
            char path[100];
            cJSON *o = cJSON_CreateObject();
            snprintf(path, sizeof path, "parameters.%.60s", cJSON_IsString(v) ? v->valuestring : "");
            json_put_str(o, "path", path);
            json_put_str(o, "message", "missing");
            json_put_str(o, "fix", "");
            cJSON_AddItemToArray(faults, o);
            if ((*n)++ == 0)
                hone_fail(err, HONE_EINVAL, "%s: the pipeline needs a value for it", path);
        }
    }
}

/* The parameter that was perhaps meant; borrowed until parameters change. */
static const char *nearest_of(const cJSON *parameters, const char *name)
{
    const char *names[129];
    const cJSON *p;
    int n = 0;
    cJSON_ArrayForEach(p, parameters) {
        if (n < 128)
            names[n++] = p->string;
    }
    names[n] = NULL;
    return text_nearest(name, names);
}

int pipe_give(cJSON *def, const cJSON *given, cJSON *faults, struct hone_err *err)
{
    cJSON *parameters = cJSON_GetObjectItemCaseSensitive(def, "parameters");
    const cJSON *v;
    int n = 0;
    cJSON_ArrayForEach(v, given) {
        const cJSON *have = json_get(parameters, v->string);
        const char *near = have ? NULL : nearest_of(parameters, v->string);
        char path[100], message[200], fix[100] = "";
        cJSON *value = have ? typed(have, v) : NULL;
        if (value) {
            json_put(parameters, v->string, value);
            continue;
        }
        snprintf(path, sizeof path, "parameters.%.60s", v->string);
        snprintf(message, sizeof message, have ? "expected a value of the type that the pipeline's own has" : "the pipeline has no such parameter");
        if (near)
            snprintf(fix, sizeof fix, "did you mean '%.60s'?", near);
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "path", path);
        json_put_str(o, "message", message);
        json_put_str(o, "fix", fix);
        cJSON_AddItemToArray(faults, o);
        if (n++ == 0)
            hone_fail(err, HONE_EINVAL, "%s: %s%s%s", path, message, *fix ? "; " : "", fix);
    }
    check_required(def, faults, err, &n);
    return n ? HONE_EINVAL : 0;
}
