/* The task "generate": synthetic examples from a module's. What travels is described in docs/architecture.md. */
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/synth/measure.h"
#include "core/synth/scenarios.h"
#include "core/worker/task.h"

static void on_beat(void *arg)
{
    task_beat(arg);
}

static int on_stopped(void *arg)
{
    return task_stop_asked(arg) != TASK_RUN;
}

/* ---- a language model, asked by the supervisor ---- */

struct asker {
    struct hone_completion_service service;
    cJSON *last;                 /* the frame that holds the text of the last answer */
};

static void add_message(cJSON *list, const char *role, struct hone_string s)
{
    cJSON *m = cJSON_CreateObject();
    struct buf text = { 0 };
    buf_add(&text, s.bytes, (size_t)s.len);
    json_put_str(m, "role", role);
    json_put_str(m, "content", buf_oom(&text) ? "" : buf_str(&text));
    cJSON_AddItemToArray(list, m);
    buf_free(&text);
}

static int ask(const struct hone_completion_service *service, const struct hone_completion_wish *w, struct hone_string *text, struct hone_err *err)
{
    struct asker *a = (struct asker *)(intptr_t)service;
    cJSON *f = cJSON_CreateObject(), *request = cJSON_CreateObject(), *messages = cJSON_CreateArray();
    add_message(messages, "system", w->system);
    add_message(messages, "user", w->user);
    json_put(request, "messages", messages);
    json_put_int(request, "max_tokens", w->max_tokens);
    json_put_num(request, "temperature", w->temperature);
    json_put_int(request, "seed", (int64_t)(w->seed & 0x7fffffff));
    json_put(f, "request", request);
    cJSON_Delete(a->last);
    a->last = NULL;
    int rc = task_ask(service->host_data, "complete", f, "completed", &a->last, err);
    const char *answer = json_str(a->last, "text", NULL);
    if (rc == 0 && !answer)
        rc = hone_fail(err, (int)json_int(a->last, "code", HONE_EIO), "%s", json_str(a->last, "error", "the endpoint gave no answer"));
    if (rc == 0)
        *text = (struct hone_string){ answer, (int64_t)strlen(answer) };
    return rc;
}

/* ---- rows ---- */

/* The rows of a file that teach an answer, and the others (may be NULL). */
static int read_rows(struct examples *rows, struct examples *others, const cJSON *data, struct hone_err *err)
{
    const char *path = json_str(data, "path", NULL);
    int format = data_format_of_name(json_str(data, "format", "auto"));
    struct examples all = { 0 };
    if (!path || format < 0)
        return hone_fail(err, HONE_EINVAL, "the start frame names no data file, or a format that does not exist");
    int ret = examples_read(&all, path, &(struct read_options){ .format = (enum data_format)format }, err);
    if (ret >= 0)
        ret = synth_rows(rows, others, &all, err);
    examples_free(&all);
    return ret;
}

/* ---- how many of which output ---- */

struct wanted {
    int32_t output;
    int64_t given;
};

/* Outputs with the fewest examples first. */
static int by_given(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return x->given != y->given ? (x->given > y->given) - (x->given < y->given) : (x->output > y->output) - (x->output < y->output);
}

static int add_wanted(struct wanted *w, int64_t *n, const struct examples *rows, const char *name, struct hone_err *err)
{
    size_t len = strlen(name);
    for (int32_t k = 0; k < rows->outputs.n; k++)
        if ((size_t)rows->outputs.name[k].len == len && memcmp(rows->outputs.name[k].bytes, name, len) == 0) {
            for (int64_t i = 0; i < *n; i++)
                if (w[i].output == k)
                    return 0;
            w[(*n)++] = (struct wanted){ .output = k };
            return 0;
        }
    return hone_fail(err, HONE_EINVAL, "outputs: the module has no example of the output '%.80s'", name);
}

