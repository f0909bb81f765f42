/* `hone token`: tokens for clients of a daemon. */
#include <stdio.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_created(const struct cli *c, const cJSON *o)
{
    puts(json_str(o, "token", ""));
    cli_hint(c, "Token %s with scope %s. It is not shown again: keep it in a file of mode 0600.", json_str(o, "token_id", "-"),
             json_str(o, "scope", "-"));
}

static int run_create(struct cli *c, struct hone_err *err)
{
    double days;
    if (cli_number(c, "days", 1, 36500, 0, &days, err) < 0)
        return err->code;
    cJSON *in = cli_query("scope", cli_value(c, "scope"), "name", cli_value(c, "name"), "tenant", cli_value(c, "tenant"), NULL);
    if (days > 0)
        json_put_num(in, "expires_in_days", days);
    return cli_result(c, cli_call(c, "createToken", in, err), show_created, err);
}

static const struct cli_option create_options[] = {
    { "scope", "SCOPE", "what it allows: read (default), train or admin" },
    { "name", "TEXT", "what it is for" },
    { "tenant", "NAME", "whose objects it reaches (default: default)" },
    { "days", "N", "after which it expires (default: never)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_token_create = {
    "token create", "", "make a token for a client of `hone serve`",
    "hone token create --scope train --name ci > token\nhone token create --scope read --tenant acme --days 90 --json",
    create_options, 0, 0, 1, run_create,
};

static void show_tokens(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "TOKEN", "NAME", "SCOPE", "TENANT", "CREATED", "LAST USED", "STATE" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *t;
    cJSON_ArrayForEach(t, json_get(o, "tokens"))
        cli_row(rows, 7, json_str(t, "token_id", NULL), json_str(t, "name", NULL), json_str(t, "scope", NULL), json_str(t, "tenant", NULL),
                json_str(t, "created_at", NULL), json_str(t, "used_at", NULL), json_str(t, "revoked_at", NULL) ? "revoked" : "valid");
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 7, rows);
    else
        cli_hint(c, "There are no tokens. Make one with: hone token create --scope train");
    cJSON_Delete(rows);
}

static int run_list(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "listTokens", NULL, err), show_tokens, err);
}

const struct cli_command cmd_token_list = {
    "token list", "", "list tokens, without their secrets", "hone token list\nhone token list --json", NULL, 0, 0, 1, run_list,
};

static void show_revoked(const struct cli *c, const cJSON *o)
{
    cli_hint(c, "Token %s opens nothing any more.", json_str(o, "token_id", "-"));
}

static int run_revoke(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "revokeToken", cli_query("token_id", c->arg[0], NULL), err), show_revoked, err);
}

const struct cli_command cmd_token_revoke = {
    "token revoke", "TOKEN", "make a token useless", "hone token revoke 0a1B2c3D4e", NULL, 1, 1, 1, run_revoke,
};
