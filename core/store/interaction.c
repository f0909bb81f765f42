/* See interaction.h. */
#include "core/store/interaction.h"

#include <math.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct interaction_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(agent_id, DB_TEXT), COL(version_id, DB_TEXT), COL(input, DB_TEXT), COL(output, DB_TEXT),
    COL(confidence, DB_REAL), COL(alternatives, DB_TEXT), COL(abstained, DB_INT), COL(propensity, DB_REAL),
    COL(explored_by, DB_TEXT), COL(latency_ms, DB_REAL), COL(created_at, DB_INT), COL(feedback, DB_TEXT),
    COL(rating, DB_REAL), COL(expected_output, DB_TEXT), COL(feedback_at, DB_INT),
};
static const struct db_table table = { "interactions", cols, sizeof cols / sizeof cols[0], sizeof(struct interaction_row) };

#define RATED "(feedback IS NOT NULL OR rating IS NOT NULL OR expected_output IS NOT NULL)"

int interaction_insert_all(struct store *s, struct interaction_row *rows, size_t n, struct hone_err *err)
{
    int64_t now = clock_wall_ms();
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rows[i].created_at = rows[i].created_at ? rows[i].created_at : now;
        if ((rc = db_new_id("intr", &rows[i].id, err)) == 0)
            rc = db_insert(s, "INSERT", &table, &rows[i], err);
    }
    return db_leave(s, rc, err);
}

int interaction_insert(struct store *s, struct interaction_row *row, struct hone_err *err)
{
    return interaction_insert_all(s, row, 1, err);
}

int interaction_get(struct store *s, const char *id, struct interaction_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = ?1", DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no interaction '%.200s'", id) : rc < 0 ? rc : 0;
}

static int check_feedback(const struct interaction_feedback *f, struct hone_err *err)
{
    const char *word = f->feedback;
    if (word && strcmp(word, "correct") != 0 && strcmp(word, "partial") != 0 && strcmp(word, "incorrect") != 0)
        return hone_fail(err, HONE_EINVAL, "feedback: '%.40s' is none of correct, partial, incorrect", word);
    if (!isnan(f->rating) && !(f->rating >= 0 && f->rating <= 1))
        return hone_fail(err, HONE_EINVAL, "rating: expected 0 to 1, found %g", f->rating);
    if (!word && isnan(f->rating) && !f->expected_output)
        return hone_fail(err, HONE_EINVAL, "no feedback was given: expected feedback, rating or expected_output");
    return 0;
}

int interaction_rate(struct store *s, const char *id, const struct interaction_feedback *f, struct hone_err *err)
{
    int rc = check_feedback(f, err);
    if (rc != 0)
        return rc;
    int64_t n = db_run(s, "UPDATE interactions SET feedback = coalesce(?2, feedback), rating = coalesce(?3, rating),"
                       " expected_output = coalesce(?4, expected_output), feedback_at = ?5 WHERE id = ?1",
                       DB_ARGS(DB_T(id), DB_T(f->feedback), DB_R(f->rating), DB_T(f->expected_output), DB_I(clock_wall_ms())), err);
    return n < 0 ? (int)n : n == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no interaction '%.200s'", id) : 0;
}

int interaction_list(struct store *s, const struct interaction_filter *f, struct interaction_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE agent_id = ?1 AND (?2 IS NULL OR version_id = ?2) AND created_at >= ?3"
                     " AND (?4 = 0 OR created_at < ?4) AND (?5 = 0 OR " RATED ") AND (?6 IS NULL OR id < ?6)"
                     " ORDER BY id DESC LIMIT ?7",
                     DB_ARGS(DB_T(f->agent_id), DB_T(f->version_id), DB_I(f->since), DB_I(f->until), DB_I(f->only_rated),
                             DB_T(f->after), DB_I(db_limit(f->limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int interaction_next(struct store *s, const char *agent_id, int64_t since, const char *after, int64_t until, int64_t limit, struct interaction_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE agent_id = ?1 AND created_at >= ?2 AND created_at < ?4 AND (?3 IS NULL OR created_at > ?2 OR id > ?3)"
                     " ORDER BY created_at, id LIMIT ?5",
                     DB_ARGS(DB_T(agent_id), DB_I(since), DB_T(after), DB_I(until), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

/* An agent that writes refuses by what it writes, too, and has no alternatives then. */
#define REFUSED "(coalesce(confidence < ?4, 0) OR (output IS NULL AND (confidence IS NULL OR alternatives IS NULL)))"
#define SUCCESS "CASE WHEN output IS NULL OR " REFUSED " THEN NULL WHEN feedback = 'correct' THEN 1.0 WHEN feedback = 'partial' THEN 0.5" \
                " WHEN feedback = 'incorrect' THEN 0.0 ELSE coalesce(rating, output = expected_output) END"

int interaction_tally(struct store *s, const char *agent_id, const char *version_id, int64_t since, double threshold, struct interaction_tally *t, struct hone_err *err)
{
    static const struct db_col sums[] = {
        { "count(*)", DB_INT, offsetof(struct interaction_tally, asked) }, { "coalesce(sum(" REFUSED "), 0)", DB_INT, offsetof(struct interaction_tally, refused) },
        { "count(" SUCCESS ")", DB_INT, offsetof(struct interaction_tally, rated) }, { "total(" SUCCESS ")", DB_REAL, offsetof(struct interaction_tally, success) },
    };
    static const struct db_table tally = { "interactions", sums, sizeof sums / sizeof sums[0], sizeof(struct interaction_tally) };
    int rc = db_row(s, &tally, "WHERE agent_id = ?1 AND version_id = ?2 AND created_at >= ?3 AND explored_by IS NULL",
                    DB_ARGS(DB_T(agent_id), DB_T(version_id), DB_I(since), DB_R(threshold)), t, err);
    return rc < 0 ? rc : 0;
}

int interaction_count(struct store *s, const char *agent_id, int64_t since, int64_t until, int64_t *all, int64_t *rated,
                      struct hone_err *err)
{
    static const char counted[] = "SELECT count(*) FROM interactions WHERE agent_id = ?1 AND created_at >= ?2"
                                  " AND (?3 = 0 OR created_at < ?3)";
    static const char judged[] = "SELECT count(*) FROM interactions WHERE agent_id = ?1 AND created_at >= ?2"
                                 " AND (?3 = 0 OR created_at < ?3) AND " RATED;
    *all = 0;
    int rc = db_number(s, counted, DB_ARGS(DB_T(agent_id), DB_I(since), DB_I(until)), all, err);
    if (rated)
        *rated = 0;
    if (rc >= 0 && rated)
        rc = db_number(s, judged, DB_ARGS(DB_T(agent_id), DB_I(since), DB_I(until)), rated, err);
    return rc < 0 ? rc : 0;
}

int64_t interaction_prune(struct store *s, int64_t before, struct hone_err *err)
{
    return db_run(s, "DELETE FROM interactions WHERE created_at < ?1", DB_ARGS(DB_I(before)), err);
}

void interaction_free(struct interaction_row *row)
{
    db_row_free(&table, row);
}

void interaction_list_free(struct interaction_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct interaction_list){ 0 };
}
