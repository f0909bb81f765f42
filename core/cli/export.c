/* `hone job export`: the history of a job for other programs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/commands.h"
#include "core/cli/tensorboard.h"

static const char *const keys[] = { "epoch", "step", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "gradient_norm",
                                    "examples_per_second", "token_usage", "elapsed_ms" };
#define N_KEYS (sizeof keys / sizeof keys[0])

static void put_number(struct buf *b, const cJSON *row, const char *key)
{
    double v = json_num(row, key, NAN);
    if (!isnan(v))
        buf_json_double(b, v);
}

/* RFC 4180, one line an evaluation; what is not known is empty. */
static void to_csv(struct buf *b, const cJSON *history)
{
    const cJSON *row;
    for (size_t i = 0; i < N_KEYS; i++)
        buf_printf(b, "%s%s", i ? "," : "", keys[i]);
    buf_puts(b, "\r\n");
    cJSON_ArrayForEach(row, history) {
        for (size_t i = 0; i < N_KEYS; i++) {
            buf_puts(b, i ? "," : "");
            put_number(b, row, keys[i]);
        }
        buf_puts(b, "\r\n");
    }
}

static void to_jsonl(struct buf *b, const cJSON *history)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, history) {
        char *text = json_text(row, 0);
        buf_puts(b, text ? text : "");
        buf_putc(b, '\n');
        free(text);
    }
}

/* Seconds since 1970 of an RFC 3339 time in UTC; 0 when it is none. */
static double seconds_of(const char *text)
{
    struct tm tm = { 0 };
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    return rest ? (double)timegm(&tm) + (*rest == '.' ? strtod(rest, NULL) : 0) : 0;
}

/* Tags as TensorBoard groups them: train/, validation/ and run/. */
static void to_tensorboard(struct buf *b, const cJSON *history, double started)
{
    static const char *const tags[N_KEYS] = { NULL, NULL, "train/loss", "train/accuracy", "validation/loss", "validation/accuracy", "train/learning_rate",
                                              "train/gradient_norm", "run/examples_per_second", "run/token_usage", NULL };
    const cJSON *row;
    tensorboard_begin(b, started);
    cJSON_ArrayForEach(row, history) {
        double at = started + json_num(row, "elapsed_ms", 0) / 1000;
        for (size_t i = 0; i < N_KEYS; i++) {
            double v = json_num(row, keys[i], NAN);
            if (tags[i] && !isnan(v))
                tensorboard_scalar(b, at, json_int(row, "step", 0), tags[i], (float)v);
        }
    }
}

static int deliver(const char *path, const struct buf *b, struct hone_err *err)
{
    if (buf_oom(b))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the history");
    if (path)
        return file_write_atomic(path, b->p, b->n, err);
    return file_write_all(STDOUT_FILENO, b->p, b->n) == 0 ? 0 : err_errno(err, "write to", "standard output");
}

static int run_export(struct cli *c, struct hone_err *err)
{
    const char *format = cli_value(c, "format") ? cli_value(c, "format") : "csv", *output = cli_value(c, "output");
    int csv = strcmp(format, "csv") == 0, jsonl = strcmp(format, "jsonl") == 0;
    if (!csv && !jsonl && strcmp(format, "tensorboard") != 0)
        return hone_fail(err, HONE_EINVAL, "a history cannot be written as '%.40s'; known are csv, jsonl and tensorboard", format);
    cJSON *in = cli_query("job_id", c->arg[0], NULL);
    json_put_bool(in, "include_history", 1);
    cJSON *job = cli_call(c, "monitorTrainingProgress", in, err);
    struct buf b = { 0 };
    if (!job)
        return err->code;
    if (csv)
        to_csv(&b, json_get(job, "history"));
    else if (jsonl)
        to_jsonl(&b, json_get(job, "history"));
    else
        to_tensorboard(&b, json_get(job, "history"), seconds_of(json_str(job, "started_at", NULL)));
    int rc = deliver(output, &b, err);
    if (rc >= 0 && output)
        cli_hint(c, "%s: %zu bytes", output, b.n);
    buf_free(&b);
    cJSON_Delete(job);
    return rc < 0 ? rc : 0;
}

static const struct cli_option export_options[] = {
    { "format", "NAME", "csv (default), jsonl, or tensorboard: an event file, to be named events.out.tfevents.SOMETHING" },
    { "output", "FILE", "where it goes; without it, standard output" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_job_export = {
    "job export", "JOB", "write the history of a job for other programs",
    "hone job export latest > history.csv\nhone job export latest --format tensorboard --output runs/a/events.out.tfevents.1",
    export_options, 1, 1, 1, run_export,
};
