/* See load.h. */
#include "core/host/load.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/host/adopt.h"
#include "core/host/check.h"

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
    ssize_t n = read(fd, &h, sizeof h);
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
    if (h->e_phoff > INT64_MAX / 2 || pread(fd, seg, bytes, (off_t)h->e_phoff) != (ssize_t)bytes)
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
    ssize_t n = pread(fd, &h, sizeof h, 0);
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

/* Opened without waiting: a named pipe must not hold the program up. */
static int check_file(const char *path, struct loaded *out, struct hone_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return hone_fail(err, ERR_PLUGIN, "%s: cannot be opened: %s", path, strerror(errno));
    int rc = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = hone_fail(err, ERR_PLUGIN, "%s: it is %s, not a file", path,
                       S_ISDIR(st.st_mode) ? "a directory" : S_ISFIFO(st.st_mode) ? "a pipe" : "something else");
    else if (st.st_mode & S_IWOTH)
        rc = hone_fail(err, ERR_PLUGIN, "%s: everybody may write to it (mode %03o), so its code is not trusted; chmod o-w "
                       "it", path, st.st_mode & 0777u);
    else
        rc = check_elf(fd, st.st_size, path, err);
    out->dev = st.st_dev;
    out->ino = st.st_ino;
    close(fd);
    return rc;
}

/* What dlerror() says, without the path, which stands in front of our sentence. */
static const char *dl_text(const char *path)
{
    const char *s = dlerror();
    size_t n = strlen(path);
    if (!s)
        return "unknown cause";
    return strncmp(s, path, n) == 0 && s[n] == ':' ? s + n + 2 : s;
}

static int open_object(struct loaded *l, struct hone_err *err)
{
    dlerror();
    l->handle = dlopen(l->path, RTLD_NOW | RTLD_LOCAL);
    if (!l->handle)
        return hone_fail(err, ERR_PLUGIN, "%s: cannot be loaded: %s", l->path, dl_text(l->path));
    const struct hone_plugin *built = dlsym(l->handle, HONE_PLUGIN_SYMBOL);
    if (!built)
        return hone_fail(err, ERR_PLUGIN, "%s: it exports no symbol %s; end its source with HONE_DEFINE_PLUGIN", l->path,
                         HONE_PLUGIN_SYMBOL);
    if ((uintptr_t)built % _Alignof(struct hone_plugin) != 0)
        return hone_fail(err, ERR_PLUGIN, "%s: %s is not a struct hone_plugin (misaligned)", l->path, HONE_PLUGIN_SYMBOL);
    l->info = plugin_adopt(built, err);
    return l->info ? plugin_check(l->info, l->path, err) : err_prefix(err, "%s", l->path);
}

int load_file(const char *path, struct loaded *out, struct hone_err *err)
{
    char real[PATH_MAX];
    *out = (struct loaded){ 0 };
    if (!realpath(path, real))
        return hone_fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_PLUGIN, "%s: cannot be found: %s", path,
                         strerror(errno));
    int rc = check_file(real, out, err);
    if (rc == 0 && !(out->path = strdup(real)))
        rc = hone_fail(err, HONE_ENOMEM, "%s: memory ran out", path);
    if (rc == 0)
        rc = file_sha256(real, out->sha256, err);
    if (rc == 0)
        rc = open_object(out, err);
    if (rc != 0) {
        if (out->handle)
            dlclose(out->handle);
        load_drop(out);
    }
    return rc;
}

void load_drop(struct loaded *l)
{
    free(l->path);
    free((void *)(uintptr_t)l->info);
    *l = (struct loaded){ 0 };
}
