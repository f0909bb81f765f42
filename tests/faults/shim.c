/* A library for LD_PRELOAD between a program and the C library, SQLite's calls included: it lets the n-th write, sync, open, rename, ... of
 * a kind fail, kills the process there, moves the clock, and records what changes files so that power.c can ask what a power loss would have
 * left; allocations fail by shim_memory.c, which is a part of it. Built by the scripts that use it. It looks at files below one directory only, and does nothing until a test says so (shim.h). */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "shim.h"
#include "shim_priv.h"

struct shim_control *shim_control;
#define control shim_control
static int record_fd = -1;

#define REAL(name) ((__typeof__(&name))real_of(#name))
static void *real_of(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (!p)
        abort();
    return p;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SHIM_CONTROL");
    char record[4200];
    struct shim_control *c;
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (c == MAP_FAILED || strncmp(program_invocation_short_name, c->program, strlen(c->program)) != 0)
        return;
    snprintf(record, sizeof record, "%s.record", path);
    fd = (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0) { /* out of the way of programs that count on low numbers */
        record_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 200);
        syscall(SYS_close, fd);
    }
    shim_memory_begin(c);
    control = c;
}

/* ---- which file ---- */

static int below(const char *path)
{
    size_t n = strlen(control->root); /* with its slash */
    return n > 0 && (strncmp(path, control->root, n) == 0 || (strncmp(path, control->root, n - 1) == 0 && !path[n - 1]));
}

/* The path of a descriptor or of a name; whether it counts. */
static int path_of_fd(int fd, char out[4096])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long n = syscall(SYS_readlinkat, AT_FDCWD, link, out, 4095);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 && (below(out) || (control->everywhere && (strncmp(out, "pipe:", 5) == 0 || strncmp(out, "socket:", 7) == 0)));
}

static int path_of_name(int dir, const char *name, char out[4096])
{
    size_t n = 0;
    if (*name != '/') {
        if (dir == AT_FDCWD) {
            if (syscall(SYS_getcwd, out, 4000) < 0)
                return 0;
        } else if (!path_of_fd(dir, out)) {
            return 0;
        }
        n = strlen(out);
        out[n++] = '/';
    }
    snprintf(out + n, 4096 - n, "%s", name);
    return below(out);
}

/* Whether anything is to be known of calls of that kind. */
static int awake(int call)
{
    return control && (control->recording || (control->armed && (control->calls & call)));
}

/* ---- faults ---- */

static void trace(void)
{
    void *frame[32];
    backtrace_symbols_fd(frame, backtrace(frame, 32), record_fd);
}

/* See shim_priv.h. */
int shim_struck(int call, const char *path, int *deed)
{
    *deed = SHIM_FAIL;
    if (!__atomic_load_n(&control->armed, __ATOMIC_ACQUIRE) || !(control->calls & call) ||
        (control->match[0] && !strstr(path, control->match)))
        return 0;
    int n = __atomic_fetch_add(&control->seen, 1, __ATOMIC_ACQ_REL);
    if (n < control->skip || (control->times >= 0 && n >= control->skip + control->times) || (control->times == -2 && n % 2))
        return 0;
    __atomic_add_fetch(&control->hits, 1, __ATOMIC_ACQ_REL);
    *deed = control->deed;
    if (*deed == SHIM_KILL_BEFORE)
        kill(getpid(), SIGKILL);
    if (control->traced && record_fd >= 0)
        trace();
    errno = control->error;
    return 1;
}

static void die_after(int hit)
{
    if (hit)
        kill(getpid(), SIGKILL);
}

/* ---- the record ---- */

static void record(struct shim_entry *e, const void *bytes, size_t n, const void *more, size_t n_more)
{
    struct iovec v[3] = { { e, sizeof *e }, { (void *)(uintptr_t)bytes, n }, { (void *)(uintptr_t)more, n_more } };
    int saved = errno;
    if (!control->recording || record_fd < 0)
        return;
    e->n = (uint32_t)(n + n_more);
    if (syscall(SYS_writev, record_fd, v, 3) != (long)(sizeof *e + e->n))
        abort(); /* half a record proves nothing */
    errno = saved;
}

static uint64_t inode_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void record_paths(uint32_t call, const char *path, const char *other, uint64_t inode)
{
    struct shim_entry e = { .call = call, .inode = inode };
    record(&e, path, strlen(path) + 1, other, other ? strlen(other) + 1 : 0);
}

