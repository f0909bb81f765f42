/* See pipe_faults.h. */
#include "core/api/pipe_faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"

#define MAX_FAULTS 100

/* The line of a path, or of the nearest one above it; 0: not known. */
static int64_t line_of(const struct pipe_faults *f, const char *path)
{
    char part[256];
    snprintf(part, sizeof part, "%s", path);
    for (;;) {
        int64_t line = json_int(f->lines, part, 0);
        char *dot = strrchr(part, '.'), *bracket = strrchr(part, '[');
        char *cut = dot > bracket ? dot : bracket;
        if (line > 0 || !cut)
            return line;
        *cut = '\0';
    }
}

void pipe_fault(struct pipe_faults *f, const char *path, const char *fix, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    int64_t line = line_of(f, path);
    if (f->n == 0 && f->file)
        hone_fail(&f->first, HONE_EINVAL, "%s:%lld: %s: %s%s%s", f->file, (long long)line, path, text, *fix ? "; " : "", fix);
    else if (f->n == 0)
        hone_fail(&f->first, HONE_EINVAL, "%s: %s%s%s", path, text, *fix ? "; " : "", fix);
    if (f->list && f->n < MAX_FAULTS) {
        cJSON *o = cJSON_CreateObject();
        json_put_str(o, "path", path);
        if (f->file) {
            json_put_str(o, "file", f->file);
            json_put_int(o, "line", line);
        }
        json_put_str(o, "message", text);
        json_put_str(o, "fix", fix);
        cJSON_AddItemToArray(f->list, o);
    }
    f->n++;
}

int pipe_faults_end(const struct pipe_faults *f, struct hone_err *err)
{
    if (f->n == 0)
        return 0;
    *err = f->first;
    if (f->n > 1) {
        size_t n = strlen(err->text);
        snprintf(err->text + n, sizeof err->text - n, " (and %d more)", f->n - 1);
    }
    return err->code = HONE_EINVAL;
}
