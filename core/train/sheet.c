/* See sheet.h. */
#include "core/train/sheet.h"

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

int sheet_make(struct sheet *s, struct run *r, struct passes *p, const struct row_set *set, const int64_t *row, int64_t n)
{
    int32_t *target = passes_scratch(p, (size_t)n * sizeof *target);
    float *weight = passes_scratch(p, (size_t)n * sizeof *weight);
    uint8_t *feedback = passes_scratch(p, (size_t)n);
    float *reward = set->reward ? passes_scratch(p, (size_t)n * sizeof *reward) : NULL;
    float *propensity = set->propensity ? passes_scratch(p, (size_t)n * sizeof *propensity) : NULL;
    int64_t *example = passes_scratch(p, (size_t)n * sizeof *example);
    if (!target || !weight || !feedback || !example || (set->reward && !reward) || (set->propensity && !propensity))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        target[i] = set->target[row[i]];
        weight[i] = set->weight[row[i]];
        feedback[i] = set->feedback[row[i]];
        example[i] = row[i];
        if (reward)
            reward[i] = set->reward[row[i]];
        if (propensity)
            propensity[i] = set->propensity[row[i]];
    }
    *s = (struct sheet){ .rows = { .struct_size = sizeof s->rows, .n = n, .width = r->learner.tensors.width, .target = target,
                                   .weight = weight, .feedback = feedback, .reward = reward, .propensity = propensity,
                                   .example = example, .epoch = r->state.epoch, .step = r->state.step,
                                   .seed = (uint64_t)r->config.seed, .state = r->paradigm_state, .phase = r->state.phase, .known = r->start.output } };
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
    part->rows.scores = part->scores = s->scores + at;
    part->rows.target += from;
    part->rows.weight += from;
    part->rows.feedback += from;
    part->rows.reward = s->rows.reward ? s->rows.reward + from : NULL;
    part->rows.propensity = s->rows.propensity ? s->rows.propensity + from : NULL;
    part->rows.example += from;
    for (int i = 0; i < (int)HONE_REFERENCES; i++)
        part->shown[i] = part->reference[i] = s->reference[i] ? s->reference[i] + at : NULL;
    part->rows.reference = s->rows.reference ? part->shown : NULL;
}

int sheet_forward(struct sheet *s, struct run *r, struct passes *p, const struct batch *b, uint32_t flags, struct hone_err *err)
{
    p->pass.in = b->bag;
    p->pass.rows = s->rows.n;
    p->pass.width = s->rows.width;
    p->pass.d_scores = NULL;
    p->pass.seed = (uint64_t)r->config.seed ^ (uint64_t)r->state.step * 0x9e3779b97f4a7c15u;
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
    return ret < 0 ? ret : passes_forward(p, r->learner.model, r->learner.self, err);
}
