/* Times. Wall time is for people and records only: nothing that is trained depends on it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdint.h>

int64_t clock_wall_ms(void); /* since 1970 [any] */
/* For tests, in which days pass at once: what clock_wall_ms() answers from now on; 0: the system's clock again. [any] */
void clock_wall_pretend(int64_t ms);
int64_t clock_mono_us(void); /* for durations [any] */
/* RFC 3339 in UTC with milliseconds: 2026-01-01T00:00:00.000Z; out has 25 bytes. [any, pure] */
void clock_rfc3339(int64_t wall_ms, char out[25]);
/* "850 ms", "3.2 s", "2 min 05 s", "1 h 02 min"; out has 32 bytes. [any, pure] */
void clock_human(double seconds, char out[32]);
/* prefix + "_" + 16 characters [0-9a-hjkmnp-tv-z]: 48 bits of time, 32 random bits from libsodium; sorts by time,
 * and those of one process in the order in which they were made. [any] */
void id_new(const char *prefix, char *out, unsigned size);

#endif
