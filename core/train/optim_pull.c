/* The pull towards the weights that training started from: L2-SP (Li et al. 2018), the gradient of strength / 2 ||w - w0||^2 over what
 * came from the base. Part of optim.h. */
#include "core/train/optim.h"

void optim_pull_row(const struct optim *o, int64_t tensor, int64_t row, float *g)
{
    const struct tensor *t = &o->tensors->t[tensor];
    const struct optim_pull *p = &o->pull;
    const uint8_t *cols = t->flags & HONE_W_OUTPUT_COLS ? p->output : NULL;
    if (!p->row[tensor] || !p->row[tensor][row])
        return;
    const float *w = t->param + row * t->width, *w0 = p->start[tensor] + row * t->width, strength = (float)p->strength;
    for (int64_t k = 0; k < t->width; k++)
        g[k] += !cols || cols[k] ? strength * (w[k] - w0[k]) : 0;
}

void optim_pull(const struct optim *o, const struct passes *p, int64_t i)
{
    const struct tensor *t = &o->tensors->t[i];
    float *g = optim_gradient(o, p, i);
    for (int64_t r = 0; !o->dense[i] && r < t->rows; r++)
        optim_pull_row(o, i, r, g + r * t->width);
    for (int64_t r = 0; o->dense[i] && r < p->touched[i].n; r++)
        optim_pull_row(o, i, p->touched[i].row[r], g + p->touched[i].row[r] * t->width);
}
