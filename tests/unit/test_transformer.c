/* Model "transformer" as the host has it: adapters' gradients as differences show, while the weights beside them stand still; what
 * examples become; texts longer than the context. The decoder itself is tested in test_decoder.c. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/train/encoded.h"
#include "core/train/learner.h"
#include "core/train/pass.h"
#include "core/train/writer.h"
#include "tests/unit/suites.h"

enum { TEXTS = 3 };
static const char *const input[TEXTS] = { "where is it", "what is that, and why", "who" };
static const char *const answer[TEXTS] = { "over there", "a lamp", "nobody knows who it was, and nobody asks" };

struct bench {
    struct registry *registry;
    struct pool *pool;
    struct learner l;
    struct encoded x;
    struct passes passes;
};

static void open_bench(struct bench *b, const char *options, uint32_t flags)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { getenv("HONE_PLUGIN_PATH"), NULL };
    struct hone_string in[TEXTS], out[TEXTS];
    int32_t label[TEXTS];
    float weight[TEXTS];
    for (int i = 0; i < TEXTS; i++) {
        in[i] = (struct hone_string){ input[i], (int64_t)strlen(input[i]) };
        out[i] = (struct hone_string){ answer[i], (int64_t)strlen(answer[i]) };
        label[i] = -1;
        weight[i] = 1;
    }
    struct hone_lesson lesson = { .struct_size = sizeof lesson, .n = TEXTS, .input = in, .label = label, .weight = weight, .steps = 1, .epochs = 1,
                                  .batch = TEXTS, .seed = 1, .answer = out };
    struct learner_choice choice;
    cJSON *o = json_parse(options, strlen(options), "options", &err);
    memset(b, 0, sizeof *b);
    b->pool = pool_new(2, &err);
    b->registry = registry_new(dirs, b->pool, &err);
    int rc = learner_fit(&b->l, b->registry, "transformer", o, &lesson, 1 << 26, &choice, &err);
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT_EQUAL_FATAL(tensors_init(&b->l.tensors, 7, NULL, &err), 0);
    CU_ASSERT_EQUAL_FATAL(encoded_make(&b->x, b->l.model, b->l.self, in, out, TEXTS, flags, b->pool, &err), 0);
    CU_ASSERT_EQUAL_FATAL(passes_open(&b->passes, b->pool, &b->l.tensors, registry_host(b->registry), 1, &err), 0);
    cJSON_Delete(o);
}

static void close_bench(struct bench *b)
{
    passes_close(&b->passes);
    encoded_free(&b->x);
    learner_free(&b->l);
    registry_free(b->registry);
    pool_free(b->pool);
}

static double loss(struct bench *b, int back)
{
    struct hone_err err = { 0 };
    struct hone_pass *p = &b->passes.pass;
    int64_t rows = b->x.row_start[TEXTS], width = b->l.tensors.width;
    double total = 0;
    passes_begin(&b->passes);
    float *scores = passes_scratch(&b->passes, (size_t)(rows * width) * sizeof *scores), *d = passes_scratch(&b->passes, (size_t)(rows * width) * sizeof *d);
    p->in = (struct hone_bag){ TEXTS, b->x.start, b->x.index, NULL };
    p->row_start = b->x.row_start;
    p->rows = rows;
    p->width = width;
    p->flags = back ? HONE_PASS_TRAIN : 0;
    p->scores = scores;
    p->d_scores = d;
    CU_ASSERT_EQUAL_FATAL(passes_forward(&b->passes, b->l.model, b->l.self, &err), 0);
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0;
        for (int64_t k = 0; k < width; k++)
            sum += exp((double)scores[i * width + k]);
        total += log(sum) - (double)scores[i * width + b->x.target[i]];
        for (int64_t k = 0; k < width; k++)
            d[i * width + k] = (float)(exp((double)scores[i * width + k]) / sum - (k == b->x.target[i]));
    }
    if (back)
        CU_ASSERT_EQUAL_FATAL(passes_backward(&b->passes, b->l.model, b->l.self, &err), 0);
    return total;
}

static void adapters(void)
{
    struct bench b;
    int64_t adapted = 0;
    open_bench(&b, "{\"layers\":2,\"width\":16,\"heads\":4,\"kv_heads\":2,\"context\":64,\"vocab\":258,\"lora_rank\":3,\"lora_alpha\":6,\"lora_targets\":\"q, v, gate, down\"}", 0);
    for (int64_t i = 0; i < b.l.tensors.n; i++) {
        struct tensor *t = &b.l.tensors.t[i];
        int mine = strstr(t->name, ".lora_") != NULL;
        adapted += mine;
        CU_ASSERT_EQUAL((t->flags & HONE_W_FROZEN) == 0, mine);
        CU_ASSERT_EQUAL(b.passes.grad[i] != NULL, mine);
        for (int64_t j = 0; j < t->n; j++) /* large enough that slopes are seen in float */
            t->param[j] = t->ndim == 1 ? 1 : 0.4f * (float)sin(12.9898 * (double)(i * 1000 + j));
    }
    CU_ASSERT_EQUAL(adapted, 2 * 4 * 2);
    loss(&b, 1);
    double worst = 0, greatest = 0;
    static float kept[64][1024];
    for (int64_t i = 0; i < b.l.tensors.n; i++)
        if (b.passes.grad[i])
            memcpy(kept[i], b.passes.grad[i], (size_t)b.l.tensors.t[i].n * sizeof(float));
    for (int64_t i = 0; i < b.l.tensors.n; i++) {
        struct tensor *t = &b.l.tensors.t[i];
        for (int64_t j = 0; j < t->n && b.passes.grad[i]; j += 7) {
            float was = t->param[j];
            t->param[j] = was + 0.01f;
            double above = loss(&b, 0);
            t->param[j] = was - 0.01f;
            double slope = (above - loss(&b, 0)) / 0.02;
            t->param[j] = was;
            worst = fmax(worst, fabs(slope - (double)kept[i][j]));
            greatest = fmax(greatest, fabs(slope));
        }
    }
    CU_ASSERT(greatest > 0.1 && worst < 0.01 * greatest);
    close_bench(&b);
}

