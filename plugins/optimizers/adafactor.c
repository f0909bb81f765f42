/* Optimizer "adafactor": Shazeer & Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory cost". Matrices keep one number a
 * row and one a column; other tensors one an element. */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, beta2_decay, eps1, eps2, d, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "greatest step as a share of the size of a tensor"),
    HONE_ROW(struct conf, beta2_decay, HONE_REAL, 0, -0.8, -5, 0, "the means of squares decay by 1 - step^beta2_decay"),
    HONE_ROW(struct conf, eps1, HONE_REAL, HONE_P_OPEN_MIN, 1.1920928955078125e-07, 0, 1, "least root of the squares"),
    HONE_ROW(struct conf, eps2, HONE_REAL, 0, 0.001, 0, 1, "least size of a tensor"),
    HONE_ROW(struct conf, d, HONE_REAL, HONE_P_OPEN_MIN, 1, 0, 1000, "greatest size of an update, by root of the mean square"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "row", .extent = HONE_PER_ROW },
    { .name = "col", .extent = HONE_PER_COL },
    { .name = "v" },
};

static int plan(const void *conf, const struct hone_tensor_info *t, uint32_t *extents, struct hone_err *err)
{
    (void)conf;
    (void)err;
    if (t->ndim == 2)
        extents[2] = HONE_ABSENT;
    else
        extents[0] = extents[1] = HONE_ABSENT;
    return 0;
}

static int64_t scratch(const void *conf, const struct hone_tensor_info *t)
{
    (void)conf;
    return t->n * (int64_t)sizeof(float);
}

/* Means of squares by row and by column. */
static void factor(const struct hone_span *s, int64_t rows, int64_t cols, float share)
{
    float *row = s->state[0], *col = s->state[1];
    for (int64_t i = 0; i < rows; i++) {
        double mean = 0;
        for (int64_t j = 0; j < cols; j++)
            mean += (double)s->grad[i * cols + j] * (double)s->grad[i * cols + j];
        row[i] += share * ((float)(mean / (double)cols) - row[i]);
    }
    for (int64_t j = 0; j < cols; j++) {
        double mean = 0;
        for (int64_t i = 0; i < rows; i++)
            mean += (double)s->grad[i * cols + j] * (double)s->grad[i * cols + j];
        col[j] += share * ((float)(mean / (double)rows) - col[j]);
    }
}

/* The update before clipping, into u; its squared length. */
static double direction(const struct hone_span *s, const struct hone_tensor_info *t, const struct conf *c, float share, float *u)
{
    double square = 0, mean = 0, least = c->eps1 * c->eps1;
    int64_t cols = t->dims[t->ndim - 1], rows = t->n / (cols > 0 ? cols : 1);
    float *row = s->state[0], *col = s->state[1], *v = s->state[2];
    if (t->ndim == 2) {
        factor(s, rows, cols, share);
        for (int64_t i = 0; i < rows; i++)
            mean += (double)row[i];
        mean = fmax(mean / (double)rows, c->eps1);
    }
    for (int64_t i = 0; i < t->n; i++) {
        double g = (double)s->grad[i];
        if (t->ndim != 2)
            v[i] += share * ((float)(g * g) - v[i]);
        double variance = t->ndim == 2 ? (double)row[i / cols] * (double)col[i % cols] / mean : (double)v[i];
        u[i] = (float)(g / sqrt(fmax(variance, least)));
        square += (double)u[i] * (double)u[i];
    }
    return square;
}

static int update_tensor(const struct hone_span *s, const struct hone_tensor_info *t, void *work, struct hone_err *err)
{
    const struct conf *c = s->conf;
    double size = 0, n = (double)t->n, root = sqrt(n);
    float *u = work;
    (void)err;
    for (int64_t i = 0; i < t->n; i++)
        size += (double)s->param[i] * (double)s->param[i];
    double rho = fmin(c->lr, 1 / sqrt((double)s->step)), alpha = fmax(c->eps2, sqrt(size) / root) * rho;
    double length = sqrt(direction(s, t, c, (float)pow((double)s->step, c->beta2_decay), u));
    double rate = alpha / fmax(1, length / (root * c->d));
    float keep = (float)(1 - c->lr * c->weight_decay);
    for (int64_t i = 0; i < t->n; i++)
        s->param[i] = keep * s->param[i] - (float)rate * u[i];
    return 0;
}

static const struct hone_optimizer adafactor = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adafactor", "Adam with a number a row and a column",
                      "Shazeer & Stern, 2018. Settings and defaults as torch.optim.Adafactor; its pair eps is eps1, eps2.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .plan = plan, .scratch = scratch, .update_tensor = update_tensor,
};

HONE_DEFINE_PLUGIN("adafactor", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adafactor.item);
