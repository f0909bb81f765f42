/* The line in a report by which it can be made again: what was asked for, and which evaluations it shows. It survives the escapes of every
 * format (see report_stamp_read()). See report_build.h; called by report.c and report_verify.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/report_build.h"
#include "core/base/buf.h"
#include "core/base/json.h"

#define MARK "report/1 type="
#define MAX_STAMP 65536

static const char *const members[] = { "job_id", "agent_id", "comparison_id", "run_ids", "include_sections", "format", "options" };

static int is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._:", c) != NULL;
}

/* Everything else as %XX, also what separates. */
static void encode(struct buf *b, const char *s)
{
    for (; *s; s++) {
        if (is_plain((unsigned char)*s))
            buf_putc(b, *s);
        else
            buf_printf(b, "%%%02X", (unsigned)(unsigned char)*s);
    }
}

static void put_member(struct buf *b, const char *name, const cJSON *v)
{
    const cJSON *e;
    if (!v || cJSON_IsNull(v))
        return;
    buf_printf(b, " %s=", name);
    if (cJSON_IsString(v))
        encode(b, v->valuestring);
    cJSON_ArrayForEach(e, v) {
        if (!cJSON_IsArray(v))
            break;
        buf_puts(b, e == v->child ? "" : "+");
        encode(b, cJSON_IsString(e) ? e->valuestring : "");
    }
    char *text = cJSON_IsObject(v) ? json_text(v, 0) : NULL;
    if (text)
        encode(b, text);
    free(text);
}

char *report_stamp(const cJSON *in, const char *type, const cJSON *evaluations)
{
    struct buf b = { 0 };
    const cJSON *e;
    buf_printf(&b, "hone-" MARK "%s", type);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        put_member(&b, members[i], json_get(in, members[i]));
    cJSON_ArrayForEach(e, evaluations) {
        buf_puts(&b, e == evaluations->child ? " evaluations=" : "+");
        encode(&b, e->string);
        buf_putc(&b, ':');
        encode(&b, cJSON_IsString(e) ? e->valuestring : "none");
    }
    char *text = buf_oom(&b) ? NULL : strdup(buf_str(&b));
    buf_free(&b);
    return text;
}

/* ---- reading ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place, up to n bytes; returns s, ended. */
static char *decode(char *s, size_t n)
{
    char *to = s;
    for (size_t i = 0; i < n; i++) {
        int high = s[i] == '%' && i + 2 < n + 1 ? hex(s[i + 1]) : -1, low = high >= 0 ? hex(s[i + 2]) : -1;
        char c = s[i];
        if (low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        *to++ = c;
    }
    *to = '\0';
    return s;
}

/* The stamp's text without what formats put into it: backslashes (Markdown, LaTeX) and {} (LaTeX). */
static char *bare(const char *text)
{
    const char *at = strstr(text, MARK);
    char *out = at ? malloc(MAX_STAMP) : NULL;
    size_t n = 0;
    for (; out && *at && n + 1 < MAX_STAMP; at++) {
        if (*at == '\\' || *at == '{' || *at == '}')
            continue;
        if (!is_plain((unsigned char)*at) && !strchr("=+%/ _-", *at))
            break;
        out[n++] = *at;
    }
    if (out)
        out[n] = '\0';
    else if (at)
        json_note_loss();
    return out;
}

static cJSON *list_of(char *value)
{
    cJSON *list = cJSON_CreateArray();
    char *rest, *word = strtok_r(value, "+", &rest);
    for (; word; word = strtok_r(NULL, "+", &rest))
        cJSON_AddItemToArray(list, cJSON_CreateString(decode(word, strlen(word))));
    return list;
}

static cJSON *evaluations_of(char *value)
{
    cJSON *o = cJSON_CreateObject();
    char *rest, *pair = strtok_r(value, "+", &rest);
    for (; pair; pair = strtok_r(NULL, "+", &rest)) {
        char *colon = strchr(pair, ':');
        if (!colon)
            continue;
        *colon++ = '\0';
        json_put_str(o, decode(pair, strlen(pair)), strcmp(colon, "none") == 0 ? NULL : decode(colon, strlen(colon)));
    }
    return o;
}

/* One " name=value" of the stamp into `in`. */
static void take(cJSON *in, cJSON **evaluations, const char *name, char *value)
{
    struct hone_err ignored = { 0 };
    if (strcmp(name, "evaluations") == 0) {
        cJSON_Delete(*evaluations);
        *evaluations = evaluations_of(value);
    } else if (strcmp(name, "run_ids") == 0 || strcmp(name, "include_sections") == 0) {
        json_put(in, name, list_of(value));
    } else if (strcmp(name, "options") == 0) {
        const char *text = decode(value, strlen(value));
        cJSON *o = json_parse(text, strlen(text), "options", &ignored);
        if (o)
            json_put(in, name, o);
    } else {
        json_put_str(in, name, decode(value, strlen(value)));
    }
}

cJSON *report_stamp_read(const char *text, cJSON **evaluations)
{
    char *line = bare(text), *rest = NULL, *word;
    cJSON *in = line ? cJSON_CreateObject() : NULL;
    *evaluations = NULL;
    for (word = line ? strtok_r(line + strlen("report/1 "), " ", &rest) : NULL; word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (!value)
            break;
        *value++ = '\0';
        take(in, evaluations, strcmp(word, "type") == 0 ? "report_type" : word, value);
    }
    if (in && !*evaluations)
        *evaluations = cJSON_CreateObject();
    free(line);
    return in;
}
