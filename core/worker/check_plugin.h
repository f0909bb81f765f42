/* Trying plugins for `hone plugin check`: one function a kind, each adding lines to the list. Private to core/worker. */
#ifndef WORKER_CHECK_PLUGIN_H
#define WORKER_CHECK_PLUGIN_H
#include <cjson/cJSON.h>
#include "core/worker/task.h"

struct checking {
    struct task *task;
    cJSON *checks;
    const char *file;            /* its name */
    const struct hone_item *item; /* that is tried, NULL: the file is */
};
/* Adds a line: `why` (NULL: passed) says what was seen. */
void check_line(struct checking *c, const char *what, const char *why);

/* check_file.c: exports, imports and libraries; c->item is NULL. */
void check_file(struct checking *c, const char *path);
void check_optimizer(struct checking *c);
/* check_memory.c: what an optimizer, prepared for its first step, reads and writes around its spans. 0, or -1 when it would spoil the
 * memory of this process. */
struct optim;
int check_span_memory(struct checking *c, struct optim *o);
void check_scheduler(struct checking *c);
void check_paradigm(struct checking *c);
void check_metric(struct checking *c);
void check_model(struct checking *c);
void check_report(struct checking *c);
void check_generator(struct checking *c);

#endif
