#include "core/api/serving.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "core/api/journal.h"
#include "core/api/daemon_priv.h"
#include "core/api/route.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/rng.h"

struct serving {
    struct warm *warm;
    struct routes *routes;
    struct journal *journal;
    uint64_t seed, draws;        /* chance of this process; draws: atomic */
};

struct serving *serving_open(const struct api *a, const struct warm_opts *o, struct hone_err *err)
{
    struct serving *s = calloc(1, sizeof *s);
    if (!s || !(s->routes = routes_new()))
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (randombytes_buf(&s->seed, sizeof s->seed), (s->warm = warm_new(o, err)) && (s->journal = journal_open(a, err)))
        return s;
    serving_close(s);
    return NULL;
}

void serving_close(struct serving *s)
{
    if (!s)
        return;
    warm_free(s->warm); /* answers what was asked */
    journal_close(s->journal);
    routes_free(s->routes);
    free(s);
}

int serving_load(struct serving *s, const struct warm_version *v, struct hone_err *err)
{
    return warm_load(s->warm, v, err);
}

void serving_stats(struct serving *s, struct warm_stats *stats)
{
    warm_stats(s->warm, stats);
}

void serving_metrics(struct serving *s, struct buf *b)
{
    struct warm_stats now;
    warm_stats(s->warm, &now);
    const struct {
        const char *name, *type, *help;
        int64_t value;
    } all[] = {
        { "hone_serving_workers", "gauge", "Workers that keep an agent ready.", now.workers },
        { "hone_serving_memory_bytes", "gauge", "Memory of these workers together.", now.memory_bytes },
        { "hone_serving_waiting", "gauge", "Questions that wait for their answer.", now.waiting },
        { "hone_serving_answers_total", "counter", "Questions answered.", now.answers },
        { "hone_serving_failures_total", "counter", "Questions that could not be answered.", now.failures },
        { "hone_serving_batches_total", "counter", "Batches that they were answered in.", now.batches },
        { "hone_serving_starts_total", "counter", "Workers started.", now.starts },
        { "hone_serving_deaths_total", "counter", "Workers that died.", now.deaths },
        { "hone_serving_evictions_total", "counter", "Workers ended to make room.", now.evictions },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", all[i].name, all[i].help, all[i].name, all[i].type, all[i].name, (long long)all[i].value);
}

/* ---- a call ---- */

struct asking;

struct asked {
    struct asking *of;
    char *text;
    cJSON *answer;
};

/* One call of invokeAgent on its way. Whoever brings the last of its answers goes on with it. */
struct asking {
    struct serving *serving;
    struct daemon *daemon;       /* that counts the call; NULL: whoever waits for it does */
    struct route *route;
    const struct route *taken;   /* the route itself or its canary */
    char rule[16];               /* by which answers are drawn by chance; "": they are the best ones */
    double setting;
    uint64_t seed, draw;         /* of the chance; that of the first answer */
    struct api_hooks hooks;      /* of whoever hears the answers piece by piece; event NULL: nobody does */
    api_done *done;
    void *arg;
    int single;                  /* "input" rather than "texts" */
    int64_t begun_us;
    int64_t n, left;             /* left: atomic */
    int failed;                  /* atomic: err is somebody's */
    struct hone_err err;
    struct asked *asked;
    struct interaction_row *rows;
    struct journal_entry entry;
};

static void asking_free(struct asking *k)
{
    if (!k)
        return;
    for (int64_t i = 0; i < k->n; i++) {
        if (k->asked)
            cJSON_Delete(k->asked[i].answer);
        if (k->asked)
            free(k->asked[i].text);
        if (k->rows)
            free(k->rows[i].alternatives);
        if (k->rows)
            free(k->rows[i].id);
    }
    free(k->asked);
    free(k->rows);
    route_free(k->route);
    free(k);
}

static void tell_failure(struct asking *k, int rc, const struct hone_err *err)
{
    struct api_answer answer = { 0 };
    api_answer_fail(&answer, rc, NULL);
    daemon_note_call(k->daemon, rc);
    k->done(k->arg, rc, &answer, err);
    api_answer_free(&answer);
    asking_free(k);
}

/* ---- the answer ---- */

/* Adds to an answer what is known of it besides. */
static cJSON *complete(struct asking *k, int64_t i)
{
    cJSON *o = k->asked[i].answer;
    k->asked[i].answer = NULL;
    cJSON_AddItemToObject(o, "interaction_id", cJSON_CreateString(k->rows[i].id));
    if (!json_get(o, "propensity"))
        cJSON_AddItemToObject(o, "propensity", cJSON_CreateNumber(k->rows[i].propensity));
    return o;
}

static cJSON *data_of(struct asking *k)
{
    cJSON *data = k->single ? complete(k, 0) : cJSON_CreateObject();
    cJSON_AddItemToObject(data, "agent_id", cJSON_CreateString(k->route->agent_id));
    cJSON_AddItemToObject(data, "agent_name", cJSON_CreateString(k->route->agent_name));
    cJSON_AddItemToObject(data, "version_id", cJSON_CreateString(k->taken->version_id));
    cJSON_AddItemToObject(data, "version", cJSON_CreateNumber((double)k->taken->version));
    if (!k->single) {
        cJSON *list = cJSON_AddArrayToObject(data, "answers");
        for (int64_t i = 0; i < k->n; i++) {
            cJSON *one = complete(k, i);
            if (!cJSON_AddItemToArray(list, one)) /* memory ran out for the list, of which json_lost() tells */
                cJSON_Delete(one);
        }
    }
    return data;
}

static void on_written(void *arg, int rc, const struct hone_err *err)
{
    struct asking *k = arg;
    (void)json_lost();
    if (rc < 0) {
        tell_failure(k, rc, err);
        return;
    }
    struct api_answer answer = { .status = 200, .data = data_of(k) };
    if (json_lost() || !answer.data) {
        struct hone_err why;
        cJSON_Delete(answer.data);
        tell_failure(k, hone_fail(&why, HONE_ENOMEM, "memory ran out for the answer, which is recorded"), &why);
        return;
    }
    daemon_note_call(k->daemon, 0);
    k->done(k->arg, 0, &answer, err);
    api_answer_free(&answer);
    asking_free(k);
}

/* ---- writing it down ---- */

static void write_down(struct asking *k)
{
    double latency_ms = (double)(clock_mono_us() - k->begun_us) * 1e-3;
    for (int64_t i = 0; i < k->n; i++) {
        const cJSON *answer = k->asked[i].answer, *alternatives = json_get(answer, "alternatives");
        k->rows[i] = (struct interaction_row){
            .agent_id = k->route->agent_id, .version_id = k->taken->version_id, .input = k->asked[i].text,
            .output = (char *)(intptr_t)json_str(answer, "output", NULL), .confidence = json_num(answer, "confidence", NAN),
            .alternatives = alternatives && alternatives->child ? json_text(alternatives, 0) : NULL,
            .abstained = json_bool(answer, "abstained", 0), .propensity = json_num(answer, "propensity", 1),
            .explored_by = k->rule[0] ? k->rule : NULL, .latency_ms = latency_ms, .rating = NAN,
        };
    }
    k->entry = (struct journal_entry){ .rows = k->rows, .n = (size_t)k->n, .written = on_written, .arg = k };
    journal_add(k->serving->journal, &k->entry);
}

/* Notes the first failure of a call. */
static void note_failure(struct asking *k, const struct hone_err *err)
{
    if (__atomic_exchange_n(&k->failed, 1, __ATOMIC_ACQ_REL) == 0)
        k->err = *err;
}

/* So many answers came, or will never come. */
static void come(struct asking *k, int64_t n)
{
    if (__atomic_sub_fetch(&k->left, n, __ATOMIC_ACQ_REL) > 0)
        return;
    if (k->failed)
        tell_failure(k, k->err.code, &k->err);
    else
        write_down(k);
}

static void on_answer(void *arg, cJSON *answer, const struct hone_err *err)
{
    struct asked *q = arg;
    q->answer = answer;
    if (!answer)
        note_failure(q->of, err);
    come(q->of, 1);
}

/* A piece of an answer, as it is written. */
static void on_piece(void *arg, const char *text)
{
    struct asked *q = arg;
    cJSON *f = cJSON_CreateObject();
    json_put_int(f, "answer", q - q->of->asked);
    json_put_str(f, "text", text);
    q->of->hooks.event(q->of->hooks.arg, "text", f);
    cJSON_Delete(f);
}

static int is_gone(void *arg)
{
    const struct api_hooks *h = &((struct asked *)arg)->of->hooks;
    enum api_wish wish = h->wish ? h->wish(h->arg) : API_GO;
    return wish == API_GO ? 0 : wish == API_KILL ? 2 : 1;
}

/* ---- beginning ---- */

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t over;
    int done, rc;
    cJSON *data;
    struct hone_err err;
};

