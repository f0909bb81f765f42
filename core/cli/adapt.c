/* `hone adapt` and `hone feedback`: what people say of answers, and what follows from it. */
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_trends(const cJSON *o)
{
    static const char *const heads[] = { "TREND", "BEFORE", "NOW", "DIFFERENCE", "P", "CHANGED" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *t;
    cJSON_ArrayForEach(t, json_get(o, "trends")) {
        char text[4][64], difference[160];
        snprintf(difference, sizeof difference, "%s (%s to %s)", cli_number_text(t, "difference", "%+.3f", text[0]), cli_number_text(t, "low", "%+.3f", text[1]),
                 cli_number_text(t, "high", "%+.3f", text[2]));
        cli_row(rows, 6, json_str(t, "name", "?"), cli_number_text(t, "before", "%.3f", text[0]), cli_number_text(t, "now", "%.3f", text[1]),
                json_get(t, "difference") && cJSON_IsNumber(json_get(t, "difference")) ? difference : "-", cli_number_text(t, "p_adjusted", "%.4f", text[3]),
                json_str(t, "direction", "-"));
    }
    cli_print_table(heads, 6, rows);
    cJSON_Delete(rows);
}

static void show_proposals(const cJSON *list)
{
    const cJSON *p;
    if (cJSON_GetArraySize(list))
        puts("\nProposals");
    cJSON_ArrayForEach(p, list) {
        const cJSON *e = json_get(p, "expected_effect");
        char text[3][64];
        printf("  - [%s, %s risk] %s\n", json_str(p, "kind", "?"), json_str(p, "risk", "?"), json_str(p, "reason", ""));
        if (cJSON_IsObject(e))
            printf("    effect on %s: %s (%s to %s), by %s\n", json_str(e, "metric", "?"), cli_number_text(e, "estimate", "%+.4f", text[0]), cli_number_text(e, "low", "%+.4f", text[1]),
                   cli_number_text(e, "high", "%+.4f", text[2]), json_str(e, "estimator", "?"));
        else
            printf("    no estimate: %s\n", json_str(p, "no_estimate_because", ""));
    }
}

static void show_adaptation(const struct cli *c, const cJSON *o)
{
    const cJSON *now = json_get(o, "window"), *before = json_get(o, "window_before"), *e;
    cli_pair("agent", "%s", json_str(o, "agent_name", "?"));
    cli_pair("window", "%lld interactions, %lld rated; before: %lld, %lld rated", (long long)json_int(now, "interactions", 0), (long long)json_int(now, "rated", 0),
             (long long)json_int(before, "interactions", 0), (long long)json_int(before, "rated", 0));
    cli_pair("changed", "%s", json_bool(o, "drift_found", 0) ? "yes" : "nothing that these interactions can show");
    putchar('\n');
    show_trends(o);
    show_proposals(json_get(o, "proposals"));
    cJSON_ArrayForEach(e, json_get(o, "applied"))
        printf("\nApplied: version %lld (%s); hone agent rollback goes back\n", (long long)json_int(e, "version", 0), json_str(e, "version_id", "?"));
    if (json_str(o, "not_applied_because", NULL))
        cli_hint(c, "\nNothing was applied: %s.", json_str(o, "not_applied_because", ""));
}

static int run_adapt(struct cli *c, struct hone_err *err)
{
    double days, share, cost;
    if (cli_number(c, "window", 1, 90, 7, &days, err) < 0 || cli_number(c, "canary-share", 0, 0.99, 0, &share, err) < 0 || cli_number(c, "wrong-cost", 0, 1000, 1, &cost, err) < 0)
        return err->code;
    if (share > 0 && !cli_value(c, "auto-apply"))
        return hone_fail(err, ERR_USAGE, "--canary-share goes with --auto-apply");
    cJSON *in = cli_query("agent_id", c->arg[0], NULL);
    json_put_num(in, "feedback_window_days", days);
    json_put_bool(in, "auto_apply", cli_value(c, "auto-apply") != NULL);
    if (share > 0)
        json_put_num(in, "canary_share", share);
    if (cli_value(c, "wrong-cost"))
        json_put_num(in, "wrong_cost", cost);
    return cli_result(c, cli_call(c, "adaptAgentBehavior", in, err), show_adaptation, err);
}

static const struct cli_option adapt_options[] = {
    { "window", "DAYS", "how far back, and the length of the window before that it is compared with (7)" },
    { "auto-apply", NULL, "apply a change of low risk whose lower bound improves" },
    { "canary-share", "P", "let such a version answer this share of the questions first" },
    { "wrong-cost", "N", "what a wrong answer costs, where a right one earns 1 and a refusal 0 (1)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_adapt = {
    "adapt", "AGENT", "tell how an agent does against before, and propose or apply changes",
    "hone adapt support\nhone adapt support --window 14 --json\nhone adapt support --auto-apply --canary-share 0.1", adapt_options, 1, 1, 1, run_adapt,
};

static void show_feedback(const struct cli *c, const cJSON *o)
{
    (void)c;
    cli_pair("interaction", "%s", json_str(o, "interaction_id", "-"));
    cli_pair("answer", "%s", json_str(o, "output", "none"));
    cli_pair("feedback", "%s", json_str(o, "feedback", "-"));
    cli_pair("right answer", "%s", json_str(o, "expected_output", "-"));
}

static int run_feedback(struct cli *c, struct hone_err *err)
{
    double rating;
    if (cli_number(c, "rating", 0, 1, 0, &rating, err) < 0)
        return err->code;
    cJSON *in = cli_query("interaction_id", c->arg[0], NULL);
    cli_put(in, "feedback", c->n_args > 1 ? c->arg[1] : NULL);
    cli_put(in, "expected_output", cli_value(c, "answer"));
    if (cli_value(c, "rating"))
        json_put_num(in, "rating", rating);
    return cli_result(c, cli_call(c, "recordFeedback", in, err), show_feedback, err);
}

static const struct cli_option feedback_options[] = {
    { "answer", "TEXT", "what the answer should have been" },
    { "rating", "P", "how good it was, from 0 to 1" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_feedback = {
    "feedback", "INTERACTION [WORD]", "say how good an answer was: correct, partial or incorrect",
    "hone feedback intr_01jd correct\nhone feedback intr_01jd incorrect --answer refund", feedback_options, 1, 2, 1, run_feedback,
};
