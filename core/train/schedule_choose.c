/* From a configuration to schedulers: one by its name, or a sequence. Not their values; see schedule.c. */
#include <math.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/schedule.h"

static int add_named(struct schedule *s, struct registry *r, const char *name, const cJSON *options, double at, struct hone_err *err)
{
    const struct registry_plugin *from;
    const struct hone_item *item = registry_find(r, HONE_SCHEDULER, name, &from, err);
    if (!item)
        return err_prefix(err, "config.schedulerType");
    void *conf = settings_new(item, options, err);
    if (!conf && item->conf_size)
        return err_prefix(err, "config.schedulerOptions");
    return schedule_add(s, (const struct hone_scheduler *)(const void *)item, conf, from, at, err);
}

static int check_milestones(const cJSON *milestones, int n, struct hone_err *err)
{
    double last = 0;
    if (!cJSON_IsArray(milestones) || cJSON_GetArraySize(milestones) != n - 1)
        return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.milestones: expected a list of %d, where the second and each further one "
                         "of %d schedulers begins, for example [100]", n - 1, n);
    const cJSON *m;
    cJSON_ArrayForEach(m, milestones) {
        double at = cJSON_IsNumber(m) ? m->valuedouble : 0;
        int one_kind = last == 0 || (last < 1) == (at < 1);
        if (!(at > last) || !one_kind || at > 1e15 || (at >= 1 && at != floor(at)))
            return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.milestones: expected rising numbers, all whole numbers of steps or all "
                             "shares below 1 of the steps behind the warm-up");
        last = at;
    }
    return 0;
}

static int check_sequence(const cJSON *options, struct hone_err *err)
{
    const cJSON *names = json_get(options, "schedulers"), *each = json_get(options, "options"), *v;
    int n = cJSON_GetArraySize(names);
    cJSON_ArrayForEach(v, options)
        if (strcmp(v->string, "schedulers") != 0 && strcmp(v->string, "milestones") != 0 && strcmp(v->string, "options") != 0)
            return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.%s: unknown; a sequence has schedulers, milestones and options", v->string);
    if (!cJSON_IsArray(names) || n < 2)
        return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.schedulers: expected the names of two or more schedulers, for example "
                         "[\"constant\", \"cosine\"]");
    cJSON_ArrayForEach(v, names)
        if (!cJSON_IsString(v) || strcmp(v->valuestring, SCHEDULE_SEQUENCE) == 0)
            return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.schedulers: expected names of schedulers, none of them a sequence");
    if (each && (!cJSON_IsArray(each) || cJSON_GetArraySize(each) != n))
        return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.options: expected a list of %d objects, one for each scheduler", n);
    cJSON_ArrayForEach(v, each)
        if (!cJSON_IsObject(v))
            return hone_fail(err, HONE_EINVAL, "config.schedulerOptions.options: expected objects; {} where all settings are the default");
    return check_milestones(json_get(options, "milestones"), n, err);
}

int schedule_choose(struct schedule *s, struct registry *r, const char *type, const cJSON *options, struct hone_err *err)
{
    if (strcmp(type, SCHEDULE_SEQUENCE) != 0)
        return add_named(s, r, type, options, 0, err);
    const cJSON *names = json_get(options, "schedulers"), *milestones = json_get(options, "milestones"), *each = json_get(options, "options");
    int ret = check_sequence(options, err);
    for (int i = 0; i < cJSON_GetArraySize(names) && !ret; i++)
        ret = add_named(s, r, cJSON_GetArrayItem(names, i)->valuestring, cJSON_GetArrayItem(each, i),
                        i ? cJSON_GetArrayItem(milestones, i - 1)->valuedouble : 0, err);
    return ret;
}

cJSON *schedule_options(const struct schedule *s)
{
    if (s->n == 1)
        return settings_json(&s->part[0].item->item, s->part[0].conf);
    cJSON *o = cJSON_CreateObject(), *names = cJSON_CreateArray(), *milestones = cJSON_CreateArray(), *each = cJSON_CreateArray();
    for (int i = 0; i < s->n; i++) {
        cJSON_AddItemToArray(names, cJSON_CreateString(s->part[i].item->item.name));
        if (i)
            cJSON_AddItemToArray(milestones, cJSON_CreateNumber(s->part[i].at));
        cJSON_AddItemToArray(each, settings_json(&s->part[i].item->item, s->part[i].conf));
    }
    json_put(o, "schedulers", names);
    json_put(o, "milestones", milestones);
    json_put(o, "options", each);
    return o;
}
