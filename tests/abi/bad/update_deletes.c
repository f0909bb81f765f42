/* Removes the files of its own job. */
#include "bad.h"
#include <dirent.h>
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    char path[4096];
    DIR *d = opendir("/proc/self/fd");
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, path, sizeof path - 1);
        if (n > 0 && *path == '/') {
            path[n] = 0;
            unlink(path);
        }
    }
    if (d)
        closedir(d);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
