/* The entities of the state database, through their accessors only. What happens to the files is in
 * test_store_files.c. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/store/agent.h"
#include "core/store/checkpoint.h"
#include "core/store/evaluation.h"
#include "core/store/history.h"
#include "core/store/job.h"
#include "core/store/version.h"
#include "tests/unit/suites.h"

static char dir[64];
static struct store *s;
static struct hone_err err;

#define OK(call) CU_ASSERT_EQUAL(err.text[0] = '\0', 0); CU_ASSERT_EQUAL_FATAL((call), 0)
#define FAILS(code, says, call) do { \
        CU_ASSERT_EQUAL((call), code); \
        if (!strstr(err.text, says)) \
            fprintf(stderr, "\n    found '%s', expected '%s'\n", err.text, says); \
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, says)); \
    } while (0)

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-store-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    s = store_open(dir, &err);
    if (!s)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
}

static void tear_down(void)
{
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    store_close(s);
    s = NULL;
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

/* Id of a new agent or job; free(). */
static char *new_agent(const char *name)
{
    struct agent_row a = { .name = strdup(name) };
    OK(agent_insert(s, &a, &err));
    char *id = strdup(a.id);
    agent_free(&a);
    return id;
}

static char *new_job(const char *agent)
{
    struct job_row j = { .agent_id = strdup(agent), .config = strdup("{}"), .data_sha256 = strdup("aa") };
    OK(job_insert(s, &j, &err));
    char *id = strdup(j.id);
    job_free(&j);
    return id;
}

static int64_t status_of(const char *job)
{
    struct job_row j;
    OK(job_get(s, job, &j, &err));
    int64_t status = j.status;
    job_free(&j);
    return status;
}

static void agents(void)
{
    set_up();
    struct agent_row a = { .name = strdup("support"), .description = strdup("answers") }, b;
    OK(agent_insert(s, &a, &err));
    CU_ASSERT_EQUAL(strncmp(a.id, "agent_", 6), 0);
    CU_ASSERT_TRUE(a.created_at > INT64_C(1600000000000) && a.created_at == a.updated_at);
    OK(agent_find(s, "support", &b, &err));
    CU_ASSERT_STRING_EQUAL(a.id, b.id);
    CU_ASSERT_STRING_EQUAL(b.description, "answers");
    CU_ASSERT_PTR_NULL(b.active_version);
    agent_free(&b);
    OK(agent_find(s, a.id, &b, &err));
    agent_free(&b);
    FAILS(ERR_NOT_FOUND, "did you mean 'support'?", agent_find(s, "suport", &b, &err));
    CU_ASSERT_PTR_NULL(b.id);
    FAILS(ERR_NOT_FOUND, "no agent 'agent_x'", agent_get(s, "agent_x", &b, &err));
    struct agent_row same = { .name = strdup("support") };
    FAILS(ERR_CONFLICT, "an agent named 'support' already", agent_insert(s, &same, &err));
    agent_free(&same);
    struct agent_row none = { .name = strdup("") };
    FAILS(HONE_EINVAL, "needs a name", agent_insert(s, &none, &err));
    agent_free(&none);
    free(a.name);
    a.name = strdup("Support '; DROP TABLE agents; --");
    OK(agent_update(s, &a, &err));
    char *other = new_agent("other");
    struct agent_list l;
    OK(agent_list(s, &(struct agent_filter){ .name_part = "support" }, &l, &err));
    CU_ASSERT_EQUAL_FATAL(l.n, 1);
    CU_ASSERT_STRING_EQUAL(l.v[0].name, a.name);
    agent_list_free(&l);
    free(a.name);
    a.name = strdup("other");
    FAILS(ERR_CONFLICT, "named 'other' already", agent_update(s, &a, &err));
    FAILS(ERR_NOT_FOUND, "has no version 'ver_x'", agent_activate(s, a.id, "ver_x", "deployed", &err));
    OK(agent_delete(s, a.id, &err));
    FAILS(ERR_NOT_FOUND, "no agent", agent_delete(s, a.id, &err));
    agent_free(&a);
    free(other);
    tear_down();
}

