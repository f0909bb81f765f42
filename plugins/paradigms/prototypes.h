/* Class prototypes and nearest neighbours over inner products of rows, with their settings chosen by leaving out one row at a time:
 * all that a row adds to the sums of its output is taken from them, so that nothing is trained again. For paradigms; not a plugin.
 *
 * With unit vectors u, votes v_j of rows j, V_k their sum over the rows of output k and L the mean length of the vectors:
 *   score_k = p_k / temperature + neighbours ln(e^-sharpness + q_k),
 *   p_k = (sum_{j of k} v_j u_j . x + shrinkage m) / (V_k + shrinkage), m = sum_j v_j u_j . x / sum_j v_j, x the asked vector / L,
 *   q_k = sum_{j of k} v_j e^(sharpness (cos_j - 1)) / V_k. */
#ifndef PARADIGMS_PROTOTYPES_H
#define PARADIGMS_PROTOTYPES_H
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hone/math.h"
#include "hone/paradigm.h"

/* Each as it is to be, or below 0: to be chosen. First four of the state. */
struct prototypes_wish {
    double temperature, shrinkage, neighbours, sharpness;
};

#define PROTOTYPES_CHOSEN " (below 0: chosen by leaving out one row at a time)"
#define PROTOTYPES_ROW(C, member, field, most, doc) \
    { #field, HONE_REAL, 0, -1, -1, most, NULL, NULL, doc PROTOTYPES_CHOSEN, (uint32_t)(offsetof(C, member) + offsetof(struct prototypes_wish, field)), 0 }
/* Their rows in the table of a paradigm whose settings C have a member of the type above. */
#define PROTOTYPES_ROWS(C, member) \
    PROTOTYPES_ROW(C, member, temperature, 1000, "what cosines with prototypes are divided by"), \
    PROTOTYPES_ROW(C, member, shrinkage, 1e6, "rows of the mean of all that are mixed into each prototype"), \
    PROTOTYPES_ROW(C, member, neighbours, 1000, "weight of the neighbours' votes beside the prototypes; 0: none"), \
    PROTOTYPES_ROW(C, member, sharpness, 1000, "how fast a neighbour's vote falls with its distance")

static const char *const prototypes_state[] = { "temperature", "shrinkage", "neighbours", "sharpness", "left_out_loss", "left_out_accuracy", NULL };

enum { PROTOTYPES_T, PROTOTYPES_LAMBDA, PROTOTYPES_NN, PROTOTYPES_BETA, PROTOTYPES_SETTINGS };
#define PROTOTYPES_MOST 13
#define PROTOTYPES_ROUNDS 8
static const double prototypes_tried[PROTOTYPES_SETTINGS][PROTOTYPES_MOST] = { /* ends with 0 where it is shorter, but for a first 0 */
    { 0.4, 0.283, 0.2, 0.141, 0.1, 0.0707, 0.05, 0.0354, 0.025, 0.0177, 0.0125, 0.00884, 0.00625 },
    { 0.1, 0.3, 1, 3, 10 },
    { 0, 0.125, 0.25, 0.5, 1, 2, 4 },
    { 2, 4, 8, 16 },
};
static const int prototypes_start[PROTOTYPES_SETTINGS] = { 6, 2, 3, 2 };

/* What is kept while settings are tried: [n][width] sums over the rows of each output but the row itself. */
struct prototypes {
    const struct hone_whole *w;
    const float *vote;
    double *votes;               /* [width] */
    double all;                  /* sum of votes */
    double *length;              /* [n] */
    double typical;              /* length */
    float *sum;                  /* [n][width] v_j u_j . x_i */
    float *total;                /* [n] of all outputs */
    float *near;                 /* [n][width] v_j e^(sharpness (cos - 1)) by the present sharpness */
    double sharpness;
    float *score;                /* [width] */
};

static void prototypes_free(struct prototypes *p)
{
    free(p->votes);
    free(p->length);
    free(p->sum);
    free(p->total);
    free(p->near);
    free(p->score);
}

/* The cosine of rows i and j; 0 where either vector is none. */
static inline float prototypes_cosine(const struct prototypes *p, int64_t i, int64_t j)
{
    double l = p->length[i] * p->length[j];
    return l > 0 ? (float)((double)p->w->dot[i * p->w->n + j] / l) : 0;
}

static int prototypes_open(struct prototypes *p, const struct hone_whole *w, const float *vote, struct hone_err *err)
{
    int64_t n = w->n, width = w->width, some = 0;
    *p = (struct prototypes){ .w = w, .vote = vote, .sharpness = -1 };
    p->votes = calloc((size_t)width + 1, sizeof *p->votes);
    p->length = calloc((size_t)n + 1, sizeof *p->length);
    p->sum = calloc((size_t)(n * width) + 1, sizeof *p->sum);
    p->total = calloc((size_t)n + 1, sizeof *p->total);
    p->near = calloc((size_t)(n * width) + 1, sizeof *p->near);
    p->score = calloc((size_t)width + 1, sizeof *p->score);
    if (!p->votes || !p->length || !p->sum || !p->total || !p->near || !p->score)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld rows of %lld outputs", (long long)n, (long long)width);
    for (int64_t i = 0; i < n; i++) {
        p->length[i] = sqrt((double)w->dot[i * n + i]);
        p->typical += p->length[i];
        some += p->length[i] > 0;
        if (vote[i] > 0) {
            p->votes[w->target[i]] += (double)vote[i];
            p->all += (double)vote[i];
        }
    }
    p->typical = some ? p->typical / (double)some : 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            if (j == i || !(vote[j] > 0))
                continue;
            float x = vote[j] * prototypes_cosine(p, i, j) * (float)(p->length[i] / p->typical);
            p->sum[i * width + w->target[j]] += x;
            p->total[i] += x;
        }
    return 0;
}

