/* `hone pipeline` and `hone sweep`. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/commands.h"
#include "core/cli/pipe_view.h"
#include "core/cli/remote.h"

#define POLL_MS 300

/* ---- requests ---- */

/* NAME=VALUE words, from argument `first` on, as parameters. */
static cJSON *parameters_of(const struct cli *c, int first, struct hone_err *err)
{
    cJSON *o = cJSON_CreateObject();
    for (int i = first; i < c->n_args; i++) {
        const char *eq = strchr(c->arg[i], '=');
        char *name = eq ? strndup(c->arg[i], (size_t)(eq - c->arg[i])) : NULL;
        if (!name || !*name) {
            if (eq && !name)
                hone_fail(err, HONE_ENOMEM, "memory ran out");
            else
                hone_fail(err, ERR_USAGE, "'%.80s': expected NAME=VALUE", c->arg[i]);
            free(name);
            cJSON_Delete(o);
            return NULL;
        }
        json_put_str(o, name, eq + 1);
        free(name);
    }
    return o;
}

/* What is asked for: a file by its path where it is read on this machine, its content where it is not. */
static cJSON *request_of(struct cli *c, const char *name, int first, struct hone_err *err)
{
    char cwd[PATH_MAX], file[PATH_MAX];
    cJSON *parameters = parameters_of(c, first, err), *in = cJSON_CreateObject();
    struct remote *r = parameters ? cli_remote(c, err) : NULL;
    int rc = !parameters || err->code < 0 ? err->code : 0;
    if (rc == 0 && r && !remote_is_local(r) && (strchr(name, '/') || access(name, F_OK) == 0)) {
        cJSON *def = api_definition_read(name, err);
        rc = def ? 0 : err->code;
        json_put(in, "definition", def);
    } else if (rc == 0) {
        json_put_str(in, "pipeline", access(name, F_OK) == 0 && realpath(name, file) ? file : name);
        if ((!r || remote_is_local(r)) && getcwd(cwd, sizeof cwd))
            json_put_str(in, "directory", cwd);
    }
    if (rc == 0 && cJSON_GetArraySize(parameters) > 0)
        json_put(in, "parameters", parameters);
    else
        cJSON_Delete(parameters);
    if (rc == 0)
        return in;
    cJSON_Delete(in);
    return NULL;
}

static int is_run(const char *name)
{
    return strncmp(name, "run_", 4) == 0 || strcmp(name, "latest") == 0;
}

/* ---- running ---- */

/* A run in a daemon, until it has ended. Ctrl-C stops the watching, not the run. */
static cJSON *watch(struct cli *c, struct pipe_view *v, cJSON *run, struct hone_err *err)
{
    char id[64];
    snprintf(id, sizeof id, "%s", json_str(run, "pipeline_run_id", ""));
    while (run && strcmp(json_str(run, "status", ""), "running") == 0) {
        pipe_view_state(v, run);
        cJSON_Delete(run);
        nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
        if (cli_interrupts()) {
            hone_fail(err, ERR_INTERRUPTED, "no longer watching run %s, which goes on; `hone pipeline cancel %s` ends it", id, id);
            return NULL;
        }
        cJSON *in = cli_query("pipeline_run_id", id, NULL);
        json_put_bool(in, "include_results", 0);
        run = cli_call(c, "getPipelineRun", in, err);
    }
    if (!run)
        return NULL;
    pipe_view_state(v, run);
    cJSON_Delete(run);
    return cli_call(c, "getPipelineRun", cli_query("pipeline_run_id", id, NULL), err);
}

