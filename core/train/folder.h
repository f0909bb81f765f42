/* Folders of weights as Hugging Face has them: config.json, model.safetensors (or several, with model.safetensors.index.json) and
 * tokenizer.json, read into a learner and written from one. Nothing is mapped into memory: a file that changes meanwhile cannot change
 * weights that were checked. Knows no model by name: which can read a folder, its table of foreign keys says. Called by the worker's
 * tasks import and export. */
#ifndef TRAIN_FOLDER_H
#define TRAIN_FOLDER_H
#include "core/train/learner.h"

/* Reads and checks all of it: every tensor there, of its shape, finite. ERR_CORRUPT or HONE_EINVAL names the file and what is wrong. On
 * failure l is empty. */
int folder_read(struct learner *l, struct registry *registry, const char *path, struct hone_err *err);
/* Writes into an existing folder, in files of at most shard_bytes (one tensor at least each; 0: one file). What was written is removed
 * after a failure. HONE_EINVAL when the model has no foreign form. *files gets how many hold weights. */
int folder_write(struct learner *l, const char *path, int64_t shard_bytes, int64_t *files, struct hone_err *err);

#endif
