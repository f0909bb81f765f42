/* Settings files, presets, pipelines, sweeps, expressions. See fuzz.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/conf.h"
#include "core/api/pipe.h"
#include "core/api/settings.h"
#include "core/api/sweep.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/train/config.h"
#include "tests/fuzz/fuzz.h"

static cJSON *parsed(const char *name, const uint8_t *bytes, size_t n, cJSON **lines)
{
    struct hone_err err = { 0 };
    cJSON *v = conf_read(fuzz_file(name, bytes, n), lines, &err);
    REQUIRE(v || *err.text);
    return v;
}

/* All layers with this file on top: either settings that can be shown, or a sentence. */
static void settings(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    cJSON *faults = cJSON_CreateArray();
    char path[200];
    snprintf(path, sizeof path, "%s", fuzz_file("hone.conf", bytes, n));
    setenv("HOME", fuzz_dir(), 1);
    setenv("HONE_SYSCONFDIR", fuzz_dir(), 1);
    struct settings *s = settings_load(&(struct settings_flags){ .config_file = path, .state = fuzz_dir() }, faults, &err);
    REQUIRE(s || *err.text);
    REQUIRE(!s || cJSON_GetArraySize(faults) == 0);
    if (s) {
        cJSON *shown = settings_show(s);
        char *text = json_text(shown, 0);
        REQUIRE(text != NULL);
        free(text);
        cJSON_Delete(shown);
        settings_close(s);
    }
    cJSON_Delete(faults);
}

/* A training configuration as JSON: what is resolved, or faults with keys. */
static void training(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    struct train_config config;
    struct config_fault fault[8];
    int faults = 0;
    cJSON *v = json_parse((const char *)bytes, n, "config", &err);
    if (cJSON_IsObject(v) && config_resolve(&config, v, fault, 8, &faults, &err) == 0)
        config_free(&config);
    else
        REQUIRE(*err.text != '\0' || v);
    cJSON_Delete(v);
}

/* A definition of a pipeline, libconfig or JSON. */
static void pipeline(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    struct pipe_plan p = { 0 };
    cJSON *lines = NULL, *faults = cJSON_CreateArray();
    cJSON *def = parsed("p.conf", bytes, n, &lines);
    if (def) {
        int rc = pipe_plan_make(&p, def, lines, "p.conf", faults, &err);
        REQUIRE((rc == 0) == (cJSON_GetArraySize(faults) == 0) && (rc == 0 || *err.text));
        for (int i = 0; rc == 0 && i < p.n; i++) {
            for (int part = 0; part < p.step[i].n_parts; part++)
                cJSON_Delete(pipe_params(&p.step[i], part));
        }
        pipe_plan_free(&p);
    }
    cJSON_Delete(lines);
    cJSON_Delete(faults);
}

static void sweep(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    cJSON *lines = NULL, *faults = cJSON_CreateArray();
    cJSON *def = parsed("s.conf", bytes, n, &lines);
    if (def) {
        int rc = sweep_check(def, lines, "s.conf", faults, &err);
        REQUIRE((rc == 0) == (cJSON_GetArraySize(faults) == 0) && (rc == 0 || *err.text));
    }
    cJSON_Delete(def);
    cJSON_Delete(lines);
    cJSON_Delete(faults);
}

static cJSON *world;

static const cJSON *value(void *arg, const char *name, struct hone_err *err)
{
    const cJSON *v = json_get(world, name);
    (void)arg;
    if (!v)
        hone_fail(err, strcmp(name, "later") == 0 ? ERR_NOT_FOUND : HONE_EINVAL, "'%.100s' is not known", name);
    return v;
}

/* What the grammar refuses is not evaluated; what is, gives JSON. The same within a text. */
static void expression(const uint8_t *bytes, size_t n)
{
    static const char text[] = "{\"n\":3,\"word\":\"a b\",\"yes\":true,\"nil\":null,\"list\":[2,5,5,1],\"train\":[{\"job_id\":\"j0\",\"m\":{\"acc\":0.5}}]}";
    static const struct expr_names names = { .value = value };
    struct hone_err err = { 0 };
    if (!world)
        REQUIRE((world = json_parse(text, sizeof text - 1, "world", &err)) != NULL);
    char *s = fuzz_string(bytes, n);
    int grammar = expr_check(s, &(struct expr_names){ 0 }, &err);
    cJSON *v = expr_eval(s, &names, &err);
    REQUIRE(v || *err.text);
    REQUIRE(!v || grammar == 0);
    cJSON_Delete(v);
    if (utf8_invalid_at(s, strlen(s)) == strlen(s)) {
        cJSON *whole = cJSON_CreateString(s);
        int refers = expr_refers(whole);
        v = expr_fill(whole, &names, &err);
        REQUIRE(refers || (v && (strstr(s, "$${") || fuzz_same(v, whole))));
        cJSON_Delete(v);
        cJSON_Delete(whole);
    }
    free(s);
}

const struct fuzz_target fuzz_conf[] = {
    { "settings", settings }, { "training", training }, { "pipeline", pipeline }, { "sweep", sweep }, { "expression", expression }, { NULL, NULL },
};
