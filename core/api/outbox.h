/* The daemon's thread that sends what is in the outbox (core/store/outbox.h): what is due, at most 4 posts at once to an endpoint (1 to one
 * that fails) and 32 in all, tried again by a schedule. What was sent when the process dies and not yet written down is sent again, with the
 * same webhook-id. Private to core/api but for the options; see docs/webhooks.md. */
#ifndef API_OUTBOX_H
#define API_OUTBOX_H
#include "core/api/api.h"
#include "core/base/buf.h"
#include "core/store/outbox.h"

struct outbox;

/* NULL with err. Borrows a->state_dir, a->daemon and what a->webhooks names. Nothing is sent yet. */
struct outbox *outbox_open(const struct api *a, struct hone_err *err);
/* One round on the caller's thread: begins what is due by clock_wall_ms(), waits at most `ms` for something to end, writes down what ended.
 * Returns how many posts are under way. For the thread, and for tests. */
int outbox_step(struct outbox *o, int ms);
/* Lets a thread do rounds until outbox_close(). */
int outbox_run(struct outbox *o, struct hone_err *err);
/* Something may be due. [any] */
void outbox_wake(struct outbox *o);
/* What is under way gets two seconds. NULL is fine. */
void outbox_close(struct outbox *o);
/* Appends hone_webhook_* in the text format of Prometheus. [any] */
void outbox_metrics(struct outbox *o, struct buf *b);

/* Milliseconds before try number `made` + 1 of a delivery (made >= 1), with `chance` in [0, 1) as its jitter; -1: it was the last one. [pure] */
int64_t outbox_wait_ms(int64_t made, double chance);

#endif
