/* Tests of core/judge: predictions, metrics, tallies, what training rows say, the evaluation object and its advice, on
 * answers that are made by hand. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/pool.h"
#include "core/judge/evaluate.h"
#include "tests/unit/suites.h"

enum { ROWS = 12, KNOWN = 3 };

/* ---- material ---- */

static struct hone_string text(const char *s)
{
    return (struct hone_string){ s, (int64_t)strlen(s) };
}

static struct hone_string out_names[] = { { "red", 3 }, { "green", 5 }, { "blue", 4 }, { "violet", 6 } };
static const int32_t known[] = { 0, 1, 2, -1 };

static struct hone_string inputs[ROWS], metadata[ROWS];
static int32_t output[ROWS] = { 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 0 };
static uint8_t feedback[ROWS];
static float weight[ROWS];
static int64_t line[ROWS];
/* What the agent gives to red, green, blue for each row. */
static const float prob[ROWS][KNOWN] = {
    { 0.9f, 0.05f, 0.05f }, { 0.8f, 0.1f, 0.1f }, { 0.2f, 0.7f, 0.1f }, { 0.4f, 0.4f, 0.2f },
    { 0.6f, 0.3f, 0.1f },   { 0.1f, 0.8f, 0.1f }, { 0.7f, 0.2f, 0.1f }, { 0.65f, 0.3f, 0.05f },
    { 0.1f, 0.1f, 0.8f },   { 0.0f, 0.0f, 1.0f }, { 0.2f, 0.2f, 0.6f }, { 0.3f, 0.4f, 0.3f },
};

static struct examples made(void)
{
    static const char *const words[ROWS] = { "a rose", "a cherry", "a tomato", "a brick", "a leaf", "grass", "a frog", "moss",
                                             "the sea", "the sky at noon", "a violet", "a hoax" };
    for (int i = 0; i < ROWS; i++) {
        inputs[i] = text(words[i]);
        metadata[i] = text(i % 2 ? "{\"channel\": \"chat\", \"reward\": 1}" : "{\"channel\": \"mail\", \"reward\": 2}");
        weight[i] = 1;
        line[i] = i + 1;
        feedback[i] = i == 11 ? HONE_INCORRECT : HONE_CORRECT;
    }
    struct examples e = { .n = ROWS, .input = inputs, .output = output, .feedback = feedback, .weight = weight,
                          .metadata = metadata, .line = line };
    e.outputs.n = 4;
    e.outputs.name = out_names;
    return e;
}

/* The share of weight of rows that were answered as expected; its state comes through pieces. */
static int64_t share_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 2;
}

static void share_update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        state[0] += s->predicted[i] == s->label[i] ? w : 0;
        state[1] += w;
    }
}

static int share_result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)width;
    (void)conf;
    (void)err;
    *out = state[1] > 0 ? state[0] / state[1] : (double)NAN;
    return 0;
}

static int failing_result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)state;
    (void)width;
    (void)conf;
    (void)out;
    return hone_fail(err, HONE_EINVAL, "no result today");
}

static const char *const share_outputs[] = { "accuracy", NULL };
#define SHARE(name_, flags_, result_) { \
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, name_, "", NULL, flags_), .outputs = share_outputs, \
    .state_size = share_size, .update = share_update, .result = result_ }
static const struct hone_metric accuracy = SHARE("accuracy", HONE_M_HIGHER | HONE_M_UNIT, share_result);
static const struct hone_metric error_share = SHARE("error_like", HONE_M_UNIT, share_result);
static const struct hone_metric unbounded = SHARE("unbounded", HONE_M_HIGHER, share_result);
static const struct hone_metric failing = SHARE("failing", HONE_M_HIGHER, failing_result);

static void answer_all(struct predictions *p, struct examples *e)
{
    struct hone_err err = { 0 };
    CU_ASSERT_FATAL(predictions_choose(p, e, NULL, 0, known, out_names, KNOWN, &err) == 0);
    predictions_note(p, 0, 5, prob[0], NULL);
    predictions_note(p, 5, p->n - 5, prob[5], NULL);
}

static void run_metrics(struct metric_set *s, const struct predictions *p, int64_t piece, struct pool *pool)
{
    struct hone_err err = { 0 };
    CU_ASSERT_FATAL(metrics_start(s, p->n, p->width, 5, pool, &err) == 0);
    for (int64_t first = 0; first < p->n; first += piece) {
        int64_t n = p->n - first < piece ? p->n - first : piece;
        struct hone_scored block = { .n = n, .width = p->width, .prob = prob[first], .predicted = p->predicted + first,
                                     .label = p->label + first };
        CU_ASSERT(metrics_block(s, &block, first, &err) == 0);
    }
}

