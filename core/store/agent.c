/* See agent.h. */
#include "core/store/agent.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/db.h"

#define NAME_MAX_BYTES 200

#define COL(name, type) { #name, type, offsetof(struct agent_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(tenant, DB_TEXT), COL(name, DB_TEXT), COL(description, DB_TEXT), COL(metadata, DB_TEXT), COL(active_version, DB_TEXT),
    COL(canary_version, DB_TEXT), COL(canary_share, DB_REAL), COL(created_at, DB_INT), COL(updated_at, DB_INT),
};
static const struct db_table table = { "agents", cols, sizeof cols / sizeof cols[0], sizeof(struct agent_row) };

static int check_name(const char *name, struct hone_err *err)
{
    if (!name || !*name)
        return hone_fail(err, HONE_EINVAL, "an agent needs a name");
    if (strlen(name) > NAME_MAX_BYTES)
        return hone_fail(err, HONE_EINVAL, "the agent's name has %zu bytes; at most %d are allowed", strlen(name),
                         NAME_MAX_BYTES);
    return 0;
}

/* ERR_CONFLICT when another agent than `id` has the name. */
static int check_taken(struct store *s, const char *name, const char *id, struct hone_err *err)
{
    int64_t others = 0;
    int rc = db_number(s, "SELECT count(*) FROM agents WHERE tenant = ?3 AND name = ?1 AND id IS NOT ?2",
                       DB_ARGS(DB_T(name), DB_T(id), DB_T(db_tenant(s))), &others, err);
    if (rc < 0 || others == 0)
        return rc < 0 ? rc : 0;
    return hone_fail(err, ERR_CONFLICT, "there is an agent named '%.200s' already", name);
}

int agent_insert(struct store *s, struct agent_row *row, struct hone_err *err)
{
    int64_t now = clock_wall_ms();
    int rc = check_name(row->name, err);
    if (rc == 0)
        rc = db_new_id("agent", &row->id, err);
    if (rc == 0 && !row->description && !(row->description = strdup("")))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && !row->tenant && !(row->tenant = strdup(db_tenant(s))))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc != 0)
        return rc;
    row->created_at = row->created_at ? row->created_at : now;
    row->updated_at = row->updated_at ? row->updated_at : now;
    if ((rc = db_enter(s, err)) != 0)
        return rc;
    rc = check_taken(s, row->name, row->id, err);
    return db_leave(s, rc == 0 ? db_insert(s, "INSERT", &table, row, err) : rc, err);
}

int agent_get(struct store *s, const char *id, struct agent_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'", id) : rc < 0 ? rc : 0;
}

/* Says that there is none, with the name that was perhaps meant. */
static int not_found(struct store *s, const char *name, struct hone_err *err)
{
    struct agent_list all;
    int rc = agent_list(s, &(struct agent_filter){ .limit = 1000 }, &all, err);
    if (rc != 0)
        return rc;
    const char **names = calloc(all.n + 1, sizeof *names);
    for (size_t i = 0; names && i < all.n; i++)
        names[i] = all.v[i].name;
    const char *near = names ? text_nearest(name, names) : NULL;
    if (near)
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'; did you mean '%.200s'?", name, near);
    else
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'%s", name,
                       all.n ? "; hone agent list shows those that exist" : "; there is none at all yet");
    free(names);
    agent_list_free(&all);
    return rc;
}

int agent_find(struct store *s, const char *id_or_name, struct agent_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE (id = ?1 OR name = ?1) AND" MINE "ORDER BY id = ?1 DESC LIMIT 1", DB_ARGS(DB_T(id_or_name)),
                    row, err);
    return rc == 0 ? not_found(s, id_or_name, err) : rc < 0 ? rc : 0;
}

/* What an UPDATE or DELETE of one row says when there was no such row. */
static int one_changed(int64_t changed, const char *id, struct hone_err *err)
{
    if (changed < 0)
        return (int)changed;
    return changed == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'", id) : 0;
}

int agent_update(struct store *s, const struct agent_row *row, struct hone_err *err)
{
    int rc = check_name(row->name, err);
    if (rc != 0 || (rc = db_enter(s, err)) != 0)
        return rc;
    if ((rc = check_taken(s, row->name, row->id, err)) == 0)
        rc = one_changed(db_run(s, "UPDATE agents SET name = ?2, description = ?3, metadata = ?4, updated_at = ?5 WHERE id = ?1 AND" MINE,
                                DB_ARGS(DB_T(row->id), DB_T(row->name), DB_T(row->description ? row->description : ""),
                                        DB_T(row->metadata), DB_I(clock_wall_ms())), err), row->id, err);
    return db_leave(s, rc, err);
}

static int record_deployment(struct store *s, const char *id, const char *version_id, const char *reason, struct hone_err *err)
{
    int64_t rc = db_run(s, "INSERT INTO deployments (agent_id, seq, version_id, reason, at) VALUES (?1,"
                        " (SELECT coalesce(max(seq), 0) + 1 FROM deployments WHERE agent_id = ?1), ?2, ?3, ?4)",
                        DB_ARGS(DB_T(id), DB_T(version_id), DB_T(reason), DB_I(clock_wall_ms())), err);
    return rc < 0 ? (int)rc : 0;
}

/* ERR_NOT_FOUND when the version is not one of the agent's. */
static int check_own(struct store *s, const char *id, const char *version_id, struct hone_err *err)
{
    int64_t own = 0;
    int rc = db_number(s, "SELECT count(*) FROM versions WHERE id = ?1 AND agent_id = ?2", DB_ARGS(DB_T(version_id), DB_T(id)), &own, err);
    if (rc >= 0 && own == 0)
        rc = hone_fail(err, ERR_NOT_FOUND, "agent '%.200s' has no version '%.100s'", id, version_id);
    return rc < 0 ? rc : 0;
}

