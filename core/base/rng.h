/* Counter-based random numbers: a value is a function of (seed, stream, counter), so that nothing needs to be saved
 * but integers and one use never shifts another. Philox 4x32-10 (Salmon et al., 2011, "Parallel random numbers: as
 * easy as 1, 2, 3"). Not for secrets: ids and tokens come from libsodium. */
#ifndef BASE_RNG_H
#define BASE_RNG_H
#include <stdint.h>

/* One stream a use. Numbers are part of the results: append, never renumber. */
enum rng_stream {
    RNG_SPLIT = 1, RNG_ORDER = 2, RNG_INIT = 3, RNG_DROPOUT = 4, RNG_PARADIGM = 5, RNG_BOOTSTRAP = 6,
    RNG_EDIT = 7, RNG_SYNTH = 8, RNG_EXPLORE = 9, RNG_MODEL = 10, RNG_PERMUTE = 11, RNG_SUBSET = 12, RNG_REPLAY = 21, RNG_SEARCH = 31, RNG_WRITE = 32, RNG_CANARY = 33, RNG_DRAWN = 34
};

uint64_t rng_u64(uint64_t seed, uint32_t stream, uint64_t counter);          /* [any, pure] */
/* The four words of n counters from `counter` on, word by word: word[w * n + i] is word w of counter + i. rng_u64() of a counter is its
 * words 0 (low) and 1. Many at once cost a fraction of the calls. [any, pure] */
void rng_words(uint64_t seed, uint32_t stream, uint64_t counter, int n, uint32_t *word);
double rng_unit(uint64_t seed, uint32_t stream, uint64_t counter);           /* [0, 1), 53 bits [any, pure] */
double rng_normal(uint64_t seed, uint32_t stream, uint64_t counter);         /* mean 0, deviation 1 [any, pure] */
/* Uniform in [0, n), n > 0, without modulo bias beyond 2^-64 n. [any, pure] */
uint64_t rng_below(uint64_t seed, uint32_t stream, uint64_t counter, uint64_t n);
/* Fisher-Yates over v[0..n); draws come from (seed, stream, counter_high << 32 | i). [any] */
void rng_shuffle(uint64_t seed, uint32_t stream, uint32_t counter_high, int64_t *v, int64_t n);

#endif
