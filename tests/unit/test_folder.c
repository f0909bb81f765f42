/* Folders of weights as Hugging Face has them: a Llama of fixed integers, in two files, gives PyTorch's scores; what is written is read
 * back; BF16 and F16 are read; what is wrong with a folder is said, and nothing is left of one that could not be written. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/train/encoded.h"
#include "core/train/folder.h"
#include "core/train/pass.h"
#include "tests/unit/decoder_reference.h"
#include "tests/unit/suites.h"
#include "tests/unit/tokens_reference.h"

enum { VOCAB = 480, WIDTH = 16, LAYERS = 2, TENSORS = 21, EVERY = 40 };
static const char config[] =
    "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":16,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
    "\"num_key_value_heads\":2,\"intermediate_size\":24,\"max_position_embeddings\":32,\"vocab_size\":480,\"tie_word_embeddings\":false,"
    "\"rope_theta\":10000.0,\"rms_norm_eps\":1e-05,\"hidden_act\":\"silu\",\"attention_bias\":false,\"rope_scaling\":null,\"torch_dtype\":\"float32\"}";
static char dir[200];

static void write_file(const char *name, const void *bytes, size_t n)
{
    struct hone_err err = { 0 };
    char *path = path_join(dir, name);
    CU_ASSERT_EQUAL_FATAL(file_write_atomic(path, bytes, n, &err), 0);
    free(path);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static void put_tensor(struct st_file *f, int t, uint32_t dtype, float spoil)
{
    static const char *const part[] = { "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                                        "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj" };
    static const int64_t shape[][2] = { { 16, 0 }, { 16, 16 }, { 8, 16 }, { 8, 16 }, { 16, 16 }, { 16, 0 }, { 24, 16 }, { 24, 16 }, { 16, 24 } };
    struct hone_err err = { 0 };
    char name[80];
    int64_t dims[2] = { VOCAB, WIDTH };
    if (t == 0 || t == TENSORS - 1) {
        snprintf(name, sizeof name, t ? "lm_head.weight" : "model.embed_tokens.weight");
    } else if (t == TENSORS - 2) {
        snprintf(name, sizeof name, "model.norm.weight");
        dims[0] = WIDTH;
        dims[1] = 0;
    } else {
        snprintf(name, sizeof name, "model.layers.%d.%s.weight", (t - 1) / 9, part[(t - 1) % 9]);
        memcpy(dims, shape[(t - 1) % 9], sizeof dims);
    }
    int64_t n = dims[0] * (dims[1] ? dims[1] : 1);
    float *v = malloc((size_t)n * sizeof *v);
    uint16_t *half = malloc((size_t)n * sizeof *half);
    for (int64_t i = 0; i < n; i++) {
        v[i] = (float)((double)((i * 7919 + t * 104729) % 1009 - 504) / 1260 + (dims[1] == 0));
        if (i == 3 && spoil != 0)
            v[i] = spoil;
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        half[i] = (uint16_t)(bits >> 16);
    }
    CU_ASSERT_EQUAL_FATAL(st_add(f, name, dtype, dims[1] ? 2 : 1, dims, dtype == HONE_F32 ? (const void *)v : half, 1, &err), 0);
    free(v);
    free(half);
}

/* The folder, in two files; with `spoil` a number of the last tensor is that. */
static void make_folder(uint32_t dtype, float spoil)
{
    struct hone_err err = { 0 };
    char index[4096];
    size_t n = (size_t)snprintf(index, sizeof index, "{\"weight_map\":{");
    for (int s = 0; s < 2; s++) {
        struct st_file f = { 0 };
        char name[40], sha[65];
        int64_t bytes;
        snprintf(name, sizeof name, "model-%d.safetensors", s);
        for (int t = s * 11; t < (s ? TENSORS : 11); t++)
            put_tensor(&f, t, dtype, t == TENSORS - 1 ? spoil : 0);
        for (int64_t i = 0; i < f.n; i++)
            n += (size_t)snprintf(index + n, sizeof index - n, "%s\"%s\":\"%s\"", s || i ? "," : "", f.entry[i].name, name);
        char *path = path_join(dir, name);
        CU_ASSERT_EQUAL_FATAL(st_write(&f, path, sha, &bytes, &err), 0);
        free(path);
        st_free(&f);
    }
    n += (size_t)snprintf(index + n, sizeof index - n, "}}");
    write_file("model.safetensors.index.json", index, n);
    write_file("config.json", config, sizeof config - 1);
    write_file("tokenizer.json", tokens_llama_json, sizeof tokens_llama_json - 1);
}

