/* The kernels against plain loops; and each model's backward pass against differences of its loss, in every tensor. Early
 * stopping on made curves. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/host/registry.h"
#include "core/train/encoded.h"
#include "core/train/kernels.h"
#include "core/train/learner.h"
#include "core/train/pass.h"
#include "core/train/safetensors.h"
#include "core/train/stopper.h"
#include "hone/math.h"
#include "tests/unit/suites.h"

static float noise(int i)
{
    return (float)sin(12.9898 * i) * 2;
}

static void kernels(void)
{
    enum { ROWS = 9, MOST = 70 };
    float table[ROWS * MOST], value[6], out[MOST], want[MOST];
    const int32_t index[6] = { 3, 0, 8, 3, 5, 1 };
    const float *src[6];
    for (int i = 0; i < ROWS * MOST; i++)
        table[i] = noise(i);
    for (int k = 1; k < MOST; k++) {
        for (int n = 0; n <= 6; n++) {
            for (int add = 0; add < 2; add++) {
                for (int c = 0; c < k; c++)
                    out[c] = want[c] = noise(c + 7);
                for (int c = 0; c < k; c++) {
                    want[c] = add ? want[c] : 0;
                    for (int j = 0; j < n; j++)
                        want[c] += (value[j] = noise(j + 99)) * table[index[j] * MOST + c];
                }
                for (int j = 0; j < n; j++)
                    src[j] = table + index[j] * MOST;
                kernel_bag(n, index, value, table, MOST, k, out, add);
                for (int c = 0; c < k; c++)
                    CU_ASSERT_DOUBLE_EQUAL((double)out[c], (double)want[c], 1e-5);
                for (int c = 0; c < k; c++)
                    out[c] = noise(c + 7);
                kernel_gather(n, src, value, k, out, add);
                for (int c = 0; c < k; c++)
                    CU_ASSERT_DOUBLE_EQUAL((double)out[c], (double)want[c], 1e-5);
            }
        }
        double dot = 0;
        for (int c = 0; c < k; c++)
            dot += (double)table[c] * (double)table[c + MOST];
        CU_ASSERT_DOUBLE_EQUAL(kernel_dot64(table, table + MOST, k), dot, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL((double)kernel_dot(table, table + MOST, k), dot, 1e-4);
        CU_ASSERT_EQUAL(kernel_finite(table, k), 1);
        float kept = table[k - 1];
        table[k - 1] = k % 2 ? NAN : INFINITY;
        CU_ASSERT_EQUAL(kernel_finite(table, k), 0);
        table[k - 1] = kept;
    }
}

/* The functions that the interface lends, against the C library's, and at the edges. */
static void functions(void)
{
    double worst_exp = 0, worst_log = 0;
    for (float x = -87; x < 88; x += 0.0137f)
        worst_exp = fmax(worst_exp, fabs((double)hone_expf(x) / exp((double)x) - 1));
    for (float x = 1e-37f; x < 1e38f; x *= 1.0173f)
        worst_log = fmax(worst_log, fabs((double)hone_logf(x) - log((double)x)) / fmax(fabs(log((double)x)), 0.1));
    CU_ASSERT(worst_exp < 2.4e-7);
    CU_ASSERT(worst_log < 2.4e-7);
    CU_ASSERT(isnan(hone_expf(NAN)) && hone_expf(-INFINITY) == 0 && isinf(hone_expf(INFINITY)) && isinf(hone_expf(100)));
    CU_ASSERT(isnan(hone_logf(NAN)) && isnan(hone_logf(-1)) && isinf(hone_logf(0)) && hone_logf(0) < 0 && isinf(hone_logf(INFINITY)));
    CU_ASSERT(hone_expf(0) == 1 && hone_logf(1) == 0);
}

/* ---- gradients ---- */

#define TEXTS 6
#define OUTPUTS 3
static const char *const text[TEXTS] = { "where is my parcel", "where is my refund", "the parcel is late", "refund the kettle please",
                                         "kettle kettle broken", "unheardof words" };
static const int32_t label[TEXTS] = { 0, 1, 0, 1, 2, 2 };

struct case_of {
    struct registry *registry;
    struct pool *pool;
    struct learner l;
    struct encoded x;
    struct passes passes;
};

