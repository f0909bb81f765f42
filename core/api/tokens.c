/* Tokens: hone_<id>_<secret>_<checksum>, 10, 43 and 6 characters of base 62. The checksum lets what is no token be refused without a
 * look, and leaked ones be found; the secret has 256 random bits, of which the books have the SHA-256. A daemon has all tokens in
 * memory and reads them again when they change. See daemon.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "core/api/daemon_priv.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/store/token.h"

#define ID 10
#define SECRET 43
#define SUM 6
#define PREFIX "hone_"
#define LENGTH (sizeof PREFIX - 1 + ID + 1 + SECRET + 1 + SUM)
#define USED_EVERY_MS 60000

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* ---- the text of a token ---- */

/* n characters of base 62 of a number in bytes, most significant first. Spoils bytes. */
static void base62(unsigned char *bytes, size_t n_bytes, char *out, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        unsigned rest = 0;
        for (size_t k = 0; k < n_bytes; k++) {
            unsigned v = rest << 8 | bytes[k];
            bytes[k] = (unsigned char)(v / 62);
            rest = v % 62;
        }
        out[i] = digits[rest];
    }
    out[n] = '\0';
}

/* CRC-32 (IEEE 802.3, reflected) of what stands before, as 6 characters. */
static void checksum(const char *text, size_t n, char out[SUM + 1])
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)text[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
    crc = ~crc;
    base62((unsigned char[]){ (unsigned char)(crc >> 24), (unsigned char)(crc >> 16), (unsigned char)(crc >> 8), (unsigned char)crc }, 4, out,
           SUM);
}

static void make_text(char id[ID + 1], char secret[SECRET + 1], char text[LENGTH + 1])
{
    unsigned char bytes[32];
    char sum[SUM + 1];
    randombytes_buf(bytes, 8);
    base62(bytes, 8, id, ID);
    randombytes_buf(bytes, sizeof bytes);
    base62(bytes, sizeof bytes, secret, SECRET);
    int n = snprintf(text, LENGTH + 1, PREFIX "%s_%s", id, secret);
    checksum(text, (size_t)n, sum);
    snprintf(text + n, LENGTH + 1 - (size_t)n, "_%s", sum);
    sodium_memzero(bytes, sizeof bytes);
}

/* Whether it has the form of a token, with the right checksum. */
static int well_formed(const char *text)
{
    char sum[SUM + 1];
    if (strlen(text) != LENGTH || strncmp(text, PREFIX, sizeof PREFIX - 1) != 0 || text[sizeof PREFIX - 1 + ID] != '_' ||
        text[LENGTH - SUM - 1] != '_')
        return 0;
    checksum(text, LENGTH - SUM - 1, sum);
    return strcmp(sum, text + LENGTH - SUM) == 0;
}

/* ---- a daemon's tokens ---- */

struct token_cache {
    pthread_mutex_t lock;
    struct token_list list;
    int64_t changes;             /* atomic; of the tokens in the books, 1 at the start */
    int64_t loaded;              /* `changes` as they were when the list was read; 0: never */
};

struct token_cache *tokens_new(void)
{
    struct token_cache *t = calloc(1, sizeof *t);
    if (t) {
        t->changes = 1;
        pthread_mutex_init(&t->lock, NULL);
    }
    return t;
}

