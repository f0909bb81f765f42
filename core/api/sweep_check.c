/* See sweep.h. */
#include "core/api/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/pipe.h"
#include "core/api/settings.h"
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/train/config.h"

#define MAX_FAULTS 20
#define MAX_TRIALS 10000
#define MAX_BATCH 64
#define MAX_CHOICES 100

const struct sweep_key sweep_keys[] = {
    { "name", "the file's", "What the sweep is called." },
    { "description", "none", "For people." },
    { "agent", "required", "The agent that gets the winner. The trials' jobs belong to helpers named AGENT.sweep0, AGENT.sweep1, ..." },
    { "data", "required", "Examples: a file, or the id of a dataset or training module." },
    { "format", "`auto`", "Format of that file." },
    { "test", "none", "Rows to judge the winner on (a file or dataset); the search never sees them. Without it `holdout` rows of the data are put aside." },
    { "test_format", "`auto`", "Format of that file." },
    { "holdout", "0.2", "Share of the data for that, 0.01 to 0.5." },
    { "search", "`tpe`", "`grid`, `random` or `tpe`." },
    { "space", "required", "What is searched: a group of training keys, each a list of values, or `{ min = ..; max = ..; scale = \"log\"; steps = 3; }`; settings of plugins as groups in it." },
    { "config", "none", "Training keys that stay as they are." },
    { "start", "none", "A list of groups of training keys: configurations to try first." },
    { "trials", "20", "Configurations to try; of a grid all of it." },
    { "seconds", "0", "Begins no training after so many seconds, and cuts one short that would last longer; 0: no limit. What is found then depends on the machine." },
    { "batch", "4", "Trials that are decided upon together, knowing the results of all batches before. It, not the number of workers, is part of the result." },
    { "startup", "10", "Results by chance before TPE begins." },
    { "seed", "1", "Of the search and of holding rows out." },
    { "objective", "`validation_accuracy`", "`validation_accuracy`, `validation_loss`, `accuracy` or `loss` of the best epoch." },
    { "asha", "none", "Stops trials early: a group of `min_epochs` (1) and `reduction` (3); the last rung has the epochs of `config`." },
    { "refit", "true", "Trains the winner at the end on all rows of the search, none held out; false: with the split that it won with." },
    { "deploy", "true", "Whether the agent answers with that." },
    { NULL, NULL, NULL }
};

/* ---- values ---- */

static double number(struct pipe_faults *f, const cJSON *o, const char *prefix, const char *key, double dflt, double min, double max, int whole)
{
    const cJSON *v = json_get(o, key);
    char path[160];
    if (!v)
        return dflt;
    if (cJSON_IsNumber(v) && v->valuedouble >= min && v->valuedouble <= max && (!whole || v->valuedouble == floor(v->valuedouble)))
        return v->valuedouble;
    snprintf(path, sizeof path, "%s%s", prefix, key);
    pipe_fault(f, path, "", "expected a %snumber from %g to %g", whole ? "whole " : "", min, max);
    return dflt;
}

static int truth(struct pipe_faults *f, const cJSON *def, const char *key, int dflt)
{
    const cJSON *v = json_get(def, key);
    if (v && !cJSON_IsBool(v))
        pipe_fault(f, key, "", "expected true or false");
    return v ? cJSON_IsTrue(v) : dflt;
}

static const char *text(struct pipe_faults *f, const cJSON *def, const char *key, const char *dflt, int must)
{
    const cJSON *v = json_get(def, key);
    if (v ? !cJSON_IsString(v) || !v->valuestring[0] : must)
        pipe_fault(f, key, "", "expected a text that is not empty");
    return cJSON_IsString(v) ? v->valuestring : dflt;
}

static int one_of(struct pipe_faults *f, const cJSON *def, const char *key, const char *const *words, int dflt)
{
    const char *word = text(f, def, key, words[dflt], 0);
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    const char *near = text_nearest(word, words);
    char fix[100] = "";
    if (near)
        snprintf(fix, sizeof fix, "did you mean '%s'?", near);
    pipe_fault(f, key, fix, "'%.40s' is not known", word);
    return dflt;
}

