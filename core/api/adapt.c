/* adaptAgentBehavior: reads what an agent was asked and what people said of its answers, tells what has changed, proposes, and applies what is safe. See adapt.h; the
 * statistics are core/judge's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/adapt.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/store/adaptation.h"

#define DAY_MS 86400000LL
#define LEAST 5              /* interactions of a window */
#define PIECE 1000           /* rows that are read while the books are held */
#define LEVEL 0.02           /* of the tests of change, all together; half of it, one-sided, of the estimates */
#define PERMUTATIONS 1999
#define SEED 42

/* ---- windows ---- */

/* What people said of an answer, from 0 to 1: their word, else their number, else whether the answer is the one that they gave; NaN for nothing. */
static double success_of(const struct interaction_row *row)
{
    const char *word = row->feedback;
    if (word)
        return strcmp(word, "correct") == 0 ? 1 : strcmp(word, "partial") == 0 ? 0.5 : 0;
    if (!isnan(row->rating))
        return row->rating;
    if (row->expected_output && row->output)
        return strcmp(row->output, row->expected_output) == 0;
    return NAN;
}

/* The best answer and its confidence, where that is known. */
static char *best_of(const struct interaction_row *row, double *confidence)
{
    cJSON *list = row->alternatives ? stored_json(row->alternatives) : NULL;
    const cJSON *first = cJSON_GetArrayItem(list, 0);
    const char *output = json_str(first, "output", row->explored_by ? NULL : row->output);
    char *best = json_copy(output);
    *confidence = json_num(first, "confidence", row->explored_by ? (double)NAN : row->confidence);
    cJSON_Delete(list);
    return best;
}

void window_free(struct window *w)
{
    for (int64_t i = 0; w->best && i < w->n; i++)
        free(w->best[i]);
    free(w->best);
    free(w->seen);
    interaction_list_free(&w->rows);
    *w = (struct window){ 0 };
}

static int is_own(const struct version_list *versions, const struct version_row *active, const char *id)
{
    for (size_t i = 0; id && i < versions->n; i++) {
        if (strcmp(versions->v[i].id, id) == 0)
            return strcmp(versions->v[i].weights_sha256, active->weights_sha256) == 0;
    }
    return 0;
}

/* Keeps `room` of `expected` rows, evenly spread. */
static void take_piece(struct window *w, struct interaction_list *piece, int64_t room, int64_t expected)
{
    for (size_t i = 0; i < piece->n; i++) {
        struct interaction_row *r = &piece->v[i];
        int64_t k = w->all++;
        w->rated += !isnan(success_of(r)) || r->expected_output;
        if ((int64_t)w->rows.n < room && (k + 1) * room / expected > k * room / expected) {
            w->rows.v[w->rows.n++] = *r;
            *r = (struct interaction_row){ 0 };
        }
    }
}

static int read_rows(struct api *a, const char *agent_id, struct window *w, struct hone_err *err)
{
    int64_t expected = 0, since = w->from;
    char *after = NULL;
    struct store *s = books_open(a, err);
    int rc = s ? interaction_count(s, agent_id, w->from, w->to, &expected, NULL, err) : err->code, more = expected > 0;
    books_close(a, s);
    int64_t room = expected < TRENDS_ROWS ? expected : TRENDS_ROWS;
    if (rc >= 0 && !(w->rows.v = calloc((size_t)room + 1, sizeof *w->rows.v)))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out over %lld interactions", (long long)room);
    while (rc >= 0 && more) {
        struct interaction_list piece = { 0 };
        s = books_open(a, err);
        rc = s ? interaction_next(s, agent_id, since, after, w->to, PIECE, &piece, err) : err->code;
        books_close(a, s);
        more = rc >= 0 && piece.n == PIECE;
        if (more) {
            since = piece.v[piece.n - 1].created_at;
            free(after);
            if (!(after = strdup(piece.v[piece.n - 1].id)))
                rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
        }
        take_piece(w, &piece, room, expected);
        interaction_list_free(&piece);
    }
    free(after);
    return rc;
}

