/* What the files of settings share. Private to core/api/settings*.c. */
#ifndef API_SETTINGS_PRIV_H
#define API_SETTINGS_PRIV_H
#include "core/api/settings.h"
#include "core/train/config.h"

/* Keys that are not of training. */
struct plain_key {
    const char *name, *env;
    enum config_type type; /* CONFIG_STR or CONFIG_LIST */
    const char *expected;  /* "a list of directories" */
    const char *example;
    int (*takes)(const char *one); /* whether a string of the list is good; NULL: all are */
    const char *doc;
};
extern const struct plain_key plain_keys[];
extern const int n_plain_keys;

/* Keys of `hone serve`, in settings_serve.c: "http.bodyBytes". */
extern const struct config_key serve_keys[];
extern const int n_serve_keys;
/* By name or in snake_case; NULL when unknown. */
const struct config_key *serve_key_find(const char *name);
/* Whether keys begin with this name and a dot: "http". */
int serve_key_group(const char *name);

/* One value. */
struct entry {
    char *key;             /* canonical: "epochs", "optimizerOptions.beta1", "state", "plugins.path" */
    cJSON *value;          /* null stands for the default */
    char *source;          /* "hone.conf:3", "HONE_SET_EPOCHS", "--set" */
};

enum { LAYER_SET, LAYER_CONFIG, LAYER_PRESET_FLAG, LAYER_ENV, LAYER_PROJECT, LAYER_USER, LAYER_SYSTEM, LAYERS };

struct layer {
    const char *name;      /* for people: "command line", "environment", "project file" */
    char *path;            /* of the file; NULL without one */
    int found;
    struct entry *v;
    int n;
};

struct settings {
    struct layer layer[LAYERS];
    struct layer preset;   /* the preset's file */
    int preset_after;      /* the layer that names it; -1: none */
    cJSON *faults;         /* borrowed, may be NULL */
    int n_faults;
    struct hone_err first; /* the first fault */
    char *state;           /* resolved */
    char source[600];      /* for settings_source() */
};

/* Where a value stands, for faults. */
struct place {
    const char *file;      /* file name, or "--set", or the variable */
    int line;              /* 0: none */
};

/* Notes a fault; `key` as it was written. */
void settings_fault(struct settings *s, struct place at, const char *key, const char *message, const char *fix);
/* Notes that memory ran out: a fault that is none of a key's. */
void settings_no_memory(struct settings *s);
/* Checks and adds a value under the name that was written (any accepted form, "training." in front or not, dotted
 * options); `again`: a later value replaces an earlier one, else that is a fault. Faults are noted. */
void layer_add(struct settings *s, struct layer *l, const char *name, const cJSON *value, struct place at, int again);
/* The same with the value as text. */
void layer_add_text(struct settings *s, struct layer *l, const char *name, const char *text, struct place at, int again);
const struct entry *layer_find(const struct layer *l, const char *key);
void layer_free(struct layer *l);
/* Reads a file of settings into l. A missing file is a fault when `must`. */
void layer_read(struct settings *s, struct layer *l, const char *path, int must);

/* The layers from high to low, the preset in its place; returns how many. */
int settings_order(const struct settings *s, const struct layer *out[LAYERS + 1]);
/* The entry that wins for a key, or NULL. */
const struct entry *settings_find(const struct settings *s, const char *key);
/* A path from `value` as it was written in `file`: ~ is the home directory, a relative one starts at the file's directory
 * (where that is no file: the working directory). free(); NULL when memory ran out, of which json_lost() tells, too. */
char *settings_path(const char *value, const char *file);
/* Every key of `hone serve` with its value. */
cJSON *settings_serve(const struct settings *s);
/* The key's table entry in any of the tables: 1 training (*key), 2 plain (*plain), 3 of `hone serve` (*key), 0 unknown. `name` without
 * options. */
int key_find(const char *name, const struct config_key **key, const struct plain_key **plain);
const char *key_nearest(const char *name);

#endif
