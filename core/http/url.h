/* Paths and queries: decoded once, and refused when they hold what a second decoding or a file system could read otherwise.
 * Not a URL library. Called by route.c and request.c. */
#ifndef HTTP_URL_H
#define HTTP_URL_H
#include <stddef.h>
#include "core/base/buf.h"

/* Decodes a path as it came. 0, or -1 for what is refused: %2F, %5C, %00, other control bytes, a backslash, an empty segment, "." and "..",
 * a percent sign without two hex digits, bytes that are not UTF-8, a path that does not begin with '/', or one longer than `size`. [any, pure] */
int url_path(const char *raw, char *out, size_t size);

/* The next name and value of a query ("a=1&b"), decoded, plus signs as blanks. *at moves on. 1; 0 at the end; -1 when one is
 * badly encoded. `name` and `value` are replaced. [any] */
int url_query_next(const char **at, struct buf *name, struct buf *value);

#endif
