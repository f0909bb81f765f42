/* invokeAgent as a daemon does it: what is told was recorded first, and a version that is deployed takes over without a question lost.
 * The workers are tests/unit/fake_worker.c; real ones answer in tests/api. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/journal.h"
#include "core/api/serving.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/store/agent.h"
#include "core/store/interaction.h"
#include "core/store/job.h"
#include "core/store/version.h"
#include "tests/unit/suites.h"

static char dir[64], fake[4200], agent[64], versions[2][64];
static struct hone_err err;
static struct api api;

static int find_fake(void)
{
    char here[4096];
    if (path_program_dir(here, sizeof here, &err) != 0)
        return -1;
    char *libs = strstr(here, "/.libs");
    if (libs && libs[6] == '\0')
        *libs = '\0';
    snprintf(fake, sizeof fake, "%s/fake_worker", here);
    return access(fake, X_OK);
}

/* A trained version of the agent; it does not answer yet. */
static void add_version(struct store *s, const char *file, char id[64])
{
    struct job_row j = { .agent_id = agent, .config = "{}" };
    CU_ASSERT_EQUAL_FATAL(job_insert(s, &j, &err), 0);
    CU_ASSERT_EQUAL_FATAL(job_transition(s, j.id, JOB_RUNNING, "", &err), 0);
    CU_ASSERT_EQUAL_FATAL(job_finish(s, j.id, &(struct job_end){ .status = JOB_COMPLETED, .reason = "" }, &err), 0);
    struct version_row v = { .agent_id = agent, .job_id = j.id, .weights_file = (char *)(intptr_t)file, .weights_sha256 = "00" };
    CU_ASSERT_EQUAL_FATAL(version_insert(s, &v, &err), 0);
    snprintf(id, 64, "%s", v.id);
    free(v.id);
    free(j.id);
    free(j.tenant);
}

static void activate(const char *version)
{
    struct store *s = store_open(dir, &err);
    CU_ASSERT_EQUAL(agent_activate(s, agent, version, "deployed", &err), 0);
    store_close(s);
}

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-serving-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    struct store *s = store_open(dir, &err);
    struct agent_row a = { .name = "desk" };
    CU_ASSERT_EQUAL_FATAL(agent_insert(s, &a, &err), 0);
    snprintf(agent, sizeof agent, "%s", a.id);
    free(a.id);
    free(a.tenant);
    free(a.description);
    add_version(s, "weights", versions[0]);
    add_version(s, "weights", versions[1]);
    store_close(s);
    api = (struct api){ .state_dir = dir };
    api.serving = serving_open(&api, &(struct warm_opts){ .program = fake }, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(api.serving);
}