int agent_set_canary(struct store *s, const char *id, const char *version_id, double share, struct hone_err *err)
{
    if (version_id && !(share > 0 && share < 1))
        return hone_fail(err, HONE_EINVAL, "share: expected more than 0 and less than 1, found %g", share);
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    if (version_id)
        rc = check_own(s, id, version_id, err);
    if (rc >= 0)
        rc = one_changed(db_run(s, "UPDATE agents SET canary_version = ?2, canary_share = ?3, updated_at = ?4 WHERE id = ?1 AND" MINE,
                                DB_ARGS(DB_T(id), DB_T(version_id), DB_R(version_id ? share : 0), DB_I(clock_wall_ms())), err), id, err);
    return db_leave(s, rc, err);
}

int agent_activate(struct store *s, const char *id, const char *version_id, const char *reason, struct hone_err *err)
{
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    if (version_id)
        rc = check_own(s, id, version_id, err);
    if (rc >= 0)
        rc = one_changed(db_run(s, "UPDATE agents SET active_version = ?2, canary_version = NULL, canary_share = 0, updated_at = ?3 WHERE id = ?1 AND" MINE,
                                DB_ARGS(DB_T(id), DB_T(version_id), DB_I(clock_wall_ms())), err), id, err);
    if (rc >= 0 && version_id)
        rc = record_deployment(s, id, version_id, reason, err);
    return db_leave(s, rc, err);
}

struct deployment {
    char *version_id, *reason;
};
static const struct db_col deployment_cols[] = {
    { "version_id", DB_TEXT, offsetof(struct deployment, version_id) }, { "reason", DB_TEXT, offsetof(struct deployment, reason) },
};
static const struct db_table deployments = { "deployments", deployment_cols, 2, sizeof(struct deployment) };

int agent_previous(struct store *s, const char *agent_id, char **id, struct hone_err *err)
{
    void *rows;
    size_t n, top = 0;
    *id = NULL;
    int rc = db_rows(s, &deployments, "WHERE agent_id = ?1 AND version_id IN (SELECT id FROM versions WHERE agent_id = ?1) ORDER BY seq",
                     DB_ARGS(DB_T(agent_id)), &rows, &n, err);
    struct deployment *v = rows;
    const char **stack = rc == 0 ? calloc(n + 1, sizeof *stack) : NULL;
    for (size_t i = 0; stack && i < n; i++) {
        size_t at = top;
        while (at > 0 && strcmp(v[i].reason, AGENT_ROLLED_BACK) == 0 && strcmp(stack[at - 1], v[i].version_id) != 0)
            at--;
        if (at > 0 && strcmp(stack[at - 1], v[i].version_id) == 0)
            top = at;
        else
            stack[top++] = v[i].version_id;
    }
    if (rc == 0 && !stack)
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (rc == 0 && top < 2)
        rc = hone_fail(err, ERR_PRECONDITION, "agent '%.100s' has no version that answered before the present one", agent_id);
    else if (rc == 0 && !(*id = strdup(stack[top - 2])))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(stack);
    db_rows_free(&deployments, rows, n);
    return rc;
}

int agent_list(struct store *s, const struct agent_filter *f, struct agent_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE (?1 IS NULL OR instr(lower(name), lower(?1)) > 0) AND (?2 IS NULL OR id < ?2)"
                     " AND" MINE "ORDER BY id DESC LIMIT ?3",
                     DB_ARGS(DB_T(f->name_part), DB_T(f->after), DB_I(db_limit(f->limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int agent_delete(struct store *s, const char *id, struct hone_err *err)
{
    static const char *const deletes[] = {
        "DELETE FROM history WHERE job_id IN (SELECT id FROM jobs WHERE agent_id = ?1)",
        "DELETE FROM checkpoints WHERE job_id IN (SELECT id FROM jobs WHERE agent_id = ?1)",
        "DELETE FROM evaluations WHERE job_id IN (SELECT id FROM jobs WHERE agent_id = ?1)",
        "DELETE FROM transitions WHERE job_id IN (SELECT id FROM jobs WHERE agent_id = ?1)",
        "DELETE FROM interactions WHERE agent_id = ?1",
        "DELETE FROM events WHERE job_id IN (SELECT id FROM jobs WHERE agent_id = ?1)",
        "DELETE FROM deployments WHERE agent_id = ?1",
        "DELETE FROM adaptations WHERE agent_id = ?1",
        "UPDATE agents SET active_version = NULL, canary_version = NULL WHERE id = ?1",
        "DELETE FROM versions WHERE agent_id = ?1",
        "DELETE FROM jobs WHERE agent_id = ?1",
    };
    int64_t active = 0, rc = db_enter(s, err), own = 0;
    if (rc != 0)
        return (int)rc;
    rc = db_number(s, "SELECT count(*) FROM agents WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), &own, err);
    if (rc >= 0)
        rc = one_changed(own, id, err);
    if (rc >= 0)
        rc = db_number(s, "SELECT count(*) FROM jobs WHERE agent_id = ?1 AND status IN (0, 1)", DB_ARGS(DB_T(id)),
                   &active, err);
    if (rc >= 0 && active > 0)
        rc = hone_fail(err, ERR_CONFLICT, "a job of agent '%.200s' is active; cancel it first", id);
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0] && rc >= 0; i++)
        rc = db_run(s, deletes[i], DB_ARGS(DB_T(id)), err);
    if (rc >= 0)
        rc = one_changed(db_run(s, "DELETE FROM agents WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), err), id, err);
    return db_leave(s, (int)rc, err);
}

void agent_free(struct agent_row *row)
{
    db_row_free(&table, row);
}

void agent_list_free(struct agent_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct agent_list){ 0 };
}
