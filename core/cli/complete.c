/* See manual.h. */
#include <stdio.h>
#include <string.h>
#include "core/cli/cli.h"
#include "core/cli/manual.h"

#define WRITTEN "# " MANUAL_NOTE "\n"

/* What stands for a value: words of a file's name, or nothing that a shell could know. */
static int takes_file(const char *arg)
{
    static const char *const files[] = { "FILE", "DIR", "NEW", "TRAIN", "VALIDATION" };
    for (size_t i = 0; arg && i < sizeof files / sizeof files[0]; i++)
        if (strncmp(arg, files[i], strlen(files[i])) == 0)
            return 1;
    return 0;
}

static int takes_agent(const struct cli_command *m)
{
    return strncmp(m->args, "AGENT", 5) == 0 || strncmp(m->args, "JOB", 3) == 0;
}

/* The first word of a name, and what stands behind it ("" for a command of one word). */
static size_t first(const char *name, const char **second)
{
    size_t n = strcspn(name, " ");
    *second = name[n] ? name + n + 1 : name + n;
    return n;
}

/* Whether an earlier command has the same first word. */
static int seen(const struct cli_command *const *m)
{
    const char *rest;
    size_t n = first((*m)->name, &rest);
    for (const struct cli_command *const *e = cli_commands; e < m; e++)
        if (first((*e)->name, &rest) == n && strncmp((*e)->name, (*m)->name, n) == 0)
            return 1;
    return 0;
}

static void first_words(struct buf *b)
{
    const char *rest;
    for (const struct cli_command *const *m = cli_commands; *m; m++)
        if (!seen(m))
            buf_printf(b, "%.*s ", (int)first((*m)->name, &rest), (*m)->name);
    buf_puts(b, "help");
}

static void second_words(struct buf *b, const char *group, size_t n)
{
    const char *rest, *blank = "";
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        if (first((*m)->name, &rest) == n && strncmp((*m)->name, group, n) == 0 && *rest) {
            buf_printf(b, "%s%s", blank, rest);
            blank = " ";
        }
    }
}

static void option_words(struct buf *b, const struct cli_option *o)
{
    for (; o && o->name; o++)
        buf_printf(b, "--%s ", o->name);
}

/* A text between single quotes, for all three shells. */
static void quoted(struct buf *b, const char *s)
{
    for (; *s; s++)
        *s == '\'' ? buf_puts(b, "'\\''") : buf_putc(b, *s);
}

/* ---- bash ---- */

/* The pattern of the options whose value is a file's name (or: anything else), for `case`, and what it means. */
static void bash_values(struct buf *b, const struct cli_command *m, int files, const char *meaning)
{
    const char *bar = "        ";
    for (const struct cli_option *o = m->options; o && o->name; o++) {
        if (o->arg && takes_file(o->arg) == files) {
            buf_printf(b, "%s--%s", bar, o->name);
            bar = " | ";
        }
    }
    if (*bar == ' ' && bar[1] == '|')
        buf_printf(b, ") value=%s ;;\n", meaning);
}

static void bash_command(struct buf *b, const struct cli_command *m)
{
    buf_printf(b, "    '%s')\n        options='", m->name);
    option_words(b, m->options);
    buf_puts(b, "'\n        case $before in\n");
    bash_values(b, m, 1, "file");
    bash_values(b, m, 0, "word");
    buf_printf(b, "        esac\n%s        ;;\n", takes_agent(m) ? "        names=agents\n" : "");
}

static void bash_group(struct buf *b, const char *name, size_t n)
{
    buf_printf(b, "    %.*s)\n        if [ \"$COMP_CWORD\" -eq 2 ]; then\n            mapfile -t COMPREPLY < <(compgen -W '", (int)n, name);
    second_words(b, name, n);
    buf_puts(b, "' -- \"$word\")\n            return\n        fi\n        command=\"$command ${COMP_WORDS[2]}\" ;;\n");
}

void complete_bash(struct buf *b)
{
    const char *rest;
    buf_puts(b, "# bash completion for hone.\n" WRITTEN
                "_hone()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]-} options= value= names=\n"
                "    COMPREPLY=()\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        mapfile -t COMPREPLY < <(compgen -W '");
    first_words(b);
    buf_puts(b, "' -- \"$word\")\n        return\n    fi\n    case $command in\n");
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        size_t n = first((*m)->name, &rest);
        if (*rest && !seen(m))
            bash_group(b, (*m)->name, n);
    }
    buf_puts(b, "    esac\n    case $command in\n");
    for (const struct cli_command *const *m = cli_commands; *m; m++)
        bash_command(b, *m);
    buf_puts(b, "    esac\n    case $before in\n    --state | --token-file) value=file ;;\n    --server) value=word ;;\n    esac\n"
                "    if [ \"$value\" = word ]; then\n        return\n    elif [ -z \"$value\" ] && [ \"${word#-}\" != \"$word\" ]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$options ");
    option_words(b, cli_global_options);
    buf_puts(b, "\" -- \"$word\")\n    elif [ -z \"$value\" ] && [ \"$names\" = agents ]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"latest $(hone agent list --quiet 2>/dev/null | awk 'NR > 1 { print $1 }')\" -- \"$word\")\n"
                "    else\n        compopt -o filenames 2>/dev/null\n        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n    fi\n}\ncomplete -F _hone hone\n");
}

