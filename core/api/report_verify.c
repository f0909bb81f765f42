/* verifyTrainingReport: makes a report again from the stored run, every evaluation and comparison in it computed anew, and tells what differs.
 * What stands in a report beside computed numbers (the course of the training, settings) comes from the books. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/api/report_build.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/store/comparison.h"
#include "core/store/evaluation.h"

#define MAX_REPORT (64u << 20)

struct verify {
    struct api *a;
    const cJSON *in;
    const struct api_hooks *hooks;
    cJSON *notes;
    int64_t evaluations, comparisons; /* that were computed again */
};

/* The rows that something was judged on: where they were, or where the caller says that they are. 0 with in's test_file put. */
static int find_rows(const struct verify *v, cJSON *again, const cJSON *asked, const char *what, struct hone_err *err)
{
    const char *given = json_str(v->in, "test_file", NULL), *was = json_str(asked, "test_file", NULL), *want = json_str(asked, "test_sha256", NULL);
    const char *path = given ? given : was;
    struct hone_err why = { 0 };
    char sha256[65];
    if (!was)
        return 0;
    if (strcmp(path, "-") == 0 || file_usable(path, &why) < 0 || file_sha256(path, sha256, &why) < 0)
        return hone_fail(err, ERR_PRECONDITION, "%s was made on rows that are not at hand (%.300s, SHA-256 %.12s...); give them with --test FILE", what, was,
                         want ? want : "not known");
    if (want && strcmp(want, sha256) != 0)
        return hone_fail(err, ERR_PRECONDITION, "%s was made on rows with the SHA-256 %.12s..., and %.300s now has %.12s...; give the same rows with --test FILE",
                         what, want, path, sha256);
    json_put_str(again, "test_file", path);
    return 0;
}

static int has_latency(const cJSON *evaluation)
{
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(evaluation, "metrics")) {
        if (strncmp(json_str(m, "name", ""), "latency", 7) == 0)
            return 1;
    }
    return 0;
}

/* Time cannot be measured again: the stored values of latency, and what rests on them, stand in. */
static void keep_latency(struct verify *v, cJSON *again, const cJSON *stored)
{
    static const char *const resting[] = { "evaluation", "strengths", "weaknesses", "recommendations" };
    const cJSON *m;
    if (!has_latency(stored))
        return;
    cJSON *list = cJSON_CreateArray(), *metrics = cJSON_GetObjectItemCaseSensitive(again, "metrics");
    cJSON_ArrayForEach(m, metrics) {
        const cJSON *s, *use = m;
        cJSON_ArrayForEach(s, json_get(stored, "metrics")) {
            if (strncmp(json_str(m, "name", ""), "latency", 7) == 0 && strcmp(json_str(s, "name", ""), json_str(m, "name", "")) == 0)
                use = s;
        }
        cJSON_AddItemToArray(list, cJSON_Duplicate(use, 1));
    }
    json_put(again, "metrics", list);
    for (size_t i = 0; i < sizeof resting / sizeof resting[0]; i++)
        json_put(again, resting[i], cJSON_Duplicate(json_get(stored, resting[i]), 1));
    cJSON_AddItemToArray(v->notes, cJSON_CreateString("latency is a measured time and was compared with what is stored, and so were score, strengths and advice of that evaluation"));
}

