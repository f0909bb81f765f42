/* Interactions with agents and what is said of them, through their accessors. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/adapt.h"
#include "core/base/file.h"
#include "core/store/agent.h"
#include "core/store/interaction.h"
#include "tests/unit/suites.h"

static char dir[64];
static struct store *s;
static struct hone_err err;
static struct agent_row agent;

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-interactions-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    s = store_open(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    agent = (struct agent_row){ .name = strdup("support") };
    CU_ASSERT_EQUAL_FATAL(agent_insert(s, &agent, &err), 0);
}

static void tear_down(void)
{
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    store_close(s);
    agent_free(&agent);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

static struct interaction_row asked(int64_t at)
{
    return (struct interaction_row){ .agent_id = agent.id, .version_id = "ver_1", .input = "where is it?", .output = "soon",
                                     .confidence = 0.75, .alternatives = "[{\"output\":\"later\",\"confidence\":0.25}]",
                                     .propensity = 0.5, .explored_by = "softmax", .latency_ms = 1.5, .created_at = at, .rating = NAN };
}

static void stores(void)
{
    set_up();
    struct interaction_row row = asked(1000), got;
    CU_ASSERT_EQUAL_FATAL(interaction_insert(s, &row, &err), 0);
    CU_ASSERT_EQUAL(strncmp(row.id, "intr_", 5), 0);
    CU_ASSERT_EQUAL_FATAL(interaction_get(s, row.id, &got, &err), 0);
    CU_ASSERT_STRING_EQUAL(got.input, "where is it?");
    CU_ASSERT_STRING_EQUAL(got.output, "soon");
    CU_ASSERT_STRING_EQUAL(got.explored_by, "softmax");
    CU_ASSERT_EQUAL(got.propensity, 0.5);
    CU_ASSERT_EQUAL(got.confidence, 0.75);
    CU_ASSERT_TRUE(isnan(got.rating));
    CU_ASSERT_PTR_NULL(got.feedback);
    CU_ASSERT_EQUAL(got.feedback_at, 0);
    interaction_free(&got);
    struct interaction_row orphan = asked(0);
    orphan.agent_id = "agent_none";
    CU_ASSERT_EQUAL(interaction_insert(s, &orphan, &err), ERR_NOT_FOUND);
    free(orphan.id);
    struct interaction_row certain = asked(0); /* a probability of 0 cannot have been drawn */
    certain.propensity = 0;
    CU_ASSERT_TRUE(interaction_insert(s, &certain, &err) < 0);
    free(certain.id);
    CU_ASSERT_EQUAL(interaction_get(s, "intr_none", &got, &err), ERR_NOT_FOUND);
    free(row.id);
    tear_down();
}

