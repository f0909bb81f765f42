/* The table of functions, the check of requests against their shapes, and the one entry. Functions that need a daemon are tested in
 * tests/api. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/function.h"
#include "core/base/json.h"
#include "tests/unit/suites.h"

static struct hone_err err;

static cJSON *parse(const char *text)
{
    cJSON *v = json_parse(text, strlen(text), "test", &err);
    if (!v)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    return v;
}

static const struct shape members[] = {
    { .name = "name", .type = SHAPE_TEXT, .flags = SHAPE_REQUIRED, .min = 1, .max = 10, .doc = "A name." },
    { .name = "moduleId", .also = "module_id", .type = SHAPE_TEXT, .flags = SHAPE_NULL },
    { .name = "kind", .type = SHAPE_TEXT, .choices = "linear bow" },
    { .name = "count", .type = SHAPE_INTEGER, .min = 1, .max = 50, .dflt = "10" },
    { .name = "weight", .type = SHAPE_NUMBER, .min = 0, .max = INFINITY },
    { .name = "file", .type = SHAPE_TEXT, .flags = SHAPE_LOCAL },
    { .name = "config", .type = SHAPE_OBJECT, .flags = SHAPE_CONFIG },
    { .name = "examples", .type = SHAPE_LIST, .min = 1, .max = 3, .of = &(const struct shape){ .name = "", .type = SHAPE_OBJECT,
      .of = (const struct shape[]){ { .name = "input", .type = SHAPE_TEXT, .flags = SHAPE_REQUIRED, .min = 1, .max = 100 },
                                    { .name = "metadata", .type = SHAPE_OBJECT, .flags = SHAPE_OPEN }, { .name = NULL } } } },
    { .name = NULL },
};

static void takes(void)
{
    cJSON *v = parse("{\"name\":\"a\",\"module_id\":\"m\",\"kind\":\"bow\",\"count\":50,\"weight\":1e9,\"config\":{\"epochs\":3,\"batch_size\":4},"
                     "\"examples\":[{\"input\":\"x\",\"metadata\":{\"any\":[1]}}]}");
    CU_ASSERT_EQUAL(shape_check(members, v, 0, NULL, &err), 0);
    CU_ASSERT_STRING_EQUAL(json_str(v, "moduleId", ""), "m");
    CU_ASSERT_PTR_NULL(json_get(v, "module_id"));
    cJSON_Delete(v);
    v = parse("{\"name\":\"a\",\"moduleId\":null,\"file\":\"x\"}");
    CU_ASSERT_EQUAL(shape_check(members, v, 1, NULL, &err), 0);
    CU_ASSERT_PTR_NULL(json_get(v, "moduleId"));
    cJSON_Delete(v);
}

/* Each fault of one request, by its path. */
static void all_faults(void)
{
    static const char *const want[][3] = {
        { "name", "not empty", "" }, { "kind", "'lineer' is none of: linear bow", "did you mean 'linear'?" }, { "count", "whole number", "" },
        { "weight", "0 or more", "" }, { "file", "not known", "" }, { "config.epochs", "", "" }, { "config.lerning_rate", "", "learningRate" },
        { "examples[0].input", "missing", "" }, { "examples[0].imput", "not known", "did you mean 'input'?" }, { "examples[1]", "expected an object", "" },
        { "cuont", "not known", "did you mean 'count'?" },
    };
    cJSON *faults = cJSON_CreateArray(), *v = parse("{\"name\":\"\",\"kind\":\"lineer\",\"count\":1.5,\"weight\":-1,\"file\":\"x\",\"config\":{\"epochs\":0,"
                     "\"lerning_rate\":1},\"examples\":[{\"imput\":\"x\"},3],\"cuont\":1}");
    CU_ASSERT_EQUAL(shape_check(members, v, 0, faults, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "(and 10 more)"));
    CU_ASSERT_EQUAL(cJSON_GetArraySize(faults), (int)(sizeof want / sizeof want[0]));
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const cJSON *f, *hit = NULL;
        cJSON_ArrayForEach(f, faults)
            if (strcmp(json_str(f, "path", ""), want[i][0]) == 0)
                hit = f;
        if (!hit || !strstr(json_str(hit, "message", ""), want[i][1]) || !strstr(json_str(hit, "fix", ""), want[i][2]))
            fprintf(stderr, "\n    %s: %s; %s\n", want[i][0], json_str(hit, "message", "no such fault"), json_str(hit, "fix", ""));
        CU_ASSERT_TRUE(hit && strstr(json_str(hit, "message", ""), want[i][1]) && strstr(json_str(hit, "fix", ""), want[i][2]));
    }
    cJSON_Delete(v);
    cJSON_Delete(faults);
}