static void show_sweep(const struct cli *c, const cJSON *o)
{
    const cJSON *result = json_get(o, "result"), *winner = json_get(result, "winner"), *test = json_get(result, "test"), *i = json_get(test, "interval");
    char text[4][64], took[32];
    clock_human(json_num(o, "elapsed_ms", 0) / 1000, took);
    cli_pair("run", "%s", json_str(o, "pipeline_run_id", "-"));
    cli_pair("status", "%s", json_str(o, "status", "-"));
    if (json_str(json_get(o, "error"), "message", NULL))
        cli_pair("error", "%s", json_str(json_get(o, "error"), "message", ""));
    if (!cJSON_IsObject(winner))
        return;
    char *config = json_text(json_get(winner, "config"), 0);
    cli_pair("tried", "%lld configurations in %lld trainings (%lld failed), %s", (long long)json_int(result, "trials", 0),
             (long long)json_int(result, "trainings", 0), (long long)json_int(result, "failed", 0), took);
    cli_pair("winner", "trial %lld, %s %s", (long long)json_int(winner, "trial", 0), json_str(result, "objective", ""),
             cli_number_text(json_get(winner, "metrics"), json_str(result, "objective", ""), "%.4f", text[0]));
    cli_pair("config", "%s", config ? config : "");
    cli_pair("trained as", "%s", json_str(winner, "job_id", "-"));
    cli_pair("fresh rows", "accuracy %s, 95 %% interval %s to %s (%lld rows)", cli_number_text(test, "accuracy", "%.4f", text[1]),
             cli_number_text(i, "low", "%.4f", text[2]), cli_number_text(i, "high", "%.4f", text[3]), (long long)json_int(test, "rows", 0));
    if (!json_bool(result, "reproducible", 1))
        cli_hint(c, "\nTime limited the search: on another machine, or another day, it finds something else.");
    free(config);
}

static void show_run(const struct cli *c, const cJSON *o)
{
    if (strcmp(json_str(o, "kind", ""), "sweep") == 0)
        show_sweep(c, o);
    else
        pipe_view_show(c, o);
}

static int follow(struct cli *c, const char *function, cJSON *in, struct hone_err *err)
{
    struct pipe_view v;
    struct api_hooks hooks;
    if (!in)
        return err->code;
    pipe_view_open(&v, c, &hooks);
    cJSON *run = cli_call_with(c, function, in, &hooks, STDOUT_FILENO, err);
    if (run && c->remote)
        run = watch(c, &v, run, err);
    pipe_view_close(&v);
    const char *status = json_str(run, "status", "");
    int rc = !run ? err->code : strcmp(status, "failed") == 0 ? ERR_JOB_FAILED : strcmp(status, "cancelled") == 0 ? ERR_CANCELLED : 0;
    if (rc < 0 && run) {
        hone_fail(err, rc, "%s", json_str(json_get(run, "error"), "message", "the run was cancelled"));
        if (!c->json) {
            fprintf(stderr, "hone: %s\n", err->text);
            cli_hint(c, "Mended? Go on with: hone pipeline resume %s", json_str(run, "pipeline_run_id", "RUN"));
        }
        c->answered = 1;
    }
    cli_result(c, run, show_run, err);
    return rc;
}

static int run_run(struct cli *c, struct hone_err *err)
{
    return follow(c, "runTrainingPipeline", request_of(c, c->arg[0], 1, err), err);
}

const struct cli_command cmd_pipeline_run = {
    "pipeline run", "FILE [NAME=VALUE...]", "run a pipeline: a file, or one of `hone pipeline list`",
    "hone pipeline run promote-if-better agent=support data=examples.jsonl\nhone pipeline run mine.conf --json",
    NULL, 1, 20, 1, run_run,
};

static int run_sweep(struct cli *c, struct hone_err *err)
{
    double workers;
    if (cli_number(c, "workers", 1, 64, 1, &workers, err) < 0)
        return err->code;
    cJSON *in = is_run(c->arg[0]) ? cli_query("pipeline_run_id", c->arg[0], NULL) : request_of(c, c->arg[0], 1, err);
    if (in && workers > 1)
        json_put_num(in, "workers", workers);
    return follow(c, is_run(c->arg[0]) ? "resumePipelineRun" : "runTrainingPipeline", in, err);
}

