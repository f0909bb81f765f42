#include "tests/faults/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"

#define SECTOR 512
#define LINKED 4096 /* bytes */

/* A change of a file that was not synced yet. */
struct change {
    int64_t offset;          /* or the new length, without bytes */
    const char *bytes;
    uint32_t n;
};

struct node {
    uint64_t inode;
    int is_dir;
    struct buf safe;         /* what is synced */
    int version;             /* of that */
    struct change *change;
    size_t n, cap;
};

struct name {
    const char *path;
    size_t node;
};

struct names {
    struct name *v;
    size_t n, cap;
};

/* A change of a directory that was not synced yet: `to` leads to the node, `from` (may be NULL) leads nowhere any more. */
struct move {
    const char *from, *to;
    size_t node;
};

struct disk {
    struct buf record;
    const char *root;
    size_t at;
    int round;               /* of playing */
    struct node *node;
    size_t nodes, node_cap;
    struct names live, safe;
    struct move *move;
    size_t moves, move_cap;
    int (*dropped)(void *, const struct shim_entry *, const char *);
    void *arg;
};

static void *grown(void *v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return v;
    *cap = *cap ? *cap * 2 : 64;
    if (!(v = reallocarray(v, *cap, size)))
        abort();
    return v;
}

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- names ---- */

static struct name *names_find(const struct names *l, const char *path)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i].path, path) == 0)
            return &l->v[i];
    return NULL;
}

static void names_remove(struct names *l, const char *path)
{
    struct name *one = names_find(l, path);
    if (one)
        *one = l->v[--l->n];
}

static void names_put(struct names *l, const char *path, size_t node)
{
    struct name *one = names_find(l, path);
    if (!one) {
        l->v = grown(l->v, l->n, &l->cap, sizeof *l->v);
        one = &l->v[l->n++];
    }
    *one = (struct name){ path, node };
}

static void names_apply(struct names *l, const struct move *m)
{
    if (m->from)
        names_remove(l, m->from);
    if (m->to)
        names_put(l, m->to, m->node);
}

/* Whether the name lies in the directory itself. */
static int lies_in(const char *path, const char *dir)
{
    const char *slash = strrchr(path, '/');
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    return slash && (size_t)(slash - path) == n && strncmp(path, dir, n) == 0;
}

/* ---- playing ---- */

static size_t new_node(struct disk *d, uint64_t inode, int is_dir)
{
    d->node = grown(d->node, d->nodes, &d->node_cap, sizeof *d->node);
    d->node[d->nodes] = (struct node){ .inode = inode, .is_dir = is_dir };
    return d->nodes++;
}

/* The newest file of that number: a number comes again when its file is gone. */
static struct node *by_inode(struct disk *d, uint64_t inode)
{
    for (size_t i = d->nodes; i-- > 0;)
        if (d->node[i].inode == inode && !d->node[i].is_dir)
            return &d->node[i];
    return NULL;
}

static void note(struct disk *d, const char *from, const char *to, size_t node)
{
    const struct move m = { from, to, node };
    names_apply(&d->live, &m);
    d->move = grown(d->move, d->moves, &d->move_cap, sizeof *d->move);
    d->move[d->moves++] = m;
}

static void change_apply(struct buf *b, const struct change *c)
{
    size_t end = (size_t)c->offset + c->n;
    if (!c->bytes && end < b->n) {
        b->n = end;
    } else if (end > b->n) {
        size_t more = end - b->n;
        char *room = buf_room(b, more);
        if (!room)
            abort();
        memset(room, 0, more);
        b->n = end;
    }
    if (c->bytes)
        memcpy(b->p + c->offset, c->bytes, c->n);
}

static void play_change(struct disk *d, const struct shim_entry *e, const char *bytes)
{
    struct node *f = by_inode(d, e->inode);
    if (!f)
        return; /* opened before the record began, or no file of ours */
    f->change = grown(f->change, f->n, &f->cap, sizeof *f->change);
    f->change[f->n++] = (struct change){ e->offset, e->call == SHIM_WRITE ? bytes : NULL, e->call == SHIM_WRITE ? e->n : 0 };
}

static void play_sync(struct disk *d, const struct shim_entry *e, const char *path)
{
    struct node *f = names_find(&d->live, path) && d->node[names_find(&d->live, path)->node].is_dir ? NULL : by_inode(d, e->inode);
    if (f) {
        for (size_t i = 0; i < f->n; i++)
            change_apply(&f->safe, &f->change[i]);
        f->version += f->n > 0;
        f->n = 0;
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < d->moves; i++) {
        if (lies_in(d->move[i].to ? d->move[i].to : d->move[i].from, path))
            names_apply(&d->safe, &d->move[i]);
        else
            d->move[kept++] = d->move[i];
    }
    d->moves = kept;
}

static void play(struct disk *d, const struct shim_entry *e, const char *bytes)
{
    const char *other = bytes + strlen(bytes) + 1;
    const struct name *there;
    switch (e->call) {
    case SHIM_OPEN:
        if (!names_find(&d->live, bytes))
            note(d, NULL, bytes, new_node(d, e->inode, 0));
        break;
    case SHIM_WRITE:
    case SHIM_TRUNCATE:
        play_change(d, e, bytes);
        break;
    case SHIM_SYNC:
        if (!d->dropped || !d->dropped(d->arg, e, bytes))
            play_sync(d, e, bytes);
        break;
    case SHIM_RENAME:
    case SHIM_LINK:
        if ((there = names_find(&d->live, bytes)))
            note(d, e->call == SHIM_RENAME ? bytes : NULL, other, there->node);
        break;
    case SHIM_UNLINK:
        note(d, bytes, NULL, 0);
        break;
    case SHIM_MKDIR:
        note(d, NULL, bytes, new_node(d, e->inode, 1));
        break;
    default:
        break;
    }
}

