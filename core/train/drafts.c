/* See drafts.h. */
#include "core/train/drafts.h"

#define ROUGH_COST 0.35 /* of a rough pass, where a plain one of few rows costs 1 */
#define FEW_ROWS 4      /* that a plain pass looks at for the price of one, which is reading the weights */
#define ROW_COST 0.2    /* of each one more */
#define WORTH 1.05      /* what guesses must gain at least */
#define PAUSE 32        /* steps without guesses where they do not pay */
#define KEEP 0.95       /* how much older guesses count after each step */

const struct drafts drafts_unknown = { .tried = 5, .right = 4 };

static double plain_cost(int64_t rows)
{
    return rows <= FEW_ROWS ? 1 : 1 + ROW_COST * (double)(rows - FEW_ROWS);
}

int64_t drafts_depth(struct drafts *d, int64_t answers, int64_t most)
{
    double share = d->right / d->tried, still = 1, tokens = 1, best = WORTH / plain_cost(answers);
    int64_t depth = 0;
    if (d->pause > 0) {
        d->pause--;
        return 0;
    }
    for (int64_t k = 1; k <= most; k++) {
        still *= share;
        tokens += still; /* expected */
        double speed = tokens / (plain_cost(answers * (k + 1)) + ROUGH_COST * (double)k);
        if (speed > best) {
            best = speed;
            depth = k;
        }
    }
    if (!depth && most > 0) /* and then they get another chance */
        *d = (struct drafts){ .tried = drafts_unknown.tried, .right = drafts_unknown.right, .pause = PAUSE };
    return depth;
}

void drafts_learn(struct drafts *d, int64_t tried, int64_t right)
{
    d->tried = d->tried * KEEP + (double)(right < tried ? right + 1 : tried);
    d->right = d->right * KEEP + (double)right;
}
