/* The cases of tests/unit/json_cases.h as bodies of requests: what is no JSON is refused as such, at its place; what is, is read, whatever the
 * function then says of it. And the edges of depth and size. Use: json_bodies PORT, the token in HONE_TEST_TOKEN; the daemon's http.bodyBytes is
 * 1 MiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "tests/faults/caller.h"
#include "tests/unit/json_cases.h"

#define LIMIT (1u << 20)

static struct caller caller = { .fd = -1 };
static int passed, failed;

static void expect(int good, const char *what, int status, const char *message)
{
    passed += good;
    failed += !good;
    if (!good)
        printf("%s: %d %s\n", what, status, message);
}

/* "none" is {}: the two cases without a value are no fault in a body. */
static int is_blank(const struct json_case *c)
{
    return c->n == 0 || (c->n == 1 && c->text[0] == ' ');
}

static void each(const struct json_case *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cJSON *out;
        int status = caller_call_bytes(&caller, "listAgents", NULL, c[i].text, c[i].n, &out);
        const char *message = json_str(out, "message", "");
        int malformed = status == 422 && strstr(message, "the body is not valid JSON: line ");
        int taken = (status == 200 || status == 422) && !malformed;
        if (c[i].verdict == TAKEN || is_blank(&c[i]))
            expect(taken, c[i].what, status, message);
        else
            expect(malformed && (c[i].verdict == REFUSED || strstr(message, c[i].why)), c[i].what, status, message);
        cJSON_Delete(out);
    }
}

static void body(const char *what, const char *text, size_t n, int status, const char *part)
{
    cJSON *out;
    int got = caller_call_bytes(&caller, "listAgents", NULL, text, n, &out);
    const char *message = json_str(out, "message", "");
    expect(got == status && strstr(message, part), what, got, message);
    cJSON_Delete(out);
}

static void edges(void)
{
    static char text[LIMIT + 1];
    memset(text, '[', LIMIT);
    body("openings without end", text, 100000, 422, "nested more than 64 deep");
    memset(text + 64, ']', 64);
    body("64 deep", text, 128, 422, "the body is no JSON object");
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    body("65 deep", text, 130, 422, "nested more than 64 deep");
    memset(text, ' ', LIMIT + 1);
    memcpy(text, "[]", 2);
    body("as large as may be", text, LIMIT, 422, "the body is no JSON object");
    body("a byte larger", text, LIMIT + 1, 413, "larger than this server takes");
}

int main(int argc, char **argv)
{
    caller.token = getenv("HONE_TEST_TOKEN");
    if (argc < 2 || !caller.token)
        return 64;
    caller.port = (int)strtol(argv[1], NULL, 10);
    each(json_sound, JSON_CASES(json_sound));
    each(json_broken, JSON_CASES(json_broken));
    each(json_either, JSON_CASES(json_either));
    edges();
    printf("%d bodies as they have to be, %d not\n", passed, failed);
    caller_close(&caller);
    return failed > 0;
}
