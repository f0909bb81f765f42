/* Posts JSON to addresses that somebody else has named, many at a time and on the caller's thread: libcurl's multi interface with all of
 * its helpfulness turned off. No redirects, no proxies, no cookies, no credentials, one connection a post; the address that a name stands for
 * is looked at when it is about to be connected to (address.h), so that no name can lead elsewhere. What is posted, and when again, is the
 * caller's: core/api/outbox.c. */
#ifndef JOBS_SENDER_H
#define JOBS_SENDER_H
#include <stdint.h>
#include "core/base/err.h"

#define SENDER_RESPONSE 1024       /* bytes of an answer that are kept */
#define SENDER_URL_MAX 2048

struct sender_opts {
    int allow_private;             /* addresses of private networks and this machine */
    int allow_http;                /* without TLS */
    const char *ca_file;           /* certificates of authorities in PEM, in place of the system's; NULL: those. Borrowed */
    int64_t timeout_ms;            /* for all of a post; 0: 15000 */
};

/* Copied by sender_post(). */
struct post {
    const char *url, *body;
    const char *id;                /* webhook-id */
    int64_t timestamp;             /* webhook-timestamp */
    const char *signatures;        /* webhook-signature: one, or several between blanks */
};

struct posted {
    int status;                    /* of the answer; 0: none came */
    int refused;                   /* the address is not for us: another try would fare no better */
    int64_t retry_after_s;         /* -1: not said */
    int64_t duration_ms;
    char error[200];               /* why it failed; "": it came, with a status of 2xx */
    char response[SENDER_RESPONSE + 1]; /* the beginning of the answer's body, as UTF-8 without control characters */
};
typedef void sender_done(void *arg, const struct posted *result);

struct sender;

/* Checks a URL as somebody gives it: the scheme, no credentials, a host that is not this machine's and, where it is an address in any spelling,
 * one that may be connected to. 0, or HONE_EINVAL with a sentence. Looks no name up. [any] */
int sender_check_url(const char *url, const struct sender_opts *o, struct hone_err *err);

struct sender *sender_new(const struct sender_opts *o, struct hone_err *err);
/* Begins a post. 0: `done` will be called by sender_wait(). Else it never is. */
int sender_post(struct sender *s, const struct post *p, sender_done *done, void *arg, struct hone_err *err);
/* Goes on with what is under way for at most `ms`; returns sooner when something ended or sender_wake() was called. How many are under way. */
int sender_wait(struct sender *s, int ms);
/* [any] */
void sender_wake(struct sender *s);
/* What is under way is given up, and `done` not called. NULL is fine. */
void sender_free(struct sender *s);

#endif
