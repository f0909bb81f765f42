/* Optimizer "lbfgs": limited-memory BFGS, Nocedal & Wright, 2006, "Numerical optimization", algorithms 7.4 (two loops), 3.5
 * and 3.6 (strong Wolfe line search). Asks for losses and gradients itself; made for large batches. */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, tolerance_grad, tolerance_change;
    int64_t max_iter, max_eval, history_size, line_search;
};

static const char *const searches[] = { "none", "strong_wolfe", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "length of a step along the direction"),
    HONE_ROW(struct conf, max_iter, HONE_INT, 0, 20, 1, 10000, "directions a step"),
    HONE_ROW(struct conf, max_eval, HONE_INT, 0, 0, 0, 100000, "evaluations of the loss a step; 0: 5/4 of max_iter"),
    HONE_ROW(struct conf, history_size, HONE_INT, HONE_P_STATE, 10, 1, 100, "pairs of vectors that are kept; each pair is two copies of"
             " all parameters"),
    HONE_ROW(struct conf, tolerance_grad, HONE_REAL, 0, 1e-7, 0, 1, "greatest element of the gradient at which a step ends"),
    HONE_ROW(struct conf, tolerance_change, HONE_REAL, 0, 1e-9, 0, 1, "change of loss or parameters at which a step ends"),
    HONE_ROW_CHOICE(struct conf, line_search, 0, 1, searches, "none takes steps of length lr"),
};
#define HISTORY_ROW 4 /* 1 + index of history_size */

enum { N_ITER, HEAD, SIZE, H_DIAG, LENGTH, SCALARS };

static const struct hone_slot slots[] = {
    { .name = "y", .count_from = HISTORY_ROW },
    { .name = "s", .count_from = HISTORY_ROW },
    { .name = "direction" },
    { .name = "gradient" },
    { .name = "rho", .dtype = HONE_F64, .extent = HONE_PER_GROUP, .count_from = HISTORY_ROW },
    { .name = "scalar", .dtype = HONE_F64, .extent = HONE_PER_GROUP, .count = SCALARS },
};

/* A step in progress, with the names of its vectors. */
struct work {
    struct hone_closure *c;
    const struct conf *conf;
    int64_t h;             /* history_size */
    uint32_t d, before;    /* direction; gradient of the point before */
    double loss;
    int64_t evals, max_evals;
    struct hone_err *err;
};

static uint32_t y_vector(const struct work *w, int64_t i)
{
    (void)w;
    return HONE_V_SLOT((uint32_t)i);
}

static uint32_t s_vector(const struct work *w, int64_t i)
{
    return HONE_V_SLOT((uint32_t)(w->h + i));
}

static double *rho(const struct work *w, int64_t i)
{
    return w->c->state[2 * w->h + 2 + i];
}

static double *scalar(const struct work *w, int which)
{
    return w->c->state[3 * w->h + 2 + which];
}

static int eval(struct work *w)
{
    w->evals++;
    return w->c->eval(w->c, &w->loss, w->err);
}

/* Place of the i-th oldest pair in the ring. */
static int64_t place(const struct work *w, int64_t i)
{
    return ((int64_t)*scalar(w, HEAD) + i) % w->h;
}

/* Takes the last step into the memory: y = gradient - before, s = length x direction, if their product is positive enough. */
static void remember(struct work *w)
{
    struct hone_closure *c = w->c;
    int64_t size = (int64_t)*scalar(w, SIZE), at = size < w->h ? place(w, size) : (int64_t)*scalar(w, HEAD);
    uint32_t d = w->d, before = w->before;
    double t = *scalar(w, LENGTH), gg = c->dot(c, HONE_V_GRAD, HONE_V_GRAD), pp = c->dot(c, before, before),
           gp = c->dot(c, HONE_V_GRAD, before), ys = t * (c->dot(c, HONE_V_GRAD, d) - c->dot(c, before, d));
    double yy = gg - 2 * gp + pp;
    if (!(ys > 1e-10) || !(yy > 0))
        return;
    c->copy(c, HONE_V_GRAD, y_vector(w, at));
    c->axpy(c, -1, before, y_vector(w, at));
    c->copy(c, d, s_vector(w, at));
    c->scale(c, t, s_vector(w, at));
    yy = c->dot(c, y_vector(w, at), y_vector(w, at));
    *rho(w, at) = 1 / ys;
    *scalar(w, H_DIAG) = ys / yy;
    if (size < w->h)
        *scalar(w, SIZE) += 1;
    else
        *scalar(w, HEAD) = (double)((at + 1) % w->h);
}

