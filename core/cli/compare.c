/* `hone compare`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/cli/commands.h"

/* Adds to b, as "NAME=VALUE", the members of an object of a run's configuration that not all runs have alike: of the whole, or of the group
 * of that name (a plugin's options). */
static void add_unlike(struct buf *b, const cJSON *runs, const cJSON *members, const char *group)
{
    const cJSON *m, *run;
    cJSON_ArrayForEach(m, members) {
        int alike = 1;
        cJSON_ArrayForEach(run, runs) {
            const cJSON *config = json_get(run, "config");
            alike &= cJSON_Compare(json_get(group ? json_get(config, group) : config, m->string), m, 1);
        }
        if (alike)
            continue;
        if (!group && cJSON_IsObject(m)) {
            add_unlike(b, runs, m, m->string);
            continue;
        }
        char *value = cJSON_IsString(m) ? strdup(m->valuestring) : json_text(m, 0);
        buf_printf(b, "%s%s%s%s=%s", b->n ? " " : "", group ? group : "", group ? "." : "", m->string, value ? value : "");
        b->oom |= !value;
        free(value);
    }
}

/* Gives each run `differs`, which the eye needs and the answer lacks: its settings that are not those of all, "" where all have the same. */
static int add_differences(struct cli *c, cJSON *runs, struct hone_err *err)
{
    cJSON *run;
    cJSON_ArrayForEach(run, runs) {
        cJSON *job = cli_call(c, "getTrainingJob", cli_query("job_id", json_str(run, "job_id", ""), NULL), err);
        if (!job)
            return err->code;
        json_put(run, "config", cJSON_DetachItemFromObject(job, "config"));
        cJSON_Delete(job);
    }
    cJSON_ArrayForEach(run, runs) {
        struct buf b = { 0 };
        add_unlike(&b, runs, json_get(run, "config"), NULL);
        const char *text = buf_str(&b);
        cJSON *differs = text ? cJSON_CreateString(text) : NULL;
        buf_free(&b);
        if (!differs)
            return hone_fail(err, HONE_ENOMEM, "memory ran out");
        json_put(run, "differs", differs);
    }
    return 0;
}

static void show_differences(const cJSON *runs)
{
    static const char *const heads[] = { "RUN", "SETTINGS THAT DIFFER" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *run;
    int differ = 0;
    cJSON_ArrayForEach(run, runs) {
        const char *differs = json_str(run, "differs", "");
        differ |= *differs != '\0';
        cli_row(rows, 2, json_str(run, "job_id", "-"), *differs ? differs : "-");
    }
    if (differ) {
        putchar('\n');
        cli_print_table(heads, 2, rows);
    } else
        cli_pair("settings", "the same in all runs");
    cJSON_Delete(rows);
}

/* A value with its unit: docs/evaluation.md, "Metrics". */
static const char *measured(const char *metric, const cJSON *place, char out[64])
{
    static const struct {
        const char *metric, *fmt;
    } units[] = { { "training_time", "%.0f ms" }, { "convergence_speed", "%.6g epochs" }, { "cost_efficiency", "%.6g a second" } };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(metric, units[i].metric) == 0)
            return cli_number_text(place, "value", units[i].fmt, out);
    }
    return cli_number_text(place, "value", "%.6g", out);
}

