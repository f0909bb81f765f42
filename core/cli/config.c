/* `hone config`: what holds, where it comes from, what there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_config(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "KEY", "VALUE", "FROM" };
    const cJSON *sources = json_get(o, "sources"), *training = json_get(o, "training"), *s;
    cJSON *rows = cJSON_CreateArray();
    cJSON_ArrayForEach(s, sources) {
        const cJSON *v = strcmp(s->string, "state") == 0          ? json_get(o, "state")
                         : strncmp(s->string, "plugins.", 8) == 0 ? json_get(json_get(o, "plugins"), s->string + 8)
                         : strchr(s->string, '.')                 ? json_get(json_get(o, "serve"), s->string)
                                                                  : json_get(training, s->string);
        char *text = v ? json_text(v, 0) : NULL;
        cli_row(rows, 3, s->string, text, s->valuestring);
        free(text);
    }
    cli_print_table(heads, 3, rows);
    cJSON_Delete(rows);
    if (json_str(o, "fault", NULL))
        fprintf(stderr, "hone: %s\n", json_str(o, "fault", ""));
    cli_hint(c, "\nWhat one key does: hone config explain KEY");
}

static int run_show(struct cli *c, struct hone_err *err)
{
    return cli_result(c, settings_show(c->settings), show_config, err);
}

#define LAYER_OPTIONS                                                                                                                     \
    { "config", "FILE", "settings from a file" }, { "preset", "NAME", "settings from a preset" },                                         \
    { "set", "KEY=VALUE", "one setting; may be repeated" }

static const struct cli_option show_options[] = { LAYER_OPTIONS, { NULL, NULL, NULL } };
const struct cli_command cmd_config_show = {
    "config show", "", "all settings that hold, and where each comes from", "hone config show\nhone config show --preset quick --json",
    show_options, 0, 0, 1, run_show,
};

/* ---- explain ---- */

static void show_key(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "LAYER", "HOLDS", "VALUE", "SOURCE" };
    const cJSON *l;
    cJSON *rows = cJSON_CreateArray();
    char *value = json_text(json_get(o, "value"), 0);
    (void)c;
    cli_pair("key", "%s", json_str(o, "key", "-"));
    cli_pair("value", "%s, from %s", value ? value : "-", json_str(o, "source", "-"));
    if (json_str(o, "expected", NULL))
        cli_pair("expected", "%s", json_str(o, "expected", ""));
    if (json_str(o, "aliases", NULL) && *json_str(o, "aliases", ""))
        cli_pair("also called", "%s", json_str(o, "aliases", ""));
    if (json_str(o, "variable", NULL))
        cli_pair("variable", "%s", json_str(o, "variable", ""));
    printf("\n%s\n\n", json_str(o, "doc", ""));
    cJSON_ArrayForEach(l, json_get(o, "layers")) {
        char *text = cJSON_IsNull(json_get(l, "value")) ? NULL : json_text(json_get(l, "value"), 0);
        const char *source = json_str(l, "source", json_str(l, "file", NULL));
        cli_row(rows, 4, json_str(l, "layer", NULL), json_bool(l, "wins", 0) ? "yes" : " ", text, source);
        free(text);
    }
    cli_print_table(heads, 4, rows);
    cJSON_Delete(rows);
    free(value);
}

static int run_explain(struct cli *c, struct hone_err *err)
{
    if (cli_value(c, "markdown")) {
        char *text = settings_markdown();
        if (!text)
            return hone_fail(err, HONE_ENOMEM, "memory ran out");
        fputs(text, stdout);
        free(text);
        return 0;
    }
    if (c->n_args == 0)
        return hone_fail(err, ERR_USAGE, "hone config explain needs a KEY; `hone config show` lists them");
    return cli_result(c, settings_explain(c->settings, c->arg[0], err), show_key, err);
}

static const struct cli_option explain_options[] = {
    LAYER_OPTIONS,
    { "markdown", NULL, "the table of all keys instead, as in the manual" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_config_explain = {
    "config explain", "[KEY]", "what a setting does and which layer decides it", "hone config explain epochs\nhone config explain optimizerOptions.beta1",
    explain_options, 0, 1, 1, run_explain,
};

/* ---- presets ---- */

static void show_presets(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "PRESET", "WHAT IT IS FOR", "FILE" };
    const cJSON *p;
    cJSON *rows = cJSON_CreateArray();
    cJSON_ArrayForEach(p, json_get(o, "presets"))
        cli_row(rows, 3, json_str(p, "name", NULL), json_str(p, "doc", NULL), json_str(p, "file", NULL));
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 3, rows);
    else
        cli_hint(c, "No preset was found.");
    cJSON_Delete(rows);
}

static int run_presets(struct cli *c, struct hone_err *err)
{
    cJSON *all = settings_files("presets", err), *o = all ? cJSON_CreateObject() : NULL;
    json_put(o, "presets", all);
    return cli_result(c, o, show_presets, err);
}

const struct cli_command cmd_preset_list = {
    "preset list", "", "list the presets that can be named", "hone preset list\nhone train --agent a --data f.jsonl --preset quick",
    NULL, 0, 0, 1, run_presets,
};

static void show_preset(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "SETTING", "VALUE" };
    const cJSON *v;
    cJSON *rows = cJSON_CreateArray();
    (void)c;
    printf("%s: %s\n%s\n\n", json_str(o, "name", ""), json_str(o, "doc", ""), json_str(o, "file", ""));
    cJSON_ArrayForEach(v, json_get(o, "settings")) {
        char *text = json_text(v, 0);
        cli_row(rows, 2, v->string, text);
        free(text);
    }
    cli_print_table(heads, 2, rows);
    cJSON_Delete(rows);
}

static int run_preset(struct cli *c, struct hone_err *err)
{
    return cli_result(c, settings_preset(c->arg[0], err), show_preset, err);
}

const struct cli_command cmd_preset_show = {
    "preset show", "NAME", "the settings of a preset", "hone preset show bandit", NULL, 1, 1, 1, run_preset,
};
