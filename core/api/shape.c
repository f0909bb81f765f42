/* See shape.h: the check of values against a table of members. The rendering as JSON Schema is in shape_schema.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/shape.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/train/config.h"

#define PATH_MAX_BYTES 256
#define MAX_NAMES 64

struct check {
    cJSON *faults;
    int n;
    int local, answer;       /* answer: what we say is checked, and not changed */
    int no_memory;           /* something was not checked */
    char first[700];
};

/* Where a value stands; put into words only when there is a fault. */
struct where {
    const struct where *parent;  /* NULL: the whole */
    const char *name;            /* of a member; NULL: an entry of a list, or the whole */
    int index;                   /* of an entry; -1: none */
};
static const struct where whole = { .index = -1 };

static void put_path(const struct where *at, char *out, size_t size)
{
    size_t n;
    if (at->parent)
        put_path(at->parent, out, size);
    else
        out[0] = '\0';
    n = strlen(out);
    if (at->name)
        snprintf(out + n, size - n, "%s%.80s", n ? "." : "", at->name);
    else if (at->index >= 0)
        snprintf(out + n, size - n, "[%d]", at->index);
}

__attribute__((format(printf, 4, 0))) static void fault_at(struct check *c, const char *path, const char *fix, const char *fmt, va_list ap)
{
    char text[400];
    vsnprintf(text, sizeof text, fmt, ap);
    if (c->n++ == 0)
        snprintf(c->first, sizeof c->first, "%s%s%s", path, *path ? ": " : "", text);
    if (c->n > SHAPE_FAULTS || !c->faults)
        return;
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "path", path);
    json_put_str(o, "message", text);
    json_put_str(o, "fix", fix);
    cJSON_AddItemToArray(c->faults, o);
}

