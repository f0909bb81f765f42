/* The state of an optimizer: slots by tensor, their sizes and first values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/host/registry.h"
#include "core/train/optim.h"

static size_t dtype_size(uint32_t dtype)
{
    return dtype == HONE_F64 ? 8 : dtype == HONE_U8 ? 1 : 4;
}

static const struct hone_slot *slot_at(const struct hone_optimizer *item, uint32_t i)
{
    return (const struct hone_slot *)(const void *)((const char *)item->slots + (size_t)i * item->slot_size);
}

static int64_t slot_count(const struct hone_optimizer *item, const void *conf, const struct hone_slot *s)
{
    if (s->count_from) {
        const struct hone_param *p =
            (const void *)((const char *)item->item.params + (size_t)(s->count_from - 1) * item->item.param_size);
        int64_t n;
        memcpy(&n, (const char *)conf + p->offset, sizeof n);
        return n > 0 ? n : 0;
    }
    return s->count ? s->count : 1;
}

double optim_bytes_per_element(const struct hone_optimizer *item, const void *conf)
{
    double bytes = optim_by_rows(item) ? 0 : sizeof(float);
    for (uint32_t i = 0; i < item->n_slots; i++) {
        const struct hone_slot *s = slot_at(item, i);
        if (s->extent == HONE_PER_ELEMENT)
            bytes += (double)slot_count(item, conf, s) * (double)dtype_size(s->dtype);
    }
    return bytes;
}

static struct hone_tensor_info info_of(const struct tensor *t)
{
    return (struct hone_tensor_info){ t->name, t->ndim, t->flags & HONE_W_SPARSE_ROWS ? HONE_T_SPARSE_ROWS : 0, t->dims, t->n };
}

static int64_t extent_size(const struct tensor *t, uint32_t extent, int first)
{
    switch (extent) {
    case HONE_PER_ELEMENT:
        return t->n;
    case HONE_PER_ROW:
        return t->rows;
    case HONE_PER_COL:
        return t->dims[t->ndim - 1];
    case HONE_PER_TENSOR:
        return 1;
    case HONE_PER_GROUP:
        return first;
    default:
        return 0;
    }
}

/* Fills the slots of tensor i. */
static int plan_tensor(struct optim *o, int64_t i, struct hone_err *err)
{
    const struct hone_optimizer *item = o->item;
    const struct tensor *t = &o->tensors->t[i];
    struct hone_tensor_info info = info_of(t);
    uint32_t extent[64];
    if (item->n_slots > HONE_COUNT(extent))
        return hone_fail(err, ERR_PLUGIN, "optimizer '%s' has %u slots, more than 64", item->item.name, item->n_slots);
    for (uint32_t s = 0; s < item->n_slots; s++)
        extent[s] = slot_at(item, s)->extent;
    if (item->plan && item->plan(o->conf, &info, extent, err) < 0)
        return err_prefix(err, "optimizer '%s', tensor '%s'", item->item.name, t->name);
    struct optim_slot *out = o->slot + i * o->copies;
    for (uint32_t s = 0; s < item->n_slots; s++) {
        const struct hone_slot *slot = slot_at(item, s);
        int64_t count = slot_count(item, o->conf, slot);
        for (int64_t c = 0; c < count; c++, out++) {
            *out = (struct optim_slot){ .dtype = slot->dtype, .extent = extent[s], .flags = slot->flags, .init = slot->init };
            if (count == 1)
                snprintf(out->name, sizeof out->name, "%.40s", slot->name);
            else
                snprintf(out->name, sizeof out->name, "%.40s.%lld", slot->name, (long long)c);
            out->n = t->flags & HONE_W_FROZEN && extent[s] != HONE_PER_GROUP ? 0 : extent_size(t, extent[s], i == 0);
        }
    }
    return 0;
}

