/* What the file of a plugin gives and takes: symbols and libraries, read from its ELF tables. See check_plugin.h. */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/worker/check_plugin.h"

#define LARGEST (256u << 20)

struct image {
    const unsigned char *p;
    size_t n;
    const ElfW(Sym) *symbol;
    size_t symbols;
    const char *names;           /* of symbols and libraries */
    size_t names_size;
    const ElfW(Dyn) *dyn;
    size_t dyns;
};

/* Section data, NULL when the file does not hold all of it. */
static const void *section(const struct image *m, const ElfW(Shdr) *s)
{
    return s->sh_offset <= m->n && s->sh_size <= m->n - s->sh_offset ? m->p + s->sh_offset : NULL;
}

/* 0, or -1 for what is no shared object of this machine, or has no section table (stripped of it). */
static int read_image(struct image *m)
{
    const ElfW(Ehdr) *head = (const void *)m->p;
    if (m->n < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_shentsize != sizeof(ElfW(Shdr)) ||
        head->e_shoff > m->n || (m->n - head->e_shoff) / sizeof(ElfW(Shdr)) < head->e_shnum)
        return -1;
    const ElfW(Shdr) *s = (const void *)(m->p + head->e_shoff);
    for (int i = 0; i < head->e_shnum; i++) {
        if (s[i].sh_type == SHT_DYNAMIC) {
            m->dyn = section(m, &s[i]);
            m->dyns = m->dyn ? s[i].sh_size / sizeof *m->dyn : 0;
        }
        if (s[i].sh_type != SHT_DYNSYM || s[i].sh_link >= head->e_shnum)
            continue;
        m->symbol = section(m, &s[i]);
        m->symbols = m->symbol ? s[i].sh_size / sizeof *m->symbol : 0;
        m->names = section(m, &s[s[i].sh_link]);
        m->names_size = m->names ? s[s[i].sh_link].sh_size : 0;
    }
    return m->symbol && m->names && m->names_size && m->names[m->names_size - 1] == '\0' ? 0 : -1;
}

static const char *name_at(const struct image *m, size_t at)
{
    return at < m->names_size ? m->names + at : "";
}

static int among(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return 1;
    return 0;
}

/* What the compiler's own tools bring in. */
static int of_tools(const char *name)
{
    static const char *const names[] = { "_init", "_fini", "_edata", "_end", "__bss_start", NULL };
    return among(name, names) || strncmp(name, "__asan", 6) == 0 || strncmp(name, "__ubsan", 7) == 0 || strncmp(name, "__odr_asan", 10) == 0;
}

static void add_name(struct buf *b, const char *name)
{
    buf_printf(b, "%s%s", b->n ? ", " : "", name);
}

static void check_exports(struct checking *c, const struct image *m)
{
    struct buf b = { 0 };
    char why[400];
    for (size_t i = 1; i < m->symbols; i++) {
        const char *name = name_at(m, m->symbol[i].st_name);
        unsigned bind = m->symbol[i].st_info >> 4;
        if (m->symbol[i].st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK) && strcmp(name, "hone_plugin_info") != 0 &&
            !of_tools(name))
            add_name(&b, name);
    }
    snprintf(why, sizeof why, "also %.300s; compile with -fvisibility=hidden, or make functions static", buf_str(&b));
    check_line(c, "exports hone_plugin_info alone", b.n ? why : NULL);
    buf_free(&b);
}

static void check_imports(struct checking *c, const struct image *m)
{
    static const char *const never[] = { "exit",      "_exit",   "_Exit",       "quick_exit",   "fork",     "vfork",      "system",
                                         "setlocale", "uselocale", "signal",    "sigaction",    "sigprocmask", "fesetround", "fesetenv",
                                         "feenableexcept", "fedisableexcept", "feholdexcept", "feupdateenv", "longjmp", NULL };
    struct buf b = { 0 };
    char why[400];
    for (size_t i = 1; i < m->symbols; i++)
        if (m->symbol[i].st_shndx == SHN_UNDEF && among(name_at(m, m->symbol[i].st_name), never))
            add_name(&b, name_at(m, m->symbol[i].st_name));
    snprintf(why, sizeof why, "it calls %.300s, which a plugin must not", buf_str(&b));
    check_line(c, "calls nothing that changes the process", b.n ? why : NULL);
    buf_free(&b);
}

static void check_libraries(struct checking *c, const struct image *m)
{
    static const char *const fine[] = { "libc.", "libm.", "ld-linux", "ld-musl", "libgcc_s.", "libstdc++.", "libpthread.", "libasan.",
                                        "libubsan.", NULL };
    struct buf b = { 0 };
    char why[400];
    for (size_t i = 0; i < m->dyns && m->dyn[i].d_tag != DT_NULL; i++) {
        const char *name = m->dyn[i].d_tag == DT_NEEDED ? name_at(m, m->dyn[i].d_un.d_val) : "libc.";
        int known = 0;
        for (int k = 0; fine[k]; k++)
            known |= strncmp(name, fine[k], strlen(fine[k])) == 0;
        if (!known)
            add_name(&b, name);
    }
    snprintf(why, sizeof why, "it needs %.300s, which may not be there where it is used", buf_str(&b));
    check_line(c, "needs the C library alone", b.n ? why : NULL);
    buf_free(&b);
}

void check_file(struct checking *c, const char *path)
{
    struct buf b = { 0 };
    struct hone_err err = { 0 };
    if (file_read(path, LARGEST, &b, &err) < 0) {
        check_line(c, "can be read", err.text);
    } else {
        struct image m = { .p = (const unsigned char *)b.p, .n = b.n };
        if (read_image(&m) < 0) {
            check_line(c, "has a table of symbols", "the file has no section table, so that its exports cannot be told");
        } else {
            check_exports(c, &m);
            check_imports(c, &m);
            check_libraries(c, &m);
        }
    }
    buf_free(&b);
}
