/* `hone plugin bench`: an optimizer beside the others on the same data, as a table and a chart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/cli/chart.h"
#include "core/cli/commands.h"

#define MOST_MS 10000 /* of a training, unless it is set */
#define RIVALS 3 /* curves beside the given one in the terminal */

/* What was given for the one alone: its options and its learning rate. */
static const char *const own_keys[] = { "learningRate", "optimizerOptions", "weightDecay", NULL };

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = json_get(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

/* Best first: by accuracy, then by loss; what failed last. */
static int better(const void *a, const void *b)
{
    const cJSON *x = *(cJSON *const *)a, *y = *(cJSON *const *)b;
    double d = number(y, "accuracy") - number(x, "accuracy");
    if (json_str(x, "error", NULL) || json_str(y, "error", NULL))
        return (json_str(x, "error", NULL) != NULL) - (json_str(y, "error", NULL) != NULL);
    if (!(d != 0))
        d = number(x, "loss") - number(y, "loss");
    return d > 0 ? 1 : d < 0 ? -1 : 0;
}

/* The rows in their order, in memory of its own; NULL without memory, and the loss is noted. */
static const cJSON **sorted(const cJSON *o, int *n)
{
    const cJSON *list = json_get(o, "optimizers"), *v;
    const cJSON **rows = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *rows);
    *n = 0;
    cJSON_ArrayForEach(v, list)
        if (rows)
            rows[(*n)++] = v;
    if (rows)
        qsort(rows, (size_t)*n, sizeof *rows, better);
    else
        json_note_loss();
    return rows;
}

static void show_table(const cJSON *const *row, int n)
{
    static const char *const heads[] = { "", "OPTIMIZER", "ACCURACY", "LOSS", "EPOCHS", "SECONDS", "NS/PARAMETER", "BYTES/PARAMETER" };
    cJSON *rows = cJSON_CreateArray();
    for (int i = 0; i < n; i++) {
        char text[6][64], took[80];
        const char *stop = json_str(row[i], "stop_reason", "");
        snprintf(took, sizeof took, "%s%s", cli_number_text(row[i], "seconds", "%.2f", text[3]), strcmp(stop, "time_budget") == 0 ? " (stopped)" : "");
        const char *error = json_str(row[i], "error", NULL);
        cli_row(rows, 8, json_bool(row[i], "given", 0) ? ">" : " ", json_str(row[i], "optimizer", json_str(row[i], "name", "")),
                error ? error : cli_number_text(row[i], "accuracy", "%.4f", text[0]), cli_number_text(row[i], "loss", "%.4f", text[1]),
                cli_number_text(row[i], "epochs", "%.0f", text[2]), took,
                cli_number_text(row[i], "ns_per_parameter", "%.2f", text[4]),
                cli_number_text(row[i], "memory_bytes_per_parameter", "%.1f", text[5]));
    }
    cli_print_table(heads, 8, rows);
    cJSON_Delete(rows);
}

/* Loss by epoch: the given one first, then at most `others` of the rest, the best first. Lines and their y are to be freed.
 * A line that memory ran out for is missing, and the loss is noted. */
static struct chart chart_of(const cJSON *const *row, int n, int others, struct chart_line *line)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    struct chart c = { .title = "Validation loss by epoch", .x = "epoch", .first = 1, .line = line };
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < n && c.lines < 1 + others; i++) {
            const cJSON *losses = json_get(row[i], "losses"), *v;
            int size = cJSON_GetArraySize(losses), k = 0;
            if (json_bool(row[i], "given", 0) == turn || size <= 0)
                continue;
            double *y = calloc((size_t)size, sizeof *y);
            if (!y) {
                json_note_loss();
                continue;
            }
            cJSON_ArrayForEach(v, losses)
                y[k++] = cJSON_IsNumber(v) ? v->valuedouble : NAN;
            line[c.lines] = (struct chart_line){ json_str(row[i], "optimizer", json_str(row[i], "name", "")), y, size, c.lines ? letters[(c.lines - 1) % 26] : '*' };
            c.lines++;
            c.points = size > c.points ? size : c.points;
        }
    c.last = c.points;
    chart_range(&c, &c.low, &c.high);
    return c;
}

