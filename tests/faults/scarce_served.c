/* Requests to one daemon, again and again, each time with another allocation of it or of its workers failing, or another call to the disk: every
 * one is answered, with success or a failure that has code and message; the next same request is answered as ever; the daemon stays what it was, and its
 * books are sound at the end.
 *   scarce_served DIR TEMPLATE POINTS REQUESTS     POINTS of each kind of fault for each request, spread over it; 0: all
 * DIR/disk/state is made from TEMPLATE/state; REQUESTS has lines "FUNCTION BODY", in which %d stands for a number that is new each time. Needs HONE
 * and SHIM in the environment. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/faults/caller.h"
#include "tests/faults/kept.h"
#include "tests/faults/served.h"
#include "tests/faults/shimmed.h"

static const struct {
    const char *name;
    int calls, error;
} faults[] = {
    { "memory", SHIM_MEMORY, ENOMEM }, { "error", SHIM_CHANGES & ~SHIM_SYNC, EIO }, { "reading", SHIM_READ | SHIM_OPEN, EIO },
};

static struct served served;
static struct shim_control *shim;
static struct caller client;
static char disk[300];
static int passed, failed, number, runs;

__attribute__((format(printf, 2, 3))) static void check(int good, const char *fmt, ...)
{
    va_list ap;
    passed += good != 0;
    failed += !good;
    if (good)
        return;
    va_start(ap, fmt);
    fputs("FAIL: ", stdout);
    vprintf(fmt, ap);
    puts("");
    va_end(ap);
}

/* One request. Its status with the body's code and message in `said`. */
static int ask(const char *line, char said[500])
{
    char function[80];
    const char *body = line + strcspn(line, " ");
    struct buf b = { 0 };
    cJSON *out = NULL;
    snprintf(function, sizeof function, "%.*s", (int)(body - line), line);
    for (body += *body == ' '; *body; body++) {
        if (strncmp(body, "%d", 2) == 0) {
            buf_printf(&b, "%d", ++number);
            body++;
        } else {
            buf_putc(&b, *body);
        }
    }
    client.fd = -1;
    int status = caller_call(&client, function, NULL, buf_str(&b), &out);
    caller_close(&client);
    const cJSON *error = json_get(out, "error");
    snprintf(said, 500, "%s: %s", json_str(error, "code", json_str(out, "code", "")), json_str(error, "message", json_str(out, "message", "")));
    if (status > 0 && !cJSON_IsObject(out))
        status = -2;
    cJSON_Delete(out);
    buf_free(&b);
    return status;
}

static int alive(void)
{
    return served.pid > 0 && waitpid(served.pid, NULL, WNOHANG) == 0;
}

static void one(const char *line, size_t fault, int k)
{
    char said[500], again[500];
    int length = (int)strcspn(line, " ");
    shimmed_arm(shim, faults[fault].calls, "", SHIM_FAIL, faults[fault].error, k, 1);
    int status = ask(line, said), hits = shimmed_disarm(shim);
    runs += hits > 0;
    if (!alive()) {
        check(0, "%.*s, %s %d: the daemon has ended; see %s", length, line, faults[fault].name, k, served.log);
        exit(1);
    }
    /* Without memory for a connection the library closes it: nobody has been told anything wrong. */
    check(status == -1 || (status >= 200 && status < 300) || (status >= 400 && strlen(said) > 4), "%.*s, %s %d: status %d, %s", length, line, faults[fault].name,
          k, status, said);
    status = ask(line, again);
    for (int tries = 0; status == 503 && tries < 200; tries++) { /* it looks now and then whether the disk is back */
        usleep(50000);
        status = ask(line, again);
    }
    check(status >= 200 && status < 300, "%.*s, %s %d: afterwards status %d, %s (at first %s)", length, line, faults[fault].name, k, status, again, said);
}

static void sweep(const char *line, int points)
{
    char said[500];
    int status = ask(line, said);
    check(status >= 200 && status < 300, "undisturbed: %s: status %d, %s", line, status, said);
    for (size_t f = 0; status < 300 && f < sizeof faults / sizeof faults[0]; f++) {
        shimmed_arm(shim, faults[f].calls, "", SHIM_FAIL, faults[f].error, 0, 0);
        ask(line, said);
        shimmed_disarm(shim);
        int all = shim->seen, step = points > 0 && all > points ? all / points : 1;
        for (int k = step / 2; k < all; k += step)
            one(line, f, k);
    }
}

static int begin(const char *dir, const char *template)
{
    static const char *const options[] = { "--jobs", "1", "--retry-ms", "100", NULL };
    char root[320];
    snprintf(disk, sizeof disk, "%.250s/disk", dir);
    snprintf(root, sizeof root, "%s/", disk);
    snprintf(served.hone, sizeof served.hone, "%s", getenv("HONE"));
    snprintf(served.state, sizeof served.state, "%.240s/state", disk);
    snprintf(served.log, sizeof served.log, "%.240s/daemon.log", dir);
    served.options = options;
    int status = -1;
    struct hone_err err;
    file_remove_tree(disk, &err);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", "-a", template, disk, NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 || !(shim = shimmed_begin(dir, root)))
        return -1;
    snprintf(shim->spare, sizeof shim->spare, "/libconfig.so /libseccomp.so");
    snprintf(shim->program, sizeof shim->program, "hone");
    if (served_prepare(&served) != 0 || served_start(&served) < 0)
        return -1;
    client = (struct caller){ .port = served.port, .token = served.token, .fd = -1 };
    return 0;
}

int main(int argc, char **argv)
{
    char why[400] = "", line[4096];
    if (argc != 5 || !getenv("HONE") || begin(argv[1], argv[2]) != 0)
        return 99;
    FILE *f = fopen(argv[4], "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        sweep(line, (int)strtol(argv[3], NULL, 10));
    }
    if (f)
        fclose(f);
    int status = served_stop(&served, 60000);
    check(status == 0, "the daemon ends with %d", status);
    shimmed_end();
    check(kept_check(disk, NULL, 0, why, sizeof why) == 0, "at the end: %s", why);
    printf("%d runs\n%d passed, %d failed\n", runs, passed, failed);
    return failed != 0;
}
