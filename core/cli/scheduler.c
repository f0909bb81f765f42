/* `hone scheduler preview`: the curve of a learning rate schedule, in the terminal and as SVG. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/base/json.h"
#include "core/cli/chart.h"
#include "core/cli/commands.h"

#define POINTS 640

/* The curve as a chart; *line.y is to be freed. Without memory it has no point, and the loss is noted. */
static struct chart chart_of(const cJSON *o, struct chart_line *line)
{
    const cJSON *steps = json_get(o, "steps"), *values = json_get(o, "values"), *v;
    int n = cJSON_GetArraySize(values), i = 0;
    double *y = calloc((size_t)n + 1, sizeof *y), low;
    cJSON_ArrayForEach(v, values)
        if (y)
            y[i++] = v->valuedouble;
    if (!y)
        json_note_loss();
    const cJSON *end = cJSON_GetArrayItem(steps, n - 1);
    *line = (struct chart_line){ .y = y, .n = i, .mark = '*' };
    struct chart c = { .title = "Learning rate schedule", .x = "step", .last = end ? end->valuedouble : 0, .points = n, .line = line, .lines = 1 };
    chart_range(&c, &low, &c.high);
    if (c.high <= 0)
        c.high = 1;
    return c;
}

static void show_curve(const struct cli *c, const cJSON *o)
{
    struct chart_line line;
    struct chart chart = chart_of(o, &line);
    chart_print(&chart);
    free(line.y);
    if (json_bool(o, "follows_metric", 0))
        cli_hint(c, "It also follows the monitored metric, which a preview does not have.");
}

static int write_svg(const cJSON *o, const char *path, struct hone_err *err)
{
    struct chart_line line;
    struct chart chart = chart_of(o, &line);
    int rc = json_lost() ? hone_fail(err, HONE_ENOMEM, "memory ran out for %s", path) : chart_write_svg(&chart, path, err);
    free(line.y);
    return rc;
}

static int run_preview(struct cli *c, struct hone_err *err)
{
    double steps, lr, warmup;
    const char *svg = cli_value(c, "svg");
    if (cli_number(c, "steps", 1, 1e9, 1000, &steps, err) < 0 || cli_number(c, "lr", 0, 10, 0.001, &lr, err) < 0 ||
        cli_number(c, "warmup", 0, 1e9, 0, &warmup, err) < 0)
        return err->code;
    cJSON *training = settings_training(c->settings), *in = cli_query("scheduler", c->arg[0], NULL);
    const cJSON *options = json_get(training, "schedulerOptions");
    json_put_num(in, "steps", steps);
    json_put_num(in, "points", fmin(steps, POINTS));
    json_put_num(in, "base", lr);
    json_put_num(in, "warmup", warmup);
    json_put(in, "options", options ? cJSON_Duplicate(options, 1) : cJSON_CreateNull());
    cJSON *out = api_schedule_preview(&c->api, in, err);
    cJSON_Delete(in);
    cJSON_Delete(training);
    int rc = out && svg ? write_svg(out, svg, err) : 0;
    if (rc < 0) {
        cJSON_Delete(out);
        return rc;
    }
    return cli_result(c, out, show_curve, err);
}

static const struct cli_option preview_options[] = {
    { "steps", "N", "steps of the training (default 1000)" },
    { "lr", "X", "the configured learning rate (default 0.001)" },
    { "warmup", "N", "steps of warm-up (default 0)" },
    { "set", "KEY=VALUE", "a setting, such as schedulerOptions.power=2; may be repeated" },
    { "svg", "FILE", "also as a picture" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_scheduler_preview = {
    "scheduler preview", "NAME", "draw the learning rate over the steps of a training",
    "hone scheduler preview cosine --steps 500 --warmup 50\nhone scheduler preview polynomial --set schedulerOptions.power=2 --svg curve.svg",
    preview_options, 1, 1, 1, run_preview,
};
