/* See worker_proc.h. The order of things matters: what a worker sent before it died is read before its end is judged,
 * and its process group is killed before it is reaped, while its number cannot be given to another process. */
#include "core/jobs/worker_proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/jobs/spawner.h"
#include "core/jobs/worker_priv.h"

#define SEND_WAIT_S 30
#define CLOSE_GRACE_MS 2000      /* between closing the connection and ending */
#define KILL_WAIT_MS 10000       /* a killed process may be in the kernel for a while */
#define TICK_MS 20               /* where the kernel has no descriptors for processes */
#define WINDOW_US (INT64_C(10) * 1000000)
#define WINDOW_FRAMES 20000      /* progress, log and beat frames within a window */

static int ms_left(int64_t end_us)
{
    int64_t us = end_us - clock_mono_us();
    return us <= 0 ? 0 : us > INT32_MAX ? INT32_MAX / 1000 : (int)((us + 999) / 1000);
}

/* ---- starting ---- */

static int open_pipes(struct worker_proc *w, const struct worker_opts *o, int pair[2], int errs[2],
                      struct hone_err *err)
{
    struct timeval wait = { .tv_sec = SEND_WAIT_S };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hone_fail(err, HONE_EIO, "no connection for hone-worker: %s", strerror(errno));
    w->fd = pair[0];
    if (setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0)
        return hone_fail(err, HONE_EIO, "no time limit for the connection to hone-worker: %s", strerror(errno));
    if (!o->capture_stderr)
        return 0;
    if (pipe2(errs, O_CLOEXEC) != 0)
        return hone_fail(err, HONE_EIO, "no pipe for hone-worker: %s", strerror(errno));
    w->err_fd = errs[0];
    if (fcntl(w->err_fd, F_SETFL, O_NONBLOCK) != 0)
        return hone_fail(err, HONE_EIO, "no pipe for hone-worker: %s", strerror(errno));
    return 0;
}

static int launch(struct worker_proc *w, const struct worker_opts *o, struct hone_err *err)
{
    int pair[2] = { -1, -1 }, errs[2] = { -1, -1 };
    char *program = o->program ? strdup(o->program) : worker_find(err);
    char **argv = program ? worker_argv(program) : NULL, **env = worker_env();
    int rc = program || o->program ? 0 : err ? err->code : ERR_NOT_FOUND;
    if (rc == 0 && (!argv || !env))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out while hone-worker was started");
    if (rc == 0)
        rc = open_pipes(w, o, pair, errs, err);
    if (rc == 0) {
        struct spawn s = { .argv = argv, .env = env, .frame_fd = pair[1], .lock_fd = o->lock_fd > 0 ? o->lock_fd : -1,
                           .out_fd = o->stdout_fd > 0 ? o->stdout_fd : -1, .err_fd = errs[1],
                           .memory_mb = o->memory_mb };
        oom_read(&w->oom);
        w->pid = spawner_spawn(&s, err);
        rc = w->pid < 0 ? (int)w->pid : 0;
    }
    if (pair[1] >= 0)
        close(pair[1]);
    if (errs[1] >= 0)
        close(errs[1]);
    words_free(env);
    words_free(argv);
    free(program);
    return rc;
}

struct worker_proc *worker_start(const struct worker_opts *o, struct hone_err *err)
{
    struct worker_proc *w = calloc(1, sizeof *w);
    if (!w) {
        hone_fail(err, HONE_ENOMEM, "memory ran out while hone-worker was started");
        return NULL;
    }
    w->fd = w->pid_fd = w->err_fd = -1;
    w->epoch = w->step = w->beats = -1;
    w->silence_us = 1000 * (o->silence_ms > 0 ? o->silence_ms : WORKER_SILENCE_MS);
    if (launch(w, o, err) != 0) {
        w->reaped = 1;
        worker_free(w);
        return NULL;
    }
#ifdef SYS_pidfd_open
    w->pid_fd = (int)syscall(SYS_pidfd_open, w->pid, 0);
#endif
    w->sign_at = w->window_start = clock_mono_us();
    return w;
}

pid_t worker_pid(const struct worker_proc *w)
{
    return w->pid;
}

int worker_fd(const struct worker_proc *w)
{
    return w->fd;
}

void worker_rested(struct worker_proc *w)
{
    w->sign_at = clock_mono_us();
}

/* ---- ending ---- */