static void fault(struct check *c, const struct where *at, const char *fix, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void fault_named(struct check *c, const char *path, const char *fix, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void fault_named(struct check *c, const char *path, const char *fix, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fault_at(c, path, fix, fmt, ap);
    va_end(ap);
}

static void fault(struct check *c, const struct where *at, const char *fix, const char *fmt, ...)
{
    char path[PATH_MAX_BYTES];
    va_list ap;
    put_path(at, path, sizeof path);
    va_start(ap, fmt);
    fault_at(c, path, fix, fmt, ap);
    va_end(ap);
}

static const char *found(const cJSON *v)
{
    return cJSON_IsString(v) ? "a string" : cJSON_IsNumber(v) ? "a number" : cJSON_IsBool(v) ? "a boolean" : cJSON_IsObject(v) ? "an object"
           : cJSON_IsArray(v) ? "an array" : "null";
}

static const char *wanted(const struct shape *s)
{
    static const char *const words[] = { "a string", "a whole number", "a number", "true or false", "an object", "an array", "any value" };
    return words[s->type];
}

/* ---- single values ---- */

static int is_choice(const char *choices, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = choices; *p; p += strcspn(p, " "), p += *p == ' ') {
        if (strcspn(p, " ") == n && strncmp(p, word, n) == 0)
            return 1;
    }
    return 0;
}

static void check_choice(struct check *c, const struct shape *s, const char *word, const struct where *path)
{
    char list[512], fix[128] = "", *save = NULL;
    const char *names[MAX_NAMES + 1];
    int n = 0;
    if (is_choice(s->choices, word))
        return;
    snprintf(list, sizeof list, "%s", s->choices);
    for (char *w = strtok_r(list, " ", &save); w && n < MAX_NAMES; w = strtok_r(NULL, " ", &save))
        names[n++] = w;
    names[n] = NULL;
    const char *near = text_nearest(word, names);
    if (near)
        snprintf(fix, sizeof fix, "did you mean '%s'?", near);
    fault(c, path, fix, "'%.60s' is none of: %.300s", word, s->choices);
}

static void check_text(struct check *c, const struct shape *s, const cJSON *v, const struct where *path)
{
    size_t n = strlen(v->valuestring);
    double max = s->min < s->max ? s->max : SHAPE_TEXT_MAX;
    if (n == 0 && s->min > 0)
        fault(c, path, "", "expected a text that is not empty");
    else if ((double)n < s->min)
        fault(c, path, "", "expected at least %.0f bytes, found %zu", s->min, n);
    else if ((double)n > max)
        fault(c, path, "", "has %zu bytes; at most %.0f are taken", n, max);
    else if (s->choices)
        check_choice(c, s, v->valuestring, path);
}

static void check_number(struct check *c, const struct shape *s, const cJSON *v, const struct where *path)
{
    double x = v->valuedouble;
    if (s->type == SHAPE_INTEGER && (x != floor(x) || fabs(x) > 9007199254740992.0))
        fault(c, path, "", "expected a whole number, found %g", x);
    else if (s->min < s->max && (x < s->min || x > s->max) && isinf(s->max))
        fault(c, path, "", "expected %g or more, found %g", s->min, x);
    else if (s->min < s->max && (x < s->min || x > s->max))
        fault(c, path, "", "expected %g to %g, found %g", s->min, s->max, x);
}

static void check_members(struct check *c, const struct shape *members, cJSON *object, const struct where *path, unsigned flags);
static void check_value(struct check *c, const struct shape *s, cJSON *v, const struct where *path);

static void check_list(struct check *c, const struct shape *s, cJSON *v, const struct where *path)
{
    int n = cJSON_GetArraySize(v), i = 0;
    cJSON *e;
    if (s->min < s->max && n < s->min)
        fault(c, path, "", "expected at least %.0f, found %d", s->min, n);
    else if (s->min < s->max && n > s->max)
        fault(c, path, "", "has %d; at most %.0f are taken", n, s->max);
    if (!s->of || (s->min < s->max && n > s->max))
        return;
    cJSON_ArrayForEach(e, v) {
        const struct where at = { .parent = path, .index = i++ };
        check_value(c, s->of, e, &at);
    }
}

static void check_config(struct check *c, const cJSON *v)
{
    struct config_fault *f = calloc(SHAPE_FAULTS, sizeof *f);
    struct train_config config;
    struct hone_err err;
    int n = 0;
    int rc = f ? config_resolve(&config, v, f, SHAPE_FAULTS, &n, &err) : HONE_ENOMEM;
    if (rc == 0)
        config_free(&config);
    c->no_memory |= rc == HONE_ENOMEM;
    for (int i = 0; i < n && i < SHAPE_FAULTS; i++)
        fault_named(c, f[i].path, f[i].fix, "%s", f[i].text);
    free(f);
}

static void check_value(struct check *c, const struct shape *s, cJSON *v, const struct where *path)
{
    int fits = s->type == SHAPE_TEXT ? cJSON_IsString(v) : s->type == SHAPE_INTEGER || s->type == SHAPE_NUMBER ? cJSON_IsNumber(v)
               : s->type == SHAPE_BOOLEAN ? cJSON_IsBool(v) : s->type == SHAPE_OBJECT ? cJSON_IsObject(v)
               : s->type == SHAPE_LIST ? cJSON_IsArray(v) : 1;
    if (cJSON_IsNull(v) && (s->flags & SHAPE_NULL))
        return;
    if (!fits)
        fault(c, path, "", "expected %s, found %s", wanted(s), found(v));
    else if (s->type == SHAPE_TEXT)
        check_text(c, s, v, path);
    else if (s->type == SHAPE_INTEGER || s->type == SHAPE_NUMBER)
        check_number(c, s, v, path);
    else if (s->type == SHAPE_LIST)
        check_list(c, s, v, path);
    else if (s->type == SHAPE_OBJECT && (s->flags & SHAPE_CONFIG))
        check_config(c, v);
    else if (s->type == SHAPE_OBJECT)
        check_members(c, s->of, v, path, s->flags);
}

/* ---- objects ---- */

static const struct shape *find_member(const struct check *c, const struct shape *members, const char *name)
{
    for (const struct shape *m = members; m && m->name; m++) {
        if ((m->flags & SHAPE_LOCAL) && !c->local)
            continue;
        if (strcmp(m->name, name) == 0 || (!c->answer && m->also && strcmp(m->also, name) == 0))
            return m;
    }
    return NULL;
}

static void unknown(struct check *c, const struct shape *members, const char *name, const struct where *path)
{
    const char *names[MAX_NAMES + 1];
    char fix[160] = "";
    int n = 0;
    for (const struct shape *m = members; m && m->name && n < MAX_NAMES; m++) {
        if (!(m->flags & SHAPE_LOCAL) || c->local)
            names[n++] = m->name;
    }
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    if (near)
        snprintf(fix, sizeof fix, "did you mean '%s'?", near);
    fault(c, path, fix, n ? "is not known here" : "is not known here; nothing is taken");
}

/* Gives the member its own name; a fault when it is there under both. */
static void rename_member(struct check *c, cJSON *object, cJSON *v, const char *name, const struct where *path)
{
    if (json_get(object, name)) {
        fault(c, &(struct where){ .parent = path, .name = v->string, .index = -1 }, "", "is the same as '%s', which is given too", name);
        return;
    }
    char *own = strdup(name);
    if (!own) {
        c->no_memory = 1;
        return;
    }
    free(v->string);
    v->string = own;
    v->type &= ~cJSON_StringIsConst;
}

static void check_members(struct check *c, const struct shape *members, cJSON *object, const struct where *path, unsigned flags)
{
    for (cJSON *v = object->child, *next; v; v = next) {
        next = v->next;
        const struct shape *m = find_member(c, members, v->string);
        const struct where at = { .parent = path, .name = m ? m->name : v->string, .index = -1 };
        if (!m && !(flags & SHAPE_OPEN))
            unknown(c, members, v->string, &at);
        if (!m)
            continue;
        if (!c->answer && strcmp(m->name, v->string) != 0)
            rename_member(c, object, v, m->name, path);
        check_value(c, m, v, &at);
        if (!c->answer && cJSON_IsNull(v) && (m->flags & SHAPE_NULL))
            cJSON_Delete(cJSON_DetachItemViaPointer(object, v));
    }
    for (const struct shape *m = members; m && m->name; m++) {
        if ((m->flags & SHAPE_REQUIRED) && !json_get(object, m->name))
            fault(c, &(struct where){ .parent = path, .name = m->name, .index = -1 }, "", "is missing: %s", m->doc ? m->doc : wanted(m));
    }
}

static int conclude(const struct check *c, struct hone_err *err)
{
    if (c->no_memory) {
        json_note_loss(); /* for who does not want the faults */
        return hone_fail(err, HONE_ENOMEM, "memory ran out while the values were checked");
    }
    if (c->n == 0)
        return 0;
    if (c->n == 1)
        return hone_fail(err, HONE_EINVAL, "%s", c->first);
    return hone_fail(err, HONE_EINVAL, "%s (and %d more)", c->first, c->n - 1);
}

int shape_check(const struct shape *members, cJSON *value, int local, cJSON *faults, struct hone_err *err)
{
    struct check c = { .faults = faults, .local = local };
    if (cJSON_IsObject(value))
        check_members(&c, members, value, &whole, 0);
    else
        fault(&c, &whole, "", "expected an object, found %s", found(value));
    return conclude(&c, err);
}

int shape_matches(const struct shape *members, const cJSON *value, cJSON *faults, struct hone_err *err)
{
    struct check c = { .faults = faults, .local = 1, .answer = 1 };
    if (cJSON_IsObject(value))
        check_members(&c, members, (cJSON *)(intptr_t)value, &whole, 0);
    else
        fault(&c, &whole, "", "expected an object, found %s", found(value));
    return conclude(&c, err);
}
