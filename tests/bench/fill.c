/* A state directory with many jobs, as daemons leave them: nine of ten have ended, the rest ran or waited when the daemon died.
 * Started by daemon.sh. Use: fill STATE COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/store/agent.h"
#include "core/store/history.h"
#include "core/store/job.h"

static int add(struct store *s, int i, struct hone_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "agent-%d", i);
    struct agent_row agent = { .name = name };
    int rc = agent_insert(s, &agent, err);
    struct job_row job = { .agent_id = agent.id, .config = "{\"epochs\":10}", .data_name = "inline", .data_file = "data/00.jsonl",
                           .data_format = "jsonl", .data_sha256 = "00", .queue = i % 10 < 9 ? JOB_LOCAL : JOB_WAITING,
                           .progress = { .total_epochs = 10, .total_steps = 100 } };
    if (rc >= 0)
        rc = job_insert(s, &job, err);
    if (rc >= 0 && i % 10 < 9)
        rc = job_transition(s, job.id, JOB_RUNNING, "begins", err);
    for (int e = 1; rc >= 0 && e <= 10; e++)
        rc = history_put(s, job.id, e, e * 10, "{\"epoch\":1,\"loss\":0.5,\"accuracy\":0.9}", err);
    if (rc >= 0 && i % 10 < 9)
        rc = job_finish(s, job.id, &(struct job_end){ .status = JOB_COMPLETED, .reason = "done", .stop_reason = "max_epochs" }, err);
    free(agent.id);
    free(job.id);
    return rc;
}

int main(int argc, char **argv)
{
    struct hone_err err = { 0 };
    int count = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0, rc = 0;
    struct store *s = count > 0 ? store_open(argv[1], &err) : NULL;
    for (int i = 0; s && i < count && rc >= 0; i++) {
        if (i % 1000 == 0)
            rc = store_begin(s, &err);
        if (rc >= 0)
            rc = add(s, i, &err);
        if (rc >= 0 && (i % 1000 == 999 || i == count - 1))
            rc = store_commit(s, &err);
    }
    if (!s || rc < 0)
        fprintf(stderr, "%s\n", err.text);
    store_close(s);
    return !s || rc < 0;
}
