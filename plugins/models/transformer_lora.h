/* Low-rank adapters (Hu et al., 2022, "LoRA: low-rank adaptation of large language models"): beside a matrix W of a layer that stands
 * still, scale B A is learned, A [rank][in] and B [out][rank] with B zero at first, scale = alpha / rank. A pass works with W + scale B A
 * in a copy, and the gradients of A and B come from that of the copy. Not a plugin. */
#ifndef MODELS_TRANSFORMER_LORA_H
#define MODELS_TRANSFORMER_LORA_H
#include <string.h>
#include "decoder.h"
#include "hone/model.h"

struct lora {
    int64_t rank;                     /* 0: none */
    double scale;
    int target[DEC_OF_LAYER];
};

/* "q, k, v, o, gate, up, down" or some of them, by their first letters; HONE_EINVAL for other words. */
static int lora_read(struct lora *l, int64_t rank, double alpha, const char *targets, struct hone_err *err)
{
    static const struct { const char *name; int which; } names[] = { { "q", DEC_Q }, { "k", DEC_K }, { "v", DEC_V }, { "o", DEC_O },
                                                                     { "gate", DEC_GATE }, { "up", DEC_UP }, { "down", DEC_DOWN } };
    int any = 0;
    *l = (struct lora){ .rank = rank, .scale = rank ? alpha / (double)rank : 0 };
    for (const char *p = targets; rank && *p;) {
        size_t n = strcspn(p, ", "), hit = 7;
        for (size_t i = 0; n && i < 7; i++)
            hit = strlen(names[i].name) == n && memcmp(names[i].name, p, n) == 0 ? i : hit;
        if (n && hit == 7)
            return hone_fail(err, HONE_EINVAL, "lora_targets is \"%.60s\"; expected some of q, k, v, o, gate, up, down", targets);
        if (n)
            l->target[names[hit].which] = any = 1;
        p += n + strspn(p + n, ", ");
    }
    return rank && !any ? hone_fail(err, HONE_EINVAL, "lora_targets is empty; expected some of q, k, v, o, gate, up, down") : 0;
}

/* The adapters' number of tensor i of the decoder, -1 when it has none: their tensors A and B stand at 2 n and 2 n + 1 behind the decoder's. */
static int64_t lora_of(const struct lora *l, const struct decoder_shape *s, int64_t i)
{
    int64_t n = 0, layer = (i - 1) / DEC_OF_LAYER, part = (i - 1) % DEC_OF_LAYER, each = 0;
    if (!l->rank || i < 1 || i >= decoder_norm_at(s) || !l->target[part])
        return -1;
    for (int k = 0; k < DEC_OF_LAYER; k++) {
        each += l->target[k];
        n += k < part && l->target[k];
    }
    return layer * each + n;
}

static int64_t lora_size(const struct lora *l, const struct decoder_shape *s)
{
    int64_t n = 0, dims[2];
    char name[64];
    for (int64_t i = 0; i < decoder_tensors(s); i++)
        if (lora_of(l, s, i) >= 0) {
            decoder_tensor(s, i, name, dims);
            n += (dims[0] + dims[1]) * l->rank;
        }
    return n;
}

static int lora_declare(const struct lora *l, const struct decoder_shape *s, struct hone_builder *b, struct hone_err *err)
{
    int ret = 0;
    for (int64_t i = 0; i < decoder_tensors(s) && ret >= 0; i++) {
        char name[64], full[80];
        int64_t dims[2], a[2], out[2];
        if (lora_of(l, s, i) < 0)
            continue;
        decoder_tensor(s, i, name, dims);
        name[strlen(name) - strlen(".weight")] = '\0';
        a[0] = out[1] = l->rank;
        a[1] = dims[1];
        out[0] = dims[0];
        snprintf(full, sizeof full, "%s.lora_A.weight", name);
        ret = b->tensor(b, full, 2, a, HONE_INIT_UNIFORM, 1 / sqrt((double)dims[1]), 0, err);
        snprintf(full, sizeof full, "%s.lora_B.weight", name);
        if (ret >= 0)
            ret = b->tensor(b, full, 2, out, HONE_INIT_ZERO, 0, 0, err);
    }
    return ret;
}

/* x times the scale, in memory of the pass. */
static float *lora_scaled(const struct decoder_env *e, const struct lora *l, const float *x, int64_t n)
{
    float *y = e->take(e->arg, (size_t)n * sizeof *y);
    for (int64_t i = 0; y && i < n; i++)
        y[i] = (float)l->scale * x[i];
    return y;
}

/* out = W + scale B A of tensor i. -1 when memory ran out. */
static int lora_merge(const struct decoder_env *e, const struct lora *l, const struct decoder_shape *s, float *const *tensor, int64_t i, float *out)
{
    int64_t dims[2], at = decoder_tensors(s) + 2 * lora_of(l, s, i);
    char name[64];
    decoder_tensor(s, i, name, dims);
    float *b = lora_scaled(e, l, tensor[at + 1], dims[0] * l->rank);
    if (!b)
        return -1;
    copy_all_f(e, tensor[i], out, dims[0] * dims[1]);
    product_f(e, 0, 0, dims[0], dims[1], l->rank, b, l->rank, tensor[at], dims[1], 1, out, dims[1]);
    return 0;
}

/* Weights of a pass with what the adapters add in w, and room for their gradients in g (NULL: none are wanted). */
static int lora_begin(const struct decoder_env *e, const struct lora *l, const struct decoder_shape *s, float *const *tensor, float **w, float **g)
{
    for (int64_t i = 0; i < decoder_tensors(s); i++) {
        int64_t dims[2];
        char name[64];
        w[i] = tensor[i];
        if (lora_of(l, s, i) < 0)
            continue;
        decoder_tensor(s, i, name, dims);
        size_t bytes = (size_t)(dims[0] * dims[1]) * sizeof(float);
        if (!(w[i] = e->take(e->arg, bytes)) || lora_merge(e, l, s, tensor, i, w[i]) || (g && !(g[i] = e->take(e->arg, bytes))))
            return -1;
        if (g)
            memset(g[i], 0, bytes);
    }
    return 0;
}

/* Gradients of A and B from those of the copies. */
static int lora_end(const struct decoder_env *e, const struct lora *l, const struct decoder_shape *s, float *const *tensor, float *const *g, float *const *grad)
{
    for (int64_t i = 0; i < decoder_tensors(s); i++) {
        int64_t dims[2], at = decoder_tensors(s) + 2 * lora_of(l, s, i);
        char name[64];
        if (lora_of(l, s, i) < 0)
            continue;
        decoder_tensor(s, i, name, dims);
        float *a = lora_scaled(e, l, tensor[at], dims[1] * l->rank), *b = lora_scaled(e, l, tensor[at + 1], dims[0] * l->rank);
        if (!a || !b)
            return -1;
        if (grad[at])
            product_f(e, 1, 0, l->rank, dims[1], dims[0], b, l->rank, g[i], dims[1], 1, grad[at], dims[1]);
        if (grad[at + 1])
            product_f(e, 0, 1, dims[0], l->rank, dims[1], g[i], dims[1], a, dims[1], 1, grad[at + 1], l->rank);
    }
    return 0;
}

#endif
