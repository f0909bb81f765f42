/* A model in memory with its plugin, settings, outputs and tensors: made by fitting or from a file. Shared by training,
 * which changes the tensors, and by the predictor, which only reads them. */
#ifndef TRAIN_LEARNER_H
#define TRAIN_LEARNER_H
#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/host/registry.h"
#include "core/train/safetensors.h"
#include "core/train/tensors.h"
#include "hone/model.h"

struct learner {
    const struct hone_model *model;
    const struct registry_plugin *plugin;
    const struct hone_host *host;
    void *conf, *self;
    int64_t outputs;
    struct hone_string *output;   /* [outputs] texts in `arena` */
    struct arena arena;
    struct tensors tensors;       /* declared; allocated by tensors_init() or learner_restore() */
    char *generation;             /* of a model that writes: how it does unless told (write_wish_read()), as JSON, in `arena`; NULL: the likeliest tokens */
    struct memory *memory;        /* rows that vote for their outputs (memory.h), owned; NULL: none */
};

/* What became of the wish for a model. */
struct learner_choice {
    char name[4096];              /* of the model, or the path of its file */
    char reason[400];
};

/* Finds the model ("auto": linear, or bow when linear would need more than max_bytes), gives it `options` (cJSON object or
 * NULL) and fits it. l->output is set up from lesson->output (copied). *choice says what was taken and why. On failure l is
 * empty. HONE_ENOMEM names the bytes. */
int learner_fit(struct learner *l, struct registry *registry, const char *name, const cJSON *options,
                struct hone_lesson *lesson, int64_t max_bytes, struct learner_choice *choice, struct hone_err *err);

/* Adds all that a file needs for learner_restore(): metadata, outputs, constants and tensors, the last borrowed, from `param`
 * (NULL: the present ones). */
int learner_save(const struct learner *l, float *const *param, struct st_file *f, struct hone_err *err);
/* Makes a learner from such a file. On failure l is empty. Of a file that is mapped (st_map()) the tensors stay where they are, never to be
 * written, and the map is the learner's. */
int learner_restore(struct learner *l, struct registry *registry, struct st_file *f, struct hone_err *err);
void learner_free(struct learner *l);
/* Copies l->generation, NULL too. HONE_ENOMEM. */
int learner_set_generation(struct learner *l, const char *json, struct hone_err *err);
/* Whether its model writes answers token by token; then there are no outputs. */
int learner_writes(const struct learner *l);

#endif
