/* hone-manual DIR: writes the man pages of all commands, hone.conf(5) and the completions of three shells into DIR/man and
 * DIR/completions, from the table of commands, the table of settings and docs/cli.md (standard input). Not installed: the tree keeps
 * what it writes (docs/man, etc/completions), so that a build for another machine needs to run nothing. Called by tests/cli/manual.sh. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/api/settings.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/cli/cli.h"
#include "core/cli/manual.h"

/* ---- text as roff ---- */

static void put_char(struct buf *b, char c)
{
    if (c == '\\')
        buf_puts(b, "\\e");
    else if (c == '-')
        buf_puts(b, "\\-");
    else
        buf_putc(b, c);
}

/* n bytes that begin a line or go on with one. */
static void put_plain(struct buf *b, const char *s, size_t n)
{
    if (n && (*s == '.' || *s == '\'') && (b->n == 0 || b->p[b->n - 1] == '\n'))
        buf_puts(b, "\\&");
    for (size_t i = 0; i < n; i++)
        put_char(b, s[i]);
}

/* Markdown within a line: `code` becomes bold, [text](link) its text, \| a bar. */
static void put_markdown(struct buf *b, const char *s, size_t n)
{
    const char *end = s + n;
    int code = 0, link = 0;
    if (n && (*s == '.' || *s == '\''))
        buf_puts(b, "\\&");
    for (; s < end; s++) {
        const char *close;
        if (*s == '`') {
            buf_puts(b, code ? "\\fR" : "\\fB");
            code = !code;
        } else if (!code && *s == '[' && (close = memchr(s, ']', (size_t)(end - s))) && close + 1 < end && close[1] == '(') {
            link = 1;
        } else if (link && *s == ']') {
            const char *after = memchr(s, ')', (size_t)(end - s));
            s = after ? after : end - 1;
            link = 0;
        } else if (*s == '\\' && s + 1 < end && s[1] == '|') {
            continue;
        } else {
            put_char(b, *s);
        }
    }
    if (code)
        buf_puts(b, "\\fR");
}

static void put_section(struct buf *b, const char *title)
{
    buf_printf(b, ".SH %s\n", title);
}

static void put_heading(struct buf *b, const char *name, int section)
{
    buf_printf(b, ".\\\" " MANUAL_NOTE "\n.TH \"");
    for (; *name; name++)
        buf_putc(b, *name == ' ' ? '-' : *name);
    buf_printf(b, "\" %d \"\" \"Hone %s\" \"Hone\"\n", section, HONE_VERSION);
}

/* ---- what docs/cli.md says ---- */

/* The second cell of the row that tells of `hone COMMAND`; NULL when there is none. */
static const char *told(const char *doc, const char *command, size_t *n)
{
    char want[80];
    int length = snprintf(want, sizeof want, "| `hone %s", command);
    for (const char *at = doc; (at = strstr(at, want)); at++) {
        char behind = at[length];
        const char *cell = strstr(at, "` | "), *end = strchr(at, '\n');
        if ((behind != '`' && behind != ' ') || !cell || !end || cell > end || (at > doc && at[-1] != '\n'))
            continue;
        if (behind == ' ' && at[length + 1] >= 'a' && at[length + 1] <= 'z')
            continue; /* a longer command's name */
        *n = (size_t)(end - 2 - (cell + 4));
        return cell + 4;
    }
    return NULL;
}

/* The text between a heading of docs/cli.md and the next one. */
static const char *chapter(const char *doc, const char *heading, size_t *n)
{
    const char *at = strstr(doc, heading), *end;
    if (!at)
        return NULL;
    at = strchr(at, '\n') + 1;
    end = strstr(at, "\n## ");
    *n = end ? (size_t)(end - at) : strlen(at);
    return at;
}

/* Rows of a table become tagged paragraphs, other lines text. */
static void put_chapter(struct buf *b, const char *s, size_t n)
{
    const char *end = s + n;
    int rows = 0;
    while (s < end) {
        const char *line = s, *eol = memchr(s, '\n', (size_t)(end - s));
        s = eol ? eol + 1 : end;
        size_t length = (size_t)((eol ? eol : end) - line);
        const char *bar = length > 2 && *line == '|' ? strstr(line + 2, " | ") : NULL;
        if (!length)
            buf_puts(b, ".PP\n");
        if (!length || (bar && rows++ < 2))
            continue; /* a table's head and its rule */
        if (bar) {
            buf_puts(b, ".TP\n");
            put_markdown(b, line + 2, (size_t)(bar - line - 2));
            buf_puts(b, "\n");
            put_markdown(b, bar + 3, length - (size_t)(bar + 3 - line) - (length > 2 ? 2 : 0));
        } else {
            rows = 0;
            put_markdown(b, line, length);
        }
        buf_puts(b, "\n");
    }
}

