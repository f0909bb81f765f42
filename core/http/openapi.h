/* The description of the API for machines (OpenAPI 3.1), made from the table of functions. Called by server.c and by tests. */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H
#include "core/base/buf.h"

/* Appends the document as one line of JSON; b is out of memory when that ran out. [any] */
void openapi_write(struct buf *b);

#endif
