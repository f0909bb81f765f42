/* The decoder of model "transformer": its shape, the order of its tensors and what its passes borrow. Llama's (Touvron et al., 2023,
 * "LLaMA: open and efficient foundation language models"): token embedding, layers of attention and a gated unit, each behind a root
 * mean square norm and added to what came in, a norm, an output head. Not a plugin. */
#ifndef MODELS_DECODER_H
#define MODELS_DECODER_H
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "hone/blas.h"
#include "hone/math.h"
#include "hone/wide.h"

struct decoder_shape {
    int64_t vocab, width, layers, heads, kv_heads, head, hidden, context; /* head: numbers a head has; hidden: of the gated unit */
    int64_t tied;                /* the output head is the embedding */
    double theta, eps;           /* of the rotary positions; of the norms */
};

/* Tensors in the order of declaration: the embedding, those of each layer, the last norm, the head where it is its own. */
enum { DEC_ATT_NORM, DEC_Q, DEC_K, DEC_V, DEC_O, DEC_MLP_NORM, DEC_GATE, DEC_UP, DEC_DOWN, DEC_OF_LAYER };

static inline int64_t decoder_at(int64_t layer, int64_t which)
{
    return 1 + layer * DEC_OF_LAYER + which;
}

static inline int64_t decoder_norm_at(const struct decoder_shape *s)
{
    return 1 + s->layers * DEC_OF_LAYER;
}

static inline int64_t decoder_head_at(const struct decoder_shape *s)
{
    return s->tied ? 0 : decoder_norm_at(s) + 1;
}

static inline int64_t decoder_tensors(const struct decoder_shape *s)
{
    return decoder_norm_at(s) + (s->tied ? 1 : 2);
}

/* Name (of Hugging Face's Llama) and dimensions of tensor i; the number of dimensions is returned. */
__attribute__((unused)) static uint32_t decoder_tensor(const struct decoder_shape *s, int64_t i, char name[64], int64_t dims[2])
{
    static const char *const part[DEC_OF_LAYER] = { "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                                                    "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj" };
    int64_t q = s->heads * s->head, kv = s->kv_heads * s->head, c = s->width, f = s->hidden;
    const int64_t shape[DEC_OF_LAYER][2] = { { c, 0 }, { q, c }, { kv, c }, { kv, c }, { c, q }, { c, 0 }, { f, c }, { f, c }, { c, f } };
    int64_t k = (i - 1) % DEC_OF_LAYER;
    if (i == 0 || i > decoder_norm_at(s)) {
        snprintf(name, 64, "%s", i ? "lm_head.weight" : "model.embed_tokens.weight");
        dims[0] = s->vocab;
        dims[1] = c;
        return 2;
    }
    if (i == decoder_norm_at(s)) {
        snprintf(name, 64, "model.norm.weight");
        dims[0] = c;
        return 1;
    }
    snprintf(name, 64, "model.layers.%lld.%s.weight", (long long)((i - 1) / DEC_OF_LAYER), part[k]);
    dims[0] = shape[k][0];
    dims[1] = shape[k][1];
    return dims[1] ? 2 : 1;
}

/* What a pass borrows. take() gives memory that holds until the backward pass is over, NULL when it ran out. */
struct decoder_env {
    const struct hone_host *host;
    const struct hone_blas_service *blas;
    void *(*take)(const void *arg, size_t bytes);
    const void *arg;
    float *panels;               /* room of products: PANEL_ROOM numbers, or NULL: all products are the BLAS's */
};

/* Texts that stand alone, one after the other: text i has the tokens start[i] .. start[i + 1). */
struct decoder_batch {
    int64_t texts, tokens, rows;
    const int64_t *start;        /* [texts + 1] */
    const int32_t *token;        /* [tokens] */
    const int64_t *row;          /* [rows] the token after which a row of scores tells what comes */
    double drop;                 /* share of the numbers that go into each product that is left out, drawn by seed; 0: none */
    uint64_t seed;
};

/* Where numbers are left out: of the embedding, into attention and gated unit of each layer, into the head. */
enum { DEC_DROP_EMBED, DEC_DROP_ATT, DEC_DROP_MLP };
#define DEC_DROP_HEAD INT64_C(-1)

/* Loops of fewer numbers are not divided. */
#define DEC_GRAIN 16384

static inline int64_t decoder_grain(int64_t width)
{
    return width < DEC_GRAIN ? DEC_GRAIN / width : 1;
}

/* Tiles of a product, which depend on its size alone: at most 16, none narrower than a call needs to be worth what it copies. */
#define DEC_TILE 192

static inline void decoder_tiles(int64_t m, int64_t n, int64_t k, int64_t *tm, int64_t *tn)
{
    *tm = m;
    *tn = n;
    if (m * n * k < (1 << 18))
        return;
    while (((m + *tm - 1) / *tm) * ((n + *tn - 1) / *tn) < 16 && (*tm >= 2 * DEC_TILE || *tn >= 2 * DEC_TILE)) {
        int64_t *side = *tm >= *tn ? tm : tn;
        *side = (*side / 2 + 31) / 32 * 32;
    }
}

/* Of decoder_panels.h: the inner length that is summed at once, part of the results; columns that are laid out at once; numbers they take. */
#define PANEL_DEPTH 256
#define PANEL_MOST 1024
#define PANEL_ROOM ((int64_t)PANEL_MOST * PANEL_DEPTH)

#endif
