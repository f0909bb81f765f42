/* What commands print: results on standard output, messages and hints on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/cli/cli.h"

void cli_print_json(const cJSON *v)
{
    char *text = json_text(v, 1);
    if (text)
        puts(text);
    free(text);
}

/* The error body of the Training API, as far as a program without requests has it. */
static void print_error_json(const struct cli *c, const struct hone_err *err)
{
    cJSON *o = cJSON_CreateObject(), *e = cJSON_CreateObject();
    const cJSON *details = c->api.details ? c->api.details : c->faults;
    json_put_bool(o, "success", 0);
    json_put_str(e, "code", err_api_code(err->code));
    json_put_str(e, "message", err->text);
    json_put(e, "details", details ? cJSON_Duplicate(details, 1) : cJSON_CreateArray());
    json_put(o, "error", e);
    if (c->job_id[0])
        json_put_str(o, "job_id", c->job_id);
    cli_print_json(o);
    cJSON_Delete(o);
}

void cli_print_error(const struct cli *c, const struct hone_err *err)
{
    const cJSON *details = c->api.details ? c->api.details : c->faults, *d;
    fprintf(stderr, "hone: %s\n", err->text);
    if (cJSON_GetArraySize(details) > 1)
        cJSON_ArrayForEach(d, details)
        {
            const char *fix = json_str(d, "fix", ""), *file = json_str(d, "file", NULL);
            if (file)
                fprintf(stderr, "  %s:%lld:", file, (long long)json_int(d, "line", 0));
            fprintf(stderr, "  %s: %s%s%s\n", json_str(d, "path", ""), json_str(d, "message", ""), *fix ? "; " : "", fix);
        }
    if (c->json)
        print_error_json(c, err);
}

void cli_row(cJSON *rows, int n, ...)
{
    va_list ap;
    cJSON *row = cJSON_CreateArray();
    va_start(ap, n);
    for (int i = 0; i < n; i++) {
        const char *s = va_arg(ap, const char *);
        cJSON_AddItemToArray(row, cJSON_CreateString(s && *s ? s : "-"));
    }
    va_end(ap);
    cJSON_AddItemToArray(rows, row);
}

/* A cell that memory ran out for is missing, of which json_lost() tells. */
static const char *cell(const cJSON *row, int column)
{
    const cJSON *v = cJSON_GetArrayItem(row, column);
    return cJSON_IsString(v) ? v->valuestring : "";
}

void cli_print_table(const char *const *heads, int columns, const cJSON *rows)
{
    int width[16] = { 0 };
    const cJSON *row;
    for (int i = 0; i < columns && i < 16; i++) {
        width[i] = (int)strlen(heads[i]);
        cJSON_ArrayForEach(row, rows)
        {
            const char *s = cell(row, i);
            int n = (int)utf8_length(s, strlen(s));
            width[i] = n > width[i] ? n : width[i];
        }
    }
    for (int i = 0; i < columns; i++)
        printf("%-*s%s", i + 1 < columns ? width[i] : 0, heads[i], i + 1 < columns ? "  " : "\n");
    cJSON_ArrayForEach(row, rows)
    {
        for (int i = 0; i < columns; i++) {
            const char *s = cell(row, i);
            int pad = width[i] - (int)utf8_length(s, strlen(s));
            if (i + 1 < columns)
                printf("%s%*s  ", s, pad, "");
            else
                puts(s);
        }
    }
}

void cli_pair(const char *key, const char *fmt, ...)
{
    va_list ap;
    printf("%-18s ", key);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

int cli_result(struct cli *c, cJSON *v, void (*show)(const struct cli *c, const cJSON *v), const struct hone_err *err)
{
    if (!v)
        return err->code;
    if (c->json)
        cli_print_json(v);
    else
        show(c, v);
    cJSON_Delete(v);
    return 0;
}

cJSON *cli_query(const char *key, ...)
{
    cJSON *o = cJSON_CreateObject();
    va_list ap;
    va_start(ap, key);
    for (const char *k = key; k; k = va_arg(ap, const char *)) {
        const char *value = va_arg(ap, const char *);
        if (value)
            json_put_str(o, k, value);
    }
    va_end(ap);
    return o;
}

void cli_put(cJSON *in, const char *key, const char *value)
{
    if (value)
        json_put_str(in, key, value);
}

int cli_terminal(const char *file)
{
    return file && strcmp(file, "-") == 0 && isatty(STDIN_FILENO);
}

void cli_hint(const struct cli *c, const char *fmt, ...)
{
    va_list ap;
    if (c->quiet || c->json)
        return;
    fflush(stdout); /* in the order in which they were said */
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

const char *cli_number_text(const cJSON *o, const char *key, const char *fmt, char out[64])
{
    const cJSON *v = json_get(o, key);
    if (!cJSON_IsNumber(v))
        return "-";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, 64, fmt, v->valuedouble);
#pragma GCC diagnostic pop
    return out;
}