int window_read(struct api *a, const struct version_list *versions, const struct version_row *active, int64_t from, int64_t to, struct window *w, struct hone_err *err)
{
    *w = (struct window){ .from = from, .to = to };
    int rc = read_rows(a, active->agent_id, w, err);
    size_t n = w->rows.n;
    if (rc >= 0 && (!(w->seen = calloc(n + 1, sizeof *w->seen)) || !(w->best = calloc(n + 1, sizeof *w->best))))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out over %zu interactions", n);
    w->n = rc >= 0 ? (int64_t)n : 0;
    for (int64_t i = 0; i < w->n; i++) {
        const struct interaction_row *r = &w->rows.v[i];
        double confidence;
        w->best[i] = best_of(r, &confidence);
        w->seen[i] = (struct seen){ .input = r->input, .output = r->output, .best = w->best[i], .expected = r->expected_output, .version = r->version_id,
                                    .own = is_own(versions, active, r->version_id), .success = success_of(r), .confidence = confidence,
                                    .latency_ms = r->latency_ms, .propensity = r->propensity, .explored = r->explored_by != NULL };
    }
    if (rc < 0)
        window_free(w);
    return rc < 0 ? rc : 0;
}

static cJSON *window_json(const struct window *w)
{
    cJSON *o = cJSON_CreateObject();
    put_time(o, "from", w->from);
    put_time(o, "to", w->to);
    json_put_int(o, "interactions", w->all);
    json_put_int(o, "rated", w->rated);
    return o;
}

/* ---- a look ---- */

struct look {
    struct agent_row agent;
    struct version_row version;
    struct version_list versions;
    struct manner manner;
    struct window now, before;
};

static void look_free(struct look *l)
{
    agent_free(&l->agent);
    version_free(&l->version);
    version_list_free(&l->versions);
    manner_free(&l->manner);
    window_free(&l->now);
    window_free(&l->before);
}

static int take_look(struct api *a, const char *name, int64_t days, struct look *l, struct hone_err *err)
{
    int64_t now = clock_wall_ms() + 1;
    struct store *s = books_open(a, err);
    int rc = s ? find_agent(s, name, &l->agent, err) : err->code;
    if (rc >= 0 && (rc = adapt_watch(s, l->agent.id, err)) > 0) { /* the agent is another one since */
        char *id = l->agent.id;
        l->agent.id = NULL;
        agent_free(&l->agent);
        rc = agent_get(s, id, &l->agent, err);
        free(id);
    }
    if (rc >= 0)
        rc = version_active(s, l->agent.id, &l->version, err);
    if (rc >= 0)
        rc = manner_of(s, &l->version, &l->manner, err);
    if (rc >= 0)
        rc = version_list(s, l->agent.id, 0, 0, &l->versions, err);
    books_close(a, s);
    if (rc >= 0)
        rc = window_read(a, &l->versions, &l->version, now - days * DAY_MS, now, &l->now, err);
    if (rc >= 0)
        rc = window_read(a, &l->versions, &l->version, now - 2 * days * DAY_MS, now - days * DAY_MS, &l->before, err);
    if (rc >= 0 && l->now.n < LEAST)
        rc = hone_fail(err, ERR_PRECONDITION, "agent '%.100s' has %lld interactions in the last %lld days; at least %d are needed. Ask it (invokeAgent), say how good the answers were "
                       "(recordFeedback), or look back further", l->agent.name, (long long)l->now.n, (long long)days, LEAST);
    return rc;
}

/* ---- applying ---- */

static const cJSON *safe_proposal(const cJSON *proposals)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, proposals) {
        if (strcmp(json_str(p, "kind", ""), "threshold") == 0 && strcmp(json_str(p, "risk", ""), "low") == 0 && json_bool(p, "lower_bound_improves", 0))
            return p;
    }
    return NULL;
}