static void rates(void)
{
    set_up();
    struct interaction_row row = asked(1000), got;
    CU_ASSERT_EQUAL_FATAL(interaction_insert(s, &row, &err), 0);
    CU_ASSERT_EQUAL(interaction_rate(s, row.id, &(struct interaction_feedback){ .feedback = "good", .rating = NAN }, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(interaction_rate(s, row.id, &(struct interaction_feedback){ .rating = 1.5 }, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(interaction_rate(s, row.id, &(struct interaction_feedback){ .rating = NAN }, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(interaction_rate(s, "intr_none", &(struct interaction_feedback){ .rating = 1 }, &err), ERR_NOT_FOUND);
    CU_ASSERT_EQUAL(interaction_rate(s, row.id, &(struct interaction_feedback){ .feedback = "incorrect", .rating = NAN }, &err), 0);
    CU_ASSERT_EQUAL(interaction_rate(s, row.id, &(struct interaction_feedback){ .rating = 0.25, .expected_output = "lost" }, &err), 0);
    CU_ASSERT_EQUAL_FATAL(interaction_get(s, row.id, &got, &err), 0);
    CU_ASSERT_STRING_EQUAL(got.feedback, "incorrect");
    CU_ASSERT_EQUAL(got.rating, 0.25);
    CU_ASSERT_STRING_EQUAL(got.expected_output, "lost");
    CU_ASSERT_TRUE(got.feedback_at > 0);
    interaction_free(&got);
    free(row.id);
    tear_down();
}

static void lists(void)
{
    struct interaction_row rows[5];
    struct interaction_list list;
    int64_t all, rated;
    set_up();
    for (int i = 0; i < 5; i++)
        rows[i] = asked(1000 + i * 100);
    CU_ASSERT_EQUAL_FATAL(interaction_insert_all(s, rows, 5, &err), 0);
    CU_ASSERT_EQUAL(interaction_rate(s, rows[3].id, &(struct interaction_feedback){ .feedback = "correct", .rating = NAN }, &err), 0);
    CU_ASSERT_EQUAL(interaction_list(s, &(struct interaction_filter){ .agent_id = agent.id, .since = 1100, .until = 1400 }, &list, &err), 0);
    CU_ASSERT_EQUAL(list.n, 3);
    interaction_list_free(&list);
    CU_ASSERT_EQUAL(interaction_list(s, &(struct interaction_filter){ .agent_id = agent.id, .only_rated = 1 }, &list, &err), 0);
    CU_ASSERT_EQUAL_FATAL(list.n, 1);
    CU_ASSERT_STRING_EQUAL(list.v[0].id, rows[3].id);
    interaction_list_free(&list);
    CU_ASSERT_EQUAL(interaction_list(s, &(struct interaction_filter){ .agent_id = "agent_other" }, &list, &err), 0);
    CU_ASSERT_EQUAL(list.n, 0);
    interaction_list_free(&list);
    CU_ASSERT_EQUAL(interaction_count(s, agent.id, 1200, 0, &all, &rated, &err), 0);
    CU_ASSERT_EQUAL(all, 3);
    CU_ASSERT_EQUAL(rated, 1);
    CU_ASSERT_EQUAL(interaction_prune(s, 1200, &err), 2);
    for (int i = 0; i < 5; i++)
        free(rows[i].id);
    CU_ASSERT_EQUAL(agent_delete(s, agent.id, &err), 0);
    CU_ASSERT_EQUAL(interaction_prune(s, INT64_MAX, &err), 0);
    tear_down();
}

/* Pieces of two, though three rows have the same time: each row once, oldest first. */
static void pieces(void)
{
    struct interaction_row rows[5];
    struct interaction_list list;
    char *after = NULL, *had[5] = { 0 };
    int64_t since = 1000, n = 0;
    set_up();
    for (int i = 0; i < 5; i++)
        rows[i] = asked(i < 1 ? 1000 : i < 4 ? 1100 : 1200);
    CU_ASSERT_EQUAL_FATAL(interaction_insert_all(s, rows, 5, &err), 0);
    do {
        CU_ASSERT_EQUAL_FATAL(interaction_next(s, agent.id, since, after, 1201, 2, &list, &err), 0);
        free(after);
        after = NULL;
        for (size_t i = 0; i < list.n; i++, n++) {
            CU_ASSERT_FATAL(n < 5);
            CU_ASSERT_EQUAL(list.v[i].created_at, n < 1 ? 1000 : n < 4 ? 1100 : 1200);
            for (int64_t k = 0; k < n; k++)
                CU_ASSERT_STRING_NOT_EQUAL(list.v[i].id, had[k]);
            had[n] = strdup(list.v[i].id);
            since = list.v[i].created_at;
            free(after);
            after = strdup(list.v[i].id);
        }
        interaction_list_free(&list);
    } while (after && n < 6);
    CU_ASSERT_EQUAL(n, 5);
    CU_ASSERT_EQUAL(interaction_next(s, agent.id, 1000, NULL, 1100, 0, &list, &err), 0);
    CU_ASSERT_EQUAL(list.n, 1); /* `until` is not included */
    interaction_list_free(&list);
    for (int i = 0; i < 5; i++) {
        free(had[i]);
        free(rows[i].id);
    }
    tear_down();
}

/* With a threshold of 0.5, whatever the callers named; all rows count, not the newest alone. */
static void tallies(void)
{
    static const struct { const char *output, *word, *expected; double confidence, rating; const char *by; } told[] = {
        { "a", "correct", NULL, 0.9, NAN, NULL }, { "a", "partial", NULL, 0.9, NAN, NULL }, { "a", NULL, NULL, 0.9, 0.25, NULL }, { "a", NULL, "a", 0.9, NAN, NULL }, { "a", NULL, "b", 0.9, NAN, NULL },
        { "a", "incorrect", NULL, 0.3, NAN, NULL }, /* the caller named no threshold: the version had refused */
        { NULL, NULL, "a", 0.7, NAN, NULL },        /* the caller named a higher one: it had answered */
        { NULL, NULL, NULL, 0.2, NAN, NULL }, { "a", NULL, NULL, 0.9, NAN, NULL }, { "b", "incorrect", NULL, 0.1, NAN, "softmax" },
    };
    struct interaction_tally t;
    set_up();
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct interaction_row row = asked(1000);
        row.version_id = (char *)(intptr_t)"ver_x";
        row.output = (char *)(intptr_t)told[i].output;
        row.confidence = told[i].confidence;
        row.explored_by = (char *)(intptr_t)told[i].by;
        row.alternatives = (char *)(intptr_t)"[{\"output\":\"a\",\"confidence\":0.5}]";
        CU_ASSERT_EQUAL_FATAL(interaction_insert(s, &row, &err), 0);
        if (told[i].word || told[i].expected || told[i].rating >= 0)
            CU_ASSERT_EQUAL(interaction_rate(s, row.id, &(struct interaction_feedback){ .feedback = told[i].word, .rating = told[i].rating, .expected_output = told[i].expected }, &err), 0);
        free(row.id);
    }
    CU_ASSERT_EQUAL_FATAL(interaction_tally(s, agent.id, "ver_x", 1000, 0.5, &t, &err), 0);
    CU_ASSERT_EQUAL(t.asked, 9);
    CU_ASSERT_EQUAL(t.refused, 2);
    CU_ASSERT_EQUAL(t.rated, 5);
    CU_ASSERT_DOUBLE_EQUAL(t.success, 1 + 0.5 + 0.25 + 1 + 0, 1e-12);
    CU_ASSERT_EQUAL_FATAL(interaction_tally(s, agent.id, "ver_x", 1001, 0.5, &t, &err), 0);
    CU_ASSERT_EQUAL(t.asked + t.refused + t.rated, 0);
    tear_down();
}

#define MANY 25000

/* More than are looked at, read in many pieces: evenly spread, oldest first; all are counted. */
static void windows(void)
{
    struct interaction_row *rows = calloc(MANY, sizeof *rows);
    struct api a = { .state_dir = dir };
    struct version_row of[] = { { .id = "ver_1", .weights_sha256 = "one" }, { .id = "ver_2", .weights_sha256 = "two" }, { .id = "ver_3", .weights_sha256 = "two" } };
    struct window w;
    int64_t steps = 0, own = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
    set_up();
    for (int i = 0; i < MANY; i++) {
        rows[i] = asked(1000 + i / 3);
        rows[i].version_id = (char *)(intptr_t)of[i % 2].id;
        rows[i].latency_ms = i;
    }
    CU_ASSERT_EQUAL_FATAL(interaction_insert_all(s, rows, MANY, &err), 0);
    CU_ASSERT_EQUAL(interaction_rate(s, rows[7].id, &(struct interaction_feedback){ .feedback = "correct", .rating = NAN }, &err), 0);
    for (int i = 0; i < MANY; i++)
        free(rows[i].id);
    free(rows);
    store_close(s);
    of[2].agent_id = agent.id;
    CU_ASSERT_EQUAL_FATAL(window_read(&a, &(struct version_list){ of, 3 }, &of[2], 1000, 1000 + MANY, &w, &err), 0);
    CU_ASSERT_EQUAL(w.all, MANY);
    CU_ASSERT_EQUAL(w.rated, 1);
    CU_ASSERT_EQUAL_FATAL(w.n, TRENDS_ROWS);
    for (int64_t i = 1; i < w.n; i++) {
        steps += w.rows.v[i].created_at - w.rows.v[i - 1].created_at > 1 || w.rows.v[i].created_at < w.rows.v[i - 1].created_at;
        own += w.seen[i].own;
    }
    CU_ASSERT_EQUAL(steps, 0); /* four of each five rows are there, three have the same time */
    CU_ASSERT_TRUE(own > TRENDS_ROWS * 4 / 10 && own < TRENDS_ROWS * 6 / 10);
    CU_ASSERT_EQUAL(w.seen[0].confidence, 0.25); /* of the best one, not of the one drawn */
    window_free(&w);
    CU_ASSERT_EQUAL_FATAL(window_read(&a, &(struct version_list){ of, 3 }, &of[2], 1000, 1001, &w, &err), 0);
    CU_ASSERT_EQUAL(w.n, 3);
    window_free(&w);
    CU_ASSERT_EQUAL_FATAL(window_read(&a, &(struct version_list){ of, 3 }, &of[2], 1, 1000, &w, &err), 0);
    CU_ASSERT_EQUAL(w.n + w.all, 0);
    window_free(&w);
    s = store_open(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    tear_down();
}

int test_interactions(void)
{
    CU_pSuite suite = CU_add_suite("interactions", NULL, NULL);
    return suite && CU_add_test(suite, "stores", stores) && CU_add_test(suite, "rates", rates) && CU_add_test(suite, "lists", lists) && CU_add_test(suite, "pieces", pieces) && CU_add_test(suite, "tallies", tallies) && CU_add_test(suite, "windows", windows) ? 0 : -1;
}
