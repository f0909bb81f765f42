/* The part of base.h that brings a base's numbers into a learner: row by row, where keys and texts say which row is which. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/data/examples.h"
#include "core/train/base.h"

/* What one call of base_take() shares. */
struct taking {
    const struct base *b;
    struct learner *l;
    struct start *s;
    int64_t *output;             /* [outputs] number in the base, -1 when it does not know the text; NULL for vectors */
    cJSON *taken, *extended, *left, *fresh;
    int64_t numbers;             /* that came from the base */
    struct hone_err *err;
};

struct keyed {
    uint64_t key;
    int64_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* The first row with the key, or -1. */
static int64_t row_of(const struct keyed *list, int64_t n, uint64_t key)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (list[mid].key < key)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && list[low].key == key ? list[low].row : -1;
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out while weights were taken from the base");
}

/* map[row of tensor i] = row of a list of n keyed rows, or -1. */
static void map_keys(const struct taking *t, int64_t i, struct keyed *list, int64_t n, int64_t *map)
{
    const struct learner *l = t->l;
    qsort(list, (size_t)n, sizeof *list, by_key);
    for (int64_t r = 0; r < l->tensors.t[i].rows; r++)
        map[r] = row_of(list, n, l->model->row_key(l->self, (uint32_t)i, r));
}

/* By the keys of the base's tensor k. */
static int map_rows(const struct taking *t, int64_t i, int64_t k, int64_t *map)
{
    const struct learner *b = &t->b->l;
    int64_t n = b->tensors.t[k].rows;
    struct keyed *list = malloc((size_t)(n + 1) * sizeof *list);
    if (!list)
        return no_memory(t->err);
    for (int64_t r = 0; r < n; r++)
        list[r] = (struct keyed){ b->model->row_key(b->self, (uint32_t)k, r), r };
    map_keys(t, i, list, n, map);
    free(list);
    return 0;
}

/* By the words of the vectors. */
static int map_words(const struct taking *t, int64_t i, int64_t *map)
{
    const struct vectors *v = &t->b->v;
    const struct learner *l = t->l;
    int64_t n = 0;
    struct keyed *list = malloc((size_t)(v->n + 1) * sizeof *list);
    if (!list)
        return no_memory(t->err);
    for (int64_t w = 0; w < v->n; w++) {
        uint64_t key = l->model->word_key(l->self, (uint32_t)i, &v->words.name[w]);
        if (key)
            list[n++] = (struct keyed){ key, w };
    }
    map_keys(t, i, list, n, map);
    free(list);
    return 0;
}

static void say(cJSON *list, const struct tensor *t, const char *why)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "tensor", t->name);
    json_put_str(o, "why", why);
    cJSON_AddItemToArray(list, o);
}

static void shape(const struct tensor *t, char out[80])
{
    size_t n = 0;
    for (uint32_t d = 0; d < t->ndim; d++)
        n += (size_t)snprintf(out + n, 80 - n, "%s%lld", d ? " x " : "", (long long)t->dims[d]);
}

/* Copies what the maps name and notes what came. cols: the base's column of each column, NULL: the same ones. */
static int copy_rows(struct taking *t, int64_t i, const float *from, int64_t from_rows, int64_t from_width, const int64_t *map,
                     const int64_t *cols)
{
    const struct tensor *to = &t->l->tensors.t[i];
    int64_t rows = 0, columns = cols ? 0 : to->width;
    for (int64_t c = 0; cols && c < to->width; c++)
        columns += cols[c] >= 0;
    if (columns && !(t->s->row[i] = calloc((size_t)to->rows + 1, 1)))
        return no_memory(t->err);
    for (int64_t r = 0; columns && r < to->rows; r++) {
        if (map[r] < 0)
            continue;
        rows++;
        t->s->row[i][r] = 1;
        float *into = to->param + r * to->width;
        const float *src = from + map[r] * from_width;
        if (!cols)
            memcpy(into, src, (size_t)to->width * sizeof *into);
        for (int64_t c = 0; cols && c < to->width; c++)
            into[c] = cols[c] >= 0 ? src[cols[c]] : into[c];
    }
    if (!rows) {
        free(t->s->row[i]);
        t->s->row[i] = NULL;
        say(t->fresh, to, "no row of it is known to the base");
        return 0;
    }
    t->numbers += rows * columns;
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "tensor", to->name);
    json_put_int(o, "rows_taken", rows);
    json_put_int(o, "rows_fresh", to->rows - rows);
    json_put_int(o, "rows_left", from_rows > rows ? from_rows - rows : 0);
    if (cols) {
        json_put_int(o, "columns_taken", columns);
        json_put_int(o, "columns_fresh", to->width - columns);
    }
    cJSON_AddItemToArray(rows == to->rows && columns == to->width ? t->taken : t->extended, o);
    return 0;
}

