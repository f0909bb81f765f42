#include <math.h>
#include <stdlib.h>
#include "core/host/registry.h"
#include "core/train/schedule.h"

int schedule_open(struct schedule *s, const struct hone_scheduler *item, void *conf, double base, int64_t warmup, int64_t total,
                  struct hone_err *err)
{
    *s = (struct schedule){ .item = item, .conf = conf, .base = base, .factor = 1, .warmup = warmup, .total = total };
    while (item->state_names && item->state_names[s->n_state])
        s->n_state++;
    s->state = calloc((size_t)s->n_state + 1, sizeof *s->state);
    if (s->state)
        return 0;
    schedule_close(s);
    return hone_fail(err, HONE_ENOMEM, "memory ran out");
}

static struct hone_sched_in input(const struct schedule *s, int64_t step, int64_t epoch, double metric)
{
    int64_t total = s->total - s->warmup;
    return (struct hone_sched_in){ .step = step > s->warmup ? step - s->warmup : 0, .total = total > 0 ? total : 1,
                                   .epoch = epoch, .base = s->base, .metric = metric };
}

double schedule_rate(const struct schedule *s, int64_t step, int64_t epoch)
{
    if (step < s->warmup)
        return s->factor * s->base * (double)step / (double)s->warmup;
    struct hone_sched_in in = input(s, step, epoch, NAN);
    double rate = s->factor * s->item->value(&in, s->conf, s->state);
    return rate > 0 ? rate : 0;
}

int schedule_observe(struct schedule *s, int64_t step, int64_t epoch, double metric, struct hone_err *err)
{
    if (!s->item->observe)
        return 0;
    struct hone_sched_in in = input(s, step, epoch, metric);
    int ret = s->item->observe(&in, s->conf, s->state, err);
    return ret < 0 ? err_prefix(err, "scheduler '%s'", s->item->item.name) : 0;
}

void schedule_close(struct schedule *s)
{
    free(s->state);
    if (s->item)
        settings_free(&s->item->item, s->conf);
    *s = (struct schedule){ 0 };
}
