/* See expr.h. A recursive descent over the text that evaluates as it goes; where a value is not wanted (`live` 0) it only checks the grammar. */
#include "core/api/expr.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define MAX_DEPTH 64

struct scan {
    const char *text, *at;
    const struct expr_names *names;
    struct hone_err *err;
    int live, depth;
};

static cJSON *parse_or(struct scan *s);

/* Fails at the present place; always NULL. */
static cJSON *fault(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static cJSON *fault(struct scan *s, const char *fmt, ...)
{
    char why[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    hone_fail(s->err, HONE_EINVAL, "column %lld: %s", (long long)utf8_length(s->text, (size_t)(s->at - s->text)) + 1, why);
    return NULL;
}

static void blanks(struct scan *s)
{
    while (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')
        s->at++;
}

static int take(struct scan *s, const char *sign)
{
    blanks(s);
    size_t n = strlen(sign);
    if (strncmp(s->at, sign, n) != 0)
        return 0;
    s->at += n;
    return 1;
}

static int word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A keyword, which a name must not continue. */
static int take_word(struct scan *s, const char *word)
{
    blanks(s);
    size_t n = strlen(word);
    if (strncmp(s->at, word, n) != 0 || word_char(s->at[n]))
        return 0;
    s->at += n;
    return 1;
}

static const char *type_of(const cJSON *v)
{
    return cJSON_IsNumber(v) ? "a number" : cJSON_IsString(v) ? "a text" : cJSON_IsBool(v) ? "true or false" : cJSON_IsNull(v) ? "null"
           : cJSON_IsArray(v) ? "a list" : "an object";
}

/* What is found where nothing is evaluated. */
static cJSON *nothing(void)
{
    return cJSON_CreateNull();
}

/* ---- functions ---- */

static int all_numbers(const cJSON *list)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        if (!cJSON_IsNumber(v))
            return 0;
    }
    return cJSON_GetArraySize(list) > 0;
}

/* Of the numbers of a list, the first of the greatest (sign 1) or least (-1); with `index` its place. */
static cJSON *extreme(struct scan *s, const char *name, const cJSON *list, int sign, int index)
{
    int best = 0, i = 0;
    const cJSON *v;
    if (!cJSON_IsArray(list) || !all_numbers(list))
        return fault(s, "%s() expects a list of numbers that is not empty, found %s", name, cJSON_IsArray(list) ? "another list" : type_of(list));
    cJSON_ArrayForEach(v, list) {
        if (sign * v->valuedouble > sign * cJSON_GetArrayItem(list, best)->valuedouble)
            best = i;
        i++;
    }
    return cJSON_CreateNumber(index ? best : cJSON_GetArrayItem(list, best)->valuedouble);
}

static cJSON *mean_of(struct scan *s, const cJSON *list)
{
    double sum = 0;
    const cJSON *v;
    if (!cJSON_IsArray(list) || !all_numbers(list))
        return fault(s, "mean() expects a list of numbers that is not empty, found %s", cJSON_IsArray(list) ? "another list" : type_of(list));
    cJSON_ArrayForEach(v, list)
        sum += v->valuedouble;
    return cJSON_CreateNumber(sum / cJSON_GetArraySize(list));
}

static cJSON *apply(struct scan *s, const char *name, const cJSON *v)
{
    if (strcmp(name, "count") == 0)
        return cJSON_IsArray(v) || cJSON_IsObject(v) ? cJSON_CreateNumber(cJSON_GetArraySize(v)) : fault(s, "count() expects a list, found %s", type_of(v));
    if (strcmp(name, "abs") == 0)
        return cJSON_IsNumber(v) ? cJSON_CreateNumber(fabs(v->valuedouble)) : fault(s, "abs() expects a number, found %s", type_of(v));
    if (strcmp(name, "mean") == 0)
        return mean_of(s, v);
    return extreme(s, name, v, strstr(name, "max") ? 1 : -1, strncmp(name, "index", 5) == 0);
}

static const char *const functions[] = { "abs", "count", "defined", "index_of_max", "index_of_min", "max", "mean", "min", NULL };

static cJSON *parse_call(struct scan *s, const char *name)
{
    int known = 0;
    for (int i = 0; functions[i]; i++)
        known = known || strcmp(functions[i], name) == 0;
    if (!known) {
        const char *near = text_nearest(name, functions);
        return fault(s, "there is no function %.60s()%s%s%s", name, near ? "; did you mean " : "; there are abs, count, defined, index_of_max, index_of_min, "
                     "max, mean, min", near ? near : "", near ? "()?" : "");
    }
    const char *argument = s->at;
    cJSON *v = parse_or(s), *out = NULL;
    if (!v && strcmp(name, "defined") == 0 && s->live && s->err->code == ERR_NOT_FOUND) {
        s->err->code = 0;
        s->at = argument; /* once more, for the grammar alone */
        s->live = 0;
        v = parse_or(s);
        s->live = 1;
        out = v ? cJSON_CreateFalse() : NULL;
    } else if (v) {
        out = !s->live ? nothing() : strcmp(name, "defined") == 0 ? cJSON_CreateTrue() : apply(s, name, v);
    }
    cJSON_Delete(v);
    if (out && !take(s, ")")) {
        cJSON_Delete(out);
        return fault(s, "expected ) behind the argument of %s()", name);
    }
    return out;
}

/* ---- references ---- */

/* v.name; of a list the list of its entries' members. NULL: not there. */
static cJSON *member(const cJSON *v, const char *name)
{
    if (cJSON_IsObject(v)) {
        const cJSON *m = json_get(v, name);
        return m ? cJSON_Duplicate(m, 1) : NULL;
    }
    if (!cJSON_IsArray(v))
        return NULL;
    cJSON *out = cJSON_CreateArray();
    const cJSON *e;
    cJSON_ArrayForEach(e, v) {
        cJSON *m = member(e, name);
        if (!m) {
            cJSON_Delete(out);
            return NULL;
        }
        cJSON_AddItemToArray(out, m);
    }
    return out;
}

static int read_name(struct scan *s, char out[64])
{
    size_t n = 0;
    blanks(s);
    while (n < 63 && word_char(s->at[n]))
        n++;
    if (n == 0 || isdigit((unsigned char)s->at[0]) || word_char(s->at[n])) {
        fault(s, "expected a name");
        return -1;
    }
    memcpy(out, s->at, n);
    out[n] = '\0';
    s->at += n;
    return 0;
}

/* No such member is an error that defined() takes. */
static cJSON *absent(struct scan *s, const char *path, const char *at)
{
    s->at = at;
    fault(s, "there is no %.200s", path);
    s->err->code = ERR_NOT_FOUND;
    return NULL;
}

static cJSON *step_into(struct scan *s, cJSON *v, const char *begin)
{
    char name[64], path[256];
    cJSON *next = NULL;
    if (take(s, ".")) {
        if (read_name(s, name) < 0)
            goto out;
        next = s->live ? member(v, name) : nothing();
    } else {
        take(s, "[");
        cJSON *i = parse_or(s);
        int whole = cJSON_IsNumber(i) && i->valuedouble >= 0 && i->valuedouble < 1e6 && floor(i->valuedouble) == i->valuedouble;
        const cJSON *e = whole && cJSON_IsArray(v) ? cJSON_GetArrayItem(v, (int)i->valuedouble) : NULL;
        int good = i != NULL;
        cJSON_Delete(i);
        if (!good || (s->live && !whole && !fault(s, "an index is a whole number from 0 on")) || (!take(s, "]") && !fault(s, "expected ]")))
            goto out;
        next = !s->live ? nothing() : e ? cJSON_Duplicate(e, 1) : NULL;
    }
    snprintf(path, sizeof path, "%.*s", (int)(s->at - begin), begin);
    if (!next)
        absent(s, path, begin);
out:
    cJSON_Delete(v);
    return next;
}

/* s->at stands behind the first name. */
static cJSON *parse_path(struct scan *s, const char *name, const char *begin)
{
    struct hone_err why = { 0 };
    if (s->names->seen && s->names->seen(s->names->arg, name, &why) < 0) {
        s->at = begin;
        return fault(s, "%s", why.text);
    }
    const cJSON *head = s->live ? s->names->value(s->names->arg, name, &why) : NULL;
    if (s->live && !head) {
        s->at = begin;
        fault(s, "%s", why.text);
        s->err->code = why.code == ERR_NOT_FOUND ? ERR_NOT_FOUND : HONE_EINVAL;
        return NULL;
    }
    cJSON *v = s->live ? cJSON_Duplicate(head, 1) : nothing();
    for (blanks(s); v && (*s->at == '.' || *s->at == '['); blanks(s))
        v = step_into(s, v, begin);
    return v;
}

/* ---- the grammar ---- */

static cJSON *parse_text(struct scan *s)
{
    char quote = *s->at;
    const char *end = strchr(s->at + 1, quote);
    if (!end)
        return fault(s, "the text has no end; expected another %c", quote);
    char *copy = strndup(s->at + 1, (size_t)(end - s->at - 1));
    cJSON *v = copy ? cJSON_CreateString(copy) : NULL;
    free(copy);
    s->at = end + 1;
    return v ? v : fault(s, "memory ran out");
}

static cJSON *parse_number(struct scan *s)
{
    struct json_scan j;
    size_t n = strspn(s->at, "0123456789.eE");
    while (n > 0 && (s->at[n - 1] == 'e' || s->at[n - 1] == 'E') && (s->at[n] == '+' || s->at[n] == '-'))
        n += 1 + strspn(s->at + n + 1, "0123456789.eE");
    json_scan_init(&j, s->at, n, 1);
    int good = json_next(&j) == JSON_NUMBER;
    double v = j.number;
    good = good && json_next(&j) == JSON_END;
    json_scan_free(&j);
    if (!good || word_char(s->at[n]))
        return fault(s, "this is no number");
    s->at += n;
    return cJSON_CreateNumber(v);
}

static cJSON *parse_primary(struct scan *s)
{
    char name[64];
    blanks(s);
    const char *begin = s->at;
    if (*s->at == '\'' || *s->at == '"')
        return parse_text(s);
    if (isdigit((unsigned char)*s->at))
        return parse_number(s);
    if (take(s, "(")) {
        cJSON *v = parse_or(s);
        if (v && !take(s, ")")) {
            cJSON_Delete(v);
            return fault(s, "expected )");
        }
        return v;
    }
    if (take_word(s, "true"))
        return cJSON_CreateTrue();
    if (take_word(s, "false"))
        return cJSON_CreateFalse();
    if (take_word(s, "null"))
        return cJSON_CreateNull();
    if (!word_char(*s->at))
        return *s->at ? fault(s, "expected a value, found '%c'", *s->at) : fault(s, "expected a value, found the end");
    if (read_name(s, name) < 0)
        return NULL;
    return take(s, "(") ? parse_call(s, name) : parse_path(s, name, begin);
}

static cJSON *parse_unary(struct scan *s)
{
    if (++s->depth > MAX_DEPTH)
        return fault(s, "the expression is nested too deeply");
    cJSON *v;
    if (take(s, "-")) {
        if ((v = parse_unary(s)) && s->live && !cJSON_IsNumber(v)) {
            fault(s, "- expects a number, found %s", type_of(v));
            cJSON_Delete(v);
            v = NULL;
        } else if (v && s->live) {
            cJSON_SetNumberValue(v, -v->valuedouble);
        }
    } else {
        v = parse_primary(s);
    }
    s->depth--;
    return v;
}

/* a op b for + - * /; both are given up. */
static cJSON *compute(struct scan *s, char op, cJSON *a, cJSON *b)
{
    cJSON *out = NULL;
    double x = cJSON_IsNumber(a) ? a->valuedouble : NAN, y = cJSON_IsNumber(b) ? b->valuedouble : NAN;
    if (!s->live)
        out = nothing();
    else if (!cJSON_IsNumber(a) || !cJSON_IsNumber(b))
        fault(s, "%c expects numbers, found %s and %s", op, type_of(a), type_of(b));
    else if (op == '/' && y == 0)
        fault(s, "division by zero");
    else
        out = cJSON_CreateNumber(op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y);
    cJSON_Delete(a);
    cJSON_Delete(b);
    return out;
}

/* `next` parted by either of two signs, from left to right. */
static cJSON *parse_series(struct scan *s, const char *signs, cJSON *(*next)(struct scan *))
{
    cJSON *a = next(s);
    for (blanks(s); a && *s->at && strchr(signs, *s->at); blanks(s)) {
        char op = *s->at++;
        cJSON *b = next(s);
        if (!b) {
            cJSON_Delete(a);
            return NULL;
        }
        a = compute(s, op, a, b);
    }
    return a;
}

static cJSON *parse_product(struct scan *s)
{
    return parse_series(s, "*/", parse_unary);
}

static cJSON *parse_sum(struct scan *s)
{
    return parse_series(s, "+-", parse_product);
}

/* -1, 0, 1; -2 when the two cannot be ordered. */
static int order(const cJSON *a, const cJSON *b)
{
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
        return a->valuedouble < b->valuedouble ? -1 : a->valuedouble > b->valuedouble;
    if (cJSON_IsString(a) && cJSON_IsString(b)) {
        int c = strcmp(a->valuestring, b->valuestring);
        return c < 0 ? -1 : c > 0;
    }
    return -2;
}

static cJSON *compare(struct scan *s, const char *op, const cJSON *a, const cJSON *b)
{
    int equality = op[1] == '=' && (op[0] == '=' || op[0] == '!'), nulls = cJSON_IsNull(a) || cJSON_IsNull(b);
    int bools = cJSON_IsBool(a) && cJSON_IsBool(b), c = order(a, b);
    if (!s->live)
        return nothing();
    if (equality && nulls)
        c = cJSON_IsNull(a) && cJSON_IsNull(b) ? 0 : 1;
    else if (equality && bools)
        c = cJSON_IsTrue(a) == cJSON_IsTrue(b) ? 0 : 1;
    else if (c == -2)
        return fault(s, "%s cannot compare %s with %s", op, type_of(a), type_of(b));
    return cJSON_CreateBool(op[0] == '=' ? c == 0 : op[0] == '!' ? c != 0 : op[0] == '<' ? c < 0 || (op[1] && c == 0) : c > 0 || (op[1] && c == 0));
}

static const char *take_comparison(struct scan *s)
{
    static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">", NULL };
    for (int i = 0; ops[i]; i++) {
        if (take(s, ops[i]))
            return ops[i];
    }
    return NULL;
}