/* ---- tests ---- */

static void choosing(void)
{
    struct examples e = made();
    struct predictions p;
    struct hone_err err = { 0 };
    weight[3] = 0;
    answer_all(&p, &e);
    CU_ASSERT(p.n == 10 && p.incorrect == 1 && p.weightless == 1 && p.unanswered == 0 && p.unknown == 1);
    CU_ASSERT(p.n_names == 4);
    CU_ASSERT(p.row[3] == 4);
    CU_ASSERT(p.label[9] == -1 && p.expected[9] == 3); /* the row that expects violet */
    predictions_free(&p);
    const int64_t only[] = { 11 };
    CU_ASSERT(predictions_choose(&p, &e, only, 1, known, out_names, KNOWN, &err) == ERR_PRECONDITION);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "1 have the feedback 'incorrect'"));
    CU_ASSERT_PTR_NULL(p.row);
}

static void noting(void)
{
    struct examples e = made();
    struct predictions p;
    answer_all(&p, &e);
    CU_ASSERT(p.predicted[3] == 0); /* the first of two equals */
    CU_ASSERT(p.top[9] == 1.0f && p.entropy[9] == 0.0f);
    double h = -(0.8 * log(0.8) + 0.2 * log(0.1));
    CU_ASSERT(fabs((double)p.entropy[1] - h) < 1e-6);
    predictions_free(&p);
}

static void metrics_in_pieces(void)
{
    struct examples e = made();
    struct predictions p;
    struct hone_err err = { 0 };
    struct pool *pool = pool_new(3, &err);
    double value[3];
    struct interval v[3];
    answer_all(&p, &e);
    for (int i = 0; i < 3; i++) {
        struct metric_set s = { 0 };
        CU_ASSERT(metrics_add(&s, &accuracy, NULL, NULL, 1, &err) == 0);
        run_metrics(&s, &p, i == 0 ? 11 : 2, i == 2 ? pool : NULL);
        CU_ASSERT(metrics_finish(&s, p.width, NULL, &err) == 0);
        value[i] = s.v[0].value[0];
        v[i] = s.v[0].interval[0];
        CU_ASSERT_STRING_EQUAL(s.v[0].method, "bootstrap");
        metrics_free(&s);
    }
    CU_ASSERT(fabs(value[0] - 6.0 / 11) < 1e-12);
    CU_ASSERT(value[1] == value[0] && value[2] == value[0]);
    CU_ASSERT(v[0].low < value[0] && v[0].high > value[0] && v[0].low > 0.1 && v[0].high < 0.95);
    for (int i = 1; i < 3; i++)
        CU_ASSERT(v[i].low == v[0].low && v[i].high == v[0].high); /* pieces and threads change nothing */
    pool_free(pool);
    predictions_free(&p);
}

static void metric_that_fails(void)
{
    struct examples e = made();
    struct predictions p;
    struct metric_set s = { 0 };
    struct hone_err err = { 0 };
    answer_all(&p, &e);
    CU_ASSERT(metrics_add(&s, &failing, NULL, NULL, 1, &err) == 0);
    run_metrics(&s, &p, 4, NULL);
    CU_ASSERT(metrics_finish(&s, p.width, NULL, &err) == HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.text, "metric failing: no result today");
    metrics_free(&s);
    predictions_free(&p);
}

static void tallies(void)
{
    struct examples e = made();
    struct predictions p;
    struct tally t = { 0 };
    struct hone_err err = { 0 };
    answer_all(&p, &e);
    CU_ASSERT(tally_count(&t, &p, &e, &err) == 0);
    CU_ASSERT(t.rows == 11 && t.correct == 6);
    CU_ASSERT(t.output[0].rows == 4 && t.output[0].predicted == 6 && t.output[0].correct == 3);
    CU_ASSERT(t.output[1].rows == 4 && t.output[1].predicted == 2 && t.output[1].correct == 1);
    CU_ASSERT(t.output[3].rows == 1 && t.output[3].predicted == 0);
    CU_ASSERT(t.n_pairs == 3);
    CU_ASSERT(t.pair[0].expected == 1 && t.pair[0].predicted == 0 && t.pair[0].n == 3);
    CU_ASSERT(t.pair[0].sample == 6); /* 0.7, the surest of the three */
    /* Bins by (low, high]: 0.4 (1 row, right), 0.6 (2, 0 right), 0.65 and 0.7 x 2 (3, 0), 0.8 x 3 (3, 3), 0.9 (1, 1) in
     * (0.8, 0.9], 1.0 (1, 1). Floats such as 0.7f lie a hair beside the border, so the sum is taken over either side. */
    double ece = 0;
    int64_t rows = 0;
    for (int b = 0; b < TALLY_BINS; b++) {
        rows += t.bin[b].rows;
        ece += fabs((double)t.bin[b].correct - t.bin[b].confidence) / 11;
    }
    CU_ASSERT(rows == 11);
    CU_ASSERT(fabs(t.ece - ece) < 1e-12);
    CU_ASSERT(fabs(t.ece - (0.6 + 1.2 + 2.05 + 0.6 + 0.1 + 0) / 11) < 1e-6);
    CU_ASSERT(t.n_slices == 2 && t.slice[0].rows == 6 && t.slice[1].rows == 5); /* reward does not slice, lengths are one */
    CU_ASSERT_STRING_EQUAL(t.slice[1].value, "chat");
    tally_free(&t);
    predictions_free(&p);
}

