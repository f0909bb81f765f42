/* Folders of weights as Hugging Face has them: made into a weights file, and made from one, by a worker. Called by the command line and,
 * for a base that is a folder, by base.c. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/api/route.h"
#include "core/base/file.h"
#include "core/base/json.h"

cJSON *api_model_import(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *folder = need_text(in, "folder", err), *output = folder ? need_text(in, "output", err) : NULL;
    struct stat st;
    api_clear(a);
    if (!output)
        return NULL;
    if (stat(folder, &st) != 0) {
        err_open(err, folder);
        return NULL;
    }
    if (!S_ISDIR(st.st_mode)) {
        hone_fail(err, HONE_EINVAL, "%s: expected a folder with config.json, model.safetensors and tokenizer.json", folder);
        return NULL;
    }
    cJSON *start = start_frame(a, "import");
    json_put_str(start, "folder", folder);
    json_put_str(start, "output", output);
    return run_task(a, start, -1, hooks, err);
}

/* The weights that a file name, or an agent, stands for. */
static char *weights_of(struct api *a, const char *name, cJSON *start, struct hone_err *err)
{
    struct stat st;
    size_t n = strlen(name);
    int is_file = n > 12 && strcmp(name + n - 12, ".safetensors") == 0 && stat(name, &st) == 0;
    struct route *r = is_file ? NULL : route_find(a, name, NULL, err);
    char *path = is_file ? strdup(name) : r ? strdup(r->weights) : NULL;
    if (r)
        json_put(start, "plugin_dirs", cJSON_Duplicate(r->plugin_dirs, 1));
    if ((is_file || r) && !path)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    route_free(r);
    return path;
}

/* Files of a model's folder, also of an export that was interrupted, and those that readers of such a folder heed although an export writes none. */
static int is_models(const char *name)
{
    static const char *const names[] = { "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
                                         "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return 1;
    }
    return (strncmp(name, "model", 5) == 0 && strstr(name, ".safetensors")) || strncmp(name, "pytorch_model", 13) == 0;
}

/* The folder is made (*made), or holds no file of a model so far. */
static int usable_folder(const char *path, int *made, struct hone_err *err)
{
    *made = access(path, F_OK) != 0;
    int rc = file_mkdirs(path, err);
    DIR *d = rc == 0 ? opendir(path) : NULL;
    if (rc == 0 && !d)
        rc = hone_fail(err, HONE_EIO, "%s: cannot be listed: %s", path, strerror(errno));
    for (struct dirent *e; rc == 0 && (e = readdir(d));)
        if (is_models(e->d_name))
            rc = hone_fail(err, ERR_CONFLICT, "%s holds a model already (%.80s); give another folder", path, e->d_name);
    if (d)
        closedir(d);
    return rc;
}

/* Takes an export back that came to nothing, whatever of it the worker has written: usable_folder() found no such file. */
static void remove_export(const char *path, int made)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_models(e->d_name))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    if (made)
        rmdir(path);
}

cJSON *api_model_export(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *agent = need_text(in, "agent_id", err), *folder = agent ? need_text(in, "folder", err) : NULL;
    api_clear(a);
    if (!folder)
        return NULL;
    cJSON *start = start_frame(a, "export"), *out = NULL;
    char *weights = weights_of(a, agent, start, err), *config = path_join(folder, "config.json");
    int made = 0, rc = weights && config ? usable_folder(folder, &made, err) : err->code ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0) {
        json_put_str(start, "weights", weights);
        json_put_str(start, "to", folder);
        json_put_str(start, "output", config);
        json_put_num(start, "shard_bytes", json_num(in, "shard_mb", 0) * 1e6);
        out = run_task(a, start, -1, hooks, err);
        start = NULL;
        if (json_lost() && out) {
            cJSON_Delete(out);
            out = NULL;
            hone_fail(err, HONE_ENOMEM, "memory ran out; nothing was exported");
        }
        if (!out)
            remove_export(folder, made);
    }
    cJSON_Delete(start);
    free(weights);
    free(config);
    return out;
}
