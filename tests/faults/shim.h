/* What a test tells the shim (shim.c) in the processes that it is loaded into, by a file that all of them map; and how the shim's record of
 * calls is laid out. Read by faulty.c, power.c and their like. */
#ifndef TESTS_SHIM_H
#define TESTS_SHIM_H
#include <stdint.h>

/* Calls, as bits. */
enum {
    SHIM_WRITE = 1, SHIM_SYNC = 2, SHIM_OPEN = 4, SHIM_RENAME = 8, SHIM_UNLINK = 16, SHIM_MKDIR = 32, SHIM_TRUNCATE = 64, SHIM_LINK = 128,
    SHIM_FORK = 256, SHIM_READ = 512, SHIM_MEMORY = 1024, SHIM_CHANGES = SHIM_WRITE | SHIM_SYNC | SHIM_RENAME | SHIM_UNLINK | SHIM_MKDIR | SHIM_TRUNCATE | SHIM_LINK
};

/* Torn, short: half of a write (short: or of a read) is done. */
enum shim_deed { SHIM_FAIL, SHIM_KILL_BEFORE, SHIM_KILL_TORN, SHIM_KILL_AFTER, SHIM_SHORT };

struct shim_control {
    int32_t armed;       /* 1: what follows counts. Set last, cleared first */
    int32_t calls;       /* that are meant */
    int32_t deed;
    int32_t error;       /* errno of those that fail */
    int32_t skip;        /* so many go well first */
    int32_t times;       /* then so many fail; -1: all; -2: every second one */
    char match[200];     /* part of the path; "": any below `root` */
    char root[200];      /* only what lies below this is looked at and recorded */
    int32_t seen, hits;  /* calls that were meant, and those that were struck */
    int64_t clock_ms;    /* added to the time of day */
    int64_t mono_ms;     /* added to the clock that durations are taken from */
    int32_t recording;
    int32_t everywhere;  /* reads and writes of descriptors without a path (pipes, sockets) are meant too */
    int32_t places;      /* of SHIM_MEMORY: only the first allocation of each place in the program counts, by its callers */
    char spare[120];     /* of SHIM_MEMORY: libraries between blanks whose allocations never fail, as "/libconfig.so" */
    char program[16];    /* how names of programs begin that are meant; "": all */
    int32_t traced;      /* the callers of a call that is struck are appended to the record, a line each: such a record has nothing else */
};

/* The record: one of these for each call that succeeded, followed by `n` bytes: what was written, or the path and, of SHIM_RENAME and
 * SHIM_LINK, a NUL and the other path. SHIM_OPEN comes when a file is opened to be written. */
struct shim_entry {
    uint32_t call, n;
    uint64_t inode;      /* of SHIM_OPEN, _WRITE, _SYNC, _TRUNCATE, _MKDIR */
    int64_t offset;      /* of a write; the length of a truncation */
    uint64_t site;       /* of a sync: where it was called, as an offset into the program that `object` names */
    char object[24];
};
#define SHIM_ACK 0x10000u /* written by a test: `n` bytes of what it was told that is done */

#endif
