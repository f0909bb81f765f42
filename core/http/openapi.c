/* See openapi.h. */
#include <stdio.h>
#include <string.h>
#include "core/api/function.h"
#include "core/base/json.h"
#include "core/http/error_body.h"
#include "core/http/openapi.h"

static const char skeleton[] =
    "{\"openapi\": \"3.1.0\", \"info\": {\"title\": \"Hone: Training API\", \"version\": \"2.0\", \"license\": {\"name\": \"Apache-2.0\"}},"
    " \"security\": [{\"bearer\": []}],"
    " \"paths\": {},"
    " \"components\": {\"securitySchemes\": {\"bearer\": {\"type\": \"http\", \"scheme\": \"bearer\"}},"
    "  \"parameters\": {\"Idempotency-Key\": {\"name\": \"Idempotency-Key\", \"in\": \"header\", \"schema\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 255},"
    "   \"description\": \"The same key with the same body gives the answer of the first request, for 24 hours.\"}},"
    "  \"schemas\": {\"Error\": {\"type\": \"object\", \"required\": [\"success\", \"code\", \"message\", \"hint\", \"retryable\", \"trace_id\", \"status\", \"error\"],"
    "   \"properties\": {\"success\": {\"const\": false}, \"code\": {\"enum\": [\"UNAUTHORIZED\", \"VALIDATION_ERROR\", \"NOT_FOUND\", \"CONFLICT\","
    "     \"QUOTA_EXCEEDED\", \"PRECONDITION_FAILED\", \"SERVER_ERROR\"]}, \"message\": {\"type\": \"string\"}, \"hint\": {\"type\": \"string\"},"
    "     \"retryable\": {\"type\": \"boolean\"}, \"trace_id\": {\"type\": \"string\"}, \"detail\": {\"type\": \"string\"}, \"title\": {\"type\": \"string\"},"
    "     \"status\": {\"type\": \"integer\"}, \"type\": {\"type\": \"string\"}, \"error\": {\"type\": \"object\", \"properties\": {\"code\": {\"type\": \"string\"},"
    "      \"message\": {\"type\": \"string\"}, \"type\": {\"type\": \"string\"}, \"param\": {\"type\": [\"string\", \"null\"]}, \"details\": {\"type\": \"array\","
    "      \"items\": {\"type\": \"object\", \"properties\": {\"path\": {\"type\": \"string\"}, \"line\": {\"type\": \"integer\"}, \"column\": {\"type\": \"integer\"},"
    "       \"message\": {\"type\": \"string\"}, \"fix\": {\"type\": \"string\"}}}}}}}}}}}";

static cJSON *object(cJSON *in, const char *key)
{
    return json_put(in, key, cJSON_CreateObject());
}

static cJSON *reference(const char *to)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "$ref", to);
    return o;
}

/* What a success carries: {success, data, trace_id}. */
static cJSON *envelope(cJSON *data)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "type", "object");
    cJSON *p = object(o, "properties");
    json_put_bool(object(p, "success"), "const", 1);
    json_put(p, "data", data);
    json_put_str(object(p, "trace_id"), "type", "string");
    return o;
}

static void put_content(cJSON *in, const char *media, cJSON *schema)
{
    json_put(object(object(in, "content"), media), "schema", schema);
}

static void put_errors(cJSON *responses)
{
    static const int statuses[] = { 401, 404, 409, 412, 413, 415, 422, 429, 500 };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char key[8];
        snprintf(key, sizeof key, "%d", statuses[i]);
        cJSON *r = object(responses, key);
        json_put_str(r, "description", error_title(statuses[i]));
        put_content(r, "application/json", reference("#/components/schemas/Error"));
    }
}

static cJSON *operation(const struct api_function *f)
{
    cJSON *o = cJSON_CreateObject();
    char scope[80];
    snprintf(scope, sizeof scope, "Needs a token of scope %s.", api_scope_name(f->scope));
    json_put_str(o, "operationId", f->name);
    json_put_str(o, "summary", f->brief);
    json_put_str(o, "description", scope);
    if (f->flags & API_CHANGES) {
        cJSON *parameters = cJSON_CreateArray();
        cJSON_AddItemToArray(parameters, reference("#/components/parameters/Idempotency-Key"));
        json_put(o, "parameters", parameters);
    }
    cJSON *body = object(o, "requestBody"), *content = object(body, "content");
    json_put(object(content, "application/json"), "schema", shape_schema(f->in));
    json_put(object(content, "multipart/form-data"), "schema", shape_schema(f->in));
    cJSON *responses = object(o, "responses"), *good = object(responses, f->flags & API_CREATES ? "201" : "200");
    json_put_str(good, "description", "Done.");
    cJSON *data = f->out ? shape_schema(f->out) : cJSON_CreateObject();
    put_content(good, "application/json", envelope(data));
    if (f->begin) /* with `stream` */
        json_put_str(object(object(cJSON_GetObjectItemCaseSensitive(good, "content"), "text/event-stream"), "schema"), "type", "string");
    put_errors(responses);
    return o;
}

static void put_get(cJSON *paths, const char *path, const char *id, const char *summary, const char *media, int open)
{
    cJSON *o = object(object(paths, path), "get");
    json_put_str(o, "operationId", id);
    json_put_str(o, "summary", summary);
    if (open)
        json_put(o, "security", cJSON_CreateArray());
    cJSON *good = object(object(o, "responses"), "200");
    json_put_str(good, "description", "Done.");
    cJSON *schema = cJSON_CreateObject();
    json_put_str(schema, "type", strcmp(media, "application/json") == 0 ? "object" : "string");
    put_content(good, media, schema);
}

static void put_events(cJSON *paths)
{
    static const char path[] = "/api/v2/jobs/{job_id}/events";
    put_get(paths, path, "watchTrainingJob", "The states of a job as Server-Sent Events, until it has ended.", "text/event-stream", 0);
    cJSON *get = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(paths, path), "get"), *parameters = cJSON_CreateArray();
    static const struct {
        const char *name, *in;
    } names[] = { { "job_id", "path" }, { "Last-Event-ID", "header" } };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cJSON *p = cJSON_CreateObject();
        json_put_str(p, "name", names[i].name);
        json_put_str(p, "in", names[i].in);
        json_put_bool(p, "required", i == 0);
        json_put_str(object(p, "schema"), "type", "string");
        cJSON_AddItemToArray(parameters, p);
    }
    json_put(get, "parameters", parameters);
}

void openapi_write(struct buf *b)
{
    struct hone_err err = { 0 };
    char path[128];
    cJSON *doc = json_parse(skeleton, sizeof skeleton - 1, "openapi", &err), *paths = cJSON_GetObjectItemCaseSensitive(doc, "paths");
    if (!paths) {
        b->oom = 1;
        cJSON_Delete(doc);
        return;
    }
    for (const struct api_function *f = api_functions; f->name; f++) {
        snprintf(path, sizeof path, "/api/v2/functions/%s", f->name);
        json_put(object(paths, path), "post", operation(f));
    }
    put_events(paths);
    put_get(paths, "/healthz", "healthz", "Whether the process answers.", "application/json", 1);
    put_get(paths, "/readyz", "readyz", "Whether requests can be served.", "application/json", 1);
    put_get(paths, "/version", "version", "Versions of the program and its libraries.", "application/json", 1);
    put_get(paths, "/metrics", "metrics", "Metrics for Prometheus.", "text/plain", 0);
    put_get(paths, "/openapi.json", "openapi", "This description.", "application/json", 1);
    json_print(b, doc, 0);
    cJSON_Delete(doc);
}
