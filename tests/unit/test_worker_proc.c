/* Supervision: every way in which a worker can end has its true cause, in bounded time, and nothing of it is left.
 * The workers are tests/unit/fake_worker.c. Also the job's lock, which a worker inherits. */
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/lock.h"
#include "core/jobs/worker_proc.h"
#include "tests/unit/suites.h"

static char fake[4200];
static struct hone_err err;

/* fake_worker is built beside the program of the tests. */
static int find_fake(void)
{
    char here[4096];
    if (path_program_dir(here, sizeof here, &err) != 0)
        return -1;
    char *libs = strstr(here, "/.libs");
    if (libs && libs[6] == '\0')
        *libs = '\0';
    snprintf(fake, sizeof fake, "%s/fake_worker", here);
    if (access(fake, X_OK) == 0)
        return 0;
    fprintf(stderr, "%s is missing\n", fake);
    return -1;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static int count_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    closedir(d);
    return n;
}

static int no_children(void)
{
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

/* State and process group of a process, from what the kernel says behind its name; 'Z' when there is none. */
static char state_of(const char *pid, long *group)
{
    char path[64], line[512] = "", state = 'Z';
    long parent;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, line, sizeof line - 1) : 0;
    const char *behind = n > 0 ? strrchr(line, ')') : NULL;
    if (fd >= 0)
        close(fd);
    if (!behind || sscanf(behind, ") %c %ld %ld", &state, &parent, group) != 3)
        *group = 0;
    return state;
}

/* Whether no process of the group runs any more, within so many milliseconds. */
static int group_ended(pid_t pgid, int ms)
{
    for (; ms > 0; ms -= 10, pause_ms(10)) {
        int running = 0;
        long group;
        DIR *d = opendir("/proc");
        for (struct dirent *e; d && (e = readdir(d));) {
            if (*e->d_name >= '1' && *e->d_name <= '9')
                running |= state_of(e->d_name, &group) != 'Z' && group == pgid;
        }
        closedir(d);
        if (!running)
            return 1;
    }
    return 0;
}

static cJSON *start_frame(const char *task)
{
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "type", "start");
    json_put_str(f, "task", task);
    return f;
}

static struct worker_proc *begin(const char *task, const struct worker_opts *given)
{
    struct worker_opts o = *given;
    o.program = o.program ? o.program : fake;
    struct worker_proc *w = worker_start(&o, &err);
    if (!w)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    cJSON *f = start_frame(task);
    (void)worker_send(w, f, &err);
    cJSON_Delete(f);
    return w;
}

/* Reads to the end; frames of other types than result and error are dropped. 1 with the last frame, or the code. */
static int run(struct worker_proc *w, cJSON **last)
{
    for (;;) {
        int rc = worker_next(w, 20000, last, &err);
        if (rc <= 0)
            return rc;
        const char *type = json_str(*last, "type", "");
        if (strcmp(type, "result") == 0 || strcmp(type, "error") == 0)
            return 1;
        if (strcmp(type, "ready") == 0)
            CU_ASSERT_EQUAL(worker_signal(w, "go", NULL, &err), 0);
        cJSON_Delete(*last);
    }
}

static void good(void)
{
    int fds = count_fds();
    struct worker_proc *w = begin("good", &(struct worker_opts){ 0 });
    cJSON *f;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld", (long)worker_pid(w));
    CU_ASSERT_EQUAL(worker_how(w)->cause, WORKER_ALIVE);
    CU_ASSERT_EQUAL_FATAL(worker_next(w, 20000, &f, &err), 1);
    CU_ASSERT_STRING_EQUAL(json_str(f, "type", ""), "ready");
    cJSON_Delete(f);
    CU_ASSERT_EQUAL(worker_next(w, 30, &f, &err), 0);
    CU_ASSERT_EQUAL(worker_signal(w, "go", NULL, &err), 0);
    for (int i = 1; i <= 5; i++) {
        CU_ASSERT_EQUAL_FATAL(worker_next(w, 20000, &f, &err), 1);
        CU_ASSERT_STRING_EQUAL(json_str(f, "type", ""), "epoch");
        CU_ASSERT_EQUAL(json_int(f, "epoch", 0), i);
        cJSON_Delete(f);
    }
    CU_ASSERT_EQUAL(worker_concluded(w), 0);
    CU_ASSERT_EQUAL_FATAL(run(w, &f), 1);
    CU_ASSERT_EQUAL(json_int(f, "answer", 0), 42);
    cJSON_Delete(f);
    CU_ASSERT_EQUAL(worker_concluded(w), 1);
    CU_ASSERT_EQUAL(worker_next(w, 20000, &f, &err), 0);
    const struct worker_end *e = worker_wait(w, 20000);
    CU_ASSERT_EQUAL(e->cause, WORKER_DONE);
    CU_ASSERT_STRING_EQUAL(e->code, "done");
    CU_ASSERT_STRING_EQUAL(e->text, "");
    CU_ASSERT_TRUE(e->peak_memory_mb > 0 && e->peak_memory_mb < 10000);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
    CU_ASSERT_EQUAL(worker_signal(w, "stop", "cancel", &err), HONE_EIO);
    worker_free(w);
    CU_ASSERT_TRUE(no_children());
    CU_ASSERT_EQUAL(count_fds(), fds);
}

