/* See services.h. */
#include "core/host/services.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/bpe.h"
#include "core/host/blas.h"

#define ALIGN 64u

static void host_log(const struct hone_host *h, int32_t level, const char *text)
{
    (void)h;
    static const int levels[] = { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
    int i = level < 0 ? 0 : level > 3 ? 3 : level;
    if (text && utf8_invalid_at(text, strlen(text)) == strlen(text))
        log_line(levels[i], "%s", text);
    else
        log_line(LOG_WARN, "a plugin logged text that is not UTF-8");
}

/* calloc() gives untouched pages for large blocks, which aligned_alloc() and memset() would not. The block's own start is
 * kept in front of what the plugin gets. */
static void *host_alloc(const struct hone_host *h, size_t size)
{
    (void)h;
    if (size > SIZE_MAX - 2 * ALIGN)
        return NULL;
    char *raw = calloc(1, size + 2 * ALIGN);
    if (!raw)
        return NULL;
    char *p = raw + ALIGN + (ALIGN - ((uintptr_t)raw & (ALIGN - 1))) % ALIGN;
    memcpy(p - sizeof raw, &raw, sizeof raw);
    return p;
}

static void host_free(const struct hone_host *h, void *p)
{
    char *raw;
    (void)h;
    if (!p)
        return;
    memcpy(&raw, (char *)p - sizeof raw, sizeof raw);
    free(raw);
}

static void host_parallel(const struct hone_host *h, int64_t n, int64_t grain, hone_task *task, void *arg)
{
    const struct services *s = (const struct services *)h;
    if (n <= 0)
        return;
    if (s->pool)
        pool_run(s->pool, n, grain < 1 ? 1 : grain, task, arg);
    else
        task(arg, 0, n);
}

static const void *host_get(const struct hone_host *h, const char *service)
{
    const struct services *s = (const struct services *)h;
    if (!service)
        return NULL;
    return strcmp(service, "hone.text/1") == 0 ? (const void *)&text_service
           : strcmp(service, "hone.tokens/1") == 0 ? (const void *)&bpe_service
           : strcmp(service, "hone.blas/1") == 0 ? (const void *)blas_service()
           : strcmp(service, "hone.completion/1") == 0 ? (const void *)s->completion : NULL;
}

void services_init(struct services *s, struct pool *pool)
{
    *s = (struct services){
        .host = {
            .struct_size = sizeof s->host,
            .abi_major = HONE_ABI_MAJOR,
            .abi_minor = HONE_ABI_MINOR,
            .version = HONE_VERSION,
            .log = host_log,
            .alloc = host_alloc,
            .free = host_free,
            .parallel = host_parallel,
            .get = host_get,
        },
        .pool = pool,
    };
}