/* direction = -H gradient. */
static void new_direction(struct work *w)
{
    struct hone_closure *c = w->c;
    double alpha[100];
    int64_t size = (int64_t)*scalar(w, SIZE);
    c->copy(c, HONE_V_GRAD, w->d);
    c->scale(c, -1, w->d);
    for (int64_t i = size - 1; i >= 0; i--) {
        int64_t k = place(w, i);
        alpha[i] = *rho(w, k) * c->dot(c, s_vector(w, k), w->d);
        c->axpy(c, -alpha[i], y_vector(w, k), w->d);
    }
    c->scale(c, *scalar(w, H_DIAG), w->d);
    for (int64_t i = 0; i < size; i++) {
        int64_t k = place(w, i);
        double beta = *rho(w, k) * c->dot(c, y_vector(w, k), w->d);
        c->axpy(c, alpha[i] - beta, s_vector(w, k), w->d);
    }
}

struct point {
    double t, loss, slope;
};

/* Moves from length *at to t along the direction and evaluates. */
static int move_to(struct work *w, double *at, double t, struct point *p)
{
    w->c->axpy(w->c, t - *at, w->d, HONE_V_PARAM);
    *at = t;
    int ret = eval(w);
    *p = (struct point){ t, w->loss, ret < 0 ? 0 : w->c->dot(w->c, HONE_V_GRAD, w->d) };
    return ret;
}

/* The minimum of the cubic through two points with slopes, kept inside of [low, high]. */
static double cubic(const struct point *a, const struct point *b, double low, double high)
{
    double d1 = a->slope + b->slope - 3 * (a->loss - b->loss) / (a->t - b->t), square = d1 * d1 - a->slope * b->slope;
    if (square < 0 || a->t == b->t)
        return (low + high) / 2;
    double d2 = sqrt(square);
    double t = a->t <= b->t ? b->t - (b->t - a->t) * ((b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2))
                            : a->t - (a->t - b->t) * ((a->slope + d2 - d1) / (a->slope - b->slope + 2 * d2));
    return t >= low && t <= high ? t : isfinite(t) ? fmin(fmax(t, low), high) : (low + high) / 2;
}

#define ARMIJO 1e-4
#define WOLFE 0.9
#define SEARCHES 25

/* The next length between two points: the cubic's, unless it is a second time in the outer tenth or not between them. */
static double between(const struct point *lo, const struct point *hi, int *stuck)
{
    double low = fmin(lo->t, hi->t), high = fmax(lo->t, hi->t), edge = 0.1 * (high - low), t = cubic(lo, hi, low, high);
    int outer = fmin(high - t, t - low) < edge, move = outer && (*stuck || t >= high || t <= low);
    *stuck = outer && !move;
    return !move ? t : fabs(t - high) < fabs(t - low) ? high - edge : low + edge;
}

/* Between two points, from the i-th evaluation of the search on; leaves the parameters at the length that is returned in *at. */
static int zoom(struct work *w, const struct point *zero, struct point a, struct point b, int i, double *at)
{
    struct point lo = a.loss <= b.loss ? a : b, hi = a.loss <= b.loss ? b : a, p;
    double length = w->c->norm_max(w->c, w->d);
    int stuck = 0;
    for (; i < SEARCHES && fabs(hi.t - lo.t) * length >= w->conf->tolerance_change; i++) {
        int ret = move_to(w, at, between(&lo, &hi, &stuck), &p);
        if (ret < 0)
            return ret;
        if (p.loss > zero->loss + ARMIJO * p.t * zero->slope || p.loss >= lo.loss) {
            hi = p;
            if (hi.loss < lo.loss) {
                hi = lo;
                lo = p;
            }
            continue;
        }
        if (fabs(p.slope) <= -WOLFE * zero->slope)
            return 0;
        if (p.slope * (hi.t - lo.t) >= 0)
            hi = lo;
        lo = p;
    }
    return *at == lo.t ? 0 : move_to(w, at, lo.t, &p);
}

