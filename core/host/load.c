/* See load.h. */
#include "core/host/load.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/host/adopt.h"
#include "core/host/check.h"
#include "core/host/linked.h"
#include "core/host/pins.h"
#include "core/host/sandbox_calls.h"

#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
#define ELF_CLASS ELFCLASS64
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
#define ELF_CLASS ELFCLASS32
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELF_DATA ELFDATA2LSB
#else
#define ELF_DATA ELFDATA2MSB
#endif
#define MAX_SEGMENTS 64u

/* The machine number of the running program, 0 when it cannot be read. */
static unsigned own_machine(void)
{
    elf_header h = { 0 };
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = file_read_at(fd, &h, sizeof h, 0);
    close(fd);
    return n == (ssize_t)sizeof h ? h.e_machine : 0;
}

/* Mapping an object that ends early kills the process with SIGBUS, so its segments are measured first. */
static int check_segments(int fd, const elf_header *h, int64_t size, const char *path, struct hone_err *err)
{
    elf_segment seg[MAX_SEGMENTS];
    size_t bytes = h->e_phnum * sizeof seg[0];
    if (h->e_phentsize != sizeof seg[0] || h->e_phnum == 0 || h->e_phnum > MAX_SEGMENTS)
        return hone_fail(err, ERR_PLUGIN, "%s: its ELF program headers make no sense (%u of %u bytes); build it again",
                         path, h->e_phnum, h->e_phentsize);
    if (h->e_phoff > INT64_MAX / 2 || file_read_at(fd, seg, bytes, (int64_t)h->e_phoff) != (ssize_t)bytes)
        return hone_fail(err, ERR_PLUGIN, "%s: it is cut off (%lld bytes, its program headers lie behind the end); build "
                         "or copy it again", path, (long long)size);
    for (unsigned i = 0; i < h->e_phnum; i++) {
        if (seg[i].p_type == PT_LOAD &&
            (seg[i].p_offset > (uint64_t)size || seg[i].p_filesz > (uint64_t)size - seg[i].p_offset))
            return hone_fail(err, ERR_PLUGIN, "%s: it is cut off (%lld bytes, a segment ends at %llu); build or copy it "
                             "again", path, (long long)size, (unsigned long long)(seg[i].p_offset + seg[i].p_filesz));
    }
    return 0;
}

