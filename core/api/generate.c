/* generateSyntheticTrainingData: a worker makes examples from those of a module, the books keep them as a dataset. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/daemon_priv.h"
#include "core/api/settings.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/data/examples.h"
#include "core/store/dataset.h"
#include "core/train/config.h"

#define FEW 20 /* examples an output up to which the preset few-shot trains best */

/* ---- what trains the model that judges ---- */

struct census {
    struct outputs outputs;
    int64_t rows;
};

static int count_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    struct census *c = arg;
    c->rows++;
    return outputs_find(&c->outputs, row->answer.bytes, row->answer.len, 1) == -2 ? hone_fail(err, HONE_ENOMEM, "memory ran out") : 0;
}

/* Whether the file has at most FEW examples an output. */
static int has_few(const struct kept *k, int *few, struct hone_err *err)
{
    struct census c = { .rows = 0 };
    const struct row_sink sink = { .arg = &c, .row = count_row };
    const struct kept *const files[] = { k };
    int format = data_format_of_name(k->format);
    int rc = examples_stream(k->path, &(struct read_options){ .format = format < 0 ? DATA_AUTO : (enum data_format)format }, &sink, err);
    if (rc < 0)
        user_names(err, files, 1);
    *few = c.rows <= FEW * c.outputs.n;
    outputs_free(&c.outputs);
    return rc;
}

/* "modelOptions.scale" goes into an object within. */
static void put_nested(cJSON *o, const char *key, const cJSON *value)
{
    const char *dot = strchr(key, '.');
    char *outer = dot ? strndup(key, (size_t)(dot - key)) : NULL;
    if (outer && !json_get(o, outer))
        json_put(o, outer, cJSON_CreateObject());
    if (outer)
        put_nested(cJSON_GetObjectItemCaseSensitive(o, outer), dot + 1, value);
    else if (dot)
        json_note_loss();
    else
        json_put(o, key, cJSON_Duplicate(value, 1));
    free(outer);
}

/* Keys of a preset below those that are given. NULL with err. */
static cJSON *with_preset(const cJSON *given, const char *preset, struct hone_err *err)
{
    cJSON *p = settings_preset(preset, err), *config = p ? cJSON_CreateObject() : NULL;
    const cJSON *v;
    if (config) {
        cJSON_ArrayForEach(v, json_get(p, "settings"))
            put_nested(config, v->string, v);
        cJSON_ArrayForEach(v, given)
            json_put(config, v->string, cJSON_Duplicate(v, 1));
    }
    cJSON_Delete(p);
    return config;
}

/* Whether a configuration says anything of what is learned. */
static int says_something(const cJSON *given)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, given)
        if (strcmp(v->string, "threads") != 0 && strcmp(v->string, "memoryMb") != 0)
            return 1;
    return 0;
}

/* The configuration of the request, else what goes with so many examples. *source tells which. */
static cJSON *judge_config(const struct kept *k, const cJSON *given, const char **source, struct hone_err *err)
{
    const char *preset = json_str(given, "preset", NULL);
    int few = 0;
    *source = "request";
    if (says_something(given))
        return preset ? with_preset(given, preset, err) : cJSON_Duplicate(given, 1);
    if (has_few(k, &few, err) < 0)
        return NULL;
    *source = few ? "few-shot" : "defaults";
    return few ? with_preset(given, "few-shot", err) : given ? cJSON_Duplicate(given, 1) : cJSON_CreateObject();
}

/* All faults of the configuration at once, and no file of this machine that a client names. */
static int check_judge(struct api *a, const cJSON *config, struct hone_err *err)
{
    struct train_config c;
    int rc = check_config(a, config, &c, err);
    if (rc < 0)
        return rc;
    rc = check_remote(a, &c, err);
    if (rc >= 0 && a->daemon)
        rc = plugin_names_check(a, &c, err);
    config_free(&c);
    return rc;
}

/* ---- the worker's task ---- */

