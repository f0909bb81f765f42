/* The settings of `hone serve`: one table, as training keys have theirs. What they mean is for core/http and the daemon. Called by
 * settings.c for reading, and by whoever starts the daemon. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/settings_priv.h"
#include "core/base/json.h"

#define INT(name_, dflt_, min_, max_, doc_) { .name = name_, .aliases = "", .type = CONFIG_INT, .dflt = dflt_, .min = min_, .max = max_, .doc = doc_ }
#define STR(name_, dflt_, doc_) { .name = name_, .aliases = "", .type = CONFIG_STR, .sdflt = dflt_, .doc = doc_ }
#define FLAG(name_, dflt_, doc_) { .name = name_, .aliases = "", .type = CONFIG_BOOL, .dflt = dflt_, .doc = doc_ }
#define LIST(name_, doc_) { .name = name_, .aliases = "", .type = CONFIG_LIST, .doc = doc_ }

const struct config_key serve_keys[] = {
    LIST("http.listen", "Addresses to listen on, at most 5: HOST:PORT, [IPV6]:PORT or unix:PATH; none stands for 127.0.0.1:8080."),
    FLAG("http.behindProxy", 0, "A proxy in front does TLS and appends the client's address to X-Forwarded-For."),
    STR("http.tlsCert", NULL, "PEM file of the certificate and what signed it; with http.tlsKey the server itself does TLS 1.2 and 1.3."),
    STR("http.tlsKey", NULL, "PEM file of the certificate's key."),
    INT("http.threads", 0, 0, 64, "Threads that read requests and write answers; 0 takes one a core, at most 8."),
    INT("http.callThreads", 64, 2, 1024, "Threads for calls that may wait for the disk or for a worker."),
    INT("http.longCalls", 16, 1, 1023, "Of those, how many may run workers at once (evaluations, reports)."),
    INT("http.connections", 1000, 1, 100000, "Connections at once; the process needs 64 descriptors more than that."),
    INT("http.connectionsPerAddress", 32, 0, 100000, "Connections at once from one address (for IPv6: one /64 network); 0 sets no limit. Behind a proxy, "
        "all come from one."),
    INT("http.backlog", 511, 1, 65535, "Connections that may wait to be taken."),
    INT("http.headerMs", 10000, 100, 600000, "Milliseconds for the header of a request, counted from the connection's start or the answer before."),
    INT("http.bodyMs", 30000, 100, 3600000, "Milliseconds for the body of a request."),
    INT("http.writeMs", 60000, 100, 3600000, "Milliseconds in which a client has to take an answer."),
    INT("http.bodyBytes", 1 << 20, 1024, 1 << 30, "Bytes of a JSON body, at most."),
    INT("http.uploadBytes", 64 << 20, 1024, 1099511627776.0, "Bytes of an upload (multipart/form-data), at most."),
    INT("http.headerLines", 100, 8, 1000, "Fields of a request's header, at most."),
    INT("http.headerBytes", 16 << 10, 1024, 1 << 20, "Bytes of all header fields, at most."),
    INT("http.urlBytes", 8 << 10, 256, 1 << 20, "Bytes of a URL, at most."),
    INT("http.connectionBytes", 32 << 10, 4096, 4 << 20, "Memory of a connection for its header and for writing."),
    INT("http.loginFailures", 10, 0, 1e6, "Requests with a wrong token that one address may send in a minute; 0 sets no limit."),
    INT("http.requestsPerMinute", 0, 0, 1e9, "Requests that may come with one token in a minute; 0 sets no limit."),
    INT("http.heartbeatMs", 15000, 100, 600000, "Milliseconds of silence after which an event stream shows that it lives."),
    INT("http.retryMs", 2000, 0, 600000, "Milliseconds after which a client of an event stream comes back when it broke."),
    INT("http.gzipBytes", 1400, 0, 1e9, "Answers from this size on are compressed for clients that take gzip; 0 compresses none."),
    STR("http.accessLog", "-", "File that gets a line of JSON for each request; - is standard error, none writes none."),
    LIST("http.cors", "Origins whose pages may call the API from a browser, at most 7; * is any. None: only pages of no origin but the server's."),
    INT("limits.jobsPerDay", 0, 0, 1e9, "Jobs that a tenant may start in a day (UTC); 0 sets no limit."),
    INT("limits.runningJobs", 0, 0, 1e6, "Jobs of a tenant that may wait or run at once; 0 sets no limit."),
    INT("limits.examples", 0, 0, 9e15, "Examples that a tenant may keep in datasets, modules and jobs (a file that several use counts once); 0 sets no limit."),
    INT("limits.bytes", 0, 0, 9e15, "Bytes that a tenant may keep: such files, weights and checkpoints; 0 sets no limit."),
    INT("limits.webhooks", 50, 0, 1e6, "Webhooks that a tenant may register; 0 sets no limit."),
    INT("limits.requestsPerMinute", 0, 0, 1e9, "Requests of a tenant in a minute, over all of its tokens; 0 sets no limit."),
    INT("tokenLimits.jobsPerDay", 0, 0, 1e9, "The same of one token."),
    INT("tokenLimits.runningJobs", 0, 0, 1e6, "The same of one token."),
    INT("tokenLimits.examples", 0, 0, 9e15, "The same of one token."),
    INT("tokenLimits.bytes", 0, 0, 9e15, "The same of one token."),
    FLAG("webhooks.allowPrivate", 0, "Webhooks may lead to private networks and to this machine. Link-local, multicast and reserved addresses stay refused."),
    FLAG("webhooks.allowHttp", 0, "Webhooks may be without TLS."),
    STR("webhooks.caFile", NULL, "PEM file of the authorities that certificates of webhooks are checked against, in place of the system's."),
    INT("webhooks.timeoutMs", 15000, 100, 60000, "Milliseconds that a webhook may take to answer."),
    INT("webhooks.keepDays", 30, 1, 3650, "Days that messages to webhooks are kept after they were sent or given up."),
    STR("generate.endpoint", NULL, "Address of an OpenAI-compatible endpoint that the generator openai asks, up to and without /chat/completions."),
    STR("generate.model", NULL, "Name of its model."),
    STR("generate.keyFile", NULL, "File with the key that it is sent, readable by its owner alone."),
    STR("generate.caFile", NULL, "PEM file of the authorities that its certificate is checked against, in place of the system's."),
    INT("generate.timeoutMs", 60000, 100, 90000, "Milliseconds that it may take for an answer."),
    INT("generate.tries", 3, 1, 3, "Times that it is asked when it is busy, fails or does not answer."),
    INT("serving.memoryMb", 1024, 16, 1e6, "Memory of all workers that keep agents ready, in MB; the least used ones end beyond it."),
    INT("serving.idleMs", 600000, 1000, 86400000, "Milliseconds without a question after which such a worker ends."),
    INT("serving.answerMs", 30000, 100, 3600000, "Milliseconds that it may take for a batch of questions, or to load its weights."),
    INT("serving.queue", 10000, 1, 1e6, "Questions that may wait for one version of an agent."),
    FLAG("serving.mapWeights", 0, "Weights of agents that are kept ready are mapped, not read and checked: they are there at once and workers share their memory. "
         "For state directories whose files nobody but the daemon changes."),
};
const int n_serve_keys = (int)(sizeof serve_keys / sizeof serve_keys[0]);

const struct config_key *serve_key_find(const char *name)
{
    char snake[64];
    for (int i = 0; i < n_serve_keys; i++) {
        config_snake(serve_keys[i].name, snake, sizeof snake);
        if (strcmp(serve_keys[i].name, name) == 0 || strcmp(snake, name) == 0)
            return &serve_keys[i];
    }
    return NULL;
}

int serve_key_group(const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < n_serve_keys; i++) {
        if (strncmp(serve_keys[i].name, name, n) == 0 && serve_keys[i].name[n] == '.')
            return 1;
    }
    return 0;
}

/* The value that was given, or NULL where the default holds. */
static const struct entry *given(const struct settings *s, const char *key)
{
    const struct entry *e = settings_find(s, key);
    return e && !cJSON_IsNull(e->value) ? e : NULL;
}

