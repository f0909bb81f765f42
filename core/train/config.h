/* The training configuration: one table of keys with type, default, range and doc. From it come validation, defaults,
 * aliases, `hone config`, help and documentation. No plugin is needed to read it; settings of plugins are checked when
 * the worker has loaded them. */
#ifndef TRAIN_CONFIG_H
#define TRAIN_CONFIG_H
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

enum config_type { CONFIG_INT, CONFIG_REAL, CONFIG_BOOL, CONFIG_STR, CONFIG_OBJECT, CONFIG_LIST };

struct config_key {
    const char *name;            /* camelCase, as on the wire */
    const char *aliases;         /* blank-separated: snake_case is always accepted and not listed */
    enum config_type type;
    double dflt, min, max;       /* CONFIG_BOOL uses dflt; NaN: none; min and max included unless open_min */
    int open_min;
    const char *sdflt;           /* CONFIG_STR; NULL: none */
    const char *doc;             /* one sentence, with the unit */
};
extern const struct config_key config_keys[];
extern const int n_config_keys;
/* By name, snake_case or alias; NULL when unknown. */
const struct config_key *config_key_find(const char *name);
/* "batchSize" as "batch_size". [any, pure] */
void config_snake(const char *name, char *out, size_t size);

struct config_fault {
    char path[128];              /* "config.epochs" */
    char text[256];              /* what was found, what is expected */
    char fix[128];               /* may be empty */
};

/* Checks one value of a key. *norm gets it in its stored form (free with cJSON_Delete), or NULL where it stands for the default
 * (null, and "auto" for numbers). 0, or HONE_EINVAL with text and fix of *fault filled; *norm is NULL then. */
int config_value(const struct config_key *key, const cJSON *value, cJSON **norm, struct config_fault *fault);
/* The key most like `name` (canonical), or NULL. */
const char *config_key_nearest(const char *name);
/* "a whole number from 1 to 10000" */
void config_expected(const struct config_key *key, char *out, size_t size);
/* The default as it is resolved here; null when there is none. Free with cJSON_Delete(). */
cJSON *config_default(const struct config_key *key);

struct train_config {
    int64_t epochs, batch_size, patience, checkpoint_interval, warmup_steps, gradient_accumulation, seed, threads,
        max_duration_ms, memory_mb, calibration_folds;
    double learning_rate, validation_split, warmup_ratio, max_grad_norm, label_smoothing, min_delta;
    double max_grad_value, max_tensor_grad_norm, adaptive_grad_clip, averaging_decay, averaging_start, target_precision;
    const char *weight_averaging;
    double weight_decay;         /* -1: the optimizer's own */
    int learning_rate_given;     /* 0: learning_rate is the table's; the optimizer's own holds */
    int early_stopping, restore_best, use_data_augmentation;
    const char *training_type, *optimizer, *scheduler_type, *model, *monitor, *preset, *base;
    const cJSON *model_options, *optimizer_options, *scheduler_options, *paradigm_options,
        *tensor_options;         /* objects or NULL */
    const cJSON *freeze_layers;  /* list of strings or NULL */
    cJSON *resolved;             /* every key with its value, canonical names; the pointers above point into it */
};

/* Checks `given` (an object with any accepted names; NULL is {}) and fills c with all defaults resolved. At most max_faults
 * faults go to `faults`. Returns 0, or HONE_EINVAL with *n_faults > 0 and err naming the first. Free with config_free(). */
int config_resolve(struct train_config *c, const cJSON *given, struct config_fault *faults, int max_faults, int *n_faults,
                   struct hone_err *err);
void config_free(struct train_config *c);

#endif
