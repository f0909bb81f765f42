/* The true cause of a worker's end, as a code and a sentence. See worker_proc.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/jobs/worker_priv.h"

/* The number behind "oom_kill " in a file of the kernel, or -1. */
static int64_t kill_count(const char *path)
{
    struct buf b = { 0 };
    int64_t n = -1;
    if (file_read(path, 1 << 20, &b, NULL) == 0) {
        const char *at = strstr(buf_str(&b), "oom_kill ");
        if (at)
            n = strtoll(at + sizeof "oom_kill " - 1, NULL, 10);
    }
    buf_free(&b);
    return n;
}

/* Version 2 of control groups has one line, "0::/path"; version 1 one a controller, "4:memory:/path". */
static int64_t group_count(void)
{
    struct buf b = { 0 }, path = { 0 };
    const char *at;
    int64_t n = -1;
    if (file_read("/proc/self/cgroup", 1 << 16, &b, NULL) == 0) {
        if ((at = strstr(buf_str(&b), ":memory:")))
            buf_printf(&path, "/sys/fs/cgroup/memory%.*s/memory.oom_control", (int)strcspn(at + 8, "\n"), at + 8);
        else if ((at = strstr(buf_str(&b), "0::")))
            buf_printf(&path, "/sys/fs/cgroup%.*s/memory.events", (int)strcspn(at + 3, "\n"), at + 3);
        n = path.n ? kill_count(buf_str(&path)) : -1;
    }
    buf_free(&path);
    buf_free(&b);
    return n;
}

void oom_read(struct oom_count *c)
{
    c->group = group_count();
    c->machine = kill_count("/proc/vmstat");
}

static const struct {
    int number;
    const char *name;
} signals[] = {
    { SIGSEGV, "SIGSEGV (segmentation fault)" }, { SIGABRT, "SIGABRT (abort)" },
    { SIGBUS, "SIGBUS (bus error)" },            { SIGFPE, "SIGFPE (arithmetic fault)" },
    { SIGILL, "SIGILL (illegal instruction)" },  { SIGSYS, "SIGSYS (forbidden system call)" },
    { SIGKILL, "SIGKILL" },                      { SIGTERM, "SIGTERM" },
    { SIGINT, "SIGINT" },                        { SIGHUP, "SIGHUP" },
    { SIGQUIT, "SIGQUIT" },                      { SIGTRAP, "SIGTRAP" },
    { SIGPIPE, "SIGPIPE" },                      { SIGALRM, "SIGALRM" },
    { SIGXCPU, "SIGXCPU (processor time limit)" }, { SIGXFSZ, "SIGXFSZ (file size limit)" },
};

static void put_signal(struct buf *b, int number)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (signals[i].number == number) {
            buf_puts(b, signals[i].name);
            return;
        }
    }
    buf_printf(b, "signal %d", number);
}

static void put_place(struct buf *b, const struct worker_proc *w)
{
    if (!w->greeted)
        buf_puts(b, " before it had said anything");
    else if (w->epoch >= 0)
        buf_printf(b, " at epoch %lld, step %lld", (long long)w->epoch, (long long)w->step);
}

/* Whether the kernel ended processes for lack of memory while this one ran: 2 in our group, 1 on the machine. */
static int memory_ran_out(const struct worker_proc *w)
{
    struct oom_count now;
    oom_read(&now);
    if (w->oom.group >= 0 && now.group > w->oom.group)
        return 2;
    return w->oom.machine >= 0 && now.machine > w->oom.machine;
}

static void put_killed(struct buf *b, const struct worker_proc *w)
{
    switch (memory_ran_out(w)) {
    case 2:
        buf_puts(b, "hone-worker was killed by the kernel because memory ran out");
        break;
    case 1:
        buf_puts(b, "hone-worker was killed by SIGKILL while the kernel was ending processes for lack of memory");
        break;
    default:
        buf_puts(b, "hone-worker was killed by SIGKILL, which the program itself did not send: somebody else did, or "
                    "the kernel for lack of memory (its log tells)");
    }
    put_place(b, w);
    buf_printf(b, "; it had used %lld MB", (long long)w->peak_memory_mb);
}

