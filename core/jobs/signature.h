/* Signatures of Standard Webhooks 1.0: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body". Called by whoever sends webhooks. */
#ifndef JOBS_SIGNATURE_H
#define JOBS_SIGNATURE_H
#include <stddef.h>
#include <stdint.h>
#include "core/base/err.h"

#define SIGNATURE_PREFIX "whsec_"
#define SIGNATURE_SECRET 64    /* room for a secret that signature_secret() makes */
#define SIGNATURE_BYTES 48     /* room for one signature */

/* A new secret of 256 random bits: "whsec_" and their base64. [any] */
void signature_secret(char out[SIGNATURE_SECRET]);
/* Signs. HONE_EINVAL when the secret is none; the sentence does not repeat it. [any] */
int signature_make(const char *secret, const char *id, int64_t timestamp, const char *body, char out[SIGNATURE_BYTES], struct hone_err *err);

#endif