/* Takes what is there; not more than the writer could have written before, as it may write for ever. */
static void drain_stderr(struct worker_proc *w)
{
    ssize_t n = 1;
    for (int i = 0; i < 32 && n > 0 && w->err_fd >= 0; i++) {
        n = read(w->err_fd, w->tail + w->tail_n, sizeof w->tail - w->tail_n);
        if (n == 0) {
            close(w->err_fd);
            w->err_fd = -1;
        }
        if (n <= 0)
            return;
        w->tail_n += (size_t)n;
        if (w->tail_n > WORKER_TAIL) {
            memmove(w->tail, w->tail + w->tail_n - WORKER_TAIL, WORKER_TAIL);
            w->tail_n = WORKER_TAIL;
        }
    }
}

static int has_exited(const struct worker_proc *w)
{
    siginfo_t si = { 0 };
    return waitid(P_PID, (id_t)w->pid, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid == w->pid;
}

/* Until the process has ended or the time is over: 1 or 0. Reads and drops standard error, so that it can end. */
static int await_exit(struct worker_proc *w, int timeout_ms)
{
    int64_t end = clock_mono_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        drain_stderr(w);
        if (has_exited(w))
            return 1;
        int left = ms_left(end);
        if (left == 0)
            return 0;
        struct pollfd p[2] = { { .fd = w->pid_fd, .events = POLLIN }, { .fd = w->err_fd, .events = POLLIN } };
        (void)poll(p, 2, w->pid_fd < 0 && left > TICK_MS ? TICK_MS : left);
    }
}

/* Kills what is left of the process group and takes the status of its leader. */
static void reap(struct worker_proc *w)
{
    struct rusage used = { 0 };
    int status = -1;
    if (w->reaped)
        return;
    kill(-w->pid, SIGKILL);
    kill(w->pid, SIGKILL);
    w->reaped = 1;
    w->status = -1;
    if (!await_exit(w, KILL_WAIT_MS))
        return;
    if (wait4(w->pid, &status, WNOHANG, &used) == w->pid)
        w->status = status;
    w->peak_memory_mb = used.ru_maxrss / 1024;
    drain_stderr(w);
}

/* Ends it for a reason. Of one that has ended already the reason is its own end, unless it ended as if all were well and what it had said before broke the rules. */
static void force(struct worker_proc *w, enum worker_cause cause, const char *text)
{
    if (w->reaped && !(cause == WORKER_PROTOCOL && WIFEXITED(w->status) && WEXITSTATUS(w->status) == 0))
        return;
    w->forced = cause;
    snprintf(w->forced_text, sizeof w->forced_text, "%s", text);
    if (!w->reaped)
        reap(w);
}

/* Lets the process end by itself for a while. */
static void settle(struct worker_proc *w, int grace_ms, enum worker_cause cause, const char *text)
{
    if (w->reaped)
        return;
    if (await_exit(w, grace_ms))
        reap(w);
    else
        force(w, cause, text);
}

/* ---- frames ---- */

/* What becomes of a frame that was sent with `rc`. */
static int sent(struct worker_proc *w, int rc)
{
    struct pollfd p = { .fd = w->fd };
    w->sign_at = clock_mono_us();
    if (rc == HONE_EIO && poll(&p, 1, 0) == 0) /* neither closed nor broken */
        force(w, WORKER_TIMEOUT, "did not read what it was sent");
    return rc;
}

int worker_send(struct worker_proc *w, const cJSON *frame, struct hone_err *err)
{
    if (w->reaped || w->closed)
        return hone_fail(err, HONE_EIO, "hone-worker has ended");
    return sent(w, frame_send(w->fd, frame, err));
}

int worker_send_more(struct worker_proc *w, const cJSON *frame, struct hone_err *err)
{
    int64_t sign_at = w->sign_at;
    int rc = worker_send(w, frame, err);
    w->sign_at = sign_at;
    return rc;
}

int worker_signal(struct worker_proc *w, const char *type, const char *mode, struct hone_err *err)
{
    char text[128];
    if (w->reaped || w->closed)
        return hone_fail(err, HONE_EIO, "hone-worker has ended");
    if (mode)
        snprintf(text, sizeof text, "{\"type\":\"%s\",\"mode\":\"%s\"}", type, mode);
    else
        snprintf(text, sizeof text, "{\"type\":\"%s\"}", type);
    return sent(w, frame_send_text(w->fd, text, err));
}

