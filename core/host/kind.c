/* See kind.h. The checks here look at one item's own struct, after check.c has been through its head: nothing a plugin
 * left out may be found out by calling it. */
#include "core/host/kind.h"

#include <math.h>
#include <string.h>
#include "core/base/text.h"
#include "core/host/adopt.h"

#define MAX_SLOTS 64u
#define MAX_COPIES 65536u
#define MAX_DERIVED (1u << 20)
#define MAX_NAMES 4096u

/* A NULL-terminated list of different identifiers; NULL is an empty one. */
static int check_names(const char *const *names, const char *what, int64_t at_least, struct hone_err *err)
{
    size_t n = 0;
    for (; names && names[n]; n++) {
        if (n == MAX_NAMES)
            return hone_fail(err, ERR_PLUGIN, "%s is not terminated by NULL", what);
        if (!text_is_identifier(names[n]))
            return hone_fail(err, ERR_PLUGIN, "%s[%zu] is not a name like [a-z][a-z0-9_]*", what, n);
        for (size_t k = 0; k < n; k++) {
            if (strcmp(names[k], names[n]) == 0)
                return hone_fail(err, ERR_PLUGIN, "%s has '%s' twice", what, names[n]);
        }
    }
    if ((int64_t)n < at_least)
        return hone_fail(err, ERR_PLUGIN, "%s is empty", what);
    return 0;
}

static int check_function(int present, const char *name, struct hone_err *err)
{
    return present ? 0 : hone_fail(err, ERR_PLUGIN, "%s is NULL, and this kind needs it", name);
}

static int check_copies(const struct hone_optimizer *o, const struct hone_slot *s, struct hone_err *err)
{
    if (s->count > MAX_COPIES)
        return hone_fail(err, ERR_PLUGIN, "slot '%s' asks for %u copies, at most %u are possible", s->name, s->count,
                         MAX_COPIES);
    if (s->count_from == 0)
        return 0;
    if (s->count_from > o->item.n_params ||
        (o->item.params[s->count_from - 1].type != HONE_INT && o->item.params[s->count_from - 1].type != HONE_BOOL))
        return hone_fail(err, ERR_PLUGIN, "slot '%s': count_from = %u is not 1 + the index of a HONE_INT or HONE_BOOL setting",
                         s->name, s->count_from);
    return 0;
}

static int check_slot(const struct hone_optimizer *o, uint32_t i, struct hone_err *err)
{
    const struct hone_slot *s = &o->slots[i];
    if (!s->name || !text_is_identifier(s->name))
        return hone_fail(err, ERR_PLUGIN, "slot %u has no name like [a-z][a-z0-9_]*", i);
    for (uint32_t k = 0; k < i; k++) {
        if (strcmp(o->slots[k].name, s->name) == 0)
            return hone_fail(err, ERR_PLUGIN, "two slots are named '%s'", s->name);
    }
    if (s->dtype != HONE_F32 && s->dtype != HONE_F64 && s->dtype != HONE_U8)
        return hone_fail(err, ERR_PLUGIN, "slot '%s': dtype %u is none of HONE_F32, HONE_F64, HONE_U8", s->name, s->dtype);
    if (s->extent > HONE_PER_GROUP)
        return hone_fail(err, ERR_PLUGIN, "slot '%s': extent %u is unknown", s->name, s->extent);
    int settled = s->extent == HONE_PER_TENSOR && o->settle && o->sum_scope == HONE_SUM_TENSOR;
    if (!o->update_tensor && !settled && s->extent != HONE_PER_ELEMENT && s->extent != HONE_PER_GROUP)
        return hone_fail(err, ERR_PLUGIN, "slot '%s': only an optimizer with update_tensor() may have slots that are "
                         "neither HONE_PER_ELEMENT nor HONE_PER_GROUP (and with settle() by tensor HONE_PER_TENSOR)", s->name);
    if (s->flags & ~(HONE_SLOT_FROM_PARAM | HONE_SLOT_TRANSIENT) || s->pad0)
        return hone_fail(err, ERR_PLUGIN, "slot '%s': unknown flags, or pad0 is not 0", s->name);
    if ((s->flags & HONE_SLOT_FROM_PARAM) && (s->extent != HONE_PER_ELEMENT || s->dtype != HONE_F32))
        return hone_fail(err, ERR_PLUGIN, "slot '%s': HONE_SLOT_FROM_PARAM needs HONE_PER_ELEMENT and HONE_F32", s->name);
    if (!isfinite(s->init) || (s->dtype == HONE_U8 && (s->init < 0 || s->init > 255)))
        return hone_fail(err, ERR_PLUGIN, "slot '%s': init = %g is no value of its type", s->name, s->init);
    return check_copies(o, s, err);
}

