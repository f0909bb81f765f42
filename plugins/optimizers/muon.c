/* Optimizer "muon": Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks". Matrices; tensors of other shapes take
 * AdamW's step. */
#include <math.h>
#include <string.h>
#include "hone/optimizer.h"

struct conf {
    double lr, weight_decay, momentum, a, b, c, eps, beta1, beta2;
    int64_t nesterov, ns_steps, adjust_lr_fn;
};

enum { ORIGINAL, MATCH_RMS_ADAMW };
static const char *const adjustments[] = { "original", "match_rms_adamw", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0.1, 0, 1, "share of a weight that is taken off, times the learning rate"),
    HONE_ROW(struct conf, momentum, HONE_REAL, HONE_P_OPEN_MAX, 0.95, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, nesterov, HONE_BOOL, 0, 1, 0, 1, "look ahead along the momentum"),
    HONE_ROW(struct conf, a, HONE_REAL, 0, 3.4445, -100, 100, "first coefficient of the Newton-Schulz iteration"),
    HONE_ROW(struct conf, b, HONE_REAL, 0, -4.775, -100, 100, "second"),
    HONE_ROW(struct conf, c, HONE_REAL, 0, 2.0315, -100, 100, "third"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-7, 0, 1, "least length that is divided by"),
    HONE_ROW(struct conf, ns_steps, HONE_INT, 0, 5, 1, 100, "iterations"),
    HONE_ROW_CHOICE(struct conf, adjust_lr_fn, 0, 0, adjustments, "how lr is adjusted to the shape"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "of AdamW for other shapes"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "of AdamW for other shapes"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
};

/* The iteration acts on each singular value as x -> a x + b x^3 + c x^5; from [0, 1] none may run away. */
static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    for (int i = 0; i <= 100; i++) {
        double x = i / 100.0;
        for (int64_t k = 0; k < c->ns_steps; k++) {
            x = c->a * x + c->b * x * x * x + c->c * pow(x, 5);
            if (!(fabs(x) < 10))
                return hone_fail(err, HONE_EINVAL, "the iteration with a = %g, b = %g, c = %g runs away from a singular value of %g", c->a, c->b,
                                 c->c, i / 100.0);
        }
    }
    return 0;
}

static int plan(const void *conf, const struct hone_tensor_info *t, uint32_t *extents, struct hone_err *err)
{
    (void)conf;
    (void)err;
    if (t->ndim == 2)
        extents[1] = HONE_ABSENT;
    return 0;
}

static int64_t scratch(const void *conf, const struct hone_tensor_info *t)
{
    (void)conf;
    if (t->ndim != 2)
        return 0;
    int64_t r = t->dims[0] < t->dims[1] ? t->dims[0] : t->dims[1];
    return (2 * t->n + 2 * r * r) * (int64_t)sizeof(float);
}

/* c[r][n] = beta c + a[r][r] b[r][n]. */
static void product(int64_t r, int64_t n, const float *a, const float *b, float beta, float *c)
{
    for (int64_t i = 0; i < r; i++) {
        float *to = c + i * n;
        for (int64_t j = 0; j < n; j++)
            to[j] *= beta;
        for (int64_t k = 0; k < r; k++) {
            const float *from = b + k * n;
            float v = a[i * r + k];
            for (int64_t j = 0; j < n; j++)
                to[j] += v * from[j];
        }
    }
}

/* gram[r][r] = x x^T. */
static void square(int64_t r, int64_t n, const float *x, float *gram)
{
    for (int64_t i = 0; i < r; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++)
                sum += (double)x[i * n + k] * (double)x[j * n + k];
            gram[i * r + j] = gram[j * r + i] = (float)sum;
        }
}

/* x[r][n], r <= n, towards the nearest matrix with orthogonal rows. */
static void orthogonalize(const struct conf *c, int64_t r, int64_t n, float *x, float *copy, float *gram, float *poly)
{
    double length = 0;
    for (int64_t i = 0; i < r * n; i++)
        length += (double)x[i] * (double)x[i];
    float scale = (float)(1 / fmax(sqrt(length), c->eps));
    for (int64_t i = 0; i < r * n; i++)
        x[i] *= scale;
    for (int64_t step = 0; step < c->ns_steps; step++) {
        square(r, n, x, gram);
        memcpy(poly, gram, (size_t)(r * r) * sizeof *poly);
        for (int64_t i = 0; i < r * r; i++)
            poly[i] *= (float)(c->b / (c->c != 0 ? c->c : 1));
        if (c->c != 0) {
            product(r, r, gram, gram, 1, poly);
            for (int64_t i = 0; i < r * r; i++)
                poly[i] *= (float)c->c;
        }
        memcpy(copy, x, (size_t)(r * n) * sizeof *x);
        product(r, n, poly, copy, (float)c->a, x);
    }
}

static void adamw(const struct hone_span *s, const struct conf *c)
{
    float *m = s->state[0], *v = s->state[1];
    double t = (double)s->step, rate = c->lr / (1 - pow(c->beta1, t)), root = 1 / sqrt(1 - pow(c->beta2, t));
    for (int64_t i = 0; i < s->n; i++) {
        double g = (double)s->grad[i];
        m[i] = (float)(c->beta1 * (double)m[i] + (1 - c->beta1) * g);
        v[i] = (float)(c->beta2 * (double)v[i] + (1 - c->beta2) * g * g);
        s->param[i] = (float)((1 - c->lr * c->weight_decay) * (double)s->param[i] - rate * (double)m[i] / (sqrt((double)v[i]) * root + 1e-8));
    }
}

static int update_tensor(const struct hone_span *s, const struct hone_tensor_info *t, void *work, struct hone_err *err)
{
    const struct conf *c = s->conf;
    (void)err;
    if (t->ndim != 2) {
        adamw(s, c);
        return 0;
    }
    int64_t rows = t->dims[0], cols = t->dims[1], wide = rows <= cols, r = wide ? rows : cols, n = wide ? cols : rows;
    float *m = s->state[0], *x = work, *copy = x + t->n, *gram = copy + t->n, *poly = gram + r * r, momentum = (float)c->momentum;
    for (int64_t i = 0; i < t->n; i++) {
        m[i] += (1 - momentum) * (s->grad[i] - m[i]);
        float u = c->nesterov ? s->grad[i] + momentum * (m[i] - s->grad[i]) : m[i];
        x[wide ? i : i % cols * rows + i / cols] = u;
    }
    orthogonalize(c, r, n, x, copy, gram, poly);
    double shape = c->adjust_lr_fn == ORIGINAL ? sqrt(fmax(1, (double)rows / (double)cols)) : 0.2 * sqrt((double)n);
    float keep = (float)(1 - c->lr * c->weight_decay), rate = (float)(c->lr * shape);
    for (int64_t i = 0; i < t->n; i++)
        s->param[i] = keep * s->param[i] - rate * x[wide ? i : i % cols * rows + i / cols];
    return 0;
}

static const struct hone_optimizer muon = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "muon", "momentum made orthogonal",
                      "Jordan et al., 2024. Settings and defaults as torch.optim.Muon; ns_coefficients are a, b, c.", params, struct conf, 0, check),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .plan = plan, .scratch = scratch, .update_tensor = update_tensor,
};

HONE_DEFINE_PLUGIN("muon", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &muon.item);