static void open_case(struct case_of *c, const char *model, const char *options)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct hone_string input[TEXTS], output[OUTPUTS] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
    float weight[TEXTS];
    for (int i = 0; i < TEXTS; i++) {
        input[i] = (struct hone_string){ text[i], (int64_t)strlen(text[i]) };
        weight[i] = 1;
    }
    struct hone_lesson lesson = { .struct_size = sizeof lesson, .n = TEXTS, .input = input, .label = label, .weight = weight,
                                  .outputs = OUTPUTS, .output = output, .steps = 10, .epochs = 1, .batch = TEXTS, .seed = 1 };
    struct learner_choice choice;
    cJSON *o = json_parse(options, strlen(options), "options", &err);
    c->pool = pool_new(2, &err);
    c->registry = registry_new(dirs, c->pool, &err);
    int rc = learner_fit(&c->l, c->registry, model, o, &lesson, 1 << 26, &choice, &err);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT_EQUAL_FATAL(tensors_init(&c->l.tensors, 7, NULL, &err), 0);
    for (int64_t i = 0; i < c->l.tensors.n; i++)
        for (int64_t j = 0; j < c->l.tensors.t[i].n; j++)
            c->l.tensors.t[i].param[j] = 0.05f * noise((int)(i * 1000 + j));
    CU_ASSERT_EQUAL_FATAL(encoded_make(&c->x, c->l.model, c->l.self, input, NULL, TEXTS, 0, c->pool, &err), 0);
    CU_ASSERT_EQUAL_FATAL(passes_open(&c->passes, c->pool, &c->l.tensors, registry_host(c->registry), 1, &err), 0);
    cJSON_Delete(o);
}

static void close_case(struct case_of *c)
{
    passes_close(&c->passes);
    encoded_free(&c->x);
    learner_free(&c->l);
    registry_free(c->registry);
    pool_free(c->pool);
}

/* Mean cross-entropy of all texts; with `back` gradients are collected. */
static double loss(struct case_of *c, int back)
{
    static float scores[TEXTS * OUTPUTS], delta[TEXTS * OUTPUTS];
    struct hone_err err = { 0 };
    struct hone_pass *p = &c->passes.pass;
    double total = 0;
    passes_begin(&c->passes);
    p->in = (struct hone_bag){ TEXTS, c->x.start, c->x.index, c->x.value };
    p->rows = TEXTS;
    p->width = OUTPUTS;
    p->flags = back ? HONE_PASS_TRAIN : 0;
    p->scores = scores;
    p->d_scores = delta;
    CU_ASSERT_EQUAL_FATAL(passes_forward(&c->passes, c->l.model, c->l.self, &err), 0);
    for (int i = 0; i < TEXTS; i++) {
        double sum = 0;
        for (int k = 0; k < OUTPUTS; k++)
            sum += exp((double)scores[i * OUTPUTS + k]);
        total += log(sum) - (double)scores[i * OUTPUTS + label[i]];
        for (int k = 0; k < OUTPUTS; k++)
            delta[i * OUTPUTS + k] = (float)(exp((double)scores[i * OUTPUTS + k]) / sum - (k == label[i]));
    }
    if (back) {
        CU_ASSERT_EQUAL_FATAL(passes_backward(&c->passes, c->l.model, c->l.self, &err), 0);
        CU_ASSERT_EQUAL_FATAL(passes_collect(&c->passes, 1.0f / TEXTS, &err), 0);
    }
    return total / TEXTS;
}

/* The gradient of tensor i as a dense array. */
static float *dense(struct case_of *c, int64_t i)
{
    const struct tensor *t = &c->l.tensors.t[i];
    const struct touched *u = &c->passes.touched[i];
    float *g = floats_new(t->n);
    if (c->passes.grad[i])
        memcpy(g, c->passes.grad[i], (size_t)t->n * sizeof *g);
    for (int64_t r = 0; !c->passes.grad[i] && r < u->n; r++) {
        float *to = g + u->row[r] * t->width;
        if (u->sum)
            memcpy(to, u->sum + r * t->width, (size_t)t->width * sizeof *to);
        else
            kernel_gather(u->start[r + 1] - u->start[r], u->src + u->start[r], u->value + u->start[r], t->width, to, 0);
    }
    return g;
}