struct disk *disk_open(const char *record, const char *root)
{
    struct disk *d = calloc(1, sizeof *d);
    struct hone_err err;
    if (d && file_read(record, (size_t)1 << 31, &d->record, &err) == 0) {
        d->root = root;
        return d;
    }
    fprintf(stderr, "%s\n", d ? err.text : "memory ran out");
    free(d);
    return NULL;
}

void disk_rewind(struct disk *d, int (*dropped)(void *, const struct shim_entry *, const char *), void *arg)
{
    for (size_t i = 0; i < d->nodes; i++) {
        buf_free(&d->node[i].safe);
        free(d->node[i].change);
    }
    d->round++;
    d->at = d->nodes = d->moves = d->live.n = d->safe.n = 0;
    d->dropped = dropped;
    d->arg = arg;
}

void disk_free(struct disk *d)
{
    if (!d)
        return;
    disk_rewind(d, NULL, NULL);
    buf_free(&d->record);
    free(d->node);
    free(d->live.v);
    free(d->safe.v);
    free(d->move);
    free(d);
}

const struct shim_entry *disk_step(struct disk *d, const char **bytes)
{
    if (d->at + sizeof(struct shim_entry) > d->record.n)
        return NULL;
    static struct shim_entry e; /* the record is not aligned */
    memcpy(&e, d->record.p + d->at, sizeof e);
    if (d->at + sizeof e + e.n > d->record.n)
        return NULL;
    *bytes = d->record.p + d->at + sizeof e;
    d->at += sizeof e + e.n;
    play(d, &e, *bytes);
    return &e;
}

/* ---- losing ---- */

/* Some sectors of a write. */
static void tear(struct buf *b, const struct change *c, uint64_t *random)
{
    uint64_t sector = draw(random) % 2 ? SECTOR : 8 * SECTOR;
    for (uint64_t at = 0; at < c->n;) {
        uint64_t n = sector - ((uint64_t)c->offset + at) % sector;
        n = n < c->n - at ? n : c->n - at;
        if (draw(random) % 2)
            change_apply(b, &(struct change){ c->offset + (int64_t)at, c->bytes + at, (uint32_t)n });
        at += n;
    }
}

/* A large file that is synced is written once, and is only another name in each state. Whether it was done so. */
static int link_node(const struct disk *d, size_t node, const char *to, const char *path)
{
    const struct node *f = &d->node[node];
    char pool[4300], there[4400];
    if (f->n > 0 || f->safe.n < LINKED || strstr(path, "hone.db"))
        return 0;
    snprintf(pool, sizeof pool, "%s.pool", to);
    snprintf(there, sizeof there, "%s/%d-%zu-%d", pool, d->round, node, f->version);
    if (link(there, path) == 0)
        return 1;
    int fd = mkdir(pool, 0700) == 0 || errno == EEXIST ? open(there, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    int good = fd >= 0 && file_write_all(fd, f->safe.p, f->safe.n) == 0;
    if (fd >= 0)
        close(fd);
    return good && link(there, path) == 0;
}

static int write_node(const struct node *f, enum disk_loss loss, uint64_t *random, const char *path)
{
    struct buf b = { 0 };
    size_t last = loss == DISK_LATE_LOST ? draw(random) % (f->n + 1) : f->n;
    int all = loss == DISK_ALL_KEPT || loss == DISK_NAMES_LOST || loss == DISK_LATE_LOST, none = loss == DISK_ALL_LOST || loss == DISK_DATA_LOST;
    buf_add(&b, f->safe.p ? f->safe.p : "", f->safe.n);
    for (size_t i = 0; i < last && !none; i++) {
        if (loss == DISK_TORN && f->change[i].bytes && draw(random) % 2)
            tear(&b, &f->change[i], random);
        else if (all || draw(random) % 2)
            change_apply(&b, &f->change[i]);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = fd >= 0 ? file_write_all(fd, b.p ? b.p : "", b.n) : errno == ENOENT || errno == ENOTDIR ? 0 : -1; /* its directory is not there */
    if (fd >= 0)
        close(fd);
    buf_free(&b);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

int disk_lose(const struct disk *d, enum disk_loss loss, uint64_t seed, const char *to)
{
    struct names left = { 0 };
    char path[4200];
    uint64_t random = seed;
    size_t last = loss == DISK_LATE_LOST ? draw(&random) % (d->moves + 1) : d->moves;
    int all = loss == DISK_ALL_KEPT || loss == DISK_DATA_LOST || loss == DISK_LATE_LOST, none = loss == DISK_ALL_LOST || loss == DISK_NAMES_LOST;
    for (size_t i = 0; i < d->safe.n; i++)
        names_put(&left, d->safe.v[i].path, d->safe.v[i].node);
    for (size_t i = 0; i < last && !none; i++)
        if (all || draw(&random) % 2)
            names_apply(&left, &d->move[i]);
    qsort(left.v, left.n, sizeof *left.v, by_path);
    int rc = mkdir(to, 0700);
    for (size_t i = 0; i < left.n && rc == 0; i++) {
        const struct node *f = &d->node[left.v[i].node];
        snprintf(path, sizeof path, "%s/%s", to, left.v[i].path + strlen(d->root));
        if (f->is_dir)
            rc = mkdir(path, 0700) == 0 || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
        else if (!link_node(d, left.v[i].node, to, path))
            rc = write_node(f, loss, &random, path);
    }
    free(left.v);
    return rc;
}
