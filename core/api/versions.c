/* Which version of an agent answers: listing them, deploying one, going back; and what people say of the answers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/adapt.h"
#include "core/api/priv.h"
#include "core/api/route.h"
#include "core/api/serving.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/interaction.h"
#include "core/store/outbox.h"

cJSON *api_version_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row row = { 0 };
    struct version_list list = { 0 };
    cJSON *out = NULL, *versions = cJSON_CreateArray();
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, json_str(in, "agent_id", ""), &row, err) : err->code;
    if (rc >= 0)
        rc = version_list(s, row.id, 0, json_bool(in, "all", 0) ? 0 : json_int(in, "limit", 50), &list, err);
    books_close(a, s);
    if (rc >= 0) {
        out = cJSON_CreateObject();
        json_put_str(out, "agent_id", row.id);
        for (size_t i = 0; i < list.n; i++)
            cJSON_AddItemToArray(versions, version_json(&list.v[i], row.active_version));
        json_put(out, "versions", versions);
        versions = NULL;
    }
    cJSON_Delete(versions);
    version_list_free(&list);
    agent_free(&row);
    return out;
}

/* ---- deploying ---- */

/* Whether the weights can answer: a daemon has a worker load them, which then is ready; a command line compares their hash. */
static int check_weights(struct api *a, const struct route *r, const char *sha256, struct hone_err *err)
{
    struct warm_version v;
    char have[65];
    route_version(r, &v);
    if (a->serving)
        return serving_load(a->serving, &v, err);
    int rc = file_sha256(r->weights, have, err);
    if (rc == 0 && strcmp(have, sha256) != 0)
        rc = hone_fail(err, ERR_CORRUPT, "%s: the weights are not those that were trained", r->weights);
    return rc;
}

static int tell_rollback(struct store *s, const struct agent_row *agent, const char *version, const char *previous, struct hone_err *err)
{
    cJSON *members = cJSON_CreateObject();
    json_put_str(members, "agent_id", agent->id);
    json_put_str(members, "version_id", version);
    json_put_str(members, "previous_version_id", previous);
    int rc = outbox_event(s, agent->tenant, "agent.rolled_back", NULL, members, err);
    cJSON_Delete(members);
    return rc;
}

/* With the event of it, as one. */
static int activate_in(struct store *s, const struct agent_row *agent, const char *version, const char *reason, struct hone_err *err)
{
    int rc = store_part_begin(s, err);
    if (rc < 0)
        return rc;
    rc = agent_activate(s, agent->id, version, reason, err);
    if (rc >= 0 && strcmp(reason, AGENT_ROLLED_BACK) == 0)
        rc = tell_rollback(s, agent, version, agent->active_version, err);
    return store_part_end(s, rc, err);
}

static cJSON *deployed_json(const struct route *r, const char *before, const char *reason)
{
    cJSON *out = cJSON_CreateObject();
    json_put_str(out, "agent_id", r->agent_id);
    json_put_str(out, "version_id", r->version_id);
    json_put_int(out, "version", r->version);
    json_put_str(out, "previous_version_id", before);
    json_put_str(out, "reason", reason);
    return out;
}

