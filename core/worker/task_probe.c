/* The task "probe": tells what plugins offer, or why a file cannot be used. Called by main.c for `hone plugin list` and
 * `hone plugin inspect`. */
#include "core/base/json.h"
#include "core/host/linked.h"
#include "core/train/run.h"
#include "core/worker/task.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Gives each optimizer the names under which it has the defaults of another library. */
static void add_aliases(cJSON *plugins)
{
    cJSON *aliases = optimizer_aliases(), *p, *item;
    const cJSON *a;
    cJSON_ArrayForEach(p, plugins) {
        cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(p, "items")) {
            cJSON *list = cJSON_CreateArray();
            cJSON_ArrayForEach(a, aliases)
                if (list && strcmp(json_str(item, "kind", ""), "optimizer") == 0 && strcmp(json_str(a, "item", ""), json_str(item, "name", "?")) == 0) {
                    cJSON *one = cJSON_CreateObject();
                    json_put_str(one, "name", json_str(a, "name", ""));
                    json_put(one, "options", cJSON_Duplicate(json_get(a, "options"), 1));
                    cJSON_AddItemToArray(list, one);
                }
            if (list && list->child)
                json_put(item, "aliases", list);
            else
                cJSON_Delete(list);
        }
    }
    cJSON_Delete(aliases);
}

int task_probe(struct task *t, struct hone_err *err)
{
    const char *file = json_str(t->start, "file", NULL);
    cJSON *plugins = NULL, *dirs = cJSON_CreateArray();
    t->stage = "plugins";
    if (file && !linked_find(file) && access(file, F_OK) != 0) {
        cJSON_Delete(dirs);
        return hone_fail(err, ERR_NOT_FOUND, "%s: %s", file, strerror(errno));
    }
    if (file) {
        cJSON *one = plugin_describe(file, err);
        plugins = one ? cJSON_CreateArray() : NULL;
        if (plugins)
            cJSON_AddItemToArray(plugins, one);
    } else {
        plugins = registry_describe(t->dirs, err);
    }
    for (size_t i = 0; t->dirs[i]; i++)
        cJSON_AddItemToArray(dirs, cJSON_CreateString(t->dirs[i]));
    json_put(t->result, "dirs", dirs);
    if (!plugins)
        return err->code;
    add_aliases(plugins);
    json_put(t->result, "plugins", plugins);
    return 0;
}
