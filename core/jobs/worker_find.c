/* Where hone-worker is, and what it gets along: its command line and its environment. See worker_proc.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/jobs/worker_priv.h"

#define PROGRAM "hone-worker"
#define OWN "/proc/self/exe" /* still this program when another one has taken its place on the disk */

static int within;

void worker_within(void)
{
    within = 1;
}

/* Path when a program is there that may be run, else NULL; the place is noted in *seen. */
static char *probe(const char *dir, const char *name, struct buf *seen)
{
    char *path = path_join(dir, name);
    if (!path || access(path, X_OK) == 0)
        return path;
    buf_printf(seen, "%s%s", seen->n ? ", " : "", path);
    free(path);
    return NULL;
}

/* Beside the program; an uninstalled one may be in .libs, below the place where its worker is. */
static char *beside(struct buf *seen)
{
    char dir[4096];
    if (path_program_dir(dir, sizeof dir, NULL) != 0)
        return NULL;
    char *path = probe(dir, PROGRAM, seen), *slash = strrchr(dir, '/');
    if (!path && slash && strcmp(slash, "/.libs") == 0) {
        *slash = '\0';
        path = probe(dir, PROGRAM, seen);
    }
    return path;
}

/* This program by a name that its worker can be started by: the link is another process's own when a wrapper follows it. */
static char *own_path(void)
{
    char *wrapper = secure_getenv("HONE_WORKER_WRAPPER");
    return wrapper && *wrapper ? realpath(OWN, NULL) : strdup(OWN);
}

char *worker_find(struct hone_err *err)
{
    struct buf seen = { 0 };
    const char *given = secure_getenv("HONE_WORKER");
    char *path;
    if (given && *given) {
        if (!(path = strdup(given)))
            hone_fail(err, HONE_ENOMEM, "memory ran out");
        return path;
    }
    if (within) {
        if (!(path = own_path()))
            hone_fail(err, errno == ENOMEM ? HONE_ENOMEM : ERR_NOT_FOUND, "this program, which is its own worker, cannot be found: %s", strerror(errno));
        return path;
    }
    char dir[PATH_MAX];
    path = beside(&seen);
    if (!path)
        path = probe(path_installed(HONE_LIBEXECDIR "/hone", dir), PROGRAM, &seen);
    if (!path)
        hone_fail(err, ERR_NOT_FOUND, "the program " PROGRAM " is missing (looked for %s); install it, or name it in "
                  "the environment variable HONE_WORKER", seen.n ? buf_str(&seen) : HONE_LIBEXECDIR "/hone/" PROGRAM);
    buf_free(&seen);
    return path;
}

void words_free(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

char **worker_argv(const char *program)
{
    const char *wrapper = secure_getenv("HONE_WORKER_WRAPPER"), *p = wrapper ? wrapper : "";
    size_t n = 0;
    char **words = calloc(strlen(p) / 2 + 4, sizeof *words);
    while (words && *(p += strspn(p, " "))) {
        size_t len = strcspn(p, " ");
        if (!(words[n++] = strndup(p, len)))
            goto failed;
        p += len;
    }
    if (!words || !(words[n++] = strdup(program)))
        goto failed;
    if (!within || !file_same(program, OWN) || (words[n] = strdup(WORKER_ARGUMENT)))
        return words;
failed:
    words_free(words);
    return NULL;
}

/* Names that are passed on; a '*' at the end stands for any rest. Everything else, such as secrets, stays here. */
static const char *const passed[] = {
    "PATH", "HOME", "TMPDIR", "XDG_DATA_HOME", "LD_LIBRARY_PATH", "HONE_PLUGIN*", "HONE_SANDBOX", "HONE_CRASH_AT", "ASAN_OPTIONS", "UBSAN_OPTIONS",
    "LSAN_OPTIONS", "TSAN_OPTIONS", "MSAN_OPTIONS", "GCOV_*", "LLVM_PROFILE_FILE", "VALGRIND_*",
};

static int is_passed(const char *entry)
{
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        size_t n = strlen(passed[i]);
        if (passed[i][n - 1] == '*' ? strncmp(entry, passed[i], n - 1) == 0
                                    : strncmp(entry, passed[i], n) == 0 && entry[n] == '=')
            return 1;
    }
    return 0;
}

char **worker_env(void)
{
    size_t all = 0, n = 0;
    while (environ && environ[all])
        all++;
    char **env = calloc(all + 2, sizeof *env);
    int has_path = 0;
    for (size_t i = 0; env && i < all; i++) {
        if (!is_passed(environ[i]))
            continue;
        has_path |= strncmp(environ[i], "PATH=", 5) == 0;
        if (!(env[n++] = strdup(environ[i])))
            goto failed;
    }
    if (env && (has_path || (env[n] = strdup("PATH=/usr/local/bin:/usr/bin:/bin"))))
        return env;
failed:
    words_free(env);
    return NULL;
}
