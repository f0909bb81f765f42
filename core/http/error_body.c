/* See error_body.h. */
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/http/error_body.h"

const char *error_title(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "";
    }
}

/* What holds for the code; the kinds of error that the OpenAI clients know. */
static const struct {
    const char *code, *slug, *type, *hint;
} words[] = {
    { "UNAUTHORIZED", "unauthorized", "authentication_error", "Send a valid token as 'Authorization: Bearer TOKEN'." },
    { "VALIDATION_ERROR", "validation-error", "invalid_request_error", "Correct the request as the message and error.details say, then send it again." },
    { "NOT_FOUND", "not-found", "invalid_request_error", "Check the id or the name; the list functions show what there is." },
    { "CONFLICT", "conflict", "invalid_request_error", "Wait for what is under way to end, or stop it." },
    { "QUOTA_EXCEEDED", "quota-exceeded", "rate_limit_error", "Wait as long as Retry-After says." },
    { "PRECONDITION_FAILED", "precondition-failed", "invalid_request_error", "Bring about the state that the message names, then try again." },
    { "SERVER_ERROR", "server-error", "server_error", "Try again later; the server's log has more under the trace_id." },
};

/* `between` stands before the key: ", " but for the first. */
static void put(struct buf *b, const char *between, const char *key, const char *text)
{
    size_t n = strlen(text), good = utf8_invalid_at(text, n);
    buf_printf(b, "%s\"%s\": ", between, key);
    buf_json_string(b, text, good);
}

static void put_text(struct buf *b, const char *key, const char *text)
{
    put(b, ", ", key, text);
}

static void put_details(struct buf *b, const cJSON *details)
{
    static const char *const texts[] = { "path", "message", "fix" };
    int n = 0;
    const cJSON *d;
    buf_puts(b, ", \"details\": [");
    cJSON_ArrayForEach(d, details) {
        if (n++ == ERROR_DETAILS)
            break;
        buf_puts(b, n > 1 ? ", {" : "{");
        const char *between = "";
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            const char *text = json_str(d, texts[i], NULL);
            if (!text || !*text)
                continue;
            put(b, between, texts[i], text);
            between = ", ";
        }
        if (json_int(d, "line", 0) > 0)
            buf_printf(b, "%s\"line\": %lld, \"column\": %lld", between, (long long)json_int(d, "line", 0),
                       (long long)json_int(d, "column", 1));
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

void error_body(struct buf *b, const struct http_error *e, const char *trace_id)
{
    size_t w = 0;
    while (w + 1 < sizeof words / sizeof words[0] && strcmp(words[w].code, e->code) != 0)
        w++;
    const cJSON *first = e->details ? e->details->child : NULL;
    const char *hint = e->hint ? e->hint : json_str(first, "fix", ""), *param = json_str(first, "path", NULL);
    if (!*hint)
        hint = words[w].hint;
    buf_puts(b, "{\"success\": false");
    put_text(b, "code", words[w].code);
    put_text(b, "message", e->message);
    put_text(b, "hint", hint);
    buf_printf(b, ", \"retryable\": %s", e->retryable ? "true" : "false");
    put_text(b, "trace_id", trace_id);
    put_text(b, "detail", e->message);
    put_text(b, "title", error_title(e->status));
    buf_printf(b, ", \"status\": %d, \"type\": \"urn:hone:error:%s\", \"error\": {\"code\": \"%s\"", e->status, words[w].slug, words[w].code);
    put_text(b, "message", e->message);
    put_text(b, "type", words[w].type);
    if (param)
        put_text(b, "param", param);
    else
        buf_puts(b, ", \"param\": null");
    put_details(b, e->details);
    buf_puts(b, "}}\n");
}
