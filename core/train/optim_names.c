/* Names of optimizers with the defaults of other libraries: "keras:adam" is adam with what Keras takes where nothing is said. See
 * run_plugins.c, and task_probe.c, which lists them. */
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/run.h"

/* Where a library's default is that of the plugin, there is nothing to list. */
static const struct {
    const char *name, *item, *options;
} names[] = {
    { "torch:adadelta", "adadelta", "{}" }, { "torch:adafactor", "adafactor", "{}" }, { "torch:adagrad", "adagrad", "{}" },
    { "torch:adam", "adam", "{}" }, { "torch:adamax", "adamax", "{}" }, { "torch:adamw", "adamw", "{}" }, { "torch:asgd", "asgd", "{}" },
    { "torch:lbfgs", "lbfgs", "{\"line_search\":\"none\",\"history_size\":100}" }, { "torch:muon", "muon", "{}" }, { "torch:nadam", "nadam", "{}" },
    { "torch:radam", "radam", "{}" }, { "torch:rmsprop", "rmsprop", "{}" }, { "torch:rprop", "rprop", "{}" }, { "torch:sgd", "sgd", "{}" },
    { "keras:adadelta", "adadelta", "{\"lr\":0.001,\"rho\":0.95,\"eps\":1e-7}" },
    { "keras:adafactor", "adafactor", "{\"lr\":0.001,\"eps1\":1e-15}" },
    { "keras:adagrad", "adagrad", "{\"lr\":0.001,\"initial_accumulator_value\":0.1,\"eps\":1e-7}" },
    { "keras:adam", "adam", "{\"eps\":1e-7}" }, { "keras:adamax", "adamax", "{\"lr\":0.001,\"eps\":1e-7}" },
    { "keras:adamw", "adamw", "{\"eps\":1e-7,\"weight_decay\":0.004}" }, { "keras:ftrl", "ftrl", "{}" },
    { "keras:lamb", "lamb", "{\"eps\":1e-7}" }, { "keras:lion", "lion", "{\"weight_decay\":0}" },
    { "keras:nadam", "nadam", "{\"lr\":0.001,\"eps\":1e-7}" }, { "keras:rmsprop", "rmsprop", "{\"lr\":0.001,\"alpha\":0.9,\"eps\":1e-7}" },
    { "keras:sgd", "sgd", "{\"lr\":0.01}" },
    { "optax:adabelief", "adabelief", "{}" }, { "optax:adadelta", "adadelta", "{\"lr\":1}" },
    { "optax:adagrad", "adagrad", "{\"initial_accumulator_value\":0.1,\"eps\":1e-7}" }, { "optax:adam", "adam", "{}" },
    { "optax:adamax", "adamax", "{\"lr\":0.001}" }, { "optax:adamw", "adamw", "{\"weight_decay\":0.0001}" }, { "optax:adan", "adan", "{}" },
    { "optax:ademamix", "ademamix", "{}" }, { "optax:adopt", "adopt", "{}" }, { "optax:amsgrad", "adam", "{\"amsgrad\":true}" },
    { "optax:cocob", "cocob", "{}" }, { "optax:dadapt_adamw", "dadapt_adam", "{}" }, { "optax:dog", "dog", "{}" },
    { "optax:fromage", "fromage", "{}" }, { "optax:lamb", "lamb", "{}" }, { "optax:lars", "lars", "{}" },
    { "optax:lbfgs", "lbfgs", "{\"history_size\":10}" }, { "optax:lion", "lion", "{}" }, { "optax:madgrad", "madgrad", "{}" },
    { "optax:nadam", "nadam", "{\"lr\":0.001}" }, { "optax:novograd", "novograd", "{}" }, { "optax:prodigy", "prodigy", "{}" },
    { "optax:radam", "radam", "{}" }, { "optax:rmsprop", "rmsprop", "{\"lr\":0.001,\"alpha\":0.9}" }, { "optax:rprop", "rprop", "{\"lr\":0.001}" },
    { "optax:schedule_free_adamw", "schedule_free_adamw", "{}" }, { "optax:schedule_free_sgd", "schedule_free_sgd", "{}" },
    { "optax:sgd", "sgd", "{}" }, { "optax:sign_sgd", "signsgd", "{}" }, { "optax:signum", "signum", "{}" }, { "optax:sm3", "sm3", "{}" },
    { "optax:sophia", "sophia", "{}" }, { "optax:yogi", "yogi", "{}" },
};

static const char *unknown_name(const char *name, size_t library, struct hone_err *err)
{
    char list[400];
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && n < sizeof list; i++)
        if (strncmp(names[i].name, name, library) == 0)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", names[i].name + library);
    hone_fail(err, HONE_EINVAL, "no optimizer '%.60s'; of %.*s there are: %s", name, (int)library - 1, name, list);
    return NULL;
}

const char *optimizer_alias(const char *name, const char **options, struct hone_err *err)
{
    static const char *const libraries[] = { "torch:", "keras:", "optax:" };
    *options = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, name) == 0) {
            *options = names[i].options;
            return names[i].item;
        }
    for (size_t i = 0; i < 3; i++)
        if (strncmp(name, libraries[i], 6) == 0)
            return unknown_name(name, 6, err);
    return name;
}

cJSON *optimizer_aliases(void)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct hone_err err = { 0 };
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "name", names[i].name);
        json_put_str(o, "item", names[i].item);
        json_put(o, "options", json_parse(names[i].options, strlen(names[i].options), names[i].name, &err));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}
