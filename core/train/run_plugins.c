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

/* The optimizer's settings, once as they are and once without weight decay. */
static int optimizer_settings(struct run *r, const struct hone_item *item, void **conf, void **no_decay, struct hone_err *err)
{
    const struct train_config *c = &r->config;
    cJSON *o = copy_options(c->optimizer_options);
    int ret = o ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    /* A stored configuration names lr in both places. */
    if (!ret && cJSON_GetObjectItemCaseSensitive(o, "lr") && json_num(o, "lr", -1) != c->learning_rate)
        ret = hone_fail(err, HONE_EINVAL, "lr: set config.learningRate instead");
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

int run_plugins(struct run *r, const struct hone_optimizer **optimizer, void **conf, void **no_decay,
                const struct hone_scheduler **scheduler, void **scheduler_conf, struct hone_err *err)
{
    const struct registry_plugin *from;
    const struct hone_item *p = registry_find(r->registry, HONE_PARADIGM, r->config.training_type, &from, err);
    if (!p || paradigm_settings(r, p, err) < 0)
        return err_prefix(err, "config.trainingType");
    r->paradigm = (const struct hone_paradigm *)(const void *)p;
    run_note_plugin(r, p, from);
    run_note_settings(r, "paradigmOptions", p, r->paradigm_conf);
    const struct hone_item *o = registry_find(r->registry, HONE_OPTIMIZER, r->config.optimizer, &from, err);
    if (!o)
        return err_prefix(err, "config.optimizer");
    *optimizer = (const struct hone_optimizer *)(const void *)o;
    if (optimizer_settings(r, o, conf, no_decay, err) < 0)
        return err_prefix(err, "config.optimizerOptions");
    run_note_plugin(r, o, from);
    run_note_settings(r, "optimizerOptions", o, *conf);
    const struct hone_item *s = registry_find(r->registry, HONE_SCHEDULER, r->config.scheduler_type, &from, err);
    if (!s)
        return err_prefix(err, "config.schedulerType");
    *scheduler = (const struct hone_scheduler *)(const void *)s;
    if (!(*scheduler_conf = settings_new(s, r->config.scheduler_options, err)) && s->conf_size)
        return err_prefix(err, "config.schedulerOptions");
    run_note_plugin(r, s, from);
    run_note_settings(r, "schedulerOptions", s, *scheduler_conf);
    return 0;
}
