/* Deploying the weights of a version in another manner, as a version of its own. See adapt.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/adapt.h"
#include "core/api/route.h"
#include "core/api/serving.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/store/adaptation.h"
#include "core/store/outbox.h"

/* The threshold that the weights were trained to. */
static int trained_threshold(struct store *s, const char *job_id, double *threshold, struct hone_err *err)
{
    struct job_row job;
    int rc = job_get(s, job_id, &job, err);
    if (rc < 0)
        return rc;
    cJSON *results = stored_json(job.results);
    *threshold = json_num(json_get(results, "calibration"), "threshold", 0);
    if (!(*threshold >= 0))
        *threshold = 0;
    cJSON_Delete(results);
    job_free(&job);
    return 0;
}

int manner_of(struct store *s, const struct version_row *version, struct manner *m, struct hone_err *err)
{
    cJSON *own = stored_json(version->settings);
    const cJSON *explore = json_get(own, "explore");
    const char *rule = json_str(explore, "rule", NULL);
    *m = (struct manner){ .threshold = json_num(own, "threshold", -1), .explore_setting = json_num(explore, "setting", 0) };
    m->generation = cJSON_DetachItemFromObjectCaseSensitive(own, "generation");
    int rc = rule && !(m->explore_rule = strdup(rule)) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : 0;
    if (rc == 0 && m->threshold < 0)
        rc = trained_threshold(s, version->job_id, &m->threshold, err);
    cJSON_Delete(own);
    return rc;
}

void manner_free(struct manner *m)
{
    free(m->explore_rule);
    cJSON_Delete(m->generation);
    *m = (struct manner){ 0 };
}

/* The new version's row, which has its id, in the books but answering nothing yet. */
static int insert(struct store *s, const struct version_row *from, const struct manner *m, struct version_row *row, struct hone_err *err)
{
    *row = (struct version_row){ .id = row->id, .agent_id = from->agent_id, .job_id = from->job_id, .weights_file = from->weights_file, .weights_sha256 = from->weights_sha256,
                                 .weights_bytes = from->weights_bytes };
    if (!(row->settings = route_settings(m->threshold, m->explore_rule, m->explore_setting, m->generation)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    return version_insert(s, row, err);
}

static int tell(struct store *s, const struct adaptation_row *row, double share, const cJSON *proposal, struct hone_err *err)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "agent_id", row->agent_id);
    json_put_str(o, "adaptation_id", row->id);
    json_put_str(o, "version_id", row->version_id);
    json_put_str(o, "previous_version_id", row->previous_id);
    json_put_num(o, "canary_share", share);
    json_put(o, "proposal", cJSON_Duplicate(proposal, 1));
    int rc = outbox_event(s, NULL, "agent.adapted", NULL, o, err);
    cJSON_Delete(o);
    return rc;
}

