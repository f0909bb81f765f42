/* One program, again and again, each time with another of its allocations or calls failing, its workers included: what must hold is in judge().
 *   scarce DIR TEMPLATE DEED STEP PROGRAM ARGUMENT...
 * Each run begins with a copy of the folder TEMPLATE as DIR/disk, which is the working folder and has the state directory "state" in it. DEED:
 *   memory      the n-th place that allocates (a new chain of callers), for every STEP-th n; below 0: for -STEP of them,
 *               spread over the run
 *   memory-all  the n-th allocation of all
 *   error, full the n-th open, read, write, sync, rename, ... below DIR/disk fails with EIO, once; that and all that follow with ENOSPC
 *   short       every read and write, of pipes and sockets too, does half of what it is asked: one run, which must not notice
 *   interrupt   every second of them ends with EINTR: the same
 * SERVES=1 (environment): the program is a daemon, which is told to end when it has printed that it is ready.
 * ENDS: statuses, between commas, that the repeated run may have besides that of the first, where the one before has ended well, or may have done its
 * work: it says that a commit could not be synced.
 * KNOWN: a library, as "/libx.so", that ends the process when one of its own allocations fails: the death is told of then, and all else must hold.
 * FROM=N: begins with that n, so that a long sweep can be done in parts. AT=N: that n alone, whose output stays in DIR/out and DIR/err, and that of an undisturbed run in DIR/whole. SAME=1: a run that ends well prints the same bytes as an undisturbed one.
 * Prints a line, and why for the first runs that were not as they must be, with the callers of the call that failed. Needs SHIM. */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "tests/faults/kept.h"
#include "tests/faults/shimmed.h"

enum { LIMIT_S = 120, TOLD = 4, MEMORY_CALLS = SHIM_MEMORY, /* Removing never fails here: what could not be removed would be left rightly. */
       FULL_CALLS = SHIM_CHANGES & ~SHIM_UNLINK, DISK_CALLS = FULL_CALLS | SHIM_OPEN | SHIM_READ };

static const struct deed {
    const char *name;
    int calls, deed, error, times, whole; /* whole: one run with all of them */
} deeds[] = {
    { "memory", MEMORY_CALLS, SHIM_FAIL, ENOMEM, 1, 0 },   { "memory-all", MEMORY_CALLS, SHIM_FAIL, ENOMEM, 1, 0 },
    { "error", DISK_CALLS, SHIM_FAIL, EIO, 1, 0 },         { "full", FULL_CALLS, SHIM_FAIL, ENOSPC, -1, 0 },
    { "short", SHIM_READ | SHIM_WRITE, SHIM_SHORT, 0, -1, 1 }, { "interrupt", SHIM_READ | SHIM_WRITE, SHIM_FAIL, EINTR, -2, 1 },
};

static struct shim_control *shim;
static const struct deed *deed;
static char *dir, *template, **program, disk[300];
static int runs, bad, known;

struct outcome {
    int status;                /* 128 + n after signal n; -1: it did not end in time */
    struct buf out, err;
};

static void outcome_free(struct outcome *o)
{
    buf_free(&o->out);
    buf_free(&o->err);
}

static void read_output(const char *name, struct buf *b)
{
    char path[400];
    struct hone_err err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    file_read(path, 1 << 24, b, &err);
    buf_str(b);
}

/* A daemon is told to end as soon as it has said that it is ready. */
static int wait_for(pid_t pid)
{
    int status = 0, serves = getenv("SERVES") != NULL;
    char path[400];
    struct stat st;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    snprintf(path, sizeof path, "%s/out", dir);
    for (int ms = 0; ms < LIMIT_S * 1000; ms += serves ? 5 : 1000) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (serves && stat(path, &st) == 0 && st.st_size > 0)
            serves = kill(pid, SIGTERM) != 0;
        sigtimedwait(&child, NULL, serves ? &(struct timespec){ .tv_nsec = 5000000 } : &(struct timespec){ .tv_sec = 1 });
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static void redirect(const char *name, int to)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(127);
    close(fd);
}

