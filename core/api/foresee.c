/* What can be said of a job before a worker has looked at its data. Called by train.c for a daemon's queue; the worker's own estimate,
 * from a timed step, takes its place. */
#include <math.h>
#include <stdlib.h>
#include "core/api/priv.h"
#include "core/base/clock.h"
#include "core/train/config.h"
#include "core/base/json.h"

/* Examples a second of the newest jobs here; 0: there are none. */
static double known_speed(struct store *s)
{
    struct job_list list;
    struct hone_err ignored;
    double sum = 0;
    int n = 0;
    if (job_list(s, &(struct job_filter){ .status = 1 << JOB_COMPLETED, .limit = 20 }, &list, &ignored) < 0)
        return 0;
    for (size_t i = 0; i < list.n; i++) {
        if (list.v[i].progress.examples_per_second > 0) {
            sum += 1 / list.v[i].progress.examples_per_second;
            n++;
        }
    }
    job_list_free(&list);
    return n ? n / sum : 0;
}

/* Seconds for one weight of one feature: rows of a table that does not fit near the processor are added up, as a step does. Timed once. */
static double weight_seconds(void)
{
    enum { ROWS = 1 << 14, WIDTH = 64, TAKEN = 1 << 12 };
    static double known;
    double seconds;
    __atomic_load(&known, &seconds, __ATOMIC_RELAXED);
    float *table = seconds > 0 ? NULL : calloc((size_t)ROWS * WIDTH, sizeof *table), sum[WIDTH] = { 0 };
    if (!table)
        return seconds > 0 ? seconds : 1e-9;
    int64_t start = clock_mono_us();
    for (uint32_t i = 0, row = 1; i < TAKEN; i++, row = row * 1664525u + 1013904223u)
        for (int k = 0; k < WIDTH; k++)
            sum[k] += table[(size_t)(row >> 18) * WIDTH + (size_t)k] += 1;
    int64_t us = clock_mono_us() - start;
    seconds = (double)(us > 0 ? us : 1) * 1e-6 / ((double)TAKEN * WIDTH) + (double)sum[0] * 1e-300;
    free(table);
    __atomic_store(&known, &seconds, __ATOMIC_RELAXED);
    return seconds;
}

/* Without a job to go by: a byte of a data file makes about two features, each of them a row of weights, which is added
 * up, takes a gradient and is moved. */
static double untried_seconds(const struct kept *data, double share, int64_t epochs)
{
    return (double)data->bytes * share * (double)epochs * 2 * 3 * 64 * weight_seconds();
}

cJSON *foresee(struct store *s, const struct kept *data, const struct kept *validation, const struct train_config *config, struct job_progress *p)
{
    cJSON *o = cJSON_CreateObject();
    double total = (double)data->examples, held = validation->file ? 0 : floor(total * config->validation_split), speed = known_speed(s);
    double step = (double)(config->batch_size * config->gradient_accumulation), train = total - held;
    double seconds = speed > 0 ? train * (double)config->epochs / speed : untried_seconds(data, total > 0 ? train / total : 1, config->epochs);
    p->total_epochs = config->epochs;
    p->total_steps = (int64_t)(ceil(train / step) * (double)config->epochs);
    json_put_num(o, "total_samples", total + (double)validation->examples);
    json_put_num(o, "training_samples", train);
    json_put_num(o, "validation_samples", validation->file ? (double)validation->examples : held);
    json_put_num(o, "estimated_duration_ms", ceil(seconds * 1000));
    return o;
}
