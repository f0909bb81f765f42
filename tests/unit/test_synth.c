/* Synthetic examples: likeness, the choice, the borders of difficulty, what is told of a batch, and the three generators that learn from the
 * examples: the probabilities of the Kneser-Ney model against kneser_ney_reference.py, the rest against what can be counted by hand. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/host/services.h"
#include "core/synth/scenarios.h"
#include "tests/unit/kneser_ney_reference.h"
#include "tests/unit/suites.h"

#define HONE_STATIC_NAME ngram_lm_in_test
#include "plugins/generators/ngram_lm.c"
#include "plugins/generators/synonyms.h"

#define NEAR(a, b, within) CU_ASSERT(fabs((a) - (b)) <= (within))

static struct hone_string string(const char *s)
{
    return (struct hone_string){ s, (int64_t)strlen(s) };
}

/* ---- a module of the test's own ---- */

enum { MOST = 16 };
struct module {
    struct hone_string input[MOST], output[4];
    int32_t label[MOST];
    float weight[MOST];
    struct hone_material m;
    struct services services;
};

static void module_add(struct module *t, const char *input, int32_t label)
{
    t->input[t->m.n] = string(input);
    t->label[t->m.n] = label;
    t->weight[t->m.n++] = 1;
}

static void module_make(struct module *t)
{
    *t = (struct module){ .output = { string("parcel"), string("money"), string("kettle"), string("other") } };
    services_init(&t->services, NULL);
    t->m = (struct hone_material){ .struct_size = sizeof t->m, .input = t->input, .label = t->label, .weight = t->weight, .outputs = 2,
                                   .output = t->output };
}

/* ---- likeness ---- */

static void likeness(void)
{
    struct folded f = { 0 };
    struct folded_index x;
    int64_t text;
    const char *const texts[] = { "abcdef", "abcdeg", "ABC def", "wxyz", "Abcdef!" };
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(folded_add(&f, string(texts[i])), 0);
    NEAR(folded_likeness(&f, 0, &f, 0), 1, 0);
    NEAR(folded_likeness(&f, 0, &f, 1), 0.5, 1e-12);      /* abcd, bcde of abcd, bcde, cdef, cdeg */
    NEAR(folded_likeness(&f, 0, &f, 2), 1, 0);            /* the same letters, cut otherwise */
    CU_ASSERT(f.hash[0] != f.hash[2]);
    CU_ASSERT_EQUAL(f.words[2], 2);
    NEAR(folded_likeness(&f, 0, &f, 3), 0, 0);
    NEAR(folded_likeness(&f, 0, &f, 4), 0.75, 1e-12);     /* def! more */
    CU_ASSERT_EQUAL(folded_index_make(&x, &f), 0);
    for (int64_t i = 0; i < f.n; i++) {                    /* the index finds what comparing all finds */
        double best = 0;
        for (int64_t j = 0; j < f.n; j++)
            best = j != i && folded_likeness(&f, i, &f, j) > best ? folded_likeness(&f, i, &f, j) : best;
        NEAR(folded_second(&x, i), best, 1e-12);
    }
    NEAR(folded_nearest(&x, &f, 2, &text), 1, 0);
    CU_ASSERT_EQUAL(text, 0);
    folded_index_free(&x);
    folded_free(&f);
}

static void borders(void)
{
    const struct borders b = { { 0.2, 0.4, 0.8 }, 9 };
    CU_ASSERT_EQUAL(level_of_margin(&b, 0.9), LEVEL_EASY);
    CU_ASSERT_EQUAL(level_of_margin(&b, 0.8), LEVEL_EASY);
    CU_ASSERT_EQUAL(level_of_margin(&b, 0.5), LEVEL_MEDIUM);
    CU_ASSERT_EQUAL(level_of_margin(&b, 0.3), LEVEL_HARD);
    CU_ASSERT_EQUAL(level_of_margin(&b, 0.1), LEVEL_EXPERT);
    CU_ASSERT_EQUAL(level_of_name("hard"), LEVEL_HARD);
    CU_ASSERT_EQUAL(level_of_name("harder"), -1);
    CU_ASSERT_EQUAL(level_of_name(NULL), -1);
}

/* ---- proposals ---- */