void tokens_free(struct token_cache *t)
{
    if (!t)
        return;
    token_list_free(&t->list);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* Without the lock: who changes tokens may hold the books, for which a holder of the lock may wait. */
static void forget(struct daemon *d)
{
    __atomic_add_fetch(&d->tokens->changes, 1, __ATOMIC_ACQ_REL);
}

/* With the cache's lock held: reads the tokens of all tenants when they have changed. */
static int load(struct daemon *d, struct hone_err *err)
{
    struct api one = d->api;
    struct token_list list;
    int64_t changes = __atomic_load_n(&d->tokens->changes, __ATOMIC_ACQUIRE);
    if (d->tokens->loaded == changes)
        return 0;
    struct store *s = books_open(&one, err);
    int rc = s ? token_list(s, &list, err) : err->code;
    books_close(&one, s);
    if (rc < 0)
        return rc;
    token_list_free(&d->tokens->list);
    d->tokens->list = list;
    d->tokens->loaded = changes;
    return 0;
}

/* Writes once a minute that the token is in use. */
static void note_use(struct daemon *d, const char *id, int64_t now)
{
    struct api one = d->api;
    struct hone_err err;
    struct store *s = books_open(&one, &err);
    if (s && token_used(s, id, now, &err) < 0)
        log_line(LOG_WARN, "the use of token %s cannot be noted: %s", id, err.text);
    books_close(&one, s);
}

/* Compares with a hash even when there is no such token, so that the time it takes does not tell. */
static struct token_row *find(struct token_cache *t, const char *text)
{
    char hash[65], id[ID + 1];
    static const char nobody[65] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct token_row *hit = NULL;
    memcpy(id, text + sizeof PREFIX - 1, ID);
    id[ID] = '\0';
    bytes_sha256(text + sizeof PREFIX - 1 + ID + 1, SECRET, hash);
    for (size_t i = 0; i < t->list.n; i++) {
        if (strcmp(t->list.v[i].id, id) == 0)
            hit = &t->list.v[i];
    }
    const char *want = hit && strlen(hit->secret_sha256) == 64 ? hit->secret_sha256 : nobody;
    int equal = sodium_memcmp(hash, want, 64) == 0;
    return equal && want != nobody ? hit : NULL;
}

int daemon_token(struct daemon *d, const char *token, struct api_who *who, struct hone_err *err)
{
    int64_t now = clock_wall_ms();
    int note = 0;
    if (!well_formed(token))
        return hone_fail(err, ERR_AUTH, "this is no token of hone; `hone token create` makes one");
    pthread_mutex_lock(&d->tokens->lock);
    int rc = load(d, err);
    struct token_row *row = rc < 0 ? NULL : find(d->tokens, token);
    if (row && row->revoked_at)
        rc = hone_fail(err, ERR_AUTH, "the token was revoked");
    else if (row && row->expires_at && row->expires_at <= now)
        rc = hone_fail(err, ERR_AUTH, "the token has expired");
    else if (!row && rc >= 0)
        rc = hone_fail(err, ERR_AUTH, "the token is not known here");
    if (rc >= 0) {
        snprintf(who->tenant, sizeof who->tenant, "%s", row->tenant);
        snprintf(who->token_id, sizeof who->token_id, "%s", row->id);
        who->scope = (enum api_scope)row->scope;
        note = now - row->used_at > USED_EVERY_MS;
        if (note)
            row->used_at = now;
    }
    pthread_mutex_unlock(&d->tokens->lock);
    if (rc >= 0 && note)
        note_use(d, who->token_id, now);
    return rc;
}

/* ---- functions ---- */

static cJSON *token_json(const struct token_row *row)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "token_id", row->id);
    json_put_str(o, "name", row->name);
    json_put_str(o, "scope", api_scope_name((enum api_scope)row->scope));
    json_put_str(o, "tenant", row->tenant);
    put_time(o, "created_at", row->created_at);
    put_time(o, "expires_at", row->expires_at);
    put_time(o, "used_at", row->used_at);
    put_time(o, "revoked_at", row->revoked_at);
    return o;
}

cJSON *api_token_create(struct api *a, const cJSON *in, struct hone_err *err)
{
    char id[ID + 1], secret[SECRET + 1], text[LENGTH + 1], hash[65];
    int64_t days = json_int(in, "expires_in_days", 0), now = clock_wall_ms();
    const char *own = a->call->tenant ? a->call->tenant : STORE_TENANT, *tenant = json_str(in, "tenant", own);
    cJSON *out = NULL;
    make_text(id, secret, text);
    bytes_sha256(secret, SECRET, hash);
    struct token_row row = { .id = id, .tenant = (char *)(intptr_t)tenant, .scope = api_scope_by_name(json_str(in, "scope", "read")),
                             .name = (char *)(intptr_t)json_str(in, "name", ""), .secret_sha256 = hash, .created_at = now,
                             .expires_at = days > 0 ? now + days * 86400000 : 0 };
    if (strcmp(tenant, own) != 0 && !a->call->local) {
        hone_fail(err, ERR_AUTH, "tokens for other tenants are made on the daemon's own machine");
        return NULL;
    }
    struct store *s = books_make(a, err);
    if (s && token_insert(s, &row, err) >= 0) {
        out = token_json(&row);
        json_put_str(out, "token", text);
    }
    books_close(a, s);
    if (a->daemon)
        forget(a->daemon);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(text, sizeof text);
    return out;
}

cJSON *api_token_list(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct token_list list = { 0 };
    cJSON *tokens = cJSON_CreateArray(), *out = cJSON_CreateObject();
    (void)in;
    struct store *s = books_open(a, err);
    int rc = s ? token_list(s, &list, err) : err->code == ERR_NOT_FOUND ? 0 : err->code;
    books_close(a, s);
    for (size_t i = 0; i < list.n; i++)
        cJSON_AddItemToArray(tokens, token_json(&list.v[i]));
    token_list_free(&list);
    json_put(out, "tokens", tokens);
    if (rc >= 0)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *api_token_revoke(struct api *a, const cJSON *in, struct hone_err *err)
{
    const char *id = json_str(in, "token_id", "");
    cJSON *out = NULL;
    struct store *s = books_open(a, err);
    if (s && token_revoke(s, id, err) >= 0) {
        out = cJSON_CreateObject();
        json_put_str(out, "token_id", id);
        json_put_bool(out, "revoked", 1);
    }
    books_close(a, s);
    if (a->daemon)
        forget(a->daemon);
    return out;
}
