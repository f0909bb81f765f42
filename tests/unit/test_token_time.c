/* Whether the time that a token's check takes tells how much of it is right: wrong tokens that share nothing, some or nearly all of the secret
 * with a valid one, in random order, and Welch's t between their times, as dudect has it (Reparaz, Balasch and Verbauwhede, 2017). A
 * comparison that stops at the first difference is measured the same way, so that a measurement that could not see it fails. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/api/daemon.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/unit/suites.h"

#define SAMPLES 120000      /* of each comparison */
#define LENGTH 66           /* hone_ 10 _ 43 _ 6 */
#define SECRET_AT 16
#define SECRET 43
#define T_LIMIT 4.5
#define BATCH 1000          /* tokens made before the first of them is checked: the making takes another time for each class */
#define TRIES 3             /* a machine that does something else may spoil one */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static char good[LENGTH + 1];
static uint64_t state = 20261126;

static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* The checksum at the end, bit by bit: CRC-32 in base 62. */
static void seal(char *token)
{
    uint32_t crc = 0xffffffffu;
    for (int i = 0; i < LENGTH - 7; i++) {
        crc ^= (unsigned char)token[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    crc = ~crc;
    for (int i = LENGTH - 1; i >= LENGTH - 6; i--, crc /= 62)
        token[i] = digits[crc % 62];
}

/* A wrong token of which `same` characters of the secret are right, 0 to 42. */
static void forge(char token[LENGTH + 1], int same)
{
    memcpy(token, good, LENGTH + 1);
    for (int i = same; i < SECRET; i++) {
        char *at = &token[SECRET_AT + i];
        do
            *at = digits[draw() % 62];
        while (i == same && *at == good[SECRET_AT + i]);
    }
    seal(token);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

typedef int check(void *arg, const char *token);

static int by_daemon(void *arg, const char *token)
{
    struct api_who who;
    struct hone_err err;
    return daemon_token(arg, token, &who, &err) == 0;
}

/* What the daemon must not do; each step is as long as in a comparison that is not made by the word. */
static int by_prefix(void *arg, const char *token)
{
    volatile const char *a = good, *b = token;
    (void)arg;
    for (int i = 0; i < LENGTH; i++) {
        if (a[i] != b[i])
            return 0;
    }
    return 1;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Welch's t of two classes of equal treatment; the slowest twentieth of all is left out, which is the system's doing. */
static double welch(check *fn, void *arg, int same_a, int same_b)
{
    int64_t *took = calloc(SAMPLES, sizeof *took), *sorted = calloc(SAMPLES, sizeof *sorted);
    unsigned char *class = calloc(SAMPLES, 1);
    char (*tokens)[LENGTH + 1] = calloc(BATCH, sizeof *tokens);
    int accepted = 0;
    double sum[2] = { 0 }, square[2] = { 0 }, n[2] = { 0 }, mean[2], variance[2];
    CU_ASSERT_FATAL(took && sorted && class && tokens);
    for (int i = 0; i < SAMPLES; i++) {
        for (int k = 0; i % BATCH == 0 && k < BATCH; k++) {
            class[i + k] = draw() & 1;
            forge(tokens[k], class[i + k] ? same_b : same_a);
        }
        int64_t start = now_ns();
        accepted += fn(arg, tokens[i % BATCH]);
        took[i] = now_ns() - start;
    }
    CU_ASSERT_EQUAL(accepted, 0);
    memcpy(sorted, took, SAMPLES * sizeof *took);
    qsort(sorted, SAMPLES, sizeof *sorted, by_size);
    int64_t limit = sorted[SAMPLES / 20 * 19];
    for (int i = 0; i < SAMPLES; i++) {
        double v = (double)took[i];
        if (took[i] > limit)
            continue;
        sum[class[i]] += v;
        square[class[i]] += v * v;
        n[class[i]]++;
    }
    for (int c = 0; c < 2; c++) {
        mean[c] = sum[c] / n[c];
        variance[c] = square[c] / n[c] - mean[c] * mean[c];
    }
    free(took);
    free(sorted);
    free(class);
    free(tokens);
    return (mean[0] - mean[1]) / sqrt(variance[0] / n[0] + variance[1] / n[1] + 1e-12);
}

static void time_tells_nothing(void)
{
    static const int classes[][2] = { { 0, 42 }, { 0, 21 }, { 0, 1 } };
    char dir[] = "/tmp/hone-time-XXXXXX";
    struct hone_err err;
    struct api_answer answer;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    struct daemon *d = daemon_open(&(struct api){ .state_dir = dir }, &(struct daemon_options){ 0 }, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    cJSON *in = json_parse("{\"scope\":\"read\"}", 16, "request", &err);
    CU_ASSERT_EQUAL_FATAL(api_call_function(daemon_api(d), &(struct api_call){ .function = "createToken", .in = in, .scope = API_ADMIN }, &answer, &err), 0);
    snprintf(good, sizeof good, "%s", json_str(answer.data, "token", ""));
    api_answer_free(&answer);
    cJSON_Delete(in);
    CU_ASSERT_EQUAL(by_daemon(d, good), 1);
    double control = welch(by_prefix, NULL, 0, 42);
    CU_ASSERT_TRUE(fabs(control) > T_LIMIT); /* else this machine's clock shows nothing */
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        double t = INFINITY;
        for (int k = 0; k < TRIES && !(fabs(t) < T_LIMIT); k++)
            t = welch(by_daemon, d, classes[i][0], classes[i][1]);
        printf("token check, %d or %d characters right: t = %.2f (a comparison that stops early: %.0f)\n", classes[i][0], classes[i][1], t, control);
        CU_ASSERT_TRUE(fabs(t) < T_LIMIT);
    }
    daemon_close(d);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

int test_token_time(void)
{
    CU_pSuite s = CU_add_suite("token_time", NULL, NULL);
    return s && CU_add_test(s, "the time of a check tells nothing of the token", time_tells_nothing) ? 0 : -1;
}
