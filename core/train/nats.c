/* See nats.h. */
#include "core/train/nats.h"
#include "hone/math.h"
#include "hone/wide.h"

HONE_WIDE static float exponentials(const float *s, int64_t n, float top)
{
    float lane[16] = { 0 }, sum = 0;
    int64_t k = 0;
    for (; k + 16 <= n; k += 16)
        for (int j = 0; j < 16; j++)
            lane[j] += hone_expf(s[k + j] - top);
    for (; k < n; k++)
        sum += hone_expf(s[k] - top);
    for (int j = 0; j < 16; j++)
        sum += lane[j];
    return sum;
}

double nats_of(const float *s, int64_t n, int64_t top, int32_t target)
{
    return (double)hone_logf(exponentials(s, n, s[top])) + (double)s[top] - (double)s[target];
}

int64_t nats_characters(const struct learner *l, const struct encoded *x, int64_t text)
{
    const struct hone_model *m = l->model;
    int64_t n = 0;
    for (int64_t k = x->row_start[text]; k < x->row_start[text + 1]; k++) {
        int32_t t = x->target[k];
        struct hone_string bytes = t < 0 || m->ends(l->self, t) ? (struct hone_string){ "", 0 } : m->token(l->self, t, 0);
        for (int64_t j = 0; j < bytes.len; j++) /* a character is counted by its first byte */
            n += ((unsigned char)bytes.bytes[j] & 0xc0) != 0x80;
    }
    return n;
}
