/* Examples that are kept by themselves: datasets, which are uploaded, and training modules. Also the check of data before it is used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/quota.h"
#include "core/api/settings.h"
#include "core/base/crash.h"
#include "core/base/json.h"
#include "core/data/check.h"
#include "core/store/dataset.h"

static const char *const id_names[] = { "dataset_id", "module_id" };
static const char *const list_names[] = { "datasets", "modules" };

static cJSON *row_json(const struct dataset_row *row)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, id_names[row->kind], row->id);
    json_put_str(o, "name", row->name);
    json_put_str(o, "description", row->description);
    json_put_str(o, "format", row->format);
    json_put_str(o, "sha256", row->sha256);
    json_put_int(o, "bytes", row->bytes);
    json_put_int(o, "examples", row->examples);
    json_put(o, "metadata", stored_json(row->metadata));
    put_time(o, "created_at", row->created_at);
    return o;
}

/* ---- making ---- */

/* The file that came along with the call, else what the request says. */
static int keep_given(struct api *a, const cJSON *in, struct kept *k, struct hone_err *err)
{
    const struct source src = { .file = json_str(in, "file", NULL), .format = json_str(in, "format", NULL), .examples = json_get(in, "examples"),
                                .dataset_id = json_str(in, "dataset_id", NULL) };
    char path[64];
    if (!a->call || a->call->upload_fd <= 0)
        return keep_source(a, &src, "examples", k, err);
    const char *name = a->call->upload_name && *a->call->upload_name ? a->call->upload_name : "upload";
    snprintf(path, sizeof path, "/proc/self/fd/%d", a->call->upload_fd);
    return keep_file_as(a, path, name, src.format, k, err);
}

int dataset_add(struct api *a, struct store *s, struct dataset_row *row, struct hone_err *err)
{
    int rc = store_part_begin(s, err);
    if (rc < 0)
        return rc;
    rc = dataset_insert(s, row, err);
    return store_part_end(s, rc < 0 ? rc : quota_check(a, s, QUOTA_OF_DATA, err), err);
}

static cJSON *make(struct api *a, enum dataset_kind kind, const cJSON *in, struct hone_err *err)
{
    struct kept k = { 0 };
    int64_t faults = 0;
    cJSON *out = NULL;
    const cJSON *metadata = json_get(in, "metadata");
    int hold = hold_data(a, err), rc = hold < 0 ? hold : keep_given(a, in, &k, err);
    if (rc >= 0)
        rc = count_examples(&k, &k.examples, &faults, err);
    if (rc >= 0 && k.examples == 0)
        rc = hone_fail(err, HONE_EINVAL, "%s holds no example that can be used; validateTrainingData tells why", k.name);
    char *text = metadata ? json_text(metadata, 0) : NULL;
    struct dataset_row row = { .kind = kind, .name = (char *)(intptr_t)json_str(in, "name", k.name ? k.name : ""), .file = k.file,
                               .description = (char *)(intptr_t)json_str(in, "description", ""), .format = (char *)(intptr_t)k.format,
                               .sha256 = k.sha256, .examples = k.examples, .metadata = text, .token_id = (char *)(intptr_t)quota_token(a) };
    struct store *s = rc >= 0 ? books_make(a, err) : NULL;
    if (rc >= 0) {
        row.bytes = k.bytes;
        rc = s ? store_begin(s, err) : err->code;
    }
    if (rc >= 0)
        rc = dataset_add(a, s, &row, err);
    if (rc >= 0) {
        crash_at(CRASH_module_booked);
        out = row_json(&row);
        json_put_int(out, "faults", faults);
        rc = book_also(a, s, out, err);
    }
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    if (rc < 0 && *k.sha256)
        drop_unused(a, k.sha256, hold);
    else if (hold >= 0)
        close(hold);
    free(row.id);
    free(row.tenant);
    free(text);
    kept_free(&k);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_dataset_upload(struct api *a, const cJSON *in, struct hone_err *err)
{
    return make(a, DATASET_DATA, in, err);
}

cJSON *api_module_create(struct api *a, const cJSON *in, struct hone_err *err)
{
    return make(a, DATASET_MODULE, in, err);
}

/* ---- looking ---- */

static cJSON *list(struct api *a, enum dataset_kind kind, const cJSON *in, struct hone_err *err)
{
    struct dataset_list rows = { 0 };
    cJSON *items = cJSON_CreateArray(), *out = cJSON_CreateObject();
    int64_t limit = json_int(in, "limit", 50);
    struct store *s = books_open(a, err);
    int rc = s ? dataset_list(s, kind, json_str(in, "after", NULL), limit + 1, &rows, err) : err->code == ERR_NOT_FOUND ? 0 : err->code;
    books_close(a, s);
    for (size_t i = 0; i < rows.n && (int64_t)i < limit; i++)
        cJSON_AddItemToArray(items, row_json(&rows.v[i]));
    json_put(out, list_names[kind], items);
    json_put_bool(out, "has_more", (int64_t)rows.n > limit);
    dataset_list_free(&rows);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_dataset_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    return list(a, DATASET_DATA, in, err);
}

cJSON *api_module_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    return list(a, DATASET_MODULE, in, err);
}