static void wake(void *arg, int rc, struct api_answer *answer, const struct hone_err *err)
{
    struct waiting *w = arg;
    pthread_mutex_lock(&w->lock);
    w->data = answer->data;
    answer->data = NULL;
    if (rc < 0)
        w->err = *err;
    w->rc = rc;
    w->done = 1;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
}

static int take_texts(struct asking *k, const cJSON *in, struct hone_err *err)
{
    const cJSON *input = json_get(in, "input"), *texts = json_get(in, "texts"), *t = input ? input : texts ? texts->child : NULL;
    if (!input == !texts)
        return hone_fail(err, HONE_EINVAL, "input: expected one text in input, or several in texts");
    k->single = input != NULL;
    k->n = k->left = input ? 1 : cJSON_GetArraySize(texts);
    k->asked = calloc((size_t)k->n + 1, sizeof *k->asked);
    k->rows = calloc((size_t)k->n + 1, sizeof *k->rows);
    int ok = k->asked && k->rows;
    for (int64_t i = 0; i < k->n && ok; i++, t = t->next) {
        k->asked[i].of = k;
        ok = (k->asked[i].text = strdup(t->valuestring)) != NULL;
    }
    return ok ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* Asks all; what cannot be asked any more counts as come. */
static void ask_all(struct asking *k, int64_t top, double threshold, const char *generation)
{
    struct serving *s = k->serving;
    struct warm_version v;
    struct hone_err err = { 0 };
    int64_t n = k->n;
    route_version(k->taken, &v);
    for (int64_t i = 0; i < n; i++) {
        struct warm_question q = { .text = k->asked[i].text, .top = top, .threshold = threshold, .generation = generation,
                                   .piece = k->hooks.event ? on_piece : NULL, .gone = is_gone };
        if (k->rule[0]) {
            q.rule = k->rule;
            q.setting = k->setting;
            q.seed = k->seed;
            q.draw = k->draw + (uint64_t)i;
        }
        if (warm_ask(s->warm, &v, &q, on_answer, &k->asked[i], &err) < 0) {
            note_failure(k, &err);
            come(k, n - i);
            return;
        }
    }
}

/* Which version answers, and whether by chance: as the caller says, else as the version is deployed. Who names a threshold wants the best
 * answer or none. */
static void choose(struct asking *k, const cJSON *in, double threshold)
{
    struct serving *s = k->serving;
    const cJSON *explore = json_get(in, "explore");
    uint64_t first = __atomic_fetch_add(&s->draws, (uint64_t)k->n, __ATOMIC_RELAXED);
    k->taken = route_drawn(k->route, k->route->canary ? rng_unit(s->seed, RNG_CANARY, first) : 0);
    const char *rule = explore ? json_str(explore, "rule", "") : threshold < 0 ? k->taken->explore_rule : NULL;
    snprintf(k->rule, sizeof k->rule, "%s", rule ? rule : "");
    k->setting = explore ? json_num(explore, "setting", 0) : k->taken->explore_setting;
    k->seed = explore ? (uint64_t)json_int(explore, "seed", 0) : s->seed >> 11;
    k->draw = explore ? 0 : first;
}

int serving_begin(struct api *a, const cJSON *in, api_done *done, void *arg, struct hone_err *err)
{
    struct asking *k = calloc(1, sizeof *k);
    if (!k)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    *k = (struct asking){ .serving = a->serving, .daemon = done == wake ? NULL : a->daemon, .done = done, .arg = arg, .begun_us = clock_mono_us() };
    int rc = take_texts(k, in, err);
    if (rc >= 0 && !(k->route = routes_find(a->serving->routes, a, json_str(in, "agent_id", ""), err)))
        rc = err->code;
    if (rc < 0) {
        asking_free(k);
        return rc;
    }
    if (a->call && a->call->hooks)
        k->hooks = *a->call->hooks;
    if (!json_bool(in, "stream", 0))
        k->hooks.event = NULL;
    double threshold = json_num(in, "threshold", -1);
    choose(k, in, threshold);
    cJSON *wish = route_generation(k->taken, json_get(in, "generation"));
    char *generation = wish ? json_text(wish, 0) : NULL;
    int lost = json_lost() || (wish && !generation);
    cJSON_Delete(wish);
    if (lost) { /* without it, it would be asked another way than was wished */
        free(generation);
        asking_free(k);
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    ask_all(k, json_int(in, "top", 3), threshold >= 0 ? threshold : k->taken->threshold, generation);
    free(generation);
    return 0;
}

/* ---- waiting ---- */

cJSON *serving_answer(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct waiting w = { .lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER };
    if (serving_begin(a, in, wake, &w, err) < 0)
        return NULL;
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.over, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.over);
    pthread_mutex_destroy(&w.lock);
    if (w.rc < 0)
        *err = w.err;
    return w.data;
}
