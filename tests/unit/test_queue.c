/* The daemon's queue in the database: whose turn it is, fences, giving back, recovery; tenants, events, datasets, tokens, keys. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/clock.h"
#include "core/store/agent.h"
#include "core/store/dataset.h"
#include "core/store/event.h"
#include "core/store/idempotency.h"
#include "core/store/job.h"
#include "core/store/token.h"
#include "core/store/version.h"
#include "tests/unit/suites.h"

static char dir[64];
static struct store *s;
static struct hone_err err;

#define OK(call) CU_ASSERT_EQUAL_FATAL((call), 0)

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-queue-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    s = store_open(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
}

static void tear_down(void)
{
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    store_close(s);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

/* A job of a new agent that waits; its id is to be freed. */
static char *waiting(const char *name, int64_t priority, int64_t run_after)
{
    struct agent_row a = { .name = strdup(name) };
    OK(agent_insert(s, &a, &err));
    struct job_row j = { .agent_id = strdup(a.id), .config = strdup("{}"), .data_sha256 = strdup("aa"), .priority = priority,
                         .queue = JOB_WAITING, .run_after = run_after };
    OK(job_insert(s, &j, &err));
    char *id = strdup(j.id);
    job_free(&j);
    agent_free(&a);
    return id;
}

static int is_next(int64_t now, const char *id)
{
    struct job_row row;
    int rc = job_claim(s, now, &row, &err), ok = id ? rc == 1 && strcmp(row.id, id) == 0 && row.queue == JOB_CLAIMED : rc == 0;
    job_free(&row);
    return ok;
}

static void order(void)
{
    set_up();
    int64_t at = -1, now = clock_wall_ms() + 60000;
    char *first = waiting("a", 0, 0), *later = waiting("b", 9, now + 5000), *urgent = waiting("c", 1, 0), *second = waiting("d", 0, 0);
    CU_ASSERT_EQUAL(job_next_due(s, &at, &err), 1);
    CU_ASSERT_EQUAL(at, 0);
    CU_ASSERT_TRUE(is_next(now, urgent));
    CU_ASSERT_TRUE(is_next(now, first));
    CU_ASSERT_TRUE(is_next(now, second));
    CU_ASSERT_TRUE(is_next(now, NULL));
    CU_ASSERT_EQUAL(job_next_due(s, &at, &err), 1);
    CU_ASSERT_EQUAL(at, now + 5000);
    CU_ASSERT_TRUE(is_next(now + 5000, later));
    CU_ASSERT_EQUAL(job_next_due(s, &at, &err), 0);
    free(first);
    free(later);
    free(urgent);
    free(second);
    tear_down();
}

/* A job that waits until a time of a clock that was set back since then is due at once. */
static void clock_back(void)
{
    set_up();
    int64_t now = clock_wall_ms();
    char *id = waiting("a", 0, now + 3600000);
    CU_ASSERT_TRUE(is_next(now + 1000, NULL));
    CU_ASSERT_TRUE(is_next(now - 3600000, id));
    free(id);
    tear_down();
}