static void free_lines(const struct chart *c)
{
    for (int i = 0; i < c->lines; i++)
        free(c->line[i].y);
}

static void show_bench(const struct cli *c, const cJSON *o)
{
    struct chart_line line[1 + RIVALS];
    int n;
    const cJSON **row = sorted(o, &n);
    (void)c;
    show_table(row, n);
    struct chart chart = chart_of(row, n, RIVALS, line);
    printf("\nLoss on the rows held out, by epoch:\n");
    chart_print(&chart);
    free_lines(&chart);
    free(row);
}

static int write_svg(const cJSON *o, const char *path, struct hone_err *err)
{
    int n;
    const cJSON **row = sorted(o, &n);
    struct chart_line *line = calloc((size_t)n + 1, sizeof *line);
    int rc = row && line ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!rc) {
        struct chart chart = chart_of(row, n, n, line);
        rc = json_lost() ? hone_fail(err, HONE_ENOMEM, "memory ran out for %s", path) : chart_write_svg(&chart, path, err);
        free_lines(&chart);
    }
    free(line);
    free(row);
    return rc;
}

static void on_event(void *arg, const char *type, const cJSON *f)
{
    const struct cli *c = arg;
    char text[2][64];
    if (strcmp(type, "row") == 0 && !c->quiet)
        fprintf(stderr, "%-22s %s %s\n", json_str(f, "name", ""), json_str(f, "error", NULL) ? "failed:" : "accuracy",
                json_str(f, "error", cli_number_text(f, "accuracy", "%.4f", text[0])));
}

static enum api_wish wish(void *arg)
{
    (void)arg;
    return cli_interrupts() ? API_KILL : API_GO;
}

static int run_bench(struct cli *c, struct hone_err *err)
{
    const char *svg = cli_value(c, "svg"), *with = cli_value(c, "with");
    cJSON *in = cli_query("file", c->arg[0], "data", cli_value(c, "data"), NULL), *config = settings_training(c->settings),
          *own = cJSON_CreateObject();
    struct api_hooks hooks = { .arg = c, .event = on_event, .wish = wish };
    for (int i = 0; own_keys[i]; i++)
        if (json_get(config, own_keys[i]))
            json_put(own, own_keys[i], cJSON_DetachItemFromObjectCaseSensitive(config, own_keys[i]));
    if (!json_get(config, "maxDurationMs"))
        json_put_int(config, "maxDurationMs", MOST_MS);
    json_put(in, "config", config);
    json_put(in, "own", own);
    if (with && strcmp(with, "all") != 0)
        json_put(in, "with", json_words(with, ','));
    else
        cli_hint(c, "Trains with every optimizer, one after the other; --with NAME,... with some of them.");
    cli_catch_signals();
    cJSON *out = api_plugin_bench(&c->api, in, &hooks, err);
    cJSON_Delete(in);
    int rc = out && svg ? write_svg(out, svg, err) : 0;
    if (rc < 0) {
        cJSON_Delete(out);
        return rc;
    }
    return cli_result(c, out, show_bench, err);
}

static const struct cli_option bench_options[] = {
    { "with", "NAMES", "the others, with commas between them (default: all that are found)" },
    { "data", "FILE", "examples to learn from (default: the installed example)" },
    { "config", "FILE", "settings from a file" },
    { "preset", "NAME", "settings from a preset" },
    { "set", "KEY=VALUE", "a setting of the trainings; learningRate, weightDecay and optimizerOptions are the given one's alone" },
    { "svg", "FILE", "all curves as a picture" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_plugin_bench = {
    "plugin bench", "FILE", "train with an optimizer and the others side by side: accuracy, speed, state",
    "hone plugin bench ./mine.so\nhone plugin bench ./mine.so --with sgd,adam,lion --set learningRate=0.01 --svg curves.svg",
    bench_options, 1, 1, 1, run_bench,
};
