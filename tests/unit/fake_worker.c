/* A worker that misbehaves as it is told by the environment variable FAKE_WORKER (set by the wrapper `env`), or, after a
 * sound greeting, by the "task" of its "start" frame. Started by test_worker_proc.c. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/jobs/frame.h"
#include "core/jobs/worker_proc.h"

extern char **environ;

static void pause_ms(int ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
    nanosleep(&t, NULL);
}

static void say(const char *type, const char *key, int64_t value)
{
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "type", type);
    if (key)
        json_put_int(f, key, value);
    (void)frame_send(FRAME_FD, f, NULL);
    cJSON_Delete(f);
}

static void hello(const char *version)
{
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "type", "hello");
    json_put_str(f, "version", version);
    json_put_int(f, "pid", getpid());
    (void)frame_send(FRAME_FD, f, NULL);
    cJSON_Delete(f);
}

static void raw(const char *bytes, size_t n)
{
    if (write(FRAME_FD, bytes, n) != (ssize_t)n)
        _exit(99);
}

static void crash(void)
{
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would turn it into an exit code */
    raise(SIGSEGV);
}

static void sleep_for_ever(void)
{
    for (;;)
        pause_ms(1000);
}

/* What a worker inherits, as a result. */
static void tell(void)
{
    cJSON *f = cJSON_CreateObject(), *fds = cJSON_CreateArray(), *names = cJSON_CreateArray();
    struct rlimit data = { 0, 0 }, core = { 1, 1 };
    sigset_t blocked;
    int signal_at_end = 0;
    DIR *d = opendir("/proc/self/fd");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (*e->d_name != '.' && atol(e->d_name) != dirfd(d))
            cJSON_AddItemToArray(fds, cJSON_CreateNumber((double)atol(e->d_name)));
    }
    for (char **e = environ; *e; e++)
        cJSON_AddItemToArray(names, cJSON_CreateString(*e));
    getrlimit(RLIMIT_DATA, &data);
    getrlimit(RLIMIT_CORE, &core);
    prctl(PR_GET_PDEATHSIG, &signal_at_end);
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    struct sigaction pipe_action;
    sigaction(SIGUSR2, NULL, &pipe_action);
    json_put_str(f, "type", "result");
    json_put(f, "fds", fds);
    json_put(f, "env", names);
    json_put_int(f, "data_mb", data.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)(data.rlim_cur >> 20));
    json_put_int(f, "core", (int64_t)core.rlim_cur);
    json_put_bool(f, "leader", getpgrp() == getpid());
    json_put_int(f, "death_signal", signal_at_end);
    json_put_bool(f, "blocked", sigismember(&blocked, SIGUSR1) == 1);
    json_put_bool(f, "ignored", pipe_action.sa_handler == SIG_IGN);
    (void)frame_send(FRAME_FD, f, NULL);
    cJSON_Delete(f);
    if (d)
        closedir(d);
}

/* ready, then go, then beats and epochs; ends early when told to stop. */
static void work(struct frame_reader *in)
{
    cJSON *f;
    say("ready", NULL, 0);
    if (frame_read(in, FRAME_FD, -1, &f, NULL) != 1)
        _exit(98);
    cJSON_Delete(f);
    for (int i = 1; i <= 5; i++) {
        say("beat", "count", i);
        say("epoch", "epoch", i);
        if (frame_read(in, FRAME_FD, 20, &f, NULL) == 1) {
            cJSON_Delete(f);
            break;
        }
    }
    say("result", "answer", 42);
}

/* A child in the same group that keeps the connection open. */
static void leave_child(void)
{
    if (fork() == 0)
        sleep_for_ever();
    _exit(3);
}

static void flood(const char *type, int64_t step)
{
    for (int64_t i = 0;; i += step)
        say(type, "count", i);
}

static void say_on_stderr(const char *text, int times)
{
    for (int i = 0; i < times; i++)
        (void)!write(STDERR_FILENO, text, strlen(text));
}

/* Answers as the task "serve" does, with its pid as an alternative; texts that begin with '!' say how to misbehave. `weights` is how many
 * bytes it claims to use, or "bad", or "writes": it says that it writes its answers, and does not. */
static void serve(const cJSON *start, struct frame_reader *in)
{
    const char *weights = json_str(start, "weights", "");
    cJSON *ask = NULL, *f = cJSON_CreateObject();
    const cJSON *q;
    if (strcmp(weights, "bad") == 0 || strstr(weights, "/bad"))
        raw("\x38\0\0\0{\"type\":\"error\",\"code\":-1,\"text\":\"no\",\"stage\":\"data\"}   ", 60), _exit(1);
    json_put_str(f, "type", "ready");
    json_put_int(f, "memory_bytes", atoll(weights));
    json_put_bool(f, "writes", strcmp(weights, "writes") == 0);
    (void)frame_send(FRAME_FD, f, NULL);
    cJSON_Delete(f);
    while (frame_read(in, FRAME_FD, -1, &ask, NULL) == 1 && strcmp(json_str(ask, "type", ""), "ask") == 0) {
        cJSON *answers = cJSON_CreateArray();
        f = cJSON_CreateObject();
        cJSON_ArrayForEach(q, json_get(ask, "questions")) {
            const char *text = json_str(q, "text", "");
            cJSON *a = cJSON_CreateObject();
            if (strcmp(text, "!crash") == 0)
                crash();
            if (strcmp(text, "!hang") == 0)
                sleep_for_ever();
            if (strcmp(text, "!slow") == 0)
                pause_ms(200);
            json_put_str(a, "output", text);
            json_put_int(a, "pid", getpid());
            json_put_int(a, "batch", cJSON_GetArraySize(json_get(ask, "questions")));
            if (strcmp(text, "!lose") != 0)
                cJSON_AddItemToArray(answers, a);
            else
                cJSON_Delete(a);
        }
        json_put_str(f, "type", "answers");
        json_put(f, "answers", answers);
        (void)frame_send(FRAME_FD, f, NULL);
        cJSON_Delete(f);
        cJSON_Delete(ask);
        ask = NULL;
    }
    cJSON_Delete(ask);
    say("result", NULL, 0);
}