static void tear_down(void)
{
    serving_close(api.serving);
    struct store *s = store_open(dir, &err);
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    store_close(s);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

/* invokeAgent through the one entry: the data (cJSON_Delete()), or NULL with err and the status. */
static cJSON *invoke(const char *request, int *status)
{
    struct api_answer answer;
    cJSON *in = json_parse(request, strlen(request), "request", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    memset(&err, 0, sizeof err);
    (void)api_call_function(&api, &(struct api_call){ .function = "invokeAgent", .in = in, .scope = API_READ }, &answer, &err);
    cJSON *data = answer.data;
    if (status)
        *status = answer.status;
    answer.data = NULL;
    api_answer_free(&answer);
    cJSON_Delete(in);
    return data;
}

static void answers_and_records(void)
{
    int status;
    set_up();
    CU_ASSERT_PTR_NULL(invoke("{\"agent_id\":\"desk\",\"input\":\"a\"}", &status));
    CU_ASSERT_EQUAL(status, 412);
    activate(versions[0]);
    CU_ASSERT_PTR_NULL(invoke("{\"agent_id\":\"dusk\",\"input\":\"a\"}", &status));
    CU_ASSERT_EQUAL(status, 404);
    CU_ASSERT_PTR_NULL(invoke("{\"agent_id\":\"desk\"}", &status));
    CU_ASSERT_EQUAL(status, 422);
    CU_ASSERT_PTR_NULL(invoke("{\"agent_id\":\"desk\",\"input\":\"a\",\"texts\":[\"b\"]}", &status));
    CU_ASSERT_EQUAL(status, 422);
    cJSON *data = invoke("{\"agent_id\":\"desk\",\"input\":\"where is it?\"}", &status);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    CU_ASSERT_EQUAL(status, 200);
    CU_ASSERT_STRING_EQUAL(json_str(data, "output", ""), "where is it?");
    CU_ASSERT_STRING_EQUAL(json_str(data, "version_id", ""), versions[0]);
    CU_ASSERT_STRING_EQUAL(json_str(data, "agent_id", ""), agent);
    CU_ASSERT_EQUAL(json_int(data, "version", 0), 1);
    CU_ASSERT_EQUAL(json_num(data, "propensity", 0), 1);
    struct interaction_row row;
    struct store *s = store_open(dir, &err);
    CU_ASSERT_EQUAL_FATAL(interaction_get(s, json_str(data, "interaction_id", ""), &row, &err), 0);
    store_close(s);
    CU_ASSERT_STRING_EQUAL(row.input, "where is it?");
    CU_ASSERT_STRING_EQUAL(row.output, "where is it?");
    CU_ASSERT_STRING_EQUAL(row.version_id, versions[0]);
    CU_ASSERT_EQUAL(row.propensity, 1);
    CU_ASSERT(row.latency_ms > 0);
    interaction_free(&row);
    cJSON_Delete(data);
    data = invoke("{\"agent_id\":\"desk\",\"texts\":[\"a\",\"b\",\"c\"]}", NULL);
    const cJSON *list = json_get(data, "answers");
    CU_ASSERT_EQUAL_FATAL(cJSON_GetArraySize(list), 3);
    CU_ASSERT_STRING_EQUAL(json_str(cJSON_GetArrayItem(list, 2), "output", ""), "c");
    CU_ASSERT_STRING_NOT_EQUAL(json_str(cJSON_GetArrayItem(list, 0), "interaction_id", ""),
                               json_str(cJSON_GetArrayItem(list, 1), "interaction_id", ""));
    cJSON_Delete(data);
    tear_down();
}

/* One text of several kills its worker: the call fails with the cause, nothing of it is recorded, others are served. */
static void one_of_several(void)
{
    int64_t all = -1, rated;
    int status;
    set_up();
    activate(versions[0]);
    CU_ASSERT_PTR_NULL(invoke("{\"agent_id\":\"desk\",\"texts\":[\"a\",\"!crash\",\"b\"]}", &status));
    CU_ASSERT_EQUAL(status, 500);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "SIGSEGV"));
    struct store *s = store_open(dir, &err);
    CU_ASSERT_EQUAL(interaction_count(s, agent, 0, 0, &all, &rated, &err), 0);
    store_close(s);
    CU_ASSERT_EQUAL(all, 0);
    cJSON *data = invoke("{\"agent_id\":\"desk\",\"input\":\"a\"}", &status);
    CU_ASSERT_EQUAL(status, 200);
    cJSON_Delete(data);
    tear_down();
}

/* What cannot be recorded is not told: the agent goes while it is asked. */
static void not_recorded(void)
{
    int status;
    set_up();
    activate(versions[0]);
    cJSON_Delete(invoke("{\"agent_id\":\"desk\",\"input\":\"a\"}", &status));
    CU_ASSERT_EQUAL(status, 200);
    char moved[80], db[80];
    snprintf(db, sizeof db, "%s/hone.db", dir);
    snprintf(moved, sizeof moved, "%s/moved.db", dir);
    CU_ASSERT_EQUAL(rename(db, moved), 0);
    CU_ASSERT_PTR_NULL(invoke("{\"agent_id\":\"desk\",\"input\":\"a\"}", &status));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "the answer could not be recorded"));
    CU_ASSERT_EQUAL(rename(moved, db), 0);
    cJSON_Delete(invoke("{\"agent_id\":\"desk\",\"input\":\"a\"}", &status));
    CU_ASSERT_EQUAL(status, 200);
    tear_down();
}

/* A function through the one entry, its answer held against its shape: the data (cJSON_Delete()), or NULL with err. */
static cJSON *call(const char *function, const char *request, int status)
{
    struct api_answer answer;
    cJSON *in = json_parse(request, strlen(request), "request", &err), *faults = cJSON_CreateArray();
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    (void)api_call_function(&api, &(struct api_call){ .function = function, .in = in, .scope = API_TRAIN }, &answer, &err);
    if (answer.status != status)
        fprintf(stderr, "\n    %s: %s\n", function, err.text);
    CU_ASSERT_EQUAL(answer.status, status);
    cJSON *data = answer.data;
    answer.data = NULL;
    int fake_answer = strcmp(function, "invokeAgent") == 0; /* the fake worker says more, and less, than a real one */
    if (data && !fake_answer && shape_matches(api_function_find(function, NULL)->out, data, faults, &err) != 0) {
        fprintf(stderr, "\n    %s: %s\n", function, err.text);
        CU_FAIL("an answer is not as its shape says");
    }
    cJSON_Delete(faults);
    cJSON_Delete(in);
    api_answer_free(&answer);
    return data;
}

