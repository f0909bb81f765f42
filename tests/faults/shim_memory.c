/* The part of the shim (shim.c) that stands before malloc() and its like: the n-th allocation fails, of all, or of those that are the first of their
 * place in the program: the same chain of callers. Also in front of AddressSanitizer's, where a program is built with it. free() stays what it is. */
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "shim_priv.h"

enum { DEPTH = 14, OWN = 2, PLACES = 1 << 16, SPARED = 8 };

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void *__interceptor_malloc(size_t n) __attribute__((weak));
void *__interceptor_calloc(size_t n, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *p, size_t n) __attribute__((weak));
void *__interceptor_memalign(size_t alignment, size_t n) __attribute__((weak));

static uint64_t place[PLACES];
static struct { uintptr_t from, to; } spared[SPARED];
static int n_spared;
static __thread int inside __attribute__((tls_model("initial-exec")));

static int note_spared(struct dl_phdr_info *info, size_t size, void *arg)
{
    const struct shim_control *c = arg;
    char names[sizeof c->spare], *rest = NULL;
    (void)size;
    memcpy(names, c->spare, sizeof names);
    for (char *s = strtok_r(names, " ", &rest); s; s = strtok_r(NULL, " ", &rest)) {
        for (int i = 0; i < info->dlpi_phnum && strstr(info->dlpi_name, s) && n_spared < SPARED; i++) {
            if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
                spared[n_spared].from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
                spared[n_spared].to = spared[n_spared].from + info->dlpi_phdr[i].p_memsz;
                n_spared++;
            }
        }
    }
    return 0;
}

void shim_memory_begin(const struct shim_control *c)
{
    void *frame[DEPTH];
    backtrace(frame, DEPTH); /* allocates when it is called first */
    if (*c->spare)
        dl_iterate_phdr(note_spared, (void *)(uintptr_t)c);
}

/* Whether this chain of callers is new. A place that another thread writes at the same moment may count twice or not at all. */
static int is_new(void *const *frame, int n)
{
    uint64_t h = 1469598103934665603u;
    for (int i = 0; i < n; i++)
        h = (h ^ (uint64_t)(uintptr_t)frame[i]) * 1099511628211u;
    h |= 1;
    for (size_t i = 0, at = h >> 20; i < PLACES; i++, at++) {
        uint64_t *p = &place[at % PLACES], found = __atomic_load_n(p, __ATOMIC_RELAXED);
        if (found == h)
            return 0;
        if (!found) {
            __atomic_store_n(p, h, __ATOMIC_RELAXED);
            return 1;
        }
    }
    return 0;
}

static int fails(void)
{
    void *frame[DEPTH];
    int n = 0, deed, hit = 0, saved = errno;
    if (!shim_control || inside || !__atomic_load_n(&shim_control->armed, __ATOMIC_ACQUIRE) || !(shim_control->calls & SHIM_MEMORY))
        return 0;
    inside = 1;
    if (shim_control->places || n_spared)
        n = backtrace(frame, DEPTH);
    for (int i = OWN; i < n; i++) {
        for (int s = 0; s < n_spared; s++) {
            if ((uintptr_t)frame[i] >= spared[s].from && (uintptr_t)frame[i] < spared[s].to)
                goto out;
        }
    }
    if (!shim_control->places || is_new(frame, n))
        hit = shim_struck(SHIM_MEMORY, shim_control->match, &deed);
out:
    inside = 0;
    errno = hit ? ENOMEM : saved;
    return hit;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return n && fails() ? NULL : __interceptor_realloc ? __interceptor_realloc(p, n) : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}

void *memalign(size_t alignment, size_t n)
{
    return fails() ? NULL : __interceptor_memalign ? __interceptor_memalign(alignment, n) : __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    void *got = memalign(alignment, n);
    *p = got ? got : *p;
    return got ? 0 : ENOMEM;
}
