/* Optimizers side by side on the same data. What is measured is the worker's task "bench". */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"

#define EXAMPLE "example/support.jsonl"

/* The example data: beside the program in a build tree, else where it was installed. */
static int example_path(char path[PATH_MAX + 64], struct hone_err *err)
{
    char dir[PATH_MAX];
    if (path_program_dir(dir, sizeof dir, NULL) == 0) {
        snprintf(path, PATH_MAX + 64, "%s/etc/" EXAMPLE, dir);
        if (access(path, R_OK) == 0)
            return 0;
    }
    path_installed(HONE_DATADIR "/hone/" EXAMPLE, path);
    return access(path, R_OK) == 0 ? 0 : hone_fail(err, ERR_NOT_FOUND, "%s: the example data is not there; name data of your own", path);
}

/* The given optimizer first, then the names of `with`, or all that are found. NULL with err. */
static cJSON *names(struct api *a, const cJSON *in, const char *given, struct hone_err *err)
{
    cJSON *out = cJSON_CreateArray(), *all = NULL;
    const cJSON *with = json_get(in, "with"), *v, *item;
    cJSON_AddItemToArray(out, cJSON_CreateString(given));
    cJSON_ArrayForEach(v, with)
        if (cJSON_IsString(v) && strcmp(v->valuestring, given) != 0)
            cJSON_AddItemToArray(out, cJSON_CreateString(v->valuestring));
    if (cJSON_IsArray(with))
        return out;
    cJSON *query = cJSON_CreateObject();
    json_put_str(query, "kind", "optimizer");
    all = api_plugin_list(a, query, err);
    cJSON_Delete(query);
    cJSON_ArrayForEach(v, json_get(all, "plugins"))
        cJSON_ArrayForEach(item, json_get(v, "items"))
            if (strcmp(json_str(item, "kind", ""), "optimizer") == 0 && strcmp(json_str(item, "name", ""), given) != 0)
                cJSON_AddItemToArray(out, cJSON_CreateString(json_str(item, "name", "")));
    if (!all) {
        cJSON_Delete(out);
        out = NULL;
    }
    cJSON_Delete(all);
    return out;
}

static void pass_on(cJSON *start, const cJSON *in, const char *key)
{
    const cJSON *v = json_get(in, key);
    json_put(start, key, v ? cJSON_Duplicate(v, 1) : cJSON_CreateObject());
}

cJSON *api_plugin_bench(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *given = need_text(in, "file", err), *data = json_str(in, "data", NULL);
    char example[PATH_MAX + 64], here[PATH_MAX + 4];
    api_clear(a);
    if (given && !strchr(given, '/') && access(given, F_OK) == 0) {
        snprintf(here, sizeof here, "./%s", given);
        given = here;
    }
    if (!given || (strchr(given, '/') && file_usable(given, err) < 0))
        return NULL;
    if (!data && example_path(example, err) < 0)
        return NULL;
    data = data ? data : example;
    if (strcmp(data, "-") == 0)
        hone_fail(err, HONE_EINVAL, "the data is read once for each optimizer; give a file in place of standard input");
    if (strcmp(data, "-") == 0 || file_usable(data, err) < 0)
        return NULL;
    cJSON *list = names(a, in, given, err);
    if (!list)
        return NULL;
    cJSON *start = start_frame(a, "bench");
    json_put(start, "optimizers", list);
    json_put_str(start, "data", data);
    pass_on(start, in, "config");
    pass_on(start, in, "own");
    cJSON *out = run_task(a, start, 0, hooks, err);
    if (out)
        json_put_str(out, "data", data);
    return out;
}