/* ---- pages ---- */

static void put_options(struct buf *b, const struct cli_option *o)
{
    for (; o && o->name; o++) {
        buf_puts(b, ".TP\n\\fB\\-\\-");
        put_plain(b, o->name, strlen(o->name));
        buf_puts(b, "\\fR");
        if (o->arg)
            buf_printf(b, " \\fI%s\\fR", o->arg);
        buf_puts(b, "\n");
        put_markdown(b, o->doc, strlen(o->doc));
        buf_puts(b, "\n");
    }
}

static void put_name(struct buf *b, const char *prefix, const char *name)
{
    buf_puts(b, prefix);
    for (; *name; name++)
        *name == ' ' ? buf_puts(b, "\\-") : put_char(b, *name);
}

static void page_of_command(struct buf *b, const struct cli_command *m, const char *doc)
{
    size_t n = 0;
    char name[80];
    const char *text = told(doc, m->name, &n);
    snprintf(name, sizeof name, "hone %s", m->name);
    put_heading(b, name, 1);
    put_section(b, "NAME");
    put_name(b, "hone\\-", m->name);
    buf_puts(b, " \\- ");
    put_markdown(b, m->brief, strlen(m->brief));
    buf_puts(b, "\n");
    put_section(b, "SYNOPSIS");
    buf_printf(b, ".B hone %s\n%s%s%s%s\n", m->name, *m->args ? ".I " : "", m->args, *m->args ? "\n" : "", "[\\fIoptions\\fR]");
    if (text) {
        put_section(b, "DESCRIPTION");
        buf_putc(b, (char)(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text));
        put_markdown(b, text + 1, n - 1);
        buf_puts(b, text[n - 1] == '.' ? "\n" : ".\n");
    }
    if (m->options) {
        put_section(b, "OPTIONS");
        put_options(b, m->options);
    }
    buf_puts(b, ".PP\nOptions of every command are in\n.BR hone (1).\n");
    put_section(b, "EXAMPLES");
    buf_puts(b, ".nf\n");
    for (const char *line = m->examples; *line;) {
        size_t length = strcspn(line, "\n");
        put_plain(b, line, length);
        buf_puts(b, "\n");
        line += length + (line[length] == '\n');
    }
    buf_puts(b, ".fi\n");
    put_section(b, "EXIT STATUS");
    buf_puts(b, "0 when all went well; all others are in\n.BR hone (1).\n");
    put_section(b, "SEE ALSO");
    buf_puts(b, ".BR hone (1),\n.BR hone.conf (5)\n");
}

static void page_of_program(struct buf *b, const char *doc)
{
    static const struct {
        const char *title, *heading;
    } chapters[] = {
        { "INTERRUPTING", "## Ctrl-C" }, { "EXIT STATUS", "## Exit codes" }, { "ENVIRONMENT", "## Environment" },
    };
    put_heading(b, "hone", 1);
    put_section(b, "NAME");
    buf_puts(b, "hone \\- train text agents that learn from examples\n");
    put_section(b, "SYNOPSIS");
    buf_puts(b, ".B hone\n.I COMMAND\n[\\fIarguments\\fR] [\\fIoptions\\fR]\n");
    put_section(b, "DESCRIPTION");
    buf_puts(b, "An agent answers an input text with an output text and learns from examples. Hone loads what trains, measures and prints from\n"
                "plugins, keeps what it has trained, compares it, and serves it over HTTP.\n");
    put_section(b, "COMMANDS");
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        put_name(b, ".TP\n.BR hone\\-", (*m)->name);
        buf_puts(b, " (1)\n");
        put_markdown(b, (*m)->brief, strlen((*m)->brief));
        buf_puts(b, "\n");
    }
    put_section(b, "OPTIONS OF EVERY COMMAND");
    put_options(b, cli_global_options);
    for (size_t i = 0; i < sizeof chapters / sizeof chapters[0]; i++) {
        size_t n = 0;
        const char *text = chapter(doc, chapters[i].heading, &n);
        put_section(b, chapters[i].title);
        if (text)
            put_chapter(b, text, n);
    }
    put_section(b, "SEE ALSO");
    buf_puts(b, ".BR hone.conf (5),\n.BR hone\\-plugin (7)\n");
}

