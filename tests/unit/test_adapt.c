/* What has changed, what to change, and when to go back: core/judge/{trends,proposals,sequence}.h, against simulated users whose truth is known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <CUnit/CUnit.h>
#include "core/base/json.h"
#include "core/base/rng.h"
#include "core/judge/proposals.h"
#include "core/judge/sequence.h"
#include "tests/unit/suites.h"

#define ROWS 300
#define STREAM RNG_BOOTSTRAP /* of the simulated users */

static int64_t runs = 200; /* or HONE_TEST_RUNS of the environment: tests/coverage.sh needs fewer */

static const char *const topics[] = { "where is my parcel", "how do I pay by card", "cancel the order please", "the screen is broken", "reset the password", "talk to a person" };
static const char *const outputs[] = { "delivery", "payment", "cancel", "broken", "password", "human" };

struct world {
    double right[6];         /* chance of a right answer, by topic */
    double share[6];         /* of the topics, adding to 1 */
    double slow_ms, threshold;
};

static struct world usual(void)
{
    return (struct world){ { 0.9, 0.9, 0.9, 0.9, 0.9, 0.9 }, { 0.2, 0.2, 0.2, 0.2, 0.1, 0.1 }, 3, 0 };
}

/* An interaction: a topic, a confidence whose mean is the chance to be right, feedback in half of the cases. The counter is advanced. */
static struct seen draw(const struct world *w, uint64_t seed, uint64_t *at)
{
    double u = rng_unit(seed, STREAM, (*at)++), confidence, right;
    int t = 0;
    while (t < 5 && u >= w->share[t])
        u -= w->share[t++];
    double e = rng_unit(seed, STREAM, (*at)++) - 0.5;
    right = fmin(1, fmax(0, w->right[t] + 0.15 * e));
    confidence = right;
    int is_right = rng_unit(seed, STREAM, (*at)++) < right, rated = rng_unit(seed, STREAM, (*at)++) < 0.5;
    double ms = w->slow_ms * exp(rng_normal(seed, STREAM, (*at)++));
    int refused = confidence < w->threshold;
    const char *given = outputs[is_right ? t : (t + 1) % 6];
    return (struct seen){ .input = topics[t], .output = refused ? NULL : given, .best = given, .expected = rated ? outputs[t] : NULL, .version = "ver_1", .own = 1,
                          .success = rated && !refused ? is_right : (double)NAN, .confidence = confidence, .latency_ms = ms, .propensity = 1 };
}

static void fill(struct seen *v, const struct world *w, uint64_t seed, uint64_t *at)
{
    for (int i = 0; i < ROWS; i++)
        v[i] = draw(w, seed, at);
}

static cJSON *compare(const struct world *before, const struct world *now, uint64_t seed)
{
    static struct seen a[ROWS], b[ROWS];
    struct hone_err err;
    uint64_t at = 0;
    cJSON *o = cJSON_CreateObject();
    fill(a, before, seed, &at);
    fill(b, now, seed, &at);
    CU_ASSERT_EQUAL_FATAL(trends_put(o, a, ROWS, b, ROWS, &(struct trend_options){ .level = 0.02, .permutations = 499, .seed = seed }, &err), 0);
    return o;
}

/* In how many of the runs the trend has changed; "" for any of them. */
static int found(const struct world *before, const struct world *now, const char *name)
{
    int n = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)runs; seed++) {
        cJSON *o = compare(before, now, seed);
        n += *name ? trends_changed(o, name) != 0 : json_bool(o, "drift_found", 0);
        cJSON_Delete(o);
    }
    return n;
}

static void alarms(void)
{
    struct world w = usual(), worse = usual(), other = usual(), slow = usual();
    int n = found(&w, &w, "");
    printf("  false alarms in %d of %lld runs\n", n, (long long)runs);
    CU_ASSERT_TRUE(n <= runs * 5 / 100);

    for (int t = 0; t < 6; t++)
        worse.right[t] = 0.65;
    n = found(&w, &worse, "success_rate");
    printf("  0.90 to 0.65 right, of 150 rated: found in %d of %lld\n", n, (long long)runs);
    CU_ASSERT_TRUE(n >= runs * 95 / 100);

    memcpy(other.share, (double[]){ 0.1, 0.1, 0.2, 0.2, 0.2, 0.2 }, sizeof other.share);
    n = found(&w, &other, "inputs");
    printf("  other inputs: found in %d of %lld\n", n, (long long)runs);
    CU_ASSERT_TRUE(n >= runs * 95 / 100);

    slow.slow_ms = 5;
    n = found(&w, &slow, "latency_ms");
    printf("  3 to 5 ms: found in %d of %lld\n", n, (long long)runs);
    CU_ASSERT_TRUE(n >= runs * 95 / 100);
}

