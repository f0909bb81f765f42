/* Settings in layers: what holds for a key is what the highest layer that has it says. From high to low:
 *   --set key=value (and --state), --config FILE, --preset NAME, the environment, ./hone.conf, the user's file,
 *   the system's file, built in.
 * A preset that a layer names (key `preset`) stands right behind that layer; only the preset of the highest layer that
 * names one is read. Not the meaning of training keys: that is core/train/config.h. Called by core/api and core/cli. */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

struct settings;

/* What the command line said; every field may be NULL or 0. */
struct settings_flags {
    const char *config_file;   /* libconfig syntax, or JSON when it begins with '{' */
    const char *preset;
    const char *state;
    const char *const *set;    /* "key=value" */
    int n_set;
};

/* Reads and checks all layers. Faults (at most 100) are appended to `faults` (an array, may be NULL) as {path, file, line, key,
 * message, fix}. NULL with err naming the first: HONE_EINVAL, or HONE_EIO or ERR_NOT_FOUND for a file that was asked for. */
struct settings *settings_load(const struct settings_flags *flags, cJSON *faults, struct hone_err *err);
void settings_close(struct settings *s);

/* The training keys that any layer above the built-in one gives, merged: for config_resolve(). Free with cJSON_Delete(). */
cJSON *settings_training(const struct settings *s);
/* The state directory. Borrowed. */
const char *settings_state(const struct settings *s);
/* plugins.path as a list of strings. Free with cJSON_Delete(). */
cJSON *settings_plugin_dirs(const struct settings *s);
/* plugins.pins as HONE_PLUGIN_PINS has them for workers, "" without any (free()). NULL when memory ran out. */
char *settings_pins(const struct settings *s);
/* Threads of a worker; 0: one a core. */
int settings_threads(const struct settings *s);
/* What holds for a key of `hone serve`, "http.bodyBytes": a number (1 and 0 for true and false), a string (NULL: none; borrowed), a list of
 * strings (NULL: none; borrowed), a file's path (as settings files name it: from their own place on; free(), NULL: none). */
double settings_number(const struct settings *s, const char *key);
const char *settings_text(const struct settings *s, const char *key);
const cJSON *settings_list(const struct settings *s, const char *key);
char *settings_file(const struct settings *s, const char *key);
/* Where a key's value comes from: "--set", "hone.conf:3", "built in". Borrowed until the next call. */
const char *settings_source(const struct settings *s, const char *key);

/* {training, state, plugins, serve: {"http.bodyBytes": ...}, sources: {key: source}, layers: [{layer, source, found}]} */
cJSON *settings_show(const struct settings *s);
/* {key, type, expected, default, doc, aliases, value, source, layers: [{layer, source, value or null, wins}]}. NULL with
 * ERR_NOT_FOUND and did-you-mean for an unknown key. */
cJSON *settings_explain(const struct settings *s, const char *name, struct hone_err *err);
/* The table of all keys as in docs/configuration.md (free()). NULL when memory ran out. */
char *settings_markdown(void);
/* [{name, file, doc}] of all "presets" or "pipelines" that can be named. NULL with HONE_ENOMEM. */
cJSON *settings_files(const char *what, struct hone_err *err);
/* The path of the one of this name (free()). NULL with ERR_NOT_FOUND or HONE_ENOMEM, which another file may not stand in for. */
char *settings_named(const char *what, const char *name, struct hone_err *err);
/* {name, file, doc, settings: {key: value}} of one. NULL with ERR_NOT_FOUND, naming those that there are, or with what is wrong in its file. */
cJSON *settings_preset(const char *name, struct hone_err *err);
/* A training configuration with the values of the preset that it names behind its own (a copy in any case). NULL with err. */
cJSON *settings_with_preset(const cJSON *config, struct hone_err *err);
/* The i-th directory in which files of this kind ("presets", "pipelines") are looked for (free()): the user's, that of the build tree, that of the
 * installation; NULL behind the last, "" for one that is not there. */
char *settings_dir(const char *what, int i);
#define SETTINGS_DIRS 3
/* The training key that `n` bytes name, in any of its spellings, also with hyphens ("learning-rate"), or NULL. [pure] */
const char *settings_key(const char *name, size_t n);

#endif