/* Names become objects. */
static int put_generators(const struct api *a, cJSON *start, const cJSON *given, struct hone_err *err)
{
    static const char *const usual[] = { "template", "edit", "ngram_lm" };
    cJSON *list = json_put(start, "generators", cJSON_CreateArray());
    const cJSON *g;
    for (size_t i = 0; !given && i < sizeof usual / sizeof usual[0]; i++) {
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "name", usual[i]);
        cJSON_AddItemToArray(list, o);
    }
    cJSON_ArrayForEach(g, given) {
        const char *name = cJSON_IsString(g) ? g->valuestring : json_str(g, "name", NULL);
        const cJSON *options = json_get(g, "options");
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(list, o);
        if (!name || (options && !cJSON_IsObject(options)))
            return hone_fail(err, HONE_EINVAL, "generators: expected names of plugins, or objects of name and options");
        if (a->call && !a->call->local && strchr(name, '/'))
            return hone_fail(err, HONE_EINVAL, "generators: '%.80s' is a file of the server's machine, which cannot be named from outside; give the "
                             "generator's name", name);
        json_put_str(o, "name", name);
        if (options)
            json_put(o, "options", cJSON_Duplicate(options, 1));
    }
    return 0;
}

static void copy_member(cJSON *to, const char *as, const cJSON *in, const char *key)
{
    const cJSON *v = json_get(in, key);
    if (v)
        json_put(to, as, cJSON_Duplicate(v, 1));
}

static cJSON *task_frame(struct api *a, const cJSON *in, const struct kept *k, const struct test_rows *t, cJSON *config, struct hone_err *err)
{
    cJSON *start = start_frame(a, "generate"), *data = cJSON_CreateObject();
    json_put_str(data, "path", k->path);
    json_put_str(data, "format", k->format);
    json_put(start, "data", data);
    json_put(start, "test", test_rows_json(t));
    json_put(start, "config", config);
    json_put_int(start, "count", json_int(in, "sample_count", 10));
    copy_member(start, "per_output", in, "samples_per_output");
    copy_member(start, "difficulty", in, "difficulty");
    copy_member(start, "outputs", in, "outputs");
    copy_member(start, "surplus", in, "surplus");
    json_put_int(start, "seed", json_int(in, "seed", 42));
    json_put_bool(start, "completions", a->completion.endpoint != NULL);
    json_put_bool(start, "measure", json_bool(in, "measure", 0));
    if (put_generators(a, start, json_get(in, "generators"), err) == 0)
        return start;
    cJSON_Delete(start);
    return NULL;
}

/* ---- keeping ---- */

/* One example as a line of the dataset. */
static void add_line(struct buf *b, const cJSON *scenario)
{
    const cJSON *from = json_get(scenario, "provenance");
    cJSON *row = cJSON_CreateObject(), *m = cJSON_CreateObject();
    json_put_str(row, "input", json_str(scenario, "input", ""));
    json_put_str(row, "expected_output", json_str(scenario, "expected_output", ""));
    json_put_bool(m, "synthetic", 1);
    copy_member(m, "id", scenario, "id");
    copy_member(m, "difficulty", scenario, "difficulty");
    copy_member(m, "generator", from, "generator");
    copy_member(m, "method", from, "method");
    copy_member(m, "source_rows", from, "source_rows");
    json_put(row, "metadata", m);
    json_print(b, row, 0);
    buf_putc(b, '\n');
    cJSON_Delete(row);
}

