/* Damaged copies of files: bytes changed at random places, in runs or cut off, from a seed.
 * Use: mutants DIR COUNT SEED FILE...: DIR/mutant-0001.so and so on, the files in turn. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/file.h"

static uint64_t state;

static size_t draw(size_t below)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (size_t)((z ^ z >> 31) % below);
}

/* One byte in the headers, one anywhere, some, a run of one value, or the end is missing. */
static void damage(struct buf *b)
{
    size_t at = draw(b->n), n;
    switch (draw(5)) {
    case 0:
        b->p[draw(b->n < 1024 ? b->n : 1024)] ^= (char)(1 + draw(255));
        break;
    case 1:
        b->p[at] ^= (char)(1 + draw(255));
        break;
    case 2:
        for (n = 2 + draw(64); n > 0; n--)
            b->p[draw(b->n)] = (char)draw(256);
        break;
    case 3:
        for (n = 1 + draw(256); n > 0 && at < b->n; n--)
            b->p[at++] = (char)(draw(2) ? 0 : 0xff);
        break;
    default:
        b->n = at;
    }
}

int main(int argc, char **argv)
{
    int count = argc > 4 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (count < 1)
        return 64;
    state = strtoull(argv[3], NULL, 10);
    printf("seed %s, %d copies\n", argv[3], count);
    for (int i = 0; i < count; i++) {
        struct buf b = { 0 };
        struct hone_err err = { 0 };
        char path[4200];
        FILE *f;
        snprintf(path, sizeof path, "%.4000s/mutant-%04d.so", argv[1], i);
        if (file_read(argv[4 + i % (argc - 4)], (size_t)1 << 24, &b, &err) < 0 || b.n == 0) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        damage(&b);
        f = fopen(path, "wbe");
        if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f) != 0)
            return 1;
        buf_free(&b);
    }
    return 0;
}
