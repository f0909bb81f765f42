/* Softmax of a row of scores, for paradigms: sums run in sixteen lanes, added in a fixed order. Not a plugin. */
#ifndef PARADIGMS_SOFTMAX_H
#define PARADIGMS_SOFTMAX_H
#include "hone/math.h"
#include "hone/wide.h"

/* p[k] = e^(s[k] - largest), not yet divided by their sum, which goes to *sum; *total gets the sum of s. Returns the largest.
 */
HONE_WIDE __attribute__((unused)) static float exponentials(const float *restrict s, int64_t n, float *restrict p, float *sum, float *total)
{
    float top = s[0], lane[16] = { 0 }, plain[16] = { 0 }, most[16];
    int64_t k = 0;
    for (int j = 0; j < 16; j++) /* no order of comparing changes the largest */
        most[j] = s[0];
    for (; k + 16 <= n; k += 16)
        for (int j = 0; j < 16; j++) {
            most[j] = s[k + j] > most[j] ? s[k + j] : most[j];
            plain[j] += s[k + j];
        }
    for (int j = 0; k < n; k++, j++) {
        top = s[k] > top ? s[k] : top;
        plain[j] += s[k];
    }
    for (int j = 0; j < 16; j++)
        top = most[j] > top ? most[j] : top;
    for (k = 0; k + 16 <= n; k += 16)
        for (int j = 0; j < 16; j++) {
            p[k + j] = hone_expf(s[k + j] - top);
            lane[j] += p[k + j];
        }
    for (int j = 0; k < n; k++, j++)
        lane[j] += p[k] = hone_expf(s[k] - top);
    *sum = *total = 0;
    for (int j = 0; j < 16; j++) {
        *sum += lane[j];
        *total += plain[j];
    }
    return top;
}

HONE_WIDE __attribute__((unused)) static void scale_shift(float *restrict p, int64_t n, float a, float b)
{
    for (int64_t k = 0; k < n; k++)
        p[k] = a * p[k] + b;
}

#endif
