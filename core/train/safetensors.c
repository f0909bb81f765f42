#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/crash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/train/safetensors.h"

#define HEADER_MAX ((uint64_t)100 << 20)

static const struct {
    const char *name;
    size_t size;
} dtypes[] = { { "F32", 4 }, { "F64", 8 }, { "U8", 1 }, { "I32", 4 }, { "I64", 8 }, { "F16", 2 }, { "BF16", 2 } };

size_t st_dtype_size(uint32_t dtype)
{
    return dtype < HONE_COUNT(dtypes) ? dtypes[dtype].size : 0;
}

const char *st_dtype_name(uint32_t dtype)
{
    return dtype < HONE_COUNT(dtypes) ? dtypes[dtype].name : "?";
}

static size_t entry_bytes(const struct st_entry *e)
{
    return (size_t)e->n * st_dtype_size(e->dtype);
}

static struct st_entry *new_entry(struct st_file *f)
{
    if (f->n == f->cap) {
        int64_t cap = f->cap ? f->cap * 2 : 32;
        struct st_entry *grown = realloc(f->entry, (size_t)cap * sizeof *grown);
        if (!grown)
            return NULL;
        f->entry = grown;
        f->cap = cap;
    }
    f->entry[f->n] = (struct st_entry){ 0 };
    return &f->entry[f->n++];
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for a checkpoint");
}

static int own(struct st_entry *e, const void *data)
{
    void *p = malloc(entry_bytes(e) + 1);
    if (!p)
        return HONE_ENOMEM;
    if (entry_bytes(e))
        memcpy(p, data, entry_bytes(e));
    e->data = p;
    e->owned = 1;
    return 0;
}

int st_add(struct st_file *f, const char *name, uint32_t dtype, uint32_t ndim, const int64_t *dims, const void *data, int copy,
           struct hone_err *err)
{
    if (dtype >= HONE_COUNT(dtypes) || ndim > ST_DIMS)
        return hone_fail(err, HONE_EINVAL, "tensor '%s' has element type %u and %u dimensions", name, dtype, ndim);
    struct st_entry *e = new_entry(f);
    if (!e || !(e->name = strdup(name)))
        return no_memory(err);
    e->dtype = dtype;
    e->ndim = ndim;
    e->n = 1;
    for (uint32_t i = 0; i < ndim; i++) {
        e->dims[i] = dims[i];
        e->n *= dims[i];
    }
    e->data = data;
    return copy && own(e, data) ? no_memory(err) : 0;
}

int st_meta(struct st_file *f, const char *key, const char *value, struct hone_err *err)
{
    if (!f->meta && !(f->meta = cJSON_CreateObject()))
        return no_memory(err);
    json_put_str(f->meta, key, value);
    return 0;
}

int st_own(struct st_file *f, struct hone_err *err)
{
    for (int64_t i = 0; i < f->n; i++)
        if (!f->entry[i].owned && own(&f->entry[i], f->entry[i].data))
            return no_memory(err);
    return 0;
}

/* Of a tensor's bytes: eight multiplied lanes, at the speed of memory. Tells damage, not malice. */
static uint64_t checksum(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t lane[8], sum = n;
    for (int k = 0; k < 8; k++)
        lane[k] = 0x9e3779b97f4a7c15u * (uint64_t)(k + 1);
    for (; n >= 64; p += 64, n -= 64)
        for (int k = 0; k < 8; k++) {
            uint64_t word;
            memcpy(&word, p + 8 * k, 8);
            lane[k] = (lane[k] ^ word) * 0xd6e8feb86659fd93u;
            lane[k] ^= lane[k] >> 32;
        }
    for (size_t i = 0; i < n; i++)
        lane[i % 8] = (lane[i % 8] ^ p[i]) * 0xd6e8feb86659fd93u;
    for (int k = 0; k < 8; k++)
        sum = (sum ^ lane[k] ^ lane[k] >> 29) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 32;
}

static void checksum_key(const struct st_entry *e, char key[256])
{
    snprintf(key, 256, "checksum/%.240s", e->name);
}

static int put_checksums(const struct st_file *f, cJSON **meta)
{
    if (!(*meta = f->meta ? cJSON_Duplicate(f->meta, 1) : cJSON_CreateObject()))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < f->n; i++) {
        char key[256], text[17];
        checksum_key(&f->entry[i], key);
        snprintf(text, sizeof text, "%016llx", (unsigned long long)checksum(f->entry[i].data, entry_bytes(&f->entry[i])));
        json_put_str(*meta, key, text);
    }
    return json_lost() ? HONE_ENOMEM : 0;
}