/* Whether a frame shows progress, and whether there are not too many that may come at any rate. */
static int note_frame(struct worker_proc *w, const char *type, const cJSON *f)
{
    int64_t now = clock_mono_us(), count = json_int(f, "count", 0);
    int beat = strcmp(type, "beat") == 0;
    if (beat || strcmp(type, "log") == 0 || strcmp(type, "progress") == 0) {
        if (now - w->window_start > WINDOW_US) {
            w->window_start = now;
            w->window_frames = 0;
        }
        if (++w->window_frames > WINDOW_FRAMES)
            return -1;
    }
    if (beat ? count > w->beats : strcmp(type, "log") != 0)
        w->sign_at = now;
    if (beat && count > w->beats)
        w->beats = count;
    w->epoch = json_int(f, "epoch", w->epoch);
    w->step = json_int(f, "step", w->step);
    return 0;
}

/* Looks at a frame: 1 it is for the caller, 0 it was used up, -1 it breaks the rules and the worker has been killed. */
static int accept_frame(struct worker_proc *w, const cJSON *f)
{
    const char *type = json_str(f, "type", "");
    char text[200];
    if (!w->greeted) {
        const char *version = json_str(f, "version", "");
        w->greeted = strcmp(type, "hello") == 0 && strcmp(version, HONE_VERSION) == 0;
        if (strcmp(type, "hello") != 0)
            snprintf(text, sizeof text, "did not greet first, but sent '%.40s',", type);
        else if (!w->greeted)
            snprintf(text, sizeof text, "is of version '%.40s', but this is version %s and both must come from one "
                     "build; it", version, HONE_VERSION);
        if (!w->greeted)
            force(w, WORKER_PROTOCOL, text);
        w->sandbox = w->greeted ? cJSON_Duplicate(json_get(f, "sandbox"), 1) : NULL;
        return w->greeted ? 0 : -1;
    }
    if (note_frame(w, type, f) != 0) {
        force(w, WORKER_PROTOCOL, "sent more frames than can be of use");
        return -1;
    }
    w->concluded = strcmp(type, "result") == 0 || strcmp(type, "error") == 0;
    return strcmp(type, "beat") != 0;
}

/* 1 a frame for the caller, 2 one was used up or the state changed, 0 nothing is there, or HONE_ENOMEM. */
static int read_one(struct worker_proc *w, cJSON **frame, struct hone_err *err)
{
    struct hone_err why = { 0 };
    char text[256];
    if (w->closed)
        return 0;
    int rc = frame_read(&w->in, w->fd, 0, frame, &why);
    if (rc == 1) {
        rc = accept_frame(w, *frame);
        if (rc == 1)
            return 1;
        w->closed |= rc < 0;
        cJSON_Delete(*frame);
        *frame = NULL;
        return 2;
    }
    if (rc == 0)
        return 0;
    if (rc == HONE_ENOMEM)
        return hone_fail(err, HONE_ENOMEM, "%s", why.text);
    w->closed = 1;
    if (rc == ERR_CORRUPT) {
        snprintf(text, sizeof text, "sent something that is no frame (%.180s)", why.text);
        force(w, WORKER_PROTOCOL, text);
    } else {
        settle(w, CLOSE_GRACE_MS, WORKER_PROTOCOL, "closed its connection without a result, went on running");
    }
    return 2;
}

/* Waits for something to happen: 1, or 0 when the time is over or a signal came. */
static int await_event(struct worker_proc *w, int timeout_ms)
{
    char text[96];
    int quiet = ms_left(w->sign_at + w->silence_us);
    int wait = timeout_ms < 0 || timeout_ms > quiet ? quiet : timeout_ms;
    wait = w->pid_fd < 0 && wait > TICK_MS ? TICK_MS : wait;
    struct pollfd p[3] = { { .fd = w->fd, .events = POLLIN }, { .fd = w->pid_fd, .events = POLLIN },
                           { .fd = w->err_fd, .events = POLLIN } };
    int n = poll(p, 3, wait), error = errno;
    drain_stderr(w);
    if (n < 0)
        return error != EINTR;
    if (has_exited(w)) {
        reap(w);
    } else if (n == 0 && quiet == 0) {
        snprintf(text, sizeof text, "showed no sign of progress for %.3g s", (double)w->silence_us / 1e6);
        force(w, WORKER_TIMEOUT, text);
    } else if (n == 0) {
        return timeout_ms < 0 || wait < timeout_ms;
    }
    return 1;
}

