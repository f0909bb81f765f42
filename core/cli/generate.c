/* `hone generate`: new examples from those of a training module. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_measure(const cJSON *m)
{
    const cJSON *v = json_get(m, "interval");
    if (!m)
        return;
    cli_pair("accuracy", "%.4f without, %.4f with the new rows (%lld rows, 5 seeds, %s)", json_num(m, "accuracy_without", 0), json_num(m, "accuracy_with", 0),
             (long long)json_int(m, "rows", 0), strcmp(json_str(m, "test", ""), "test_data") == 0 ? "fresh rows" : "parts of the module in turn");
    if (json_int(m, "rows_of_module", 0))
        cli_pair("left out", "%lld test rows, which are rows of the module", (long long)json_int(m, "rows_of_module", 0));
    cli_pair("difference", "%+.2f points, 95%% interval %+.2f to %+.2f, p %.3g: %s", 100 * json_num(m, "difference", 0), 100 * json_num(v, "low", 0),
             100 * json_num(v, "high", 0), json_num(m, "p", 1), json_bool(m, "helps", 0) ? "they help" : "no help is proved");
}

static void show_generated(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "INPUT", "OUTPUT", "DIFFICULTY", "MADE BY" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *s, *coverage = json_get(o, "coverage_analysis"), *why = json_get(o, "shortfall");
    char score[64];
    int n = 0;
    cJSON_ArrayForEach(s, json_get(o, "scenarios")) {
        char by[160];
        const cJSON *p = json_get(s, "provenance");
        snprintf(by, sizeof by, "%s, %s", json_str(p, "generator", "-"), json_str(p, "method", "-"));
        if (n++ < 50)
            cli_row(rows, 4, json_str(s, "input", NULL), json_str(s, "expected_output", NULL), json_str(s, "difficulty", NULL), by);
    }
    if (n > 0)
        cli_print_table(heads, 4, rows);
    cJSON_Delete(rows);
    if (n > 50)
        printf("and %d more; --json or --output FILE has all\n", n - 50);
    printf("%s", n > 0 ? "\n" : "");
    cli_pair("module", "%s", json_str(o, "module_id", "-"));
    cli_pair("dataset", "%s", json_str(o, "dataset_id", "-"));
    cli_pair("generated", "%lld of %lld", (long long)json_int(o, "generated", 0), (long long)json_int(o, "requested", 0));
    if (cJSON_IsString(why))
        cli_pair("why", "%s", why->valuestring);
    cli_pair("diversity", "%s", cli_number_text(o, "diversity_score", "%.3f", score));
    cli_pair("outputs", "%lld of %lld covered", (long long)json_int(coverage, "outputs_covered", 0), (long long)json_int(coverage, "outputs", 0));
    show_measure(json_get(o, "measure"));
    (void)c;
}

/* The new rows as JSON lines that can be trained on. */
static int write_rows(const cJSON *o, const char *path, struct hone_err *err)
{
    struct buf b = { 0 };
    const cJSON *s;
    int rc = 0;
    cJSON_ArrayForEach(s, json_get(o, "scenarios")) {
        cJSON *row = cJSON_CreateObject(), *m = cJSON_CreateObject();
        json_put_str(row, "input", json_str(s, "input", ""));
        json_put_str(row, "expected_output", json_str(s, "expected_output", ""));
        json_put_bool(m, "synthetic", 1);
        json_put_str(m, "id", json_str(s, "id", ""));
        json_put_str(m, "difficulty", json_str(s, "difficulty", ""));
        json_put(row, "metadata", m);
        json_print(&b, row, 0);
        buf_putc(&b, '\n');
        cJSON_Delete(row);
    }
    const char *text = buf_str(&b);
    if (!text)
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (strcmp(path, "-") == 0)
        rc = file_write_all(STDOUT_FILENO, text, b.n) ? err_errno(err, "write", "standard output") : 0;
    else
        rc = file_write_atomic(path, text, b.n, err);
    buf_free(&b);
    return rc;
}

/* Names with the options of --options, which is an object of objects by name. */
static cJSON *generators(const char *names, const cJSON *options, struct hone_err *err)
{
    cJSON *list = cJSON_CreateArray(), *words = json_words(names ? names : "template,edit,ngram_lm", ',');
    const cJSON *w, *v;
    cJSON_ArrayForEach(w, words) {
        cJSON *g = cli_query("name", w->valuestring, NULL);
        if (json_get(options, w->valuestring))
            json_put(g, "options", cJSON_Duplicate(json_get(options, w->valuestring), 1));
        cJSON_AddItemToArray(list, g);
    }
    cJSON_ArrayForEach(v, options) {
        int used = 0;
        cJSON_ArrayForEach(w, words)
            used |= strcmp(w->valuestring, v->string) == 0;
        if (!used && !err->code)
            hone_fail(err, ERR_USAGE, "--options has settings for '%.60s', which is none of the generators", v->string);
    }
    cJSON_Delete(words);
    return list;
}

