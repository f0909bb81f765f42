/* Plugins as the worker's probe describes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/base/json.h"
#include "core/base/text.h"

static int has_kind(const cJSON *plugin, const char *kind)
{
    const cJSON *items = json_get(plugin, "items"), *i;
    cJSON_ArrayForEach(i, items) {
        if (strcmp(json_str(i, "kind", ""), kind) == 0)
            return 1;
    }
    return 0;
}

cJSON *api_plugin_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *kind = json_str(in, "kind", NULL);
    api_clear(a);
    cJSON *out = run_task(a, start_frame(a, "probe"), 0, NULL, err);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(out, "plugins");
    for (cJSON *p = list && kind ? list->child : NULL, *next; p; p = next) {
        next = p->next;
        if (!has_kind(p, kind))
            cJSON_Delete(cJSON_DetachItemViaPointer(list, p));
    }
    return out;
}

static int is_named(const cJSON *plugin, const char *name)
{
    const cJSON *items = json_get(plugin, "items"), *i;
    const char *file = json_str(plugin, "file", "");
    size_t n = strlen(name);
    if (strcmp(json_str(plugin, "name", ""), name) == 0 || (strncmp(file, name, n) == 0 && strcmp(file + n, ".so") == 0))
        return 1;
    cJSON_ArrayForEach(i, items) {
        if (strcmp(json_str(i, "name", ""), name) == 0)
            return 1;
    }
    return 0;
}

/* The alias of that name of an item, or NULL. */
static const cJSON *alias_of(const cJSON *item, const char *name)
{
    const cJSON *a;
    cJSON_ArrayForEach(a, json_get(item, "aliases"))
        if (strcmp(json_str(a, "name", ""), name) == 0)
            return a;
    return NULL;
}

/* Leaves of a plugin the item that an alias stands for, with the defaults that go with it. 0 when it has none. */
static int narrow_to_alias(cJSON *plugin, const char *name)
{
    cJSON *items = cJSON_GetObjectItemCaseSensitive(plugin, "items"), *kept = cJSON_CreateArray(), *s;
    if (!kept) {
        json_note_loss();
        return 0;
    }
    for (cJSON *i = items ? items->child : NULL, *next; i; i = next) {
        const cJSON *a = alias_of(i, name);
        next = i->next;
        if (!a)
            continue;
        cJSON_ArrayForEach(s, cJSON_GetObjectItemCaseSensitive(i, "settings")) {
            const cJSON *other = json_get(json_get(a, "options"), json_str(s, "name", ""));
            if (other)
                json_put(s, "default", cJSON_Duplicate(other, 1));
        }
        json_put_str(i, "alias", name);
        cJSON_AddItemToArray(kept, cJSON_DetachItemViaPointer(items, i));
    }
    int some = kept->child != NULL;
    if (some)
        json_put(plugin, "items", kept);
    else
        cJSON_Delete(kept);
    return some;
}

static int unknown(const cJSON *list, const char *name, struct hone_err *err)
{
    const char *names[513];
    int n = 0;
    const cJSON *p, *i, *other;
    cJSON_ArrayForEach(p, list) {
        const cJSON *items = json_get(p, "items");
        cJSON_ArrayForEach(i, items) {
            if (n < 512)
                names[n++] = json_str(i, "name", "");
            cJSON_ArrayForEach(other, json_get(i, "aliases"))
                if (n < 512)
                    names[n++] = json_str(other, "name", "");
        }
    }
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    return hone_fail(err, ERR_NOT_FOUND, "there is no plugin '%.80s'%s%s%s", name, near ? "; did you mean '" : "; `hone plugin list` lists them",
                     near ? near : "", near ? "'?" : "");
}

cJSON *api_plugin_inspect(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *name = need_text(in, "name", err);
    api_clear(a);
    if (!name)
        return NULL;
    cJSON *start = start_frame(a, "probe");
    if (strchr(name, '/') || access(name, F_OK) == 0) {
        json_put_str(start, "file", name);
        return run_task(a, start, 0, NULL, err);
    }
    cJSON *all = run_task(a, start, 0, NULL, err), *found = cJSON_CreateArray();
    cJSON *list = cJSON_GetObjectItemCaseSensitive(all, "plugins");
    if (!all || !found) {
        if (all)
            hone_fail(err, HONE_ENOMEM, "memory ran out");
        cJSON_Delete(all);
        cJSON_Delete(found);
        return NULL;
    }
    for (cJSON *p = list ? list->child : NULL, *next; p; p = next) {
        next = p->next;
        if (is_named(p, name) || narrow_to_alias(p, name))
            cJSON_AddItemToArray(found, cJSON_DetachItemViaPointer(list, p));
    }
    if (!found->child) {
        if (json_lost())
            hone_fail(err, HONE_ENOMEM, "memory ran out");
        else
            unknown(list, name, err);
        cJSON_Delete(found);
        cJSON_Delete(all);
        return NULL;
    }
    json_put(all, "plugins", found);
    return all;
}

cJSON *api_schedule_preview(struct api *a, const cJSON *in, struct hone_err *err)
{
    const cJSON *f;
    api_clear(a);
    if (!need_text(in, "scheduler", err))
        return NULL;
    cJSON *start = start_frame(a, "preview");
    cJSON_ArrayForEach(f, in)
        json_put(start, f->string, cJSON_Duplicate(f, 1));
    return run_task(a, start, 0, NULL, err);
}

cJSON *api_plugin_check(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *file = need_text(in, "file", err);
    api_clear(a);
    if (!file || file_usable(file, err) < 0)
        return NULL;
    char path[4200];
    snprintf(path, sizeof path, "%s%s", strchr(file, '/') ? "" : "./", file);
    cJSON *start = start_frame(a, "check");
    json_put_str(start, "file", path);
    return run_task(a, start, 0, NULL, err);
}
