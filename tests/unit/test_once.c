/* Idempotency keys, as a daemon heeds them: done once, told the same again, whatever happens in between. */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "core/api/daemon.h"
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/idempotency.h"
#include "tests/unit/suites.h"

static char dir[64];
static struct hone_err err;
static struct daemon *d;

static void start(void)
{
    d = daemon_open(&(struct api){ .state_dir = dir }, &(struct daemon_options){ 0 }, &err);
    if (!d)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
}

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-once-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    start();
}

static void tear_down(void)
{
    daemon_close(d);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

struct got {
    int status, replayed, retryable;
    char id[64];
};

static struct got call(const char *function, const char *key, const char *request, const char *tenant, enum api_scope scope)
{
    struct api_answer answer;
    struct got g = { 0 };
    cJSON *in = json_parse(request, strlen(request), "request", &err);
    memset(&err, 0, sizeof err);
    (void)api_call_function(daemon_api(d), &(struct api_call){ .function = function, .in = in, .tenant = tenant, .scope = scope,
                            .idempotency_key = key, .local = 1 }, &answer, &err);
    cJSON *data = answer.text ? json_parse(answer.text->bytes, answer.text->n, "text", &err) : answer.data;
    snprintf(g.id, sizeof g.id, "%s", json_str(data, "agent_id", json_str(data, "token_id", "")));
    g.status = answer.status;
    g.replayed = answer.replayed;
    g.retryable = answer.retryable;
    if (data != answer.data)
        cJSON_Delete(data);
    api_answer_free(&answer);
    cJSON_Delete(in);
    return g;
}

static int64_t agents(void)
{
    struct api_answer answer;
    CU_ASSERT_EQUAL(api_call_function(daemon_api(d), &(struct api_call){ .function = "listAgents", .scope = API_READ }, &answer, &err), 0);
    int n = cJSON_GetArraySize(json_get(answer.data, "agents"));
    api_answer_free(&answer);
    return n;
}

#define CREATE(key, name) call("createAgent", key, "{\"name\":\"" name "\"}", NULL, API_TRAIN)

static void told_again(void)
{
    set_up();
    struct got first = CREATE("k1", "a"), again = CREATE("k1", "a");
    CU_ASSERT_EQUAL(first.status, 201);
    CU_ASSERT_EQUAL(first.replayed, 0);
    CU_ASSERT_EQUAL(again.status, 201);
    CU_ASSERT_EQUAL(again.replayed, 1);
    CU_ASSERT_STRING_EQUAL(again.id, first.id);
    CU_ASSERT_EQUAL(agents(), 1);
    daemon_close(d);
    start(); /* it is on the disk */
    again = CREATE("k1", "a");
    CU_ASSERT_EQUAL(again.replayed, 1);
    CU_ASSERT_STRING_EQUAL(again.id, first.id);
    CU_ASSERT_EQUAL(CREATE("k1", "b").status, 422);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "another request"));
    CU_ASSERT_EQUAL(call("updateAgent", "k1", "{\"agent_id\":\"a\"}", NULL, API_TRAIN).status, 422);
    CU_ASSERT_EQUAL(call("createAgent", "k1", "{\"name\":\"a\"}", "other", API_TRAIN).replayed, 0); /* another tenant's key */
    CU_ASSERT_EQUAL(call("createAgent", "k1", "{\"name\":\"a\"}", NULL, API_READ).status, 401);     /* the scope counts for answers, too */
    CU_ASSERT_EQUAL(CREATE("k2", "a").status, 409);
    tear_down();
}

/* What fails leaves nothing and frees the key. */
static void failures(void)
{
    set_up();
    CU_ASSERT_EQUAL(CREATE("k1", "agent_x").status, 422);
    CU_ASSERT_EQUAL(CREATE("k1", "a").status, 201);
    CU_ASSERT_EQUAL(CREATE("k2", "a").status, 409);
    CU_ASSERT_EQUAL(CREATE("k2", "b").status, 201);
    CU_ASSERT_EQUAL(agents(), 2);
    /* A long call whose function fails frees its key, too. */
    CU_ASSERT_EQUAL(call("rollbackAgent", "k3", "{\"agent_id\":\"a\"}", NULL, API_TRAIN).status, 412);
    CU_ASSERT_EQUAL(call("rollbackAgent", "k3", "{\"agent_id\":\"a\"}", NULL, API_TRAIN).status, 412);
    /* Secrets are not stored: each call makes a new one. */
    struct got one = call("createToken", "k4", "{\"scope\":\"read\"}", NULL, API_ADMIN),
               two = call("createToken", "k4", "{\"scope\":\"read\"}", NULL, API_ADMIN);
    CU_ASSERT_EQUAL(one.status, 201);
    CU_ASSERT_EQUAL(two.replayed, 0);
    CU_ASSERT_STRING_NOT_EQUAL(one.id, two.id);
    tear_down();
}

