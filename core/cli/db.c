/* `hone db`: backup, restore, check and migration of the state directory. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/commands.h"

static const char *size_text(const cJSON *o, char out[32])
{
    double bytes = json_num(o, "bytes", 0);
    snprintf(out, 32, bytes < 1e6 ? "%.0f KB" : "%.1f MB", bytes < 1e6 ? bytes / 1e3 : bytes / 1e6);
    return out;
}

static void show_backup(const struct cli *c, const cJSON *o)
{
    char size[32];
    cli_hint(c, "%s has the database and %lld files (%s).", json_str(o, "file", "-"), (long long)json_int(o, "files", 0), size_text(o, size));
}

static int run_backup(struct cli *c, struct hone_err *err)
{
    char here[PATH_MAX];
    const char *file = c->arg[0];
    char *whole = *file == '/' || strcmp(file, "-") == 0 ? NULL : getcwd(here, sizeof here) ? path_join(here, file) : NULL; /* a daemon is elsewhere */
    cJSON *in = cli_query("file", whole ? whole : file, NULL);
    free(whole);
    return cli_result(c, cli_call(c, "backupState", in, err), show_backup, err);
}

const struct cli_command cmd_db_backup = {
    "db backup", "FILE", "write database, datasets, checkpoints and weights into one file",
    "hone db backup hone-2026-01-01.tar", NULL, 1, 1, 1, run_backup,
};

static void show_check(const struct cli *c, const cJSON *o)
{
    char size[32];
    const cJSON *f;
    cJSON_ArrayForEach(f, json_get(o, "faults"))
        printf("%s (%s): %s\n", json_str(f, "path", "-"), json_str(f, "what", "-"), json_str(f, "fault", "-"));
    if (json_bool(o, "sound", 0))
        cli_hint(c, "The database is sound, and so are all %lld files that it names (%s).", (long long)json_int(o, "files", 0), size_text(o, size));
}

static int run_check(struct cli *c, struct hone_err *err)
{
    cJSON *o = cli_call(c, "checkState", NULL, err);
    int faults = cJSON_GetArraySize(json_get(o, "faults"));
    int rc = cli_result(c, o, show_check, err);
    return rc == 0 && faults > 0 ? hone_fail(err, ERR_CORRUPT, "%d of the state's parts are damaged or missing; restore a backup, or delete the jobs and "
                                             "datasets that they belong to", faults) : rc;
}

const struct cli_command cmd_db_check = {
    "db check", "", "look whether the database and every file that it names are sound", "hone db check\nhone db check --json", NULL, 0, 0, 1, run_check,
};

/* Restoring and migrating need the state directory for themselves. */
static int alone(struct cli *c, struct hone_err *err)
{
    if (c->server)
        return hone_fail(err, ERR_USAGE, "this works on the state directory of this machine, without --server");
    if (cli_remote(c, err))
        return hone_fail(err, ERR_CONFLICT, "a daemon works in %s; stop it first", c->api.state_dir);
    return err->code;
}

static void show_restored(const struct cli *c, const cJSON *o)
{
    char size[32];
    cli_hint(c, "The state of %s is in %s: the database and %lld files (%s). What was there before, if anything, is in a folder before-restore-TIME.",
             json_str(o, "made_at", "-"), c->api.state_dir, (long long)json_int(o, "files", 0), size_text(o, size));
}

static int run_restore(struct cli *c, struct hone_err *err)
{
    struct state_restored done;
    int rc = alone(c, err);
    if (rc == 0)
        rc = api_state_restore(c->api.state_dir, c->arg[0], cli_value(c, "force") != NULL, &done, err);
    if (rc < 0)
        return rc;
    cJSON *o = cli_query("state", c->api.state_dir, "made_at", done.made_at, NULL);
    json_put_int(o, "files", done.files - 1);
    json_put_int(o, "bytes", done.bytes);
    return cli_result(c, o, show_restored, err);
}

static const struct cli_option restore_options[] = {
    { "force", NULL, "also where there is a state already, which is kept beside" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_db_restore = {
    "db restore", "FILE", "put a backup in the place of the state directory, while no daemon runs",
    "hone db restore hone-2026-01-01.tar\nhone --state /srv/hone db restore hone-2026-01-01.tar --force", restore_options, 1, 1, 1, run_restore,
};

static void show_migrated(const struct cli *c, const cJSON *o)
{
    long long have = (long long)json_int(o, "from", 0), want = (long long)json_int(o, "to", 0);
    if (have == want)
        cli_hint(c, "The database has schema %lld, the one of this program.", have);
    else if (json_bool(o, "dry_run", 0))
        cli_hint(c, "The database has schema %lld and can be brought to %lld; nothing was changed.", have, want);
    else
        cli_hint(c, "The database was brought from schema %lld to %lld and is sound.", have, want);
}

static int run_migrate(struct cli *c, struct hone_err *err)
{
    int have, want, dry = cli_value(c, "dry-run") != NULL, rc = alone(c, err);
    if (rc == 0)
        rc = api_state_migrate(c->api.state_dir, dry, &have, &want, err);
    if (rc < 0)
        return rc;
    cJSON *o = cJSON_CreateObject();
    json_put_int(o, "from", have);
    json_put_int(o, "to", want);
    json_put_bool(o, "dry_run", dry);
    return cli_result(c, o, show_migrated, err);
}

static const struct cli_option migrate_options[] = {
    { "dry-run", NULL, "tell what would be done, and whether it would go well" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_db_migrate = {
    "db migrate", "", "bring an older database to the schema of this program, as every command and the daemon do by themselves",
    "hone db migrate --dry-run\nhone db migrate", migrate_options, 0, 0, 1, run_migrate,
};
