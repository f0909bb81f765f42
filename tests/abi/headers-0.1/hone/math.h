/* hone/math.h: float functions for plugins that give the same bits on every machine and at every vector width. Plain
 * arithmetic without tables, branches or library calls, so that compilers turn loops over them into vector code.
 * Compile with -ffp-contract=off. History: 0.1 first. */
#ifndef HONE_MATH_H
#define HONE_MATH_H
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* e^x within 2 ulp; 0 below -87.33 (where the result would be denormal), infinity above 88.72. Cody & Waite, 1980,
 * "Software manual for the elementary functions": x = n ln 2 + r, |r| <= ln 2 / 2, and a polynomial in r. [any, pure] */
static inline float hone_expf(float x)
{
    float clamped = x > -87.33f ? x : -87.33f; /* also a NaN */
    clamped = clamped > 88.72f ? 88.72f : clamped;
    float shifted = clamped * 1.44269504f + 12582912.0f; /* rounds to an integer in the low bits */
    float n = shifted - 12582912.0f;
    float r = (clamped - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.98756915e-4f;
    p = p * r + 1.39819995e-3f;
    p = p * r + 8.33345205e-3f;
    p = p * r + 4.16657962e-2f;
    p = p * r + 1.66666657e-1f;
    p = p * r + 0.5f;
    p = (p * (r * r) + r) + 1.0f;
    int32_t bits, k = (int32_t)n, half = k >> 1; /* in two steps: 2^k may be too large where the product is not */
    bits = (half + 127) * (1 << 23);
    float a, b;
    memcpy(&a, &bits, sizeof a);
    bits = (k - half + 127) * (1 << 23);
    memcpy(&b, &bits, sizeof b);
    float y = p * a * b;
    y = x < -87.33f ? 0.0f : y;
    y = x > 88.72f ? (float)1e39 : y;
    return x != x ? x : y;
}

/* ln x within 2 ulp for normal x > 0; minus infinity at 0, NaN below and for a NaN. [any, pure] */
static inline float hone_logf(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t e = (int32_t)(bits - 0x3f3504f3u) >> 23; /* x = m 2^e with m in [sqrt(1/2), sqrt(2)) */
    bits -= (uint32_t)e << 23;
    float m, f, s, z, w, t, n = (float)e;
    memcpy(&m, &bits, sizeof m);
    f = m - 1.0f;
    s = f / (2.0f + f);
    z = s * s;
    w = z * z;
    t = w * (0.40000972152f + w * 0.24279078841f) + z * (0.66666662693f + w * 0.28498786688f);
    float half = 0.5f * f * f;
    float y = (s * (half + t) + n * 9.0580006145e-6f) - half + f + n * 0.69313812256f;
    y = x == 0.0f ? -(float)1e39 : y;
    y = x < 0.0f ? (float)1e39 - (float)1e39 : y;
    return x > 3.4e38f || x != x ? x : y;
}

#ifdef __cplusplus
}
#endif
#endif