/* need[] for each output: the same for all that are wanted, and what cannot be divided to those with the fewest examples. */
static int share_out(const struct task *t, const struct examples *rows, int64_t *need, struct hone_err *err)
{
    const cJSON *names = json_get(t->start, "outputs"), *name;
    int64_t each = json_int(t->start, "per_output", 0), count = json_int(t->start, "count", 0), n = 0;
    struct wanted *w = calloc((size_t)rows->outputs.n + 1, sizeof *w);
    int ret = w ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for %lld outputs", (long long)rows->outputs.n);
    if (!cJSON_IsArray(names))
        for (int32_t k = 0; k < rows->outputs.n && !ret; k++)
            w[n++] = (struct wanted){ .output = k };
    cJSON_ArrayForEach(name, names)
        if (!ret)
            ret = add_wanted(w, &n, rows, cJSON_IsString(name) ? name->valuestring : "", err);
    for (int64_t i = 0; i < rows->n && !ret; i++)
        for (int64_t j = 0; j < n; j++)
            w[j].given += w[j].output == rows->output[i];
    if (!ret && n)
        qsort(w, (size_t)n, sizeof *w, by_given);
    for (int64_t i = 0; i < n && !ret; i++)
        need[w[i].output] = each ? each : count / n + (i < count % n);
    free(w);
    return ret;
}

/* ---- the task ---- */

/* Test rows that are rows of the module judge nothing; how many is told. */
static int measure(struct task *t, struct synth *s, const struct synth_order *o, const struct synth_found *f, const struct examples *test,
                   struct hone_err *err)
{
    struct examples unmet = { 0 };
    if (!test->n)
        return measure_put(t->result, s, o, f, NULL, err);
    int ret = synth_unmet(s, test, &unmet, err);
    if (!ret && !unmet.n)
        ret = hone_fail(err, ERR_PRECONDITION, "all %lld test rows are rows of the module; give others, or none to measure by parts of the module",
                        (long long)test->n);
    if (!ret)
        ret = measure_put(t->result, s, o, f, &unmet, err);
    if (!ret)
        json_put_int(cJSON_GetObjectItemCaseSensitive(t->result, "measure"), "rows_of_module", test->n - unmet.n);
    examples_free(&unmet);
    return ret;
}

static int make(struct task *t, const struct examples *rows, const struct examples *test, const struct synth_order *o, struct hone_err *err)
{
    const struct synth_watch watch = { .arg = t, .beat = on_beat, .stopped = on_stopped };
    struct synth s = { 0 };
    struct synth_found f = { 0 };
    t->stage = "model";
    int ret = synth_open(&s, rows, o, t->registry, t->pool, &watch, err);
    t->stage = ret ? t->stage : "generation";
    if (!ret)
        ret = synth_make(&s, o, &f, err);
    if (!ret)
        ret = scenarios_put(t->result, &s, o, &f, err);
    t->stage = ret ? t->stage : "measure";
    if (!ret && json_bool(t->start, "measure", 0))
        ret = measure(t, &s, o, &f, test, err);
    synth_found_free(&f);
    synth_close(&s);
    return ret;
}

int task_generate(struct task *t, struct hone_err *err)
{
    const cJSON *fresh = json_get(t->start, "test");
    struct examples rows = { 0 }, others = { 0 }, test = { 0 };
    struct asker asker = { .service = { .struct_size = sizeof asker.service, .host_data = t, .ask = ask } };
    if (json_bool(t->start, "completions", 0))
        registry_lend_completion(t->registry, &asker.service);
    t->stage = "data";
    int ret = read_rows(&rows, &others, json_get(t->start, "data"), err);
    if (ret >= 0 && cJSON_IsObject(fresh))
        ret = read_rows(&test, NULL, fresh, err);
    int64_t *need = ret < 0 ? NULL : calloc((size_t)rows.outputs.n + 1, sizeof *need);
    if (ret >= 0)
        ret = need ? share_out(t, &rows, need, err) : hone_fail(err, HONE_ENOMEM, "memory ran out for %lld outputs", (long long)rows.outputs.n);
    const struct synth_order o = { .config = json_get(t->start, "config"), .generators = json_get(t->start, "generators"), .need = need,
                                   .level = level_of_name(json_str(t->start, "difficulty", NULL)), .seed = (uint64_t)json_int(t->start, "seed", 0),
                                   .surplus = json_num(t->start, "surplus", 1.5), .others = &others };
    if (ret >= 0)
        ret = make(t, &rows, &test, &o, err);
    registry_lend_completion(t->registry, NULL);
    cJSON_Delete(asker.last);
    free(need);
    examples_free(&rows);
    examples_free(&others);
    examples_free(&test);
    return ret < 0 ? ret : 0;
}
