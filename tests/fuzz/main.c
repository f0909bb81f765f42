/* The table of all targets, what they share, and the entry of libFuzzer: FUZZ_TARGET names the target. See fuzz.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

static char dir[64];
static const struct fuzz_target *target;

void fuzz_broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static void remove_dir(void)
{
    struct hone_err ignored;
    file_remove_tree(dir, &ignored);
}

const char *fuzz_dir(void)
{
    if (!*dir) {
        snprintf(dir, sizeof dir, "%s/hone-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        REQUIRE(mkdtemp(dir) != NULL);
        atexit(remove_dir);
    }
    return dir;
}

const char *fuzz_file(const char *name, const void *bytes, size_t n)
{
    static char path[2][200];
    static unsigned turn;
    char *p = path[turn++ % 2];
    snprintf(p, sizeof path[0], "%s/%.100s", fuzz_dir(), name);
    int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && file_write_all(fd, bytes, n) == 0);
    close(fd);
    return p;
}

unsigned fuzz_choice(const uint8_t **bytes, size_t *n, unsigned most)
{
    if (!*n)
        return 0;
    (*n)--;
    return *(*bytes)++ % most;
}

char *fuzz_string(const uint8_t *bytes, size_t n)
{
    char *s = malloc(n + 1);
    REQUIRE(s != NULL);
    if (n)
        memcpy(s, bytes, n);
    s[n] = '\0';
    return s;
}

const char *fuzz_plugins(void)
{
    const char *path = getenv("HONE_PLUGIN_PATH");
    REQUIRE(path != NULL);
    return path;
}

int fuzz_same(const cJSON *a, const cJSON *b)
{
    char *x = json_text(a, 0), *y = json_text(b, 0);
    int same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

const struct fuzz_target *fuzz_find(const char *name)
{
    static const struct fuzz_target *const tables[] = { fuzz_text, fuzz_data, fuzz_files, fuzz_http, fuzz_net, fuzz_conf, fuzz_store };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct fuzz_target *t = tables[i]; t->name; t++) {
            if (!name)
                puts(t->name);
            else if (strcmp(t->name, name) == 0)
                return t;
        }
    }
    return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_TARGET");
    (void)argc, (void)argv;
    target = name ? fuzz_find(name) : NULL;
    if (!target) {
        fprintf(stderr, "FUZZ_TARGET must be one of:\n");
        fuzz_find(NULL);
        exit(2);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    target->one(bytes, n);
    return 0;
}
