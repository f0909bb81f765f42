/* Messages for people, on standard error. Data goes to standard output and never through here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Messages above `level` are dropped; the default is LOG_INFO. `name` (static) stands before each message. */
void log_setup(const char *name, int level);
int log_level(void);
/* One line; a newline is added. Messages from several threads do not mix. [any] */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What this thread works for: the trace id of a request (borrowed until it is replaced), or NULL. Returns the one before, to be put back. */
const char *log_trace(const char *trace_id);
/* The present one, for sinks, which are called on the thread that has something to say. */
const char *log_trace_id(void);
/* Where lines go instead of standard error; NULL restores it. Used by the worker, whose lines travel as frames. */
void log_redirect(void (*to)(void *arg, int level, const char *text), void *arg);

#endif
