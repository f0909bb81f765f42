#include "tests/faults/served.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "tests/faults/caller.h"

#define READY_MS 120000

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

/* A port that is free by now; who takes it before the daemon does fails the test, not another program. */
static int free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = -1;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && getsockname(fd, (struct sockaddr *)&at, &n) == 0)
        port = ntohs(at.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

/* The program with those arguments; its standard output is readable from *out (NULL: dropped). */
static pid_t launch(const struct served *d, const char *const *argv, int *out)
{
    int pipes[2] = { -1, -1 };
    if (out && pipe2(pipes, O_CLOEXEC) != 0)
        return -1;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        int log = open(d->log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127);
        dup2(null, STDIN_FILENO);
        dup2(out ? pipes[1] : log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execv(d->hone, (char *const *)(intptr_t)argv);
        _exit(127);
    }
    if (out) {
        close(pipes[1]);
        *out = pipes[0];
    }
    return pid;
}

static int make_token(struct served *d)
{
    const char *const argv[] = { "hone", "--state", d->state, "token", "create", "--scope", "admin", "--json", NULL };
    struct buf b = { 0 };
    int out = -1, status = -1;
    pid_t pid = launch(d, argv, &out);
    char *room;
    ssize_t n;
    while (pid > 0 && (room = buf_room(&b, 4096)) && (n = read(out, room, 4096)) > 0)
        b.n += (size_t)n;
    close(out);
    if (pid > 0)
        waitpid(pid, &status, 0);
    cJSON *o = status == 0 ? json_parse(b.p, b.n, "token", NULL) : NULL;
    const char *token = json_str(o, "token", json_str(json_get(o, "data"), "token", ""));
    snprintf(d->token, sizeof d->token, "%s", token);
    cJSON_Delete(o);
    buf_free(&b);
    return *d->token ? 0 : -1;
}

int served_prepare(struct served *d)
{
    d->pid = 0;
    d->port = free_port();
    if (d->port > 0 && make_token(d) == 0)
        return 0;
    fprintf(stderr, "no token could be made in %s; see %s\n", d->state, d->log);
    return -1;
}

int64_t served_start(struct served *d)
{
    char address[32];
    const char *argv[32] = { "hone", "--state", d->state, "serve", "--listen", address };
    snprintf(address, sizeof address, "127.0.0.1:%d", d->port);
    for (int i = 0; d->options && d->options[i] && i < 24; i++)
        argv[6 + i] = d->options[i];
    int64_t begin = clock_mono_us();
    if ((d->pid = launch(d, argv, NULL)) < 0)
        return -1;
    for (struct caller c = { .port = d->port, .token = d->token, .fd = -1 }; clock_mono_us() < begin + READY_MS * 1000; pause_ms(2)) {
        int status = caller_get(&c, "/readyz");
        caller_close(&c);
        if (status == 200)
            return (clock_mono_us() - begin) / 1000;
        if (waitpid(d->pid, NULL, WNOHANG) == d->pid) {
            d->pid = 0;
            break;
        }
    }
    fprintf(stderr, "the daemon did not get ready; see %s\n", d->log);
    served_kill(d);
    return -1;
}

void served_kill(struct served *d)
{
    if (d->pid <= 0)
        return;
    kill(d->pid, SIGKILL);
    waitpid(d->pid, NULL, 0);
    d->pid = 0;
}

int served_stop(struct served *d, int ms)
{
    int status;
    kill(d->pid, SIGTERM);
    for (int64_t end = clock_mono_us() + (int64_t)ms * 1000; clock_mono_us() < end; pause_ms(5)) {
        if (waitpid(d->pid, &status, WNOHANG) == d->pid) {
            d->pid = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    served_kill(d);
    return -1;
}

/* Parent and starting time of a process; 0 when there is none, or only what is left of one. */
static int64_t started_at(const char *pid, long *parent)
{
    char path[64], text[1024], state;
    long long start = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *behind = strrchr(text, ')');
    if (!behind || sscanf(behind, ") %c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld", &state, parent,
                          &start) != 3 || state == 'Z' || state == 'X')
        return 0;
    return start;
}

/* What a link of /proc leads to, "" when there is none. */
static void follow(pid_t pid, const char *name, char *target, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    ssize_t n = readlink(path, target, size - 1);
    target[n > 0 ? n : 0] = '\0';
}

/* The job whose lock a worker has inherited; "?" while the process is not yet the worker's program. */
static void job_of(struct worker *w)
{
    char target[512];
    follow(w->pid, "exe", target, sizeof target);
    if (!strstr(target, "hone-worker")) {
        snprintf(w->job, sizeof w->job, "?");
        return;
    }
    follow(w->pid, "fd/4", target, sizeof target);
    char *job = strstr(target, "/jobs/"), *end = job ? strchr(job + 6, '/') : NULL;
    if (end)
        *end = '\0';
    snprintf(w->job, sizeof w->job, "%.60s", end ? job + 6 : "");
}

int served_workers(const struct served *d, struct worker *w, int most)
{
    int n = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *e; d->pid > 0 && dir && n < most && (e = readdir(dir));) {
        long parent = 0;
        int64_t start = *e->d_name >= '1' && *e->d_name <= '9' ? started_at(e->d_name, &parent) : 0;
        if (!start || parent != d->pid)
            continue;
        w[n] = (struct worker){ .pid = (pid_t)strtol(e->d_name, NULL, 10), .started = start };
        job_of(&w[n++]);
    }
    if (dir)
        closedir(dir);
    return n;
}

int worker_runs(const struct worker *w)
{
    char pid[24];
    long parent;
    snprintf(pid, sizeof pid, "%ld", (long)w->pid);
    return started_at(pid, &parent) == w->started;
}