static int apply(struct api *a, const struct look *l, double share, cJSON *out, struct hone_err *err)
{
    cJSON *applied = cJSON_AddArrayToObject(out, "applied");
    const cJSON *p = safe_proposal(json_get(out, "proposals"));
    if (!p) {
        json_put_str(out, "not_applied_because", "no proposal is of low risk with a lower bound that improves");
        return 0;
    }
    struct manner m = l->manner;
    m.threshold = json_num(json_get(p, "change"), "threshold", m.threshold);
    cJSON *done = adapt_apply(a, &l->version, &m, share, p, err);
    if (!done && err->code == ERR_CONFLICT) {
        json_put_str(out, "not_applied_because", err->text);
        *err = (struct hone_err){ 0 };
        return 0;
    }
    if (!done)
        return err->code;
    json_put(done, "proposal", cJSON_Duplicate(p, 1));
    cJSON_AddItemToArray(applied, done);
    json_put_str(out, "not_applied_because", NULL);
    return 0;
}

static int put_history(struct api *a, const char *agent_id, cJSON *out, struct hone_err *err)
{
    struct adaptation_list list = { 0 };
    cJSON *all = cJSON_CreateArray();
    struct store *s = books_open(a, err);
    int rc = s ? adaptation_list(s, agent_id, 20, &list, err) : err->code;
    books_close(a, s);
    for (size_t i = 0; rc >= 0 && i < list.n; i++) {
        const struct adaptation_row *r = &list.v[i];
        cJSON *o = cJSON_CreateObject(), *proposal = stored_json(r->proposal);
        json_put_str(o, "adaptation_id", r->id);
        json_put_str(o, "status", r->status);
        json_put_str(o, "kind", json_str(proposal, "kind", NULL));
        json_put_str(o, "version_id", r->version_id);
        json_put_str(o, "previous_version_id", r->previous_id);
        json_put_str(o, "reason", r->reason);
        put_time(o, "created_at", r->created_at);
        put_time(o, "decided_at", r->decided_at);
        cJSON_Delete(proposal);
        cJSON_AddItemToArray(all, o);
    }
    adaptation_list_free(&list);
    json_put(out, "adaptations", all);
    return rc;
}

static int judge(const struct look *l, const cJSON *in, cJSON *out, struct hone_err *err)
{
    const struct trend_options t = { .level = LEVEL, .permutations = PERMUTATIONS, .seed = SEED };
    const struct proposal_options p = { .version = l->version.id, .threshold = l->manner.threshold, .wrong_cost = json_num(in, "wrong_cost", 1), .level = LEVEL / 2,
                                        .explores = l->manner.explore_rule != NULL };
    json_put_str(out, "agent_id", l->agent.id);
    json_put_str(out, "agent_name", l->agent.name);
    json_put_str(out, "version_id", l->version.id);
    json_put(out, "window", window_json(&l->now));
    json_put(out, "window_before", window_json(&l->before));
    int rc = trends_put(out, l->before.seen, l->before.n, l->now.seen, l->now.n, &t, err);
    return rc < 0 ? rc : proposals_put(out, out, l->before.seen, l->before.n, l->now.seen, l->now.n, &p, err);
}

cJSON *api_adapt(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct look l = { 0 };
    cJSON *out = cJSON_CreateObject();
    double share = json_num(in, "canary_share", 0);
    api_clear(a);
    int rc = take_look(a, json_str(in, "agent_id", ""), json_int(in, "feedback_window_days", 7), &l, err);
    if (rc >= 0)
        rc = judge(&l, in, out, err);
    if (rc >= 0 && json_bool(in, "auto_apply", 0))
        rc = apply(a, &l, share, out, err);
    else if (rc >= 0) {
        cJSON_AddArrayToObject(out, "applied");
        json_put_str(out, "not_applied_because", "auto_apply was not asked for");
    }
    if (rc >= 0)
        rc = put_history(a, l.agent.id, out, err);
    look_free(&l);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}
