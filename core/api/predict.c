/* invokeAgent: answers of the version that is active. */
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/json.h"
#include "core/store/version.h"

static int find_weights(struct api *a, const char *name, cJSON *start, cJSON *out, struct hone_err *err)
{
    struct agent_row agent = { 0 };
    struct version_row version = { 0 };
    struct store *s = store_open_existing(a->state_dir, err);
    int rc = s ? find_agent(s, name, &agent, err) : err->code;
    if (!s && rc == ERR_NOT_FOUND)
        hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.80s': %.200s holds no state yet", name, a->state_dir);
    if (rc >= 0)
        rc = version_active(s, agent.id, &version, err);
    if (rc >= 0) {
        char *path = state_path(a, version.weights_file);
        json_put_str(start, "weights", path);
        free(path);
        struct job_row job;
        struct hone_err ignored;
        if (job_get(s, version.job_id, &job, &ignored) >= 0) {
            add_model_dir(start, job.plugins);
            job_free(&job);
        }
        json_put_str(out, "agent_id", agent.id);
        json_put_str(out, "agent_name", agent.name);
        json_put_str(out, "version_id", version.id);
        json_put_int(out, "version", version.number);
    }
    version_free(&version);
    agent_free(&agent);
    store_close(s);
    return rc;
}

cJSON *api_predict(struct api *a, const cJSON *in, int fd, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *name = need_text(in, "agent_id", err);
    const cJSON *input = json_get(in, "input"), *texts = json_get(in, "texts");
    api_clear(a);
    if (!name)
        return NULL;
    if (input && file_usable(json_str(input, "file", ""), err) < 0)
        return NULL;
    cJSON *start = start_frame(a, "predict"), *out = cJSON_CreateObject();
    int rc = find_weights(a, name, start, out, err);
    if (rc < 0) {
        cJSON_Delete(start);
        cJSON_Delete(out);
        return NULL;
    }
    if (input) {
        json_put_str(start, "input", json_str(input, "file", ""));
        json_put_str(start, "format", json_str(input, "format", "auto"));
    } else {
        json_put_int(start, "threads", 1); /* threads would take longer to start than a few answers */
        json_put(start, "texts", texts ? cJSON_Duplicate(texts, 1) : cJSON_CreateArray());
    }
    json_put_int(start, "top", json_int(in, "top", 0));
    json_put_num(start, "threshold", json_num(in, "threshold", 0));
    cJSON *result = run_task(a, start, fd, hooks, err);
    for (cJSON *f = result ? result->child : NULL, *next; f; f = next) {
        next = f->next;
        cJSON_DetachItemViaPointer(result, f);
        cJSON_AddItemToObject(out, f->string, f);
    }
    if (!result) {
        cJSON_Delete(out);
        out = NULL;
    }
    cJSON_Delete(result);
    return out;
}