static int keep_file_of(struct api *a, const cJSON *result, const char *name, struct kept *k, struct hone_err *err)
{
    struct buf b = { 0 };
    const cJSON *s;
    cJSON_ArrayForEach(s, json_get(result, "scenarios"))
        add_line(&b, s);
    const char *text = buf_str(&b);
    int rc = text ? keep_bytes(a, text, b.n, ".jsonl", name, k, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    buf_free(&b);
    return rc;
}

/* What the dataset says of itself. Free(). */
static char *metadata_of(const char *module_id, const cJSON *in, const cJSON *result)
{
    cJSON *m = cJSON_CreateObject();
    json_put_str(m, "module_id", module_id);
    json_put_int(m, "seed", json_int(in, "seed", 42));
    copy_member(m, "difficulty", in, "difficulty");
    copy_member(m, "generators", result, "generators");
    copy_member(m, "diversity_score", result, "diversity_score");
    char *text = json_text(m, 0);
    cJSON_Delete(m);
    return text;
}

/* The dataset's id in `out`. */
static int keep(struct api *a, const cJSON *in, const struct dataset_row *module, cJSON *out, struct hone_err *err)
{
    struct kept k = { 0 };
    char *name = NULL, *metadata = metadata_of(module->id, in, out);
    int hold = hold_data(a, err), rc = hold < 0 ? hold : 0;
    if (rc >= 0 && (!metadata || asprintf(&name, "%s, synthetic", module->name) < 0)) {
        name = NULL;
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    if (rc >= 0)
        rc = keep_file_of(a, out, name, &k, err);
    struct dataset_row row = { .kind = DATASET_DATA, .name = name, .description = (char *)(intptr_t)"", .file = k.file, .format = (char *)(intptr_t)"jsonl",
                               .sha256 = k.sha256, .bytes = k.bytes, .examples = json_int(out, "generated", 0), .metadata = metadata,
                               .token_id = (char *)(intptr_t)quota_token(a) };
    struct store *s = rc >= 0 ? books_open(a, err) : NULL;
    if (rc >= 0)
        rc = s ? store_begin(s, err) : err->code;
    if (rc >= 0)
        rc = dataset_add(a, s, &row, err);
    if (rc >= 0)
        rc = store_commit(s, err);
    books_close(a, s);
    if (rc >= 0)
        json_put_str(out, "dataset_id", row.id);
    if (rc < 0 && *k.sha256)
        drop_unused(a, k.sha256, hold);
    else if (hold >= 0)
        close(hold);
    free(row.id);
    free(row.tenant);
    free(name);
    free(metadata);
    kept_free(&k);
    return rc < 0 ? rc : 0;
}

/* ---- the function ---- */

static int find_module(struct api *a, const char *name, struct dataset_row *row, struct hone_err *err)
{
    struct store *s = books_open(a, err);
    int rc = s ? dataset_get(s, DATASET_MODULE, name, row, err) : err->code;
    if (!s && rc == ERR_NOT_FOUND)
        hone_fail(err, ERR_NOT_FOUND, "there is no training module '%.80s': %.200s holds no state yet", name, a->state_dir);
    books_close(a, s);
    return rc < 0 ? rc : 0;
}

/* The members in the order that people read. */
static cJSON *answer(const char *module_id, const cJSON *in, const char *source, cJSON *result)
{
    cJSON *out = cJSON_CreateObject();
    json_put_str(out, "module_id", module_id);
    json_put(out, "dataset_id", cJSON_CreateNull());
    json_put_int(out, "seed", json_int(in, "seed", 42));
    for (cJSON *f = result->child, *next; f; f = next) {
        next = f->next;
        cJSON_DetachItemViaPointer(result, f);
        cJSON_AddItemToObject(out, f->string, f);
    }
    json_put_str(out, "config_source", source);
    put_time(out, "created_at", clock_wall_ms());
    return out;
}

static cJSON *generate(struct api *a, const cJSON *in, const struct dataset_row *module, const struct test_rows *t, const struct api_hooks *hooks,
                       struct hone_err *err)
{
    const struct source src = { .module_id = module->id };
    const char *source;
    struct kept k = { 0 };
    cJSON *out = NULL;
    int rc = keep_source(a, &src, "module_id", &k, err);
    if (rc >= 0)
        rc = stored_data_whole(a, k.file, k.sha256, err);
    cJSON *config = rc < 0 ? NULL : judge_config(&k, json_get(in, "config"), &source, err);
    if (config && check_judge(a, config, err) < 0) {
        cJSON_Delete(config);
        config = NULL;
    }
    cJSON *start = config ? task_frame(a, in, &k, t, config, err) : NULL, *result = start ? run_task(a, start, 0, hooks, err) : NULL;
    const struct kept *const files[] = { &k };
    if (result)
        out = answer(module->id, in, source, result);
    else
        user_names(err, files, 1);
    if (out && json_bool(in, "keep", 1) && json_int(out, "generated", 0) > 0 && keep(a, in, module, out, err) < 0) {
        cJSON_Delete(out);
        out = NULL;
    }
    cJSON_Delete(result);
    kept_free(&k);
    return out;
}

cJSON *api_generate(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct dataset_row module = { 0 };
    struct test_rows t = { .hold = -1 };
    cJSON *out = NULL;
    api_clear(a);
    if (json_get(in, "sample_count") && json_get(in, "samples_per_output"))
        return hone_fail(err, HONE_EINVAL, "sample_count and samples_per_output: expected one of the two"), NULL;
    if (find_module(a, json_str(in, "module_id", ""), &module, err) == 0 && test_rows(a, in, &t, err) >= 0)
        out = generate(a, in, &module, &t, hooks, err);
    test_rows_free(a, &t);
    dataset_free(&module);
    return out;
}
