/* Trying plugins for `hone plugin check`: one function a kind, each adding lines to the list. Private to core/worker. */
#ifndef WORKER_CHECK_PLUGIN_H
#define WORKER_CHECK_PLUGIN_H
#include <cjson/cJSON.h>
#include "core/worker/task.h"

struct checking {
    struct task *task;
    cJSON *checks;
    const struct hone_item *item;
};
/* Adds a line: `why` (NULL: passed) says what was seen. */
void check_line(struct checking *c, const char *what, const char *why);

void check_optimizer(struct checking *c);
void check_scheduler(struct checking *c);
void check_paradigm(struct checking *c);
void check_metric(struct checking *c);
void check_model(struct checking *c);

#endif
