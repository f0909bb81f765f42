/* Drawing the next token (core/train/draw.h): by its chance, after temperature, top-k and top-p; the same for the same seed and place; seldom another
 * one where the scores are a little different, on which guesses by rough passes live. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/train/draw.h"
#include "tests/unit/suites.h"

#define WIDTH 2500 /* more than are looked at at once, and no multiple of that */
#define DRAWS 6000

static struct draw d;
static float scores[WIDTH];

static int open_draw(void)
{
    return draw_open(&d, WIDTH);
}

static int close_draw(void)
{
    draw_close(&d);
    return 0;
}

/* Token k gets the score step * k mod 7, near even chances for all; k >= n gets none. */
static void level(float step, int64_t n)
{
    for (int64_t k = 0; k < WIDTH; k++)
        scores[k] = k < n ? step * (float)(k % 7) : -1000;
}

/* Chances of the tokens that `kept` names at this temperature. */
static void chances(double temperature, const uint8_t *kept, double *p)
{
    double sum = 0;
    for (int64_t k = 0; k < WIDTH; k++)
        sum += p[k] = kept[k] ? exp((double)scores[k] / temperature) : 0;
    for (int64_t k = 0; k < WIDTH; k++)
        p[k] /= sum;
}

/* Draws as the wish says, counted in seven parts by k % 7 and in two by place, are within 4.5 deviations of what `kept` gives. */
static void follows(const struct write_wish *wish, const uint8_t *kept)
{
    double p[WIDTH], part[9] = { 0 };
    int64_t n[9] = { 0 };
    chances(wish->temperature, kept, p);
    for (int64_t k = 0; k < WIDTH; k++) {
        part[k % 7] += p[k];
        part[7 + (k >= 1100)] += p[k];
    }
    for (uint64_t at = 0; at < DRAWS; at++) {
        int32_t token = draw_guess(&d, scores, WIDTH, wish, at);
        CU_ASSERT_FATAL(token >= 0 && token < WIDTH);
        CU_ASSERT(kept[token]);
        n[token % 7]++;
        n[7 + (token >= 1100)]++;
    }
    for (int k = 0; k < 9; k++)
        CU_ASSERT_DOUBLE_EQUAL((double)n[k] / DRAWS, part[k], 4.5 * sqrt(part[k] * (1 - part[k]) / DRAWS) + 1e-9);
}

static void by_chance(void)
{
    uint8_t kept[WIDTH];
    memset(kept, 1, sizeof kept);
    level(0.3f, WIDTH);
    follows(&(struct write_wish){ .temperature = 1, .top_p = 1, .seed = 1 }, kept);
    follows(&(struct write_wish){ .temperature = 0.4, .top_p = 1, .seed = 2 }, kept);
    for (int64_t k = 1105; k < WIDTH; k++)
        kept[k] = 0;
    level(0.9f, 1105);
    follows(&(struct write_wish){ .temperature = 1, .top_p = 1, .seed = 3 }, kept);
}

/* The likeliest, of equals those with lower numbers. */
static void of_the_best(void)
{
    uint8_t kept[WIDTH] = { 0 };
    level(0.3f, WIDTH);
    for (int64_t i = 0, k = 6; i < 400; i++, k = k + 7 < WIDTH ? k + 7 : 5)
        kept[k] = 1;
    follows(&(struct write_wish){ .temperature = 1, .top_k = 400, .top_p = 1, .seed = 4 }, kept);
    double p[WIDTH], mass = 0;
    memset(kept, 1, sizeof kept);
    chances(0.7, kept, p);
    memset(kept, 0, sizeof kept);
    for (int64_t k = 6; mass < 0.5001; k = k + 7 < WIDTH ? k + 7 : k % 7 - 1) { /* between two tokens, whatever is rounded */
        kept[k] = 1;
        mass += p[k];
    }
    follows(&(struct write_wish){ .temperature = 0.7, .top_p = 0.5001, .seed = 5 }, kept);
    memset(kept, 0, sizeof kept);
    kept[6] = 1;
    follows(&(struct write_wish){ .temperature = 1, .top_k = 1, .top_p = 1, .seed = 6 }, kept);
    follows(&(struct write_wish){ .temperature = 1, .top_p = 1e-9, .seed = 7 }, kept);
}

static void by_seed_and_place(void)
{
    const struct write_wish a = { .temperature = 1, .top_p = 1, .seed = 11 }, b = { .temperature = 1, .top_p = 1, .seed = 12 };
    int64_t seeds = 0, places = 0;
    double log_prob, sum = 0;
    level(0.3f, WIDTH);
    for (int64_t k = 0; k < WIDTH; k++)
        sum += exp((double)scores[k] / 1.5);
    for (uint64_t at = 0; at < 200; at++) {
        int32_t token = draw_token(&d, scores, WIDTH, 1.5, &a, at, &log_prob);
        CU_ASSERT_EQUAL(token, draw_guess(&d, scores, WIDTH, &a, at));
        CU_ASSERT_DOUBLE_EQUAL(log_prob, (double)scores[token] / 1.5 - log(sum), 1e-5);
        seeds += token == draw_guess(&d, scores, WIDTH, &b, at);
        places += token == draw_guess(&d, scores, WIDTH, &a, at + 1);
    }
    CU_ASSERT(seeds < 5 && places < 5);
}

/* Scores that differ by up to a hundredth: another token in at most one draw of fifty, where no token has a chance above one in a thousand. */
static void rarely_another(void)
{
    const struct write_wish all = { .temperature = 0.8, .top_p = 1, .seed = 21 }, best = { .temperature = 0.8, .top_p = 0.9, .seed = 22 };
    float near[WIDTH];
    int64_t other = 0, other_best = 0;
    level(0.1f, WIDTH);
    for (int64_t k = 0; k < WIDTH; k++)
        near[k] = scores[k] + 0.01f * (float)rng_unit(23, RNG_SYNTH, (uint64_t)k);
    for (uint64_t at = 0; at < 2000; at++) {
        other += draw_guess(&d, scores, WIDTH, &all, at) != draw_guess(&d, near, WIDTH, &all, at);
        other_best += draw_guess(&d, scores, WIDTH, &best, at) != draw_guess(&d, near, WIDTH, &best, at);
    }
    CU_ASSERT(other > 0 && other <= 40);
    CU_ASSERT(other_best <= 80); /* the edge of what is left out moves too */
}

static void greedy_and_broken(void)
{
    const struct write_wish greedy = { .temperature = 0, .top_p = 1 }, drawn = { .temperature = 1, .top_p = 1, .seed = 31 };
    double log_prob;
    level(0.3f, WIDTH);
    CU_ASSERT_EQUAL(draw_token(&d, scores, WIDTH, 1, &greedy, 5, &log_prob), 6);
    scores[77] = NAN;
    CU_ASSERT_EQUAL(draw_guess(&d, scores, WIDTH, &drawn, 0), -1);
    CU_ASSERT_EQUAL(draw_token(&d, scores, WIDTH, 1, &greedy, 0, &log_prob), -1);
    scores[77] = INFINITY;
    CU_ASSERT_EQUAL(draw_guess(&d, scores, WIDTH, &drawn, 0), -1);
}

int test_draw(void)
{
    CU_pSuite s = CU_add_suite("draw", open_draw, close_draw);
    return s && CU_add_test(s, "by chance", by_chance) && CU_add_test(s, "of the best", of_the_best) && CU_add_test(s, "by seed and place", by_seed_and_place)
           && CU_add_test(s, "rarely another", rarely_another) && CU_add_test(s, "greedy and broken", greedy_and_broken) ? 0 : -1;
}
