/* See folder.h: reading. */
#include "core/train/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/train/kernels.h"
#include "core/train/writer.h"

#define CONFIG_MAX ((size_t)1 << 20)
#define TOKENIZER_MAX ((size_t)256 << 20)
#define SHARDS 1000

struct reading {
    struct learner *l;
    const char *dir;
    cJSON *config;
    struct buf tokenizer;
    struct st_file *shard;
    char **name;                 /* [shards] file names */
    int64_t shards;
    struct hone_err *err;
};

/* The model whose table has the folder's model_type. */
static const struct hone_model *model_for(struct registry *registry, const char *type, const struct registry_plugin **from)
{
    const struct hone_item *item;
    for (int64_t i = 0; (item = registry_item(registry, HONE_MODEL, i, from)); i++) {
        const struct hone_model *m = (const struct hone_model *)(const void *)item;
        if (m->foreign && strcmp(m->foreign->model_type, type) == 0)
            return m;
    }
    return NULL;
}

static char *printed(const cJSON *v)
{
    return v && !cJSON_IsNull(v) ? json_text(v, 0) : NULL;
}

/* A member of rope_parameters: fine unless it changes positions. */
static int check_position(const struct reading *r, const cJSON *v)
{
    char *text = printed(v);
    int ret = 0;
    if (cJSON_IsObject(v))
        ret = hone_fail(r->err, HONE_EINVAL, "%s/config.json: rope_parameters has positions of their own for '%.60s'; only the same ones for all layers can "
                        "be read", r->dir, v->string);
    else if (strcmp(v->string, "rope_type") == 0 || strcmp(v->string, "type") == 0)
        ret = !text || (cJSON_IsString(v) && strcmp(v->valuestring, "default") == 0) ? 0
              : hone_fail(r->err, HONE_EINVAL, "%s/config.json: rope_parameters asks for positions of the type %.60s; only \"default\" can be read", r->dir, text);
    else if (text && strcmp(v->string, "rope_theta") != 0 && !(strcmp(v->string, "partial_rotary_factor") == 0 && cJSON_IsNumber(v) && v->valuedouble == 1))
        ret = hone_fail(r->err, HONE_EINVAL, "%s/config.json: rope_parameters.%.60s (%.80s) is not known here and may change what the model computes; take it "
                        "out if it does not", r->dir, v->string, text);
    free(text);
    return ret;
}

/* transformers 5 says the rotary positions in an object; where they are not scaled, its rope_theta becomes that of older files. */
static int unfold_positions(struct reading *r)
{
    const cJSON *rope = json_get(r->config, "rope_parameters"), *theta = json_get(rope, "rope_theta"), *v;
    int ret = 0;
    if (!rope || cJSON_IsNull(rope))
        return 0;
    if (!cJSON_IsObject(rope))
        return hone_fail(r->err, HONE_EINVAL, "%s/config.json: rope_parameters is no object", r->dir);
    cJSON_ArrayForEach(v, rope)
        if (!ret)
            ret = check_position(r, v);
    cJSON *copy = !ret && theta ? cJSON_Duplicate(theta, 1) : NULL;
    if (!ret && theta && !copy)
        return hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    if (copy) {
        cJSON_DeleteItemFromObjectCaseSensitive(r->config, "rope_theta");
        json_put(r->config, "rope_theta", copy);
    }
    return ret;
}

/* Keys that every config.json may have beside those of the model's table: what they must be for the answers to be this model's, as JSON; NULL: they
 * do not change any. null is always fine. */
