/* See signature.h. */
#include "core/jobs/signature.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KEY_LEAST 24
#define KEY_MOST 64

void signature_secret(char out[SIGNATURE_SECRET])
{
    unsigned char key[32];
    randombytes_buf(key, sizeof key);
    memcpy(out, SIGNATURE_PREFIX, sizeof SIGNATURE_PREFIX);
    sodium_bin2base64(out + sizeof SIGNATURE_PREFIX - 1, SIGNATURE_SECRET - sizeof SIGNATURE_PREFIX + 1, key, sizeof key,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof key);
}

int signature_make(const char *secret, const char *id, int64_t timestamp, const char *body, char out[SIGNATURE_BYTES], struct hone_err *err)
{
    unsigned char key[KEY_MOST], mac[crypto_auth_hmacsha256_BYTES];
    size_t n = 0, skip = sizeof SIGNATURE_PREFIX - 1;
    char head[128];
    crypto_auth_hmacsha256_state state;
    if (strncmp(secret, SIGNATURE_PREFIX, skip) != 0 ||
        sodium_base642bin(key, sizeof key, secret + skip, strlen(secret + skip), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || n < KEY_LEAST)
        return hone_fail(err, HONE_EINVAL, "the secret is not 'whsec_' with the base64 of %d to %d bytes", KEY_LEAST, KEY_MOST);
    int length = snprintf(head, sizeof head, "%.80s.%lld.", id, (long long)timestamp);
    crypto_auth_hmacsha256_init(&state, key, n);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, (unsigned long long)length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(out, "v1,", 3);
    sodium_bin2base64(out + 3, SIGNATURE_BYTES - 3, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&state, sizeof state);
    return 0;
}
