/* Bounds on gradients: by the norm of all, by element, by tensor, and by the size of the weights (adaptive: Brock et al., 2021,
 * "High-performance large-scale image recognition without normalization"). */
#include <math.h>
#include "core/train/kernels.h"
#include "core/train/optim.h"

#define LEAST_SIZE 1e-3 /* of a row of weights, as in the paper */

static void clip_values(float *g, int64_t n, float bound)
{
    for (int64_t i = 0; i < n; i++)
        g[i] = g[i] > bound ? bound : g[i] < -bound ? -bound : g[i];
}

/* Each row of g against the row of weights that it belongs to. */
static void clip_row(float *g, const float *x, int64_t n, double share)
{
    double size = sqrt(kernel_dot64(g, g, n)), most = share * fmax(LEAST_SIZE, sqrt(kernel_dot64(x, x, n)));
    if (size > most)
        kernel_scale(n, (float)(most / fmax(size, 1e-6)), g);
}

/* `row`: numbers of the rows that g has, NULL: all rows of the tensor. */
void optim_clip_tensor(const struct optim_clip *c, const struct tensor *t, float *g, const int32_t *row, int64_t rows)
{
    int64_t n = rows * t->width;
    if (c->value > 0)
        clip_values(g, n, (float)c->value);
    double length = c->tensor > 0 ? sqrt(kernel_dot64(g, g, n)) : 0;
    if (length > c->tensor)
        kernel_scale(n, (float)(c->tensor / (length + 1e-6)), g);
    for (int64_t r = 0; r < rows && c->adaptive > 0; r++)
        clip_row(g + r * t->width, t->param + (row ? row[r] : r) * t->width, t->width, c->adaptive);
}

int optim_clips(const struct optim_clip *c)
{
    return c->value > 0 || c->tensor > 0 || c->adaptive > 0;
}
