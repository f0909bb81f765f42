/* hone/optimizer.h: an optimizer is its update rule. It declares the state that it keeps for each parameter; the host
 * allocates, initialises, divides, checkpoints and restores that state, averages and clips gradients, and drives the
 * learning rate. Three forms, of which an optimizer has exactly one:
 *   update         element by element (SGD, Adam, Lion ...), with sums over a tensor if it needs norms (LAMB, LARS)
 *   update_tensor  whole tensors (Adafactor, Muon)
 *   minimize       asks for losses and gradients itself (L-BFGS, SAM)
 * History: 0.1 first. */
#ifndef HONE_OPTIMIZER_H
#define HONE_OPTIMIZER_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How much of a slot there is. */
#define HONE_PER_ELEMENT 0u /* the shape of the parameter; update() uses this, PER_GROUP and, with settle(), PER_TENSOR */
#define HONE_PER_ROW 1u     /* one for each index of the first dimension */
#define HONE_PER_COL 2u     /* one for each index of the last dimension */
#define HONE_PER_TENSOR 3u
#define HONE_PER_GROUP 4u   /* one for all tensors together */
#define HONE_ABSENT 5u      /* only as plan()'s answer */

#define HONE_SLOT_FROM_PARAM 1u /* starts as a copy of the parameter (PER_ELEMENT, F32) */
#define HONE_SLOT_TRANSIENT 2u  /* scratch of one step: not checkpointed */

/* State for each parameter. A zeroed struct but for the name is one float an element, starting at 0. */
struct hone_slot {
    const char *name;    /* key in checkpoints: never renamed */
    uint32_t dtype;      /* HONE_F32, HONE_F64 or HONE_U8 */
    uint32_t extent;
    double init;         /* first value of every element */
    uint32_t flags;
    uint32_t count;      /* copies; 0 means 1 */
    uint32_t count_from; /* 1 + index of the HONE_INT or HONE_BOOL setting that gives the copies; 0: `count` does */
    uint32_t pad0;
};

#define HONE_T_SPARSE_ROWS 1u /* most rows get no gradient in a step */

struct hone_tensor_info {
    const char *name;
    uint32_t ndim, flags;
    const int64_t *dims; /* [ndim], row-major */
    int64_t n;           /* elements */
};

/* Some consecutive elements of one tensor. Buffers are the host's and valid during the call. Gradients arrive averaged
 * over the batch and clipped. */
struct hone_span {
    int64_t n;
    float *param;
    const float *grad;
    void *const *state;  /* one pointer a slot copy, in the order of the slots, at the same elements */
    const void *conf;    /* the settings of this step; a setting named "lr" is the scheduled rate */
    const void *derived; /* what prepare() wrote */
    const double *sums;  /* [n_sums] totals over sum_scope; NULL while sum() runs or without sum() */
    int64_t step;        /* 1 for the first step */
    int64_t gap;         /* steps since these elements last moved: 1 when dense, more for a row left untouched */
    int64_t at;          /* place of the first element among those of all tensors, for draws that do not depend on threads; of
                            dense tensors only */
};

struct hone_prep {
    int64_t step;        /* 1 for the first step */
    const void *conf;
    void *derived;       /* derived_size bytes, zeroed before the first step and then kept */
    void *const *state;  /* HONE_PER_GROUP slots (in settle() by tensor: HONE_PER_TENSOR, too); NULL for the others */
};

#define HONE_SUM_TENSOR 0u /* sum() totals are of one tensor */
#define HONE_SUM_GROUP 1u  /* ... of all tensors */

/* Vectors over all parameters: 0 is the parameters, 1 the gradient, 2 + k the k-th PER_ELEMENT slot copy. */
#define HONE_V_PARAM 0u
#define HONE_V_GRAD 1u
#define HONE_V_SLOT(k) (2u + (k))

