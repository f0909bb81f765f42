/* Optimizer "sm3": Anil et al., 2019, "Memory-efficient adaptive optimization". Tensors of two dimensions and more keep one number an
 * index of the first and of the last dimension. */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, momentum, beta2, eps;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, momentum, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of updates"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MIN, 1, 0, 1, "decay of the sums of squares; 1: none"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added inside of the root"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "row", .extent = HONE_PER_ROW },
    { .name = "col", .extent = HONE_PER_COL },
};

static int plan(const void *conf, const struct hone_tensor_info *t, uint32_t *extents, struct hone_err *err)
{
    (void)conf;
    (void)err;
    if (t->ndim < 2) {
        extents[1] = HONE_PER_ELEMENT;
        extents[2] = HONE_ABSENT;
    }
    return 0;
}

static int64_t scratch(const void *conf, const struct hone_tensor_info *t)
{
    (void)conf;
    return t->ndim < 2 ? 0 : (t->dims[0] + t->dims[t->ndim - 1]) * (int64_t)sizeof(float);
}

/* One element: the new sum of squares, from the bound on the old one. */
static float step(const struct hone_span *s, const struct conf *c, int64_t i, float bound)
{
    float *m = s->state[0];
    double g = (double)s->grad[i], sum = (c->beta2 < 1 ? 1 - c->beta2 : 1) * g * g + c->beta2 * (double)bound;
    double u = sum > 0 ? g / sqrt(sum + c->eps) : 0;
    m[i] = (float)(c->momentum * (double)m[i] + (1 - c->momentum) * u);
    s->param[i] -= (float)(c->lr * (double)m[i]);
    return (float)sum;
}

static int update_tensor(const struct hone_span *s, const struct hone_tensor_info *t, void *work, struct hone_err *err)
{
    const struct conf *c = s->conf;
    float *row = s->state[1], *col = s->state[2];
    (void)err;
    if (t->ndim < 2) {
        for (int64_t i = 0; i < t->n; i++)
            row[i] = step(s, c, i, row[i]);
        return 0;
    }
    int64_t rows = t->dims[0], cols = t->dims[t->ndim - 1], each = t->n / (rows > 0 ? rows : 1);
    float *new_row = work, *new_col = new_row + rows;
    for (int64_t i = 0; i < rows + cols; i++)
        new_row[i] = 0;
    for (int64_t i = 0; i < t->n; i++) {
        int64_t r = i / each, k = i % cols;
        float sum = step(s, c, i, row[r] < col[k] ? row[r] : col[k]);
        new_row[r] = sum > new_row[r] ? sum : new_row[r];
        new_col[k] = sum > new_col[k] ? sum : new_col[k];
    }
    for (int64_t i = 0; i < rows; i++)
        row[i] = new_row[i];
    for (int64_t i = 0; i < cols; i++)
        col[i] = new_col[i];
    return 0;
}

static const struct hone_optimizer sm3 = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "sm3", "Adagrad with a number a row and a column",
                      "Anil et al., 2019. Settings and defaults as optax.sm3; lr, which has none there, is 0.1.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .plan = plan, .scratch = scratch, .update_tensor = update_tensor,
};

HONE_DEFINE_PLUGIN("sm3", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &sm3.item);
