#include "core/worker/answerer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/rng.h"
#include "hone/explore.h"

struct answerer *answerer_open(struct task *t, const char *weights, int map, struct hone_err *err)
{
    struct answerer *a = calloc(1, sizeof *a);
    if (!a) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    a->p = map ? predictor_map(t->registry, t->pool, weights, err) : predictor_open(t->registry, t->pool, weights, err);
    if (a->p && predictor_writes(a->p)) {
        a->write = calloc(ANSWERER_BLOCK, sizeof *a->write);
        a->written = calloc(ANSWERER_BLOCK, sizeof *a->written);
        for (int i = 0; a->write && i < ANSWERER_BLOCK; i++)
            a->write[i] = *predictor_wish(a->p);
    }
    int ready = a->p && (a->name = calloc((size_t)predictor_outputs(a->p) + 1, sizeof *a->name)) && (!predictor_writes(a->p) || (a->write && a->written));
    if (ready)
        return a;
    if (a->p)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    answerer_close(a);
    return NULL;
}

void answerer_close(struct answerer *a)
{
    if (!a)
        return;
    for (int64_t i = 0; a->name && i < predictor_outputs(a->p); i++)
        free(a->name[i]);
    for (int i = 0; a->written && i < ANSWERER_BLOCK; i++)
        written_free(&a->written[i]);
    free(a->written);
    free(a->write);
    free(a->name);
    free(a->prob);
    free(a->chance);
    predictor_close(a->p);
    free(a);
}

/* The indices of the `top` highest of n, in descending order, the first of equals first. */
static void best_of(const float *prob, int64_t n, int32_t *index, int64_t top)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (m == top && !(prob[i] > prob[index[m - 1]]))
            continue;
        int64_t at = m < top ? m++ : m - 1;
        for (; at > 0 && prob[i] > prob[index[at - 1]]; at--)
            index[at] = index[at - 1];
        index[at] = (int32_t)i;
    }
}

