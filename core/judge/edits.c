/* See edits.h. */
#include "core/judge/edits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/rng.h"

#define PIECE 1024  /* rows whose edits are answered together */
#define TIMED 500   /* rows that are timed at most, spread over all */

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void change_case(const struct hone_string *t, int upper, struct buf *out)
{
    for (int64_t i = 0; i < t->len; i++) {
        char c = t->bytes[i];
        buf_putc(out, is_letter(c) ? (char)(upper ? c & ~32 : c | 32) : c);
    }
}

static void double_blanks(const struct hone_string *t, struct buf *out)
{
    buf_putc(out, ' ');
    for (int64_t i = 0; i < t->len; i++) {
        buf_putc(out, t->bytes[i]);
        if (t->bytes[i] == ' ')
            buf_putc(out, ' ');
    }
    buf_putc(out, ' ');
}

static void strip_marks(const struct hone_string *t, struct buf *out)
{
    for (int64_t i = 0; i < t->len; i++) {
        if (t->bytes[i] == '\0' || !strchr(".,!?;:", t->bytes[i]))
            buf_putc(out, t->bytes[i]);
    }
}

static void toggle_point(const struct hone_string *t, struct buf *out)
{
    int has = t->len > 0 && t->bytes[t->len - 1] == '.';
    buf_add(out, t->bytes, (size_t)(t->len - has));
    if (!has)
        buf_putc(out, '.');
}

/* Swaps the letters at some place that lies inside of a long word. */
static void slip(const struct hone_string *t, uint64_t seed, int64_t row, struct buf *out)
{
    int64_t places = 0, chosen = -1, start = 0;
    for (int pass = 0; pass < 2; pass++) {
        int64_t at = pass == 1 && places > 0 ? (int64_t)rng_below(seed, RNG_EDIT, (uint64_t)row, (uint64_t)places) : -1, seen = 0;
        for (int64_t i = 0; i <= t->len; i++) {
            if (i < t->len && is_letter(t->bytes[i]))
                continue;
            for (int64_t k = start + 1; i - start >= 5 && k + 1 < i; k++) {
                if (t->bytes[k] == t->bytes[k + 1])
                    continue;
                chosen = pass == 1 && seen == at ? k : chosen;
                seen++;
            }
            start = i + 1;
        }
        start = 0;
        places = seen;
    }
    for (int64_t i = 0; i < t->len; i++)
        buf_putc(out, chosen < 0 ? t->bytes[i] : i == chosen ? t->bytes[i + 1] : i == chosen + 1 ? t->bytes[i - 1] : t->bytes[i]);
}

int edit_text(enum edit edit, const struct hone_string *text, uint64_t seed, int64_t row, struct buf *out)
{
    buf_clear(out);
    switch (edit) {
    case EDIT_UPPER: change_case(text, 1, out); break;
    case EDIT_LOWER: change_case(text, 0, out); break;
    case EDIT_BLANKS: double_blanks(text, out); break;
    case EDIT_BARE: strip_marks(text, out); break;
    case EDIT_POINT: toggle_point(text, out); break;
    case EDIT_SLIP: slip(text, seed, row, out); break;
    case EDITS: break;
    }
    if (buf_oom(out))
        return -1;
    return (int64_t)out->n != text->len || memcmp(out->p, text->bytes, out->n) != 0;
}

/* Rows first .. first + n: their texts under all edits, one behind the other in `all`. */
static int edit_rows(const struct metric_rows *rows, int64_t first, int64_t n, uint64_t seed, struct buf *all, int64_t *length, int32_t *edited)
{
    struct buf one = { 0 };
    int rc = 0;
    for (int64_t i = 0; rc >= 0 && i < n; i++) {
        for (int k = 0; rc >= 0 && k < EDITS; k++) {
            rc = edit_text((enum edit)k, &rows->test->input[rows->p->row[first + i]], seed, first + i, &one);
            edited[i * EDITS + k] = rc == 1 ? -1 : -2;
            length[i * EDITS + k] = rc == 1 ? (int64_t)one.n : 0;
            if (rc == 1)
                buf_add(all, one.p, one.n);
        }
    }
    buf_free(&one);
    return rc < 0 || buf_oom(all) ? -1 : 0;
}