static void pages(void)
{
    set_up();
    char name[16], after[64] = "";
    size_t seen = 0;
    for (int i = 0; i < 25; i++) {
        snprintf(name, sizeof name, "a%d", i);
        free(new_agent(name));
    }
    for (;;) {
        struct agent_list l;
        OK(agent_list(s, &(struct agent_filter){ .after = *after ? after : NULL, .limit = 10 }, &l, &err));
        for (size_t i = 0; i < l.n; i++) {
            CU_ASSERT_TRUE(!*after || strcmp(l.v[i].id, after) < 0);
            snprintf(after, sizeof after, "%s", l.v[i].id);
        }
        size_t n = l.n;
        seen += n;
        agent_list_free(&l);
        if (n < 10)
            break;
    }
    CU_ASSERT_EQUAL(seen, 25);
    tear_down();
}

/* Every text and number of a job comes back as it was stored. */
static void job_columns(void)
{
    set_up();
    char *agent = new_agent("a");
    struct job_row j = {
        .agent_id = strdup(agent), .training_type = strdup("supervised"), .config = strdup("{\"epochs\":3}"),
        .data_name = strdup("r\xc3\xa9p.jsonl"), .data_file = strdup("data/aa.jsonl"), .data_format = strdup("jsonl"),
        .data_sha256 = strdup("aa"), .validation_sha256 = strdup("bb"),
        .progress = { .total_epochs = 3, .total_steps = INT64_C(1) << 53, .loss = NAN, .learning_rate = 0.1 + 0.2,
                      .gradient_norm = 5e-324, .examples_per_second = NAN, .memory_mb = NAN },
    }, k;
    OK(job_insert(s, &j, &err));
    OK(job_get(s, j.id, &k, &err));
    CU_ASSERT_EQUAL(k.status, JOB_PREPARING);
    CU_ASSERT_STRING_EQUAL(k.config, j.config);
    CU_ASSERT_STRING_EQUAL(k.data_name, j.data_name);
    CU_ASSERT_STRING_EQUAL(k.validation_sha256, "bb");
    CU_ASSERT_PTR_NULL(k.validation_name);
    CU_ASSERT_PTR_NULL(k.results);
    CU_ASSERT_EQUAL(k.progress.total_steps, INT64_C(1) << 53);
    CU_ASSERT_TRUE(isnan(k.progress.loss));
    CU_ASSERT_EQUAL(k.progress.learning_rate, 0.1 + 0.2);
    CU_ASSERT_EQUAL(k.progress.gradient_norm, 5e-324);
    CU_ASSERT_EQUAL(k.created_at, j.created_at);
    CU_ASSERT_EQUAL(k.started_at, 0);
    job_free(&k);
    free(j.config);
    j.config = strdup("{\"epochs\":4}");
    j.model = strdup("linear");
    j.progress.total_epochs = 4;
    OK(job_set_ready(s, &j, &err));
    OK(job_get(s, j.id, &k, &err));
    CU_ASSERT_STRING_EQUAL(k.config, "{\"epochs\":4}");
    CU_ASSERT_STRING_EQUAL(k.model, "linear");
    CU_ASSERT_EQUAL(k.progress.total_epochs, 4);
    job_free(&k);
    CU_ASSERT_EQUAL(job_data_users(s, "bb", &err), 1);
    CU_ASSERT_EQUAL(job_data_users(s, "cc", &err), 0);
    job_free(&j);
    free(agent);
    tear_down();
}

/* The edges, written down a second time: rows from, columns to. */
static const char *const allowed[JOB_STATUSES] = {
    /*              preparing running paused completed failed cancelled */
    /* preparing */ "-x" "x-" "xx",
    /* running   */ "x-" "xx" "xx",
    /* paused    */ "xx" "--" "xx",
    /* completed */ "--" "--" "--",
    /* failed    */ "xx" "--" "--",
    /* cancelled */ "--" "--" "--",
};

/* A new job brought to a status, with its agent. */
static char *job_in(enum job_status status)
{
    static int n;
    char name[32];
    snprintf(name, sizeof name, "agent %d", n++);
    char *agent = new_agent(name), *job = new_job(agent);
    if (status != JOB_PREPARING) {
        OK(job_transition(s, job, JOB_RUNNING, "go", &err));
    }
    if (status != JOB_PREPARING && status != JOB_RUNNING) {
        OK(job_transition(s, job, status, "there", &err));
    }
    free(agent);
    return job;
}

