/* Settings of single tensors, chosen by name: freezeLayers and tensorOptions. Called while a run opens. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/registry.h"
#include "core/train/run.h"

/* The first entry whose name matches, or NULL. */
static const cJSON *entry_of(const struct run *r, const char *tensor)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, r->config.tensor_options) {
        if (fnmatch(e->string, tensor, 0) == 0)
            return e;
    }
    return NULL;
}

static int no_match(const struct run *r, const char *key, const char *pattern, struct hone_err *err)
{
    const struct tensors *ts = &r->learner.tensors;
    char names[400] = "";
    size_t n = 0;
    for (int64_t i = 0; i < ts->n && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", ts->t[i].name);
    return hone_fail(err, HONE_EINVAL, "config.%s: no tensor of model '%s' matches '%s'; it has: %s", key, r->learner.model->item.name,
                     pattern, names);
}

/* Marks all tensors that match; how many there are. */
static int64_t mark(struct run *r, const char *pattern)
{
    int64_t hits = 0;
    for (int64_t i = 0; i < r->learner.tensors.n; i++)
        if (fnmatch(pattern, r->learner.tensors.t[i].name, 0) == 0) {
            r->learner.tensors.t[i].flags |= HONE_W_FROZEN;
            hits++;
        }
    return hits;
}

static int check_entry(const struct run *r, const cJSON *e, struct hone_err *err)
{
    const struct tensors *ts = &r->learner.tensors;
    const cJSON *v;
    int hits = 0;
    if (!cJSON_IsObject(e))
        return hone_fail(err, HONE_EINVAL, "config.tensorOptions.%s: expected an object such as {\"learningRate\": 0.01}", e->string);
    for (int64_t i = 0; i < ts->n; i++)
        hits += fnmatch(e->string, ts->t[i].name, 0) == 0;
    if (!hits)
        return no_match(r, "tensorOptions", e->string, err);
    cJSON_ArrayForEach(v, e) {
        int number = strcmp(v->string, "learningRate") == 0 || strcmp(v->string, "weightDecay") == 0;
        if (!number && strcmp(v->string, "freeze") != 0)
            return hone_fail(err, HONE_EINVAL, "config.tensorOptions.%s.%s: unknown; expected learningRate, weightDecay or freeze", e->string,
                             v->string);
        if (number ? !cJSON_IsNumber(v) || v->valuedouble < 0 : !cJSON_IsBool(v))
            return hone_fail(err, HONE_EINVAL, "config.tensorOptions.%s.%s: expected %s", e->string, v->string,
                             number ? "a number of at least 0" : "true or false");
    }
    return 0;
}

int run_freeze(struct run *r, struct hone_err *err)
{
    const cJSON *pattern, *e;
    int64_t frozen = 0;
    cJSON_ArrayForEach(pattern, r->config.freeze_layers)
        if (!mark(r, pattern->valuestring))
            return no_match(r, "freezeLayers", pattern->valuestring, err);
    cJSON_ArrayForEach(e, r->config.tensor_options)
        if (check_entry(r, e, err) < 0)
            return err->code;
    for (int64_t i = 0; i < r->learner.tensors.n; i++) {
        struct tensor *t = &r->learner.tensors.t[i];
        if (json_bool(entry_of(r, t->name), "freeze", 0))
            t->flags |= HONE_W_FROZEN;
        frozen += (t->flags & HONE_W_FROZEN) != 0;
    }
    if (frozen && frozen == r->learner.tensors.n)
        return hone_fail(err, HONE_EINVAL, "config.freezeLayers and config.tensorOptions leave no tensor to train");
    return 0;
}

int run_tensor_options(struct run *r, struct hone_err *err)
{
    struct optim *o = r->optim.inner ? r->optim.inner : &r->optim;
    double base = r->config.learning_rate;
    for (int64_t i = 0; i < r->learner.tensors.n; i++) {
        const struct tensor *t = &r->learner.tensors.t[i];
        const cJSON *e = entry_of(r, t->name), *lr = json_get(e, "learningRate"), *decay = json_get(e, "weightDecay");
        if ((!lr && !decay) || t->flags & HONE_W_FROZEN)
            continue;
        if (o->item->minimize)
            return hone_fail(err, HONE_EINVAL, "config.tensorOptions.%s: optimizer '%s' moves all tensors by one rule; only freeze is possible "
                             "with it", e->string, o->item->item.name);
        if ((decay && !settings_param(&o->item->item, "weight_decay")) || (lr && !settings_param(&o->item->item, "lr")))
            return hone_fail(err, HONE_EINVAL, "config.tensorOptions.%s: optimizer '%s' has no %s of its own to set", e->string,
                             o->item->item.name, lr && !settings_param(&o->item->item, "lr") ? "learning rate" : "weight decay");
        if (lr && base == 0)
            return hone_fail(err, HONE_EINVAL, "config.tensorOptions.%s.learningRate: it follows the schedule of learningRate, which is 0; "
                             "give that a value above 0 and freeze what must not move", e->string);
        cJSON *own = settings_json(&o->item->item, t->flags & HONE_W_NO_DECAY ? o->conf_no_decay : o->conf);
        if (decay)
            json_put_num(own, "weight_decay", decay->valuedouble);
        void *conf = settings_new(&o->item->item, own, err);
        cJSON_Delete(own);
        if (!conf)
            return err_prefix(err, "config.tensorOptions.%s", e->string);
        if (optim_group(o, i, conf, lr ? lr->valuedouble / base : 1, err) < 0)
            return err->code;
    }
    return 0;
}
