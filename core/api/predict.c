/* invokeAgent: answers of the version that is active, by a worker of its own. */
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/api/route.h"
#include "core/base/json.h"

static int find_weights(struct api *a, const char *name, cJSON *start, cJSON *out, struct hone_err *err)
{
    struct route *r = route_find(a, name, NULL, err);
    if (!r)
        return err->code;
    json_put_str(start, "weights", r->weights);
    json_put(start, "plugin_dirs", cJSON_Duplicate(r->plugin_dirs, 1));
    json_put_str(out, "agent_id", r->agent_id);
    json_put_str(out, "agent_name", r->agent_name);
    json_put_str(out, "version_id", r->version_id);
    json_put_int(out, "version", r->version);
    route_free(r);
    return 0;
}

static void move_members(cJSON *from, cJSON *to)
{
    for (cJSON *f = from ? from->child : NULL, *next; f; f = next) {
        next = f->next;
        cJSON_DetachItemViaPointer(from, f);
        cJSON_AddItemToObject(to, f->string, f);
    }
}

/* The texts that are asked, one or several. */
static cJSON *texts_of(const cJSON *in, struct hone_err *err)
{
    const cJSON *input = json_get(in, "input"), *texts = json_get(in, "texts");
    if (!input == !texts) {
        hone_fail(err, HONE_EINVAL, "input: expected one text in input, or several in texts");
        return NULL;
    }
    cJSON *list = texts ? cJSON_Duplicate(texts, 1) : cJSON_CreateArray();
    if (input)
        cJSON_AddItemToArray(list, cJSON_Duplicate(input, 1));
    return list;
}

cJSON *api_predict(struct api *a, const cJSON *in, int fd, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *name = need_text(in, "agent_id", err);
    const cJSON *batch = json_get(in, "batch");
    cJSON *texts = NULL;
    api_clear(a);
    if (!name)
        return NULL;
    if (batch ? file_usable(json_str(batch, "file", ""), err) < 0 : !(texts = texts_of(in, err)))
        return NULL;
    cJSON *start = start_frame(a, "predict"), *out = cJSON_CreateObject();
    int rc = find_weights(a, name, start, out, err);
    if (rc < 0) {
        cJSON_Delete(texts);
        cJSON_Delete(start);
        cJSON_Delete(out);
        return NULL;
    }
    if (batch) {
        json_put_str(start, "input", json_str(batch, "file", ""));
        json_put_str(start, "format", json_str(batch, "format", "auto"));
    } else {
        json_put_int(start, "threads", 1); /* threads would take longer to start than a few answers */
        json_put(start, "texts", texts);
    }
    json_put_int(start, "top", json_int(in, "top", 3));
    json_put_num(start, "threshold", json_num(in, "threshold", 0));
    cJSON *result = run_task(a, start, fd, hooks, err);
    if (json_get(in, "input"))
        move_members(cJSON_GetArrayItem(json_get(result, "answers"), 0), out);
    else
        move_members(result, out);
    if (!result) {
        cJSON_Delete(out);
        out = NULL;
    }
    cJSON_Delete(result);
    return out;
}
