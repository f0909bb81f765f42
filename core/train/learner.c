#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/learner.h"
#include "core/train/memory.h"

#define FORMAT "hone-weights-1"

/* Finds the plugin and fills the settings. */
static int find_model(struct learner *l, struct registry *registry, const char *name, const cJSON *options, struct hone_err *err)
{
    const struct hone_item *item = registry_find(registry, HONE_MODEL, name, &l->plugin, err);
    if (!item)
        return err->code;
    l->model = (const struct hone_model *)(const void *)item;
    l->host = registry_host(registry);
    l->conf = settings_new(item, options, err);
    return l->conf || !item->conf_size ? 0 : err->code;
}

static int copy_outputs(struct learner *l, int64_t n, const struct hone_string *output, struct hone_err *err)
{
    l->output = calloc((size_t)n + 1, sizeof *l->output);
    l->outputs = n;
    for (int64_t i = 0; i < n && l->output; i++) {
        char *p = arena_copy(&l->arena, output[i].bytes, (size_t)output[i].len);
        if (!p)
            return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld outputs", (long long)n);
        l->output[i] = (struct hone_string){ p, output[i].len };
    }
    return l->output ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for %lld outputs", (long long)n);
}

static int fit_one(struct learner *l, struct registry *registry, const char *name, const cJSON *options, struct hone_lesson *lesson,
                   int64_t max_bytes, struct hone_err *err)
{
    *l = (struct learner){ 0 };
    int ret = find_model(l, registry, name, options, err);
    if (!ret)
        ret = copy_outputs(l, lesson->outputs, lesson->output, err);
    if (!ret) {
        lesson->output = l->output;
        ret = l->model->fit(&l->self, l->conf, lesson, l->host, max_bytes, err);
        if (ret < 0)
            err_prefix(err, "model '%s'", name);
    }
    if (!ret)
        ret = tensors_declare(&l->tensors, l->model, l->self, l->outputs, err);
    if (!ret && l->model->size(l->self) > max_bytes)
        ret = hone_fail(err, HONE_ENOMEM, "model '%s' takes %.1f MB, more than the %.1f MB that it may use", name,
                        (double)l->model->size(l->self) * 1e-6, (double)max_bytes * 1e-6);
    if (ret < 0)
        learner_free(l);
    return ret < 0 ? ret : 0;
}

int learner_fit(struct learner *l, struct registry *registry, const char *name, const cJSON *options,
                struct hone_lesson *lesson, int64_t max_bytes, struct learner_choice *choice, struct hone_err *err)
{
    int chosen = strcmp(name, "auto") == 0;
    const struct hone_string *output = lesson->output;
    snprintf(choice->name, sizeof choice->name, "%s", chosen ? "linear" : name);
    int ret = fit_one(l, registry, choice->name, options, lesson, max_bytes, err);
    if (!chosen) {
        snprintf(choice->reason, sizeof choice->reason, "asked for by the configuration");
        return ret;
    }
    if (!ret) {
        snprintf(choice->reason, sizeof choice->reason, "its %lld numbers (%.1f MB) for %lld outputs fit the memory that the "
                 "configuration allows a model, %.0f MB", (long long)l->tensors.total, (double)l->tensors.total * 4e-6,
                 (long long)l->outputs, (double)max_bytes * 1e-6);
        return 0;
    }
    if (ret != HONE_ENOMEM)
        return ret;
    struct hone_err why = *err;
    *err = (struct hone_err){ 0 };
    lesson->output = output;
    snprintf(choice->name, sizeof choice->name, "bow");
    snprintf(choice->reason, sizeof choice->reason, "instead of linear: %.300s", why.text);
    ret = fit_one(l, registry, "bow", NULL, lesson, max_bytes, err);
    if (ret == HONE_ENOMEM)
        hone_fail(err, ret, "no model fits the memory allowed: %.200s; %.200s", why.text, strdupa(err->text));
    return ret;
}

/* ---- in a file ---- */

struct storing {
    struct st_file *out;
    const struct st_file *in;
    void *read[64];
    int n_read;
    struct hone_err fault;   /* of the file; what the plugin says of a missing constant comes second */
};

static int store_put(struct hone_store *s, const char *name, uint32_t dtype, uint32_t ndim, const int64_t *dims,
                     const void *data, struct hone_err *err)
{
    struct storing *st = s->host_data;
    char full[160];
    snprintf(full, sizeof full, "constant/%.140s", name);
    return st_add(st->out, full, dtype, ndim, dims, data, 1, err);
}

