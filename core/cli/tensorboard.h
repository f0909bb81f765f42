/* Event files of TensorBoard (tfevents): records of length, masked CRC-32C, an Event message in protocol buffers' wire format, masked
 * CRC-32C. Scalars only. Used by export.c and by tests. */
#ifndef CLI_TENSORBOARD_H
#define CLI_TENSORBOARD_H
#include <stdint.h>
#include "core/base/buf.h"

/* CRC-32C (Castagnoli), as RFC 3720 has it. [any, pure] */
uint32_t tensorboard_crc(const void *bytes, size_t n);
/* The event that begins a file: its version. wall_time in seconds since 1970. */
void tensorboard_begin(struct buf *out, double wall_time);
/* One scalar at a step. */
void tensorboard_scalar(struct buf *out, double wall_time, int64_t step, const char *tag, float value);

#endif