/* A stored evaluation, computed again. NULL with err. */
static cJSON *evaluated_again(struct verify *v, const char *job, const cJSON *stored, struct hone_err *err)
{
    const cJSON *asked = json_get(stored, "asked");
    const char *baseline = json_str(json_get(stored, "benchmark_comparison"), "baseline_job_id", NULL);
    struct job_row row;
    if (!json_get(stored, "evaluation"))
        return cJSON_Duplicate(stored, 1); /* estimates from a log are no part of a report */
    if (!asked) {
        hone_fail(err, ERR_PRECONDITION, "the evaluation of %s was kept by an older version, which did not note what was asked for; evaluate it again", job);
        return NULL;
    }
    cJSON *in = cJSON_Duplicate(asked, 1), *out = NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(in, "test_file");
    cJSON_DeleteItemFromObjectCaseSensitive(in, "test_sha256");
    json_put_str(in, "job_id", job);
    if (baseline)
        json_put_str(in, "benchmark_against", baseline);
    if (find_rows(v, in, asked, "an evaluation in the report", err) == 0)
        out = evaluate_job(v->a, in, v->hooks, &row, err);
    if (out) {
        job_free(&row);
        keep_latency(v, out, stored);
        v->evaluations++;
    }
    cJSON_Delete(in);
    return out;
}

static cJSON *stored_evaluation(struct verify *v, const char *id, struct hone_err *err)
{
    struct evaluation_row row;
    cJSON *out = NULL;
    struct store *s = books_open(v->a, err);
    if (s && evaluation_get(s, id, &row, err) >= 0) {
        out = stored_json(row.result);
        evaluation_free(&row);
    }
    books_close(v->a, s);
    return out;
}

/* {job: evaluation or null} for {job: id or null}. */
static cJSON *all_again(struct verify *v, const cJSON *ids, struct hone_err *err)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *id;
    cJSON_ArrayForEach(id, ids) {
        cJSON *stored = cJSON_IsString(id) ? stored_evaluation(v, id->valuestring, err) : NULL;
        cJSON *again = stored ? evaluated_again(v, id->string, stored, err) : NULL;
        int failed = cJSON_IsString(id) && !again;
        if (!failed)
            json_put(out, id->string, again ? again : cJSON_CreateNull());
        cJSON_Delete(stored);
        if (failed) {
            cJSON_Delete(out);
            return NULL;
        }
    }
    return out;
}

static cJSON *stored_comparison(struct verify *v, const char *id, struct hone_err *err)
{
    struct comparison_row row;
    cJSON *out = NULL;
    struct store *s = books_open(v->a, err);
    if (s && comparison_get(s, id, &row, err) >= 0) {
        out = stored_json(row.result);
        comparison_free(&row);
    }
    books_close(v->a, s);
    return out;
}

/* A kept comparison, made again. NULL with err. */
static cJSON *compared_again(struct verify *v, const char *id, struct hone_err *err)
{
    cJSON *stored = stored_comparison(v, id, err), *ids = cJSON_CreateArray(), *out = NULL;
    const cJSON *asked = json_get(stored, "asked"), *run;
    cJSON *in = asked ? cJSON_Duplicate(asked, 1) : cJSON_CreateObject();
    struct test_rows t = { .hold = -1 };
    cJSON_ArrayForEach(run, json_get(stored, "runs"))
        cJSON_AddItemToArray(ids, cJSON_CreateString(json_str(run, "job_id", "")));
    cJSON_DeleteItemFromObjectCaseSensitive(in, "test_file");
    int rc = !stored ? err->code : asked ? find_rows(v, in, asked, "the comparison", err)
             : hone_fail(err, ERR_PRECONDITION, "comparison %.80s was kept by an older version, which did not note what was asked for; compare again", id);
    if (rc == 0)
        rc = test_rows(v->a, in, &t, err);
    if (rc == 0)
        out = compare_jobs(v->a, ids, &t, in, v->hooks, err);
    test_rows_free(v->a, &t);
    v->comparisons += out != NULL;
    cJSON_Delete(stored);
    cJSON_Delete(ids);
    cJSON_Delete(in);
    return out;
}

/* ---- the report made again ---- */

