/* Faults of pipelines and sweeps with the place in their file. Private to core/api. */
#ifndef API_PIPE_FAULTS_H
#define API_PIPE_FAULTS_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

struct pipe_faults {
    const cJSON *lines;        /* of conf_read(), may be NULL */
    const char *file;          /* may be NULL */
    cJSON *list;               /* gets {path, file, line, message, fix}; may be NULL */
    int n;
    struct hone_err first;
};

void pipe_fault(struct pipe_faults *f, const char *path, const char *fix, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* 0, or HONE_EINVAL: "FILE:LINE: path: message; fix (and 3 more)". */
int pipe_faults_end(const struct pipe_faults *f, struct hone_err *err);

#endif
