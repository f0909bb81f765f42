/* See address.h. */
#include "core/jobs/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block4 {
    uint32_t net;
    int bits;
    enum address_kind kind;
};

struct block6 {
    uint8_t net[16];
    int bits;
    enum address_kind kind;
};

#define NET4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct block4 blocks4[] = {
    { NET4(0, 0, 0, 0), 8, ADDRESS_FORBIDDEN },       /* this network */
    { NET4(10, 0, 0, 0), 8, ADDRESS_PRIVATE },
    { NET4(100, 100, 100, 200), 32, ADDRESS_FORBIDDEN }, /* metadata service of Alibaba Cloud */
    { NET4(100, 64, 0, 0), 10, ADDRESS_PRIVATE },     /* shared by providers */
    { NET4(127, 0, 0, 0), 8, ADDRESS_PRIVATE },
    { NET4(168, 63, 129, 16), 32, ADDRESS_FORBIDDEN }, /* platform service of Azure */
    { NET4(169, 254, 0, 0), 16, ADDRESS_FORBIDDEN },  /* link-local */
    { NET4(172, 16, 0, 0), 12, ADDRESS_PRIVATE },
    { NET4(192, 0, 0, 0), 24, ADDRESS_FORBIDDEN },    /* protocol assignments */
    { NET4(192, 0, 2, 0), 24, ADDRESS_FORBIDDEN },    /* documentation */
    { NET4(192, 31, 196, 0), 24, ADDRESS_FORBIDDEN }, /* AS112 */
    { NET4(192, 52, 193, 0), 24, ADDRESS_FORBIDDEN }, /* AMT */
    { NET4(192, 88, 99, 0), 24, ADDRESS_FORBIDDEN },  /* 6to4 relays */
    { NET4(192, 168, 0, 0), 16, ADDRESS_PRIVATE },
    { NET4(192, 175, 48, 0), 24, ADDRESS_FORBIDDEN }, /* AS112 */
    { NET4(198, 18, 0, 0), 15, ADDRESS_FORBIDDEN },   /* benchmarks */
    { NET4(198, 51, 100, 0), 24, ADDRESS_FORBIDDEN }, /* documentation */
    { NET4(203, 0, 113, 0), 24, ADDRESS_FORBIDDEN },  /* documentation */
    { NET4(224, 0, 0, 0), 4, ADDRESS_FORBIDDEN },     /* multicast */
    { NET4(240, 0, 0, 0), 4, ADDRESS_FORBIDDEN },     /* reserved, broadcast */
};

/* Only 2000::/3 is given out; of it these are special. */
static const struct block6 blocks6[] = {
    { { 0x20, 0x01, 0x00, 0x00 }, 23, ADDRESS_FORBIDDEN },          /* 2001::/23: Teredo, ORCHID, benchmarks and other protocols */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_FORBIDDEN },          /* documentation */
    { { 0x20, 0x02 }, 16, ADDRESS_FORBIDDEN },                      /* 6to4 */
    { { 0x26, 0x20, 0x00, 0x4f, 0x80, 0x00 }, 48, ADDRESS_FORBIDDEN }, /* AS112 */
    { { 0x3f, 0xff }, 20, ADDRESS_FORBIDDEN },                      /* documentation */
    { { 0x20 }, 3, ADDRESS_PUBLIC },
    { { 0xfd, 0x00, 0x0e, 0xc2 }, 32, ADDRESS_FORBIDDEN },          /* metadata service of AWS */
    { { 0xfd, 0x20, 0x00, 0xce }, 32, ADDRESS_FORBIDDEN },          /* metadata service of Google Cloud */
    { { 0xfc }, 7, ADDRESS_PRIVATE },                               /* unique local */
    { { [15] = 1 }, 128, ADDRESS_PRIVATE },                         /* loopback */
};

static enum address_kind kind4(uint32_t a)
{
    for (size_t i = 0; i < sizeof blocks4 / sizeof blocks4[0]; i++) {
        if ((a ^ blocks4[i].net) >> (32 - blocks4[i].bits) == 0)
            return blocks4[i].kind;
    }
    return ADDRESS_PUBLIC;
}

static int begins(const uint8_t a[16], const uint8_t net[16], int bits)
{
    int bytes = bits / 8, rest = bits % 8;
    return memcmp(a, net, (size_t)bytes) == 0 && (rest == 0 || (a[bytes] ^ net[bytes]) >> (8 - rest) == 0);
}

static enum address_kind kind6(const uint8_t a[16])
{
    static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff }, nat64[16] = { 0x00, 0x64, 0xff, 0x9b };
    if (begins(a, mapped, 96) || begins(a, nat64, 96))
        return kind4(NET4(a[12], a[13], a[14], a[15]));
    for (size_t i = 0; i < sizeof blocks6 / sizeof blocks6[0]; i++) {
        if (begins(a, blocks6[i].net, blocks6[i].bits))
            return blocks6[i].kind;
    }
    return ADDRESS_FORBIDDEN;
}

enum address_kind address_kind(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return kind4(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
    if (a->sa_family == AF_INET6)
        return kind6(((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr);
    return ADDRESS_FORBIDDEN;
}

static int same(const struct sockaddr *a, const struct sockaddr *b)
{
    if (!b || a->sa_family != b->sa_family)
        return 0;
    if (a->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr, &((const struct sockaddr_in *)(const void *)b)->sin_addr, 4) == 0;
    return a->sa_family == AF_INET6 && memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                                              &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, 16) == 0;
}

enum address_kind address_kind_here(const struct sockaddr *a)
{
    enum address_kind kind = address_kind(a);
    struct ifaddrs *list = NULL;
    if (kind != ADDRESS_PUBLIC)
        return kind;
    if (getifaddrs(&list) != 0)
        return ADDRESS_FORBIDDEN; /* it cannot be told */
    for (const struct ifaddrs *i = list; i && kind == ADDRESS_PUBLIC; i = i->ifa_next)
        kind = same(a, i->ifa_addr) ? ADDRESS_PRIVATE : kind;
    freeifaddrs(list);
    return kind;
}