static void page_of_settings(struct buf *b, const char *table)
{
    put_heading(b, "hone.conf", 5);
    put_section(b, "NAME");
    buf_puts(b, "hone.conf \\- settings of hone\n");
    put_section(b, "DESCRIPTION");
    buf_puts(b, "A file in the syntax of libconfig. What a higher layer says wins: the command line, a file that it names, a preset, the environment,\n"
                "\\&./hone.conf, the user's file, the system's file, what is built in. Keys are written in camelCase or snake_case; those with a dot\n"
                "stand in a group of the name before the dot.\n.BR \"hone config explain\" \" \\fIKEY\\fR\"\nsays what holds for one, and why.\n");
    put_section(b, "KEYS");
    put_chapter(b, table, strlen(table));
    put_section(b, "SEE ALSO");
    buf_puts(b, ".BR hone (1),\n.BR hone\\-config\\-explain (1)\n");
}

/* ---- files ---- */

static int save(const char *dir, const char *name, struct buf *b, struct hone_err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int rc = buf_oom(b) ? hone_fail(err, HONE_ENOMEM, "there is no memory for %s", path) : file_write_atomic(path, b->p, b->n, err);
    buf_free(b);
    return rc;
}

static int write_pages(const char *dir, const char *doc, struct hone_err *err)
{
    struct buf b = { 0 }, list = { 0 };
    char name[96];
    buf_puts(&list, "# " MANUAL_NOTE "\n" "dist_man_MANS = \\\n\tdocs/man/hone-plugin.7 \\\n\tdocs/man/hone.conf.5 \\\n\tdocs/man/hone.1");
    page_of_program(&b, doc);
    int rc = save(dir, "hone.1", &b, err);
    for (const struct cli_command *const *m = cli_commands; *m && rc == 0; m++) {
        size_t n = (size_t)snprintf(name, sizeof name, "hone-%s.1", (*m)->name);
        for (size_t i = 0; i < n; i++)
            name[i] = name[i] == ' ' ? '-' : name[i];
        buf_printf(&list, " \\\n\tdocs/man/%s", name);
        page_of_command(&b, *m, doc);
        rc = save(dir, name, &b, err);
    }
    buf_puts(&list, "\n");
    rc = rc < 0 ? rc : save(dir, "Makefile.inc", &list, err);
    buf_free(&list);
    char *table = settings_markdown();
    if (rc == 0) {
        page_of_settings(&b, table ? table : "");
        rc = save(dir, "hone.conf.5", &b, err);
    }
    free(table);
    return rc;
}

static int write_completions(const char *dir, struct hone_err *err)
{
    struct buf b = { 0 };
    complete_bash(&b);
    int rc = save(dir, "hone", &b, err);
    if (rc == 0) {
        complete_zsh(&b);
        rc = save(dir, "_hone", &b, err);
    }
    if (rc == 0) {
        complete_fish(&b);
        rc = save(dir, "hone.fish", &b, err);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct hone_err err = { 0 };
    struct buf doc = { 0 };
    char part[4096], path[4096];
    size_t n;
    if (argc != 2) {
        fputs("usage: hone-manual DIR <docs/cli.md\n", stderr);
        return 2;
    }
    while ((n = fread(part, 1, sizeof part, stdin)) > 0)
        buf_add(&doc, part, n);
    snprintf(path, sizeof path, "%s/man", argv[1]);
    mkdir(path, 0777);
    int rc = !buf_str(&doc) ? hone_fail(&err, HONE_ENOMEM, "there is no memory for the text") : write_pages(path, buf_str(&doc), &err);
    snprintf(path, sizeof path, "%s/completions", argv[1]);
    mkdir(path, 0777);
    if (rc == 0)
        rc = write_completions(path, &err);
    if (rc < 0)
        fprintf(stderr, "hone-manual: %s\n", err.text);
    buf_free(&doc);
    return rc < 0;
}
