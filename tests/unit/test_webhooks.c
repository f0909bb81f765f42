/* Webhooks: when a message is sent again, what becomes of endpoints that fail, what messages say. Days pass at once by clock_wall_pretend(). What
 * is sent where is tested in test_sender.c; all of it through the daemon in tests/api/webhooks.sh. */
#include <CUnit/CUnit.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/api/outbox.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/jobs/signature.h"
#include "core/store/db.h"
#include "core/store/schema.h"
#include "core/store/webhook.h"
#include "tests/unit/receiver.h"
#include "tests/unit/suites.h"

static struct hone_err err;

#define OK(call) CU_ASSERT_TRUE_FATAL((call) >= 0)

/* ---- the schedule ---- */

static char dir[64];
static struct api a;
static struct outbox *box;
static char hook[64];

static struct store *books(void)
{
    struct store *s = store_open(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    return s;
}

/* A state with an endpoint at the receiver that wants everything; the clock stands. */
static void set_up(void)
{
    char url[64];
    receiver_start();
    snprintf(dir, sizeof dir, "/tmp/hone-webhooks-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    a = (struct api){ .state_dir = dir, .webhooks = { .allow_http = 1, .allow_private = 1, .timeout_ms = 2000, .keep_days = 30 } };
    clock_wall_pretend(INT64_C(1767225600000));
    cJSON *in = cJSON_CreateObject();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/in", receiver.port);
    json_put_str(in, "url", url);
    cJSON *out = api_webhook_register(&a, in, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(strncmp(json_str(out, "secret", ""), "whsec_", 6), 0);
    snprintf(hook, sizeof hook, "%s", json_str(out, "webhook_id", ""));
    cJSON_Delete(out);
    cJSON_Delete(in);
    box = outbox_open(&a, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(box);
    log_setup("hone", LOG_ERROR);
}

static void tear_down(void)
{
    log_setup("hone", LOG_INFO);
    outbox_close(box);
    struct store *s = books();
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    store_close(s);
    clock_wall_pretend(0);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
    receiver_stop();
}

static void emit(const char *type, int n)
{
    struct store *s = books();
    cJSON *members = cJSON_CreateObject();
    json_put_str(members, "job_id", "job_1");
    OK(store_begin(s, &err));
    for (int i = 0; i < n; i++)
        OK(outbox_event(s, NULL, type, "job_1", members, &err));
    OK(store_commit(s, &err));
    store_close(s);
    cJSON_Delete(members);
    outbox_wake(box);
}

/* Does all that is due by the clock. */
static void work(void)
{
    for (int i = 0, idle = 0; i < 20000 && idle < 3; i++)
        idle = outbox_step(box, 10) > 0 ? 0 : idle + 1;
}

static struct delivery_row newest(void)
{
    struct delivery_list list;
    struct delivery_row row = { 0 };
    struct store *s = books();
    OK(delivery_list(s, NULL, -1, NULL, 1, &list, &err));
    store_close(s);
    if (list.n) {
        row = list.v[0];
        list.v[0] = (struct delivery_row){ 0 };
    }
    delivery_list_free(&list);
    return row;
}

static struct webhook_row endpoint(void)
{
    struct webhook_row row;
    struct store *s = books();
    OK(webhook_get(s, hook, &row, &err));
    store_close(s);
    return row;
}

/* All ten tries, each neither a millisecond early nor after its time; then the endpoint that nothing has reached is asked no more. */
static void schedule(void)
{
    static const int64_t after_s[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
    char id[64] = "";
    set_up();
    receiver.status = 500;
    emit("training.completed", 1);
    for (int try = 1; try <= 10; try++) {
        work();
        struct delivery_row d = newest();
        CU_ASSERT_EQUAL(d.attempts, try);
        CU_ASSERT_EQUAL(receiver.connects, try);
        char *line = strcasestr(receiver.head, "webhook-id: ");
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        CU_ASSERT_EQUAL(strncmp(line + 12, d.message_id, strlen(d.message_id)), 0); /* the same for every attempt */
        CU_ASSERT_TRUE(!*id || strcmp(id, d.message_id) == 0);
        snprintf(id, sizeof id, "%s", d.message_id);
        CU_ASSERT_EQUAL(d.state, try < 10 ? DELIVERY_PENDING : DELIVERY_FAILED);
        if (try < 10) {
            int64_t wait = d.due_at - clock_wall_ms(), plan = after_s[try - 1] * 1000;
            if (wait < plan * 8 / 10 || wait > plan * 12 / 10)
                fprintf(stderr, "\n    try %d waits %lld ms, planned are %lld\n", try + 1, (long long)wait, (long long)plan);
            CU_ASSERT_TRUE(wait >= plan * 8 / 10 && wait <= plan * 12 / 10);
            clock_wall_pretend(d.due_at - 1);
            outbox_wake(box);
            for (int i = 0; i < 3; i++)
                outbox_step(box, 0);
            CU_ASSERT_EQUAL(receiver.connects, try);
            clock_wall_pretend(d.due_at);
        }
        delivery_free(&d);
    }
    struct webhook_row w = endpoint();
    CU_ASSERT_TRUE(w.disabled_at > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(w.disabled_reason, "nothing has reached it"));
    webhook_free(&w);
    emit("training.completed", 1);
    work();
    CU_ASSERT_EQUAL(receiver.connects, 10);
    tear_down();
}

static void waits(void)
{
    CU_ASSERT_EQUAL(outbox_wait_ms(1, 0), 4000);
    CU_ASSERT_EQUAL(outbox_wait_ms(1, 0.5), 5000);
    CU_ASSERT_EQUAL(outbox_wait_ms(9, 0.5), 86400000);
    CU_ASSERT_EQUAL(outbox_wait_ms(10, 0.5), -1);
    CU_ASSERT_EQUAL(outbox_wait_ms(0, 0.5), -1);
}

/* A success in between: the delivery that then fails for good does not cost the endpoint its place. */
static void answers(void)
{
    set_up();
    receiver.status = 429;
    receiver.retry_after_s = 1000;
    emit("training.completed", 1);
    work();
    struct delivery_row d = newest();
    CU_ASSERT_EQUAL(d.status, 429);
    CU_ASSERT_EQUAL(d.due_at - clock_wall_ms(), 1000000); /* as it asked, which is later than the schedule's */
    delivery_free(&d);
    receiver.retry_after_s = INT64_MAX / 1000 + 1000;
    clock_wall_pretend(clock_wall_ms() + 1000000);
    work();
    d = newest();
    CU_ASSERT_EQUAL(d.attempts, 2);
    CU_ASSERT_EQUAL(d.due_at - clock_wall_ms(), 86400000); /* at most a day */
    struct webhook_row w = endpoint();
    CU_ASSERT_TRUE(w.failing_since > 0 && !w.disabled_at);
    webhook_free(&w);
    receiver.status = 204;
    receiver.retry_after_s = 0;
    clock_wall_pretend(d.due_at);
    delivery_free(&d);
    work();
    d = newest();
    CU_ASSERT_EQUAL(d.state, DELIVERY_DONE);
    CU_ASSERT_EQUAL(d.attempts, 3);
    CU_ASSERT_PTR_NULL(d.error);
    delivery_free(&d);
    w = endpoint();
    CU_ASSERT_EQUAL(w.failing_since, 0);
    webhook_free(&w);
    emit("training.progress", 1); /* not asked for */
    work();
    CU_ASSERT_EQUAL(receiver.connects, 3);
    tear_down();
}

/* 410 is final, for the endpoint and for what waits for it. */
static void gone(void)
{
    set_up();
    receiver.status = 410;
    emit("training.completed", 1);
    work();
    struct webhook_row w = endpoint();
    CU_ASSERT_TRUE(w.disabled_at > 0);
    webhook_free(&w);
    struct delivery_row d = newest();
    CU_ASSERT_EQUAL(d.state, DELIVERY_FAILED);
    CU_ASSERT_EQUAL(d.attempts, 1);
    char *again, *twice;
    struct store *s = books();
    CU_ASSERT_EQUAL(outbox_again(s, d.id, &again, &err), ERR_CONFLICT);
    OK(webhook_get(s, hook, &w, &err));
    w.disabled_at = 0;
    OK(webhook_update(s, &w, &err));
    webhook_free(&w);
    OK(outbox_again(s, d.id, &again, &err));
    CU_ASSERT_EQUAL(outbox_again(s, again, &twice, &err), ERR_CONFLICT); /* it is on its way */
    free(again);
    store_close(s);
    receiver.status = 200;
    outbox_wake(box);
    work();
    struct delivery_row second = newest();
    CU_ASSERT_EQUAL(second.state, DELIVERY_DONE);
    CU_ASSERT_STRING_EQUAL(second.message_id, d.message_id);
    CU_ASSERT_STRING_NOT_EQUAL(second.id, d.id);
    delivery_free(&second);
    delivery_free(&d);
    tear_down();
}

/* An endpoint whose owner disables it gets nothing of what waited for it, also once it is enabled again. Messages are kept from their end on. */
static void disabled(void)
{
    set_up();
    receiver.status = 503;
    emit("training.completed", 1);
    work();
    cJSON *in = cJSON_Parse("{\"enabled\": false}");
    json_put_str(in, "webhook_id", hook);
    clock_wall_pretend(clock_wall_ms() + INT64_C(2) * 86400000);
    int64_t ended = clock_wall_ms();
    cJSON *out = api_webhook_update(&a, in, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    cJSON_Delete(out);
    struct delivery_row d = newest();
    CU_ASSERT_EQUAL(d.state, DELIVERY_FAILED);
    CU_ASSERT_EQUAL(d.done_at, ended);
    CU_ASSERT_STRING_EQUAL(d.error, "the endpoint was disabled");
    delivery_free(&d);
    cJSON_ReplaceItemInObject(in, "enabled", cJSON_CreateTrue());
    cJSON_Delete(api_webhook_update(&a, in, &err));
    cJSON_Delete(in);
    receiver.status = 200;
    receiver.connects = 0;
    outbox_wake(box);
    work();
    CU_ASSERT_EQUAL(receiver.connects, 0);
    struct store *s = books();
    CU_ASSERT_EQUAL(outbox_prune(s, ended, 10, &err), 0); /* made before, ended not */
    CU_ASSERT_EQUAL(outbox_prune(s, ended + 1, 10, &err), 1);
    store_close(s);
    tear_down();
}

/* Three hundred at once: at most four at a time, all delivered. One at a time while it fails. */
static void full_outbox(void)
{
    int64_t left = -1;
    set_up();
    receiver.hold_ms = 2;
    emit("training.completed", 300);
    work();
    struct store *s = books();
    OK(outbox_pending(s, &left, &err));
    store_close(s);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT_EQUAL(receiver.connects, 300);
    CU_ASSERT_TRUE(receiver.most_busy > 1 && receiver.most_busy <= 4);
    receiver.status = 503;
    emit("training.completed", 1);
    work();
    receiver.most_busy = 0;
    emit("training.completed", 20);
    work();
    CU_ASSERT_EQUAL(receiver.most_busy, 1);
    s = books();
    OK(outbox_pending(s, &left, &err));
    CU_ASSERT_EQUAL(left, 21);
    clock_wall_pretend(clock_wall_ms() + INT64_C(31) * 86400000);
    CU_ASSERT_EQUAL(outbox_prune(s, clock_wall_ms() - INT64_C(30) * 86400000, 5000, &err), 300); /* what is on its way stays */
    store_close(s);
    tear_down();
}

/* An endpoint that takes its time holds up nobody else. */
static void slow_one(void)
{
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* connects, and never answers */
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    char url[64];
    set_up();
    CU_ASSERT_EQUAL_FATAL(bind(silent, (struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT_EQUAL_FATAL(listen(silent, 64), 0);
    getsockname(silent, (struct sockaddr *)&at, &size);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    cJSON *in = cJSON_CreateObject(), *out;
    json_put_str(in, "url", url);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out = api_webhook_register(&a, in, &err));
    cJSON_Delete(out);
    cJSON_Delete(in);
    emit("training.completed", 40);
    int64_t begun = clock_mono_us();
    while (receiver.connects < 40 && clock_mono_us() - begun < 5000000)
        outbox_step(box, 10);
    CU_ASSERT_EQUAL(receiver.connects, 40);
    CU_ASSERT_TRUE(clock_mono_us() - begun < 1900000); /* before the silent one's first post is given up */
    close(silent);
    tear_down();
}

/* Two secrets for a while, then the new one alone. */
static void rotation(void)
{
    char first[SIGNATURE_BYTES], second[SIGNATURE_BYTES], want[2 * SIGNATURE_BYTES + 24];
    set_up();
    struct webhook_row w = endpoint();
    cJSON *in = cJSON_CreateObject();
    json_put_str(in, "webhook_id", hook);
    json_put_int(in, "overlap_hours", 1);
    cJSON *out = api_webhook_rotate(&a, in, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (int round = 0; round < 2; round++) {
        emit("training.completed", 1);
        work();
        struct delivery_row d = newest();
        OK(signature_make(json_str(out, "secret", ""), d.message_id, clock_wall_ms() / 1000, receiver.body, first, &err));
        OK(signature_make(w.secret, d.message_id, clock_wall_ms() / 1000, receiver.body, second, &err));
        snprintf(want, sizeof want, "webhook-signature: %s%s%s\r\n", first, round ? "" : " ", round ? "" : second);
        CU_ASSERT_PTR_NOT_NULL(strcasestr(receiver.head, "webhook-signature: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(receiver.head, want));
        delivery_free(&d);
        clock_wall_pretend(clock_wall_ms() + 3600000);
    }
    cJSON_Delete(in);
    cJSON_Delete(out);
    webhook_free(&w);
    tear_down();
}

/* ---- messages ---- */

static void bodies(void)
{
    cJSON *members = cJSON_CreateObject(), *results = cJSON_CreateObject(), *list = cJSON_CreateArray();
    json_put_str(members, "job_id", "job_1");
    json_put_num(results, "accuracy", 0.875);
    for (int i = 0; i < 9000; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
    json_put(results, "curve", list);
    json_put(members, "results", results);
    char *text = outbox_body("training.completed", INT64_C(1767225600000), members);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_TRUE(strlen(text) <= OUTBOX_BODY_MAX);
    cJSON *v = json_parse(text, strlen(text), "body", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_STRING_EQUAL(json_str(v, "type", ""), "training.completed");
    CU_ASSERT_STRING_EQUAL(json_str(v, "event", ""), "training.completed");
    CU_ASSERT_STRING_EQUAL(json_str(v, "timestamp", ""), "2026-01-01T00:00:00.000Z");
    CU_ASSERT_STRING_EQUAL(json_str(json_get(v, "data"), "job_id", ""), "job_1");
    CU_ASSERT_EQUAL(json_num(json_get(v, "results"), "accuracy", 0), 0.875);
    CU_ASSERT_PTR_NULL(json_get(json_get(v, "results"), "curve"));
    CU_ASSERT_TRUE(json_bool(v, "truncated", 0));
    cJSON_Delete(v);
    free(text);
    cJSON_Delete(members);
}

/* ---- older databases ---- */

/* Jobs and datasets of schema 4 are there afterwards, of no token, and the new tables are empty. */
static void migration(void)
{
    static const char rows[] =
        "INSERT INTO agents VALUES ('agent_1', 'default', 'a', '', NULL, NULL, 1, 1);"
        "INSERT INTO jobs (id, agent_id, status, epoch, total_epochs, step, total_steps, token_usage, elapsed_ms, attempt, created_at, started_at, updated_at,"
        " completed_at) VALUES ('job_1', 'agent_1', 3, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1);"
        "INSERT INTO datasets VALUES ('data_1', 'default', 0, 'n', '', 'f', 'auto', 'aa', 7, 2, NULL, 1);";
    struct store s = { .lock_fd = -1, .path = strdup("test") };
    int64_t n = -1;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(":memory:", &s.db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(db_tenants(&s, &err), 0);
    CU_ASSERT_EQUAL_FATAL(schema_migrate(&s, schema_steps, 4, &err), 0);
    CU_ASSERT_EQUAL_FATAL(db_exec(&s, rows, &err), 0);
    int rc = schema_migrate(&s, schema_steps, schema_version, &err);
    if (rc < 0)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT count(*) FROM jobs WHERE token_id IS NULL AND data_bytes = 0 AND data_examples = 0", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT bytes FROM datasets WHERE token_id IS NULL", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT (SELECT count(*) FROM webhooks) + (SELECT count(*) FROM messages) + (SELECT count(*) FROM deliveries)"
                              " + (SELECT count(*) FROM attempts) + (SELECT count(*) FROM usage)", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 0);
    db_keep_free(&s);
    sqlite3_close(s.db);
    free(s.path);
}

int test_webhooks(void)
{
    CU_pSuite suite = CU_add_suite("webhooks", NULL, NULL);
    int ok = suite && CU_add_test(suite, "schedule", schedule) && CU_add_test(suite, "waits", waits) && CU_add_test(suite, "answers", answers) &&
             CU_add_test(suite, "gone", gone) && CU_add_test(suite, "disabled", disabled) &&
             CU_add_test(suite, "full outbox", full_outbox) && CU_add_test(suite, "slow one", slow_one) &&
             CU_add_test(suite, "rotation", rotation) && CU_add_test(suite, "bodies", bodies) && CU_add_test(suite, "migration", migration);
    return ok ? 0 : -1;
}
