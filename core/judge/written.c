/* Answers of an agent that writes, as predictions: every text that was expected or written is an output by itself, and an answer is right when it
 * is the expected text. See predictions.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/judge/metrics.h"
#include "core/train/writer.h"

#define BLOCK 64 /* texts that are written side by side */

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the written answers");
}

/* The names once more, after texts were added. */
static int take_names(struct predictions *p)
{
    struct hone_string *name = malloc(((size_t)p->written.n + 1) * sizeof *name);
    if (!name)
        return -1;
    if (p->written.n > 0)
        memcpy(name, p->written.name, (size_t)p->written.n * sizeof *name);
    free(p->name);
    p->name = name;
    p->n_names = p->width = p->written.n;
    return 0;
}

/* Writes answers to n texts: their numbers, and (may be NULL) how sure the agent was of them. */
static int write_block(struct predictions *p, struct predictor *agent, const struct hone_string *text, int64_t n, int32_t *number, float *sure,
                       const struct write_sink *sink, struct hone_err *err)
{
    struct write_wish wish[BLOCK];
    struct written out[BLOCK] = { 0 };
    for (int64_t i = 0; i < BLOCK; i++)
        wish[i] = write_default;
    int rc = predictor_write(agent, text, n, wish, out, sink, err);
    for (int64_t i = 0; i < n && rc >= 0; i++) {
        const char *bytes = out[i].text.n > 0 ? buf_str(&out[i].text) : "";
        p->too_long += out[i].finish && strcmp(out[i].finish, "refused") == 0;
        number[i] = outputs_find(&p->written, bytes, (int64_t)out[i].text.n, 1);
        if (number[i] < 0 || buf_oom(&out[i].text))
            rc = no_memory(err);
        if (sure)
            sure[i] = (float)written_confidence(&out[i]);
    }
    for (int64_t i = 0; i < n; i++)
        written_free(&out[i]);
    return rc < 0 ? rc : 0;
}

int predictions_texts(struct predictions *p, struct predictor *agent, const struct hone_string *text, int64_t n, int32_t *number, struct hone_err *err)
{
    const struct write_sink sink = { .lenient = 1 };
    int rc = 0;
    for (int64_t first = 0; rc == 0 && first < n; first += BLOCK)
        rc = write_block(p, agent, text + first, n - first < BLOCK ? n - first : BLOCK, number + first, NULL, &sink, err);
    return rc == 0 && take_names(p) < 0 ? no_memory(err) : rc;
}

static int answer_rows(struct predictions *p, struct predictor *agent, const struct examples *e, void (*beat)(void *), void *beat_arg,
                       struct hone_err *err)
{
    const struct write_sink sink = { .arg = beat_arg, .beat = beat, .lenient = 1 };
    struct hone_string text[BLOCK];
    int rc = 0;
    for (int64_t first = 0; rc == 0 && first < p->n; first += BLOCK) {
        int64_t n = p->n - first < BLOCK ? p->n - first : BLOCK;
        for (int64_t i = 0; i < n; i++)
            text[i] = e->input[p->row[first + i]];
        rc = write_block(p, agent, text, n, p->predicted + first, p->top + first, &sink, err);
        if (beat)
            beat(beat_arg);
    }
    return rc;
}

int metrics_expected(struct metric_rows *rows, const struct metric_set *s, struct predictor *agent, void (*beat)(void *), void *beat_arg,
                     struct hone_err *err)
{
    const struct predictions *p = rows->p;
    const struct examples *e = rows->test;
    struct hone_string text[BLOCK], answer[BLOCK];
    size_t size = ((size_t)p->n + 1) * sizeof *rows->nats;
    int rc = 0;
    if (!metrics_need(s, "nats") && !metrics_need(s, "tokens") && !metrics_need(s, "characters"))
        return 0;
    rows->nats = malloc(size);
    rows->tokens = malloc(size);
    rows->characters = malloc(size);
    if (!rows->nats || !rows->tokens || !rows->characters)
        return no_memory(err);
    for (int64_t first = 0; rc == 0 && first < p->n; first += BLOCK) {
        int64_t n = p->n - first < BLOCK ? p->n - first : BLOCK;
        for (int64_t i = 0; i < n; i++) {
            text[i] = e->input[p->row[first + i]];
            answer[i] = e->outputs.name[e->output[p->row[first + i]]];
        }
        rc = predictor_expected(agent, text, answer, n, rows->nats + first, rows->tokens + first, rows->characters + first, err);
        if (beat)
            beat(beat_arg);
    }
    return rc;
}

int predictions_write(struct predictions *p, struct predictor *agent, const struct examples *e, const int64_t *rows, int64_t n_rows,
                      void (*beat)(void *), void *beat_arg, struct hone_err *err)
{
    int32_t *known = malloc(((size_t)e->outputs.n + 1) * sizeof *known);
    int rc = known ? 0 : no_memory(err);
    for (int64_t o = 0; known && o < e->outputs.n; o++)
        known[o] = -1;
    memset(p, 0, sizeof *p);
    if (rc == 0)
        rc = predictions_choose(p, e, rows, n_rows, known, NULL, 0, err);
    free(known);
    if (rc < 0)
        return rc;
    p->writes = 1;
    p->unknown = 0;
    p->threshold = predictor_threshold(agent);
    for (int64_t i = 0; i < p->n_names && rc == 0; i++) { /* the same numbers again */
        if (outputs_find(&p->written, p->name[i].bytes, p->name[i].len, 1) != (int32_t)i)
            rc = no_memory(err);
    }
    if (rc == 0)
        rc = answer_rows(p, agent, e, beat, beat_arg, err);
    if (rc == 0 && take_names(p) < 0)
        rc = no_memory(err);
    for (int64_t i = 0; i < p->n && rc == 0; i++) {
        p->label[i] = p->expected[i];
        p->plain[i] = p->top[i];
        p->entropy[i] = (float)NAN;
    }
    if (rc < 0)
        predictions_free(p);
    return rc;
}
