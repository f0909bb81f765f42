/* Finds, checks and loads plugins and keeps what they offer. The only place that calls dlopen; linked into hone-worker,
 * never into hone. Plugins stay loaded until the process ends. */
#ifndef HOST_REGISTRY_H
#define HOST_REGISTRY_H
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "core/base/pool.h"
#include "hone/completion.h"
#include "hone/generator.h"
#include "hone/metric.h"
#include "hone/model.h"
#include "hone/optimizer.h"
#include "hone/paradigm.h"
#include "hone/report.h"
#include "hone/scheduler.h"

struct registry;

struct registry_plugin {          /* where an item came from */
    char *path;                   /* real path, or that of linked.h */
    char sha256[65];
    const struct hone_plugin *info;
};

/* `dirs`: NULL-terminated, searched in order; pool: threads lent through hone_host.parallel. Loads nothing yet. */
struct registry *registry_new(const char *const *dirs, struct pool *pool, struct hone_err *err);
void registry_free(struct registry *r);
const struct hone_host *registry_host(struct registry *r);
/* Offers plugins "hone.completion/1" from now on (borrowed). */
void registry_lend_completion(struct registry *r, const struct hone_completion_service *service);

/* The item of that kind and name, loading plugins as needed: first the file NAME.so of the directories (an item is named
 * after its file or found by loading the remaining files of the directory once). `name` with a '/' is a path to a plugin
 * whose first item of that kind is taken. NULL with err: HONE_EINVAL "no optimizer 'adm'; did you mean 'adam'?
 * known: ...", ERR_PLUGIN for a file that cannot be used or without any plugin of the kind. *from (may be NULL) gets its plugin. */
const struct hone_item *registry_find(struct registry *r, uint32_t kind, const char *name,
                                      const struct registry_plugin **from, struct hone_err *err);

/* Item number i (0 first) of a kind, over all plugins, which are all loaded for it; NULL behind the last, or when its plugin does not
 * start. */
const struct hone_item *registry_item(struct registry *r, uint32_t kind, int64_t i, const struct registry_plugin **from);

/* A settings block of an item, filled with defaults and then from `values` (a cJSON object, or NULL). Unknown names,
 * wrong types and values out of range fail with HONE_EINVAL: "adamw: lr = -1 is outside [0, 10]"; then item->check().
 * camelCase and snake_case names are both accepted. The block (and its strings) is freed with settings_free(). */
void *settings_new(const struct hone_item *item, const cJSON *values, struct hone_err *err);
void settings_free(const struct hone_item *item, void *conf);
/* Whether the item has a setting of that name, and its place (or NULL). */
const struct hone_param *settings_param(const struct hone_item *item, const char *name);
/* Sets a HONE_REAL, kept within its range. */
void settings_set_real(const struct hone_item *item, void *conf, const char *name, double value);
/* All settings as a JSON object, in the order of the table. */
cJSON *settings_json(const struct hone_item *item, const void *conf);

/* "optimizer", "scheduler", ... for HONE_OPTIMIZER ...; NULL for others. And back, 0 for unknown. */
const char *kind_name(uint32_t kind);
uint32_t kind_of_name(const char *name);

/* Describes every plugin file of the directories, each opened in a child process of its own so that a broken one cannot
 * take the caller down: array of {file, path, sha256, name, version, license, origin, abi, items: [{kind, name, brief,
 * doc, settings: [{name, type, default, min, max, choices, doc, flags}], slots, outputs ...}]} or {file, path, error}. */
cJSON *registry_describe(const char *const *dirs, struct hone_err *err);
/* The same for one file. */
cJSON *plugin_describe(const char *path, struct hone_err *err);

#endif
