/* See candidates.h. */
#include "core/synth/candidates.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/base/text.h"

void candidates_free(struct candidates *c)
{
    free(c->v);
    arena_free(&c->text);
    *c = (struct candidates){ 0 };
}

static int names_are_sound(const char *const *names)
{
    for (int n = 0; names && names[n]; n++)
        if (n == SYNTH_TAGS || !text_is_identifier(names[n]))
            return 0;
    return 1;
}

const char *proposal_fault(const struct hone_proposal *p, const struct hone_material *material, int32_t label)
{
    if (p->struct_size < sizeof *p)
        return "struct_size is not that of struct hone_proposal";
    if (p->label != label)
        return "label is not the output that was wished for";
    if (!p->input.bytes || p->input.len <= 0)
        return "input is empty";
    if (utf8_invalid_at(p->input.bytes, (size_t)p->input.len) < (size_t)p->input.len || memchr(p->input.bytes, 0, (size_t)p->input.len))
        return "input is not UTF-8, or has a NUL";
    if (!p->method || !text_is_identifier(p->method))
        return "method is not a name like [a-z][a-z0-9_]*";
    if (!names_are_sound(p->tags))
        return "tags are not names like [a-z][a-z0-9_]*, at most 16, NULL-terminated";
    if (p->n_source < 0 || p->n_source > SYNTH_SOURCES || (p->n_source && !p->source))
        return "n_source is not the number of its sources, at most 16";
    for (int64_t i = 0; i < p->n_source; i++)
        if (p->source[i] < 0 || p->source[i] >= material->n)
            return "a source is no example of the material";
    return NULL;
}

/* ---- one wish ---- */

struct wish_work {
    struct hone_collector collector;
    const struct asking *a;
    struct candidates got;
    int32_t label, maker;
    int ret;
    struct hone_err err;
};

static int keep(struct candidates *c, const struct wish_work *w, const struct hone_proposal *p)
{
    if (c->n == c->cap) {
        int64_t cap = c->cap ? 2 * c->cap : 64;
        struct candidate *v = realloc(c->v, (size_t)cap * sizeof *v);
        if (!v)
            return HONE_ENOMEM;
        c->v = v;
        c->cap = cap;
    }
    struct candidate *n = &c->v[c->n];
    char *text = arena_copy(&c->text, p->input.bytes, (size_t)p->input.len), *method = arena_copy(&c->text, p->method, strlen(p->method));
    *n = (struct candidate){ .input = { text, p->input.len }, .label = w->label, .maker = w->maker, .method = method, .rival = -1, .nearest = -1,
                             .n_source = (int32_t)p->n_source };
    int ok = text && method;
    for (; ok && p->tags && p->tags[n->n_tags]; n->n_tags++)
        ok = (n->tag[n->n_tags] = arena_copy(&c->text, p->tags[n->n_tags], strlen(p->tags[n->n_tags]))) != NULL;
    if (n->n_source)
        memcpy(n->source, p->source, (size_t)n->n_source * sizeof *n->source);
    c->n += ok;
    return ok ? 0 : HONE_ENOMEM;
}

static int add(struct hone_collector *collector, const struct hone_proposal *p, struct hone_err *err)
{
    struct wish_work *w = collector->host_data;
    const char *fault = proposal_fault(p, w->a->material, w->label);
    if (fault)
        return hone_fail(err, ERR_PLUGIN, "proposal %lld: %s", (long long)w->got.n + 1, fault);
    if (keep(&w->got, w, p))
        return hone_fail(err, HONE_ENOMEM, "memory ran out after %lld proposals", (long long)w->got.n);
    return w->got.n >= w->a->count[w->label];
}

static void run_wish(struct wish_work *w)
{
    const struct asking *a = w->a;
    const struct maker *m = &a->maker[w->maker];
    const struct hone_wish wish = { .struct_size = sizeof wish, .label = w->label, .count = a->count[w->label], .difficulty = a->difficulty,
                                    .seed = rng_u64(a->seed, RNG_SYNTH, (uint64_t)w->maker << 32 | (uint32_t)w->label) };
    w->collector = (struct hone_collector){ .struct_size = sizeof w->collector, .host_data = w, .add = add };
    w->ret = m->plugin->generate(m->self, &wish, &w->collector, &w->err);
    if (w->ret < 0)
        err_prefix(&w->err, "generator '%s'", m->name);
}

static void wish_task(void *arg, int64_t begin, int64_t end)
{
    struct wish_work *w = arg;
    for (int64_t i = begin; i < end; i++)
        if (!(w[i].a->maker[w[i].maker].plugin->item.flags & HONE_G_OUTSIDE))
            run_wish(&w[i]);
}

/* ---- all wishes ---- */

/* Moves what a wish gave behind the others; its texts are copied. */
static int take(struct candidates *c, const struct candidates *from, const struct asking *a)
{
    int ret = 0;
    for (int64_t i = 0; i < from->n && !ret; i++) {
        const struct candidate *f = &from->v[i];
        const char *tags[SYNTH_TAGS + 1] = { NULL };
        const struct wish_work w = { .a = a, .label = f->label, .maker = f->maker };
        memcpy(tags, f->tag, (size_t)f->n_tags * sizeof *tags);
        const struct hone_proposal p = { .input = f->input, .method = f->method, .source = f->source, .n_source = f->n_source, .tags = tags };
        ret = keep(c, &w, &p);
    }
    return ret;
}

int candidates_ask(struct candidates *c, const struct asking *a, struct hone_err *err)
{
    int64_t n = 0, outputs = a->material->outputs;
    struct wish_work *w = calloc((size_t)(outputs * a->makers) + 1, sizeof *w);
    int ret = w ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the wishes");
    for (int32_t k = 0; w && k < outputs; k++)
        for (int32_t m = 0; m < a->makers && a->count[k] > 0; m++)
            w[n++] = (struct wish_work){ .a = a, .label = k, .maker = m };
    if (n)
        pool_run(a->pool, n, 1, wish_task, w);
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        if (a->maker[w[i].maker].plugin->item.flags & HONE_G_OUTSIDE)
            run_wish(&w[i]);
        a->watch->beat(a->watch->arg);
        if (w[i].ret < 0)
            ret = hone_fail(err, w[i].ret, "%s", w[i].err.text);
        else if (take(c, &w[i].got, a))
            ret = hone_fail(err, HONE_ENOMEM, "memory ran out for %lld proposals", (long long)c->n);
        else if (a->watch->stopped(a->watch->arg))
            ret = hone_fail(err, ERR_CANCELLED, "stopped");
    }
    for (int64_t i = 0; i < n; i++)
        candidates_free(&w[i].got);
    free(w);
    return ret < 0 ? ret : 0;
}