static const struct death {
    const char *wrapper; /* sets FAKE_WORKER; NULL: none */
    const char *task;
    const char *code;
    const char *text;
} deaths[] = {
    { NULL, "segv", "signal:11", "hone-worker was killed by SIGSEGV (segmentation fault)" },
    { NULL, "abort", "signal:6", "hone-worker was killed by SIGABRT (abort)" },
    { NULL, "bus", "signal:7", "SIGBUS (bus error)" },
    { NULL, "fpe", "signal:8", "SIGFPE (arithmetic fault)" },
    { NULL, "term", "signal:15", "killed by SIGTERM" },
    { NULL, "kill", "signal:9", "killed by SIGKILL" },
    { NULL, "nothing", "exit:0", "ended with exit code 0 and without a result" },
    { NULL, "exit7", "exit:7", "ended with exit code 7 and without a result" },
    { NULL, "progress_crash", "signal:11", "(segmentation fault) at epoch 3, step 120" },
    { NULL, "garbage", "protocol", "sent something that is no frame (a frame announces 542393671 bytes" },
    { NULL, "text", "protocol", "sent something that is no frame (a frame is not JSON" },
    { NULL, "long", "protocol", "announces 4294967295 bytes" },
    { NULL, "half", "exit:0", "without a result" },
    { NULL, "half_hang", "timeout", "showed no sign of progress for 0.4 s and was killed" },
    { NULL, "hang", "timeout", "showed no sign of progress for 0.4 s and was killed" },
    { NULL, "deaf", "timeout", "showed no sign of progress" },
    { NULL, "same_beats", "timeout", "showed no sign of progress" },
    { NULL, "logs_only", "timeout", "showed no sign of progress" },
    { NULL, "close", "protocol", "closed its connection without a result, went on running and was killed" },
    { NULL, "close_all", "protocol", "closed its connection without a result" },
    { NULL, "close_exit", "exit:5", "exit code 5" },
    { NULL, "flood", "protocol", "sent more frames than can be of use and was killed" },
    { NULL, "child", "exit:3", "exit code 3" },
    { NULL, "slow", "exit:0", "without a result" },
    { "env FAKE_WORKER=rude", "", "protocol", "did not greet first, but sent 'ready'" },
    { "env FAKE_WORKER=old", "", "protocol", "is of version '0.0.0', but this is version" },
    { "env FAKE_WORKER=mute", "", "exit:0", "before it had said anything" },
};

static void causes(void)
{
    int fds = count_fds();
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        const struct death *d = &deaths[i];
        cJSON *f;
        if (d->wrapper)
            setenv("HONE_WORKER_WRAPPER", d->wrapper, 1);
        int64_t before = clock_mono_us();
        struct worker_proc *w = begin(d->task, &(struct worker_opts){ .silence_ms = strcmp(d->code, "timeout") == 0 ? 400 : 20000 });
        pid_t pid = worker_pid(w);
        CU_ASSERT_EQUAL(run(w, &f), ERR_JOB_FAILED);
        const struct worker_end *e = worker_how(w);
        if (strcmp(e->code, d->code) != 0 || !strstr(err.text, d->text))
            fprintf(stderr, "\n    %s: %s '%s', expected %s '%s'\n", d->task, e->code, err.text, d->code, d->text);
        CU_ASSERT_STRING_EQUAL(e->code, d->code);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, d->text));
        CU_ASSERT_STRING_EQUAL(err.text, e->text);
        CU_ASSERT_EQUAL(worker_next(w, -1, &f, &err), ERR_JOB_FAILED);
        CU_ASSERT_TRUE(clock_mono_us() - before < 15000000);
        CU_ASSERT_TRUE(no_children());
        CU_ASSERT_TRUE(group_ended(pid, 5000));
        worker_free(w);
        unsetenv("HONE_WORKER_WRAPPER");
    }
    CU_ASSERT_EQUAL(count_fds(), fds);
}

