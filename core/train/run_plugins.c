/* The plugins of a run and their settings: what the configuration says in general (learningRate, weightDecay,
 * labelSmoothing) becomes a setting of the plugin that has it. */
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/run.h"

void run_note_plugin(struct run *r, const struct hone_item *item, const struct registry_plugin *from)
{
    cJSON *p = cJSON_CreateObject();
    json_put_str(p, "kind", kind_name(item->kind));
    json_put_str(p, "name", item->name);
    json_put_str(p, "version", from && from->info ? from->info->version : NULL);
    json_put_str(p, "path", from ? from->path : NULL);
    json_put_str(p, "sha256", from ? from->sha256 : NULL);
    cJSON_AddItemToArray(r->plugins, p);
}

void run_note_settings(struct run *r, const char *key, const struct hone_item *item, const void *conf)
{
    json_put(r->resolved, key, settings_json(item, conf));
}

/* A copy of the options with `name` set to value, unless they set it. */
static int option(cJSON *options, const char *name, double value)
{
    if (cJSON_GetObjectItemCaseSensitive(options, name))
        return 0;
    json_put_num(options, name, value);
    return cJSON_GetObjectItemCaseSensitive(options, name) ? 0 : HONE_ENOMEM;
}

static cJSON *copy_options(const cJSON *given)
{
    return given ? cJSON_Duplicate(given, 1) : cJSON_CreateObject();
}

void run_chosen_free(struct run_chosen *c)
{
    if (c->optimizer) {
        settings_free(&c->optimizer->item, c->conf);
        settings_free(&c->optimizer->item, c->no_decay);
    }
    if (c->inner) {
        settings_free(&c->inner->item, c->inner_conf);
        settings_free(&c->inner->item, c->inner_no_decay);
    }
    *c = (struct run_chosen){ 0 };
}

/* learningRate where the configuration gives none: lr of the options, else the optimizer's own default. */
static void learning_rate(struct run *r, const struct hone_item *item, const cJSON *options)
{
    const struct hone_param *lr = settings_param(item, "lr");
    if (!r->config.learning_rate_given && lr)
        r->config.learning_rate = json_num(options, "lr", lr->dflt);
    json_put_num(r->resolved, "learningRate", r->config.learning_rate);
}

/* The settings of an optimizer, once as they are and once without weight decay. Takes `options`. */
static int optimizer_settings(struct run *r, const struct hone_item *item, cJSON *o, void **conf, void **no_decay, struct hone_err *err)
{
    const struct train_config *c = &r->config;
    int ret = o ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    /* A stored configuration names lr in both places. */
    if (!ret && cJSON_GetObjectItemCaseSensitive(o, "lr") && json_num(o, "lr", -1) != c->learning_rate)
        ret = hone_fail(err, HONE_EINVAL, "lr is %g and config.learningRate %g; set one of them", json_num(o, "lr", -1), c->learning_rate);
    if (!ret && settings_param(item, "lr"))
        ret = option(o, "lr", c->learning_rate);
    if (!ret && c->weight_decay >= 0 && settings_param(item, "weight_decay"))
        ret = option(o, "weight_decay", c->weight_decay);
    else if (!ret && c->weight_decay > 0)
        ret = hone_fail(err, HONE_EINVAL, "config.weightDecay is %g, but optimizer '%s' has no weight_decay", c->weight_decay,
                        item->name);
    if (!ret && (!(*conf = settings_new(item, o, err)) || !(*no_decay = settings_new(item, o, err))))
        ret = err->code;
    if (!ret && settings_param(item, "weight_decay"))
        settings_set_real(item, *no_decay, "weight_decay", 0);
    cJSON_Delete(o);
    return ret;
}

