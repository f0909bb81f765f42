/* hone-worker: one task in one process. Greets the supervisor, reads what to do, prepares it and reports how it ended.
 * The tasks are in files of their own. Started by core/jobs only. */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/crash.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/host/dirs.h"
#include "core/host/guard.h"
#include "core/host/pins.h"
#include "core/jobs/frame.h"
#include "core/host/sandbox.h"
#include "core/worker/fence.h"
#include "core/worker/link.h"
#include "core/worker/task.h"

#define MAX_THREADS 1024

static const struct {
    const char *name;
    int (*run)(struct task *, struct hone_err *);
    int one_thread; /* it forks, or has no loops to share */
    int forks;      /* it tries plugins in processes of their own */
} tasks[] = {
    { "train", task_train, 0, 0 },   { "evaluate", task_evaluate, 0, 0 }, { "off_policy", task_off_policy, 0, 0 }, { "predict", task_predict, 0, 0 },
    { "report", task_report, 1, 0 }, { "probe", task_probe, 1, 1 },       { "preview", task_preview, 1, 0 },
    { "check", task_check, 0, 1 },   { "bench", task_bench, 0, 0 },       { "serve", task_serve, 0, 0 },
    { "compare", task_compare, 0, 0 }, { "generate", task_generate, 0, 0 },
    { "import", task_import, 0, 0 }, { "export", task_export, 0, 0 },
};

static int is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Standard output under another number, and standard error in its place. */
static int part_output(void)
{
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    if (out < 0)
        out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    return out;
}

static int hello(struct hone_err *err)
{
    cJSON *f = cJSON_CreateObject();
    char abi[16];
    snprintf(abi, sizeof abi, "%d.%d", HONE_ABI_MAJOR, HONE_ABI_MINOR);
    json_put_int(f, "pid", getpid());
    json_put_str(f, "version", HONE_VERSION);
    json_put_str(f, "abi", abi);
    json_put(f, "sandbox", sandbox_describe());
    return link_send("hello", f, err);
}

static int read_start(cJSON **start, struct hone_err *err)
{
    int got = link_read(-1, start, err);
    if (got < 0)
        return got;
    if (got == 0 || strcmp(json_str(*start, "type", ""), "start") != 0)
        return hone_fail(err, ERR_CORRUPT, "the first frame must be 'start', found '%.40s'",
                         json_str(*start, "type", "none"));
    return 0;
}

static int find_task(const cJSON *start, size_t *index, struct hone_err *err)
{
    const char *name = json_str(start, "task", "");
    for (*index = 0; *index < sizeof tasks / sizeof tasks[0]; ++*index) {
        if (strcmp(tasks[*index].name, name) == 0)
            return 0;
    }
    return hone_fail(err, HONE_EINVAL, "hone-worker has no task '%.40s'", name);
}

/* The plugin directories: those of the frame, then the usual ones. */
static char **task_dirs(const cJSON *start, struct hone_err *err)
{
    const cJSON *list = json_get(start, "plugin_dirs"), *e;
    size_t n = 0;
    const char **given = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *given);
    if (!given) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    cJSON_ArrayForEach(e, list) {
        if (cJSON_IsString(e))
            given[n++] = e->valuestring;
    }
    char **dirs = dirs_roots(given, err);
    free(given);
    return dirs;
}

/* init() was looked after by the registry; this finds what plugins changed while they worked, which would make results differ
 * from run to run. */
static int run_guarded(struct task *t, size_t which, struct hone_err *err)
{
    struct guard g;
    struct hone_err changed = { 0 };
    guard_enter(&g);
    int rc = tasks[which].run(t, err);
    if (guard_leave(&g, "a plugin of this task", &changed) != 0 && rc >= 0) {
        *err = changed;
        rc = changed.code;
    }
    return rc;
}

static int prepare_and_run(struct task *t, struct hone_err *err)
{
    size_t which;
    char **dirs = NULL;
    int64_t threads = json_int(t->start, "threads", 0);
    int rc = find_task(t->start, &which, err);
    if (rc != 0)
        return rc;
    if (threads < 0 || threads > MAX_THREADS)
        return hone_fail(err, HONE_EINVAL, "threads = %lld is outside 0 to %d (0: all cores)", (long long)threads,
                         MAX_THREADS);
    if (!(dirs = task_dirs(t->start, err)))
        return HONE_ENOMEM;
    t->dirs = (const char *const *)dirs;
    if ((rc = pins_check_names(t->dirs, err)) < 0 || (rc = task_fence(t, tasks[which].forks, err)) < 0)
        return rc;
    if (!(t->pool = pool_new(tasks[which].one_thread ? 1 : (int)threads, err)) ||
        !(t->registry = registry_new(t->dirs, t->pool, err)))
        return err->code;
    return run_guarded(t, which, err);
}

static int send_error(struct task *t, struct hone_err *err)
{
    if (json_lost()) { /* the sentence stands without them */
        cJSON_Delete(t->details);
        t->details = NULL;
    }
    cJSON *f = cJSON_CreateObject();
    err->text[sizeof err->text - 1] = '\0';
    json_put_int(f, "code", err->code);
    json_put_str(f, "text", *err->text ? err->text : "the task failed and gave no reason");
    json_put_str(f, "stage", t->stage);
    json_put(f, "details", t->details ? t->details : cJSON_CreateNull());
    t->details = NULL;
    return link_send("error", f, err);
}

/* Plugins are told of the end after the result is out: what they do then cannot spoil it. */
static void release(struct task *t, cJSON *start)
{
    registry_free(t->registry);
    pool_free(t->pool);
    dirs_free((char **)t->dirs);
    cJSON_Delete(t->result);
    cJSON_Delete(t->details);
    cJSON_Delete(start);
}

static int serve(int out)
{
    struct hone_err err = { 0 };
    cJSON *start = NULL;
    struct task t = { .stage = "start", .out = out, .result = cJSON_CreateObject() };
    if (hello(&err) != 0 || read_start(&start, &err) != 0) {
        fprintf(stderr, "hone-worker: %s\n", err.text);
        cJSON_Delete(t.result);
        cJSON_Delete(start);
        return EXIT_RUNTIME;
    }
    t.start = start;
    log_setup("hone-worker", (int)json_int(start, "log_level", LOG_INFO));
    int rc = prepare_and_run(&t, &err);
    if (rc < 0) {
        err.code = rc;
        rc = send_error(&t, &err);
    } else {
        rc = link_send("result", t.result, &err);
        t.result = NULL;
    }
    release(&t, start);
    return rc < 0 ? EXIT_RUNTIME : EXIT_OK;
}

/* Memory that a block of rows gave back serves the next one; asking the system each time costs more than the work. */
static void keep_memory(void)
{
#ifdef M_TRIM_THRESHOLD
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

int worker_main(int argc, char **argv)
{
    crash_arm();
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("hone-worker %s (plugin interface %d.%d)\n", HONE_VERSION, HONE_ABI_MAJOR, HONE_ABI_MINOR);
        return EXIT_OK;
    }
    if (argc > 1 || !is_socket(FRAME_FD)) {
        fprintf(stderr, "hone-worker is started by hone, not by hand; see hone --help\n");
        return EXIT_USAGE;
    }
    signal(SIGINT, SIG_IGN); /* the supervisor decides what Ctrl-C means */
    signal(SIGPIPE, SIG_IGN);
    fcntl(FRAME_FD, F_SETFD, FD_CLOEXEC);
    log_setup("hone-worker", LOG_INFO);
    keep_memory();
    int out = part_output();
    link_open(FRAME_FD);
    int rc = serve(out);
    link_close();
    return rc;
}
