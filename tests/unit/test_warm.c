/* The pool of warm agents: what is asked is answered once, by the right worker, whatever becomes of workers meanwhile.
 * The workers are tests/unit/fake_worker.c; real ones answer in tests/api. */
#include <CUnit/CUnit.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/warm.h"
#include "tests/unit/suites.h"

#define MB (INT64_C(1) << 20)

static char fake[4200];
static struct hone_err err;

static int find_fake(void)
{
    char here[4096];
    if (path_program_dir(here, sizeof here, &err) != 0)
        return -1;
    char *libs = strstr(here, "/.libs");
    if (libs && libs[6] == '\0')
        *libs = '\0';
    snprintf(fake, sizeof fake, "%s/fake_worker", here);
    return access(fake, X_OK);
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static struct warm *new_pool(struct warm_opts o)
{
    o.program = fake;
    struct warm *w = warm_new(&o, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    return w;
}

static struct warm_stats stats_of(struct warm *w)
{
    struct warm_stats s;
    warm_stats(w, &s);
    return s;
}

static const struct warm_version one = { "ver_1", "agent_1", "1000000", NULL };
static const struct warm_version two = { "ver_2", "agent_1", "1000000", NULL };
static const struct warm_version other = { "ver_3", "agent_2", "1000000", NULL };

/* The process that answers, or 0 with err when there is no answer. */
static pid_t pid_of(struct warm *w, const struct warm_version *v, const char *text)
{
    cJSON *a = warm_answer(w, v, &(struct warm_question){ .text = text, .top = 0, .threshold = 0 }, &err);
    pid_t pid = (pid_t)json_int(a, "pid", 0);
    if (a)
        CU_ASSERT_STRING_EQUAL(json_str(a, "output", ""), text);
    cJSON_Delete(a);
    return pid;
}

static int no_children(void)
{
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

static void keeps_and_ends(void)
{
    struct warm *w = new_pool((struct warm_opts){ 0 });
    CU_ASSERT_EQUAL(stats_of(w).starts, 0);
    pid_t first = pid_of(w, &one, "a");
    CU_ASSERT(first > 0);
    for (int i = 0; i < 50; i++)
        CU_ASSERT_EQUAL(pid_of(w, &one, "b"), first);
    CU_ASSERT_NOT_EQUAL(pid_of(w, &other, "c"), first);
    struct warm_stats s = stats_of(w);
    CU_ASSERT_EQUAL(s.starts, 2);
    CU_ASSERT_EQUAL(s.answers, 52);
    CU_ASSERT_EQUAL(s.workers, 2);
    CU_ASSERT_EQUAL(s.memory_bytes, 2000000);
    warm_free(w);
    CU_ASSERT(no_children());
    warm_free(NULL);
}

/* Nobody asks for longer than an answer may take: the worker is there all the same. */
static void rests(void)
{
    struct warm *w = new_pool((struct warm_opts){ .answer_ms = 300 });
    pid_t first = pid_of(w, &one, "a");
    pause_ms(700);
    CU_ASSERT_EQUAL(pid_of(w, &one, "b"), first);
    CU_ASSERT_EQUAL(stats_of(w).deaths, 0);
    warm_free(w);
}

/* ---- many at once ---- */

#define MANY 2000

struct tally {
    pthread_mutex_t lock;
    int calls[MANY], answers, failures, batch;
    char why[512];
};
struct one_of {
    struct tally *t;
    int i;
};

static void note(void *arg, cJSON *answer, const struct hone_err *e)
{
    struct one_of *o = arg;
    struct tally *t = o->t;
    pthread_mutex_lock(&t->lock);
    t->calls[o->i]++;
    t->answers += answer != NULL;
    t->failures += e != NULL;
    if (e)
        snprintf(t->why, sizeof t->why, "%s", e->text);
    if (json_int(answer, "batch", 0) > t->batch)
        t->batch = (int)json_int(answer, "batch", 0);
    char expected[16];
    snprintf(expected, sizeof expected, "t%d", o->i);
    if (answer && *json_str(answer, "output", "") == 't')
        CU_ASSERT_STRING_EQUAL(json_str(answer, "output", ""), expected);
    pthread_mutex_unlock(&t->lock);
    cJSON_Delete(answer);
}

static void ask_one(struct warm *w, const struct warm_version *v, struct one_of *o, const char *text)
{
    char own[16];
    snprintf(own, sizeof own, "t%d", o->i);
    CU_ASSERT_EQUAL(warm_ask(w, v, &(struct warm_question){ .text = text ? text : own, .top = 0, .threshold = 0 }, note, o, &err), 0);
}

static int once_each(const struct tally *t, int n)
{
    int good = 0;
    for (int i = 0; i < n; i++)
        good += t->calls[i] == 1;
    return good;
}

static void batches(void)
{
    struct warm *w = new_pool((struct warm_opts){ 0 });
    static struct tally t = { .lock = PTHREAD_MUTEX_INITIALIZER };
    static struct one_of o[MANY];
    for (int i = 0; i < MANY; i++) {
        o[i] = (struct one_of){ &t, i };
        ask_one(w, i % 2 ? &one : &other, &o[i], NULL);
    }
    warm_free(w); /* answers what was asked */
    CU_ASSERT_EQUAL(once_each(&t, MANY), MANY);
    CU_ASSERT_EQUAL(t.answers, MANY);
    CU_ASSERT(t.batch > 1 && t.batch <= 256);
}

/* One text that kills its worker among many: it alone fails, with the cause. */
static void poison(void)
{
    struct warm *w = new_pool((struct warm_opts){ 0 });
    static struct tally t = { .lock = PTHREAD_MUTEX_INITIALIZER };
    static struct one_of o[40];
    CU_ASSERT_EQUAL(warm_load(w, &one, &err), 0);
    for (int i = 0; i < 40; i++) {
        o[i] = (struct one_of){ &t, i };
        ask_one(w, &one, &o[i], i == 0 ? "!slow" : i == 20 ? "!crash" : NULL);
    }
    while (stats_of(w).answers + stats_of(w).failures < 40)
        pause_ms(10);
    struct warm_stats s = stats_of(w);
    CU_ASSERT(pid_of(w, &one, "after") > 0);
    warm_free(w);
    CU_ASSERT_EQUAL(once_each(&t, 40), 40);
    CU_ASSERT_EQUAL(t.failures, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.why, "SIGSEGV"));
    CU_ASSERT(s.deaths >= 1 && s.deaths <= 2);
    CU_ASSERT(no_children());
}

static void dies_idle_and_busy(void)
{
    struct warm *w = new_pool((struct warm_opts){ .answer_ms = 300 });
    pid_t first = pid_of(w, &one, "a");
    kill(first, SIGKILL);
    pause_ms(50);
    pid_t second = pid_of(w, &one, "b");
    CU_ASSERT(second > 0 && second != first);
    CU_ASSERT_EQUAL(stats_of(w).failures, 0);
    CU_ASSERT_EQUAL(pid_of(w, &one, "!crash"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "SIGSEGV"));
    CU_ASSERT_EQUAL(pid_of(w, &one, "!hang"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no sign of progress"));
    CU_ASSERT_EQUAL(pid_of(w, &one, "!lose"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "answered 0 of 1"));
    CU_ASSERT(pid_of(w, &one, "c") > 0);
    warm_free(w);
    CU_ASSERT(no_children());
}

static void does_not_load(void)
{
    struct warm *w = new_pool((struct warm_opts){ 0 });
    const struct warm_version bad = { "ver_9", "agent_1", "bad", NULL };
    CU_ASSERT_EQUAL(warm_load(w, &bad, &err), -1);
    CU_ASSERT_STRING_EQUAL(err.text, "no");
    CU_ASSERT_EQUAL(pid_of(w, &bad, "a"), 0);
    CU_ASSERT_EQUAL(warm_load(w, &one, &err), 0);
    CU_ASSERT_EQUAL(stats_of(w).answers, 0);
    CU_ASSERT_EQUAL(stats_of(w).workers, 1);
    warm_free(w);
    struct warm_opts o = { .program = "/nonexistent/hone-worker" };
    w = warm_new(&o, &err);
    CU_ASSERT_EQUAL(warm_load(w, &one, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent/hone-worker cannot be started"));
    warm_free(w);
}

/* Whether the pool gets down to so many workers within two seconds. */
static int falls_to(struct warm *w, int workers)
{
    for (int i = 0; i < 200 && stats_of(w).workers > workers; i++)
        pause_ms(10);
    return stats_of(w).workers == workers;
}

/* ---- who asked ---- */

static int is_gone(void *arg)
{
    (void)arg;
    return 1;
}

static int stops(void *arg)
{
    (void)arg;
    return 2;
}

/* A question that is given up says why. */
static void given_up(void)
{
    const struct warm_version writes = { "ver_w", "agent_w", "writes", NULL };
    struct warm *w = new_pool((struct warm_opts){ 0 });
    CU_ASSERT_EQUAL(warm_load(w, &writes, &err), 1);
    CU_ASSERT_EQUAL(warm_load(w, &one, &err), 0);
    CU_ASSERT_PTR_NULL(warm_answer(w, &writes, &(struct warm_question){ .text = "a", .gone = is_gone }, &err));
    CU_ASSERT(err.code == ERR_CANCELLED && strstr(err.text, "whoever asked is gone"));
    CU_ASSERT_PTR_NULL(warm_answer(w, &writes, &(struct warm_question){ .text = "a", .gone = stops }, &err));
    CU_ASSERT(err.code == ERR_INTERRUPTED && strstr(err.text, "the server stops"));
    CU_ASSERT_EQUAL(stats_of(w).deaths, 0);
    warm_free(w);
}

struct spoiled {
    pthread_mutex_t lock;
    int told;
};

static void spoil(void *arg, cJSON *answer, const struct hone_err *e)
{
    static volatile size_t much = SIZE_MAX / 4;
    struct spoiled *s = arg;
    (void)e;
    CU_ASSERT_PTR_NULL(cJSON_malloc(much)); /* json_lost() in this thread from here on */
    cJSON_Delete(answer);
    pthread_mutex_lock(&s->lock);
    s->told = 1;
    pthread_mutex_unlock(&s->lock);
}

/* What is lost while an answer is told is no reason to refuse the next question. */
static void lost_by_another(void)
{
    struct spoiled s = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct warm *w = new_pool((struct warm_opts){ 0 });
    pid_t first = pid_of(w, &one, "a");
    CU_ASSERT_EQUAL(warm_ask(w, &one, &(struct warm_question){ .text = "b" }, spoil, &s, &err), 0);
    for (int told = 0; !told;) {
        pause_ms(1);
        pthread_mutex_lock(&s.lock);
        told = s.told;
        pthread_mutex_unlock(&s.lock);
    }
    CU_ASSERT_EQUAL(pid_of(w, &one, "c"), first);
    CU_ASSERT_EQUAL(stats_of(w).deaths, 0);
    warm_free(w);
}

static void makes_room(void)
{
    struct warm *w = new_pool((struct warm_opts){ .memory_bytes = 100 * MB });
    const struct warm_version a = { "a", "agent_a", "40000000", NULL }, b = { "b", "agent_b", "40000000", NULL },
                              c = { "c", "agent_c", "40000000", NULL }, big = { "big", "agent_d", "200000000", NULL };
    for (int i = 0; i < 10; i++)
        pid_of(w, &a, "x");
    pid_of(w, &b, "x");
    pid_t pid = pid_of(w, &a, "x");
    CU_ASSERT_EQUAL(stats_of(w).workers, 2);
    CU_ASSERT(pid_of(w, &c, "x") > 0); /* b, which is used least, has to go */
    CU_ASSERT(falls_to(w, 2));
    CU_ASSERT_EQUAL(pid_of(w, &a, "x"), pid);
    CU_ASSERT_EQUAL(stats_of(w).starts, 3);
    CU_ASSERT(pid_of(w, &big, "x") > 0); /* alone it may */
    CU_ASSERT(falls_to(w, 1));
    CU_ASSERT_EQUAL(stats_of(w).evictions, 3);
    warm_free(w);
}

static void idle_and_superseded(void)
{
    struct warm *w = new_pool((struct warm_opts){ .idle_ms = 200 });
    pid_of(w, &one, "a");
    CU_ASSERT_EQUAL(stats_of(w).workers, 1);
    CU_ASSERT(falls_to(w, 0));
    warm_free(w);
    CU_ASSERT(no_children());
    w = new_pool((struct warm_opts){ 0 });
    pid_of(w, &one, "a");
    CU_ASSERT_EQUAL(warm_load(w, &two, &err), 0);
    CU_ASSERT(pid_of(w, &one, "still there") > 0);
    CU_ASSERT_EQUAL(stats_of(w).starts, 2);
    for (int i = 0; i < 400 && stats_of(w).workers > 1; i++)
        pause_ms(10);
    CU_ASSERT_EQUAL(stats_of(w).workers, 1);
    pid_of(w, &two, "b");
    CU_ASSERT_EQUAL(stats_of(w).starts, 2);
    warm_free(w);
}

static void queue_is_bounded(void)
{
    struct warm *w = new_pool((struct warm_opts){ .queue = 3 });
    static struct tally t = { .lock = PTHREAD_MUTEX_INITIALIZER };
    static struct one_of o[5];
    int refused = 0;
    CU_ASSERT_EQUAL(warm_load(w, &one, &err), 0);
    for (int i = 0; i < 5; i++) {
        o[i] = (struct one_of){ &t, i };
        if (i == 1)
            pause_ms(50); /* the first is being answered */
        refused += warm_ask(w, &one, &(struct warm_question){ .text = "!slow", .top = 0, .threshold = 0 }, note, &o[i], &err) == ERR_QUOTA;
    }
    CU_ASSERT_EQUAL(refused, 1);
    warm_free(w);
    CU_ASSERT_EQUAL(t.answers, 4);
}

/* Questions from several threads while their workers are killed: each has its answer, once. */
static void *ask_many(void *arg)
{
    struct warm *w = arg;
    int good = 0;
    for (int i = 0; i < 300; i++) {
        char text[24];
        snprintf(text, sizeof text, "q%d", i);
        struct hone_err e = { 0 };
        cJSON *a = warm_answer(w, i % 3 ? &one : &other, &(struct warm_question){ .text = text, .top = 0, .threshold = 0 }, &e);
        good += a && strcmp(json_str(a, "output", ""), text) == 0;
        cJSON_Delete(a);
    }
    return (void *)(intptr_t)good;
}

static void killed_at_random(void)
{
    struct warm *w = new_pool((struct warm_opts){ 0 });
    pthread_t t[8];
    int good = 0, kills = 0, unanswered = 0;
    for (int i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, ask_many, w);
    for (uint32_t i = 0; i < 20; i++) {
        struct hone_err e = { 0 };
        cJSON *a = warm_answer(w, &one, &(struct warm_question){ .text = "pid", .top = 0, .threshold = 0 }, &e);
        pause_ms((int)(i * 7 % 11));
        /* its own worker, unless it ended meanwhile; it is a child that nobody else reaps before the pool notices */
        unanswered += !a;
        if (a && kill((pid_t)json_int(a, "pid", 0), SIGKILL) == 0)
            kills++;
        cJSON_Delete(a);
    }
    for (int i = 0; i < 8; i++) {
        void *n;
        pthread_join(t[i], &n);
        good += (int)(intptr_t)n;
    }
    struct warm_stats s = stats_of(w);
    CU_ASSERT(kills >= 1);
    CU_ASSERT(s.deaths >= 1);
    CU_ASSERT_EQUAL(good + s.failures - unanswered, 8 * 300);
    CU_ASSERT(s.failures <= kills); /* a question fails when two workers die of whatever it is */
    warm_free(w);
    CU_ASSERT(no_children());
}

int test_warm(void)
{
    CU_pSuite s = CU_add_suite("warm", find_fake, NULL);
    if (!s || !CU_add_test(s, "keeps and ends", keeps_and_ends) || !CU_add_test(s, "rests", rests) || !CU_add_test(s, "batches", batches) ||
        !CU_add_test(s, "a text that kills its worker", poison) || !CU_add_test(s, "deaths", dies_idle_and_busy) ||
        !CU_add_test(s, "weights that do not load", does_not_load) || !CU_add_test(s, "given up", given_up) ||
        !CU_add_test(s, "what is lost by another", lost_by_another) || !CU_add_test(s, "makes room", makes_room) ||
        !CU_add_test(s, "idle and superseded", idle_and_superseded) || !CU_add_test(s, "the queue is bounded", queue_is_bounded) ||
        !CU_add_test(s, "killed at random", killed_at_random))
        return -1;
    return 0;
}