/* Tokens of an example as text, marks as [end] and [answer]. */
static void put(const struct bench *b, int64_t i, char *out)
{
    *out = '\0';
    for (int64_t k = b->x.start[i]; k < b->x.start[i + 1]; k++) {
        struct hone_string s = b->l.model->token(b->l.self, b->x.index[k], 0);
        if (s.len)
            strncat(out, s.bytes, (size_t)s.len);
        else
            strcat(out, b->l.model->ends(b->l.self, b->x.index[k]) ? "[end]" : "[answer]");
    }
}

static void pairs(void)
{
    struct bench b;
    char text[400];
    open_bench(&b, "{\"layers\":1,\"width\":8,\"heads\":2,\"context\":30,\"vocab\":258}", 0);
    put(&b, 0, text);
    CU_ASSERT_STRING_EQUAL(text, "[end]where is it[answer]over there"); /* 23 tokens, each a byte */
    CU_ASSERT_EQUAL(b.x.row_start[1], 11); /* the ten of the answer and its end */
    CU_ASSERT(b.l.model->ends(b.l.self, b.x.target[10]));
    CU_ASSERT(strncmp(b.l.model->token(b.l.self, b.x.target[0], 1).bytes, "o", 1) == 0);
    put(&b, 1, text); /* 29 tokens and an end */
    CU_ASSERT_STRING_EQUAL(text, "[end]what is that, and why[answer]a lamp");
    put(&b, 2, text); /* the input loses all but its mark, then the answer its end */
    CU_ASSERT_STRING_EQUAL(text, "[answer]nobody knows who it was, and ");
    CU_ASSERT_EQUAL(b.x.row_start[3] - b.x.row_start[2], 30);
    CU_ASSERT_EQUAL(b.l.model->context(b.l.self), 30);
    close_bench(&b);
}

