/* Files of weights: safetensors, the weights of an agent, checkpoints, folders of Hugging Face. See fuzz.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/train/checkpoint.h"
#include "core/train/folder.h"
#include "core/train/predictor.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

static struct pool *pool;
static struct registry *registry;

static void load(void)
{
    static const char *dirs[2];
    struct hone_err err = { 0 };
    if (registry)
        return;
    dirs[0] = fuzz_plugins();
    pool = pool_new(1, &err);
    registry = pool ? registry_new(dirs, pool, &err) : NULL;
    REQUIRE(registry != NULL);
}

/* Every tensor of a file that opens lies in it, and is read or found to be damaged; what can be read is written to a file that opens again. */
static void safetensors(const uint8_t *bytes, size_t n)
{
    struct st_file f = { 0 }, out = { 0 }, again = { 0 };
    struct hone_err err = { 0 };
    char path[200], sha[65];
    int64_t size = 0, total = 0;
    int all = 1;
    snprintf(path, sizeof path, "%s", fuzz_file("in.safetensors", bytes, n));
    if (st_open(&f, path, &err) != 0) {
        REQUIRE(f.n == 0 && *err.text);
        return;
    }
    for (int64_t i = 0; i < f.n; i++) {
        const struct st_entry *e = &f.entry[i];
        REQUIRE(e->n >= 0 && (total += e->n) <= (int64_t)n && st_find(&f, e->name) != NULL);
        void *data = st_read_new(&f, e, &err);
        REQUIRE(data || *err.text);
        all = all && data && e->dtype != ST_F16 && e->dtype != ST_BF16 && st_add(&out, e->name, e->dtype, e->ndim, e->dims, data, 1, &err) == 0;
        free(data);
    }
    snprintf(path, sizeof path, "%s/out.safetensors", fuzz_dir());
    if (all && st_write(&out, path, sha, &size, &err) == 0) {
        REQUIRE(st_open(&again, path, &err) == 0 && again.n == f.n);
        st_free(&again);
    }
    st_free(&out);
    st_free(&f);
}

/* A file that is taken answers, with probabilities. */
static void weights(const uint8_t *bytes, size_t n)
{
    static const struct hone_string text[] = { { .bytes = "where is my order", .len = 17 }, { .bytes = "", .len = 0 } };
    struct hone_err err = { 0 };
    load();
    struct predictor *p = predictor_open(registry, pool, fuzz_file("w.safetensors", bytes, n), &err);
    REQUIRE(p || *err.text);
    int64_t outputs = p && !predictor_writes(p) ? predictor_outputs(p) : 0;
    float *prob = outputs ? malloc((size_t)(outputs * 2) * sizeof *prob) : NULL;
    if (prob && predictor_probs(p, text, 2, prob, &err) == 0) {
        for (int64_t i = 0; i < outputs * 2; i++)
            REQUIRE(prob[i] >= 0 && prob[i] <= 1);
    }
    free(prob);
    cJSON *info = p ? predictor_info(p) : NULL;
    cJSON_Delete(info);
    predictor_close(p);
}

/* ---- checkpoints: of one run, the same each time ---- */

static struct run run;

static void no_beat(void *arg)
{
    (void)arg;
}

static const char *open_run(void)
{
    static const char *const words[] = { "invoice", "parcel", "password", "kettle", "refund", "battery" };
    static char path[200];
    static const char given[] = "{\"epochs\":2,\"batchSize\":4,\"validationSplit\":0.2,\"model\":\"linear\",\"optimizer\":\"adamw\"}";
    struct hone_err err = { 0 };
    struct train_config config;
    struct config_fault fault[4];
    struct buf rows = { 0 };
    int faults;
    if (run.registry)
        return path;
    load();
    for (int i = 0; i < 16; i++)
        buf_printf(&rows, "{\"input\":\"my %s and %s\",\"expected_output\":\"%s\"}\n", words[i % 6], words[(i * 5 + i / 6) % 6], i % 3 ? "yes" : "no");
    snprintf(path, sizeof path, "%s", fuzz_file("run.jsonl", rows.p, rows.n));
    buf_free(&rows);
    cJSON *v = json_parse(given, sizeof given - 1, "configuration", &err);
    struct run_files files = { .data = path, .format = DATA_AUTO, .beat = no_beat };
    REQUIRE(v && config_resolve(&config, v, fault, 4, &faults, &err) == 0);
    REQUIRE(run_open(&run, &config, &files, registry, pool, NULL, &err) == 0);
    cJSON_Delete(v);
    return path;
}

void fuzz_checkpoint_seed(const char *path)
{
    struct st_file f = { 0 };
    struct hone_err err = { 0 };
    char sha[65];
    int64_t size;
    open_run();
    REQUIRE(checkpoint_make(&run, &f, &err) == 0 && st_write(&f, path, sha, &size, &err) == 0);
    st_free(&f);
}

static void checkpoint(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    open_run();
    REQUIRE(checkpoint_load(&run, fuzz_file("c.safetensors", bytes, n), &err) == 0 || *err.text);
    REQUIRE(run_restart(&run, &err) == 0);
}

/* A folder, one file of which is the input: 0 config.json, 1 tokenizer.json, 2 model.safetensors, 3 model.safetensors.index.json; the others are
 * those of the folder "folder" beside the corpora, which FUZZ_CORPUS names. */
static void folder(const uint8_t *bytes, size_t n)
{
    static const char *const names[] = { "config.json", "tokenizer.json", "model.safetensors", "model.safetensors.index.json" };
    static struct buf sound[3];
    const char *corpus = getenv("FUZZ_CORPUS");
    struct learner l = { 0 };
    struct hone_err err = { 0 };
    unsigned which = fuzz_choice(&bytes, &n, 4);
    char path[300];
    load();
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%.200s/sound_folder/%s", corpus ? corpus : ".", names[i]);
        REQUIRE(sound[i].n || file_read(path, 1 << 20, &sound[i], &err) == 0);
        fuzz_file(names[i], sound[i].p, sound[i].n);
    }
    snprintf(path, sizeof path, "%s/%s", fuzz_dir(), names[3]);
    remove(path);
    fuzz_file(names[which], bytes, n);
    if (folder_read(&l, registry, fuzz_dir(), &err) == 0)
        learner_free(&l);
    else
        REQUIRE(*err.text != '\0');
    remove(path);
}

const struct fuzz_target fuzz_files[] = {
    { "safetensors", safetensors }, { "weights", weights }, { "checkpoint", checkpoint }, { "folder", folder }, { NULL, NULL },
};