static void gradients_of(const char *model, const char *options)
{
    struct case_of c;
    open_case(&c, model, options);
    loss(&c, 1);
    for (int64_t i = 0; i < c.l.tensors.n; i++) {
        struct tensor *t = &c.l.tensors.t[i];
        loss(&c, 1);
        float *g = dense(&c, i);
        double worst = 0, greatest = 0;
        for (int64_t j = 0; j < t->n; j += 1 + t->n / 400) {
            float kept = t->param[j];
            const float h = 4e-3f;
            t->param[j] = kept + h;
            double above = loss(&c, 0);
            t->param[j] = kept - h;
            double below = loss(&c, 0), slope = (above - below) / (2 * (double)h);
            t->param[j] = kept;
            worst = fmax(worst, fabs(slope - (double)g[j]));
            greatest = fmax(greatest, fabs(slope));
        }
        if (!(worst <= 2e-3 * greatest + 2e-5))
            printf("%s, tensor %s: off by %g, greatest %g\n", model, t->name, worst, greatest);
        CU_ASSERT(worst <= 2e-3 * greatest + 2e-5);
        CU_ASSERT(greatest > 1e-4);
        free(g);
    }
    close_case(&c);
}

static void gradients(void)
{
    gradients_of("linear", "{}");
    gradients_of("linear", "{\"word_ngrams\":1,\"char_min\":3,\"char_max\":3}");
    gradients_of("bow", "{\"hidden\":5}");
    gradients_of("bow", "{\"hidden\":12}");
}

/* ---- stopping ---- */

static void stopping(void)
{
    struct stopper s = { .patience = 2, .min_delta = 0.1 };
    CU_ASSERT_EQUAL(stopper_note(&s, 5, 1), 1);
    CU_ASSERT_EQUAL(stopper_note(&s, 4.95, 2), 0); /* less than min_delta */
    CU_ASSERT_EQUAL(stopper_done(&s), 0);
    CU_ASSERT_EQUAL(stopper_note(&s, 4.8, 3), 1);
    CU_ASSERT_EQUAL(stopper_note(&s, NAN, 4), 0);
    CU_ASSERT_EQUAL(stopper_note(&s, 4.8, 5), 0);
    CU_ASSERT_EQUAL(stopper_done(&s), 1);
    CU_ASSERT_EQUAL(s.best_epoch, 3);
    struct stopper h = { .higher = 1 };
    CU_ASSERT_EQUAL(stopper_note(&h, 0.5, 1), 1);
    CU_ASSERT_EQUAL(stopper_note(&h, 0.5, 2), 0);
    CU_ASSERT_EQUAL(stopper_note(&h, 0.6, 3), 1);
    CU_ASSERT_EQUAL(stopper_done(&h), 0);
}

/* ---- what a model of n-grams keeps ---- */

/* Constants of a model in memory, of which one may be refused or changed. */
struct kept {
    struct {
        char name[32];
        uint32_t dtype;
        int64_t n;
        int64_t bytes[512];
    } v[16];
    int n, refused;              /* refused: which put fails, from 1; 0: none */
};

static int keep(struct hone_store *s, const char *name, uint32_t dtype, uint32_t ndim, const int64_t *dims, const void *data, struct hone_err *err)
{
    static const size_t size[] = { [HONE_F32] = 4, [HONE_F64] = 8, [HONE_U8] = 1, [HONE_I64] = 8 };
    struct kept *k = s->host_data;
    CU_ASSERT_FATAL(ndim == 1 && k->n < 16 && size[dtype] && (size_t)dims[0] * size[dtype] <= sizeof k->v[0].bytes);
    if (k->n + 1 == k->refused)
        return hone_fail(err, HONE_EIO, "%s is refused", name);
    snprintf(k->v[k->n].name, sizeof k->v[0].name, "%s", name);
    k->v[k->n].dtype = dtype;
    k->v[k->n].n = dims[0];
    memcpy(k->v[k->n++].bytes, data, (size_t)dims[0] * size[dtype]);
    return 0;
}

static const void *give(struct hone_store *s, const char *name, uint32_t dtype, int64_t *n)
{
    const struct kept *k = s->host_data;
    for (int i = 0; i < k->n; i++) {
        if (strcmp(k->v[i].name, name) == 0 && k->v[i].dtype == dtype) {
            *n = k->v[i].n;
            return k->v[i].bytes;
        }
    }
    return NULL;
}

