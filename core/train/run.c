#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/drawn.h"
#include "core/train/plan.h"
#include "core/train/run.h"
#include "core/train/solve.h"

/* What run_open() holds until the optimizer has taken it. */
struct opening {
    struct run_chosen chosen;
    struct run_texts texts;
    struct base base;
    int based;                   /* there is one */
};

static void no_beat(void *arg)
{
    (void)arg;
}

/* The most that one copy of the model's tensors may take: the memory allowed, divided by the copies that training keeps
 * (parameters, best weights, a checkpoint being written, the optimizer's state). */
static int64_t model_bytes(const struct run *r, const struct opening *o)
{
    double copies = 2 + r->plan.references + (r->config.restore_best ? 1 : 0) + (optim_bytes_per_element(o->chosen.optimizer, o->chosen.conf)
                    + (o->chosen.inner ? optim_bytes_per_element(o->chosen.inner, o->chosen.inner_conf) : 0)) / sizeof(float);
    return (int64_t)((double)r->config.memory_mb * 1e6 / copies);
}

/* The model to be fitted: the base's when the configuration leaves the choice. HONE_EINVAL when it names another. */
static const char *model_name(struct run *r, struct opening *o, struct hone_lesson *lesson, struct hone_err *err)
{
    const struct registry_plugin *from;
    const struct hone_model *mine = o->base.l.model;
    int chosen = strcmp(r->config.model, "auto") == 0;
    if (!mine)
        return o->based && chosen ? "bow" : r->config.model;
    lesson->base = o->base.l.self;
    const struct hone_item *item = chosen ? &mine->item : registry_find(r->registry, HONE_MODEL, r->config.model, &from, err);
    if (item && item != &mine->item) {
        hone_fail(err, HONE_EINVAL, "config.base: %s holds weights of model '%s', and config.model asks for '%s'; leave config.model out or take "
                  "another base", o->base.name, mine->item.name, item->name);
        return NULL;
    }
    return !item ? NULL : chosen ? mine->item.name : r->config.model;
}

/* What a model that starts from a base is given. Word vectors bring the width of auto's table. */
static cJSON *model_options(const struct run *r, const struct opening *o)
{
    cJSON *options = base_options(&o->base, r->config.model_options);
    if (!o->base.l.model && strcmp(r->config.model, "auto") == 0 && !json_get(options, "hidden"))
        json_put_int(options, "hidden", o->base.v.width);
    return options;
}

/* Whether the model that will be fitted writes: then examples are answers to write, not outputs to choose. With that, the plan. */
static int ask_writes(struct run *r, const struct opening *o, struct hone_err *err)
{
    const struct registry_plugin *from;
    const struct hone_item *item = o->base.l.model ? &o->base.l.model->item : NULL;
    if (!item && strcmp(r->config.model, "auto") != 0 && !(item = registry_find(r->registry, HONE_MODEL, r->config.model, &from, err)))
        return err->code;
    r->writes = item && item->flags & HONE_MODEL_WRITES;
    int ret = plan_open(r, err);
    if (ret < 0)
        return ret;
    if (!r->writes && (r->plan.flags & HONE_PLAN_PAIRS || r->plan.draws))
        return hone_fail(err, HONE_EINVAL, "config.trainingType: paradigm '%s' with these settings learns from whole answers, which models that choose among outputs do "
                         "not write; take config.model transformer, or a base that writes", r->paradigm->item.name);
    if (r->writes && (r->plan.replay > 0 || r->plan.output_weight > 0))
        return hone_fail(err, HONE_EINVAL, "config.paradigmOptions: rows of the base or of the outputs' words cannot be added for model '%s', which "
                         "writes its answers", item->name);
    if (r->writes && r->config.target_precision > 0)
        return hone_fail(err, HONE_EINVAL, "config.targetPrecision: model '%s' writes its answers, so that no confidence tells right ones from wrong ones; "
                         "give hone ask a threshold", item->name);
    if (r->writes && r->paradigm->observe && r->config.gradient_accumulation > 1)
        return hone_fail(err, HONE_EINVAL, "config.gradientAccumulation is %lld: paradigm '%s' looks at all rows of a step at once, which model '%s' "
                         "keeps for one batch only; set it to 1, and raise config.batchSize if there is memory for it", (long long)r->config.gradient_accumulation, r->paradigm->item.name, item->name);
    return drawn_open(r, err);
}

