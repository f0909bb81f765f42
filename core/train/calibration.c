#include "core/train/calibration.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/memory.h"
#include "core/train/sheet.h"
#include "hone/math.h"

#define BATCH 256
#define BINS 10             /* as the evaluation's calibration has them */
#define FLATTEST 0.03125    /* bounds of 1 / temperature */
#define SHARPEST 32.0
#define HALVINGS 40

void held_free(struct held_rows *h)
{
    free(h->start);
    free(h->target);
    free(h->score);
    *h = (struct held_rows){ 0 };
}

static int no_memory(struct hone_err *err)
{
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the calibration");
}

static int held_reserve(struct held_rows *h, int64_t rows, int64_t width)
{
    int64_t n = h->n + rows, used = h->used + rows * width;
    int64_t *start = realloc(h->start, (size_t)(n + 1) * sizeof *start);
    h->start = start ? start : h->start;
    int32_t *target = realloc(h->target, (size_t)(n + 1) * sizeof *target);
    h->target = target ? target : h->target;
    float *score = realloc(h->score, (size_t)(used + 1) * sizeof *score);
    h->score = score ? score : h->score;
    if (!start || !target || !score)
        return HONE_ENOMEM;
    h->start[0] = 0;
    h->cap = n;
    h->room = used;
    return 0;
}

/* The scores of rows row[0..n). */
static int score_rows(struct held_rows *h, struct run *r, float *const *weights, struct batch *b, const int64_t *row, int64_t n, int frozen,
                      struct hone_err *err)
{
    struct passes *p = &r->eval_passes;
    int64_t width = r->learner.tensors.width;
    passes_begin(p);
    if (batch_gather(b, &r->valid.x, row, n))
        return no_memory(err);
    p->pass.in = b->bag;
    p->pass.rows = n;
    p->pass.width = width;
    p->pass.flags = frozen ? HONE_PASS_FROZEN : 0;
    p->pass.scores = h->score + h->used;
    p->pass.d_scores = NULL;
    p->pass.tensor = weights ? weights : r->learner.tensors.param;
    int ret = passes_forward(p, r->learner.model, r->learner.self, err);
    if (ret >= 0)
        ret = memory_add(r->learner.memory, p, r->learner.model, r->learner.self, err);
    p->pass.tensor = r->learner.tensors.param;
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        h->target[h->n++] = r->valid.target[row[i]];
        h->used += width;
        h->start[h->n] = h->used;
    }
    r->beat(r->beat_arg);
    return ret < 0 ? ret : 0;
}

int held_add(struct held_rows *h, struct run *r, float *const *weights, int unknown, struct hone_err *err)
{
    struct batch b = { 0 };
    int64_t row[BATCH], n = 0, all = r->valid.n, most = all < CALIBRATION_ROWS ? all : CALIBRATION_ROWS;
    int frozen = 0, ret = 0;
    if (held_reserve(h, most, r->learner.tensors.width))
        return no_memory(err);
    for (int64_t i = 0; i < most && ret >= 0; i++) {
        int64_t at = i * all / most;
        if (unknown || r->valid.target[at] >= 0)
            row[n++] = at;
        if (n && (n == BATCH || i + 1 == most)) {
            ret = score_rows(h, r, weights, &b, row, n, frozen, err);
            frozen = 1;
            n = 0;
        }
    }
    batch_free(&b);
    return ret < 0 ? ret : 0;
}

#define TOKEN_SCORES (4 << 20) /* numbers of scores of a calibration by tokens */

