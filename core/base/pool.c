/* The threads of pool.h. A loop is open while its pieces are handed out; helpers that come late find it closed and wait for
 * the next one, so that the caller never waits for a thread that has not begun. Not a queue of jobs. */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/pool.h"

#define MOST_BY_DEFAULT 16
#define MOST_PIECES 64  /* enough for 16 threads, so that a slow piece does not hold up the others */
#define SPIN_US 50      /* between two loops of a training step there is less, as a rule */
#define OPEN (1 << 30)  /* the loop takes helpers; the bits below count those that are in it */

struct pool {
    int threads;
    int spin_us;
    pthread_t *thread;
    /* the present loop: written while it is closed and nobody is in it */
    hone_task *task;
    void *arg;
    int64_t n, piece;
    /* shared words, each on a line of its own, since all threads look at them */
    _Alignas(64) int64_t next; /* first index that nobody has taken */
    _Alignas(64) int gate;
    _Alignas(64) int round;    /* raised for each loop; helpers sleep on it */
    _Alignas(64) int sleepers;
    int stop;
};

static void futex_wait(int *word, int value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(int *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Waits until *word is no longer `value`, at most for us microseconds. 1 when it changed. */
static int spin_while(int *word, int value, int us)
{
    if (us <= 0)
        return __atomic_load_n(word, __ATOMIC_ACQUIRE) != value;
    int64_t until = clock_mono_us() + us;
    do {
        for (int i = 0; i < 32; i++) {
            if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
                return 1;
            relax();
        }
    } while (clock_mono_us() < until);
    return 0;
}

static void work(struct pool *p)
{
    for (;;) {
        int64_t begin = __atomic_fetch_add(&p->next, p->piece, __ATOMIC_RELAXED);
        if (begin >= p->n)
            return;
        p->task(p->arg, begin, p->n - begin < p->piece ? p->n : begin + p->piece);
    }
}

/* Waits until the round is no longer `seen`; returns the new one. */
static int await_round(struct pool *p, int seen)
{
    if (spin_while(&p->round, seen, p->spin_us))
        return __atomic_load_n(&p->round, __ATOMIC_ACQUIRE);
    __atomic_fetch_add(&p->sleepers, 1, __ATOMIC_SEQ_CST);
    int now;
    while ((now = __atomic_load_n(&p->round, __ATOMIC_SEQ_CST)) == seen)
        futex_wait(&p->round, seen);
    __atomic_fetch_sub(&p->sleepers, 1, __ATOMIC_SEQ_CST);
    return now;
}

static void *helper(void *arg)
{
    struct pool *p = arg;
    int seen = 0;
    for (;;) {
        seen = await_round(p, seen);
        if (__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE))
            return NULL;
        if (__atomic_fetch_add(&p->gate, 1, __ATOMIC_ACQUIRE) & OPEN)
            work(p);
        __atomic_fetch_sub(&p->gate, 1, __ATOMIC_RELEASE);
    }
}

static void next_round(struct pool *p)
{
    __atomic_fetch_add(&p->round, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&p->sleepers, __ATOMIC_SEQ_CST) > 0)
        futex_wake(&p->round);
}

struct pool *pool_new(int threads, struct hone_err *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (threads <= 0)
        threads = cores < 1 ? 1 : cores > MOST_BY_DEFAULT ? MOST_BY_DEFAULT : (int)cores;
    struct pool *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    if (p) {
        memset(p, 0, sizeof *p);
        p->thread = calloc((size_t)threads, sizeof *p->thread);
    }
    if (!p || !p->thread) {
        free(p);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    p->threads = 1;
    p->spin_us = threads <= cores ? SPIN_US : 0; /* who spins must not keep a core from who works */
    for (int i = 1; i < threads; i++) {
        int rc = pthread_create(&p->thread[i], NULL, helper, p);
        if (rc) {
            pool_free(p);
            hone_fail(err, HONE_EIO, "cannot start thread %d of %d: %s", i + 1, threads, strerror(rc));
            return NULL;
        }
        p->threads++;
    }
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    __atomic_store_n(&p->stop, 1, __ATOMIC_RELEASE);
    next_round(p);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    free(p->thread);
    free(p);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

/* Lets no more helpers in and waits for those that work. */
static void close_loop(struct pool *p)
{
    int inside = __atomic_and_fetch(&p->gate, ~OPEN, __ATOMIC_ACQUIRE);
    while (inside > 0) {
        if (!spin_while(&p->gate, inside, p->spin_us))
            sched_yield();
        inside = __atomic_load_n(&p->gate, __ATOMIC_ACQUIRE);
    }
}

void pool_run(struct pool *p, int64_t n, int64_t grain, hone_task *task, void *arg)
{
    if (n <= 0)
        return;
    if (grain < 1)
        grain = 1;
    int64_t grains = n / grain + (n % grain != 0);
    p->piece = (grains + MOST_PIECES - 1) / MOST_PIECES * grain;
    p->task = task;
    p->arg = arg;
    p->n = n;
    __atomic_store_n(&p->next, 0, __ATOMIC_RELAXED);
    if (p->threads == 1 || n <= p->piece) {
        work(p);
        return;
    }
    __atomic_fetch_or(&p->gate, OPEN, __ATOMIC_RELEASE);
    next_round(p);
    work(p);
    close_loop(p);
}
