/* From files to the two sides of a run: labels, weights, feedback. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"
#include "core/data/split.h"
#include "core/train/memory.h"
#include "core/train/nats.h"
#include "core/train/run.h"

static void note(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct run *r, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cJSON_AddItemToArray(r->notes, cJSON_CreateString(text));
}

void row_set_free(struct row_set *s)
{
    encoded_free(&s->x);
    encoded_free(&s->asked);
    free(s->text_reward);
    free(s->example);
    free(s->expected);
    arena_free(&s->texts);
    free(s->target);
    free(s->weight);
    free(s->feedback);
    free(s->reward);
    free(s->propensity);
    free(s->tokens);
    *s = (struct row_set){ 0 };
}

static int grow(void *array, int64_t have, int64_t more, const void *from, size_t size)
{
    void **slot = array;
    char *p = realloc(*slot, (size_t)(have + more + 1) * size);
    if (!p)
        return HONE_ENOMEM;
    *slot = p;
    memcpy(p + (size_t)have * size, from, (size_t)more * size);
    return 0;
}

/* Adds the rows of b, whose texts are `more`, behind those of a. Rewards of b are not looked at. 0 or HONE_ENOMEM. */
static int row_set_append(struct row_set *a, const struct row_set *b, struct hone_string **text, const struct hone_string *more)
{
    int64_t n = a->n, m = b->n;
    float *none = malloc((size_t)(m + 1) * sizeof *none);
    for (int64_t i = 0; none && i < m; i++)
        none[i] = NAN;
    int bad = !none || grow(&a->target, n, m, b->target, sizeof *a->target) || grow(&a->weight, n, m, b->weight, sizeof *a->weight)
              || grow(&a->feedback, n, m, b->feedback, 1) || grow(&a->tokens, n, m, b->tokens, sizeof *a->tokens)
              || (a->reward && grow(&a->reward, n, m, none, sizeof *none)) || (a->propensity && grow(&a->propensity, n, m, none, sizeof *none))
              || grow(text, n, m, more, sizeof **text);
    free(none);
    a->n += bad ? 0 : m;
    return bad ? HONE_ENOMEM : 0;
}

void run_texts_free(struct run_texts *t)
{
    free(t->train);
    free(t->valid);
    free(t->train_answer);
    free(t->valid_answer);
    free(t->train_rejected);
    free(t->valid_rejected);
    free(t->output);
    examples_free(&t->data);
    examples_free(&t->validation);
    examples_free(&t->replayed);
    arena_free(&t->words);
    *t = (struct run_texts){ 0 };
}

static int no_memory(struct hone_err *err, int64_t n)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld examples", (long long)n);
}

/* Whether a row makes its output one that the agent may give, and counts in a validation. */
static int teaches(const struct run *r, const struct examples *e, int64_t row)
{
    return e->output[row] >= 0 && e->weight[row] > 0 && (e->feedback[row] != HONE_INCORRECT || r->plan.flags & HONE_PLAN_LOGGED);
}

/* Which outputs the agent can give: those that a training row teaches, and those of the base where they are kept.
 * map[output of the file] is its number or -1. */
static int known_outputs(const struct run *r, struct run_texts *t, const struct learner *base, const int64_t *row, int64_t n, int32_t *map)
{
    struct examples *e = &t->data;
    for (int64_t i = 0; i < e->outputs.n; i++)
        map[i] = -1;
    t->output = malloc((size_t)(e->outputs.n + 1) * sizeof *t->output);
    for (int64_t i = 0; i < n && t->output; i++) {
        int32_t o = e->output[row[i]];
        if (!teaches(r, e, row[i]) || map[o] >= 0)
            continue;
        t->output[t->outputs] = e->outputs.name[o];
        map[o] = (int32_t)t->outputs++;
    }
    for (int64_t i = 0; base && i < base->outputs && t->output; i++) {
        int32_t o = outputs_find(&e->outputs, base->output[i].bytes, base->output[i].len, 0);
        if (map[o] >= 0)
            continue;
        t->output[t->outputs] = e->outputs.name[o];
        map[o] = (int32_t)t->outputs++;
    }
    return t->output ? 0 : HONE_ENOMEM;
}