int held_add_tokens(struct held_rows *h, struct run *r, float *const *weights, struct hone_err *err)
{
    struct passes *p = &r->eval_passes;
    const struct encoded *x = &r->valid.x;
    int64_t width = r->learner.tensors.width, most = TOKEN_SCORES / width, all = x->row_start[x->n] / r->valid.each;
    most = most < 64 ? 64 : most > CALIBRATION_ROWS ? CALIBRATION_ROWS : most;
    int64_t stride = all / most + 1;
    struct batch b = { 0 };
    int ret = 0;
    for (int64_t example = 0; example < r->valid.n && ret >= 0; example += stride) {
        int64_t i = example * r->valid.each; /* of pairs the chosen answer */
        int64_t rows = x->row_start[i + 1] - x->row_start[i], start[2] = { 0, rows };
        passes_begin(p);
        if (held_reserve(h, rows, width) || batch_gather(&b, x, &i, 1)) {
            ret = no_memory(err);
            break;
        }
        p->pass.in = b.bag;
        p->pass.rows = rows;
        p->pass.width = width;
        p->pass.row_start = start;
        p->pass.stream = NULL;
        p->pass.flags = h->n ? HONE_PASS_FROZEN : 0;
        p->pass.scores = h->score + h->used;
        p->pass.d_scores = NULL;
        p->pass.tensor = weights ? weights : r->learner.tensors.param;
        ret = passes_forward(p, r->learner.model, r->learner.self, err);
        p->pass.tensor = r->learner.tensors.param;
        p->pass.row_start = NULL;
        for (int64_t k = 0; k < rows && ret >= 0; k++) {
            h->target[h->n++] = x->target[x->row_start[i] + k];
            h->used += width;
            h->start[h->n] = h->used;
        }
        r->beat(r->beat_arg);
    }
    batch_free(&b);
    return ret < 0 ? ret : 0;
}

int calibration_find_tokens(const struct held_rows *h, struct calibration *c, struct hone_err *err)
{
    int64_t right = 0;
    double share;
    int ret = calibration_find(h, 0, c, err);
    for (int64_t i = 0; i < h->n && ret >= 0; i++)
        right += calibration_top(h->score + h->start[i], h->start[i + 1] - h->start[i], 1, &share) == h->target[i];
    c->threshold = 0;
    c->coverage = 1;
    c->precision = h->n ? (double)right / (double)h->n : 0;
    return ret;
}

/* d(mean loss)/d(beta) with p = softmax(beta s) and a target of 1 - e at the right answer and e spread over the others, which is
 * sum_k (p_k - q_k) s_k; rises with beta. */
static double slope(const struct held_rows *h, double beta, double e)
{
    double sum = 0;
    for (int64_t i = 0; i < h->n; i++) {
        const float *s = h->score + h->start[i];
        int64_t width = h->start[i + 1] - h->start[i], y = h->target[i];
        double mass = 0, mean = 0, all = 0;
        if (y < 0 || width < 2)
            continue;
        float top = s[0];
        for (int64_t k = 1; k < width; k++)
            top = s[k] > top ? s[k] : top;
        for (int64_t k = 0; k < width; k++) {
            double p = (double)hone_expf((s[k] - top) * (float)beta);
            mass += p;
            mean += p * (double)s[k];
            all += (double)s[k];
        }
        sum += mean / mass - (1 - e) * (double)s[y] - e / (double)(width - 1) * (all - (double)s[y]);
    }
    return sum;
}

/* By halving the logarithm's interval: slope() has one root at most. */
static double find_temperature(const struct held_rows *h, int64_t known)
{
    double low = FLATTEST, high = SHARPEST, e = 1 / (double)(known + 2);
    for (int i = 0; i < HALVINGS; i++) {
        double middle = sqrt(low * high);
        if (slope(h, middle, e) < 0)
            low = middle;
        else
            high = middle;
    }
    return 1 / sqrt(low * high);
}

struct sure {
    double confidence;
    int right;
};

static int surest_first(const void *a, const void *b)
{
    const struct sure *x = a, *y = b;
    if (x->confidence != y->confidence)
        return x->confidence > y->confidence ? -1 : 1;
    return y->right - x->right;
}

static void judge(const struct held_rows *h, double temperature, struct sure *v)
{
    for (int64_t i = 0; i < h->n; i++) {
        int64_t top = calibration_top(h->score + h->start[i], h->start[i + 1] - h->start[i], temperature, &v[i].confidence);
        v[i].right = top == h->target[i];
    }
}