/* With few values every division can be looked at: the p-value drawn is near the exact one. */
static void exact(void)
{
    static const double a[] = { 0.1, 0.4, 0.3, 0.2, 0.25 }, b[] = { 0.5, 0.35, 0.6, 0.45, 0.15 };
    struct seen x[5], y[5];
    struct hone_err err;
    int at_least = 0, all = 0;
    double pooled[10], observed = 0;
    for (int i = 0; i < 5; i++) {
        x[i] = (struct seen){ .input = "same", .output = "o", .success = NAN, .confidence = a[i], .latency_ms = NAN, .propensity = 1 };
        y[i] = x[i];
        y[i].confidence = b[i];
        pooled[i] = a[i];
        pooled[5 + i] = b[i];
        observed += (b[i] - a[i]) / 5;
    }
    for (unsigned mask = 0; mask < 1024; mask++) {
        double d = 0;
        if (__builtin_popcount(mask) != 5)
            continue;
        for (int i = 0; i < 10; i++)
            d += (mask >> i & 1 ? pooled[i] : -pooled[i]) / 5;
        at_least += fabs(d) >= fabs(observed) - 1e-12;
        all++;
    }
    cJSON *o = cJSON_CreateObject();
    CU_ASSERT_EQUAL_FATAL(trends_put(o, x, 5, y, 5, &(struct trend_options){ .level = 0.05, .permutations = 20000, .seed = 7 }, &err), 0);
    const cJSON *t = cJSON_GetArrayItem(json_get(o, "trends"), 2);
    CU_ASSERT_STRING_EQUAL(json_str(t, "name", ""), "confidence");
    CU_ASSERT_DOUBLE_EQUAL(json_num(t, "p", 0), (double)at_least / all, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(json_num(t, "difference", 0), observed, 1e-12);
    CU_ASSERT_TRUE(cJSON_IsNull(json_get(cJSON_GetArrayItem(json_get(o, "trends"), 0), "p"))); /* nobody said how good the answers were */
    cJSON_Delete(o);
}

static void without_a_past(void)
{
    static struct seen now[ROWS];
    struct world w = usual();
    struct hone_err err;
    uint64_t at = 0;
    cJSON *o = cJSON_CreateObject();
    fill(now, &w, 1, &at);
    CU_ASSERT_EQUAL_FATAL(trends_put(o, NULL, 0, now, ROWS, &(struct trend_options){ .level = 0.02, .permutations = 99, .seed = 1 }, &err), 0);
    CU_ASSERT_FALSE(json_bool(o, "drift_found", 1));
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(o, "trends")), 6);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(o, "stability")), 0);
    cJSON_Delete(o);
}

/* ---- thresholds ---- */

/* Of a world whose confidence is the chance to be right: what a threshold earns per question, and how often its answers are right. */
static void truth(const struct world *w, double threshold, double *earned, double *success)
{
    double sum = 0, right = 0, answered = 0;
    for (int t = 0; t < 6; t++) {
        for (int i = 0; i < 2000; i++) {
            double p = fmin(1, fmax(0, w->right[t] + 0.15 * ((i + 0.5) / 2000 - 0.5))), weight = w->share[t] / 2000;
            if (p >= threshold) {
                sum += weight * (2 * p - 1);
                right += weight * p;
                answered += weight;
            }
        }
    }
    *earned = sum;
    *success = right / answered;
}

static const cJSON *of_kind(const cJSON *o, const char *kind)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, json_get(o, "proposals")) {
        if (strcmp(json_str(p, "kind", ""), kind) == 0)
            return p;
    }
    return NULL;
}