/* Runs the program in DIR/disk. */
static struct outcome run(void)
{
    struct outcome o = { .status = -1 };
    char path[400];
    snprintf(path, sizeof path, "%s/out", dir);
    unlink(path); /* a daemon is ready when it has written there */
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        redirect("out", 1);
        redirect("err", 2);
        int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        if (chdir(disk) == 0)
            execv(program[0], program);
        _exit(127);
    }
    o.status = pid > 0 ? wait_for(pid) : -1;
    read_output("out", &o.out);
    read_output("err", &o.err);
    return o;
}

static void fresh(void)
{
    struct hone_err err;
    int status = -1;
    file_remove_tree(disk, &err);
    pid_t pid = fork();
    if (pid == 0) {
        unsetenv("LD_PRELOAD");
        execlp("cp", "cp", "-a", template, disk, NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "scarce: %s cannot be copied\n", template);
        exit(99);
    }
}

/* Names below a folder that something half-written has. */
static int half_written(const char *path, char found[300])
{
    static const char *const parts[] = { ".part", ".new.", ".jsonl.", ".tmp" };
    char inner[4300];
    int n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            if (strstr(e->d_name, parts[i])) {
                snprintf(found, 300, "%.250s", e->d_name);
                n++;
            }
        }
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
            n += half_written(inner, found);
    }
    if (d)
        closedir(d);
    return n;
}

/* Whether the call that failed was made by the library KNOWN. */
static int is_known(void)
{
    const char *library = getenv("KNOWN");
    struct buf b = { 0 };
    int hit = 0;
    read_output("control.record", &b);
    char *s = library ? b.p : NULL, *end = NULL;
    while (s && (end = strchr(s, '\n')) && strstr(s, "shim.so(") && strstr(s, "shim.so(") < end)
        s = end + 1;
    if (s && end) {
        *end = '\0';
        hit = strstr(s, library) != NULL;
    }
    buf_free(&b);
    return hit;
}

/* Where the last run's call failed. */
static void tell_callers(void)
{
    struct buf b = { 0 };
    read_output("control.record", &b);
    for (char *s = b.p, *end; s && (end = strchr(s, '\n')); s = end + 1) {
        *end = '\0';
        if (!strstr(s, "shim.so("))
            printf("        at: %s\n", s);
    }
    buf_free(&b);
}

static void tell(int k, const char *what, const struct outcome *o, const char *more)
{
    if (++bad > TOLD)
        return;
    printf("    %s %d: %s (status %d) %s\n", deed->name, k, what, o->status, more);
    printf("        says: %.600s\n", o->err.n ? o->err.p : "nothing");
    for (char *s = o->out.p; s && (s = strchr(s, '\n'));)
        *s = ' ';
    printf("        prints: %.300s\n", o->out.n ? o->out.p : "nothing");
    tell_callers();
}

static int documented(int status)
{
    return (status >= 0 && status <= 12) || status == 130;
}

/* Whether a run has to print what an undisturbed one prints, and does not. */
static int differs(const struct outcome *o, const struct outcome *whole)
{
    const char *same = getenv("SAME");
    return same && *same && (o->out.n != whole->out.n || (o->out.n && memcmp(o->out.p, whole->out.p, o->out.n) != 0));
}

/* Whether a status is that of an undisturbed run, or one of those in ENDS. */
static int ends(int status, int first)
{
    char text[16];
    const char *list = getenv("ENDS");
    snprintf(text, sizeof text, ",%d,", status);
    return status == first || (list && strstr(list, text));
}