static void faults_of_proposals(void)
{
    struct module t;
    const int64_t row = 0, beyond = 1;
    const char *const tags[] = { "short", NULL }, *const bad_tags[] = { "Short", NULL };
    module_make(&t);
    module_add(&t, "where is it", 0);
    const struct hone_proposal good = { .struct_size = sizeof good, .label = 1, .input = string("here"), .method = "swap", .source = &row, .n_source = 1,
                                        .tags = tags };
    struct hone_proposal p = good;
    CU_ASSERT_PTR_NULL(proposal_fault(&good, &t.m, 1));
    CU_ASSERT_PTR_NOT_NULL(proposal_fault(&good, &t.m, 0));
    p.input = string("");
    CU_ASSERT_PTR_NOT_NULL(proposal_fault(&p, &t.m, 1));
    p.input = string("\xc3(");
    CU_ASSERT_PTR_NOT_NULL(proposal_fault(&p, &t.m, 1));
    p = good;
    p.method = "swap slots";
    CU_ASSERT_PTR_NOT_NULL(proposal_fault(&p, &t.m, 1));
    p = good;
    p.source = &beyond;
    CU_ASSERT_PTR_NOT_NULL(proposal_fault(&p, &t.m, 1));
    p = good;
    p.tags = bad_tags;
    CU_ASSERT_PTR_NOT_NULL(proposal_fault(&p, &t.m, 1));
}

static int no_stop(void *arg)
{
    (void)arg;
    return 0;
}

static void no_beat(void *arg)
{
    (void)arg;
}

/* The same proposals in the same order, whatever number of threads asks. */
static void threads(void)
{
    struct module t;
    struct candidates got[2] = { 0 };
    struct hone_err err = { 0 };
    const struct conf conf = { .discount = 0.3, .tries = 8 };
    const struct synth_watch watch = { .beat = no_beat, .stopped = no_stop };
    const int64_t count[] = { 5, 7 };
    struct maker maker[] = { { .plugin = &ngram_lm, .name = "a" }, { .plugin = &ngram_lm, .name = "b" } };
    module_make(&t);
    for (size_t i = 0; i < sizeof kn_rows / sizeof kn_rows[0]; i++)
        module_add(&t, kn_rows[i].text, kn_rows[i].output);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL_FATAL(open_speaker(&maker[i].self, &conf, &t.m, &t.services.host, &err), 0);
    for (int i = 0; i < 2; i++) {
        struct pool *pool = pool_new(i ? 4 : 1, &err);
        const struct asking a = { .material = &t.m, .maker = maker, .makers = 2, .count = count, .seed = 11, .pool = pool, .watch = &watch };
        CU_ASSERT_EQUAL(candidates_ask(&got[i], &a, &err), 0);
        pool_free(pool);
    }
    CU_ASSERT_EQUAL(got[0].n, 24);
    CU_ASSERT_EQUAL_FATAL(got[0].n, got[1].n);
    for (int64_t i = 0; i < got[0].n; i++) {
        const struct candidate *a = &got[0].v[i], *b = &got[1].v[i];
        CU_ASSERT(a->label == b->label && a->maker == b->maker && a->input.len == b->input.len && memcmp(a->input.bytes, b->input.bytes, (size_t)a->input.len) == 0);
        CU_ASSERT(i == 0 || a->label > a[-1].label || (a->label == a[-1].label && a->maker >= a[-1].maker));
    }
    for (int i = 0; i < 2; i++) {
        candidates_free(&got[i]);
        close_speaker(maker[i].self);
    }
}

/* ---- the choice, and what is told ---- */

static int64_t add_candidate(struct candidates *c, struct sieve *s, const char *text, int32_t label, double distance)
{
    c->v = realloc(c->v, (size_t)(c->n + 1) * sizeof *c->v);
    c->v[c->n] = (struct candidate){ .input = string(text), .label = label, .method = "swap", .fate = FATE_PASSED, .distance = distance, .rival = -1,
                                     .margin = 0.5f, .share = 0.75f, .nearest = -1 };
    CU_ASSERT_EQUAL(folded_add(&s->seen, string(text)), 0);
    return c->n++;
}

/* Farthest first: bbbb (0.9), then cccc, which is as far from it as from the given ones, then none: dddd is another output's, the last one is a copy
 * of a chosen one. */