static void edges(void)
{
    set_up();
    for (int from = 0; from < JOB_STATUSES; from++) {
        for (int to = 0; to < JOB_STATUSES; to++) {
            char *job = job_in((enum job_status)from);
            int may = allowed[from][to] == 'x';
            CU_ASSERT_EQUAL(job_may_go((enum job_status)from, (enum job_status)to), may);
            if (may) {
                OK(job_transition(s, job, (enum job_status)to, "edge", &err));
            } else {
                FAILS(ERR_CONFLICT, "cannot become", job_transition(s, job, (enum job_status)to, "edge", &err));
            }
            CU_ASSERT_EQUAL(status_of(job), may ? to : from);
            free(job);
        }
        CU_ASSERT_EQUAL(job_status_by_name(job_status_name((enum job_status)from)), from);
    }
    CU_ASSERT_EQUAL(job_status_by_name("queued"), -1);
    FAILS(ERR_NOT_FOUND, "no job 'job_x'", job_transition(s, "job_x", JOB_RUNNING, "", &err));
    tear_down();
}

static void job_life(void)
{
    set_up();
    char *agent = new_agent("a"), *job = new_job(agent);
    struct job_row j, k;
    struct job_row second = { .agent_id = strdup(agent) };
    FAILS(ERR_CONFLICT, job, job_insert(s, &second, &err));
    job_free(&second);
    struct job_row lost = { .agent_id = strdup("agent_x") };
    FAILS(ERR_NOT_FOUND, "no agent 'agent_x'", job_insert(s, &lost, &err));
    job_free(&lost);
    CU_ASSERT_EQUAL(job_active(s, agent, &j, &err), 1);
    CU_ASSERT_STRING_EQUAL(j.id, job);
    job_free(&j);
    struct job_progress p = { .epoch = 1, .total_epochs = 3, .step = 10, .loss = 0.5 };
    FAILS(ERR_CONFLICT, "only a running job", job_set_progress(s, job, &p, NULL, NULL, &err));
    OK(job_request_stop(s, job, JOB_STOP_CANCEL, &err));
    OK(job_transition(s, job, JOB_RUNNING, "go", &err));
    OK(job_request_stop(s, job, JOB_STOP_PAUSE, &err));
    CU_ASSERT_EQUAL(job_stop_requested(s, job, &err), JOB_STOP_CANCEL);
    OK(job_set_progress(s, job, &p, "{\"loss\":0.5}", NULL, &err));
    FAILS(ERR_CONFLICT, "cancel it first", job_delete(s, job, 1, &err));
    OK(job_finish(s, job, &(struct job_end){ .status = JOB_FAILED, .reason = "crash", .error_code = "signal:11",
                                             .error_text = "killed" }, &err));
    OK(job_get(s, job, &j, &err));
    CU_ASSERT_STRING_EQUAL(j.error_code, "signal:11");
    CU_ASSERT_STRING_EQUAL(j.metrics, "{\"loss\":0.5}");
    CU_ASSERT_TRUE(j.completed_at >= j.started_at && j.started_at >= j.created_at && j.started_at > 0);
    CU_ASSERT_EQUAL(j.stop_requested, JOB_STOP_NONE);
    FAILS(ERR_CONFLICT, "can be stopped", job_request_stop(s, job, JOB_STOP_PAUSE, &err));
    CU_ASSERT_EQUAL(job_active(s, agent, &k, &err), 0);
    char *next = new_job(agent);
    FAILS(ERR_CONFLICT, next, job_transition(s, job, JOB_RUNNING, "again", &err));
    OK(job_transition(s, next, JOB_CANCELLED, "", &err));
    OK(job_transition(s, job, JOB_RUNNING, "again", &err));
    OK(job_get(s, job, &k, &err));
    CU_ASSERT_EQUAL(k.attempt, 2);
    CU_ASSERT_PTR_NULL(k.error_code);
    CU_ASSERT_EQUAL(k.completed_at, 0);
    CU_ASSERT_EQUAL(k.started_at, j.started_at);
    FAILS(HONE_EINVAL, "not a way", job_finish(s, job, &(struct job_end){ .status = JOB_RUNNING }, &err));
    OK(job_finish(s, job, &(struct job_end){ .status = JOB_COMPLETED, .results = "{}", .stop_reason = "max_epochs",
                                             .weights_sha256 = "ff" }, &err));
    struct job_steps steps;
    OK(job_steps(s, job, &steps, &err));
    static const int64_t path[] = { -1, JOB_PREPARING, JOB_RUNNING, JOB_FAILED, JOB_RUNNING, JOB_COMPLETED };
    CU_ASSERT_EQUAL_FATAL(steps.n, 5);
    for (size_t i = 0; i < steps.n; i++)
        CU_ASSERT_TRUE(steps.v[i].from == path[i] && steps.v[i].to == path[i + 1]);
    CU_ASSERT_STRING_EQUAL(steps.v[2].reason, "crash");
    job_steps_free(&steps);
    job_free(&j);
    job_free(&k);
    free(agent);
    free(job);
    free(next);
    tear_down();
}

