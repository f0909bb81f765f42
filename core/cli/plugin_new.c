/* `hone plugin new`: a folder with a plugin that builds, passes and trains, to begin from. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/cli/commands.h"

#define TEMPLATE_MAX (1u << 20)

static const struct {
    const char *kind, *use;
} kinds[] = {
    { "optimizer", "hone train --agent a --data examples.jsonl --set optimizer=./@NAME@.so" },
    { "scheduler", "hone train --agent a --data examples.jsonl --set schedulerType=./@NAME@.so" },
    { "paradigm", "hone train --agent a --data examples.jsonl --set trainingType=./@NAME@.so" },
    { "model", "hone train --agent a --data examples.jsonl --set model=./@NAME@.so" },
    { "metric", "hone evaluate latest --test fresh.jsonl --criteria ./@NAME@.so" },
    { "report", "hone report latest --format ./@NAME@.so" },
    { "generator", "hone plugin inspect ./@NAME@.so" },
};

static int find_kind(const char *name, struct hone_err *err)
{
    const char *names[sizeof kinds / sizeof kinds[0] + 1];
    int n = (int)(sizeof kinds / sizeof kinds[0]);
    for (int i = 0; i < n; i++) {
        names[i] = kinds[i].kind;
        if (strcmp(kinds[i].kind, name) == 0)
            return i;
    }
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    return hone_fail(err, ERR_USAGE, "there is no template for '%.40s'%s%s; there are optimizer, scheduler, paradigm, model, metric, report, generator", name,
                     near ? "; did you mean " : "", near ? near : "");
}

/* The text of a template: beside the program in a build tree, else where it was installed. */
static int read_template(const char *file, struct buf *b, struct hone_err *err)
{
    char dir[PATH_MAX], path[PATH_MAX + 128];
    if (path_program_dir(dir, sizeof dir, NULL) == 0) {
        snprintf(path, sizeof path, "%s/etc/templates/%s", dir, file);
        if (access(path, R_OK) == 0)
            return file_read(path, TEMPLATE_MAX, b, err);
    }
    snprintf(path, sizeof path, "%s/%s", path_installed(HONE_DATADIR "/hone/templates", dir), file);
    int rc = file_read(path, TEMPLATE_MAX, b, err);
    return rc == ERR_NOT_FOUND ? err->code = HONE_EIO : rc; /* nobody named it: the installation lacks it */
}

struct filling {
    const char *mark, *value;
};

/* Puts values in the place of their marks; values may have marks of what stands before them in the list. */
static void fill(struct buf *out, const char *text, const struct filling *f)
{
    while (*text) {
        const struct filling *k = f;
        while (k->mark && strncmp(text, k->mark, strlen(k->mark)) != 0)
            k++;
        if (!k->mark) {
            buf_putc(out, *text++);
            continue;
        }
        if (strchr(k->value, '@'))
            fill(out, k->value, (const struct filling[]){ f[0], { NULL, NULL } });
        else
            buf_puts(out, k->value);
        text += strlen(k->mark);
    }
}

static int write_one(const char *dir, const char *file, const char *from, const struct filling *f, struct hone_err *err)
{
    struct buf text = { 0 }, out = { 0 };
    char *path = path_join(dir, file);
    int rc = path ? read_template(from, &text, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && access(path, F_OK) == 0)
        rc = hone_fail(err, ERR_CONFLICT, "%s exists; give another --dir", path);
    if (rc == 0) {
        fill(&out, buf_str(&text), f);
        rc = buf_oom(&out) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : file_write_atomic(path, out.p, out.n, err);
        if (rc == 0 && chmod(path, 0644) != 0)
            rc = err_errno(err, "change the mode of", path);
        if (rc < 0)
            unlink(path);
    }
    buf_free(&text);
    buf_free(&out);
    free(path);
    return rc;
}

static void remove_one(const char *dir, const char *file)
{
    char *path = path_join(dir, file);
    if (path)
        unlink(path);
    free(path);
}

/* What a Makefile takes when pkg-config does not know Hone. */
struct places {
    char program[PATH_MAX + 8], include[PATH_MAX + 16], plugins[PATH_MAX], doc[PATH_MAX + 8];
};

static void find_places(struct places *p)
{
    char dir[PATH_MAX], installed[PATH_MAX];
    snprintf(p->program, sizeof p->program, "hone");
    snprintf(p->include, sizeof p->include, "-I%s", path_installed(HONE_INCLUDEDIR, installed));
    path_installed(HONE_PLUGINDIR, p->plugins);
    path_installed(HONE_DOCDIR "/docs", p->doc);
    if (path_program_dir(dir, sizeof dir - 40, NULL) != 0)
        return;
    snprintf(p->program, sizeof p->program, "%s/hone", dir);
    /* the templates of a build tree are links into the source tree */
    char *source = realpath(strncat(dir, "/etc/templates/optimizer.c", 32), NULL), *end = source ? strstr(source, "/etc/templates/") : NULL;
    if (end) {
        snprintf(p->include, sizeof p->include, "-I%.*s/include", (int)(end - source), source);
        snprintf(p->doc, sizeof p->doc, "%.*s/docs", (int)(end - source), source);
    }
    free(source);
}

static int run_new(struct cli *c, struct hone_err *err)
{
    const char *name = c->arg[1], *dir = cli_value(c, "dir") ? cli_value(c, "dir") : name;
    char file[128], from[64];
    struct places at;
    int k = find_kind(c->arg[0], err);
    if (k < 0)
        return k;
    if (!text_is_identifier(name) || strlen(name) > 60)
        return hone_fail(err, ERR_USAGE, "'%.60s' is no name for a plugin; expected small letters, digits and _, a letter first", name);
    find_places(&at);
    const struct filling f[] = { { "@NAME@", name }, { "@KIND@", kinds[k].kind }, { "@USE@", kinds[k].use }, { "@HONE@", at.program },
                                 { "@INCLUDE@", at.include }, { "@PLUGINDIR@", at.plugins }, { "@DOC@", at.doc }, { NULL, NULL } };
    snprintf(file, sizeof file, "%s.c", name);
    snprintf(from, sizeof from, "%s.c", kinds[k].kind);
    const char *const files[][2] = { { file, from }, { "Makefile", "Makefile" }, { "README.md", "README.md" } };
    int made = mkdir(dir, 0755) == 0, rc = 0, n = 0;
    if (!made && access(dir, W_OK) != 0)
        return err_errno(err, "create", dir);
    while (rc == 0 && n < 3) {
        rc = write_one(dir, files[n][0], files[n][1], f, err);
        n += rc == 0;
    }
    if (rc < 0) {
        while (n > 0)
            remove_one(dir, files[--n][0]);
        if (made)
            rmdir(dir);
        return rc;
    }
    if (c->json)
        return cli_result(c, cli_query("dir", dir, "name", name, "kind", kinds[k].kind, NULL), NULL, err);
    cli_hint(c, "%s/%s, Makefile, README.md. Next: cd %s && make check", dir, file, dir);
    return 0;
}

static const struct cli_option new_options[] = {
    { "dir", "DIR", "where the files go (default: a folder of that name)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_plugin_new = {
    "plugin new", "KIND NAME", "begin a plugin: a file that builds, passes its check and trains",
    "hone plugin new optimizer mine\ncd mine && make check\nhone plugin new metric sure_mistakes --dir src",
    new_options, 2, 2, 0, run_new,
};