/* Makes the version of the route the one that answers. What the function answers, or NULL with err. */
static cJSON *activate(struct api *a, const struct route *r, const char *reason, struct hone_err *err)
{
    cJSON *out = NULL;
    struct agent_row row = { 0 };
    struct version_row version = { 0 };
    struct store *s = books_open(a, err);
    int rc = s ? version_get(s, r->version_id, &version, err) : err->code;
    books_close(a, s);
    if (rc >= 0) /* loading takes its time: the books are not held for it */
        rc = check_weights(a, r, version.weights_sha256, err);
    s = rc >= 0 ? books_open(a, err) : NULL;
    if (rc >= 0)
        rc = s ? agent_get(s, r->agent_id, &row, err) : err->code;
    if (rc >= 0)
        rc = store_begin(s, err);
    if (rc >= 0)
        rc = activate_in(s, &row, r->version_id, reason, err);
    if (rc >= 0)
        rc = book_also(a, s, out = deployed_json(r, row.active_version, reason), err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    agent_free(&row);
    version_free(&version);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

static cJSON *deploy(struct api *a, const char *agent, const char *version, const char *reason, struct hone_err *err)
{
    struct route *r = route_find(a, agent, version, err);
    cJSON *out = r ? activate(a, r, reason, err) : NULL;
    route_free(r);
    return out;
}

/* The weights of a version with a threshold or exploration of the caller's, or for a share of the questions. */
static cJSON *deploy_changed(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row agent = { 0 };
    struct version_row version = { 0 };
    struct manner m = { 0 };
    const cJSON *explore = cJSON_GetObjectItemCaseSensitive(in, "explore"), *generation = json_get(in, "generation");
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, json_str(in, "agent_id", ""), &agent, err) : err->code;
    if (rc >= 0)
        rc = version_find(s, agent.id, json_str(in, "version_id", ""), &version, err);
    if (rc >= 0)
        rc = manner_of(s, &version, &m, err);
    books_close(a, s);
    m.threshold = json_num(in, "threshold", m.threshold);
    if (rc >= 0 && explore) {
        free(m.explore_rule);
        m.explore_rule = strcmp(json_str(explore, "rule", "none"), "none") != 0 ? json_copy(json_str(explore, "rule", "")) : NULL;
        m.explore_setting = json_num(explore, "setting", route_explore_default(m.explore_rule));
    }
    if (rc >= 0 && cJSON_IsObject(generation)) { /* {}: as the weights say */
        cJSON_Delete(m.generation);
        m.generation = generation->child ? cJSON_Duplicate(generation, 1) : NULL;
    }
    if (rc >= 0 && m.explore_rule)
        rc = route_explore_check(m.explore_rule, m.explore_setting, err);
    cJSON *out = rc >= 0 ? adapt_apply(a, &version, &m, json_num(in, "canary_share", 0), NULL, err) : NULL;
    manner_free(&m);
    version_free(&version);
    agent_free(&agent);
    return out;
}

cJSON *api_version_deploy(struct api *a, const cJSON *in, struct hone_err *err)
{
    api_clear(a);
    if (json_get(in, "threshold") || json_get(in, "explore") || json_get(in, "generation") ||
        json_get(in, "canary_share"))
        return deploy_changed(a, in, err);
    return deploy(a, json_str(in, "agent_id", ""), json_str(in, "version_id", ""), "deployed", err);
}

/* Ends the canary: the active version answers all questions again. */
static cJSON *end_canary(struct api *a, const struct agent_row *agent, struct hone_err *err)
{
    cJSON *out = NULL;
    struct route *r = route_find(a, agent->id, agent->active_version, err);
    struct store *s = r ? books_open(a, err) : NULL;
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = agent_set_canary(s, agent->id, NULL, 0, err);
    if (rc >= 0)
        rc = tell_rollback(s, agent, agent->active_version, agent->canary_version, err);
    if (rc >= 0)
        rc = book_also(a, s, out = deployed_json(r, agent->canary_version, AGENT_ROLLED_BACK), err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    route_free(r);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_agent_rollback(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct agent_row row = { 0 };
    char *version = NULL;
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, json_str(in, "agent_id", ""), &row, err) : err->code;
    int canary = rc >= 0 && row.canary_version;
    if (rc >= 0 && !canary)
        rc = agent_previous(s, row.id, &version, err);
    books_close(a, s);
    cJSON *out = rc < 0 ? NULL : canary ? end_canary(a, &row, err) : deploy(a, row.id, version, AGENT_ROLLED_BACK, err);
    free(version);
    agent_free(&row);
    return out;
}

/* ---- feedback ---- */

static cJSON *feedback_json(const struct interaction_row *row)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "interaction_id", row->id);
    json_put_str(o, "agent_id", row->agent_id);
    json_put_str(o, "version_id", row->version_id);
    json_put_str(o, "output", row->output);
    json_put_str(o, "feedback", row->feedback);
    json_put_num(o, "rating", row->rating);
    json_put_str(o, "expected_output", row->expected_output);
    put_time(o, "feedback_at", row->feedback_at);
    return o;
}

cJSON *api_feedback(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct interaction_row row = { 0 };
    struct agent_row agent = { 0 };
    const char *id = json_str(in, "interaction_id", "");
    const struct interaction_feedback f = { .feedback = json_str(in, "feedback", NULL), .rating = json_num(in, "rating", NAN),
                                            .expected_output = json_str(in, "expected_output", NULL) };
    api_clear(a);
    struct store *s = books_open(a, err);
    int rc = s ? interaction_get(s, id, &row, err) : err->code;
    if (rc >= 0 && (rc = agent_get(s, row.agent_id, &agent, err)) == ERR_NOT_FOUND) /* another tenant's */
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no interaction '%.200s'", id);
    if (rc >= 0)
        rc = interaction_rate(s, id, &f, err);
    if (rc >= 0)
        rc = adapt_watch(s, row.agent_id, err);
    interaction_free(&row);
    if (rc >= 0)
        rc = interaction_get(s, id, &row, err);
    books_close(a, s);
    cJSON *out = rc >= 0 ? feedback_json(&row) : NULL;
    interaction_free(&row);
    agent_free(&agent);
    return out;
}