static void is(cJSON *data, const char *key, const char *want)
{
    CU_ASSERT_STRING_EQUAL(json_str(data, key, ""), want);
    cJSON_Delete(data);
}

static void agents(void)
{
    char request[256];
    set_up();
    cJSON *made = call("createAgent", "{\"name\":\"second\",\"metadata\":{\"team\":[1]}}", 201);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(json_get(made, "metadata"), "team")), 1);
    CU_ASSERT_PTR_NULL(call("createAgent", "{\"name\":\"second\"}", 409));
    CU_ASSERT_PTR_NULL(call("createAgent", "{\"name\":\"agent_x\"}", 422));
    CU_ASSERT_PTR_NULL(call("createAgent", "{}", 422));
    snprintf(request, sizeof request, "{\"agent_id\":\"%s\",\"description\":\"new\"}", json_str(made, "agent_id", ""));
    cJSON *changed = call("updateAgent", request, 200);
    CU_ASSERT_STRING_EQUAL(json_str(changed, "name", ""), "second");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(json_get(changed, "metadata"), "team")), 1);
    is(changed, "description", "new");
    CU_ASSERT_PTR_NULL(call("updateAgent", "{\"agent_id\":\"second\",\"name\":\"desk\"}", 409));
    CU_ASSERT_PTR_NULL(call("updateAgent", "{\"agent_id\":\"third\",\"name\":\"x\"}", 404));
    is(call("deleteAgent", "{\"agent_id\":\"second\"}", 200), "agent_id", json_str(made, "agent_id", ""));
    CU_ASSERT_PTR_NULL(call("deleteAgent", "{\"agent_id\":\"second\"}", 404));
    cJSON_Delete(made);
    tear_down();
}

static void deploys_and_goes_back(void)
{
    char bad[64];
    set_up();
    struct store *s = store_open(dir, &err);
    add_version(s, "bad", bad);
    store_close(s);
    CU_ASSERT_PTR_NULL(call("rollbackAgent", "{\"agent_id\":\"desk\"}", 412));
    is(call("deployAgentVersion", "{\"agent_id\":\"desk\",\"version\":\"1\"}", 200), "version_id", versions[0]);
    is(call("deployAgentVersion", "{\"agent_id\":\"desk\",\"version_id\":\"2\"}", 200), "previous_version_id", versions[0]);
    is(call("invokeAgent", "{\"agent_id\":\"desk\",\"input\":\"a\"}", 200), "version_id", versions[1]);
    CU_ASSERT_PTR_NULL(call("deployAgentVersion", "{\"agent_id\":\"desk\",\"version_id\":\"3\"}", 422)); /* does not load */
    CU_ASSERT_PTR_NULL(call("deployAgentVersion", "{\"agent_id\":\"desk\",\"version_id\":\"4\"}", 404));
    is(call("invokeAgent", "{\"agent_id\":\"desk\",\"input\":\"a\"}", 200), "version_id", versions[1]);
    is(call("rollbackAgent", "{\"agent_id\":\"desk\"}", 200), "version_id", versions[0]);
    is(call("invokeAgent", "{\"agent_id\":\"desk\",\"input\":\"a\"}", 200), "version_id", versions[0]);
    CU_ASSERT_PTR_NULL(call("rollbackAgent", "{\"agent_id\":\"desk\"}", 412));
    cJSON *list = call("listAgentVersions", "{\"agent_id\":\"desk\"}", 200);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(list, "versions")), 3);
    cJSON_Delete(list);
    tear_down();
}

static void takes_feedback(void)
{
    char request[256];
    set_up();
    activate(versions[0]);
    cJSON *answer = call("invokeAgent", "{\"agent_id\":\"desk\",\"input\":\"a\"}", 200);
    const char *id = json_str(answer, "interaction_id", "");
    snprintf(request, sizeof request, "{\"interaction_id\":\"%s\",\"feedback\":\"incorrect\",\"expected_output\":\"b\"}", id);
    cJSON *told = call("recordFeedback", request, 200);
    CU_ASSERT_STRING_EQUAL(json_str(told, "expected_output", ""), "b");
    is(told, "feedback", "incorrect");
    snprintf(request, sizeof request, "{\"interaction_id\":\"%s\"}", id);
    CU_ASSERT_PTR_NULL(call("recordFeedback", request, 422));
    snprintf(request, sizeof request, "{\"interaction_id\":\"%s\",\"rating\":0.5}", id);
    is(call("recordFeedback", request, 200), "feedback", "incorrect");
    CU_ASSERT_PTR_NULL(call("recordFeedback", "{\"interaction_id\":\"intr_0\",\"rating\":0.5}", 404));
    cJSON_Delete(answer);
    tear_down();
}