/* What is sent to one that owes something does not keep it alive. */
static void hangs_beside(void)
{
    cJSON *f = NULL, *more = cJSON_CreateObject();
    struct worker_proc *w = begin("hang", &(struct worker_opts){ .silence_ms = 400 });
    int rc = 0, sent = 0;
    json_put_str(more, "type", "cancel");
    for (; rc == 0 && sent < 400; sent++) {
        CU_ASSERT(worker_send_more(w, more, &err) == 0 || worker_how(w)->cause != WORKER_ALIVE);
        rc = worker_next(w, 50, &f, &err);
    }
    CU_ASSERT_EQUAL(rc, ERR_JOB_FAILED);
    CU_ASSERT_STRING_EQUAL(worker_how(w)->code, "timeout");
    worker_free(w);
    cJSON_Delete(more);
}

static void fault_frame(void)
{
    cJSON *f;
    struct worker_proc *w = begin("error", &(struct worker_opts){ 0 });
    CU_ASSERT_EQUAL_FATAL(run(w, &f), 1);
    CU_ASSERT_EQUAL(worker_error(f, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.text, "no");
    CU_ASSERT_STRING_EQUAL(json_str(f, "stage", ""), "data");
    cJSON_Delete(f);
    CU_ASSERT_STRING_EQUAL(worker_wait(w, 20000)->text, "");
    CU_ASSERT_EQUAL(worker_how(w)->exit_code, 1);
    worker_free(w);
}

/* What a worker does after its result does not spoil it, and is told. */
static void after_result(void)
{
    static const struct {
        const char *task, *text;
    } cases[] = {
        { "result_crash", "was killed by SIGSEGV (segmentation fault); the task itself had ended before" },
        { "result_hang", "did not end in time and was killed; the task itself had ended before" },
        { "result_flood", "and was killed; the task itself had ended before" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *f;
        struct worker_proc *w = begin(cases[i].task, &(struct worker_opts){ 0 });
        CU_ASSERT_EQUAL_FATAL(run(w, &f), 1);
        cJSON_Delete(f);
        const struct worker_end *e = worker_wait(w, 300);
        CU_ASSERT_EQUAL(e->cause, WORKER_DONE);
        if (!strstr(e->text, cases[i].text))
            fprintf(stderr, "\n    %s: '%s'\n", cases[i].task, e->text);
        CU_ASSERT_PTR_NOT_NULL(strstr(e->text, cases[i].text));
        worker_free(w);
        CU_ASSERT_TRUE(no_children());
    }
}

static void last_words(void)
{
    cJSON *f;
    struct worker_proc *w = begin("words", &(struct worker_opts){ .capture_stderr = 1 });
    CU_ASSERT_EQUAL(run(w, &f), ERR_JOB_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "; its last words: malloc(): corrupted ? top"));
    CU_ASSERT_STRING_EQUAL(worker_stderr(w), "first line\nmalloc(): corrupted ? top\n\n");
    worker_free(w);
    w = begin("many_words", &(struct worker_opts){ .capture_stderr = 1 });
    CU_ASSERT_EQUAL(run(w, &f), ERR_JOB_FAILED);
    CU_ASSERT_STRING_EQUAL(worker_how(w)->code, "exit:9");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "; its last words: the end"));
    CU_ASSERT_EQUAL(strlen(worker_stderr(w)), WORKER_TAIL);
    worker_free(w);
}

