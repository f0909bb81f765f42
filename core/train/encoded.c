#include <stdlib.h>
#include <string.h>
#include "core/train/encoded.h"


/* What one piece of texts became. */
struct piece {
    int64_t n, pairs, rows, cap_pairs, cap_n, cap_rows, cap_ends;
    int64_t *end;        /* [n] pairs up to and with each text */
    int64_t *row_end;    /* [n] rows, with answers only */
    int32_t *target;
    int32_t *index;
    float *value;
    int plain;           /* 1: some text came without values */
    struct hone_err err;
};

static int grow(void *array, int64_t *cap, int64_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    int64_t n = *cap * 2 > need ? *cap * 2 : need + 64;
    void **slot = array, *p = realloc(*slot, (size_t)n * size);
    if (!p)
        return HONE_ENOMEM;
    *slot = p;
    *cap = n;
    return 0;
}

static int piece_add(struct hone_encoder *e, int64_t n, const int32_t *index, const float *value)
{
    struct piece *p = e->host_data;
    int64_t cap = p->cap_pairs;
    if (grow(&p->end, &p->cap_n, p->n + 1, sizeof *p->end) || grow(&p->index, &cap, p->pairs + n, sizeof *p->index)
        || grow(&p->value, &p->cap_pairs, p->pairs + n, sizeof *p->value))
        return HONE_ENOMEM;
    if (n) {
        memcpy(p->index + p->pairs, index, (size_t)n * sizeof *index);
        if (value)
            memcpy(p->value + p->pairs, value, (size_t)n * sizeof *value);
        else
            p->plain = 1;
    }
    p->pairs += n;
    p->end[p->n++] = p->pairs;
    return 0;
}

static int piece_targets(struct hone_encoder *e, int64_t rows, const int32_t *target)
{
    struct piece *p = e->host_data;
    int64_t last = p->n > 1 ? p->end[p->n - 2] : 0, had = p->n > 1 && p->row_end ? p->row_end[p->n - 2] : 0;
    if (!p->n || rows < 0 || rows > p->end[p->n - 1] - last || had != p->rows)
        return hone_fail(&p->err, ERR_PLUGIN, "the model gives %lld targets for %lld tokens", (long long)rows,
                         p->n ? (long long)(p->end[p->n - 1] - last) : 0);
    if (grow(&p->row_end, &p->cap_ends, p->n, sizeof *p->row_end) || grow(&p->target, &p->cap_rows, p->rows + rows, sizeof *p->target))
        return HONE_ENOMEM;
    if (rows)
        memcpy(p->target + p->rows, target, (size_t)rows * sizeof *target);
    p->rows += rows;
    p->row_end[p->n - 1] = p->rows;
    return 0;
}

struct encode_work {
    const struct hone_model *model;
    void *self;
    const struct hone_string *input, *answer;
    int64_t n;
    uint32_t flags;
    struct piece *piece;
};

static void encode_task(void *arg, int64_t begin, int64_t end)
{
    struct encode_work *w = arg;
    for (int64_t i = begin; i < end; i++) {
        struct piece *p = &w->piece[i];
        struct hone_encoder e = { .struct_size = sizeof e, .host_data = p, .add = piece_add, .targets = piece_targets, .flags = w->flags };
        int64_t from = i * ENCODED_PIECE, n = w->n - from < ENCODED_PIECE ? w->n - from : ENCODED_PIECE;
        int ret = w->model->encode(w->self, w->input + from, w->answer ? w->answer + from : NULL, n, &e, &p->err);
        if (ret < 0)
            p->err.code = ret;
        else if (p->n == n && w->answer && n && (!p->row_end || p->row_end[n - 1] != p->rows))
            p->err.code = hone_fail(&p->err, ERR_PLUGIN, "model '%s' gives no targets for an answer", w->model->item.name);
        else if (p->n != n)
            p->err.code = hone_fail(&p->err, ERR_PLUGIN, "model '%s' encoded %lld of %lld texts", w->model->item.name,
                                    (long long)p->n, (long long)n);
    }
}

/* A single piece becomes the whole. */
static int take(struct encoded *e, struct piece *p)
{
    e->start = malloc((size_t)(p->n + 1) * sizeof *e->start);
    if (!e->start)
        return HONE_ENOMEM;
    e->n = p->n;
    e->start[0] = 0;
    memcpy(e->start + 1, p->end, (size_t)p->n * sizeof *p->end);
    e->index = p->index;
    e->value = p->value;
    p->index = NULL;
    p->value = NULL;
    return 0;
}

