/* See failures.h. */
#include <string.h>
#include "core/http/failures.h"

void failures_init(struct failures *f, int limit)
{
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    f->limit = limit;
}

/* The address's slot; else, with `make`, the oldest one of its set. */
static struct failures_slot *find(struct failures *f, const struct http_address *a, int64_t now, int make)
{
    struct failures_slot *set = &f->slot[http_address_hash(a) % (FAILURES_SLOTS / FAILURES_WAYS) * FAILURES_WAYS], *oldest = set;
    for (int i = 0; i < FAILURES_WAYS; i++) {
        if (set[i].from && now - set[i].from < FAILURES_WINDOW_MS && memcmp(&set[i].address, a, sizeof *a) == 0)
            return &set[i];
        if (set[i].from < oldest->from)
            oldest = &set[i];
    }
    if (make)
        *oldest = (struct failures_slot){ .address = *a, .from = now ? now : 1 };
    return make ? oldest : NULL;
}

int failures_wait(struct failures *f, const struct http_address *a, int64_t now)
{
    int seconds = 0;
    if (!f->limit || !atomic_load_explicit(&f->any, memory_order_relaxed))
        return 0;
    pthread_mutex_lock(&f->lock);
    const struct failures_slot *s = find(f, a, now, 0);
    if (s && s->n >= f->limit)
        seconds = (int)((s->from + FAILURES_WINDOW_MS - now + 999) / 1000);
    pthread_mutex_unlock(&f->lock);
    return seconds;
}

void failures_note(struct failures *f, const struct http_address *a, int64_t now)
{
    pthread_mutex_lock(&f->lock);
    find(f, a, now, 1)->n++;
    pthread_mutex_unlock(&f->lock);
    atomic_store_explicit(&f->any, 1, memory_order_relaxed);
}
