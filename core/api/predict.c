/* invokeAgent: answers of the version that is active, by a worker of its own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "core/api/priv.h"
#include "core/api/route.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/store/interaction.h"

/* Who answers, and how: by the weights and the settings of the active version, or of the canary in its share of the calls. */
static int find_weights(struct api *a, const char *name, const cJSON *in, cJSON *start, cJSON *out, struct hone_err *err)
{
    struct route *whole = route_find(a, name, NULL, err);
    if (!whole)
        return err->code;
    const struct route *r = route_drawn(whole, (double)randombytes_random() * 0x1p-32);
    json_put_str(start, "weights", r->weights);
    json_put(start, "plugin_dirs", cJSON_Duplicate(r->plugin_dirs, 1));
    json_put_num(start, "threshold", r->threshold);
    if (r->explore_rule) {
        cJSON *e = cJSON_AddObjectToObject(start, "explore");
        json_put_str(e, "rule", r->explore_rule);
        json_put_num(e, "setting", r->explore_setting);
        json_put_int(e, "seed", randombytes_random());
    }
    json_put(start, "generation", route_generation(r, json_get(in, "generation")));
    json_put_str(out, "agent_id", r->agent_id);
    json_put_str(out, "agent_name", r->agent_name);
    json_put_str(out, "version_id", r->version_id);
    json_put_int(out, "version", r->version);
    route_free(whole);
    return 0;
}

/* What the caller says of how to answer, in place of what the version says. Files are answered with the best outputs: no answer of them is recorded. */
static void heed_caller(cJSON *start, const cJSON *in)
{
    double threshold = json_num(in, "threshold", -1);
    const cJSON *explore = json_get(in, "explore");
    if (threshold >= 0 || explore || json_get(in, "batch"))
        cJSON_DeleteItemFromObjectCaseSensitive(start, "explore");
    if (threshold >= 0)
        json_put_num(start, "threshold", threshold);
    if (explore)
        json_put(start, "explore", cJSON_Duplicate(explore, 1));
    if (json_get(start, "explore"))
        json_put_num(start, "threshold", -1);
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

/* Writes down who was asked what and answered what, with the probability of each answer that was drawn (`rule`, else NULL): what feedback, an
 * estimate or a training from the log needs. The answers get their interaction_id. */
static int record(struct api *a, const char *rule, double latency_ms, const cJSON *texts, const cJSON *who, cJSON *result, struct hone_err *err)
{
    cJSON *answers = cJSON_GetObjectItemCaseSensitive(result, "answers"), *answer;
    size_t n = (size_t)cJSON_GetArraySize(answers), i = 0;
    struct interaction_row *rows = calloc(n + 1, sizeof *rows);
    if (!rows)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    cJSON_ArrayForEach(answer, answers) {
        const cJSON *text = cJSON_GetArrayItem(texts, (int)i);
        const cJSON *alternatives = json_get(answer, "alternatives");
        rows[i++] = (struct interaction_row){ .agent_id = (char *)(intptr_t)json_str(who, "agent_id", NULL),
                                              .version_id = (char *)(intptr_t)json_str(who, "version_id", NULL),
                                              .input = text->valuestring, .output = (char *)(intptr_t)json_str(answer, "output", NULL),
                                              .confidence = json_num(answer, "confidence", NAN), .abstained = json_bool(answer, "abstained", 0),
                                              .alternatives = alternatives && alternatives->child ? json_text(alternatives, 0) : NULL,
                                              .propensity = rule ? json_num(answer, "propensity", NAN) : 1,
                                              .explored_by = (char *)(intptr_t)rule, .latency_ms = latency_ms, .rating = NAN };
    }
    struct store *s = books_open(a, err);
    int rc = s ? interaction_insert_all(s, rows, n, err) : err->code;
    books_close(a, s);
    i = 0;
    cJSON_ArrayForEach(answer, answers) {
        if (rc >= 0)
            json_put_str(answer, "interaction_id", rows[i].id);
        free(rows[i].alternatives);
        free(rows[i++].id);
    }
    free(rows);
    return rc < 0 ? err_prefix(err, "the answers could not be recorded") : 0;
}

/* Runs the task of an answer and records what was answered, unless it is a file's. Takes `start`. */
static cJSON *answered(struct api *a, cJSON *start, const cJSON *who, int fd, const struct api_hooks *hooks, struct hone_err *err)
{
    struct hone_err why = { 0 };
    const char *rule = json_str(json_get(start, "explore"), "rule", NULL);
    char *drawn_by = json_copy(rule);
    cJSON *asked = json_get(start, "texts") ? cJSON_Duplicate(json_get(start, "texts"), 1) : NULL;
    int64_t begun = clock_mono_us();
    cJSON *result = run_task(a, start, fd, hooks, err);
    if (result && asked && record(a, drawn_by, (double)(clock_mono_us() - begun) * 1e-3, asked, who, result, &why) < 0) {
        if (drawn_by) { /* an answer by chance that nobody wrote down is lost for whoever learns from it */
            *err = why;
            cJSON_Delete(result);
            result = NULL;
        } else {
            log_line(LOG_WARN, "%s; feedback on them is not possible", why.text);
        }
    }
    free(drawn_by);
    cJSON_Delete(asked);
    return result;
}

cJSON *api_predict(struct api *a, const cJSON *in, int fd, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *name = need_text(in, "agent_id", err);
    const cJSON *batch = json_get(in, "batch");
    cJSON *texts = NULL;
    api_clear(a);
    if (!name)
        return NULL;
    const cJSON *explore = json_get(in, "explore");
    if (json_bool(in, "stream", 0) && (batch || explore)) {
        hone_fail(err, HONE_EINVAL, "stream: goes with input or texts, without batch and explore");
        return NULL;
    }
    if (explore && route_explore_check(json_str(explore, "rule", ""), json_num(explore, "setting", 0), err) < 0)
        return NULL;
    if (batch ? file_usable(json_str(batch, "file", ""), err) < 0 : !(texts = texts_of(in, err)))
        return NULL;
    cJSON *start = start_frame(a, "predict"), *out = cJSON_CreateObject();
    int rc = find_weights(a, name, in, start, out, err);
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
    if (json_get(start, "generation"))
        json_put_int(start, "threads", a->threads); /* a token is work enough for all */
    json_put_bool(start, "stream", json_bool(in, "stream", 0));
    heed_caller(start, in);
    cJSON *result = answered(a, start, out, fd, hooks, err);
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