static void running(void)
{
    struct bench b;
    char text[400];
    open_bench(&b, "{\"layers\":1,\"width\":8,\"heads\":2,\"context\":16,\"vocab\":258,\"text\":\"running\"}", 0);
    put(&b, 0, text);
    CU_ASSERT_STRING_EQUAL(text, "where is itover ther");
    CU_ASSERT_EQUAL(b.x.row_start[1], 20); /* the input teaches too */
    CU_ASSERT(isfinite(loss(&b, 1)));      /* in parts of 16 */
    close_bench(&b);
    open_bench(&b, "{\"layers\":1,\"width\":8,\"heads\":2,\"context\":16,\"vocab\":258,\"text\":\"running\"}", HONE_ENCODE_MEASURE);
    CU_ASSERT_EQUAL(b.x.row_start[1], 10); /* only the answer is measured */
    close_bench(&b);
}

/* Start values are the same drawn on one thread and on several, and memory for values of a file is zero. */
static void start_values(void)
{
    struct bench b;
    struct hone_err err = { 0 };
    open_bench(&b, "{\"layers\":1,\"width\":64,\"heads\":4,\"context\":64,\"vocab\":258}", 0);
    struct tensors *ts = &b.l.tensors;
    const struct tensor *embedding = &ts->t[0];
    float *kept = floats_new(embedding->n);
    memcpy(kept, embedding->param, (size_t)embedding->n * sizeof *kept);
    memset(embedding->param, 0, (size_t)embedding->n * sizeof *kept);
    tensors_start(ts, 7, b.pool);
    CU_ASSERT(memcmp(kept, embedding->param, (size_t)embedding->n * sizeof *kept) == 0);
    free(kept);
    struct tensors empty = { 0 };
    int other = 0;
    CU_ASSERT_EQUAL_FATAL(tensors_declare(&empty, b.l.model, b.l.self, 0, &err), 0);
    CU_ASSERT_EQUAL_FATAL(tensors_alloc(&empty, &err), 0);
    for (int64_t i = 0; i < empty.n; i++)
        for (int64_t j = 0; j < empty.t[i].n; j++)
            other |= empty.t[i].param[j] < 0 || empty.t[i].param[j] > 0;
    CU_ASSERT(!other);
    tensors_free(&empty);
    close_bench(&b);
}

/* ---- writing ---- */

static struct write_order order_of(int i, const struct write_wish *wish, struct written *out)
{
    return (struct write_order){ { input[i], (int64_t)strlen(input[i]) }, &wish[i], &out[i] };
}

static int same_written(const struct written *a, const struct written *b)
{
    return a->tokens == b->tokens && a->given == b->given && memcmp(&a->log_sum, &b->log_sum, sizeof a->log_sum) == 0 && a->text.n == b->text.n &&
           (!a->text.n || memcmp(a->text.p, b->text.p, a->text.n) == 0) && strcmp(a->finish, b->finish) == 0;
}

