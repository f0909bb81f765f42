/* Help texts, made from the table of commands: examples first. */
#include <stdio.h>
#include <string.h>
#include "core/base/text.h"
#include "core/cli/cli.h"

static void print_options(const struct cli_option *o)
{
    for (; o && o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        printf("  %-26s %s\n", left, o->doc);
    }
}

static void print_lines(const char *text)
{
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t n = end ? (size_t)(end - text) : strlen(text);
        printf("  %.*s\n", (int)n, text);
        text += n + (end != NULL);
    }
}

static void print_command(const struct cli_command *m)
{
    char left[64];
    snprintf(left, sizeof left, "%s %s", m->name, m->args);
    printf("  %-33s %s\n", left, m->brief);
}

static void help_program(void)
{
    puts("Hone trains text agents: they answer an input text with an output text and learn from examples.\n\nExamples");
    print_lines("hone train --agent support --data examples.jsonl\nhone evaluate latest --test fresh.jsonl\n"
                "hone ask support \"where is my parcel?\"\nhone help train");
    puts("\nCommands");
    for (const struct cli_command *const *m = cli_commands; *m; m++)
        print_command(*m);
    puts("\nOptions of every command");
    print_options(cli_global_options);
    puts("\nExit codes: 0 good, 1 failure, 2 wrong usage, 3 invalid data or configuration, 4 not found, 5 conflict,\n"
         "8 precondition, 10 the job failed, 130 interrupted. All of them: `man hone`.");
}

void cli_help(const struct cli_command *m)
{
    if (!m) {
        help_program();
        return;
    }
    printf("hone %s: %s\n\nExamples\n", m->name, m->brief);
    print_lines(m->examples);
    printf("\nUsage\n  hone %s%s%s%s\n", m->name, *m->args ? " " : "", m->args, m->options ? " [options]" : "");
    if (m->options) {
        puts("\nOptions");
        print_options(m->options);
    }
    puts("\nOptions of every command");
    print_options(cli_global_options);
}

/* Whether `name` begins with `word` as a whole word; *rest is what follows. */
static int first_word(const char *name, const char *word, const char **rest)
{
    size_t n = strlen(word);
    if (strncmp(name, word, n) != 0 || (name[n] && name[n] != ' '))
        return 0;
    *rest = name[n] ? name + n + 1 : name + n;
    return 1;
}

int cli_help_group(const char *word)
{
    const char *rest;
    int n = 0;
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        if (!first_word((*m)->name, word, &rest) || !*rest)
            continue;
        if (n++ == 0)
            printf("hone %s: the commands of this group\n\nCommands\n", word);
        print_command(*m);
    }
    if (n > 0)
        printf("\n`hone %s COMMAND --help` shows one of them.\n", word);
    return n > 0;
}

/* The second words of the commands that begin with `word`, or all first words for NULL. */
static int known_words(const char *word, const char **out, char *text, size_t size)
{
    int n = 0;
    size_t at = 0;
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        const char *rest = (*m)->name;
        if (word && (!first_word((*m)->name, word, &rest) || !*rest))
            continue;
        size_t len = strcspn(rest, " ");
        if (at + len + 1 > size || (n && strlen(out[n - 1]) == len && strncmp(out[n - 1], rest, len) == 0))
            continue;
        out[n++] = text + at;
        memcpy(text + at, rest, len);
        text[at + len] = '\0';
        at += len + 1;
    }
    out[n] = NULL;
    return n;
}

const struct cli_command *cli_find(int argc, char **argv, int *words, struct hone_err *err)
{
    const char *names[64], *rest;
    char text[1024];
    for (const struct cli_command *const *m = cli_commands; *m; m++) {
        if (!first_word((*m)->name, argv[0], &rest))
            continue;
        *words = 1;
        if (!*rest)
            return *m;
        if (argc > 1 && strcmp(rest, argv[1]) == 0) {
            *words = 2;
            return *m;
        }
    }
    if (known_words(argv[0], names, text, sizeof text)) { /* a group without one of its commands */
        const char *near = argc > 1 ? text_nearest(argv[1], names) : NULL;
        char all[256] = "";
        for (int i = 0; names[i]; i++)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", names[i]);
        hone_fail(err, ERR_USAGE, argc > 1 ? "there is no command 'hone %.40s %.40s'%s%s; there are: %s"
                                           : "hone %.40s needs a command%.0s%s%s: %s", argv[0], argc > 1 ? argv[1] : "",
                  near ? "; did you mean " : "", near ? near : "", all);
        return NULL;
    }
    known_words(NULL, names, text, sizeof text);
    const char *near = text_nearest(argv[0], names);
    hone_fail(err, ERR_USAGE, "there is no command '%.60s'%s%s; `hone --help` lists all", argv[0], near ? "; did you mean " : "",
              near ? near : "");
    return NULL;
}
