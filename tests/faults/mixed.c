/* Many clients at once, each doing what the next draw says: everything the API has for a tenant, mistakes, and rudeness. It judges what
 * holds for every request whatever the moment: an answer comes, and no failure of the server's own. Races, leaks and latencies are judged
 * by who runs it: threads.sh, soak.sh and hostile_http.sh.
 * Use: mixed PORT CLIENTS SECONDS [SEED [GENTLE]], the token (admin) in HONE_TEST_TOKEN. With GENTLE only sound requests, and a pause of
 * so many milliseconds behind each. Prints how many calls succeeded and "N requests, N bad; good requests: p50 N us, p99 N us". */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "tests/faults/caller.h"

#define KEPT 65536                    /* latencies of a client that are kept */
#define MOST_JOBS 40                  /* what a client makes for good, so that a daemon's memory of it has an end */
#define MOST_TOKENS 40
#define WAIT_S 300                    /* a daemon that hangs is found; one that a sanitizer slows down is none */

static int port, gentle_ms, over;     /* over: atomic */
static const char *token;

struct client {
    pthread_t thread;
    int number;
    uint64_t random;
    struct caller caller;
    char agent[32], job[64];
    int jobs, tokens;
    int64_t requests, bad, done;      /* done: answered with 2xx */
    int64_t us[KEPT];
    int64_t n_us;
};

static uint64_t draw(struct client *c, uint64_t below)
{
    uint64_t z = c->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static void pause_ms(uint64_t ms)
{
    nanosleep(&(struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L }, NULL);
}

static void complain(struct client *c, const char *what, int status, const cJSON *answer)
{
    c->bad++;
    printf("client %d: %s: %d %s\n", c->number, what, status, json_str(answer, "message", ""));
}

/* 503 is said by a server that has too much to do, 429 by one that keeps a client in its bounds. */
static int is_answer(int status)
{
    return status > 0 && (status < 500 || status == 503);
}

/* Calls; the answer's data is in *out, to be deleted. */
__attribute__((format(printf, 4, 5))) static int call(struct client *c, const char *function, cJSON **out, const char *format, ...)
{
    char body[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(body, sizeof body, format, args);
    va_end(args);
    int64_t start = clock_mono_us();
    int status = caller_call(&c->caller, function, NULL, body, out);
    if (c->n_us < KEPT)
        c->us[c->n_us++] = clock_mono_us() - start;
    c->requests++;
    c->done += status / 100 == 2;
    if (!is_answer(status))
        complain(c, function, status, *out);
    return status;
}

/* 1 when the answer has it. */
static int keep(const cJSON *answer, const char *key, char *out, size_t size)
{
    const char *text = json_str(json_get(answer, "data"), key, "");
    if (*text)
        snprintf(out, size, "%s", text);
    return *text != '\0';
}

/* ---- sound requests ---- */

static void start_job(struct client *c)
{
    cJSON *out;
    if (c->jobs >= MOST_JOBS)
        return;
    call(c, "startTrainingJob", &out,
         "{\"agent_id\":\"%s\",\"training_data\":{\"examples\":[{\"input\":\"where is it\",\"expected_output\":\"there\"},{\"input\":\"what is it\","
         "\"expected_output\":\"that\"},{\"input\":\"where are you\",\"expected_output\":\"there\"},{\"input\":\"what do you do\",\"expected_output\":"
         "\"that\"}]},\"config\":{\"epochs\":%d,\"threads\":1,\"validationSplit\":0}}", c->agent, (int)(1 + draw(c, 4)));
    c->jobs += keep(out, "job_id", c->job, sizeof c->job);
    cJSON_Delete(out);
}

static void steer_job(struct client *c)
{
    static const char *const functions[] = { "monitorTrainingProgress", "monitorTrainingProgress", "monitorTrainingProgress", "getTrainingJob",
                                             "listCheckpoints", "pauseTrainingJob", "resumeTrainingJob", "cancelTrainingJob" };
    cJSON *out;
    call(c, functions[draw(c, sizeof functions / sizeof functions[0])], &out, "{\"job_id\":\"%s\"}", *c->job ? c->job : "latest");
    cJSON_Delete(out);
}

static void ask(struct client *c)
{
    cJSON *out;
    char id[64] = "";
    call(c, "invokeAgent", &out, "{\"agent_id\":\"%s\",\"input\":\"where is %d\"}", c->agent, (int)draw(c, 1000));
    keep(out, "interaction_id", id, sizeof id);
    cJSON_Delete(out);
    if (!*id)
        return;
    call(c, "recordFeedback", &out, "{\"interaction_id\":\"%s\",\"rating\":0.%d}", id, (int)draw(c, 10));
    cJSON_Delete(out);
}

static void list(struct client *c)
{
    static const char *const functions[] = { "listAgents", "listTrainingJobs", "listDatasets", "listTrainingModules", "listPresets", "listTokens" };
    cJSON *out;
    call(c, functions[draw(c, sizeof functions / sizeof functions[0])], &out, "{}");
    cJSON_Delete(out);
    if (draw(c, 100) == 0) {
        call(c, "listPlugins", &out, "{\"kind\":\"scheduler\"}");
        cJSON_Delete(out);
    }
}

static void change(struct client *c)
{
    cJSON *out;
    char id[64] = "";
    switch (draw(c, 4 - (c->tokens == MOST_TOKENS))) {
    case 3:
        c->tokens++;
        call(c, "createToken", &out, "{\"name\":\"mixed\",\"scope\":\"read\"}");
        keep(out, "token_id", id, sizeof id);
        cJSON_Delete(out);
        call(c, "revokeToken", &out, "{\"token_id\":\"%s\"}", id);
        break;
    case 1:
        call(c, "createTrainingModule", &out, "{\"name\":\"m%d\",\"examples\":[{\"input\":\"a\",\"expected_output\":\"b\"}]}", c->number);
        keep(out, "module_id", id, sizeof id);
        cJSON_Delete(out);
        call(c, "deleteTrainingModule", &out, "{\"module_id\":\"%s\"}", *id ? id : "none");
        break;
    case 2:
        call(c, "updateAgent", &out, "{\"agent_id\":\"%s\",\"description\":\"%d\"}", c->agent, (int)draw(c, 1000));
        break;
    default: /* 0 */
        call(c, "validateTrainingData", &out, "{\"training_data\":{\"examples\":[{\"input\":\"a\",\"expected_output\":\"b\"},{\"input\":\"c\"}]}}");
    }
    cJSON_Delete(out);
}

static void look(struct client *c)
{
    static const char *const paths[] = { "/healthz", "/readyz", "/version", "/openapi.json", "/healthz", "/nothing" };
    const char *path = paths[draw(c, sizeof paths / sizeof paths[0])];
    int64_t start = clock_mono_us();
    int status = caller_get(&c->caller, path);
    if (c->n_us < KEPT)
        c->us[c->n_us++] = clock_mono_us() - start;
    c->requests++;
    if (!is_answer(status))
        complain(c, path, status, NULL);
}

/* ---- rudeness: on a connection of its own, which it leaves as it pleases ---- */

static void rude(struct client *c)
{
    static const char *const texts[] = {
        "POST /api/v2/functions/listAgents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer @\r\nContent-Length: 500\r\n\r\n{\"half\":",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer @\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /api/v2/functions/listAgents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer hone_wrong\r\nContent-Length: 2\r\n\r\n{}",
        "POST /api/v2/functions/listAgents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer @\r\nContent-Length: 3\r\n\r\n{\"}",
        "POST /api/v2/functions/listAgents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer @\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{} ",
        "GET /api/v2/functions/../../etc HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHo",
    };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const char *form = texts[draw(c, sizeof texts / sizeof texts[0])], *at = strchr(form, '@');
    char text[1024], back[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), n;
    if (*c->job && draw(c, 3) == 0)
        n = snprintf(text, sizeof text, "GET /api/v2/jobs/%s/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", c->job, token);
    else if (at)
        n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - form), form, token, at + 1);
    else
        n = snprintf(text, sizeof text, "%s", form);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && send(fd, text, (size_t)n, MSG_NOSIGNAL) == n) {
        pause_ms(draw(c, 20));
        if (draw(c, 2))
            (void)!recv(fd, back, sizeof back, MSG_DONTWAIT);
        if (draw(c, 3) == 0)
            shutdown(fd, SHUT_WR);
        if (draw(c, 3) == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
    }
    if (fd >= 0)
        close(fd);
    c->requests++;
}