static void threshold(void)
{
    enum { N = 200 };
    struct predictions p = { .n = N, .width = 2 };
    struct hone_err err = { 0 };
    double at, coverage, reached;
    p.predicted = calloc(N, sizeof *p.predicted);
    p.expected = calloc(N, sizeof *p.expected);
    p.top = calloc(N, sizeof *p.top);
    for (int i = 0; i < N; i++) {
        p.top[i] = i < 120 ? 0.9f : 0.6f;
        p.expected[i] = i >= 120 && i % 2;
    }
    CU_ASSERT(tally_threshold(&p, 0.95, &at, &coverage, &reached, &err) == 0);
    CU_ASSERT(at == (double)0.9f && fabs(coverage - 0.6) < 1e-12 && reached == 1);
    CU_ASSERT(tally_threshold(&p, 0.999, &at, &coverage, &reached, &err) == 0);
    CU_ASSERT(isnan(at) && isnan(coverage));
    CU_ASSERT(tally_threshold(&p, 0.5, &at, &coverage, &reached, &err) == 0);
    CU_ASSERT(at == (double)0.6f && coverage == 1 && reached == 0.8);
    predictions_free(&p);
}

static void lessons(void)
{
    struct examples e = made(), train = made();
    struct predictions p;
    struct lesson l = { 0 };
    struct hone_err err = { 0 };
    struct hone_string train_input[ROWS];
    int32_t train_output[ROWS];
    memcpy(train_input, inputs, sizeof train_input);
    memcpy(train_output, output, sizeof train_output);
    train_input[0] = text("  A Rose");  /* folds into row 0 of the test */
    for (int i = 1; i < ROWS; i++)
        train_input[i] = text(i == 4 ? "A ROSE" : "something else");
    for (int i = 5; i < ROWS; i++)
        train_output[i] = 0;
    train.input = train_input;
    train.output = train_output;
    const int64_t rows[] = { 0, 1, 4, 5, 6, 11 }; /* outputs red, red, green, red, red and an incorrect one */
    answer_all(&p, &e);
    CU_ASSERT(lesson_learn(&l, &train, rows, 6, &e, &p, &err) == 0);
    CU_ASSERT(l.rows == 6);
    CU_ASSERT(l.count[0] == 4 && l.count[1] == 1 && l.count[2] == 0);
    CU_ASSERT(l.conflicts == 1 && l.conflict_rows == 2 && l.sample == 4);
    CU_ASSERT(l.conflicted[0] && l.conflicted[1] && !l.conflicted[2]);
    CU_ASSERT(l.n_seen == 1 && l.seen[0] && l.seen_correct == 1);
    CU_ASSERT(fabs(l.baseline - 4.0 / 6) < 1e-12);
    lesson_free(&l);
    predictions_free(&p);
}

static void score_and_grade(void)
{
    struct metric_set s = { 0 };
    struct tally t = { .rows = 10, .correct = 7 };
    struct hone_err err = { 0 };
    CU_ASSERT(evaluate_score(&s, &t) == 70);
    CU_ASSERT(metrics_add(&s, &unbounded, NULL, NULL, 1, &err) == 0);
    s.v[0].value[0] = 17;
    CU_ASSERT(evaluate_score(&s, &t) == 70); /* a result that is no share does not count */
    CU_ASSERT(metrics_add(&s, &accuracy, NULL, NULL, 1, &err) == 0 && metrics_add(&s, &error_share, NULL, NULL, 1, &err) == 0);
    s.v[1].value[0] = 0.9;
    s.v[2].value[0] = 0.25;
    CU_ASSERT(evaluate_score(&s, &t) == 82.5); /* (0.9 + 1 - 0.25) / 2 */
    s.v[2].asked = 0;
    CU_ASSERT(evaluate_score(&s, &t) == 90);
    metrics_free(&s);
    static const struct {
        double score;
        const char *grade;
    } grades[] = { { 100, "A" }, { 90, "A" }, { 89.9, "B" }, { 80, "B" }, { 79.9, "C" }, { 70, "C" }, { 69.9, "D" }, { 60, "D" },
                   { 59.9, "F" }, { 0, "F" } };
    for (size_t i = 0; i < sizeof grades / sizeof grades[0]; i++)
        CU_ASSERT_STRING_EQUAL(evaluate_grade(grades[i].score), grades[i].grade);
}

