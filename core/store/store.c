/* See store.h. */
#include "core/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/store/db.h"
#include "core/store/schema.h"
#include "core/store/swap.h"

int store_lock_wait_ms = STORE_LOCK_WAIT_MS;

static const char magic[16] = "SQLite format 3";

/* Before anything else is done with a connection; the first line decides how the file is locked and shared. */
static const char pragmas[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA secure_delete = ON;"
    "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608;"
    "PRAGMA wal_autocheckpoint = 1000;";

/* "process 123 (hone)", from what the holder wrote into the lock file. */
static void holder(int fd, char *out, size_t size)
{
    char text[32] = "", path[64], name[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    int comm = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    n = comm >= 0 ? read(comm, name, sizeof name - 1) : 0;
    if (n > 0)
        name[n - (name[n - 1] == '\n')] = '\0';
    if (comm >= 0)
        close(comm);
    if (pid > 0)
        snprintf(out, size, "process %ld%s%s%s", pid, *name ? " (" : "", name, *name ? ")" : "");
    else
        snprintf(out, size, "another process");
}

/* For the sentences of those who wait; the lock itself does not need it, so a full disk is no failure. */
static void sign(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && (lseek(fd, 0, SEEK_SET) != 0 || file_write_all(fd, text, (size_t)n) != 0))
        log_line(LOG_DEBUG, "the state's lock could not be signed");
}

static int lock_wait(int fd, const char *path, struct hone_err *err)
{
    int64_t end = clock_mono_us() + store_lock_wait_ms * (int64_t)1000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(err, "lock", path);
        if (clock_mono_us() >= end) {
            char who[96];
            holder(fd, who, sizeof who);
            return hone_fail(err, ERR_CONFLICT, "%s has been held by %s for more than %g s; wait for it to end or "
                             "stop it", path, who, store_lock_wait_ms / 1000.0);
        }
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    return 0;
}

static int lock_open(struct store *s, struct hone_err *err)
{
    char *path = path_join(s->dir, "lock");
    if (!path)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = s->lock_fd < 0 ? err_errno(err, "open", path) : lock_wait(s->lock_fd, path, err);
    if (rc == 0)
        sign(s->lock_fd);
    free(path);
    return rc;
}

/* Makes the file with mode 0600, or looks at the one that is there: it must be a regular file and, unless it is empty,
 * begin like a database. SQLite would take some other files for damaged databases, and follow links. */
static int check_file(const char *path, struct hone_err *err)
{
    char head[sizeof magic];
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 && errno == ELOOP)
        return hone_fail(err, HONE_EIO, "%s is a symbolic link; name the directory that holds the database itself",
                         path);
    if (fd < 0)
        return err_errno(err, "open", path);
    ssize_t n = 0;
    int rc = fstat(fd, &st) != 0 ? err_errno(err, "look at", path) : 0;
    if (rc == 0 && !S_ISREG(st.st_mode))
        rc = hone_fail(err, HONE_EIO, "%s is not a regular file", path);
    else if (rc == 0 && (n = file_read_at(fd, head, sizeof head, 0)) < 0)
        rc = err_errno(err, "read", path);
    else if (rc == 0 && n > 0 && (n < (ssize_t)sizeof head || memcmp(head, magic, sizeof head) != 0))
        rc = hone_fail(err, ERR_CORRUPT, "%s is not a database; move it away or choose another --state directory",
                       path);
    close(fd);
    return rc;
}

static int use_wal(struct store *s, struct hone_err *err)
{
    sqlite3_stmt *st = NULL;
    const unsigned char *mode = NULL;
    int rc = 0;
    if (sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        rc = db_fault(s, err);
    else if (!(mode = sqlite3_column_text(st, 0)) || strcmp((const char *)mode, "wal") != 0)
        rc = hone_fail(err, HONE_EIO, "%s: write-ahead logging is not possible here (mode %s)", s->path,
                       mode ? (const char *)mode : "unknown");
    sqlite3_finalize(st);
    return rc;
}

static uint64_t agent_changes;

uint64_t store_agent_changes(void)
{
    return __atomic_load_n(&agent_changes, __ATOMIC_ACQUIRE);
}

/* What SQLite tells of each row that changes. */
static void on_change(void *arg, int what, const char *db, const char *table, sqlite3_int64 row)
{
    (void)arg;
    (void)what;
    (void)db;
    (void)row;
    if (strcmp(table, "agents") == 0 || strcmp(table, "versions") == 0)
        __atomic_add_fetch(&agent_changes, 1, __ATOMIC_ACQ_REL);
}

static int open_db(struct store *s, struct hone_err *err)
{
    int rc = check_file(s->path, err);
    if (rc != 0)
        return rc;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int opened = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (!s->db)
        return hone_fail(err, HONE_ENOMEM, "%s: memory ran out", s->path);
    if (opened != SQLITE_OK)
        return db_fault(s, err);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_update_hook(s->db, on_change, NULL);
    if ((rc = db_exec(s, pragmas, err)) != 0 || (rc = use_wal(s, err)) != 0 || (rc = db_tenants(s, err)) != 0)
        return rc;
    return 0;
}

static int dir_exists(const struct store *s, struct hone_err *err)
{
    struct stat st;
    if (lstat(s->path, &st) == 0 || swap_waits(s->dir))
        return 0;
    if (errno == ENOENT || errno == ENOTDIR)
        return hone_fail(err, ERR_NOT_FOUND, "%s holds no agents and jobs yet; hone train makes the first ones",
                         s->dir);
    return err_errno(err, "look at", s->path);
}

/* A directory of somebody else, or one that everybody can write, is no place for what must not change hands. */
static int check_dir(const char *dir, struct hone_err *err)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return err_errno(err, "look at", dir);
    if (st.st_uid != geteuid())
        return hone_fail(err, ERR_PRECONDITION, "the state directory %s belongs to user %lu and this program runs as user %lu; run it as that user "
                         "or choose another --state directory", dir, (unsigned long)st.st_uid, (unsigned long)geteuid());
    if (st.st_mode & S_IWOTH)
        return hone_fail(err, ERR_PRECONDITION, "everybody may write the state directory %s; take that right away (chmod o-w) or choose another "
                         "--state directory", dir);
    return 0;
}