/* Tensor i from the base's tensor k. */
static int take_tensor(struct taking *t, int64_t i, int64_t k)
{
    const uint32_t marks = HONE_W_KEYED | HONE_W_OUTPUT_ROWS | HONE_W_OUTPUT_COLS;
    const struct tensor *to = &t->l->tensors.t[i], *from = &t->b->l.tensors.t[k];
    int by_rows = (to->flags & (HONE_W_KEYED | HONE_W_OUTPUT_ROWS)) != 0, by_cols = (to->flags & HONE_W_OUTPUT_COLS) != 0;
    int fits = to->ndim == from->ndim && (to->flags & marks) == (from->flags & marks) && (by_rows || to->rows == from->rows);
    for (uint32_t d = by_cols ? 2 : 1; d < to->ndim && fits; d++)
        fits = to->dims[d] == from->dims[d];
    if (!fits) {
        char have[80] = "", want[80] = "", why[200];
        shape(from, have);
        shape(to, want);
        snprintf(why, sizeof why, "it is %s there and %s here", have, want);
        say(t->left, from, why);
        say(t->fresh, to, why);
        return 0;
    }
    int64_t *map = malloc((size_t)(to->rows + 1) * sizeof *map);
    int ret = map ? 0 : no_memory(t->err);
    if (!ret && to->flags & HONE_W_KEYED)
        ret = map_rows(t, i, k, map);
    for (int64_t r = 0; !ret && !(to->flags & HONE_W_KEYED) && r < to->rows; r++)
        map[r] = to->flags & HONE_W_OUTPUT_ROWS ? t->output[r] : r;
    if (!ret)
        ret = copy_rows(t, i, from->param, from->rows, from->width, map, by_cols ? t->output : NULL);
    free(map);
    return ret;
}

/* Vectors are brought to the size of the rows that stay fresh, so that neither drowns the other. */
static float vector_scale(const struct taking *t, const struct tensor *to, const int64_t *map)
{
    double square = 0, n = 0;
    for (int64_t r = 0; r < to->rows; r++)
        for (int64_t j = 0; map[r] >= 0 && j < to->width; j++, n++)
            square += (double)t->b->v.value[map[r] * to->width + j] * (double)t->b->v.value[map[r] * to->width + j];
    return to->init == HONE_INIT_NORMAL && square > 0 ? (float)(to->scale / sqrt(square / n)) : 1;
}

static int take_vectors(struct taking *t, int64_t i)
{
    const struct tensor *to = &t->l->tensors.t[i];
    const struct vectors *v = &t->b->v;
    int64_t *map = malloc((size_t)(to->rows + 1) * sizeof *map);
    int ret = map ? map_words(t, i, map) : no_memory(t->err);
    if (!ret)
        ret = copy_rows(t, i, v->value, v->n, v->width, map, NULL);
    float f = ret ? 1 : vector_scale(t, to, map);
    for (int64_t r = 0; !ret && r < to->rows; r++)
        for (int64_t j = 0; map[r] >= 0 && j < to->width; j++)
            to->param[r * to->width + j] *= f;
    free(map);
    return ret;
}

/* Which outputs the base knows. */
static int map_outputs(struct taking *t)
{
    const struct learner *l = t->l, *b = &t->b->l;
    struct outputs known = { 0 };
    t->output = malloc((size_t)(l->outputs + 1) * sizeof *t->output);
    int64_t columns = learner_writes(l) ? l->tensors.width : l->outputs; /* the base has the same tokens */
    t->s->output = calloc((size_t)columns + 1, 1);
    if (t->s->output && learner_writes(l))
        memset(t->s->output, 1, (size_t)columns);
    int ret = t->output && t->s->output ? 0 : no_memory(t->err);
    for (int64_t i = 0; i < b->outputs && !ret; i++)
        ret = outputs_find(&known, b->output[i].bytes, b->output[i].len, 1) < 0 ? no_memory(t->err) : 0;
    int64_t n = 0;
    for (int64_t i = 0; i < l->outputs && !ret; i++) {
        t->output[i] = outputs_find(&known, l->output[i].bytes, l->output[i].len, 0);
        n += t->s->output[i] = t->output[i] >= 0;
    }
    outputs_free(&known);
    cJSON *o = cJSON_CreateObject();
    json_put_int(o, "known", n);
    json_put_int(o, "new", l->outputs - n);
    json_put_int(o, "left", b->outputs - n);
    json_put(t->s->report, "outputs", o);
    return ret;
}

