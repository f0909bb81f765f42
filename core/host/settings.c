/* Settings blocks: the part of registry.h that fills what a plugin declared in its settings table. Every field is 8
 * bytes wide at its declared offset; load.c's checks have made sure that it lies in the block. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/host/registry.h"

#define MAX_EXACT 9007199254740992.0 /* 2^53 */

static void store(void *conf, const struct hone_param *p, const void *value)
{
    memcpy((char *)conf + p->offset, value, 8);
}

static void store_int(void *conf, const struct hone_param *p, int64_t v)
{
    store(conf, p, &v);
}

static int64_t load_int(const void *conf, const struct hone_param *p)
{
    int64_t v;
    memcpy(&v, (const char *)conf + p->offset, 8);
    return v;
}

static double load_real(const void *conf, const struct hone_param *p)
{
    double v;
    memcpy(&v, (const char *)conf + p->offset, 8);
    return v;
}

static char *load_str(const void *conf, const struct hone_param *p)
{
    char *s;
    memcpy(&s, (const char *)conf + p->offset, sizeof s);
    return s;
}

/* Replaces the string by a copy of s (NULL stays NULL). */
static int store_str(void *conf, const struct hone_param *p, const char *s, struct hone_err *err)
{
    char *copy = s ? strdup(s) : NULL;
    if (s && !copy)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(load_str(conf, p));
    memcpy((char *)conf + p->offset, &copy, sizeof copy);
    return 0;
}

static int set_default(void *conf, const struct hone_param *p, struct hone_err *err)
{
    switch (p->type) {
    case HONE_REAL:
        store(conf, p, &p->dflt);
        return 0;
    case HONE_STR:
        return store_str(conf, p, p->sdflt, err);
    default:
        store_int(conf, p, (int64_t)p->dflt);
        return 0;
    }
}

static int in_range(const struct hone_param *p, double v)
{
    return (p->flags & HONE_P_OPEN_MIN ? v > p->min : v >= p->min) &&
           (p->flags & HONE_P_OPEN_MAX ? v < p->max : v <= p->max);
}

/* The message's tail for a value of the wrong type. */
static int fail_type(const struct hone_param *p, const char *expected, const cJSON *v, struct hone_err *err)
{
    char *found = json_text(v, 0);
    int rc = hone_fail(err, HONE_EINVAL, "%s must be %s, found %.80s", p->name, expected, found ? found : "something else");
    free(found);
    return rc;
}

static int set_number(void *conf, const struct hone_param *p, const cJSON *v, struct hone_err *err)
{
    int whole = p->type == HONE_INT;
    double d = v->valuedouble;
    if (!cJSON_IsNumber(v) || !isfinite(d))
        return fail_type(p, whole ? "a whole number" : "a number", v, err);
    if (whole && (d != floor(d) || fabs(d) > MAX_EXACT))
        return fail_type(p, "a whole number", v, err);
    if (!in_range(p, d))
        return hone_fail(err, HONE_EINVAL, "%s = %.17g is outside %c%g, %g%c", p->name, d,
                         p->flags & HONE_P_OPEN_MIN ? '(' : '[', p->min, p->max, p->flags & HONE_P_OPEN_MAX ? ')' : ']');
    if (whole)
        store_int(conf, p, (int64_t)d);
    else
        store(conf, p, &d);
    return 0;
}

