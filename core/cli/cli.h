/* The command line: one table of commands drives parsing, help and the check of the manual; one file a group of commands.
 * Prints; what is done is core/api's. */
#ifndef CLI_CLI_H
#define CLI_CLI_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/api/api.h"
#include "core/api/settings.h"
#include "core/base/err.h"

#define CLI_MAX_OPTIONS 24
#define CLI_MAX_SET 64

struct cli_option {
    const char *name;        /* without "--" */
    const char *arg;         /* what its value is called; NULL: a flag */
    const char *doc;
};

struct cli;
struct cli_command {
    const char *name;        /* "train", "job list" */
    const char *args;        /* "JOB", "" */
    const char *brief;
    const char *examples;    /* lines */
    const struct cli_option *options; /* ends with a NULL name; NULL: none */
    int min_args, max_args;
    int needs_settings;      /* 0 for what works without any configuration */
    /* Prints its result. 0 or a negative code with err. */
    int (*run)(struct cli *, struct hone_err *);
};
extern const struct cli_command *const cli_commands[]; /* ends with NULL */
extern const struct cli_option cli_global_options[];

struct cli {
    const struct cli_command *command;
    const char *value[CLI_MAX_OPTIONS]; /* of the command's options; "" for a flag that was given */
    const char *set[CLI_MAX_SET];
    int n_set;
    const char *arg[CLI_MAX_OPTIONS];
    int n_args;
    const char *state, *server, *token_file;
    int json, quiet, verbose;
    struct settings *settings;
    cJSON *plugin_dirs;
    char *ca_file;           /* of webhooks */
    char *model_key, *model_ca; /* files of the group generate */
    cJSON *faults;           /* of the configuration */
    char job_id[64];         /* the job that a command began or went on with; "": none */
    int answered;            /* the command has said itself why it ends with a failure */
    struct remote *remote;   /* the daemon that the command talks to; NULL: none, or not looked for yet */
    int looked;              /* for a daemon */
    char spooled[2][64];     /* files made for it; "": none */
    struct api api;
};

/* ---- parse.c ---- */

/* The whole of `hone`: runs the command of argv and gives the process's exit status. For main() of core/program. */
int cli_main(int argc, char **argv);
/* Reads argv[1..]; c is filled. Returns 0; 1 when --help or --version was asked for and answered; ERR_USAGE. */
int cli_parse(struct cli *c, int argc, char **argv, struct hone_err *err);
/* Adds to err, which says that what an argument names is not there, that this argument is a file, and the option that takes it. */
void cli_explain_file(const struct cli *c, struct hone_err *err);
/* The value of an option ("" for a flag), NULL when it was not given. */
const char *cli_value(const struct cli *c, const char *option);
/* A whole number of an option within [min, max]; dflt when it was not given. ERR_USAGE in err and -1 otherwise. */
int cli_number(const struct cli *c, const char *option, double min, double max, double dflt, double *out, struct hone_err *err);

/* ---- help.c ---- */
void cli_help(const struct cli_command *m); /* NULL: of the program */
/* The commands whose first word is `word` ("plugin"), where there are several words. 1 printed, 0 there are none. */
int cli_help_group(const char *word);
/* The command of that name; NULL with a suggestion in err. *words: how many of argv it took. */
const struct cli_command *cli_find(int argc, char **argv, int *words, struct hone_err *err);

/* ---- call.c ---- */

#define CLI_SOCKET "hone.sock" /* of a daemon, in its state directory */
/* Calls a function of core/api/function.h with `in` (taken, NULL: {}): by the daemon that has the state directory, else in this process.
 * The answer's data, or NULL with err and c->api.details. */
cJSON *cli_call(struct cli *c, const char *function, cJSON *in, struct hone_err *err);
/* The same, told of progress (without a daemon), and writing to fd what is too long for an answer. */
cJSON *cli_call_with(struct cli *c, const char *function, cJSON *in, const struct api_hooks *hooks, int fd, struct hone_err *err);
/* The daemon that commands talk to, NULL with err->code 0 when they do their work themselves, or NULL with err. */
struct remote *cli_remote(struct cli *c, struct hone_err *err);
/* Makes a member of `in` that names a file one that the daemon can use, when there is a daemon: on this machine an absolute path
 * (standard input is copied to a file, which is removed at the end of the command); elsewhere the file is uploaded, and the member
 * becomes `uploaded` (NULL: refused with a sentence). Without the member nothing is done. */
int cli_share_member(struct cli *c, cJSON *in, const char *member, const char *uploaded, struct hone_err *err);
/* Puts "limit", or what asks for all. */
void cli_limit(cJSON *in, double limit);

/* ---- output.c ---- */
void cli_print_json(const cJSON *v);                  /* standard output, indented */
void cli_print_error(const struct cli *c, const struct hone_err *err);
/* A table: rows of cells; columns as wide as their widest cell. Each row is an array of strings. */
void cli_print_table(const char *const *heads, int columns, const cJSON *rows);
void cli_row(cJSON *rows, int n, ...);                /* adds a row of n char * (NULL: "-") */
/* "key: value" lines, keys in a column. */
void cli_pair(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints v as JSON with --json, else by `show`; frees v. 0, or err->code for a NULL. */
int cli_result(struct cli *c, cJSON *v, void (*show)(const struct cli *c, const cJSON *v), const struct hone_err *err);
/* {key: value, ...} of strings, the list ending with a NULL key; NULL values are left out. */
cJSON *cli_query(const char *key, ...) __attribute__((sentinel));
/* One member more, unless value is NULL: a server far away does not know all members, not even as null. */
void cli_put(cJSON *in, const char *key, const char *value);
/* Whether a file is standard input and that a terminal, which a worker cannot read: it is in the background. */
int cli_terminal(const char *file);
/* A hint for what to do next, on standard error; not with --quiet or --json. */
void cli_hint(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *cli_number_text(const cJSON *o, const char *key, const char *fmt, char out[64]);

/* ---- progress.c ---- */

/* Shows a training on standard error: a bar on a terminal, else a line an epoch. */
struct cli_progress {
    const struct cli *c;
    int bar, width;          /* the bar stands on the line now; columns of the terminal, 0: no terminal */
    int told;                /* interrupts that were acknowledged */
    int epochs;
    double total;            /* steps */
    int64_t start_us;
    char accuracy[400];       /* of the last evaluation, as shown */
};
/* Fills hooks, which borrow p, and catches signals. */
void cli_progress_open(struct cli_progress *p, const struct cli *c, struct api_hooks *hooks);
void cli_progress_close(struct cli_progress *p);
/* How often Ctrl-C (or SIGTERM) was pressed since cli_catch_signals(). */
void cli_catch_signals(void);
int cli_interrupts(void);

#endif