static int add_options(struct cli *c, cJSON *in, struct hone_err *err)
{
    double count, each, seed, surplus;
    const char *options = cli_value(c, "options");
    if (cli_number(c, "count", 1, 50, 0, &count, err) < 0 || cli_number(c, "per-output", 1, 50, 0, &each, err) < 0 ||
        cli_number(c, "seed", 0, 9007199254740991.0, 42, &seed, err) < 0 || cli_number(c, "surplus", 1, 50, 0, &surplus, err) < 0)
        return err->code;
    if (surplus > 0)
        json_put_num(in, "surplus", surplus);
    if (count > 0)
        json_put_num(in, "sample_count", count);
    if (each > 0)
        json_put_num(in, "samples_per_output", each);
    json_put_num(in, "seed", seed);
    cli_put(in, "difficulty", cli_value(c, "difficulty"));
    if (cli_value(c, "for"))
        json_put(in, "outputs", json_words(cli_value(c, "for"), ','));
    cJSON *parsed = options ? json_parse(options, strlen(options), "--options", err) : NULL;
    if (options && !cJSON_IsObject(parsed)) {
        cJSON_Delete(parsed);
        return err->code ? (err->code = ERR_USAGE) : hone_fail(err, ERR_USAGE, "--options: expected {\"GENERATOR\": {\"SETTING\": VALUE}}");
    }
    if (parsed || cli_value(c, "generators"))
        json_put(in, "generators", generators(cli_value(c, "generators"), parsed, err));
    cJSON_Delete(parsed);
    json_put_bool(in, "measure", cli_value(c, "measure") || cli_value(c, "test"));
    json_put_bool(in, "keep", !cli_value(c, "no-keep"));
    json_put(in, "config", settings_training(c->settings));
    cli_put(in, "test_file", cli_value(c, "test"));
    cli_put(in, "test_format", cli_value(c, "format"));
    if (cli_terminal(cli_value(c, "test")))
        return hone_fail(err, ERR_USAGE, "--test - reads a pipe or a file, not a terminal");
    return err->code < 0 ? err->code : 0;
}

static int run_generate(struct cli *c, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    const char *output = cli_value(c, "output");
    cJSON *in = cli_query("module_id", c->arg[0], NULL), *out = NULL;
    if (add_options(c, in, err) < 0 || cli_share_member(c, in, "test_file", "test_dataset_id", err) < 0) {
        cJSON_Delete(in);
        return err->code;
    }
    cli_progress_open(&p, c, &hooks);
    out = cli_call_with(c, "generateSyntheticTrainingData", in, &hooks, STDOUT_FILENO, err);
    cli_progress_close(&p);
    if (out && output && write_rows(out, output, err) < 0) {
        cJSON_Delete(out);
        return err->code;
    }
    if (!out || !output || strcmp(output, "-") != 0)
        return cli_result(c, out, show_generated, err);
    cJSON_Delete(out);
    return 0;
}

static const struct cli_option generate_options[] = {
    { "count", "N", "examples over all outputs, 1 to 50 (default 10)" },
    { "per-output", "N", "examples for each output, 1 to 50, in place of --count" },
    { "difficulty", "LEVEL", "easy, medium, hard or expert: how near to another output (default: any)" },
    { "for", "OUTPUT,...", "for these outputs only" },
    { "generators", "NAME,...", "generator plugins (default: template,edit,ngram_lm)" },
    { "options", "JSON", "their settings: {\"template\": {\"join\": 0}}" },
    { "surplus", "X", "candidates for each example that is chosen, 1 to 50 (default 1.5); more are farther apart" },
    { "seed", "N", "other examples (default 42)" },
    { "output", "FILE", "also write the rows as JSON lines, to train on (- writes nothing else to standard output)" },
    { "no-keep", NULL, "do not keep them as a dataset" },
    { "measure", NULL, "train with and without them, five times, and tell the difference" },
    { "test", "FILE", "measure on these fresh examples" },
    { "format", "NAME", "their format" },
    { "config", "FILE", "settings of the model that judges and of --measure, from a file" },
    { "preset", "NAME", "the same from a preset (default: few-shot up to 20 examples an output)" },
    { "set", "KEY=VALUE", "one of these settings; may be repeated" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_generate = {
    "generate", "MODULE", "make new examples from those of a training module",
    "hone generate support --count 20 --difficulty hard\nhone generate support --per-output 20 --output new.jsonl\n"
    "hone generate support --per-output 10 --measure --test fresh.jsonl --json",
    generate_options, 1, 1, 1, run_generate,
};
