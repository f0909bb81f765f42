/* See check.h. */
#include "core/host/check.h"

#include <math.h>
#include <string.h>
#include "core/base/text.h"
#include "core/host/kind.h"

#define MAX_PARAMS 256u
#define MAX_CHOICES 256u
#define MAX_CONF 65536u
#define MAX_TEXT 16384u
#define ALL_PARAM_FLAGS                                                                                             \
    (HONE_P_REQUIRED | HONE_P_SCHEDULABLE | HONE_P_OPEN_MIN | HONE_P_OPEN_MAX | HONE_P_LOG | HONE_P_STATE | \
     HONE_P_HIDDEN | HONE_P_DEPRECATED)

int item_usable(const struct hone_item *item)
{
    const struct kind *k = kind_of(item->kind);
    return k != NULL;
}

/* Text that may go into JSON and onto a terminal. */
static int check_text(const char *s, const char *what, int lines, struct hone_err *err)
{
    if (!s || !*s)
        return hone_fail(err, ERR_PLUGIN, "%s is missing", what);
    size_t n = strnlen(s, MAX_TEXT);
    if (n == MAX_TEXT)
        return hone_fail(err, ERR_PLUGIN, "%s is longer than %u bytes", what, MAX_TEXT);
    if (utf8_invalid_at(s, n) != n)
        return hone_fail(err, ERR_PLUGIN, "%s is not valid UTF-8", what);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 32 && !(lines && (c == '\n' || c == '\t')))
            return hone_fail(err, ERR_PLUGIN, "%s has a control character (byte %zu)", what, i);
    }
    return 0;
}

static int check_choices(const struct hone_param *p, struct hone_err *err)
{
    uint32_t n = 0;
    if (!p->choices || !p->choices[0])
        return hone_fail(err, ERR_PLUGIN, "it is a HONE_CHOICE without choices");
    for (; p->choices[n]; n++) {
        if (n == MAX_CHOICES)
            return hone_fail(err, ERR_PLUGIN, "choices is not terminated by NULL");
        int rc = check_text(p->choices[n], "a choice", 0, err);
        if (rc != 0)
            return rc;
        for (uint32_t k = 0; k < n; k++) {
            if (strcmp(p->choices[k], p->choices[n]) == 0)
                return hone_fail(err, ERR_PLUGIN, "choice '%s' stands there twice", p->choices[n]);
        }
    }
    if (!(p->flags & HONE_P_REQUIRED) && !(p->dflt >= 0 && p->dflt < n && p->dflt == floor(p->dflt)))
        return hone_fail(err, ERR_PLUGIN, "default %g is not the index of one of its %u choices", p->dflt, n);
    return 0;
}

static int check_range(const struct hone_param *p, struct hone_err *err)
{
    if (isnan(p->min) || isnan(p->max) || p->min > p->max)
        return hone_fail(err, ERR_PLUGIN, "range %g to %g is empty", p->min, p->max);
    if (p->type == HONE_INT && (fabs(p->dflt) > 9007199254740992.0 || p->dflt != floor(p->dflt)))
        return hone_fail(err, ERR_PLUGIN, "default %g is not a whole number", p->dflt);
    if (p->flags & HONE_P_REQUIRED)
        return 0;
    int low = p->flags & HONE_P_OPEN_MIN ? p->dflt > p->min : p->dflt >= p->min;
    int high = p->flags & HONE_P_OPEN_MAX ? p->dflt < p->max : p->dflt <= p->max;
    if (!low || !high || !isfinite(p->dflt))
        return hone_fail(err, ERR_PLUGIN, "default %g is outside its range %c%g, %g%c", p->dflt,
                         p->flags & HONE_P_OPEN_MIN ? '(' : '[', p->min, p->max, p->flags & HONE_P_OPEN_MAX ? ')' : ']');
    return 0;
}

static int check_values(const struct hone_param *p, struct hone_err *err)
{
    switch (p->type) {
    case HONE_REAL:
    case HONE_INT:
        return check_range(p, err);
    case HONE_BOOL:
        if (p->dflt != 0 && p->dflt != 1)
            return hone_fail(err, ERR_PLUGIN, "default %g of a HONE_BOOL is neither 0 nor 1", p->dflt);
        return 0;
    case HONE_CHOICE:
        return check_choices(p, err);
    case HONE_STR:
        return p->sdflt && *p->sdflt ? check_text(p->sdflt, "its default", 1, err) : 0;
    default:
        return hone_fail(err, ERR_PLUGIN, "type %u is unknown", p->type);
    }
}

