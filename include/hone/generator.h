/* hone/generator.h: a generator makes new examples from those of a module. It proposes; the host decides: it drops copies and near
 * copies of given rows, rows whose output a trained model doubts and rows of another difficulty, chooses among the rest, and keeps
 * each with its provenance. Life: open() learns from the examples, generate() is called for one output after the other, often
 * more than once, close() frees.
 * History: 0.2 first. */
#ifndef HONE_GENERATOR_H
#define HONE_GENERATOR_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The examples of a module. Valid until close(). */
struct hone_material {
    uint32_t struct_size, pad0;
    int64_t n;
    const struct hone_string *input;   /* [n] */
    const int32_t *label;              /* [n] index into output */
    const float *weight;               /* [n] >= 0 */
    int64_t outputs;                   /* distinct outputs */
    const struct hone_string *output;  /* [outputs] */
    /* What a model that was trained on them says; both NULL when there is none. */
    const float *margin;               /* [n] probability of its output minus that of the best other: below 0 it would be wrong */
    const int32_t *rival;              /* [n] the best other output */
};

/* What is wanted. Valid during the call. */
struct hone_wish {
    uint32_t struct_size;
    int32_t label;      /* for this output, an index into material->output */
    int64_t count;      /* so many proposals; fewer are fine when the examples do not give more */
    double difficulty;  /* 0 plain .. 1 near another output */
    uint64_t seed;      /* the same seed, settings, material and wish: the same proposals, in the same order */
};

/* One example. Read by add() before it returns. */
struct hone_proposal {
    uint32_t struct_size;
    int32_t label;                /* its output, an index into material->output */
    struct hone_string input;     /* UTF-8, not empty */
    const char *method;           /* what was done, [a-z][a-z0-9_]* ("swap_slots") */
    const int64_t *source;        /* [n_source] examples that it was made from; at most 16 */
    int64_t n_source;
    const char *const *tags;      /* what else is to be known of it, [a-z][a-z0-9_]*, NULL-terminated, at most 16; or NULL */
};

/* Where proposals go. */
struct hone_collector {
    uint32_t struct_size, pad0;
    void *host_data;
    /* 0: go on; 1: enough, return 0; below 0: failed, return that. On the thread of generate(). */
    int (*add)(struct hone_collector *, const struct hone_proposal *, struct hone_err *);
};

/* item.flags */
#define HONE_G_OUTSIDE 1u /* asks something outside of the process, so that the same wish may get other proposals */

struct hone_generator {
    struct hone_item item;
    /* Learns from the examples. *self is freed with close(), also after a failure if it was set. [main] */
    int (*open)(void **self, const void *conf, const struct hone_material *, const struct hone_host *, struct hone_err *);
    /* Adds proposals for one output; self is not changed, so that the order of calls does not matter. [worker] */
    int (*generate)(void *self, const struct hone_wish *, struct hone_collector *, struct hone_err *);
    void (*close)(void *self); /* [main] */
};

#ifdef __cplusplus
}
#endif
#endif