/* The threshold that would be applied by itself; -1: none. */
static double applied(const struct world *w, uint64_t seed)
{
    static struct seen now[ROWS];
    struct hone_err err;
    uint64_t at = 0;
    cJSON *o = cJSON_CreateObject();
    fill(now, w, seed, &at);
    CU_ASSERT_EQUAL_FATAL(proposals_put(o, o, NULL, 0, now, ROWS, &(struct proposal_options){ .version = "ver_1", .threshold = 0, .wrong_cost = 1, .level = 0.01 }, &err), 0);
    const cJSON *p = of_kind(o, "threshold");
    double t = p && json_bool(p, "lower_bound_improves", 0) && strcmp(json_str(p, "risk", ""), "low") == 0 ? json_num(json_get(p, "change"), "threshold", -1) : -1;
    cJSON_Delete(o);
    return t;
}

static void never_worse(void)
{
    struct world good = usual(), mixed = usual(), even = usual();
    int worse = 0, times = 0, useful = 0, needless = 0;
    mixed.right[4] = mixed.right[5] = 0.1; /* of these the agent knows nothing, and says so */
    for (int t = 0; t < 6; t++)
        even.right[t] = 0.5;               /* a refusal earns what an answer does */
    const struct world *const worlds[] = { &good, &mixed, &even };
    for (int k = 0; k < 3; k++) {
        double earned, success, was_earned, was;
        truth(worlds[k], 0, &was_earned, &was);
        for (uint64_t seed = 1; seed <= (uint64_t)runs; seed++) {
            double t = applied(worlds[k], seed);
            if (t < 0)
                continue;
            truth(worlds[k], t, &earned, &success);
            times++;
            worse += success < was - 1e-9 || earned < was_earned - 1e-9;
            useful += k == 1;
            needless += k == 0;
        }
    }
    printf("  applied in %d of %lld runs, to the worse in %d; where it helps in %d of %lld, where nothing is to gain in %d\n", times, (long long)(3 * runs), worse, useful,
           (long long)runs, needless);
    CU_ASSERT_TRUE(worse <= 3 * runs * 2 / 100);
    CU_ASSERT_TRUE(useful >= runs * 90 / 100);
    CU_ASSERT_TRUE(needless <= runs * 2 / 100);
}

static void other_proposals(void)
{
    static struct seen now[ROWS], before[ROWS];
    struct world w = usual();
    struct hone_err err;
    uint64_t at = 0;
    cJSON *o = cJSON_CreateObject();
    w.right[2] = 0.3;
    fill(now, &w, 3, &at);
    w = usual();
    fill(before, &w, 3, &at);
    for (int i = 0; i < ROWS; i++) {
        before[i].version = "ver_0";
        before[i].own = 0;
    }
    CU_ASSERT_EQUAL_FATAL(trends_put(o, before, ROWS, now, ROWS, &(struct trend_options){ .level = 0.02, .permutations = 499, .seed = 1 }, &err), 0);
    CU_ASSERT_EQUAL(trends_changed(o, "success_rate"), -1);
    CU_ASSERT_EQUAL_FATAL(proposals_put(o, o, before, ROWS, now, ROWS, &(struct proposal_options){ .version = "ver_1", .wrong_cost = 1, .level = 0.01 }, &err), 0);
    const cJSON *data = of_kind(o, "data_request"), *version = of_kind(o, "version");
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    CU_ASSERT_STRING_EQUAL(json_str(json_get(data, "change"), "output", ""), "cancel");
    CU_ASSERT_PTR_NOT_NULL_FATAL(version);
    CU_ASSERT_STRING_EQUAL(json_str(json_get(version, "change"), "version_id", ""), "ver_0");
    CU_ASSERT_PTR_NOT_NULL(of_kind(o, "retrain"));
    CU_ASSERT_PTR_NOT_NULL(of_kind(o, "exploration"));
    CU_ASSERT_STRING_EQUAL(json_str(cJSON_GetArrayItem(json_get(o, "error_kinds"), 0), "expected", ""), "cancel");
    cJSON_Delete(o);
}

static cJSON *proposed(const struct seen *now, int64_t n, const struct proposal_options *p)
{
    struct hone_err err;
    cJSON *o = cJSON_CreateObject();
    CU_ASSERT_EQUAL_FATAL(proposals_put(o, o, NULL, 0, now, n, p, &err), 0);
    return o;
}

