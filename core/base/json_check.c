/* The strict validator of json.h: the scanner, and duplicate keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/arena.h"
#include "core/base/json.h"

/* An open object or array. */
struct level {
    size_t first;     /* objects: its first key in `keys` */
    int64_t index;    /* arrays: element that is being read */
    int object;
};

struct key {
    const char *text;
    size_t len;
};

struct checking {
    struct level level[JSON_MAX_DEPTH + 1];
    int depth;
    struct key *key;  /* keys of all open objects, innermost last */
    size_t n, cap;
    struct arena arena;
};

static void describe_path(const struct checking *c, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (int d = 0; d < c->depth && at < size; d++) {
        const struct level *l = &c->level[d];
        size_t last = d + 1 < c->depth ? c->level[d + 1].first : c->n;
        if (!l->object)
            at += (size_t)snprintf(out + at, size - at, "/%lld", (long long)l->index);
        else if (last > l->first)
            at += (size_t)snprintf(out + at, size - at, "/%.*s", (int)(c->key[last - 1].len < 60 ? c->key[last - 1].len : 60),
                                   c->key[last - 1].text);
    }
}

/* Adds a key to the innermost object. 1 when it is there already, -1 when memory ran out. */
static int add_key(struct checking *c, const struct json_scan *s)
{
    const struct level *l = &c->level[c->depth - 1];
    for (size_t i = l->first; i < c->n; i++)
        if (c->key[i].len == s->str_len && memcmp(c->key[i].text, s->str, s->str_len) == 0)
            return 1;
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        struct key *grown = realloc(c->key, cap * sizeof *grown);
        if (!grown)
            return -1;
        c->key = grown;
        c->cap = cap;
    }
    char *copy = arena_copy(&c->arena, s->str, s->str_len);
    if (!copy)
        return -1;
    c->key[c->n++] = (struct key){ copy, s->str_len };
    return 0;
}

static void enter(struct checking *c, int object)
{
    c->level[c->depth++] = (struct level){ c->n, -1, object };
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
    return why ? HONE_EINVAL : 0;
}