static int check_elf(int fd, int64_t size, const char *path, struct hone_err *err)
{
    elf_header h;
    ssize_t n = file_read_at(fd, &h, sizeof h, 0);
    if (n < (ssize_t)EI_NIDENT || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
        return hone_fail(err, ERR_PLUGIN, "%s: it is no shared object (%s); a plugin is built with cc -shared -fPIC", path,
                         n == 0 ? "the file is empty" : "it does not begin as an ELF file");
    if (h.e_ident[EI_CLASS] != ELF_CLASS || h.e_ident[EI_DATA] != ELF_DATA)
        return hone_fail(err, ERR_PLUGIN, "%s: it was built for another kind of machine (word size or byte order differ)",
                         path);
    if (n < (ssize_t)sizeof h)
        return hone_fail(err, ERR_PLUGIN, "%s: it is cut off after %lld bytes; build or copy it again", path,
                         (long long)size);
    unsigned machine = own_machine();
    if (machine && h.e_machine != machine)
        return hone_fail(err, ERR_PLUGIN, "%s: it was built for another processor (ELF machine %u, this hone is %u)", path,
                         h.e_machine, machine);
    if (h.e_type != ET_DYN)
        return hone_fail(err, ERR_PLUGIN, "%s: it is %s, not a shared object; link it with -shared", path,
                         h.e_type == ET_REL ? "an object file" : h.e_type == ET_EXEC ? "a program" : "another ELF file");
    return check_segments(fd, &h, size, path, err);
}

static void close_files(struct loaded *l)
{
    if (l->fd >= 0)
        close(l->fd);
    if (l->dir_fd >= 0)
        close(l->dir_fd);
    l->fd = l->dir_fd = -1;
}

/* Who could change this program anyway: its owner, its user, root. */
static int is_trusted(uid_t owner)
{
    struct stat own;
    return owner == 0 || owner == geteuid() || (stat("/proc/self/exe", &own) == 0 && owner == own.st_uid);
}

/* Whether members of the group are only those whom the user lets in: its own one, as where everybody has a group of that name. */
static int group_writes(const struct stat *st)
{
    return (st->st_mode & S_IWGRP) && st->st_gid != 0 && st->st_gid != getegid();
}

static int check_directory(const struct stat *st, const char *path, const char *dir, struct hone_err *err)
{
    if (!is_trusted(st->st_uid))
        return hone_fail(err, ERR_PLUGIN, "%s: its directory belongs to user %u, who could put another file in its place; give %s to root or to "
                         "the user who runs hone", path, (unsigned)st->st_uid, dir);
    if (!(st->st_mode & S_ISVTX) && ((st->st_mode & S_IWOTH) || group_writes(st)))
        return hone_fail(err, ERR_PLUGIN, "%s: others may put files into its directory (mode %03o), so its code is not trusted; chmod go-w %s", path,
                         st->st_mode & 0777u, dir);
    return 0;
}

static int check_file(const struct stat *st, const char *path, struct hone_err *err)
{
    if (!S_ISREG(st->st_mode))
        return hone_fail(err, ERR_PLUGIN, "%s: it is %s, not a file", path,
                         S_ISDIR(st->st_mode) ? "a directory" : S_ISFIFO(st->st_mode) ? "a pipe" : "something else");
    if (!is_trusted(st->st_uid))
        return hone_fail(err, ERR_PLUGIN, "%s: it belongs to user %u, who is neither root nor the user who runs hone; chown it if its code is to "
                         "be trusted", path, (unsigned)st->st_uid);
    if (st->st_mode & S_IWOTH)
        return hone_fail(err, ERR_PLUGIN, "%s: everybody may write to it (mode %03o), so its code is not trusted; chmod o-w "
                         "it", path, st->st_mode & 0777u);
    if (group_writes(st))
        return hone_fail(err, ERR_PLUGIN, "%s: group %u may write to it (mode %03o), so its code is not trusted; chmod g-w it", path,
                         (unsigned)st->st_gid, st->st_mode & 0777u);
    return 0;
}

/* Opens directory and file, and checks what was opened: whoever renames either one meanwhile changes nothing. Without waiting, since a
 * named pipe must not hold the program up. `real` has no symbolic links. */
static int open_checked(const char *real, struct loaded *out, struct hone_err *err)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(real, '/');
    struct stat st;
    snprintf(dir, sizeof dir, "%.*s", slash == real ? 1 : (int)(slash - real), real);
    out->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->dir_fd < 0 || fstat(out->dir_fd, &st) != 0)
        return hone_fail(err, ERR_PLUGIN, "%s: its directory cannot be opened: %s", real, strerror(errno));
    if (check_directory(&st, real, dir, err) < 0)
        return err->code;
    out->fd = openat(out->dir_fd, slash + 1, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (out->fd < 0 || fstat(out->fd, &st) != 0)
        return hone_fail(err, ERR_PLUGIN, "%s: cannot be opened: %s", real, strerror(errno));
    out->dev = st.st_dev;
    out->ino = st.st_ino;
    out->bytes = st.st_size;
    return check_file(&st, real, err);
}

/* What dlerror() says, without the name, which our sentence has in front. */
static const char *dl_text(const char *path)
{
    const char *s = dlerror();
    size_t n = strlen(path);
    if (!s)
        return "unknown cause";
    return strncmp(s, path, n) == 0 && s[n] == ':' ? s + n + 2 : s;
}

/* Whether it looks for libraries beside itself: then it has to be opened by its directory, which has been checked as well. */
static int names_origin(int fd, int64_t size)
{
    const char *p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return 0;
    int found = memmem(p, (size_t)size, "$ORIGIN", 7) || memmem(p, (size_t)size, "${ORIGIN}", 9);
    munmap((void *)(uintptr_t)p, (size_t)size);
    return found;
}

/* Descriptors whose names the loader knows. It takes two objects of one name for the same, so that they stay open as long as the process
 * lives; a file that is opened again keeps its first ones, by which it cannot have become another. */
static struct {
    struct loader_file {
        dev_t dev;
        ino_t ino;
        int fd, dir_fd;
    } *v;
    size_t n;
} known;