int answerer_run(struct answerer *a, const struct hone_string *text, int64_t n, int rows, struct hone_err *err)
{
    int64_t width = predictor_outputs(a->p);
    a->has_rows = 0;
    if (a->write) {
        for (int64_t i = 0; i < n; i++)
            written_free(&a->written[i]);
        return predictor_write(a->p, text, n, a->write, a->written, a->sink, err);
    }
    if (!rows)
        return predictor_best(a->p, text, n, a->best, a->best_prob, err);
    if (!a->prob && !(a->prob = malloc((size_t)width * ANSWERER_BLOCK * sizeof *a->prob)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    int ret = predictor_probs(a->p, text, n, a->prob, err);
    for (int64_t i = 0; i < n && !ret; i++) {
        best_of(a->prob + i * width, width, &a->best[i], 1);
        a->best_prob[i] = a->prob[i * width + a->best[i]];
    }
    a->has_rows = ret == 0;
    return ret;
}

static const char *name_of(struct answerer *a, int32_t i)
{
    if (!a->name[i]) {
        struct buf b = { 0 };
        struct hone_string o = predictor_output(a->p, i);
        buf_json_string(&b, o.bytes, (size_t)o.len);
        a->name[i] = buf_take(&b);
    }
    return a->name[i];
}

/* An output text; memory that ran out for it is the buffer's failure. */
static void put_name(struct answerer *a, struct buf *b, int32_t i)
{
    const char *name = name_of(a, i);
    if (name)
        buf_puts(b, name);
    else
        b->oom = 1;
}

/* A probability with six decimals. */
static void put_prob(struct buf *b, float p)
{
    char text[16];
    long v = lround((double)p * 1e6);
    if (v >= 1000000) {
        buf_puts(b, "1.000000");
        return;
    }
    text[0] = '0';
    text[1] = '.';
    for (int i = 7; i > 1; i--, v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_add(b, text, 8);
}

static void put_alternatives(struct answerer *a, struct buf *b, int64_t i, int64_t top)
{
    int64_t width = predictor_outputs(a->p);
    int32_t index[ANSWERER_MAX_TOP];
    const float *prob = a->has_rows ? a->prob + i * width : NULL;
    top = top < width ? top : width;
    if (prob && top > 0)
        best_of(prob, width, index, top);
    buf_puts(b, ",\"alternatives\":[");
    for (int64_t j = 0; prob && j < top; j++) {
        buf_puts(b, j ? ",{\"output\":" : "{\"output\":");
        put_name(a, b, index[j]);
        buf_puts(b, ",\"confidence\":");
        put_prob(b, prob[index[j]]);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

int answer_rule_of(const char *name)
{
    static const char *const names[] = { "epsilon_greedy", "softmax", "squarecb" };
    for (int i = 0; name && i < 3; i++)
        if (strcmp(name, names[i]) == 0)
            return i + 1;
    return name ? -1 : ANSWER_BEST;
}

int answer_wish_read(const cJSON *q, struct answer_wish *w, struct hone_string *text, struct hone_err *err)
{
    const char *bytes = json_str(q, "text", NULL), *rule = json_str(q, "rule", NULL);
    *w = (struct answer_wish){ .top = json_int(q, "top", 0), .threshold = json_num(q, "threshold", -1), .complete = 1,
                               .setting = json_num(q, "setting", 0), .seed = (uint64_t)json_int(q, "seed", 0), .draw = (uint64_t)json_int(q, "draw", 0) };
    if (answer_rule_of(rule) < 0)
        return hone_fail(err, HONE_EINVAL, "rule is '%.40s'; expected epsilon_greedy, softmax or squarecb", rule);
    w->rule = (enum answer_rule)answer_rule_of(rule);
    if (!bytes || w->top < 0 || w->top > ANSWERER_MAX_TOP)
        return hone_fail(err, HONE_EINVAL, "expected text, and top from 0 to %d", ANSWERER_MAX_TOP);
    *text = (struct hone_string){ bytes, (int64_t)strlen(bytes) };
    return 0;
}

/* An output that is drawn, with the probability of that. */
static void put_drawn(struct answerer *a, struct buf *b, int64_t i, const struct answer_wish *w)
{
    int64_t width = predictor_outputs(a->p);
    const float *prob = a->prob + i * width;
    if (!a->chance && !(a->chance = malloc((size_t)width * sizeof *a->chance))) {
        b->oom = 1;
        return;
    }
    if (w->rule == ANSWER_EPSILON_GREEDY)
        hone_explore_epsilon(prob, width, w->setting, a->chance);
    else if (w->rule == ANSWER_SOFTMAX)
        hone_explore_softmax(prob, width, w->setting, a->chance);
    else
        hone_explore_squarecb(prob, width, w->setting, a->chance);
    int64_t drawn = hone_choose(a->chance, width, rng_unit(w->seed, RNG_EXPLORE, w->draw));
    buf_puts(b, "{\"output\":");
    put_name(a, b, (int32_t)drawn);
    buf_puts(b, ",\"confidence\":");
    put_prob(b, prob[drawn]);
    buf_printf(b, ",\"propensity\":%.9g,\"best\":%s", (double)a->chance[drawn], drawn == a->best[i] ? "true" : "false");
    if (w->complete)
        buf_puts(b, ",\"abstained\":false");
}

void answerer_put_written(struct answerer *a, struct buf *b, const struct written *w, const struct answer_wish *wish)
{
    double threshold = wish->threshold < 0 ? predictor_threshold(a->p) : wish->threshold, sure = written_confidence(w);
    int abstained = sure < threshold || (w->finish && strcmp(w->finish, "refused") == 0);
    buf_puts(b, "{\"output\":");
    if (abstained)
        buf_puts(b, "null");
    else
        buf_json_string(b, w->text.p ? w->text.p : "", w->text.n);
    buf_puts(b, ",\"confidence\":");
    put_prob(b, (float)sure);
    if (threshold > 0 || wish->complete)
        buf_puts(b, abstained ? ",\"abstained\":true" : ",\"abstained\":false");
    buf_printf(b, ",\"tokens\":%lld,\"finish_reason\":\"%s\",\"usage\":{\"input_tokens\":%lld,\"output_tokens\":%lld}", (long long)w->tokens,
               w->finish ? w->finish : "end", (long long)w->given, (long long)w->tokens);
    buf_puts(b, wish->top > 0 || wish->complete ? ",\"alternatives\":[]}" : "}");
}

void answerer_put(struct answerer *a, struct buf *b, int64_t i, const struct answer_wish *wish)
{
    if (a->write) {
        answerer_put_written(a, b, &a->written[i], wish);
        return;
    }
    if (wish->rule != ANSWER_BEST) {
        put_drawn(a, b, i, wish);
        if (wish->top > 0 || wish->complete)
            put_alternatives(a, b, i, wish->top);
        buf_putc(b, '}');
        return;
    }
    double threshold = wish->threshold < 0 ? predictor_threshold(a->p) : wish->threshold;
    int abstained = (double)a->best_prob[i] < threshold;
    buf_puts(b, "{\"output\":");
    if (abstained)
        buf_puts(b, "null");
    else
        put_name(a, b, a->best[i]);
    buf_puts(b, ",\"confidence\":");
    put_prob(b, a->best_prob[i]);
    if (threshold > 0 || wish->complete)
        buf_puts(b, abstained ? ",\"abstained\":true" : ",\"abstained\":false");
    if (wish->top > 0 || wish->complete)
        put_alternatives(a, b, i, wish->top);
    buf_putc(b, '}');
}