/* What minimize() works with. Results do not depend on the number of threads. */
struct hone_closure {
    uint32_t struct_size, pad0;
    void *host_data;     /* the host's own */
    const void *conf;
    void *const *state;  /* HONE_PER_GROUP slot copies, in slot order; NULL for the others */
    int64_t step;        /* 1 for the first step */
    /* Loss (mean over the step's batch) and gradient at the present parameters; always the same batch in one step. [main] */
    int (*eval)(struct hone_closure *, double *loss, struct hone_err *);
    double (*dot)(struct hone_closure *, uint32_t a, uint32_t b);               /* [main] */
    void (*axpy)(struct hone_closure *, double alpha, uint32_t x, uint32_t y);  /* y += alpha x [main] */
    void (*scale)(struct hone_closure *, double alpha, uint32_t y);             /* y *= alpha [main] */
    void (*copy)(struct hone_closure *, uint32_t from, uint32_t to);            /* [main] */
    double (*norm1)(struct hone_closure *, uint32_t x);                         /* sum of |x| [main] */
    double (*norm_max)(struct hone_closure *, uint32_t x);                      /* greatest |x|; NaN if any is [main] */
    /* Calls fn for spans of all trained tensors, as update() is called; grad is the present gradient, derived is `arg`. fn keeps
     * update()'s rules. [main] */
    void (*each)(struct hone_closure *, void (*fn)(const struct hone_span *), const void *arg);
    /* One step of the wrapped optimizer with the present gradient, of optimizers with HONE_OPT_WRAPS. [main] */
    int (*inner)(struct hone_closure *, struct hone_err *);
};

/* item.flags */
#define HONE_OPT_SPARSE 1u /* update() may be given only the rows that the batch touched */
#define HONE_OPT_GAP 2u    /* update() reads gap: the host then never joins rows with different gaps */
#define HONE_OPT_WRAPS 4u  /* minimize() calls inner(): the host reads the settings base (a name) and base_options for it */

struct hone_optimizer {
    struct hone_item item;
    const struct hone_slot *slots;
    uint32_t n_slots, slot_size; /* count, stride */
    uint32_t state_version;      /* raised when slots change their meaning; saved state of another one is refused */
    uint32_t derived_size;       /* bytes for prepare() */
    uint32_t n_sums, sum_scope;  /* n_sums <= 8 */
    /* Constants of this step (bias corrections ...). Optional. [main] */
    int (*prepare)(const struct hone_prep *, struct hone_err *);
    /* Adds this span's share to sums[n_sums]; must not change anything else. The host adds the shares on a grid that
     * does not depend on threads. Needed when n_sums > 0. [worker pure] */
    void (*sum)(const struct hone_span *, double *sums);
    /* Element by element: the same bits however a tensor is cut. No globals, no allocation, nothing outside of the
     * span. [worker] */
    void (*update)(const struct hone_span *);
    /* Bytes of scratch that update_tensor() wants for a tensor. Optional. [main] */
    int64_t (*scratch)(const void *conf, const struct hone_tensor_info *);
    /* A whole tensor: span->n == info->n. Slots of every extent. [main] */
    int (*update_tensor)(const struct hone_span *, const struct hone_tensor_info *, void *scratch, struct hone_err *);
    /* One step by its own means. [main] */
    int (*minimize)(struct hone_closure *, struct hone_err *);
    /* Chooses the extent of each slot for one tensor: extents[n_slots] holds the declared ones. Optional. [main] */
    int (*plan)(const void *conf, const struct hone_tensor_info *, uint32_t *extents, struct hone_err *);
    /* Between sum() and update(): for each tensor (HONE_SUM_TENSOR; p->state then has that tensor's HONE_PER_TENSOR slots, too) or
     * once a step (HONE_SUM_GROUP). May keep what it learns in those slots and in derived, and may replace the totals by what
     * update() is to find in sums. Optional. [main] */
    int (*settle)(const struct hone_prep *, double *sums, struct hone_err *);
    /* Turns param, a copy of the parameters, into the weights that are evaluated and served, where they are not the parameters
     * themselves; grad is NULL, state may only be read. Optional. [worker] */
    void (*serve)(const struct hone_span *);
};

#ifdef __cplusplus
}
#endif
#endif
