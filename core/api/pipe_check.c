/* A pipeline's definition, checked whole before anything runs: names, needs, cycles, parameters, expressions, matrices. See pipe.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/pipe.h"
#include "core/api/pipe_faults.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/train/config.h"

#define MAX_NAMES 128
#define MAX_MATRIX_KEYS 8

struct check {
    struct pipe_plan *p;
    struct pipe_faults f;
    struct pipe_step *step;    /* whose expressions are checked */
};

/* ---- names in expressions ---- */

static int step_number(const struct pipe_plan *p, const char *name)
{
    for (int i = 0; i < p->n; i++) {
        if (strcmp(p->step[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int on_name(void *arg, const char *name, struct hone_err *err)
{
    const struct check *c = arg;
    const struct pipe_plan *p = c->p;
    const char *names[MAX_NAMES + PIPE_STEPS + 2];
    const cJSON *v, *parameters = json_get(p->def, "parameters");
    int n = 0, i = step_number(p, name);
    if (json_get(parameters, name) || (strcmp(name, "part") == 0 && c->step->matrix))
        return 0;
    if (i >= 0 && (c->step->before >> i & 1))
        return 0;
    if (i >= 0)
        return hone_fail(err, HONE_EINVAL, "step '%s' does not need step '%s', whose result it refers to; add it to needs", c->step->name, name);
    cJSON_ArrayForEach(v, parameters) {
        if (n < MAX_NAMES)
            names[n++] = v->string;
    }
    for (int k = 0; k < p->n; k++)
        names[n++] = p->step[k].name;
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    return hone_fail(err, HONE_EINVAL, "'%.60s' is neither a parameter of the pipeline nor a step%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
}

static void check_expression(struct check *c, const char *key)
{
    char path[160];
    struct hone_err err;
    const struct expr_names names = { .arg = c, .seen = on_name };
    const cJSON *v = json_get(c->step->def, key);
    if (!v)
        return;
    snprintf(path, sizeof path, "steps.%.63s.%s", c->step->name, key);
    if (!cJSON_IsString(v))
        pipe_fault(&c->f, path, "like \"train.status == 'completed'\"", "expected a text with an expression");
    else if (expr_check(v->valuestring, &names, &err) < 0)
        pipe_fault(&c->f, path, "", "%s", err.text);
}

/* ---- needs ---- */

static void add_need(struct check *c, struct pipe_step *s, const cJSON *need, const char *path)
{
    const char *names[PIPE_STEPS + 1], *name = cJSON_IsString(need) ? need->valuestring : NULL;
    int i = name ? step_number(c->p, name) : -1;
    for (int k = 0; k < c->p->n; k++)
        names[k] = c->p->step[k].name;
    names[c->p->n] = NULL;
    const char *near = name ? text_nearest(name, names) : NULL;
    char fix[100] = "";
    if (near && near != s->name)
        snprintf(fix, sizeof fix, "did you mean '%.60s'?", near);
    for (int k = 0; k < s->n_needs; k++) {
        if (s->need[k] == i)
            return;
    }
    if (i < 0)
        pipe_fault(&c->f, path, fix, "there is no step '%.60s'", name ? name : "(not a text)");
    else if (&c->p->step[i] == s)
        pipe_fault(&c->f, path, "", "the step needs itself");
    else
        s->need[s->n_needs++] = i;
}

static void read_needs(struct check *c, struct pipe_step *s)
{
    char path[160];
    const cJSON *needs = json_get(s->def, "needs"), *v;
    snprintf(path, sizeof path, "steps.%.63s.needs", s->name);
    if (cJSON_IsString(needs)) {
        add_need(c, s, needs, path);
        return;
    }
    if (needs && !cJSON_IsArray(needs))
        pipe_fault(&c->f, path, "like [\"train\"]", "expected a list of steps");
    cJSON_ArrayForEach(v, needs)
        add_need(c, s, v, path);
}

/* Depth first: state 1 on the way, 2 done. A way back is a cycle, told once with all its steps. */
static void visit(struct check *c, int i, char *state, int *way, int length)
{
    struct pipe_step *s = &c->p->step[i];
    way[length] = i;
    state[i] = 1;
    for (int k = 0; k < s->n_needs; k++) {
        int j = s->need[k];
        if (state[j] == 0) {
            visit(c, j, state, way, length + 1);
        } else if (state[j] == 1) {
            char text[400] = "", path[160];
            int from = length;
            while (way[from] != j)
                from--;
            for (int m = from; m <= length; m++)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%.40s needs ", c->p->step[way[m]].name);
            snprintf(path, sizeof path, "steps.%.63s.needs", s->name);
            pipe_fault(&c->f, path, "", "the steps wait for each other: %s%.40s", text, c->p->step[j].name);
        }
        s->before |= UINT64_C(1) << j | c->p->step[j].before;
        s->depth = s->depth > c->p->step[j].depth ? s->depth : c->p->step[j].depth + 1;
    }
    state[i] = 2;
}

/* ---- matrices ---- */

/* All combinations of a group of lists, the first one varying slowest. */
static void add_products(struct check *c, struct pipe_step *s, const cJSON *matrix, const char *path)
{
    int n = cJSON_GetArraySize(matrix), total = 1, stride;
    const cJSON *v;
    cJSON_ArrayForEach(v, matrix) {
        int size = cJSON_GetArraySize(v);
        if (!cJSON_IsArray(v) || size < 1) {
            pipe_fault(&c->f, path, "like { learningRate = [0.001, 0.003]; }", "%.60s: expected a list that is not empty", v->string);
            return;
        }
        total = total <= PIPE_PARTS ? total * size : total;
    }
    if (n < 1 || n > MAX_MATRIX_KEYS || total > PIPE_PARTS) {
        pipe_fault(&c->f, path, "", "a matrix has 1 to %d lists and at most %d combinations", MAX_MATRIX_KEYS, PIPE_PARTS);
        return;
    }
    for (int i = 0; i < total; i++) {
        cJSON *part = cJSON_CreateObject();
        stride = total;
        cJSON_ArrayForEach(v, matrix) {
            int size = cJSON_GetArraySize(v);
            stride /= size;
            json_put(part, v->string, cJSON_Duplicate(cJSON_GetArrayItem(v, i / stride % size), 1));
        }
        cJSON_AddItemToArray(s->parts, part);
    }
}

static void read_matrix(struct check *c, struct pipe_step *s)
{
    char path[160];
    const cJSON *matrix = json_get(s->def, "matrix"), *v;
    snprintf(path, sizeof path, "steps.%.63s.matrix", s->name);
    s->parts = cJSON_CreateArray();
    s->matrix = matrix != NULL;
    if (cJSON_IsObject(matrix)) {
        add_products(c, s, matrix, path);
    } else if (cJSON_IsArray(matrix) && cJSON_GetArraySize(matrix) > 0 && cJSON_GetArraySize(matrix) <= PIPE_PARTS) {
        cJSON_ArrayForEach(v, matrix) {
            if (cJSON_IsObject(v))
                cJSON_AddItemToArray(s->parts, cJSON_Duplicate(v, 1));
            else
                pipe_fault(&c->f, path, "like ( { epochs = 5; }, { epochs = 10; } )", "expected groups in the list");
        }
    } else if (matrix) {
        pipe_fault(&c->f, path, "", "expected a list of 1 to %d groups, or a group of lists", PIPE_PARTS);
    }
    if (cJSON_GetArraySize(s->parts) == 0)
        cJSON_AddItemToArray(s->parts, cJSON_CreateObject());
    s->n_parts = cJSON_GetArraySize(s->parts);
}

cJSON *pipe_params(const struct pipe_step *s, int part)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *v, *over = cJSON_GetArrayItem(s->parts, part);
    const struct api_function *f = s->kind->function ? api_function_find(s->kind->function, NULL) : NULL;
    cJSON_ArrayForEach(v, s->def) {
        if (!pipe_key_known(s->kind, v->string))
            json_put(out, v->string, cJSON_Duplicate(v, 1));
    }
    cJSON_ArrayForEach(v, over) {
        int own = pipe_param_find(s->kind, v->string) != NULL;
        for (const struct shape *m = f ? f->in : NULL; m && m->name && !own; m++)
            own = strcmp(m->name, v->string) == 0;
        if (own || !(s->kind->flags & PIPE_TRAINS)) {
            if (cJSON_IsObject(v) && cJSON_IsObject(json_get(out, v->string))) { /* config = {...} of a part is laid over that of the step */
                const cJSON *e;
                cJSON_ArrayForEach(e, v)
                    json_put(cJSON_GetObjectItemCaseSensitive(out, v->string), e->string, cJSON_Duplicate(e, 1));
            } else {
                json_put(out, v->string, cJSON_Duplicate(v, 1));
            }
            continue;
        }
        if (!cJSON_IsObject(json_get(out, "config")))
            json_put(out, "config", cJSON_CreateObject());
        json_put(cJSON_GetObjectItemCaseSensitive(out, "config"), v->string, cJSON_Duplicate(v, 1));
    }
    return out;
}

/* ---- parameters ---- */

/* Whether one of two paths is the beginning of the other: "training_data" and "training_data.file". */
static int related(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), k = n < m ? n : m;
    const char *rest = n < m ? b + k : a + k;
    return strncmp(a, b, k) == 0 && (*rest == '\0' || *rest == '.' || *rest == '[');
}

/* The key of the definition that fills the path of a request. */
static void key_of(const struct pipe_step *s, const char *path, char out[200])
{
    for (const struct pipe_param *p = s->kind->params; p->name; p++) {
        if (json_get(s->def, p->name) && (related(p->path, path) || (p->dataset && related(p->dataset, path)) || (p->module && related(p->module, path)))) {
            snprintf(out, 200, "steps.%.63s.%s", s->name, p->name);
            return;
        }
    }
    snprintf(out, 200, "steps.%.63s.%.120s", s->name, path);
}

/* Takes out what refers to results or parameters; its places in the request are noted in `open`. */
static void take_open(const struct pipe_kind *kind, cJSON *params, cJSON *open)
{
    for (cJSON *v = params->child, *next; v; v = next) {
        next = v->next;
        const struct pipe_param *p = pipe_param_find(kind, v->string);
        char path[200];
        if (cJSON_IsObject(v) && !p) {
            for (cJSON *m = v->child, *after; m; m = after) {
                after = m->next;
                if (!expr_refers(m))
                    continue;
                snprintf(path, sizeof path, "%.60s.%.120s", v->string, m->string);
                cJSON_AddItemToArray(open, cJSON_CreateString(path));
                cJSON_Delete(cJSON_DetachItemViaPointer(v, m));
            }
        } else if (expr_refers(v)) {
            cJSON_AddItemToArray(open, cJSON_CreateString(p ? p->path : v->string));
            cJSON_Delete(cJSON_DetachItemViaPointer(params, v));
        }
    }
}

/* Whether each name of the parameters is one of the step or of its function. */
static void check_names(struct check *c, const struct pipe_step *s, const struct api_function *f, cJSON *params)
{
    const char *names[MAX_NAMES + 1];
    int n = 0;
    for (const struct pipe_param *p = s->kind->params; p->name; p++)
        names[n++] = p->name;
    for (const struct pipe_key *k = pipe_keys; k->name; k++)
        names[n++] = k->name;
    for (const struct shape *m = f ? f->in : NULL; m && m->name && n < MAX_NAMES; m++)
        names[n++] = m->name;
    names[n] = NULL;
    for (cJSON *v = params->child, *next; v; v = next) {
        int known = 0;
        next = v->next;
        for (int i = 0; i < n; i++)
            known = known || (strcmp(names[i], v->string) == 0 && !pipe_key_known(s->kind, v->string));
        if (known)
            continue;
        const char *near = text_nearest(v->string, names);
        char path[160], fix[100] = "";
        snprintf(path, sizeof path, "steps.%.63s.%.63s", s->name, v->string);
        if (near)
            snprintf(fix, sizeof fix, "did you mean '%.60s'?", near);
        pipe_fault(&c->f, path, fix, "a %s step has no such parameter", s->kind->name);
        cJSON_Delete(cJSON_DetachItemViaPointer(params, v));
    }
}

static void check_part(struct check *c, const struct pipe_step *s, const struct api_function *f, int part)
{
    cJSON *params = pipe_params(s, part), *open = cJSON_CreateArray(), *faults = cJSON_CreateArray();
    const cJSON *fault, *o;
    struct hone_err err;
    if (params) { /* else memory ran out, which json_lost() tells */
        check_names(c, s, f, params);
        take_open(s->kind, params, open);
    }
    cJSON *in = pipe_request(s->kind, params, NULL);
    if (f && in)
        (void)shape_check(f->in, in, 1, faults, &err);
    cJSON_ArrayForEach(fault, faults) {
        const char *path = json_str(fault, "path", "");
        char key[200];
        int ours = 1;
        cJSON_ArrayForEach(o, open)
            ours = ours && !related(o->valuestring, path);
        key_of(s, path, key);
        if (ours)
            pipe_fault(&c->f, key, json_str(fault, "fix", ""), "%s", json_str(fault, "message", ""));
    }
    cJSON_Delete(in);
    cJSON_Delete(params);
    cJSON_Delete(open);
    cJSON_Delete(faults);
}

static void check_texts(struct check *c)
{
    const struct expr_names names = { .arg = c, .seen = on_name };
    const cJSON *v;
    struct hone_err err;
    char path[200];
    cJSON_ArrayForEach(v, c->step->def) {
        int is_key = pipe_key_known(c->step->kind, v->string);
        if ((!is_key || strcmp(v->string, "matrix") == 0) && expr_check_fill(v, &names, &err) < 0) {
            snprintf(path, sizeof path, "steps.%.63s.%.63s", c->step->name, v->string);
            pipe_fault(&c->f, path, "", "%s", err.text);
        }
    }
}

static void check_step(struct check *c, struct pipe_step *s)
{
    const struct api_function *f = s->kind->function ? api_function_find(s->kind->function, NULL) : NULL;
    const cJSON *retries = json_get(s->def, "retries"), *cache = json_get(s->def, "cache"), *otherwise = json_get(s->def, "otherwise");
    int gate = strcmp(s->kind->name, "gate") == 0;
    char path[160];
    c->step = s;
    snprintf(path, sizeof path, "steps.%.63s", s->name);
    if (s->kind->function && !f)
        pipe_fault(&c->f, path, "", "this build has no function %s, which a %s step calls", s->kind->function, s->kind->name);
    if (gate && !json_get(s->def, "require"))
        pipe_fault(&c->f, path, "add require = \"condition\"", "a gate has a condition");
    if (retries && (!cJSON_IsNumber(retries) || retries->valuedouble < 0 || retries->valuedouble > PIPE_RETRIES || retries->valuedouble != (int)retries->valuedouble))
        pipe_fault(&c->f, path, "", "retries: expected a whole number from 0 to %d", PIPE_RETRIES);
    if (cache && !cJSON_IsBool(cache))
        pipe_fault(&c->f, path, "", "cache: expected true or false");
    if (otherwise && (!gate || !cJSON_IsString(otherwise) || (strcmp(otherwise->valuestring, "stop") != 0 && strcmp(otherwise->valuestring, "fail") != 0)))
        pipe_fault(&c->f, path, "", "otherwise: expected \"stop\" or \"fail\", of a gate");
    check_expression(c, "when");
    check_expression(c, "require");
    check_texts(c);
    for (int i = 0; i < s->n_parts && (f || !s->kind->function); i++)
        check_part(c, s, f, i);
}

/* ---- the whole ---- */

static void read_step(struct check *c, const cJSON *def)
{
    char path[160];
    const char *kinds[16], *word = json_str(def, "do", NULL);
    int n = 0;
    const struct pipe_kind *kind = word ? pipe_kind_find(word) : NULL;
    snprintf(path, sizeof path, "steps.%.63s", def->string);
    if (!text_is_identifier(def->string) || strcmp(def->string, "part") == 0)
        pipe_fault(&c->f, path, "", "a step's name has small letters, digits and _ alone, begins with a letter, and is not 'part'");
    else if (json_get(json_get(c->p->def, "parameters"), def->string))
        pipe_fault(&c->f, path, "", "a parameter has this name, too; expressions could not tell the two apart");
    for (const struct pipe_kind *k = pipe_kinds; k->name; k++)
        kinds[n++] = k->name;
    kinds[n] = NULL;
    if (!cJSON_IsObject(def) || !kind) {
        const char *near = word ? text_nearest(word, kinds) : NULL;
        char fix[100] = "there are validate, generate, train, evaluate, compare, gate, report, deploy, webhook, adapt";
        if (near)
            snprintf(fix, sizeof fix, "did you mean '%.60s'?", near);
        snprintf(path, sizeof path, "steps.%.63s%s", def->string, word ? ".do" : "");
        pipe_fault(&c->f, path, fix, word ? "there is no kind of step '%.60s'" : "expected a group with do = \"...\"%.0s", word ? word : "");
        return;
    }
    c->p->step[c->p->n++] = (struct pipe_step){ .name = def->string, .kind = kind, .def = def };
}

static void check_top(struct check *c)
{
    static const char *const names[] = { "name", "description", "parameters", "required", "steps", NULL };
    const cJSON *v, *parameters = json_get(c->p->def, "parameters"), *steps = json_get(c->p->def, "steps");
    cJSON_ArrayForEach(v, c->p->def) {
        int known = strcmp(v->string, "directory") == 0;
        for (int i = 0; names[i]; i++)
            known = known || strcmp(names[i], v->string) == 0;
        const char *near = known ? NULL : text_nearest(v->string, names);
        char fix[100] = "a pipeline has name, description, parameters, required, steps";
        if (near)
            snprintf(fix, sizeof fix, "did you mean '%s'?", near);
        if (!known)
            pipe_fault(&c->f, v->string, fix, "not a key of a pipeline");
    }
    if (parameters && !cJSON_IsObject(parameters))
        pipe_fault(&c->f, "parameters", "like parameters = { agent = \"support\"; };", "expected a group");
    if (cJSON_GetArraySize(parameters) > MAX_NAMES)
        pipe_fault(&c->f, "parameters", "", "at most %d parameters", MAX_NAMES);
    cJSON_ArrayForEach(v, json_get(c->p->def, "required")) {
        const cJSON *given = cJSON_IsString(v) ? json_get(parameters, v->valuestring) : NULL;
        if (!given)
            pipe_fault(&c->f, "required", "", "'%.60s' is no parameter of the pipeline", cJSON_IsString(v) ? v->valuestring : "");
    }
    if (!cJSON_IsObject(steps) || cJSON_GetArraySize(steps) < 1 || cJSON_GetArraySize(steps) > PIPE_STEPS)
        pipe_fault(&c->f, "steps", "like steps = { train = { do = \"train\"; }; };", "expected a group of 1 to %d steps", PIPE_STEPS);
}

int pipe_plan_make(struct pipe_plan *p, cJSON *def, const cJSON *lines, const char *file, cJSON *faults, struct hone_err *err)
{
    struct check c = { .p = p, .f = { .lines = lines, .file = file, .list = faults } };
    char state[PIPE_STEPS] = { 0 };
    int way[PIPE_STEPS + 1];
    const cJSON *v;
    *p = (struct pipe_plan){ .def = def };
    check_top(&c);
    const cJSON *steps = c.f.n ? NULL : json_get(def, "steps");
    cJSON_ArrayForEach(v, steps)
        read_step(&c, v);
    for (int i = 0; i < p->n; i++) {
        read_needs(&c, &p->step[i]);
        read_matrix(&c, &p->step[i]);
        p->step[i].first = p->rows;
        p->rows += p->step[i].n_parts;
    }
    for (int i = 0; i < p->n; i++) {
        if (state[i] == 0)
            visit(&c, i, state, way, 0);
    }
    for (int i = 0; i < p->n; i++)
        check_step(&c, &p->step[i]);
    return pipe_faults_end(&c.f, err);
}

void pipe_plan_free(struct pipe_plan *p)
{
    for (int i = 0; i < p->n; i++)
        cJSON_Delete(p->step[i].parts);
    cJSON_Delete(p->def);
    *p = (struct pipe_plan){ 0 };
}