/* What must hold of a run whose k-th call failed, and of the state that it left. */
static void judge(int k, struct outcome *o, const struct outcome *whole)
{
    static const char *const deaths[] = { "Sanitizer", "runtime error:", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "free():", "corrupted" };
    char why[400] = "";
    runs++;
    if (o->status < 0)
        tell(k, "does not end", o, "");
    else if (!documented(o->status))
        tell(k, "dies, or ends with a status that is not in the manual", o, "");
    else if (o->status != 0 && o->status != whole->status && !o->err.n && !o->out.n)
        tell(k, "fails without a word", o, "");
    else if (o->status == 0 && whole->status == 0 && differs(o, whole))
        tell(k, "ends well with another output", o, "");
    int foreign = is_known();
    known += foreign;
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0] && !foreign; i++) {
        if ((o->err.n && strstr(o->err.p, deaths[i])) || (o->out.n && strstr(o->out.p, deaths[i])))
            tell(k, "tells of a death", o, deaths[i]);
    }
    struct outcome again = run();
    /* A commit whose sync failed may stand, or not: nobody can know before the next start. */
    int may_stand = o->status == whole->status || (o->err.n && strstr(o->err.p, "could not be synced"));
    if (again.status != whole->status && (!may_stand || !ends(again.status, whole->status)))
        tell(k, "what it left cannot be worked with; again:", &again, o->err.n ? o->err.p : "");
    else if (kept_check(disk, NULL, 0, why, sizeof why) != 0)
        tell(k, "the state that it left is not sound:", o, why);
    else if (half_written(disk, why) > 0)
        tell(k, "something half-written is left:", o, why);
    outcome_free(&again);
}

static void arm(int skip, int times)
{
    char record[400];
    snprintf(record, sizeof record, "%s/control.record", dir);
    if (truncate(record, 0) != 0)
        exit(99);
    shim->traced = 1;
    /* Both end the process by themselves when memory runs out. */
    snprintf(shim->spare, sizeof shim->spare, "/libconfig.so /libseccomp.so");
    snprintf(shim->program, sizeof shim->program, "hone");
    shim->places = strcmp(deed->name, "memory") == 0;
    shim->everywhere = deed->whole;
    shimmed_arm(shim, deed->calls, "", (enum shim_deed)deed->deed, deed->error, skip, times);
}

static int sweep(int step)
{
    struct outcome whole;
    fresh();
    arm(0, 0);
    whole = run();
    int all = shim->seen, from = 0;
    shimmed_disarm(shim);
    if (step < 0) {
        step = all > -step ? all / -step : 1;
        from = (int)((unsigned)all * 2654435761u >> 8) % step; /* elsewhere in each scenario, and the same each time */
    }
    if (getenv("FROM"))
        from = (int)strtol(getenv("FROM"), NULL, 10);
    if (deed->whole) {
        from = 0;
        step = all;
    }
    if (getenv("AT")) {
        char to[400], out[400];
        snprintf(out, sizeof out, "%s/out", dir);
        snprintf(to, sizeof to, "%s/whole", dir);
        rename(out, to);
        from = (int)strtol(getenv("AT"), NULL, 10);
        step = all;
    }
    if (!documented(whole.status) || (all == 0 && deed->calls == SHIM_MEMORY) || whole.status != (int)strtol(getenv("STATUS") ? getenv("STATUS") : "0", NULL, 10)) {
        printf("    undisturbed it ends with %d after %d calls: %.500s %.300s\n", whole.status, all, whole.err.n ? whole.err.p : "", whole.out.n ? whole.out.p : "");
        return 1;
    }
    for (int k = from; k < all; k += step) {
        fresh();
        arm(k, deed->times);
        struct outcome o = run();
        int hits = shimmed_disarm(shim);
        if (deed->whole && (o.status != whole.status || differs(&o, &whole)))
            tell(k, "does not bear it", &o, "");
        if (hits > 0 && !getenv("AT"))
            judge(k, &o, &whole);
        outcome_free(&o);
        if (deed->whole || hits == 0)
            break; /* it got through */
    }
    printf("%d calls, %d runs, %d bad, %d in a library that is known to end the process\n", all, runs, bad, known);
    outcome_free(&whole);
    return bad != 0;
}

int main(int argc, char **argv)
{
    char root[320];
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (size_t i = 0; argc > 5 && i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(argv[3], deeds[i].name) == 0)
            deed = &deeds[i];
    }
    if (!deed)
        return 2;
    dir = argv[1];
    template = argv[2];
    program = argv + 5;
    snprintf(disk, sizeof disk, "%.250s/disk", dir);
    snprintf(root, sizeof root, "%s/", disk);
    if (!(shim = shimmed_begin(dir, root)))
        return 99;
    int step = (int)strtol(argv[4], NULL, 10);
    return sweep(step ? step : 1);
}