static void stopping(void)
{
    cJSON *f;
    struct worker_proc *w = begin("good", &(struct worker_opts){ 0 });
    CU_ASSERT_EQUAL_FATAL(worker_next(w, 20000, &f, &err), 1);
    cJSON_Delete(f);
    CU_ASSERT_EQUAL(worker_signal(w, "go", NULL, &err), 0);
    CU_ASSERT_EQUAL(worker_signal(w, "stop", "checkpoint", &err), 0);
    CU_ASSERT_EQUAL_FATAL(run(w, &f), 1);
    cJSON_Delete(f);
    worker_free(w);
    w = begin("deaf", &(struct worker_opts){ 0 });
    pid_t pid = worker_pid(w);
    CU_ASSERT_EQUAL(worker_next(w, 50, &f, &err), 0);
    worker_kill(w);
    CU_ASSERT_STRING_EQUAL(worker_how(w)->code, "killed");
    CU_ASSERT_EQUAL(worker_next(w, -1, &f, &err), ERR_JOB_FAILED);
    CU_ASSERT_EQUAL(kill(pid, 0), -1);
    worker_free(w);
    worker_free(begin("hang", &(struct worker_opts){ 0 }));
    worker_free(NULL);
    CU_ASSERT_TRUE(no_children());
    w = begin("hang", &(struct worker_opts){ 0 });
    CU_ASSERT_STRING_EQUAL(worker_wait(w, 50)->code, "timeout");
    worker_free(w);
}

/* One that never reads: what is sent fills its socket; its own greeting and end are still told. */
static void unread(void)
{
    cJSON *f, *big = start_frame("x");
    size_t n = 8 << 20;
    char *text = malloc(n);
    memset(text, 'x', n - 1);
    text[n - 1] = '\0';
    json_put_str(big, "text", text);
    struct worker_proc *w = begin("exit7", &(struct worker_opts){ 0 });
    CU_ASSERT_EQUAL(worker_send(w, big, &err), HONE_EIO); /* it has gone in the meantime */
    CU_ASSERT_EQUAL(run(w, &f), ERR_JOB_FAILED);
    CU_ASSERT_STRING_EQUAL(worker_how(w)->code, "exit:7");
    worker_free(w);
    setenv("HONE_WORKER_WRAPPER", " env  FAKE_WORKER=unread ", 1);
    w = begin("", &(struct worker_opts){ .silence_ms = 100 });
    struct timeval limit = { .tv_usec = 200000 };
    CU_ASSERT_EQUAL(setsockopt(worker_fd(w), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    CU_ASSERT_EQUAL(worker_send(w, big, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not read"));
    CU_ASSERT_EQUAL(run(w, &f), ERR_JOB_FAILED);
    CU_ASSERT_STRING_EQUAL(worker_how(w)->code, "timeout");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "did not read what it was sent and was killed"));
    worker_free(w);
    unsetenv("HONE_WORKER_WRAPPER");
    cJSON_Delete(big);
    free(text);
}

static int has_text(const cJSON *list, const char *text)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, list) {
        if (cJSON_IsString(e) && strncmp(e->valuestring, text, strlen(text)) == 0)
            return 1;
    }
    return 0;
}

static void surroundings(void)
{
    cJSON *f;
    sigset_t usr1, old;
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */
    int lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &old);
    sigaction(SIGUSR2, &ignore, &before);
    char *plugins = getenv("HONE_PLUGIN_PATH") ? strdup(getenv("HONE_PLUGIN_PATH")) : NULL;
    char *token = getenv("HONE_TOKEN") ? strdup(getenv("HONE_TOKEN")) : NULL;
    setenv("HONE_TOKEN", "secret", 1);
    setenv("HONE_PLUGIN_PATH", "/somewhere", 1);
    struct worker_proc *w = begin("tell", &(struct worker_opts){ .lock_fd = lock, .memory_mb = 1 << 30 });
    CU_ASSERT_EQUAL_FATAL(run(w, &f), 1);
    const cJSON *fds = json_get(f, "fds"), *env = json_get(f, "env"), *e;
    double expected = 0;
    cJSON_ArrayForEach(e, fds)
        CU_ASSERT_EQUAL(e->valuedouble, expected++);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(fds), WORKER_LOCK_FD + 1);
    CU_ASSERT_FALSE(has_text(env, "HONE_TOKEN"));
    CU_ASSERT_TRUE(has_text(env, "HONE_PLUGIN_PATH=/somewhere"));
    CU_ASSERT_TRUE(has_text(env, "PATH="));
    CU_ASSERT_EQUAL(json_int(f, "data_mb", 0), 1 << 30);
    CU_ASSERT_EQUAL(json_int(f, "core", 9), 0);
    CU_ASSERT_EQUAL(json_int(f, "death_signal", 0), SIGKILL);
    CU_ASSERT_TRUE(json_bool(f, "leader", 0));
    CU_ASSERT_FALSE(json_bool(f, "blocked", 1));
    CU_ASSERT_FALSE(json_bool(f, "ignored", 1));
    cJSON_Delete(f);
    worker_free(w);
    unsetenv("HONE_TOKEN");
    unsetenv("HONE_PLUGIN_PATH");
    if (plugins)
        setenv("HONE_PLUGIN_PATH", plugins, 1);
    if (token)
        setenv("HONE_TOKEN", token, 1);
    free(plugins);
    free(token);
    sigprocmask(SIG_SETMASK, &old, NULL);
    sigaction(SIGUSR2, &before, NULL);
    close(stray);
    close(lock);
}