static const struct {
    const char *key, *must;
} common[] = {
    { "_attn_implementation_autoset", NULL }, { "_name_or_path", NULL }, { "architectures", NULL }, { "attention_dropout", NULL },
    { "auto_map", NULL }, { "bad_words_ids", NULL }, { "begin_suppress_tokens", NULL }, { "bos_token_id", NULL }, { "decoder_start_token_id", NULL },
    { "diversity_penalty", NULL }, { "do_sample", NULL }, { "dtype", NULL }, { "early_stopping", NULL }, { "encoder_no_repeat_ngram_size", NULL },
    { "eos_token_id", NULL }, { "exponential_decay_length_penalty", NULL }, { "finetuning_task", NULL }, { "forced_bos_token_id", NULL },
    { "forced_eos_token_id", NULL }, { "id2label", NULL }, { "initializer_range", NULL }, { "label2id", NULL }, { "length_penalty", NULL },
    { "max_length", NULL }, { "max_window_layers", NULL }, { "min_length", NULL }, { "model_type", NULL }, { "no_repeat_ngram_size", NULL },
    { "num_beam_groups", NULL }, { "num_beams", NULL }, { "num_return_sequences", NULL }, { "output_attentions", NULL },
    { "output_hidden_states", NULL }, { "output_scores", NULL }, { "pad_token_id", NULL }, { "prefix", NULL }, { "pretraining_tp", NULL },
    { "problem_type", NULL }, { "remove_invalid_values", NULL }, { "repetition_penalty", NULL }, { "return_dict", NULL },
    { "return_dict_in_generate", NULL }, { "rope_parameters", NULL }, { "sep_token_id", NULL }, { "suppress_tokens", NULL },
    { "task_specific_params", NULL }, { "temperature", NULL }, { "tokenizer_class", NULL }, { "top_k", NULL }, { "top_p", NULL },
    { "torch_dtype", NULL }, { "torchscript", NULL }, { "transformers.js_config", NULL }, { "transformers_version", NULL }, { "typical_p", NULL }, { "unk_token_id", NULL },
    { "use_bfloat16", NULL }, { "use_cache", NULL },
    { "add_cross_attention", "false" }, { "chunk_size_feed_forward", "0" }, { "cross_attention_hidden_size", "null" }, { "is_decoder", NULL },
    { "is_encoder_decoder", "false" }, { "is_llama_config", NULL }, { "layer_types", "\"full_attention\"" }, { "partial_rotary_factor", "1" }, { "pruned_heads", "{}" }, { "rope_interleaved", "false" },
    { "sliding_window", "null" }, { "tf_legacy_loss", NULL }, { "tie_encoder_decoder", "false" }, { "use_sliding_window", "false" },
};

/* Whether a value, or each one of a list, is what it must be. */
static int is_value(const cJSON *v, const char *must)
{
    if (cJSON_IsNull(v))
        return 1;
    if (cJSON_IsArray(v)) {
        const cJSON *one;
        int all = 1;
        cJSON_ArrayForEach(one, v)
            all &= is_value(one, must);
        return all;
    }
    char *text = printed(v);
    int same = text && strcmp(text, must) == 0;
    free(text);
    return same;
}

/* What the file asks for beyond the model's table: a key that nobody here knows may change what the model computes. */
static int check_keys(const struct reading *r, const struct hone_model *m)
{
    const cJSON *v;
    int windows = json_bool(r->config, "use_sliding_window", 1);
    cJSON_ArrayForEach(v, r->config) {
        const struct hone_foreign_key *k = m->foreign->keys;
        size_t i = 0;
        while (k->key && strcmp(k->key, v->string) != 0)
            k++;
        while (i < sizeof common / sizeof common[0] && strcmp(common[i].key, v->string) != 0)
            i++;
        if (k->key || (strcmp(v->string, "sliding_window") == 0 && !windows))
            continue;
        char *text = printed(v);
        int ret = 0;
        if (i == sizeof common / sizeof common[0] && !cJSON_IsNull(v))
            ret = hone_fail(r->err, HONE_EINVAL, "%s/config.json: %.60s (%.80s) is not known here and may change what the model computes; take it out if it "
                            "does not", r->dir, v->string, text ? text : "?");
        else if (i < sizeof common / sizeof common[0] && common[i].must && !is_value(v, common[i].must))
            ret = hone_fail(r->err, HONE_EINVAL, "%s/config.json: %s is %.80s; model '%s' has %s only", r->dir, v->string, text ? text : "?", m->item.name,
                            common[i].must);
        free(text);
        if (ret)
            return ret;
    }
    return 0;
}