static void fences(void)
{
    struct job_row row, old;
    set_up();
    char *id = waiting("a", 0, 0);
    CU_ASSERT_EQUAL_FATAL(job_claim(s, 1, &old, &err), 1);
    OK(job_fence(s, id, old.fence, &err));
    OK(job_transition(s, id, JOB_RUNNING, "started", &err));
    OK(job_fence(s, id, old.fence, &err));
    OK(job_requeue(s, id, old.fence, 0, "signal:11", "its worker died", &err));
    CU_ASSERT_EQUAL(job_fence(s, id, old.fence, &err), ERR_CONFLICT);
    CU_ASSERT_EQUAL_FATAL(job_claim(s, 1, &row, &err), 1);
    CU_ASSERT_EQUAL(row.fence, old.fence + 1);
    CU_ASSERT_EQUAL(row.deaths, 1);
    CU_ASSERT_STRING_EQUAL(row.cause, "signal:11");
    CU_ASSERT_EQUAL(row.attempt, 1);
    CU_ASSERT_EQUAL(job_fence(s, id, old.fence, &err), ERR_CONFLICT); /* a zombie of the first run */
    CU_ASSERT_EQUAL(job_requeue(s, id, old.fence, 0, NULL, "late", &err), ERR_CONFLICT);
    OK(job_fence(s, id, row.fence, &err));
    OK(job_fence(s, id, 0, &err)); /* without a daemon there are none */
    OK(job_transition(s, id, JOB_RUNNING, "started", &err));
    OK(job_finish(s, id, &(struct job_end){ .status = JOB_PAUSED, .reason = "asked" }, &err));
    CU_ASSERT_EQUAL(job_fence(s, id, row.fence, &err), ERR_CONFLICT);
    OK(job_enqueue(s, id, "asked", &err));
    CU_ASSERT_EQUAL(job_enqueue(s, id, "twice", &err), ERR_CONFLICT);
    job_free(&row);
    CU_ASSERT_EQUAL_FATAL(job_claim(s, 1, &row, &err), 1);
    CU_ASSERT_EQUAL(row.deaths, 0);
    job_free(&row);
    job_free(&old);
    free(id);
    tear_down();
}

/* A daemon is gone: what it had claimed goes on, unless somebody had asked for its end. */
static void recovery(void)
{
    static const enum job_status want[] = { JOB_PREPARING, JOB_PREPARING, JOB_CANCELLED, JOB_PAUSED, JOB_PREPARING };
    char *id[5];
    struct job_row row;
    set_up();
    for (int i = 0; i < 5; i++) {
        char name[2] = { (char)('a' + i), '\0' };
        id[i] = waiting(name, 0, 0);
    }
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(is_next(1, id[i]));
        if (i > 0)
            OK(job_transition(s, id[i], JOB_RUNNING, "started", &err));
    }
    OK(job_request_stop(s, id[2], JOB_STOP_CANCEL, &err));
    OK(job_request_stop(s, id[3], JOB_STOP_PAUSE, &err));
    CU_ASSERT_EQUAL(job_recover(s, &err), 4);
    for (int i = 0; i < 5; i++) {
        OK(job_get(s, id[i], &row, &err));
        CU_ASSERT_EQUAL(row.status, want[i]);
        CU_ASSERT_EQUAL(row.queue, want[i] == JOB_PREPARING ? JOB_WAITING : JOB_LOCAL);
        CU_ASSERT_EQUAL(row.deaths, 0);
        job_free(&row);
        free(id[i]);
    }
    CU_ASSERT_EQUAL(job_recover(s, &err), 0);
    int64_t count[JOB_STATUSES], queued;
    OK(job_counts(s, count, &queued, &err));
    CU_ASSERT_EQUAL(count[JOB_PREPARING], 3);
    CU_ASSERT_EQUAL(count[JOB_CANCELLED], 1);
    CU_ASSERT_EQUAL(queued, 3);
    tear_down();
}