/* At the edge of each limit. */
static void limits(void)
{
    static const struct {
        const char *text;
        int fine;
    } cases[] = {
        { "{\"name\":\"0123456789\"}", 1 }, { "{\"name\":\"0123456789a\"}", 0 }, { "{\"name\":\"a\",\"count\":0}", 0 }, { "{\"name\":\"a\",\"count\":51}", 0 },
        { "{\"name\":\"a\",\"count\":1}", 1 }, { "{\"name\":\"a\",\"examples\":[]}", 0 }, { "{\"name\":\"a\",\"weight\":0}", 1 },
        { "{\"name\":\"a\",\"examples\":[{\"input\":\"x\"},{\"input\":\"x\"},{\"input\":\"x\"}]}", 1 },
        { "{\"name\":\"a\",\"examples\":[{\"input\":\"x\"},{\"input\":\"x\"},{\"input\":\"x\"},{\"input\":\"x\"}]}", 0 },
        { "{\"name\":null}", 0 }, { "{\"name\":\"a\",\"moduleId\":\"m\",\"module_id\":\"m\"}", 0 }, { "{\"name\":\"a\",\"count\":\"3\"}", 0 }, { "{}", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *v = parse(cases[i].text);
        int rc = shape_check(members, v, 0, NULL, &err);
        if ((rc == 0) != cases[i].fine)
            fprintf(stderr, "\n    %s: %d\n", cases[i].text, rc);
        CU_ASSERT_EQUAL(rc, cases[i].fine ? 0 : HONE_EINVAL);
        cJSON_Delete(v);
    }
    cJSON *list = cJSON_CreateArray();
    CU_ASSERT_EQUAL(shape_check(members, list, 0, NULL, &err), HONE_EINVAL);
    cJSON_Delete(list);
}

/* Not more than a hundred faults are told, and all are counted. */
static void many_faults(void)
{
    cJSON *v = parse("{\"name\":\"a\"}"), *faults = cJSON_CreateArray();
    for (int i = 0; i < 150; i++) {
        char name[24];
        snprintf(name, sizeof name, "unheard_of_%d", i);
        json_put_int(v, name, i);
    }
    CU_ASSERT_EQUAL(shape_check(members, v, 0, faults, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(faults), SHAPE_FAULTS);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "(and 149 more)"));
    cJSON_Delete(v);
    cJSON_Delete(faults);
}

static void answers_match(void)
{
    cJSON *v = parse("{\"name\":\"a\",\"module_id\":\"m\"}");
    CU_ASSERT_EQUAL(shape_matches(members, v, NULL, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(json_get(v, "module_id"));
    cJSON_Delete(v);
}

static void schema(void)
{
    cJSON *s = shape_schema(members);
    const cJSON *p = json_get(s, "properties"), *count = json_get(p, "count");
    CU_ASSERT_STRING_EQUAL(json_str(s, "type", ""), "object");
    CU_ASSERT_EQUAL(json_bool(s, "additionalProperties", 1), 0);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(s, "required")), 1);
    CU_ASSERT_STRING_EQUAL(json_str(count, "type", ""), "integer");
    CU_ASSERT_EQUAL(json_int(count, "minimum", 0), 1);
    CU_ASSERT_EQUAL(json_int(count, "maximum", 0), 50);
    CU_ASSERT_EQUAL(json_int(count, "default", 0), 10);
    CU_ASSERT_EQUAL(json_int(json_get(p, "name"), "minLength", 0), 1);
    CU_ASSERT_TRUE(cJSON_IsArray(json_get(json_get(p, "moduleId"), "type")));
    CU_ASSERT_PTR_NULL(json_get(p, "file"));
    CU_ASSERT_PTR_NULL(json_get(json_get(p, "weight"), "maximum"));
    CU_ASSERT_EQUAL(json_int(json_get(json_get(json_get(p, "config"), "properties"), "epochs"), "maximum", 0), 10000);
    CU_ASSERT_STRING_EQUAL(json_str(json_get(json_get(p, "examples"), "items"), "type", ""), "object");
    cJSON_Delete(s);
}

/* ---- the table and the entry ---- */

static void table(void)
{
    for (const struct api_function *f = api_functions; f->name; f++) {
        CU_ASSERT_PTR_EQUAL(api_function_find(f->name, NULL), f); /* no name twice */
        CU_ASSERT_PTR_NOT_NULL(f->run);
        CU_ASSERT_PTR_NOT_NULL(f->in);
        CU_ASSERT_PTR_NOT_NULL(f->out);
        CU_ASSERT_TRUE(f->brief && f->brief[strlen(f->brief) - 1] == '.');
        CU_ASSERT_TRUE(!(f->flags & API_CREATES) || (f->flags & API_CHANGES));
        for (const struct shape *m = f->in; m->name; m++)
            CU_ASSERT_TRUE(m->doc && m->doc[strlen(m->doc) - 1] == '.');
    }
}

static int call(const char *function, const char *in, enum api_scope scope, struct api_answer *answer)
{
    struct api a = { .state_dir = "/tmp/hone-there-is-no-state" };
    cJSON *v = in ? parse(in) : NULL;
    int rc = api_call_function(&a, &(struct api_call){ .function = function, .in = v, .scope = scope }, answer, &err);
    cJSON_Delete(v);
    return rc;
}