/* Strong Wolfe from length t; *at gets the length taken. */
static int search(struct work *w, double t, double slope, double *at)
{
    struct point zero = { 0, w->loss, slope }, before = zero, p;
    int i = 0;
    *at = 0;
    for (; i < SEARCHES; i++) {
        int ret = move_to(w, at, t, &p);
        if (ret < 0)
            return ret;
        if (p.loss > zero.loss + ARMIJO * t * slope || (i > 1 && p.loss >= before.loss) || (p.slope >= 0 && !(fabs(p.slope) <= -WOLFE * slope)))
            return zoom(w, &zero, before, p, i, at);
        if (fabs(p.slope) <= -WOLFE * slope)
            return 0;
        double next = cubic(&before, &p, t + 0.01 * (t - before.t), t * 10);
        before = p;
        t = next;
    }
    return 0;
}

/* One direction and the way along it. 1: the step is over. */
static int iterate(struct work *w, int64_t i)
{
    struct hone_closure *c = w->c;
    int first = *scalar(w, N_ITER) == 0;
    double loss = w->loss;
    if (c->norm_max(c, HONE_V_GRAD) <= w->conf->tolerance_grad)
        return 1;
    if (first)
        *scalar(w, H_DIAG) = 1;
    else
        remember(w);
    *scalar(w, N_ITER) += 1;
    new_direction(w);
    c->copy(c, HONE_V_GRAD, w->before);
    double slope = c->dot(c, HONE_V_GRAD, w->d), t = (first ? fmin(1, 1 / c->norm1(c, HONE_V_GRAD)) : 1) * w->conf->lr;
    if (!(slope < -w->conf->tolerance_change))
        return 1;
    int ret;
    if (w->conf->line_search) {
        ret = search(w, t, slope, &t);
    } else {
        c->axpy(c, t, w->d, HONE_V_PARAM);
        ret = i + 1 < w->conf->max_iter ? eval(w) : 0;
    }
    *scalar(w, LENGTH) = t;
    if (ret < 0)
        return ret;
    return w->evals >= w->max_evals || t * c->norm_max(c, w->d) <= w->conf->tolerance_change
           || fabs(w->loss - loss) < w->conf->tolerance_change;
}

static int minimize(struct hone_closure *c, struct hone_err *err)
{
    const struct conf *conf = c->conf;
    struct work w = { .c = c, .conf = conf, .h = conf->history_size, .err = err,
                      .max_evals = conf->max_eval ? conf->max_eval : conf->max_iter * 5 / 4 };
    w.d = HONE_V_SLOT((uint32_t)(2 * w.h));
    w.before = w.d + 1;
    int ret = eval(&w);
    /* the gradient kept from the step before was of another batch: pairs are made within a step only */
    if (ret >= 0 && c->step > 1)
        *scalar(&w, N_ITER) = *scalar(&w, SIZE) = *scalar(&w, HEAD) = 0;
    for (int64_t i = 0; i < conf->max_iter && ret == 0; i++)
        ret = iterate(&w, i);
    return ret < 0 ? ret : 0;
}

static const struct hone_optimizer lbfgs = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "lbfgs", "limited-memory BFGS with a line search",
                      "Settings as torch.optim.LBFGS; history_size is 10 instead of 100, since each pair costs two copies of all "
                      "parameters, strong_wolfe is the default, and the memory is begun anew with each batch.",
                      params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1, .minimize = minimize,
};

HONE_DEFINE_PLUGIN("lbfgs", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &lbfgs.item);
