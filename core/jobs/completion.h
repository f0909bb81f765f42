/* Asks an OpenAI-compatible endpoint that the operator has configured for a chat completion (POST ENDPOINT/chat/completions). Not for
 * addresses that clients name: those are sender.h's. The key is read from its file for each call and kept nowhere. Called by core/api. */
#ifndef JOBS_COMPLETION_H
#define JOBS_COMPLETION_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

/* The settings of the group generate. Borrowed texts. */
struct completion_policy {
    const char *endpoint;      /* "https://host/v1"; NULL: none is configured */
    const char *model;         /* NULL: the endpoint's own choice */
    const char *key_file;      /* readable by its owner alone; NULL: no key is sent */
    const char *ca_file;       /* PEM; NULL: the system's authorities */
    int64_t timeout_ms;        /* of one try */
    int64_t tries;             /* at least 1 */
};

/* Sends {messages, max_tokens, temperature, seed} with the model's name; *text (free()) gets the content of the first choice. Tries again after
 * 408, 429 and 5xx (waiting as long as Retry-After says, 10 s at most, else 0.5 s and twice as long each time) and when no answer came. `stopped` (may be NULL) is asked several
 * times a second. HONE_EINVAL for an endpoint or a key file that will not do, ERR_AUTH for a key that is refused, ERR_SERVER for everything else that the
 * other side does, ERR_INTERRUPTED; the key is in no sentence. */
int completion_ask(const struct completion_policy *p, const cJSON *request, int (*stopped)(void *), void *arg, char **text, struct hone_err *err);

#endif
