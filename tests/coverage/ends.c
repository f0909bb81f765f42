/* In a build with --enable-coverage: what a process counted is written to its .gcda files also when it ends by _exit() or turns into another program,
 * where the C library runs no destructors. For hone and hone-worker, by the linker's --wrap; the plugins that are loaded have counters of their own.
 * What a signal kills loses what it counted. */
#include <errno.h>
#include <link.h>
#include <string.h>

void __gcov_dump(void);
void __gcov_reset(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_execvpe(const char *file, char *const argv[], char *const env[]);
int __wrap_execvpe(const char *file, char *const argv[], char *const env[]);

/* Counters are written by a destructor of each object. The system's own have none. */
static int write_counters(struct dl_phdr_info *info, size_t size, void *unused)
{
    typedef void destructor(void);
    destructor **list = NULL;
    size_t n = 0;
    const ElfW(Dyn) *d = NULL;
    (void)size;
    (void)unused;
    if (strncmp(info->dlpi_name, "/lib", 4) == 0 || strncmp(info->dlpi_name, "/usr", 4) == 0 || strncmp(info->dlpi_name, "linux-", 6) == 0)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            d = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; d && d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_FINI_ARRAY)
            list = (destructor **)(info->dlpi_addr + d->d_un.d_ptr);
        else if (d->d_tag == DT_FINI_ARRAYSZ)
            n = d->d_un.d_val / sizeof *list;
    }
    while (list && n > 0)
        list[--n]();
    return 0;
}

void __wrap__exit(int status)
{
    dl_iterate_phdr(write_counters, NULL);
    __real__exit(status);
}

int __wrap_execvpe(const char *file, char *const argv[], char *const env[])
{
    __gcov_dump();
    int rc = __real_execvpe(file, argv, env), error = errno;
    __gcov_reset();
    errno = error;
    return rc;
}
