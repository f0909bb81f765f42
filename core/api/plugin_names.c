/* The names of the plugins that a daemon's workers find, so that a request which names another one is refused at once. They are asked
 * of a worker when a name is not known yet, at most once in a while, and kept: what was installed since is found at the next miss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/daemon_priv.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/train/config.h"

#define AGAIN_US (10 * 1000000)
#define MOST 512

struct plugin_names {
    pthread_mutex_t lock;    /* the rest */
    cJSON *plugins;          /* as the probe gives them; NULL: never asked */
    int64_t asked_us;
};

struct plugin_names *plugin_names_new(void)
{
    struct plugin_names *n = calloc(1, sizeof *n);
    if (n)
        pthread_mutex_init(&n->lock, NULL);
    return n;
}

void plugin_names_free(struct plugin_names *n)
{
    if (!n)
        return;
    cJSON_Delete(n->plugins);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

/* Names of items of that kind, NULL-terminated, borrowed from the list. */
static int names_of(const cJSON *plugins, const char *kind, const char *names[MOST + 1])
{
    const cJSON *p, *i;
    int n = 0;
    cJSON_ArrayForEach(p, plugins)
        cJSON_ArrayForEach(i, json_get(p, "items"))
            if (n < MOST && strcmp(json_str(i, "kind", ""), kind) == 0)
                names[n++] = json_str(i, "name", "");
    names[n] = NULL;
    return n;
}

static int among(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return 1;
    return 0;
}

static void ask(struct api *a, struct plugin_names *n)
{
    struct hone_err ignored = { 0 };
    cJSON *in = cJSON_CreateObject(), *out = api_plugin_list(a, in, &ignored);
    api_clear(a);
    n->asked_us = clock_mono_us();
    if (out) {
        cJSON_Delete(n->plugins);
        n->plugins = cJSON_DetachItemFromObjectCaseSensitive(out, "plugins");
    }
    cJSON_Delete(in);
    cJSON_Delete(out);
}

/* One more detail: the name in config.`key` is no plugin's. */
static void complain(cJSON *details, const char *key, const char *kind, const char *name, const char *near)
{
    char text[256];
    cJSON *d = cJSON_CreateObject();
    snprintf(text, sizeof text, "config.%s", key);
    json_put_str(d, "path", text);
    snprintf(text, sizeof text, "there is no %s '%.80s'", kind, name);
    json_put_str(d, "message", text);
    if (near)
        snprintf(text, sizeof text, "did you mean '%.80s'?", near);
    else
        snprintf(text, sizeof text, "listPlugins names those that there are");
    json_put_str(d, "fix", text);
    cJSON_AddItemToArray(details, d);
}

int plugin_names_check(struct api *a, const struct train_config *config, struct hone_err *err)
{
    const struct { const char *key, *kind, *name, *host; } named[] = {
        { "optimizer", "optimizer", config->optimizer, "adam" }, { "schedulerType", "scheduler", config->scheduler_type, "linear" },
        { "trainingType", "paradigm", config->training_type, "supervised" }, { "model", "model", config->model, "auto" },
    };
    struct plugin_names *n = a->daemon->names;
    cJSON *details = cJSON_CreateArray();
    const char *names[MOST + 1];
    pthread_mutex_lock(&n->lock);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        const char *name = named[i].name;
        /* Paths and other libraries' names are the worker's to find, and a sequence is no plugin. */
        if (!name || strcmp(name, named[i].host) == 0 || strpbrk(name, "/:") || strcmp(name, "sequence") == 0)
            continue;
        int known = names_of(n->plugins, named[i].kind, names) > 0 && among(name, names);
        if (!known && (!n->plugins || clock_mono_us() - n->asked_us > AGAIN_US)) {
            ask(a, n);
            known = names_of(n->plugins, named[i].kind, names) > 0 && among(name, names);
        }
        if (!known && n->plugins)
            complain(details, named[i].key, named[i].kind, name, text_nearest(name, names));
    }
    pthread_mutex_unlock(&n->lock);
    int faults = cJSON_GetArraySize(details);
    if (faults == 0) {
        cJSON_Delete(details);
        return 0;
    }
    const cJSON *first = details->child;
    hone_fail(err, HONE_EINVAL, "%s: %s; %s", json_str(first, "path", ""), json_str(first, "message", ""), json_str(first, "fix", ""));
    api_clear(a);
    a->details = details;
    return HONE_EINVAL;
}
