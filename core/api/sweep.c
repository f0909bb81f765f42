/* A sweep: trainings with configurations that search.c proposes, in batches, then the winner trained once more and judged on rows that the search did
 * not see. Its state is a run with steps: "search_rows", "test_rows", one "trial" a training, "winner", "test".
 *
 * Why batches. What is tried next depends on what was found before. If it depended on which training ended first, another number of workers, or
 * a machine that is busy with something else, would give other trials. So decisions are made between batches alone, from the results of all earlier
 * batches in the order of the trials, and a batch has the size that the definition says; workers only decide how many of a batch run at once. Time is
 * lost where one training of a batch takes longer than the others; that is the price of a result that can be had again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/pipe.h"
#include "core/api/sweep.h"
#include "core/base/clock.h"
#include "core/base/json.h"

/* ---- agents ---- */

/* The agent is there, and its name is known. */
static int need_agent(struct driving *d, const char *name, struct hone_err *err)
{
    cJSON *in = cJSON_CreateObject();
    json_put_str(in, "agent_id", name);
    cJSON *agent = pipe_call(d->r, "getAgent", in, NULL, err);
    if (!agent && err->code == ERR_NOT_FOUND) {
        in = cJSON_CreateObject();
        json_put_str(in, "name", name);
        agent = pipe_call(d->r, "createAgent", in, NULL, err);
    }
    int rc = agent ? 0 : err->code;
    if (agent && !*d->agent)
        snprintf(d->agent, sizeof d->agent, "%s", json_str(agent, "name", ""));
    cJSON_Delete(agent);
    return rc;
}

/* ---- what is tried ---- */

/* Results by the order of trials: of the search (seen) and of the rungs (done, one a row of a trial). Both have room for r->steps.n. */
static int results(const struct driving *d, struct search_seen *seen, struct search_rung *done, int *n_done)
{
    int per_rung[SEARCH_RUNGS] = { 0 }, n = 0, rung = 0;
    *n_done = 0;
    for (size_t i = 0; i < d->r->steps.n; i++) {
        if (!sweep_is_trial(&d->r->steps.v[i]) || !sweep_ended(&d->r->steps.v[i]))
            continue;
        cJSON *o = stored_json(d->r->steps.v[i].result);
        done[*n_done] = (struct search_rung){ .trial = (int)json_int(o, "trial", 0), .rung = (int)json_int(o, "rung", 0), .score = json_num(o, "score", NAN) };
        for (int k = 0; k < *n_done; k++)
            done[k].promoted |= done[k].trial == done[*n_done].trial && done[k].rung < done[*n_done].rung;
        per_rung[done[*n_done].rung]++;
        (*n_done)++;
        cJSON_Delete(o);
    }
    for (int k = 1; k < d->w.asha.rungs; k++) { /* the highest rung that can tell something */
        if (per_rung[k] >= d->w.startup)
            rung = k;
    }
    for (size_t i = 0; i < d->r->steps.n; i++) {
        cJSON *o = sweep_is_trial(&d->r->steps.v[i]) && sweep_ended(&d->r->steps.v[i]) ? stored_json(d->r->steps.v[i].result) : NULL;
        const cJSON *x = json_get(o, "x");
        if (cJSON_IsArray(x) && json_int(o, "rung", 0) == rung) {
            for (int k = 0; k < d->w.space.n; k++)
                seen[n].x[k] = cJSON_GetArrayItem(x, k)->valuedouble;
            seen[n++].score = json_num(o, "score", NAN);
        }
        cJSON_Delete(o);
    }
    return n;
}

static int trials_so_far(const struct pipe_run *r)
{
    int most = -1;
    for (size_t i = 0; i < r->steps.n; i++) {
        if (sweep_is_trial(&r->steps.v[i]) && r->steps.v[i].part > most)
            most = (int)r->steps.v[i].part;
    }
    return most + 1;
}

