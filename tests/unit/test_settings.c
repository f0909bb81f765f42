/* Settings blocks: defaults, values, names, ranges, messages. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/registry.h"
#include "tests/unit/suites.h"

struct conf {
    double lr, share;
    int64_t steps, nesterov, mode;
    const char *label;
    double weight_decay;
};

static const char *const modes[] = { "plain", "smooth", "sharp", NULL };

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE, 0.1, 0, 10, "step size"),
    HONE_ROW(struct conf, share, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.5, 0, 1, "a share"),
    HONE_ROW(struct conf, steps, HONE_INT, 0, 10, 1, 1000, "how many"),
    HONE_ROW(struct conf, nesterov, HONE_BOOL, 0, 1, 0, 0, "look ahead"),
    HONE_ROW_CHOICE(struct conf, mode, 0, 1, modes, "which"),
    HONE_ROW_STR(struct conf, label, 0, "none", "a name"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "decay"),
};

static int check_conf(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    return c->steps == 13 ? hone_fail(err, HONE_EINVAL, "steps must not be 13") : 0;
}

static const struct hone_item item =
    HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "toy", "a toy", NULL, table, struct conf, 0, check_conf);

static struct conf *make(const char *json, struct hone_err *err)
{
    cJSON *values = json ? json_parse(json, strlen(json), "test", err) : NULL;
    struct conf *c = settings_new(&item, values, err);
    cJSON_Delete(values);
    return c;
}

/* The values are refused with a sentence that holds `text`. */
static void refused(const char *json, const char *text)
{
    struct hone_err err = { 0 };
    struct conf *c = make(json, &err);
    CU_ASSERT_PTR_NULL(c);
    CU_ASSERT_EQUAL(err.code, HONE_EINVAL);
    if (!strstr(err.text, text))
        printf("\n  %s: expected '%s' in '%s'\n", json, text, err.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, text));
    settings_free(&item, c);
}

static void defaults(void)
{
    struct hone_err err = { 0 };
    struct conf *c = make(NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->lr, 0.1);
    CU_ASSERT_EQUAL(c->share, 0.5);
    CU_ASSERT_EQUAL(c->steps, 10);
    CU_ASSERT_EQUAL(c->nesterov, 1);
    CU_ASSERT_EQUAL(c->mode, 1);
    CU_ASSERT_STRING_EQUAL(c->label, "none");
    CU_ASSERT_EQUAL((uintptr_t)c % 8, 0);
    settings_free(&item, c);
}

static void values(void)
{
    struct hone_err err = { 0 };
    struct conf *c = make("{\"lr\": 10, \"steps\": 1000, \"nesterov\": false, \"mode\": \"sharp\", \"label\": \"\\u00e4\", "
                          "\"weightDecay\": 0.25, \"share\": null}", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->lr, 10);
    CU_ASSERT_EQUAL(c->steps, 1000);
    CU_ASSERT_EQUAL(c->nesterov, 0);
    CU_ASSERT_EQUAL(c->mode, 2);
    CU_ASSERT_STRING_EQUAL(c->label, "\xc3\xa4");
    CU_ASSERT_EQUAL(c->weight_decay, 0.25);
    CU_ASSERT_EQUAL(c->share, 0.5);
    cJSON *back = settings_json(&item, c);
    char *text = json_text(back, 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"lr\":10,\"share\":0.5,\"steps\":1000,\"nesterov\":false,\"mode\":\"sharp\","
                                 "\"label\":\"\xc3\xa4\",\"weight_decay\":0.25}");
    struct conf *again = settings_new(&item, back, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(again->mode, 2);
    settings_free(&item, again);
    free(text);
    cJSON_Delete(back);
    settings_free(&item, c);
}

static void refusals(void)
{
    refused("{\"lr\": -1}", "toy: lr = -1 is outside [0, 10]");
    refused("{\"lr\": 10.5}", "lr = 10.5 is outside [0, 10]");
    refused("{\"share\": 0}", "share = 0 is outside (0, 1)");
    refused("{\"share\": 1}", "outside (0, 1)");
    refused("{\"lr\": \"0.1\"}", "lr must be a number, found \"0.1\"");
    refused("{\"steps\": 1.5}", "steps must be a whole number, found 1.5");
    refused("{\"steps\": 0}", "steps = 0 is outside [1, 1000]");
    refused("{\"nesterov\": 1}", "nesterov must be true or false, found 1");
    refused("{\"mode\": \"smoth\"}", "mode has no choice 'smoth'; did you mean 'smooth'? choices: plain, smooth, sharp");
    refused("{\"mode\": 1}", "mode must be one of its choices");
    refused("{\"label\": []}", "label must be a string, found []");
    refused("{\"weight_decy\": 0.1}", "toy: it has no setting 'weight_decy'; did you mean 'weight_decay'?");
    refused("{\"zzzzzz\": 0.1}", "it has: lr, share, steps");
    refused("{\"weightDecay\": 0.1, \"weight_decay\": 0.2}", "weight_decay is given twice");
    refused("{\"steps\": 13}", "toy: steps must not be 13");
    refused("[1]", "must be an object");
}

static void required(void)
{
    static const struct hone_param rows[] = {
        HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_REQUIRED, 0, 0, 10, "step size"),
    };
    static const struct hone_item strict =
        HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "strict", "has no default", NULL, rows, struct conf, 0, NULL);
    struct hone_err err = { 0 };
    CU_ASSERT_PTR_NULL(settings_new(&strict, NULL, &err));
    CU_ASSERT_STRING_EQUAL(err.text, "strict: lr has no default and must be given (step size)");
}

