/* `hone data`: looks at example files and rewrites them; needs no state and no worker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/api.h"
#include "core/base/json.h"
#include "core/cli/commands.h"
#include "core/data/check.h"
#include "core/data/convert.h"

static int format_option(const struct cli *c, const char *option, enum data_format *out, struct hone_err *err)
{
    const char *name = cli_value(c, option);
    int f = name ? data_format_of_name(name) : DATA_AUTO;
    *out = DATA_AUTO;
    if (f < 0)
        return hone_fail(err, ERR_USAGE, "--%s is '%.40s'; expected auto, jsonl, json, csv, tsv, fasttext, chat, alpaca or text", option, name);
    *out = (enum data_format)f;
    return 0;
}

/* ---- check ---- */

static void show_groups(const cJSON *report, const char *key, const char *title)
{
    const cJSON *f = json_get(report, key), *g;
    int n = 0;
    if (json_int(f, "count", 0) == 0)
        return;
    printf("\n%s: %lld; %s\n", title, (long long)json_int(f, "count", 0), json_str(f, "fix", ""));
    cJSON_ArrayForEach(g, json_get(f, "groups")) {
        char *lines = json_text(json_get(g, "lines"), 0), *outputs = json_get(g, "outputs") ? json_text(json_get(g, "outputs"), 0) : NULL;
        if (n++ < 10)
            printf("  lines %s%s%s\n", lines ? lines : "", outputs ? ": " : "", outputs ? outputs : "");
        free(lines);
        free(outputs);
    }
    if (n > 10)
        printf("  and more; --json lists %d groups\n", n);
}

static void show_few(const cJSON *few)
{
    const cJSON *o;
    int n = 0;
    if (cJSON_GetArraySize(few) == 0)
        return;
    printf("\nOutputs with few examples: %d\n", cJSON_GetArraySize(few));
    cJSON_ArrayForEach(o, few) {
        if (n++ < 10)
            printf("  %lld x %s; %s\n", (long long)json_int(o, "examples", 0), json_str(o, "output", ""), json_str(o, "fix", ""));
    }
    if (n > 10)
        printf("  and %d more; --json lists them\n", n - 10);
}

static void show_check(const struct cli *c, const cJSON *o)
{
    const cJSON *f;
    (void)c;
    cJSON_ArrayForEach(f, json_get(o, "faults")) {
        const char *path = json_str(f, "path", ""), *fix = json_str(f, "fix", "");
        printf("%s:%lld:%lld: %s: %s%s%s", json_str(f, "file", ""), (long long)json_int(f, "line", 0), (long long)json_int(f, "column", 0),
               json_str(f, "severity", ""), path, *path ? ": " : "", json_str(f, "message", ""));
        printf("%s%s\n", *fix ? "; " : "", fix);
    }
    long long errors = (long long)json_int(o, "errors", 0), warnings = (long long)json_int(o, "warnings", 0);
    long long rows = (long long)json_int(o, "rows", 0), outputs = (long long)json_int(o, "outputs", 0);
    printf("%s: %lld row%s, %lld output%s, %lld error%s, %lld warning%s\n", json_str(o, "file", ""), rows, rows == 1 ? "" : "s", outputs,
           outputs == 1 ? "" : "s", errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    show_groups(o, "duplicates", "Exact duplicates");
    show_groups(o, "near_duplicates", "Near duplicates");
    show_groups(o, "conflicts", "The same input with different outputs");
    show_groups(o, "shared", "Rows in both files");
    show_groups(o, "near_shared", "Nearly the same rows in both files");
    show_few(json_get(o, "few_examples"));
}

static int run_check(struct cli *c, struct hone_err *err)
{
    struct read_options options = { 0 };
    cJSON *report = NULL;
    if (format_option(c, "format", &options.format, err) < 0)
        return err->code;
    int rc = data_check(c->arg[0], cli_value(c, "validation"), &options, &report, err);
    if (rc < 0)
        return rc;
    static const char *const findings[] = { "duplicates", "conflicts", "shared" };
    long long errors = (long long)json_int(report, "errors", 0), warnings = (long long)json_int(report, "warnings", 0);
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++)
        warnings += (long long)json_int(json_get(report, findings[i]), "count", 0);
    rc = cli_result(c, report, show_check, err);
    if (rc == 0 && errors > 0)
        fprintf(stderr, "hone: %s: %lld row%s cannot be used\n", c->arg[0], errors, errors == 1 ? "" : "s");
    if (rc == 0 && errors == 0 && warnings > 0 && cli_value(c, "strict"))
        fprintf(stderr, "hone: %s: %lld warning%s and finding%s\n", c->arg[0], warnings, warnings == 1 ? "" : "s", warnings == 1 ? "" : "s");
    c->answered = 1;
    return rc == 0 && (errors > 0 || (warnings > 0 && cli_value(c, "strict"))) ? HONE_EINVAL : rc;
}