/* Copies column `row` of e into s; map gives the numbers of its outputs. */
static int take_rows(struct row_set *s, const struct examples *e, const int64_t *row, int64_t n, const int32_t *map,
                     struct hone_string **text)
{
    struct hone_words w = { 0 };
    s->n = n;
    s->each = 1;
    s->target = malloc((size_t)(n + 1) * sizeof *s->target);
    s->weight = malloc((size_t)(n + 1) * sizeof *s->weight);
    s->feedback = malloc((size_t)n + 1);
    s->tokens = malloc((size_t)(n + 1) * sizeof *s->tokens);
    s->reward = e->reward ? malloc((size_t)(n + 1) * sizeof *s->reward) : NULL;
    s->propensity = e->propensity ? malloc((size_t)(n + 1) * sizeof *s->propensity) : NULL;
    *text = malloc((size_t)(n + 1) * sizeof **text);
    int ok = s->target && s->weight && s->feedback && s->tokens && (!e->reward || s->reward)
             && (!e->propensity || s->propensity) && *text;
    for (int64_t i = 0; i < n && ok; i++) {
        int64_t k = row[i];
        s->target[i] = e->output[k] >= 0 ? map[e->output[k]] : -1;
        s->weight[i] = e->weight[k];
        s->feedback[i] = e->feedback[k];
        (*text)[i] = e->input[k];
        if (s->reward)
            s->reward[i] = e->reward[k];
        if (s->propensity)
            s->propensity[i] = e->propensity[k];
        ok = text_service.words(e->input[k].bytes, e->input[k].len, &w) == 0;
        s->tokens[i] = ok ? (int32_t)w.n : 0;
    }
    text_service.words_free(&w);
    return ok ? 0 : HONE_ENOMEM;
}

/* The answers of rows that a model shall learn to write, of pairs the rejected ones too; the row's number of an output is of no use to it. */
static int take_answers(const struct run *r, struct row_set *s, const struct examples *e, const int64_t *row, const char *path,
                        struct hone_string **answer, struct hone_string **rejected, struct hone_err *err)
{
    int pairs = (r->plan.flags & HONE_PLAN_PAIRS) != 0;
    *answer = malloc((size_t)(s->n + 1) * sizeof **answer);
    *rejected = pairs ? malloc((size_t)(s->n + 1) * sizeof **rejected) : NULL;
    if (!*answer || (pairs && !*rejected))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld answers", (long long)s->n);
    for (int64_t i = 0; i < s->n; i++) {
        int32_t o = e->output[row[i]];
        (*answer)[i] = o < 0 ? (struct hone_string){ "", 0 } : e->outputs.name[o];
        s->target[i] = -1;
        if (!pairs)
            continue;
        (*rejected)[i] = examples_rejected(e, row[i]);
        if (!(*rejected)[i].bytes)
            return hone_fail(err, HONE_EINVAL, "%s:%lld: the example has no rejected answer; paradigm '%s' learns from pairs, so that each needs an input, "
                             "a chosen and a rejected answer", path, (long long)e->line[row[i]], r->paradigm->item.name);
        if (s->feedback[i] == HONE_INCORRECT)
            return hone_fail(err, HONE_EINVAL, "%s:%lld: the chosen answer is marked incorrect; paradigm '%s' learns to prefer it to the rejected one: take the "
                             "mark off, or leave the example out", path, (long long)e->line[row[i]], r->paradigm->item.name);
    }
    return 0;
}

/* Whether n characters of tokens are less than the answer, which a tokenizer may have brought to form C. */
static int is_cut(int64_t n, const struct hone_string *answer)
{
    size_t len = (size_t)answer->len;
    return n < utf8_length(answer->bytes, len) && n < utf8_composed_length(answer->bytes, len);
}

void run_count_answers(struct run *r, struct row_set *s, const struct hone_string *answer, const struct hone_string *rejected, const char *which)
{
    int64_t cut = 0;
    s->characters = 0;
    for (int64_t i = 0; i < s->n; i++) {
        int64_t n = nats_characters(&r->learner, &s->x, i * s->each);
        s->characters += n;
        cut += is_cut(n, &answer[i]) || (rejected && is_cut(nats_characters(&r->learner, &s->x, i * s->each + 1), &rejected[i]));
    }
    if (cut)
        note(r, "%lld of %lld %s answers are longer than the model's context leaves room for: their ends are cut, neither learned nor measured "
             "(a greater modelOptions.context keeps them)", (long long)cut, (long long)s->n, which);
}

