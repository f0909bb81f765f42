/* An optimizer that tries, in its init() and in its first update, what no plugin may: files outside of its task, network, other processes.
 * init() fails with a sentence that names what got through; update() then makes the parameters NaN. CALLS=0: only files are tried. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "hone/optimizer.h"

#ifndef SECRET /* tests/abi/sandbox.sh names a file that is there; without, the sources are only read by tools */
#define SECRET "/secret"
#endif

#ifndef CALLS
#define CALLS 1
#endif

static char through[400];
static int tried;

static void note(const char *what, int got_through)
{
    tried++;
    if (got_through && strlen(through) + strlen(what) + 3 < sizeof through) {
        strncat(through, ", ", 3);
        strncat(through, what, 100);
    }
}

static void open_file(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    note(path, fd >= 0);
    if (fd >= 0)
        close(fd);
}

static void try_files(void)
{
    static const char *const secret[] = { "/etc/shadow", "/etc/passwd", "/etc/hostname", "/etc/ssl", "/root", "/home", "/var/lib/dpkg/status",
                                          "/proc/1/environ", "/proc/1/maps", "/var/log", SECRET };
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
        open_file(secret[i], O_RDONLY);
    open_file("/tmp/hone-escape", O_WRONLY | O_CREAT);
    open_file("/var/tmp/hone-escape", O_WRONLY | O_CREAT);
    open_file("/dev/shm/hone-escape", O_WRONLY | O_CREAT);
    open_file("/usr/hone-escape", O_WRONLY | O_CREAT);
    open_file(SECRET, O_WRONLY);
    note("mkdir", mkdir("/tmp/hone-escape-dir", 0700) == 0);
    note("unlink", unlink(SECRET) == 0);
    note("rename", rename(SECRET, SECRET ".moved") == 0);
    note("truncate", truncate(SECRET, 0) == 0);
}

/* A call that is refused ends with EPERM, or ENOSYS; anything else means that it was looked at. */
static void call(const char *what, long rc)
{
    note(what, rc >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES));
}

static void try_calls(void)
{
    call("socket tcp", socket(AF_INET, SOCK_STREAM, 0));
    call("socket tcp6", socket(AF_INET6, SOCK_STREAM, 0));
    call("socket udp", socket(AF_INET, SOCK_DGRAM, 0));
    call("socket unix", socket(AF_UNIX, SOCK_STREAM, 0));
    call("socket netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    call("ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
    call("kill the parent", kill(getppid(), 0));
    call("kill all", kill(-1, 0));
    call("kill init", kill(1, 0));
    call("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
    call("unshare", unshare(CLONE_NEWUSER));
    call("setns", setns(0, 0));
    call("chroot", chroot("/usr"));
    call("execve", execve("/bin/true", (char *[]){ "true", NULL }, (char *[]){ NULL }));
    call("bpf", syscall(SYS_bpf, 0, NULL, 0));
    call("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
    call("userfaultfd", syscall(SYS_userfaultfd, 0));
    call("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
    call("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
    call("process_vm_readv", syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
    call("symlink", symlink("/etc/shadow", "link"));
    call("setsid", setsid());
    call("tkill the parent", syscall(SYS_tkill, getppid(), 0));
    call("have the parent signalled", fcntl(0, F_SETOWN, getppid()));
    call("have it signalled otherwise", fcntl(0, F_SETSIG, SIGKILL));
    call("outlive the supervisor", prctl(PR_SET_PDEATHSIG, 0));
    call("raise limits", setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1 << 20, 1 << 20 }));
    call("chmod", chmod(SECRET, 0666));
    call("utime", utimes(SECRET, NULL));
    call("setxattr", setxattr(SECRET, "user.x", "x", 1, 0));
    call("shmget", shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
    call("msgget", msgget(IPC_PRIVATE, IPC_CREAT | 0600));
    call("mq_open", syscall(SYS_mq_open, "hone", O_CREAT | O_RDWR, 0600, NULL));
    long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    call("fork", child);
}

/* What was to be given up before any plugin is loaded. */
static void look_around(void)
{
    struct rlimit core = { 1, 1 }, files = { 1 << 20, 1 << 20 };
    int signal_number = 0;
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_GET_PDEATHSIG, &signal_number);
    note("core dumps", core.rlim_max != 0);
    note("files without end", files.rlim_max > 1024);
    note("new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1);
    note("a life after the supervisor's", gettid() == getpid() && signal_number != SIGKILL); /* each thread has its own, the first one's counts */
    note("somebody else's process group", getpgrp() != getpid());
    note("the environment", getenv("A_SECRET") != NULL);
}

static int try_all(struct hone_err *err)
{
    through[0] = '\0';
    tried = 0;
    look_around();
    int allowed = open("/usr/lib", O_RDONLY | O_CLOEXEC);
    if (allowed < 0)
        return hone_fail(err, HONE_EIO, "it cannot even read /usr/lib: the attempts show nothing");
    close(allowed);
    try_files();
    if (CALLS)
        try_calls();
    return through[0] ? hone_fail(err, HONE_EIO, "of %d attempts these got through: %s", tried, through + 2) : 0;
}

static int init(const struct hone_host *host, struct hone_err *err)
{
    (void)host;
    return try_all(err);
}

struct conf {
    double lr;
};
static const struct hone_param settings[] = { HONE_ROW(struct conf, lr, HONE_REAL, 0, 1e-3, 0, 10, "step size") };

static void update(const struct hone_span *s)
{
    const struct conf *c = (const struct conf *)s->conf;
    int bad = s->step == 1 && try_all(NULL) != 0;
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] = bad ? NAN : s->param[i] - (float)c->lr * s->grad[i];
}

static const struct hone_optimizer escape = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "escape", "tries what no plugin may", "Not for use.", settings, struct conf, 0, NULL),
    .slot_size = sizeof(struct hone_slot), .state_version = 1, .update = update,
};
HONE_DEFINE_PLUGIN("escape", "1.0", "Apache-2.0", "", init, NULL, &escape.item);
