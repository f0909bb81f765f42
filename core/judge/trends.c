/* See trends.h. */
#include "core/judge/trends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/rng.h"
#include "core/base/text.h"
#include "core/judge/difference.h"
#include "core/judge/stats.h"

#define BUCKETS 4096         /* words are counted in so many classes */
#define KINDS 10             /* of errors, that are told */

enum { SUCCESS, ABSTENTION, CONFIDENCE, LATENCY, SCALARS, INPUTS = SCALARS, OUTPUTS, TESTS };
static const char *const names[TESTS] = { "success_rate", "abstention_rate", "confidence", "latency_ms", "inputs", "outputs" };

/* The rows of both windows, the earlier ones first. */
struct pooled {
    int64_t n, n_before;
    const struct seen **row;
    double *value[SCALARS];  /* NaN: none */
    double *rank;            /* of latencies */
    int64_t *word_end;       /* [n]: row i has words [word_end[i - 1], word_end[i]) */
    uint16_t *word;
    int32_t *output;         /* [n] which of `outputs` different answers */
    int64_t outputs;
    int64_t *order;          /* of a permutation: the first n_before are the earlier ones */
    double *mix;             /* [BUCKETS] and [outputs][2] */
    double *counts;
    double observed[TESTS];
    int64_t beyond[TESTS];   /* permutations at least as far from 0 */
};

static void pooled_free(struct pooled *p)
{
    free(p->row);
    for (int k = 0; k < SCALARS; k++)
        free(p->value[k]);
    free(p->rank);
    free(p->word_end);
    free(p->word);
    free(p->output);
    free(p->order);
    free(p->mix);
    free(p->counts);
}

/* ---- gathering ---- */

static int64_t thinned(int64_t n)
{
    return n < TRENDS_ROWS ? n : TRENDS_ROWS;
}

static int compare_words(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* The classes of the words of every input, each once a row. */
static int take_words(struct pooled *p)
{
    struct hone_words w = { 0 };
    int64_t used = 0, room = 0;
    int rc = 0;
    for (int64_t i = 0; i < p->n && rc == 0; i++) {
        const char *text = p->row[i]->input;
        rc = text_service.words(text, (int64_t)strlen(text), &w);
        if (rc == 0 && used + w.n > room) {
            room = (used + w.n) * 2;
            uint16_t *more = realloc(p->word, (size_t)room * sizeof *more);
            rc = more ? 0 : HONE_ENOMEM;
            p->word = more ? more : p->word;
        }
        if (rc < 0)
            break;
        uint16_t *begin = p->word + used;
        for (int64_t j = 0; j < w.n; j++)
            begin[j] = (uint16_t)(w.hash[j] % BUCKETS);
        if (w.n)
            qsort(begin, (size_t)w.n, sizeof *begin, compare_words);
        for (int64_t j = 0; j < w.n; j++) {
            if (j == 0 || begin[j] != begin[j - 1])
                p->word[used++] = begin[j];
        }
        p->word_end[i] = used;
    }
    text_service.words_free(&w);
    return rc;
}

struct named {
    const char *name;
    int64_t at;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Numbers of the different answers; "" stands for none. */
static int number_outputs(struct pooled *p)
{
    struct named *v = malloc((size_t)p->n * sizeof *v);
    if (!v)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->n; i++)
        v[i] = (struct named){ p->row[i]->output ? p->row[i]->output : "", i };
    qsort(v, (size_t)p->n, sizeof *v, by_name);
    for (int64_t i = 0; i < p->n; i++) {
        p->outputs += i == 0 || strcmp(v[i].name, v[i - 1].name) != 0;
        p->output[v[i].at] = (int32_t)(p->outputs - 1);
    }
    free(v);
    p->counts = malloc((size_t)p->outputs * 2 * sizeof *p->counts);
    return p->counts ? 0 : HONE_ENOMEM;
}

struct timed {
    double value;
    int64_t at;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct timed *)a)->value, y = ((const struct timed *)b)->value;
    return (x > y) - (x < y);
}