static struct pool *pool;
static struct registry *registry;

static int start(void)
{
    struct hone_err err;
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    snprintf(dir, sizeof dir, "/tmp/hone-folder-%d", (int)getpid());
    pool = pool_new(2, &err);
    registry = registry_new(dirs, pool, &err);
    return mkdir(dir, 0700) || !pool || !registry;
}

static int stop(void)
{
    struct hone_err err;
    registry_free(registry);
    pool_free(pool);
    return file_remove_tree(dir, &err);
}

/* The largest difference to PyTorch's scores. */
static double off(struct learner *l)
{
    static const int64_t starts[] = { 0, 4 }, rows[] = { 0, 4 };
    static const int32_t tokens[] = { 5, 300, 479, 17 };
    static float scores[4 * VOCAB];
    struct hone_err err = { 0 };
    struct passes p;
    double worst = 0;
    CU_ASSERT_EQUAL_FATAL(passes_open(&p, pool, &l->tensors, l->host, 0, &err), 0);
    passes_begin(&p);
    p.pass.in = (struct hone_bag){ 1, starts, tokens, NULL };
    p.pass.row_start = rows;
    p.pass.rows = 4;
    p.pass.width = VOCAB;
    p.pass.scores = scores;
    CU_ASSERT_EQUAL_FATAL(passes_forward(&p, l->model, l->self, &err), 0);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < VOCAB / EVERY; k++)
            worst = fmax(worst, fabs((double)scores[i * VOCAB + k * EVERY] - decoder_folder_scores[i * (VOCAB / EVERY) + k]));
    passes_close(&p);
    return worst;
}

static void reference(void)
{
    struct hone_err err = { 0 };
    struct learner l, again;
    int64_t files = 0;
    make_folder(HONE_F32, 0);
    int rc = folder_read(&l, registry, dir, &err);
    if (rc)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT(off(&l) < 1e-4);
    char other[220];
    snprintf(other, sizeof other, "%s/out", dir);
    CU_ASSERT_EQUAL_FATAL(mkdir(other, 0700), 0);
    CU_ASSERT_EQUAL_FATAL(folder_write(&l, other, 20000, &files, &err), 0);
    CU_ASSERT(files > 1);
    CU_ASSERT_EQUAL_FATAL(folder_read(&again, registry, other, &err), 0);
    for (int64_t i = 0; i < l.tensors.n; i++)
        CU_ASSERT(memcmp(l.tensors.t[i].param, again.tensors.t[i].param, (size_t)l.tensors.t[i].n * sizeof(float)) == 0);
    CU_ASSERT(off(&again) < 1e-4);
    learner_free(&again);
    learner_free(&l);
    const char *theta = strstr(config, "\"rope_theta\":10000.0"); /* as transformers 5 has it, which is what counts */
    char text[1024];
    int n = snprintf(text, sizeof text, "%.*s\"rope_theta\":99,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":10000.0}%s",
                     (int)(theta - config), config, theta + strlen("\"rope_theta\":10000.0"));
    write_file("config.json", text, (size_t)n);
    CU_ASSERT_EQUAL_FATAL(folder_read(&l, registry, dir, &err), 0);
    CU_ASSERT(off(&l) < 1e-4);
    learner_free(&l);
    make_folder(ST_BF16, 0); /* 8 bits of fraction: near, not equal */
    CU_ASSERT_EQUAL_FATAL(folder_read(&l, registry, dir, &err), 0);
    CU_ASSERT(off(&l) < 0.1 && off(&l) > 1e-6);
    learner_free(&l);
}

static void half_numbers(void)
{
    static const uint16_t half[] = { 0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x3555, 0xfc00, 0x0400 };
    static const float want[] = { 0, 1, -2, 65504, 0x1p-24f, 0.333251953125f, -INFINITY, 0x1p-14f };
    struct st_file f = { 0 };
    struct hone_err err = { 0 };
    char path[220], sha[65];
    int64_t n = 8, bytes;
    float have[8];
    snprintf(path, sizeof path, "%s/half.safetensors", dir);
    st_add(&f, "h", ST_F16, 1, &n, half, 1, &err);
    CU_ASSERT_EQUAL_FATAL(st_write(&f, path, sha, &bytes, &err), 0);
    st_free(&f);
    CU_ASSERT_EQUAL_FATAL(st_open(&f, path, &err), 0);
    CU_ASSERT_EQUAL_FATAL(st_read_float(&f, st_find(&f, "h"), have, &err), 0);
    CU_ASSERT(memcmp(have, want, sizeof want) == 0);
    st_free(&f);
}

