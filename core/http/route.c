/* Paths to what answers them. See request.h. */
#include <stdio.h>
#include <string.h>
#include "core/http/request.h"

enum http_method http_method_of(const char *method)
{
    static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };
    for (int i = 0; i < METHOD_OTHER; i++) {
        if (strcmp(names[i], method) == 0)
            return (enum http_method)i;
    }
    return METHOD_OTHER;
}

static const struct {
    const char *path, *name;
    enum route_kind kind;
} fixed[] = {
    { "/healthz", "healthz", ROUTE_HEALTHZ },
    { "/readyz", "readyz", ROUTE_READYZ },
    { "/version", "version", ROUTE_VERSION },
    { "/metrics", "metrics", ROUTE_METRICS },
    { "/openapi.json", "openapi", ROUTE_OPENAPI },
};
#define N_FIXED (sizeof fixed / sizeof fixed[0])

static int find_function(const char *name, struct route *out, struct hone_err *err)
{
    const char *near = NULL;
    out->function = api_function_find(name, &near);
    if (!out->function)
        return hone_fail(err, ERR_NOT_FOUND, "there is no function of that name%s%s%s", near ? "; did you mean " : "", near ? near : "",
                         near ? "?" : "");
    out->kind = ROUTE_FUNCTION;
    return 0;
}

/* "/api/apps/{appId}/functions/NAME": the app means nothing here, but that its id has to be one. */
static const char *behind_app(const char *path)
{
    static const char prefix[] = "/api/apps/", between[] = "/functions/";
    if (strncmp(path, prefix, sizeof prefix - 1) != 0)
        return NULL;
    const char *app = path + sizeof prefix - 1, *end = strchr(app, '/');
    if (!end || end == app || end - app > 128 || strncmp(end, between, sizeof between - 1) != 0)
        return NULL;
    return end + sizeof between - 1;
}

static int find_events(const char *rest, struct route *out, struct hone_err *err)
{
    const char *end = strchr(rest, '/');
    size_t n = end ? (size_t)(end - rest) : 0;
    if (!n || n >= sizeof out->job_id || strcmp(end, "/events") != 0)
        return hone_fail(err, ERR_NOT_FOUND, "there is no such path; the events of a job are at /api/v2/jobs/JOB_ID/events");
    memcpy(out->job_id, rest, n);
    out->job_id[n] = '\0';
    out->kind = ROUTE_EVENTS;
    return 0;
}

int http_route_find(const char *path, struct route *out, struct hone_err *err)
{
    static const char v2[] = "/api/v2/functions/", plain[] = "/api/functions/", jobs[] = "/api/v2/jobs/";
    const char *name = NULL;
    *out = (struct route){ 0 };
    if (strncmp(path, v2, sizeof v2 - 1) == 0)
        name = path + sizeof v2 - 1;
    else if (strncmp(path, plain, sizeof plain - 1) == 0)
        name = path + sizeof plain - 1;
    else
        name = behind_app(path);
    if (name)
        return find_function(name, out, err);
    if (strncmp(path, jobs, sizeof jobs - 1) == 0)
        return find_events(path + sizeof jobs - 1, out, err);
    for (size_t i = 0; i < N_FIXED; i++) {
        if (strcmp(path, fixed[i].path) == 0) {
            out->kind = fixed[i].kind;
            return 0;
        }
    }
    return hone_fail(err, ERR_NOT_FOUND, "there is no such path; functions are at /api/v2/functions/NAME, and /openapi.json lists everything");
}

int http_route_takes(const struct route *route, enum http_method method)
{
    int reads = route->kind != ROUTE_FUNCTION || !(route->function->flags & API_CHANGES);
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD:
        return reads;
    case METHOD_POST:
        return route->kind == ROUTE_FUNCTION;
    case METHOD_OPTIONS:
        return 1;
    default:
        return 0;
    }
}

const char *http_route_allow(const struct route *route)
{
    if (route->kind != ROUTE_FUNCTION)
        return "GET, HEAD, OPTIONS";
    return route->function->flags & API_CHANGES ? "POST, OPTIONS" : "POST, GET, HEAD, OPTIONS";
}

const char *http_route_name(const struct route *route)
{
    if (route->kind == ROUTE_FUNCTION)
        return route->function->name;
    for (size_t i = 0; i < N_FIXED; i++) {
        if (route->kind == fixed[i].kind)
            return fixed[i].name;
    }
    return route->kind == ROUTE_EVENTS ? "events" : "none";
}
