/* What kind of network address this is: whether the daemon may connect to it when somebody else has named it. Asked for the address that is
 * about to be connected to, never for a name or a text. Knows the special-purpose registries of IANA (RFC 6890 and its updates, as of 2025).
 * Called by core/jobs/sender.c. */
#ifndef JOBS_ADDRESS_H
#define JOBS_ADDRESS_H
#include <sys/socket.h>

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_PRIVATE,     /* loopback, private and shared networks, this machine's own addresses: an operator may allow them */
    ADDRESS_FORBIDDEN    /* link-local (and so the metadata services of clouds), multicast, reserved, tunnels, nobody's: never */
};

/* By the address alone; AF_INET and AF_INET6, anything else is forbidden. An IPv6 address that stands for an IPv4 one (mapped, NAT64) is
 * what that one is; those of 6to4 and Teredo, which anybody can make, are forbidden. [any, pure] */
enum address_kind address_kind(const struct sockaddr *a);
/* The same, and private when one of this machine's interfaces has it. Reads the list of interfaces. [any] */
enum address_kind address_kind_here(const struct sockaddr *a);

#endif
