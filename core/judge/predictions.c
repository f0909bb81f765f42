/* See predictions.h. */
#include "core/judge/predictions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hone/math.h"
#include "hone/wide.h"

/* A block's probabilities take about this many floats, at least one batch of rows. */
#define BLOCK_FLOATS (4 << 20)
#define BLOCK_MIN 64
#define BLOCK_MAX 4096

void predictions_free(struct predictions *p)
{
    free(p->row);
    free(p->label);
    free(p->expected);
    free(p->predicted);
    free(p->top);
    free(p->entropy);
    free(p->plain);
    free(p->name);
    outputs_free(&p->written);
    memset(p, 0, sizeof *p);
}

static int no_memory(struct predictions *p, struct hone_err *err)
{
    predictions_free(p);
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the predictions");
}

static int make_room(struct predictions *p, int64_t rows, int64_t names)
{
    size_t n = (size_t)rows + 1;
    p->row = malloc(n * sizeof *p->row);
    p->label = malloc(n * sizeof *p->label);
    p->expected = malloc(n * sizeof *p->expected);
    p->predicted = malloc(n * sizeof *p->predicted);
    p->top = malloc(n * sizeof *p->top);
    p->entropy = malloc(n * sizeof *p->entropy);
    p->plain = malloc(n * sizeof *p->plain);
    p->name = malloc(((size_t)names + 1) * sizeof *p->name);
    return p->row && p->label && p->expected && p->predicted && p->top && p->entropy && p->plain && p->name;
}

static void choose_rows(struct predictions *p, const struct examples *e, const int64_t *rows, int64_t n_rows)
{
    for (int64_t i = 0; i < n_rows; i++) {
        int64_t r = rows ? rows[i] : i;
        if (e->output[r] < 0)
            p->unanswered++;
        else if (e->feedback[r] == HONE_INCORRECT)
            p->incorrect++;
        else if (!(e->weight[r] > 0))
            p->weightless++;
        else
            p->row[p->n++] = r;
    }
}

/* Outputs that the agent does not know are numbered behind its own, in the order of their first row. */
static int label_rows(struct predictions *p, const struct examples *e, const int32_t *known)
{
    int32_t *beyond = malloc(((size_t)e->outputs.n + 1) * sizeof *beyond);
    if (!beyond)
        return -1;
    for (int64_t o = 0; o < e->outputs.n; o++)
        beyond[o] = -1;
    for (int64_t i = 0; i < p->n; i++) {
        int32_t o = e->output[p->row[i]];
        p->label[i] = p->expected[i] = known[o];
        p->predicted[i] = -1;
        if (known[o] >= 0)
            continue;
        p->unknown++;
        if (beyond[o] < 0) {
            beyond[o] = (int32_t)p->n_names;
            p->name[p->n_names++] = e->outputs.name[o];
        }
        p->expected[i] = beyond[o];
    }
    free(beyond);
    return 0;
}

int predictions_choose(struct predictions *p, const struct examples *e, const int64_t *rows, int64_t n_rows,
                       const int32_t *known, const struct hone_string *name, int64_t width, struct hone_err *err)
{
    memset(p, 0, sizeof *p);
    int64_t n = rows ? n_rows : e->n;
    if (!make_room(p, n, width + e->outputs.n))
        return no_memory(p, err);
    p->width = p->n_names = width;
    p->temperature = 1;
    if (width > 0)
        memcpy(p->name, name, (size_t)width * sizeof *name);
    choose_rows(p, e, rows, n);
    if (p->n == 0) {
        struct predictions none = *p;
        predictions_free(p);
        return hone_fail(err, ERR_PRECONDITION,
                         "none of the %lld test rows can be judged: %lld have the feedback 'incorrect', so that their output "
                         "is a wrong answer, %lld have no expected output, and %lld have weight 0",
                         (long long)n, (long long)none.incorrect, (long long)none.unanswered, (long long)none.weightless);
    }
    return label_rows(p, e, known) == 0 ? 0 : no_memory(p, err);
}

#define PIECE 256 /* outputs whose logarithms are made together */

/* p ln p, and (p / top)^temperature. Three loops, since compilers make vector code of each and of no loop that does it all. */
HONE_WIDE static void row_parts(const float *restrict row, int64_t n, float log_top, float temperature, float *restrict part, float *restrict power)
{
    for (int64_t k = 0; k < n; k++)
        power[k] = row[k] > 1e-37f ? row[k] : 1e-37f;
    for (int64_t k = 0; k < n; k++)
        part[k] = hone_logf(power[k]);
    for (int64_t k = 0; k < n; k++) {
        power[k] = hone_expf(temperature * (part[k] - log_top));
        part[k] = row[k] * part[k];
    }
}

