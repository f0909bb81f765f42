/* Tries a generator on a small module: sound proposals, the same ones for the same wish in any order of calls, others for another
 * seed, and an end when enough were made. See check_plugin.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/synth/candidates.h"
#include "core/worker/check_plugin.h"

#define G_EXAMPLES 12
#define G_OUTPUTS 3
#define G_WANTED 6
#define MODEL_SAYS 128

static const char *const input[G_EXAMPLES] = {
    "where is my parcel", "has my parcel been sent yet", "my parcel from last week is late", "when does the parcel come",
    "i want my money back", "please send the money back to my card", "how long does a refund take", "can i get a refund for the kettle",
    "the kettle does not heat", "my kettle broke after two days", "the lid of the kettle is cracked", "w\xc3\xa4rmt der kettle nicht mehr" };

struct gathered {
    struct hone_collector collector;
    const struct hone_material *from;
    int32_t label;              /* that was wished for */
    int64_t n, enough;          /* enough: add() then answers 1 */
    int fail;                   /* add() fails at once */
    int64_t late;               /* calls after the answer was not 0 */
    struct buf seen;            /* all that was proposed */
    char why[200];
};

/* Writes down what is wrong with a proposal, if it is the first that is. */
static void judge(struct gathered *g, const struct hone_proposal *p)
{
    const char *fault = proposal_fault(p, g->from, g->label);
    if (fault && !g->why[0])
        snprintf(g->why, sizeof g->why, "proposal %lld: %s", (long long)g->n + 1, fault);
}

static int add(struct hone_collector *c, const struct hone_proposal *p, struct hone_err *err)
{
    struct gathered *g = c->host_data;
    if (g->fail || g->n >= g->enough)
        g->late++;
    if (g->fail)
        return hone_fail(err, HONE_EIO, "the disk is full");
    judge(g, p);
    g->n++;
    if (!g->why[0]) {
        buf_printf(&g->seen, "%d %s ", p->label, p->method);
        buf_add(&g->seen, p->input.bytes, (size_t)p->input.len);
        buf_putc(&g->seen, '\n');
    }
    return g->n >= g->enough;
}

/* Stands for a language model, which a check has none of: two lines that the seed makes. */
static int answer(const struct hone_completion_service *s, const struct hone_completion_wish *w, struct hone_string *text, struct hone_err *err)
{
    char *lines = s->host_data;
    (void)err;
    int n = snprintf(lines, MODEL_SAYS, "where is number %llu\nthe lid of kettle %llu leaks\n", (unsigned long long)w->seed, (unsigned long long)w->seed);
    *text = (struct hone_string){ lines, n };
    return 0;
}

/* One wish; what was gathered is freed with buf_free(&g->seen). */
static int wish(const struct hone_generator *gen, void *self, const struct hone_material *m, int32_t label, uint64_t seed, int64_t enough,
                struct gathered *g, struct hone_err *err)
{
    const struct hone_wish w = { .struct_size = sizeof w, .label = label, .count = G_WANTED, .difficulty = 0.5, .seed = seed };
    int fail = g->fail;
    *g = (struct gathered){ .collector = { .struct_size = sizeof g->collector, .add = add }, .from = m, .label = label, .enough = enough,
                            .fail = fail };
    g->collector.host_data = g;
    return gen->generate(self, &w, &g->collector, err);
}

static int same(const struct gathered *a, const struct gathered *b)
{
    return a->seen.n == b->seen.n && (a->seen.n == 0 || memcmp(a->seen.p, b->seen.p, a->seen.n) == 0);
}

static void try_wishes(struct checking *c, const struct hone_generator *gen, void *self, const struct hone_material *m)
{
    struct gathered first[G_OUTPUTS] = { 0 }, again = { 0 };
    struct hone_err err = { 0 };
    int64_t made = 0;
    int ret = 0, alike = 1, other = 0;
    const char *why = NULL;
    for (int32_t k = 0; k < G_OUTPUTS && ret >= 0; k++) {
        ret = wish(gen, self, m, k, 7, 1000, &first[k], &err);
        made += first[k].n;
        why = !why && first[k].why[0] ? first[k].why : why;
    }
    check_line(c, "answers wishes", ret < 0 ? err.text : NULL);
    check_line(c, "proposes what is sound", why ? why : made ? NULL : "it proposed nothing for 12 examples of 3 outputs");
    for (int32_t k = G_OUTPUTS - 1; k >= 0 && ret >= 0; k--) {
        ret = wish(gen, self, m, k, 7, 1000, &again, &err);
        alike &= same(&first[k], &again);
        buf_free(&again.seen);
        ret = ret < 0 ? ret : wish(gen, self, m, k, 8, 1000, &again, &err);
        other |= !same(&first[k], &again);
        buf_free(&again.seen);
    }
    if (ret >= 0 && !(c->item->flags & HONE_G_OUTSIDE)) {
        check_line(c, "proposes the same for the same wish, whatever was wished between", alike ? NULL : "the second time, proposals were others");
        check_line(c, "follows the seed", other ? NULL : "another seed gives the same proposals");
    }
    for (int32_t k = 0; k < G_OUTPUTS; k++)
        buf_free(&first[k].seen);
}

static void try_ends(struct checking *c, const struct hone_generator *gen, void *self, const struct hone_material *m)
{
    struct gathered g = { 0 };
    struct hone_err err = { 0 };
    int ret = wish(gen, self, m, 0, 7, 1, &g, &err);
    check_line(c, "stops when it has made enough", ret < 0 ? err.text : g.late ? "it called add() again after add() had answered 1" : NULL);
    buf_free(&g.seen);
    g.fail = 1;
    ret = wish(gen, self, m, 0, 7, 1000, &g, &err);
    check_line(c, "passes on that a proposal could not be kept",
               g.late == 0 || (ret < 0 && g.late == 1) ? NULL : "add() failed, and generate() went on or returned success");
    buf_free(&g.seen);
}

void check_generator(struct checking *c)
{
    const struct hone_generator *gen = (const struct hone_generator *)(const void *)c->item;
    struct hone_string text[G_EXAMPLES], output[G_OUTPUTS] = { { "parcel", 6 }, { "refund", 6 }, { "kettle", 6 } };
    int32_t label[G_EXAMPLES];
    float weight[G_EXAMPLES];
    struct hone_err err = { 0 };
    char said[MODEL_SAYS];
    const struct hone_completion_service model = { .struct_size = sizeof model, .host_data = said, .ask = answer };
    void *self = NULL;
    registry_lend_completion(c->task->registry, &model);
    for (int i = 0; i < G_EXAMPLES; i++) {
        text[i] = (struct hone_string){ input[i], (int64_t)strlen(input[i]) };
        label[i] = i / (G_EXAMPLES / G_OUTPUTS);
        weight[i] = 1;
    }
    const struct hone_material m = { .struct_size = sizeof m, .n = G_EXAMPLES, .input = text, .label = label, .weight = weight,
                                     .outputs = G_OUTPUTS, .output = output };
    void *conf = settings_new(c->item, NULL, &err);
    int ret = conf || !c->item->conf_size ? gen->open(&self, conf, &m, registry_host(c->task->registry), &err) : err.code;
    check_line(c, "learns from examples", ret < 0 ? err.text : NULL);
    if (ret >= 0) {
        try_wishes(c, gen, self, &m);
        try_ends(c, gen, self, &m);
    }
    if (self)
        gen->close(self);
    settings_free(c->item, conf);
    registry_lend_completion(c->task->registry, NULL);
}