static void plain_item(void)
{
    static const struct hone_item none =
        HONE_ITEM_PLAIN(struct hone_optimizer, HONE_OPTIMIZER, "none", "has no settings", NULL, 0);
    struct hone_err err = { 0 };
    void *conf = settings_new(&none, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL(conf);
    cJSON *j = settings_json(&none, conf);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(j), 0);
    CU_ASSERT_PTR_NULL(settings_param(&none, "lr"));
    cJSON_Delete(j);
    settings_free(&none, conf);
}

static void set_real(void)
{
    struct hone_err err = { 0 };
    struct conf *c = make(NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    settings_set_real(&item, c, "lr", 3.5);
    CU_ASSERT_EQUAL(c->lr, 3.5);
    settings_set_real(&item, c, "lr", 99);
    CU_ASSERT_EQUAL(c->lr, 10);
    settings_set_real(&item, c, "lr", -1);
    CU_ASSERT_EQUAL(c->lr, 0);
    settings_set_real(&item, c, "share", 7);
    CU_ASSERT(c->share < 1 && c->share > 0.999);
    settings_set_real(&item, c, "lr", NAN);
    CU_ASSERT_EQUAL(c->lr, 0);
    settings_set_real(&item, c, "absent", 1);
    settings_free(&item, c);
}

static void names(void)
{
    CU_ASSERT_PTR_EQUAL(settings_param(&item, "weightDecay"), &table[6]);
    CU_ASSERT_PTR_EQUAL(settings_param(&item, "weight_decay"), &table[6]);
    CU_ASSERT_PTR_NULL(settings_param(&item, "weightdecay"));
    CU_ASSERT_PTR_NULL(settings_param(&item, "weight_decay_"));
    CU_ASSERT_PTR_NULL(settings_param(&item, "weight"));
    CU_ASSERT_PTR_NULL(settings_param(&item, ""));
    CU_ASSERT_STRING_EQUAL(kind_name(HONE_OPTIMIZER), "optimizer");
    CU_ASSERT_PTR_NULL(kind_name(0));
    CU_ASSERT_PTR_NULL(kind_name(99));
    CU_ASSERT_EQUAL(kind_of_name("report"), HONE_REPORT);
    CU_ASSERT_EQUAL(kind_of_name("repot"), 0);
}

int test_settings(void)
{
    CU_pSuite s = CU_add_suite("settings", NULL, NULL);
    int ok = s && CU_add_test(s, "defaults", defaults) && CU_add_test(s, "values", values) &&
             CU_add_test(s, "refusals", refusals) && CU_add_test(s, "required", required) &&
             CU_add_test(s, "an item without settings", plain_item) && CU_add_test(s, "set_real", set_real) &&
             CU_add_test(s, "names", names);
    return ok ? 0 : -1;
}
