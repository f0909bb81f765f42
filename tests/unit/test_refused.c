/* A database that refuses one kind of change to one table: each function that changes something then fails with a sentence and leaves the books as
 * they were, or does not need that change; and does its work when nothing is refused. */
#include <CUnit/CUnit.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/function.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/unit/suites.h"

#define REFUSED "refused by the test"

static char dir[64], db[80], before[80];
static struct hone_err err;

/* %s stands for the webhook's id, %t for the token's. */
static const struct {
    const char *function, *request;
} calls[] = {
    { "createAgent", "{\"name\":\"made\",\"description\":\"d\"}" },
    { "updateAgent", "{\"agent_id\":\"first\",\"name\":\"renamed\"}" },
    { "deleteAgent", "{\"agent_id\":\"first\"}" },
    { "createTrainingModule", "{\"name\":\"made\",\"examples\":[{\"input\":\"a\",\"expected_output\":\"x\"},{\"input\":\"b\",\"expected_output\":\"y\"}]}" },
    { "deleteTrainingModule", "{\"module_id\":\"small\"}" },
    { "registerWebhook", "{\"url\":\"https://example.com/made\"}" },
    { "updateWebhook", "{\"webhook_id\":\"%s\",\"enabled\":false,\"description\":\"d\"}" },
    { "rotateWebhookSecret", "{\"webhook_id\":\"%s\"}" },
    { "deleteWebhook", "{\"webhook_id\":\"%s\"}" },
    { "createToken", "{\"scope\":\"read\",\"name\":\"made\"}" },
    { "revokeToken", "{\"token_id\":\"%t\"}" },
};

static char webhook[64], token[64];

static cJSON *call(const char *function, const char *format, int *rc)
{
    struct api a = { .state_dir = dir };
    struct api_answer answer;
    char request[400];
    const char *at = strchr(format, '%');
    snprintf(request, sizeof request, "%.*s%s%s", at ? (int)(at - format) : (int)strlen(format), format, !at ? "" : at[1] == 's' ? webhook : token, at ? at + 2 : "");
    cJSON *in = json_parse(request, strlen(request), "request", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    memset(&err, 0, sizeof err);
    *rc = api_call_function(&a, &(struct api_call){ .function = function, .in = in, .scope = API_ADMIN, .local = 1 }, &answer, &err);
    cJSON *data = answer.data;
    answer.data = NULL;
    api_answer_free(&answer);
    cJSON_Delete(in);
    return data;
}

static void id_of(const char *function, const char *request, const char *key, char out[64])
{
    int rc;
    cJSON *data = call(function, request, &rc);
    if (rc < 0)
        printf("%s: %s\n", function, err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    snprintf(out, 64, "%s", json_str(data, key, ""));
    cJSON_Delete(data);
}

static void run_sql(const char *sql)
{
    sqlite3 *s;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(db, &s), SQLITE_OK);
    if (sqlite3_exec(s, sql, NULL, NULL, NULL) != SQLITE_OK)
        printf("%s: %s\n", sql, sqlite3_errmsg(s));
    CU_ASSERT_EQUAL(sqlite3_errcode(s) & 0xff, SQLITE_OK);
    sqlite3_close(s);
}

/* Names of the tables, a line each, and all rows of all of them as one hash. */
static void look(char tables[2000], char rows[65])
{
    sqlite3 *s;
    sqlite3_stmt *list, *one;
    char *text = NULL, sql[200];
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    tables[0] = '\0';
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(db, &s), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(s, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name", -1, &list, NULL), SQLITE_OK);
    while (sqlite3_step(list) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(list, 0);
        snprintf(tables + strlen(tables), 2000 - strlen(tables), "%s\n", name);
        snprintf(sql, sizeof sql, "SELECT * FROM %s", name);
        CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(s, sql, -1, &one, NULL), SQLITE_OK);
        while (sqlite3_step(one) == SQLITE_ROW)
            for (int i = 0; i < sqlite3_column_count(one); i++)
                fprintf(f, "%s|", sqlite3_column_text(one, i) ? (const char *)sqlite3_column_text(one, i) : "");
        sqlite3_finalize(one);
    }
    sqlite3_finalize(list);
    sqlite3_close(s);
    fclose(f);
    bytes_sha256(text, n, rows);
    free(text);
}

static void put_back(void)
{
    char path[90];
    unlink(db);
    CU_ASSERT_EQUAL_FATAL(file_copy(before, db, &err), 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", db, i ? "-wal" : "-shm");
        unlink(path);
    }
}

static void every_change(void)
{
    static const char *const ops[] = { "INSERT", "UPDATE", "DELETE" };
    char tables[2000], unused[2000], copy[2000], was[65], is[65], sql[300];
    int refused = 0, rc;
    look(tables, was);
    for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++) {
        int touched = 0;
        memcpy(copy, tables, sizeof copy);
        for (char *rest = copy, *table; (table = strsep(&rest, "\n")) && *table;) {
            for (int op = 0; op < 3; op++) {
                snprintf(sql, sizeof sql, "CREATE TRIGGER refuse BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, '" REFUSED "'); END", ops[op], table);
                run_sql(sql);
                cJSON_Delete(call(calls[k].function, calls[k].request, &rc));
                run_sql("DROP TRIGGER refuse");
                if (rc < 0) {
                    touched++;
                    look(unused, is);
                    if (!strstr(err.text, REFUSED) || strcmp(was, is) != 0)
                        printf("%s, %s %s: %s\n", calls[k].function, ops[op], table, err.text);
                    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, REFUSED));
                    CU_ASSERT_STRING_EQUAL(was, is);
                }
                put_back();
            }
        }
        CU_ASSERT(touched > 0);
        refused += touched;
        cJSON_Delete(call(calls[k].function, calls[k].request, &rc));
        CU_ASSERT_EQUAL(rc, 0);
        put_back();
    }
    CU_ASSERT(refused >= (int)(sizeof calls / sizeof calls[0]));
}

static int set_up(void)
{
    snprintf(dir, sizeof dir, "%s/hone-refused-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* a disk would be waited for often */
    if (!mkdtemp(dir))
        return -1;
    snprintf(db, sizeof db, "%s/hone.db", dir);
    snprintf(before, sizeof before, "%s/before", dir);
    return 0;
}

static void books(void)
{
    char unused[64];
    id_of("createAgent", "{\"name\":\"first\"}", "agent_id", unused);
    id_of("createTrainingModule", "{\"name\":\"small\",\"examples\":[{\"input\":\"a\",\"expected_output\":\"x\"},{\"input\":\"b\",\"expected_output\":\"y\"}]}",
          "module_id", unused);
    id_of("registerWebhook", "{\"url\":\"https://example.com/first\"}", "webhook_id", webhook);
    id_of("createToken", "{\"scope\":\"read\"}", "token_id", token);
    run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    CU_ASSERT_EQUAL_FATAL(file_copy(db, before, &err), 0);
}

static int tear_down(void)
{
    return file_remove_tree(dir, &err);
}

int test_refused(void)
{
    CU_pSuite s = CU_add_suite("refused", set_up, tear_down);
    return s && CU_add_test(s, "books to begin with", books) && CU_add_test(s, "every change refused", every_change) ? 0 : -1;
}
