/* `hone job`: listing, showing, stopping and removing jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_jobs(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "JOB", "AGENT", "STATUS", "DONE", "MODEL", "VALIDATION", "CREATED", "DATA" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *j;
    cJSON_ArrayForEach(j, json_get(o, "jobs")) {
        char done[64], accuracy[64], created[20];
        snprintf(created, sizeof created, "%.19s", json_str(j, "created_at", "-"));
        cli_row(rows, 8, json_str(j, "job_id", NULL), json_str(j, "agent_name", NULL), json_str(j, "status", NULL),
                cli_number_text(json_get(j, "progress"), "percent_complete", "%.0f%%", done), json_str(j, "model", NULL),
                cli_number_text(json_get(j, "metrics"), "validation_accuracy", "%.4f", accuracy), created, json_str(j, "data", NULL));
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 8, rows);
    else
        cli_hint(c, "There are no jobs in %s. Begin with: hone train --agent NAME --data FILE", c->api.state_dir);
    cJSON_Delete(rows);
}

static int run_list(struct cli *c, struct hone_err *err)
{
    double limit;
    if (cli_number(c, "limit", 0, 1e6, 50, &limit, err) < 0)
        return err->code;
    cJSON *in = cli_query("agent_id", cli_value(c, "agent"), "status", cli_value(c, "status"), NULL);
    cli_limit(in, limit);
    cJSON *out = cli_call(c, "listTrainingJobs", in, err);
    return cli_result(c, out, show_jobs, err);
}

static const struct cli_option list_options[] = {
    { "agent", "AGENT", "of this agent alone" },
    { "status", "STATUS", "preparing, running, paused, completed, failed or cancelled" },
    { "limit", "N", "the newest N (default 50, 0: all)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_job_list = {
    "job list", "", "list training jobs, newest first", "hone job list\nhone job list --agent support --status failed",
    list_options, 0, 0, 1, run_list,
};

/* ---- show ---- */

/* The members of an object that say something, one a line; nested ones as JSON. */
static void show_members(const char *title, const cJSON *o)
{
    const cJSON *v;
    if (!cJSON_IsObject(o) || !o->child)
        return;
    printf("\n%s\n", title);
    cJSON_ArrayForEach(v, o) {
        char *text = cJSON_IsString(v) ? json_copy(v->valuestring) : json_text(v, 0);
        if (!cJSON_IsNull(v) && text)
            printf("  %-22s %s\n", v->string, text);
        free(text);
    }
}

static void show_job(const struct cli *c, const cJSON *o)
{
    const cJSON *data = json_get(o, "training_data"), *error = json_get(o, "error"), *model = json_get(o, "model");
    (void)c;
    cli_pair("job", "%s", json_str(o, "job_id", "-"));
    cli_pair("agent", "%s (%s)", json_str(o, "agent_name", "-"), json_str(o, "agent_id", "-"));
    cli_pair("status", "%s", json_str(o, "status", "-"));
    if (json_str(error, "message", NULL))
        cli_pair("error", "%s", json_str(error, "message", ""));
    cli_pair("model", "%s: %s", json_str(model, "name", "-"), json_str(model, "reason", "named in the configuration"));
    cli_pair("data", "%s, SHA-256 %s", json_str(data, "name", "-"), json_str(data, "sha256", "-"));
    cli_pair("weights", "%s, SHA-256 %s", json_str(o, "weights_file", "-"), json_str(o, "weights_sha256", "-"));
    cli_pair("created", "%s", json_str(o, "created_at", "-"));
    show_members("Progress", json_get(o, "progress"));
    show_members("Metrics", json_get(o, "metrics"));
    show_members("Rows", json_get(data, "counts"));
    show_members("Base", json_get(o, "base"));
    show_members("Taken from the base", json_get(o, "transfer"));
    show_members("Solved without gradients", json_get(json_get(o, "results"), "solved"));
    show_members("Forgetting", json_get(json_get(o, "results"), "forgetting"));
    show_members("Estimates", json_get(o, "estimates"));
    show_members("Configuration", json_get(o, "config"));
}

static int run_show(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("job_id", c->arg[0], NULL), *out = cli_call(c, "getTrainingJob", in, err);
    return cli_result(c, out, show_job, err);
}

const struct cli_command cmd_job_show = {
    "job show", "JOB", "everything that is known of a job", "hone job show latest\nhone job show job_01jd --json",
    NULL, 1, 1, 1, run_show,
};

/* ---- stop and remove ---- */

static void show_stop(const struct cli *c, const cJSON *o)
{
    (void)c;
    printf("%s %s%s\n", json_str(o, "job_id", "-"), json_str(o, "status", "-"),
           json_bool(o, "stop_requested", 0) && strcmp(json_str(o, "status", ""), "running") == 0 ? ", will stop within seconds" : "");
}

static int run_pause(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("job_id", c->arg[0], NULL), *out = cli_call(c, "pauseTrainingJob", in, err);
    return cli_result(c, out, show_stop, err);
}

const struct cli_command cmd_job_pause = {
    "job pause", "JOB", "let a running job write a checkpoint and stop", "hone job pause latest\nhone job resume latest",
    NULL, 1, 1, 1, run_pause,
};

static int run_cancel(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("job_id", c->arg[0], NULL), *out = cli_call(c, "cancelTrainingJob", in, err);
    return cli_result(c, out, show_stop, err);
}

const struct cli_command cmd_job_cancel = {
    "job cancel", "JOB", "end a running or paused job for good", "hone job cancel latest",
    NULL, 1, 1, 1, run_cancel,
};

static void show_deleted(const struct cli *c, const cJSON *o)
{
    (void)c;
    printf("%s deleted\n", json_str(o, "job_id", "-"));
    if (json_str(o, "warning", NULL))
        fprintf(stderr, "hone: %s\n", json_str(o, "warning", ""));
}

static int run_delete(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("job_id", c->arg[0], NULL);
    json_put_bool(in, "with_versions", cli_value(c, "with-versions") != NULL);
    cJSON *out = cli_call(c, "deleteTrainingJob", in, err);
    return cli_result(c, out, show_deleted, err);
}

static const struct cli_option delete_options[] = {
    { "with-versions", NULL, "also the agent's versions that it trained" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_job_delete = {
    "job delete", "JOB", "remove a job and its files", "hone job delete job_01jd\nhone job delete job_01jd --with-versions",
    delete_options, 1, 1, 1, run_delete,
};