/* Latencies have long tails: their ranks are what is tested. */
static int rank_latencies(struct pooled *p)
{
    struct timed *v = malloc((size_t)p->n * sizeof *v);
    int64_t m = 0;
    if (!v)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->n; i++) {
        p->rank[i] = NAN;
        if (!isnan(p->value[LATENCY][i]))
            v[m++] = (struct timed){ p->value[LATENCY][i], i };
    }
    qsort(v, (size_t)m, sizeof *v, by_value);
    for (int64_t i = 0, j; i < m; i = j) {
        for (j = i + 1; j < m && !(v[j].value > v[i].value); j++)
            ;
        for (int64_t k = i; k < j; k++)
            p->rank[v[k].at] = (double)(i + j - 1) / 2;
    }
    free(v);
    return 0;
}

static int gather(struct pooled *p, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now)
{
    p->n_before = thinned(n_before);
    p->n = p->n_before + thinned(n_now);
    size_t n = (size_t)p->n + 1;
    p->row = malloc(n * sizeof *p->row);
    p->rank = malloc(n * sizeof *p->rank);
    p->word_end = malloc(n * sizeof *p->word_end);
    p->output = malloc(n * sizeof *p->output);
    p->order = malloc(n * sizeof *p->order);
    p->mix = malloc(BUCKETS * sizeof *p->mix);
    int ok = p->row && p->rank && p->word_end && p->output && p->order && p->mix;
    for (int k = 0; k < SCALARS; k++)
        ok &= (p->value[k] = malloc(n * sizeof *p->value[k])) != NULL;
    if (!ok)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t m = p->n - p->n_before;
        const struct seen *r = p->row[i] = i < p->n_before ? &before[i * n_before / p->n_before] : &now[(i - p->n_before) * n_now / m];
        p->value[SUCCESS][i] = r->output ? r->success : (double)NAN;
        p->value[ABSTENTION][i] = r->output == NULL;
        p->value[CONFIDENCE][i] = r->confidence;
        p->value[LATENCY][i] = r->latency_ms;
    }
    int rc = take_words(p);
    rc = rc < 0 ? rc : number_outputs(p);
    return rc < 0 ? rc : rank_latencies(p);
}

/* ---- statistics of one division into earlier and later rows ---- */

static double distance_of_means(const double *v, const int64_t *order, int64_t n_before, int64_t n)
{
    double sum[2] = { 0, 0 };
    int64_t count[2] = { 0, 0 };
    for (int64_t i = 0; i < n; i++) {
        double x = v[order[i]];
        int side = i >= n_before;
        if (!isnan(x)) {
            sum[side] += x;
            count[side]++;
        }
    }
    return count[0] && count[1] ? fabs(sum[1] / (double)count[1] - sum[0] / (double)count[0]) : 0;
}

/* The squared distance between the mean word vectors, each row's vector being of length 1: a two-sample statistic with a linear kernel. */
static double distance_of_words(struct pooled *p)
{
    double sum = 0;
    memset(p->mix, 0, BUCKETS * sizeof *p->mix);
    for (int64_t i = 0; i < p->n; i++) {
        int64_t at = p->order[i], first = at ? p->word_end[at - 1] : 0, m = p->word_end[at] - first;
        double share = i < p->n_before ? -1.0 / (double)p->n_before : 1.0 / (double)(p->n - p->n_before);
        double each = m ? share / sqrt((double)m) : 0;
        for (int64_t j = 0; j < m; j++)
            p->mix[p->word[first + j]] += each;
    }
    for (int64_t b = 0; b < BUCKETS; b++)
        sum += p->mix[b] * p->mix[b];
    return sum;
}

