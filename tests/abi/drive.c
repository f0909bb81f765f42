/* Starts hone-worker with one task and prints the frames it sends, one JSON object a line. A tool of the tests: it knows
 * frames, not what they mean, and answers "ready" with "go", or with the frames that it is given.
 * Use: drive WORKER START-FRAME [SECONDS [FRAME...]] (START-FRAME as @FILE: the file's text); exit status: 0 a result, 1 an error, 2 the worker died, 3 time-out. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/frame.h"

static pid_t start_worker(const char *program, int *fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        if (pair[1] != FRAME_FD) {
            dup2(pair[1], FRAME_FD);
            close(pair[1]);
        }
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    *fd = pair[0];
    return pid;
}

/* How a dead worker died. */
static void print_death(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        printf("{\"type\":\"died\",\"signal\":%d}\n", WTERMSIG(status));
    else
        printf("{\"type\":\"died\",\"exit\":%d}\n", WEXITSTATUS(status));
}

/* What follows "ready": the given texts, or "go" when there are none. */
static void send_frames(int fd, char **texts)
{
    static char *go[] = { "{\"type\":\"go\"}", NULL };
    struct hone_err err = { 0 };
    for (texts = *texts ? texts : go; *texts && err.code == 0; texts++) {
        cJSON *frame = json_parse(*texts, strlen(*texts), "frame", &err);
        if (frame)
            frame_send(fd, frame, &err);
        cJSON_Delete(frame);
    }
    if (err.code)
        fprintf(stderr, "%s\n", err.text);
}

/* Prints frames until the last one. Returns drive's exit status. */
static int converse(int fd, pid_t pid, int64_t deadline_us, char **texts)
{
    struct frame_reader reader = { 0 };
    int status = -1;
    while (status < 0) {
        cJSON *frame = NULL;
        struct hone_err err = { 0 };
        int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
        int got = left_ms > 0 ? frame_read(&reader, fd, (int)left_ms, &frame, &err) : 0;
        if (got < 0) {
            fprintf(stderr, "%s\n", err.text);
            print_death(pid);
            status = 2;
        } else if (got == 0) {
            printf("{\"type\":\"timeout\"}\n");
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            status = 3;
        } else {
            char *text = json_text(frame, 0);
            const char *type = json_str(frame, "type", "");
            printf("%s\n", text ? text : "");
            if (strcmp(type, "ready") == 0)
                send_frames(fd, texts);
            status = strcmp(type, "result") == 0 ? 0 : strcmp(type, "error") == 0 ? 1 : -1;
            free(text);
        }
        cJSON_Delete(frame);
    }
    frame_reader_free(&reader);
    return status;
}

int main(int argc, char **argv)
{
    struct hone_err err = { 0 };
    int fd = -1;
    if (argc < 3) {
        fprintf(stderr, "use: drive WORKER START-FRAME [SECONDS [FRAME...]]\n");
        return 64;
    }
    struct buf text = { 0 };
    if (argv[2][0] == '@')
        file_read(argv[2] + 1, 16 << 20, &text, &err);
    else
        buf_puts(&text, argv[2]);
    cJSON *start = err.code == 0 ? json_parse(buf_str(&text), text.n, "start", &err) : NULL;
    buf_free(&text);
    if (!start) {
        fprintf(stderr, "%s\n", err.text);
        return 64;
    }
    json_put_str(start, "type", "start");
    pid_t pid = start_worker(argv[1], &fd);
    if (pid < 0 || frame_send(fd, start, &err) != 0) {
        fprintf(stderr, "cannot start %s: %s\n", argv[1], err.text);
        return 64;
    }
    cJSON_Delete(start);
    int status = converse(fd, pid, clock_mono_us() + (argc > 3 ? atol(argv[3]) : 30) * 1000000, argv + (argc > 4 ? 4 : argc));
    close(fd);
    if (status < 2)
        waitpid(pid, NULL, 0);
    return status;
}
