/* invokeAgent: answers of the version that is active, by a worker of its own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/api/route.h"
#include "core/base/json.h"
#include "core/store/interaction.h"

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

/* The interactions of answers that were drawn, with the probability of each: what an estimate or a training from the log needs. */
static int record(struct api *a, const char *rule, const cJSON *texts, cJSON *out, struct hone_err *err)
{
    cJSON *answers = cJSON_GetObjectItemCaseSensitive(out, "answers"), *answer;
    size_t n = (size_t)cJSON_GetArraySize(answers), i = 0;
    struct interaction_row *rows = calloc(n + 1, sizeof *rows);
    if (!rows)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    cJSON_ArrayForEach(answer, answers) {
        const cJSON *text = cJSON_GetArrayItem(texts, (int)i);
        rows[i++] = (struct interaction_row){ .agent_id = (char *)(intptr_t)json_str(out, "agent_id", NULL),
                                              .version_id = (char *)(intptr_t)json_str(out, "version_id", NULL),
                                              .input = text->valuestring, .output = (char *)(intptr_t)json_str(answer, "output", NULL),
                                              .confidence = json_num(answer, "confidence", NAN), .propensity = json_num(answer, "propensity", NAN),
                                              .explored_by = (char *)(intptr_t)rule, .latency_ms = NAN, .rating = NAN };
    }
    struct store *s = books_open(a, err);
    int rc = s ? interaction_insert_all(s, rows, n, err) : err->code;
    books_close(a, s);
    i = 0;
    cJSON_ArrayForEach(answer, answers) {
        if (rc >= 0)
            json_put_str(answer, "interaction_id", rows[i].id);
        free(rows[i++].id);
    }
    free(rows);
    return rc < 0 ? err_prefix(err, "the answers could not be recorded") : 0;
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
    if (json_get(in, "generation")) {
        json_put(start, "generation", cJSON_Duplicate(json_get(in, "generation"), 1));
        json_put_int(start, "threads", a->threads); /* a token is work enough for all */
    }
    json_put_bool(start, "stream", json_bool(in, "stream", 0));
    json_put_num(start, "threshold", json_num(in, "threshold", -1));
    cJSON *asked = json_get(in, "explore") ? cJSON_Duplicate(json_get(start, "texts"), 1) : NULL;
    if (asked)
        json_put(start, "explore", cJSON_Duplicate(json_get(in, "explore"), 1));
    cJSON *result = run_task(a, start, fd, hooks, err);
    if (result && asked) {
        json_put_str(result, "agent_id", json_str(out, "agent_id", NULL));
        json_put_str(result, "version_id", json_str(out, "version_id", NULL));
        if (record(a, json_str(json_get(in, "explore"), "rule", NULL), asked, result, err) < 0) {
            cJSON_Delete(result);
            result = NULL;
        } else {
            cJSON_DeleteItemFromObject(result, "agent_id");
            cJSON_DeleteItemFromObject(result, "version_id");
        }
    }
    cJSON_Delete(asked);
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
