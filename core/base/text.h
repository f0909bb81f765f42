/* Text: UTF-8 checks, words, likeness of names. Folding and word cutting are lent to plugins as "hone.text/1". */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include <stddef.h>
#include <stdint.h>
#include "core/base/buf.h"
#include "hone/text.h"

/* Byte offset of the first byte that is not valid UTF-8 (RFC 3629), or n. [any, pure] */
size_t utf8_invalid_at(const char *s, size_t n);
/* Code points in valid UTF-8. [any, pure] */
int64_t utf8_length(const char *s, size_t n);
/* Code points of its form C (Unicode Standard Annex 15); where there is none, or memory ran out, those that it has. [any] */
int64_t utf8_composed_length(const char *s, size_t n);

/* The service of hone/text.h. [any] */
extern const struct hone_text_service text_service;

/* Damerau-Levenshtein distance (optimal string alignment), ASCII case ignored, '_' and '-' ignored. [any, pure] */
int text_distance(const char *a, const char *b);
/* The candidate nearest to `name`, or NULL when none is near enough to be a slip (distance <= 1 + length / 4).
 * `names` is NULL-terminated. [any, pure] */
const char *text_nearest(const char *name, const char *const *names);
/* 1 when s is [a-z][a-z0-9_]* of at most 63 bytes. [any, pure] */
int text_is_identifier(const char *s);
/* FILE=SHA256, a pinned file: the length of FILE, or 0 when the n bytes are no such text. [any, pure] */
size_t text_pin_file(const char *s, size_t n);

#endif