/* Rows that a validation may count. Compacts row[] and returns how many stay. */
static int64_t countable(const struct run *r, const struct examples *e, int64_t *row, int64_t n)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        if (teaches(r, e, row[i]))
            row[m++] = row[i];
    return m;
}

static int enough(struct run *r, const struct run_texts *t, const struct run_files *files, struct hone_err *err)
{
    const struct examples *e = &t->data;
    const char *path = files->data;
    int64_t positive = 0;
    for (int64_t i = 0; i < e->n; i++)
        positive += teaches(r, e, i);
    if (positive == 0)
        return hone_fail(err, HONE_EINVAL, "%s: none of the %lld examples teaches an answer: all are marked incorrect or have "
                         "weight 0; add examples with the right expected_output", path, (long long)e->n);
    if (r->writes)
        return 0;
    if (e->n < 2 && !files->single_output)
        return hone_fail(err, HONE_EINVAL, "%s: only one example was found; training needs at least two examples with different "
                         "expected_output", path);
    if (t->outputs == 0)
        return hone_fail(err, HONE_EINVAL, "%s: after the split no training row teaches an answer (all are marked incorrect or have"
                         " weight 0); add examples or lower validationSplit", path);
    if (t->outputs < 2 && !files->single_output)
        return hone_fail(err, HONE_EINVAL, "%s: all %lld training examples have the same expected_output (\"%.*s\"); an agent needs at"
                         " least two different answers to choose from", path, (long long)r->train.n,
                         (int)utf8_invalid_at(t->output[0].bytes, (size_t)(t->output[0].len < 60 ? t->output[0].len : 60)),
                         t->output[0].bytes);
    return 0;
}

/* Rows of the validation file, with its outputs looked up among the known ones. */
static int read_validation(struct run *r, const struct run_files *files, struct run_texts *t, const int32_t *map,
                           struct hone_err *err)
{
    struct read_options options = { .format = DATA_AUTO };
    struct examples *e = &t->validation;
    int ret = examples_read(e, files->validation, &options, err);
    if (ret < 0)
        return ret;
    int32_t *their = malloc((size_t)(e->outputs.n + 1) * sizeof *their);
    int64_t *row = malloc((size_t)(e->n + 1) * sizeof *row);
    for (int64_t i = 0; their && i < e->outputs.n; i++) {
        int32_t o = outputs_find(&t->data.outputs, e->outputs.name[i].bytes, e->outputs.name[i].len, 0);
        their[i] = o >= 0 ? map[o] : -1;
    }
    for (int64_t i = 0; row && i < e->n; i++)
        row[i] = i;
    ret = their && row && !take_rows(&r->valid, e, row, countable(r, e, row, e->n), their, &t->valid) ? 0 : no_memory(err, e->n);
    if (!ret && r->writes)
        ret = take_answers(r, &r->valid, e, row, files->validation, &t->valid_answer, &t->valid_rejected, err);
    free(their);
    free(row);
    if (ret)
        return ret;
    return r->valid.n ? 0 : hone_fail(err, HONE_EINVAL, "%s: no row of it can be counted: all are marked incorrect or have weight 0",
                                      files->validation);
}

static void notes(struct run *r, const struct run_texts *t)
{
    int64_t unknown = 0;
    if (!r->valid.n)
        note(r, "there are no validation rows: early stopping and the best weights follow the training %s", r->plan.draws ? "rewards" : "loss");
    if (r->writes)
        return;
    for (int64_t i = 0; i < r->valid.n; i++)
        unknown += r->valid.target[i] < 0;
    if (unknown)
        note(r, "%lld of %lld validation rows expect an output that no training row teaches; they count as wrong",
             (long long)unknown, (long long)r->valid.n);
    unknown = 0;
    for (int64_t i = 0; i < r->train.n; i++)
        unknown += r->train.target[i] < 0;
    if (unknown)
        note(r, "%lld rows mark as incorrect an output that no other row teaches; they teach nothing", (long long)unknown);
    if (t->outputs == 1)
        note(r, "all training examples have the same expected_output: the agent will give it to every input; add examples with others");
}

