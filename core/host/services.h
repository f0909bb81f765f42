/* What the host lends to plugins through struct hone_host. Called by the registry and the probe. */
#ifndef HOST_SERVICES_H
#define HOST_SERVICES_H
#include "core/base/pool.h"
#include "hone/abi.h"
#include "hone/completion.h"

struct services {
    struct hone_host host; /* first: the functions get back from it to the rest */
    struct pool *pool;     /* NULL: parallel() runs in the caller */
    const struct hone_completion_service *completion; /* NULL: not offered */
};

/* Fills *s; it must stay where it is while plugins live. */
void services_init(struct services *s, struct pool *pool);

#endif