/* The code of the refusal. */
static int refused(const char *what)
{
    struct hone_err err = { 0 };
    struct learner l;
    int rc = folder_read(&l, registry, dir, &err);
    CU_ASSERT(rc < 0 && strstr(err.text, what) != NULL);
    if (rc == 0)
        learner_free(&l);
    if (!strstr(err.text, what))
        fprintf(stderr, "expected '%s' in: %s\n", what, err.text);
    return rc;
}

static void with_config(const char *from, const char *to, const char *what)
{
    char text[2048];
    const char *at = strstr(config, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - config), config, to, at + strlen(from));
    write_file("config.json", text, (size_t)n);
    refused(what);
    write_file("config.json", config, sizeof config - 1);
}

static void bad_folders(void)
{
    char path[220];
    make_folder(HONE_F32, 0);
    with_config("\"intermediate_size\":24", "\"intermediate_size\":32", "has the shape [24, 16]; config.json asks for [32, 16]");
    with_config("\"num_hidden_layers\":2", "\"num_hidden_layers\":3", "no file holds tensor 'model.layers.2.input_layernorm.weight'");
    with_config("\"model_type\":\"llama\"", "\"model_type\":\"mamba\"", "no model here reads model_type 'mamba'");
    with_config("\"attention_bias\":false", "\"attention_bias\":true", "attention_bias is true");
    with_config("\"rope_scaling\":null", "\"rope_scaling\":{\"type\":\"linear\"}", "rope_scaling");
    with_config("\"rope_scaling\":null", "\"rope_parameters\":{\"rope_type\":\"llama3\",\"rope_theta\":10000}", "rope_parameters asks for positions of the type \"llama3\"");
    with_config("\"rope_scaling\":null", "\"rope_parameters\":{\"rope_type\":1}", "rope_parameters asks for positions of the type 1");
    with_config("\"rope_scaling\":null", "\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"default\",\"rope_theta\":99},\"sliding_attention\":{\"rope_theta\":10000}}",
                "rope_parameters has positions of their own for 'full_attention'");
    with_config("\"rope_scaling\":null", "\"rope_parameters\":{\"rope_theta\":10000,\"partial_rotary_factor\":0.5}", "rope_parameters.partial_rotary_factor (0.5)");
    with_config("\"rope_scaling\":null", "\"rope_parameters\":[]", "rope_parameters is no object");
    with_config("\"rope_scaling\":null", "\"sliding_window\":4096", "sliding_window is 4096; model 'transformer' has null only");
    with_config("\"rope_scaling\":null", "\"partial_rotary_factor\":0.5", "partial_rotary_factor is 0.5");
    with_config("\"rope_scaling\":null", "\"layer_types\":[\"full_attention\",\"sliding_attention\"]", "layer_types");
    with_config("\"rope_scaling\":null", "\"logits_scaling\":8", "logits_scaling (8) is not known here and may change what the model computes");
    with_config("\"num_hidden_layers\":2", "\"num_hidden_layers\":1", "tensor 'model.layers.1.input_layernorm.weight' is none of model 'transformer'");
    with_config("\"intermediate_size\":24", "\"intermediate_size\":1000000", "config.json asks for [1000000, 16]"); /* before memory is taken */
    with_config("\"max_position_embeddings\":32", "\"max_position_embeddings\":1048576,\"head_dim\":65536", "context = 1048576");
    with_config("\"vocab_size\":480", "\"vocab_size\":479", "the tokenizer has 480 tokens");
    with_config("\"hidden_size\":16", "\"hidden_size\":\"16\"", "config.json");
    with_config("\"hidden_size\":16", "\"hidden_size\":1e300", "config.json");
    write_text("tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}");
    refused("no token for byte 0x00");
    make_folder(HONE_F32, NAN);
    refused("not finite");
    make_folder(HONE_F32, INFINITY);
    refused("not finite");
    make_folder(HONE_F32, 0);
    snprintf(path, sizeof path, "%s/model-1.safetensors", dir);
    CU_ASSERT_EQUAL_FATAL(truncate(path, 3000), 0);
    refused("model-1.safetensors");
    unlink(path);
    CU_ASSERT_EQUAL(refused("model-1.safetensors: cannot open"), ERR_NOT_FOUND);
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    unlink(path);
    CU_ASSERT_EQUAL(refused("tokenizer.json: cannot open"), ERR_NOT_FOUND);
    write_file("tokenizer.json", tokens_llama_json, sizeof tokens_llama_json - 1);
    write_text("model.safetensors.index.json", "{\"weight_map\":{\"x\":\"../y.safetensors\"}}");
    refused("files of the folder itself");
    write_file("model.safetensors.index.json", "{}", 2);
    refused("weight_map");
    snprintf(path, sizeof path, "%s/config.json", dir);
    unlink(path);
    refused("config.json");
}