static const void *store_get(struct hone_store *s, const char *name, uint32_t dtype, int64_t *n)
{
    struct storing *st = s->host_data;
    char full[160];
    snprintf(full, sizeof full, "constant/%.140s", name);
    const struct st_entry *e = st_find(st->in, full);
    if (!e || e->dtype != dtype || st->n_read == (int)HONE_COUNT(st->read))
        return NULL;
    void *p = st->fault.code ? NULL : st_read_new(st->in, e, &st->fault);
    if (p)
        st->read[st->n_read++] = p;
    *n = e->n;
    return p;
}

static int save_outputs(const struct learner *l, struct st_file *f, struct hone_err *err)
{
    int64_t bytes = 0, n = l->outputs + 1, *start = malloc((size_t)n * sizeof *start);
    for (int64_t i = 0; start && i < l->outputs; i++) {
        start[i] = bytes;
        bytes += l->output[i].len;
    }
    char *text = malloc((size_t)bytes + 1);
    int ret = start && text ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for a checkpoint");
    if (!ret) {
        start[l->outputs] = bytes;
        for (int64_t i = 0; i < l->outputs; i++)
            memcpy(text + start[i], l->output[i].bytes, (size_t)l->output[i].len);
        ret = st_add(f, "outputs.start", HONE_I64, 1, &n, start, 1, err);
    }
    if (!ret)
        ret = st_add(f, "outputs.text", HONE_U8, 1, &bytes, text, 1, err);
    free(start);
    free(text);
    return ret;
}

int learner_save(const struct learner *l, float *const *param, struct st_file *f, struct hone_err *err)
{
    struct storing st = { .out = f };
    struct hone_store store = { .struct_size = sizeof store, .host_data = &st, .put = store_put, .get = store_get };
    cJSON *settings = settings_json(&l->model->item, l->conf);
    char *text = json_text(settings, 0);
    int ret = text ? st_meta(f, "format", FORMAT, err) : hone_fail(err, HONE_ENOMEM, "memory ran out for a checkpoint");
    if (!ret)
        ret = st_meta(f, "model", l->model->item.name, err);
    if (!ret)
        ret = st_meta(f, "model_version", l->plugin && l->plugin->info ? l->plugin->info->version : "", err);
    if (!ret)
        ret = st_meta(f, "model_settings", text, err);
    if (!ret && l->generation)
        ret = st_meta(f, "generation", l->generation, err);
    if (!ret)
        ret = save_outputs(l, f, err);
    if (!ret)
        ret = l->model->save(l->self, &store, err);
    for (int64_t i = 0; i < l->tensors.n && ret >= 0; i++) {
        const struct tensor *t = &l->tensors.t[i];
        char name[80];
        snprintf(name, sizeof name, "model/%s", t->name);
        ret = st_add(f, name, HONE_F32, t->ndim, t->dims, param ? param[i] : t->param, 0, err);
    }
    if (ret >= 0)
        ret = memory_save(l->memory, f, err);
    cJSON_Delete(settings);
    free(text);
    return ret < 0 ? ret : 0;
}

static int bad_file(const struct st_file *f, struct hone_err *err, const char *why)
{
    return hone_fail(err, ERR_CORRUPT, "%s: not a weights file of this program: %s", f->path, why);
}

static int restore_outputs(struct learner *l, const struct st_file *f, struct hone_err *err)
{
    const struct st_entry *s = st_find(f, "outputs.start"), *t = st_find(f, "outputs.text");
    if (!s || !t || s->dtype != HONE_I64 || t->dtype != HONE_U8 || s->n < (learner_writes(l) ? 1 : 2))
        return bad_file(f, err, "its outputs are missing");
    int64_t *start = st_read_new(f, s, err), n = s->n - 1;
    char *text = start ? st_read_new(f, t, err) : NULL;
    int ret = text ? 0 : err->code;
    for (int64_t i = 0; i < n && !ret; i++)
        if (start[i] < 0 || start[i + 1] < start[i] || start[i + 1] > t->n)
            ret = bad_file(f, err, "its outputs do not fit together");
    struct hone_string *list = ret ? NULL : calloc((size_t)n + 1, sizeof *list);
    if (!ret && !list)
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    for (int64_t i = 0; i < n && !ret; i++)
        list[i] = (struct hone_string){ text + start[i], start[i + 1] - start[i] };
    if (!ret)
        ret = copy_outputs(l, n, list, err);
    free(list);
    free(text);
    free(start);
    return ret;
}

