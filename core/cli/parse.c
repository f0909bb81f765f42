/* Words of the command line into struct cli; see cli.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/api.h"
#include "core/api/settings.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/cli/cli.h"

const struct cli_option cli_global_options[] = {
    { "state", "DIR", "where agents and jobs are kept (default: $XDG_STATE_HOME/hone)" },
    { "server", "URL", "talk to the daemon there (default: the one that has the state directory)" },
    { "token-file", "FILE", "the token for it, in a file that others cannot read" },
    { "json", NULL, "print the result as JSON on standard output" },
    { "quiet", NULL, "no progress, no hints (-q)" },
    { "verbose", NULL, "say more (-v; twice: everything)" },
    { "help", NULL, "show the help of a command (-h)" },
    { "version", NULL, "show the version" },
    { NULL, NULL, NULL },
};

/* The place of an option in a table, -1. */
static int find_option(const struct cli_option *o, const char *name, size_t n)
{
    for (int i = 0; o && o[i].name; i++)
        if (strlen(o[i].name) == n && memcmp(o[i].name, name, n) == 0)
            return i;
    return -1;
}

static int unknown_option(const struct cli *c, const char *word, struct hone_err *err)
{
    const char *names[64];
    int n = 0;
    for (const struct cli_option *o = c->command ? c->command->options : NULL; o && o->name && n < 50; o++)
        names[n++] = o->name;
    for (const struct cli_option *o = cli_global_options; o->name; o++)
        names[n++] = o->name;
    names[n] = NULL;
    const char *name = word[1] == '-' ? word + 2 : word + 1, *near = text_nearest(name, names), *key;
    if (c->command && find_option(c->command->options, "set", 3) >= 0 && (key = settings_key(name, strcspn(name, "="))))
        return hone_fail(err, ERR_USAGE, "there is no option %.60s; write --set %s=VALUE (`hone config explain %s`)", word, key, key);
    if (!c->command && !near)
        return hone_fail(err, ERR_USAGE, "there is no option %.60s before the command; options of a command stand behind it; see `hone --help`", word);
    return hone_fail(err, ERR_USAGE, "there is no option %.60s%s%s; see `hone %s%s--help`", word, near ? "; did you mean --" : "",
                     near ? near : "", c->command ? c->command->name : "", c->command ? " " : "");
}

/* As JSON with what workers give up on this machine; null when no worker can tell. */
static void say_version(int json)
{
    struct hone_err err = { 0 };
    cJSON *sandbox = json ? api_sandbox(&err) : NULL;
    char *text = sandbox ? json_text(sandbox, 0) : NULL;
    if (json)
        printf("{\"version\": \"%s\", \"sandbox\": %s}\n", HONE_VERSION, text ? text : "null");
    else
        printf("hone %s\n", HONE_VERSION);
    free(text);
    cJSON_Delete(sandbox);
}

/* A global option that is a flag. 1 taken, 2 answered. */
static int global_flag(struct cli *c, const char *name)
{
    if (strcmp(name, "json") == 0)
        c->json = 1;
    else if (strcmp(name, "quiet") == 0)
        c->quiet = 1;
    else if (strcmp(name, "verbose") == 0)
        c->verbose++;
    else if (strcmp(name, "version") == 0) {
        say_version(c->json);
        return 2;
    } else {
        cli_help(c->command);
        return 2;
    }
    return 1;
}