/* ---- the space ---- */

static void add_range(struct search_dim *d, const cJSON *v, const char *path, int whole, struct pipe_faults *f)
{
    static const char *const scales[] = { "linear", "log", NULL };
    static const char *const names[] = { "min", "max", "scale", "steps", "integer", NULL };
    char prefix[140];
    const cJSON *m;
    snprintf(prefix, sizeof prefix, "%s.", path);
    cJSON_ArrayForEach(m, v) {
        int known = 0;
        for (int i = 0; names[i]; i++)
            known = known || strcmp(names[i], m->string) == 0;
        if (!known)
            pipe_fault(f, path, "a range has min, max, scale, steps, integer", "'%.40s' is not known", m->string);
    }
    if (!cJSON_IsNumber(json_get(v, "min")) || !cJSON_IsNumber(json_get(v, "max")))
        pipe_fault(f, path, "like { min = 0.0001; max = 0.1; scale = \"log\"; }", "expected a list of values, or a range with min and max");
    d->low = number(f, v, prefix, "min", 0, -1e12, 1e12, 0);
    d->high = number(f, v, prefix, "max", 1, -1e12, 1e12, 0);
    d->log = one_of(f, v, "scale", scales, 0);
    d->steps = (int)number(f, v, prefix, "steps", 3, 2, 100, 1);
    d->kind = whole || json_bool(v, "integer", 0) ? SEARCH_INTEGER : SEARCH_REAL;
    if (d->kind == SEARCH_INTEGER && d->high - d->low + 1 < d->steps)
        d->steps = (int)(d->high - d->low + 1);
    if (d->low >= d->high)
        pipe_fault(f, path, "", "min must be below max");
    else if (d->log && d->low <= 0)
        pipe_fault(f, path, "", "on a logarithmic scale min must be above 0");
}

/* Values are checked one by one, so that a fault does not wait for a trial. */
static void check_choice(const struct config_key *k, const cJSON *v, const char *path, struct pipe_faults *f)
{
    struct config_fault fault = { 0 };
    cJSON *norm = NULL;
    if (config_value(k, v, &norm, &fault) < 0)
        pipe_fault(f, path, fault.fix, "%s", fault.text);
    cJSON_Delete(norm);
}

static void add_dim(struct sweep *w, const char *key, const struct config_key *k, const cJSON *v, const char *path, struct pipe_faults *f)
{
    if (w->space.n == SEARCH_DIMS) {
        pipe_fault(f, path, "", "a space has at most %d dimensions", SEARCH_DIMS);
        return;
    }
    struct search_dim *d = &w->space.dim[w->space.n];
    snprintf(w->keys[w->space.n], sizeof w->keys[0], "%.95s", key);
    *d = (struct search_dim){ .key = w->keys[w->space.n] };
    w->space.n++;
    if (!cJSON_IsArray(v)) {
        add_range(d, v, path, k && k->type == CONFIG_INT, f);
        if (k && f->n == 0) {
            cJSON *low = cJSON_CreateNumber(d->low), *high = cJSON_CreateNumber(d->high);
            check_choice(k, low, path, f);
            check_choice(k, high, path, f);
            cJSON_Delete(low);
            cJSON_Delete(high);
        }
        return;
    }
    const cJSON *e;
    d->kind = SEARCH_CHOICE;
    d->steps = cJSON_GetArraySize(v);
    d->choices = v;
    if (d->steps < 1 || d->steps > MAX_CHOICES)
        pipe_fault(f, path, "", "expected 1 to %d values", MAX_CHOICES);
    cJSON_ArrayForEach(e, v) {
        if (k)
            check_choice(k, e, path, f);
    }
}

