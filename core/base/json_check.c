/* The strict validator of json.h: the scanner, and duplicate keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define FEW_KEYS 32 /* up to here, an object's keys are compared one by one */
#define PATH_KEY 60 /* bytes of a key that a path shows */

/* An open object or array. */
struct level {
    size_t first;     /* objects: its first key in `keys` */
    int64_t index;    /* arrays: element that is being read */
    int object;
    int64_t serial;   /* counts objects and arrays, so that each has a number of its own */
};

struct key {
    const char *text;
    size_t len;
};

/* A key of an object that has many. */
struct slot {
    uint64_t hash;    /* of the key, seeded by the object; 0: free */
    const char *text;
    size_t len;
    int64_t object;
};

struct checking {
    struct level level[JSON_MAX_DEPTH + 1];
    int depth;
    struct key *key;  /* keys of all open objects, innermost last */
    size_t n, cap;
    struct slot *slot; /* keys of large objects, also of those that have ended */
    size_t slots, taken;
    int64_t serial;
    struct arena arena;
};

/* Bytes of a key that a path shows: not cut inside of a character. */
static int shown(const struct key *k)
{
    size_t n = k->len;
    if (n > PATH_KEY)
        for (n = PATH_KEY; ((unsigned char)k->text[n] & 0xc0) == 0x80;)
            n--;
    return (int)n;
}

static void describe_path(const struct checking *c, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (int d = 0; d < c->depth && size - at > PATH_KEY + 2; d++) {
        const struct level *l = &c->level[d];
        size_t last = d + 1 < c->depth ? c->level[d + 1].first : c->n;
        if (!l->object)
            at += (size_t)snprintf(out + at, size - at, "/%lld", (long long)(l->index < 0 ? 0 : l->index));
        else if (last > l->first)
            at += (size_t)snprintf(out + at, size - at, "/%.*s", shown(&c->key[last - 1]), c->key[last - 1].text);
    }
}

/* Enters a key of a large object into the table. 1 when it is there already, -1 when memory ran out. */
static int add_slot(struct checking *c, int64_t object, struct key k)
{
    if (c->taken * 2 >= c->slots) {
        size_t slots = c->slots ? c->slots * 2 : 256;
        struct slot *old = c->slot, *fresh = calloc(slots, sizeof *fresh);
        if (!fresh)
            return -1;
        for (size_t i = 0; i < c->slots; i++) {
            size_t at = (size_t)old[i].hash & (slots - 1);
            while (old[i].hash && fresh[at].hash)
                at = (at + 1) & (slots - 1);
            if (old[i].hash)
                fresh[at] = old[i];
        }
        free(old);
        c->slot = fresh;
        c->slots = slots;
    }
    uint64_t hash = text_service.hash(k.text, (int64_t)k.len, (uint64_t)object);
    size_t at = (size_t)hash & (c->slots - 1);
    for (; c->slot[at].hash; at = (at + 1) & (c->slots - 1)) {
        const struct slot *o = &c->slot[at];
        if (o->hash == hash && o->object == object && o->len == k.len && memcmp(o->text, k.text, k.len) == 0)
            return 1;
    }
    c->slot[at] = (struct slot){ hash, k.text, k.len, object };
    c->taken++;
    return 0;
}

/* Looks for k among the keys of l. 1 when it is there, -1 when memory ran out. */
static int is_twice(struct checking *c, const struct level *l, struct key k)
{
    size_t n = c->n - l->first;
    if (n < FEW_KEYS) {
        for (size_t i = l->first; i < c->n; i++)
            if (c->key[i].len == k.len && memcmp(c->key[i].text, k.text, k.len) == 0)
                return 1;
        return 0;
    }
    for (size_t i = l->first; n == FEW_KEYS && i < c->n; i++)
        if (add_slot(c, l->serial, c->key[i]) < 0)
            return -1;
    return add_slot(c, l->serial, k);
}

/* Adds a key to the innermost object. 1 when it was there already, -1 when memory ran out. */
static int add_key(struct checking *c, const struct json_scan *s)
{
    char *copy = arena_copy(&c->arena, s->str, s->str_len);
    if (!copy)
        return -1;
    struct key k = { copy, s->str_len };
    int twice = is_twice(c, &c->level[c->depth - 1], k);
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        struct key *grown = realloc(c->key, cap * sizeof *grown);
        if (!grown)
            return -1;
        c->key = grown;
        c->cap = cap;
    }
    c->key[c->n++] = k;
    return twice;
}

static void enter(struct checking *c, int object)
{
    c->level[c->depth++] = (struct level){ c->n, -1, object, c->serial++ };
}

static void leave(struct checking *c)
{
    c->n = c->level[--c->depth].first;
}

static int begins_value(enum json_token t)
{
    return t == JSON_OBJECT || t == JSON_ARRAY || (t >= JSON_STRING && t <= JSON_NULL);
}

int json_check(const char *text, size_t len, struct json_fault *fault)
{
    struct json_scan s;
    struct checking c = { .depth = 0 };
    const char *why = NULL;
    json_scan_init(&s, text, len, 1);
    while (!why) {
        enum json_token t = json_next(&s);
        if (t == JSON_END)
            break;
        if (t == JSON_ERROR) {
            why = s.why;
            break;
        }
        if (begins_value(t) && c.depth && !c.level[c.depth - 1].object)
            c.level[c.depth - 1].index++;
        if (t == JSON_OBJECT || t == JSON_ARRAY)
            enter(&c, t == JSON_OBJECT);
        else if (t == JSON_OBJECT_END || t == JSON_ARRAY_END)
            leave(&c);
        else if (t == JSON_KEY) {
            int twice = add_key(&c, &s);
            why = twice > 0 ? "a key stands twice in an object" : twice < 0 ? "memory ran out" : NULL;
        }
    }
    if (why) {
        fault->line = s.line;
        fault->column = json_column(&s);
        describe_path(&c, fault->path, sizeof fault->path);
        snprintf(fault->why, sizeof fault->why, "%s", why);
    }
    json_scan_free(&s);
    arena_free(&c.arena);
    free(c.key);
    free(c.slot);
    return !why ? 0 : strcmp(why, "memory ran out") == 0 ? HONE_ENOMEM : HONE_EINVAL;
}