/* The header with its length in front, padded to 8 bytes; order[] gets the entries as they are laid out: wide elements
 * first, so that each tensor is aligned. */
static int make_header(const struct st_file *f, struct buf *b, int64_t *order)
{
    int64_t at = 0, m = 0;
    for (size_t size = 8; size > 0; size /= 2)
        for (int64_t i = 0; i < f->n; i++)
            if (st_dtype_size(f->entry[i].dtype) == size)
                order[m++] = i;
    buf_add(b, "\0\0\0\0\0\0\0\0", 8);
    cJSON *meta;
    if (put_checksums(f, &meta))
        return HONE_ENOMEM;
    buf_puts(b, "{\"__metadata__\":");
    json_print(b, meta, 0);
    cJSON_Delete(meta);
    for (int64_t i = 0; i < m; i++) {
        const struct st_entry *e = &f->entry[order[i]];
        int64_t bytes = (int64_t)entry_bytes(e);
        buf_puts(b, ",");
        buf_json_string(b, e->name, strlen(e->name));
        buf_printf(b, ":{\"dtype\":\"%s\",\"shape\":[", st_dtype_name(e->dtype));
        for (uint32_t d = 0; d < e->ndim; d++)
            buf_printf(b, d ? ",%lld" : "%lld", (long long)e->dims[d]);
        buf_printf(b, "],\"data_offsets\":[%lld,%lld]}", (long long)at, (long long)(at + bytes));
        at += bytes;
    }
    buf_puts(b, "}");
    while (!b->oom && b->n % 8)
        buf_putc(b, ' ');
    if (buf_oom(b))
        return HONE_ENOMEM;
    for (int i = 0; i < 8; i++)
        b->p[i] = (char)((uint64_t)(b->n - 8) >> (8 * i));
    return 0;
}

/* Writes and hashes in pieces, so that both work on what is still in the cache. 0 or -1 with errno. */
static int write_hashed(int fd, crypto_hash_sha256_state *sha, const void *data, size_t n)
{
    const unsigned char *p = data;
    for (size_t at = 0; at < n;) {
        size_t piece = n - at < ((size_t)1 << 18) ? n - at : (size_t)1 << 18;
        crypto_hash_sha256_update(sha, p + at, piece);
        if (file_write_all(fd, p + at, piece))
            return -1;
        at += piece;
    }
    return 0;
}

int st_write(const struct st_file *f, const char *path, char sha256[65], int64_t *bytes, struct hone_err *err)
{
    struct buf header = { 0 };
    int64_t *order = malloc((size_t)(f->n + 1) * sizeof *order), size = 0;
    char temporary[4096];
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state sha;
    int fd = -1, ret = 0;
    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary) {
        ret = hone_fail(err, HONE_EINVAL, "%.200s...: the path is too long", path);
        goto out;
    }
    if (!order || make_header(f, &header, order)) {
        ret = no_memory(err);
        goto out;
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        ret = err_errno(err, "create", temporary);
        goto out;
    }
    crypto_hash_sha256_init(&sha);
    int failed = write_hashed(fd, &sha, header.p, header.n);
    size = (int64_t)header.n;
    for (int64_t i = 0; i < f->n && !failed; i++) {
        const struct st_entry *e = &f->entry[order[i]];
        failed = write_hashed(fd, &sha, e->data, entry_bytes(e));
        size += (int64_t)entry_bytes(e);
    }
    crash_at(CRASH_tensors_written);
    if (failed || fsync(fd) || (crash_at(CRASH_tensors_synced), rename(temporary, path))) {
        ret = err_errno(err, "write", temporary);
        unlink(temporary);
        goto out;
    }
    crash_at(CRASH_tensors_renamed);
    ret = file_sync_dir(path, err);
    crypto_hash_sha256_final(&sha, digest);
    sodium_bin2hex(sha256, 65, digest, sizeof digest);
    *bytes = size;
out:
    if (fd >= 0)
        close(fd);
    free(order);
    buf_free(&header);
    return ret;
}

/* ---- reading ---- */

static int corrupt(const struct st_file *f, struct hone_err *err, const char *why)
{
    return hone_fail(err, ERR_CORRUPT, "%s: not a sound safetensors file: %s", f->path, why);
}

static double offset(const cJSON *entry, int which)
{
    const cJSON *v = cJSON_GetArrayItem(json_get(entry, "data_offsets"), which);
    return cJSON_IsNumber(v) ? v->valuedouble : -1;
}