static void read_space(struct sweep *w, const cJSON *def, struct pipe_faults *f)
{
    const cJSON *space = json_get(def, "space"), *v, *o;
    if (!cJSON_IsObject(space) || !space->child)
        pipe_fault(f, "space", "like space = { learningRate = { min = 0.0003; max = 0.01; scale = \"log\"; }; };", "expected a group that is not empty");
    space = cJSON_IsObject(space) ? space : NULL;
    cJSON_ArrayForEach(v, space) {
        const struct config_key *k = config_key_find(v->string);
        char path[160], key[160], fix[100] = "";
        snprintf(path, sizeof path, "space.%.100s", v->string);
        if (!k) {
            const char *near = config_key_nearest(v->string);
            if (near)
                snprintf(fix, sizeof fix, "did you mean '%.60s'?", near);
            pipe_fault(f, path, fix, "there is no training key '%.60s'", v->string);
        } else if (k->type == CONFIG_OBJECT && cJSON_IsObject(v)) {
            cJSON_ArrayForEach(o, v) {
                snprintf(path, sizeof path, "space.%.60s.%.60s", v->string, o->string);
                snprintf(key, sizeof key, "%.40s.%.50s", k->name, o->string);
                add_dim(w, key, NULL, o, path, f);
            }
        } else {
            add_dim(w, k->name, k, v, path, f);
        }
    }
}

/* ---- the rest ---- */

static void check_keys(const cJSON *def, struct pipe_faults *f)
{
    const char *names[40];
    int n = 0;
    const cJSON *v;
    for (const struct sweep_key *k = sweep_keys; k->name; k++)
        names[n++] = k->name;
    names[n++] = "directory";
    names[n] = NULL;
    cJSON_ArrayForEach(v, def) {
        int known = 0;
        for (int i = 0; names[i]; i++)
            known = known || strcmp(names[i], v->string) == 0;
        const char *near = known ? NULL : text_nearest(v->string, names);
        char fix[100] = "";
        if (near)
            snprintf(fix, sizeof fix, "did you mean '%.60s'?", near);
        if (!known)
            pipe_fault(f, v->string, fix, "not a key of a sweep");
    }
}

static void check_training(const cJSON *config, const char *where, struct pipe_faults *f)
{
    struct config_fault *faults = calloc(MAX_FAULTS, sizeof *faults);
    struct train_config c;
    struct hone_err err;
    int n = 0;
    if (!faults) {
        json_note_loss();
        return;
    }
    if (config && !cJSON_IsObject(config)) {
        pipe_fault(f, where, "", "expected a group of training keys");
        free(faults);
        return;
    }
    if (config_resolve(&c, config, faults, MAX_FAULTS, &n, &err) < 0) {
        for (int i = 0; i < n; i++) {
            char path[200];
            snprintf(path, sizeof path, "%s%s", where, strncmp(faults[i].path, "config", 6) == 0 ? faults[i].path + 6 : faults[i].path);
            pipe_fault(f, path, faults[i].fix, "%s", faults[i].text);
        }
    }
    config_free(&c);
    free(faults);
}

static int epochs_of(const cJSON *config)
{
    struct train_config c;
    struct hone_err err;
    struct config_fault fault;
    int n = 0;
    cJSON *whole = settings_with_preset(config, &err);
    int epochs = whole && config_resolve(&c, whole, &fault, 1, &n, &err) == 0 ? (int)c.epochs : 0;
    if (epochs)
        config_free(&c);
    cJSON_Delete(whole);
    return epochs;
}

static void read_asha(struct sweep *w, const cJSON *def, struct pipe_faults *f)
{
    const cJSON *asha = json_get(def, "asha"), *m;
    int most = f->n ? 10 : epochs_of(w->config);
    search_asha_make(&w->asha, most, most, 2);
    if (!asha)
        return;
    cJSON_ArrayForEach(m, asha) {
        if (strcmp(m->string, "min_epochs") != 0 && strcmp(m->string, "reduction") != 0)
            pipe_fault(f, "asha", "asha has min_epochs and reduction", "'%.40s' is not known", m->string);
    }
    for (int i = 0; i < w->space.n; i++) {
        if (strcmp(w->space.dim[i].key, "epochs") == 0)
            pipe_fault(f, "space.epochs", "leave one of them out", "asha decides how many epochs a trial has");
    }
    search_asha_make(&w->asha, (int)number(f, asha, "asha.", "min_epochs", 1, 1, most > 1 ? most : 1, 1), most, (int)number(f, asha, "asha.", "reduction", 3, 2, 10, 1));
}

