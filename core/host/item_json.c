/* See item_json.h. */
#include "core/host/item_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/check.h"
#include "core/host/registry.h"

struct flag_name {
    uint32_t flag;
    const char *name;
};

static cJSON *flags_json(uint32_t flags, const struct flag_name *names)
{
    cJSON *list = cJSON_CreateArray();
    for (; names->name; names++) {
        if (flags & names->flag)
            cJSON_AddItemToArray(list, cJSON_CreateString(names->name));
    }
    return list;
}

static cJSON *strings_json(const char *const *v)
{
    cJSON *list = cJSON_CreateArray();
    for (; v && *v; v++)
        cJSON_AddItemToArray(list, cJSON_CreateString(*v));
    return list;
}

static void add_default(cJSON *o, const struct hone_param *p)
{
    if (p->flags & HONE_P_REQUIRED)
        return;
    if (p->type == HONE_BOOL)
        json_put_bool(o, "default", p->dflt != 0);
    else if (p->type == HONE_CHOICE)
        json_put_str(o, "default", p->choices[(int)p->dflt]);
    else if (p->type == HONE_STR)
        json_put_str(o, "default", p->sdflt);
    else
        json_put_num(o, "default", p->dflt);
}

/* An unbounded end has no key. */
static void add_range(cJSON *o, const struct hone_param *p)
{
    if (p->type != HONE_REAL && p->type != HONE_INT)
        return;
    if (isfinite(p->min))
        json_put_num(o, "min", p->min);
    if (isfinite(p->max))
        json_put_num(o, "max", p->max);
}

static cJSON *param_json(const struct hone_param *p)
{
    static const char *const types[] = { "", "real", "int", "bool", "choice", "string" };
    static const struct flag_name flags[] = {
        { HONE_P_REQUIRED, "required" }, { HONE_P_SCHEDULABLE, "schedulable" }, { HONE_P_OPEN_MIN, "open_min" },
        { HONE_P_OPEN_MAX, "open_max" }, { HONE_P_LOG, "log" }, { HONE_P_STATE, "state" }, { HONE_P_HIDDEN, "hidden" },
        { HONE_P_DEPRECATED, "deprecated" }, { 0, NULL },
    };
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "name", p->name);
    json_put_str(o, "type", types[p->type]);
    add_default(o, p);
    add_range(o, p);
    if (p->type == HONE_CHOICE)
        json_put(o, "choices", strings_json(p->choices));
    json_put_str(o, "doc", p->doc);
    json_put(o, "flags", flags_json(p->flags, flags));
    return o;
}

static cJSON *slot_json(const struct hone_optimizer *opt, const struct hone_slot *s)
{
    static const char *const dtypes[] = { "f32", "f64", "u8" };
    static const char *const extents[] = { "element", "row", "column", "tensor", "group" };
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "name", s->name);
    json_put_str(o, "dtype", dtypes[s->dtype]);
    json_put_str(o, "per", extents[s->extent]);
    if (s->count_from)
        json_put_str(o, "copies", opt->item.params[s->count_from - 1].name);
    else
        json_put_int(o, "copies", s->count ? s->count : 1);
    json_put_bool(o, "saved", !(s->flags & HONE_SLOT_TRANSIENT));
    return o;
}

static void add_optimizer(cJSON *o, const struct hone_optimizer *opt)
{
    static const struct flag_name flags[] = { { HONE_OPT_SPARSE, "sparse" }, { HONE_OPT_GAP, "gap" }, { HONE_OPT_WRAPS, "wraps" }, { 0, NULL } };
    cJSON *slots = cJSON_CreateArray();
    for (uint32_t i = 0; i < opt->n_slots; i++)
        cJSON_AddItemToArray(slots, slot_json(opt, &opt->slots[i]));
    json_put_str(o, "form", opt->update ? "update" : opt->update_tensor ? "update_tensor" : "minimize");
    json_put(o, "slots", slots);
    json_put_int(o, "state_version", opt->state_version);
    json_put_int(o, "sums", opt->n_sums);
    json_put(o, "flags", flags_json(opt->item.flags, flags));
}

static void add_kind_fields(cJSON *o, const struct hone_item *it)
{
    static const struct flag_name metric[] = { { HONE_M_HIGHER, "higher" }, { HONE_M_UNIT, "unit" }, { 0, NULL } };
    static const struct flag_name generator[] = { { HONE_G_OUTSIDE, "outside" }, { 0, NULL } };
    static const struct flag_name model[] = { { HONE_MODEL_WRITES, "writes" }, { 0, NULL } };
    switch (it->kind) {
    case HONE_OPTIMIZER:
        add_optimizer(o, (const struct hone_optimizer *)it);
        break;
    case HONE_SCHEDULER:
        json_put(o, "state", strings_json(((const struct hone_scheduler *)it)->state_names));
        break;
    case HONE_PARADIGM:
        json_put(o, "state", strings_json(((const struct hone_paradigm *)it)->state_names));
        json_put_bool(o, "orders", ((const struct hone_paradigm *)it)->order != NULL);
        break;
    case HONE_MODEL:
        json_put(o, "flags", flags_json(it->flags, model));
        break;
    case HONE_METRIC:
        json_put(o, "outputs", strings_json(((const struct hone_metric *)it)->outputs));
        json_put(o, "flags", flags_json(it->flags, metric));
        break;
    case HONE_GENERATOR:
        json_put(o, "flags", flags_json(it->flags, generator));
        break;
    case HONE_REPORT:
        json_put_str(o, "suffix", ((const struct hone_report *)it)->suffix);
        json_put_str(o, "media_type", ((const struct hone_report *)it)->media_type);
        break;
    default:
        break;
    }
}

static cJSON *item_json(const struct hone_item *it)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *settings = cJSON_CreateArray();
    json_put_str(o, "kind", kind_name(it->kind));
    json_put_str(o, "name", it->name);
    json_put_str(o, "brief", it->brief);
    json_put_str(o, "doc", it->doc);
    for (uint32_t i = 0; i < it->n_params; i++)
        cJSON_AddItemToArray(settings, param_json(&it->params[i]));
    json_put(o, "settings", settings);
    add_kind_fields(o, it);
    return o;
}

cJSON *plugin_json(const struct loaded *l)
{
    const struct hone_plugin *p = l->info;
    cJSON *o = cJSON_CreateObject();
    cJSON *items = cJSON_CreateArray();
    const char *slash = strrchr(l->path, '/');
    char abi[16];
    if (!o || !items) {
        cJSON_Delete(o);
        cJSON_Delete(items);
        return NULL;
    }
    snprintf(abi, sizeof abi, "%u.%u", p->abi_major, p->abi_minor);
    json_put_str(o, "file", slash ? slash + 1 : l->path);
    json_put_str(o, "path", l->path);
    json_put_str(o, "sha256", l->sha256);
    json_put_str(o, "name", p->name);
    json_put_str(o, "version", p->version);
    json_put_str(o, "license", p->license);
    json_put_str(o, "origin", p->origin);
    json_put_str(o, "abi", abi);
    for (size_t i = 0; p->items[i]; i++) {
        if (item_usable(p->items[i]))
            cJSON_AddItemToArray(items, item_json(p->items[i]));
    }
    json_put(o, "items", items);
    return o;
}
