/* The task "predict": answers texts with a trained agent, a few of them into the result frame, or a whole file as JSON
 * lines. What travels is described in docs/architecture.md. */
#include <math.h>
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
#include "core/train/predictor.h"
#include "core/worker/task.h"

#define BLOCK 4096       /* texts that are answered together */
#define MAX_TOP 1000

struct answering {
    struct task *task;
    struct predictor *p;
    int64_t top;                 /* alternatives, 0: the best output alone */
    double threshold;            /* below it the agent abstains */
    char **name;                 /* [outputs] as JSON strings, made when first needed */
    struct hone_string text[BLOCK];
    int64_t n, count;
    struct arena arena;
    float *prob;                 /* [BLOCK][outputs] with alternatives */
    int32_t best[BLOCK];
    float best_prob[BLOCK];
    struct buf out;
};

/* The indices of the `top` highest of n, in descending order, the first of equals first. */
static void best_of(const float *prob, int64_t n, int32_t *index, int64_t top)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (m == top && !(prob[i] > prob[index[m - 1]]))
            continue;
        int64_t at = m < top ? m++ : m - 1;
        for (; at > 0 && prob[i] > prob[index[at - 1]]; at--)
            index[at] = index[at - 1];
        index[at] = (int32_t)i;
    }
}

static const char *name_of(struct answering *a, int32_t i)
{
    if (!a->name[i]) {
        struct buf b = { 0 };
        struct hone_string o = predictor_output(a->p, i);
        buf_json_string(&b, o.bytes, (size_t)o.len);
        a->name[i] = buf_take(&b);
    }
    return a->name[i] ? a->name[i] : "null";
}

/* A probability with six decimals. */
static void put_prob(struct buf *b, float p)
{
    char text[16];
    long v = lround((double)p * 1e6);
    if (v >= 1000000) {
        buf_puts(b, "1.000000");
        return;
    }
    text[0] = '0';
    text[1] = '.';
    for (int i = 7; i > 1; i--, v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_add(b, text, 8);
}

/* One answer as a JSON object. */
static void put_answer(struct answering *a, int64_t i)
{
    struct buf *b = &a->out;
    int abstained = (double)a->best_prob[i] < a->threshold;
    buf_puts(b, "{\"output\":");
    buf_puts(b, abstained ? "null" : name_of(a, a->best[i]));
    buf_puts(b, ",\"confidence\":");
    put_prob(b, a->best_prob[i]);
    if (a->threshold > 0)
        buf_puts(b, abstained ? ",\"abstained\":true" : ",\"abstained\":false");
    if (a->top > 0) {
        int64_t width = predictor_outputs(a->p), top = a->top < width ? a->top : width;
        int32_t index[MAX_TOP];
        const float *prob = a->prob + i * width;
        best_of(prob, width, index, top);
        buf_puts(b, ",\"alternatives\":[");
        for (int64_t j = 0; j < top; j++) {
            buf_puts(b, j ? ",{\"output\":" : "{\"output\":");
            buf_puts(b, name_of(a, index[j]));
            buf_puts(b, ",\"confidence\":");
            put_prob(b, prob[index[j]]);
            buf_putc(b, '}');
        }
        buf_putc(b, ']');
    }
    buf_putc(b, '}');
}

/* Best outputs of the texts gathered so far. */
static int answer(struct answering *a, struct hone_err *err)
{
    int64_t width = predictor_outputs(a->p);
    if (!a->top)
        return predictor_best(a->p, a->text, a->n, a->best, a->best_prob, err);
    int ret = predictor_probs(a->p, a->text, a->n, a->prob, err);
    for (int64_t i = 0; i < a->n && !ret; i++) {
        best_of(a->prob + i * width, width, &a->best[i], 1);
        a->best_prob[i] = a->prob[i * width + a->best[i]];
    }
    return ret;
}

static int flush(struct answering *a, struct hone_err *err)
{
    int ret = a->n ? answer(a, err) : 0;
    if (ret < 0)
        return ret;
    buf_clear(&a->out);
    for (int64_t i = 0; i < a->n; i++) {
        put_answer(a, i);
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
    int ret = f ? 0 : err_errno(err, "open", path);
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
    cJSON *answers = cJSON_CreateArray();
    json_put(a->task->result, "answers", answers);
    cJSON_ArrayForEach(t, texts)
    {
        if (!cJSON_IsString(t))
            return hone_fail(err, HONE_EINVAL, "texts must be strings");
        if (a->n == BLOCK)
            return hone_fail(err, HONE_EINVAL, "at most %d texts at once; use a file for more", BLOCK);
        a->text[a->n++] = (struct hone_string){ t->valuestring, (int64_t)strlen(t->valuestring) };
    }
    ret = answer(a, err);
    for (int64_t i = 0; i < a->n && !ret; i++) {
        buf_clear(&a->out);
        put_answer(a, i);
        cJSON *one = buf_oom(&a->out) ? NULL : json_parse(a->out.p, a->out.n, "answer", err);
        if (!one)
            return err->code ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out");
        cJSON_AddItemToArray(answers, one);
    }
    return ret;
}

static void release(struct answering *a)
{
    for (int64_t i = 0; a->name && i < predictor_outputs(a->p); i++)
        free(a->name[i]);
    free(a->name);
    free(a->prob);
    buf_free(&a->out);
    arena_free(&a->arena);
    predictor_close(a->p);
    free(a);
}

int task_predict(struct task *t, struct hone_err *err)
{
    const char *weights = json_str(t->start, "weights", ""), *input = json_str(t->start, "input", NULL);
    struct answering *a = calloc(1, sizeof *a);
    if (!a)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    a->task = t;
    a->top = json_int(t->start, "top", 0);
    a->threshold = json_num(t->start, "threshold", 0);
    int ret = 0;
    if (a->top < 0 || a->top > MAX_TOP)
        ret = hone_fail(err, HONE_EINVAL, "top = %lld is outside of 0 to %d", (long long)a->top, MAX_TOP);
    t->stage = "weights";
    if (!ret && !(a->p = predictor_open(t->registry, t->pool, weights, err)))
        ret = err->code;
    if (ret) {
        free(a);
        return ret;
    }
    int64_t width = predictor_outputs(a->p);
    a->name = calloc((size_t)width, sizeof *a->name);
    a->prob = a->top ? malloc((size_t)width * BLOCK * sizeof *a->prob) : NULL;
    if (!a->name || (a->top && !a->prob))
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    t->stage = "answers";
    if (!ret)
        ret = input ? answer_file(a, input, json_str(t->start, "format", "auto"), err)
                    : answer_list(a, json_get(t->start, "texts"), err);
    release(a);
    return ret;
}