/* ---- running ---- */

static void *run(void *arg)
{
    static void (*const acts[])(struct client *) = { look, look, list, list, steer_job, steer_job, ask, ask, ask, change, start_job, rude, rude };
    struct client *c = arg;
    cJSON *out;
    call(c, "createAgent", &out, "{\"name\":\"%s\"}", c->agent);
    cJSON_Delete(out);
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        acts[draw(c, sizeof acts / sizeof acts[0] - (gentle_ms ? 3 : 0))](c);
        if (gentle_ms)
            pause_ms((uint64_t)gentle_ms);
    }
    caller_close(&c->caller);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int report(struct client *client, int n)
{
    int64_t requests = 0, bad = 0, done = 0, jobs = 0, count = 0;
    int64_t *all = calloc((size_t)n * KEPT + 1, sizeof *all);
    for (int i = 0; i < n; i++) {
        requests += client[i].requests;
        bad += client[i].bad;
        done += client[i].done;
        jobs += client[i].jobs;
        memcpy(all + count, client[i].us, (size_t)client[i].n_us * sizeof *all);
        count += client[i].n_us;
    }
    qsort(all, (size_t)count, sizeof *all, by_size);
    printf("%lld functions done, among them %lld jobs started\n", (long long)done, (long long)jobs);
    printf("%lld requests, %lld bad; good requests: p50 %lld us, p99 %lld us\n", (long long)requests, (long long)bad, (long long)all[count / 2],
           (long long)all[count * 99 / 100]);
    free(all);
    return bad > 0 || requests == 0;
}

int main(int argc, char **argv)
{
    int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
    uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 20261126;
    struct client *client = n > 0 ? calloc((size_t)n, sizeof *client) : NULL;
    token = getenv("HONE_TEST_TOKEN");
    if (argc < 4 || !token || !client)
        return 64;
    port = (int)strtol(argv[1], NULL, 10);
    gentle_ms = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 0;
    printf("seed %llu\n", (unsigned long long)seed);
    int started = 0;
    for (; started < n; started++) {
        struct client *c = &client[started];
        *c = (struct client){ .number = started, .random = seed + (uint64_t)started, .caller = { .port = port, .token = token, .fd = -1, .wait_s = WAIT_S } };
        snprintf(c->agent, sizeof c->agent, "a%d-%llu", started, (unsigned long long)seed);
        if (pthread_create(&c->thread, NULL, run, c) != 0)
            break;
    }
    pause_ms(strtoull(argv[3], NULL, 10) * 1000);
    __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < started; i++)
        pthread_join(client[i].thread, NULL);
    int bad = report(client, started) || started < n;
    free(client);
    return bad;
}
