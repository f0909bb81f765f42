/* See auth.h. RFC 6750. */
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include "core/http/auth.h"

#define TOKEN_BYTES 256

void auth_init(struct auth *a, const struct http_program *program, const struct http_config *c)
{
    memset(a, 0, sizeof *a);
    a->program = program;
    a->per_minute = c->requests_per_minute;
    pthread_mutex_init(&a->lock, NULL);
    failures_init(&a->failures, c->login_failures);
}

/* The token of "Bearer TOKEN", or NULL. */
static const char *bearer(const char *authorization, size_t *n)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return NULL;
    const char *token = authorization + 7 + strspn(authorization + 7, " ");
    *n = strlen(token);
    while (*n && token[*n - 1] == ' ')
        --*n;
    return *n && *n <= TOKEN_BYTES && !memchr(token, ' ', *n) ? token : NULL;
}

/* A bucket of `per_minute` that fills evenly. 0, or the seconds until there is room for one more. */
static int spend(struct auth *a, struct auth_slot *s, int64_t now)
{
    if (!a->per_minute)
        return 0;
    double rate = a->per_minute / 60000.0;
    s->credit += (double)(now - s->at) * rate;
    s->at = now;
    if (s->credit > a->per_minute)
        s->credit = a->per_minute;
    if (s->credit < 1)
        return 1 + (int)((1 - s->credit) / rate / 1000);
    s->credit -= 1;
    return 0;
}

static struct auth_slot *slot_of(struct auth *a, const uint8_t hash[32])
{
    return &a->slot[(hash[0] | hash[1] << 8) % AUTH_SLOTS];
}

/* 1 when the hash is remembered. The comparison takes the same time wherever hashes differ, and hashes tell nothing of tokens. */
static int recall(struct auth *a, const uint8_t hash[32], int64_t now, struct http_identity *who, int *wait)
{
    struct auth_slot *s = slot_of(a, hash);
    pthread_mutex_lock(&a->lock);
    int known = s->until > now && sodium_memcmp(s->hash, hash, 32) == 0;
    if (known) {
        *who = s->who;
        *wait = spend(a, s, now);
    }
    pthread_mutex_unlock(&a->lock);
    return known;
}

static void remember(struct auth *a, const uint8_t hash[32], int64_t now, const struct http_identity *who, int *wait)
{
    struct auth_slot *s = slot_of(a, hash);
    pthread_mutex_lock(&a->lock);
    if (memcmp(s->hash, hash, 32) != 0) {
        memcpy(s->hash, hash, 32);
        s->credit = a->per_minute;
        s->at = now;
    }
    s->who = *who;
    s->until = now + AUTH_KEEP_MS;
    *wait = spend(a, s, now);
    pthread_mutex_unlock(&a->lock);
}

int auth_check(struct auth *a, const char *authorization, const struct http_address *from, int64_t now, struct http_identity *who,
               int *wait, struct hone_err *err)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    size_t n = 0;
    const char *token = bearer(authorization, &n);
    *wait = failures_wait(&a->failures, from, now);
    if (*wait) {
        hone_fail(err, ERR_QUOTA, "too many requests with wrong tokens came from this address; wait %d seconds", *wait);
        return 429;
    }
    if (!token) {
        hone_fail(err, ERR_AUTH, authorization ? "Authorization is not 'Bearer TOKEN'"
                                               : "the request has no token; send it as 'Authorization: Bearer TOKEN'");
        if (authorization)
            failures_note(&a->failures, from, now);
        return 401;
    }
    crypto_hash_sha256(hash, (const unsigned char *)token, n);
    if (!recall(a, hash, now, who, wait)) {
        memset(who, 0, sizeof *who);
        int rc = a->program->identify(a->program->arg, token, n, who, err);
        if (rc == ERR_AUTH) {
            failures_note(&a->failures, from, now);
            hone_fail(err, ERR_AUTH, "the token is not valid: unknown, expired or revoked");
            return 401;
        }
        if (rc < 0)
            return 500;
        remember(a, hash, now, who, wait);
    }
    if (*wait)
        hone_fail(err, ERR_QUOTA, "more than %d requests a minute came with this token; wait %d seconds", a->per_minute, *wait);
    return *wait ? 429 : 0;
}