/* ---- how it writes ---- */

/* A number of generation_config.json. null stands for no bound, as in transformers: `none`. What is absent leaves *v. */
static int take_number(const struct reading *r, const cJSON *g, const char *key, double none, double *v)
{
    const cJSON *m = json_get(g, key);
    if (!m)
        return 0;
    if (!cJSON_IsNull(m) && !cJSON_IsNumber(m)) {
        char *text = printed(m);
        hone_fail(r->err, HONE_EINVAL, "%s/generation_config.json: %s is %.80s; expected a number or null", r->dir, key, text ? text : "?");
        free(text);
        return r->err->code;
    }
    *v = cJSON_IsNull(m) ? none : m->valuedouble;
    return 0;
}

static int check_whole(const struct reading *r, const char *key, double v, double least, double most)
{
    if (v == floor(v) && v >= least && v <= most)
        return 0;
    return hone_fail(r->err, HONE_EINVAL, "%s/generation_config.json: %s is %.17g; expected a whole number from %.0f to %.0f", r->dir, key, v, least, most);
}

/* How it writes unless told, if the file says anything of that. Its defaults are those of transformers. */
static int take_manner(struct reading *r, const cJSON *g)
{
    const cJSON *sample = json_get(g, "do_sample");
    double tokens = 0, whole = 0, temperature = 1, top_k = 50, top_p = 1;
    struct hone_err none;
    int ret = take_number(r, g, "max_new_tokens", 0, &tokens), samples = cJSON_IsTrue(sample);
    if (sample && !cJSON_IsBool(sample) && !cJSON_IsNull(sample))
        return hone_fail(r->err, HONE_EINVAL, "%s/generation_config.json: do_sample is neither true nor false", r->dir);
    if (ret < 0 || (ret = take_number(r, g, "max_length", 0, &whole)) < 0 || (ret = take_number(r, g, "temperature", 1, &temperature)) < 0 ||
        (ret = take_number(r, g, "top_k", 0, &top_k)) < 0 || (ret = take_number(r, g, "top_p", 1, &top_p)) < 0)
        return ret;
    if (cJSON_IsNumber(json_get(g, "max_new_tokens")) && (ret = check_whole(r, "max_new_tokens", tokens, 1, WRITER_MAX_TOKENS)) < 0)
        return ret;
    if ((ret = check_whole(r, "top_k", top_k, 0, 1e9)) < 0)
        return ret;
    if (whole > 0 && tokens <= 0)
        log_line(LOG_WARN, "%s/generation_config.json: max_length (%.17g) counts what was asked with the answer and is not heeded here; max_new_tokens is",
                 r->dir, whole);
    if (!samples && tokens <= 0)
        return 0;
    cJSON *out = cJSON_CreateObject();
    struct write_wish w = write_default;
    json_put_num(out, "max_tokens", tokens);
    json_put_num(out, "temperature", samples ? temperature : 0);
    json_put_num(out, "top_k", samples ? top_k : 0);
    json_put_num(out, "top_p", samples ? top_p : 1);
    char *text = cJSON_GetArraySize(out) == 4 ? json_text(out, 0) : NULL;
    if (!text)
        ret = hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    else if (write_wish_read(out, &w, &none) < 0)
        ret = hone_fail(r->err, HONE_EINVAL, "%s/generation_config.json: %s", r->dir, none.text);
    else
        ret = learner_set_generation(r->l, text, r->err);
    free(text);
    cJSON_Delete(out);
    return ret;
}