/* The wrapped optimizer: options base (a name) and base_options, which are taken out of `o`. */
static int inner_optimizer(struct run *r, cJSON *o, struct run_chosen *c, struct hone_err *err)
{
    const struct registry_plugin *from;
    cJSON *name = cJSON_DetachItemFromObjectCaseSensitive(o, "base"), *options = cJSON_DetachItemFromObjectCaseSensitive(o, "base_options");
    const char *base = cJSON_IsString(name) ? name->valuestring : name ? NULL : "adam";
    int ret = 0;
    if (!base || (options && !cJSON_IsObject(options)))
        ret = hone_fail(err, HONE_EINVAL, "base must be the name of an optimizer, and base_options an object");
    const struct hone_item *item = ret ? NULL : registry_find(r->registry, HONE_OPTIMIZER, base, &from, err);
    if (!ret && !item)
        ret = err->code;
    if (!ret && ((const struct hone_optimizer *)(const void *)item)->minimize)
        ret = hone_fail(err, HONE_EINVAL, "base: '%s' asks for losses itself and cannot be wrapped", base);
    if (!ret) {
        c->inner = (const struct hone_optimizer *)(const void *)item;
        run_note_plugin(r, item, from);
        learning_rate(r, item, options);
        ret = optimizer_settings(r, item, options ? options : cJSON_CreateObject(), &c->inner_conf, &c->inner_no_decay, err);
        options = NULL;
    }
    cJSON_Delete(name);
    cJSON_Delete(options);
    return ret < 0 ? ret : 0;
}

/* Puts defaults (JSON or NULL) under the options. */
static cJSON *under(cJSON *options, const char *defaults)
{
    struct hone_err err;
    cJSON *d = defaults ? json_parse(defaults, strlen(defaults), "defaults", &err) : NULL, *next;
    for (cJSON *v = d ? d->child : NULL; v; v = next) {
        next = v->next;
        if (!cJSON_GetObjectItemCaseSensitive(options, v->string))
            json_put(options, v->string, cJSON_Duplicate(v, 1));
    }
    cJSON_Delete(d);
    return options;
}

static int choose_optimizer(struct run *r, struct run_chosen *c, struct hone_err *err)
{
    const struct registry_plugin *from;
    const char *defaults, *name = optimizer_alias(r->config.optimizer, &defaults, err);
    const struct hone_item *item = name ? registry_find(r->registry, HONE_OPTIMIZER, name, &from, err) : NULL;
    cJSON *o = under(copy_options(r->config.optimizer_options), defaults), *kept;
    int wraps = item && (item->flags & HONE_OPT_WRAPS);
    if (!item) {
        cJSON_Delete(o);
        return err_prefix(err, "config.optimizer");
    }
    c->optimizer = (const struct hone_optimizer *)(const void *)item;
    run_note_plugin(r, item, from);
    int ret = wraps ? inner_optimizer(r, o, c, err) : 0;
    if (!wraps)
        learning_rate(r, item, o);
    if (ret >= 0)
        ret = optimizer_settings(r, item, o, &c->conf, &c->no_decay, err);
    else
        cJSON_Delete(o);
    if (ret < 0)
        return err_prefix(err, "config.optimizerOptions");
    json_put_str(r->resolved, "optimizer", name == r->config.optimizer ? name : item->name);
    run_note_settings(r, "optimizerOptions", item, c->conf);
    if (wraps && (kept = cJSON_GetObjectItemCaseSensitive(r->resolved, "optimizerOptions"))) {
        json_put_str(kept, "base", c->inner->item.name);
        json_put(kept, "base_options", settings_json(&c->inner->item, c->inner_conf));
    }
    return 0;
}

static int paradigm_settings(struct run *r, const struct hone_item *item, struct hone_err *err)
{
    cJSON *o = copy_options(r->config.paradigm_options);
    int ret = o ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret && r->config.label_smoothing >= 0 && settings_param(item, "label_smoothing"))
        ret = option(o, "label_smoothing", r->config.label_smoothing);
    if (!ret && !(r->paradigm_conf = settings_new(item, o, err)) && item->conf_size)
        ret = err->code;
    cJSON_Delete(o);
    return ret;
}

int run_plugins(struct run *r, struct run_chosen *c, struct hone_err *err)
{
    const struct registry_plugin *from;
    const struct hone_item *p = registry_find(r->registry, HONE_PARADIGM, r->config.training_type, &from, err);
    if (!p || paradigm_settings(r, p, err) < 0)
        return err_prefix(err, "config.trainingType");
    r->paradigm = (const struct hone_paradigm *)(const void *)p;
    run_note_plugin(r, p, from);
    run_note_settings(r, "paradigmOptions", p, r->paradigm_conf);
    if (choose_optimizer(r, c, err) < 0)
        return err->code;
    if (schedule_choose(&r->schedule, r->registry, r->config.scheduler_type, r->config.scheduler_options, err) < 0)
        return err->code;
    for (int i = 0; i < r->schedule.n; i++)
        run_note_plugin(r, &r->schedule.part[i].item->item, r->schedule.part[i].from);
    json_put(r->resolved, "schedulerOptions", schedule_options(&r->schedule));
    return 0;
}
