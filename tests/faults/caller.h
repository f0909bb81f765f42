/* A client of the daemon for the tests of faults: one connection, one call after another, no retries, so that what was acknowledged and
 * what was not is known exactly. Not a general HTTP client. */
#ifndef TESTS_CALLER_H
#define TESTS_CALLER_H
#include <cjson/cJSON.h>

struct caller {
    int port;
    const char *token;
    int fd;              /* -1: not connected */
    int wait_s;          /* for an answer; 0: 30 */
};

/* Calls the function with that body (JSON text) and, unless it is NULL, idempotency key. The HTTP status with the body in *out
 * (cJSON_Delete(); NULL when it is no JSON), or -1 when no whole answer came: nobody knows then whether it was done. */
int caller_call(struct caller *c, const char *function, const char *key, const char *body, cJSON **out);
/* The same with a body of n bytes, whatever they are. */
int caller_call_bytes(struct caller *c, const char *function, const char *key, const char *body, size_t n, cJSON **out);
/* GET of a path: its status, or -1. */
int caller_get(struct caller *c, const char *path);
void caller_close(struct caller *c);
/* The first rows of the example file as a JSON list, for requests; free(). NULL with a line on standard error. */
char *read_rows(const char *srcdir, int rows);

#endif