/* The mark of a long call that a former daemon left under way means nothing. */
static void left_under_way(void)
{
    struct idempotency_row row;
    set_up();
    CU_ASSERT_EQUAL(CREATE("k0", "a").status, 201);
    daemon_close(d);
    struct store *s = store_open(dir, &err);
    store_act_as(s, "default");
    CU_ASSERT_EQUAL_FATAL(idempotency_get(s, "k0", &row, &err), 1);
    CU_ASSERT_EQUAL(idempotency_put(s, "k0", row.body_sha256, 0, "", &err), 0);
    idempotency_free(&row);
    store_close(s);
    start();
    CU_ASSERT_EQUAL(CREATE("k0", "c").status, 201);
    tear_down();
}

/* Tokens are looked up while others are made and revoked under keys, which holds the books: nobody waits for the other for ever, and a
 * token that was revoked opens nothing. */
static int stop;
static char standing[128];

static void *look_up(void *arg)
{
    struct api_who who;
    struct hone_err e;
    int64_t *n = arg;
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        *n += daemon_token(d, standing, &who, &e) == 0;
    }
    return NULL;
}

static void tokens_under_keys(void)
{
    pthread_t t[2];
    int64_t n[2] = { 0 };
    struct api_answer first;
    set_up();
    cJSON *wanted = json_parse("{\"scope\":\"read\"}", 16, "request", &err);
    CU_ASSERT_EQUAL_FATAL(api_call_function(daemon_api(d), &(struct api_call){ .function = "createToken", .in = wanted, .scope = API_ADMIN }, &first,
                                            &err), 0);
    snprintf(standing, sizeof standing, "%s", json_str(first.data, "token", ""));
    api_answer_free(&first);
    cJSON_Delete(wanted);
    __atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, look_up, &n[i]);
    for (int i = 0; i < 60; i++) {
        struct api_answer answer;
        struct api_who who;
        char key[24], request[100];
        cJSON *in = json_parse("{\"scope\":\"read\"}", 16, "request", &err);
        CU_ASSERT_EQUAL_FATAL(api_call_function(daemon_api(d), &(struct api_call){ .function = "createToken", .in = in, .scope = API_ADMIN }, &answer,
                                                &err), 0);
        CU_ASSERT_EQUAL(daemon_token(d, json_str(answer.data, "token", ""), &who, &err), 0);
        snprintf(key, sizeof key, "revoke-%d", i);
        snprintf(request, sizeof request, "{\"token_id\":\"%s\"}", json_str(answer.data, "token_id", ""));
        CU_ASSERT_EQUAL(call("revokeToken", key, request, NULL, API_ADMIN).status, 200);
        CU_ASSERT_EQUAL(daemon_token(d, json_str(answer.data, "token", ""), &who, &err), ERR_AUTH);
        api_answer_free(&answer);
        cJSON_Delete(in);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    CU_ASSERT(n[0] + n[1] > 0);
    tear_down();
}

static void *drop(void *hold)
{
    drop_unused(daemon_api(d), "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9", *(int *)hold);
    return NULL;
}

/* A call under a key has the books when it asks for the data directory: who has the directory for itself may not wait for the books. */
static void data_behind_books(void)
{
    char path[160];
    pthread_t t;
    set_up();
    int hold = hold_data(daemon_api(d), &err), kept = dup(hold);
    CU_ASSERT_FATAL(hold >= 0 && kept >= 0);
    snprintf(path, sizeof path, "%s/data/5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9.jsonl", dir);
    CU_ASSERT_EQUAL_FATAL(file_write_atomic(path, "0", 1, &err), 0);
    struct store *s = books_open(daemon_api(d), &err);
    CU_ASSERT_FATAL(s && pthread_create(&t, NULL, drop, &hold) == 0);
    for (int i = 0; i < 60; i++) {
        int fd = open(dir, O_RDONLY | O_CLOEXEC), data = openat(fd, "data", O_RDONLY | O_CLOEXEC);
        CU_ASSERT_EQUAL(flock(data, LOCK_SH | LOCK_NB), 0);
        close(data);
        close(fd);
        usleep(5000);
    }
    CU_ASSERT_EQUAL(access(path, F_OK), 0);
    books_close(daemon_api(d), s);
    pthread_join(t, NULL);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/data", dir);
    int data = open(path, O_RDONLY | O_CLOEXEC); /* though another descriptor of the lock is open */
    CU_ASSERT_EQUAL(flock(data, LOCK_SH | LOCK_NB), 0);
    close(data);
    close(kept);
    tear_down();
}

int test_once(void)
{
    CU_pSuite s = CU_add_suite("once", NULL, NULL);
    return s && CU_add_test(s, "told again", told_again) && CU_add_test(s, "failures", failures) && CU_add_test(s, "left under way", left_under_way) &&
           CU_add_test(s, "tokens under keys", tokens_under_keys) && CU_add_test(s, "the data behind the books", data_behind_books) ? 0 : -1;
}
