/* The part of folder.h that writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/train/folder.h"

struct writing {
    struct learner *l;
    const char *dir;
    struct buf tokenizer;
    float **value;               /* [tensors] what is written; NULL: not this one */
    int64_t *shard;              /* [tensors] in which file */
    int64_t shards;
    char **written;              /* paths, so that they can be removed */
    int64_t n_written;
    struct hone_err *err;
};

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for a folder of weights");
}

static int keep(struct hone_store *s, const char *name, uint32_t dtype, uint32_t ndim, const int64_t *dims, const void *data, struct hone_err *err)
{
    struct writing *w = s->host_data;
    if (strcmp(name, "tokenizer") == 0 && dtype == HONE_U8 && ndim == 1)
        buf_add(&w->tokenizer, data, (size_t)dims[0]);
    return buf_oom(&w->tokenizer) ? no_memory(err) : 0;
}

/* config.json by the model's table. */
static cJSON *config_of(const struct writing *w)
{
    const struct hone_model *m = w->l->model;
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray(), *mine = settings_json(&m->item, w->l->conf);
    struct hone_err ignored;
    cJSON_AddItemToArray(list, cJSON_CreateString(m->foreign->architecture));
    json_put(o, "architectures", list);
    json_put_str(o, "model_type", m->foreign->model_type);
    json_put_str(o, "torch_dtype", "float32");
    for (const struct hone_foreign_key *k = m->foreign->keys; k->key; k++) {
        const struct hone_param *p = k->setting ? settings_param(&m->item, k->setting) : NULL;
        const char *text = p && p->type == HONE_STR ? json_str(mine, k->setting, "") : "";
        int64_t v = m->foreign_value ? m->foreign_value(w->l->self, k->key) : -1;
        if (!k->setting && k->must)
            json_put(o, k->key, json_parse(k->must, strlen(k->must), k->key, &ignored));
        else if (*text)
            json_put(o, k->key, json_parse(text, strlen(text), k->key, &ignored));
        else if (v >= 0)
            json_put_int(o, k->key, v);
        else if (p && p->type != HONE_STR)
            json_put(o, k->key, cJSON_Duplicate(json_get(mine, k->setting), 1));
    }
    cJSON_Delete(mine);
    return o;
}

/* Values of all tensors, and which file each goes into. */
static int make_values(struct writing *w, int64_t shard_bytes)
{
    const struct tensors *ts = &w->l->tensors;
    const struct hone_model *m = w->l->model;
    int64_t used = 0;
    w->value = calloc((size_t)ts->n + 1, sizeof *w->value);
    w->shard = calloc((size_t)ts->n + 1, sizeof *w->shard);
    if (!w->value || !w->shard)
        return no_memory(w->err);
    w->shards = 1;
    for (int64_t i = 0; i < ts->n; i++) {
        if (!(w->value[i] = floats_new(ts->t[i].n)))
            return no_memory(w->err);
        int known = 1;
        if (m->foreign_tensor)
            known = m->foreign_tensor(w->l->self, ts->param, i, w->value[i], w->err);
        else
            memcpy(w->value[i], ts->t[i].param, (size_t)ts->t[i].n * sizeof(float));
        if (known < 0)
            return known;
        if (!known) {
            free(w->value[i]);
            w->value[i] = NULL;
            continue;
        }
        int64_t bytes = ts->t[i].n * 4;
        if (used && shard_bytes > 0 && used + bytes > shard_bytes) {
            w->shards++;
            used = 0;
        }
        used += bytes;
        w->shard[i] = w->shards - 1;
    }
    w->written = calloc((size_t)w->shards + 4, sizeof *w->written);
    return w->written ? 0 : no_memory(w->err);
}

static void shard_name(const struct writing *w, int64_t s, char out[64])
{
    if (w->shards == 1)
        snprintf(out, 64, "model.safetensors");
    else
        snprintf(out, 64, "model-%05lld-of-%05lld.safetensors", (long long)s + 1, (long long)w->shards);
}

