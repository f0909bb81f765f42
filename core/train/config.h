/* The training configuration: one table of keys with type, default, range and doc. From it come validation, defaults,
 * aliases, `hone config`, help and documentation. No plugin is needed to read it; settings of plugins are checked when
 * the worker has loaded them. */
#ifndef TRAIN_CONFIG_H
#define TRAIN_CONFIG_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

enum config_type { CONFIG_INT, CONFIG_REAL, CONFIG_BOOL, CONFIG_STR, CONFIG_OBJECT, CONFIG_LIST };

struct config_key {
    const char *name;            /* camelCase, as on the wire */
    const char *aliases;         /* blank-separated: snake_case is always accepted and not listed */
    enum config_type type;
    double dflt, min, max;       /* CONFIG_BOOL uses dflt; min and max included unless open_min */
    int open_min;
    const char *sdflt;           /* CONFIG_STR; NULL: none */
    const char *doc;             /* one sentence, with the unit */
};
extern const struct config_key config_keys[];
extern const int n_config_keys;
/* By name, snake_case or alias; NULL when unknown. */
const struct config_key *config_key_find(const char *name);

struct config_fault {
    char path[128];              /* "config.epochs" */
    char text[256];              /* what was found, what is expected */
    char fix[128];               /* may be empty */
};

struct train_config {
    int64_t epochs, batch_size, patience, checkpoint_interval, warmup_steps, gradient_accumulation, seed, threads,
        max_duration_ms, memory_mb;
    double learning_rate, validation_split, warmup_ratio, max_grad_norm, weight_decay, label_smoothing, min_delta;
    int early_stopping, restore_best, use_data_augmentation;
    const char *training_type, *optimizer, *scheduler_type, *model, *monitor, *preset, *base;
    const cJSON *model_options, *optimizer_options, *scheduler_options, *paradigm_options; /* objects or NULL */
    const cJSON *freeze_layers;  /* list of strings or NULL */
    cJSON *resolved;             /* every key with its value, canonical names; the pointers above point into it */
};

/* Checks `given` (an object with any accepted names; NULL is {}) and fills c with all defaults resolved. At most max_faults
 * faults go to `faults`. Returns 0, or HONE_EINVAL with *n_faults > 0 and err naming the first. Free with config_free(). */
int config_resolve(struct train_config *c, const cJSON *given, struct config_fault *faults, int max_faults, int *n_faults,
                   struct hone_err *err);
void config_free(struct train_config *c);

#endif
