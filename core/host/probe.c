/* See probe.h. */
#include "core/host/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/host/check.h"
#include "core/host/guard.h"
#include "core/host/item_json.h"
#include "core/host/load.h"
#include "core/host/registry.h"
#include "core/host/sandbox.h"
#include "core/host/services.h"

#define MAX_OUTPUT (4u << 20)
#define MEMORY_BEYOND (4ull << 30) /* what a plugin may map while it starts */

/* What the child is about to do; each letter is written before it does. */
#define STAGE_OPEN 'o'
#define STAGE_INIT 'i'
#define STAGE_SETTINGS 's'
#define SENTENCE '!'
#define EXIT_CLOSED 117 /* of a child that could not tell */

static void tell(int fd, char c)
{
    (void)!write(fd, &c, 1);
}

static int finish_with(int fd, const struct hone_err *err)
{
    tell(fd, SENTENCE);
    return file_write_all(fd, err->text, strlen(err->text));
}

/* What the child may map, from the size of this process; 0: no limit. Sanitizers map terabytes of shadow memory, so the limit is for
 * plain builds only. */
static rlim_t memory_limit(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#else
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    int known = f && fscanf(f, "%llu", &pages) == 1;
    if (f)
        fclose(f);
    return known ? (rlim_t)(pages * (unsigned long long)sysconf(_SC_PAGESIZE) + MEMORY_BEYOND) : 0;
#endif
}

#if defined(__SANITIZE_ADDRESS__)
/* LeakSanitizer asks this before it looks. A child that a plugin ends with exit() stops in the middle of its work; what it leaks tells nothing,
 * and the looking would fail in there. */
static int is_child;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}
#endif

/* Anything but `keep`, standard error and what the loader holds is closed, standard output becomes a file in memory that is looked at later. */
static int isolate(int keep, rlim_t memory)
{
    struct rlimit none = { 0, 0 };
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    if (memory)
        setrlimit(RLIMIT_AS, &(struct rlimit){ memory, memory });
    int out = memfd_create("stdout", MFD_CLOEXEC);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    for (int fd = STDERR_FILENO + 1; fd < 64; fd++) {
        if (fd != keep && !load_holds(fd))
            close(fd);
    }
    return out >= 0;
}

static int check_silent(const char *path, struct hone_err *err)
{
    struct stat st;
    fflush(stdout);
    if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        return hone_fail(err, ERR_PLUGIN, "%s: it wrote to standard output (%lld bytes), which a plugin must not do; it has "
                         "hone_host's log() for messages", path, (long long)st.st_size);
    return 0;
}

static int try_init(const struct loaded *l, const struct hone_host *host, struct hone_err *err)
{
    struct hone_err said = { 0 };
    struct guard g;
    char who[512];
    if (!l->info->init)
        return 0;
    guard_enter(&g);
    int rc = l->info->init(host, &said);
    said.text[sizeof said.text - 1] = '\0';
    if (rc < 0)
        return hone_fail(err, ERR_PLUGIN, "%s: init() failed: %.300s", l->path, *said.text ? said.text : "it gave no reason");
    snprintf(who, sizeof who, "%s: init()", l->path);
    return guard_leave(&g, who, err);
}

/* The declared defaults must be ones that check() takes. */
static int try_settings(const struct loaded *l, struct hone_err *err)
{
    for (size_t i = 0; l->info->items[i]; i++) {
        const struct hone_item *it = l->info->items[i];
        int required = 0;
        if (!item_usable(it))
            continue;
        for (uint32_t k = 0; k < it->n_params; k++)
            required |= (it->params[k].flags & HONE_P_REQUIRED) != 0;
        void *conf = required ? NULL : settings_new(it, NULL, err);
        if (!required && !conf)
            return err_prefix(err, "%s: the defaults do not pass the plugin's own check", l->path);
        settings_free(it, conf);
    }
    return 0;
}

/* The child's whole life. */
static int child(const char *path, int fd, rlim_t memory)
{
    struct hone_err err = { 0 };
    struct services services;
    struct loaded l;
    int silent = isolate(fd, memory);
#if defined(__SANITIZE_ADDRESS__)
    is_child = 1;
#endif
    log_redirect(NULL, NULL); /* the caller's sink may use a descriptor that is closed now */
    services_init(&services, NULL);
    tell(fd, STAGE_OPEN);
    int rc = sandbox_calls(0, &err);
    if (rc == 0)
        rc = load_file(path, &l, &err);
    if (rc == 0) {
        tell(fd, STAGE_INIT);
        rc = try_init(&l, &services.host, &err);
    }
    if (rc == 0) {
        tell(fd, STAGE_SETTINGS);
        rc = try_settings(&l, &err);
    }
    if (rc == 0 && silent)
        rc = check_silent(path, &err);
    if (rc != 0)
        return finish_with(fd, &err);
    cJSON *o = plugin_json(&l);
    char *text = o ? json_text(o, 0) : NULL;
    rc = text ? file_write_all(fd, text, strlen(text)) : -1;
    free(text);
    cJSON_Delete(o);
    load_drop(&l);
    return rc;
}

