/* What tenants and tokens may use, and whether a call still may: asked within the transaction that uses it, after it was added, so that what
 * is one too many is undone with it however many ask at once. Limits are the daemon's options; requests a minute are core/http's. Private to
 * core/api. */
#ifndef API_QUOTA_H
#define API_QUOTA_H
#include "core/api/priv.h"
#include "core/base/buf.h"

enum quota { QUOTA_JOBS_PER_DAY, QUOTA_JOBS_ACTIVE, QUOTA_EXAMPLES, QUOTA_BYTES, QUOTA_WEBHOOKS, QUOTAS };
#define QUOTA_BIT(quota) (1u << (quota))
#define QUOTA_OF_DATA (QUOTA_BIT(QUOTA_EXAMPLES) | QUOTA_BIT(QUOTA_BYTES))
#define QUOTA_OF_JOB (QUOTA_BIT(QUOTA_JOBS_PER_DAY) | QUOTA_BIT(QUOTA_JOBS_ACTIVE) | QUOTA_OF_DATA)

/* 0 when what is in the books now is within the limits of the call's tenant and token; `which`: QUOTA_BIT()s. Else ERR_QUOTA, with the
 * answer's retry_after_s and quota filled. Without a daemon there are no limits. */
int quota_check(struct api *a, struct store *s, unsigned which, struct hone_err *err);
/* The token that the call counts for; NULL: none, as on the daemon's own machine. Borrowed. */
const char *quota_token(const struct api *a);
/* Appends hone_quota_* in the text format of Prometheus, what is used by one tenant, NULL: by all. [any] */
struct daemon;
void quota_metrics(struct daemon *d, const char *tenant, struct buf *b);

#endif