static int fit_model(struct run *r, struct opening *o, struct hone_err *err)
{
    int64_t per_step = r->config.batch_size * r->config.gradient_accumulation;
    r->steps_per_epoch = (r->train.n + per_step - 1) / per_step;
    r->total_steps = r->steps_per_epoch * r->config.epochs;
    struct hone_lesson lesson = { .struct_size = sizeof lesson, .n = r->train.n, .input = o->texts.train,
                                  .label = r->train.target, .weight = r->train.weight, .outputs = o->texts.outputs,
                                  .output = o->texts.output, .steps = r->total_steps, .epochs = r->config.epochs,
                                  .batch = r->config.batch_size, .seed = (uint64_t)r->config.seed, .answer = o->texts.train_answer };
    const char *name = model_name(r, o, &lesson, err);
    cJSON *options = o->based ? model_options(r, o) : NULL;
    int ret = !name ? err->code : learner_fit(&r->learner, r->registry, name, o->based ? options : r->config.model_options, &lesson,
                                              model_bytes(r, o), &r->choice, err);
    cJSON_Delete(options);
    if (!ret && o->based && strcmp(r->config.model, "auto") == 0)
        snprintf(r->choice.reason, sizeof r->choice.reason, o->base.l.model ? "the model of the base" : "word vectors need a table of words");
    if (ret == HONE_ENOMEM)
        err->code = ret = ERR_PRECONDITION;
    if (ret)
        return ret;
    const struct hone_item *item = &r->learner.model->item;
    run_note_plugin(r, item, r->learner.plugin);
    json_put_str(r->resolved, "model", r->choice.name); /* so that the options that go with it are read for it again */
    run_note_settings(r, "modelOptions", item, r->learner.conf);
    return 0;
}