/* What other weights got wrong, or what is given whatever the threshold, speaks for no threshold. */
static void not_ours(void)
{
    static struct seen now[ROWS];
    struct world w = usual();
    struct proposal_options p = { .version = "ver_1", .wrong_cost = 1, .level = 0.01 };
    uint64_t at = 0;
    w.right[4] = w.right[5] = 0.1;
    fill(now, &w, 5, &at);
    cJSON *o = proposed(now, ROWS, &p);
    CU_ASSERT_PTR_NOT_NULL(of_kind(o, "threshold"));
    CU_ASSERT_PTR_NOT_NULL(of_kind(o, "data_request"));
    cJSON_Delete(o);
    p.explores = 1;
    o = proposed(now, ROWS, &p);
    CU_ASSERT_PTR_NULL(of_kind(o, "threshold"));
    cJSON_Delete(o);
    p.explores = 0;
    for (int i = 0; i < ROWS; i++)
        now[i].own = 0;
    o = proposed(now, ROWS, &p);
    CU_ASSERT_PTR_NULL(of_kind(o, "threshold"));
    CU_ASSERT_PTR_NULL(of_kind(o, "data_request"));
    cJSON_Delete(o);
}

static struct seen sure_of(double confidence, int right)
{
    return (struct seen){ .input = "text", .output = "a", .best = "a", .version = "ver_1", .own = 1, .success = right, .confidence = confidence, .latency_ms = 1, .propensity = 1 };
}