/* The tokens that end an answer and how tokens are drawn, by generation_config.json, where there is one. */
static int read_generation(struct reading *r)
{
    static const char *const known[] = { "_from_model_config", "bos_token_id", "do_sample", "eos_token_id", "max_length", "max_new_tokens", "pad_token_id",
                                         "temperature", "top_k", "top_p", "transformers_version", "use_cache" };
    cJSON *g = NULL;
    const cJSON *v;
    char *path = path_join(r->dir, "generation_config.json");
    int there = path && access(path, F_OK) == 0, ret = path ? 0 : hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    if (there && !(g = json_parse_file(path, CONFIG_MAX, r->err)))
        ret = r->err->code;
    else if (there && !cJSON_IsObject(g))
        ret = hone_fail(r->err, HONE_EINVAL, "%s: expected an object", path);
    cJSON_ArrayForEach(v, g) {
        size_t i = 0;
        if (ret)
            break;
        while (i < sizeof known / sizeof known[0] && strcmp(known[i], v->string) != 0)
            i++;
        if (i == sizeof known / sizeof known[0] && !cJSON_IsNull(v))
            log_line(LOG_WARN, "%s: %s is not heeded here", path, v->string);
    }
    if (!ret && (v = json_get(g, "eos_token_id")) && !cJSON_IsNull(v)) {
        cJSON_DeleteItemFromObjectCaseSensitive(r->config, "eos_token_id");
        json_put(r->config, "eos_token_id", cJSON_Duplicate(v, 1));
    }
    if (!ret && there)
        ret = take_manner(r, g);
    cJSON_Delete(g);
    free(path);
    return ret;
}

/* Settings from config.json by the model's table. NULL with err. */
static cJSON *settings_from(const struct reading *r, const struct hone_model *m)
{
    cJSON *o = cJSON_CreateObject();
    int ret = 0;
    for (const struct hone_foreign_key *k = m->foreign->keys; k->key && !ret; k++) {
        const cJSON *v = json_get(r->config, k->key);
        v = v && !cJSON_IsNull(v) ? v : NULL;
        const struct hone_param *p = k->setting ? settings_param(&m->item, k->setting) : NULL;
        if (p && p->type == HONE_STR && v) {
            char *text = printed(v);
            json_put_str(o, k->setting, text);
            free(text);
        } else if (k->setting && v) {
            json_put(o, k->setting, cJSON_Duplicate(v, 1));
        } else if (k->setting && k->absent) {
            json_put(o, k->setting, json_parse(k->absent, strlen(k->absent), k->key, r->err));
        } else if (!k->setting && k->must && v) {
            char *text = printed(v);
            if (!text || strcmp(text, k->must) != 0)
                ret = hone_fail(r->err, HONE_EINVAL, "%s/config.json: %s is %.80s; model '%s' has %s only", r->dir, k->key, text ? text : "?",
                                m->item.name, k->must);
            free(text);
        }
    }
    if (!ret)
        return o;
    cJSON_Delete(o);
    return NULL;
}

static const void *give(struct hone_store *s, const char *name, uint32_t dtype, int64_t *n)
{
    const struct reading *r = s->host_data;
    if (strcmp(name, "tokenizer") != 0 || dtype != HONE_U8 || !r->tokenizer.n)
        return NULL;
    *n = (int64_t)r->tokenizer.n;
    return r->tokenizer.p;
}

static int read_json_file(const struct reading *r, const char *name, size_t max, cJSON **out)
{
    char *path = path_join(r->dir, name);
    *out = path ? json_parse_file(path, max, r->err) : NULL;
    int ret = *out ? 0 : path ? r->err->code : hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    free(path);
    return ret;
}

