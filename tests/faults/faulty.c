/* Faults of the system under a running daemon: a full disk, errors of reads and writes, syncs that fail, no descriptors, no processes, a clock
 * that jumps, a state directory that cannot be used. Each time: what the client is told, what /readyz says, that a job fails or waits with the
 * right cause, that nothing half-written stays, and that all works again without a restart when the fault is gone (but for a failed sync of
 * the database, which must end the daemon). Faults come from the shim; faulty.sh also does it on a real full disk.
 * Use: faulty. Needs HONE, SHIM, FAULTY_DIR and srcdir in the environment. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/faults/caller.h"
#include "tests/faults/kept.h"
#include "tests/faults/served.h"
#include "tests/faults/shimmed.h"

#define WAIT_MS 60000
#define YEAR_MS (INT64_C(366) * 86400000)

static struct served served;
static struct shim_control *shim;
static struct caller client;
static char base[200], root[256], agent[65], weights[65];
static char *examples;
static int passed, failed;

__attribute__((format(printf, 2, 3))) static int check(int good, const char *fmt, ...)
{
    va_list ap;
    if (good) {
        passed++;
        return 1;
    }
    failed++;
    va_start(ap, fmt);
    fputs("FAIL: ", stdout);
    vprintf(fmt, ap);
    puts("");
    fflush(stdout);
    va_end(ap);
    return 0;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

/* Calls; id (may be NULL) gets the value under `key`, text (may be NULL) the message. */
static int call(const char *function, const char *body, const char *key, char id[65], char text[400])
{
    cJSON *out = NULL;
    int status = caller_call(&client, function, NULL, body, &out);
    if (id)
        snprintf(id, 65, "%s", json_str(json_get(out, "data"), key, ""));
    if (text)
        snprintf(text, 400, "%s", json_str(out, "message", ""));
    cJSON_Delete(out);
    return status;
}

static int get(const char *path)
{
    struct caller one = { .port = served.port, .token = served.token, .fd = -1 };
    int status = caller_get(&one, path);
    caller_close(&one);
    return status;
}

static int make_agent(const char *name)
{
    char body[128], id[65];
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    return call("createAgent", body, "agent_id", id, NULL);
}

static int start_long(int epochs, char job[65])
{
    struct buf b = { 0 };
    buf_printf(&b, "{\"agent_id\":\"%s\",\"training_data\":{\"examples\":%s},\"config\":{\"epochs\":%d,\"checkpointInterval\":1,\"earlyStopping\":false,"
               "\"threads\":1}}", agent, examples, epochs);
    int status = call("startTrainingJob", buf_str(&b), "job_id", job, NULL);
    buf_free(&b);
    return status;
}

static int start_job(char job[65])
{
    return start_long(8, job);
}

struct seen {
    char status[16], detail[120], why[300], code[40], sha256[65];
    double elapsed;
};

static struct seen look(const char *job)
{
    struct seen s = { 0 };
    char body[128];
    cJSON *out = NULL;
    snprintf(body, sizeof body, "{\"job_id\":\"%s\"}", job);
    caller_call(&client, "monitorTrainingProgress", NULL, body, &out);
    const cJSON *d = json_get(out, "data");
    snprintf(s.status, sizeof s.status, "%s", json_str(d, "status", ""));
    snprintf(s.detail, sizeof s.detail, "%s", json_str(d, "detail", ""));
    snprintf(s.why, sizeof s.why, "%s", json_str(json_get(d, "error"), "message", ""));
    snprintf(s.code, sizeof s.code, "%s", json_str(json_get(d, "error"), "code", ""));
    snprintf(s.sha256, sizeof s.sha256, "%s", json_str(json_get(json_get(d, "results"), "weights"), "sha256", ""));
    s.elapsed = json_num(d, "elapsed_ms", 0);
    cJSON_Delete(out);
    return s;
}

/* Until the job has that status or that detail. */
static struct seen await(const char *job, const char *status, const char *detail)
{
    struct seen s;
    int64_t end = clock_mono_us() + WAIT_MS * INT64_C(1000);
    do {
        pause_ms(10);
        s = look(job);
    } while (strcmp(s.status, status) != 0 && !(detail && strstr(s.detail, detail)) && strcmp(s.status, "failed") != 0 && clock_mono_us() < end);
    return s;
}

