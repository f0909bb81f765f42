#include "core/api/route.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/function.h"
#include "core/api/priv.h"
#include "core/base/json.h"
#include "core/store/version.h"

#define SLOTS 1024

struct route *route_keep(struct route *r)
{
    __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    return r;
}

void route_free(struct route *r)
{
    if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(r->tenant);
    free(r->asked);
    free(r->agent_id);
    free(r->agent_name);
    free(r->version_id);
    free(r->weights);
    free(r->explore_rule);
    cJSON_Delete(r->generation);
    cJSON_Delete(r->plugin_dirs);
    route_free(r->canary);
    free(r);
}

void route_version(const struct route *r, struct warm_version *v)
{
    *v = (struct warm_version){ r->version_id, r->agent_id, r->weights, r->plugin_dirs };
}

static const char *tenant_of(const struct api *a)
{
    return a->call && a->call->tenant ? a->call->tenant : "default";
}

const struct route *route_drawn(const struct route *r, double chance)
{
    return r->canary && chance < r->canary_share ? r->canary : r;
}

/* ---- how a version answers ---- */

double route_explore_default(const char *rule)
{
    return !rule ? 0 : strcmp(rule, "epsilon_greedy") == 0 ? 0.05 : strcmp(rule, "softmax") == 0 ? 1 : 1000;
}

int route_explore_check(const char *rule, double setting, struct hone_err *err)
{
    if (strcmp(rule, "epsilon_greedy") == 0 && !(setting <= 1))
        return hone_fail(err, HONE_EINVAL, "explore.setting: epsilon is a share of the answers; expected 0 to 1, found %g", setting);
    if (strcmp(rule, "softmax") == 0 && !(setting >= 1e-6))
        return hone_fail(err, HONE_EINVAL, "explore.setting: expected a temperature of at least 1e-6, found %g; without exploration the best answer is taken", setting);
    return 0;
}

char *route_settings(double threshold, const char *rule, double setting, const cJSON *generation)
{
    cJSON *o = cJSON_CreateObject();
    if (threshold >= 0)
        json_put_num(o, "threshold", threshold);
    if (rule) {
        cJSON *e = cJSON_AddObjectToObject(o, "explore");
        json_put_str(e, "rule", rule);
        json_put_num(e, "setting", setting);
    }
    if (generation)
        json_put(o, "generation", cJSON_Duplicate(generation, 1));
    char *text = o && o->child ? json_text(o, 0) : NULL;
    cJSON_Delete(o);
    return text;
}

cJSON *route_generation(const struct route *r, const cJSON *asked)
{
    cJSON *all = r->generation ? cJSON_Duplicate(r->generation, 1) : asked ? cJSON_CreateObject() : NULL;
    const cJSON *v;
    cJSON_ArrayForEach(v, asked)
        json_put(all, v->string, cJSON_Duplicate(v, 1));
    return all;
}

