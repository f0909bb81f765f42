/* safetensors files: named tensors behind a JSON header (github.com/huggingface/safetensors, format of version 0.4).
 * Not what the tensors mean; that is checkpoint.h. */
#ifndef TRAIN_SAFETENSORS_H
#define TRAIN_SAFETENSORS_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

#define ST_DIMS 4
/* Element types beyond those of the plugin interface, for reading. */
#define ST_F16 5u
#define ST_BF16 6u

struct st_entry {
    char *name;
    uint32_t dtype, ndim;   /* HONE_F32 ... */
    int64_t dims[ST_DIMS];
    int64_t n;              /* elements */
    const void *data;       /* writing: borrowed, or owned when `owned` */
    int owned;
    int64_t at;             /* reading: offset in the file */
};

struct st_file {
    struct st_entry *entry;
    int64_t n, cap;
    cJSON *meta;            /* __metadata__: strings only; never NULL after st_open() */
    int fd;                 /* reading */
    char *map;              /* st_map(): the whole file; NULL: it is read */
    size_t map_bytes;
    char *path;
};

/* ---- writing: zero-initialise, add, write, free ---- */

/* Adds a tensor. `copy`: 1 the bytes are copied, 0 they are borrowed until st_free(). */
int st_add(struct st_file *f, const char *name, uint32_t dtype, uint32_t ndim, const int64_t *dims, const void *data, int copy,
           struct hone_err *err);
int st_meta(struct st_file *f, const char *key, const char *value, struct hone_err *err);
/* Copies what is borrowed, so that the sources may change. */
int st_own(struct st_file *f, struct hone_err *err);
/* Writes path durably (temporary name, fsync, rename, fsync of the directory). sha256 gets 64 hex digits, *bytes the size.
 * On failure no file is left and an older one stays. [any] */
int st_write(const struct st_file *f, const char *path, char sha256[65], int64_t *bytes, struct hone_err *err);

/* ---- reading ---- */

/* Opens a file and checks its header. ERR_CORRUPT says what is wrong; f is empty then. */
int st_open(struct st_file *f, const char *path, struct hone_err *err);
/* Maps the file, so that st_mapped() has what st_read() would copy. Only for files that nobody changes while they are open: bytes are not
 * checked, and a file that becomes shorter ends the process with SIGBUS. */
int st_map(struct st_file *f, struct hone_err *err);
/* Where the elements of an entry are, for as long as the map; NULL when there is none, or they lie where no element may. */
void *st_mapped(const struct st_file *f, const struct st_entry *e);
/* The entry of that name, NULL when absent. */
const struct st_entry *st_find(const struct st_file *f, const char *name);
/* Reads all elements of an entry into out. */
int st_read(const struct st_file *f, const struct st_entry *e, void *out, struct hone_err *err);
/* The same as float, of F32, F16 and BF16. */
int st_read_float(const struct st_file *f, const struct st_entry *e, float *out, struct hone_err *err);
/* The same into new memory (free()); NULL with err. */
void *st_read_new(const struct st_file *f, const struct st_entry *e, struct hone_err *err);

void st_free(struct st_file *f);
/* Bytes of an element. */
size_t st_dtype_size(uint32_t dtype);
const char *st_dtype_name(uint32_t dtype);

#endif