/* Answers that join one another, and one that leaves, are what they are alone. */
static void joins(void)
{
    struct bench b;
    struct hone_err err = { 0 };
    struct written alone[TEXTS] = { 0 }, beside[TEXTS] = { 0 }, left = { 0 };
    struct write_wish wish[TEXTS];
    open_bench(&b, "{\"layers\":2,\"width\":32,\"heads\":4,\"kv_heads\":2,\"context\":64,\"vocab\":258}", 0);
    for (int i = 0; i < TEXTS; i++) {
        const struct hone_string text = { input[i], (int64_t)strlen(input[i]) };
        wish[i] = write_default;
        wish[i].temperature = 1;
        wish[i].seed = (uint64_t)i + 1;
        wish[i].max_tokens = 20;
        CU_ASSERT_EQUAL_FATAL(writer_run(&b.l, &b.passes, b.pool, 1, &text, 1, &wish[i], &alone[i], NULL, &err), 0);
        CU_ASSERT(alone[i].tokens > 0 && alone[i].given > (int64_t)strlen(input[i]));
    }
    struct writer *w = writer_open(&b.l, &b.passes, b.pool, 1, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    struct write_order gone = order_of(0, wish, beside);
    gone.out = &left;
    CU_ASSERT_EQUAL(writer_begin(w, &gone, TEXTS, 1, &err), 0);
    for (int i = 0; i < TEXTS; i++) {
        const struct write_order o = order_of(i, wish, beside);
        CU_ASSERT_EQUAL(writer_begin(w, &o, i, 1, &err), 0);
        CU_ASSERT_EQUAL(writer_step(w, &err), 0);
    }
    int64_t busy = writer_busy(w);
    writer_drop(w, TEXTS);
    CU_ASSERT_EQUAL(writer_busy(w), busy - 1);
    while (writer_busy(w))
        CU_ASSERT_EQUAL_FATAL(writer_step(w, &err), 0);
    for (int i = 0; i < TEXTS; i++) {
        CU_ASSERT(same_written(&alone[i], &beside[i]));
        written_free(&alone[i]);
        written_free(&beside[i]);
    }
    written_free(&left);
    writer_close(w);
    writer_close(NULL);
    close_bench(&b);
}

/* Guesses by rough passes come true as a rule, and change no answer: greedy, drawn, of several texts, with adapters, after a step of training. */
static void drafts(void)
{
    static const char *const options[] = {
        "{\"layers\":2,\"width\":256,\"heads\":4,\"kv_heads\":2,\"context\":120,\"vocab\":258}",
        "{\"layers\":2,\"width\":256,\"heads\":4,\"context\":120,\"vocab\":258,\"tied\":false,\"lora_rank\":2}",
    };
    int drafted = 0;
    for (int k = 0; k < 2; k++) {
        struct bench b;
        struct hone_err err = { 0 };
        open_bench(&b, options[k], 0);
        CU_ASSERT(b.l.model->rough_bytes(b.l.self) > 1 << 20);
        struct hone_model plain = *b.l.model;
        plain.rough_bytes = NULL;
        for (int step = 0; step < 2; step++) {
            for (int64_t i = 0; i < b.l.tensors.n; i++) /* other weights, whose scores differ enough */
                for (int64_t j = 0; j < b.l.tensors.t[i].n && b.l.tensors.t[i].ndim > 1; j++)
                    b.l.tensors.t[i].param[j] = 0.1f * (float)sin((double)((i + step + 1) * 7919 + j * j % 100003));
            struct written told = { 0 };
            const struct hone_bag asked = { 1, b.x.start, b.x.index, NULL };
            struct write_wish short_wish = write_default;
            short_wish.max_tokens = 1;
            CU_ASSERT_EQUAL_FATAL(writer_tokens(&b.l, &b.passes, 1, &asked, 1, &short_wish, &told, NULL, &err), 0); /* tells the model of them */
            written_free(&told);
            for (int how = k + step > 0; how < (k + step > 0 ? 2 : 4); how++) {
                int64_t alone[2] = { 0 };
                struct written out[2][TEXTS];
                memset(out, 0, sizeof out);
                struct write_wish wish[TEXTS];
                struct hone_string text[TEXTS];
                for (int i = 0; i < TEXTS; i++) {
                    text[i] = (struct hone_string){ input[i], (int64_t)strlen(input[i]) };
                    wish[i] = write_default;
                    wish[i].temperature = how ? 1 : 0;
                    wish[i].top_k = how == 2 ? 20 : 0;
                    wish[i].top_p = how == 3 ? 0.9 : 1;
                    wish[i].seed = (uint64_t)(how + 10 * i);
                }
                for (int n = 1; n <= TEXTS; n += TEXTS - 1)
                    for (int rough = 0; rough < 2; rough++) {
                        struct learner l = b.l;
                        l.model = rough ? b.l.model : &plain;
                        struct writer *w = writer_open(&l, &b.passes, b.pool, 1, NULL, &err);
                        struct write_order order[TEXTS];
                        int steps = 0;
                        int64_t tokens = 0;
                        for (int i = 0; i < n; i++)
                            order[i] = (struct write_order){ text[i], &wish[i], &out[rough][i] };
                        CU_ASSERT_EQUAL_FATAL(writer_begin(w, order, 0, n, &err), 0);
                        for (; writer_busy(w); steps++)
                            CU_ASSERT_EQUAL_FATAL(writer_step(w, &err), 0);
                        writer_close(w);
                        tokens = out[rough][0].tokens;
                        drafted += rough && n == 1 && tokens > 60;
                        CU_ASSERT(!rough || n > 1 || tokens <= 60 || steps < tokens * 2 / 3);
                        if (n == 1)
                            alone[rough] = tokens;
                        if (n == 1)
                            written_free(&out[rough][0]);
                    }
                CU_ASSERT_EQUAL(alone[0], alone[1]);
                for (int i = 0; i < TEXTS; i++) {
                    CU_ASSERT(out[0][i].tokens > 0 && same_written(&out[0][i], &out[1][i]));
                    written_free(&out[0][i]);
                    written_free(&out[1][i]);
                }
            }
        }
        close_bench(&b);
    }
    CU_ASSERT(drafted > 3);
}

/* A file that is mapped gives the learner of one that is read, without a copy of its tensors; it outlives the file's descriptor and name. */
static void mapped(void)
{
    struct bench b;
    struct hone_err err = { 0 };
    struct st_file f = { 0 };
    struct learner l[2];
    struct written out[2] = { 0 };
    const struct hone_string text = { input[1], (int64_t)strlen(input[1]) };
    char path[] = "/tmp/hone-mapped-XXXXXX", sha[65];
    int64_t bytes;
    open_bench(&b, "{\"layers\":2,\"width\":32,\"heads\":4,\"context\":64,\"vocab\":258}", 0);
    close(mkstemp(path));
    CU_ASSERT_EQUAL_FATAL(learner_save(&b.l, NULL, &f, &err), 0);
    CU_ASSERT_EQUAL_FATAL(st_write(&f, path, sha, &bytes, &err), 0);
    st_free(&f);
    for (int map = 0; map < 2; map++) {
        CU_ASSERT_EQUAL_FATAL(st_open(&f, path, &err), 0);
        if (map)
            CU_ASSERT_EQUAL_FATAL(st_map(&f, &err), 0);
        CU_ASSERT_EQUAL_FATAL(learner_restore(&l[map], b.registry, &f, &err), 0);
        st_free(&f);
    }
    unlink(path);
    CU_ASSERT(l[0].tensors.map == NULL && l[1].tensors.map != NULL);
    for (int map = 0; map < 2; map++) {
        struct passes p;
        int64_t within = 0;
        for (int64_t i = 0; i < l[map].tensors.n; i++) {
            const struct tensor *t = &l[map].tensors.t[i];
            within += map && (char *)t->param >= l[1].tensors.map && (char *)t->param < l[1].tensors.map + l[1].tensors.map_bytes;
            CU_ASSERT(memcmp(t->param, b.l.tensors.t[i].param, (size_t)t->n * sizeof *t->param) == 0);
        }
        CU_ASSERT_EQUAL(within, map ? l[map].tensors.n : 0);
        CU_ASSERT_EQUAL_FATAL(passes_open(&p, b.pool, &l[map].tensors, registry_host(b.registry), 0, &err), 0);
        CU_ASSERT_EQUAL(writer_run(&l[map], &p, b.pool, 1, &text, 1, &write_default, &out[map], NULL, &err), 0);
        passes_close(&p);
        learner_free(&l[map]);
    }
    CU_ASSERT(same_written(&out[0], &out[1]));
    written_free(&out[0]);
    written_free(&out[1]);
    close_bench(&b);
}

int test_transformer(void)
{
    CU_pSuite suite = CU_add_suite("transformer", NULL, NULL);
    return suite && CU_add_test(suite, "adapters", adapters) && CU_add_test(suite, "pairs as tokens", pairs)
           && CU_add_test(suite, "running text as tokens", running)
           && CU_add_test(suite, "start values", start_values) && CU_add_test(suite, "answers that join", joins) && CU_add_test(suite, "mapped weights", mapped)
           && CU_add_test(suite, "drafts", drafts) ? 0 : -1;
}