/* Whether one of the texts (or their member `key`) of a list has `part` in it. */
static int some_has(const cJSON *list, const char *key, const char *part)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        const char *s = key ? json_str(v, key, "") : cJSON_GetStringValue(v);
        if (s && strstr(s, part))
            return 1;
    }
    return 0;
}

static cJSON *evaluated_with(const struct predictions *p, struct examples *e, const struct lesson *l, const cJSON *config,
                             const struct curve_verdict *curves)
{
    struct metric_set s = { 0 };
    struct tally t = { 0 };
    struct hone_err err = { 0 };
    cJSON *result = cJSON_CreateObject();
    CU_ASSERT(metrics_add(&s, &accuracy, NULL, NULL, 1, &err) == 0);
    run_metrics(&s, p, 3, NULL);
    CU_ASSERT(metrics_finish(&s, p->width, NULL, &err) == 0);
    CU_ASSERT(tally_count(&t, p, e, &err) == 0);
    struct findings f = { .p = p, .test = e, .metrics = &s, .tally = &t, .curves = curves, .lesson = l, .config = config };
    CU_ASSERT(evaluate_put(result, &f, &err) == 0);
    tally_free(&t);
    metrics_free(&s);
    return result;
}

static cJSON *evaluated(const struct predictions *p, struct examples *e, const struct lesson *l, const cJSON *config)
{
    struct curve_verdict curves;
    curves_judge(NULL, 0, NAN, 0, &curves);
    return evaluated_with(p, e, l, config, &curves);
}

static void whole_object(void)
{
    struct examples e = made();
    struct predictions p;
    answer_all(&p, &e);
    cJSON *r = evaluated(&p, &e, NULL, NULL);
    const cJSON *ev = json_get(r, "evaluation"), *outputs = json_get(r, "outputs");
    CU_ASSERT(json_num(ev, "overall_score", 0) == 54.5);
    CU_ASSERT_STRING_EQUAL(json_str(ev, "quality_grade", ""), "F");
    CU_ASSERT(fabs(json_num(json_get(ev, "metric_scores"), "accuracy", 0) - 6.0 / 11) < 1e-12);
    CU_ASSERT_PTR_NOT_NULL(strstr(json_str(ev, "summary", ""), "6 of 11 test rows"));
    CU_ASSERT(cJSON_GetArraySize(outputs) == 4);
    CU_ASSERT(json_num(cJSON_GetArrayItem(outputs, 0), "recall", 0) == 0.75);
    CU_ASSERT(json_num(cJSON_GetArrayItem(outputs, 0), "precision", 0) == 0.5);
    CU_ASSERT(json_bool(cJSON_GetArrayItem(outputs, 3), "known", 1) == 0);
    const cJSON *pair = cJSON_GetArrayItem(json_get(r, "confused"), 0), *metric = cJSON_GetArrayItem(json_get(r, "metrics"), 0);
    CU_ASSERT_STRING_EQUAL(json_str(pair, "expected", ""), "green");
    CU_ASSERT(json_num(pair, "share_of_errors", 0) == 0.6);
    CU_ASSERT_STRING_EQUAL(json_str(json_get(pair, "example"), "input", ""), "a frog");
    CU_ASSERT_STRING_EQUAL(json_str(json_get(metric, "interval"), "method", ""), "wilson");
    CU_ASSERT(cJSON_GetArraySize(json_get(r, "errors")) == 5);
    CU_ASSERT(json_int(cJSON_GetArrayItem(json_get(r, "errors"), 0), "line", 0) == 3); /* 0.7 and first */
    CU_ASSERT(cJSON_GetArraySize(json_get(json_get(r, "calibration"), "bins")) == 10);
    CU_ASSERT(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json_get(r, "analysis"), "convergence_status")));
    CU_ASSERT(cJSON_GetArraySize(json_get(r, "slices")) == 2);
    cJSON_Delete(r);
    predictions_free(&p);
}