static void prototypes_sharpen(struct prototypes *p, double sharpness)
{
    int64_t n = p->w->n, width = p->w->width;
    float sharp = (float)sharpness;
    if (p->sharpness == sharpness)
        return;
    p->sharpness = sharpness;
    memset(p->near, 0, (size_t)(n * width) * sizeof *p->near);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (j != i && p->vote[j] > 0)
                p->near[i * width + p->w->target[j]] += p->vote[j] * hone_expf(sharp * (prototypes_cosine(p, i, j) - 1));
}

/* Scores of row i as if it were not among the rows. */
static void prototypes_scores(const struct prototypes *p, const double *at, int64_t i, float *score)
{
    int64_t width = p->w->width;
    double own = (double)p->vote[i], lambda = at[PROTOTYPES_LAMBDA], mean = p->all - own > 0 ? (double)p->total[i] / (p->all - own) : 0;
    float least = hone_expf((float)-at[PROTOTYPES_BETA]), by = (float)at[PROTOTYPES_NN];
    for (int64_t k = 0; k < width; k++) {
        double votes = p->votes[k] - (k == p->w->target[i] ? own : 0), down = votes + lambda;
        float near = votes > 1e-9 ? (float)((double)p->near[i * width + k] / votes) : 0;
        float proto = down > 1e-9 ? (float)(((double)p->sum[i * width + k] + lambda * mean) / (down * at[PROTOTYPES_T])) : 0;
        score[k] = proto + (by > 0 ? by * hone_logf(least + near) : 0);
    }
}

/* Mean of -ln of the probability of the right output over the rows whose output has others; NaN when there is none. *right gets the
 * share of them that are answered right. */
static double prototypes_left_out(struct prototypes *p, const double *at, double *right)
{
    double loss = 0, hits = 0, weight = 0;
    prototypes_sharpen(p, at[PROTOTYPES_BETA]);
    for (int64_t i = 0; i < p->w->n; i++) {
        int32_t y = p->w->target[i];
        if (!(p->vote[i] > 0) || p->votes[y] - (double)p->vote[i] <= 1e-9)
            continue;
        prototypes_scores(p, at, i, p->score);
        int64_t top = 0;
        for (int64_t k = 1; k < p->w->width; k++)
            top = p->score[k] > p->score[top] ? k : top;
        float mass = 0;
        for (int64_t k = 0; k < p->w->width; k++)
            mass += hone_expf(p->score[k] - p->score[top]);
        loss += (double)p->vote[i] * (double)(hone_logf(mass) + p->score[top] - p->score[y]);
        hits += top == y ? (double)p->vote[i] : 0;
        weight += (double)p->vote[i];
    }
    *right = weight > 0 ? hits / weight : NAN;
    return weight > 0 ? loss / weight : NAN;
}

