/* See tensorboard.h. */
#include "core/cli/tensorboard.h"

#include <string.h>

uint32_t tensorboard_crc(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void put_fixed(struct buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_putc(b, (char)(v >> (8 * i) & 0xff));
}

static void put_varint(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_putc(b, (char)((v & 0x7f) | 0x80));
    buf_putc(b, (char)v);
}

/* Field numbers and wire types: 0 varint, 1 eight bytes, 2 a length and bytes, 5 four bytes. */
static void put_key(struct buf *b, int field, int type)
{
    put_varint(b, (uint64_t)(field << 3 | type));
}

static void put_bytes(struct buf *b, int field, const void *bytes, size_t n)
{
    put_key(b, field, 2);
    put_varint(b, n);
    buf_add(b, bytes, n);
}

static void put_crc(struct buf *b, const void *bytes, size_t n)
{
    uint32_t crc = tensorboard_crc(bytes, n);
    put_fixed(b, (uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8u), 4);
}

static void put_record(struct buf *out, const struct buf *event)
{
    size_t at = out->n;
    put_fixed(out, event->n, 8);
    if (!buf_oom(out))
        put_crc(out, out->p + at, 8);
    buf_add(out, event->p, event->n);
    put_crc(out, event->p, event->n);
}

static void put_time(struct buf *event, double wall_time)
{
    uint64_t bits;
    memcpy(&bits, &wall_time, sizeof bits);
    put_key(event, 1, 1);
    put_fixed(event, bits, 8);
}

void tensorboard_begin(struct buf *out, double wall_time)
{
    static const char version[] = "brain.Event:2";
    struct buf event = { 0 };
    put_time(&event, wall_time);
    put_bytes(&event, 3, version, sizeof version - 1);
    put_record(out, &event);
    buf_free(&event);
}

void tensorboard_scalar(struct buf *out, double wall_time, int64_t step, const char *tag, float value)
{
    struct buf event = { 0 }, summary = { 0 }, one = { 0 };
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_bytes(&one, 1, tag, strlen(tag));
    put_key(&one, 2, 5);
    put_fixed(&one, bits, 4);
    put_bytes(&summary, 1, one.p, one.n);
    put_time(&event, wall_time);
    put_key(&event, 2, 0);
    put_varint(&event, (uint64_t)step);
    put_bytes(&event, 5, summary.p, summary.n);
    put_record(out, &event);
    buf_free(&event);
    buf_free(&summary);
    buf_free(&one);
}
