/* The words for statuses and the edges between them. No database. See job.h and docs/state.md. */
#include "core/store/job.h"

#include <string.h>

/* ORDER job_statuses: enum job_status in job.h; the database holds the numbers. */
static const char *const job_statuses[JOB_STATUSES] = {
    "preparing", "running", "paused", "completed", "failed", "cancelled",
};

#define TO(status) (1u << (status))
static const unsigned edges[JOB_STATUSES] = {
    [JOB_PREPARING] = TO(JOB_RUNNING) | TO(JOB_PAUSED) | TO(JOB_FAILED) | TO(JOB_CANCELLED),
    [JOB_RUNNING] = TO(JOB_PREPARING) | TO(JOB_PAUSED) | TO(JOB_COMPLETED) | TO(JOB_FAILED) | TO(JOB_CANCELLED),
    [JOB_PAUSED] = TO(JOB_PREPARING) | TO(JOB_RUNNING) | TO(JOB_FAILED) | TO(JOB_CANCELLED),
    [JOB_FAILED] = TO(JOB_PREPARING) | TO(JOB_RUNNING),
};

const char *job_status_name(enum job_status status)
{
    return (unsigned)status < JOB_STATUSES ? job_statuses[status] : "unknown";
}

int job_status_by_name(const char *name)
{
    for (int i = 0; i < JOB_STATUSES; i++) {
        if (strcmp(job_statuses[i], name) == 0)
            return i;
    }
    return -1;
}

int job_may_go(enum job_status from, enum job_status to)
{
    return (unsigned)from < JOB_STATUSES && (unsigned)to < JOB_STATUSES && (edges[from] & TO(to)) != 0;
}