/* $HONE_PROBE_LIMIT_MS is for runs under valgrind, where everything takes longer. */
static int64_t limit_ms(void)
{
    const char *s = secure_getenv("HONE_PROBE_LIMIT_MS");
    long v = s ? strtol(s, NULL, 10) : 0;
    return v > 0 && v <= 600000 ? v : PROBE_LIMIT_MS;
}

int probe_start(struct probe *p, const char *path, struct hone_err *err)
{
    int fd[2];
    *p = (struct probe){ .path = path, .fd = -1 };
    if (pipe2(fd, O_CLOEXEC) != 0)
        return hone_fail(err, HONE_EIO, "%s: no pipe for its check: %s", path, strerror(errno));
    rlim_t memory = memory_limit();
    fflush(NULL); /* a child that calls exit() would write our buffers again */
    pid_t pid = fork();
    if (pid < 0) {
        close(fd[0]);
        close(fd[1]);
        return hone_fail(err, HONE_EIO, "%s: no process for its check: %s", path, strerror(errno));
    }
    if (pid == 0) {
        close(fd[0]);
        int rc = child(path, fd[1], memory);
        _exit(rc == 0 ? 0 : fcntl(fd[1], F_GETFD) < 0 ? EXIT_CLOSED : 1);
    }
    close(fd[1]);
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    p->pid = pid;
    p->fd = fd[0];
    p->limit_ms = limit_ms();
    p->deadline_us = clock_mono_us() + p->limit_ms * 1000;
    return 0;
}

static void take_output(struct probe *p)
{
    for (;;) {
        char *room = buf_room(&p->out, 65536);
        if (p->fd < 0 || !room || p->out.n >= MAX_OUTPUT)
            return;
        ssize_t n = read(p->fd, room, 65536);
        if (n > 0)
            p->out.n += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return;
    }
}

static const char *stage_text(char stage)
{
    return stage == STAGE_INIT ? "in its init()" : stage == STAGE_SETTINGS ? "in its check() of the default settings"
                                                                           : "while it was opened";
}

static cJSON *error_json(const char *path, const char *text)
{
    cJSON *o = cJSON_CreateObject();
    const char *slash = strrchr(path, '/');
    json_put_str(o, "file", slash ? slash + 1 : path);
    json_put_str(o, "path", path);
    json_put_str(o, "error", text);
    return o;
}

static void describe_end(const struct probe *p, int status, char stage, char *out, size_t size)
{
    if (p->timed_out)
        snprintf(out, size, "%s: it did not come back within %g s %s, and was stopped", p->path,
                 (double)p->limit_ms / 1000, stage_text(stage));
    else if (WIFSIGNALED(status))
        snprintf(out, size, "%s: it crashed %s: signal %d (%s)", p->path, stage_text(stage), WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == EXIT_CLOSED)
        snprintf(out, size, "%s: it closed descriptors that are not its own %s", p->path, stage_text(stage));
    else
        snprintf(out, size, "%s: it ended the process %s with exit code %d, which a plugin must not do", p->path,
                 stage_text(stage), WEXITSTATUS(status));
}

/* Reads what the child left behind. */
static int conclude(struct probe *p, int status, struct hone_err *err)
{
    char text[1024], stage = STAGE_OPEN;
    size_t i = 0;
    take_output(p);
    const char *s = buf_str(&p->out);
    for (; s && (s[i] == STAGE_OPEN || s[i] == STAGE_INIT || s[i] == STAGE_SETTINGS); i++)
        stage = s[i];
    int ended_well = !p->timed_out && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (s && ended_well && s[i] == SENTENCE) {
        p->result = error_json(p->path, s + i + 1);
    } else if (s && ended_well && i < p->out.n) {
        struct hone_err why = { 0 };
        p->result = json_parse(s + i, p->out.n - i, p->path, &why);
        if (!p->result && why.code != HONE_ENOMEM) {
            snprintf(text, sizeof text, "%s: it wrote into a descriptor that is not its own %s", p->path, stage_text(stage));
            p->result = error_json(p->path, text);
        }
    } else {
        describe_end(p, status, stage, text, sizeof text);
        p->result = error_json(p->path, text);
    }
    return p->result ? 0 : hone_fail(err, HONE_ENOMEM, "%s: memory ran out", p->path);
}

int probe_poll(struct probe *p, struct hone_err *err)
{
    int status = 0;
    siginfo_t ended = { 0 };
    take_output(p);
    if (waitid(P_PID, (id_t)p->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0) {
        if (clock_mono_us() <= p->deadline_us)
            return 0;
        p->timed_out = 1;
    }
    /* All of its group, while its number cannot be given to another one. */
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL);
    waitpid(p->pid, &status, 0);
    int rc = conclude(p, status, err);
    p->pid = 0;
    probe_end(p);
    return rc;
}

void probe_end(struct probe *p)
{
    if (p->pid > 0) {
        kill(-p->pid, SIGKILL);
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        p->pid = 0;
    }
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    buf_free(&p->out);
}