/* The plan of a new trial: {trial, rung, epochs, x, config}. NULL when memory ran out, and the loss is noted. */
static cJSON *propose(const struct driving *d, int trial, const struct search_seen *seen, int n)
{
    const struct sweep *w = &d->w;
    int starts = cJSON_GetArraySize(w->start);
    double x[SEARCH_DIMS];
    cJSON *o = cJSON_CreateObject(), *config;
    json_put_int(o, "trial", trial);
    json_put_int(o, "rung", 0);
    if (trial < starts) {
        config = cJSON_CreateObject();
        sweep_lay(config, w->config);
        sweep_lay(config, cJSON_GetArrayItem(w->start, trial));
    } else {
        if (w->search == SWEEP_GRID)
            search_grid(&w->space, trial - starts, x);
        else if (w->search == SWEEP_RANDOM)
            search_random(&w->space, (uint64_t)w->seed, trial, x);
        else if (search_tpe(&w->space, (uint64_t)w->seed, trial, seen, n, w->startup, x) < 0) {
            cJSON_Delete(o);
            json_note_loss();
            return NULL;
        }
        config = sweep_config(w, x);
        cJSON *list = cJSON_CreateArray();
        for (int k = 0; k < w->space.n; k++)
            cJSON_AddItemToArray(list, cJSON_CreateNumber(x[k]));
        json_put(o, "x", list);
    }
    json_put(o, "config", config);
    return o;
}

/* A point of this batch, whose result later ones of it do not know. */
static void note_proposed(const struct driving *d, const cJSON *plan, struct search_seen *seen, int *n)
{
    const cJSON *x = json_get(plan, "x"), *v;
    int k = 0;
    cJSON_ArrayForEach(v, x)
        if (k < d->w.space.n) /* fewer when memory ran out, which json_lost() tells */
            seen[*n].x[k++] = v->valuedouble;
    seen[*n].score = NAN;
    *n += cJSON_IsArray(x);
}

/* The plan of a trial that goes on to the next rung. */
static cJSON *promote(const struct driving *d, const struct search_rung *done)
{
    for (size_t i = 0; i < d->r->steps.n; i++) {
        cJSON *o = sweep_is_trial(&d->r->steps.v[i]) ? stored_json(d->r->steps.v[i].result) : NULL;
        if (o && json_int(o, "trial", -1) == done->trial && json_int(o, "rung", -1) == done->rung) {
            json_put_int(o, "rung", done->rung + 1);
            cJSON_DeleteItemFromObjectCaseSensitive(o, "score");
            cJSON_DeleteItemFromObjectCaseSensitive(o, "metrics");
            cJSON_DeleteItemFromObjectCaseSensitive(o, "epochs_run");
            return o;
        }
        cJSON_Delete(o);
    }
    return NULL;
}

