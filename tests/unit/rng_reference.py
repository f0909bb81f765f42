"""Writes rng_reference.h: Philox 4x32-10 in plain Python, checked against the known answers of Salmon et al. (2011),
which Random123 publishes as kat_vectors. Run: python3 rng_reference.py >rng_reference.h"""
M = 0xFFFFFFFF


def philox(c, k):
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & M, (a >> 32) ^ c[3] ^ k[1], a & M]
        k = [(k[0] + 0x9E3779B9) & M, (k[1] + 0xBB67AE85) & M]
    return c


assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([M] * 4, [M] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
assert philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]) == [
    0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]

print("/* Made by rng_reference.py. */")
print("static const struct { uint64_t seed, counter, value; uint32_t stream; } philox_reference[] = {")
for seed, stream, counter in [(0, 0, 0), (42, 1, 0), (42, 1, 1), (42, 2, 0), (2**64 - 1, 2**32 - 1, 2**64 - 1),
                              (0x0123456789ABCDEF, 7, 2**32), (1, 10, 123456789)]:
    r = philox([counter & M, counter >> 32, stream, 0], [seed & M, seed >> 32])
    print("    { 0x%xu, 0x%xu, 0x%016xu, %du }," % (seed, counter, r[1] << 32 | r[0], stream))
print("};")
