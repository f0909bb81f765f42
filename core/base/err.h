/* Error codes and exit codes of the programs: the plugin interface's codes and those that only the core uses.
 * Not a logger. Every layer returns a negative code and leaves one sentence in the caller's struct hone_err. */
#ifndef BASE_ERR_H
#define BASE_ERR_H
#include "hone/abi.h"

/* Continue the numbering of hone/abi.h. */
#define ERR_NOT_FOUND    (-20)
#define ERR_CONFLICT     (-21)
#define ERR_PRECONDITION (-22)
#define ERR_QUOTA        (-23)
#define ERR_AUTH         (-24)
#define ERR_USAGE        (-25) /* command line only */
#define ERR_JOB_FAILED   (-26) /* a task failed after it had started */
#define ERR_CANCELLED    (-27)
#define ERR_CORRUPT      (-28) /* stored bytes are not what was written */
#define ERR_PLUGIN       (-29) /* a plugin is missing, broken or misbehaved */
#define ERR_INTERRUPTED  (-30) /* Ctrl-C; a checkpoint was written */
#define ERR_SERVER       (-31) /* a daemon was named and did not answer */
#define ERR_NOT_BETTER   (-32) /* --require-significant: no significant winner */
#define ERR_FULL         (-33) /* the disk, or a quota on it, is full: the same works when there is space */
#define ERR_NOT_VERIFIED (-34) /* report --verify: the report is not what the stored run gives */

#define EXIT_OK            0
#define EXIT_RUNTIME       1
#define EXIT_USAGE         2
#define EXIT_VALIDATION    3
#define EXIT_NOT_FOUND     4
#define EXIT_CONFLICT      5
#define EXIT_AUTH          6
#define EXIT_QUOTA         7
#define EXIT_PRECONDITION  8
#define EXIT_SERVER        9
#define EXIT_JOB_FAILED   10
#define EXIT_NOT_BETTER   11
#define EXIT_NOT_VERIFIED 12
#define EXIT_INTERRUPTED 130

/* The exit code for an error code; EXIT_OK for 0 and above. [any, pure] */
int err_exit_code(int code);

/* The document's error code for an error code: "VALIDATION_ERROR", "NOT_FOUND", "CONFLICT",
 * "PRECONDITION_FAILED", "QUOTA_EXCEEDED", "UNAUTHORIZED" or "SERVER_ERROR". [any, pure] */
const char *err_api_code(int code);

/* Puts `fmt` and ": " in front of the text that is already there; the code stays. Returns err->code. [any] */
int err_prefix(struct hone_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Fills err with "PATH: cannot VERB: strerror(errno)". Returns HONE_EIO, or ERR_FULL when errno says so. [any] */
int err_errno(struct hone_err *err, const char *verb, const char *path);

/* The same of a file that somebody named and that cannot be opened to be read: ERR_NOT_FOUND when it is not there. [any] */
int err_open(struct hone_err *err, const char *path);

#endif