static int given_back(const struct case_of *c, struct kept *k, struct hone_err *err)
{
    struct hone_store store = { .struct_size = sizeof store, .host_data = k, .put = keep, .get = give };
    void *self = NULL;
    err->text[0] = '\0';
    int rc = c->l.model->restore(&self, c->l.conf, c->l.outputs, c->l.output, &store, c->l.host, err);
    c->l.model->close(self);
    return rc;
}

/* Each constant left out, of another length, and with each number that cannot be; and each that cannot be written. */
static void tables_of(const char *model)
{
    static const struct {
        const char *name;
        int64_t place, value;
    } wrong[] = { { "ngrams.int", 0, 0 }, { "ngrams.int", 1, 0 }, { "ngrams.int", 1, 17 }, { "ngrams.int", 3, -1 }, { "ngrams.int", 4, 0 }, { "ngrams.int", 4, 1 << 20 },
                  { "ngrams.int", 5, -1 }, { "ngrams.int", 5, 1LL << 31 }, { "ngrams.word_start", 0, 1 }, { "ngrams.word_start", 1, 1 << 20 },
                  { "ngrams.word_start", 2, -1 } };
    struct case_of c;
    struct kept *k = calloc(1, sizeof *k), *bad = malloc(sizeof *bad);
    struct hone_err err = { 0 };
    struct hone_store store = { .struct_size = sizeof store, .host_data = k, .put = keep, .get = give };
    open_case(&c, model, "{\"char_max\":2}");
    CU_ASSERT_EQUAL_FATAL(c.l.model->save(c.l.self, &store, &err), 0);
    CU_ASSERT_EQUAL_FATAL(k->n, 7);
    CU_ASSERT_EQUAL(given_back(&c, k, &err), 0);
    for (int i = 0; i < k->n; i++) {
        for (int more = -1; more <= 1; more++) {
            *bad = *k;
            if (more)
                bad->v[i].n += more;
            else
                bad->v[i].name[0] = 'x';
            CU_ASSERT_EQUAL(given_back(&c, bad, &err), HONE_EINVAL);
            CU_ASSERT_STRING_EQUAL(err.text, "the file's n-gram tables (ngrams.*) are missing or do not fit together");
        }
        *bad = (struct kept){ .refused = i + 1 };
        store.host_data = bad;
        CU_ASSERT_EQUAL(c.l.model->save(c.l.self, &store, &err), HONE_EIO);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, k->v[i].name));
        store.host_data = k;
    }
    for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
        *bad = *k;
        for (int i = 0; i < bad->n; i++)
            if (strcmp(bad->v[i].name, wrong[w].name) == 0)
                bad->v[i].bytes[wrong[w].place] = wrong[w].value;
        CU_ASSERT_EQUAL(given_back(&c, bad, &err), HONE_EINVAL);
    }
    close_case(&c);
    free(k);
    free(bad);
}

static void tables(void)
{
    tables_of("linear");
    tables_of("bow");
}

/* ---- files of weights ---- */

enum damage { NONE, RENAMED, RETYPED, SHORTER, FLATTENED, TURNED, NUMBER, META };

static const struct {
    enum damage what;
    const char *name;
    int64_t place, value;
    const char *text, *said; /* said NULL: it is read */
} damages[] = {
    { NONE, "", 0, 0, NULL, NULL },
    { META, "format", 0, 0, "other", "its metadata does not say format" },
    { META, "model", 0, 0, "nothing", "nothing" },
    { META, "model_settings", 0, 0, "{", "not valid JSON" },
    { META, "model_settings", 0, 0, "{\"hidden\":0}", "hidden" },
    { RENAMED, "outputs.start", 0, 0, NULL, "its outputs are missing" },
    { RENAMED, "outputs.text", 0, 0, NULL, "its outputs are missing" },
    { RETYPED, "outputs.start", 0, HONE_F64, NULL, "its outputs are missing" },
    { SHORTER, "outputs.start", 0, 1, NULL, "its outputs are missing" },
    { NUMBER, "outputs.start", 0, -1, NULL, "its outputs do not fit together" },
    { NUMBER, "outputs.start", 1, 3, NULL, "its outputs do not fit together" },
    { NUMBER, "outputs.start", 3, 4, NULL, "its outputs do not fit together" },
    { RENAMED, "constant/ngrams.hash", 0, 0, NULL, "the file's n-gram tables (ngrams.*) are missing or do not fit together" },
    { RETYPED, "constant/ngrams.hash", 0, HONE_F64, NULL, "the file's n-gram tables" },
    { RENAMED, "model/embedding", 0, 0, NULL, "tensor 'model/embedding' is missing or has another shape than model 'bow' wants" },
    { RETYPED, "model/embedding", 0, HONE_I32, NULL, "tensor 'model/embedding' is missing" },
    { FLATTENED, "model/embedding", 0, 0, NULL, "tensor 'model/embedding' is missing" },
    { TURNED, "model/embedding", 0, 0, NULL, "tensor 'model/embedding' is missing" },
};

