/* See auth.h. RFC 6750. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "core/http/auth.h"

#define TOKEN_BYTES 256

void auth_init(struct auth *a, const struct http_program *program, const struct http_config *c)
{
    memset(a, 0, sizeof *a);
    a->program = program;
    a->per_minute = c->requests_per_minute;
    a->tenant_per_minute = c->tenant_requests_per_minute;
    pthread_mutex_init(&a->lock, NULL);
    failures_init(&a->failures, c->login_failures);
}

void auth_free(struct auth *a)
{
    for (int i = 0; i < 2 * AUTH_LISTS; i++) {
        struct auth_rate **list = i < AUTH_LISTS ? &a->tokens[i] : &a->tenants[i - AUTH_LISTS];
        for (struct auth_rate *next; *list; *list = next) {
            next = (*list)->next;
            free(*list);
        }
    }
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

/* ---- limits: all with the lock held ---- */

/* The one of that name, made when there is none; NULL without a limit, or memory. */
static struct auth_rate *rate_of(struct auth_rate **lists, int limit, const char *name)
{
    unsigned h = 5381;
    if (!limit)
        return NULL;
    for (const char *p = name; *p; p++)
        h = h * 33 + (unsigned char)*p;
    struct auth_rate **at = &lists[h % AUTH_LISTS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (!*at && (*at = calloc(1, sizeof **at)))
        snprintf((*at)->name, sizeof (*at)->name, "%s", name);
    return *at;
}

/* How many more may come before the window ends, and when that is. */
static int left_of(struct auth_rate *r, int limit, int64_t now, int *reset_s)
{
    if (now - r->from >= AUTH_WINDOW_MS || !r->n) {
        r->from = now;
        r->n = 0;
    }
    *reset_s = (int)((r->from + AUTH_WINDOW_MS - now + 999) / 1000);
    return limit - r->n;
}

/* Counts a request of the slot's token and tenant, unless one of them has none left: then *wait says for how long. */
static void spend(struct auth *a, struct auth_slot *s, int64_t now, struct auth_left *left, int *wait)
{
    struct auth_rate *const rates[2] = { s->token, s->tenant };
    const int limits[2] = { a->per_minute, a->tenant_per_minute };
    static const char *const policies[2] = { "requests", "tenant" };
    *wait = 0;
    *left = (struct auth_left){ 0 };
    for (int i = 0; i < 2; i++) {
        int reset_s, n = rates[i] ? left_of(rates[i], limits[i], now, &reset_s) : 0;
        if (rates[i] && (!left->policy || n < left->left))
            *left = (struct auth_left){ policies[i], limits[i], n, reset_s };
        if (rates[i] && n <= 0 && reset_s > *wait)
            *wait = reset_s;
    }
    for (int i = 0; i < 2 && !*wait; i++) {
        if (rates[i])
            rates[i]->n++;
    }
    left->left -= left->policy && left->left > 0;
}

/* ---- tokens that were identified a moment ago ---- */

static struct auth_slot *slot_of(struct auth *a, const uint8_t hash[32])
{
    return &a->slot[(hash[0] | hash[1] << 8) % AUTH_SLOTS];
}

/* 1 when the hash is remembered. The comparison takes the same time wherever hashes differ, and hashes tell nothing of tokens. */
static int recall(struct auth *a, const uint8_t hash[32], int64_t now, struct http_identity *who, struct auth_left *left, int *wait)
{
    struct auth_slot *s = slot_of(a, hash);
    pthread_mutex_lock(&a->lock);
    int known = s->until > now && sodium_memcmp(s->hash, hash, 32) == 0;
    if (known) {
        *who = s->who;
        spend(a, s, now, left, wait);
    }
    pthread_mutex_unlock(&a->lock);
    return known;
}

static void remember(struct auth *a, const uint8_t hash[32], int64_t now, const struct http_identity *who, struct auth_left *left, int *wait)
{
    struct auth_slot *s = slot_of(a, hash);
    pthread_mutex_lock(&a->lock);
    memcpy(s->hash, hash, 32);
    s->who = *who;
    s->token = rate_of(a->tokens, a->per_minute, who->token_id);
    s->tenant = rate_of(a->tenants, a->tenant_per_minute, who->tenant);
    s->until = now + AUTH_KEEP_MS;
    spend(a, s, now, left, wait);
    pthread_mutex_unlock(&a->lock);
}

int auth_check(struct auth *a, const char *authorization, const struct http_address *from, int64_t now, struct http_identity *who,
               struct auth_left *left, int *wait, struct hone_err *err)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    size_t n = 0;
    const char *token = bearer(authorization, &n);
    *left = (struct auth_left){ 0 };
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
    if (!recall(a, hash, now, who, left, wait)) {
        memset(who, 0, sizeof *who);
        int rc = a->program->identify(a->program->arg, token, n, who, err);
        if (rc == ERR_AUTH) {
            failures_note(&a->failures, from, now);
            hone_fail(err, ERR_AUTH, "the token is not valid: unknown, expired or revoked");
            return 401;
        }
        if (rc < 0)
            return 500;
        remember(a, hash, now, who, left, wait);
    }
    if (*wait)
        hone_fail(err, ERR_QUOTA, "more than %d requests a minute came %s; wait %d seconds", left->most,
                  strcmp(left->policy, "tenant") == 0 ? "of this tenant" : "with this token", *wait);
    return *wait ? 429 : 0;
}
