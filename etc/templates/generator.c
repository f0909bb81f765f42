/* Generator "@NAME@": makes new examples from those of a module. This one joins the beginning of an example to the end of another of
 * the same output, where both have a blank. */
#include <string.h>
#include "hone/generator.h"
#include "hone/math.h"

struct conf {
    int64_t tries;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, tries, HONE_INT, 0, 20, 1, 10000, "draws for each example that is wanted"),
};

struct maker {
    const struct hone_host *host;
    const struct hone_material *from;
    const struct conf *conf;
};

static int open_maker(void **self, const void *conf, const struct hone_material *material, const struct hone_host *host,
                      struct hone_err *err)
{
    struct maker *m = host->alloc(host, sizeof *m);
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    *m = (struct maker){ host, material, conf };
    *self = m;
    return 0;
}

/* An example of that output, or -1. */
static int64_t draw_example(const struct hone_material *from, int32_t label, uint64_t draw)
{
    int64_t at = (int64_t)(draw % (uint64_t)(from->n ? from->n : 1));
    for (int64_t i = 0; i < from->n; i++)
        if (from->label[(at + i) % from->n] == label)
            return (at + i) % from->n;
    return -1;
}

/* A place of a blank in the text, or -1. */
static int64_t draw_blank(struct hone_string s, uint64_t draw)
{
    int64_t at = (int64_t)(draw % (uint64_t)(s.len ? s.len : 1));
    for (int64_t i = 0; i < s.len; i++)
        if (s.bytes[(at + i) % s.len] == ' ')
            return (at + i) % s.len;
    return -1;
}

static int propose(const struct maker *m, int32_t label, const int64_t *pair, const uint64_t *draw, struct hone_collector *to,
                   struct hone_err *err)
{
    struct hone_string a = m->from->input[pair[0]], b = m->from->input[pair[1]];
    int64_t head = draw_blank(a, draw[0]), tail = draw_blank(b, draw[1]);
    if (head < 1 || tail < 0)
        return 0;
    char *text = m->host->alloc(m->host, (size_t)(head + b.len - tail));
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    memcpy(text, a.bytes, (size_t)head);
    memcpy(text + head, b.bytes + tail, (size_t)(b.len - tail));
    struct hone_proposal p = { .struct_size = sizeof p, .label = label, .input = { text, head + b.len - tail }, .method = "join",
                               .source = pair, .n_source = 2 };
    int ret = to->add(to, &p, err);
    m->host->free(m->host, text);
    return ret;
}

/* self is not changed; all chance comes from the wish, so that the same wish gives the same again. */
static int generate(void *self, const struct hone_wish *w, struct hone_collector *to, struct hone_err *err)
{
    const struct maker *m = self;
    int64_t made = 0;
    int ret = 0;
    for (int64_t t = 0; t < w->count * m->conf->tries && made < w->count && ret == 0; t++) {
        uint64_t c = (uint64_t)t * 4, draw[2] = { hone_draw(w->seed, c), hone_draw(w->seed, c + 1) };
        int64_t pair[2] = { draw_example(m->from, w->label, hone_draw(w->seed, c + 2)),
                            draw_example(m->from, w->label, hone_draw(w->seed, c + 3)) };
        if (pair[0] < 0 || pair[0] == pair[1])
            continue;
        ret = propose(m, w->label, pair, draw, to, err);
        made++;
    }
    return ret < 0 ? ret : 0;
}

static void close_maker(void *self)
{
    struct maker *m = self;
    m->host->free(m->host, m);
}

static const struct hone_generator @NAME@ = {
    .item = HONE_ITEM(struct hone_generator, HONE_GENERATOR, "@NAME@", "one line for lists", "Longer text, with the source.", params,
                      struct conf, 0, NULL),
    .open = open_maker, .generate = generate, .close = close_maker,
};

HONE_DEFINE_PLUGIN("@NAME@", "0.1", "Apache-2.0", "", NULL, NULL, &@NAME@.item);
