/* A daemon under test: started with its own state directory and port, killed, started again; its workers, seen from outside. */
#ifndef TESTS_SERVED_H
#define TESTS_SERVED_H
#include <stdint.h>
#include <sys/types.h>

struct served {
    char hone[4200];     /* the program */
    char state[256];     /* its state directory */
    char log[256];       /* where its standard error goes, appended */
    char token[128];
    const char *const *options; /* of `hone serve` beyond state and address, NULL-terminated; NULL: none */
    int port;
    pid_t pid;           /* 0: does not run */
};

struct worker {
    pid_t pid;
    int64_t started;     /* as the kernel counts, so that another process of that number is none of ours */
    char job[64];        /* that it trains, "" when it does something else, "?" when it is only about to begin */
};

/* Chooses a port and makes a token (admin) in the state directory, which may be missing. 0, or -1 with a line on standard error. */
int served_prepare(struct served *d);
/* Starts it and waits for /readyz. The milliseconds that this took, or -1. */
int64_t served_start(struct served *d);
/* SIGKILL, and waits for its end. */
void served_kill(struct served *d);
/* SIGTERM. The exit status, or -1 when it has not ended within `ms` (it is killed then). */
int served_stop(struct served *d, int ms);
/* The workers that run for it. How many. */
int served_workers(const struct served *d, struct worker *w, int most);
/* Whether that very process still runs. */
int worker_runs(const struct worker *w);

#endif
