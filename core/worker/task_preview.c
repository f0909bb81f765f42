/* The task "preview": the values of a learning rate schedule, without any training. Called by main.c for `hone scheduler preview`. */
#include "core/base/json.h"
#include "core/train/schedule.h"
#include "core/worker/task.h"

#define MAX_POINTS 100000

int task_preview(struct task *t, struct hone_err *err)
{
    const char *name = json_str(t->start, "scheduler", "linear");
    const cJSON *options = json_get(t->start, "options");
    int64_t total = json_int(t->start, "steps", 0), points = json_int(t->start, "points", total);
    struct schedule s = { 0 };
    t->stage = "scheduler";
    if (total < 1 || points < 1 || points > MAX_POINTS)
        return hone_fail(err, HONE_EINVAL, "steps is %lld; expected at least 1", (long long)total);
    int ret = schedule_choose(&s, t->registry, name, cJSON_IsObject(options) ? options : NULL, err);
    if (!ret)
        ret = schedule_start(&s, json_num(t->start, "base", 0.001), json_int(t->start, "warmup", 0), total, err);
    if (ret < 0) {
        schedule_close(&s);
        return ret;
    }
    cJSON *steps = cJSON_CreateArray(), *values = cJSON_CreateArray();
    if (points > total)
        points = total;
    for (int64_t i = 0; i < points; i++) {
        int64_t step = points > 1 ? i * (total - 1) / (points - 1) : 0;
        cJSON_AddItemToArray(steps, cJSON_CreateNumber((double)step));
        cJSON_AddItemToArray(values, cJSON_CreateNumber(schedule_rate(&s, step, 0)));
    }
    int follows = 0;
    for (int i = 0; i < s.n; i++)
        follows |= s.part[i].item->observe != NULL;
    json_put_str(t->result, "scheduler", s.n == 1 ? s.part[0].item->item.name : name);
    json_put(t->result, "settings", schedule_options(&s));
    json_put_bool(t->result, "follows_metric", follows);
    json_put(t->result, "steps", steps);
    json_put(t->result, "values", values);
    schedule_close(&s);
    return 0;
}