static int take_weights(struct taking *t)
{
    struct tensors *ts = &t->l->tensors;
    const struct tensors *theirs = &t->b->l.tensors;
    int ret = map_outputs(t);
    for (int64_t i = 0; i < ts->n && !ret; i++) {
        int64_t k = tensors_find(theirs, ts->t[i].name);
        if (k < 0)
            say(t->fresh, &ts->t[i], "the base has no tensor of that name");
        else
            ret = take_tensor(t, i, k);
    }
    for (int64_t k = 0; k < theirs->n && !ret; k++)
        if (tensors_find(ts, theirs->t[k].name) < 0)
            say(t->left, &theirs->t[k], "the model has no tensor of that name");
    if (ret || t->numbers)
        return ret;
    int64_t known = 0;
    for (int64_t i = 0; i < t->l->outputs; i++)
        known += t->output[i] >= 0;
    if (!known)
        return hone_fail(t->err, HONE_EINVAL, "config.base: nothing of %s can be taken: it knows none of the %lld outputs of these examples "
                         "(it has %lld others), and model '%s' keeps all its weights by output; train the base with a model whose "
                         "features are shared, such as bow", t->b->name, (long long)t->l->outputs, (long long)t->b->l.outputs,
                         t->l->model->item.name);
    return hone_fail(t->err, HONE_EINVAL, "config.base: nothing of %s can be taken: no tensor of model '%s' has rows or a shape that fit; "
                     "leave out modelOptions that differ from the base's", t->b->name, t->l->model->item.name);
}

static int take_words(struct taking *t)
{
    struct tensors *ts = &t->l->tensors;
    int64_t width = t->b->v.width, tables = 0;
    int ret = 0;
    for (int64_t i = 0; i < ts->n && !ret; i++) {
        const struct tensor *to = &ts->t[i];
        if (!(to->flags & HONE_W_WORDS) || !t->l->model->word_key) {
            say(t->fresh, to, "it has no rows of words");
            continue;
        }
        tables++;
        ret = to->width == width ? take_vectors(t, i)
                                 : hone_fail(t->err, HONE_EINVAL, "config.base: the vectors of %s have %lld numbers, the rows of tensor '%s' %lld;"
                                             " set modelOptions so that they agree (hidden = %lld for bow)", t->b->name, (long long)width,
                                             to->name, (long long)to->width, (long long)width);
    }
    if (!ret && !tables)
        return hone_fail(t->err, HONE_EINVAL, "config.base: %s holds word vectors, and model '%s' has no table of words; take bow",
                         t->b->name, t->l->model->item.name);
    if (!ret && !t->numbers)
        return hone_fail(t->err, HONE_EINVAL, "config.base: none of the %lld words of %s occurs in the examples", (long long)t->b->v.n,
                         t->b->name);
    return ret;
}

/* Copies of the first values. */
static int keep(struct start *s, const struct tensors *ts, struct hone_err *err)
{
    for (int64_t i = 0; i < ts->n; i++) {
        if (!(s->param[i] = floats_new(ts->t[i].n)))
            return no_memory(err);
        memcpy(s->param[i], ts->t[i].param, (size_t)ts->t[i].n * sizeof(float));
    }
    return 0;
}

int base_take(const struct base *b, struct learner *l, struct start *s, struct hone_err *err)
{
    int64_t n = l->tensors.n;
    *s = (struct start){ .n = n, .param = calloc((size_t)n + 1, sizeof *s->param), .row = calloc((size_t)n + 1, sizeof *s->row),
                         .report = cJSON_CreateObject() };
    struct taking t = { .b = b, .l = l, .s = s, .err = err, .taken = cJSON_CreateArray(), .extended = cJSON_CreateArray(),
                        .left = cJSON_CreateArray(), .fresh = cJSON_CreateArray() };
    json_put(s->report, "taken", t.taken);
    json_put(s->report, "extended", t.extended);
    json_put(s->report, "left", t.left);
    json_put(s->report, "fresh", t.fresh);
    int ret = s->param && s->row ? 0 : no_memory(err);
    if (!ret)
        ret = b->l.model ? take_weights(&t) : take_words(&t);
    if (!ret)
        ret = keep(s, &l->tensors, err);
    if (!ret && learner_writes(l))
        ret = learner_set_generation(l, b->l.generation, err);
    free(t.output);
    if (ret)
        start_free(s);
    return ret;
}