double settings_number(const struct settings *s, const char *key)
{
    const struct entry *e = given(s, key);
    const struct config_key *k = serve_key_find(key);
    return e && cJSON_IsNumber(e->value) ? e->value->valuedouble : e && cJSON_IsBool(e->value) ? cJSON_IsTrue(e->value) : k ? k->dflt : NAN;
}

const char *settings_text(const struct settings *s, const char *key)
{
    const struct entry *e = given(s, key);
    const struct config_key *k = serve_key_find(key);
    return e && cJSON_IsString(e->value) ? e->value->valuestring : k ? k->sdflt : NULL;
}

const cJSON *settings_list(const struct settings *s, const char *key)
{
    const struct entry *e = given(s, key);
    return e && cJSON_IsArray(e->value) ? e->value : NULL;
}

char *settings_file(const struct settings *s, const char *key)
{
    const struct entry *e = given(s, key);
    const char *text = settings_text(s, key);
    return text ? settings_path(text, e ? e->source : "") : NULL;
}

cJSON *settings_serve(const struct settings *s)
{
    cJSON *out = cJSON_CreateObject();
    for (int i = 0; i < n_serve_keys; i++) {
        const struct entry *e = given(s, serve_keys[i].name);
        json_put(out, serve_keys[i].name, e ? cJSON_Duplicate(e->value, 1) : config_default(&serve_keys[i]));
    }
    return out;
}