static int keep_open(struct loaded *l, struct hone_err *err)
{
    for (size_t i = 0; i < known.n; i++) {
        if (known.v[i].dev != l->dev || known.v[i].ino != l->ino)
            continue;
        close_files(l);
        l->fd = known.v[i].fd;
        l->dir_fd = known.v[i].dir_fd;
        return 0;
    }
    struct loader_file *v = realloc(known.v, (known.n + 1) * sizeof *v);
    if (!v) {
        close_files(l);
        return hone_fail(err, HONE_ENOMEM, "%s: memory ran out", l->path);
    }
    known.v = v;
    v[known.n++] = (struct loader_file){ l->dev, l->ino, l->fd, l->dir_fd };
    return 0;
}

int load_holds(int fd)
{
    for (size_t i = 0; i < known.n; i++) {
        if (known.v[i].fd == fd || known.v[i].dir_fd == fd)
            return 1;
    }
    return 0;
}

/* Takes the descriptor when it is one of this host's interface and in order. */
static int take_descriptor(struct loaded *l, const struct hone_plugin *built, struct hone_err *err)
{
    l->info = plugin_adopt(built, err);
    return l->info ? plugin_check(l->info, l->path, err) : err_prefix(err, "%s", l->path);
}

/* The name under which the loader opens what was checked, and no other file. Debuggers find symbols by the path only. */
static void loader_name(const struct loaded *l, char *out, size_t size)
{
    if (sandbox_off())
        snprintf(out, size, "%s", l->path);
    else if (names_origin(l->fd, l->bytes))
        snprintf(out, size, "/proc/self/fd/%d/%s", l->dir_fd, strrchr(l->path, '/') + 1);
    else
        snprintf(out, size, "/proc/self/fd/%d", l->fd);
}

static int open_object(struct loaded *l, struct hone_err *err)
{
    char name[PATH_MAX];
    if (keep_open(l, err) < 0)
        return err->code;
    loader_name(l, name, sizeof name);
    dlerror();
    l->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!l->handle)
        return hone_fail(err, ERR_PLUGIN, "%s: cannot be loaded: %s", l->path, dl_text(name));
    const struct hone_plugin *built = dlsym(l->handle, HONE_PLUGIN_SYMBOL);
    if (!built)
        return hone_fail(err, ERR_PLUGIN, "%s: it exports no symbol %s; end its source with HONE_DEFINE_PLUGIN", l->path,
                         HONE_PLUGIN_SYMBOL);
    if ((uintptr_t)built % _Alignof(struct hone_plugin) != 0)
        return hone_fail(err, ERR_PLUGIN, "%s: %s is not a struct hone_plugin (misaligned)", l->path, HONE_PLUGIN_SYMBOL);
    return take_descriptor(l, built, err);
}

static int load_linked(const char *path, const struct hone_plugin *built, struct loaded *out, struct hone_err *err)
{
    int rc = (out->path = strdup(path)) ? 0 : hone_fail(err, HONE_ENOMEM, "%s: memory ran out", path);
    if (rc == 0)
        rc = linked_sha256(out->sha256, err);
    if (rc == 0)
        rc = pins_check(path, out->sha256, err);
    return rc == 0 ? take_descriptor(out, built, err) : rc;
}

static int load_real(const char *real, struct loaded *out, struct hone_err *err)
{
    int rc = open_checked(real, out, err);
    if (rc == 0 && !(out->path = strdup(real)))
        rc = hone_fail(err, HONE_ENOMEM, "%s: memory ran out", real);
    if (rc == 0)
        rc = check_elf(out->fd, out->bytes, real, err);
    if (rc == 0)
        rc = file_sha256_fd(out->fd, real, out->sha256, err);
    if (rc == 0)
        rc = pins_check(real, out->sha256, err);
    if (rc == 0)
        return open_object(out, err);
    close_files(out);
    return rc;
}

int load_file(const char *path, struct loaded *out, struct hone_err *err)
{
    char real[PATH_MAX];
    const struct hone_plugin *built = linked_find(path);
    *out = (struct loaded){ .fd = -1, .dir_fd = -1 };
    if (!built && !realpath(path, real)) {
        *out = (struct loaded){ 0 };
        return hone_fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_PLUGIN, "%s: cannot be found: %s", path,
                         strerror(errno));
    }
    int rc = built ? load_linked(path, built, out, err) : load_real(real, out, err);
    if (rc != 0)
        load_drop(out); /* without dlclose(), which would run code of what was just refused */
    return rc;
}

void load_drop(struct loaded *l)
{
    free(l->path);
    free((void *)(uintptr_t)l->info);
    *l = (struct loaded){ 0 };
}
