/* Checks a training configuration against the table of keys and fills in its defaults; see config.h. Reads no file and knows no
 * plugin. */
#include "core/train/config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/base/text.h"

#define EXACT 9007199254740992.0 /* 2^53 */

static const char *const monitors[] = { "validation_loss", "validation_accuracy", "loss", "accuracy", NULL };

/* ---- one value ---- */

void config_expected(const struct config_key *k, char *out, size_t size)
{
    switch (k->type) {
    case CONFIG_INT:
        snprintf(out, size, "a whole number from %.0f to %.0f", k->min, k->max);
        break;
    case CONFIG_REAL:
        snprintf(out, size, "a number %s %g%s %g", k->open_min ? "above" : "from", k->min, k->open_min ? ", at most" : " to", k->max);
        break;
    case CONFIG_BOOL:
        snprintf(out, size, "true or false");
        break;
    case CONFIG_STR:
        snprintf(out, size, "a string");
        break;
    case CONFIG_OBJECT:
        snprintf(out, size, "an object");
        break;
    case CONFIG_LIST:
        snprintf(out, size, "a list of strings");
        break;
    }
}

static int expected(const struct config_key *k, const cJSON *v, const char *fix, struct config_fault *f)
{
    char want[96];
    char *found = json_text(v, 0);
    config_expected(k, want, sizeof want);
    snprintf(f->text, sizeof f->text, "expected %s, found %.80s", want, found ? found : "something else");
    snprintf(f->fix, sizeof f->fix, "%s", fix);
    free(found);
    return HONE_EINVAL;
}

static int is_number_text(const cJSON *v)
{
    const char *text = cJSON_IsString(v) ? v->valuestring : "";
    char *end;
    double d = strtod(text, &end);
    return end != text && !*end && isfinite(d);
}

static int number(const struct config_key *k, const cJSON *v, cJSON **norm, struct config_fault *f)
{
    if (!cJSON_IsNumber(v))
        return expected(k, v, is_number_text(v) ? "write the number without quotes" : "", f);
    double d = v->valuedouble;
    int inside = (k->open_min ? d > k->min : d >= k->min) && d <= k->max;
    if (!inside || (k->type == CONFIG_INT && (d != floor(d) || fabs(d) > EXACT)))
        return expected(k, v, "", f);
    *norm = cJSON_CreateNumber(d);
    return 0;
}

/* Plugin names are identifiers: few-shot is few_shot, AdamW is adamw. Paths stay as they are. */
static void fold_name(char *s)
{
    for (; !strchr(s, '/') && *s; s++)
        *s = *s == '-' ? '_' : (char)tolower((unsigned char)*s);
}

static int string(const struct config_key *k, const cJSON *v, cJSON **norm, struct config_fault *f)
{
    static const char *const names[] = { "trainingType", "optimizer", "schedulerType", "model", "monitor" };
    if (!cJSON_IsString(v) || !*v->valuestring)
        return expected(k, v, cJSON_IsString(v) ? "leave the key out for the default" : "", f);
    if (!(*norm = cJSON_CreateString(v->valuestring)))
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(k->name, names[i]) == 0)
            fold_name((*norm)->valuestring);
    }
    if (strcmp(k->name, "monitor") != 0)
        return 0;
    for (int i = 0; monitors[i]; i++) {
        if (strcmp(monitors[i], (*norm)->valuestring) == 0)
            return 0;
    }
    const char *near = text_nearest((*norm)->valuestring, monitors);
    snprintf(f->text, sizeof f->text, "expected validation_loss, validation_accuracy, loss or accuracy, found \"%.80s\"",
             v->valuestring);
    if (near)
        snprintf(f->fix, sizeof f->fix, "did you mean \"%s\"?", near);
    cJSON_Delete(*norm);
    *norm = NULL;
    return HONE_EINVAL;
}

static int list(const struct config_key *k, const cJSON *v, cJSON **norm, struct config_fault *f)
{
    const cJSON *e;
    if (cJSON_IsString(v)) {
        *norm = cJSON_CreateArray();
        cJSON_AddItemToArray(*norm, cJSON_CreateString(v->valuestring));
        return 0;
    }
    if (!cJSON_IsArray(v))
        return expected(k, v, "", f);
    cJSON_ArrayForEach(e, v) {
        if (!cJSON_IsString(e))
            return expected(k, v, "", f);
    }
    *norm = cJSON_Duplicate(v, 1);
    return 0;
}

int config_value(const struct config_key *k, const cJSON *v, cJSON **norm, struct config_fault *f)
{
    *norm = NULL;
    snprintf(f->path, sizeof f->path, "config.%s", k->name);
    f->text[0] = f->fix[0] = '\0';
    int is_number = k->type == CONFIG_INT || k->type == CONFIG_REAL;
    if (cJSON_IsNull(v) || (is_number && cJSON_IsString(v) && strcmp(v->valuestring, "auto") == 0))
        return 0;
    switch (k->type) {
    case CONFIG_INT:
    case CONFIG_REAL:
        return number(k, v, norm, f);
    case CONFIG_STR:
        return string(k, v, norm, f);
    case CONFIG_LIST:
        return list(k, v, norm, f);
    case CONFIG_BOOL:
        if (!cJSON_IsBool(v))
            return expected(k, v, "", f);
        break;
    case CONFIG_OBJECT:
        if (!cJSON_IsObject(v))
            return expected(k, v, "", f);
        break;
    }
    *norm = cJSON_Duplicate(v, 1);
    return 0;
}

