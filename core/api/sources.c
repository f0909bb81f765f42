/* The examples that a request brings or names as one stored file: inline ones, a dataset, a training module, a file of this machine, or
 * several of these together. Called by train.c, datasets.c and evaluate.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/data/examples.h"
#include "core/store/dataset.h"

int keep_bytes(struct api *a, const char *bytes, size_t n, const char *suffix, const char *name, struct kept *k, struct hone_err *err)
{
    *k = (struct kept){ .format = "jsonl", .bytes = (int64_t)n };
    bytes_sha256(bytes, n, k->sha256);
    char *dir = state_path(a, "data");
    int rc = dir ? file_mkdirs(dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && asprintf(&k->file, "data/%s%s", k->sha256, suffix) < 0)
        k->file = NULL;
    k->path = k->file ? state_path(a, k->file) : NULL;
    k->name = strdup(name);
    if (rc == 0 && (!k->path || !k->name))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && stored_data_whole(a, k->file, k->sha256, NULL) == 0)
        rc = file_sync_dir(k->path, err); /* whoever stored it may have been killed before its name was synced */
    else if (rc == 0 && (rc = file_write_atomic(k->path, bytes, n, err)) < 0)
        unlink(k->path); /* it may have its name, which could not be synced; a second sync would tell nothing */
    free(dir);
    if (rc < 0)
        kept_free(k);
    return rc;
}

/* The stored file of a dataset or module. */
static int keep_row(struct api *a, enum dataset_kind kind, const char *id, struct kept *k, struct hone_err *err)
{
    struct dataset_row row;
    struct store *s = books_open(a, err);
    int rc = s ? dataset_get(s, kind, id, &row, err) : err->code;
    books_close(a, s);
    if (rc < 0)
        return rc;
    *k = (struct kept){ .name = row.name, .file = row.file, .path = state_path(a, row.file), .format = "auto", .bytes = row.bytes,
                         .examples = row.examples };
    memcpy(k->sha256, row.sha256, strlen(row.sha256) < sizeof k->sha256 ? strlen(row.sha256) + 1 : 0);
    int format = data_format_of_name(row.format);
    if (format >= 0)
        k->format = data_format_name((enum data_format)format);
    row.name = row.file = NULL;
    dataset_free(&row);
    return k->path ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

/* ---- several sources as JSON lines ---- */

struct lines {
    struct buf b;
    int64_t n;
};

static int add_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    static const char *const feedback[] = { [HONE_CORRECT] = "correct", [HONE_PARTIAL] = "partial", [HONE_INCORRECT] = "incorrect" };
    struct lines *l = arg;
    buf_puts(&l->b, "{\"input\":");
    buf_json_string(&l->b, row->input.bytes, (size_t)row->input.len);
    buf_puts(&l->b, ",\"expected_output\":");
    buf_json_string(&l->b, row->answer.bytes, (size_t)row->answer.len);
    if (row->rejected.bytes) {
        buf_puts(&l->b, ",\"rejected\":");
        buf_json_string(&l->b, row->rejected.bytes, (size_t)row->rejected.len);
    }
    buf_printf(&l->b, ",\"feedback\":\"%s\",\"weight\":", feedback[row->feedback]);
    buf_json_double(&l->b, (double)row->weight);
    if (row->metadata.len > 0) {
        buf_puts(&l->b, ",\"metadata\":");
        buf_add(&l->b, row->metadata.bytes, (size_t)row->metadata.len);
    }
    buf_puts(&l->b, "}\n");
    l->n++;
    return buf_oom(&l->b) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : 0;
}

static int add_file(struct lines *l, const struct kept *k, struct hone_err *err)
{
    const struct row_sink sink = { .arg = l, .row = add_row };
    int format = data_format_of_name(k->format);
    int rc = examples_stream(k->path, &(struct read_options){ .format = format < 0 ? DATA_AUTO : (enum data_format)format }, &sink, err);
    const struct kept *const files[] = { k };
    if (rc < 0)
        user_names(err, files, 1);
    return rc;
}

static void add_inline(struct lines *l, const cJSON *examples)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, examples) {
        json_print(&l->b, e, 0);
        buf_putc(&l->b, '\n');
        l->n++;
    }
}

static int keep_together(struct api *a, const struct source *src, struct kept *k, struct hone_err *err)
{
    const char *const ids[] = { src->dataset_id, src->module_id };
    struct lines l = { 0 };
    int rc = 0;
    for (int i = 0; i < 2 && rc >= 0; i++) {
        struct kept one = { 0 };
        if (!ids[i])
            continue;
        rc = keep_row(a, i == 0 ? DATASET_DATA : DATASET_MODULE, ids[i], &one, err);
        if (rc >= 0)
            rc = add_file(&l, &one, err);
        kept_free(&one);
    }
    if (rc >= 0)
        add_inline(&l, src->examples);
    const char *text = buf_str(&l.b);
    if (rc >= 0 && !text)
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0)
        rc = keep_bytes(a, text, l.b.n, ".jsonl", "inline", k, err);
    if (rc >= 0)
        k->examples = l.n;
    buf_free(&l.b);
    return rc;
}

int keep_source(struct api *a, const struct source *src, const char *where, struct kept *k, struct hone_err *err)
{
    int n = (src->file != NULL) + (src->examples != NULL) + (src->dataset_id != NULL) + (src->module_id != NULL);
    if (n == 0)
        return hone_fail(err, HONE_EINVAL, "%s: expected examples, a dataset_id or a moduleId", where);
    if (src->file && n > 1)
        return hone_fail(err, HONE_EINVAL, "%s: a file goes alone, without examples, dataset_id and moduleId", where);
    if (src->file)
        return keep_file(a, src->file, src->format, k, err);
    if (n == 1 && src->dataset_id)
        return keep_row(a, DATASET_DATA, src->dataset_id, k, err);
    if (n == 1 && src->module_id)
        return keep_row(a, DATASET_MODULE, src->module_id, k, err);
    return keep_together(a, src, k, err);
}

/* ---- counting ---- */

struct count {
    int64_t rows, faults;
};

static int count_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    (void)row;
    (void)err;
    ((struct count *)arg)->rows++;
    return 0;
}

static int count_fault(void *arg, const struct data_fault *fault)
{
    if (fault->severity == 0)
        ((struct count *)arg)->faults++;
    return 0;
}

int count_examples(const struct kept *k, int64_t *rows, int64_t *faults, struct hone_err *err)
{
    struct count c = { 0 };
    const struct row_sink sink = { .arg = &c, .row = count_row, .fault = count_fault };
    const struct kept *const files[] = { k };
    int format = data_format_of_name(k->format);
    int rc = examples_stream(k->path, &(struct read_options){ .format = format < 0 ? DATA_AUTO : (enum data_format)format }, &sink, err);
    *rows = c.rows;
    *faults = c.faults;
    if (rc < 0 && c.rows + c.faults > 0) /* faults are counted, which is not a failure to read */
        return 0;
    if (rc < 0)
        user_names(err, files, 1);
    return rc;
}
