/* The task "check": tries every item of a plugin. Called by main.c for `hone plugin check`. */
#include <string.h>
#include "core/base/json.h"
#include "core/host/guard.h"
#include "core/host/kind.h"
#include "core/worker/check_plugin.h"

void check_line(struct checking *c, const char *what, const char *why)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "kind", c->item ? kind_name(c->item->kind) : "file");
    json_put_str(o, "item", c->item ? c->item->name : c->file);
    json_put_str(o, "what", what);
    json_put_bool(o, "passed", why == NULL);
    json_put_str(o, "why", why);
    cJSON_AddItemToArray(c->checks, o);
}

static void try_item(struct checking *c)
{
    check_line(c, "is described, with settings in their ranges", NULL);
    switch (c->item->kind) {
    case HONE_OPTIMIZER:
        check_optimizer(c);
        break;
    case HONE_SCHEDULER:
        check_scheduler(c);
        break;
    case HONE_PARADIGM:
        check_paradigm(c);
        break;
    case HONE_METRIC:
        check_metric(c);
        break;
    case HONE_MODEL:
        check_model(c);
        break;
    case HONE_REPORT:
        check_report(c);
        break;
    case HONE_GENERATOR:
        check_generator(c);
        break;
    default:
        break;
    }
}

static void check_item(struct checking *c)
{
    struct guard guard;
    struct hone_err err = { 0 };
    guard_enter(&guard);
    try_item(c);
    check_line(c, "leaves rounding, locale and signals as they are", guard_leave(&guard, "it", &err) < 0 ? err.text : NULL);
}

int task_check(struct task *t, struct hone_err *err)
{
    const char *file = json_str(t->start, "file", "");
    struct checking c = { .task = t };
    const struct registry_plugin *from = NULL;
    t->stage = "plugin";
    cJSON *about = plugin_describe(file, err);
    const char *fault = json_str(about, "error", NULL);
    if (!about || fault) {
        if (fault)
            hone_fail(err, HONE_EINVAL, "%s", fault);
        cJSON_Delete(about);
        return err->code;
    }
    const char *kind = json_str(cJSON_GetArrayItem(json_get(about, "items"), 0), "kind", "");
    for (uint32_t k = HONE_OPTIMIZER; k <= HONE_GENERATOR && !from; k++)
        if (strcmp(kind_name(k), kind) == 0)
            registry_find(t->registry, k, file, &from, err);
    cJSON_Delete(about);
    if (!from)
        return err->code ? err->code : hone_fail(err, HONE_EINVAL, "%s: it offers nothing that can be tried", file);
    c.checks = cJSON_CreateArray();
    json_put(t->result, "checks", c.checks);
    c.file = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    check_file(&c, file);
    for (int i = 0; from->info->items[i]; i++) {
        c.item = from->info->items[i];
        check_item(&c);
    }
    return 0;
}