static int check_place(const struct hone_item *it, uint32_t i, struct hone_err *err)
{
    const struct hone_param *p = &it->params[i];
    if (p->offset % 8 != 0)
        return hone_fail(err, ERR_PLUGIN, "offset %u is not a multiple of 8: its field must be a double, an int64_t or a "
                         "const char *", p->offset);
    if (it->conf_size < 8 || p->offset > it->conf_size - 8)
        return hone_fail(err, ERR_PLUGIN, "offset %u lies outside of the settings block of %u bytes", p->offset,
                         it->conf_size);
    for (uint32_t k = 0; k < i; k++) {
        if (strcmp(it->params[k].name, p->name) == 0)
            return hone_fail(err, ERR_PLUGIN, "the name stands in the table twice");
        if (it->params[k].offset == p->offset)
            return hone_fail(err, ERR_PLUGIN, "offset %u is also that of '%s'", p->offset, it->params[k].name);
    }
    return 0;
}

static int check_param(const struct hone_item *it, uint32_t i, struct hone_err *err)
{
    const struct hone_param *p = &it->params[i];
    if (!p->name || !text_is_identifier(p->name))
        return hone_fail(err, ERR_PLUGIN, "setting %u has no name like [a-z][a-z0-9_]*", i);
    int rc = check_place(it, i, err);
    if (rc == 0)
        rc = check_text(p->doc, "its doc", 0, err);
    if (rc == 0 && ((p->flags & ~ALL_PARAM_FLAGS) || p->pad0))
        rc = hone_fail(err, ERR_PLUGIN, "unknown flags 0x%x, or pad0 is not 0", p->flags & ~ALL_PARAM_FLAGS);
    if (rc == 0 && (p->flags & HONE_P_SCHEDULABLE) && p->type != HONE_REAL)
        rc = hone_fail(err, ERR_PLUGIN, "only a HONE_REAL can be HONE_P_SCHEDULABLE");
    if (rc == 0)
        rc = check_values(p, err);
    if (rc != 0)
        err_prefix(err, "setting '%s'", p->name);
    return rc;
}

static int check_settings(const struct hone_item *it, struct hone_err *err)
{
    if (it->n_params > MAX_PARAMS || it->conf_size > MAX_CONF)
        return hone_fail(err, ERR_PLUGIN, "%u settings in %u bytes; at most %u in %u are possible", it->n_params,
                         it->conf_size, MAX_PARAMS, MAX_CONF);
    if (it->n_params > 0 && (!it->params || it->param_size != sizeof(struct hone_param)))
        return hone_fail(err, ERR_PLUGIN, "params is NULL, or param_size is %u and not %zu", it->param_size,
                         sizeof(struct hone_param));
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < it->n_params; i++)
        rc = check_param(it, i, err);
    return rc;
}

static int check_item(const struct hone_item *it, struct hone_err *err)
{
    const struct kind *k = kind_of(it->kind);
    int rc = check_text(it->brief, "brief", 0, err);
    if (rc == 0 && it->doc)
        rc = check_text(it->doc, "doc", 1, err);
    if (rc == 0 && (it->flags & ~k->flags))
        rc = hone_fail(err, ERR_PLUGIN, "unknown flags 0x%x", it->flags & ~k->flags);
    if (rc == 0 && (it->reserved[0] || it->reserved[1] || it->reserved[2]))
        rc = hone_fail(err, ERR_PLUGIN, "reserved words are not 0");
    if (rc == 0)
        rc = check_settings(it, err);
    return rc ? rc : k->check(it, err);
}

static int check_items(const struct hone_plugin *p, struct hone_err *err)
{
    for (uint32_t i = 0; p->items[i]; i++) {
        const struct hone_item *it = p->items[i];
        if (!item_usable(it))
            continue;
        const char *kind = kind_name(it->kind);
        if (!it->name || !text_is_identifier(it->name))
            return hone_fail(err, ERR_PLUGIN, "item %u (%s) has no name like [a-z][a-z0-9_]*", i, kind);
        for (uint32_t k = 0; k < i; k++) {
            if (p->items[k]->kind == it->kind && strcmp(p->items[k]->name, it->name) == 0)
                return hone_fail(err, ERR_PLUGIN, "two %ss are named '%s'", kind, it->name);
        }
        int rc = check_item(it, err);
        if (rc != 0) {
            err_prefix(err, "%s '%s'", kind, it->name);
            return rc;
        }
    }
    return 0;
}

int plugin_check(const struct hone_plugin *p, const char *path, struct hone_err *err)
{
    int rc = check_text(p->name, "name of the plugin", 0, err);
    if (rc == 0)
        rc = check_text(p->version, "version of the plugin", 0, err);
    if (rc == 0)
        rc = check_text(p->license, "license of the plugin", 0, err);
    if (rc == 0 && p->origin && *p->origin)
        rc = check_text(p->origin, "origin of the plugin", 0, err);
    if (rc == 0)
        rc = check_items(p, err);
    if (rc != 0)
        err_prefix(err, "%s", path);
    return rc;
}