int optim_open(struct optim *o, const struct hone_optimizer *item, void *conf, void *conf_no_decay, struct tensors *tensors,
               struct pool *pool, struct hone_err *err)
{
    *o = (struct optim){ .item = item, .conf = conf, .conf_no_decay = conf_no_decay, .tensors = tensors, .pool = pool };
    for (uint32_t s = 0; s < item->n_slots; s++)
        o->copies += slot_count(item, conf, slot_at(item, s));
    if (o->copies > OPTIM_COPIES) {
        int64_t copies = o->copies;
        o->copies = 0;
        optim_close(o);
        return hone_fail(err, HONE_EINVAL, "optimizer '%s' would keep %lld copies of state, more than %d; lower the setting that says how "
                         "many", item->item.name, (long long)copies, OPTIM_COPIES);
    }
    o->slot = calloc((size_t)(tensors->n * o->copies) + 1, sizeof *o->slot);
    o->last = calloc((size_t)tensors->n + 1, sizeof *o->last);
    o->dense = calloc((size_t)tensors->n + 1, sizeof *o->dense);
    o->derived = aligned_alloc(64, ((size_t)item->derived_size + 64) / 64 * 64);
    if (!o->slot || !o->last || !o->dense || !o->derived) {
        optim_close(o);
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    memset(o->derived, 0, ((size_t)item->derived_size + 64) / 64 * 64);
    for (int64_t i = 0; i < tensors->n; i++)
        if (plan_tensor(o, i, err) < 0) {
            int code = err->code;
            optim_close(o);
            return code;
        }
    return 0;
}

static int wants_dense(const struct optim *o, const struct tensor *t)
{
    return (t->flags & HONE_W_SPARSE_ROWS) && !(t->flags & HONE_W_FROZEN) && !optim_by_rows(o->item);
}

int64_t optim_bytes(const struct optim *o)
{
    int64_t bytes = o->inner ? optim_bytes(o->inner) : 0;
    for (int64_t i = 0; i < o->tensors->n * o->copies; i++)
        bytes += o->slot[i].n * (int64_t)dtype_size(o->slot[i].dtype);
    for (int64_t i = 0; i < o->tensors->n && !o->borrows; i++)
        if (wants_dense(o, &o->tensors->t[i]) || !(o->tensors->t[i].flags & HONE_W_SPARSE_ROWS))
            bytes += o->tensors->t[i].n * (int64_t)sizeof(float);
    return bytes;
}

static void first_values(struct optim_slot *s, const struct tensor *t)
{
    if (s->flags & HONE_SLOT_FROM_PARAM && s->dtype == HONE_F32 && s->extent == HONE_PER_ELEMENT)
        memcpy(s->data, t->param, (size_t)t->n * sizeof(float));
    else if (s->init != 0 && s->dtype == HONE_F32)
        for (int64_t i = 0; i < s->n; i++)
            ((float *)s->data)[i] = (float)s->init;
    else if (s->init != 0 && s->dtype == HONE_F64)
        for (int64_t i = 0; i < s->n; i++)
            ((double *)s->data)[i] = s->init;
    else
        memset(s->data, s->dtype == HONE_U8 ? (int)s->init : 0, (size_t)s->n * dtype_size(s->dtype));
}

void optim_restart(struct optim *o)
{
    o->step = 0;
    optim_groups_restart(o);
    if (o->inner)
        optim_restart(o->inner);
    memset(o->derived, 0, o->item->derived_size);
    for (int64_t i = 0; i < o->tensors->n; i++) {
        if (o->last[i])
            memset(o->last[i], 0, (size_t)o->tensors->t[i].rows * sizeof *o->last[i]);
        for (int64_t c = 0; c < o->copies; c++)
            if (o->slot[i * o->copies + c].data)
                first_values(&o->slot[i * o->copies + c], &o->tensors->t[i]);
    }
}

int optim_alloc(struct optim *o, struct hone_err *err)
{
    for (int64_t i = 0; i < o->tensors->n; i++) {
        const struct tensor *t = &o->tensors->t[i];
        if (!o->borrows && wants_dense(o, t) && !(o->dense[i] = floats_new(t->n)))
            return hone_fail(err, HONE_ENOMEM, "memory ran out for the gradient of tensor '%s'", t->name);
        if (o->item->item.flags & HONE_OPT_GAP && !(o->last[i] = calloc((size_t)t->rows + 1, sizeof *o->last[i])))
            return hone_fail(err, HONE_ENOMEM, "memory ran out for the optimizer's state");
        for (int64_t c = 0; c < o->copies; c++) {
            struct optim_slot *s = &o->slot[i * o->copies + c];
            if (!s->n)
                continue;
            if (!(s->data = floats_new((s->n * (int64_t)dtype_size(s->dtype) + 3) / 4)))
                return hone_fail(err, HONE_ENOMEM, "memory ran out for the state '%s' of tensor '%s'", s->name, t->name);
            first_values(s, t);
        }
    }
    for (int64_t i = 0; o->inner && i < o->tensors->n; i++)
        o->inner->dense[i] = o->dense[i];
    return o->inner ? optim_alloc(o->inner, err) : 0;
}

int optim_wrap(struct optim *o, const struct hone_optimizer *item, void *conf, void *conf_no_decay, struct hone_err *err)
{
    if (!(o->inner = calloc(1, sizeof *o->inner))) {
        settings_free(&item->item, conf);
        settings_free(&item->item, conf_no_decay);
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    int ret = optim_open(o->inner, item, conf, conf_no_decay, o->tensors, o->pool, err);
    if (ret < 0) {
        free(o->inner);
        o->inner = NULL;
        return ret;
    }
    o->inner->borrows = 1;
    return 0;
}

void optim_close(struct optim *o)
{
    if (o->tensors)
        optim_groups_close(o);
    if (o->inner)
        optim_close(o->inner);
    free(o->inner);
    for (int64_t i = 0; o->tensors && i < o->tensors->n; i++) {
        for (int64_t c = 0; o->slot && c < o->copies; c++)
            free(o->slot[i * o->copies + c].data);
        if (o->last)
            free(o->last[i]);
        if (o->dense && !o->borrows)
            free(o->dense[i]);
    }
    free(o->slot);
    free(o->last);
    free(o->dense);
    free(o->derived);
    settings_free(&o->item->item, o->conf);
    settings_free(&o->item->item, o->conf_no_decay);
    *o = (struct optim){ 0 };
}

void optim_set_lr(struct optim *o, double lr)
{
    if (!settings_param(&o->item->item, "lr"))
        return;
    settings_set_real(&o->item->item, o->conf, "lr", lr);
    settings_set_real(&o->item->item, o->conf_no_decay, "lr", lr);
}