/* One entry of the header; data bytes lie at [data, data + bytes). */
static int read_entry(struct st_file *f, const cJSON *j, int64_t data, int64_t bytes, int64_t *at, struct hone_err *err)
{
    const cJSON *shape = json_get(j, "shape"), *offsets = json_get(j, "data_offsets"), *d;
    const char *dtype = json_str(j, "dtype", "");
    struct st_entry *e = new_entry(f);
    if (!e || !(e->name = strdup(j->string)))
        return no_memory(err);
    for (e->dtype = 0; e->dtype < HONE_COUNT(dtypes) && strcmp(dtypes[e->dtype].name, dtype) != 0;)
        e->dtype++;
    if (e->dtype == HONE_COUNT(dtypes) || !cJSON_IsArray(shape) || cJSON_GetArraySize(shape) > ST_DIMS
        || cJSON_GetArraySize(offsets) != 2)
        return hone_fail(err, ERR_CORRUPT, "%s: tensor '%.80s' has element type '%.20s', a shape or offsets that this reader does "
                         "not take", f->path, e->name, dtype);
    e->n = 1;
    cJSON_ArrayForEach(d, shape)
    {
        if (!cJSON_IsNumber(d) || d->valuedouble < 0 || d->valuedouble != floor(d->valuedouble) || d->valuedouble > 1e12 || (double)e->n * d->valuedouble > 1e13)
            return corrupt(f, err, "a shape is out of range");
        e->dims[e->ndim++] = (int64_t)d->valuedouble;
        e->n *= (int64_t)d->valuedouble;
    }
    double from = offset(j, 0), to = offset(j, 1);
    if (from != (double)*at || to != from + (double)entry_bytes(e) || to > (double)bytes)
        return corrupt(f, err, "a tensor's bytes do not follow the one before, or lie outside of the file");
    e->at = data + *at;
    *at += (int64_t)entry_bytes(e);
    return 0;
}

/* By first byte, then by last, so that an empty tensor stands before the one that begins where it does. */
static int by_offset(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    for (int which = 0; which < 2; which++)
        if (offset(*x, which) != offset(*y, which))
            return offset(*x, which) < offset(*y, which) ? -1 : 1;
    return 0;
}

/* Entries in the order of their bytes, checked to cover all of the data. */
static int read_entries(struct st_file *f, cJSON *header, int64_t data, int64_t bytes, struct hone_err *err)
{
    int n = cJSON_GetArraySize(header), m = 0, ret = 0;
    const cJSON **list = malloc((size_t)(n + 1) * sizeof *list), *j;
    int64_t at = 0;
    if (!list)
        return no_memory(err);
    cJSON_ArrayForEach(j, header)
    {
        if (strcmp(j->string, "__metadata__") != 0)
            list[m++] = j;
    }
    qsort(list, (size_t)m, sizeof *list, by_offset);
    for (int i = 0; i < m && !ret; i++)
        ret = read_entry(f, list[i], data, bytes, &at, err);
    free(list);
    if (!ret && at != bytes)
        ret = corrupt(f, err, "bytes are missing at its end, or too many");
    return ret;
}