/* The job ends well, with the weights of an undisturbed one. */
static void completes(const char *what, const char *job)
{
    struct seen s = await(job, "completed", NULL);
    check(strcmp(s.status, "completed") == 0, "%s: the job is %s (%s): %s", what, s.status, s.code, s.why);
    check(!*weights || strcmp(s.sha256, weights) == 0, "%s: weights %s, undisturbed they are %s", what, s.sha256, weights);
    check(s.elapsed >= 0, "%s: it ran %g ms", what, s.elapsed);
    if (!*weights)
        snprintf(weights, sizeof weights, "%s", s.sha256);
}

/* Names below the directory that have `part` in them. */
static int count_names(const char *dir, const char *part)
{
    char path[4300];
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n += strstr(e->d_name, part) != NULL;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            n += count_names(path, part);
    }
    if (d)
        closedir(d);
    return n;
}

static void nothing_half(const char *what)
{
    check(count_names(served.state, ".part") == 0 && count_names(served.state, ".new.") == 0 &&
              count_names(served.state, ".jsonl.") == 0, "%s: something half-written is left", what);
}

static void works_again(const char *what, const char *name)
{
    int hits = shimmed_disarm(shim), status = -1;
    check(hits > 0, "%s: nothing was struck", what);
    for (int64_t end = clock_mono_us() + 30000000; (status = get("/readyz")) != 200 && clock_mono_us() < end;)
        pause_ms(20);
    check(status == 200, "%s: /readyz says %d when the fault is gone", what, status);
    status = make_agent(name);
    check(status == 201, "%s: createAgent says %d when the fault is gone", what, status);
}

/* ---- the disk ---- */

static void full_books(void)
{
    char text[400], id[65];
    shimmed_arm(shim, SHIM_WRITE, "hone.db-wal", SHIM_FAIL, ENOSPC, 0, -1);
    int status = call("createAgent", "{\"name\":\"no space\"}", "agent_id", id, text);
    check(status == 503 && strstr(text, "full"), "full disk: createAgent says %d %s", status, text);
    check(get("/readyz") == 503, "full disk: /readyz says ready");
    check(get("/healthz") == 200, "full disk: /healthz does not answer");
    check(call("listAgents", "{}", NULL, NULL, NULL) == 200, "full disk: nothing can be read");
    works_again("full disk", "space again");
    check(make_agent("no space") == 201, "full disk: the refused agent is there nevertheless");
}

static void full_checkpoint(void)
{
    char job[65];
    shimmed_arm(shim, SHIM_WRITE, "/checkpoint-", SHIM_FAIL, ENOSPC, 0, -1);
    start_job(job);
    struct seen s = await(job, "completed", "space");
    check(strstr(s.detail, "space") != NULL, "full disk at a checkpoint: the job is %s (%s) %s", s.status, s.detail, s.why);
    nothing_half("full disk at a checkpoint");
    check(shimmed_disarm(shim) > 0, "full disk at a checkpoint: nothing was struck");
    completes("full disk at a checkpoint", job);
}

static void full_end(void)
{
    char job[65];
    start_job(job);
    await(job, "running", NULL);
    shimmed_arm(shim, SHIM_WRITE, "hone.db-wal", SHIM_FAIL, ENOSPC, 0, -1);
    pause_ms(1500); /* it trains to its end meanwhile */
    struct seen s = look(job);
    check(strcmp(s.status, "running") == 0, "full disk at the end: the job is %s", s.status);
    works_again("full disk at the end", "space at last");
    completes("full disk at the end", job);
}

/* A file of examples that cannot be stored, for each call that storing makes. */
static void unstored(int calls, const char *match, int error, const char *name)
{
    char what[100], id[65], text[400];
    struct buf b = { 0 };
    snprintf(what, sizeof what, "%s fails (%s)", name, strerror(error));
    buf_printf(&b, "{\"name\":\"%s\",\"examples\":[{\"input\":\"%s\",\"expected_output\":\"a\"},{\"input\":\"b\",\"expected_output\":\"b\"}]}", name, name);
    shimmed_arm(shim, calls, match, SHIM_FAIL, error, 0, calls == SHIM_OPEN ? 2 : 1); /* it first looks whether the file is there */
    int status = call("createTrainingModule", buf_str(&b), "module_id", id, text);
    check(status == 500 || status == 503, "%s: createTrainingModule says %d %s", what, status, text);
    works_again(what, what);
    status = call("createTrainingModule", buf_str(&b), "module_id", id, text);
    check(status == 201, "%s: the second time it says %d %s", what, status, text);
    nothing_half(what);
    buf_free(&b);
}