/* ---- defaults ---- */

/* Half of the memory that this process may use, in megabytes. */
static double half_memory_mb(void)
{
    double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), limit;
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
    if (f) {
        if (fscanf(f, "%lf", &limit) == 1 && limit > 0 && limit < bytes)
            bytes = limit;
        fclose(f);
    } else if (errno == ENOMEM) {
        json_note_loss();
    }
    double mb = floor(bytes / 2e6);
    return mb >= 64 ? mb : 64;
}

cJSON *config_default(const struct config_key *k)
{
    switch (k->type) {
    case CONFIG_INT:
        return cJSON_CreateNumber(strcmp(k->name, "memoryMb") == 0 ? half_memory_mb() : k->dflt);
    case CONFIG_REAL:
        return isnan(k->dflt) ? cJSON_CreateNull() : cJSON_CreateNumber(k->dflt);
    case CONFIG_BOOL:
        return cJSON_CreateBool(k->dflt != 0);
    case CONFIG_STR:
        return k->sdflt ? cJSON_CreateString(k->sdflt) : cJSON_CreateNull();
    case CONFIG_OBJECT:
        return cJSON_CreateObject();
    case CONFIG_LIST:
        return cJSON_CreateArray();
    }
    return NULL;
}

const char *config_key_nearest(const char *name)
{
    const char *names[128];
    int n = 0;
    char snake[64][64];
    for (int i = 0; i < n_config_keys && i < 63; i++) {
        config_snake(config_keys[i].name, snake[i], sizeof snake[i]);
        names[n++] = config_keys[i].name;
        names[n++] = snake[i];
    }
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    return near ? config_key_find(near)->name : NULL;
}

/* ---- the whole ---- */

struct faults {
    struct config_fault *v;
    int max, *n;
};

static void fault(struct faults *f, const struct config_fault *one)
{
    if (*f->n < f->max)
        f->v[*f->n] = *one;
    ++*f->n;
}

static void __attribute__((format(printf, 3, 4))) complain(struct faults *f, const char *key, const char *fmt, ...)
{
    struct config_fault one = { .fix = "" };
    va_list ap;
    snprintf(one.path, sizeof one.path, "config.%.64s", key);
    va_start(ap, fmt);
    vsnprintf(one.text, sizeof one.text, fmt, ap);
    va_end(ap);
    fault(f, &one);
}

static void unknown_key(struct faults *f, const char *name)
{
    struct config_fault one = { .text = "unknown key" };
    const char *near = config_key_nearest(name);
    snprintf(one.path, sizeof one.path, "config.%.64s", name);
    if (near)
        snprintf(one.fix, sizeof one.fix, "did you mean '%s'?", near);
    else
        snprintf(one.fix, sizeof one.fix, "`hone config show` lists the keys");
    fault(f, &one);
}

/* Puts the given values into `resolved`, under their canonical names. */
static void take_given(cJSON *resolved, const cJSON *given, struct faults *f)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, given) {
        const struct config_key *k = config_key_find(v->string);
        struct config_fault one;
        cJSON *norm;
        if (!k)
            unknown_key(f, v->string);
        else if (cJSON_GetObjectItemCaseSensitive(resolved, k->name))
            complain(f, v->string, "%s is given twice", k->name);
        else if (config_value(k, v, &norm, &one) < 0)
            fault(f, &one);
        else if (norm)
            json_put(resolved, k->name, norm);
    }
}

/* Every key in the order of the table: as given, or the default. */
static cJSON *complete(cJSON *values)
{
    cJSON *all = cJSON_CreateObject();
    for (int i = 0; all && i < n_config_keys; i++) {
        cJSON *v = cJSON_DetachItemFromObjectCaseSensitive(values, config_keys[i].name);
        json_put(all, config_keys[i].name, v ? v : config_default(&config_keys[i]));
    }
    return all;
}

static const cJSON *filled(const cJSON *v)
{
    return cJSON_GetArraySize(v) > 0 ? v : NULL;
}