static void show_metrics(const cJSON *o)
{
    static const char *const heads[] = { "METRIC", "BEST", "", "WORST", "" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *m;
    cJSON_ArrayForEach(m, json_get(o, "metric_comparisons")) {
        char best[64], worst[64];
        cli_row(rows, 5, m->string, measured(m->string, json_get(m, "best"), best), json_str(json_get(m, "best"), "job_id", "-"),
                measured(m->string, json_get(m, "worst"), worst), json_str(json_get(m, "worst"), "job_id", "-"));
    }
    cli_print_table(heads, 5, rows);
    cJSON_Delete(rows);
}

static void show_pairs(const cJSON *analysis)
{
    static const char *const heads[] = { "RUN", "AGAINST", "POINTS", "95% INTERVAL", "P", "SIGNIFICANT", "EQUIVALENT" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *p;
    cJSON_ArrayForEach(p, json_get(analysis, "pairs")) {
        char points[32], interval[64], chance[32];
        const cJSON *v = json_get(p, "interval");
        snprintf(points, sizeof points, "%+.2f", 100 * json_num(p, "difference", 0));
        snprintf(interval, sizeof interval, "%+.2f to %+.2f", 100 * json_num(v, "low", 0), 100 * json_num(v, "high", 0));
        snprintf(chance, sizeof chance, "%.3g", json_num(p, "p_adjusted", 1));
        cli_row(rows, 7, json_str(p, "a", "-"), json_str(p, "b", "-"), points, interval, chance, json_bool(p, "significant", 0) ? "yes" : "no",
                json_bool(json_get(p, "equivalence"), "equivalent", 0) ? "yes" : "not shown");
    }
    putchar('\n');
    cli_print_table(heads, 7, rows);
    cJSON_Delete(rows);
}

static void show_texts(const char *title, const cJSON *list)
{
    const cJSON *v;
    if (cJSON_GetArraySize(list) > 0)
        printf("\n%s\n", title);
    cJSON_ArrayForEach(v, list)
        printf("  - %s\n", cJSON_IsString(v) ? v->valuestring : "");
}

static void show_comparison(const struct cli *c, const cJSON *o)
{
    const cJSON *r = json_get(o, "recommendations"), *test = json_get(o, "test"), *run;
    cli_pair("comparison", "%s", json_str(o, "comparison_id", "-"));
    long long trained = (long long)json_int(test, "trained_on", 0);
    cli_pair("rows", trained ? "%lld in common, without %lld that a run was trained on" : "%lld in common", (long long)json_int(test, "rows", 0), trained);
    cli_pair("winner", "%s", json_str(json_get(o, "winner"), "job_id", "none"));
    int i = 0;
    cJSON_ArrayForEach(run, json_get(o, "runs")) { /* in the order that they were named in */
        const char *id = json_str(run, "job_id", "-"), *named = i < c->n_args ? c->arg[i] : "";
        if (strncmp(id, named, strlen(named)) != 0)
            cli_pair("run", "%s, named %s", id, named);
        i++;
    }
    show_differences(json_get(o, "runs"));
    putchar('\n');
    show_metrics(o);
    if (cJSON_IsObject(json_get(o, "statistical_analysis")))
        show_pairs(json_get(o, "statistical_analysis"));
    printf("\n%s\n", json_str(r, "summary", json_str(o, "winner_reason", "")));
    show_texts("Next steps", json_get(r, "next_steps"));
    show_texts("Trade-offs", json_get(r, "trade_offs"));
    cli_hint(c, "\nEffect sizes, power and the tests of the losses: the same command with --json.");
}

static int run_compare(struct cli *c, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    const char *test = cli_value(c, "test"), *metrics = cli_value(c, "metrics");
    double margin;
    if (cli_number(c, "margin", 0.0001, 0.5, 0, &margin, err) < 0)
        return err->code;
    cJSON *in = cJSON_CreateObject(), *ids = cJSON_CreateArray();
    if (cli_terminal(test)) {
        cJSON_Delete(ids);
        cJSON_Delete(in);
        return hone_fail(err, ERR_USAGE, "--test - reads a pipe or a file, not a terminal");
    }
    for (int i = 0; i < c->n_args; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(c->arg[i]));
    json_put(in, "run_ids", ids);
    cli_put(in, "test_file", test);
    cli_put(in, "test_format", cli_value(c, "format"));
    if (metrics)
        json_put(in, "comparison_metrics", json_words(metrics, ','));
    if (margin > 0)
        json_put_num(in, "equivalence_margin", margin);
    cli_progress_open(&p, c, &hooks);
    cJSON *out = NULL;
    if (cli_share_member(c, in, "test_file", "test_dataset_id", err) >= 0)
        out = cli_call_with(c, "compareTrainingRuns", in, &hooks, STDOUT_FILENO, err);
    else
        cJSON_Delete(in);
    cli_progress_close(&p);
    int certain = json_bool(json_get(out, "statistical_analysis"), "significant", 0);
    char reason[400];
    snprintf(reason, sizeof reason, "%s", json_str(out, "winner_reason", ""));
    if (out && !c->json && add_differences(c, cJSON_GetObjectItem(out, "runs"), err) < 0) {
        cJSON_Delete(out);
        out = NULL;
    }
    int rc = cli_result(c, out, show_comparison, err);
    return rc == 0 && cli_value(c, "require-significant") && !certain ? hone_fail(err, ERR_NOT_BETTER, "no significant winner: %s", reason) : rc;
}

static const struct cli_option compare_options[] = {
    { "test", "FILE", "fresh examples; without it, the rows that all runs held out" },
    { "format", "NAME", "their format" },
    { "metrics", "NAME,...", "accuracy, loss, validation_accuracy, validation_loss, training_time, convergence_speed, final_performance, stability, cost_efficiency" },
    { "margin", "P", "accuracies nearer than this count as equal (default: 0.01)" },
    { "require-significant", NULL, "exit code 11 unless the best run is proved better than the next" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_compare = {
    "compare", "JOB JOB...", "compare jobs on rows that none was trained on",
    "hone compare job_01jd job_01je\nhone compare job_01jd job_01je --test fresh.jsonl\nhone compare job_01jd job_01je --require-significant --quiet",
    compare_options, 2, 10, 1, run_compare,
};
