/* See sandbox.h. The kernel's numbers stand here since the system's headers may be older than the kernel that runs. */
#include "core/host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/host/sandbox_calls.h"

#ifndef SYS_landlock_create_ruleset /* the same on every architecture */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define FS_EXECUTE (1u << 0)
#define FS_WRITE_FILE (1u << 1)
#define FS_READ_FILE (1u << 2)
#define FS_READ_DIR (1u << 3)
#define FS_REMOVE_FILE (1u << 5)
#define FS_MAKE_REG (1u << 8)
#define FS_FIRST 0x1fffu        /* interface 1 */
#define FS_REFER (1u << 13)     /* 2 */
#define FS_TRUNCATE (1u << 14)  /* 3 */
#define FS_IOCTL_DEV (1u << 15) /* 5 */
#define NET_TCP 3u              /* 4: bind and connect */
#define SCOPES 3u               /* 6: abstract sockets and signals stay within */
#define ON_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset {
    uint64_t fs, net, scoped;
};
struct beneath {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

struct rule {
    char *path;
    int access;
};
struct sandbox {
    struct rule *v;
    size_t n, cap;
    int oom;
};

/* 0: the kernel has none, or it is switched off. */
static int landlock_version(void)
{
    long v = sandbox_off() ? 0 : syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
    return v > 0 ? (int)v : 0;
}

static struct ruleset handled(int version)
{
    struct ruleset r = { .fs = FS_FIRST };
    r.fs |= version >= 2 ? FS_REFER : 0;
    r.fs |= version >= 3 ? FS_TRUNCATE : 0;
    r.fs |= version >= 5 ? FS_IOCTL_DEV : 0;
    r.net = version >= 4 ? NET_TCP : 0;
    r.scoped = version >= 6 ? SCOPES : 0;
    return r;
}

struct sandbox *sandbox_new(struct hone_err *err)
{
    struct sandbox *s = calloc(1, sizeof *s);
    if (!s)
        hone_fail(err, HONE_ENOMEM, "memory ran out while the task was fenced in");
    return s;
}

void sandbox_free(struct sandbox *s)
{
    for (size_t i = 0; s && i < s->n; i++)
        free(s->v[i].path);
    if (s)
        free(s->v);
    free(s);
}

void sandbox_allow(struct sandbox *s, const char *path, int access)
{
    if (!path || !*path || s->oom)
        return;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 32;
        struct rule *v = realloc(s->v, cap * sizeof *v);
        if (!v) {
            s->oom = 1;
            return;
        }
        s->v = v;
        s->cap = cap;
    }
    s->v[s->n] = (struct rule){ strdup(path), access };
    s->oom = s->v[s->n].path == NULL;
    s->n += !s->oom;
}

void sandbox_allow_system(struct sandbox *s)
{
    static const char *const read[] = {
        "/usr", "/lib", "/lib64", "/lib32", "/opt", "/nix/store", "/gnu/store", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
        "/etc/ld.so.preload", "/etc/localtime", "/dev/zero", "/dev/urandom", "/dev/random", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
        "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup",
    };
    char dir[PATH_MAX];
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        sandbox_allow(s, read[i], SANDBOX_READ);
    sandbox_allow(s, "/dev/null", SANDBOX_WRITE);
    if (path_program_dir(dir, sizeof dir, NULL) == 0)
        sandbox_allow(s, dir, SANDBOX_READ);
}

static uint64_t rights(int access, int is_dir, uint64_t all)
{
    uint64_t r = FS_READ_FILE | FS_READ_DIR;
    if (access & SANDBOX_WRITE)
        r |= FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_FILE | FS_MAKE_REG;
    return r & all & (is_dir ? ~UINT64_C(0) : ON_FILES);
}

static int add_rule(int set, const struct rule *r, uint64_t all, struct hone_err *err)
{
    struct stat st;
    int fd = open(r->path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    struct beneath b = { rights(r->access, S_ISDIR(st.st_mode), all), fd };
    long rc = syscall(SYS_landlock_add_rule, set, 1, &b, 0u);
    int error = errno;
    close(fd);
    return rc == 0 ? 0 : hone_fail(err, HONE_EIO, "the task cannot be fenced in: no Landlock rule for %s: %s", r->path, strerror(error));
}

int sandbox_files(struct sandbox *s, struct hone_err *err)
{
    int version = landlock_version(), rc = 0;
    if (s->oom)
        return hone_fail(err, HONE_ENOMEM, "memory ran out while the task was fenced in");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return hone_fail(err, HONE_EIO, "the task cannot be fenced in: no_new_privs: %s", strerror(errno));
    if (version == 0)
        return 0;
    struct ruleset all = handled(version);
    size_t size = version >= 6 ? sizeof all : version >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
    int set = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0u);
    if (set < 0)
        return hone_fail(err, HONE_EIO, "the task cannot be fenced in: no Landlock rules: %s", strerror(errno));
    for (size_t i = 0; i < s->n && rc == 0; i++)
        rc = add_rule(set, &s->v[i], all.fs, err);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, set, 0u) != 0)
        rc = hone_fail(err, HONE_EIO, "the task cannot be fenced in: Landlock: %s", strerror(errno));
    close(set);
    return rc;
}

int sandbox_calls(int forks, struct hone_err *err)
{
    return sandbox_filter(forks, err);
}

static void put_missing(cJSON *list, int have, const char *text)
{
    if (!have)
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

cJSON *sandbox_describe(void)
{
    int version = landlock_version();
    const char *calls = sandbox_filter_absent();
    cJSON *o = cJSON_CreateObject(), *missing = cJSON_CreateArray();
    json_put_int(o, "landlock", version);
    json_put_bool(o, "network", version >= 4 || !calls);
    json_put_bool(o, "signals", version >= 6 || !calls);
    json_put_bool(o, "calls", !calls);
    put_missing(missing, version > 0, sandbox_off() ? "HONE_SANDBOX is off: workers can open every file that their user can" : "this kernel has no Landlock: workers can open every file that their user can");
    put_missing(missing, version == 0 || version >= 3, "this kernel's Landlock is older than 6.2: workers can cut files off that they cannot open for writing");
    put_missing(missing, !calls, calls);
    json_put(o, "missing", missing);
    return o;
}
