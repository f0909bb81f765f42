/* Scheduler "multistep": a power of gamma by number of milestones passed. */
#include <math.h>
#include <stdlib.h>
#include "hone/scheduler.h"

struct conf {
    const char *milestones;
    double gamma;
};

static const struct hone_param params[] = {
    HONE_ROW_STR(struct conf, milestones, 0, "", "steps at which the value falls, ascending, parted by commas"),
    HONE_ROW(struct conf, gamma, HONE_REAL, 0, 0.1, 0, 10, "what the value is multiplied by"),
};

/* The next number of a list, -1 when there is none; *list goes on behind it. -2 for what is no number. */
static int64_t next(const char **list)
{
    while (**list == ' ' || **list == ',')
        ++*list;
    if (!**list)
        return -1;
    char *end;
    long long v = strtoll(*list, &end, 10);
    if (end == *list || v < 0)
        return -2;
    *list = end;
    return v;
}

static int check(const void *conf, struct hone_err *err)
{
    const char *list = ((const struct conf *)conf)->milestones;
    int64_t before = -1, v;
    while (list && (v = next(&list)) != -1) {
        if (v <= before)
            return hone_fail(err, HONE_EINVAL, "milestones = \"%.80s\": expected ascending whole numbers parted by commas",
                             ((const struct conf *)conf)->milestones);
        before = v;
    }
    return 0;
}

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    const char *list = c->milestones;
    int64_t passed = 0, v;
    while (list && (v = next(&list)) >= 0)
        passed += in->step >= v;
    return in->base * pow(c->gamma, (double)passed);
}

static const struct hone_scheduler multistep = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "multistep", "lower at milestones",
                      "As torch.optim.lr_scheduler.MultiStepLR; steps are optimizer steps.", params, struct conf, 0, check),
    .value = value,
};

HONE_DEFINE_PLUGIN("multistep", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &multistep.item);