cJSON *api_module_show(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct dataset_row row;
    cJSON *out = NULL;
    struct store *s = books_open(a, err);
    if (s && dataset_get(s, DATASET_MODULE, json_str(in, "module_id", ""), &row, err) >= 0) {
        struct dataset_list made = { 0 };
        out = row_json(&row);
        cJSON *list = json_put(out, "synthetic", cJSON_CreateArray());
        int rc = dataset_of_module(s, row.id, &made, err);
        for (size_t i = 0; i < made.n; i++)
            cJSON_AddItemToArray(list, row_json(&made.v[i]));
        dataset_list_free(&made);
        dataset_free(&row);
        if (rc < 0) {
            cJSON_Delete(out);
            out = NULL;
        }
    }
    books_close(a, s);
    return out;
}

/* ---- removing ---- */

static cJSON *forget(struct api *a, enum dataset_kind kind, const cJSON *in, struct hone_err *err)
{
    const char *id = json_str(in, id_names[kind], "");
    struct dataset_row row = { 0 };
    cJSON *out = NULL;
    struct store *s = books_open(a, err);
    int rc = s ? dataset_get(s, kind, id, &row, err) : err->code;
    if (rc >= 0)
        rc = dataset_delete(s, kind, row.id, err);
    books_close(a, s);
    if (rc >= 0) {
        crash_at(CRASH_removal_booked);
        discard_data(a, row.sha256);
        out = cJSON_CreateObject();
        json_put_str(out, id_names[kind], row.id);
        json_put_bool(out, "deleted", 1);
    }
    dataset_free(&row);
    return out;
}

cJSON *api_dataset_delete(struct api *a, const cJSON *in, struct hone_err *err)
{
    return forget(a, DATASET_DATA, in, err);
}

cJSON *api_module_delete(struct api *a, const cJSON *in, struct hone_err *err)
{
    return forget(a, DATASET_MODULE, in, err);
}

/* ---- checking ---- */

cJSON *api_validate(struct api *a, const cJSON *in, struct hone_err *err)
{
    const cJSON *data = json_get(in, "training_data");
    const struct source src = { .file = json_str(data, "file", NULL), .format = json_str(data, "format", NULL), .examples = json_get(data, "examples"),
                                .dataset_id = json_str(data, "dataset_id", NULL), .module_id = json_str(data, "moduleId", NULL) };
    const struct source held = { .examples = json_get(data, "validationExamples"), .dataset_id = json_str(data, "validation_dataset_id", NULL) };
    struct kept k = { 0 }, v = { 0 };
    const struct kept *const files[] = { &k, &v };
    cJSON *report = NULL;
    int hold = hold_data(a, err), rc = hold < 0 ? hold : keep_source(a, &src, "training_data", &k, err);
    if (rc >= 0 && (held.examples || held.dataset_id))
        rc = keep_source(a, &held, "training_data.validationExamples", &v, err);
    int format = rc >= 0 ? data_format_of_name(k.format) : 0;
    if (rc >= 0)
        rc = data_check(k.path, v.path, &(struct read_options){ .format = format < 0 ? DATA_AUTO : (enum data_format)format }, &report, err);
    if (rc < 0)
        user_names(err, files, 2);
    const cJSON *fault;
    cJSON_ArrayForEach(fault, json_get(report, "faults"))
        json_put_str((cJSON *)(intptr_t)fault, "file", strcmp(json_str(fault, "file", ""), k.path) == 0 ? k.name : v.name);
    if (report) {
        json_put_str(report, "file", k.name);
        json_put_bool(report, "valid", json_int(report, "errors", 0) == 0 && json_int(report, "rows", 0) > 0);
    }
    if (*v.sha256)
        drop_unused(a, v.sha256, hold >= 0 ? dup(hold) : -1);
    if (*k.sha256)
        drop_unused(a, k.sha256, hold);
    else if (hold >= 0)
        close(hold);
    kept_free(&k);
    kept_free(&v);
    return rc < 0 ? NULL : report;
}

/* ---- checkpoints, presets ---- */

cJSON *api_checkpoint_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    cJSON *query = cJSON_CreateObject(), *out = cJSON_CreateObject();
    json_put_str(query, "job_id", json_str(in, "job_id", ""));
    json_put_bool(query, "include_checkpoints", 1);
    cJSON *state = monitor_json(a, query, err);
    cJSON_Delete(query);
    json_put_str(out, "job_id", json_str(state, "job_id", ""));
    json_put(out, "checkpoints", cJSON_DetachItemFromObjectCaseSensitive(state, "checkpoints"));
    int ok = state != NULL;
    cJSON_Delete(state);
    if (ok)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_preset_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    cJSON *all = settings_files("presets", err), *out = all ? cJSON_CreateObject() : NULL, *p;
    (void)a;
    (void)in;
    cJSON_ArrayForEach(p, all)
        cJSON_DeleteItemFromObjectCaseSensitive(p, "file");
    json_put(out, "presets", all);
    return out;
}