static const struct cli_option check_options[] = {
    { "format", "NAME", "format of the file: auto, jsonl, json, csv, tsv, fasttext, chat, alpaca, text" },
    { "validation", "FILE", "also look for rows that this file shares" },
    { "strict", NULL, "warnings, duplicates, contradictions and shared rows fail, too" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_data_check = {
    "data check", "FILE", "list every fault of an example file, and what would mislead training",
    "hone data check examples.jsonl\nhone data check train.csv --validation test.csv --json",
    check_options, 1, 1, 0, run_check,
};

/* ---- convert ---- */

static int run_convert(struct cli *c, struct hone_err *err)
{
    struct read_options options = { 0 };
    enum data_format to;
    int64_t rows = 0;
    if (format_option(c, "format", &options.format, err) < 0 || format_option(c, "to", &to, err) < 0)
        return err->code;
    int rc = data_convert(c->arg[0], &options, c->arg[1], to, cli_value(c, "lossy") != NULL, &rows, err);
    if (rc < 0)
        return rc;
    if (!c->json || strcmp(c->arg[1], "-") == 0) {
        cli_hint(c, "%lld rows written to %s", (long long)rows, strcmp(c->arg[1], "-") == 0 ? "standard output" : c->arg[1]);
        return 0;
    }
    cJSON *o = cli_query("output", c->arg[1], NULL);
    json_put_int(o, "rows", rows);
    return cli_result(c, o, NULL, err);
}

static const struct cli_option convert_options[] = {
    { "format", "NAME", "format of the file that is read" },
    { "to", "NAME", "format that is written (default: by the new file's suffix)" },
    { "lossy", NULL, "leave out what the new format cannot hold" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_data_convert = {
    "data convert", "FILE NEW", "write examples in another format",
    "hone data convert rows.csv rows.jsonl\nhone data convert rows.jsonl - --to fasttext --lossy",
    convert_options, 2, 2, 0, run_convert,
};

/* ---- split ---- */

static int run_split(struct cli *c, struct hone_err *err)
{
    struct read_options options = { 0 };
    double share, seed;
    int64_t train = 0, validation = 0;
    if (format_option(c, "format", &options.format, err) < 0 || cli_number(c, "share", 0.001, 0.9, 0.2, &share, err) < 0 ||
        cli_number(c, "seed", 0, 9007199254740992.0, 42, &seed, err) < 0)
        return err->code;
    int rc = data_split_file(c->arg[0], &options, share, (uint64_t)seed, c->arg[1], c->arg[2], &train, &validation, err);
    if (rc < 0)
        return rc;
    if (!c->json) {
        cli_hint(c, "%lld rows in %s, %lld in %s", (long long)train, c->arg[1], (long long)validation, c->arg[2]);
        return 0;
    }
    cJSON *o = cJSON_CreateObject();
    json_put_int(o, "training_rows", train);
    json_put_int(o, "validation_rows", validation);
    return cli_result(c, o, NULL, err);
}

static const struct cli_option split_options[] = {
    { "format", "NAME", "format of the file that is read" },
    { "share", "P", "share of the rows for VALIDATION (default 0.2)" },
    { "seed", "N", "another division (default 42)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_data_split = {
    "data split", "FILE TRAIN VALIDATION", "divide examples into two JSONL files, each output alike",
    "hone data split all.jsonl train.jsonl fresh.jsonl --share 0.1",
    split_options, 3, 3, 0, run_split,
};
