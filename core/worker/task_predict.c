/* The task "predict": answers texts with a trained agent, a few of them into the result frame, or a whole file as JSON
 * lines. What travels is described in docs/architecture.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/data/examples.h"
#include "core/worker/answerer.h"

#define BLOCK ANSWERER_BLOCK

struct answering {
    struct task *task;
    struct answerer *agent;
    struct answer_wish wish;
    struct hone_string text[BLOCK];
    int64_t n, count;
    struct arena arena;
    struct buf out;
};

static int flush(struct answering *a, struct hone_err *err)
{
    int ret = a->n ? answerer_run(a->agent, a->text, a->n, a->wish.top > 0, err) : 0;
    if (ret < 0)
        return ret;
    buf_clear(&a->out);
    for (int64_t i = 0; i < a->n; i++) {
        answerer_put(a->agent, &a->out, i, &a->wish);
        buf_putc(&a->out, '\n');
    }
    if (buf_oom(&a->out))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld answers", (long long)a->n);
    if (a->n && file_write_all(a->task->out, a->out.p, a->out.n))
        return err_errno(err, "write", "the answers");
    a->count += a->n;
    a->n = 0;
    arena_reset(&a->arena);
    task_beat(a->task);
    return 0;
}

static int add_text(struct answering *a, const char *bytes, int64_t len, struct hone_err *err)
{
    char *p = arena_copy(&a->arena, bytes, (size_t)len);
    if (!p)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    a->text[a->n++] = (struct hone_string){ p, len };
    return a->n == BLOCK ? flush(a, err) : 0;
}

static int on_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    return add_text(arg, row->input.bytes, row->input.len, err);
}

struct first_fault {
    struct answering *a;
    struct data_fault fault;
    int found;
};

/* Lines of plain text, one input a line. */
static int read_lines(struct answering *a, const char *path, struct hone_err *err)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int ret = f ? 0 : err_open(err, path);
    for (int64_t at = 1; !ret && (n = getline(&line, &cap, f)) >= 0; at++) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            n--;
        size_t bad = utf8_invalid_at(line, (size_t)n);
        ret = bad < (size_t)n ? hone_fail(err, HONE_EINVAL, "%s:%lld:%zu: not valid UTF-8", path, (long long)at, bad + 1)
                              : add_text(a, line, n, err);
    }
    if (!ret && ferror(f))
        ret = err_errno(err, "read", path);
    if (f && f != stdin)
        fclose(f);
    free(line);
    return ret;
}

static int on_fault(void *arg, const struct data_fault *fault)
{
    struct first_fault *f = arg;
    if (fault->severity != 0)
        return 0;
    f->fault = *fault;
    f->found = 1;
    return HONE_EINVAL;
}

static int on_example(void *arg, const struct example_row *row, struct hone_err *err)
{
    return on_row(((struct first_fault *)arg)->a, row, err);
}

static int read_examples(struct answering *a, const char *path, const char *format, struct hone_err *err)
{
    int f = data_format_of_name(format);
    if (f < 0)
        return hone_fail(err, HONE_EINVAL, "there is no data format '%.40s'", format);
    struct first_fault first = { .a = a };
    struct read_options options = { .format = (enum data_format)f, .optional_output = 1 };
    struct row_sink sink = { &first, on_example, on_fault };
    int ret = examples_stream(path, &options, &sink, err);
    if (first.found)
        return hone_fail(err, HONE_EINVAL, "%s:%lld:%lld: %s", path, (long long)first.fault.line, (long long)first.fault.column,
                         first.fault.text);
    return ret;
}

static int answer_file(struct answering *a, const char *path, const char *format, struct hone_err *err)
{
    int64_t start = clock_mono_us();
    int ret = strcmp(format, "lines") == 0 ? read_lines(a, path, err) : read_examples(a, path, format, err);
    if (!ret)
        ret = flush(a, err);
    json_put_int(a->task->result, "count", a->count);
    json_put_num(a->task->result, "seconds", (double)(clock_mono_us() - start) * 1e-6);
    return ret;
}

