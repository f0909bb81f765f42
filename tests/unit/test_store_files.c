/* The state database as files: creating, refusing, migrating, several processes, crashes and full disks. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/store/agent.h"
#include "core/store/db.h"
#include "core/store/job.h"
#include "core/store/schema.h"
#include "tests/unit/suites.h"

static char dir[64], db[96];
static struct hone_err err;

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-files-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(db, sizeof db, "%s/hone.db", dir);
    err = (struct hone_err){ 0 };
}

static void tear_down(void)
{
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
}

static int said(int code, const char *says)
{
    int ok = err.code == code && strstr(err.text, says);
    if (!ok)
        fprintf(stderr, "\n    found %d '%s', expected %d '%s'\n", err.code, err.text, code, says);
    return ok;
}

static int refused(int code, const char *says)
{
    struct store *s = store_open(dir, &err);
    store_close(s);
    return !s && said(code, says);
}

static int add_agent(struct store *s, const char *name)
{
    struct agent_row a = { .name = strdup(name) };
    int rc = agent_insert(s, &a, &err);
    agent_free(&a);
    return rc;
}

static int64_t count_agents(struct store *s)
{
    struct agent_list l;
    if (agent_list(s, &(struct agent_filter){ 0 }, &l, &err) != 0)
        return -1;
    int64_t n = (int64_t)l.n;
    agent_list_free(&l);
    return n;
}

/* Opens, checks and counts. */
static int64_t agents_after(void)
{
    struct store *s = store_open(dir, &err);
    if (!s)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    int64_t n = count_agents(s);
    store_close(s);
    return n;
}