static int add_shard(struct reading *r, const char *name)
{
    for (int64_t i = 0; i < r->shards; i++)
        if (strcmp(r->name[i], name) == 0)
            return 0;
    if (strchr(name, '/') || strstr(name, "..") || r->shards == SHARDS)
        return hone_fail(r->err, HONE_EINVAL, "%s/model.safetensors.index.json: names '%.80s'; expected at most %d files of the folder itself", r->dir,
                         name, SHARDS);
    char *path = path_join(r->dir, name);
    r->name[r->shards] = strdup(name);
    int ret = !path || !r->name[r->shards] ? hone_fail(r->err, HONE_ENOMEM, "memory ran out")
              : access(path, F_OK) != 0 ? err_open(r->err, path) : st_open(&r->shard[r->shards], path, r->err);
    if (ret)
        free(r->name[r->shards]);
    r->shards += ret == 0;
    free(path);
    return ret;
}

/* Opens the one file, or those of the index. */
static int open_shards(struct reading *r)
{
    cJSON *index = NULL;
    const cJSON *v;
    char *path = path_join(r->dir, "model.safetensors.index.json");
    r->shard = calloc(SHARDS, sizeof *r->shard);
    r->name = calloc(SHARDS, sizeof *r->name);
    int ret = path && r->shard && r->name ? 0 : hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    int sharded = !ret && access(path, F_OK) == 0;
    if (!ret && !sharded)
        ret = add_shard(r, "model.safetensors");
    if (!ret && sharded)
        ret = read_json_file(r, "model.safetensors.index.json", CONFIG_MAX * 64, &index);
    if (!ret && sharded && !cJSON_IsObject(json_get(index, "weight_map")))
        ret = hone_fail(r->err, ERR_CORRUPT, "%s: has no weight_map", path);
    cJSON_ArrayForEach(v, json_get(index, "weight_map"))
        if (!ret)
            ret = cJSON_IsString(v) ? add_shard(r, v->valuestring) : hone_fail(r->err, ERR_CORRUPT, "%s: weight_map names no file for '%.80s'", path, v->string);
    cJSON_Delete(index);
    free(path);
    return ret;
}

static const struct st_entry *find(const struct reading *r, const char *name, const struct st_file **file)
{
    for (int64_t i = 0; i < r->shards; i++) {
        const struct st_entry *e = st_find(&r->shard[i], name);
        *file = &r->shard[i];
        if (e)
            return e;
    }
    return NULL;
}

static void put_shape(char *out, size_t size, uint32_t ndim, const int64_t *dims)
{
    size_t n = (size_t)snprintf(out, size, "[");
    for (uint32_t d = 0; d < ndim && n < size; d++)
        n += (size_t)snprintf(out + n, size - n, d ? ", %lld" : "%lld", (long long)dims[d]);
    if (n < size)
        snprintf(out + n, size - n, "]");
}

/* What files hold beside the tensors and nobody needs: the head where it is the embedding, and positions that are computed. */
static int needless(const struct reading *r, const char *name)
{
    const char positions[] = ".rotary_emb.inv_freq";
    size_t n = strlen(name), m = sizeof positions - 1;
    return (strcmp(name, "lm_head.weight") == 0 && json_bool(r->config, "tie_word_embeddings", 0)) || (n > m && strcmp(name + n - m, positions) == 0);
}

/* Whether the files hold the model's tensors and no others, by their headers, before anything of their size is allocated. */
static int check_shapes(const struct reading *r)
{
    const struct tensors *ts = &r->l->tensors;
    for (int64_t i = 0; i < ts->n; i++) {
        const struct st_file *file;
        const struct st_entry *e = find(r, ts->t[i].name, &file);
        char have[80], want[80];
        if (!e)
            return hone_fail(r->err, ERR_CORRUPT, "%s: no file holds tensor '%s', which its config.json asks for", r->dir, ts->t[i].name);
        if (e->ndim != ts->t[i].ndim || memcmp(e->dims, ts->t[i].dims, e->ndim * sizeof *e->dims) != 0) {
            put_shape(have, sizeof have, e->ndim, e->dims);
            put_shape(want, sizeof want, ts->t[i].ndim, ts->t[i].dims);
            return hone_fail(r->err, ERR_CORRUPT, "%s: tensor '%s' has the shape %s; config.json asks for %s", file->path, e->name, have, want);
        }
    }
    for (int64_t s = 0; s < r->shards; s++)
        for (int64_t i = 0; i < r->shard[s].n; i++) {
            const char *name = r->shard[s].entry[i].name;
            if (tensors_find(ts, name) < 0 && !needless(r, name))
                return hone_fail(r->err, HONE_EINVAL, "%s: tensor '%.80s' is none of model '%s'; without it the answers would be others", r->shard[s].path,
                                 name, r->l->model->item.name);
        }
    return 0;
}

