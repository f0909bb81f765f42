/* Reads a mapped file behind its end. */
#include "bad.h"
#include <stdio.h>
#include <sys/mman.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    FILE *f = tmpfile();
    int fd = f ? fileno(f) : memfd_create("x", 0);
    volatile char *p = (volatile char *)mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    return p[4096];
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