/* Reads the header's text into b; *data gets where tensors begin, *size the file's size. */
static int read_header(struct st_file *f, struct buf *b, int64_t *data, int64_t *size, struct hone_err *err)
{
    unsigned char length[8];
    struct stat st;
    uint64_t n = 0;
    if ((f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 || fstat(f->fd, &st))
        return err_errno(err, "open", f->path);
    if (!S_ISREG(st.st_mode))
        return hone_fail(err, HONE_EIO, "%s: not a regular file", f->path);
    ssize_t got = file_read_at(f->fd, length, 8, 0);
    if (got < 8)
        return got < 0 ? err_errno(err, "read", f->path) : corrupt(f, err, "shorter than 8 bytes");
    for (int i = 7; i >= 0; i--)
        n = n << 8 | length[i];
    if (n > HEADER_MAX || n + 8 > (uint64_t)st.st_size)
        return corrupt(f, err, "the length of its header is impossible");
    char *p = buf_room(b, n);
    if (!p)
        return no_memory(err);
    if ((got = file_read_at(f->fd, p, n, 8)) < (ssize_t)n)
        return got < 0 ? err_errno(err, "read", f->path) : corrupt(f, err, "it ends within its header");
    b->n += n;
    *data = (int64_t)n + 8;
    *size = st.st_size;
    return 0;
}

int st_open(struct st_file *f, const char *path, struct hone_err *err)
{
    struct buf text = { 0 };
    cJSON *header = NULL;
    int64_t data = 0, size = 0;
    *f = (struct st_file){ .fd = -1, .path = strdup(path) };
    int ret = f->path ? read_header(f, &text, &data, &size, err) : no_memory(err);
    if (!ret && !(header = json_parse(text.p, text.n, path, err)))
        ret = err->code = ERR_CORRUPT;
    if (!ret && !cJSON_IsObject(header))
        ret = corrupt(f, err, "its header is not a JSON object");
    if (!ret) {
        f->meta = cJSON_DetachItemFromObjectCaseSensitive(header, "__metadata__");
        if (!f->meta)
            f->meta = cJSON_CreateObject();
        ret = read_entries(f, header, data, size - data, err);
    }
    cJSON_Delete(header);
    buf_free(&text);
    if (ret)
        st_free(f);
    return ret;
}

const struct st_entry *st_find(const struct st_file *f, const char *name)
{
    for (int64_t i = 0; i < f->n; i++)
        if (strcmp(f->entry[i].name, name) == 0)
            return &f->entry[i];
    return NULL;
}

int st_map(struct st_file *f, struct hone_err *err)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return err_errno(err, "look at", f->path);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f->fd, 0);
    if (p == MAP_FAILED)
        return err_errno(err, "map", f->path);
    f->map = p;
    f->map_bytes = (size_t)st.st_size;
    return 0;
}

void *st_mapped(const struct st_file *f, const struct st_entry *e)
{
    size_t size = st_dtype_size(e->dtype);
    if (!f->map || e->at % (int64_t)size || (size_t)e->at + entry_bytes(e) > f->map_bytes)
        return NULL;
    return f->map + e->at;
}

int st_read(const struct st_file *f, const struct st_entry *e, void *out, struct hone_err *err)
{
    size_t n = entry_bytes(e);
    ssize_t got = file_read_at(f->fd, out, n, e->at);
    if (got < (ssize_t)n)
        return got < 0 ? err_errno(err, "read", f->path) : corrupt(f, err, "it ends within a tensor");
    char key[256], text[17];
    checksum_key(e, key);
    const char *want = json_str(f->meta, key, NULL); /* files of others have none */
    snprintf(text, sizeof text, "%016llx", (unsigned long long)checksum(out, n));
    if (want && strcmp(want, text) != 0)
        return hone_fail(err, ERR_CORRUPT, "%s: tensor '%.80s' is damaged: its bytes are not those that were written; train again, or "
                         "restore the file from a backup", f->path, e->name);
    return 0;
}

static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 0) {
        float f = (float)fraction * 0x1p-24f;
        return sign ? -f : f;
    }
    uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

int st_read_float(const struct st_file *f, const struct st_entry *e, float *out, struct hone_err *err)
{
    if (e->dtype == HONE_F32)
        return st_read(f, e, out, err);
    if (e->dtype != ST_F16 && e->dtype != ST_BF16)
        return hone_fail(err, ERR_CORRUPT, "%s: tensor '%.80s' is of type %s; expected F32, BF16 or F16", f->path, e->name, st_dtype_name(e->dtype));
    uint16_t *half = st_read_new(f, e, err);
    for (int64_t i = 0; half && i < e->n; i++) {
        uint32_t bits = (uint32_t)half[i] << 16;
        if (e->dtype == ST_BF16)
            memcpy(&out[i], &bits, sizeof bits);
        else
            out[i] = half_to_float(half[i]);
    }
    int ret = half ? 0 : err->code;
    free(half);
    return ret;
}

void *st_read_new(const struct st_file *f, const struct st_entry *e, struct hone_err *err)
{
    void *p = malloc(entry_bytes(e) + 1);
    if (!p) {
        no_memory(err);
        return NULL;
    }
    if (st_read(f, e, p, err) == 0)
        return p;
    free(p);
    return NULL;
}

void st_free(struct st_file *f)
{
    for (int64_t i = 0; i < f->n; i++) {
        free(f->entry[i].name);
        if (f->entry[i].owned)
            free((void *)(uintptr_t)f->entry[i].data);
    }
    free(f->entry);
    cJSON_Delete(f->meta);
    if (f->path && f->fd >= 0)
        close(f->fd);
    if (f->map)
        munmap(f->map, f->map_bytes);
    free(f->path);
    *f = (struct st_file){ .fd = -1 };
}