static void misbehave(const char *how, struct frame_reader *in)
{
    static const struct {
        const char *name;
        int signal;
    } deaths[] = { { "abort", SIGABRT }, { "bus", SIGBUS }, { "fpe", SIGFPE }, { "kill", SIGKILL }, { "term", SIGTERM } };
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        if (strcmp(how, deaths[i].name) == 0) {
            signal(deaths[i].signal, SIG_DFL);
            raise(deaths[i].signal);
        }
    }
    if (strcmp(how, "good") == 0)
        work(in);
    else if (strcmp(how, "tell") == 0)
        tell();
    else if (strcmp(how, "segv") == 0)
        crash();
    else if (strcmp(how, "exit7") == 0)
        _exit(7);
    else if (strcmp(how, "error") == 0)
        raw("\x38\0\0\0{\"type\":\"error\",\"code\":-1,\"text\":\"no\",\"stage\":\"data\"}   ", 60), _exit(1);
    else if (strcmp(how, "garbage") == 0)
        raw("GET / HTTP/1.1\r\n\r\n", 18), sleep_for_ever();
    else if (strcmp(how, "text") == 0)
        raw("\x05\0\0\0hello", 9), sleep_for_ever();
    else if (strcmp(how, "long") == 0)
        raw("\xff\xff\xff\xff{}", 6), sleep_for_ever();
    else if (strcmp(how, "half") == 0)
        raw("\x40\0\0\0{\"type\"", 11), _exit(0);
    else if (strcmp(how, "half_hang") == 0)
        raw("\x40\0\0\0{\"type\"", 11), sleep_for_ever();
    else if (strcmp(how, "hang") == 0)
        sleep_for_ever();
    else if (strcmp(how, "deaf") == 0)
        signal(SIGTERM, SIG_IGN), sleep_for_ever();
    else if (strcmp(how, "close") == 0)
        close(FRAME_FD), sleep_for_ever();
    else if (strcmp(how, "close_exit") == 0)
        close(FRAME_FD), pause_ms(50), _exit(5);
    else if (strcmp(how, "close_all") == 0)
        close_range(0, 1023, 0), sleep_for_ever();
    else if (strcmp(how, "flood") == 0)
        flood("log", 1);
    else if (strcmp(how, "same_beats") == 0)
        for (;;)
            say("beat", "count", 1), pause_ms(10);
    else if (strcmp(how, "logs_only") == 0)
        for (;;)
            say("log", "level", 2), pause_ms(10);
    else if (strcmp(how, "child") == 0)
        leave_child();
    else if (strcmp(how, "words") == 0)
        say_on_stderr("first line\nmalloc(): corrupted \xff top\n\n", 1), raise(SIGKILL);
    else if (strcmp(how, "many_words") == 0)
        say_on_stderr("0123456789abcde\n", 20000), say_on_stderr("the end", 1), _exit(9);
    else if (strcmp(how, "result_crash") == 0)
        say("result", "answer", 1), crash();
    else if (strcmp(how, "result_hang") == 0)
        say("result", "answer", 1), sleep_for_ever();
    else if (strcmp(how, "result_flood") == 0)
        say("result", "answer", 1), flood("log", 1);
    else if (strcmp(how, "slow") == 0)
        for (int i = 1; i <= 12; i++)
            say("beat", "count", i), pause_ms(50);
    else if (strcmp(how, "progress_crash") == 0)
        raw("\x2a\0\0\0{\"type\":\"progress\",\"epoch\":3,\"step\":120}  ", 46), crash();
}

int main(void)
{
    struct frame_reader in = { 0 };
    const char *how = getenv("FAKE_WORKER"), *version = HONE_VERSION;
    cJSON *start = NULL;
    if (how && strcmp(how, "rude") == 0)
        say("ready", NULL, 0), sleep_for_ever();
    if (how && strcmp(how, "mute") == 0)
        return 0;
    if (how && strcmp(how, "old") == 0)
        version = "0.0.0";
    hello(version);
    if (how && strcmp(how, "unread") == 0)
        sleep_for_ever();
    if (frame_read(&in, FRAME_FD, -1, &start, NULL) != 1)
        return 97;
    if (strcmp(json_str(start, "task", ""), "serve") == 0)
        serve(start, &in);
    else
        misbehave(json_str(start, "task", "good"), &in);
    cJSON_Delete(start);
    frame_reader_free(&in);
    return 0;
}
