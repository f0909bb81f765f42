/* `hone monitor`: the state of a job, once or until it ends. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/cli/commands.h"

/* With the columns of a paradigm's own score where there is one, else with those of accuracy. */
static void show_history(const cJSON *history)
{
    const char *score = json_str(cJSON_GetArrayItem(history, 0), "score_name", NULL);
    char valid[80];
    snprintf(valid, sizeof valid, "VALIDATION %.60s", score ? score : "ACCURACY");
    const char *const heads[] = { "EPOCH", "STEP", "LOSS", score ? score : "ACCURACY", "VALIDATION LOSS", valid, "BEST" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *h;
    cJSON_ArrayForEach(h, history) {
        char text[6][64];
        cli_row(rows, 7, cli_number_text(h, "epoch", "%.0f", text[0]), cli_number_text(h, "step", "%.0f", text[1]),
                cli_number_text(h, "loss", "%.4f", text[2]), cli_number_text(h, score ? "score" : "accuracy", "%.4f", text[3]),
                cli_number_text(h, "validation_loss", "%.4f", text[4]), cli_number_text(h, score ? "validation_score" : "validation_accuracy", "%.4f", text[5]),
                json_bool(h, "best", 0) ? "*" : "");
    }
    putchar('\n');
    cli_print_table(heads, 7, rows);
    cJSON_Delete(rows);
}

static void show_checkpoints(const cJSON *list)
{
    static const char *const heads[] = { "CHECKPOINT", "EPOCH", "STEP", "KIND", "BYTES", "FILE" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *k;
    cJSON_ArrayForEach(k, list) {
        char text[3][64];
        cli_row(rows, 6, json_str(k, "id", NULL), cli_number_text(k, "epoch", "%.0f", text[0]), cli_number_text(k, "step", "%.0f", text[1]),
                json_str(k, "kind", NULL), cli_number_text(k, "bytes", "%.0f", text[2]), json_str(k, "file", NULL));
    }
    putchar('\n');
    cli_print_table(heads, 6, rows);
    cJSON_Delete(rows);
}

/* Of a job that started from weights: what it still knows of what its base knew. */
static void show_forgetting(const cJSON *f)
{
    char text[4][64];
    if (json_str(f, "why", NULL))
        cli_pair("forgetting", "not measured: %s", json_str(f, "why", ""));
    else
        cli_pair("forgetting", "%s on %s held-out rows of the base, %s before (%s)", cli_number_text(f, "after", "%.4f", text[0]),
                 cli_number_text(f, "rows", "%.0f", text[1]), cli_number_text(f, "before", "%.4f", text[2]), cli_number_text(f, "change", "%+.4f", text[3]));
}

static void show_state(const struct cli *c, const cJSON *o)
{
    const cJSON *p = json_get(o, "progress"), *m = json_get(o, "metrics"), *error = json_get(o, "error"), *forgot = json_get(json_get(o, "results"), "forgetting");
    char text[6][64], left[32] = "";
    (void)c;
    if (cJSON_IsNumber(json_get(p, "estimated_time_remaining_ms")) && strcmp(json_str(o, "status", ""), "running") == 0)
        clock_human(json_num(p, "estimated_time_remaining_ms", 0) / 1000, left);
    cli_pair("job", "%s", json_str(o, "job_id", "-"));
    cli_pair("status", "%s%s%s%s", json_str(o, "status", "-"), json_str(o, "stop_reason", NULL) ? " (" : "", json_str(o, "stop_reason", ""),
             json_str(o, "stop_reason", NULL) ? ")" : "");
    cli_pair("progress", "epoch %s of %s, step %s of %s, %s%%%s%s%s", cli_number_text(p, "current_epoch", "%.0f", text[0]),
             cli_number_text(p, "total_epochs", "%.0f", text[1]), cli_number_text(p, "current_step", "%.0f", text[2]),
             cli_number_text(p, "total_steps", "%.0f", text[3]), cli_number_text(p, "percent_complete", "%.1f", text[4]),
             *left ? ", about " : "", left, *left ? " left" : "");
    cli_pair("training", "loss %s, accuracy %s", cli_number_text(m, "loss", "%.4f", text[0]), cli_number_text(m, "accuracy", "%.4f", text[1]));
    cli_pair("validation", "loss %s, accuracy %s", cli_number_text(m, "validation_loss", "%.4f", text[0]),
             cli_number_text(m, "validation_accuracy", "%.4f", text[1]));
    cli_pair("speed", "%s examples a second", cli_number_text(m, "examples_per_second", "%.0f", text[0]));
    if (cJSON_IsObject(forgot))
        show_forgetting(forgot);
    if (json_str(error, "message", NULL))
        cli_pair("error", "%s", json_str(error, "message", ""));
    if (json_get(o, "history"))
        show_history(json_get(o, "history"));
    if (json_get(o, "checkpoints"))
        show_checkpoints(json_get(o, "checkpoints"));
}

/* One line a look, until the job ends or Ctrl-C; *last is the last look. */
static int follow(struct cli *c, const cJSON *in, cJSON **last, struct hone_err *err)
{
    char shown[96] = "", now[96], loss[64];
    cli_catch_signals();
    for (;;) {
        *last = cli_call(c, "monitorTrainingProgress", cJSON_Duplicate(in, 1), err);
        const char *status = json_str(*last, "status", "");
        if (!*last)
            return err->code;
        if (strcmp(status, "running") != 0 && strcmp(status, "preparing") != 0)
            return 0;
        if (cli_interrupts())
            return hone_fail(err, ERR_INTERRUPTED, "no longer watching; the job goes on");
        const cJSON *p = json_get(*last, "progress");
        snprintf(now, sizeof now, "epoch %d of %d, %.1f%%", (int)json_int(p, "current_epoch", 0), (int)json_int(p, "total_epochs", 0),
                 json_num(p, "percent_complete", 0));
        if (!c->quiet && strcmp(now, shown) != 0)
            fprintf(stderr, "%s, loss %s\n", now, cli_number_text(json_get(*last, "metrics"), "loss", "%.4f", loss));
        memcpy(shown, now, sizeof shown);
        cJSON_Delete(*last);
        *last = NULL;
        nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
    }
}

static int run_monitor(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("job_id", c->arg[0], NULL), *out = NULL;
    int rc = 0;
    json_put_bool(in, "include_history", cli_value(c, "history") != NULL);
    json_put_bool(in, "include_checkpoints", cli_value(c, "checkpoints") != NULL);
    if (cli_value(c, "follow"))
        rc = follow(c, in, &out, err);
    else
        out = cli_call(c, "monitorTrainingProgress", cJSON_Duplicate(in, 1), err);
    cJSON_Delete(in);
    if (rc < 0) {
        cJSON_Delete(out);
        return rc;
    }
    return cli_result(c, out, show_state, err);
}

static const struct cli_option monitor_options[] = {
    { "follow", NULL, "look twice a second until the job ends" },
    { "history", NULL, "with one row an epoch" },
    { "checkpoints", NULL, "with the checkpoints" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_monitor = {
    "monitor", "JOB", "how far a job is and how good by now",
    "hone monitor latest\nhone monitor latest --follow\nhone monitor job_01jd --history --json",
    monitor_options, 1, 1, 1, run_monitor,
};
