/* hone/completion.h: the host's service "hone.completion/1": chat completions of a language model that the operator has configured. The
 * plugin neither knows the address nor the key and has no network of its own: the process that started the worker asks. Offered by struct hone_host's
 * get() where an endpoint is configured; the result is a const struct hone_completion_service *. For generators with HONE_G_OUTSIDE.
 * History: 0.2 first. */
#ifndef HONE_COMPLETION_H
#define HONE_COMPLETION_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hone_completion_wish {
    uint32_t struct_size, pad0;
    struct hone_string system, user; /* what the model is told; UTF-8 without NUL */
    int64_t max_tokens;
    double temperature;              /* 0 .. 2 */
    uint64_t seed;                   /* sent along; most endpoints promise nothing for it */
};

struct hone_completion_service {
    uint32_t struct_size, pad0;
    void *host_data;
    /* *text gets the answer, valid until the next call. Waits, and tries again, as the operator has set it up. HONE_EIO with a sentence
     * when no answer came. [main] */
    int (*ask)(const struct hone_completion_service *, const struct hone_completion_wish *, struct hone_string *text, struct hone_err *);
};

#ifdef __cplusplus
}
#endif
#endif