/* Expected calibration error of the rows that have a right answer. */
static double ece(const struct held_rows *h, const struct sure *v, int64_t known)
{
    double gap[BINS] = { 0 }, sum = 0;
    for (int64_t i = 0; i < h->n; i++) {
        int b = (int)ceil(v[i].confidence * BINS) - 1;
        if (h->target[i] >= 0)
            gap[b < 0 ? 0 : b >= BINS ? BINS - 1 : b] += v[i].confidence - v[i].right;
    }
    for (int b = 0; b < BINS; b++)
        sum += fabs(gap[b]);
    return sum / (double)known;
}

/* v is sorted, the surest first. */
static void choose_threshold(const struct sure *v, int64_t n, int64_t right, struct calibration *c)
{
    int64_t hits = 0, keep = right - (int64_t)(CALIBRATION_REFUSED * (double)right);
    double precise = 0;
    c->threshold = 0;
    c->reached = !(c->target > 0);
    for (int64_t i = 0; i < n; i++) {
        hits += v[i].right;
        if (v[i].right && hits == keep)
            c->threshold = v[i].confidence;
        if (i + 1 < n && v[i + 1].confidence == v[i].confidence)
            continue;
        if (c->target > 0 && (double)hits >= c->target * (double)(i + 1)) {
            precise = v[i].confidence;
            c->reached = 1;
        }
    }
    if (c->target > 0 && c->reached && precise > c->threshold)
        c->threshold = precise;
    int64_t answered = 0;
    for (hits = 0; answered < n && v[answered].confidence >= c->threshold; answered++)
        hits += v[answered].right;
    c->coverage = (double)answered / (double)n;
    c->precision = answered ? (double)hits / (double)answered : NAN;
}

int calibration_find(const struct held_rows *h, double target_precision, struct calibration *c, struct hone_err *err)
{
    int64_t known = 0, right = 0;
    *c = (struct calibration){ .temperature = 1, .target = target_precision };
    for (int64_t i = 0; i < h->n; i++)
        known += h->target[i] >= 0;
    if (known == 0)
        return 0;
    struct sure *v = malloc((size_t)h->n * sizeof *v);
    if (!v)
        return no_memory(err);
    judge(h, 1, v);
    c->ece_before = ece(h, v, known);
    c->temperature = find_temperature(h, known);
    judge(h, c->temperature, v);
    c->ece_after = ece(h, v, known);
    for (int64_t i = 0; i < h->n; i++)
        right += v[i].right;
    qsort(v, (size_t)h->n, sizeof *v, surest_first);
    c->rows = h->n;
    choose_threshold(v, h->n, right, c);
    free(v);
    return 0;
}

cJSON *calibration_json(const struct calibration *c)
{
    if (c->rows == 0)
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    json_put_num(o, "temperature", c->temperature);
    json_put_num(o, "threshold", c->threshold);
    json_put_num(o, "target_precision", c->target);
    json_put_bool(o, "target_reached", c->reached);
    json_put_num(o, "precision", c->precision);
    json_put_num(o, "coverage", c->coverage);
    json_put_num(o, "ece_before", c->ece_before);
    json_put_num(o, "ece_after", c->ece_after);
    json_put_int(o, "rows", c->rows);
    json_put_int(o, "folds", c->folds);
    return o;
}

int calibration_read(const cJSON *json, struct calibration *c, struct hone_err *err)
{
    *c = (struct calibration){ .temperature = 1 };
    if (!json || cJSON_IsNull(json))
        return 0;
    c->temperature = json_num(json, "temperature", NAN);
    c->threshold = json_num(json, "threshold", NAN);
    c->target = json_num(json, "target_precision", 0);
    c->rows = json_int(json, "rows", 0);
    c->folds = json_int(json, "folds", 0);
    if (!(c->temperature >= 1e-6 && c->temperature <= 1e6 && c->threshold >= 0 && c->threshold <= 1))
        return hone_fail(err, HONE_EINVAL, "its calibration has no temperature from 1e-6 to 1e6 and threshold from 0 to 1");
    return 0;
}