void sweep_read(struct sweep *w, const cJSON *def, struct pipe_faults *f)
{
    static const char *const searches[] = { "grid", "random", "tpe", NULL };
    static const char *const objectives[] = { "validation_accuracy", "validation_loss", "accuracy", "loss", NULL };
    const cJSON *e;
    *w = (struct sweep){ .config = json_get(def, "config"), .start = json_get(def, "start") };
    check_keys(def, f);
    w->agent = text(f, def, "agent", "", 1);
    (void)text(f, def, "data", "", 1);
    (void)text(f, def, "test", NULL, 0);
    w->search = (enum sweep_search)one_of(f, def, "search", searches, SWEEP_TPE);
    int objective = one_of(f, def, "objective", objectives, 0);
    w->objective = objectives[objective];
    w->lower = objective % 2;
    w->holdout = number(f, def, "", "holdout", 0.2, 0.01, 0.5, 0);
    w->trials = (int64_t)number(f, def, "", "trials", w->search == SWEEP_GRID ? MAX_TRIALS : 20, 1, MAX_TRIALS, 1);
    w->seconds = number(f, def, "", "seconds", 0, 0, 1e7, 0);
    w->batch = (int)number(f, def, "", "batch", 4, 1, MAX_BATCH, 1);
    w->startup = (int)number(f, def, "", "startup", 10, 2, 1000, 1);
    w->seed = (int64_t)number(f, def, "", "seed", 1, 0, 9007199254740991.0, 1);
    w->refit = truth(f, def, "refit", 1);
    w->deploy = truth(f, def, "deploy", 1);
    check_training(w->config, "config", f);
    if (w->start && !cJSON_IsArray(w->start))
        pipe_fault(f, "start", "", "expected a list of groups of training keys");
    const cJSON *start = cJSON_IsArray(w->start) ? w->start : NULL;
    cJSON_ArrayForEach(e, start)
        check_training(e, "start", f);
    read_space(w, def, f);
    read_asha(w, def, f);
    if (w->search == SWEEP_GRID && f->n == 0)
        w->trials = search_grid_size(&w->space, w->trials) + cJSON_GetArraySize(w->start);
}

int sweep_check(const cJSON *def, const cJSON *lines, const char *file, cJSON *faults, struct hone_err *err)
{
    struct sweep w;
    struct pipe_faults f = { .lines = lines, .file = file, .list = faults };
    sweep_read(&w, def, &f);
    return pipe_faults_end(&f, err);
}

void sweep_put(cJSON *config, const char *key, cJSON *value)
{
    char group[96];
    const char *dot = strchr(key, '.');
    if (!dot) {
        json_put(config, key, value);
        return;
    }
    snprintf(group, sizeof group, "%.*s", (int)(dot - key), key);
    if (!cJSON_IsObject(json_get(config, group)))
        json_put(config, group, cJSON_CreateObject());
    json_put(cJSON_GetObjectItemCaseSensitive(config, group), dot + 1, value);
}

void sweep_lay(cJSON *config, const cJSON *over)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, over) {
        const struct config_key *k = config_key_find(v->string);
        json_put(config, k ? k->name : v->string, cJSON_Duplicate(v, 1));
    }
}

cJSON *sweep_config(const struct sweep *w, const double *x)
{
    cJSON *config = cJSON_CreateObject();
    sweep_lay(config, w->config);
    for (int i = 0; i < w->space.n; i++)
        sweep_put(config, w->space.dim[i].key, search_value(&w->space.dim[i], x[i]));
    return config;
}

char *sweep_markdown(void)
{
    struct buf b = { 0 };
    buf_puts(&b, "| Key | Default | Meaning |\n| --- | --- | --- |\n");
    for (const struct sweep_key *k = sweep_keys; k->name; k++)
        buf_printf(&b, "| `%s` | %s | %s |\n", k->name, k->dflt, k->doc);
    return buf_take(&b);
}