static void choice(void)
{
    struct module t;
    struct candidates c = { 0 };
    int64_t chosen[8];
    const int64_t need[] = { 3, 1 };
    module_make(&t);
    struct sieve s = { .material = &t.m, .near_copy = SYNTH_NEAR };
    add_candidate(&c, &s, "aaaabbbb", 0, 0.5);
    add_candidate(&c, &s, "bbbb", 0, 0.9);
    add_candidate(&c, &s, "cccc", 0, 0.6);
    add_candidate(&c, &s, "dddd", 1, 0.3);
    add_candidate(&c, &s, "b bbb", 0, 0.8);
    c.v[3].fate = FATE_PASSED;
    int64_t n = sieve_choose(&s, &c, need, chosen);
    CU_ASSERT_EQUAL(n, 4);
    CU_ASSERT(chosen[0] == 1 && chosen[1] == 2 && chosen[2] == 0 && chosen[3] == 3);
    NEAR(c.v[0].distance, 0.5, 1e-12); /* nearer to a given row than to bbbb, with which it shares 1 of 5 windows */
    folded_free(&s.seen);
    free(c.v);
}

static void told(void)
{
    struct module t;
    struct examples rows = { 0 };
    int64_t line[] = { 3, 5, 8 }, chosen[] = { 0, 1, 2 };
    const int64_t need[] = { 2, 2 };
    struct hone_err err = { 0 };
    module_make(&t);
    module_add(&t, "send my parcel", 0);
    module_add(&t, "parcel is late", 0);
    module_add(&t, "give money back", 1);
    rows.line = line;
    struct synth s = { .rows = &rows, .material = t.m, .maker = { { .name = "template" } }, .makers = 1 };
    for (int64_t i = 0; i < t.m.n; i++)
        CU_ASSERT_EQUAL(folded_add(&s.sieve.given, t.input[i]), 0);
    struct synth_found f = { .chosen = chosen, .n = 3, .proposed = { 9 }, .taken = { 3 }, .lost = { 1, 2, 3, 0, 0 } };
    add_candidate(&f.all, &s.sieve, "send my money", 0, 0.5);
    add_candidate(&f.all, &s.sieve, "abcd", 0, 0.5);
    add_candidate(&f.all, &s.sieve, "money is late", 1, 0.5);
    f.all.v[0].source[0] = 2;
    f.all.v[0].n_source = 1;
    f.all.v[1].level = LEVEL_EXPERT;
    cJSON *o = cJSON_CreateObject();
    CU_ASSERT_EQUAL_FATAL(scenarios_put(o, &s, &(struct synth_order){ .need = need, .level = -1, .seed = 4 }, &f, &err), 0);
    const cJSON *c = json_get(o, "coverage_analysis"), *first = cJSON_GetArrayItem(json_get(o, "scenarios"), 0), *w = json_get(c, "words");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(o, "scenarios")), 3);
    CU_ASSERT_EQUAL(cJSON_GetArrayItem(json_get(json_get(first, "provenance"), "source_rows"), 0)->valueint, 8);
    CU_ASSERT_STRING_EQUAL(json_str(first, "expected_output", ""), "parcel");
    CU_ASSERT_EQUAL(json_int(first, "estimated_tokens", 0), 3);
    CU_ASSERT_STRING_EQUAL(json_str(cJSON_GetArrayItem(json_get(o, "scenarios"), 1), "difficulty", ""), "expert");
    /* sendmymoney has 8 windows; its nearest, sendmyparcel, 9, of which 3 are shared: send endm ndmy; moneyislate 8, parcelislate 9, shared isla slat late */
    double d0 = 1 - folded_likeness(&s.sieve.seen, 0, &s.sieve.given, 0), d2 = 1 - folded_likeness(&s.sieve.seen, 2, &s.sieve.given, 1);
    NEAR(d0, 1 - 3.0 / 14, 1e-12);
    NEAR(d2, 1 - 3.0 / 14, 1e-12);
    NEAR(json_num(o, "diversity_score", 0), (d0 + 1 + d2) / 3, 1e-6);
    NEAR(json_num(json_get(o, "diversity"), "pairwise_distance", 0), 1, 1e-6); /* the only pair of one output shares nothing */
    NEAR(json_num(json_get(o, "diversity"), "distinct_1", 0), 6.0 / 7, 1e-6);  /* money twice */
    NEAR(json_num(json_get(o, "diversity"), "distinct_2", 0), 1, 1e-6);
    CU_ASSERT_EQUAL(json_int(w, "given", 0), 8);
    CU_ASSERT_EQUAL(json_int(w, "generated", 0), 6);
    CU_ASSERT_EQUAL(json_int(w, "new", 0), 1);
    NEAR(json_num(w, "covered", 0), 5.0 / 8, 1e-6);
    NEAR(json_num(c, "coverage", 0), 1, 1e-6);
    NEAR(json_num(c, "balance", 0), -(2.0 / 3 * log(2.0 / 3) + 1.0 / 3 * log(1.0 / 3)) / log(2), 1e-6);
    CU_ASSERT_EQUAL(json_int(o, "requested", 0), 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(json_str(o, "shortfall", ""), "3 of 4 rows were found: of 3 proposals 1 said what another proposal says, 2 were copies"));
    cJSON_Delete(o);
    folded_free(&s.sieve.seen);
    folded_free(&s.sieve.given);
    free(f.all.v);
}