/* What the status of the process says. */
static void put_status(struct buf *b, struct worker_proc *w)
{
    struct worker_end *e = &w->end;
    if (w->status == -1) {
        e->cause = WORKER_EXIT;
        e->exit_code = -1;
        buf_puts(b, "hone-worker ended, and its exit code is not known");
    } else if (WIFSIGNALED(w->status)) {
        e->cause = WORKER_SIGNAL;
        e->signal = WTERMSIG(w->status);
        if (e->signal == SIGKILL && w->forced == WORKER_ALIVE && !w->concluded) {
            e->cause = memory_ran_out(w) ? WORKER_OOM : WORKER_SIGNAL;
            put_killed(b, w);
            return;
        }
        buf_puts(b, "hone-worker was killed by ");
        put_signal(b, e->signal);
    } else {
        e->cause = WORKER_EXIT;
        e->exit_code = WEXITSTATUS(w->status);
        buf_printf(b, "hone-worker ended with exit code %d%s", e->exit_code,
                   w->concluded ? "" : " and without a result");
    }
    put_place(b, w);
}

static void put_forced(struct buf *b, const struct worker_proc *w)
{
    buf_printf(b, "hone-worker %s%s", w->forced_text, w->forced == WORKER_KILLED ? "" : WIFEXITED(w->status) ? " and ended" : " and was killed");
    put_place(b, w);
}

/* The last line of what it wrote to standard error. */
static void put_last_words(struct buf *b, struct worker_proc *w)
{
    const char *text = worker_stderr(w), *end = text + strlen(text);
    while (end > text && (end[-1] == '\n' || end[-1] == ' '))
        end--;
    const char *line = end;
    while (line > text && line[-1] != '\n')
        line--;
    if (end > line)
        buf_printf(b, "; its last words: %.*s", (int)(end - line), line);
}

static void put_code(struct worker_end *e)
{
    static const char *const names[] = {
        [WORKER_ALIVE] = "alive", [WORKER_DONE] = "done",         [WORKER_OOM] = "oom",
        [WORKER_SIGNAL] = "signal", [WORKER_EXIT] = "exit",       [WORKER_PROTOCOL] = "protocol",
        [WORKER_TIMEOUT] = "timeout", [WORKER_KILLED] = "killed",
    };
    int number = e->cause == WORKER_SIGNAL ? e->signal : e->exit_code;
    if (e->cause == WORKER_SIGNAL || e->cause == WORKER_EXIT)
        snprintf(e->code, sizeof e->code, "%s:%d", names[e->cause], number);
    else
        snprintf(e->code, sizeof e->code, "%s", names[e->cause]);
}

void worker_judge(struct worker_proc *w)
{
    struct buf b = { 0 };
    struct worker_end *e = &w->end;
    *e = (struct worker_end){ .peak_memory_mb = w->peak_memory_mb };
    put_status(&b, w);
    if (w->concluded) {
        int odd = e->signal != 0 || w->forced != WORKER_ALIVE;
        e->cause = WORKER_DONE;
        buf_clear(&b);
        if (odd && w->forced != WORKER_ALIVE)
            put_forced(&b, w);
        else if (odd)
            put_status(&b, w), e->cause = WORKER_DONE;
        if (odd)
            buf_puts(&b, "; the task itself had ended before");
    } else if (w->forced != WORKER_ALIVE) {
        e->cause = w->forced;
        buf_clear(&b);
        put_forced(&b, w);
    }
    if (e->cause != WORKER_DONE && e->cause != WORKER_KILLED)
        put_last_words(&b, w);
    const char *text = buf_str(&b);
    size_t n = text ? strlen(text) : 0, cut = n < sizeof e->text ? n : sizeof e->text - 1;
    cut = text ? utf8_invalid_at(text, cut) : 0;
    memcpy(e->text, text ? text : "", cut);
    e->text[cut] = '\0';
    put_code(e);
    buf_free(&b);
}
