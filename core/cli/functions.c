/* `hone functions`: the functions of the Training API as the table has them; docs/api.md holds what --markdown prints. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "core/api/function.h"
#include "core/base/json.h"
#include "core/cli/commands.h"

static const char *type_of(const struct shape *s)
{
    static const char *const words[] = { "text", "whole number", "number", "true or false", "object", "list", "any" };
    return words[s->type];
}

/* "required, 1 to 50, default 10" */
static void put_limits(const struct shape *s)
{
    const char *comma = "";
    if (s->flags & SHAPE_REQUIRED)
        printf("required"), comma = ", ";
    if (s->choices)
        printf("%sone of `%s`", comma, s->choices), comma = ", ";
    else if (s->min < s->max && isinf(s->max))
        printf("%s%g or more", comma, s->min), comma = ", ";
    else if (s->min < s->max && s->type != SHAPE_TEXT)
        printf("%s%.10g to %.10g%s", comma, s->min, s->max, s->type == SHAPE_LIST ? " entries" : ""), comma = ", ";
    if (s->also)
        printf("%salso `%s`", comma, s->also), comma = ", ";
    if (s->dflt)
        printf("%sdefault `%s`", comma, s->dflt);
}

static void put_members(const struct shape *members, const char *prefix)
{
    for (const struct shape *m = members; m && m->name; m++) {
        char path[200];
        if (m->flags & SHAPE_LOCAL)
            continue;
        snprintf(path, sizeof path, "%s%s", prefix, m->name);
        printf("| `%s` | %s | ", path, type_of(m));
        put_limits(m);
        printf(" | %s |\n", m->doc ? m->doc : "");
        const struct shape *of = m->type == SHAPE_LIST && m->of && m->of->type == SHAPE_OBJECT ? m->of->of : m->type == SHAPE_OBJECT ? m->of : NULL;
        strncat(path, m->type == SHAPE_LIST ? "[]." : ".", sizeof path - strlen(path) - 1);
        put_members(of, path);
    }
}

static void put_function(const struct api_function *f)
{
    printf("### %s\n%s Scope %s%s%s.\n\n", f->name, f->brief, api_scope_name(f->scope), f->flags & API_CREATES ? "; answers 201" : "",
           f->flags & API_LONG ? "; takes seconds" : "");
    if (f->in->name) {
        puts("| member | type | | meaning |\n| --- | --- | --- | --- |");
        put_members(f->in, "");
    } else {
        puts("Takes nothing.");
    }
    fputs("\nGives", stdout);
    for (const struct shape *m = f->out; m->name; m++)
        printf("%s `%s`", m == f->out ? "" : ",", m->name);
    puts(".\n");
}

static int run_functions(struct cli *c, struct hone_err *err)
{
    cJSON *list = c->json ? cJSON_CreateArray() : NULL;
    (void)err;
    for (const struct api_function *f = api_functions; f->name; f++) {
        if (c->json) {
            cJSON *o = cJSON_CreateObject();
            json_put_str(o, "name", f->name);
            json_put_str(o, "brief", f->brief);
            json_put_str(o, "scope", api_scope_name(f->scope));
            json_put(o, "request", shape_schema(f->in));
            json_put(o, "answer", shape_schema(f->out));
            cJSON_AddItemToArray(list, o);
        } else if (cli_value(c, "markdown")) {
            put_function(f);
        } else {
            printf("%-26s %-6s %s\n", f->name, api_scope_name(f->scope), f->brief);
        }
    }
    if (list)
        cli_print_json(list);
    cJSON_Delete(list);
    return 0;
}

static const struct cli_option options[] = {
    { "markdown", NULL, "with every member, as docs/api.md has it" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_functions = {
    "functions", "", "list the functions of the Training API", "hone functions\nhone functions --json", options, 0, 0, 0, run_functions,
};