/* Rows of one word have no pairs of words, and a list of none is nowhere. */
static void one_word(void)
{
    struct module t;
    struct examples rows = { 0 };
    int64_t line[] = { 1, 2 }, chosen[] = { 0 };
    const int64_t need[] = { 1, 0 };
    struct hone_err err = { 0 };
    module_make(&t);
    module_add(&t, "parcel", 0);
    module_add(&t, "money", 1);
    rows.line = line;
    struct synth s = { .rows = &rows, .material = t.m, .maker = { { .name = "template" } }, .makers = 1 };
    for (int64_t i = 0; i < t.m.n; i++)
        CU_ASSERT_EQUAL(folded_add(&s.sieve.given, t.input[i]), 0);
    struct synth_found f = { .chosen = chosen, .n = 1, .proposed = { 1 }, .taken = { 1 } };
    add_candidate(&f.all, &s.sieve, "parcels", 0, 0.5);
    cJSON *o = cJSON_CreateObject();
    CU_ASSERT_EQUAL_FATAL(scenarios_put(o, &s, &(struct synth_order){ .need = need, .level = -1, .seed = 4 }, &f, &err), 0);
    const cJSON *pairs = json_get(json_get(o, "coverage_analysis"), "word_pairs");
    CU_ASSERT(json_int(pairs, "given", -1) == 0 && json_int(pairs, "generated", -1) == 0 && cJSON_IsNull(json_get(pairs, "covered")));
    cJSON_Delete(o);
    folded_free(&s.sieve.seen);
    folded_free(&s.sieve.given);
    free(f.all.v);
}

/* ---- the generators' own ---- */

static int32_t type_of(const struct corpus *c, const char *word)
{
    if (strcmp(word, "<s>") == 0)
        return TOKEN_BEGIN;
    if (strcmp(word, "</s>") == 0)
        return TOKEN_END;
    for (int32_t t = 2; t < c->types; t++)
        if ((size_t)c->spelling[t].len == strlen(word) && memcmp(c->spelling[t].bytes, word, strlen(word)) == 0)
            return t;
    CU_FAIL("a word of the reference is not in the corpus");
    return -1;
}

static void kneser_ney(void)
{
    struct module t;
    struct hone_err err = { 0 };
    const struct conf conf = { .discount = 0.3, .tries = 8 };
    void *self = NULL;
    module_make(&t);
    for (size_t i = 0; i < sizeof kn_rows / sizeof kn_rows[0]; i++)
        module_add(&t, kn_rows[i].text, kn_rows[i].output);
    CU_ASSERT_EQUAL_FATAL(open_speaker(&self, &conf, &t.m, &t.services.host, &err), 0);
    const struct speaker *s = self;
    for (size_t i = 0; i < sizeof kn_asked / sizeof kn_asked[0]; i++) {
        int32_t a = type_of(&s->c, kn_asked[i].a), b = type_of(&s->c, kn_asked[i].b), w = type_of(&s->c, kn_asked[i].word);
        NEAR(kn_probability(&s->all, a, b, w), kn_asked[i].all, 1e-12);
        for (int k = 0; k < 2; k++)
            NEAR(kn_probability(&s->of[k], a, b, w), kn_asked[i].of[k], 1e-12);
    }
    /* Draws follow the probabilities: 4 standard errors of 20,000 draws. */
    struct dice d = { 5, 0 };
    int32_t a = type_of(&s->c, "is"), b = type_of(&s->c, "my"), parcel = type_of(&s->c, "parcel");
    int64_t hits = 0, draws = 20000;
    for (int64_t i = 0; i < draws; i++)
        hits += kn_draw(&s->of[0], &d, a, b) == parcel;
    double p = kn_probability(&s->of[0], a, b, parcel);
    NEAR((double)hits / (double)draws, p, 4 * sqrt(p * (1 - p) / (double)draws));
    close_speaker(self);
}