static void storing(void)
{
    unstored(SHIM_OPEN, "/data/", EMFILE, "open");
    unstored(SHIM_OPEN, "/data/", EROFS, "open on a read-only disk");
    unstored(SHIM_WRITE, "/data/", ENOSPC, "write");
    unstored(SHIM_WRITE, "/data/", EIO, "write with an error");
    unstored(SHIM_SYNC, "/data/", EIO, "sync of a file");
    unstored(SHIM_RENAME, "/data/", EIO, "rename");
    unstored(SHIM_SYNC, "/state/data", EIO, "sync of a directory");
}

/* ---- the process ---- */

static void no_processes(void)
{
    char job[65];
    shimmed_arm(shim, SHIM_FORK, "", SHIM_FAIL, EAGAIN, 0, 2);
    start_job(job);
    completes("no new process, twice", job);
    check(shimmed_disarm(shim) == 2, "no new process: not struck twice");
    shimmed_arm(shim, SHIM_FORK, "", SHIM_FAIL, EAGAIN, 0, -1);
    start_job(job);
    struct seen s = await(job, "failed", NULL);
    check(strcmp(s.status, "failed") == 0 && strstr(s.why, "no new process"), "no new process: the job is %s (%s) %s", s.status, s.code, s.why);
    works_again("no new process", "processes again");
}

static void no_descriptors(void)
{
    char id[65], text[400];
    shimmed_arm(shim, SHIM_OPEN, "", SHIM_FAIL, EMFILE, 0, -1);
    int status = call("createTrainingModule", "{\"name\":\"x\",\"examples\":[{\"input\":\"a\",\"expected_output\":\"a\"},{\"input\":\"c\","
                      "\"expected_output\":\"b\"}]}", "module_id", id, text);
    check(status == 500, "no descriptors: createTrainingModule says %d %s", status, text);
    check(get("/healthz") == 200, "no descriptors: /healthz does not answer");
    works_again("no descriptors", "descriptors again");
}

static void clock_jumps(void)
{
    static const int64_t jumps[] = { 3600000, -3600000, 10 * YEAR_MS, -10 * YEAR_MS, -56 * YEAR_MS };
    char job[65], what[64];
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        snprintf(what, sizeof what, "the clock jumps by %lld h", (long long)(jumps[i] / 3600000));
        shimmed_arm(shim, SHIM_FORK, "", SHIM_FAIL, EAGAIN, 0, 1); /* so that it waits, until a time of the old clock */
        start_job(job);
        await(job, "completed", "tried again");
        __atomic_store_n(&shim->clock_ms, jumps[i], __ATOMIC_RELEASE);
        completes(what, job);
        shimmed_disarm(shim);
        __atomic_store_n(&shim->clock_ms, 0, __ATOMIC_RELEASE);
    }
}

/* A job that runs longer than --job-minutes: a minute passes for the daemon while it runs. */
static void too_long(void)
{
    char job[65];
    start_long(10000, job);
    await(job, "running", NULL);
    __atomic_store_n(&shim->mono_ms, 61000, __ATOMIC_RELEASE);
    struct seen s = await(job, "failed", NULL);
    check(strcmp(s.status, "failed") == 0 && strcmp(s.code, "time_limit") == 0, "a job that is too long is %s (%s): %s", s.status, s.code, s.why);
}

/* ---- the end of it ---- */

/* How `hone --state DIR serve` ends when it cannot begin; its log so far is emptied. */
static int serve_fails(const char *text)
{
    int status = -1;
    struct buf log = { 0 };
    struct hone_err err;
    if (truncate(served.log, 0) == 0 && served_start(&served) >= 0)
        served_kill(&served);
    else
        status = 0;
    file_read(served.log, 1 << 20, &log, &err);
    int good = status == 0 && strstr(buf_str(&log), text) && strstr(buf_str(&log), "state");
    check(good, "serve should refuse with '%s': %.500s", text, buf_str(&log));
    buf_free(&log);
    return good;
}

