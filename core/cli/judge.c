/* `hone evaluate` and `hone report`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/cli/commands.h"

static void show_list(const char *title, const cJSON *list)
{
    const cJSON *v;
    if (cJSON_GetArraySize(list) == 0)
        return;
    printf("\n%s\n", title);
    cJSON_ArrayForEach(v, list) {
        if (cJSON_IsString(v))
            printf("  - %s\n", v->valuestring);
        else
            printf("  - [%s] %s: %s; %s\n", json_str(v, "priority", "-"), json_str(v, "recommendation", "-"), json_str(v, "evidence", "-"),
                   json_str(v, "expected_impact", "-"));
    }
}

/* The first characters of a text, for a table. */
static const char *shortened(const char *text, char out[64])
{
    if (utf8_length(text, strlen(text)) <= 48)
        return text;
    size_t n = 48;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    snprintf(out, 64, "%.*s...", (int)n, text);
    return out;
}

static void show_confused(const cJSON *pairs)
{
    static const char *const heads[] = { "EXPECTED", "ANSWERED", "ROWS" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *p;
    int n = 0;
    cJSON_ArrayForEach(p, pairs) {
        char count[64], expected[64], answered[64];
        if (n++ < 5)
            cli_row(rows, 3, shortened(json_str(p, "expected", ""), expected), shortened(json_str(p, "predicted", ""), answered),
                    cli_number_text(p, "rows", "%.0f", count));
    }
    if (n > 0) {
        puts("\nMost confused");
        cli_print_table(heads, 3, rows);
    }
    cJSON_Delete(rows);
}

static void show_off_policy(const cJSON *o)
{
    static const char *const heads[] = { "ESTIMATE", "REWARD", "LOW", "HIGH" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *e;
    char text[4][64];
    cli_pair("log", "%s rows, average reward %s", cli_number_text(o, "rows", "%.0f", text[0]), cli_number_text(o, "log_average_reward", "%.4f", text[1]));
    cli_pair("policy", "%s", strcmp(json_str(o, "policy", ""), "softmax") == 0 ? "draws from its confidences" : "gives its best answer");
    cli_pair("effective rows", "%s (largest ratio %s, mean %s)", cli_number_text(o, "effective_sample_size", "%.1f", text[0]),
             cli_number_text(o, "largest_ratio", "%.3g", text[1]), cli_number_text(o, "mean_ratio", "%.3f", text[2]));
    cJSON_ArrayForEach(e, json_get(o, "estimates")) {
        const cJSON *range = json_get(e, "interval");
        cli_row(rows, 4, json_str(e, "name", "?"), cli_number_text(e, "value", "%.4f", text[0]), cli_number_text(range, "low", "%.4f", text[1]),
                cli_number_text(range, "high", "%.4f", text[2]));
    }
    puts("");
    cli_print_table(heads, 4, rows);
    cJSON_Delete(rows);
    show_list("Notes", json_get(o, "notes"));
}

static void show_benchmark(const cJSON *b)
{
    char points[64], percent[64], chance[64];
    if (!b)
        return;
    printf("\nAgainst %s: %s points of accuracy, %s %% of the loss, p %s; %s\n", json_str(b, "baseline_job_id", "-"),
           cli_number_text(b, "accuracy_improvement", "%+.2f", points), cli_number_text(b, "loss_reduction", "%+.1f", percent),
           cli_number_text(json_get(b, "paired_test"), "p_value", "%.3g", chance), json_str(b, "verdict", ""));
}

static void show_evaluation(const struct cli *c, const cJSON *o)
{
    const cJSON *e = json_get(o, "evaluation"), *a = json_get(o, "analysis"), *m;
    cli_pair("job", "%s", json_str(o, "job_id", "-"));
    if (json_get(o, "off_policy")) {
        show_off_policy(json_get(o, "off_policy"));
        return;
    }
    cli_pair("score", "%.4f, grade %s", json_num(e, "overall_score", 0), json_str(e, "quality_grade", "-"));
    cJSON_ArrayForEach(m, json_get(o, "metrics")) {
        const cJSON *range = json_get(m, "interval");
        char value[64];
        if (cJSON_IsObject(range))
            cli_pair(json_str(m, "name", "?"), "%s  (%.0f%% interval %.4f to %.4f)", cli_number_text(m, "value", "%.4f", value),
                     json_num(range, "level", 0) * 100, json_num(range, "low", 0), json_num(range, "high", 0));
        else
            cli_pair(json_str(m, "name", "?"), "%s", cli_number_text(m, "value", "%.4f", value));
    }
    const cJSON *r = json_get(o, "abstention"), *cal = json_get(o, "calibration");
    cli_pair("calibration", "error %.4f, without the temperature %.4f", json_num(cal, "ece", 0), json_num(cal, "ece_before", 0));
    cli_pair("refused", "%.4f of the rows: those below a confidence of %.4f", json_num(r, "abstention_rate", 0), json_num(r, "agent_threshold", 0));
    if (json_int(r, "out_of_scope_rows", 0) > 0 && json_int(r, "in_scope_rows", 0) > 0)
        cli_pair("out of scope", "%.4f of %lld rows refused, accuracy of the others %.4f", json_num(r, "out_of_scope_recall", 0),
                 (long long)json_int(r, "out_of_scope_rows", 0), json_num(r, "in_scope_accuracy", 0));
    cli_pair("convergence", "%s", json_str(a, "convergence_status", "-"));
    cli_pair("overfitting", "%s", json_str(a, "overfitting_risk", "-"));
    cli_pair("underfitting", "%s", json_str(a, "underfitting_risk", "-"));
    printf("\n%s\n", json_str(e, "summary", ""));
    show_list("Strengths", json_get(o, "strengths"));
    show_list("Weaknesses", json_get(o, "weaknesses"));
    show_list("Recommendations", json_get(o, "recommendations"));
    show_confused(json_get(o, "confused"));
    show_benchmark(json_get(o, "benchmark_comparison"));
    cli_hint(c, "\nEvery output, slice and error: the same command with --json.");
}

/* Names of files become names that a daemon can open. */
static int share_files(struct cli *c, cJSON *in, struct hone_err *err)
{
    int rc = cli_share_member(c, in, "test_file", "test_dataset_id", err);
    if (rc >= 0)
        rc = cli_share_member(c, in, "safety_rules", NULL, err);
    cJSON *log = cJSON_GetObjectItemCaseSensitive(in, "log");
    return rc < 0 || !log ? rc : cli_share_member(c, log, "file", NULL, err);
}

static int run_evaluate(struct cli *c, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    const char *test = cli_value(c, "test"), *criteria = cli_value(c, "criteria");
    const char *log = cli_value(c, "log"), *policy = cli_value(c, "policy");
    double limit;
    if (cli_terminal(test) || cli_terminal(log))
        return hone_fail(err, ERR_USAGE, "--test - and --log - read a pipe or a file, not a terminal");
    if (log && (test || criteria))
        return hone_fail(err, ERR_USAGE, "--log estimates rewards of a log; --test and --criteria judge answers by examples: give one of them");
    if (!log && (policy || cli_value(c, "switch-at")))
        return hone_fail(err, ERR_USAGE, "--policy and --switch-at go with --log FILE");
    if (policy && strcmp(policy, "best") != 0 && strcmp(policy, "softmax") != 0)
        return hone_fail(err, ERR_USAGE, "--policy is '%.40s'; expected best or softmax", policy);
    if (cli_number(c, "switch-at", 0, 1e9, 10, &limit, err) < 0)
        return err->code;
    cJSON *in = cli_query("job_id", c->arg[0], NULL);
    if (log) {
        json_put(in, "log", cli_query("file", log, "format", cli_value(c, "format"), NULL));
        json_put_str(in, "policy", policy ? policy : "best");
        json_put_num(in, "switch_at", limit);
    }
    const char *const given[][2] = { { "test_file", test }, { "test_format", cli_value(c, "format") }, { "safety_rules", cli_value(c, "rules") },
                                     { "benchmark_against", cli_value(c, "benchmark") }, { "learning_curve", cli_value(c, "learning-curve") } };
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        cli_put(in, given[i][0], given[i][1]);
    if (criteria)
        json_put(in, "evaluation_criteria", json_words(criteria, ','));
    cli_progress_open(&p, c, &hooks);
    cJSON *out = NULL;
    if (share_files(c, in, err) >= 0)
        out = cli_call_with(c, "evaluateTrainingResults", in, &hooks, STDOUT_FILENO, err);
    else
        cJSON_Delete(in);
    cli_progress_close(&p);
    return cli_result(c, out, show_evaluation, err);
}

static const struct cli_option evaluate_options[] = {
    { "test", "FILE", "fresh examples; without it, the rows that training held out" },
    { "log", "FILE", "instead: a log of answers with rewards and propensities; estimates what this agent would have earned" },
    { "policy", "NAME", "of --log: best (its best answer, the default) or softmax (drawn from its confidences)" },
    { "switch-at", "N", "of --log: ratio above which switch_dr trusts the model alone (default 10)" },
    { "format", "NAME", "format of the examples or the log" },
    { "criteria", "NAME,...", "metrics to score by (default: accuracy, precision, recall, f1_score, loss)" },
    { "benchmark", "JOB", "a baseline, compared on rows that neither was trained on" },
    { "learning-curve", "WHEN", "models on parts of the rows, to foretell what more would bring: auto (default; when they are few), always, never" },
    { "rules", "FILE", "what is unsafe, for the metric safety: lines 'term WORDS', 'regex EXPRESSION', 'refusal WORDS'" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_evaluate = {
    "evaluate", "JOB", "judge what a job has trained",
    "hone evaluate latest --test fresh.jsonl\nhone evaluate latest --log log.jsonl\nhone evaluate latest\nhone evaluate job_01jd --criteria f1_score --json",
    evaluate_options, 1, 1, 1, run_evaluate,
};

/* ---- report ---- */

static cJSON *options_of(const char *text, struct hone_err *err)
{
    return json_parse(text, strlen(text), "--options", err);
}

static void show_written(const struct cli *c, const cJSON *o)
{
    cli_hint(c, "%s: %lld bytes", json_str(o, "output", "standard output"), (long long)json_int(o, "bytes", 0));
}

/* What a command line names: a job; with --type agent_summary an agent; with --type comparison jobs, or a comparison. */
static cJSON *report_query(const struct cli *c)
{
    const char *type = cli_value(c, "type"), *sections = cli_value(c, "sections");
    int agent = type && strcmp(type, "agent_summary") == 0, compared = type && strcmp(type, "comparison") == 0;
    cJSON *in = cli_query("format", cli_value(c, "format") ? cli_value(c, "format") : c->json ? "json" : NULL, "report_type", type, agent ? "agent_id" : compared && c->n_args == 1 ? "comparison_id" : "job_id",
                          compared && c->n_args > 1 ? NULL : c->arg[0], NULL);
    cJSON *ids = cJSON_CreateArray();
    for (int i = 0; i < c->n_args; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(c->arg[i]));
    if (compared && c->n_args > 1)
        json_put(in, "run_ids", ids);
    else
        cJSON_Delete(ids);
    if (sections)
        json_put(in, "include_sections", json_words(sections, ','));
    return in;
}

/* Takes in. The report is written here, wherever it is made. */
static cJSON *report(struct cli *c, cJSON *in, const char *output, struct hone_err *err)
{
    struct file_out to;
    struct api_hooks hooks;
    struct cli_progress p;
    if (file_out_open(&to, output ? output : "-", err) < 0) {
        cJSON_Delete(in);
        return NULL;
    }
    cli_progress_open(&p, c, &hooks);
    cJSON *out = cli_call_with(c, "generateTrainingReport", in, &hooks, to.fd, err);
    cli_progress_close(&p);
    if (file_out_close(&to, out != NULL, err) < 0) {
        cJSON_Delete(out);
        out = NULL;
    }
    if (out && output)
        json_put_str(out, "output", output);
    return out;
}

static void show_verified(const struct cli *c, const cJSON *o)
{
    const cJSON *d;
    (void)c;
    cli_pair("report", "%s", json_str(o, "report_type", "-"));
    cli_pair("numbers", "%lld", (long long)json_int(o, "numbers", 0));
    cli_pair("computed again", "%lld evaluations, %lld comparisons", (long long)json_int(o, "evaluations", 0), (long long)json_int(o, "comparisons", 0));
    cli_pair("verified", "%s", json_bool(o, "verified", 0) ? "yes" : "no");
    cJSON_ArrayForEach(d, json_get(o, "differences"))
        printf("  - %s: found %s, expected %s\n", json_str(d, "where", ""), json_str(d, "found", "nothing"), json_str(d, "expected", "nothing"));
    show_list("Notes", json_get(o, "notes"));
}

/* --verify FILE: the report as it is against the report as it should be. */
static int verify(struct cli *c, const char *file, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    struct buf text = { 0 };
    cJSON *in = cli_query("test_file", cli_value(c, "test"), NULL), *out = NULL;
    int rc = cli_share_member(c, in, "test_file", NULL, err);
    if (rc >= 0)
        rc = file_read(file, 64 << 20, &text, err);
    if (rc >= 0 && text.n && (strlen(buf_str(&text)) != text.n || utf8_invalid_at(buf_str(&text), text.n) != text.n))
        rc = hone_fail(err, HONE_EINVAL, "%s is no text in UTF-8, so no report of Hone", file);
    if (rc >= 0)
        json_put_str(in, "report", text.n ? buf_str(&text) : "");
    buf_free(&text);
    cli_progress_open(&p, c, &hooks);
    if (rc >= 0)
        out = cli_call_with(c, "verifyTrainingReport", in, &hooks, STDOUT_FILENO, err);
    else
        cJSON_Delete(in);
    cli_progress_close(&p);
    int same = json_bool(out, "verified", 0), found = cJSON_GetArraySize(json_get(out, "differences"));
    char where[200];
    snprintf(where, sizeof where, "%s", json_str(json_get(out, "differences") ? json_get(out, "differences")->child : NULL, "where", ""));
    rc = cli_result(c, out, show_verified, err);
    return rc == 0 && !same ? hone_fail(err, ERR_NOT_VERIFIED, "%s is not what the stored run gives: %d differences, the first at %s", file, found, where) : rc;
}

static int run_report(struct cli *c, struct hone_err *err)
{
    const char *verified = cli_value(c, "verify");
    if (verified && c->n_args > 0)
        return hone_fail(err, ERR_USAGE, "--verify FILE says itself what the report is about; leave out '%.80s'", c->arg[0]);
    if (verified)
        return verify(c, verified, err);
    if (c->n_args == 0)
        return hone_fail(err, ERR_USAGE, "a report needs a JOB (or an AGENT, or a comparison, with --type), or --verify FILE");
    if (c->n_args > 1 && strcmp(cli_value(c, "type") ? cli_value(c, "type") : "", "comparison") != 0)
        return hone_fail(err, ERR_USAGE, "'%.80s' is one argument too many: only a report with --type comparison is about several jobs; --output FILE says where it goes",
                         c->arg[1]);
    if (cli_value(c, "test"))
        return hone_fail(err, ERR_USAGE, "--test goes with --verify FILE: it says where the rows of its evaluation are now");
    const char *output = cli_value(c, "output"), *options = cli_value(c, "options");
    cJSON *in = report_query(c);
    cJSON *parsed = options ? options_of(options, err) : NULL;
    if (options && !parsed) {
        cJSON_Delete(in);
        return err->code;
    }
    if (parsed)
        json_put(in, "options", parsed);
    cJSON *out = report(c, in, output, err);
    if (!out)
        return err->code;
    if (output && c->json)
        cli_print_json(out);
    else if (output)
        show_written(c, out);
    cJSON_Delete(out);
    return 0;
}

static const struct cli_option report_options[] = {
    { "type", "TYPE", "single_job (default), executive, agent_summary (of an AGENT), comparison (of JOBs, or of a comparison's id)" },
    { "sections", "NAME,...", "summary, config, data, metrics, charts, confusion, calibration, errors, statistics, recommendations, environment" },
    { "format", "NAME", "a report plugin: markdown (default), html, json, csv, junit, latex" },
    { "options", "JSON", "settings of that plugin (`hone plugin inspect NAME`)" },
    { "output", "FILE", "where it goes; without it, standard output" },
    { "verify", "FILE", "instead: make that report again from the stored run, compute its evaluations and comparisons anew, and name what differs" },
    { "test", "FILE", "of --verify: where the rows are now that its evaluation was made on" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_report = {
    "report", "JOB", "write a report about a job, an agent or a comparison",
    "hone report latest\nhone report latest --format html --output report.html\nhone report job_01jd job_01je --type comparison\nhone report --verify report.html",
    report_options, 0, 10, 1, run_report,
};
