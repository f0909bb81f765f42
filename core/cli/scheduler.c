/* `hone scheduler preview`: the curve of a learning rate schedule, in the terminal and as SVG. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/commands.h"

#define COLUMNS 64
#define ROWS 14
#define POINTS 640

static double value_at(const cJSON *o, int i)
{
    const cJSON *v = cJSON_GetArrayItem(json_get(o, "values"), i);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static double greatest(const cJSON *o)
{
    const cJSON *v;
    double top = 0;
    cJSON_ArrayForEach(v, json_get(o, "values"))
        top = fmax(top, v->valuedouble);
    return top > 0 ? top : 1;
}

static void show_curve(const struct cli *c, const cJSON *o)
{
    static char cell[ROWS][COLUMNS + 1];
    int n = cJSON_GetArraySize(json_get(o, "values"));
    double top = greatest(o);
    const cJSON *end = cJSON_GetArrayItem(json_get(o, "steps"), n - 1);
    for (int r = 0; r < ROWS; r++) {
        memset(cell[r], ' ', COLUMNS);
        cell[r][COLUMNS] = '\0';
    }
    for (int i = 0; i < n; i++) {
        int x = n > 1 ? (int)((long long)i * (COLUMNS - 1) / (n - 1)) : 0;
        int y = (int)lround((1 - value_at(o, i) / top) * (ROWS - 1));
        cell[y < 0 ? 0 : y >= ROWS ? ROWS - 1 : y][x] = '*';
    }
    for (int r = 0; r < ROWS; r++) {
        char label[16] = "";
        if (r % 4 == 0 || r == ROWS - 1)
            snprintf(label, sizeof label, "%.3g", top * (1 - (double)r / (ROWS - 1)));
        printf("%10s |%s\n", label, cell[r]);
    }
    printf("%10s +%.*s\n%10s  0%*.0f\n", "", COLUMNS, "----------------------------------------------------------------", "", COLUMNS - 2,
           end ? end->valuedouble : 0);
    if (json_bool(o, "follows_metric", 0))
        cli_hint(c, "It also follows the monitored metric, which a preview does not have.");
}

/* The curve as a picture. */
static int write_svg(const cJSON *o, const char *path, struct hone_err *err)
{
    struct buf b = { 0 };
    struct file_out out;
    int n = cJSON_GetArraySize(json_get(o, "values"));
    double top = greatest(o);
    const cJSON *end = cJSON_GetArrayItem(json_get(o, "steps"), n - 1);
    buf_printf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 320\" font-family=\"sans-serif\" font-size=\"12\">\n"
                   "<title>Learning rate schedule %s</title>\n<rect width=\"720\" height=\"320\" fill=\"white\"/>\n"
                   "<path d=\"M60 20V280H700\" fill=\"none\" stroke=\"black\"/>\n<text x=\"54\" y=\"26\" text-anchor=\"end\">%.3g</text>\n"
                   "<text x=\"54\" y=\"284\" text-anchor=\"end\">0</text>\n<text x=\"700\" y=\"300\" text-anchor=\"end\">step %.0f</text>\n"
                   "<polyline fill=\"none\" stroke=\"#0b62a4\" stroke-width=\"1.5\" points=\"",
               json_str(o, "scheduler", ""), top, end ? end->valuedouble : 0);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%.2f,%.2f", i ? " " : "", 60 + (n > 1 ? 640.0 * i / (n - 1) : 0), 280 - 260 * value_at(o, i) / top);
    buf_puts(&b, "\"/>\n</svg>\n");
    int rc = buf_oom(&b) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : file_out_open(&out, path, err);
    if (rc == 0) {
        rc = file_write_all(out.fd, b.p, b.n) ? err_errno(err, "write", path) : 0;
        int closed = file_out_close(&out, rc == 0, err);
        rc = rc ? rc : closed;
    }
    buf_free(&b);
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
