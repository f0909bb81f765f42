/* The task "compare": several trained agents answer the same rows, which none of them was trained on. What travels is described in
 * docs/architecture.md; what is made of the answers in core/judge/compare.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/data/split.h"
#include "core/judge/common_rows.h"
#include "core/judge/compare.h"
#include "core/judge/predictions.h"
#include "core/train/predictor.h"
#include "core/worker/task.h"

#define LEAST 1.1920928955078125e-7 /* of a probability, as in the metric loss */
#define MAX_FILES (2 * COMPARE_RUNS + 1)

/* A data file; runs that share it share it. */
struct file {
    char *path;
    struct examples examples;
};

struct one {
    const cJSON *frame;
    struct run_rows rows;
    int64_t *train, *held_out;
    struct curve_row *history;
    uint8_t *right;
    double *loss;
};

struct side {
    struct task *t;
    int64_t k;
    struct one one[COMPARE_RUNS];
    struct compared_run run[COMPARE_RUNS];
    struct file file[MAX_FILES];
    int files;
    struct common_rows common;
    char why[400];
};

static void side_free(struct side *s)
{
    for (int64_t i = 0; i < s->k; i++) {
        free(s->one[i].train);
        free(s->one[i].held_out);
        free(s->one[i].history);
        free(s->one[i].right);
        free(s->one[i].loss);
    }
    for (int i = 0; i < s->files; i++) {
        free(s->file[i].path);
        examples_free(&s->file[i].examples);
    }
    free(s->common.row);
}

/* Reads a file once. NULL with err. */
static const struct examples *file_of(struct side *s, const char *path, const char *format_name, struct hone_err *err)
{
    int format = data_format_of_name(format_name);
    for (int i = 0; i < s->files; i++) {
        if (strcmp(s->file[i].path, path) == 0)
            return &s->file[i].examples;
    }
    if (format < 0) {
        hone_fail(err, HONE_EINVAL, "'%s' is no format of data", format_name);
        return NULL;
    }
    struct file *f = &s->file[s->files];
    struct read_options options = { .format = (enum data_format)format };
    if (!(f->path = strdup(path))) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    s->files++;
    return examples_read(&f->examples, path, &options, err) < 0 ? NULL : &f->examples;
}

static double commonest(const struct run_rows *r)
{
    int64_t *count = calloc((size_t)r->train->outputs.n + 1, sizeof *count), rows = r->train_row ? r->n_train : r->train->n, most = 0;
    for (int64_t i = 0; count && i < rows; i++) {
        int32_t o = r->train->output[r->train_row ? r->train_row[i] : i];
        most = o >= 0 && ++count[o] > most ? count[o] : most;
    }
    free(count);
    return rows > 0 ? (double)most / (double)rows : 0;
}

/* What a run learned from and held out, by its own split. */
static int read_run(struct side *s, int64_t i, struct hone_err *err)
{
    struct one *o = &s->one[i];
    const cJSON *data = json_get(o->frame, "held_out"), *config = json_get(o->frame, "config");
    const char *path = json_str(data, "path", NULL), *validation = json_str(data, "validation", NULL);
    double share = validation ? 0 : json_num(config, "validationSplit", 0);
    if (!path)
        return hone_fail(err, HONE_EINVAL, "runs/%lld does not name its data", (long long)i);
    const struct examples *e = file_of(s, path, json_str(data, "format", "auto"), err);
    if (!e)
        return err->code;
    int written = predictor_file_writes(s->t->registry, json_str(o->frame, "weights", ""), err);
    if (written < 0)
        return written;
    int rc = split_examples(e, written, share, (uint64_t)json_int(config, "seed", 0), &o->train, &o->rows.n_train, &o->held_out, &o->rows.n_held_out, err);
    if (rc < 0)
        return rc;
    o->rows.train = e;
    o->rows.train_row = o->train;
    o->rows.held_out = o->rows.n_held_out > 0 ? e : NULL;
    o->rows.held_out_row = o->held_out;
    if (validation) {
        if (!(o->rows.held_out = file_of(s, validation, json_str(data, "validation_format", "auto"), err)))
            return err->code;
        o->rows.held_out_row = NULL;
    }
    s->run[i] = (struct compared_run){ .id = json_str(o->frame, "job_id", "?"), .config = config, .results = json_get(o->frame, "results"),
                                       .outputs = e->outputs.n, .baseline = commonest(&o->rows) };
    rc = curves_from_json(json_get(o->frame, "history"), &o->history, &s->run[i].n_history, err);
    s->run[i].history = o->history;
    return rc;
}

/* The rows, or why there are none. */
static int choose_rows(struct side *s, struct hone_err *err)
{
    const cJSON *data = json_get(s->t->start, "data");
    const char *path = json_str(data, "path", NULL);
    struct run_rows runs[COMPARE_RUNS];
    const struct examples *test = NULL;
    for (int64_t i = 0; i < s->k; i++) {
        runs[i] = s->one[i].rows;
        if (!path && !runs[i].held_out) {
            snprintf(s->why, sizeof s->why, "run %s held no rows out; compare on a file of fresh rows", s->run[i].id);
            return 0;
        }
    }
    if (path && !(test = file_of(s, path, json_str(data, "format", "auto"), err)))
        return err->code;
    int rc = common_rows_find(&s->common, runs, s->k, test, err);
    if (rc == 0 && s->common.n == 0 && test)
        snprintf(s->why, sizeof s->why, "all %lld test rows have an input that one of the runs was trained on; they are no test of it",
                 (long long)s->common.candidates);
    else if (rc == 0 && s->common.n == 0)
        snprintf(s->why, sizeof s->why, "of the %lld rows that run %s held out, %lld were not held out by all others and %lld were trained on by one: the runs "
                 "have no test rows in common, and unlike is not compared with unlike; give fresh rows", (long long)s->common.candidates, s->run[0].id,
                 (long long)s->common.not_shared, (long long)s->common.trained);
    return rc;
}