/* Adds rows of what the base was trained on to the training rows. */
static int add_replay(struct run *r, const struct run_files *files, struct run_texts *t, const int32_t *map, struct hone_err *err)
{
    int64_t *row = NULL, n = 0;
    int ret = replay_draw(&files->past, r->plan.replay, (uint64_t)r->config.seed, &t->replayed, &row, &n, err);
    if (ret)
        return ret;
    const struct examples *e = &t->replayed;
    int32_t *their = malloc((size_t)(e->outputs.n + 1) * sizeof *their);
    struct row_set s = { 0 };
    struct hone_string *text = NULL;
    for (int64_t i = 0; their && i < e->outputs.n; i++) {
        int32_t o = outputs_find(&t->data.outputs, e->outputs.name[i].bytes, e->outputs.name[i].len, 0);
        their[i] = o >= 0 ? map[o] : -1;
    }
    if (!their || take_rows(&s, e, row, n, their, &text) || row_set_append(&r->train, &s, &t->train, text))
        ret = no_memory(err, n);
    if (!ret)
        note(r, "%lld of the base's training rows are trained on too", (long long)n);
    row_set_free(&s);
    free(text);
    free(their);
    free(row);
    return ret;
}

/* The rows of the file, or those that stand for it. */
static int read_given(struct examples *e, const struct run_files *files, struct hone_err *err)
{
    struct read_options options = { .format = files->format };
    if (!files->rows)
        return examples_read(e, files->data, &options, err);
    int ret = examples_copy(e, files->rows, NULL, files->rows->n, err);
    examples_end(e);
    return ret;
}

int run_read(struct run *r, const struct run_files *files, const struct learner *base, struct run_texts *t, struct hone_err *err)
{
    int64_t *train = NULL, *valid = NULL, n_train = 0, n_valid = 0;
    int64_t made = 0;
    int32_t *map = NULL;
    *t = (struct run_texts){ 0 };
    int ret = read_given(&t->data, files, err);
    if (!ret && files->folds)
        ret = split_fold(&t->data, r->writes, files->folds, files->fold, (uint64_t)r->config.seed, &train, &n_train, &valid, &n_valid, err);
    else if (!ret)
        ret = split_examples(&t->data, r->writes, files->validation ? 0 : r->config.validation_split, (uint64_t)r->config.seed, &train,
                             &n_train, &valid, &n_valid, err);
    if (!ret && files->thin > 0)
        ret = split_thin(&t->data, r->writes, files->thin, (uint64_t)r->config.seed, files->draw, train, &n_train, err);
    if (ret)
        goto out;
    r->examples = t->data.n;
    if (base && base->memory)
        note(r, "the base keeps %lld rows that vote on its answers; they are left behind, its weights are taken", (long long)base->memory->n);
    base = r->plan.flags & HONE_PLAN_KEEP ? base : NULL;
    for (int64_t i = 0; base && i < base->outputs; i++)
        if (outputs_find(&t->data.outputs, base->output[i].bytes, base->output[i].len, 1) < 0) {
            ret = no_memory(err, t->data.n);
            goto out;
        }
    map = malloc((size_t)(t->data.outputs.n + 1) * sizeof *map);
    if (!map || known_outputs(r, t, base, train, n_train, map) || take_rows(&r->train, &t->data, train, n_train, map, &t->train)) {
        ret = no_memory(err, t->data.n);
        goto out;
    }
    if (r->writes && (ret = take_answers(r, &r->train, &t->data, train, files->data, &t->train_answer, &t->train_rejected, err)) < 0)
        goto out;
    ret = enough(r, t, files, err);
    if (r->writes)
        t->outputs = 0;
    if (!ret && run_add_outputs(r, t, &made))
        ret = no_memory(err, t->data.n);
    if (!ret && made)
        note(r, "%lld training rows more were made of the words of the outputs", (long long)made);
    if (!ret && files->validation)
        ret = read_validation(r, files, t, map, err);
    else if (!ret && take_rows(&r->valid, &t->data, valid, countable(r, &t->data, valid, n_valid), map, &t->valid))
        ret = no_memory(err, t->data.n);
    if (!ret && !files->validation && r->writes)
        ret = take_answers(r, &r->valid, &t->data, valid, files->data, &t->valid_answer, &t->valid_rejected, err);
    if (!ret && r->plan.replay > 0)
        ret = add_replay(r, files, t, map, err);
    if (!ret)
        notes(r, t);
out:
    free(train);
    free(valid);
    free(map);
    if (ret)
        run_texts_free(t);
    return ret;
}
