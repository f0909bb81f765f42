/* Writing with guesses, by the text and by rough passes: an answer is the same with and without them, alone and beside others, and is written in
 * fewer passes. The model is one of this file whose scores depend on every token before; it writes what mostly repeats itself. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/pool.h"
#include "core/train/drafts.h"
#include "core/train/kernels.h"
#include "core/train/lookup.h"
#include "core/train/writer.h"
#include "hone/math.h"
#include "tests/unit/suites.h"

enum { WIDTH = 12, CONTEXT = 120, MOST_TEXTS = 9 };

struct held {
    int64_t n;
    int32_t token[CONTEXT];
    int rough[CONTEXT];         /* the token came in a rough pass */
};

static int passes_run, rows_run, faults, rough_run;
static int64_t top_k;
static double top_p = 1;
static double roughness;        /* of scores of rough passes */
static int no_room;             /* for rough passes */
static int repeats = 1;         /* what is written mostly repeats itself */

static int64_t context(void *self)
{
    (void)self;
    return CONTEXT;
}

static void *stream_open(void *self)
{
    (void)self;
    return calloc(1, sizeof(struct held));
}

static void stream_close(void *self, void *stream)
{
    (void)self;
    free(stream);
}

static void stream_keep(void *self, void *stream, int64_t tokens)
{
    struct held *h = stream;
    (void)self;
    faults += tokens >= h->n; /* the host has no reason to ask then */
    h->n = tokens;
}

static struct hone_string token(void *self, int32_t id, int32_t first)
{
    static const char letters[] = "abcdefghijkl";
    (void)self;
    (void)first;
    return (struct hone_string){ letters + id, 1 };
}

static int32_t ends(void *self, int32_t id)
{
    (void)self;
    return id == WIDTH - 1;
}

static int encode(void *self, const struct hone_string *input, const struct hone_string *answer, int64_t n, struct hone_encoder *e, struct hone_err *err)
{
    (void)self;
    (void)answer;
    (void)err;
    for (int64_t i = 0; i < n; i++) {
        int32_t id[CONTEXT];
        for (int64_t k = 0; k < input[i].len; k++)
            id[k] = input[i].bytes[k] - 'a';
        if (e->add(e, input[i].len, id, NULL))
            return HONE_ENOMEM;
    }
    return 0;
}

/* Scores of what comes after h: mostly the token of three places before, now and then another. */
static void score(const struct held *h, float *out)
{
    uint64_t all = 1;
    for (int64_t i = 0; i < h->n; i++)
        all = hone_draw(all, (uint64_t)h->token[i]);
    for (int k = 0; k < WIDTH; k++)
        out[k] = (float)(hone_draw(all, (uint64_t)k) % 1000) / 1000;
    out[WIDTH - 1] -= 2;
    if (repeats && h->n >= 3 && all % 9)
        out[h->token[h->n - 3]] += 3;
}

static int64_t rough_bytes(void *self)
{
    (void)self;
    return 1;
}

static int forward(void *self, struct hone_pass *p, struct hone_err *err)
{
    int rough = (p->flags & HONE_PASS_ROUGH) != 0;
    (void)self;
    *(rough ? &rough_run : &passes_run) += 1;
    if (rough && no_room)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    faults += rough && (!p->row_start || p->rows != p->in.n);
    for (int64_t i = 0; i < p->in.n; i++) {
        struct held *h = p->stream[i];
        int64_t n = p->in.start[i + 1] - p->in.start[i], at = p->row_start ? p->row_start[i] : i, rows = p->row_start ? p->row_start[i + 1] - at : 1;
        for (int64_t k = 0; k < n; k++) {
            if (h->n == CONTEXT)
                return hone_fail(err, HONE_EINVAL, "more tokens than the context has");
            float *scores = p->scores + (at + k - (n - rows)) * p->width;
            faults += !rough && h->n && h->rough[h->n - 1]; /* not forgotten */
            h->rough[h->n] = rough;
            h->token[h->n++] = p->in.index[p->in.start[i] + k];
            if (k >= n - rows)
                score(h, scores);
            for (int64_t x = 0; x < WIDTH && rough; x++)
                scores[x] += (float)(roughness * (double)(hone_draw((uint64_t)h->n, (uint64_t)(x + h->token[h->n - 1])) % 1000) / 1000);
        }
        rows_run += rough ? 0 : (int)rows;
    }
    return 0;
}