/* Of answers that are written together, those that cannot be fail alone: their agent is gone by then. */
struct written {
    int calls, rc;
};

static void note_written(void *arg, int rc, const struct hone_err *e)
{
    struct written *w = arg;
    (void)e;
    w->calls++;
    w->rc = rc;
}

static void written_together(void)
{
    struct journal_entry entry[50];
    struct interaction_row row[50];
    struct written w[50] = { { 0 } };
    int64_t all, rated;
    set_up();
    struct journal *j = journal_open(&api, &err);
    for (int i = 0; i < 50; i++) {
        row[i] = (struct interaction_row){ .agent_id = i == 20 ? "agent_gone" : agent, .input = "a", .confidence = NAN, .propensity = 1, .rating = NAN,
                                           .latency_ms = NAN };
        entry[i] = (struct journal_entry){ .rows = &row[i], .n = 1, .written = note_written, .arg = &w[i] };
        journal_add(j, &entry[i]);
    }
    journal_close(j);
    for (int i = 0; i < 50; i++) {
        CU_ASSERT_EQUAL(w[i].calls, 1);
        CU_ASSERT_EQUAL(w[i].rc, i == 20 ? ERR_NOT_FOUND : 0);
        free(row[i].id);
    }
    struct store *s = store_open(dir, &err);
    CU_ASSERT_EQUAL(interaction_count(s, agent, 0, 0, &all, &rated, &err), 0);
    store_close(s);
    CU_ASSERT_EQUAL(all, 49);
    tear_down();
}

/* ---- deploying under load ---- */

static int ending;

struct asker {
    pthread_t thread;
    int good, bad, stale;
};

/* Version deployed % 4 / 2 answers; odd while the next one is being deployed. */
static int deployed;

/* Asks until told to end; an answer is stale when it comes from a version that had been replaced before it was asked. */

static void *ask(void *arg)
{
    struct asker *me = arg;
    struct api mine = api;
    while (!__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) {
        int before = __atomic_load_n(&deployed, __ATOMIC_ACQUIRE);
        struct hone_err e = { 0 };
        cJSON *in = cJSON_CreateObject();
        json_put_str(in, "agent_id", "desk");
        json_put_str(in, "input", "q");
        cJSON *data = serving_answer(&mine, in, &e);
        int after = __atomic_load_n(&deployed, __ATOMIC_ACQUIRE);
        if (!data)
            me->bad++;
        else if (before == after && before % 2 == 0 && strcmp(json_str(data, "version_id", ""), versions[before % 4 / 2]) != 0)
            me->stale++;
        else
            me->good++;
        cJSON_Delete(data);
        cJSON_Delete(in);
    }
    return NULL;
}

static void swaps_in(void)
{
    struct asker askers[4] = { { 0 } };
    struct warm_stats stats;
    set_up();
    activate(versions[0]);
    deployed = 0;
    ending = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&askers[i].thread, NULL, ask, &askers[i]);
    for (int i = 1; i <= 6; i++) {
        usleep(100000);
        const char *next = versions[i % 2];
        __atomic_add_fetch(&deployed, 1, __ATOMIC_ACQ_REL);
        CU_ASSERT_EQUAL(serving_load(api.serving, &(struct warm_version){ next, agent, "weights", NULL }, &err), 0);
        activate(next);
        __atomic_add_fetch(&deployed, 1, __ATOMIC_ACQ_REL);
    }
    usleep(100000);
    __atomic_store_n(&ending, 1, __ATOMIC_RELEASE);
    int good = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(askers[i].thread, NULL);
        good += askers[i].good;
        CU_ASSERT_EQUAL(askers[i].bad, 0);
        CU_ASSERT_EQUAL(askers[i].stale, 0);
    }
    CU_ASSERT(good > 20);
    serving_stats(api.serving, &stats);
    CU_ASSERT_EQUAL(stats.failures, 0);
    CU_ASSERT(stats.starts >= 2 && stats.starts < good / 2);
    tear_down();
}

int test_serving(void)
{
    CU_pSuite s = CU_add_suite("serving", find_fake, NULL);
    return s && CU_add_test(s, "answers and records", answers_and_records) && CU_add_test(s, "one of several", one_of_several) &&
           CU_add_test(s, "not recorded", not_recorded) && CU_add_test(s, "swaps in", swaps_in) && CU_add_test(s, "written together", written_together) &&
           CU_add_test(s, "agents", agents) && CU_add_test(s, "deploys and goes back", deploys_and_goes_back) &&
           CU_add_test(s, "feedback", takes_feedback) ? 0 : -1;
}