static void unsynced_books(void)
{
    char id[65], text[400];
    int status;
    shimmed_arm(shim, SHIM_SYNC, "hone.db-wal", SHIM_FAIL, EIO, 0, 1);
    status = call("createAgent", "{\"name\":\"unsynced\"}", "agent_id", id, text);
    check(status == 500 || status == -1, "failed sync: createAgent says %d", status);
    status = call("createAgent", "{\"name\":\"after it\"}", "agent_id", id, text);
    check(status != 201, "failed sync: something is acknowledged afterwards");
    int ended = 0;
    for (int64_t end = clock_mono_us() + 20000000; clock_mono_us() < end && waitpid(served.pid, &ended, WNOHANG) != served.pid;)
        pause_ms(10);
    check(WIFEXITED(ended) && WEXITSTATUS(ended) != 0, "failed sync: the daemon ended with %x", ended);
    check(shimmed_disarm(shim) == 1, "failed sync: synced again as if it could help");
    caller_close(&client);
    served.pid = 0;
    check(served_start(&served) >= 0, "failed sync: the daemon does not start again");
    check(make_agent("after it") == 201, "failed sync: what was refused is there");
}

static void bad_directories(void)
{
    char moved[300];
    check(served_stop(&served, 30000) == 0, "SIGTERM: the daemon did not end well");
    snprintf(moved, sizeof moved, "%.250s-moved", served.state);
    check(chmod(served.state, 0707) == 0 && serve_fails("everybody may write"), "chmod: %s", strerror(errno));
    chmod(served.state, 0700);
    if (geteuid() == 0 && chown(served.state, 12345, (gid_t)-1) == 0) {
        serve_fails("belongs to user 12345");
        check(chown(served.state, 0, (gid_t)-1) == 0, "chown: %s", strerror(errno));
    }
    shimmed_arm(shim, SHIM_OPEN, "/state/", SHIM_FAIL, EROFS, 0, -1);
    serve_fails("Read-only file system");
    shimmed_disarm(shim);
    check(rename(served.state, moved) == 0, "rename: %s", strerror(errno));
    shimmed_arm(shim, SHIM_MKDIR, "/state", SHIM_FAIL, EROFS, 0, -1);
    serve_fails("Read-only file system");
    shimmed_disarm(shim);
    check(rename(moved, served.state) == 0, "rename: %s", strerror(errno));
}

static int begin(void)
{
    static const char *const options[] = { "--jobs", "1", "--retry-ms", "250", "--job-minutes", "1", NULL };
    const char *hone = getenv("HONE"), *dir = getenv("FAULTY_DIR"), *srcdir = getenv("srcdir");
    char path[4200];
    if (!hone || !dir || !(examples = read_rows(srcdir ? srcdir : ".", 24)))
        return -1;
    snprintf(base, sizeof base, "%s", dir);
    snprintf(root, sizeof root, "%s/disk/", base);
    snprintf(served.hone, sizeof served.hone, "%s", hone);
    snprintf(served.state, sizeof served.state, "%.240sstate", root);
    snprintf(served.log, sizeof served.log, "%s/daemon.log", base);
    served.options = options;
    snprintf(path, sizeof path, "%.240s", root);
    if (mkdir(path, 0700) != 0 || !(shim = shimmed_begin(base, root)) || served_prepare(&served) != 0 || served_start(&served) < 0)
        return -1;
    client = (struct caller){ .port = served.port, .token = served.token, .fd = -1 };
    return call("createAgent", "{\"name\":\"support\"}", "agent_id", agent, NULL) == 201 ? 0 : -1;
}

int main(void)
{
    char job[65], why[400] = "";
    if (begin() != 0)
        return 99;
    start_job(job);
    completes("undisturbed", job);
    full_books();
    full_checkpoint();
    full_end();
    storing();
    no_processes();
    no_descriptors();
    clock_jumps();
    unsynced_books();
    too_long();
    bad_directories();
    shimmed_end();
    check(kept_check(root, NULL, 0, why, sizeof why) == 0, "at the end: %s", why);
    caller_close(&client);
    served_kill(&served);
    free(examples);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
