/* What became of a change: see adapt.h. The bounds hold however often one looks (core/judge/sequence.h), so each piece of feedback may be looked at. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/adapt.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/judge/sequence.h"
#include "core/store/adaptation.h"
#include "core/store/outbox.h"

#define ALPHA 0.02           /* chance that a change which does no harm is taken back */
#define PROMOTE 50           /* rated answers of a canary before it answers all questions */
#define KEEP 500             /* rated answers before the watch ends */

struct seen_since {
    double success, abstention;  /* means */
    int64_t rated, asked;
};

/* All since the change, so that the bounds hold; with the threshold of the change, also where a caller named another. */
static int look(struct store *s, const struct adaptation_row *open, const cJSON *proposal, struct seen_since *o, struct hone_err *err)
{
    struct interaction_tally t = { 0 };
    int rc = interaction_tally(s, open->agent_id, open->version_id, open->created_at, json_num(json_get(proposal, "change"), "threshold", 0), &t, err);
    o->asked = t.asked;
    o->rated = t.rated;
    o->success = t.rated ? t.success / (double)t.rated : (double)NAN;
    o->abstention = t.asked ? (double)t.refused / (double)t.asked : (double)NAN;
    return rc;
}

/* Whether a criterion of the proposal speaks for going back; `why` gets the sentence. */
static int broken(const cJSON *proposal, const struct seen_since *o, char why[300])
{
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(proposal, "rollback_criteria")) {
        double value = json_num(c, "value", NAN);
        int success = strcmp(json_str(c, "metric", ""), "success_rate") == 0;
        int64_t n = success ? o->rated : o->asked;
        struct interval i = sequence_of_mean(success ? o->success : o->abstention, n, ALPHA);
        if (isnan(value) || n < json_int(c, "rows", 0))
            continue;
        if (success ? i.high < value : i.low > value) {
            snprintf(why, 300, "%s is %.3f (%.3f to %.3f) over %lld, which is %s %.3f", success ? "success_rate" : "abstention_rate", success ? o->success : o->abstention, i.low, i.high,
                     (long long)n, success ? "below" : "above", value);
            return 1;
        }
    }
    return 0;
}

static int tell_back(struct store *s, const struct adaptation_row *open, const struct agent_row *agent, const char *why, struct hone_err *err)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "agent_id", agent->id);
    json_put_str(o, "agent_name", agent->name);
    json_put_str(o, "adaptation_id", open->id);
    json_put_str(o, "version_id", open->previous_id);
    json_put_str(o, "previous_version_id", open->version_id);
    json_put_str(o, "reason", why);
    int rc = outbox_event(s, agent->tenant, "agent.rolled_back", NULL, o, err);
    cJSON_Delete(o);
    return rc;
}

static int take_back(struct store *s, const struct adaptation_row *open, const struct agent_row *agent, int canary, const char *why, struct hone_err *err)
{
    int rc = canary ? agent_set_canary(s, agent->id, NULL, 0, err) : agent_activate(s, agent->id, open->previous_id, AGENT_ROLLED_BACK, err);
    if (rc >= 0)
        rc = adaptation_decide(s, open->id, ADAPTATION_ROLLED_BACK, why, err);
    if (rc >= 0)
        rc = tell_back(s, open, agent, why, err);
    if (rc >= 0)
        log_line(LOG_WARN, "agent %s answers as before again: %s", agent->name, why);
    return rc < 0 ? rc : 1;
}

/* Within a transaction. */
static int decide(struct store *s, const struct adaptation_row *open, const struct agent_row *agent, struct hone_err *err)
{
    struct seen_since o;
    char why[300];
    int canary = strcmp(open->status, ADAPTATION_CANARY) == 0;
    const char *answers = canary ? agent->canary_version : agent->active_version;
    int rc = 0;
    if (!answers || strcmp(answers, open->version_id) != 0) {
        rc = adaptation_decide(s, open->id, ADAPTATION_REPLACED, "another version was deployed, or somebody went back", err);
        return rc < 0 ? rc : 1;
    }
    cJSON *proposal = stored_json(open->proposal);
    if ((rc = look(s, open, proposal, &o, err)) < 0) {
        cJSON_Delete(proposal);
        return rc;
    }
    if (broken(proposal, &o, why)) {
        rc = take_back(s, open, agent, canary, why, err);
    } else if (canary && o.rated >= PROMOTE) {
        rc = agent_activate(s, agent->id, open->version_id, "adapted", err);
        rc = rc < 0 ? rc : adaptation_decide(s, open->id, ADAPTATION_APPLIED, NULL, err);
        rc = rc < 0 ? rc : 1;
    } else if (!canary && o.rated >= KEEP) {
        rc = adaptation_decide(s, open->id, ADAPTATION_KEPT, "no criterion for going back was met", err);
        rc = rc < 0 ? rc : 1;
    }
    cJSON_Delete(proposal);
    return rc;
}

int adapt_watch(struct store *s, const char *agent_id, struct hone_err *err)
{
    struct adaptation_row open = { 0 };
    struct agent_row agent = { 0 };
    int rc = adaptation_open(s, agent_id, &open, err);
    if (rc <= 0)
        return rc;
    rc = agent_get(s, agent_id, &agent, err);
    if (rc >= 0 && (rc = store_begin(s, err)) >= 0) {
        rc = decide(s, &open, &agent, err);
        if (rc < 0)
            store_rollback(s);
        else if (store_commit(s, err) < 0)
            rc = err->code;
    }
    agent_free(&agent);
    adaptation_free(&open);
    return rc;
}
