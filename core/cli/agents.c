/* `hone agent`: the agents and their versions. */
#include <stdio.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_agents(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "AGENT", "NAME", "VERSION", "VERSIONS", "JOBS", "CREATED" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *a;
    cJSON_ArrayForEach(a, json_get(o, "agents")) {
        char text[3][64], created[20];
        snprintf(created, sizeof created, "%.19s", json_str(a, "created_at", "-"));
        cli_row(rows, 6, json_str(a, "agent_id", NULL), json_str(a, "name", NULL), cli_number_text(a, "active_version", "%.0f", text[0]),
                cli_number_text(a, "versions", "%.0f", text[1]), cli_number_text(a, "jobs", "%.0f", text[2]), created);
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 6, rows);
    else
        cli_hint(c, "There are no agents in %s. Make one with: hone train --agent NAME --data FILE", c->api.state_dir);
    cJSON_Delete(rows);
}

static int run_list(struct cli *c, struct hone_err *err)
{
    double limit;
    if (cli_number(c, "limit", 0, 1e6, 50, &limit, err) < 0)
        return err->code;
    cJSON *in = cli_query("name_contains", cli_value(c, "name"), NULL);
    cli_limit(in, limit);
    cJSON *out = cli_call(c, "listAgents", in, err);
    return cli_result(c, out, show_agents, err);
}

static const struct cli_option list_options[] = {
    { "name", "TEXT", "whose name contains this" },
    { "limit", "N", "the newest N (default 50, 0: all)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_agent_list = {
    "agent list", "", "list agents, newest first", "hone agent list\nhone agent list --name support",
    list_options, 0, 0, 1, run_list,
};

static void show_agent(const struct cli *c, const cJSON *o)
{
    static const char *const versions[] = { "VERSION", "ACTIVE", "JOB", "BYTES", "WEIGHTS SHA-256" };
    static const char *const jobs[] = { "JOB", "STATUS", "CREATED" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *v;
    (void)c;
    cli_pair("agent", "%s", json_str(o, "agent_id", "-"));
    cli_pair("name", "%s", json_str(o, "name", "-"));
    cli_pair("created", "%s", json_str(o, "created_at", "-"));
    cJSON_ArrayForEach(v, json_get(o, "versions")) {
        char text[2][64];
        cli_row(rows, 5, cli_number_text(v, "number", "%.0f", text[0]), json_bool(v, "active", 0) ? "yes" : "", json_str(v, "job_id", NULL),
                cli_number_text(v, "weights_bytes", "%.0f", text[1]), json_str(v, "weights_sha256", NULL));
    }
    putchar('\n');
    cli_print_table(versions, 5, rows);
    cJSON_Delete(rows);
    rows = cJSON_CreateArray();
    cJSON_ArrayForEach(v, json_get(o, "jobs"))
        cli_row(rows, 3, json_str(v, "job_id", NULL), json_str(v, "status", NULL), json_str(v, "created_at", NULL));
    putchar('\n');
    cli_print_table(jobs, 3, rows);
    cJSON_Delete(rows);
}

static int run_show(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("agent_id", c->arg[0], NULL), *out = cli_call(c, "getAgent", in, err);
    return cli_result(c, out, show_agent, err);
}

const struct cli_command cmd_agent_show = {
    "agent show", "AGENT", "an agent with its versions and jobs", "hone agent show support\nhone agent show agent_01jd --json",
    NULL, 1, 1, 1, run_show,
};

/* ---- which version answers ---- */

static void show_deployed(const struct cli *c, const cJSON *o)
{
    (void)c;
    printf("version %lld (%s) answers now\n", (long long)json_int(o, "version", 0), json_str(o, "version_id", "-"));
}

static int run_deploy(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("agent_id", c->arg[0], "version_id", c->arg[1], NULL);
    return cli_result(c, cli_call(c, "deployAgentVersion", in, err), show_deployed, err);
}

const struct cli_command cmd_agent_deploy = {
    "agent deploy", "AGENT VERSION", "let a version answer: its number, its id or the job that trained it",
    "hone agent deploy support 3\nhone agent deploy support job_01jd", NULL, 2, 2, 1, run_deploy,
};

static int run_rollback(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "rollbackAgent", cli_query("agent_id", c->arg[0], NULL), err), show_deployed, err);
}

const struct cli_command cmd_agent_rollback = {
    "agent rollback", "AGENT", "let the version answer that did so before", "hone agent rollback support", NULL, 1, 1, 1, run_rollback,
};