static void point(struct train_config *c)
{
    const cJSON *r = c->resolved;
    c->epochs = json_int(r, "epochs", 0);
    c->batch_size = json_int(r, "batchSize", 0);
    c->learning_rate = json_num(r, "learningRate", 0);
    c->validation_split = json_num(r, "validationSplit", 0);
    c->early_stopping = json_bool(r, "earlyStopping", 0);
    c->patience = json_int(r, "patience", 0);
    c->checkpoint_interval = json_int(r, "checkpointInterval", 0);
    c->training_type = json_str(r, "trainingType", NULL);
    c->optimizer = json_str(r, "optimizer", NULL);
    c->scheduler_type = json_str(r, "schedulerType", NULL);
    c->model = json_str(r, "model", NULL);
    c->model_options = filled(json_get(r, "modelOptions"));
    c->optimizer_options = filled(json_get(r, "optimizerOptions"));
    c->scheduler_options = filled(json_get(r, "schedulerOptions"));
    c->paradigm_options = filled(json_get(r, "paradigmOptions"));
    c->warmup_steps = json_int(r, "warmupSteps", 0);
    c->warmup_ratio = json_num(r, "warmupRatio", 0);
    c->max_grad_norm = json_num(r, "maxGradNorm", 0);
    c->max_grad_value = json_num(r, "maxGradValue", 0);
    c->max_tensor_grad_norm = json_num(r, "maxTensorGradNorm", 0);
    c->adaptive_grad_clip = json_num(r, "adaptiveGradClip", 0);
    c->tensor_options = filled(json_get(r, "tensorOptions"));
    c->weight_averaging = json_str(r, "weightAveraging", "none");
    c->averaging_decay = json_num(r, "averagingDecay", 0);
    c->averaging_start = json_num(r, "averagingStart", 0);
    c->weight_decay = json_num(r, "weightDecay", -1);
    c->label_smoothing = json_num(r, "labelSmoothing", 0);
    c->target_precision = json_num(r, "targetPrecision", 0);
    c->calibration_folds = json_int(r, "calibrationFolds", 0);
    c->gradient_accumulation = json_int(r, "gradientAccumulation", 1);
    c->seed = json_int(r, "seed", 0);
    c->min_delta = json_num(r, "minDelta", 0);
    c->monitor = json_str(r, "monitor", NULL);
    c->restore_best = json_bool(r, "restoreBest", 1);
    c->max_duration_ms = json_int(r, "maxDurationMs", 0);
    c->use_data_augmentation = json_bool(r, "useDataAugmentation", 0);
    c->preset = json_str(r, "preset", NULL);
    c->base = json_str(r, "base", NULL);
    c->freeze_layers = filled(json_get(r, "freezeLayers"));
    c->threads = json_int(r, "threads", 0);
    c->memory_mb = json_int(r, "memoryMb", 0);
}

/* What no key can be asked for alone. */
static void check_together(const struct train_config *c, struct faults *f)
{
    if (c->warmup_steps > 0 && c->warmup_ratio > 0)
        complain(f, "warmupRatio", "warmupSteps = %lld and warmupRatio = %g were both given; give one of them",
                 (long long)c->warmup_steps, c->warmup_ratio);
    if (c->calibration_folds == 1)
        complain(f, "calibrationFolds", "found 1; expected 0, or 2 to 20 parts");
    if (strcmp(c->weight_averaging, "none") != 0 && strcmp(c->weight_averaging, "ema") != 0 && strcmp(c->weight_averaging, "swa") != 0)
        complain(f, "weightAveraging", "found \"%.40s\"; expected none, ema or swa", c->weight_averaging);
    if (c->use_data_augmentation)
        complain(f, "useDataAugmentation", "rows are not made while training; make them with `hone generate`, train on both files, and set it to false");
}

/* "config.epochs: expected ..., found 0; did you mean ...?" and how many more. */
static int first_fault(const struct faults *f, struct hone_err *err)
{
    const struct config_fault *one = f->v;
    char more[48] = "";
    if (*f->n > 1)
        snprintf(more, sizeof more, " (and %d more)", *f->n - 1);
    if (f->max < 1)
        return hone_fail(err, HONE_EINVAL, "the configuration has %d faults", *f->n);
    return hone_fail(err, HONE_EINVAL, "%s: %s%s%s%s", one->path, one->text, one->fix[0] ? "; " : "", one->fix, more);
}

int config_resolve(struct train_config *c, const cJSON *given, struct config_fault *faults, int max_faults, int *n_faults,
                   struct hone_err *err)
{
    int none = 0;
    struct faults f = { faults, max_faults, n_faults ? n_faults : &none };
    *f.n = 0;
    *c = (struct train_config){ 0 };
    if (given && !cJSON_IsObject(given) && !cJSON_IsNull(given)) {
        complain(&f, "", "expected an object");
        return first_fault(&f, err);
    }
    int lost = json_lost();
    cJSON *values = cJSON_CreateObject();
    take_given(values, given, &f);
    if (json_num(values, "memoryMb", 1) <= 0)
        cJSON_DeleteItemFromObjectCaseSensitive(values, "memoryMb");
    c->learning_rate_given = cJSON_IsNumber(json_get(values, "learningRate"));
    c->resolved = values ? complete(values) : NULL;
    cJSON_Delete(values);
    int missing = json_lost();
    if (lost || missing)
        json_note_loss(); /* for whoever asks at the end */
    if (!c->resolved || missing) {
        config_free(c);
        *f.n = 0;
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the configuration");
    }
    point(c);
    check_together(c, &f);
    if (*f.n == 0)
        return 0;
    config_free(c);
    int rc = first_fault(&f, err);
    *f.n = *f.n < max_faults ? *f.n : max_faults;
    return rc;
}

void config_free(struct train_config *c)
{
    cJSON_Delete(c->resolved);
    *c = (struct train_config){ 0 };
}