static void advice(void)
{
    struct examples e = made();
    struct predictions p;
    struct hone_err err = { 0 };
    int64_t count[] = { 20, 4, 15, 0 };
    uint8_t conflicted[] = { 1, 1, 0, 0 }, seen[ROWS] = { 1 };
    struct lesson l = { .rows = 39, .count = count, .conflicts = 1, .conflict_rows = 2, .conflicted = conflicted, .seen = seen,
                        .n_seen = 1, .seen_correct = 1, .baseline = 0.5 };
    const char config_text[] = "{\"labelSmoothing\": 0.1}";
    cJSON *config = json_parse(config_text, strlen(config_text), "config", &err);
    answer_all(&p, &e);
    cJSON *r = evaluated(&p, &e, &l, config);
    const cJSON *weak = json_get(r, "weaknesses"), *rec = json_get(r, "recommendations"), *first = cJSON_GetArrayItem(rec, 0);
    CU_ASSERT(some_has(weak, NULL, "accuracy is low: 0.545 over 11 test rows"));
    CU_ASSERT(some_has(weak, NULL, "'green' and 'red' are mixed up in 4 test rows"));
    CU_ASSERT(some_has(weak, NULL, "Outputs with fewer than 10 training examples: 1; of their 4 test rows 1 "));
    CU_ASSERT(some_has(weak, NULL, "expect an output which the agent was never shown: 1;"));
    CU_ASSERT(some_has(weak, NULL, "an input that was trained on: 1 of 11; accuracy on the others is 0.500"));
    CU_ASSERT(some_has(weak, NULL, "Its confidence is too high"));
    CU_ASSERT(some_has(rec, "recommendation", "Raise labelSmoothing (it was 0.1)"));
    CU_ASSERT(some_has(rec, "recommendation", "Evaluate on about 2382 test rows"));
    CU_ASSERT(some_has(rec, "evidence", "4 of 5 mistakes are between the two"));
    CU_ASSERT(some_has(rec, "expected_impact", "up to +36.4 points"));
    CU_ASSERT_STRING_EQUAL(json_str(first, "priority", ""), "high");
    CU_ASSERT(json_num(first, "impact_points", 0) > 36.3);
    const cJSON *one;
    cJSON_ArrayForEach(one, rec) {
        CU_ASSERT(strlen(json_str(one, "evidence", "")) > 0 && strlen(json_str(one, "computed_from", "")) > 0);
        CU_ASSERT(strlen(json_str(one, "expected_impact", "")) > 0 && strlen(json_str(one, "category", "")) > 0);
    }
    cJSON_Delete(r);
    cJSON_Delete(config);
    predictions_free(&p);
}

/* What the test rows leave no room to show is no pressing advice. */
static void no_room(void)
{
    static const struct {
        double gap;
        const char *priority, *impact;
    } cases[] = { { 0.2, "high", "at most +20.0 points" }, { 0, "low", "none that these test rows could show" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct examples e = made();
        struct predictions p;
        struct curve_verdict curves;
        curves_judge(NULL, 0, NAN, 0, &curves);
        curves.overfitting = "high";
        curves.gap = cases[i].gap;
        answer_all(&p, &e);
        cJSON *r = evaluated_with(&p, &e, NULL, NULL, &curves), *one;
        int found = 0;
        cJSON_ArrayForEach(one, json_get(r, "recommendations")) {
            if (!strstr(json_str(one, "recommendation", ""), "raise weightDecay"))
                continue;
            found++;
            CU_ASSERT_STRING_EQUAL(json_str(one, "priority", ""), cases[i].priority);
            CU_ASSERT_PTR_NOT_NULL(strstr(json_str(one, "expected_impact", ""), cases[i].impact));
        }
        CU_ASSERT_EQUAL(found, 1);
        cJSON_Delete(r);
        predictions_free(&p);
    }
}

int test_evaluate(void)
{
    CU_pSuite s = CU_add_suite("evaluate", NULL, NULL);
    if (!s || !CU_add_test(s, "choosing rows", choosing) || !CU_add_test(s, "noting answers", noting) ||
        !CU_add_test(s, "metrics in pieces and threads", metrics_in_pieces) ||
        !CU_add_test(s, "a metric that fails", metric_that_fails) || !CU_add_test(s, "tallies", tallies) ||
        !CU_add_test(s, "threshold", threshold) || !CU_add_test(s, "what training rows say", lessons) ||
        !CU_add_test(s, "score and grade", score_and_grade) || !CU_add_test(s, "the whole object", whole_object) ||
        !CU_add_test(s, "advice", advice) || !CU_add_test(s, "no room for advice", no_room))
        return -1;
    return 0;
}
