/* What main.c offers libFuzzer and replay.c. */
#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H
#include "tests/fuzz/fuzz.h"

/* By name; NULL when there is none. Without a name prints all of them and returns NULL. */
const struct fuzz_target *fuzz_find(const char *name);
/* Writes the checkpoint that its target takes. */
void fuzz_checkpoint_seed(const char *path);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#endif