static int read_settings(struct route *r, const char *text, struct hone_err *err)
{
    cJSON *o = stored_json(text);
    const cJSON *explore = json_get(o, "explore");
    const char *rule = json_str(explore, "rule", NULL);
    r->threshold = json_num(o, "threshold", -1);
    r->explore_setting = json_num(explore, "setting", 0);
    r->explore_rule = rule ? strdup(rule) : NULL;
    r->generation = cJSON_DetachItemFromObjectCaseSensitive(o, "generation");
    int ok = !rule || r->explore_rule;
    cJSON_Delete(o);
    return ok ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* ---- finding ---- */

static struct route *route_new(const char *tenant, const char *asked)
{
    struct route *r = calloc(1, sizeof *r);
    if (r && (r->asked = strdup(asked)) && (r->tenant = strdup(tenant))) {
        r->refs = 1;
        r->changes = store_agent_changes();
        return r;
    }
    if (r)
        free(r->asked);
    free(r);
    return NULL;
}

/* What the route needs to know of a version. */
static int take_version(struct api *a, struct store *s, struct route *r, const struct agent_row *agent, const struct version_row *version, struct hone_err *err)
{
    struct job_row job = { 0 };
    struct hone_err why;
    cJSON *start = start_frame(a, "predict");
    int found = job_get(s, version->job_id, &job, &why);
    if (found >= 0)
        add_model_dir(start, job.plugins);
    r->agent_id = strdup(agent->id);
    r->agent_name = strdup(agent->name);
    r->version_id = strdup(version->id);
    r->version = version->number;
    r->weights = state_path(a, version->weights_file);
    r->plugin_dirs = cJSON_DetachItemFromObjectCaseSensitive(start, "plugin_dirs");
    int rc = r->agent_id && r->agent_name && r->version_id && r->weights && r->plugin_dirs ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (found < 0 && found != ERR_NOT_FOUND) {
        *err = why;
        rc = found;
    }
    cJSON_Delete(start);
    job_free(&job);
    return rc < 0 ? rc : read_settings(r, version->settings, err);
}

static int take_canary(struct api *a, struct store *s, struct route *r, const struct agent_row *agent, struct hone_err *err)
{
    struct version_row version = { 0 };
    int rc = version_get(s, agent->canary_version, &version, err);
    if (rc >= 0 && !(r->canary = route_new(r->tenant, r->asked)))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = take_version(a, s, r->canary, agent, &version, err);
    r->canary_share = agent->canary_share;
    version_free(&version);
    return rc;
}

static int fill(struct api *a, struct store *s, struct route *r, const char *number, struct hone_err *err)
{
    struct agent_row agent = { 0 };
    struct version_row version = { 0 };
    int rc = find_agent(s, r->asked, &agent, err);
    if (rc >= 0)
        rc = number ? version_find(s, agent.id, number, &version, err) : version_active(s, agent.id, &version, err);
    if (rc >= 0)
        rc = take_version(a, s, r, &agent, &version, err);
    if (rc >= 0 && !number && agent.canary_version)
        rc = take_canary(a, s, r, &agent, err);
    version_free(&version);
    agent_free(&agent);
    return rc;
}

struct route *route_find(struct api *a, const char *agent, const char *version, struct hone_err *err)
{
    struct route *r = route_new(tenant_of(a), agent);
    if (!r) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    struct store *s = books_open(a, err);
    int rc = s ? fill(a, s, r, version, err) : err->code;
    if (!s && rc == ERR_NOT_FOUND)
        hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.80s': %.200s holds no state yet", agent, a->state_dir);
    books_close(a, s);
    if (rc >= 0)
        return r;
    route_free(r);
    return NULL;
}

/* ---- remembered ---- */

struct routes {
    pthread_mutex_t lock;
    struct route *slot[SLOTS];
};

struct routes *routes_new(void)
{
    struct routes *l = calloc(1, sizeof *l);
    if (l)
        pthread_mutex_init(&l->lock, NULL);
    return l;
}

void routes_free(struct routes *l)
{
    if (!l)
        return;
    for (int i = 0; i < SLOTS; i++)
        route_free(l->slot[i]);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static unsigned slot_of(const char *tenant, const char *agent)
{
    unsigned h = 2166136261u;
    for (const char *p = tenant; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    h = (h ^ 0xff) * 16777619u;
    for (const char *p = agent; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return (h ^ h >> 15) % SLOTS;
}

struct route *routes_find(struct routes *l, struct api *a, const char *agent, struct hone_err *err)
{
    const char *tenant = tenant_of(a);
    unsigned at = slot_of(tenant, agent);
    pthread_mutex_lock(&l->lock);
    struct route *r = l->slot[at];
    if (r && r->changes == store_agent_changes() && strcmp(r->asked, agent) == 0 && strcmp(r->tenant, tenant) == 0)
        route_keep(r);
    else
        r = NULL;
    pthread_mutex_unlock(&l->lock);
    if (r || !(r = route_find(a, agent, NULL, err)))
        return r;
    pthread_mutex_lock(&l->lock);
    struct route *old = l->slot[at];
    l->slot[at] = route_keep(r);
    pthread_mutex_unlock(&l->lock);
    route_free(old);
    return r;
}