int worker_next(struct worker_proc *w, int timeout_ms, cJSON **frame, struct hone_err *err)
{
    int64_t end = clock_mono_us() + (int64_t)timeout_ms * 1000;
    *frame = NULL;
    while (!w->concluded) {
        int rc = read_one(w, frame, err);
        if (rc == 1 || rc < 0)
            return rc;
        if (rc == 2)
            continue;
        if (w->reaped) {
            worker_judge(w);
            return hone_fail(err, ERR_JOB_FAILED, "%s", w->end.text);
        }
        int left = timeout_ms < 0 ? -1 : ms_left(end);
        if (await_event(w, left) == 0)
            return 0;
    }
    return 0;
}

const cJSON *worker_sandbox(struct worker_proc *w, int timeout_ms, struct hone_err *err)
{
    int64_t end = clock_mono_us() + (int64_t)timeout_ms * 1000;
    while (!w->greeted) {
        cJSON *frame;
        int rc = read_one(w, &frame, err);
        if (rc < 0)
            return NULL;
        if (rc == 0 && w->reaped) {
            worker_judge(w);
            hone_fail(err, ERR_JOB_FAILED, "%s", w->end.text);
            return NULL;
        }
        if (rc == 0 && await_event(w, ms_left(end)) == 0 && ms_left(end) == 0) {
            hone_fail(err, ERR_JOB_FAILED, "hone-worker did not greet within %d ms", timeout_ms);
            return NULL;
        }
    }
    if (!w->sandbox)
        hone_fail(err, ERR_JOB_FAILED, "hone-worker does not say what it gives up");
    return w->sandbox;
}

int worker_error(const cJSON *frame, struct hone_err *err)
{
    int64_t code = json_int(frame, "code", 0);
    return hone_fail(err, code < 0 && code >= INT16_MIN ? (int)code : ERR_JOB_FAILED, "%s",
                     json_str(frame, "text", "the worker gave no reason"));
}

/* ---- the end ---- */

const struct worker_end *worker_wait(struct worker_proc *w, int grace_ms)
{
    int64_t end = clock_mono_us() + (int64_t)grace_ms * 1000;
    int concluded = w->concluded;
    cJSON *frame;
    while (!w->reaped && ms_left(end) > 0) { /* what it still says must not keep it from ending */
        w->concluded = 0;
        if (worker_next(w, ms_left(end), &frame, NULL) < 0 && !w->reaped)
            break;
        concluded |= w->concluded;
        cJSON_Delete(frame);
    }
    w->concluded = concluded;
    force(w, WORKER_TIMEOUT, "did not end in time");
    worker_judge(w);
    return &w->end;
}

void worker_kill(struct worker_proc *w)
{
    force(w, WORKER_KILLED, "was told to end at once");
    worker_judge(w);
}

int worker_concluded(const struct worker_proc *w)
{
    return w->concluded;
}

const struct worker_end *worker_how(const struct worker_proc *w)
{
    return &w->end;
}

const char *worker_stderr(struct worker_proc *w)
{
    size_t from = 0;
    drain_stderr(w);
    size_t n = w->tail_n;
    while (from < n && from < 3 && ((unsigned char)w->tail[from] & 0xc0) == 0x80)
        from++;
    memcpy(w->tail_text, w->tail + from, n - from);
    w->tail_text[n - from] = '\0';
    for (size_t i = 0; i < n - from; i++) {
        if (w->tail_text[i] == '\0')
            w->tail_text[i] = '?';
    }
    for (size_t bad, i = 0; i < n - from; i = bad + 1) {
        bad = i + utf8_invalid_at(w->tail_text + i, n - from - i);
        if (bad < n - from)
            w->tail_text[bad] = '?';
    }
    return w->tail_text;
}

void worker_free(struct worker_proc *w)
{
    if (!w)
        return;
    if (!w->reaped)
        worker_kill(w);
    cJSON_Delete(w->sandbox);
    frame_reader_free(&w->in);
    if (w->fd >= 0)
        close(w->fd);
    if (w->pid_fd >= 0)
        close(w->pid_fd);
    if (w->err_fd >= 0)
        close(w->err_fd);
    free(w);
}