/* The ends of answers, one or several, as config.json tells them; kept by a folder that is written. */
static void ends(void)
{
    static const char *const told[] = { "\"eos_token_id\":17", "\"eos_token_id\":[17, 300]" };
    make_folder(HONE_F32, 0);
    for (int several = 0; several < 2; several++) {
        struct hone_err err = { 0 };
        struct learner l, again;
        int64_t files;
        char text[1024], path[240];
        int n = snprintf(text, sizeof text, "{%s,%s", told[several], config + 1);
        write_file("config.json", text, (size_t)n);
        CU_ASSERT_EQUAL_FATAL(folder_read(&l, registry, dir, &err), 0);
        snprintf(path, sizeof path, "%s/ends%d", dir, several);
        CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
        CU_ASSERT_EQUAL_FATAL(folder_write(&l, path, 0, &files, &err), 0);
        CU_ASSERT_EQUAL_FATAL(folder_read(&again, registry, path, &err), 0);
        const struct learner *both[] = { &l, &again };
        for (int i = 0; i < 2; i++)
            CU_ASSERT(both[i]->model->ends(both[i]->self, 17) == 1 && both[i]->model->ends(both[i]->self, 300) == several
                      && both[i]->model->ends(both[i]->self, 2) == 0);
        learner_free(&again);
        learner_free(&l);
    }
    with_config("\"rope_scaling\":null", "\"eos_token_id\":480", "none of number 480");
    with_config("\"rope_scaling\":null", "\"eos_token_id\":[17,]", "config.json");
    with_config("\"rope_scaling\":null", "\"eos_token_id\":\"</s>\"", "expected the number of a token");
    with_config("\"rope_scaling\":null", "\"eos_token_id\":[17,[300]]", "expected the number of a token");
}

/* What others write into config.json and what changes nothing is passed over. */
static void harmless_keys(void)
{
    struct hone_err err = { 0 };
    struct learner l;
    char text[1024];
    make_folder(HONE_F32, 0);
    int n = snprintf(text, sizeof text, "{\"transformers_version\":\"4.40.1\",\"use_cache\":true,\"pretraining_tp\":1,\"initializer_range\":0.02,\"pad_token_id\":0,"
                     "\"attention_dropout\":0.0,\"sliding_window\":4096,\"use_sliding_window\":false,\"max_window_layers\":2,\"partial_rotary_factor\":1.0,"
                     "\"layer_types\":[\"full_attention\",\"full_attention\"],\"quantization_config\":null,\"rope_interleaved\":false,%s", config + 1);
    write_file("config.json", text, (size_t)n);
    int rc = folder_read(&l, registry, dir, &err);
    if (rc)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT(off(&l) < 1e-4);
    CU_ASSERT_PTR_NULL(l.generation);
    learner_free(&l);
}

