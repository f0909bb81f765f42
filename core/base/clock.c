/* See clock.h. Identifiers stand here since they begin with the time. */
#include <math.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/base/clock.h"

static int64_t pretended;

void clock_wall_pretend(int64_t ms)
{
    __atomic_store_n(&pretended, ms, __ATOMIC_RELAXED);
}

int64_t clock_wall_ms(void)
{
    struct timespec t;
    int64_t told = __atomic_load_n(&pretended, __ATOMIC_RELAXED);
    if (told)
        return told;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void clock_rfc3339(int64_t wall_ms, char out[25])
{
    int64_t ms = wall_ms % 1000, s = wall_ms / 1000;
    if (ms < 0) {
        ms += 1000;
        s--;
    }
    time_t seconds = (time_t)s;
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms);
    memcpy(out, text, 24);
    out[24] = '\0';
}

void clock_human(double seconds, char out[32])
{
    if (!(seconds >= 0) || seconds > 1e12)
        snprintf(out, 32, "?");
    else if (seconds < 0.9995)
        snprintf(out, 32, "%.0f ms", seconds * 1000);
    else if (seconds < 59.95)
        snprintf(out, 32, "%.1f s", seconds);
    else if (seconds < 3599.5)
        snprintf(out, 32, "%d min %02d s", (int)(rint(seconds) / 60), (int)fmod(rint(seconds), 60));
    else
        snprintf(out, 32, "%lld h %02lld min", llrint(seconds / 60) / 60, llrint(seconds / 60) % 60);
}

void id_new(const char *prefix, char *out, unsigned size)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static unsigned __int128 last; /* of all prefixes */
    uint32_t random;
    char tail[17];
    if (sodium_init() < 0)
        abort(); /* there is no source of random bits */
    randombytes_buf(&random, sizeof random);
    unsigned __int128 v = (unsigned __int128)((uint64_t)clock_wall_ms() & 0xffffffffffffu) << 32 | random;
    pthread_mutex_lock(&lock);
    if (v <= last || v >> 32 == last >> 32) /* within a millisecond, or after the clock was set back */
        v = last + 1 + (random & 0xffff);
    last = v;
    pthread_mutex_unlock(&lock);
    for (int i = 15; i >= 0; i--, v >>= 5)
        tail[i] = digits[(unsigned)(v & 31)];
    tail[16] = '\0';
    snprintf(out, size, "%s_%s", prefix, tail);
}
