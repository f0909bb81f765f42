/* Stored inputs through the targets, without a fuzzer: what was found once stays mended, in every build. Each input also goes in cut short at a few
 * places and with single bits turned, always the same ones.
 * Use: fuzz                     the names of the targets
 *      fuzz CORPUS TARGET...    all files in CORPUS/TARGET
 *      fuzz --checkpoint FILE   writes the checkpoint that is a seed, for seeds.sh */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "tests/fuzz/targets.h"

enum { CUTS = 8, TURNS = 24 };
static int passed, failed;

/* A copy of its own size, so that a sanitizer sees the first byte behind it. */
static void one(const struct fuzz_target *t, const char *bytes, size_t n, size_t turned)
{
    uint8_t *copy = malloc(n ? n : 1);
    REQUIRE(copy != NULL);
    if (n)
        memcpy(copy, bytes, n);
    if (turned && n)
        copy[(turned / 8) % n] ^= (uint8_t)(1u << (turned % 8));
    t->one(copy, n);
    free(copy);
}

static void replay(const struct fuzz_target *t, const char *path)
{
    struct buf b = { 0 };
    struct hone_err err;
    if (file_read(path, 1 << 22, &b, &err) != 0) {
        printf("FAIL: %s\n", err.text);
        failed++;
        return;
    }
    one(t, b.p, b.n, 0);
    for (size_t i = 1; i <= CUTS && b.n; i++)
        one(t, b.p, b.n * i / (CUTS + 1), 0);
    for (size_t i = 1; i <= TURNS && b.n; i++)
        one(t, b.p, b.n, 1 + i * 2654435761u % (b.n * 8));
    buf_free(&b);
    passed++;
}

static void replay_all(const char *corpus, const char *name)
{
    const struct fuzz_target *t = fuzz_find(name);
    char *dir = path_join(corpus, name);
    struct dirent **entry = NULL;
    int n = t && dir ? scandir(dir, &entry, NULL, alphasort) : -1, before = passed;
    if (n < 0) {
        printf("FAIL: no target '%s', or no folder %s\n", name, dir ? dir : "");
        failed++;
    }
    for (int i = 0; i < n; i++) {
        char *path = path_join(dir, entry[i]->d_name);
        if (path && entry[i]->d_name[0] != '.')
            replay(t, path);
        free(path);
        free(entry[i]);
    }
    free(entry);
    if (n >= 0 && passed == before) {
        printf("FAIL: %s is empty\n", dir);
        failed++;
    }
    free(dir);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fuzz_find(NULL);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--checkpoint") == 0) {
        fuzz_checkpoint_seed(argv[2]);
        return 0;
    }
    setenv("FUZZ_CORPUS", argv[1], 1);
    for (int i = 2; i < argc; i++)
        replay_all(argv[1], argv[i]);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