/* ---- zsh ---- */

static void zsh_option(struct buf *b, const struct cli_option *o)
{
    buf_printf(b, " '*--%s[", o->name);
    for (const char *s = o->doc; *s; s++) {
        if (*s == '\'')
            buf_puts(b, "'\\''");
        else if (*s == '[' || *s == ']' || *s == ':')
            buf_printf(b, "\\%c", *s);
        else
            buf_putc(b, *s);
    }
    buf_puts(b, "]");
    if (o->arg)
        buf_printf(b, ":%s:%s", o->arg, takes_file(o->arg) ? "_files" : " ");
    buf_puts(b, "'");
}

void complete_zsh(struct buf *b)
{
    const char *rest;
    buf_puts(b, "#compdef hone\n" WRITTEN "_hone()\n{\n    local command=$words[2]\n    if (( CURRENT == 2 )); then\n        compadd -- ");
    first_words(b);
    buf_puts(b, "\n        return\n    fi\n    case $command in\n");
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        size_t n = first((*m)->name, &rest);
        if (!*rest || seen(m))
            continue;
        buf_printf(b, "    %.*s)\n        if (( CURRENT == 3 )); then\n            compadd -- ", (int)n, (*m)->name);
        second_words(b, (*m)->name, n);
        buf_puts(b, "\n            return\n        fi\n        command=\"$command $words[3]\"\n        shift words\n        (( CURRENT-- )) ;;\n");
    }
    buf_puts(b, "    esac\n    shift words\n    (( CURRENT-- ))\n    local -a every=(");
    for (const struct cli_option *o = cli_global_options; o->name; o++)
        zsh_option(b, o);
    buf_puts(b, ")\n    case $command in\n");
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        buf_printf(b, "    '%s') _arguments $every", (*m)->name);
        for (const struct cli_option *o = (*m)->options; o && o->name; o++)
            zsh_option(b, o);
        buf_puts(b, takes_agent(*m) ? " '*:agent:_hone_agents' ;;\n" : " '*:file:_files' ;;\n");
    }
    buf_puts(b, "    esac\n}\n_hone_agents()\n{\n    local -a names=(latest ${(f)\"$(hone agent list --quiet 2>/dev/null | awk 'NR > 1 { print $1 }')\"})\n"
                "    compadd -- $names\n}\n_hone \"$@\"\n");
}

/* ---- fish ---- */

static void fish_options(struct buf *b, const char *when, const struct cli_option *o)
{
    for (; o && o->name; o++) {
        buf_printf(b, "complete -c hone%s -l %s%s -d '", when, o->name, !o->arg ? "" : takes_file(o->arg) ? " -r -F" : " -x");
        quoted(b, o->doc);
        buf_puts(b, "'\n");
    }
}

void complete_fish(struct buf *b)
{
    const char *rest;
    char when[160];
    buf_puts(b, "# fish completion for hone.\n" WRITTEN "complete -c hone -f -n __fish_use_subcommand -a '");
    first_words(b);
    buf_puts(b, "'\n");
    fish_options(b, "", cli_global_options);
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        size_t n = first((*m)->name, &rest);
        if (*rest && !seen(m)) {
            buf_printf(b, "complete -c hone -f -n 'test (count (commandline -opc)) -eq 2; and __fish_seen_subcommand_from %.*s' -a '", (int)n, (*m)->name);
            second_words(b, (*m)->name, n);
            buf_puts(b, "'\n");
        }
        if (*rest)
            snprintf(when, sizeof when, " -n '__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s'", (int)n, (*m)->name, rest);
        else
            snprintf(when, sizeof when, " -n '__fish_seen_subcommand_from %s'", (*m)->name);
        fish_options(b, when, (*m)->options);
        if (takes_agent(*m))
            buf_printf(b, "complete -c hone -f%s -a \"latest (hone agent list --quiet 2>/dev/null | awk 'NR > 1 { print \\$1 }')\"\n", when);
    }
}
