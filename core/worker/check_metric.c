/* Tries metrics: results that are finite and in their range, blocks that add up, columns and intervals. See check_plugin.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/judge/metrics.h"
#include "core/worker/check_plugin.h"

enum { ROWS = 40, WIDTH = 4 };
#define MOST (INT64_C(1) << 40) /* doubles of a state, as core/judge/metrics.c takes them */

static void check_range(struct checking *c, double x)
{
    if (c->item->flags & HONE_M_UNIT)
        check_line(c, "lies in 0..1", x < 0 || x > 1 ? "HONE_M_UNIT is set and the result is outside" : NULL);
}

/* Metrics that look at columns or at all rows at once go through the set of an evaluation, with every column. One row expects an output
 * that the model does not know. conf is taken. */
static void check_columns(struct checking *c, const struct hone_metric *m, void *conf, struct hone_scored *all, int32_t *label, int32_t *predicted)
{
    static struct hone_string name[WIDTH] = { { "red roses", 9 }, { "green leaves", 12 }, { "blue skies", 10 }, { "white snow", 10 } };
    struct hone_err err = { 0 };
    struct metric_set s = { .host = registry_host(c->task->registry) };
    int64_t row[ROWS];
    int32_t edited[ROWS * 2], expected[ROWS];
    float top[ROWS];
    double ms[ROWS], nats[ROWS], tokens[ROWS], characters[ROWS];
    struct hone_string input[ROWS];
    for (int i = 0; i < ROWS; i++) {
        row[i] = i;
        edited[2 * i] = predicted[i];
        edited[2 * i + 1] = i % 3 ? predicted[i] : -2;
        top[i] = i % 5 ? 0.9f : 0.6f;
        ms[i] = 1 + (double)i / 10;
        tokens[i] = 3 + i % 4;
        characters[i] = 4 * tokens[i];
        nats[i] = tokens[i] * (2 + 0.1 * (i % 7));
        input[i] = name[i % WIDTH];
        expected[i] = label[i];
    }
    label[0] = -1;
    struct predictions p = { .n = ROWS, .width = WIDTH, .row = row, .label = label, .expected = expected, .predicted = predicted, .top = top,
                             .n_names = WIDTH, .name = name };
    struct examples e = { .n = ROWS, .input = input };
    struct metric_rows rows = { .p = &p, .test = &e, .edited = edited, .edits = 2, .latency_ms = ms, .nats = nats, .tokens = tokens,
                                .characters = characters };
    int rc = metrics_add(&s, m, conf, NULL, 1, &err);
    if (rc == 0)
        rc = metrics_start(&s, ROWS, WIDTH, 1, NULL, &err);
    if (rc == 0)
        rc = metrics_block(&s, all, 0, &err);
    if (rc == 0)
        rc = metrics_finish(&s, WIDTH, &rows, &err);
    double x = rc == 0 ? s.v[0].value[0] : NAN;
    struct interval v = rc == 0 ? s.v[0].interval[0] : (struct interval){ NAN, NAN };
    check_line(c, "gives a result", rc < 0 ? err.text : !isfinite(x) ? "the result is not finite on 40 good rows" : NULL);
    check_line(c, "has an interval around its result", !isnan(v.low) && (v.low > x || v.high < x) ? "the result lies outside of it" : NULL);
    check_range(c, x);
    metrics_free(&s);
}

/* Metrics that add up: all rows in one block, and the same rows in several. */
static void check_sums(struct checking *c, const struct hone_metric *m, const void *conf, const struct hone_scored *all)
{
    int64_t n = m->state_size(conf, WIDTH);
    double *a = n < 0 || n > MOST ? NULL : calloc(3 * ((size_t)n + 1), sizeof *a), x[64] = { 0 }, y[64] = { 0 };
    int outputs = 0;
    struct hone_err err = { 0 };
    if (!a) {
        check_line(c, "gives a result", n < 0 ? "state_size() is negative" : "there is no memory for what state_size() tells");
        return;
    }
    double *b = a + n + 1, *state = b + n + 1;
    while (m->outputs[outputs])
        outputs++;
    m->update(all, conf, a);
    for (int at = 0; at < ROWS; at += 8) {
        struct hone_scored part = { .n = 8, .width = WIDTH, .prob = all->prob + at * WIDTH, .predicted = all->predicted + at, .label = all->label + at };
        memset(state, 0, (size_t)n * sizeof *state);
        m->update(&part, conf, state);
        if (m->merge)
            m->merge(b, state, n, conf);
        for (int64_t i = 0; i < n && !m->merge; i++)
            b[i] += state[i];
    }
    int bad = outputs > 64 || m->result(a, WIDTH, conf, x, &err) < 0 || m->result(b, WIDTH, conf, y, &err) < 0;
    check_line(c, "gives a result", bad || !isfinite(x[0]) ? "result() failed, or is not finite on 40 good rows" : NULL);
    check_line(c, "adds up over blocks of predictions", bad || fabs(x[0] - y[0]) > 1e-9 * fmax(1, fabs(x[0])) ? "blocks merged give another result" : NULL);
    check_range(c, x[0]);
    free(a);
}

void check_metric(struct checking *c)
{
    const struct hone_metric *m = (const struct hone_metric *)(const void *)c->item;
    float prob[ROWS * WIDTH];
    int32_t predicted[ROWS], label[ROWS];
    struct hone_err err = { 0 };
    void *conf = settings_new(c->item, NULL, &err);
    if (!conf && c->item->conf_size) {
        check_line(c, "takes its defaults", err.text);
        return;
    }
    for (int i = 0; i < ROWS; i++) {
        predicted[i] = i % WIDTH;
        label[i] = i % 5 ? i % WIDTH : (i + 1) % WIDTH;
        for (int k = 0; k < WIDTH; k++)
            prob[i * WIDTH + k] = k == predicted[i] ? 0.7f : 0.1f;
    }
    struct hone_scored all = { .n = ROWS, .width = WIDTH, .prob = prob, .predicted = predicted, .label = label };
    if (m->whole || m->needs) {
        check_columns(c, m, conf, &all, label, predicted);
        return;
    }
    check_sums(c, m, conf, &all);
    settings_free(c->item, conf);
}