/* An option with or without a value. `next` is the following word or NULL; *used is set when it was the value. */
static int take_option(struct cli *c, const char *word, const char *next, int *used, struct hone_err *err)
{
    const char *name = word + 2, *eq = strchr(name, '=');
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    int own = find_option(c->command ? c->command->options : NULL, name, n);
    int global = own < 0 ? find_option(cli_global_options, name, n) : -1;
    if (own < 0 && global < 0)
        return unknown_option(c, word, err);
    const struct cli_option *o = own >= 0 ? &c->command->options[own] : &cli_global_options[global];
    if (!o->arg && eq)
        return hone_fail(err, ERR_USAGE, "--%s takes no value", o->name);
    if (!o->arg && own < 0)
        return global_flag(c, o->name) == 2 ? 1 : 0;
    const char *value = o->arg ? eq ? eq + 1 : next : "";
    if (!value)
        return hone_fail(err, ERR_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
    *used = o->arg && !eq;
    if (strcmp(o->name, "set") == 0) {
        if (c->n_set == CLI_MAX_SET)
            return hone_fail(err, ERR_USAGE, "--set was given more than %d times; use --config FILE", CLI_MAX_SET);
        c->set[c->n_set++] = value;
    } else if (global >= 0) {
        *(strcmp(o->name, "server") == 0 ? &c->server : strcmp(o->name, "token-file") == 0 ? &c->token_file : &c->state) = value;
    } else if (c->value[own] && o->arg) {
        return hone_fail(err, ERR_USAGE, "--%s was given twice", o->name);
    } else {
        c->value[own] = value;
    }
    return 0;
}

/* -q, -v, -h, -vv ... */
static int take_letters(struct cli *c, const char *word, struct hone_err *err)
{
    for (const char *p = word + 1; *p; p++) {
        const char *name = *p == 'q' ? "quiet" : *p == 'v' ? "verbose" : *p == 'h' ? "help" : NULL;
        if (!name)
            return unknown_option(c, word, err);
        if (global_flag(c, name) == 2)
            return 1;
    }
    return 0;
}

/* Whether a word that is not there is written as a file: with a folder or a suffix, and not as a setting. */
static int looks_like_file(const char *word)
{
    const char *dot = strrchr(word, '.');
    return !strchr(word, '=') && (strchr(word, '/') || (dot && dot > word && dot[1] >= 'a' && dot[1] <= 'z'));
}

/* The option that a word without one was meant for: NULL, or one that was not given, and none that would write over a file that is there. */
static const struct cli_option *meant_for(const struct cli *c, const char *word)
{
    size_t n = strlen(word);
    int there = access(word, F_OK) == 0, file = there || looks_like_file(word), conf = n > 5 && strcmp(word + n - 5, ".conf") == 0;
    for (int i = 0; c->command->options && c->command->options[i].name; i++) {
        const struct cli_option *o = &c->command->options[i];
        int written = strcmp(o->name, "output") == 0 || strcmp(o->name, "svg") == 0 || strcmp(o->name, "access-log") == 0;
        if (c->value[i] || !o->arg)
            continue;
        if (file && strcmp(o->arg, "FILE") == 0 && !(written && there) && strncmp(o->name, "tls-", 4) != 0 && (!conf || strcmp(o->name, "config") == 0))
            return o;
        if (!file && strcmp(o->name, strchr(word, '=') ? "set" : "agent") == 0)
            return o;
    }
    return NULL;
}

static int check_args(const struct cli *c, struct hone_err *err)
{
    const struct cli_command *m = c->command;
    if (c->n_args < m->min_args)
        return hone_fail(err, ERR_USAGE, "hone %s needs %s; see `hone %s --help`", m->name, m->args, m->name);
    if (c->n_args <= m->max_args)
        return 0;
    const char *word = c->arg[m->max_args];
    int text = strstr(m->args, "TEXT") != NULL;
    const struct cli_option *o = text ? NULL : meant_for(c, word);
    hone_fail(err, ERR_USAGE, "'%.60s' is one argument too many for hone %s; ", word, m->name);
    size_t n = strlen(err->text), room = sizeof err->text - n;
    if (o && strcmp(o->name, "verify") != 0) /* which goes without a job */
        snprintf(err->text + n, room, "write --%s %s", o->name, word);
    else if (text)
        snprintf(err->text + n, room, "put the text in quotes");
    else
        snprintf(err->text + n, room, "see `hone %s --help`", m->name);
    return err->code;
}

void cli_explain_file(const struct cli *c, struct hone_err *err)
{
    const char *args = c->command->args;
    if (strncmp(args, "JOB", 3) != 0 && strncmp(args, "AGENT", 5) != 0)
        return;
    for (int i = 0; i < c->n_args; i++) {
        const char *word = c->arg[i];
        char quoted[sizeof err->text];
        struct stat st;
        snprintf(quoted, sizeof quoted, "'%s'", word);
        const struct cli_option *o = stat(word, &st) == 0 && S_ISREG(st.st_mode) && strstr(err->text, quoted) ? meant_for(c, word) : NULL;
        size_t n = strlen(err->text);
        if (o) {
            snprintf(err->text + n, sizeof err->text - n, "; %.120s is a file: write --%s %.120s", word, o->name, word);
            return;
        }
    }
}

int cli_parse(struct cli *c, int argc, char **argv, struct hone_err *err)
{
    for (int k = 1; k < argc && strcmp(argv[k], "--") != 0; k++) /* also for what is wrong before it */
        c->json |= strcmp(argv[k], "--json") == 0;
    int i = 1, plain = 0, words;
    /* global options may stand before the command */
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        int used = 0, ret = argv[i][1] == '-' ? take_option(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, err)
                                              : take_letters(c, argv[i], err);
        if (ret)
            return ret;
        i += used;
    }
    if (i >= argc) {
        if (!c->json)
            cli_help(NULL);
        return i > 1 || argc > 1 ? hone_fail(err, ERR_USAGE, "no command was given") : 1;
    }
    if (strcmp(argv[i], "help") == 0) {
        if (i + 2 == argc && cli_help_group(argv[i + 1]))
            return 1;
        c->command = i + 1 < argc ? cli_find(argc - i - 1, argv + i + 1, &words, err) : NULL;
        if (i + 1 < argc && !c->command)
            return err->code;
        cli_help(c->command);
        return 1;
    }
    if (i + 2 == argc && (strcmp(argv[i + 1], "--help") == 0 || strcmp(argv[i + 1], "-h") == 0) && cli_help_group(argv[i]))
        return 1;
    c->command = cli_find(argc - i, argv + i, &words, err);
    if (!c->command)
        return err->code;
    for (i += words; i < argc; i++) {
        int used = 0, ret = 0;
        if (plain || argv[i][0] != '-' || !argv[i][1]) {
            if (c->n_args == CLI_MAX_OPTIONS)
                return hone_fail(err, ERR_USAGE, "too many arguments");
            c->arg[c->n_args++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            plain = 1;
        } else if (argv[i][1] == '-') {
            ret = take_option(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, err);
        } else {
            ret = take_letters(c, argv[i], err);
        }
        if (ret)
            return ret;
        i += used;
    }
    return check_args(c, err);
}

const char *cli_value(const struct cli *c, const char *option)
{
    int i = find_option(c->command->options, option, strlen(option));
    return i < 0 ? NULL : c->value[i];
}

int cli_number(const struct cli *c, const char *option, double min, double max, double dflt, double *out, struct hone_err *err)
{
    const char *text = cli_value(c, option);
    char *end;
    *out = dflt;
    if (!text)
        return 0;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= min && v <= max))
        return hone_fail(err, ERR_USAGE, "--%s is '%.40s'; expected a number from %g to %g", option, text, min, max);
    *out = v;
    return 0;
}