/* Pearson's statistic of homogeneity of the answers, but for a factor. */
static double distance_of_outputs(struct pooled *p)
{
    double sum = 0, a = (double)p->n_before, b = (double)(p->n - p->n_before);
    memset(p->counts, 0, (size_t)p->outputs * 2 * sizeof *p->counts);
    for (int64_t i = 0; i < p->n; i++)
        p->counts[2 * p->output[p->order[i]] + (i >= p->n_before)]++;
    for (int64_t k = 0; k < p->outputs; k++) {
        double d = p->counts[2 * k] / a - p->counts[2 * k + 1] / b;
        sum += d * d / (p->counts[2 * k] + p->counts[2 * k + 1]);
    }
    return sum;
}

static void measure(struct pooled *p, double out[TESTS])
{
    for (int k = 0; k < SCALARS; k++)
        out[k] = distance_of_means(k == LATENCY ? p->rank : p->value[k], p->order, p->n_before, p->n);
    out[INPUTS] = distance_of_words(p);
    out[OUTPUTS] = distance_of_outputs(p);
}

static void permute(struct pooled *p, const struct trend_options *o)
{
    double got[TESTS];
    for (int64_t i = 0; i < p->n; i++)
        p->order[i] = i;
    measure(p, p->observed);
    int few = p->n_before < TRENDS_LEAST || p->n - p->n_before < TRENDS_LEAST;
    for (int64_t t = 0; t < o->permutations && !few; t++) {
        for (int64_t i = 0; i < p->n; i++)
            p->order[i] = i;
        rng_shuffle(o->seed, RNG_PERMUTE, (uint32_t)t, p->order, p->n);
        measure(p, got);
        for (int k = 0; k < TESTS; k++) /* equal up to the order of summing counts as equal */
            p->beyond[k] += got[k] >= p->observed[k] * (1 - 1e-9);
    }
}

/* ---- telling ---- */

struct side {
    double mean, variance;
    int64_t n;
};

static struct side side_of(const double *v, int64_t begin, int64_t end)
{
    struct side s = { 0 };
    double sum = 0, squares = 0;
    for (int64_t i = begin; i < end; i++) {
        if (!isnan(v[i])) {
            sum += v[i];
            s.n++;
        }
    }
    s.mean = s.n ? sum / (double)s.n : (double)NAN;
    for (int64_t i = begin; i < end; i++)
        squares += isnan(v[i]) ? 0 : (v[i] - s.mean) * (v[i] - s.mean);
    s.variance = s.n > 1 ? squares / (double)(s.n - 1) : (double)NAN;
    return s;
}

static const char *direction_of(int k, double d)
{
    if (k == SUCCESS || k == CONFIDENCE)
        return d > 0 ? "better" : "worse";
    if (k == LATENCY)
        return d > 0 ? "worse" : "better";
    return "different";
}

static cJSON *trend(const struct pooled *p, int k, double pv, double adjusted, double level)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "name", names[k]);
    struct side a = { .n = p->n_before }, b = { .n = p->n - p->n_before };
    double d = NAN, error = NAN;
    if (k < SCALARS) {
        a = side_of(p->value[k], 0, p->n_before);
        b = side_of(p->value[k], p->n_before, p->n);
        d = b.mean - a.mean;
        error = sqrt(a.variance / (double)a.n + b.variance / (double)b.n);
        json_put_num(o, "before", a.mean);
        json_put_num(o, "now", b.mean);
        json_put_num(o, "difference", d);
        json_put_num(o, "low", d - STATS_Z * error);
        json_put_num(o, "high", d + STATS_Z * error);
    } else {
        json_put_num(o, "distance", k == INPUTS ? sqrt(p->observed[k]) : p->observed[k]);
    }
    json_put_num(o, "p", pv);
    json_put_num(o, "p_adjusted", adjusted);
    json_put_bool(o, "changed", adjusted < level);
    json_put_str(o, "direction", adjusted < level ? direction_of(k, d) : NULL);
    json_put_int(o, "rows_before", a.n);
    json_put_int(o, "rows", b.n);
    return o;
}