enum { PLAIN, BY_TEXT, BY_BOTH };

static int drop_after; /* steps after which nobody waits for the first answer; 0: never */

static void write_but_first(const struct learner *l, struct passes *p, struct pool *pool, const struct hone_string *text, int64_t n,
                            const struct write_wish *wish, struct written *out)
{
    struct write_order order[MOST_TEXTS];
    struct hone_err err = { 0 };
    struct writer *w = writer_open(l, p, pool, 1, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    for (int64_t i = 0; i < n; i++)
        order[i] = (struct write_order){ text[i], &wish[i], &out[i] };
    CU_ASSERT_EQUAL(writer_begin(w, order, 0, n, &err), 0);
    for (int step = 1; writer_busy(w); step++) {
        CU_ASSERT_EQUAL_FATAL(writer_step(w, &err), 0);
        if (step == drop_after)
            writer_drop(w, 0);
    }
    writer_close(w);
}

static void write_all(int guesses, double warmth, int64_t most, const char *stop, int64_t n, struct written *out)
{
    struct hone_model model = { .encode = encode, .forward = forward, .context = context, .stream_open = stream_open, .stream_close = stream_close,
                                .token = token, .ends = ends, .stream_keep = guesses ? stream_keep : NULL, .rough_bytes = guesses == BY_BOTH ? rough_bytes : NULL };
    struct learner l = { .model = &model, .tensors.width = WIDTH };
    struct hone_err err = { 0 };
    struct pool *pool = pool_new(1, &err);
    struct passes p;
    struct hone_string text[MOST_TEXTS];
    struct write_wish wish[MOST_TEXTS];
    CU_ASSERT_EQUAL_FATAL(passes_open(&p, pool, &l.tensors, NULL, 0, &err), 0);
    for (int64_t i = 0; i < n; i++) {
        text[i] = (struct hone_string){ &"abcabdabcabe"[i % 3], 12 - i % 3 };
        wish[i] = write_default;
        wish[i].temperature = warmth;
        wish[i].seed = 5;
        wish[i].top_k = top_k;
        wish[i].top_p = top_p;
        wish[i].max_tokens = most;
        if (stop)
            wish[i].stop[wish[i].stops++] = stop;
    }
    passes_run = rows_run = rough_run = 0;
    memset(out, 0, (size_t)n * sizeof *out);
    if (drop_after)
        write_but_first(&l, &p, pool, text, n, wish, out);
    else
        CU_ASSERT_EQUAL_FATAL(writer_run(&l, &p, pool, 1, text, n, wish, out, NULL, &err), 0);
    passes_close(&p);
    pool_free(pool);
}

static int equal(const struct written *a, const struct written *b)
{
    return a->tokens == b->tokens && a->text.n == b->text.n && memcmp(a->text.p, b->text.p, a->text.n) == 0 && strcmp(a->finish, b->finish) == 0
           && memcmp(&a->log_sum, &b->log_sum, sizeof a->log_sum) == 0;
}

static void same_answers(void)
{
    static const struct { double warmth; int64_t most; const char *stop; } how[] = { { 0, 0, NULL }, { 0, 50, NULL }, { 0.4, 0, NULL }, { 2, 0, NULL }, { 0, 1, NULL }, { 0, 0, "cabca" } };
    int saved = 0;
    for (size_t k = 0; k < sizeof how / sizeof how[0]; k++) {
        struct written plain[MOST_TEXTS], guessed[MOST_TEXTS], one;
        write_all(0, how[k].warmth, how[k].most, how[k].stop, MOST_TEXTS, plain);
        write_all(0, how[k].warmth, how[k].most, how[k].stop, 1, &one);
        int passes = passes_run;
        CU_ASSERT(equal(&one, &plain[0]));
        written_free(&one);
        for (int64_t n = 1; n <= MOST_TEXTS; n++) {
            write_all(1, how[k].warmth, how[k].most, how[k].stop, n, guessed);
            for (int64_t i = 0; i < n; i++) {
                CU_ASSERT(equal(&guessed[i], &plain[i]));
                written_free(&guessed[i]);
            }
            if (n == 1) {
                CU_ASSERT(passes_run <= passes);
                saved += passes - passes_run;
            }
        }
        for (int64_t i = 0; i < MOST_TEXTS; i++)
            written_free(&plain[i]);
    }
    CU_ASSERT(saved > 50);
    CU_ASSERT_EQUAL(faults, 0);
}

/* Rough passes that are nearly right save plain ones; those that are not are left alone soon. Neither changes an answer. */
static void drafted(void)
{
    static const struct { double warmth, top_p; int64_t top_k, most; const char *stop; int repeats; } how[] = {
        { 0, 1, 0, 0, NULL, 0 }, { 0, 1, 0, 0, NULL, 1 }, { 1, 1, 0, 0, NULL, 0 }, { 1, 1, 4, 0, NULL, 0 }, { 1, 0.7, 0, 0, NULL, 0 },
        { 0.7, 1, 0, 60, NULL, 0 }, { 1, 1, 0, 0, "ga", 0 }, { 2, 1, 0, 18, NULL, 0 },
    };
    int plain_passes = 0, near_passes = 0, near_rough = 0, far_rough = 0;
    for (size_t k = 0; k < sizeof how / sizeof how[0]; k++) {
        struct written plain[MOST_TEXTS], guessed[MOST_TEXTS];
        repeats = how[k].repeats;
        top_k = how[k].top_k;
        top_p = how[k].top_p;
        write_all(PLAIN, how[k].warmth, how[k].most, how[k].stop, MOST_TEXTS, plain);
        for (int64_t n = 1; n <= MOST_TEXTS; n++)
            for (int far = 0; far < 2; far++) {
                roughness = far ? 100 : 0.01;
                write_all(BY_BOTH, how[k].warmth, how[k].most, how[k].stop, n, guessed);
                for (int64_t i = 0; i < n; i++) {
                    CU_ASSERT(equal(&guessed[i], &plain[i]));
                    written_free(&guessed[i]);
                }
                if (n > 1)
                    continue;
                plain_passes += far ? 0 : (int)plain[0].tokens;
                near_passes += far ? 0 : passes_run;
                near_rough += far ? 0 : rough_run;
                far_rough += far ? rough_run : 0;
            }
        for (int64_t i = 0; i < MOST_TEXTS; i++)
            written_free(&plain[i]);
    }
    repeats = 1;
    top_k = 0;
    top_p = 1;
    CU_ASSERT(near_rough > 0 && 3 * near_passes < 2 * plain_passes);
    CU_ASSERT(far_rough > 0 && 2 * far_rough < near_rough);
    CU_ASSERT_EQUAL(faults, 0);
}

/* An answer that nobody waits for any more goes amid guesses; the one beside it is written as if it were alone. */
static void dropped(void)
{
    struct written plain[2], guessed[2];
    repeats = 0;
    roughness = 0.01;
    write_all(PLAIN, 1, 0, NULL, 2, plain);
    drop_after = 19;
    write_all(BY_BOTH, 1, 0, NULL, 2, guessed);
    drop_after = 0;
    repeats = 1;
    CU_ASSERT(rough_run > 0);
    CU_ASSERT(equal(&guessed[1], &plain[1]));
    CU_ASSERT(guessed[0].tokens > 0 && guessed[0].tokens < plain[0].tokens && memcmp(guessed[0].text.p, plain[0].text.p, guessed[0].text.n) == 0);
    for (int i = 0; i < 2; i++) {
        written_free(&plain[i]);
        written_free(&guessed[i]);
    }
}

/* Without room for rough passes answers are written all the same; they are not asked for again. */
static void no_room_for_drafts(void)
{
    struct written plain, guessed;
    repeats = 0;
    write_all(PLAIN, 1, 0, NULL, 1, &plain);
    no_room = 1;
    write_all(BY_BOTH, 1, 0, NULL, 1, &guessed);
    no_room = 0;
    repeats = 1;
    CU_ASSERT(equal(&guessed, &plain) && plain.tokens > 20);
    CU_ASSERT_EQUAL(rough_run, 1);
    written_free(&plain);
    written_free(&guessed);
}

/* How many are guessed: as many as pay, by how often they came true; fewer beside others; none where they do not, and then again. */
static void depths(void)
{
    struct drafts d = drafts_unknown;
    for (int i = 0; i < 100; i++)
        drafts_learn(&d, 3, 3);
    CU_ASSERT(drafts_depth(&d, 1, 7) >= 3 && drafts_depth(&d, 1, 2) == 2 && drafts_depth(&d, 2, 3) >= 1 && drafts_depth(&d, 1, 0) == 0);
    CU_ASSERT(drafts_depth(&d, 8, 7) == 0);
    d = drafts_unknown;
    for (int i = 0; i < 100; i++)
        drafts_learn(&d, 3, 0);
    CU_ASSERT_EQUAL(drafts_depth(&d, 1, 7), 0);
    int steps = 0;
    while (steps < 1000 && drafts_depth(&d, 1, 7) == 0)
        steps++;
    CU_ASSERT(steps > 4 && steps < 1000);
}

static void guess(void)
{
    static const int32_t past[] = { 1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3 };
    int32_t g[7];
    CU_ASSERT(lookup_guess(past, 11, 3, g) == 3 && g[0] == 4 && g[1] == 9 && g[2] == 2); /* three tokens before two */
    CU_ASSERT(lookup_guess(past + 1, 10, 2, g) == 2 && g[0] == 5 && g[1] == 1);           /* the newest place */
    CU_ASSERT_EQUAL(lookup_guess(past, 5, 3, g), 0);
    CU_ASSERT_EQUAL(lookup_guess(past, 11, 0, g), 0);
    CU_ASSERT_EQUAL(lookup_guess(past, 1, 3, g), 0);
    static const int32_t turns[] = { 7, 8, 7, 8, 7 };
    CU_ASSERT(lookup_guess(turns, 5, 7, g) == 7 && g[0] == 8 && g[1] == 7 && g[2] == 8 && g[6] == 8); /* goes on with itself */
}

static void highest(void)
{
    float s[70];
    for (int n = 1; n <= 70; n++)
        for (int at = 0; at < n; at += 3) {
            for (int i = 0; i < n; i++)
                s[i] = (float)(i % 7) - 9;
            s[at] = s[n - 1] = 1;
            CU_ASSERT_EQUAL(kernel_highest(s, n), at);
            s[at] = NAN;
            CU_ASSERT_EQUAL(kernel_highest(s, n), at == 0 ? 0 : n - 1 == at ? (at > 6 ? 6 : at - 1) : n - 1);
        }
}

int test_writer(void)
{
    CU_pSuite suite = CU_add_suite("writer", NULL, NULL);
    return suite && CU_add_test(suite, "the highest", highest) && CU_add_test(suite, "guesses", guess) && CU_add_test(suite, "answers are the same with guesses", same_answers)
           && CU_add_test(suite, "answers are the same with rough passes", drafted) && CU_add_test(suite, "how many are guessed", depths)
           && CU_add_test(suite, "dropped amid guesses", dropped) && CU_add_test(suite, "no room for rough passes", no_room_for_drafts) ? 0 : -1;
}