static const struct cli_option sweep_options[] = {
    { "workers", "N", "trainings at once, where there is no daemon (default 1, which uses all cores); the same trials for any number" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_sweep = {
    "sweep", "FILE [KEY=VALUE...]", "search for the configuration that trains best; RUN in place of FILE goes on with one",
    "hone sweep sweep.conf\nhone sweep sweep.conf trials=40 data=examples.jsonl --workers 2\nhone sweep run_01jd",
    sweep_options, 1, 20, 1, run_sweep,
};

/* The newest run of a pipeline that has not ended well. */
static char *unfinished_run(struct cli *c, const char *name, struct hone_err *err)
{
    cJSON *in = cJSON_CreateObject();
    json_put_int(in, "limit", 200);
    cJSON *list = cli_call(c, "listPipelineRuns", in, err);
    const cJSON *r;
    char *id = NULL, plain[128];
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    size_t n = strlen(base);
    snprintf(plain, sizeof plain, "%.*s", (int)(n > 5 && strcmp(base + n - 5, ".conf") == 0 ? n - 5 : n), base);
    cJSON_ArrayForEach(r, json_get(list, "runs")) {
        const char *status = json_str(r, "status", "");
        if (strcmp(json_str(r, "name", ""), plain) == 0 && (strcmp(status, "paused") == 0 || strcmp(status, "failed") == 0)) {
            id = json_copy(json_str(r, "pipeline_run_id", ""));
            break;
        }
    }
    if (list && !id && json_lost())
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (list && !id)
        hone_fail(err, ERR_NOT_FOUND, "there is no run of '%.80s' that is paused or has failed; `hone pipeline runs` shows all", plain);
    cJSON_Delete(list);
    return id;
}

static int run_resume(struct cli *c, struct hone_err *err)
{
    char *id = is_run(c->arg[0]) ? strdup(c->arg[0]) : unfinished_run(c, c->arg[0], err);
    int rc = id ? follow(c, "resumePipelineRun", cli_query("pipeline_run_id", id, NULL), err)
                : err->code ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(id);
    return rc;
}

const struct cli_command cmd_pipeline_resume = {
    "pipeline resume", "RUN", "go on with a run that was interrupted or failed (or the newest one of a FILE)",
    "hone pipeline resume latest\nhone pipeline resume mine.conf", NULL, 1, 1, 1, run_resume,
};

/* ---- looking ---- */

static cJSON *checked(struct cli *c, const char *name, int first, struct hone_err *err)
{
    cJSON *in = request_of(c, name, first, err);
    if (!in)
        return NULL;
    json_put_bool(in, "check_only", 1);
    return cli_call(c, "runTrainingPipeline", in, err);
}

static void show_checked(const struct cli *c, const cJSON *o)
{
    (void)c;
    printf("%s: %s is well formed, %d steps\n", json_str(o, "kind", ""), json_str(o, "name", ""), cJSON_GetArraySize(json_get(o, "steps")));
}

static int run_check(struct cli *c, struct hone_err *err)
{
    return cli_result(c, checked(c, c->arg[0], 1, err), show_checked, err);
}

const struct cli_command cmd_pipeline_check = {
    "pipeline check", "FILE [NAME=VALUE...]", "list every fault of a pipeline or sweep, with its line",
    "hone pipeline check mine.conf\nhone pipeline check ab-test agent=support data=examples.jsonl", NULL, 1, 20, 1, run_check,
};

static int write_svg(const cJSON *run, const char *path, struct hone_err *err)
{
    char *svg = pipe_svg(run);
    struct file_out out;
    int rc = svg ? file_out_open(&out, path, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc >= 0) {
        int good = file_write_all(out.fd, svg, strlen(svg)) == 0;
        rc = good ? 0 : err_errno(err, "write", path);
        int closed = file_out_close(&out, good, rc < 0 ? &(struct hone_err){ 0 } : err);
        rc = rc < 0 ? rc : closed;
    }
    free(svg);
    return rc;
}

static int run_show(struct cli *c, struct hone_err *err)
{
    const char *svg = cli_value(c, "svg");
    cJSON *run = is_run(c->arg[0]) ? cli_call(c, "getPipelineRun", cli_query("pipeline_run_id", c->arg[0], NULL), err) : checked(c, c->arg[0], 1, err);
    if (!run)
        return err->code;
    if (!svg)
        return cli_result(c, run, show_run, err);
    int rc = strcmp(json_str(run, "kind", ""), "sweep") == 0 ? hone_fail(err, HONE_EINVAL, "a sweep has no graph; --svg is for pipelines") : write_svg(run, svg, err);
    cJSON_Delete(run);
    return rc;
}

static const struct cli_option show_options[] = {
    { "svg", "FILE", "draw the steps and what they need (- is standard output)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_pipeline_show = {
    "pipeline show", "FILE|RUN", "the steps of a pipeline, or how far a run is", "hone pipeline show nightly-retrain --svg graph.svg\nhone pipeline show latest --json",
    show_options, 1, 20, 1, run_show,
};

static void show_runs(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "RUN", "KIND", "NAME", "STATUS", "CREATED", "TOOK" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *r;
    cJSON_ArrayForEach(r, json_get(o, "runs")) {
        char took[32], created[20];
        clock_human(json_num(r, "elapsed_ms", 0) / 1000, took);
        snprintf(created, sizeof created, "%.19s", json_str(r, "created_at", "-"));
        cli_row(rows, 6, json_str(r, "pipeline_run_id", NULL), json_str(r, "kind", NULL), json_str(r, "name", NULL), json_str(r, "status", NULL), created, took);
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 6, rows);
    else
        cli_hint(c, "There are no runs. Begin with: hone pipeline run NAME, where NAME is one of hone pipeline list");
    cJSON_Delete(rows);
}

static int run_runs(struct cli *c, struct hone_err *err)
{
    double limit;
    if (cli_number(c, "limit", 0, 1e6, 50, &limit, err) < 0)
        return err->code;
    cJSON *in = cli_query("status", cli_value(c, "status"), NULL);
    cli_limit(in, limit);
    return cli_result(c, cli_call(c, "listPipelineRuns", in, err), show_runs, err);
}

static const struct cli_option runs_options[] = {
    { "status", "STATUS", "running, paused, completed, failed or cancelled" },
    { "limit", "N", "the newest N (default 50, 0: all)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_pipeline_runs = {
    "pipeline runs", "", "list runs of pipelines and sweeps, newest first", "hone pipeline runs\nhone pipeline runs --status failed", runs_options, 0, 0, 1, run_runs,
};

static void show_pipelines(const struct cli *c, const cJSON *o)
{
    const cJSON *p;
    (void)c;
    cJSON_ArrayForEach(p, json_get(o, "pipelines"))
        printf("%-20s %s\n", json_str(p, "name", ""), json_str(p, "doc", ""));
}

static int run_list(struct cli *c, struct hone_err *err)
{
    if (cli_value(c, "markdown")) {
        char *text = api_pipeline_markdown();
        if (!text)
            return hone_fail(err, HONE_ENOMEM, "memory ran out");
        fputs(text, stdout);
        free(text);
        return 0;
    }
    return cli_result(c, cli_call(c, "listPipelines", NULL, err), show_pipelines, err);
}

static const struct cli_option list_options[] = {
    { "markdown", NULL, "the keys of pipelines and sweeps, as docs/pipelines.md has them" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_pipeline_list = {
    "pipeline list", "", "list the pipelines that can be named", "hone pipeline list", list_options, 0, 0, 1, run_list,
};

static void show_cancelled(const struct cli *c, const cJSON *o)
{
    (void)c;
    printf("%s %s\n", json_str(o, "pipeline_run_id", "-"), strcmp(json_str(o, "status", ""), "running") == 0 ? "will end within seconds" : json_str(o, "status", "-"));
}

static int run_cancel(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "cancelPipelineRun", cli_query("pipeline_run_id", c->arg[0], NULL), err), show_cancelled, err);
}

const struct cli_command cmd_pipeline_cancel = {
    "pipeline cancel", "RUN", "end a run for good", "hone pipeline cancel latest", NULL, 1, 1, 1, run_cancel,
};
