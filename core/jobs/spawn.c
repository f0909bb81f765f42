/* See spawn.h. Between fork and exec only calls are made that a process with threads may make there. */
#include "core/jobs/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/jobs/frame.h"
#include "core/jobs/worker_proc.h"

#define STATUS_FD (WORKER_LOCK_FD + 1) /* tells the parent which call failed; closed by a successful exec */
#define HIGH 16                        /* descriptors wait here while 0 to STATUS_FD are put in place */
#define EXEC_WAIT_MS 30000
#define MAX_FILES 1024                 /* that a worker may have open; a daemon may have many more */

/* What the child reports. */
struct failure {
    int call;
    int error;
};
enum { CALL_FD, CALL_GROUP, CALL_LIMIT, CALL_EXEC, CALL_PARENT };
static const char *const calls[] = {
    "set up descriptors", "make a process group", "set a limit", "run it", "find the process that started it",
};

static _Noreturn void child_fail(int status_fd, int call)
{
    struct failure f = { call, errno };
    while (write(status_fd, &f, sizeof f) < 0 && errno == EINTR)
        ;
    _exit(127);
}

/* close_range() without its wrapper, which older C libraries lack; where the kernel lacks it, one by one. */
static void close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
#endif
    struct rlimit r;
    int end = getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < (1 << 20) ? (int)r.rlim_cur : 1 << 20;
    for (int fd = first; fd < end; fd++)
        close(fd);
}

/* Puts `from` at number `to`, without close-on-exec. */
static int place(int from, int to)
{
    return from < 0 ? 0 : dup2(from, to);
}

static int high(int fd)
{
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
}

static void child_descriptors(const struct spawn *s, int status)
{
    int frame = high(s->frame_fd), lock = high(s->lock_fd), out = high(s->out_fd), err = high(s->err_fd);
    int up = high(status);
    if (frame < 0 || up < 0 || (s->lock_fd >= 0 && lock < 0) || (s->out_fd >= 0 && out < 0) ||
        (s->err_fd >= 0 && err < 0))
        child_fail(status, CALL_FD);
    if (place(frame, FRAME_FD) < 0 || place(lock, WORKER_LOCK_FD) < 0 || place(out, STDOUT_FILENO) < 0 ||
        place(err, STDERR_FILENO) < 0 || dup3(up, STATUS_FD, O_CLOEXEC) < 0)
        child_fail(up, CALL_FD);
    if (lock < 0)
        close(WORKER_LOCK_FD);
    close_from(STATUS_FD + 1);
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0)
            child_fail(STATUS_FD, CALL_FD);
    }
}

static void child_limits(const struct spawn *s)
{
    struct rlimit none = { 0, 0 }, files = { MAX_FILES, MAX_FILES }, data = { (rlim_t)s->memory_mb << 20, (rlim_t)s->memory_mb << 20 }, now;
    if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < MAX_FILES)
        files.rlim_cur = files.rlim_max = now.rlim_max;
    if (setrlimit(RLIMIT_CORE, &none) != 0 || setrlimit(RLIMIT_NOFILE, &files) != 0 || (s->memory_mb > 0 && setrlimit(RLIMIT_DATA, &data) != 0))
        child_fail(STATUS_FD, CALL_LIMIT);
}

static _Noreturn void child(const struct spawn *s, int status, pid_t parent)
{
    sigset_t none;
    struct sigaction dflt = { .sa_handler = SIG_DFL };
    for (int sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &dflt, NULL);
    child_descriptors(s, status);
    if (setpgid(0, 0) != 0)
        child_fail(STATUS_FD, CALL_GROUP);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        child_fail(STATUS_FD, CALL_PARENT);
    child_limits(s);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(s->argv[0], s->argv, s->env);
    child_fail(STATUS_FD, CALL_EXEC);
}

/* Waits until the child runs its program or says why it cannot. The child is reaped on failure. */
static int confirm(const struct spawn *s, pid_t pid, int status, struct hone_err *err)
{
    struct failure f = { 0 };
    struct pollfd p = { .fd = status, .events = POLLIN };
    ssize_t n = 0;
    int ready;
    while ((ready = poll(&p, 1, EXEC_WAIT_MS)) < 0 && errno == EINTR)
        ;
    if (ready > 0) {
        while ((n = read(status, &f, sizeof f)) < 0 && errno == EINTR)
            ;
        if (n == 0)
            return 0;
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (n == (ssize_t)sizeof f)
        return hone_fail(err, HONE_EIO, "%s cannot be started: cannot %s: %s", s->argv[0], calls[f.call],
                         strerror(f.error));
    return hone_fail(err, HONE_EIO, "%s cannot be started: it did not begin to run within %d s", s->argv[0],
                     EXEC_WAIT_MS / 1000);
}

pid_t spawn(const struct spawn *s, struct hone_err *err)
{
    int status[2];
    sigset_t all, old;
    if (pipe2(status, O_CLOEXEC) != 0)
        return hone_fail(err, HONE_EIO, "%s cannot be started: no pipe: %s", s->argv[0], strerror(errno));
    pid_t parent = getpid();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* no handler of ours runs in the child */
    pid_t pid = fork();
    if (pid == 0)
        child(s, status[1], parent);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(status[1]);
    int rc;
    if (pid < 0) {
        rc = hone_fail(err, HONE_EIO, "%s cannot be started: no new process: %s", s->argv[0], strerror(error));
    } else {
        (void)setpgid(pid, pid); /* whoever comes first */
        rc = confirm(s, pid, status[0], err);
    }
    close(status[0]);
    return rc == 0 ? pid : rc;
}
