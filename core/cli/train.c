/* `hone train` and `hone job resume`: a job from its start, or from its newest checkpoint, to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/cli/commands.h"
#include "core/cli/follow.h"

static void show_trained(const struct cli *c, const cJSON *job)
{
    const cJSON *results = json_get(job, "results"), *m = json_get(results, "metrics"), *note = json_get(job, "note");
    char took[32], loss[64], accuracy[64], vloss[64], vaccuracy[64];
    if (note)
        cli_pair("note", "%s", note->valuestring);
    clock_human(json_num(results, "duration_ms", 0) / 1000, took);
    cli_pair("job", "%s", json_str(job, "job_id", "-"));
    cli_pair("agent", "%s", json_str(job, "agent_name", "-"));
    cli_pair("status", "%s (%s)", json_str(job, "status", "-"), json_str(job, "stop_reason", "-"));
    cli_pair("epochs", "%lld run in %s, epoch %lld is served", (long long)json_int(results, "epochs_run", 0), took,
             (long long)json_int(results, "served_epoch", 0));
    cli_pair("training", "loss %s, accuracy %s", cli_number_text(m, "loss", "%.4f", loss), cli_number_text(m, "accuracy", "%.4f", accuracy));
    cli_pair("validation", "loss %s, accuracy %s", cli_number_text(m, "validation_loss", "%.4f", vloss),
             cli_number_text(m, "validation_accuracy", "%.4f", vaccuracy));
    cli_pair("weights", "%s", json_str(job, "weights_sha256", "-"));
    cli_hint(c, "\nNext: hone ask %s \"...\"    hone evaluate %s --test FILE    hone job show %s", json_str(job, "agent_name", "AGENT"),
             json_str(job, "job_id", "JOB"), json_str(job, "job_id", "JOB"));
}

/* Runs one of the two functions with progress shown. */
static int run_job(struct cli *c, cJSON *in, cJSON *(*run)(struct api *, const cJSON *, const struct api_hooks *, char *, struct hone_err *),
                   const char *function, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    cli_progress_open(&p, c, &hooks);
    struct remote *r = cli_remote(c, err);
    cJSON *job = r ? follow_job(c, r, function, in, &hooks, err) : err->code < 0 ? NULL : run(&c->api, in, &hooks, c->job_id, err);
    cli_progress_close(&p);
    cJSON_Delete(in);
    if (!job && err->code == ERR_INTERRUPTED && c->job_id[0])
        cli_hint(c, "Go on with: hone job resume %s", c->job_id);
    return cli_result(c, job, show_trained, err);
}

static int run_train(struct cli *c, struct hone_err *err)
{
    if (!cli_value(c, "agent") || !cli_value(c, "data"))
        return hone_fail(err, ERR_USAGE, "hone train needs %s; see `hone train --help`",
                         cli_value(c, "agent") ? "--data FILE" : cli_value(c, "data") ? "--agent NAME" : "--agent NAME and --data FILE");
    cJSON *in = cli_query("agent_id", cli_value(c, "agent"), NULL);
    json_put(in, "training_data", cli_query("file", cli_value(c, "data"), "format", cli_value(c, "format"), "validation_file",
                                            cli_value(c, "validation"), "validation_format", cli_value(c, "validation-format"), NULL));
    json_put(in, "config", settings_training(c->settings));
    return run_job(c, in, api_train, "startTrainingJob", err);
}

static const struct cli_option train_options[] = {
    { "agent", "NAME", "the agent to train; made when there is none of that name" },
    { "data", "FILE", "examples to learn from (- reads standard input)" },
    { "format", "NAME", "format of the data: auto, jsonl, json, csv, tsv, fasttext, chat, alpaca, text" },
    { "validation", "FILE", "examples to judge by, instead of a share of the data" },
    { "validation-format", "NAME", "their format" },
    { "config", "FILE", "settings from a file, in libconfig syntax or JSON" },
    { "preset", "NAME", "settings from a preset (`hone preset list`)" },
    { "set", "KEY=VALUE", "one setting; may be repeated (`hone config show`)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_train = {
    "train", "", "train an agent on examples",
    "hone train --agent support --data examples.jsonl\n"
    "hone train --agent support --data rows.csv --set epochs=20 --set optimizer=sgd\n"
    "hone train --agent support --data train.jsonl --validation fresh.jsonl --json",
    train_options, 0, 0, 1, run_train,
};

static int run_resume(struct cli *c, struct hone_err *err)
{
    return run_job(c, cli_query("job_id", c->arg[0], NULL), api_resume, "resumeTrainingJob", err);
}

const struct cli_command cmd_job_resume = {
    "job resume", "JOB", "go on with a paused or failed job from its newest checkpoint",
    "hone job resume latest\nhone job resume job_01jd",
    NULL, 1, 1, 1, run_resume,
};