/* The numbers of the answers to texts. */
static int answer_texts(const struct metric_rows *rows, struct predictor *agent, const struct hone_string *text, int64_t n, int32_t *best, struct hone_err *err)
{
    return rows->p->writes ? predictions_texts(rows->p, agent, text, n, best, err) : predictor_best(agent, text, n, best, NULL, err);
}

static int answer_edits(const struct metric_rows *rows, struct predictor *agent, uint64_t seed, int64_t first, int64_t n, int32_t *edited,
                        struct hone_err *err)
{
    struct buf all = { 0 };
    struct hone_string *text = malloc((size_t)(n * EDITS) * sizeof *text);
    int64_t *length = malloc((size_t)(n * EDITS) * sizeof *length), at = 0, count = 0;
    int32_t *best = malloc((size_t)(n * EDITS) * sizeof *best);
    int rc = text && length && best && edit_rows(rows, first, n, seed, &all, length, edited) == 0 ? 0 : HONE_ENOMEM;
    for (int64_t i = 0; rc == 0 && i < n * EDITS; i++) {
        if (edited[i] == -2)
            continue;
        text[count++] = (struct hone_string){ all.p + at, length[i] };
        at += length[i];
    }
    rc = rc < 0 ? hone_fail(err, rc, "memory ran out for edited inputs") : count > 0 ? answer_texts(rows, agent, text, count, best, err) : 0;
    for (int64_t i = 0, k = 0; rc >= 0 && i < n * EDITS; i++) {
        if (edited[i] != -2)
            edited[i] = best[k++];
    }
    free(text);
    free(length);
    free(best);
    buf_free(&all);
    return rc < 0 ? rc : 0;
}

/* One answer by itself: the text is encoded, scored and ranked as for a single question. */
static int time_rows(const struct metric_rows *rows, struct predictor *agent, double *ms, struct hone_err *err)
{
    const struct predictions *p = rows->p;
    int64_t n = p->n < TIMED ? p->n : TIMED;
    int rc = 0;
    for (int64_t i = 0; i < p->n; i++)
        ms[i] = NAN;
    for (int64_t i = -1; rc >= 0 && i < n; i++) { /* the first runs twice, so that it is as warm as the others */
        int64_t at = (i < 0 ? 0 : i) * p->n / n, began = clock_mono_us();
        int32_t best;
        rc = answer_texts(rows, agent, &rows->test->input[p->row[at]], 1, &best, err);
        ms[at] = (double)(clock_mono_us() - began) / 1000;
    }
    return rc < 0 ? rc : 0;
}

int edits_measure(struct metric_rows *rows, const struct metric_set *s, struct predictor *agent, uint64_t seed, void (*beat)(void *), void *beat_arg,
                  struct hone_err *err)
{
    int64_t n = rows->p->n;
    int want_edits = metrics_need(s, "edited"), want_times = metrics_need(s, "latency_ms"), rc = 0;
    int32_t *edited = want_edits ? malloc((size_t)(n * EDITS) * sizeof *edited + 1) : NULL;
    double *ms = want_times ? malloc((size_t)n * sizeof *ms + 1) : NULL;
    if ((want_edits && !edited) || (want_times && !ms))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out for the columns of metrics");
    for (int64_t first = 0; rc == 0 && edited && first < n; first += PIECE) {
        rc = answer_edits(rows, agent, seed, first, n - first < PIECE ? n - first : PIECE, edited + first * EDITS, err);
        if (beat)
            beat(beat_arg);
    }
    if (rc == 0 && ms)
        rc = time_rows(rows, agent, ms, err);
    if (rc < 0) {
        free(edited);
        free(ms);
        return rc;
    }
    rows->edited = edited;
    rows->edits = EDITS;
    rows->latency_ms = ms;
    return 0;
}
