/* `hone plugin`: what can be named in a configuration, and what it takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/cli/commands.h"

/* A row of an item; what else it can be named as stands behind what it is. */
static void add_item(cJSON *rows, const cJSON *plugin, const cJSON *item)
{
    char what[600];
    const cJSON *a;
    size_t n = (size_t)snprintf(what, sizeof what, "%s", json_str(item, "brief", ""));
    cJSON_ArrayForEach(a, json_get(item, "aliases"))
        if (n < sizeof what)
            n += (size_t)snprintf(what + n, sizeof what - n, "%s%s", a->prev->next ? ", " : "; also ", json_str(a, "name", ""));
    cli_row(rows, 4, json_str(item, "kind", NULL), json_str(item, "name", NULL), json_str(plugin, "file", NULL), what);
}

static void show_plugins(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "KIND", "NAME", "FILE", "WHAT IT IS" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *p, *it;
    cJSON_ArrayForEach(p, json_get(o, "plugins")) {
        const char *fault = json_str(p, "error", NULL);
        cJSON_ArrayForEach(it, json_get(p, "items"))
            add_item(rows, p, it);
        if (fault)
            fprintf(stderr, "hone: %s: %s\n", json_str(p, "file", "?"), fault);
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 4, rows);
    else
        cli_hint(c, "No plugin was found; `hone config explain plugins.path` tells where they are looked for.");
    cJSON_Delete(rows);
}

static int run_list(struct cli *c, struct hone_err *err)
{
    static const char *const kinds[] = { "optimizer", "scheduler", "paradigm", "model", "metric", "report", "generator", NULL };
    const char *kind = cli_value(c, "kind"), *near = kind ? text_nearest(kind, kinds) : NULL;
    int known = !kind;
    for (int i = 0; kinds[i] && kind; i++)
        known |= strcmp(kinds[i], kind) == 0;
    if (!known)
        return hone_fail(err, ERR_USAGE, "--kind is '%.40s'%s%s; expected optimizer, scheduler, paradigm, model, metric, report or generator", kind,
                         near ? "; did you mean " : "", near ? near : "");
    cJSON *in = cli_query("kind", kind, NULL), *out = cli_call(c, "listPlugins", in, err);
    return cli_result(c, out, show_plugins, err);
}

static const struct cli_option list_options[] = {
    { "kind", "KIND", "optimizer, scheduler, paradigm, model, metric, report or generator" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_plugin_list = {
    "plugin list", "", "list the plugins that are found", "hone plugin list\nhone plugin list --kind optimizer",
    list_options, 0, 0, 1, run_list,
};

/* ---- inspect ---- */

static void show_settings(const cJSON *settings)
{
    static const char *const heads[] = { "SETTING", "TYPE", "DEFAULT", "MIN", "MAX", "WHAT IT DOES" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *s;
    cJSON_ArrayForEach(s, settings) {
        const cJSON *dflt = json_get(s, "default");
        char *text = cJSON_IsString(dflt) ? json_copy(dflt->valuestring) : dflt ? json_text(dflt, 0) : NULL, low[64], high[64];
        cli_row(rows, 6, json_str(s, "name", NULL), json_str(s, "type", NULL), text, cli_number_text(s, "min", "%g", low),
                cli_number_text(s, "max", "%g", high), json_str(s, "doc", NULL));
        free(text);
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 6, rows);
    cJSON_Delete(rows);
}

/* "momentum (f32 per element), v.copies (f64 per tensor, history_size times)" */
static void show_slots(const cJSON *item)
{
    const cJSON *s;
    int n = 0;
    cJSON_ArrayForEach(s, json_get(item, "slots")) {
        const cJSON *copies = json_get(s, "copies");
        printf("%s%s (%s per %s", n++ ? ", " : "state: ", json_str(s, "name", "?"), json_str(s, "dtype", "?"), json_str(s, "per", "?"));
        if (cJSON_IsString(copies))
            printf(", %s times", copies->valuestring);
        else if (copies && copies->valueint > 1)
            printf(", %d times", copies->valueint);
        printf("%s)", json_bool(s, "saved", 1) ? "" : ", not saved");
    }
    if (n)
        printf("\n");
    else if (json_get(item, "slots"))
        printf("state: none\n");
}

/* What to write into hone.conf so that no other file is loaded in its place. */
static void show_pin(const struct cli *c, const cJSON *plugin)
{
    const char *by = strchr(c->arg[0], '/') ? "path" : "file", *hash = json_str(plugin, "sha256", NULL);
    if (hash)
        cli_pair("pin it", "plugins: { pins = [\"%s=%s\"] };", json_str(plugin, by, "?"), hash);
}

static void show_aliases(const cJSON *item)
{
    const cJSON *a;
    cJSON_ArrayForEach(a, json_get(item, "aliases")) {
        char *options = json_text(json_get(a, "options"), 0);
        printf("%s: %s\n", json_str(a, "name", "?"), options && strcmp(options, "{}") != 0 ? options : "the same defaults");
        free(options);
    }
}

static void show_plugin(const struct cli *c, const cJSON *o)
{
    const cJSON *p, *it;
    cJSON_ArrayForEach(p, json_get(o, "plugins")) {
        cli_pair("file", "%s", json_str(p, "path", "-"));
        cli_pair("plugin", "%s %s, %s, interface %s", json_str(p, "name", "-"), json_str(p, "version", "-"), json_str(p, "license", "-"),
                 json_str(p, "abi", "-"));
        cli_pair("SHA-256", "%s", json_str(p, "sha256", "-"));
        show_pin(c, p);
        if (json_str(p, "error", NULL))
            cli_pair("error", "%s", json_str(p, "error", ""));
        cJSON_ArrayForEach(it, json_get(p, "items")) {
            printf("\n%s %s: %s\n", json_str(it, "kind", "?"), json_str(it, "name", "?"), json_str(it, "brief", ""));
            if (json_str(it, "alias", NULL))
                printf("As %s, with the defaults that this name stands for.\n", json_str(it, "alias", ""));
            show_aliases(it);
            if (json_str(it, "doc", NULL))
                printf("%s\n", json_str(it, "doc", ""));
            show_settings(json_get(it, "settings"));
            show_slots(it);
        }
    }
}

static int run_inspect(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("name", c->arg[0], NULL), *out = api_plugin_inspect(&c->api, in, err);
    const cJSON *first = cJSON_GetArrayItem(json_get(out, "plugins"), 0);
    const char *fault = json_str(first, "error", NULL);
    if (fault)
        hone_fail(err, HONE_EINVAL, "%s", fault);
    cJSON_Delete(in);
    if (!fault)
        return cli_result(c, out, show_plugin, err);
    cJSON_Delete(out);
    return err->code;
}

const struct cli_command cmd_plugin_inspect = {
    "plugin inspect", "NAME|FILE", "a plugin's settings, their ranges and defaults", "hone plugin inspect adamw\nhone plugin inspect ./mine.so",
    NULL, 1, 1, 1, run_inspect,
};