static int testable(const struct pooled *p, int k)
{
    int64_t a = p->n_before, b = p->n - p->n_before;
    if (k < SCALARS) {
        a = side_of(p->value[k], 0, p->n_before).n;
        b = side_of(p->value[k], p->n_before, p->n).n;
    }
    return a >= TRENDS_LEAST && b >= TRENDS_LEAST;
}

static void put_trends(cJSON *result, const struct pooled *p, const struct trend_options *o)
{
    double pv[TESTS], adjusted[TESTS], some[TESTS], holm[TESTS];
    int64_t m = 0;
    int found = 0;
    for (int k = 0; k < TESTS; k++) {
        pv[k] = testable(p, k) ? (double)(1 + p->beyond[k]) / (double)(1 + o->permutations) : (double)NAN;
        if (!isnan(pv[k]))
            some[m++] = pv[k];
    }
    if (m)
        difference_holm(some, m, holm);
    cJSON *list = cJSON_CreateArray();
    for (int64_t k = 0, i = 0; k < TESTS; k++) {
        adjusted[k] = isnan(pv[k]) ? (double)NAN : holm[i++];
        found |= adjusted[k] < o->level;
        cJSON_AddItemToArray(list, trend(p, (int)k, pv[k], adjusted[k], o->level));
    }
    json_put(result, "trends", list);
    json_put_bool(result, "drift_found", found);
    cJSON *tests = cJSON_CreateObject();
    json_put_str(tests, "test", "permutation");
    json_put_num(tests, "level", o->level);
    json_put_int(tests, "permutations", o->permutations);
    json_put_str(tests, "correction", "holm");
    json_put_int(tests, "rows_before", p->n_before);
    json_put_int(tests, "rows", p->n - p->n_before);
    json_put(result, "tests", tests);
}

/* ---- the population stability index ---- */

/* Of counts in bins, half a row added to each (so that an empty bin tells a finite distance). */
static double psi(const double *count, int64_t bins, double a, double b)
{
    double sum = 0;
    for (int64_t k = 0; k < bins; k++) {
        double x = (count[2 * k] + 0.5) / (a + 0.5 * (double)bins), y = (count[2 * k + 1] + 0.5) / (b + 0.5 * (double)bins);
        sum += (y - x) * log(y / x);
    }
    return sum;
}

static void put_psi(cJSON *list, const char *feature, const double *count, int64_t bins)
{
    double a = 0, b = 0;
    for (int64_t k = 0; k < bins; k++) {
        a += count[2 * k];
        b += count[2 * k + 1];
    }
    if (a < TRENDS_LEAST || b < TRENDS_LEAST)
        return;
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "feature", feature);
    json_put_num(o, "psi", psi(count, bins, a, b));
    json_put_num(o, "psi_by_chance", ((double)bins - 1) * (1 / a + 1 / b));
    json_put_int(o, "bins", bins);
    cJSON_AddItemToArray(list, o);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bins between the deciles that the earlier rows have. */
static int psi_of_values(cJSON *list, const char *feature, const struct pooled *p, const double *v)
{
    double *sorted = malloc((size_t)p->n_before * sizeof *sorted + 1), count[20] = { 0 }, edge[9];
    int64_t m = 0;
    if (!sorted)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->n_before; i++)
        if (!isnan(v[i]))
            sorted[m++] = v[i];
    qsort(sorted, (size_t)m, sizeof *sorted, ascending);
    for (int k = 0; k < 9 && m; k++)
        edge[k] = stats_quantile(sorted, m, (k + 1) / 10.0);
    for (int64_t i = 0; i < p->n && m; i++) {
        int bin = 0;
        while (bin < 9 && v[i] > edge[bin])
            bin++;
        if (!isnan(v[i]))
            count[2 * bin + (i >= p->n_before)]++;
    }
    free(sorted);
    if (m)
        put_psi(list, feature, count, 10);
    return 0;
}

