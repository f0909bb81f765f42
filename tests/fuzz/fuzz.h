/* Readers of foreign bytes under mutated input: what the targets share. A target takes any bytes, must come back, and aborts when a promise of the
 * reader is broken; sanitizers see the rest. main.c has the table, replay.c runs stored inputs without a fuzzer. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

struct fuzz_target {
    const char *name;          /* of the target and of its folder below tests/fuzz/corpus; NULL ends a table */
    void (*one)(const uint8_t *bytes, size_t n);
};
/* One table a file. */
extern const struct fuzz_target fuzz_text[], fuzz_data[], fuzz_files[], fuzz_http[], fuzz_net[], fuzz_conf[], fuzz_store[];

/* Ends the process with a sentence unless `good`: the reader has broken a promise. */
#define REQUIRE(good) \
    do { \
        if (!(good)) \
            fuzz_broken(__FILE__, __LINE__, #good); \
    } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what);

/* A folder of this process in memory, removed at its end, without a slash behind. */
const char *fuzz_dir(void);
/* Writes bytes to NAME in fuzz_dir() and returns its path, which is valid until the next call but one. */
const char *fuzz_file(const char *name, const void *bytes, size_t n);
/* The first byte of the input as a choice below `most`, which is taken off. 0 of an empty input. */
unsigned fuzz_choice(const uint8_t **bytes, size_t *n, unsigned most);
/* The input as a string of its own (free()). */
char *fuzz_string(const uint8_t *bytes, size_t n);
/* Folder of plugins that are built with the targets: $HONE_PLUGIN_PATH. */
const char *fuzz_plugins(void);
/* Whether two trees are equal in every member and bit. */
int fuzz_same(const cJSON *a, const cJSON *b);

#endif