static int check_forms(const struct hone_optimizer *o, struct hone_err *err)
{
    int forms = (o->update != NULL) + (o->update_tensor != NULL) + (o->minimize != NULL);
    if (forms != 1)
        return hone_fail(err, ERR_PLUGIN, "it has %d of update, update_tensor and minimize, and must have exactly one",
                         forms);
    if (o->n_sums > 8 || o->sum_scope > HONE_SUM_GROUP)
        return hone_fail(err, ERR_PLUGIN, "n_sums = %u (at most 8) or sum_scope = %u (0 or 1) is out of range", o->n_sums,
                         o->sum_scope);
    if ((o->n_sums > 0) != (o->sum != NULL))
        return hone_fail(err, ERR_PLUGIN, "sum() and n_sums belong together: one is set and the other is not");
    if (o->n_sums > 0 && !o->update)
        return hone_fail(err, ERR_PLUGIN, "sum() is of use to update() only, and it has no update()");
    if (o->settle && !o->sum)
        return hone_fail(err, ERR_PLUGIN, "settle() is of use behind sum() only, and it has no sum()");
    if ((o->item.flags & HONE_OPT_WRAPS) && !o->minimize)
        return hone_fail(err, ERR_PLUGIN, "HONE_OPT_WRAPS is of use to minimize() only");
    if (o->derived_size > MAX_DERIVED || (o->derived_size > 0 && !o->prepare))
        return hone_fail(err, ERR_PLUGIN, "derived_size = %u is over %u, or there is no prepare() to fill it",
                         o->derived_size, MAX_DERIVED);
    if ((o->item.flags & (HONE_OPT_SPARSE | HONE_OPT_GAP)) && !o->update)
        return hone_fail(err, ERR_PLUGIN, "HONE_OPT_SPARSE and HONE_OPT_GAP are of use to update() only");
    if ((o->item.flags & HONE_OPT_GAP) && !(o->item.flags & HONE_OPT_SPARSE))
        return hone_fail(err, ERR_PLUGIN, "HONE_OPT_GAP needs HONE_OPT_SPARSE");
    return 0;
}

static int check_optimizer(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_optimizer *o = (const struct hone_optimizer *)item;
    int rc = check_forms(o, err);
    if (rc == 0 && o->n_slots > MAX_SLOTS)
        rc = hone_fail(err, ERR_PLUGIN, "n_slots = %u, at most %u are possible", o->n_slots, MAX_SLOTS);
    if (rc == 0 && o->n_slots > 0 && (!o->slots || o->slot_size != sizeof(struct hone_slot)))
        rc = hone_fail(err, ERR_PLUGIN, "slots is NULL, or slot_size is %u and not %zu", o->slot_size,
                       sizeof(struct hone_slot));
    for (uint32_t i = 0; rc == 0 && i < o->n_slots; i++)
        rc = check_slot(o, i, err);
    return rc;
}

static int check_scheduler(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_scheduler *s = (const struct hone_scheduler *)item;
    int rc = check_function(s->value != NULL, "value", err);
    return rc ? rc : check_names(s->state_names, "state_names", s->observe ? 1 : 0, err);
}

static int check_paradigm(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_paradigm *p = (const struct hone_paradigm *)item;
    int rc = check_function(p->loss != NULL, "loss", err);
    return rc ? rc : check_names(p->state_names, "state_names", p->observe ? 1 : 0, err);
}