/* Of 400 rows 140 are refused already and nobody has said a word of them: they are refused afterwards, too, and the change is not taken back for them. */
static void refusals_foretold(void)
{
    static struct seen now[400];
    for (int i = 0; i < 400; i++) {
        now[i] = sure_of(i < 200 ? 0.9 : i < 260 ? 0.3 : 0.1, i < 200);
        if (i >= 260) {
            now[i].output = NULL;
            now[i].success = NAN;
        }
    }
    cJSON *o = proposed(now, 400, &(struct proposal_options){ .version = "ver_1", .threshold = 0.2, .wrong_cost = 1, .level = 0.01 });
    const cJSON *p = of_kind(o, "threshold"), *criterion = cJSON_GetArrayItem(json_get(p, "rollback_criteria"), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT_DOUBLE_EQUAL(json_num(json_get(p, "change"), "abstention_rate_now", 0), 0.35, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(json_num(json_get(p, "change"), "abstention_rate", 0), 0.5, 1e-12);
    CU_ASSERT_STRING_EQUAL(json_str(criterion, "metric", ""), "abstention_rate");
    CU_ASSERT_DOUBLE_EQUAL(json_num(criterion, "value", 0), 0.55, 1e-12);
    cJSON_Delete(o);
}

/* One half of the rows wants a lower threshold, the other half and all rows a higher one: what was gained is not the gain of the one that would be applied. */
static void halves_at_odds(void)
{
    static const struct { int half, right, n; double confidence; } kinds[] = { { 0, 1, 12, 0.3 }, { 0, 0, 10, 0.6 }, { 0, 1, 8, 0.9 }, { 1, 0, 15, 0.6 }, { 1, 1, 15, 0.9 } };
    struct seen now[60];
    struct threshold_effect e;
    int next[2] = { 0, 1 };
    for (int k = 0; k < 5; k++) {
        for (int i = 0; i < kinds[k].n; i++, next[kinds[k].half] += 2)
            now[next[kinds[k].half]] = sure_of(kinds[k].confidence, kinds[k].right);
    }
    CU_ASSERT_EQUAL_FATAL(proposals_threshold(now, 60, 0.5, 1, &e), 0);
    CU_ASSERT_EQUAL(e.threshold, 0.9);
    CU_ASSERT_TRUE(e.gain > 0 && e.changed >= 10);
    CU_ASSERT_FALSE(e.same_side);
    cJSON *o = proposed(now, 60, &(struct proposal_options){ .version = "ver_1", .threshold = 0.5, .wrong_cost = 1, .level = 0.01 });
    CU_ASSERT_PTR_NULL(of_kind(o, "threshold"));
    cJSON_Delete(o);
}

/* Ten earlier versions that are as good as the active one: the best of them looks better by chance. */
static void versions_alike(void)
{
    static const char *const ids[] = { "ver_1", "ver_2", "ver_3", "ver_4", "ver_5", "ver_6", "ver_7", "ver_8", "ver_9", "ver_10", "ver_11" };
    static struct seen now[11 * 60];
    int n = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        for (int i = 0; i < 11 * 60; i++) {
            now[i] = sure_of(0.9, rng_unit(seed, STREAM, (uint64_t)i) < 0.6);
            now[i].version = ids[i % 11];
            now[i].own = i % 11 == 0;
        }
        cJSON *o = proposed(now, 11 * 60, &(struct proposal_options){ .version = "ver_1", .wrong_cost = 1, .level = 0.01 });
        n += of_kind(o, "version") != NULL;
        cJSON_Delete(o);
    }
    printf("  the best of ten that are alike is proposed in %d of 400 runs\n", n);
    CU_ASSERT_TRUE(n <= 8);
}

/* A log of answers by chance, whose best answers are right in 9 of 10 cases and the others never. */
static void exploring(void)
{
    static struct seen now[ROWS];
    struct hone_err err;
    cJSON *o = cJSON_CreateObject();
    for (int i = 0; i < ROWS; i++) {
        int best = rng_unit(1, STREAM, (uint64_t)i) < 0.6;
        now[i] = (struct seen){ .input = "text", .output = best ? "a" : "b", .best = "a", .version = "ver_1", .own = 1, .success = best && i % 10, .confidence = 0.6, .latency_ms = 1,
                                .propensity = best ? 0.6 : 0.4, .explored = 1 };
    }
    CU_ASSERT_EQUAL_FATAL(proposals_put(o, o, NULL, 0, now, ROWS, &(struct proposal_options){ .version = "ver_1", .wrong_cost = 1, .level = 0.01, .explores = 1 }, &err), 0);
    const cJSON *p = of_kind(o, "exploration"), *e = json_get(p, "expected_effect");
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT_TRUE(cJSON_IsNull(json_get(json_get(p, "change"), "explore")));
    CU_ASSERT_DOUBLE_EQUAL(json_num(e, "estimate", 0), 0.9 - 0.54, 0.1);
    CU_ASSERT_TRUE(json_num(e, "low", 0) > 0);
    cJSON_Delete(o);
}

/* ---- going back ---- */

/* A sequence that is looked at after every value is wrong about the mean in few runs, and finds a fall. */
static void sequences(void)
{
    int wrong = 0, late = 0;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        double sum = 0, worse = 0;
        int left = 0, back = 0;
        for (int64_t n = 1; n <= 1000; n++) {
            sum += rng_unit(seed, STREAM, (uint64_t)n) < 0.8;
            worse += rng_unit(seed, STREAM, (uint64_t)n) < 0.55;
            struct interval i = sequence_of_mean(sum / (double)n, n, 0.05);
            left |= i.low > 0.8 || i.high < 0.8;
            back |= n <= 300 && sequence_of_mean(worse / (double)n, n, 0.05).high < 0.8;
        }
        wrong += left;
        late += !back;
    }
    printf("  sequences that left the mean out at some time: %d of 500; a fall from 0.80 to 0.55 not found within 300: %d\n", wrong, late);
    CU_ASSERT_TRUE(wrong <= 25);
    CU_ASSERT_TRUE(late <= 25);
    CU_ASSERT_EQUAL(sequence_of_mean(0.5, 0, 0.05).high, 1);
}

int test_adapt(void)
{
    CU_pSuite s = CU_add_suite("adapt", NULL, NULL);
    const char *fewer = getenv("HONE_TEST_RUNS");
    if (fewer)
        runs = strtoll(fewer, NULL, 10);
    return s && CU_add_test(s, "change is found, and only change", alarms) && CU_add_test(s, "exact permutations", exact) && CU_add_test(s, "without a past", without_a_past)
           && CU_add_test(s, "a threshold that is applied is never worse", never_worse) && CU_add_test(s, "other proposals", other_proposals)
           && CU_add_test(s, "what is not the active version's", not_ours) && CU_add_test(s, "refusals foretold", refusals_foretold)
           && CU_add_test(s, "halves at odds", halves_at_odds) && CU_add_test(s, "versions alike", versions_alike) && CU_add_test(s, "exploring", exploring) && CU_add_test(s, "confidence sequences", sequences) ? 0 : -1;
}