/* generation_config.json: its ends go before those of config.json; how tokens are drawn stays with the weights, and is written back. */
static void generation(void)
{
    static const struct {
        const char *file, *want;
    } told[] = {
        { "{\"do_sample\":true,\"temperature\":0.6,\"top_p\":0.9,\"eos_token_id\":[17,300]}", "{\"max_tokens\":0,\"temperature\":0.6,\"top_k\":50,\"top_p\":0.9}" },
        { "{\"do_sample\":true,\"top_k\":20,\"eos_token_id\":[17,300]}", "{\"max_tokens\":0,\"temperature\":1,\"top_k\":20,\"top_p\":1}" },
        { "{\"temperature\":0.6,\"eos_token_id\":[17,300],\"max_new_tokens\":64}", "{\"max_tokens\":64,\"temperature\":0,\"top_k\":0,\"top_p\":1}" },
        { "{\"temperature\":0.6,\"eos_token_id\":[17,300]}", NULL },
        { "{\"do_sample\":true,\"temperature\":null,\"top_k\":null,\"top_p\":null,\"max_new_tokens\":null,\"eos_token_id\":[17,300]}",
          "{\"max_tokens\":0,\"temperature\":1,\"top_k\":0,\"top_p\":1}" },
        { "{\"do_sample\":null,\"max_length\":20,\"eos_token_id\":[17,300]}", NULL },
    };
    make_folder(HONE_F32, 0);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct hone_err err = { 0 };
        struct learner l, again;
        int64_t files;
        char text[1024], path[240];
        int n = snprintf(text, sizeof text, "{\"eos_token_id\":2,%s", config + 1);
        write_file("config.json", text, (size_t)n);
        write_text("generation_config.json", told[i].file);
        CU_ASSERT_EQUAL_FATAL(folder_read(&l, registry, dir, &err), 0);
        CU_ASSERT(l.model->ends(l.self, 17) == 1 && l.model->ends(l.self, 300) == 1 && l.model->ends(l.self, 2) == 0);
        snprintf(path, sizeof path, "%s/generation%zu", dir, i);
        CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
        CU_ASSERT_EQUAL_FATAL(folder_write(&l, path, 0, &files, &err), 0);
        CU_ASSERT_EQUAL_FATAL(folder_read(&again, registry, path, &err), 0);
        const struct learner *both[] = { &l, &again };
        for (int k = 0; k < 2; k++) {
            CU_ASSERT_EQUAL(both[k]->generation != NULL, told[i].want != NULL);
            if (both[k]->generation && told[i].want)
                CU_ASSERT_STRING_EQUAL(both[k]->generation, told[i].want);
        }
        learner_free(&again);
        learner_free(&l);
    }
    write_file("config.json", config, sizeof config - 1);
    write_text("generation_config.json", "{\"do_sample\":true,\"top_p\":7}");
    refused("generation_config.json: generation.top_p = 7");
    write_text("generation_config.json", "{\"eos_token_id\":480}");
    refused("none of number 480");
    static const struct {
        const char *file, *why;
    } wrong[] = {
        { "[", "generation_config.json" }, { "[]", "generation_config.json: expected an object" },
        { "{\"do_sample\":\"yes\"}", "do_sample is neither true nor false" }, { "{\"do_sample\":true,\"temperature\":\"0.5\"}", "temperature is \"0.5\"; expected a number" },
        { "{\"top_k\":[50]}", "top_k is [50]; expected a number" }, { "{\"do_sample\":true,\"top_k\":1.5}", "top_k is 1.5; expected a whole number from 0" },
        { "{\"max_new_tokens\":true}", "max_new_tokens is true; expected a number" }, { "{\"max_new_tokens\":0}", "max_new_tokens is 0; expected a whole number from 1" },
        { "{\"max_new_tokens\":1e18}", "max_new_tokens is 1e+18; expected" }, { "{\"max_length\":\"20\"}", "max_length is \"20\"; expected a number" },
        { "{\"eos_token_id\":\"end\"}", "config.json" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_text("generation_config.json", wrong[i].file);
        refused(wrong[i].why);
    }
    char path[240];
    snprintf(path, sizeof path, "%s/generation_config.json", dir);
    unlink(path);
}

static void nothing_half_written(void)
{
    struct hone_err err = { 0 };
    struct learner l;
    int64_t files;
    char path[260], blocked[300];
    make_folder(HONE_F32, 0);
    CU_ASSERT_EQUAL_FATAL(folder_read(&l, registry, dir, &err), 0);
    snprintf(path, sizeof path, "%s/blocked", dir);
    snprintf(blocked, sizeof blocked, "%s/config.json", path);
    CU_ASSERT_EQUAL_FATAL(file_mkdirs(blocked, &err), 0); /* a folder where the last file is to go */
    CU_ASSERT(folder_write(&l, path, 0, &files, &err) < 0);
    snprintf(blocked, sizeof blocked, "%s/model.safetensors", path);
    CU_ASSERT(access(blocked, F_OK) != 0);
    snprintf(blocked, sizeof blocked, "%s/tokenizer.json", path);
    CU_ASSERT(access(blocked, F_OK) != 0);
    learner_free(&l);
}

int test_folder(void)
{
    CU_pSuite suite = CU_add_suite("folder", start, stop);
    return suite && CU_add_test(suite, "PyTorch's scores, and back", reference) && CU_add_test(suite, "half precision", half_numbers)
           && CU_add_test(suite, "bad folders", bad_folders) && CU_add_test(suite, "ends of answers", ends)
           && CU_add_test(suite, "harmless keys", harmless_keys) && CU_add_test(suite, "how answers are drawn", generation) && CU_add_test(suite, "nothing half written", nothing_half_written) ? 0 : -1;
}
