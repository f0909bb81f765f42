/* The keys of a training configuration. From this table come validation, defaults, `hone config`, help and
 * docs/configuration.md; a test compares the last. Checking is in config.c. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include "core/train/config.h"

#define INT(name_, aliases_, d, lo, hi, doc_) \
    { .name = name_, .aliases = aliases_, .type = CONFIG_INT, .dflt = d, .min = lo, .max = hi, .doc = doc_ }
#define REAL(name_, aliases_, d, lo, hi, doc_) \
    { .name = name_, .aliases = aliases_, .type = CONFIG_REAL, .dflt = d, .min = lo, .max = hi, .doc = doc_ }
#define BOOL(name_, aliases_, d, doc_) { .name = name_, .aliases = aliases_, .type = CONFIG_BOOL, .dflt = d, .doc = doc_ }
#define STR(name_, aliases_, d, doc_) { .name = name_, .aliases = aliases_, .type = CONFIG_STR, .sdflt = d, .doc = doc_ }
#define OBJECT(name_, aliases_, doc_) { .name = name_, .aliases = aliases_, .type = CONFIG_OBJECT, .doc = doc_ }

#define EXACT 9007199254740992.0 /* 2^53 */
#define TEN_YEARS_MS 315576000000.0

const struct config_key config_keys[] = {
    INT("epochs", "n_epochs num_train_epochs num_epochs max_epochs", 10, 1, 10000,
        "How often training goes through all training rows, at most."),
    INT("batchSize", "bs train_batch_size per_device_train_batch_size", 32, 1, 65536, "Rows that one step learns from."),
    { .name = "learningRate", .aliases = "lr", .type = CONFIG_REAL, .dflt = 0.001, .min = 0, .max = 10, .open_min = 1,
      .doc = "Size of the optimizer's steps, before the scheduler. Without a value the optimizer's own default holds (adam: 0.001)." },
    REAL("validationSplit", "validation_fraction val_split", 0.2, 0, 0.9,
         "Share of the rows held out to validate on; 0 trains on all rows. Not used when a validation file is given."),
    BOOL("earlyStopping", "", 1, "Stop when `patience` evaluations passed without an improvement."),
    INT("patience", "early_stopping_patience", 3, 1, 1000, "Evaluations (one an epoch) without an improvement before stopping."),
    INT("checkpointInterval", "checkpoint_every", 5, 0, 10000,
        "Epochs between checkpoints; 0 writes none but the one of an interruption."),
    STR("trainingType", "paradigm", "supervised", "Paradigm plugin: how examples become a loss."),
    STR("optimizer", "optim", "adam", 
        "Optimizer plugin, by name or as the path of a plugin file; torch:NAME, keras:NAME and optax:NAME take that library's defaults."),
    STR("schedulerType", "scheduler lr_scheduler lr_scheduler_type", "linear",
        "Learning rate scheduler plugin, by name or as the path of a plugin file; sequence puts several together."),
    STR("model", "model_name", "auto",
        "Model plugin; auto takes linear while its tensors fit into memoryMb, else bow. The job says which and why."),
    OBJECT("modelOptions", "model_kwargs", "Settings of the model plugin; `hone plugin inspect NAME` lists them."),
    OBJECT("optimizerOptions", "optim_args optimizer_kwargs", "Settings of the optimizer plugin, such as beta1."),
    OBJECT("schedulerOptions", "lr_scheduler_kwargs scheduler_kwargs", "Settings of the scheduler plugin."),
    OBJECT("paradigmOptions", "paradigm_kwargs", "Settings of the paradigm plugin."),
    INT("warmupSteps", "num_warmup_steps", 0, 0, 1e9,
        "Steps over which the learning rate rises from 0 to learningRate; not together with warmupRatio."),
    REAL("warmupRatio", "", 0, 0, 1, "The same as a share of all steps."),
    REAL("maxGradNorm", "grad_clip gradient_clip_val clip_grad_norm", 0, 0, 1e9,
         "Longest gradient (Euclidean norm) of a step; longer ones are shortened to it. 0 leaves them as they are."),
    REAL("maxGradValue", "clip_value clipvalue gradient_clip_value", 0, 0, 1e9,
         "Greatest element of a gradient; 0 leaves them as they are."),
    REAL("maxTensorGradNorm", "clipnorm per_tensor_grad_norm", 0, 0, 1e9,
         "Longest gradient of a single tensor; 0 leaves them as they are."),
    REAL("adaptiveGradClip", "agc adaptive_grad_clip", 0, 0, 1e9,
         "Longest gradient of a row of a tensor, as a share of the length of its weights (at least 0.001); 0 leaves them as they are."),
    OBJECT("tensorOptions", "param_groups",
           "Settings by tensor: {\"bias\": {\"learningRate\": 0.01, \"weightDecay\": 0, \"freeze\": true}}; * and ? match as in a shell, the "
           "first name that matches holds."),
    STR("weightAveraging", "averaging", "none",
        "Weights that are evaluated and served: none (those of the step), ema (their exponential moving average) or swa (their mean at the "
        "ends of the last epochs)."),
    REAL("averagingDecay", "ema_decay ema_momentum", 0.999, 0, 1, "Of ema: what a step keeps of the average."),
    REAL("averagingStart", "swa_start", 0.75, 0, 1, "Of swa: share of the steps after which epochs count."),
    REAL("weightDecay", "wd", NAN, 0, 10, "Weight decay of the optimizer; without a value the optimizer's own default holds."),
    REAL("labelSmoothing", "label_smoothing_factor label_smoothing_epsilon", 0.1, 0, 0.9,
         "Share of an answer's target probability that is spread over the other answers."),
    REAL("targetPrecision", "target_accuracy_of_answers", 0, 0, 1,
         "Share of right answers that those not refused shall reach on held-out rows; sets the confidence below which the agent "
         "abstains. 0 asks for none: then only what is less sure than nearly all right answers is refused."),
    INT("calibrationFolds", "cv_folds", 0, 0, 20,
        "Where no rows are held out: parts of the rows, each of which is answered by a run on the others, to calibrate the confidence. 0 "
        "leaves it as it is; 1 is no number of parts."),
    INT("gradientAccumulation", "gradient_accumulation_steps accumulate_grad_batches", 1, 1, 65536,
        "Batches whose gradients are summed up before a step."),
    INT("seed", "random_seed random_state", 42, 0, EXACT, "Seed of the split, the order of rows and all other draws."),
    REAL("minDelta", "early_stopping_threshold early_stopping_min_delta", 0, 0, 1e9,
         "An evaluation is an improvement when it is better by more than this."),
    STR("monitor", "metric_for_best_model early_stopping_monitor", "validation_loss",
        "What early stopping and the best weights follow: validation_loss, validation_accuracy, loss or accuracy. Without "
        "validation rows the value of the training rows stands in."),
    BOOL("restoreBest", "restore_best_weights load_best_model_at_end", 1,
         "Serve the weights of the best evaluation; false serves the last ones."),
    INT("maxDurationMs", "max_time_ms", 0, 0, TEN_YEARS_MS, "Training time in milliseconds after which it ends; 0 sets no limit."),
    BOOL("useDataAugmentation", "data_augmentation", 0, "Refused when true: new examples are made beforehand, by `hone generate`, so that they can be looked at."),
    STR("preset", "", NULL, "Named set of keys that stands behind the keys of the place that names it; see `hone preset list`."),
    STR("base", "base_model init_from", NULL, "Agent, job, checkpoint, file of weights or file of word vectors that training starts from; agent:, job:, checkpoint: and file: say "
        "which of them a name is."),
    { .name = "freezeLayers", .aliases = "freeze", .type = CONFIG_LIST,
      .doc = "Names of tensors that training leaves as they are; * and ? match as in a shell." },
    INT("threads", "num_threads n_jobs", 0, 0, 1024, "Threads; 0 takes one a core, at most 16. The trained bits do not depend on it."),
    INT("memoryMb", "memory memory_limit_mb", 0, 0, 1e9,
        "Memory in megabytes (10^6 bytes) for the model's tensors, the optimizer's state and the examples; 0 takes half of the "
        "machine's memory."),
};
const int n_config_keys = (int)(sizeof config_keys / sizeof config_keys[0]);

void config_snake(const char *name, char *out, size_t size)
{
    size_t n = 0;
    for (; *name && n + 2 < size; name++) {
        if (isupper((unsigned char)*name))
            out[n++] = '_';
        out[n++] = (char)tolower((unsigned char)*name);
    }
    if (size)
        out[n] = '\0';
}

static int has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = words; len && p && *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (n == len && memcmp(p, word, n) == 0)
            return 1;
        p += n;
    }
    return 0;
}

const struct config_key *config_key_find(const char *name)
{
    for (int i = 0; i < n_config_keys; i++) {
        char snake[64];
        config_snake(config_keys[i].name, snake, sizeof snake);
        if (strcmp(name, config_keys[i].name) == 0 || strcmp(name, snake) == 0 || has_word(config_keys[i].aliases, name))
            return &config_keys[i];
    }
    return NULL;
}