static cJSON *parse_comparison(struct scan *s)
{
    cJSON *a = parse_sum(s), *b = NULL, *out = a;
    const char *op = a ? take_comparison(s) : NULL;
    if (op) {
        out = (b = parse_sum(s)) ? compare(s, op, a, b) : NULL;
        cJSON_Delete(a);
        cJSON_Delete(b);
        if (out && take_comparison(s)) {
            cJSON_Delete(out);
            return fault(s, "comparisons do not follow each other; join them with `and`");
        }
    } else if (a && *s->at == '=') {
        cJSON_Delete(a);
        return fault(s, "= compares nothing; write ==");
    }
    return out;
}

static cJSON *parse_not(struct scan *s)
{
    if (!take_word(s, "not"))
        return parse_comparison(s);
    if (++s->depth > MAX_DEPTH)
        return fault(s, "the expression is nested too deeply");
    cJSON *v = parse_not(s), *out = NULL;
    s->depth--;
    if (v && s->live && !cJSON_IsBool(v))
        fault(s, "not expects true or false, found %s", type_of(v));
    else if (v)
        out = s->live ? cJSON_CreateBool(!cJSON_IsTrue(v)) : nothing();
    cJSON_Delete(v);
    return out;
}

/* `word` is "and" or "or"; the right side is evaluated only when it decides. */
static cJSON *parse_logic(struct scan *s, const char *word, int stops, cJSON *(*next)(struct scan *))
{
    cJSON *a = next(s);
    int live = s->live;
    while (a && take_word(s, word)) {
        cJSON *b = NULL;
        if (live && !cJSON_IsBool(a)) {
            fault(s, "%s expects true or false, found %s", word, type_of(a));
        } else {
            s->live = live && cJSON_IsTrue(a) != stops;
            int decides = s->live;
            b = next(s);
            s->live = live;
            if (b && decides && !cJSON_IsBool(b)) {
                fault(s, "%s expects true or false, found %s", word, type_of(b));
                cJSON_Delete(b);
                b = NULL;
            }
            if (b && live && !decides) {
                cJSON_Delete(b);
                b = cJSON_CreateBool(stops);
            }
        }
        cJSON_Delete(a);
        a = b;
    }
    return a;
}