/* Everything but the schema. */
static struct store *open_any(const char *state_dir, int create, struct hone_err *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (s)
        s->lock_fd = -1;
    if (!s || !(s->dir = strdup(state_dir)) || !(s->path = path_join(state_dir, "hone.db"))) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        goto failed;
    }
    if ((create ? file_mkdirs(s->dir, err) : dir_exists(s, err)) != 0 || check_dir(s->dir, err) != 0 || lock_open(s, err) != 0 ||
        swap_finish(s->dir, err) != 0 || open_db(s, err) != 0)
        goto failed;
    return s;
failed:
    store_close(s);
    return NULL;
}

static struct store *open_migrated(const char *state_dir, int create, struct hone_err *err)
{
    struct store *s = open_any(state_dir, create, err);
    if (s && schema_migrate(s, schema_steps, schema_version, err) == 0)
        return s;
    store_close(s);
    return NULL;
}

struct store *store_open(const char *state_dir, struct hone_err *err)
{
    return open_migrated(state_dir, 1, err);
}

struct store *store_open_existing(const char *state_dir, struct hone_err *err)
{
    return open_migrated(state_dir, 0, err);
}

int store_lock(const char *state_dir, struct hone_err *err)
{
    struct store s = { .dir = (char *)(intptr_t)state_dir, .lock_fd = -1 };
    int rc = file_mkdirs(state_dir, err);
    if (rc == 0)
        rc = check_dir(state_dir, err);
    if (rc == 0)
        rc = lock_open(&s, err);
    if (rc != 0 && s.lock_fd >= 0)
        close(s.lock_fd);
    return rc != 0 ? rc : s.lock_fd;
}

int store_schema(const char *state_dir, int try, int *have, int *want, struct hone_err *err)
{
    struct store *s = open_any(state_dir, 0, err);
    int64_t version = 0;
    int rc = !s ? err->code : try ? schema_try(s, schema_steps, schema_version, have, err)
                                  : db_number(s, "PRAGMA user_version", NULL, 0, &version, err);
    if (!try)
        *have = (int)version;
    *want = schema_version;
    store_close(s);
    return rc < 0 ? rc : 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_rollback(s);
    db_keep_free(s);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->path);
    free(s->dir);
    free(s);
}

const char *store_dir(const struct store *s)
{
    return s->dir;
}

void store_act_as(struct store *s, const char *tenant)
{
    snprintf(s->tenant, sizeof s->tenant, "%s", tenant ? tenant : "");
}

const char *store_tenant(const struct store *s)
{
    return s->tenant[0] ? s->tenant : NULL;
}

int store_begin(struct store *s, struct hone_err *err)
{
    if (s->open) {
        s->depth++;
        return 0;
    }
    int rc = db_exec(s, "BEGIN IMMEDIATE", err);
    s->open = rc == 0;
    return rc;
}

int store_commit(struct store *s, struct hone_err *err)
{
    int rc;
    if (!s->open)
        rc = hone_fail(err, ERR_CONFLICT, "%s: no transaction is open", s->path);
    else if (sqlite3_get_autocommit(s->db))
        rc = hone_fail(err, HONE_EIO, "%s: the transaction was given up after an earlier fault", s->path);
    else if (s->depth > 0)
        return s->depth--, 0;
    else
        rc = db_commit(s, err);
    store_rollback(s);
    return rc;
}

void store_rollback(struct store *s)
{
    if (s->db && !sqlite3_get_autocommit(s->db))
        (void)db_exec(s, "ROLLBACK", NULL);
    s->open = s->depth = 0;
}

int store_part_begin(struct store *s, struct hone_err *err)
{
    return db_enter(s, err);
}

int store_part_end(struct store *s, int rc, struct hone_err *err)
{
    return db_leave(s, rc, err);
}

int64_t store_changes(const struct store *s)
{
    return sqlite3_total_changes64(s->db);
}

int64_t store_events(const struct store *s)
{
    return s->events;
}

int store_failing(const struct store *s)
{
    return s->failing;
}

int store_lost(const struct store *s)
{
    return s->lost;
}

int store_probe(struct store *s, struct hone_err *err)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", schema_version);
    int rc = db_exec(s, sql, err);
    if (rc == 0)
        s->failing = 0;
    return rc;
}

int64_t store_deliveries(const struct store *s)
{
    return s->deliveries;
}

int store_check(struct store *s, struct hone_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = 0;
    int64_t broken;
    if (sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        rc = db_fault(s, err);
    else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
        rc = hone_fail(err, ERR_CORRUPT, "%s is damaged: %.300s", s->path, (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    if (rc == 0 && (rc = db_number(s, "SELECT count(*) FROM pragma_foreign_key_check", NULL, 0, &broken, err)) > 0)
        rc = broken ? hone_fail(err, ERR_CORRUPT, "%s is damaged: %lld rows refer to rows that do not exist", s->path,
                                (long long)broken) : 0;
    return rc;
}