static int read_tensors(struct reading *r)
{
    struct tensors *ts = &r->l->tensors;
    int ret = tensors_declare(ts, r->l->model, r->l->self, 0, r->err);
    if (ret >= 0)
        ret = check_shapes(r);
    if (ret >= 0)
        ret = tensors_alloc(ts, r->err);
    for (int64_t i = 0; i < ts->n && ret >= 0; i++) {
        const struct st_file *file = NULL;
        const struct st_entry *e = find(r, ts->t[i].name, &file);
        ret = st_read_float(file, e, ts->t[i].param, r->err);
        if (ret >= 0 && !kernel_finite(ts->t[i].param, ts->t[i].n))
            return hone_fail(r->err, ERR_CORRUPT, "%s: tensor '%s' has numbers that are not finite", file->path, e->name);
    }
    return ret < 0 ? ret : 0;
}

static int read_folder(struct reading *r, struct registry *registry)
{
    struct learner *l = r->l;
    int ret = read_json_file(r, "config.json", CONFIG_MAX, &r->config);
    if (ret)
        return ret;
    const char *type = json_str(r->config, "model_type", "");
    if (!(l->model = model_for(registry, type, &l->plugin)))
        return hone_fail(r->err, HONE_EINVAL, "%s/config.json: no model here reads model_type '%.60s'", r->dir, type);
    l->host = registry_host(registry);
    if ((ret = unfold_positions(r)) < 0 || (ret = check_keys(r, l->model)) < 0 || (ret = read_generation(r)) < 0)
        return ret;
    cJSON *settings = settings_from(r, l->model);
    l->conf = settings ? settings_new(&l->model->item, settings, r->err) : NULL;
    cJSON_Delete(settings);
    if (!l->conf)
        return err_prefix(r->err, "%s/config.json", r->dir);
    char *path = path_join(r->dir, "tokenizer.json");
    ret = path ? file_read(path, TOKENIZER_MAX, &r->tokenizer, r->err) : hone_fail(r->err, HONE_ENOMEM, "memory ran out");
    if (!ret && !buf_str(&r->tokenizer))
        ret = hone_fail(r->err, HONE_ENOMEM, "memory ran out for %s", path);
    free(path);
    struct hone_store store = { .struct_size = sizeof store, .host_data = r, .get = give };
    l->output = calloc(1, sizeof *l->output);
    if (!ret && (ret = l->model->restore(&l->self, l->conf, 0, l->output, &store, l->host, r->err)) < 0)
        return err_prefix(r->err, "%s/tokenizer.json", r->dir);
    if (ret >= 0)
        ret = open_shards(r);
    return ret < 0 ? ret : read_tensors(r);
}

int folder_read(struct learner *l, struct registry *registry, const char *path, struct hone_err *err)
{
    struct reading r = { .l = l, .dir = path, .err = err };
    *l = (struct learner){ 0 };
    int ret = read_folder(&r, registry);
    for (int64_t i = 0; i < r.shards; i++) {
        st_free(&r.shard[i]);
        free(r.name[i]);
    }
    free(r.shard);
    free(r.name);
    cJSON_Delete(r.config);
    buf_free(&r.tokenizer);
    if (ret < 0)
        learner_free(l);
    return ret < 0 ? ret : 0;
}