static void job_looks(void)
{
    set_up();
    struct job_row j;
    struct job_list l;
    FAILS(ERR_NOT_FOUND, "no job yet", job_find(s, "latest", &j, &err));
    char *first = job_in(JOB_COMPLETED), *second = job_in(JOB_PAUSED), *third = job_in(JOB_RUNNING);
    const char *newest = strcmp(third, second) > 0 ? third : second;
    newest = strcmp(first, newest) > 0 ? first : newest;
    OK(job_find(s, "latest", &j, &err));
    CU_ASSERT_STRING_EQUAL(j.id, newest);
    job_free(&j);
    OK(job_find(s, second, &j, &err));
    job_free(&j);
    char start[64];
    snprintf(start, sizeof start, "%.*s", (int)strlen(first) - 1, first);
    OK(job_find(s, start, &j, &err));
    CU_ASSERT_STRING_EQUAL(j.id, first);
    job_free(&j);
    snprintf(start, sizeof start, "%.8s", first);
    FAILS(ERR_CONFLICT, "3 jobs begin with", job_find(s, start, &j, &err));
    FAILS(ERR_NOT_FOUND, "no job 'job_'", job_find(s, "job_", &j, &err));
    FAILS(ERR_NOT_FOUND, "no job 'job_%%%%%'", job_find(s, "job_%%%%%", &j, &err));
    OK(job_list(s, &(struct job_filter){ .status = 1 << JOB_PAUSED | 1 << JOB_RUNNING }, &l, &err));
    CU_ASSERT_EQUAL(l.n, 2);
    job_list_free(&l);
    OK(job_list(s, &(struct job_filter){ .status = 1 << JOB_PREPARING }, &l, &err));
    CU_ASSERT_EQUAL(l.n, 0);
    job_list_free(&l);
    OK(job_list(s, &(struct job_filter){ .data_sha256 = "aa", .limit = 1 }, &l, &err));
    CU_ASSERT_EQUAL_FATAL(l.n, 1);
    CU_ASSERT_STRING_EQUAL(l.v[0].id, newest);
    job_list_free(&l);
    free(first);
    free(second);
    free(third);
    tear_down();
}

/* A version of a job's weights, made the active one. */
static char *release(const char *agent, const char *job)
{
    struct version_row v = { .agent_id = strdup(agent), .job_id = strdup(job), .weights_file = strdup("w"),
                             .weights_sha256 = strdup("ff"), .weights_bytes = 7 };
    OK(version_insert(s, &v, &err));
    OK(agent_activate(s, agent, v.id, "trained", &err));
    char *id = strdup(v.id);
    version_free(&v);
    return id;
}

