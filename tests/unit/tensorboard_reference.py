#!/usr/bin/env python3
"""Makes tensorboard_reference.h: two records of an event file, the Event messages written with the wire format spelled out and the checksums by
the table of CRC-32C. Run by hand: python3 tests/unit/tensorboard_reference.py > tests/unit/tensorboard_reference.h"""
import struct

TABLE = []
for i in range(256):
    for _ in range(8):
        i = (i >> 1) ^ (0x82f63b78 if i & 1 else 0)
    TABLE.append(i)


def crc(data):
    c = 0xffffffff
    for x in data:
        c = TABLE[(c ^ x) & 0xff] ^ (c >> 8)
    return c ^ 0xffffffff


assert crc(b"123456789") == 0xe3069283  # the check value of CRC-32C


def masked(data):
    c = crc(data)
    return ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff


def record(event):
    head = struct.pack("<Q", len(event))
    return head + struct.pack("<I", masked(head)) + event + struct.pack("<I", masked(event))


tag = b"validation/loss"
value = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", 0.625)
summary = b"\x0a" + bytes([len(value)]) + value
first = b"\x09" + struct.pack("<d", 1767225600.5) + b"\x1a\x0dbrain.Event:2"
second = b"\x09" + struct.pack("<d", 1767225601.25) + b"\x10\xac\x02" + b"\x2a" + bytes([len(summary)]) + summary  # step 300
data = record(first) + record(second)
print("/* Made by tensorboard_reference.py. */\nstatic const unsigned char tensorboard_reference[] = {")
for i in range(0, len(data), 16):
    print("    " + " ".join("0x%02x," % x for x in data[i:i + 16]))
print("};")
