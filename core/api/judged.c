/* Completed jobs as tasks that judge them need them: rows, history, files. Used by evaluate.c and compare.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/base/json.h"
#include "core/store/history.h"

int completed_job(struct api *a, const char *name, const char *what, struct job_row *row, cJSON *start, struct hone_err *err)
{
    struct history_list list;
    cJSON *history = cJSON_CreateArray();
    struct store *s = books_open(a, err);
    int rc = s ? find_job(s, name, row, err) : err->code;
    if (!s && rc == ERR_NOT_FOUND)
        hone_fail(err, ERR_NOT_FOUND, "there is no job '%.80s': %.200s holds no state yet", name, a->state_dir);
    if (rc >= 0 && row->status != JOB_COMPLETED) {
        rc = hone_fail(err, ERR_PRECONDITION, "job %s is %s; only a completed job can be %s", row->id,
                       job_status_name((enum job_status)row->status), what);
        job_free(row);
    }
    if (rc >= 0) {
        rc = history_list(s, row->id, -1, 0, &list, err);
        for (size_t i = 0; rc >= 0 && i < list.n; i++)
            cJSON_AddItemToArray(history, stored_json(list.v[i].row));
        if (rc >= 0)
            history_list_free(&list);
        else
            job_free(row);
    }
    json_put(start, "history", history);
    books_close(a, s);
    return rc;
}

void put_state_file(cJSON *o, const struct api *a, const char *key, const char *rel)
{
    char *path = rel ? state_path(a, rel) : NULL;
    json_put_str(o, key, path);
    free(path);
}

int test_rows(struct api *a, const cJSON *in, struct test_rows *t, struct hone_err *err)
{
    const struct source src = { .examples = json_get(in, "test_data"), .dataset_id = json_str(in, "test_dataset_id", NULL) };
    const char *file = json_str(in, "test_file", NULL);
    *t = (struct test_rows){ .hold = -1 };
    if (file && (src.examples || src.dataset_id))
        return hone_fail(err, HONE_EINVAL, "test_file goes alone, without test_data and test_dataset_id");
    if (file) {
        t->path = file;
        t->format = json_str(in, "test_format", "auto");
        return file_usable(file, err);
    }
    if (!src.examples && !src.dataset_id)
        return 0;
    t->hold = hold_data(a, err);
    int rc = t->hold < 0 ? t->hold : keep_source(a, &src, "test_data", &t->kept, err);
    t->path = rc < 0 ? NULL : t->kept.path;
    t->format = t->kept.format;
    return rc;
}

void test_rows_free(struct api *a, struct test_rows *t)
{
    if (*t->kept.sha256)
        drop_unused(a, t->kept.sha256, t->hold);
    else if (t->hold >= 0)
        close(t->hold);
    kept_free(&t->kept);
}

void put_asked_file(cJSON *asked, const char *file, const char *sha256)
{
    char *whole = file && strcmp(file, "-") != 0 ? realpath(file, NULL) : NULL;
    json_put_str(asked, "test_file", whole ? whole : file);
    json_put_str(asked, "test_sha256", *sha256 ? sha256 : NULL);
    free(whole);
}

cJSON *test_rows_json(const struct test_rows *t)
{
    cJSON *o = t->path ? cJSON_CreateObject() : cJSON_CreateNull();
    if (t->path) {
        json_put_str(o, "path", t->path);
        json_put_str(o, "format", t->format);
    }
    return o;
}