static void versions(void)
{
    set_up();
    struct version_row v;
    struct version_list l;
    struct agent_row a;
    char *agent = new_agent("a"), *other = new_agent("b");
    FAILS(ERR_PRECONDITION, "train it first", version_active(s, agent, &v, &err));
    FAILS(ERR_NOT_FOUND, "no agent 'x'", version_active(s, "x", &v, &err));
    char *job = new_job(agent), *one = release(agent, job);
    OK(job_transition(s, job, JOB_CANCELLED, "", &err));
    char *next = new_job(agent), *two = release(agent, next);
    OK(job_transition(s, next, JOB_CANCELLED, "", &err));
    OK(version_active(s, agent, &v, &err));
    CU_ASSERT_EQUAL(v.number, 2);
    CU_ASSERT_EQUAL(v.weights_bytes, 7);
    CU_ASSERT_STRING_EQUAL(v.id, two);
    version_free(&v);
    OK(version_by_number(s, agent, 1, &v, &err));
    CU_ASSERT_STRING_EQUAL(v.id, one);
    version_free(&v);
    FAILS(ERR_NOT_FOUND, "has no version 3", version_by_number(s, agent, 3, &v, &err));
    FAILS(ERR_NOT_FOUND, "has no version", agent_activate(s, other, one, "deployed", &err));
    OK(version_list(s, agent, 2, 0, &l, &err));
    CU_ASSERT_EQUAL_FATAL(l.n, 1);
    CU_ASSERT_STRING_EQUAL(l.v[0].id, one);
    version_list_free(&l);
    FAILS(ERR_CONFLICT, "answers with what job", job_delete(s, next, 0, &err));
    OK(job_delete(s, next, 1, &err));
    OK(agent_get(s, agent, &a, &err));
    CU_ASSERT_STRING_EQUAL(a.active_version, one);
    agent_free(&a);
    OK(job_delete(s, job, 1, &err));
    FAILS(ERR_PRECONDITION, "train it first", version_active(s, agent, &v, &err));
    free(agent);
    free(other);
    free(job);
    free(next);
    free(one);
    free(two);
    tear_down();
}

static void put_checkpoint(const char *job, int64_t step, const char *kind)
{
    char file[32];
    snprintf(file, sizeof file, "c-%lld", (long long)step);
    struct checkpoint_row c = { .job_id = strdup(job), .file = strdup(file), .bytes = step, .sha256 = strdup("ab"),
                                .epoch = step / 10, .step = step, .kind = strdup(kind) };
    OK(checkpoint_put(s, &c, &err));
    checkpoint_free(&c);
}

static void checkpoints(void)
{
    set_up();
    struct checkpoint_row c;
    struct checkpoint_list l;
    char *job = job_in(JOB_RUNNING);
    FAILS(ERR_NOT_FOUND, "has no checkpoint", checkpoint_latest(s, job, &c, &err));
    for (int64_t step = 10; step <= 50; step += 10)
        put_checkpoint(job, step, step == 20 ? "interrupt" : "interval");
    put_checkpoint(job, 50, "interval");
    OK(checkpoint_latest(s, job, &c, &err));
    CU_ASSERT_EQUAL(c.step, 50);
    CU_ASSERT_PTR_NULL(c.metrics);
    checkpoint_free(&c);
    OK(checkpoint_list(s, job, 0, &l, &err));
    CU_ASSERT_EQUAL_FATAL(l.n, 5);
    CU_ASSERT_EQUAL(l.v[0].step, 10);
    checkpoint_list_free(&l);
    OK(checkpoint_list(s, job, 2, &l, &err));
    CU_ASSERT_TRUE(l.n == 2 && l.v[0].step == 40 && l.v[1].step == 50);
    checkpoint_list_free(&l);
    OK(checkpoint_prune(s, job, 2, &l, &err));
    CU_ASSERT_TRUE(l.n == 2 && l.v[0].step == 10 && l.v[1].step == 30);
    checkpoint_list_free(&l);
    OK(checkpoint_prune(s, job, 0, &l, &err));
    CU_ASSERT_TRUE(l.n == 1 && l.v[0].step == 40);
    checkpoint_list_free(&l);
    OK(checkpoint_list(s, job, 0, &l, &err));
    CU_ASSERT_TRUE(l.n == 2 && l.v[0].step == 20 && l.v[1].step == 50);
    checkpoint_list_free(&l);
    OK(checkpoint_forget(s, job, "c-50", &err));
    OK(checkpoint_forget(s, job, "c-50", &err));
    OK(checkpoint_latest(s, job, &c, &err));
    CU_ASSERT_EQUAL(c.step, 20);
    checkpoint_free(&c);
    free(job);
    tear_down();
}