static void record_open(int fd, int flags, const char *path)
{
    struct stat st;
    if (fd < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    record_paths(SHIM_OPEN, path, NULL, st.st_ino);
    if (flags & O_TRUNC)
        record(&(struct shim_entry){ .call = SHIM_TRUNCATE, .inode = st.st_ino }, NULL, 0, NULL, 0);
}

/* ---- opening ---- */

static int open_any(int dir, const char *name, int flags, mode_t mode)
{
    char path[4096];
    int deed, meant = awake(SHIM_OPEN) && path_of_name(dir, name, path);
    if (meant && shim_struck(SHIM_OPEN, path, &deed) && deed == SHIM_FAIL)
        return -1;
    int fd = (int)syscall(SYS_openat, dir, name, flags | O_LARGEFILE, mode);
    if (meant)
        record_open(fd, flags, path);
    return fd;
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list ap; \
        va_start(ap, flags); \
        mode_t mode = mode_of(flags, ap); \
        va_end(ap); \
        return open_any(AT_FDCWD, path, flags, mode); \
    }
#define OPENS_AT(name) \
    int name(int dir, const char *path, int flags, ...) \
    { \
        va_list ap; \
        va_start(ap, flags); \
        mode_t mode = mode_of(flags, ap); \
        va_end(ap); \
        return open_any(dir, path, flags, mode); \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

/* The C library's own opens by itself. */
static int temporary(char *name, int flags)
{
    char path[4096];
    int deed, meant = awake(SHIM_OPEN) && path_of_name(AT_FDCWD, name, path);
    if (meant && shim_struck(SHIM_OPEN, path, &deed) && deed == SHIM_FAIL)
        return -1;
    int fd = REAL(mkostemp)(name, flags);
    if (meant && fd >= 0 && path_of_name(AT_FDCWD, name, path))
        record_open(fd, O_RDWR, path);
    return fd;
}

int mkostemp(char *name, int flags)
{
    return temporary(name, flags);
}

int mkostemp64(char *name, int flags)
{
    return temporary(name, flags);
}

int mkstemp(char *name)
{
    return temporary(name, 0);
}

/* ---- writing ---- */

static ssize_t write_any(int fd, const void *bytes, size_t n, off_t at, int positioned)
{
    char path[4096];
    int deed = SHIM_FAIL, hit = 0, meant = awake(SHIM_WRITE) && path_of_fd(fd, path);
    if (meant && (hit = shim_struck(SHIM_WRITE, path, &deed)) && deed == SHIM_FAIL)
        return -1;
    if (hit && (deed == SHIM_KILL_TORN || deed == SHIM_SHORT))
        n = n > 1 ? n / 2 : n;
    off_t where = positioned ? at : meant ? lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR) : 0;
    ssize_t done = positioned ? syscall(SYS_pwrite64, fd, bytes, n, at) : syscall(SYS_write, fd, bytes, n);
    if (meant && done > 0)
        record(&(struct shim_entry){ .call = SHIM_WRITE, .inode = inode_of(fd), .offset = where }, bytes, (size_t)done, NULL, 0);
    die_after(hit && deed != SHIM_SHORT);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    return write_any(fd, bytes, n, 0, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return write_any(fd, bytes, n, at, 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return write_any(fd, bytes, n, at, 1);
}

/* ---- reading ---- */

static ssize_t read_any(int fd, void *bytes, size_t n, off_t at, int positioned)
{
    char path[4096];
    int deed = SHIM_FAIL;
    if (awake(SHIM_READ) && path_of_fd(fd, path) && shim_struck(SHIM_READ, path, &deed)) {
        if (deed == SHIM_FAIL)
            return -1;
        n = n > 1 ? n / 2 : n;
    }
    return positioned ? syscall(SYS_pread64, fd, bytes, n, at) : syscall(SYS_read, fd, bytes, n);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    return read_any(fd, bytes, n, 0, 0);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    return read_any(fd, bytes, n, at, 1);
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t at)
{
    return read_any(fd, bytes, n, at, 1);
}

/* Those that the C library does behind its own functions, told by their names alone; such are not interrupted. */
static int unread(const char *name)
{
    char path[4096];
    int deed;
    return awake(SHIM_READ) && control->error != EINTR && path_of_name(AT_FDCWD, name, path) && shim_struck(SHIM_READ, path, &deed) && deed == SHIM_FAIL;
}

FILE *fopen(const char *name, const char *mode)
{
    return unread(name) ? NULL : REAL(fopen)(name, mode);
}

FILE *fopen64(const char *name, const char *mode)
{
    return unread(name) ? NULL : REAL(fopen64)(name, mode);
}

DIR *opendir(const char *name)
{
    return unread(name) ? NULL : REAL(opendir)(name);
}

DIR *fdopendir(int fd)
{
    char path[4096];
    int deed;
    if (awake(SHIM_READ) && control->error != EINTR && path_of_fd(fd, path) && shim_struck(SHIM_READ, path, &deed) && deed == SHIM_FAIL)
        return NULL;
    return REAL(fdopendir)(fd);
}

/* ---- lengths and syncs ---- */

static int truncate_any(int fd, off_t length)
{
    char path[4096];
    int deed = SHIM_FAIL, hit = 0, meant = awake(SHIM_TRUNCATE) && path_of_fd(fd, path);
    if (meant && (hit = shim_struck(SHIM_TRUNCATE, path, &deed)) && deed == SHIM_FAIL)
        return -1;
    int rc = (int)syscall(SYS_ftruncate, fd, length);
    if (meant && rc == 0)
        record(&(struct shim_entry){ .call = SHIM_TRUNCATE, .inode = inode_of(fd), .offset = length }, NULL, 0, NULL, 0);
    die_after(hit);
    return rc;
}

int ftruncate(int fd, off_t length)
{
    return truncate_any(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return truncate_any(fd, length);
}

static int sync_any(int fd, long number, const void *caller)
{
    char path[4096];
    struct shim_entry e = { .call = SHIM_SYNC };
    Dl_info where;
    int deed = SHIM_FAIL, hit = 0, meant = awake(SHIM_SYNC) && path_of_fd(fd, path);
    if (meant && (hit = shim_struck(SHIM_SYNC, path, &deed)) && deed == SHIM_FAIL)
        return -1;
    int rc = (int)syscall(number, fd);
    if (meant && rc == 0) {
        e.inode = inode_of(fd);
        if (control->recording && dladdr(caller, &where) && where.dli_fname) {
            const char *slash = strrchr(where.dli_fname, '/');
            e.site = (uint64_t)((uintptr_t)caller - (uintptr_t)where.dli_fbase);
            snprintf(e.object, sizeof e.object, "%s", slash ? slash + 1 : where.dli_fname);
        }
        record(&e, path, strlen(path) + 1, NULL, 0);
    }
    die_after(hit);
    return rc;
}

int fsync(int fd)
{
    return sync_any(fd, SYS_fsync, __builtin_return_address(0));
}

int fdatasync(int fd)
{
    return sync_any(fd, SYS_fdatasync, __builtin_return_address(0));
}

/* ---- names ---- */

static int renamed(int call, long number, const char *from, const char *to)
{
    char a[4096], b[4096];
    int deed = SHIM_FAIL, hit = 0, meant = awake(call) && path_of_name(AT_FDCWD, from, a) && path_of_name(AT_FDCWD, to, b);
    if (meant && (hit = shim_struck(call, b, &deed)) && deed == SHIM_FAIL)
        return -1;
    int rc = (int)syscall(number, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (meant && rc == 0)
        record_paths((uint32_t)call, a, b, 0);
    die_after(hit);
    return rc;
}

int rename(const char *from, const char *to)
{
    return renamed(SHIM_RENAME, SYS_renameat2, from, to);
}

int link(const char *from, const char *to)
{
    return renamed(SHIM_LINK, SYS_linkat, from, to);
}

static int removed(int dir, const char *name, int flags)
{
    char path[4096];
    int deed = SHIM_FAIL, hit = 0, meant = awake(SHIM_UNLINK) && path_of_name(dir, name, path);
    if (meant && (hit = shim_struck(SHIM_UNLINK, path, &deed)) && deed == SHIM_FAIL)
        return -1;
    int rc = (int)syscall(SYS_unlinkat, dir, name, flags);
    if (meant && rc == 0)
        record_paths(SHIM_UNLINK, path, NULL, 0);
    die_after(hit);
    return rc;
}

int unlink(const char *name)
{
    return removed(AT_FDCWD, name, 0);
}

int unlinkat(int dir, const char *name, int flags)
{
    return removed(dir, name, flags);
}

int rmdir(const char *name)
{
    return removed(AT_FDCWD, name, AT_REMOVEDIR);
}

int mkdir(const char *name, mode_t mode)
{
    char path[4096];
    struct stat st;
    int deed = SHIM_FAIL, hit = 0, meant = awake(SHIM_MKDIR) && path_of_name(AT_FDCWD, name, path);
    if (meant && (hit = shim_struck(SHIM_MKDIR, path, &deed)) && deed == SHIM_FAIL)
        return -1;
    int rc = (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
    if (meant && rc == 0)
        record_paths(SHIM_MKDIR, path, NULL, stat(path, &st) == 0 ? st.st_ino : 0);
    die_after(hit);
    return rc;
}

/* ---- what is no file ---- */

pid_t fork(void)
{
    int deed;
    if (control && control->armed && (control->calls & SHIM_FORK) && shim_struck(SHIM_FORK, control->match, &deed) && deed == SHIM_FAIL)
        return -1;
    return REAL(fork)();
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    static __typeof__(&clock_gettime) real;
    __typeof__(&clock_gettime) call = __atomic_load_n(&real, __ATOMIC_ACQUIRE);
    if (!call)
        __atomic_store_n(&real, call = REAL(clock_gettime), __ATOMIC_RELEASE);
    int rc = call(id, t);
    if (rc == 0 && control && id == CLOCK_REALTIME)
        t->tv_sec += __atomic_load_n(&control->clock_ms, __ATOMIC_ACQUIRE) / 1000;
    if (rc == 0 && control && id == CLOCK_MONOTONIC)
        t->tv_sec += __atomic_load_n(&control->mono_ms, __ATOMIC_ACQUIRE) / 1000;
    return rc;
}
