/* Strict JSON (RFC 8259): a pull scanner over a text in memory, a validator on top of it, and cJSON trees that the
 * scanner builds. cJSON's own parser accepts text that is not JSON, so nothing calls cJSON_Parse.
 * Refused beyond the grammar: duplicate keys, \u0000, invalid UTF-8, lone surrogates, numbers that overflow a double,
 * a byte order mark, depth over 64. Called by everything that reads JSON. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"

enum json_token {
    JSON_ERROR = -1, JSON_END, JSON_OBJECT, JSON_OBJECT_END, JSON_ARRAY, JSON_ARRAY_END,
    JSON_KEY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL
};

#define JSON_MAX_DEPTH 64

struct json_scan {
    const char *text;
    size_t len, pos;
    int64_t line;              /* 1-based, of the token last returned, or of the error */
    size_t start;              /* byte offset of the token last returned */
    const char *str;           /* JSON_KEY, JSON_STRING: unescaped bytes; in the text itself when nothing was escaped, */
    size_t str_len;            /*   else in `scratch`; valid until the next call; not NUL-terminated */
    double number;             /* JSON_NUMBER */
    const char *why;           /* JSON_ERROR: static sentence: what was found and expected */
    struct buf scratch;
    /* private */
    int depth, state;
    unsigned char stack[JSON_MAX_DEPTH + 1];
    enum json_token last;
    size_t line_start;
};

/* Starts at text[0..len); `line` is the number of its first line (1 for a whole document). Borrows text. */
void json_scan_init(struct json_scan *s, const char *text, size_t len, int64_t line);
/* The next token. After JSON_ERROR or JSON_END every call returns the same again. The scanner checks all of the
 * grammar but duplicate keys (callers that read objects see the keys; json_check() checks them). */
enum json_token json_next(struct json_scan *s);
/* The column (1-based, in code points) of the token last returned, or of the error. */
int64_t json_column(const struct json_scan *s);
/* Skips the value whose first token was just returned (or, after JSON_KEY, the value that follows).
 * 0, or -1 at an error. Afterwards *from and *to (may be NULL) bound its source text. */
int json_skip(struct json_scan *s, size_t *from, size_t *to);
void json_scan_free(struct json_scan *s);

/* A fault in a JSON text. */
struct json_fault {
    int64_t line, column; /* 1-based */
    char path[256];       /* JSON pointer such as /config/epochs, as far as it was known */
    char why[160];
};
/* 0 when text is one strict JSON value, else HONE_EINVAL, or HONE_ENOMEM when nobody knows, with *fault filled. */
int json_check(const char *text, size_t len, struct json_fault *fault);

/* json_check(), then a tree. Returns it (free with cJSON_Delete) or NULL with err filled: "NAME:LINE:COLUMN: why". */
cJSON *json_parse(const char *text, size_t len, const char *name, struct hone_err *err);
/* As above for a file, at most `max` bytes. */
cJSON *json_parse_file(const char *path, size_t max, struct hone_err *err);
/* Prints with doubles that read back bit for bit (cJSON's printer loses bits). `pretty` indents by two blanks. */
void json_print(struct buf *b, const cJSON *v, int pretty);
/* json_print() into a string of its own (free()), or NULL when memory ran out. */
char *json_text(const cJSON *v, int pretty);

/* Whether memory ran out for a node or a text of a tree in this thread since this was last asked. Functions that put trees together tell nobody, and a
 * tree may then lack members; so this is asked where trees leave: before a transaction is kept, a frame is sent, an answer is given. [any] */
int json_lost(void);
/* Notes such a loss, where a text that was to become a part of a tree could not be made and the tree goes on without it. [any] */
void json_note_loss(void);
/* A copy of a text (free()), NULL of NULL; NULL, too, when memory ran out, and the loss is noted. [any] */
char *json_copy(const char *text);
/* The words of a text that `by` parts, those that are not empty, as an array of strings. [any] */
cJSON *json_words(const char *text, char by);

/* Case-sensitive look-ups; NULL, or the default, when the key is absent or of another type. [any, pure] */
const cJSON *json_get(const cJSON *object, const char *key);
const char *json_str(const cJSON *object, const char *key, const char *dflt);
double json_num(const cJSON *object, const char *key, double dflt);
int64_t json_int(const cJSON *object, const char *key, int64_t dflt);
int json_bool(const cJSON *object, const char *key, int dflt);
/* Building; each takes ownership of `value` and replaces an equal key. A NaN or infinity becomes null. json_put() returns the value, or NULL when
 * memory ran out, of which json_lost() tells: the value is gone then. */
cJSON *json_put(cJSON *object, const char *key, cJSON *value);
void json_put_str(cJSON *object, const char *key, const char *value); /* NULL becomes null, invalid UTF-8 '?' */
void json_put_num(cJSON *object, const char *key, double value);
void json_put_int(cJSON *object, const char *key, int64_t value);    /* exact up to 2^53 */
void json_put_bool(cJSON *object, const char *key, int value);

#endif