/* Texts and answers of a set as numbers; those of pairs stand beside one another. */
static int encode_set(struct run *r, struct row_set *s, const struct hone_string *text, const struct hone_string *answer,
                      const struct hone_string *rejected, uint32_t flags, const char *which, struct hone_err *err)
{
    struct hone_string *twice = NULL;
    s->each = rejected ? 2 : 1;
    if (rejected && !(twice = malloc((size_t)(4 * s->n + 1) * sizeof *twice)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld pairs", (long long)s->n);
    for (int64_t i = 0; twice && i < 2 * s->n; i++) {
        twice[i] = text[i / 2];
        twice[2 * s->n + i] = i % 2 ? rejected[i / 2] : answer[i / 2];
    }
    int ret = encoded_make(&s->x, r->learner.model, r->learner.self, twice ? twice : text, twice ? twice + 2 * s->n : answer, s->n * s->each,
                           twice ? HONE_ENCODE_MEASURE : flags, r->pool, err);
    free(twice);
    for (int64_t i = 0; ret >= 0 && r->writes && i < s->n; i++)
        s->tokens[i] = (int32_t)(s->x.start[(i + 1) * s->each] - s->x.start[i * s->each]);
    if (ret >= 0 && r->writes)
        run_count_answers(r, s, answer, rejected, which);
    return ret >= 0 && r->plan.draws ? drawn_keep(r, s, text, answer, which, err) : ret;
}

static int descending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The most that a pass of a model that writes takes: its batch of the longest examples, gradients and scores included. */
static int64_t pass_bytes(const struct run *r)
{
    const struct hone_model *m = r->learner.model;
    int64_t tokens = 0, n = r->train.n < r->config.batch_size ? r->train.n : r->config.batch_size, context = r->writes ? m->context(r->learner.self) : 0;
    int32_t *length = r->writes ? malloc((size_t)(r->train.n + 1) * sizeof *length) : NULL;
    if (!length)
        return 0;
    memcpy(length, r->train.tokens, (size_t)r->train.n * sizeof *length);
    for (int64_t i = 0; r->plan.draws && i < r->train.n; i++) {
        int64_t given = r->train.asked.start[i + 1] - r->train.asked.start[i], most = context - given;
        length[i] = (int32_t)((given + (r->plan.draw_tokens && r->plan.draw_tokens < most ? r->plan.draw_tokens : most)) * r->plan.draws);
    }
    qsort(length, (size_t)r->train.n, sizeof *length, descending);
    for (int64_t i = 0; i < n; i++)
        tokens += length[i];
    free(length);
    return m->pass_bytes(r->learner.self, tokens, tokens, 1) + tokens * r->learner.tensors.width * 4 * (2 + r->plan.references)
           + r->learner.tensors.total * 4;
}

static int64_t row_set_bytes(const struct row_set *s)
{
    int64_t pairs = s->n ? s->x.start[s->n * s->each] : 0;
    return s->n * 40 + pairs * (s->x.value ? 8 : 4);
}

/* Optimizer, schedule, tensors and gradients; the estimate of memory is checked before anything large is taken. */
static int allocate(struct run *r, struct opening *o, struct hone_err *err)
{
    struct tensors *ts = &r->learner.tensors;
    struct run_chosen c = o->chosen, *left = &o->chosen;
    left->optimizer = NULL; /* each is taken by what it is given to */
    left->conf = left->no_decay = NULL;
    int ret = optim_open(&r->optim, c.optimizer, c.conf, c.no_decay, ts, r->pool, err);
    if (!ret && c.inner) {
        left->inner = NULL;
        ret = optim_wrap(&r->optim, c.inner, c.inner_conf, c.inner_no_decay, err);
    }
    if (ret)
        return ret;
    if (strcmp(r->config.weight_averaging, "none") != 0 && optim_serves(&r->optim))
        return hone_fail(err, HONE_EINVAL, "config.weightAveraging: optimizer '%s' serves an average of its own; set weightAveraging to none "
                         "or take another optimizer", r->config.optimizer);
    r->optim.clip = (struct optim_clip){ r->config.max_grad_value, r->config.max_tensor_grad_norm, r->config.adaptive_grad_clip };
    if ((ret = run_tensor_options(r, err)) < 0)
        return ret;
    ret = schedule_start(&r->schedule, r->config.learning_rate, 0, r->total_steps, err);
    if (ret)
        return ret;
    int copies = 1 + o->based + (int)r->plan.references + (r->config.restore_best != 0) + optim_serves(&r->optim) + (strcmp(r->config.weight_averaging, "none") != 0);
    r->memory_bytes = ts->total * 4 * copies + optim_bytes(&r->optim) + row_set_bytes(&r->train) + row_set_bytes(&r->valid);
    r->pass_bytes = pass_bytes(r);
    r->memory_bytes += r->pass_bytes;
    if ((double)r->memory_bytes > (double)r->config.memory_mb * 1e6)
        return hone_fail(err, ERR_PRECONDITION, "training needs about %.0f MB (%lld parameters, state of optimizer '%s', %lld examples%s), more "
                         "than the %lld MB that memoryMb allows", (double)r->memory_bytes * 1e-6, (long long)ts->total,
                         c.optimizer->item.name, (long long)r->examples,
                         r->writes ? ", and what a batch of the longest of them takes; a smaller batchSize with gradientAccumulation takes less" : "",
                         (long long)r->config.memory_mb);
    ret = tensors_init(ts, (uint64_t)r->config.seed, r->pool, err);
    if (!ret && o->based)
        ret = base_take(&o->base, &r->learner, &r->start, err);
    if (!ret)
        ret = plan_base(r, o->based, err);
    if (!ret)
        ret = optim_alloc(&r->optim, err);
    if (!ret)
        ret = passes_open(&r->passes, r->pool, ts, registry_host(r->registry), 1, err);
    if (!ret)
        ret = passes_open(&r->eval_passes, r->pool, ts, registry_host(r->registry), 0, err);
    while (r->paradigm->state_names && r->paradigm->state_names[r->n_paradigm_state])
        r->n_paradigm_state++;
    int64_t more = r->paradigm->state_more ? r->paradigm->state_more(r->paradigm_conf, ts->width) : 0;
    if (!ret && more < 0)
        ret = hone_fail(err, ERR_PLUGIN, "paradigm '%s': state_more() gives %lld doubles", r->paradigm->item.name, (long long)more);
    r->n_paradigm_state += more > 0 ? more : 0;
    r->paradigm_state = calloc((size_t)r->n_paradigm_state + 1, sizeof *r->paradigm_state);
    if (!ret && !r->paradigm_state)
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret)
        ret = solve_open(r, err);
    return ret ? ret : plan_start(r, err);
}

static void open_stopper(struct run *r)
{
    const char *m = r->config.monitor;
    r->stopper = (struct stopper){ .higher = m && strstr(m, "accuracy") != NULL, .min_delta = r->config.min_delta,
                                   .patience = r->config.early_stopping ? r->config.patience : 0 };
}

int run_open(struct run *r, struct train_config *config, const struct run_files *files, struct registry *registry,
             struct pool *pool, const char **stage, struct hone_err *err)
{
    struct opening o = { 0 };
    const char *unused;
    stage = stage ? stage : &unused;
    *r = (struct run){ .config = *config, .registry = registry, .pool = pool, .plugins = cJSON_CreateArray(),
                       .notes = cJSON_CreateArray(), .resolved = cJSON_Duplicate(config->resolved, 1) };
    *config = (struct train_config){ 0 };
    r->beat = files->beat ? files->beat : no_beat;
    r->beat_arg = files->beat_arg;
    open_stopper(r);
    *stage = "plugins";
    int ret = run_plugins(r, &o.chosen, err);
    if (ret >= 0 && files->base) {
        *stage = "base";
        ret = base_open(&o.base, registry, files->base, files->base_kind, files->base_name, err);
        o.based = ret >= 0;
    }
    if (ret >= 0) {
        *stage = "plugins";
        ret = ask_writes(r, &o, err);
    }
    if (ret >= 0) {
        *stage = "data";
        ret = run_read(r, files, o.base.l.model ? &o.base.l : NULL, &o.texts, err);
    }
    if (ret >= 0) {
        *stage = "model";
        r->beat(r->beat_arg);
        ret = fit_model(r, &o, err);
    }
    r->beat(r->beat_arg);
    if (ret >= 0)
        ret = run_freeze(r, err);
    if (ret >= 0)
        ret = encode_set(r, &r->train, o.texts.train, o.texts.train_answer, o.texts.train_rejected, 0, "training", err);
    if (ret >= 0)
        ret = encode_set(r, &r->valid, o.texts.valid, o.texts.valid_answer, o.texts.valid_rejected, HONE_ENCODE_MEASURE, "validation", err);
    run_texts_free(&o.texts);
    r->beat(r->beat_arg);
    if (ret >= 0)
        ret = allocate(r, &o, err);
    run_chosen_free(&o.chosen);
    base_close(&o.base);
    if (ret < 0)
        run_close(r);
    return ret < 0 ? ret : 0;
}

void run_drop_kept(struct run *r)
{
    tensors_room_free(&r->learner.tensors, &r->best);
    tensors_room_free(&r->learner.tensors, &r->average);
    r->stopper.best_epoch = r->averaged = 0;
}

void run_close(struct run *r)
{
    run_drop_kept(r);
    tensors_room_free(&r->learner.tensors, &r->served);
    for (uint32_t i = 0; i < HONE_REFERENCES; i++)
        plan_drop(r, i);
    drawn_close(r);
    passes_close(&r->passes);
    passes_close(&r->eval_passes);
    if (r->optim.item)
        optim_close(&r->optim);
    schedule_close(&r->schedule);
    row_set_free(&r->train);
    row_set_free(&r->valid);
    start_free(&r->start);
    solved_free(&r->solved);
    learner_free(&r->learner);
    if (r->paradigm)
        settings_free(&r->paradigm->item, r->paradigm_conf);
    free(r->paradigm_state);
    cJSON_Delete(r->plugins);
    cJSON_Delete(r->resolved);
    cJSON_Delete(r->notes);
    config_free(&r->config);
    *r = (struct run){ 0 };
}

float **run_serve(struct run *r, int *ret, struct hone_err *err)
{
    struct tensors *ts = &r->learner.tensors;
    *ret = 0;
    if (r->averaged > 0)
        return r->average;
    if (!optim_serves(&r->optim) || r->state.step == 0)
        return NULL;
    if ((*ret = tensors_room(ts, &r->served, "the weights that are served", err)) < 0)
        return NULL;
    for (int64_t i = 0; i < ts->n; i++)
        memcpy(r->served[i], ts->t[i].param, (size_t)ts->t[i].n * sizeof(float));
    optim_serve(&r->optim, r->served);
    return r->served;
}

void run_start_weights(struct run *r)
{
    if (r->start.n)
        start_again(&r->start, &r->learner.tensors);
    else
        tensors_start(&r->learner.tensors, (uint64_t)r->config.seed, r->pool);
    solve_start(r);
}

int run_restart(struct run *r, struct hone_err *err)
{
    memset(r->paradigm_state, 0, (size_t)r->n_paradigm_state * sizeof *r->paradigm_state);
    r->state = (struct run_state){ .divergences = r->state.divergences };
    return plan_start(r, err);
}

cJSON *run_describe(const struct run *r)
{
    cJSON *d = cJSON_CreateObject(), *model = cJSON_CreateObject(), *data = cJSON_CreateObject(), *e = cJSON_CreateObject(),
          *progress = cJSON_CreateObject();
    json_put(d, "config", cJSON_Duplicate(r->resolved, 1));
    json_put_str(model, "name", r->choice.name);
    json_put_str(model, "reason", r->choice.reason);
    json_put(d, "model", model);
    json_put(d, "plugins", cJSON_Duplicate(r->plugins, 1));
    json_put_int(data, "examples", r->examples);
    json_put_int(data, "training", r->train.n);
    json_put_int(data, "validation", r->valid.n);
    json_put_int(data, "outputs", r->learner.outputs);
    json_put_bool(data, "logged", (r->plan.flags & HONE_PLAN_LOGGED) != 0);
    json_put(data, "notes", cJSON_Duplicate(r->notes, 1));
    if (r->start.report)
        json_put(data, "transfer", cJSON_Duplicate(r->start.report, 1));
    json_put(d, "data", data);
    json_put_int(e, "total_samples", r->examples);
    json_put_int(e, "training_samples", r->train.n);
    json_put_int(e, "validation_samples", r->valid.n);
    json_put_int(e, "parameters", r->learner.tensors.total);
    json_put_num(e, "memory_mb", round((double)r->memory_bytes * 1e-5) / 10);
    if (r->writes)
        json_put_num(e, "pass_memory_mb", round((double)r->pass_bytes * 1e-5) / 10);
    json_put(d, "estimates", e);
    json_put_int(progress, "total_epochs", r->config.epochs);
    json_put_int(progress, "total_steps", r->total_steps);
    json_put(d, "progress", progress);
    return d;
}
