/* The task "probe": tells what plugins offer, or why a file cannot be used. Called by main.c for `hone plugin list` and
 * `hone plugin inspect`. */
#include "core/base/json.h"
#include "core/worker/task.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int task_probe(struct task *t, struct hone_err *err)
{
    const char *file = json_str(t->start, "file", NULL);
    cJSON *plugins = NULL, *dirs = cJSON_CreateArray();
    t->stage = "plugins";
    if (file && access(file, F_OK) != 0) {
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
    json_put(t->result, "plugins", plugins);
    return 0;
}