/* One setting after the other takes the value of the least loss, until none is better. */
static void prototypes_choose(struct prototypes *p, const struct prototypes_wish *wish, double *at, double *state)
{
    const double asked[PROTOTYPES_SETTINGS] = { wish->temperature, wish->shrinkage, wish->neighbours, wish->sharpness };
    double right, best;
    for (int s = 0; s < PROTOTYPES_SETTINGS; s++)
        at[s] = asked[s] < 0 ? prototypes_tried[s][prototypes_start[s]] : asked[s];
    at[PROTOTYPES_T] = at[PROTOTYPES_T] > 1e-6 ? at[PROTOTYPES_T] : 1e-6;
    best = prototypes_left_out(p, at, &right);
    for (int round = 0, better = 1; better && round < PROTOTYPES_ROUNDS; round++) {
        better = 0;
        for (int s = 0; s < PROTOTYPES_SETTINGS; s++)
            for (int v = 0; v < PROTOTYPES_MOST && asked[s] < 0 && (v == 0 || prototypes_tried[s][v] > 0); v++) {
                double before = at[s];
                at[s] = prototypes_tried[s][v];
                double loss = prototypes_left_out(p, at, &right);
                if (loss < best) {
                    best = loss;
                    better = 1;
                } else {
                    at[s] = before;
                }
            }
    }
    memcpy(state, at, PROTOTYPES_SETTINGS * sizeof *state);
    state[PROTOTYPES_SETTINGS] = prototypes_left_out(p, at, &state[PROTOTYPES_SETTINGS + 1]);
}

/* A paradigm's solve(), with out->vote filled, times `share`. */
static int prototypes_solve(const struct prototypes_wish *wish, const struct hone_whole *w, double share, struct hone_solution *out, double *state,
                            struct hone_err *err)
{
    struct prototypes p;
    double at[PROTOTYPES_SETTINGS];
    int64_t width = w->width;
    int ret = prototypes_open(&p, w, out->vote, err);
    if (ret == 0)
        prototypes_choose(&p, wish, at, state);
    for (int64_t j = 0; ret == 0 && j < w->n; j++) {
        double unit = out->vote[j] > 0 && p.length[j] > 0 ? share * (double)out->vote[j] / (p.length[j] * p.typical * at[PROTOTYPES_T]) : 0;
        for (int64_t k = 0; k < width; k++) {
            double lambda = at[PROTOTYPES_LAMBDA], down = p.votes[k] + lambda;
            double a = (k == w->target[j] ? 1 : 0) + (p.all > 0 ? lambda / p.all : 0);
            out->coefficient[j * width + k] = down > 1e-9 ? (float)(unit * a / down) : 0;
        }
    }
    /* What training rows score by the weights, against what they would if they were not among the rows. */
    for (int64_t i = 0; ret == 0 && i < w->n; i++) {
        float *c = out->correction + i * width;
        double own = (double)out->vote[i] * p.length[i] / p.typical, lambda = at[PROTOTYPES_LAMBDA], mean = ((double)p.total[i] + own) / (p.all > 0 ? p.all : 1);
        prototypes_scores(&p, at, i, c);
        for (int64_t k = 0; k < width; k++) {
            double down = p.votes[k] + lambda, sum = (double)p.sum[i * width + k] + (k == w->target[i] ? own : 0);
            double present = down > 1e-9 ? (sum + lambda * mean) / (down * at[PROTOTYPES_T]) : 0;
            c[k] = (float)(share * ((double)c[k] - present));
        }
    }
    if (ret == 0) {
        out->neighbours = share * at[PROTOTYPES_NN];
        out->sharpness = at[PROTOTYPES_BETA];
    }
    prototypes_free(&p);
    return ret;
}

#endif
