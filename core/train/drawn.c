/* See drawn.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/train/drawn.h"
#include "core/train/writer.h"

#define MOST_OUTPUTS 16
#define MOST_NEEDS 2 /* answer, expected */

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the answers of a step");
}

/* Whether two texts are all that the metric looks at. */
static int compares(const struct hone_metric *m)
{
    int n = 0;
    for (const char *const *need = m->needs; need && *need; need++, n++)
        if (n == MOST_NEEDS || (strcmp(*need, "answer") != 0 && strcmp(*need, "expected") != 0))
            return 0;
    for (n = 0; m->outputs[n];)
        n++;
    return !m->whole && m->item.flags & HONE_M_ALIKE && n <= MOST_OUTPUTS;
}

/* What the metric gives for an answer. */
static int reward_of(struct run *r, struct hone_string answer, struct hone_string expected, float *reward, struct hone_err *err)
{
    const struct reward *w = &r->reward;
    int32_t label = 0, predicted = answer.len != expected.len || memcmp(answer.bytes, expected.bytes, (size_t)answer.len) != 0;
    struct hone_column column[MOST_NEEDS];
    struct hone_scored one = { .n = 1, .width = 2, .predicted = &predicted, .label = &label, .column = column };
    double out[MOST_OUTPUTS];
    for (const char *const *need = w->metric->needs; need && *need; need++)
        column[one.n_columns++] = (struct hone_column){ *need, HONE_TEXT, 1, strcmp(*need, "answer") == 0 ? &answer : &expected };
    memset(w->state, 0, (size_t)w->states * sizeof *w->state);
    w->metric->update(&one, w->conf, w->state);
    if (w->metric->result(w->state, 2, w->conf, out, err) < 0)
        return err_prefix(err, "the metric %s", w->metric->item.name);
    if (!isfinite(out[0]))
        return hone_fail(err, ERR_PLUGIN, "the metric %s gives no number for an answer of %lld bytes", w->metric->item.name, (long long)answer.len);
    *reward = (float)out[0];
    return 0;
}

/* Whether it tells a right answer from a wrong one where it sees one at a time. */
static int tells_apart(struct run *r)
{
    static const struct hone_string right = { "it is on its way to you", 23 }, wrong = { "no such number was found", 24 };
    struct hone_err ignored;
    float same, other;
    return reward_of(r, right, right, &same, &ignored) >= 0 && reward_of(r, wrong, right, &other, &ignored) >= 0 && same > other;
}

static int unfit(const char *name, struct hone_err *err)
{
    return hone_fail(err, HONE_EINVAL, "config.paradigmOptions: the metric %s cannot reward an answer: expected one that compares two texts, one at a time, "
                     "greater being better, such as chrf, edit_similarity or exact_match", name);
}

int drawn_open(struct run *r, struct hone_err *err)
{
    struct reward *w = &r->reward;
    const struct registry_plugin *from;
    const char *name = r->plan.draw_reward ? r->plan.draw_reward : "";
    if (!r->plan.draws)
        return 0;
    const struct hone_item *item = registry_find(r->registry, HONE_METRIC, name, &from, err);
    if (!item)
        return err_prefix(err, "config.paradigmOptions");
    const struct hone_metric *m = (const struct hone_metric *)(const void *)item;
    if (!compares(m) || !(item->flags & HONE_M_HIGHER))
        return unfit(name, err);
    if (!(w->conf = settings_new(item, NULL, err)) && item->conf_size)
        return err->code;
    w->metric = m;
    w->states = m->state_size(w->conf, 2);
    if (w->states < 0 || !(w->state = calloc((size_t)w->states + 1, sizeof *w->state)))
        return no_memory(err);
    if (!tells_apart(r))
        return unfit(name, err);
    run_note_plugin(r, item, from);
    return 0;
}

void drawn_close(struct run *r)
{
    if (r->reward.metric)
        settings_free(&r->reward.metric->item, r->reward.conf);
    free(r->reward.state);
    r->reward = (struct reward){ 0 };
}

int drawn_keep(struct run *r, struct row_set *s, const struct hone_string *input, const struct hone_string *answer, const char *which,
               struct hone_err *err)
{
    int64_t context = r->learner.model->context(r->learner.self);
    int ret = encoded_make(&s->asked, r->learner.model, r->learner.self, input, NULL, s->n, 0, r->pool, err);
    s->expected = ret < 0 ? NULL : malloc((size_t)(s->n + 1) * sizeof *s->expected);
    for (int64_t i = 0; s->expected && i < s->n; i++) {
        char *copy = arena_copy(&s->texts, answer[i].bytes, (size_t)answer[i].len);
        int64_t tokens = s->asked.start[i + 1] - s->asked.start[i];
        if (!copy)
            return no_memory(err);
        if (tokens >= context)
            return hone_fail(err, HONE_EINVAL, "the input of %s row %lld has %lld tokens, which leaves no room for an answer in the %lld that the model looks at: "
                             "leave it out, or raise modelOptions.context", which, (long long)i + 1, (long long)tokens, (long long)context);
        s->expected[i] = (struct hone_string){ copy, answer[i].len };
    }
    return ret < 0 ? ret : s->expected ? 0 : no_memory(err);
}

