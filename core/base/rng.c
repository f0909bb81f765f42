/* See rng.h. */
#include <math.h>
#include "core/base/rng.h"
#include "hone/wide.h"

static inline void philox_round(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t x0 = (uint32_t)(b >> 32) ^ c[1] ^ k0, x2 = (uint32_t)(a >> 32) ^ c[3] ^ k1;
    c[1] = (uint32_t)b;
    c[3] = (uint32_t)a;
    c[0] = x0;
    c[2] = x2;
}

/* Philox 4x32-10; the key is the seed, the counter (counter, stream). */
static void philox(uint64_t seed, uint32_t stream, uint64_t counter, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c[4] = { (uint32_t)counter, (uint32_t)(counter >> 32), stream, 0 };
    for (int i = 0; i < 10; i++) {
        philox_round(c, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++)
        out[i] = c[i];
}

#define LANES 16

/* LANES counters side by side; what philox() does to one. */
HONE_WIDE static void philox_lanes(uint64_t seed, uint32_t stream, uint64_t counter, uint32_t *restrict w0, uint32_t *restrict w1,
                                   uint32_t *restrict w2, uint32_t *restrict w3)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < LANES; i++) {
        w0[i] = (uint32_t)(counter + (uint64_t)i);
        w1[i] = (uint32_t)((counter + (uint64_t)i) >> 32);
        w2[i] = stream;
        w3[i] = 0;
    }
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        for (int i = 0; i < LANES; i++) {
            uint64_t a = (uint64_t)0xD2511F53u * w0[i], b = (uint64_t)0xCD9E8D57u * w2[i];
            uint32_t x0 = (uint32_t)(b >> 32) ^ w1[i] ^ k0, x2 = (uint32_t)(a >> 32) ^ w3[i] ^ k1;
            w1[i] = (uint32_t)b;
            w3[i] = (uint32_t)a;
            w0[i] = x0;
            w2[i] = x2;
        }
    }
}

void rng_words(uint64_t seed, uint32_t stream, uint64_t counter, int n, uint32_t *word)
{
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        philox_lanes(seed, stream, counter + (uint64_t)i, word + i, word + n + i, word + 2 * n + i, word + 3 * n + i);
    for (; i < n; i++) {
        uint32_t r[4];
        philox(seed, stream, counter + (uint64_t)i, r);
        for (int w = 0; w < 4; w++)
            word[w * n + i] = r[w];
    }
}

uint64_t rng_u64(uint64_t seed, uint32_t stream, uint64_t counter)
{
    uint32_t r[4];
    philox(seed, stream, counter, r);
    return (uint64_t)r[1] << 32 | r[0];
}

double rng_unit(uint64_t seed, uint32_t stream, uint64_t counter)
{
    return (double)(rng_u64(seed, stream, counter) >> 11) * 0x1p-53;
}

double rng_normal(uint64_t seed, uint32_t stream, uint64_t counter)
{
    uint32_t r[4];
    philox(seed, stream, counter, r);
    double u = ((double)(((uint64_t)r[1] << 32 | r[0]) >> 11) + 0.5) * 0x1p-53;
    double v = (double)(((uint64_t)r[3] << 32 | r[2]) >> 11) * 0x1p-53;
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v); /* Box & Muller, 1958 */
}

uint64_t rng_below(uint64_t seed, uint32_t stream, uint64_t counter, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)rng_u64(seed, stream, counter) * n) >> 64);
}

void rng_shuffle(uint64_t seed, uint32_t stream, uint32_t counter_high, int64_t *v, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        uint64_t j = rng_below(seed, stream, (uint64_t)counter_high << 32 | (uint64_t)i, (uint64_t)i + 1);
        int64_t t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
}