/* Entropy in nats, and the sum of (p_k / p_top)^T: p_k = e^(s_k / T) / sum gives back e^(s_k) up to a factor. Float functions that the
 * compiler turns into vector code; the sums are doubles. */
static double row_sums(const float *row, int64_t width, float top, float temperature, double *plain)
{
    float part[PIECE], power[PIECE], log_top = hone_logf(top > 1e-37f ? top : 1e-37f);
    double entropy = 0;
    *plain = 0;
    for (int64_t first = 0; first < width; first += PIECE) {
        int64_t n = width - first < PIECE ? width - first : PIECE;
        row_parts(row + first, n, log_top, temperature, part, power);
        for (int64_t k = 0; k < n; k++) {
            entropy -= (double)part[k];
            *plain += (double)power[k];
        }
    }
    return entropy;
}

struct noting {
    struct predictions *p;
    int64_t first;
    const float *prob;
};

static void note_rows(void *arg, int64_t begin, int64_t end)
{
    const struct noting *w = arg;
    struct predictions *p = w->p;
    for (int64_t i = begin; i < end; i++) {
        const float *row = w->prob + i * p->width;
        int64_t best = 0, at = w->first + i;
        double plain;
        for (int64_t k = 1; k < p->width; k++)
            best = row[k] > row[best] ? k : best;
        p->predicted[at] = (int32_t)best;
        p->top[at] = row[best];
        p->entropy[at] = (float)fmax(0, row_sums(row, p->width, row[best], p->plain ? (float)p->temperature : 1, &plain));
        if (p->plain)
            p->plain[at] = p->temperature < 1 || p->temperature > 1 ? (float)(1 / plain) : row[best];
    }
}

void predictions_note(struct predictions *p, int64_t first, int64_t n, const float *prob, struct pool *pool)
{
    struct noting w = { p, first, prob };
    if (pool)
        pool_run(pool, n, 64, note_rows, &w);
    else
        note_rows(&w, 0, n);
}

static int run_block(struct predictions *p, struct predictor *agent, const struct examples *e, int64_t first, int64_t n,
                     struct hone_string *text, float *prob, const struct block_sink *sink, struct hone_err *err)
{
    for (int64_t i = 0; i < n; i++)
        text[i] = e->input[p->row[first + i]];
    int rc = predictor_probs(agent, text, n, prob, err);
    if (rc < 0)
        return rc;
    predictions_note(p, first, n, prob, predictor_pool(agent));
    struct hone_scored block = { .n = n, .width = p->width, .prob = prob, .predicted = p->predicted + first,
                                 .label = p->label + first };
    return sink ? sink->block(sink->arg, &block, first, err) : 0;
}

static int run_blocks(struct predictions *p, struct predictor *agent, const struct examples *e,
                      const struct block_sink *sink, void (*beat)(void *), void *beat_arg, struct hone_err *err)
{
    int64_t size = BLOCK_FLOATS / p->width;
    size = size < BLOCK_MIN ? BLOCK_MIN : size > BLOCK_MAX ? BLOCK_MAX : size;
    float *prob = malloc((size_t)(size * p->width) * sizeof *prob);
    struct hone_string *text = malloc((size_t)size * sizeof *text);
    int rc = prob && text ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the predictions");
    for (int64_t first = 0; rc >= 0 && first < p->n; first += size) {
        int64_t n = p->n - first < size ? p->n - first : size;
        rc = run_block(p, agent, e, first, n, text, prob, sink, err);
        if (beat)
            beat(beat_arg);
    }
    free(prob);
    free(text);
    return rc < 0 ? rc : 0;
}

int predictions_run(struct predictions *p, struct predictor *agent, const struct examples *e, const int64_t *rows,
                    int64_t n_rows, const struct block_sink *sink, void (*beat)(void *), void *beat_arg,
                    struct hone_err *err)
{
    int64_t width = predictor_outputs(agent);
    int32_t *known = malloc(((size_t)e->outputs.n + 1) * sizeof *known);
    struct hone_string *name = malloc(((size_t)width + 1) * sizeof *name);
    int rc;
    memset(p, 0, sizeof *p);
    if (!known || !name) {
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out for the predictions");
        goto out;
    }
    for (int64_t o = 0; o < e->outputs.n; o++)
        known[o] = predictor_find_output(agent, e->outputs.name[o].bytes, e->outputs.name[o].len);
    for (int64_t i = 0; i < width; i++)
        name[i] = predictor_output(agent, i);
    rc = predictions_choose(p, e, rows, n_rows, known, name, width, err);
    if (rc < 0)
        goto out;
    p->temperature = predictor_temperature(agent);
    p->threshold = predictor_threshold(agent);
    rc = run_blocks(p, agent, e, sink, beat, beat_arg, err);
    if (rc < 0)
        predictions_free(p);
out:
    free(known);
    free(name);
    return rc;
}
