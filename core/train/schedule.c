/* See schedule.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/train/schedule.h"

int schedule_add(struct schedule *s, const struct hone_scheduler *item, void *conf, const struct registry_plugin *from, double at,
                 struct hone_err *err)
{
    if (s->n == SCHEDULE_PARTS) {
        settings_free(&item->item, conf);
        return hone_fail(err, HONE_EINVAL, "more than %d schedulers in a sequence", SCHEDULE_PARTS);
    }
    struct schedule_part *p = &s->part[s->n++];
    *p = (struct schedule_part){ .item = item, .conf = conf, .from = from, .at = at };
    while (item->state_names && item->state_names[p->n_state])
        p->n_state++;
    s->n_state += p->n_state;
    return 0;
}

void schedule_span(struct schedule *s, int64_t warmup, int64_t total)
{
    int64_t used = 0, behind = total - warmup > 0 ? total - warmup : 1;
    s->warmup = warmup;
    s->total = total;
    memset(s->state, 0, (size_t)s->n_state * sizeof *s->state);
    for (int i = 0; i < s->n; i++) {
        struct schedule_part *p = &s->part[i];
        p->begin = (int64_t)floor(p->at < 1 ? p->at * (double)behind : p->at);
        p->state = s->state + used;
        used += p->n_state;
    }
}

int schedule_start(struct schedule *s, double base, int64_t warmup, int64_t total, struct hone_err *err)
{
    s->base = base;
    s->factor = 1;
    s->state = calloc((size_t)s->n_state + 1, sizeof *s->state);
    if (!s->state)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    schedule_span(s, warmup, total);
    return 0;
}

/* The part that `step`, counted from the end of the warm-up, falls into. */
static const struct schedule_part *part_at(const struct schedule *s, int64_t step)
{
    int i = s->n - 1;
    while (i > 0 && step < s->part[i].begin)
        i--;
    return &s->part[i];
}

static struct hone_sched_in input(const struct schedule *s, const struct schedule_part *p, int64_t step, int64_t epoch, double metric)
{
    int64_t end = p + 1 < s->part + s->n ? p[1].begin : s->total - s->warmup, total = end - p->begin;
    return (struct hone_sched_in){ .step = step - p->begin, .total = total > 0 ? total : 1, .epoch = epoch, .base = s->base,
                                   .metric = metric };
}

double schedule_rate(const struct schedule *s, int64_t step, int64_t epoch)
{
    if (step < s->warmup)
        return s->factor * s->base * (double)step / (double)s->warmup;
    const struct schedule_part *p = part_at(s, step - s->warmup);
    struct hone_sched_in in = input(s, p, step - s->warmup, epoch, NAN);
    double rate = s->factor * p->item->value(&in, p->conf, p->state);
    return rate < 0 ? 0 : rate;
}

int schedule_observe(struct schedule *s, int64_t step, int64_t epoch, double metric, struct hone_err *err)
{
    int64_t since = step > s->warmup ? step - s->warmup : 0;
    const struct schedule_part *p = part_at(s, since);
    if (!p->item->observe)
        return 0;
    struct hone_sched_in in = input(s, p, since, epoch, metric);
    int ret = p->item->observe(&in, p->conf, p->state, err);
    return ret < 0 ? err_prefix(err, "scheduler '%s'", p->item->item.name) : 0;
}

void schedule_close(struct schedule *s)
{
    for (int i = 0; i < s->n; i++)
        settings_free(&s->part[i].item->item, s->part[i].conf);
    free(s->state);
    *s = (struct schedule){ 0 };
}
