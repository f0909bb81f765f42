/* Finds what was installed beside the program, also in a tree that was moved as a whole. See file.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"

/* Length of what stands before `tail` in dir when dir ends with it, else -1. */
static int before(const char *dir, const char *tail)
{
    size_t n = strlen(dir), m = strlen(tail);
    return n > m && strcmp(dir + n - m, tail) == 0 ? (int)(n - m) : -1;
}

const char *path_installed(const char *configured, char *out)
{
    char dir[PATH_MAX] = "";
    int root = path_program_dir(dir, sizeof dir, NULL) == 0 ? before(dir, HONE_BINDIR) : -1;
    if (root < 0)
        root = before(dir, HONE_LIBEXECDIR "/hone");
    int len = root > 0 ? snprintf(out, PATH_MAX, "%.*s%s", root, dir, configured) : 0;
    if (len <= 0 || len >= PATH_MAX || access(out, F_OK) != 0)
        snprintf(out, PATH_MAX, "%s", configured);
    return out;
}