static int check_model(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_model *m = (const struct hone_model *)item;
    const struct {
        int present;
        const char *name;
    } needed[] = {
        { m->size != NULL, "size" }, { m->fit != NULL, "fit" }, { m->restore != NULL, "restore" },
        { m->save != NULL, "save" }, { m->declare != NULL, "declare" }, { m->encode != NULL, "encode" },
        { m->forward != NULL, "forward" }, { m->backward != NULL, "backward" }, { m->close != NULL, "close" },
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof needed / sizeof needed[0]; i++)
        rc = check_function(needed[i].present, needed[i].name, err);
    return rc;
}

static int check_metric(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_metric *m = (const struct hone_metric *)item;
    int rc = check_names(m->outputs, "outputs", 1, err);
    if (rc == 0)
        rc = check_names(m->needs, "needs", 0, err);
    if (rc == 0 && m->whole && (m->state_size || m->update || m->result || m->merge))
        rc = hone_fail(err, ERR_PLUGIN, "it has whole() and parts of update() beside it, and must have one of the two");
    if (rc == 0 && m->whole && (item->flags & HONE_M_ALIKE))
        rc = hone_fail(err, ERR_PLUGIN, "HONE_M_ALIKE is of use to update() only");
    if (rc != 0 || m->whole)
        return rc;
    if (rc == 0)
        rc = check_function(m->state_size != NULL, "state_size", err);
    if (rc == 0)
        rc = check_function(m->update != NULL, "update", err);
    return rc ? rc : check_function(m->result != NULL, "result", err);
}

static int check_report(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_report *r = (const struct hone_report *)item;
    if (!r->suffix || !text_is_identifier(r->suffix))
        return hone_fail(err, ERR_PLUGIN, "suffix is not a name like [a-z][a-z0-9_]*");
    if (!r->media_type || !strchr(r->media_type, '/') || utf8_invalid_at(r->media_type, strlen(r->media_type)) !=
        strlen(r->media_type))
        return hone_fail(err, ERR_PLUGIN, "media_type is not a type such as text/plain");
    int rc = check_function(r->open != NULL, "open", err);
    if (rc == 0)
        rc = check_function(r->record != NULL, "record", err);
    return rc ? rc : check_function(r->close != NULL, "close", err);
}

static int check_generator(const struct hone_item *item, struct hone_err *err)
{
    const struct hone_generator *g = (const struct hone_generator *)item;
    int rc = check_function(g->open != NULL, "open", err);
    if (rc == 0)
        rc = check_function(g->generate != NULL, "generate", err);
    return rc ? rc : check_function(g->close != NULL, "close", err);
}

/* LAST: the field that ends the struct in the first version of the interface that had it. */
#define KIND(name, LAST, flags) { #name, sizeof(struct hone_##name), HONE_UNTIL(hone_##name, LAST), flags, check_##name }
static const struct kind kinds[] = {
    [HONE_OPTIMIZER] = KIND(optimizer, serve, HONE_OPT_SPARSE | HONE_OPT_GAP | HONE_OPT_WRAPS),
    [HONE_SCHEDULER] = KIND(scheduler, observe, 0),
    [HONE_PARADIGM] = KIND(paradigm, observe, 0),
    [HONE_MODEL] = KIND(model, close, HONE_MODEL_WRITES),
    [HONE_METRIC] = KIND(metric, result, HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    [HONE_REPORT] = KIND(report, close, 0),
    [HONE_GENERATOR] = KIND(generator, close, HONE_G_OUTSIDE),
};

const struct kind *kind_of(uint32_t kind)
{
    return kind < sizeof kinds / sizeof kinds[0] && kinds[kind].name ? &kinds[kind] : NULL;
}

const char *kind_name(uint32_t kind)
{
    const struct kind *k = kind_of(kind);
    return k ? k->name : NULL;
}

uint32_t kind_of_name(const char *name)
{
    for (uint32_t i = 1; kind_of(i); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return i;
    }
    return 0;
}
