/* `hone module`: training modules, which are examples under a name. */
#include <stdio.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_module(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "DATASET", "NAME", "EXAMPLES", "CREATED" };
    const cJSON *made = json_get(o, "synthetic"), *d;
    char examples[64];
    (void)c;
    cli_pair("module", "%s", json_str(o, "module_id", "-"));
    cli_pair("name", "%s", json_str(o, "name", "-"));
    cli_pair("examples", "%s", cli_number_text(o, "examples", "%.0f", examples));
    if (json_int(o, "faults", 0) > 0)
        cli_pair("faults", "%lld rows cannot be used; `hone data check` lists them", (long long)json_int(o, "faults", 0));
    cli_pair("created", "%s", json_str(o, "created_at", "-"));
    cJSON *rows = cJSON_CreateArray();
    cJSON_ArrayForEach(d, made)
        cli_row(rows, 4, json_str(d, "dataset_id", NULL), json_str(d, "name", NULL), cli_number_text(d, "examples", "%.0f", examples),
                json_str(d, "created_at", NULL));
    if (cJSON_GetArraySize(rows) > 0) {
        puts("\nGenerated from it");
        cli_print_table(heads, 4, rows);
    }
    cJSON_Delete(rows);
}

static void show_created(const struct cli *c, const cJSON *o)
{
    show_module(c, o);
    cli_hint(c, "\nNext: hone generate %s --count 10", json_str(o, "module_id", "MODULE"));
}

static int run_create(struct cli *c, struct hone_err *err)
{
    if (!cli_value(c, "name") || !cli_value(c, "data"))
        return hone_fail(err, ERR_USAGE, "hone module create needs %s; see `hone module create --help`",
                         cli_value(c, "name") ? "--data FILE" : cli_value(c, "data") ? "--name NAME" : "--name NAME and --data FILE");
    if (cli_terminal(cli_value(c, "data")))
        return hone_fail(err, ERR_USAGE, "--data - reads a pipe or a file, not a terminal");
    cJSON *in = cli_query("name", cli_value(c, "name"), "file", cli_value(c, "data"), "format", cli_value(c, "format"), "description",
                          cli_value(c, "description"), NULL);
    if (cli_share_member(c, in, "file", "dataset_id", err) < 0) {
        cJSON_Delete(in);
        return err->code;
    }
    return cli_result(c, cli_call(c, "createTrainingModule", in, err), show_created, err);
}

static const struct cli_option create_options[] = {
    { "name", "NAME", "what it is called" },
    { "data", "FILE", "its examples (- reads standard input)" },
    { "format", "NAME", "their format: auto, jsonl, json, csv, tsv, fasttext, chat, alpaca" },
    { "description", "TEXT", "what it is" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_module_create = {
    "module create", "", "keep examples under a name, to train on and to generate from",
    "hone module create --name support --data examples.jsonl\nhone module create --name support --data rows.csv --json",
    create_options, 0, 0, 1, run_create,
};

static void show_modules(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "MODULE", "NAME", "EXAMPLES", "CREATED" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(o, "modules")) {
        char examples[64];
        cli_row(rows, 4, json_str(m, "module_id", NULL), json_str(m, "name", NULL), cli_number_text(m, "examples", "%.0f", examples),
                json_str(m, "created_at", NULL));
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 4, rows);
    else
        cli_hint(c, "There are no training modules. Make one with: hone module create --name NAME --data FILE");
    if (json_bool(o, "has_more", 0))
        cli_hint(c, "There are more; --limit N shows up to 200.");
    cJSON_Delete(rows);
}

static int run_list(struct cli *c, struct hone_err *err)
{
    double limit;
    if (cli_number(c, "limit", 1, 200, 50, &limit, err) < 0)
        return err->code;
    cJSON *in = cJSON_CreateObject();
    json_put_num(in, "limit", limit);
    return cli_result(c, cli_call(c, "listTrainingModules", in, err), show_modules, err);
}

static const struct cli_option list_options[] = {
    { "limit", "N", "the newest N (default 50, at most 200)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_module_list = {
    "module list", "", "list training modules, newest first", "hone module list\nhone module list --json", list_options, 0, 0, 1, run_list,
};

static int run_show(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "getTrainingModule", cli_query("module_id", c->arg[0], NULL), err), show_module, err);
}

const struct cli_command cmd_module_show = {
    "module show", "MODULE", "a training module and what was generated from it", "hone module show support\nhone module show module_01jd --json",
    NULL, 1, 1, 1, run_show,
};

static void show_deleted(const struct cli *c, const cJSON *o)
{
    cli_hint(c, "%s is removed; datasets that were generated from it and jobs that learned from it stay.", json_str(o, "module_id", "-"));
}

static int run_delete(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "deleteTrainingModule", cli_query("module_id", c->arg[0], NULL), err), show_deleted, err);
}

const struct cli_command cmd_module_delete = {
    "module delete", "MODULE", "remove a training module", "hone module delete support", NULL, 1, 1, 1, run_delete,
};
