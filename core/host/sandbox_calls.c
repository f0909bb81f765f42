/* See sandbox_calls.h: what is refused, by name. All else stays allowed, since plugins may bring any library; an allow list would
 * break with the next C library. A call that this machine does not have is passed over. */
#include "config.h"
#include "core/host/sandbox_calls.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sandbox_off(void)
{
    const char *s = secure_getenv("HONE_SANDBOX");
    return s && strcmp(s, "off") == 0;
}

/* LeakSanitizer traces its own process from a process that it makes; other sanitizers use what is refused as well. */
#if !defined(HAVE_SECCOMP) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

const char *sandbox_filter_absent(void)
{
#ifdef HAVE_SECCOMP
    return "this build has sanitizers: workers may make every system call";
#else
    return "this build is without libseccomp: workers may make every system call";
#endif
}

int sandbox_filter(int forks, struct hone_err *err)
{
    (void)forks;
    (void)err;
    return 0;
}

#else
#include <asm/sockios.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const char *const refused[] = {
    "execve", "execveat", "socket", "connect", "bind", "listen", "accept", "accept4", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "pidfd_getfd", "pidfd_send_signal", "kcmp", "mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot", "unshare", "setns", "swapon", "swapoff", "reboot", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "create_module", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key", "acct", "quotactl", "quotactl_fd", "syslog", "settimeofday",
    "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "iopl", "ioperm", "open_by_handle_at", "name_to_handle_at",
    "fanotify_init", "lookup_dcookie", "nfsservctl", "personality", "vhangup", "setpriority", "sched_setscheduler", "sched_setattr",
    "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "chown", "fchown", "lchown", "fchownat", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset", "vmsplice", "tee", "seccomp", "landlock_create_ruleset",
    /* Landlock does not look at these. */
    "chmod", "fchmodat", "fchmodat2", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
    "utime", "utimes", "utimensat", "futimesat",
    /* What these make outlives its process. */
    "shmget", "msgget", "semget", "mq_open",
};
/* Signals go to this process alone; first argument is a process (or a group, or all). */
static const char *const own[] = { "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo" };

const char *sandbox_filter_absent(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    if (sandbox_off())
        return "HONE_SANDBOX is off: workers may make every system call";
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0u, &action) != 0 ? "this kernel has no seccomp filters: workers may make every system call" : NULL;
}

static int refuse(scmp_filter_ctx f, const char *name, int error)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr == __NR_SCMP_ERROR)
        return 0;
    int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO((unsigned)error), nr, 0);
    return rc == -EDOM || rc == -EACCES ? 0 : rc;
}

static int refuse_others(scmp_filter_ctx f, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    return nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), nr, 1, SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
}

/* With EPERM when the argument of that number is `value`, of which the kernel reads 32 bits. */
static int refuse_value(scmp_filter_ctx f, const char *name, unsigned argument, uint32_t value)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr == __NR_SCMP_ERROR)
        return 0;
    return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), nr, 1, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, value));
}

/* The kernel sends signals for these, and to whom the caller says. */
static int refuse_owners(scmp_filter_ctx f)
{
    static const uint32_t fcntls[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG }, ioctls[] = { FIOSETOWN, SIOCSPGRP };
    int rc = 0;
    for (size_t i = 0; i < sizeof fcntls / sizeof fcntls[0] && rc == 0; i++)
        rc = refuse_value(f, "fcntl", 1, fcntls[i]);
    for (size_t i = 0; i < sizeof ioctls / sizeof ioctls[0] && rc == 0; i++)
        rc = refuse_value(f, "ioctl", 1, ioctls[i]);
    return rc;
}

/* Limits are not raised, and the end of whoever supervises stays the end of this process. */
static int keep_limits(scmp_filter_ctx f)
{
    int rc = refuse(f, "setrlimit", EPERM);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_NE, 0, 0));
    return rc == 0 ? refuse_value(f, "prctl", 0, PR_SET_PDEATHSIG) : rc;
}

/* A thread shares everything; whatever shares less is a process. clone3's flags lie in memory, where a filter cannot look: without it
 * the C library takes clone. */
static int refuse_processes(scmp_filter_ctx f)
{
    int rc = refuse(f, "fork", EPERM);
    if (rc == 0)
        rc = refuse(f, "vfork", EPERM);
    if (rc == 0)
        rc = refuse(f, "clone3", ENOSYS);
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    for (size_t i = 0; i < sizeof own / sizeof own[0] && rc == 0; i++)
        rc = refuse_others(f, own[i]);
    if (rc == 0)
        rc = keep_limits(f);
    if (rc == 0)
        rc = refuse(f, "setsid", EPERM);
    return rc == 0 ? refuse(f, "setpgid", EPERM) : rc;
}

/* A task that tries plugins in processes of its own may end those, but not who started it, and not all at once. */
static int refuse_supervisor(scmp_filter_ctx f)
{
    const uint32_t never[] = { (uint32_t)getppid(), (uint32_t)-1, 0 };
    int rc = 0;
    for (size_t i = 0; i < sizeof never / sizeof never[0] && rc == 0; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, never[i]));
    return rc;
}

static int fill(scmp_filter_ctx f, int forks)
{
    int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0] && rc == 0; i++)
        if (!forks || strcmp(refused[i], "seccomp") != 0)
            rc = refuse(f, refused[i], EPERM);
    if (rc == 0)
        rc = refuse_owners(f);
    if (rc == 0)
        rc = forks ? refuse_supervisor(f) : refuse_processes(f);
    return rc;
}

int sandbox_filter(int forks, struct hone_err *err)
{
    if (sandbox_filter_absent())
        return 0;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    int rc = f ? fill(f, forks) : -ENOMEM;
    if (rc == 0)
        rc = seccomp_load(f);
    if (f)
        seccomp_release(f);
    return rc == 0 ? 0 : hone_fail(err, HONE_EIO, "the task cannot be fenced in: no seccomp filter: %s", strerror(-rc));
}
#endif