static int write_shard(struct writing *w, int64_t s)
{
    const struct tensors *ts = &w->l->tensors;
    struct st_file f = { 0 };
    char name[64], sha256[65];
    int64_t bytes;
    shard_name(w, s, name);
    char *path = path_join(w->dir, name);
    int ret = path ? st_meta(&f, "format", "pt", w->err) : no_memory(w->err);
    for (int64_t i = 0; i < ts->n && !ret; i++)
        if (w->value[i] && w->shard[i] == s)
            ret = st_add(&f, ts->t[i].name, HONE_F32, ts->t[i].ndim, ts->t[i].dims, w->value[i], 0, w->err);
    if (!ret)
        ret = st_write(&f, path, sha256, &bytes, w->err);
    st_free(&f);
    if (ret)
        free(path);
    else
        w->written[w->n_written++] = path;
    return ret;
}

static int write_text(struct writing *w, const char *name, const void *bytes, size_t n)
{
    char *path = path_join(w->dir, name);
    int ret = path ? file_write_atomic(path, bytes, n, w->err) : no_memory(w->err);
    if (ret)
        free(path);
    else
        w->written[w->n_written++] = path;
    return ret;
}

static int write_json(struct writing *w, const char *name, cJSON *json)
{
    char *text = json_lost() ? NULL : json_text(json, 1);
    int ret = text ? write_text(w, name, text, strlen(text)) : no_memory(w->err);
    free(text);
    cJSON_Delete(json);
    return ret;
}

static int write_index(struct writing *w)
{
    const struct tensors *ts = &w->l->tensors;
    cJSON *o = cJSON_CreateObject(), *meta = cJSON_CreateObject(), *map = cJSON_CreateObject();
    int64_t total = 0;
    char name[64];
    for (int64_t i = 0; i < ts->n; i++) {
        if (!w->value[i])
            continue;
        total += ts->t[i].n * 4;
        shard_name(w, w->shard[i], name);
        json_put_str(map, ts->t[i].name, name);
    }
    json_put_int(meta, "total_size", total);
    json_put(o, "metadata", meta);
    json_put(o, "weight_map", map);
    return write_json(w, "model.safetensors.index.json", o);
}

/* How it writes unless told, in transformers' words. */
static int write_generation(struct writing *w)
{
    cJSON *o = cJSON_CreateObject(), *mine = json_parse(w->l->generation, strlen(w->l->generation), "generation", w->err);
    double temperature = json_num(mine, "temperature", 0);
    int64_t most = json_int(mine, "max_tokens", 0);
    json_put_bool(o, "do_sample", temperature > 0);
    if (temperature > 0) {
        json_put_num(o, "temperature", temperature);
        json_put_int(o, "top_k", json_int(mine, "top_k", 0));
        json_put_num(o, "top_p", json_num(mine, "top_p", 1));
    }
    if (most > 0)
        json_put_int(o, "max_new_tokens", most);
    cJSON_Delete(mine);
    return write_json(w, "generation_config.json", o);
}

static int write_all(struct writing *w, int64_t shard_bytes)
{
    struct hone_store store = { .struct_size = sizeof store, .host_data = w, .put = keep };
    int ret = w->l->model->save(w->l->self, &store, w->err);
    if (ret >= 0)
        ret = make_values(w, shard_bytes);
    for (int64_t s = 0; s < w->shards && ret >= 0; s++)
        ret = write_shard(w, s);
    if (ret >= 0 && w->shards > 1)
        ret = write_index(w);
    if (ret >= 0)
        ret = write_text(w, "tokenizer.json", w->tokenizer.p ? w->tokenizer.p : "", w->tokenizer.n);
    if (ret >= 0 && w->l->generation)
        ret = write_generation(w);
    return ret < 0 ? ret : write_json(w, "config.json", config_of(w)); /* last: a folder without it is none */
}

int folder_write(struct learner *l, const char *path, int64_t shard_bytes, int64_t *files, struct hone_err *err)
{
    struct writing w = { .l = l, .dir = path, .err = err };
    if (!l->model->foreign)
        return hone_fail(err, HONE_EINVAL, "model '%s' has no form that others read; its weights file is a safetensors file already", l->model->item.name);
    int ret = write_all(&w, shard_bytes);
    *files = w.shards;
    for (int64_t i = 0; i < w.n_written; i++) {
        if (ret < 0)
            unlink(w.written[i]);
        free(w.written[i]);
    }
    for (int64_t i = 0; w.value && i < l->tensors.n; i++)
        free(w.value[i]);
    free(w.value);
    free(w.shard);
    free(w.written);
    buf_free(&w.tokenizer);
    return ret < 0 ? ret : 0;
}
