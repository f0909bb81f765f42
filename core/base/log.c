/* See log.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include "core/base/log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *program = "hone";
static int threshold = LOG_INFO;
static void (*sink)(void *arg, int level, const char *text);
static void *sink_arg;

void log_setup(const char *name, int level)
{
    program = name;
    threshold = level;
}

int log_level(void)
{
    return threshold;
}

void log_redirect(void (*to)(void *arg, int level, const char *text), void *arg)
{
    pthread_mutex_lock(&lock);
    sink = to;
    sink_arg = arg;
    pthread_mutex_unlock(&lock);
}

static _Thread_local const char *trace;

const char *log_trace(const char *trace_id)
{
    const char *before = trace;
    trace = trace_id;
    return before;
}

const char *log_trace_id(void)
{
    return trace;
}

void log_line(int level, const char *fmt, ...)
{
    static const char *const mark[] = { "error: ", "warning: ", "", "debug: " };
    char text[2048];
    va_list ap;
    if (level > threshold || level < LOG_ERROR)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&lock);
    if (sink)
        sink(sink_arg, level, text);
    else
        fprintf(stderr, "%s: %s%s\n", program, mark[level > LOG_DEBUG ? LOG_DEBUG : level], text);
    pthread_mutex_unlock(&lock);
}
