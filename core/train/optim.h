/* Drives an optimizer plugin: owns its settings and its state, divides tensors into spans, and takes steps in the form
 * that the plugin has. Knows no optimizer by name. Used by the loop and by checkpoints. */
#ifndef TRAIN_OPTIM_H
#define TRAIN_OPTIM_H
#include "core/base/err.h"
#include "core/base/pool.h"
#include "core/train/pass.h"
#include "core/train/tensors.h"
#include "hone/optimizer.h"

#define OPTIM_COPIES 256 /* slot copies that spans carry */

struct optim_slot {              /* one copy of one slot for one tensor */
    char name[64];               /* "m", or "s.3" for the third of several copies */
    uint32_t dtype, extent, flags;
    double init;
    int64_t n;                   /* elements; 0 when absent, or for PER_GROUP on any tensor but the first */
    void *data;
};

/* Bounds on gradients, each 0 when there is none; that on the norm of all is optim_step()'s. */
struct optim_clip {
    double value;                /* of an element */
    double tensor;               /* of the norm of a tensor's gradient */
    double adaptive;             /* of the norm of a row's gradient, as a share of that of the row's weights */
};

/* What pulls weights towards where they started: L2-SP. Borrowed. */
struct optim_pull {
    double strength;             /* 0: nothing does */
    float *const *start;         /* [tensors] */
    uint8_t *const *row;         /* [tensors][rows] which rows are pulled; NULL: none of the tensor */
    const uint8_t *output;       /* [width] which columns of HONE_W_OUTPUT_COLS are pulled; NULL: all */
};

/* A tensor's own settings; conf NULL: those of all. */
struct optim_group {
    void *conf, *derived;        /* owned */
    double lr_share;             /* of the scheduled rate */
};

struct optim {
    const struct hone_optimizer *item;
    void *conf, *conf_no_decay;  /* owned; the second for tensors with HONE_W_NO_DECAY */
    struct tensors *tensors;
    struct pool *pool;
    int64_t copies;              /* slot copies a tensor */
    struct optim_slot *slot;     /* [tensors][copies] */
    void *derived;
    int64_t **last;              /* [tensors] with HONE_OPT_GAP: step of each row's last update; else NULL */
    float **dense;               /* [tensors] gradient of a sparse tensor for an optimizer that wants all of it */
    int64_t step;                /* steps taken */
    struct optim *inner;         /* owned; the optimizer that this one wraps, or NULL */
    struct optim_clip clip;
    struct optim_pull pull;
    struct optim_group *group;   /* [tensors], or NULL */
    int64_t cut;                 /* spans of dense tensors are cut into pieces of at most so many elements, which must not matter; 0: not */
    int borrows;                 /* the gradients are those of the wrapper, which made them dense */
};

/* Whether rows that a step did not touch are left alone; else sparse tensors get full gradients. */
static inline int optim_by_rows(const struct hone_optimizer *item)
{
    return (item->item.flags & HONE_OPT_SPARSE) && item->update && !item->n_sums;
}

/* Takes `conf` and `conf_no_decay` (blocks of the item's settings), also on failure. Allocates nothing yet. */
int optim_open(struct optim *o, const struct hone_optimizer *item, void *conf, void *conf_no_decay, struct tensors *tensors,
               struct pool *pool, struct hone_err *err);
/* Puts an optimizer inside of o, which has HONE_OPT_WRAPS. Takes the blocks, also on failure. */
int optim_wrap(struct optim *o, const struct hone_optimizer *item, void *conf, void *conf_no_decay, struct hone_err *err);
/* Bytes that a tensor element costs in state and gradients, for an estimate before tensors exist. */
double optim_bytes_per_element(const struct hone_optimizer *item, const void *conf);
/* Bytes of all state that optim_alloc() would take. */
int64_t optim_bytes(const struct optim *o);
int optim_alloc(struct optim *o, struct hone_err *err);
/* First values of all state, as after optim_alloc(). */
void optim_restart(struct optim *o);
void optim_close(struct optim *o);

/* One step with the gradients that passes_collect() left. clip > 0 bounds the norm of the gradient. *norm (may be NULL: not
 * computed unless clip asks for it) gets the norm before clipping. HONE_EDIVERGED when the norm is not finite. */
int optim_step(struct optim *o, struct passes *p, double lr, double clip, double *norm, struct hone_err *err);

/* One step of an optimizer with minimize(). `eval` computes the batch's mean loss and leaves collected gradients. */
typedef int optim_eval(void *arg, double *loss, struct hone_err *err);
int optim_minimize(struct optim *o, struct passes *p, double lr, double clip, optim_eval *eval, void *arg, double *norm,
                   struct hone_err *err);

/* Whether the weights that are evaluated and served are not the parameters. */
int optim_serves(const struct optim *o);
/* Turns out[tensors], copies of the parameters, into the weights that are served. */
void optim_serve(struct optim *o, float *const *out);

/* ---- optim_groups.c ---- */

/* Gives tensor i settings of its own (taken, also on failure). */
int optim_group(struct optim *o, int64_t i, void *conf, double lr_share, struct hone_err *err);
void optim_groups_restart(struct optim *o);
void optim_groups_close(struct optim *o);
/* Sets their rates and constants for the present step; `group`: PER_GROUP slots. */
int optim_groups_prepare(struct optim *o, double lr, void *const *group, struct hone_err *err);

/* ---- optim_pull.c ---- */

/* Adds strength (w - w0) to g, the gradient of one row. [any] */
void optim_pull_row(const struct optim *o, int64_t tensor, int64_t row, float *g);
/* The same of tensor i's full gradient: of all rows of a dense tensor, of the touched ones of a sparse one. After optim_expand(). */
void optim_pull(const struct optim *o, const struct passes *p, int64_t i);

/* ---- optim_clip.c ---- */

int optim_clips(const struct optim_clip *c);
/* Bounds g, the gradients of `rows` rows of t; row: their numbers, NULL: all rows in order. */
void optim_clip_tensor(const struct optim_clip *c, const struct tensor *t, float *g, const int32_t *row, int64_t rows);

/* Calls fn for spans of all trained tensors, on threads. p: whose gradients, NULL: none. param: arrays that stand in for the
 * parameters, NULL: the parameters. */
void optim_each(struct optim *o, const struct passes *p, float *const *param, void (*fn)(const struct hone_span *),
                const void *derived);
/* Sets the learning rate of both settings blocks. */
void optim_set_lr(struct optim *o, double lr);
/* Makes full gradients of sparse tensors from their touched rows, in o->dense. */
void optim_expand(struct optim *o, struct passes *p);
void optim_unexpand(struct optim *o, struct passes *p);
/* The full gradient of tensor i after optim_expand(). */
float *optim_gradient(const struct optim *o, const struct passes *p, int64_t i);

#endif