/* The rows and targets of the pieces one after the other. */
static int join_rows(struct encoded *e, const struct piece *piece, int64_t pieces, int64_t n)
{
    int64_t rows = 0, at = 0, to = 0;
    for (int64_t i = 0; i < pieces; i++)
        rows += piece[i].rows;
    e->row_start = malloc((size_t)(n + 1) * sizeof *e->row_start);
    e->target = malloc((size_t)(rows + 1) * sizeof *e->target);
    if (!e->row_start || !e->target)
        return HONE_ENOMEM;
    e->row_start[0] = 0;
    for (int64_t i = 0; i < pieces; i++) {
        if (piece[i].rows)
            memcpy(e->target + at, piece[i].target, (size_t)piece[i].rows * sizeof *e->target);
        for (int64_t j = 0; j < piece[i].n; j++)
            e->row_start[++to] = at + piece[i].row_end[j];
        at += piece[i].rows;
    }
    return 0;
}

/* Puts the pieces one after the other into e. */
static int join(struct encoded *e, struct piece *piece, int64_t pieces, int64_t n)
{
    int64_t pairs = 0, at = 0, to = 0;
    int plain = 0;
    if (pieces == 1 && !piece->plain && piece->index)
        return take(e, piece);
    for (int64_t i = 0; i < pieces; i++) {
        pairs += piece[i].pairs;
        plain |= piece[i].plain;
    }
    e->n = n;
    e->start = malloc((size_t)(n + 1) * sizeof *e->start);
    e->index = malloc((size_t)(pairs + 1) * sizeof *e->index);
    e->value = plain ? NULL : malloc((size_t)(pairs + 1) * sizeof *e->value);
    if (!e->start || !e->index || (!plain && !e->value))
        return HONE_ENOMEM;
    e->start[0] = 0;
    for (int64_t i = 0; i < pieces; i++) {
        const struct piece *p = &piece[i];
        if (p->pairs)
            memcpy(e->index + at, p->index, (size_t)p->pairs * sizeof *p->index);
        if (p->pairs && e->value)
            memcpy(e->value + at, p->value, (size_t)p->pairs * sizeof *p->value);
        for (int64_t j = 0; j < p->n; j++)
            e->start[++to] = at + p->end[j];
        at += p->pairs;
    }
    return 0;
}

int encoded_make(struct encoded *e, const struct hone_model *model, void *self, const struct hone_string *input,
                 const struct hone_string *answer, int64_t n, uint32_t flags, struct pool *pool, struct hone_err *err)
{
    int64_t pieces = (n + ENCODED_PIECE - 1) / ENCODED_PIECE;
    struct piece *piece = calloc((size_t)pieces + 1, sizeof *piece);
    struct encode_work w = { model, self, input, answer, n, flags, piece };
    int ret = piece ? 0 : HONE_ENOMEM;
    *e = (struct encoded){ 0 };
    if (piece)
        pool_run(pool, pieces, 1, encode_task, &w);
    for (int64_t i = 0; i < pieces && !ret; i++)
        if (piece[i].err.code < 0) {
            *err = piece[i].err;
            ret = err->code;
        }
    if (!ret && answer)
        ret = join_rows(e, piece, pieces, n);
    if (!ret)
        ret = join(e, piece, pieces, n);
    for (int64_t i = 0; piece && i < pieces; i++) {
        free(piece[i].end);
        free(piece[i].index);
        free(piece[i].value);
        free(piece[i].row_end);
        free(piece[i].target);
    }
    free(piece);
    if (ret)
        encoded_free(e);
    return ret == HONE_ENOMEM && !err->code ? hone_fail(err, ret, "memory ran out for %lld encoded texts", (long long)n) : ret;
}

void encoded_free(struct encoded *e)
{
    free(e->start);
    free(e->index);
    free(e->value);
    free(e->row_start);
    free(e->target);
    *e = (struct encoded){ 0 };
}

int batch_gather(struct batch *b, const struct encoded *e, const int64_t *row, int64_t n)
{
    int64_t pairs = 0, at = 0, cap = b->cap_pairs;
    for (int64_t i = 0; i < n; i++)
        pairs += e->start[row[i] + 1] - e->start[row[i]];
    if (grow(&b->start, &b->cap_rows, n + 1, sizeof *b->start) || grow(&b->index, &cap, pairs + 1, sizeof *b->index)
        || grow(&b->value, &b->cap_pairs, pairs + 1, sizeof *b->value))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        int64_t from = e->start[row[i]], len = e->start[row[i] + 1] - from;
        b->start[i] = at;
        memcpy(b->index + at, e->index + from, (size_t)len * sizeof *b->index);
        if (e->value)
            memcpy(b->value + at, e->value + from, (size_t)len * sizeof *b->value);
        at += len;
    }
    b->start[n] = at;
    b->bag = (struct hone_bag){ n, b->start, b->index, e->value ? b->value : NULL };
    return 0;
}

void batch_free(struct batch *b)
{
    free(b->start);
    free(b->index);
    free(b->value);
    *b = (struct batch){ 0 };
}
