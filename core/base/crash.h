/* Points at which a test kills the process, as kill -9 would: where what is on the disk and what was said may differ. Nothing happens unless
 * HONE_CRASH_AT names one; then a point costs a comparison all the same. tests/faults/kill9.c walks this table. */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/* Those of workers (tensors_...) stand apart from each other, so that one job's workers do not die at all of them. */
#define CRASH_POINTS(X) \
    X(tensors_written) X(data_stored) X(job_booked) X(call_committed) X(module_booked) X(removal_booked) X(answers_before_commit) \
    X(answers_committed) X(tensors_synced) X(claim_committed) X(worker_started) X(run_committed) X(checkpoint_before_commit) \
    X(checkpoint_committed) X(checkpoint_removed) X(end_before_commit) X(end_committed) X(file_written) X(file_renamed) X(tensors_renamed)

#define CRASH_ENUM(name) CRASH_##name,
enum crash_point { CRASH_NONE, CRASH_POINTS(CRASH_ENUM) CRASH_POINTS_END };

extern int crash_armed;   /* enum crash_point */
void crash_now(void);

/* Reads HONE_CRASH_AT="POINT:FILE": the process dies at that point once, the first of all that have that FILE, whose first byte says "1" then.
 * To be called at the start of a program. */
void crash_arm(void);

static inline void crash_at(enum crash_point point)
{
    if (__builtin_expect(crash_armed == (int)point, 0))
        crash_now();
}

#endif
