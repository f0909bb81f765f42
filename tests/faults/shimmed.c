#include "tests/faults/shimmed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int make(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        return fd;
    perror(path);
    if (fd >= 0)
        close(fd);
    return -1;
}

struct shim_control *shimmed_begin(const char *dir, const char *root)
{
    char path[4300], wrapper[9000];
    const char *shim = getenv("SHIM");
    snprintf(path, sizeof path, "%s/control.record", dir);
    int fd = shim ? make(path, 0) : -1;
    if (fd < 0)
        return NULL;
    close(fd);
    snprintf(path, sizeof path, "%s/control", dir);
    if ((fd = make(path, sizeof(struct shim_control))) < 0)
        return NULL;
    struct shim_control *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (c == MAP_FAILED)
        return NULL;
    snprintf(c->root, sizeof c->root, "%s", root);
    snprintf(wrapper, sizeof wrapper, "env LD_PRELOAD=%s SHIM_CONTROL=%s", shim, path); /* workers get an environment of their own */
    setenv("LD_PRELOAD", shim, 1);
    setenv("SHIM_CONTROL", path, 1);
    setenv("HONE_WORKER_WRAPPER", wrapper, 1);
    return c;
}

void shimmed_arm(struct shim_control *c, int calls, const char *match, enum shim_deed deed, int error, int skip, int times)
{
    shimmed_disarm(c);
    c->calls = calls;
    c->deed = (int32_t)deed;
    c->error = error;
    c->skip = skip;
    c->times = times;
    snprintf(c->match, sizeof c->match, "%s", match);
    c->seen = c->hits = 0;
    __atomic_store_n(&c->armed, 1, __ATOMIC_RELEASE);
}

int shimmed_disarm(struct shim_control *c)
{
    __atomic_store_n(&c->armed, 0, __ATOMIC_RELEASE);
    return __atomic_load_n(&c->hits, __ATOMIC_ACQUIRE);
}

void shimmed_end(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv("SHIM_CONTROL");
    unsetenv("HONE_WORKER_WRAPPER");
}
