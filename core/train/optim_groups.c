/* Settings of single tensors: a learning rate and a weight decay of their own. */
#include <stdlib.h>
#include <string.h>
#include "core/host/registry.h"
#include "core/train/optim.h"

int optim_group(struct optim *o, int64_t i, void *conf, double lr_share, struct hone_err *err)
{
    if (!o->group && !(o->group = calloc((size_t)o->tensors->n + 1, sizeof *o->group))) {
        settings_free(&o->item->item, conf);
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    struct optim_group *g = &o->group[i];
    size_t size = ((size_t)o->item->derived_size + 64) / 64 * 64;
    settings_free(&o->item->item, g->conf);
    free(g->derived);
    *g = (struct optim_group){ .conf = conf, .derived = aligned_alloc(64, size), .lr_share = lr_share };
    if (!g->derived)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    memset(g->derived, 0, size);
    return 0;
}

void optim_groups_restart(struct optim *o)
{
    for (int64_t i = 0; o->group && i < o->tensors->n; i++)
        if (o->group[i].derived)
            memset(o->group[i].derived, 0, o->item->derived_size);
}

void optim_groups_close(struct optim *o)
{
    for (int64_t i = 0; o->group && i < o->tensors->n; i++) {
        settings_free(&o->item->item, o->group[i].conf);
        free(o->group[i].derived);
    }
    free(o->group);
    o->group = NULL;
}

int optim_groups_prepare(struct optim *o, double lr, void *const *group, struct hone_err *err)
{
    for (int64_t i = 0; o->group && i < o->tensors->n; i++) {
        struct optim_group *g = &o->group[i];
        struct hone_prep prep = { o->step, g->conf, g->derived, group };
        if (!g->conf)
            continue;
        if (settings_param(&o->item->item, "lr"))
            settings_set_real(&o->item->item, g->conf, "lr", lr * g->lr_share);
        if (o->item->prepare && o->item->prepare(&prep, err) < 0)
            return err_prefix(err, "optimizer '%s', tensor '%s'", o->item->item.name, o->tensors->t[i].name);
    }
    return 0;
}