static void entry(void)
{
    struct api_answer r;
    CU_ASSERT_EQUAL(call("listAgents", NULL, API_READ, &r), 0);
    CU_ASSERT_EQUAL(r.status, 200);
    CU_ASSERT_TRUE(cJSON_IsArray(json_get(r.data, "agents")));
    api_answer_free(&r);
    CU_ASSERT_EQUAL(call("listAgnets", NULL, API_READ, &r), ERR_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "did you mean listAgents?"));
    CU_ASSERT_EQUAL(r.status, 404);
    CU_ASSERT_STRING_EQUAL(r.code, "NOT_FOUND");
    api_answer_free(&r);
    CU_ASSERT_EQUAL(call("monitorTrainingProgress", "{\"job\":1}", API_READ, &r), HONE_EINVAL);
    CU_ASSERT_EQUAL(r.status, 422);
    CU_ASSERT_STRING_EQUAL(r.code, "VALIDATION_ERROR");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(r.details), 2);
    CU_ASSERT_PTR_NULL(r.data);
    api_answer_free(&r);
    CU_ASSERT_EQUAL(call("cancelTrainingJob", "{\"job_id\":\"job_1234\"}", API_READ, &r), ERR_AUTH);
    CU_ASSERT_EQUAL(r.status, 401);
    CU_ASSERT_STRING_EQUAL(r.code, "UNAUTHORIZED");
    api_answer_free(&r);
    CU_ASSERT_EQUAL(call("cancelTrainingJob", "{\"job_id\":\"job_1234\"}", API_ADMIN, &r), ERR_NOT_FOUND);
    api_answer_free(&r);
    api_answer_free(NULL);
}

/* Exactly the seven codes of the document, each with its status. */
struct ended {
    int calls, rc, status;
    char code[24], text[512];
    cJSON *data;
};

static void note_end(void *arg, int rc, struct api_answer *answer, const struct hone_err *e)
{
    struct ended *d = arg;
    d->calls++;
    d->rc = rc;
    d->status = answer->status;
    snprintf(d->code, sizeof d->code, "%s", answer->code ? answer->code : "");
    snprintf(d->text, sizeof d->text, "%s", rc < 0 ? e->text : "");
    d->data = answer->data;
    answer->data = NULL;
}

/* What has no way to begin runs at once and ends once, well or not. */
static void begun(void)
{
    struct api a = { .state_dir = "/nonexistent/state" };
    struct ended d = { 0 };
    api_begin_function(&a, &(struct api_call){ .function = "listAgent", .scope = API_ADMIN }, note_end, &d);
    CU_ASSERT_EQUAL(d.calls, 1);
    CU_ASSERT_EQUAL(d.status, 404);
    CU_ASSERT_STRING_EQUAL(d.code, "NOT_FOUND");
    CU_ASSERT_PTR_NOT_NULL(strstr(d.text, "did you mean listAgents"));
    cJSON *in = parse("{}");
    api_begin_function(&a, &(struct api_call){ .function = "invokeAgent", .in = in, .scope = API_READ }, note_end, &d);
    CU_ASSERT_EQUAL(d.calls, 2);
    CU_ASSERT_EQUAL(d.status, 422);
    CU_ASSERT_PTR_NOT_NULL(strstr(d.text, "agent_id"));
    cJSON_Delete(in);
    CU_ASSERT_PTR_NULL(d.data);
    api_begin_function(&a, &(struct api_call){ .function = "listAgents", .scope = API_READ }, note_end, &d);
    CU_ASSERT_EQUAL(d.calls, 3);
    CU_ASSERT_EQUAL(d.rc < 0, d.data == NULL);
    cJSON_Delete(d.data);
}

static void seven_codes(void)
{
    static const struct {
        int code, status;
    } cases[] = {
        { HONE_EINVAL, 422 }, { ERR_USAGE, 422 }, { ERR_NOT_FOUND, 404 }, { ERR_CONFLICT, 409 }, { ERR_PRECONDITION, 412 }, { ERR_QUOTA, 429 },
        { ERR_AUTH, 401 }, { ERR_JOB_FAILED, 500 }, { ERR_CORRUPT, 500 }, { ERR_PLUGIN, 500 }, { HONE_EIO, 500 }, { HONE_ENOMEM, 500 }, { -999, 500 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(api_status(cases[i].code), cases[i].status);
}

int test_functions(void)
{
    CU_pSuite suite = CU_add_suite("functions", NULL, NULL);
    int ok = suite && CU_add_test(suite, "takes", takes) && CU_add_test(suite, "all faults", all_faults) && CU_add_test(suite, "limits", limits) &&
             CU_add_test(suite, "many faults", many_faults) && CU_add_test(suite, "answers match", answers_match) &&
             CU_add_test(suite, "schema", schema) && CU_add_test(suite, "table", table) && CU_add_test(suite, "entry", entry) && CU_add_test(suite, "begun", begun) &&
             CU_add_test(suite, "seven codes", seven_codes);
    return ok ? 0 : -1;
}