static int set_choice(void *conf, const struct hone_param *p, const cJSON *v, struct hone_err *err)
{
    struct buf list = { 0 };
    if (!cJSON_IsString(v))
        return fail_type(p, "one of its choices as a string", v, err);
    for (int64_t i = 0; p->choices[i]; i++) {
        if (strcmp(p->choices[i], v->valuestring) == 0) {
            buf_free(&list);
            store_int(conf, p, i);
            return 0;
        }
        buf_printf(&list, "%s%s", i ? ", " : "", p->choices[i]);
    }
    const char *near = text_nearest(v->valuestring, p->choices);
    const char *all = buf_str(&list);
    int rc = hone_fail(err, HONE_EINVAL, "%s has no choice '%.60s'; %s%s%schoices: %.200s", p->name, v->valuestring,
                       near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", all ? all : "");
    buf_free(&list);
    return rc;
}

static int set_value(void *conf, const struct hone_param *p, const cJSON *v, struct hone_err *err)
{
    switch (p->type) {
    case HONE_REAL:
    case HONE_INT:
        return set_number(conf, p, v, err);
    case HONE_BOOL:
        if (!cJSON_IsBool(v))
            return fail_type(p, "true or false", v, err);
        store_int(conf, p, cJSON_IsTrue(v) ? 1 : 0);
        return 0;
    case HONE_CHOICE:
        return set_choice(conf, p, v, err);
    default:
        if (!cJSON_IsString(v))
            return fail_type(p, "a string", v, err);
        return store_str(conf, p, v->valuestring, err);
    }
}

/* weightDecay and weight_decay are the same name. */
static int same_name(const char *param, const char *given)
{
    for (; *given; given++) {
        if (*given >= 'A' && *given <= 'Z') {
            if (*param == '_')
                param++;
            if (*param != *given - 'A' + 'a')
                return 0;
        } else if (*param != *given) {
            return 0;
        }
        param++;
    }
    return *param == '\0';
}

const struct hone_param *settings_param(const struct hone_item *item, const char *name)
{
    for (uint32_t i = 0; i < item->n_params; i++) {
        if (same_name(item->params[i].name, name))
            return &item->params[i];
    }
    return NULL;
}

static int fail_unknown(const struct hone_item *item, const char *name, struct hone_err *err)
{
    const char **names = calloc(item->n_params + 1u, sizeof *names);
    struct buf list = { 0 };
    for (uint32_t i = 0; names && i < item->n_params; i++) {
        names[i] = item->params[i].name;
        if (!(item->params[i].flags & HONE_P_HIDDEN))
            buf_printf(&list, "%s%s", list.n ? ", " : "", names[i]);
    }
    const char *near = names ? text_nearest(name, names) : NULL;
    const char *all = buf_str(&list);
    int rc;
    if (near)
        rc = hone_fail(err, HONE_EINVAL, "it has no setting '%.60s'; did you mean '%s'?", name, near);
    else
        rc = hone_fail(err, HONE_EINVAL, "it has no setting '%.60s'; it has: %.300s", name, all && *all ? all : "none");
    buf_free(&list);
    free(names);
    return rc;
}

/* Fills the block from values; `given` has a mark a setting. */
static int set_values(const struct hone_item *item, void *conf, const cJSON *values, char *given, struct hone_err *err)
{
    if (values && !cJSON_IsObject(values) && !cJSON_IsNull(values))
        return hone_fail(err, HONE_EINVAL, "its settings must be an object {\"name\": value, ...}");
    for (const cJSON *v = values ? values->child : NULL; v; v = v->next) {
        const struct hone_param *p = settings_param(item, v->string);
        if (!p)
            return fail_unknown(item, v->string, err);
        if (given[p - item->params])
            return hone_fail(err, HONE_EINVAL, "%s is given twice (as %s too)", p->name, v->string);
        if (cJSON_IsNull(v)) /* as if it was not given */
            continue;
        given[p - item->params] = 1;
        int rc = set_value(conf, p, v, err);
        if (rc != 0)
            return rc;
    }
    for (uint32_t i = 0; i < item->n_params; i++) {
        if ((item->params[i].flags & HONE_P_REQUIRED) && !given[i])
            return hone_fail(err, HONE_EINVAL, "%s has no default and must be given (%s)", item->params[i].name,
                             item->params[i].doc);
    }
    return 0;
}

static int run_check(const struct hone_item *item, const void *conf, struct hone_err *err)
{
    struct hone_err said = { 0 };
    if (!item->check || item->check(conf, &said) >= 0)
        return 0;
    said.text[sizeof said.text - 1] = '\0';
    return hone_fail(err, HONE_EINVAL, "%s", *said.text ? said.text : "its settings do not fit together");
}

void *settings_new(const struct hone_item *item, const cJSON *values, struct hone_err *err)
{
    size_t size = (item->conf_size + 63u) / 64u * 64u;
    struct hone_err why = { 0 };
    void *conf = aligned_alloc(64, size ? size : 64);
    char *given = calloc(item->n_params + 1u, 1);
    int rc = 0;
    if (!conf || !given) {
        free(conf);
        free(given);
        hone_fail(err, HONE_ENOMEM, "%s: memory ran out", item->name);
        return NULL;
    }
    memset(conf, 0, size ? size : 64);
    for (uint32_t i = 0; rc == 0 && i < item->n_params; i++)
        rc = set_default(conf, &item->params[i], &why);
    if (rc == 0)
        rc = set_values(item, conf, values, given, &why);
    if (rc == 0)
        rc = run_check(item, conf, &why);
    free(given);
    if (rc == 0)
        return conf;
    hone_fail(err, why.code, "%s: %.400s", item->name, why.text);
    settings_free(item, conf);
    return NULL;
}

void settings_free(const struct hone_item *item, void *conf)
{
    for (uint32_t i = 0; conf && i < item->n_params; i++) {
        if (item->params[i].type == HONE_STR)
            free(load_str(conf, &item->params[i]));
    }
    free(conf);
}

void settings_set_real(const struct hone_item *item, void *conf, const char *name, double value)
{
    const struct hone_param *p = settings_param(item, name);
    if (!p || p->type != HONE_REAL || isnan(value))
        return;
    double low = p->flags & HONE_P_OPEN_MIN ? nextafter(p->min, INFINITY) : p->min;
    double high = p->flags & HONE_P_OPEN_MAX ? nextafter(p->max, -INFINITY) : p->max;
    double v = value < low ? low : value > high ? high : value;
    store(conf, p, &v);
}

cJSON *settings_json(const struct hone_item *item, const void *conf)
{
    cJSON *o = cJSON_CreateObject();
    for (uint32_t i = 0; o && i < item->n_params; i++) {
        const struct hone_param *p = &item->params[i];
        if (p->type == HONE_REAL)
            json_put_num(o, p->name, load_real(conf, p));
        else if (p->type == HONE_INT)
            json_put_int(o, p->name, load_int(conf, p));
        else if (p->type == HONE_BOOL)
            json_put_bool(o, p->name, load_int(conf, p) != 0);
        else if (p->type == HONE_CHOICE)
            json_put_str(o, p->name, p->choices[load_int(conf, p)]);
        else
            json_put_str(o, p->name, load_str(conf, p));
    }
    return o;
}