/* 10,000 jobs, 64 of them claimed: within the two seconds that a start may take. */
static void recovery_is_fast(void)
{
    set_up();
    OK(store_begin(s, &err));
    for (int i = 0; i < 10000; i++) {
        char name[16];
        snprintf(name, sizeof name, "agent %d", i);
        free(waiting(name, 0, 0));
    }
    for (int i = 0; i < 64; i++) {
        struct job_row row;
        CU_ASSERT_EQUAL_FATAL(job_claim(s, 1, &row, &err), 1);
        job_free(&row);
    }
    OK(store_commit(s, &err));
    store_close(s);
    int64_t begin = clock_mono_us();
    s = store_open_existing(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(job_recover(s, &err), 64);
    CU_ASSERT_TRUE(clock_mono_us() - begin < 2000000);
    tear_down();
}

static void events(void)
{
    struct event_list list;
    set_up();
    char *id = waiting("a", 0, 0), *other = waiting("b", 0, 0);
    OK(job_finish(s, id, &(struct job_end){ .status = JOB_CANCELLED, .reason = "asked" }, &err));
    OK(event_add(s, id, NULL, "epoch", "{\"epoch\":1}", &err));
    OK(event_list(s, id, 0, 0, &list, &err));
    CU_ASSERT_EQUAL_FATAL(list.n, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(list.v[0].data, "\"status\":\"preparing\",\"from\":null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list.v[1].data, "\"status\":\"cancelled\",\"from\":\"preparing\",\"reason\":\"asked\""));
    CU_ASSERT_STRING_EQUAL(list.v[2].type, "epoch");
    CU_ASSERT_EQUAL(store_events(s), 4);
    int64_t seq = list.v[0].seq;
    event_list_free(&list);
    OK(event_list(s, id, seq, 0, &list, &err));
    CU_ASSERT_EQUAL(list.n, 2);
    event_list_free(&list);
    OK(store_begin(s, &err)); /* no event without its change */
    OK(job_finish(s, other, &(struct job_end){ .status = JOB_CANCELLED, .reason = "asked" }, &err));
    store_rollback(s);
    OK(event_list(s, other, 0, 0, &list, &err));
    CU_ASSERT_EQUAL(list.n, 1);
    event_list_free(&list);
    free(id);
    free(other);
    tear_down();
}

/* What one tenant has is not there for another, by any accessor. */
static void tenants(void)
{
    struct agent_row agent = { .name = strdup("support") }, a;
    struct agent_list agents;
    struct job_row j;
    struct job_list jobs;
    struct event_list list;
    struct token_list tokens;
    struct dataset_row d = { .kind = DATASET_DATA, .name = strdup("rows"), .description = strdup(""), .file = strdup("data/x"),
                             .format = strdup("auto"), .sha256 = strdup("x") }, got;
    set_up();
    store_act_as(s, "one");
    OK(agent_insert(s, &agent, &err));
    CU_ASSERT_STRING_EQUAL(agent.tenant, "one");
    OK(dataset_insert(s, &d, &err));
    struct job_row job = { .agent_id = strdup(agent.id), .config = strdup("{}") };
    OK(job_insert(s, &job, &err));
    OK(token_insert(s, &(struct token_row){ .id = "t", .tenant = "one", .name = "", .secret_sha256 = "aa" }, &err));
    store_act_as(s, "two");
    CU_ASSERT_EQUAL(agent_get(s, agent.id, &a, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(agent_find(s, "support", &a, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(agent_update(s, &agent, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(agent_delete(s, agent.id, &err), ERR_NOT_FOUND); /* not that a job is active */
    OK(agent_list(s, &(struct agent_filter){ 0 }, &agents, &err));
    CU_ASSERT_EQUAL(agents.n, 0);
    CU_ASSERT_EQUAL(job_get(s, job.id, &j, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(job_find(s, job.id, &j, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(job_find(s, "latest", &j, &err), ERR_NOT_FOUND);
    OK(job_list(s, &(struct job_filter){ 0 }, &jobs, &err));
    CU_ASSERT_EQUAL(jobs.n, 0);
    OK(event_list(s, job.id, 0, 0, &list, &err));
    CU_ASSERT_EQUAL(list.n, 0);
    CU_ASSERT_EQUAL(dataset_get(s, DATASET_DATA, d.id, &got, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(dataset_delete(s, DATASET_DATA, d.id, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(token_revoke(s, "t", &err), ERR_NOT_FOUND);
    OK(token_list(s, &tokens, &err));
    CU_ASSERT_EQUAL(tokens.n, 0);
    struct agent_row same = { .name = strdup("support") }; /* a name is one within a tenant */
    OK(agent_insert(s, &same, &err));
    agent_free(&same);
    store_act_as(s, NULL);
    OK(job_get(s, job.id, &j, &err));
    CU_ASSERT_STRING_EQUAL(j.tenant, "one");
    job_free(&j);
    job_free(&job);
    agent_free(&agent);
    dataset_free(&d);
    tear_down();
}

static void keys(void)
{
    struct idempotency_row row;
    set_up();
    store_act_as(s, "one");
    CU_ASSERT_EQUAL(idempotency_get(s, "k", &row, &err), 0);
    OK(idempotency_put(s, "k", "hash", 0, "", &err));
    CU_ASSERT_EQUAL_FATAL(idempotency_get(s, "k", &row, &err), 1);
    CU_ASSERT_EQUAL(row.status, 0);
    idempotency_free(&row);
    OK(idempotency_put(s, "k", "hash", 201, "{}", &err));
    OK(idempotency_prune(s, 1, &err));
    CU_ASSERT_EQUAL_FATAL(idempotency_get(s, "k", &row, &err), 1);
    CU_ASSERT_EQUAL(row.status, 201);
    CU_ASSERT_STRING_EQUAL(row.body_sha256, "hash");
    idempotency_free(&row);
    store_act_as(s, "two");
    CU_ASSERT_EQUAL(idempotency_get(s, "k", &row, &err), 0);
    OK(idempotency_put(s, "running", "hash", 0, "", &err));
    OK(idempotency_prune(s, 1, &err));
    CU_ASSERT_EQUAL(idempotency_get(s, "running", &row, &err), 0);
    tear_down();
}

static void deployments(void)
{
    char *previous = NULL;
    struct version_row v[3];
    set_up();
    char *job = waiting("a", 0, 0);
    struct job_row j;
    OK(job_get(s, job, &j, &err));
    CU_ASSERT_EQUAL(agent_previous(s, j.agent_id, &previous, &err), ERR_PRECONDITION);
    for (int i = 0; i < 3; i++) {
        v[i] = (struct version_row){ .agent_id = strdup(j.agent_id), .job_id = strdup(job), .weights_file = strdup("f"), .weights_sha256 = strdup("h") };
        OK(version_insert(s, &v[i], &err));
        OK(agent_activate(s, j.agent_id, v[i].id, "trained", &err));
    }
    OK(agent_previous(s, j.agent_id, &previous, &err));
    CU_ASSERT_STRING_EQUAL(previous, v[1].id);
    OK(agent_activate(s, j.agent_id, previous, AGENT_ROLLED_BACK, &err));
    free(previous);
    OK(agent_previous(s, j.agent_id, &previous, &err)); /* further back, not to and fro */
    CU_ASSERT_STRING_EQUAL(previous, v[0].id);
    OK(agent_activate(s, j.agent_id, previous, AGENT_ROLLED_BACK, &err));
    free(previous);
    CU_ASSERT_EQUAL(agent_previous(s, j.agent_id, &previous, &err), ERR_PRECONDITION);
    OK(agent_activate(s, j.agent_id, v[2].id, "deployed", &err));
    OK(agent_previous(s, j.agent_id, &previous, &err));
    CU_ASSERT_STRING_EQUAL(previous, v[0].id);
    free(previous);
    struct version_row got;
    OK(version_find(s, j.agent_id, "3", &got, &err));
    CU_ASSERT_STRING_EQUAL(got.id, v[2].id);
    version_free(&got);
    CU_ASSERT_EQUAL(version_find(s, j.agent_id, "4", &got, &err), ERR_NOT_FOUND);
    for (int i = 0; i < 3; i++)
        version_free(&v[i]);
    job_free(&j);
    free(job);
    tear_down();
}

int test_queue(void)
{
    CU_pSuite suite = CU_add_suite("queue", NULL, NULL);
    int ok = suite && CU_add_test(suite, "order", order) && CU_add_test(suite, "clock set back", clock_back) && CU_add_test(suite, "fences", fences) && CU_add_test(suite, "recovery", recovery) &&
             CU_add_test(suite, "recovery is fast", recovery_is_fast) && CU_add_test(suite, "events", events) &&
             CU_add_test(suite, "tenants", tenants) && CU_add_test(suite, "keys", keys) && CU_add_test(suite, "deployments", deployments);
    return ok ? 0 : -1;
}