static void creates(void)
{
    struct stat st;
    set_up();
    char deep[96];
    snprintf(deep, sizeof deep, "%s/a/b", dir);
    CU_ASSERT_PTR_NULL(store_open_existing(deep, &err));
    CU_ASSERT_TRUE(said(ERR_NOT_FOUND, "no agents and jobs yet"));
    CU_ASSERT_NOT_EQUAL(stat(deep, &st), 0);
    mode_t old = umask(0);
    struct store *s = store_open(deep, &err);
    umask(old);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_STRING_EQUAL(store_dir(s), deep);
    CU_ASSERT_EQUAL(add_agent(s, "a"), 0);
    char file[128];
    static const char *const files[] = { "hone.db", "hone.db-wal", "lock" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(file, sizeof file, "%s/%s", deep, files[i]);
        CU_ASSERT_EQUAL(stat(file, &st), 0);
        CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    }
    snprintf(file, sizeof file, "%s/hone.db-shm", deep);
    CU_ASSERT_NOT_EQUAL(stat(file, &st), 0);
    CU_ASSERT_EQUAL(stat(deep, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
    store_close(s);
    s = store_open_existing(deep, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(count_agents(s), 1);
    store_close(s);
    store_close(NULL);
    tear_down();
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    CU_ASSERT_EQUAL(file_write_atomic(path, bytes, n, &err), 0);
}

/* Makes a database by hand. */
static void raw(const char *sql)
{
    sqlite3 *c;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(db, &c), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(c, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(c);
}

static void refuses(void)
{
    char hex[65], after[65];
    set_up();
    write_file(db, "not a database, but text", 24);
    file_sha256(db, hex, &err);
    CU_ASSERT_TRUE(refused(ERR_CORRUPT, "is not a database"));
    file_sha256(db, after, &err);
    CU_ASSERT_STRING_EQUAL(hex, after);
    write_file(db, "SQL", 3);
    CU_ASSERT_TRUE(refused(ERR_CORRUPT, "is not a database"));
    char bad[8192] = "SQLite format 3";
    write_file(db, bad, sizeof bad);
    CU_ASSERT_TRUE(refused(ERR_CORRUPT, "is not a database"));
    unlink(db);
    raw("CREATE TABLE bookmarks (url TEXT)");
    CU_ASSERT_TRUE(refused(ERR_CORRUPT, "database of another program"));
    unlink(db);
    raw("PRAGMA application_id = 77");
    CU_ASSERT_TRUE(refused(ERR_CORRUPT, "database of another program"));
    unlink(db);
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = 99", SCHEMA_APPLICATION);
    raw(sql);
    CU_ASSERT_TRUE(refused(ERR_PRECONDITION, "newer version of hone (schema 99"));
    unlink(db);
    CU_ASSERT_EQUAL(symlink("elsewhere.db", db), 0);
    CU_ASSERT_TRUE(refused(HONE_EIO, "symbolic link"));
    unlink(db);
    CU_ASSERT_EQUAL(mkdir(db, 0700), 0);
    CU_ASSERT_TRUE(refused(HONE_EIO, "hone.db"));
    rmdir(db);
    CU_ASSERT_EQUAL(mkfifo(db, 0600), 0);
    CU_ASSERT_TRUE(refused(HONE_EIO, "not a regular file"));
    unlink(db);
    CU_ASSERT_EQUAL(agents_after(), 0);
    tear_down();
    write_file(dir, "", 0);
    CU_ASSERT_TRUE(refused(HONE_EIO, dir));
    unlink(dir);
}

/* A flipped page is found by the check, and reading it is an error and not a crash. */
static void damage(void)
{
    set_up();
    struct store *s = store_open(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "agent number %d with a name of some length", i);
        CU_ASSERT_EQUAL(add_agent(s, name), 0);
    }
    store_close(s);
    int fd = open(db, O_RDWR), found = 0, pages;
    struct stat st;
    CU_ASSERT_EQUAL_FATAL(fstat(fd, &st), 0);
    pages = (int)(st.st_size / 4096);
    for (int page = 0; page < pages; page++) {
        char old[64], junk[64];
        memset(junk, 0xa5, sizeof junk);
        CU_ASSERT_EQUAL(pread(fd, old, sizeof old, page * 4096L), (ssize_t)sizeof old);
        CU_ASSERT_EQUAL(pwrite(fd, junk, sizeof junk, page * 4096L), (ssize_t)sizeof junk);
        s = store_open(dir, &err);
        int bad = !s || store_check(s, &err) != 0;
        CU_ASSERT_TRUE(!bad || err.code == ERR_CORRUPT);
        found += bad;
        if (s)
            (void)count_agents(s);
        store_close(s);
        CU_ASSERT_EQUAL(pwrite(fd, old, sizeof old, page * 4096L), (ssize_t)sizeof old);
    }
    close(fd);
    CU_ASSERT_TRUE(pages > 10 && found == pages);
    CU_ASSERT_EQUAL(agents_after(), 300);
    tear_down();
}

static void migrates(void)
{
    static const char *const steps[] = {
        "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1), (2);",
        "CREATE TABLE u (b INTEGER REFERENCES t (a)) STRICT; INSERT INTO u VALUES (1), (2);",
        "CREATE TABLE w (a INTEGER PRIMARY KEY, c TEXT) STRICT; INSERT INTO w SELECT a, 'x' FROM t; DROP TABLE t; ALTER TABLE w RENAME TO t;",
        "DELETE FROM t WHERE a = 2;",
        "CREATE TABLE v (a TEXT) STRICT; CREATE TABLE v (a TEXT) STRICT;",
    };
    int64_t n = 0;
    set_up();
    snprintf(db, sizeof db, "%s/m.db", dir);
    struct store s = { .path = db, .dir = dir, .lock_fd = -1 };
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(db, &s.db), SQLITE_OK);
    CU_ASSERT_EQUAL(db_exec(&s, "PRAGMA foreign_keys = ON", &err), 0);
    CU_ASSERT_EQUAL(schema_migrate(&s, steps, 2, &err), 0);
    CU_ASSERT_EQUAL(schema_migrate(&s, steps, 2, &err), 0);
    CU_ASSERT_EQUAL(schema_migrate(&s, steps, 3, &err), 0);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT count(*) FROM u JOIN t ON a = b WHERE c = 'x'", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(schema_migrate(&s, steps, 4, &err), ERR_CORRUPT);
    CU_ASSERT_TRUE(said(ERR_CORRUPT, "from schema 3 to 4: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "1 rows refer to rows that do not exist"));
    CU_ASSERT_TRUE(schema_migrate(&s, (const char *const[]){ "", "", "", "", steps[4] }, 5, &err) < 0);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT count(*) FROM t", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT count(*) FROM sqlite_schema WHERE name = 'v'", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(db_number(&s, "PRAGMA user_version", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT_EQUAL(db_number(&s, "PRAGMA foreign_keys", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(schema_migrate(&s, steps, 2, &err), ERR_PRECONDITION);
    db_keep_free(&s);
    CU_ASSERT_EQUAL(sqlite3_close(s.db), SQLITE_OK);
    tear_down();
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static int exit_code(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A child that has the database open until the pipe is closed; it has said so when this returns. */
static pid_t holder(int *release)
{
    int to[2], from[2];
    char c = 0;
    CU_ASSERT_EQUAL_FATAL(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(to[1]);
        struct store *s = store_open(dir, NULL);
        ssize_t told = write(from[1], "x", 1), got = read(to[0], &c, 1);
        store_close(s);
        _exit(s && told == 1 && got == 0 ? 0 : 1);
    }
    CU_ASSERT_EQUAL(read(from[0], &c, 1), 1);
    close(to[0]);
    close(from[0]);
    close(from[1]);
    *release = to[1];
    return pid;
}

static void one_at_a_time(void)
{
    int release;
    char who[64];
    set_up();
    pid_t pid = holder(&release);
    store_lock_wait_ms = 150;
    snprintf(who, sizeof who, "held by process %ld", (long)pid);
    CU_ASSERT_TRUE(refused(ERR_CONFLICT, who));
    store_lock_wait_ms = STORE_LOCK_WAIT_MS;
    pid_t closer = fork();
    if (closer == 0) {
        pause_ms(200);
        _exit(0);
    }
    close(release); /* the copy in `closer` keeps the pipe open for a while */
    int64_t before = clock_mono_us();
    CU_ASSERT_EQUAL(agents_after(), 0);
    CU_ASSERT_TRUE(clock_mono_us() - before > 100000);
    CU_ASSERT_EQUAL(exit_code(closer), 0);
    CU_ASSERT_EQUAL(exit_code(pid), 0);
    sqlite3 *other;
    CU_ASSERT_EQUAL(sqlite3_open(db, &other), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_TRUE(refused(ERR_CONFLICT, "held open by another program"));
    sqlite3_close(other);
    tear_down();
}

#define WRITERS 4
#define EACH 25

static void many_processes(void)
{
    pid_t pids[WRITERS];
    set_up();
    for (int w = 0; w < WRITERS; w++) {
        if ((pids[w] = fork()) != 0)
            continue;
        int bad = 0;
        for (int i = 0; i < EACH; i++) {
            char name[32];
            snprintf(name, sizeof name, "w%d-%d", w, i);
            struct store *s = store_open(dir, &err);
            bad |= !s || add_agent(s, name) != 0;
            store_close(s);
        }
        _exit(bad);
    }
    for (int w = 0; w < WRITERS; w++)
        CU_ASSERT_EQUAL(exit_code(pids[w]), 0);
    CU_ASSERT_EQUAL(agents_after(), WRITERS * EACH);
    tear_down();
}

/* Adds pairs of an agent and a job, each pair in one transaction, and tells the pipe of each that was committed. */
static void write_pairs(int fd)
{
    for (int32_t i = 0;; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld-%d", (long)getpid(), i);
        struct store *s = store_open(dir, &err);
        struct agent_row a = { .name = strdup(name) };
        if (!s || store_begin(s, &err) != 0 || agent_insert(s, &a, &err) != 0)
            _exit(1);
        struct job_row j = { .agent_id = a.id };
        if (job_insert(s, &j, &err) != 0 || store_commit(s, &err) != 0 || write(fd, &i, sizeof i) != sizeof i)
            _exit(1);
        j.agent_id = NULL;
        job_free(&j);
        agent_free(&a);
        if (i % 3 == 0)
            store_close(s);
        else
            db_keep_free(s), (void)sqlite3_close(s->db), close(s->lock_fd); /* leaves memory behind, which the kill takes anyway */
    }
}

static void killed(void)
{
    int64_t acknowledged = 0, at_most = 0;
    set_up();
    for (int round = 0; round < 25 || (acknowledged <= 25 && round < 500); round++) {
        int p[2];
        int32_t i;
        CU_ASSERT_EQUAL_FATAL(pipe2(p, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0)
            write_pairs(p[1]);
        close(p[1]);
        pause_ms(1 + round * 7 % 40 + round / 25 * 20); /* longer where the machine is busy */
        kill(pid, SIGKILL);
        CU_ASSERT_EQUAL(exit_code(pid), -1);
        while (read(p[0], &i, sizeof i) == sizeof i)
            acknowledged++;
        at_most = acknowledged + round + 1;
        close(p[0]);
        int64_t n = agents_after();
        CU_ASSERT_TRUE(n >= acknowledged && n <= at_most);
    }
    struct store *s = store_open(dir, &err);
    struct job_list l;
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(job_list(s, &(struct job_filter){ 0 }, &l, &err), 0);
    CU_ASSERT_EQUAL((int64_t)l.n, count_agents(s));
    CU_ASSERT_TRUE(acknowledged > 25);
    job_list_free(&l);
    store_close(s);
    tear_down();
}

/* Adds agents until it fails: how many there were, with err filled. */
static int fill(struct store *s)
{
    char name[128];
    int n = 0;
    for (;; n++) {
        snprintf(name, sizeof name, "%0100d", n);
        if (n == 100000 || add_agent(s, name) != 0)
            return n;
    }
}

/* In a process of its own: fills until nothing more fits; what was acknowledged must stay. 0, or where it went wrong. */
static int full_file(void)
{
    struct rlimit old, small = { 400000, 0 };
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &old) != 0)
        return 1;
    small.rlim_max = old.rlim_max;
    struct store *s = store_open(dir, &err);
    if (!s || setrlimit(RLIMIT_FSIZE, &small) != 0)
        return 2;
    int n = fill(s);
    if (n == 0 || !said(ERR_FULL, "nothing was saved") || setrlimit(RLIMIT_FSIZE, &old) != 0)
        return 3;
    if (count_agents(s) != n || add_agent(s, "more") != 0)
        return 4;
    store_close(s);
    s = store_open(dir, &err);
    int ok = s && store_check(s, &err) == 0 && count_agents(s) == n + 1;
    store_close(s);
    return ok ? 0 : 5;
}

/* The same on a real file system of 1 MiB, with room made afterwards. 77: mounting is not allowed here. */
static int full_disk(void)
{
    char ballast[96];
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", dir, "tmpfs", 0, "size=1m,mode=700") != 0)
        return 77;
    snprintf(ballast, sizeof ballast, "%s/ballast", dir);
    int fd = open(ballast, O_RDWR | O_CREAT, 0600);
    if (posix_fallocate(fd, 0, 256 << 10) != 0)
        return 1;
    struct store *s = store_open(dir, &err);
    int n = s ? fill(s) : 0;
    if (n == 0 || !said(ERR_FULL, "the disk is full"))
        return 2;
    store_close(s);
    s = store_open(dir, &err);
    if (s && store_begin(s, &err) == 0 && add_agent(s, "in a transaction") == 0 && store_commit(s, &err) == 0)
        n++;
    store_close(s);
    if (ftruncate(fd, 0) != 0)
        return 3;
    s = store_open(dir, &err);
    if (!s || store_check(s, &err) != 0 || count_agents(s) != n || add_agent(s, "more") != 0)
        return 4;
    store_close(s);
    char fresh[96];
    while (write(fd, ballast, sizeof ballast) > 0)
        ;
    snprintf(fresh, sizeof fresh, "%s/fresh", dir);
    s = store_open(fresh, &err);
    store_close(s);
    return !s && err.code == ERR_FULL ? 0 : 5;
}

static int in_child(int (*run)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(run());
    return exit_code(pid);
}

static void full(void)
{
    set_up();
    CU_ASSERT_EQUAL(in_child(full_file), 0);
    tear_down();
    set_up();
    int code = in_child(full_disk);
    if (code == 77)
        printf("skipped: a small file system cannot be mounted here\n");
    else
        CU_ASSERT_EQUAL(code, 0);
    tear_down();
}

int test_store_files(void)
{
    CU_pSuite suite = CU_add_suite("store_files", NULL, NULL);
    int ok = suite && CU_add_test(suite, "creates", creates) && CU_add_test(suite, "refuses", refuses) &&
             CU_add_test(suite, "damage", damage) && CU_add_test(suite, "migrates", migrates) &&
             CU_add_test(suite, "one at a time", one_at_a_time) && CU_add_test(suite, "processes", many_processes) &&
             CU_add_test(suite, "killed", killed) && CU_add_test(suite, "full", full);
    return ok ? 0 : -1;
}
