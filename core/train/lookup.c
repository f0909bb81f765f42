/* See lookup.h. */
#include "core/train/lookup.h"

#include <string.h>

#define LONGEST 3  /* tokens that are looked for, then fewer, down to */
#define SHORTEST 2
#define REACH 4096 /* tokens back that are looked at */

int64_t lookup_guess(const int32_t *past, int64_t n, int64_t most, int32_t *guess)
{
    for (int64_t len = LONGEST; len >= SHORTEST && most > 0; len--)
        for (int64_t at = n - len - 1; at >= 0 && at >= n - REACH; at--) {
            if (past[at] != past[n - len] || memcmp(past + at, past + n - len, (size_t)len * sizeof *past) != 0)
                continue;
            for (int64_t i = 0; i < most; i++) { /* what repeats itself goes on with what was guessed */
                int64_t from = at + len + i;
                guess[i] = from < n ? past[from] : guess[from - n];
            }
            return most;
        }
    return 0;
}
