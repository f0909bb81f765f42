/* What systemd and a daemon tell each other (sd_notify(3), sd_listen_fds(3)): a few lines over a datagram socket, and three variables;
 * without systemd nothing happens. Not a library of systemd: its protocol is stable and documented. Called by serve.c. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H
#include <stdint.h>
#include "core/base/err.h"

/* Sends "READY=1\nSTATUS=..." to $NOTIFY_SOCKET. 0, also when nobody listens, or HONE_EIO with err. */
int notify_send(const char *text, struct hone_err *err);
/* Milliseconds between two signs of life that are asked for ($WATCHDOG_USEC, halved); 0: none are. */
int64_t notify_watchdog_ms(void);
/* How many listening sockets were handed over, from descriptor 3 on ($LISTEN_FDS); 0: none. The variables are removed, so that no
 * child takes them for its own. */
int notify_listen_fds(void);

#endif