static int restore_tensors(struct learner *l, struct st_file *f, struct hone_err *err)
{
    const struct st_entry *e;
    char name[80];
    int ret = tensors_declare(&l->tensors, l->model, l->self, l->outputs, err);
    for (int64_t i = 0; i < l->tensors.n && ret >= 0; i++) { /* all shapes, before memory is taken for them */
        const struct tensor *t = &l->tensors.t[i];
        snprintf(name, sizeof name, "model/%s", t->name);
        e = st_find(f, name);
        if (!e || e->dtype != HONE_F32 || e->ndim != t->ndim || memcmp(e->dims, t->dims, t->ndim * sizeof *t->dims) != 0)
            return hone_fail(err, ERR_CORRUPT, "%s: tensor '%s' is missing or has another shape than model '%s' wants", f->path,
                             name, l->model->item.name);
    }
    for (int64_t i = 0; i < l->tensors.n && ret >= 0 && f->map; i++) {
        snprintf(name, sizeof name, "model/%s", l->tensors.t[i].name);
        tensors_place(&l->tensors, i, st_mapped(f, st_find(f, name)));
    }
    if (ret >= 0)
        ret = tensors_alloc(&l->tensors, err);
    for (int64_t i = 0; i < l->tensors.n && ret >= 0; i++) {
        snprintf(name, sizeof name, "model/%s", l->tensors.t[i].name);
        e = st_find(f, name);
        if (l->tensors.t[i].param != st_mapped(f, e))
            ret = st_read(f, e, l->tensors.t[i].param, err);
    }
    if (f->map) { /* from here on the tensors' */
        l->tensors.map = f->map;
        l->tensors.map_bytes = f->map_bytes;
        f->map = NULL;
    }
    return ret < 0 ? ret : 0;
}

/* How many numbers a vector of features() has: what the tensor of outputs has beside them. */
static int64_t vector_space(const struct tensors *ts)
{
    int64_t space = 0;
    for (int64_t i = 0; i < ts->n; i++)
        if (ts->t[i].ndim == 2 && ts->t[i].flags & (HONE_W_OUTPUT_ROWS | HONE_W_OUTPUT_COLS))
            space = ts->t[i].dims[ts->t[i].flags & HONE_W_OUTPUT_ROWS ? 1 : 0];
    return space;
}

int learner_restore(struct learner *l, struct registry *registry, struct st_file *f, struct hone_err *err)
{
    struct storing st = { .in = f };
    struct hone_store store = { .struct_size = sizeof store, .host_data = &st, .put = store_put, .get = store_get };
    *l = (struct learner){ 0 };
    if (strcmp(json_str(f->meta, "format", ""), FORMAT) != 0)
        return bad_file(f, err, "its metadata does not say format " FORMAT);
    const char *text = json_str(f->meta, "model_settings", "{}");
    cJSON *settings = json_parse(text, strlen(text), f->path, err);
    int ret = settings ? find_model(l, registry, json_str(f->meta, "model", ""), settings, err) : err->code;
    if (ret == HONE_EINVAL)
        err->code = ret = ERR_PLUGIN;
    cJSON_Delete(settings);
    if (!ret)
        ret = restore_outputs(l, f, err);
    if (!ret)
        ret = learner_set_generation(l, json_str(f->meta, "generation", NULL), err);
    if (!ret) {
        ret = l->model->restore(&l->self, l->conf, l->outputs, l->output, &store, l->host, err);
        if (ret < 0 && st.fault.code)
            *err = st.fault;
        else if (ret < 0)
            err_prefix(err, "%s", f->path);
        if (ret < 0)
            ret = err->code = err->code == HONE_EINVAL ? ERR_CORRUPT : err->code;
    }
    for (int i = 0; i < st.n_read; i++)
        free(st.read[i]);
    if (ret >= 0)
        ret = restore_tensors(l, f, err);
    if (ret >= 0)
        ret = memory_restore(&l->memory, f, l->model, vector_space(&l->tensors), l->tensors.width, err);
    if (ret < 0)
        learner_free(l);
    return ret < 0 ? ret : 0;
}

int learner_set_generation(struct learner *l, const char *json, struct hone_err *err)
{
    l->generation = json ? arena_copy(&l->arena, json, strlen(json) + 1) : NULL;
    return json && !l->generation ? hone_fail(err, HONE_ENOMEM, "memory ran out") : 0;
}

int learner_writes(const struct learner *l)
{
    return l->model && l->model->item.flags & HONE_MODEL_WRITES;
}

void learner_free(struct learner *l)
{
    if (l->model && l->self)
        l->model->close(l->self);
    if (l->model)
        settings_free(&l->model->item, l->conf);
    tensors_free(&l->tensors);
    memory_free(l->memory);
    free(l->output);
    arena_free(&l->arena);
    *l = (struct learner){ 0 };
}
