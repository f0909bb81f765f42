#include "tests/faults/ledger.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ledger_open(struct ledger *l, const char *path)
{
    *l = (struct ledger){ .lock = PTHREAD_MUTEX_INITIALIZER };
    l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return l->fd < 0 ? -1 : 0;
}

void ledger_free(struct ledger *l)
{
    close(l->fd);
    free(l->job);
    free(l->interaction);
}

int ledger_check(struct ledger *l, int good, const char *fmt, ...)
{
    va_list ap;
    pthread_mutex_lock(&l->lock);
    if (good) {
        l->passed++;
    } else {
        l->failed++;
        va_start(ap, fmt);
        fputs("FAIL: ", stdout);
        vprintf(fmt, ap);
        puts("");
        fflush(stdout);
        va_end(ap);
    }
    pthread_mutex_unlock(&l->lock);
    return good;
}

/* With the lock: one line, on disk when this returns. */
static void put(struct ledger *l, const char *what, const char *id, const char *more)
{
    char line[256];
    int n = snprintf(line, sizeof line, "%s %s %s\n", what, id, more);
    if (n <= 0 || write(l->fd, line, (size_t)n) != n || fdatasync(l->fd) != 0) {
        perror("the ledger cannot be written");
        abort();
    }
}

static void grow(void *slot, size_t *cap, size_t need, size_t size)
{
    void **array = slot, *p;
    if (need <= *cap)
        return;
    *cap = need * 2;
    if (!(p = realloc(*array, *cap * size)))
        abort();
    *array = p;
}

size_t ledger_add_job(struct ledger *l, const char *id, const char *key, int variant)
{
    pthread_mutex_lock(&l->lock);
    size_t i = l->jobs++;
    grow(&l->job, &l->job_cap, l->jobs, sizeof *l->job);
    l->job[i] = (struct ledger_job){ .variant = variant };
    snprintf(l->job[i].id, sizeof l->job[i].id, "%s", id);
    snprintf(l->job[i].key, sizeof l->job[i].key, "%s", key);
    put(l, "job", id, key);
    pthread_mutex_unlock(&l->lock);
    return i;
}

size_t ledger_add_interaction(struct ledger *l, const char *id)
{
    pthread_mutex_lock(&l->lock);
    size_t i = l->interactions++;
    grow(&l->interaction, &l->interaction_cap, l->interactions, sizeof *l->interaction);
    l->interaction[i] = (struct ledger_interaction){ 0 };
    snprintf(l->interaction[i].id, sizeof l->interaction[i].id, "%s", id);
    put(l, "interaction", id, "");
    pthread_mutex_unlock(&l->lock);
    return i;
}

void ledger_cancelled(struct ledger *l, size_t job)
{
    pthread_mutex_lock(&l->lock);
    l->job[job].cancelled = 1;
    put(l, "cancelled", l->job[job].id, "");
    pthread_mutex_unlock(&l->lock);
}

void ledger_ended(struct ledger *l, size_t job, const char *status)
{
    pthread_mutex_lock(&l->lock);
    snprintf(l->job[job].status, sizeof l->job[job].status, "%s", status);
    put(l, "ended", l->job[job].id, status);
    pthread_mutex_unlock(&l->lock);
}

void ledger_rated(struct ledger *l, size_t interaction, const char *feedback)
{
    pthread_mutex_lock(&l->lock);
    snprintf(l->interaction[interaction].feedback, sizeof l->interaction[interaction].feedback, "%s", feedback);
    put(l, "rated", l->interaction[interaction].id, feedback);
    pthread_mutex_unlock(&l->lock);
}
