/* See sheet.h. */
#include "core/train/sheet.h"
#include "core/train/memory.h"
#include "core/train/solve.h"

#define LOSS_ROWS 8 /* rows that one call of a paradigm's loss() gets: part of the results, never changed */

static int make_scores(struct sheet *s, const struct run *r, struct passes *p)
{
    size_t bytes = (size_t)(s->rows.n * s->rows.width) * sizeof *s->scores;
    s->scores = passes_scratch(p, bytes);
    int ok = s->scores != NULL;
    for (uint32_t i = 0; i < r->plan.references && ok; i++)
        if (r->reference[i]) {
            s->reference[i] = passes_scratch(p, bytes);
            ok = s->reference[i] != NULL;
        }
    return ok ? 0 : HONE_ENOMEM;
}

/* The texts of examples row[0..n). */
static const int64_t *make_texts(struct passes *p, const struct row_set *set, const int64_t *row, int64_t n)
{
    int64_t *text = set->each > 1 ? passes_scratch(p, (size_t)(n * set->each) * sizeof *text) : NULL;
    for (int64_t i = 0; text && i < n * set->each; i++)
        text[i] = row[i / set->each] * set->each + i % set->each;
    return set->each > 1 ? text : row;
}

/* Where the rows of texts row[0..n) begin, or NULL: one row each. */
static int make_starts(struct passes *p, const struct row_set *set, const int64_t *row, int64_t n, const int64_t **start)
{
    int64_t *list = set->x.row_start ? passes_scratch(p, (size_t)(n + 1) * sizeof *list) : NULL;
    *start = list;
    if (!set->x.row_start)
        return 0;
    if (!list)
        return HONE_ENOMEM;
    list[0] = 0;
    for (int64_t i = 0; i < n; i++)
        list[i + 1] = list[i] + set->x.row_start[row[i] + 1] - set->x.row_start[row[i]];
    return 0;
}

/* The columns of one text, written to `rows` rows from `at` on. */
struct columns {
    int32_t *target;
    float *weight, *reward, *propensity;
    uint8_t *feedback;
    int64_t *example;
};

static void fill(const struct columns *c, const struct row_set *set, int64_t text, int64_t at, int64_t rows)
{
    int64_t example = text / set->each;
    int rejected = text % set->each && !set->text_reward;
    const int32_t *targets = set->x.row_start ? set->x.target + set->x.row_start[text] : &set->target[example];
    for (int64_t k = 0; k < rows; k++) {
        c->target[at + k] = targets[k];
        c->weight[at + k] = set->weight[example];
        c->feedback[at + k] = rejected ? HONE_INCORRECT : set->feedback[example];
        c->example[at + k] = set->example ? set->example[example] : example;
        if (c->reward)
            c->reward[at + k] = set->text_reward ? set->text_reward[text] : set->reward[example];
        if (c->propensity)
            c->propensity[at + k] = set->propensity[example];
    }
}

int sheet_make(struct sheet *s, struct run *r, struct passes *p, const struct row_set *set, const int64_t *row, int64_t examples)
{
    const int64_t *start, *text = make_texts(p, set, row, examples);
    int64_t texts = examples * set->each;
    int whole = r->plan.draws || r->plan.flags & HONE_PLAN_PAIRS, rewarded = set->reward || set->text_reward;
    if (!text || make_starts(p, set, text, texts, &start))
        return HONE_ENOMEM;
    int64_t n = start ? start[texts] : examples;
    struct columns c = { .target = passes_scratch(p, (size_t)n * sizeof *c.target), .weight = passes_scratch(p, (size_t)n * sizeof *c.weight),
                         .feedback = passes_scratch(p, (size_t)n), .example = passes_scratch(p, (size_t)n * sizeof *c.example),
                         .reward = rewarded ? passes_scratch(p, (size_t)n * sizeof *c.reward) : NULL,
                         .propensity = set->propensity ? passes_scratch(p, (size_t)n * sizeof *c.propensity) : NULL };
    if (!c.target || !c.weight || !c.feedback || !c.example || (rewarded && !c.reward) || (set->propensity && !c.propensity))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < texts; i++)
        fill(&c, set, text[i], start ? start[i] : i, start ? start[i + 1] - start[i] : 1);
    *s = (struct sheet){ .text = text, .texts = texts, .row_start = start, .rows = { .struct_size = sizeof s->rows, .n = n, .width = r->learner.tensors.width, .target = c.target,
                                   .weight = c.weight, .feedback = c.feedback, .reward = c.reward, .propensity = c.propensity,
                                   .example = c.example, .epoch = r->state.epoch, .step = r->state.step,
                                   .seed = (uint64_t)r->config.seed, .state = r->paradigm_state, .phase = r->state.phase, .known = r->start.output,
                                   .answers = whole ? texts : 0, .each = whole ? set->each : 0, .answer_start = whole ? start : NULL } };
    s->solved = set == &r->train ? c.example : NULL;
    if (make_scores(s, r, p))
        return HONE_ENOMEM;
    s->rows.reference = r->plan.references ? s->shown : NULL;
    s->rows.scores = s->scores;
    for (int i = 0; i < (int)HONE_REFERENCES; i++)
        s->shown[i] = s->reference[i];
    return 0;
}

