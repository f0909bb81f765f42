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
    cJSON_Delete(r->plugin_dirs);
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

/* The strings of rows that are read become the route's. */
static int fill(struct api *a, struct store *s, struct route *r, const char *number, struct hone_err *err)
{
    struct agent_row agent = { 0 };
    struct version_row version = { 0 };
    struct job_row job = { 0 };
    struct hone_err ignored;
    cJSON *start = start_frame(a, "predict");
    int rc = find_agent(s, r->asked, &agent, err);
    if (rc >= 0)
        rc = number ? version_find(s, agent.id, number, &version, err) : version_active(s, agent.id, &version, err);
    if (rc >= 0 && job_get(s, version.job_id, &job, &ignored) >= 0)
        add_model_dir(start, job.plugins);
    if (rc >= 0) {
        r->agent_id = strdup(agent.id);
        r->agent_name = strdup(agent.name);
        r->version_id = strdup(version.id);
        r->version = version.number;
        r->weights = state_path(a, version.weights_file);
        r->plugin_dirs = cJSON_DetachItemFromObjectCaseSensitive(start, "plugin_dirs");
        if (!r->agent_id || !r->agent_name || !r->version_id || !r->weights || !r->plugin_dirs)
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    cJSON_Delete(start);
    job_free(&job);
    version_free(&version);
    agent_free(&agent);
    return rc;
}

struct route *route_find(struct api *a, const char *agent, const char *version, struct hone_err *err)
{
    struct route *r = calloc(1, sizeof *r);
    if (!r || !(r->asked = strdup(agent)) || !(r->tenant = strdup(tenant_of(a)))) {
        if (r)
            free(r->asked);
        free(r);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    r->refs = 1;
    r->changes = store_agent_changes();
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