/* Words in the same places and outputs stand in for each other; one in other places does not. */
static void synonyms(void)
{
    struct module t;
    struct corpus c;
    struct synonyms s = { 0 };
    struct hone_err err = { 0 };
    module_make(&t);
    module_add(&t, "the kettle leaks again", 0);
    module_add(&t, "the toaster leaks again", 0);
    module_add(&t, "my kettle is broken", 0);
    module_add(&t, "my toaster is broken", 0);
    module_add(&t, "please send the money", 1);
    CU_ASSERT_EQUAL_FATAL(corpus_open(&c, &t.m, &t.services.host, &err), 0);
    CU_ASSERT_EQUAL_FATAL(synonyms_learn(&s, &c), 0);
    CU_ASSERT_EQUAL(s.of[type_of(&c, "kettle")][0].type, type_of(&c, "toaster"));
    NEAR((double)s.of[type_of(&c, "kettle")][0].likeness, 1, 1e-5);
    CU_ASSERT_EQUAL(s.of[type_of(&c, "toaster")][0].type, type_of(&c, "kettle"));
    for (int i = 0; i < SYNONYMS; i++)
        CU_ASSERT(s.of[type_of(&c, "please")][i].type != type_of(&c, "kettle"));
    synonyms_free(&s);
    corpus_free(&c);
}

/* Tokens keep their spelling: a text put together again is the text with single blanks. */
static void cutting(void)
{
    struct module t;
    struct corpus c;
    struct hone_err err = { 0 };
    static const char *const texts[][2] = { { "Where's my  card-holder?", "Where's my card-holder?" }, { "\xe6\x88\x91\xe7\x9a\x84\xe5\x8d\xa1 ok", NULL },
                                            { " Stra\xc3\x9f" "e 5, bitte", "Stra\xc3\x9f" "e 5, bitte" } };
    module_make(&t);
    for (int i = 0; i < 3; i++)
        module_add(&t, texts[i][0], 0);
    CU_ASSERT_EQUAL_FATAL(corpus_open(&c, &t.m, &t.services.host, &err), 0);
    for (int i = 0; i < 3; i++) {
        struct line l = { .n = 0 };
        int64_t len;
        const char *want = texts[i][1] ? texts[i][1] : texts[i][0];
        line_add(&l, tokens_of(&c, i), row_tokens(&c, i));
        char *text = line_text(&l, &len);
        CU_ASSERT((size_t)len == strlen(want) && memcmp(text, want, (size_t)len) == 0);
        free(text);
    }
    CU_ASSERT_EQUAL(row_tokens(&c, 0), 6);
    CU_ASSERT_EQUAL(row_tokens(&c, 1), 4);
    corpus_free(&c);
}

int test_synth(void)
{
    CU_pSuite s = CU_add_suite("synth", NULL, NULL);
    if (!s || !CU_add_test(s, "likeness of texts, and the nearest by an index", likeness) || !CU_add_test(s, "difficulty by margin", borders) ||
        !CU_add_test(s, "unsound proposals", faults_of_proposals) || !CU_add_test(s, "the same proposals for any number of threads", threads) ||
        !CU_add_test(s, "the farthest first", choice) || !CU_add_test(s, "diversity and coverage", told) || !CU_add_test(s, "rows of one word", one_word) ||
        !CU_add_test(s, "Kneser-Ney against its definition", kneser_ney) || !CU_add_test(s, "words that stand in for each other", synonyms) ||
        !CU_add_test(s, "texts as tokens and back", cutting))
        return -1;
    return 0;
}