/* Within a transaction. */
static int enter(struct store *s, const struct version_row *from, struct version_row *row, const struct manner *m, double share, const cJSON *proposal, struct hone_err *err)
{
    int rc = insert(s, from, m, row, err);
    if (rc >= 0)
        rc = share > 0 ? agent_set_canary(s, from->agent_id, row->id, share, err) : agent_activate(s, from->agent_id, row->id, proposal ? "adapted" : "deployed", err);
    if (rc < 0 || !proposal)
        return rc;
    char *text = json_text(proposal, 0);
    struct adaptation_row adaptation = { .agent_id = from->agent_id, .version_id = row->id, .previous_id = from->id, .proposal = text,
                                         .status = (char *)(intptr_t)(share > 0 ? ADAPTATION_CANARY : ADAPTATION_APPLIED) };
    rc = text ? adaptation_insert(s, &adaptation, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    rc = rc < 0 ? rc : tell(s, &adaptation, share, proposal, err);
    free(adaptation.id);
    free(text);
    return rc;
}

/* A daemon has a worker ready for the new version, by its id, before the first question; it knows whether the manner is one of its kind of agent. */
static int warm_up(struct api *a, const struct version_row *from, const char *id, const struct manner *m, struct hone_err *err)
{
    struct warm_version v;
    if (!a->serving)
        return 0;
    struct route *r = route_find(a, from->agent_id, from->id, err);
    if (!r)
        return err->code;
    route_version(r, &v);
    v.version_id = id;
    int rc = serving_load(a->serving, &v, err);
    route_free(r);
    if (rc > 0 && m->explore_rule)
        return hone_fail(err, HONE_EINVAL, "explore: this agent writes its answers; give generation.temperature in its place");
    if (rc == 0 && m->generation)
        return hone_fail(err, HONE_EINVAL, "generation: this agent chooses among its outputs and writes nothing");
    return rc;
}

static cJSON *deployed(const struct version_row *from, const struct version_row *row, const char *previous, double share, int adapted)
{
    cJSON *out = cJSON_CreateObject();
    json_put_str(out, "agent_id", from->agent_id);
    json_put_str(out, "version_id", row->id);
    json_put_int(out, "version", row->number);
    json_put_str(out, "previous_version_id", previous);
    json_put_str(out, "reason", adapted ? "adapted" : "deployed");
    if (share > 0)
        json_put_num(out, "canary_share", share);
    return out;
}

/* Whether the change fits what answers now; *agent is that. */
static int check(struct store *s, const struct version_row *from, double share, const cJSON *proposal, struct agent_row *agent, struct hone_err *err)
{
    struct adaptation_row open = { 0 };
    int rc = agent_get(s, from->agent_id, agent, err);
    if (rc >= 0 && share > 0 && !agent->active_version)
        rc = hone_fail(err, ERR_PRECONDITION, "agent '%.100s' has no version that answers the other questions: deploy one without canary_share first", agent->name);
    if (rc < 0 || !proposal)
        return rc;
    rc = adaptation_open(s, from->agent_id, &open, err);
    if (rc > 0)
        rc = hone_fail(err, ERR_CONFLICT, "a change of this agent is still watched (%s); it has to end before another one begins", open.id);
    else if (rc == 0 && (!agent->active_version || strcmp(agent->active_version, from->id) != 0))
        rc = hone_fail(err, ERR_CONFLICT, "another version was deployed while its interactions were looked at");
    else if (rc == 0 && agent->canary_version)
        rc = hone_fail(err, ERR_CONFLICT, "another version answers a share of the questions (%s); deploy it or go back first", agent->canary_version);
    adaptation_free(&open);
    return rc;
}

/* Looked at before a worker is started for it and, as loading takes its time, once more when it is written down. */
static int prepare(struct api *a, const struct version_row *from, const char *id, const struct manner *m, double share, const cJSON *proposal,
                   struct hone_err *err)
{
    struct agent_row agent = { 0 };
    struct store *s = books_open(a, err);
    int rc = s ? check(s, from, share, proposal, &agent, err) : err->code;
    books_close(a, s);
    agent_free(&agent);
    return rc < 0 ? rc : warm_up(a, from, id, m, err);
}

cJSON *adapt_apply(struct api *a, const struct version_row *from, const struct manner *m, double share, const cJSON *proposal, struct hone_err *err)
{
    char id[64];
    struct version_row row = { 0 };
    struct agent_row agent = { 0 };
    cJSON *out = NULL;
    id_new("ver", id, sizeof id);
    if (prepare(a, from, id, m, share, proposal, err) < 0)
        return NULL;
    struct store *s = books_open(a, err);
    int rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0 && !(row.id = strdup(id)))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = check(s, from, share, proposal, &agent, err);
    if (rc >= 0)
        rc = enter(s, from, &row, m, share, proposal, err);
    if (rc >= 0 && store_commit(s, err) >= 0)
        out = deployed(from, &row, agent.active_version, share, proposal != NULL);
    books_close(a, s);
    free(row.id);
    free(row.settings);
    agent_free(&agent);
    return out;
}