/* Adds a row with its plan as its result so far and the id of its job. */
static int add_trial(struct driving *d, cJSON *plan, struct hone_err *err)
{
    char id[64];
    int rung = (int)json_int(plan, "rung", 0);
    json_put_int(plan, "batch", d->batch);
    cJSON *config = cJSON_GetObjectItemCaseSensitive(plan, "config");
    if (d->w.asha.rungs > 1)
        json_put_int(config, "epochs", d->w.asha.epochs[rung]);
    struct step_row *row = sweep_add_row(d->r, "trial", (int)json_int(plan, "trial", 0), "train");
    if (!row)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    id_new("job", id, sizeof id);
    row->job_id = strdup(id);
    row->result = json_text(plan, 0);
    return row->job_id && row->result ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* Decides upon a batch and writes it down as a whole. d->from == d->to when nothing is left to try. */
static int plan_batch(struct driving *d, struct hone_err *err)
{
    size_t room = d->r->steps.n + (size_t)d->w.batch + 1;
    struct search_seen *seen = calloc(room, sizeof *seen);
    struct search_rung *done = calloc(room, sizeof *done);
    int n_done = 0, trials = trials_so_far(d->r), rc = seen && done ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    int n = rc == 0 ? results(d, seen, done, &n_done) : 0;
    d->from = d->r->steps.n;
    d->batch++;
    for (int i = 0; i < d->w.batch && rc == 0; i++) {
        int at = d->w.asha.rungs > 1 ? search_promote(&d->w.asha, done, n_done) : -1;
        if (at < 0 && trials >= d->w.trials)
            break;
        cJSON *plan = at >= 0 ? promote(d, &done[at]) : propose(d, trials++, seen, n);
        if (at >= 0)
            done[at].promoted = 1;
        else if (plan)
            note_proposed(d, plan, seen, &n);
        if (plan)
            rc = add_trial(d, plan, err);
        else if (json_lost())
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out for a trial");
        else
            rc = hone_fail(err, ERR_CORRUPT, "a trial of run %s has no plan", d->r->row.id);
        cJSON_Delete(plan);
    }
    d->to = d->r->steps.n;
    struct store *s = rc == 0 && d->from < d->to ? books_open(&d->r->a, err) : NULL;
    if (rc == 0 && d->from < d->to)
        rc = s ? store_begin(s, err) : err->code;
    for (size_t i = d->from; i < d->to && rc >= 0; i++)
        rc = step_put(s, &d->r->steps.v[i], err);
    if (rc >= 0 && s)
        rc = store_commit(s, err);
    books_close(&d->r->a, s);
    free(seen);
    free(done);
    return rc;
}

/* ---- running trials ---- */

static cJSON *request_of(const struct driving *d, const char *agent, const cJSON *config, int deploy)
{
    cJSON *in = cJSON_CreateObject(), *data = cJSON_CreateObject();
    json_put_str(in, "agent_id", agent);
    json_put_str(data, "dataset_id", d->rows_id);
    json_put(in, "training_data", data);
    json_put(in, "config", cJSON_Duplicate(config, 1));
    json_put_bool(in, "deploy", deploy);
    return in;
}

/* The end of a trial: its score and metrics beside its plan. */
static void score(const struct driving *d, struct step_row *row, const cJSON *job, const struct hone_err *why)
{
    cJSON *plan = stored_json(row->result);
    const cJSON *best = json_get(json_get(job, "best"), "metrics"), *metrics = best ? best : json_get(json_get(job, "results"), "metrics");
    double v = json_num(metrics, d->w.objective, NAN);
    json_put_num(plan, "score", d->w.lower ? -v : v);
    json_put(plan, "metrics", metrics ? cJSON_Duplicate(metrics, 1) : cJSON_CreateNull());
    json_put_int(plan, "epochs_run", json_int(json_get(job, "results"), "epochs_run", 0));
    sweep_end(row, job ? STEP_COMPLETED : STEP_FAILED, plan, job ? NULL : why->text);
    cJSON_Delete(plan);
}

/* One training of a batch: 1 ended, 0 it goes on, or what ends the driving. */
static int run_trial(struct driving *d, struct step_row *row, int slot, struct hone_err *err)
{
    char agent[280];
    cJSON *plan = stored_json(row->result), *config = cJSON_GetObjectItemCaseSensitive(plan, "config"), *job = NULL;
    struct hone_err why = { 0 };
    snprintf(agent, sizeof agent, "%s" SWEEP_HELPER "%d", d->agent, slot);
    if (d->deadline_us) {
        int64_t left = (d->deadline_us - clock_mono_us()) / 1000, own = json_int(config, "maxDurationMs", 0);
        left = left > 1000 ? left : 1000;
        json_put_int(config, "maxDurationMs", own > 0 && own < left ? own : left);
    }
    if (row->status == STEP_PENDING) {
        row->status = STEP_RUNNING;
        row->attempts++;
        row->started_at = clock_wall_ms();
        if (pipe_note(d->r, row, err) < 0) {
            cJSON_Delete(plan);
            return err->code;
        }
    }
    cJSON *request = request_of(d, agent, config, 0);
    int rc = pipe_train(d->r, row, request, &job, &why);
    if (rc < 0 && (rc == ERR_INTERRUPTED || pipe_wish(d->r) != API_GO)) {
        *err = why;
        rc = ERR_INTERRUPTED;
    } else if (rc != 0) {
        score(d, row, rc == 1 ? job : NULL, &why);
        rc = pipe_note(d->r, row, err) < 0 ? err->code : 1;
    }
    cJSON_Delete(job);
    cJSON_Delete(request);
    cJSON_Delete(plan);
    return rc;
}

/* What a worker of a command line does: the next training of the batch, until there is none. */
struct worker {
    struct driving *d;
    pthread_t thread;
    int rc;
    struct hone_err err;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct driving *d = w->d;
    for (size_t i; w->rc >= 0 && (i = __atomic_fetch_add(&d->next, 1, __ATOMIC_RELAXED)) < d->to;) {
        struct step_row *row = &d->r->steps.v[i];
        while (w->rc >= 0 && !sweep_ended(row)) {
            if (pipe_wish(d->r) != API_GO)
                w->rc = hone_fail(&w->err, ERR_INTERRUPTED, "asked to stop");
            else if ((w->rc = run_trial(d, row, (int)(i - d->from), &w->err)) == 0)
                pipe_wait(d->r);
        }
    }
    return NULL;
}

static int run_here(struct driving *d, struct hone_err *err)
{
    struct worker w[64];
    int n = d->r->workers < 64 ? d->r->workers : 64, rc = 0;
    d->next = d->from;
    for (int i = 0; i < n; i++) {
        w[i] = (struct worker){ .d = d };
        if (n == 1 || pthread_create(&w[i].thread, NULL, work, &w[i]) != 0) {
            n = i + 1;
            work(&w[i]);
            w[i].thread = 0;
        }
    }
    for (int i = 0; i < n; i++) {
        if (w[i].thread)
            pthread_join(w[i].thread, NULL);
        if (w[i].rc < 0 && rc >= 0) {
            rc = w[i].rc;
            *err = w[i].err;
        }
    }
    return rc < 0 ? rc : 0;
}

static int run_batch(struct driving *d, struct hone_err *err)
{
    if (!d->r->a.daemon)
        return run_here(d, err);
    for (;;) {
        int left = 0, rc = 0;
        for (size_t i = d->from; i < d->to && rc >= 0; i++) {
            struct step_row *row = &d->r->steps.v[i];
            if (pipe_wish(d->r) != API_GO)
                rc = hone_fail(err, ERR_INTERRUPTED, "asked to stop");
            else if (!sweep_ended(row) && (rc = run_trial(d, row, (int)(i - d->from), err)) == 0)
                left++;
        }
        if (rc < 0 || !left)
            return rc < 0 ? rc : 0;
        pipe_wait(d->r);
    }
}

/* The last batch that is in the books, of which a killed driver may have left something undone. */
static void last_batch(struct driving *d)
{
    d->batch = -1;
    d->from = d->to = d->r->steps.n;
    for (size_t i = 0; i < d->r->steps.n; i++) {
        cJSON *o = sweep_is_trial(&d->r->steps.v[i]) ? stored_json(d->r->steps.v[i].result) : NULL;
        int batch = (int)json_int(o, "batch", -1);
        if (o && batch > d->batch) {
            d->batch = batch;
            d->from = i;
        }
        if (o)
            d->to = i + 1;
        cJSON_Delete(o);
    }
}

static int unfinished(const struct driving *d)
{
    for (size_t i = d->from; i < d->to; i++) {
        if (!sweep_ended(&d->r->steps.v[i]))
            return 1;
    }
    return 0;
}

/* ---- the winner ---- */

/* The best result of the highest rung that has any; NULL without one. */
static const struct step_row *winner_of(const struct pipe_run *r)
{
    const struct step_row *best = NULL;
    int best_rung = -1;
    double most = 0;
    for (size_t i = 0; i < r->steps.n; i++) {
        cJSON *o = sweep_is_trial(&r->steps.v[i]) && r->steps.v[i].status == STEP_COMPLETED ? stored_json(r->steps.v[i].result) : NULL;
        double v = json_num(o, "score", NAN);
        int rung = (int)json_int(o, "rung", 0);
        if (o && !isnan(v) && (rung > best_rung || (rung == best_rung && (v > most || (v == most && r->steps.v[i].part < best->part))))) {
            best = &r->steps.v[i];
            best_rung = rung;
            most = v;
        }
        cJSON_Delete(o);
    }
    return best;
}

static int train_winner(struct driving *d, const cJSON *plan, struct step_row *row, struct hone_err *err)
{
    cJSON *config = cJSON_Duplicate(json_get(plan, "config"), 1), *job = NULL;
    char id[64];
    if (d->w.refit) {
        json_put_num(config, "validationSplit", 0);
        json_put_bool(config, "earlyStopping", 0);
    }
    cJSON *request = request_of(d, d->agent, config, d->w.deploy);
    int rc = 0;
    if (row->status == STEP_PENDING) {
        id_new("job", id, sizeof id);
        free(row->job_id);
        row->job_id = strdup(id);
        row->status = STEP_RUNNING;
        row->attempts++;
        row->started_at = clock_wall_ms();
        rc = row->job_id ? pipe_note(d->r, row, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    while (rc == 0 && (rc = pipe_wish(d->r) != API_GO ? ERR_INTERRUPTED : pipe_train(d->r, row, request, &job, err)) == 0)
        pipe_wait(d->r);
    if (rc == 1) {
        sweep_end(row, STEP_COMPLETED, job, NULL);
        rc = pipe_note(d->r, row, err);
    } else if (rc < 0 && rc != ERR_INTERRUPTED && pipe_wish(d->r) == API_GO) {
        struct hone_err other;
        sweep_end(row, STEP_FAILED, NULL, err->text);
        if (pipe_note(d->r, row, &other) < 0)
            *err = other;
    }
    cJSON_Delete(job);
    cJSON_Delete(request);
    cJSON_Delete(config);
    return rc;
}

static int test_winner(struct driving *d, const char *job_id, struct step_row *row, struct hone_err *err)
{
    struct api_call call = d->r->call;
    cJSON *in = cJSON_CreateObject();
    call.also = sweep_write;
    call.also_arg = row;
    json_put_str(in, "job_id", job_id);
    json_put_str(in, "test_dataset_id", d->test_id);
    cJSON *data = pipe_call(d->r, "evaluateTrainingResults", in, &call, err);
    if (data)
        pipe_tell(d->r, row);
    int rc = data ? 0 : err->code;
    cJSON_Delete(data);
    return rc;
}

/* {winner, trials, trainings, failed, test}. */
static cJSON *found(const struct driving *d, const cJSON *plan, const struct step_row *winner, const struct step_row *test)
{
    cJSON *o = cJSON_CreateObject(), *w = cJSON_Duplicate(plan, 1), *t = cJSON_CreateObject(), *judged = stored_json(test->result);
    const cJSON *m;
    int trainings = 0, failed = 0;
    for (size_t i = 0; i < d->r->steps.n; i++) {
        trainings += sweep_is_trial(&d->r->steps.v[i]);
        failed += sweep_is_trial(&d->r->steps.v[i]) && d->r->steps.v[i].status == STEP_FAILED;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(w, "x");
    json_put_str(w, "job_id", winner->job_id);
    json_put(o, "winner", w);
    json_put_str(o, "objective", d->w.objective);
    json_put_int(o, "trials", trials_so_far(d->r));
    json_put_int(o, "trainings", trainings);
    json_put_int(o, "failed", failed);
    json_put_bool(o, "reproducible", d->w.seconds == 0);
    cJSON_ArrayForEach(m, json_get(judged, "metrics")) {
        if (strcmp(json_str(m, "name", ""), "accuracy") != 0)
            continue;
        json_put_num(t, "accuracy", json_num(m, "value", NAN));
        json_put(t, "interval", cJSON_Duplicate(json_get(m, "interval"), 1));
    }
    json_put_int(t, "rows", json_int(json_get(judged, "test"), "rows", 0));
    json_put_str(t, "evaluation_id", json_str(judged, "evaluation_id", NULL));
    json_put(o, "test", t);
    cJSON_Delete(judged);
    return o;
}

static int conclude(struct driving *d, struct hone_err *err)
{
    struct pipe_run *r = d->r;
    const struct step_row *best = winner_of(r);
    if (!best)
        return hone_fail(err, ERR_JOB_FAILED, "no training of the sweep ended with %s; the first one: %s", d->w.objective,
                         r->steps.n > SWEEP_ROWS_STEPS && r->steps.v[SWEEP_ROWS_STEPS].reason ? r->steps.v[SWEEP_ROWS_STEPS].reason : "it has no such value");
    cJSON *plan = stored_json(best->result), *result = NULL;
    struct step_row *winner = sweep_row_named(r, "winner", "train"); /* which may move r->steps */
    if (winner)
        (void)sweep_row_named(r, "test", "evaluate");
    winner = winner ? sweep_row_named(r, "winner", "train") : NULL;
    struct step_row *test = winner ? sweep_row_named(r, "test", "evaluate") : NULL;
    int rc = test ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && !sweep_ended(winner))
        rc = train_winner(d, plan, winner, err);
    if (rc >= 0 && !sweep_ended(test))
        rc = test_winner(d, winner->job_id, test, err);
    if (rc >= 0) {
        result = found(d, plan, winner, test);
        rc = pipe_finish(r, RUN_COMPLETED, result, NULL, err);
    }
    cJSON_Delete(plan);
    return rc;
}

/* ---- the whole ---- */

static int search(struct driving *d, struct hone_err *err)
{
    int rc = 0;
    last_batch(d);
    if (unfinished(d))
        rc = run_batch(d, err);
    while (rc == 0) {
        if (d->deadline_us && clock_mono_us() >= d->deadline_us)
            break;
        if ((rc = plan_batch(d, err)) < 0 || d->from == d->to)
            break;
        rc = run_batch(d, err);
    }
    return rc < 0 ? rc : 0;
}

static int prepare(struct driving *d, struct hone_err *err)
{
    char name[300];
    struct pipe_faults f = { 0 };
    struct pipe_run *r = d->r;
    sweep_read(&d->w, r->plan.def, &f);
    int rc = pipe_faults_end(&f, err);
    if (d->w.seconds > 0)
        d->deadline_us = r->begun_us + (int64_t)(d->w.seconds * 1e6) - r->row.elapsed_ms * 1000;
    if (!r->a.daemon && r->workers > 1 && !r->a.threads) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        r->a.threads = cores > r->workers ? (int)(cores / r->workers) : 1;
    }
    rc = rc < 0 ? rc : need_agent(d, d->w.agent, err);
    for (int i = 0; i < d->w.batch && rc == 0; i++) {
        snprintf(name, sizeof name, "%s" SWEEP_HELPER "%d", d->agent, i);
        rc = need_agent(d, name, err);
    }
    return rc < 0 ? rc : sweep_take_rows(d, err);
}

int sweep_drive(struct pipe_run *r, struct hone_err *err)
{
    struct driving d = { .r = r };
    struct hone_err other = { 0 };
    int rc = prepare(&d, err);
    rc = rc < 0 ? rc : search(&d, err);
    rc = rc < 0 ? rc : conclude(&d, err);
    if (rc >= 0)
        return 0;
    if (rc == ERR_INTERRUPTED || r->cancelled || pipe_wish(r) != API_GO)
        return pipe_rest(r, err);
    if (pipe_finish(r, RUN_FAILED, NULL, err, &other) < 0)
        *err = other;
    else
        err->code = ERR_JOB_FAILED;
    return err->code;
}