static int note_losses(void *arg, const struct hone_scored *block, int64_t first, struct hone_err *err)
{
    struct one *o = arg;
    (void)err;
    for (int64_t i = 0; i < block->n; i++) {
        double p = block->label[i] < 0 ? 0 : (double)block->prob[i * block->width + block->label[i]];
        o->loss[first + i] = -log(p < LEAST ? LEAST : p > 1 - LEAST ? 1 - LEAST : p);
        o->right[first + i] = block->label[i] >= 0 && block->predicted[i] == block->label[i];
    }
    return 0;
}

static void beat(void *task)
{
    task_beat(task);
}

/* An agent that writes is right when it writes what is expected; its loss is not known. */
static int answer_written(struct side *s, struct one *o, struct predictor *agent, struct predictions *p, struct hone_err *err)
{
    int rc = predictions_write(p, agent, s->common.from, s->common.row, s->common.n, beat, s->t, err);
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        o->right[i] = p->predicted[i] == p->expected[i];
        o->loss[i] = NAN;
    }
    return rc;
}

/* One agent answers. *rows: how many could be judged, the same for all. */
static int answer(struct side *s, int64_t i, int64_t *rows, struct hone_err *err)
{
    struct one *o = &s->one[i];
    struct predictions p = { 0 };
    const struct block_sink sink = { o, note_losses };
    struct predictor *agent = predictor_open(s->t->registry, s->t->pool, json_str(o->frame, "weights", ""), err);
    int rc = agent ? 0 : err->code;
    o->right = calloc((size_t)s->common.n + 1, 1);
    o->loss = calloc((size_t)s->common.n + 1, sizeof *o->loss);
    if (rc == 0 && (!o->right || !o->loss))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out for %lld answers", (long long)s->common.n);
    if (rc == 0 && predictor_writes(agent))
        rc = answer_written(s, o, agent, &p, err);
    else if (rc == 0)
        rc = predictions_run(&p, agent, s->common.from, s->common.row, s->common.n, &sink, beat, s->t, err);
    *rows = p.n;
    s->run[i].right = o->right;
    s->run[i].loss = o->loss;
    predictions_free(&p);
    predictor_close(agent);
    return rc;
}

static int answer_all(struct side *s, int64_t *rows, struct hone_err *err)
{
    int rc = 0;
    *rows = s->common.n;
    s->t->stage = "evaluation";
    for (int64_t i = 0; rc == 0 && i < s->k && s->common.n > 0; i++)
        rc = answer(s, i, rows, err);
    if (rc == ERR_PRECONDITION) { /* none of the rows says what is right */
        snprintf(s->why, sizeof s->why, "%.300s", err->text);
        *rows = 0;
        rc = 0;
    }
    for (int64_t i = 0; *rows == 0 && i < s->k; i++)
        s->run[i].right = NULL;
    return rc;
}

static cJSON *test_json(const struct side *s, int64_t rows)
{
    cJSON *o = cJSON_CreateObject();
    const char *path = json_str(json_get(s->t->start, "data"), "path", NULL);
    json_put_str(o, "source", path ? "data" : "held_out");
    json_put_int(o, "rows", rows);
    json_put_int(o, "candidates", s->common.candidates);
    json_put_int(o, "not_held_out_by_all", s->common.not_shared);
    json_put_int(o, "trained_on", s->common.trained);
    json_put_str(o, "reason", rows == 0 ? s->why : NULL);
    return o;
}

int task_compare(struct task *t, struct hone_err *err)
{
    const cJSON *runs = json_get(t->start, "runs"), *frame;
    struct side *s = calloc(1, sizeof *s);
    int64_t began = clock_mono_us(), rows = 0;
    int rc = s ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    t->stage = "data";
    if (rc == 0 && (cJSON_GetArraySize(runs) < 2 || cJSON_GetArraySize(runs) > COMPARE_RUNS))
        rc = hone_fail(err, HONE_EINVAL, "%d runs are given; 2 to %d can be compared", cJSON_GetArraySize(runs), COMPARE_RUNS);
    if (rc == 0)
        s->t = t;
    cJSON_ArrayForEach(frame, runs) {
        if (rc < 0)
            break;
        s->one[s->k].frame = frame;
        rc = read_run(s, s->k++, err);
        task_beat(t);
    }
    if (rc == 0)
        rc = choose_rows(s, err);
    if (rc == 0)
        rc = answer_all(s, &rows, err);
    if (rc == 0) {
        const struct comparison c = { .run = s->run, .k = s->k, .rows = rows, .why_no_rows = s->why, .metrics = json_get(t->start, "metrics"),
                                      .tests = json_bool(t->start, "tests", 1), .advice = json_bool(t->start, "advice", 1),
                                      .alpha = json_num(t->start, "alpha", 0.05), .margin = json_num(t->start, "margin", 0.01),
                                      .seed = (uint64_t)json_int(t->start, "seed", 0), .pool = t->pool };
        t->stage = "comparison";
        rc = compare_put(t->result, &c, err);
        json_put(t->result, "test", test_json(s, rows));
    }
    json_put_num(t->result, "duration_ms", round((double)(clock_mono_us() - began) / 1000));
    if (s)
        side_free(s);
    free(s);
    return rc;
}