static int put_stability(cJSON *result, struct pooled *p)
{
    cJSON *list = cJSON_CreateArray();
    int rc = psi_of_values(list, "confidence", p, p->value[CONFIDENCE]);
    for (int64_t i = 0; i < p->n; i++) /* ranks are told already */
        p->rank[i] = (double)(p->word_end[i] - (i ? p->word_end[i - 1] : 0));
    rc = rc < 0 ? rc : psi_of_values(list, "words_of_input", p, p->rank);
    for (int64_t i = 0; i < p->n; i++)
        p->order[i] = i;
    distance_of_outputs(p);
    put_psi(list, "output", p->counts, p->outputs);
    json_put(result, "stability", list);
    return rc;
}

/* ---- kinds of errors ---- */

struct error_kind {
    const char *output, *expected;
    int64_t count[2];
};

static int by_kind(const void *a, const void *b)
{
    const struct error_kind *x = a, *y = b;
    int c = strcmp(x->expected, y->expected);
    return c ? c : strcmp(x->output, y->output);
}

static int by_count(const void *a, const void *b)
{
    const struct error_kind *x = a, *y = b;
    int64_t m = x->count[0] + x->count[1], n = y->count[0] + y->count[1];
    return m != n ? (m < n) - (m > n) : by_kind(a, b);
}

static int put_errors(cJSON *result, const struct pooled *p)
{
    struct error_kind *v = malloc(((size_t)p->n + 1) * sizeof *v);
    int64_t n = 0, m = 0;
    if (!v)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < p->n; i++) {
        const struct seen *r = p->row[i];
        if (r->expected && r->output && strcmp(r->output, r->expected) != 0)
            v[n++] = (struct error_kind){ r->output, r->expected, { i < p->n_before, i >= p->n_before } };
    }
    qsort(v, (size_t)n, sizeof *v, by_kind);
    for (int64_t i = 0; i < n; i++) {
        if (m && by_kind(&v[m - 1], &v[i]) == 0) {
            v[m - 1].count[0] += v[i].count[0];
            v[m - 1].count[1] += v[i].count[1];
        } else {
            v[m++] = v[i];
        }
    }
    qsort(v, (size_t)m, sizeof *v, by_count);
    cJSON *list = cJSON_CreateArray();
    for (int64_t i = 0; i < m && i < KINDS; i++) {
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "output", v[i].output);
        json_put_str(o, "expected", v[i].expected);
        json_put_int(o, "before", v[i].count[0]);
        json_put_int(o, "now", v[i].count[1]);
        cJSON_AddItemToArray(list, o);
    }
    json_put(result, "error_kinds", list);
    free(v);
    return 0;
}

int trends_put(cJSON *result, const struct seen *before, int64_t n_before, const struct seen *now, int64_t n_now, const struct trend_options *o, struct hone_err *err)
{
    struct pooled p = { 0 };
    cJSON *out = cJSON_CreateObject();
    int rc = out ? gather(&p, before, n_before, now, n_now) : HONE_ENOMEM;
    if (rc == 0) {
        permute(&p, o);
        put_trends(out, &p, o);
        rc = put_stability(out, &p);
        rc = rc < 0 ? rc : put_errors(out, &p);
    }
    while (rc == 0 && out->child) {
        cJSON *one = cJSON_DetachItemViaPointer(out, out->child);
        json_put(result, one->string, one);
    }
    cJSON_Delete(out);
    pooled_free(&p);
    return rc == 0 ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out over %lld interactions", (long long)(n_before + n_now));
}

int trends_changed(const cJSON *result, const char *name)
{
    const cJSON *t;
    cJSON_ArrayForEach(t, json_get(result, "trends")) {
        if (strcmp(json_str(t, "name", ""), name) == 0 && json_bool(t, "changed", 0))
            return strcmp(json_str(t, "direction", ""), "worse") == 0 ? -1 : 1;
    }
    return 0;
}