static cJSON *parse_and(struct scan *s)
{
    return parse_logic(s, "and", 0, parse_not);
}

static cJSON *parse_or(struct scan *s)
{
    if (++s->depth > MAX_DEPTH)
        return fault(s, "the expression is nested too deeply");
    cJSON *v = parse_logic(s, "or", 1, parse_and);
    s->depth--;
    return v;
}

static cJSON *whole(const char *text, const struct expr_names *names, int live, struct hone_err *err)
{
    struct scan s = { .text = text, .at = text, .names = names, .err = err, .live = live };
    err->code = 0;
    cJSON *v = parse_or(&s);
    blanks(&s);
    if (v && *s.at) {
        cJSON_Delete(v);
        return fault(&s, "expected the end of the expression, found '%.20s'", s.at);
    }
    return v;
}

int expr_check(const char *text, const struct expr_names *names, struct hone_err *err)
{
    cJSON *v = whole(text, names, 0, err);
    cJSON_Delete(v);
    return v ? 0 : HONE_EINVAL;
}

cJSON *expr_eval(const char *text, const struct expr_names *names, struct hone_err *err)
{
    cJSON *v = whole(text, names, 1, err);
    if (!v)
        err->code = HONE_EINVAL;
    return v;
}

int expr_true(const char *text, const struct expr_names *names, struct hone_err *err)
{
    cJSON *v = expr_eval(text, names, err);
    int rc = !v ? err->code : cJSON_IsBool(v) ? cJSON_IsTrue(v) : hone_fail(err, HONE_EINVAL, "the condition is neither true nor false but %s", type_of(v));
    cJSON_Delete(v);
    return rc;
}