/* Takes tree. The text (free()), or NULL with err. */
static char *written_again(struct verify *v, const cJSON *asked, cJSON *tree, struct hone_err *err)
{
    int fd = memfd_create("report", MFD_CLOEXEC);
    char *text = NULL;
    off_t n = -1;
    if (fd < 0) {
        cJSON_Delete(tree);
        err_errno(err, "make", "a file in memory");
        return NULL;
    }
    cJSON *done = report_written(v->a, asked, tree, fd, err);
    if (done && (n = lseek(fd, 0, SEEK_END)) >= 0 && (text = calloc(1, (size_t)n + 1)) && file_read_at(fd, text, (size_t)n, 0) != n) {
        err_errno(err, "read", "the report made again");
        free(text);
        text = NULL;
    }
    if (done && !text && err->code >= 0)
        hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
    cJSON_Delete(done);
    close(fd);
    return text;
}

static int64_t numbers_in(const cJSON *v)
{
    const cJSON *c;
    int64_t n = cJSON_IsNumber(v);
    cJSON_ArrayForEach(c, v)
        n += numbers_in(c);
    return n;
}

/* Takes tree. */
static cJSON *judged(struct verify *v, const cJSON *asked, cJSON *tree, const char *found, struct hone_err *err)
{
    int64_t numbers = numbers_in(json_get(tree, "sections"));
    char *expected = written_again(v, asked, tree, err);
    if (!expected)
        return NULL;
    cJSON *out = cJSON_CreateObject(), *differences = report_differences(json_str(asked, "format", "markdown"), found, expected);
    json_put_bool(out, "verified", cJSON_GetArraySize(differences) == 0);
    json_put_str(out, "report_type", json_str(asked, "report_type", NULL));
    json_put_int(out, "numbers", numbers);
    json_put_int(out, "evaluations", v->evaluations);
    json_put_int(out, "comparisons", v->comparisons);
    json_put(out, "differences", differences);
    json_put(out, "notes", v->notes);
    v->notes = NULL;
    free(expected);
    return out;
}

static cJSON *verify(struct verify *v, const char *found, struct hone_err *err)
{
    struct report_source src = { 0 };
    cJSON *ids = NULL, *asked = report_stamp_read(found, &ids), *evaluations = NULL, *comparison = NULL, *tree = NULL, *out = NULL;
    const char *id = json_str(asked, "comparison_id", NULL);
    if (!asked && json_lost()) {
        hone_fail(err, HONE_ENOMEM, "memory ran out for the report");
        return NULL;
    }
    if (!asked) {
        hone_fail(err, HONE_EINVAL, "the report has no line 'Made by hone-report/1 ...', by which it could be made again");
        return NULL;
    }
    evaluations = all_again(v, ids, err);
    if (evaluations && id)
        comparison = compared_again(v, id, err);
    src = (struct report_source){ .evaluations = evaluations, .comparison = comparison, .used = ids };
    if (evaluations && (!id || comparison))
        tree = report_made(v->a, asked, &src, err);
    if (tree && json_get(asked, "run_ids"))
        v->comparisons++;
    if (tree)
        out = judged(v, asked, tree, found, err);
    cJSON_Delete(evaluations);
    cJSON_Delete(comparison);
    cJSON_Delete(ids);
    cJSON_Delete(asked);
    return out;
}

cJSON *api_report_verify(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct verify v = { .a = a, .in = in, .hooks = hooks, .notes = cJSON_CreateArray() };
    struct buf text = { 0 };
    const char *given = json_str(in, "report", NULL), *file = json_str(in, "report_file", NULL);
    cJSON *out = NULL;
    if (!given && !file)
        hone_fail(err, HONE_EINVAL, "report must have the text of a report");
    else if (given || file_read(file, MAX_REPORT, &text, err) == 0) {
        const char *found = given ? given : text.n ? buf_str(&text) : "";
        if (!given && (utf8_invalid_at(found, text.n) != text.n || strlen(found) != text.n))
            hone_fail(err, HONE_EINVAL, "%.300s is no text in UTF-8", file);
        else
            out = verify(&v, found, err);
    }
    buf_free(&text);
    cJSON_Delete(v.notes);
    return out;
}