static void damage(struct st_file *f, enum damage what, const char *name, int64_t place, int64_t value)
{
    for (int64_t i = 0; i < f->n; i++) {
        struct st_entry *e = &f->entry[i];
        if (strcmp(e->name, name) != 0)
            continue;
        if (what == RENAMED) {
            e->name[0] = 'x';
        } else if (what == RETYPED) {
            e->dtype = (uint32_t)value;
        } else if (what == SHORTER) {
            e->n = e->dims[0] = value;
        } else if (what == FLATTENED) {
            e->ndim = 1;
            e->dims[0] = e->n;
        } else if (what == TURNED) {
            int64_t rows = e->dims[0];
            e->dims[0] = e->dims[1];
            e->dims[1] = rows;
        } else {
            ((int64_t *)(intptr_t)e->data)[place] = value;
        }
        return;
    }
    CU_FAIL("there is no such entry");
}

static void files(void)
{
    for (size_t k = 0; k < sizeof damages / sizeof damages[0]; k++) {
        struct case_of c;
        struct learner back;
        struct st_file f = { 0 };
        struct hone_err err = { 0 };
        char path[] = "/tmp/hone-unit.XXXXXX", sha[65];
        int64_t bytes;
        int fd = mkstemp(path);
        open_case(&c, "bow", "{\"hidden\":5,\"char_max\":2}");
        CU_ASSERT_EQUAL_FATAL(learner_set_generation(&c.l, "{\"top_k\":3}", &err), 0);
        CU_ASSERT_EQUAL_FATAL(learner_save(&c.l, NULL, &f, &err), 0);
        if (damages[k].what == META)
            json_put_str(f.meta, damages[k].name, damages[k].text);
        else if (damages[k].what != NONE)
            damage(&f, damages[k].what, damages[k].name, damages[k].place, damages[k].value);
        CU_ASSERT_EQUAL_FATAL(st_write(&f, path, sha, &bytes, &err), 0);
        st_free(&f);
        CU_ASSERT_EQUAL_FATAL(st_open(&f, path, &err), 0);
        int rc = learner_restore(&back, c.registry, &f, &err);
        if (damages[k].said) {
            CU_ASSERT(rc < 0 && rc == err.code && rc != HONE_EINVAL);
            if (!strstr(err.text, damages[k].said))
                printf("'%s' has no '%s'\n", err.text, damages[k].said);
            CU_ASSERT_PTR_NOT_NULL(strstr(err.text, damages[k].said));
            CU_ASSERT(!back.model && !back.self && !back.output);
        } else {
            CU_ASSERT_EQUAL_FATAL(rc, 0);
            CU_ASSERT_EQUAL(back.outputs, OUTPUTS);
            CU_ASSERT_STRING_EQUAL(back.generation, "{\"top_k\":3}");
            CU_ASSERT_EQUAL_FATAL(back.tensors.n, c.l.tensors.n);
            for (int64_t i = 0; i < back.tensors.n; i++)
                CU_ASSERT(memcmp(back.tensors.t[i].param, c.l.tensors.t[i].param, (size_t)back.tensors.t[i].n * sizeof(float)) == 0);
            learner_free(&back);
        }
        st_free(&f);
        close_case(&c);
        close(fd);
        unlink(path);
    }
}

int test_models(void)
{
    CU_pSuite s = CU_add_suite("models", NULL, NULL);
    return s && CU_add_test(s, "kernels", kernels) && CU_add_test(s, "functions", functions) && CU_add_test(s, "gradients", gradients) &&
           CU_add_test(s, "stopping", stopping) && CU_add_test(s, "tables of n-grams", tables) && CU_add_test(s, "files of weights", files) ? 0 : -1;
}