static void not_started(void)
{
    int fds = count_fds();
    char text[] = "/tmp/hone-text-XXXXXX";
    CU_ASSERT_PTR_NULL(worker_start(&(struct worker_opts){ .program = "/nonexistent/hone-worker" }, &err));
    CU_ASSERT_EQUAL(err.code, HONE_EIO);
    CU_ASSERT_STRING_EQUAL(err.text, "/nonexistent/hone-worker cannot be started: cannot run it: No such file or directory");
    close(mkstemp(text));
    CU_ASSERT_PTR_NULL(worker_start(&(struct worker_opts){ .program = text, .capture_stderr = 1 }, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Permission denied"));
    unlink(text);
    setenv("HONE_WORKER", "/nonexistent/given", 1);
    char *path = worker_find(&err);
    CU_ASSERT_STRING_EQUAL(path, "/nonexistent/given");
    free(path);
    unsetenv("HONE_WORKER");
    setenv("HONE_WORKER_WRAPPER", "no-such-wrapper --flag", 1);
    CU_ASSERT_PTR_NULL(worker_start(&(struct worker_opts){ .program = fake }, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no-such-wrapper cannot be started"));
    unsetenv("HONE_WORKER_WRAPPER");
    CU_ASSERT_TRUE(no_children());
    CU_ASSERT_EQUAL(count_fds(), fds);
}

/* A supervisor that is killed takes its worker along, and the job's lock is free then and not before. */
static void lock(void)
{
    char dir[] = "/tmp/hone-lock-XXXXXX";
    int p[2];
    pid_t pids[2];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    CU_ASSERT_EQUAL(job_lock_is_free(dir, "job_1", &err), 1);
    CU_ASSERT_EQUAL_FATAL(pipe2(p, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = job_lock_take(dir, "job_1", &err);
        struct worker_proc *w = worker_start(&(struct worker_opts){ .program = fake, .lock_fd = fd }, &err);
        pids[0] = w ? worker_pid(w) : 0;
        pids[1] = fd;
        close(fd);
        _exit(write(p[1], pids, sizeof pids) == sizeof pids ? pause() : 1);
    }
    CU_ASSERT_EQUAL(read(p[0], pids, sizeof pids), (ssize_t)sizeof pids);
    CU_ASSERT_TRUE(pids[0] > 0 && pids[1] > 0);
    CU_ASSERT_EQUAL(job_lock_is_free(dir, "job_1", &err), 0);
    CU_ASSERT_EQUAL(job_lock_is_free(dir, "job_2", &err), 1);
    CU_ASSERT_EQUAL(job_lock_take(dir, "job_1", &err), ERR_CONFLICT);
    char who[64];
    snprintf(who, sizeof who, "job 'job_1' is being run by process %ld", (long)pid);
    CU_ASSERT_STRING_EQUAL(err.text, who);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CU_ASSERT_TRUE(group_ended(pids[0], 5000));
    int fd = job_lock_take(dir, "job_1", &err);
    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(job_lock_is_free(dir, "job_1", &err), 0);
    close(fd);
    CU_ASSERT_EQUAL(job_lock_is_free(dir, "job_1", &err), 1);
    close(p[0]);
    close(p[1]);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

int test_worker_proc(void)
{
    CU_pSuite s = CU_add_suite("worker_proc", find_fake, NULL);
    int ok = s && CU_add_test(s, "good", good) && CU_add_test(s, "causes", causes) &&
           CU_add_test(s, "questions do not keep alive one that hangs", hangs_beside) &&
             CU_add_test(s, "fault frame", fault_frame) && CU_add_test(s, "after the result", after_result) &&
             CU_add_test(s, "last words", last_words) && CU_add_test(s, "stopping", stopping) &&
             CU_add_test(s, "unread", unread) && CU_add_test(s, "surroundings", surroundings) &&
             CU_add_test(s, "not started", not_started) && CU_add_test(s, "lock", lock);
    return ok ? 0 : -1;
}