static int answer_list(struct answering *a, const cJSON *texts, struct hone_err *err)
{
    const cJSON *t;
    int ret = 0;
    cJSON *answers = json_put(a->task->result, "answers", cJSON_CreateArray());
    if (!answers)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    a->wish.complete = 1;
    cJSON_ArrayForEach(t, texts)
    {
        if (!cJSON_IsString(t))
            return hone_fail(err, HONE_EINVAL, "texts must be strings");
        if (a->n == BLOCK)
            return hone_fail(err, HONE_EINVAL, "at most %d texts at once; use a file for more", BLOCK);
        a->text[a->n++] = (struct hone_string){ t->valuestring, (int64_t)strlen(t->valuestring) };
    }
    ret = answerer_run(a->agent, a->text, a->n, a->wish.top > 0 || a->wish.rule != ANSWER_BEST, err);
    for (int64_t i = 0; i < a->n && !ret; i++) {
        buf_clear(&a->out);
        a->wish.draw = (uint64_t)i;
        answerer_put(a->agent, &a->out, i, &a->wish);
        cJSON *one = buf_oom(&a->out) ? NULL : json_parse(a->out.p, a->out.n, "answer", err);
        if (!one)
            return err->code ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out");
        cJSON_AddItemToArray(answers, one);
    }
    return ret;
}

/* How an agent that writes shall write. */
static int read_writing(struct answering *a, const cJSON *wanted, const struct write_sink *sink, struct hone_err *err)
{
    if (!a->agent->write)
        return wanted ? hone_fail(err, HONE_EINVAL, "generation: this agent chooses among its outputs and writes nothing") : 0;
    if (a->wish.rule != ANSWER_BEST)
        return hone_fail(err, HONE_EINVAL, "explore: this agent writes its answers; give generation.temperature instead");
    struct write_wish wish = *predictor_wish(a->agent->p);
    int ret = write_wish_read(wanted, &wish, err);
    for (int i = 0; i < BLOCK && ret >= 0; i++)
        a->agent->write[i] = wish;
    a->agent->sink = sink;
    return ret;
}

/* A piece of an answer, as it is written. */
static int on_text(void *arg, int64_t i, const char *bytes, int64_t len, struct hone_err *err)
{
    return task_text(((struct answering *)arg)->task, "answer", i, bytes, len, err);
}

static void on_token(void *arg)
{
    task_beat(((struct answering *)arg)->task);
}

/* Answers by chance, of texts that are given one by one. */
static int read_rule(struct answering *a, const cJSON *explore, int from_file, struct hone_err *err)
{
    int rule = answer_rule_of(json_str(explore, "rule", NULL));
    if (rule < 0 || (rule && (from_file || a->wish.threshold > 0)))
        return hone_fail(err, HONE_EINVAL, "explore.rule is '%.40s'; expected epsilon_greedy, softmax or squarecb, for texts (not files) and without a threshold",
                         json_str(explore, "rule", ""));
    a->wish.rule = (enum answer_rule)rule;
    a->wish.setting = json_num(explore, "setting", 0);
    a->wish.seed = (uint64_t)json_int(explore, "seed", 0);
    return 0;
}

static void release(struct answering *a)
{
    buf_free(&a->out);
    arena_free(&a->arena);
    answerer_close(a->agent);
    free(a);
}

int task_predict(struct task *t, struct hone_err *err)
{
    const char *input = json_str(t->start, "input", NULL);
    struct answering *a = calloc(1, sizeof *a);
    if (!a)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    a->task = t;
    a->wish.top = json_int(t->start, "top", 0);
    a->wish.threshold = json_num(t->start, "threshold", -1);
    int ret = 0;
    if (a->wish.top < 0 || a->wish.top > ANSWERER_MAX_TOP)
        ret = hone_fail(err, HONE_EINVAL, "top = %lld is outside of 0 to %d", (long long)a->wish.top, ANSWERER_MAX_TOP);
    if (!ret)
        ret = read_rule(a, json_get(t->start, "explore"), input != NULL, err);
    t->stage = "weights";
    if (!ret && !(a->agent = answerer_open(t, json_str(t->start, "weights", ""), 0, err)))
        ret = err->code;
    t->stage = ret ? t->stage : "answers";
    struct write_sink sink = { .arg = a, .text = json_bool(t->start, "stream", 0) ? on_text : NULL, .beat = on_token };
    if (!ret)
        ret = read_writing(a, json_get(t->start, "generation"), &sink, err);
    if (!ret)
        ret = input ? answer_file(a, input, json_str(t->start, "format", "auto"), err)
                    : answer_list(a, json_get(t->start, "texts"), err);
    release(a);
    return ret;
}
