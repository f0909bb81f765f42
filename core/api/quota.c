/* See quota.h. */
#include <string.h>
#include "core/api/daemon_priv.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/store/usage.h"

/* Seconds after which it may be tried again where nothing is known of when something becomes free. */
#define ACTIVE_WAIT_S 10
#define KEPT_WAIT_S 3600

static const struct {
    const char *name, *remedy;
    size_t limit, used;
    int wait_s;                /* 0: until the day ends */
} quotas[QUOTAS] = {
    [QUOTA_JOBS_PER_DAY] = { "jobs_per_day", "more may be started when the day (UTC) is over", offsetof(struct quota_limits, jobs_per_day),
                             offsetof(struct usage, jobs_today), 0 },
    [QUOTA_JOBS_ACTIVE] = { "running_jobs", "wait for one to end, or cancel one", offsetof(struct quota_limits, jobs_active),
                            offsetof(struct usage, jobs_active), ACTIVE_WAIT_S },
    [QUOTA_EXAMPLES] = { "examples", "delete datasets, modules or jobs", offsetof(struct quota_limits, examples), offsetof(struct usage, examples),
                         KEPT_WAIT_S },
    [QUOTA_BYTES] = { "bytes", "delete datasets, modules or jobs", offsetof(struct quota_limits, bytes), offsetof(struct usage, bytes), KEPT_WAIT_S },
    [QUOTA_WEBHOOKS] = { "webhooks", "delete one", offsetof(struct quota_limits, webhooks), offsetof(struct usage, webhooks), KEPT_WAIT_S },
};

static int64_t limit_of(const struct quota_limits *l, int i)
{
    return *(const int64_t *)(const void *)((const char *)l + quotas[i].limit);
}

static int64_t used_of(const struct usage *u, int i)
{
    return *(const int64_t *)(const void *)((const char *)u + quotas[i].used) + (i == QUOTA_BYTES ? u->weights_bytes : 0);
}

static int any_limit(const struct quota_limits *l, unsigned which)
{
    for (int i = 0; i < QUOTAS; i++) {
        if ((which & QUOTA_BIT(i)) && limit_of(l, i))
            return 1;
    }
    return 0;
}

static int64_t day_end(int64_t now)
{
    return (now / USAGE_DAY_MS + 1) * USAGE_DAY_MS;
}

const char *quota_token(const struct api *a)
{
    return a->call && !a->call->local ? a->call->token_id : NULL;
}

static int over(struct api *a, int i, const char *of, int64_t limit, int64_t now, struct hone_err *err)
{
    __atomic_add_fetch(&a->daemon->over_quota[i], 1, __ATOMIC_RELAXED);
    if (a->answer) {
        a->answer->retry_after_s = quotas[i].wait_s ? quotas[i].wait_s : (int)((day_end(now) - now + 999) / 1000);
        a->answer->quota = quotas[i].name;
        a->answer->quota_limit = limit;
        a->answer->quota_window_s = quotas[i].wait_s ? 0 : USAGE_DAY_MS / 1000;
    }
    return hone_fail(err, ERR_QUOTA, "the quota %s of this %s is %lld and used up; %s", quotas[i].name, of, (long long)limit, quotas[i].remedy);
}

static int check_one(struct api *a, struct store *s, const char *token, const struct quota_limits *l, unsigned which, struct hone_err *err)
{
    struct usage u;
    int64_t now = clock_wall_ms();
    if (!any_limit(l, which))
        return 0;
    int rc = usage_get(s, a->call && a->call->tenant ? a->call->tenant : STORE_TENANT, token, now, &u, err);
    for (int i = 0; i < QUOTAS && rc >= 0; i++) {
        int64_t limit = limit_of(l, i);
        if ((which & QUOTA_BIT(i)) && limit && used_of(&u, i) > limit)
            rc = over(a, i, token ? "token" : "tenant", limit, now, err);
    }
    return rc;
}