static void history_and_evaluations(void)
{
    set_up();
    struct history_list h;
    struct evaluation_list l;
    char *job = job_in(JOB_RUNNING);
    OK(history_put(s, job, 1, 10, "{\"loss\":3}", &err));
    OK(history_put(s, job, 2, 20, "{\"loss\":2}", &err));
    OK(history_put(s, job, 3, 30, "{\"loss\":1}", &err));
    OK(history_put(s, job, 2, 20, "{\"loss\":9}", &err));
    OK(history_list(s, job, 10, 1, &h, &err));
    CU_ASSERT_EQUAL_FATAL(h.n, 1);
    CU_ASSERT_STRING_EQUAL(h.v[0].row, "{\"loss\":9}");
    CU_ASSERT_EQUAL(h.v[0].epoch, 2);
    history_list_free(&h);
    OK(history_truncate(s, job, 20, &err));
    OK(history_list(s, job, -1, 0, &h, &err));
    CU_ASSERT_EQUAL(h.n, 2);
    history_list_free(&h);
    FAILS(ERR_NOT_FOUND, "does not exist", history_put(s, "job_x", 1, 1, "{}", &err));
    struct evaluation_row e = { .job_id = strdup(job), .overall_score = 87.5, .result = strdup("{\"a\":1}") }, f;
    OK(evaluation_insert(s, &e, &err));
    OK(evaluation_get(s, e.id, &f, &err));
    CU_ASSERT_EQUAL(f.overall_score, 87.5);
    CU_ASSERT_STRING_EQUAL(f.result, "{\"a\":1}");
    evaluation_free(&f);
    OK(evaluation_list(s, job, NULL, 0, &l, &err));
    CU_ASSERT_EQUAL(l.n, 1);
    evaluation_list_free(&l);
    OK(evaluation_list(s, job, e.id, 0, &l, &err));
    CU_ASSERT_EQUAL(l.n, 0);
    evaluation_list_free(&l);
    put_checkpoint(job, 10, "interval");
    OK(job_transition(s, job, JOB_COMPLETED, "", &err));
    OK(job_delete(s, job, 0, &err));
    FAILS(ERR_NOT_FOUND, "no job", job_delete(s, job, 0, &err));
    FAILS(ERR_NOT_FOUND, "no evaluation", evaluation_get(s, e.id, &f, &err));
    OK(history_list(s, job, -1, 0, &h, &err));
    CU_ASSERT_EQUAL(h.n, 0);
    history_list_free(&h);
    evaluation_free(&e);
    free(job);
    tear_down();
}

static void transactions(void)
{
    set_up();
    struct agent_list l;
    OK(store_begin(s, &err));
    OK(store_begin(s, &err)); /* a part of the one that is open */
    free(new_agent("kept"));
    OK(store_commit(s, &err));
    struct agent_row twice = { .name = strdup("kept") };
    FAILS(ERR_CONFLICT, "already", agent_insert(s, &twice, &err));
    agent_free(&twice);
    OK(store_commit(s, &err));
    FAILS(ERR_CONFLICT, "no transaction", store_commit(s, &err));
    OK(store_begin(s, &err));
    OK(store_begin(s, &err));
    free(new_agent("undone"));
    OK(store_commit(s, &err));
    store_rollback(s);
    OK(store_begin(s, &err));
    free(new_agent("closed"));
    store_close(s);
    s = store_open_existing(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    OK(agent_list(s, &(struct agent_filter){ 0 }, &l, &err));
    CU_ASSERT_EQUAL_FATAL(l.n, 1);
    CU_ASSERT_STRING_EQUAL(l.v[0].name, "kept");
    agent_list_free(&l);
    char *agent = new_agent("busy"), *job = new_job(agent);
    FAILS(ERR_CONFLICT, "is active", agent_delete(s, agent, &err));
    OK(job_transition(s, job, JOB_CANCELLED, "", &err));
    free(release(agent, job));
    OK(agent_delete(s, agent, &err));
    FAILS(ERR_NOT_FOUND, "no job", job_delete(s, job, 1, &err));
    free(agent);
    free(job);
    tear_down();
}

int test_store(void)
{
    CU_pSuite suite = CU_add_suite("store", NULL, NULL);
    int ok = suite && CU_add_test(suite, "agents", agents) && CU_add_test(suite, "pages", pages) &&
             CU_add_test(suite, "job columns", job_columns) && CU_add_test(suite, "edges", edges) &&
             CU_add_test(suite, "a job's life", job_life) && CU_add_test(suite, "look-ups of jobs", job_looks) &&
             CU_add_test(suite, "versions", versions) && CU_add_test(suite, "checkpoints", checkpoints) &&
             CU_add_test(suite, "history and evaluations", history_and_evaluations) &&
             CU_add_test(suite, "transactions", transactions);
    return ok ? 0 : -1;
}
