/* `hone plugin check`: tries what a plugin offers and says what does not hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_checks(const struct cli *c, const cJSON *o)
{
    const cJSON *k;
    (void)c;
    cJSON_ArrayForEach(k, json_get(o, "checks"))
        printf("%-4s %s %s: %s%s%s\n", json_bool(k, "passed", 0) ? "ok" : "FAIL", json_str(k, "kind", ""), json_str(k, "item", ""),
               json_str(k, "what", ""), json_str(k, "why", NULL) ? ": " : "", json_str(k, "why", ""));
}

static int run_check(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("file", c->arg[0], NULL), *out = api_plugin_check(&c->api, in, err);
    const cJSON *k;
    int failed = 0, all = 0;
    cJSON_ArrayForEach(k, json_get(out, "checks")) {
        all++;
        failed += !json_bool(k, "passed", 0);
    }
    cJSON_Delete(in);
    int rc = cli_result(c, out, show_checks, err);
    if (rc < 0)
        return rc;
    if (!c->json)
        printf("%d passed, %d failed\n", all - failed, failed);
    c->answered = failed > 0;
    return failed ? HONE_EINVAL : 0;
}

const struct cli_command cmd_plugin_check = {
    "plugin check", "FILE", "try a plugin: bits, threads, state, bounds of settings, gradients",
    "hone plugin check ./mine.so", NULL, 1, 1, 1, run_check,
};
