/* Texts and trees with expressions in them; see expr.h. */
#include "core/api/expr.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"

/* The next "${" of a text that is not "$${", and its "}"; what stands before goes to `before` (may be NULL) with "$${" as "${". NULL: none.
 * *end NULL: it has no end. */
static const char *next_expr(const char *text, struct buf *before, const char **end)
{
    for (const char *p = text; *p; p++) {
        if (strncmp(p, "$${", 3) == 0) {
            if (before)
                buf_puts(before, "${");
            p += 2;
        } else if (strncmp(p, "${", 2) == 0) {
            char quote = 0;
            const char *e = p + 2;
            for (; *e && (quote || *e != '}'); e++)
                quote = quote ? (*e == quote ? 0 : quote) : *e == '\'' || *e == '"' ? *e : 0;
            *end = *e ? e : NULL;
            return p;
        } else if (before) {
            buf_putc(before, *p);
        }
    }
    return NULL;
}

static cJSON *eval_part(const char *at, const char *end, const struct expr_names *names, int live, struct hone_err *err)
{
    if (!end) {
        hone_fail(err, HONE_EINVAL, "'%.60s' has no }", at);
        return NULL;
    }
    char *text = strndup(at + 2, (size_t)(end - at - 2));
    cJSON *v = !text ? NULL : live ? expr_eval(text, names, err) : expr_check(text, names, err) == 0 ? cJSON_CreateNull() : NULL;
    if (!text)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (!v)
        err_prefix(err, "${%.100s}", text);
    free(text);
    return v;
}

static int add_value(struct buf *out, const cJSON *v, const char *at, struct hone_err *err)
{
    if (cJSON_IsString(v))
        buf_puts(out, v->valuestring);
    else if (cJSON_IsNumber(v))
        buf_json_double(out, v->valuedouble);
    else if (cJSON_IsBool(v))
        buf_puts(out, cJSON_IsTrue(v) ? "true" : "false");
    else
        return hone_fail(err, HONE_EINVAL, "'%.60s' stands for %s, which cannot be a part of a text", at,
                         cJSON_IsNull(v) ? "null" : cJSON_IsArray(v) ? "a list" : "an object");
    return 0;
}

static cJSON *fill_text(const char *text, const struct expr_names *names, int live, struct hone_err *err)
{
    struct buf out = { 0 };
    const char *end = NULL, *at;
    while ((at = next_expr(text, &out, &end))) {
        cJSON *v = eval_part(at, end, names, live, err);
        if (v && live && out.n == 0 && at == text && end[1] == '\0') {
            buf_free(&out);
            return v;
        }
        int rc = !v ? err->code : live ? add_value(&out, v, at, err) : 0;
        cJSON_Delete(v);
        if (rc < 0) {
            buf_free(&out);
            return NULL;
        }
        text = end + 1;
    }
    const char *s = buf_str(&out);
    cJSON *v = s ? cJSON_CreateString(s) : NULL;
    buf_free(&out);
    return v;
}

static cJSON *fill(const cJSON *value, const struct expr_names *names, int live, struct hone_err *err)
{
    if (cJSON_IsString(value))
        return fill_text(value->valuestring, names, live, err);
    if (!cJSON_IsArray(value) && !cJSON_IsObject(value))
        return cJSON_Duplicate(value, 1);
    cJSON *out = cJSON_IsArray(value) ? cJSON_CreateArray() : cJSON_CreateObject();
    const cJSON *m;
    cJSON_ArrayForEach(m, value) {
        cJSON *v = fill(m, names, live, err);
        if (!v) {
            cJSON_Delete(out);
            return NULL;
        }
        if (cJSON_IsArray(value))
            cJSON_AddItemToArray(out, v);
        else
            json_put(out, m->string, v);
    }
    return out;
}

cJSON *expr_fill(const cJSON *value, const struct expr_names *names, struct hone_err *err)
{
    cJSON *v = fill(value, names, 1, err);
    if (!v)
        err->code = HONE_EINVAL;
    return v;
}

int expr_check_fill(const cJSON *value, const struct expr_names *names, struct hone_err *err)
{
    cJSON *v = fill(value, names, 0, err);
    cJSON_Delete(v);
    return v ? 0 : HONE_EINVAL;
}

int expr_refers(const cJSON *value)
{
    const char *end;
    int refers = cJSON_IsString(value) && next_expr(value->valuestring, NULL, &end) != NULL;
    for (const cJSON *m = value ? value->child : NULL; m && !refers; m = m->next)
        refers = expr_refers(m);
    return refers;
}