int quota_check(struct api *a, struct store *s, unsigned which, struct hone_err *err)
{
    const char *token = quota_token(a);
    if (!a->daemon)
        return 0;
    int rc = check_one(a, s, NULL, &a->daemon->o.tenant, which, err);
    return rc < 0 || !token ? rc : check_one(a, s, token, &a->daemon->o.token, which, err);
}

/* ---- for people and machines ---- */

static void put_used(cJSON *list, const char *of, const struct quota_limits *l, const struct usage *u, int64_t now)
{
    for (int i = 0; i < QUOTAS; i++) {
        int64_t limit = l ? limit_of(l, i) : 0, used = used_of(u, i);
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "quota", quotas[i].name);
        json_put_str(o, "of", of);
        json_put_int(o, "used", used);
        json_put(o, "limit", limit ? cJSON_CreateNumber((double)limit) : cJSON_CreateNull());
        json_put(o, "remaining", limit ? cJSON_CreateNumber((double)(used < limit ? limit - used : 0)) : cJSON_CreateNull());
        put_time(o, "resets_at", i == QUOTA_JOBS_PER_DAY ? day_end(now) : 0);
        cJSON_AddItemToArray(list, o);
    }
}

cJSON *api_usage(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *token = quota_token(a), *tenant = a->call && a->call->tenant ? a->call->tenant : STORE_TENANT;
    struct usage all = { 0 }, own = { 0 };
    int64_t now = clock_wall_ms();
    (void)in;
    struct store *s = books_open(a, err);
    int rc = s ? usage_get(s, tenant, NULL, now, &all, err) : err->code == ERR_NOT_FOUND ? 0 : err->code;
    if (rc >= 0 && s && token)
        rc = usage_get(s, tenant, token, now, &own, err);
    books_close(a, s);
    if (rc < 0)
        return NULL;
    cJSON *out = cJSON_CreateObject(), *list = cJSON_CreateArray();
    json_put_str(out, "tenant", tenant);
    json_put_str(out, "token_id", token);
    put_used(list, "tenant", a->daemon ? &a->daemon->o.tenant : NULL, &all, now);
    if (token)
        put_used(list, "token", a->daemon ? &a->daemon->o.token : NULL, &own, now);
    json_put(out, "quotas", list);
    return out;
}

static void put_tenants(struct daemon *d, const char *only, struct buf *b)
{
    struct api one = d->api;
    struct hone_err err;
    struct usage_tenants list = { 0 };
    int64_t now = clock_wall_ms();
    struct store *s = books_open(&one, &err);
    int rc = s ? usage_tenants(s, &list, &err) : err.code;
    for (size_t t = 0; t < list.n && rc >= 0; t++) {
        struct usage u;
        if (only && strcmp(only, list.v[t].tenant) != 0)
            continue;
        rc = usage_get(s, list.v[t].tenant, NULL, now, &u, &err);
        for (int i = 0; i < QUOTAS && rc >= 0; i++) {
            if (!limit_of(&d->o.tenant, i))
                continue;
            buf_puts(b, "hone_quota_used{tenant=");
            buf_json_string(b, list.v[t].tenant, strlen(list.v[t].tenant));
            buf_printf(b, ",quota=\"%s\"} %lld\n", quotas[i].name, (long long)used_of(&u, i));
        }
    }
    books_close(&one, s);
    usage_tenants_free(&list);
    if (rc < 0)
        log_line(LOG_WARN, "what tenants have used cannot be read: %s", err.text);
}

void quota_metrics(struct daemon *d, const char *tenant, struct buf *b)
{
    buf_puts(b, "# HELP hone_quota_rejections_total Calls refused for a quota.\n# TYPE hone_quota_rejections_total counter\n");
    for (int i = 0; i < QUOTAS; i++)
        buf_printf(b, "hone_quota_rejections_total{quota=\"%s\"} %lld\n", quotas[i].name, (long long)__atomic_load_n(&d->over_quota[i], __ATOMIC_RELAXED));
    if (!any_limit(&d->o.tenant, ~0u))
        return;
    buf_puts(b, "# HELP hone_quota_used What tenants have used of quotas that are limited.\n# TYPE hone_quota_used gauge\n");
    put_tenants(d, tenant, b);
}
