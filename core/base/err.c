/* See err.h: the tables from error codes to what users and the API see. */
#include <errno.h>
#include <string.h>
#include "core/base/err.h"

int err_exit_code(int code)
{
    if (code >= 0)
        return EXIT_OK;
    switch (code) {
    case HONE_EINVAL:
        return EXIT_VALIDATION;
    case ERR_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case ERR_CONFLICT:
        return EXIT_CONFLICT;
    case ERR_PRECONDITION:
        return EXIT_PRECONDITION;
    case ERR_QUOTA:
        return EXIT_QUOTA;
    case ERR_AUTH:
        return EXIT_AUTH;
    case ERR_USAGE:
        return EXIT_USAGE;
    case ERR_JOB_FAILED:
        return EXIT_JOB_FAILED;
    case ERR_CANCELLED:
    case ERR_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case ERR_SERVER:
        return EXIT_SERVER;
    case ERR_NOT_BETTER:
        return EXIT_NOT_BETTER;
    case ERR_NOT_VERIFIED:
        return EXIT_NOT_VERIFIED;
    default:
        return EXIT_RUNTIME;
    }
}

const char *err_api_code(int code)
{
    switch (code) {
    case HONE_EINVAL:
    case ERR_USAGE:
        return "VALIDATION_ERROR";
    case ERR_NOT_FOUND:
        return "NOT_FOUND";
    case ERR_CONFLICT:
        return "CONFLICT";
    case ERR_PRECONDITION:
        return "PRECONDITION_FAILED";
    case ERR_QUOTA:
        return "QUOTA_EXCEEDED";
    case ERR_AUTH:
        return "UNAUTHORIZED";
    default:
        return "SERVER_ERROR";
    }
}

int err_prefix(struct hone_err *err, const char *fmt, ...)
{
    char old[sizeof err->text];
    va_list ap;
    memcpy(old, err->text, sizeof old);
    old[sizeof old - 1] = '\0';
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;
    if (snprintf(err->text + at, sizeof err->text - at, ": %s", *old ? old : "failed without saying why") < 0)
        err->text[at] = '\0';
    if (err->code >= 0)
        err->code = ERR_PLUGIN;
    return err->code;
}

int err_errno(struct hone_err *err, const char *verb, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return hone_fail(err, ERR_FULL, "%s: cannot %s: %s; free some space and try again", path, verb, strerror(errno));
    return hone_fail(err, HONE_EIO, "%s: cannot %s: %s", path, verb, strerror(errno));
}

int err_open(struct hone_err *err, const char *path)
{
    int missing = errno == ENOENT || errno == ENOTDIR;
    return missing ? hone_fail(err, ERR_NOT_FOUND, "%s: cannot open: %s", path, strerror(errno)) : err_errno(err, "open", path);
}
