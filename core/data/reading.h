/* What the readers of data files share: the file's bytes, faults, and the checks that every row must pass.
 * Private to core/data. */
#ifndef DATA_READING_H
#define DATA_READING_H
#include "core/base/buf.h"
#include "core/data/examples.h"

struct reading {
    const char *path;             /* for messages */
    const char *text;             /* the whole file, mapped or read */
    size_t len, released;         /* bytes before `released` were given back to the system */
    int mapped;
    const struct read_options *options;
    const struct row_sink *sink;
    struct hone_err *err;
    int64_t rows;                 /* good ones so far */
    int64_t faults;               /* errors, not warnings */
    struct buf input, answer;     /* texts that are not in the file as they are */
};

/* Opens a file, or standard input as "-". An empty one, a directory and the like fail with a sentence. */
int reading_open(struct reading *r, const char *path, const struct read_options *o, const struct row_sink *sink,
                 struct hone_err *err);
void reading_close(struct reading *r);

/* Tells of a fault. 0 to go on, below 0 to stop. */
int reading_fault(struct reading *r, int severity, int64_t line, int64_t column, const char *code, const char *path,
                  const char *fix, const char *fmt, ...) __attribute__((format(printf, 8, 9)));
/* Checks a row's texts (UTF-8, NUL, emptiness) and passes it on, or tells of the fault. */
int reading_row(struct reading *r, struct example_row *row);
/* Lets the system have back the pages before byte `at`. */
void reading_release(struct reading *r, size_t at);
/* "correct", "partial", "incorrect" to HONE_CORRECT ...; -1 for anything else. */
int feedback_of(const char *s, size_t n);

/* What a key or a column is. */
enum field { FIELD_NONE, FIELD_INPUT, FIELD_OUTPUT, FIELD_FEEDBACK, FIELD_WEIGHT, FIELD_METADATA, FIELD_MESSAGES,
             FIELD_INSTRUCTION, FIELD_REJECTED, FIELD_IGNORED };
/* By name, case ignored; FIELD_NONE when unknown. */
enum field field_of(const char *name, size_t n);
/* The known name that `name` is probably meant to be, or NULL. */
const char *field_suggestion(const char *name, size_t n);

/* The readers: all rows of r->text. 0, or below 0 when the sink stopped it or the file cannot be read further. */
int read_json_lines(struct reading *r);
int read_json_document(struct reading *r);
int read_delimited(struct reading *r, char delimiter);
int read_fasttext(struct reading *r);
int read_running(struct reading *r);

#endif