/* Inputs and the answers behind them as tokens; the rows are those of the answers. */
static int join(struct encoded *x, const struct hone_bag *asked, const struct written *out)
{
    int64_t tokens = 0, rows = 0;
    for (int64_t i = 0; i < asked->n; i++) {
        rows += out[i].tokens;
        tokens += asked->start[i + 1] - asked->start[i] + out[i].tokens;
    }
    *x = (struct encoded){ .n = asked->n, .start = malloc((size_t)(asked->n + 1) * sizeof *x->start), .index = malloc((size_t)(tokens + 1) * sizeof *x->index),
                           .row_start = malloc((size_t)(asked->n + 1) * sizeof *x->row_start), .target = malloc((size_t)(rows + 1) * sizeof *x->target) };
    if (!x->start || !x->index || !x->row_start || !x->target)
        return HONE_ENOMEM;
    int64_t at = x->start[0] = x->row_start[0] = 0;
    for (int64_t i = 0; i < asked->n; i++) {
        int64_t given = asked->start[i + 1] - asked->start[i], n = out[i].tokens, row = x->row_start[i];
        memcpy(x->index + at, asked->index + asked->start[i], (size_t)given * sizeof *x->index);
        memcpy(x->index + at + given, out[i].ids.p, (size_t)n * sizeof *x->index);
        memcpy(x->target + row, out[i].ids.p, (size_t)n * sizeof *x->target);
        at += given + n - 1; /* nothing is asked behind the last token */
        x->start[i + 1] = at;
        x->row_start[i + 1] = row + n;
    }
    return 0;
}

/* The columns of the examples, and the rewards of the answers. */
static int fill(struct run *r, const struct row_set *from, const int64_t *row, const struct written *out, struct row_set *to, struct hone_err *err)
{
    int64_t n = to->n;
    int ret = 0;
    to->target = malloc((size_t)(n + 1) * sizeof *to->target);
    to->weight = malloc((size_t)(n + 1) * sizeof *to->weight);
    to->feedback = malloc((size_t)n + 1);
    to->example = malloc((size_t)(n + 1) * sizeof *to->example);
    to->text_reward = malloc((size_t)(n * to->each + 1) * sizeof *to->text_reward);
    if (!to->target || !to->weight || !to->feedback || !to->example || !to->text_reward)
        return no_memory(err);
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        to->target[i] = -1;
        to->weight[i] = from->weight[row[i]];
        to->feedback[i] = from->feedback[row[i]];
        to->example[i] = row[i];
        for (int64_t k = i * to->each; k < (i + 1) * to->each && ret >= 0; k++) {
            struct hone_string answer = { out[k].text.n ? out[k].text.p : "", (int64_t)out[k].text.n };
            ret = reward_of(r, answer, from->expected[row[i]], &to->text_reward[k], err);
        }
    }
    return ret < 0 ? ret : 0;
}

int drawn_make(struct run *r, const struct row_set *from, const int64_t *row, int64_t n, int train, struct row_set *to, struct hone_err *err)
{
    int64_t each = train ? r->plan.draws : 1, texts = n * each;
    const struct write_sink sink = { .arg = r->beat_arg, .beat = r->beat };
    struct written *out = calloc((size_t)texts + 1, sizeof *out);
    struct write_wish *wish = calloc((size_t)texts + 1, sizeof *wish);
    int64_t *of = malloc((size_t)(texts + 1) * sizeof *of);
    struct batch asked = { 0 };
    uint64_t seed = rng_u64((uint64_t)r->config.seed, RNG_DRAWN, (uint64_t)r->state.step);
    *to = (struct row_set){ .n = n, .each = each };
    for (int64_t i = 0; of && wish && i < texts; i++) {
        of[i] = row[i / each];
        wish[i] = write_default;
        wish[i].temperature = train ? 1 : 0;
        wish[i].max_tokens = r->plan.draw_tokens;
        wish[i].seed = rng_u64(seed, RNG_DRAWN, (uint64_t)(of[i] * HONE_DRAWS + i % each));
    }
    int ret = out && wish && of && !batch_gather(&asked, &from->asked, of, texts) ? 0 : no_memory(err);
    if (!ret)
        ret = writer_tokens(&r->learner, &r->eval_passes, 1, &asked.bag, 1, wish, out, &sink, err);
    if (!ret && join(&to->x, &asked.bag, out))
        ret = no_memory(err);
    if (!ret)
        ret = fill(r, from, row, out, to, err);
    for (int64_t i = 0; out && i < texts; i++)
        written_free(&out[i]);
    free(out);
    free(wish);
    free(of);
    batch_free(&asked);
    return ret;
}