void sheet_part(const struct sheet *s, int64_t from, int64_t n, struct sheet *part)
{
    int64_t at = from * s->rows.width;
    *part = *s;
    part->rows.n = n;
    part->rows.answers = part->rows.each = 0;
    part->rows.answer_start = NULL;
    part->rows.scores = part->scores = s->scores + at;
    part->rows.target += from;
    part->rows.weight += from;
    part->rows.feedback += from;
    part->rows.reward = s->rows.reward ? s->rows.reward + from : NULL;
    part->rows.propensity = s->rows.propensity ? s->rows.propensity + from : NULL;
    part->rows.example += from;
    part->solved = s->solved ? s->solved + from : NULL;
    for (int i = 0; i < (int)HONE_REFERENCES; i++)
        part->shown[i] = part->reference[i] = s->reference[i] ? s->reference[i] + at : NULL;
    part->rows.reference = s->rows.reference ? part->shown : NULL;
}

int64_t sheet_pieces(const struct sheet *s)
{
    return s->rows.answers ? s->rows.answers / s->rows.each : (s->rows.n + LOSS_ROWS - 1) / LOSS_ROWS;
}

void sheet_piece(const struct sheet *s, int64_t i, struct sheet *part)
{
    const struct hone_rows *r = &s->rows;
    int64_t from = i * LOSS_ROWS, to = r->n - from < LOSS_ROWS ? r->n : from + LOSS_ROWS;
    if (!r->answers) {
        sheet_part(s, from, to - from, part);
        return;
    }
    const int64_t *start = r->answer_start + i * r->each;
    sheet_part(s, start[0], start[r->each] - start[0], part);
    part->rows.answers = part->rows.each = r->each;
    part->rows.answer_start = start;
}

int sheet_forward(struct sheet *s, struct run *r, struct passes *p, const struct batch *b, uint32_t flags, struct hone_err *err)
{
    p->pass.in = b->bag;
    p->pass.rows = s->rows.n;
    p->pass.width = s->rows.width;
    p->pass.d_scores = NULL;
    p->pass.row_start = s->row_start;
    p->pass.stream = NULL;
    p->pass.seed = (uint64_t)r->config.seed ^ (uint64_t)r->state.step * 0x9e3779b97f4a7c15u ^ (uint64_t)s->batch * 0xd1342543de82ef95u;
    p->pass.flags = 0; /* other weights than in the pass before: the model keeps nothing of them */
    int ret = 0;
    for (uint32_t i = 0; i < r->plan.references && ret >= 0; i++) {
        if (!s->reference[i])
            continue;
        p->pass.tensor = r->reference[i];
        p->pass.scores = s->reference[i];
        ret = passes_forward(p, r->learner.model, r->learner.self, err);
        flags &= ~HONE_PASS_FROZEN;
    }
    p->pass.tensor = r->learner.tensors.param;
    p->pass.scores = s->scores;
    p->pass.flags = flags;
    if (ret >= 0)
        ret = passes_forward(p, r->learner.model, r->learner.self, err);
    if (ret >= 0 && s->solved)
        solve_correct(r, s->solved, s->rows.n, s->scores);
    else if (ret >= 0)
        ret = memory_add(r->learner.memory, p, r->learner.model, r->learner.self, err);
    return ret < 0 ? ret : 0;
}
