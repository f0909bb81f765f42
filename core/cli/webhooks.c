/* `hone webhook`: endpoints that hear of events, and what was delivered to them; and `hone usage`. */
#include <stdio.h>
#include <string.h>
#include "core/base/json.h"
#include "core/cli/commands.h"

/* "a, b" of a list of strings. */
static const char *joined(const cJSON *list, char *out, size_t size)
{
    const cJSON *e;
    size_t n = 0;
    out[0] = '\0';
    cJSON_ArrayForEach(e, list)
        n += n < size ? (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", cJSON_IsString(e) ? e->valuestring : "") : 0;
    return out;
}

static const char *state_of(const cJSON *webhook)
{
    if (!json_bool(webhook, "enabled", 1))
        return "disabled";
    return json_str(webhook, "failing_since", NULL) ? "failing" : "enabled";
}

static void show_webhook(const struct cli *c, const cJSON *o)
{
    char events[400];
    cli_pair("Webhook", "%s", json_str(o, "webhook_id", "-"));
    cli_pair("URL", "%s", json_str(o, "url", "-"));
    cli_pair("Events", "%s", joined(json_get(o, "events"), events, sizeof events));
    cli_pair("State", "%s", state_of(o));
    if (json_str(o, "disabled_reason", NULL))
        cli_pair("Because", "%s", json_str(o, "disabled_reason", ""));
    if (json_str(o, "secret", NULL)) {
        cli_pair("Secret", "%s", json_str(o, "secret", ""));
        cli_hint(c, "The secret is not shown again. Try the endpoint with: hone webhook test %s", json_str(o, "webhook_id", "-"));
    }
}

/* ---- add, list, change ---- */

static int run_add(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("url", c->arg[0], "description", cli_value(c, "description"), NULL);
    if (cli_value(c, "events"))
        json_put(in, "events", json_words(cli_value(c, "events"), ','));
    return cli_result(c, cli_call(c, "registerWebhook", in, err), show_webhook, err);
}

static const struct cli_option add_options[] = {
    { "events", "TYPE,...", "types of events (default: all but training.progress)" },
    { "description", "TEXT", "what it is for" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_webhook_add = {
    "webhook add", "URL", "have events posted to a URL",
    "hone webhook add https://example.com/hooks/hone\nhone webhook add https://example.com/hooks/hone --events training.completed,training.failed --json",
    add_options, 1, 1, 1, run_add,
};

static void show_webhooks(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "WEBHOOK", "STATE", "EVENTS", "URL" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *w;
    char events[400];
    cJSON_ArrayForEach(w, json_get(o, "webhooks"))
        cli_row(rows, 4, json_str(w, "webhook_id", NULL), state_of(w), joined(json_get(w, "events"), events, sizeof events), json_str(w, "url", NULL));
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 4, rows);
    else
        cli_hint(c, "There are no webhooks. Add one with: hone webhook add URL");
    cJSON_Delete(rows);
}

static int run_list(struct cli *c, struct hone_err *err)
{
    cJSON *in = cli_query("after", cli_value(c, "after"), NULL);
    json_put_int(in, "limit", 200);
    return cli_result(c, cli_call(c, "listWebhooks", in, err), show_webhooks, err);
}

static const struct cli_option list_options[] = {
    { "after", "WEBHOOK", "those that are older than this one" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_webhook_list = {
    "webhook list", "", "list webhooks, without their secrets", "hone webhook list\nhone webhook list --json", list_options, 0, 0, 1, run_list,
};

static int run_update(struct cli *c, struct hone_err *err)
{
    int on = cli_value(c, "enable") != NULL, off = cli_value(c, "disable") != NULL;
    if (on && off)
        return hone_fail(err, ERR_USAGE, "--enable and --disable exclude each other");
    cJSON *in = cli_query("webhook_id", c->arg[0], "url", cli_value(c, "url"), "description", cli_value(c, "description"), NULL);
    if (cli_value(c, "events"))
        json_put(in, "events", json_words(cli_value(c, "events"), ','));
    if (on || off)
        json_put_bool(in, "enabled", on);
    return cli_result(c, cli_call(c, "updateWebhook", in, err), show_webhook, err);
}

static const struct cli_option update_options[] = {
    { "url", "URL", "where messages go from now on" },
    { "events", "TYPE,...", "types of events; * is all but training.progress" },
    { "description", "TEXT", "what it is for" },
    { "enable", NULL, "send to it again, also after it was disabled for its failures" },
    { "disable", NULL, "send nothing to it" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_webhook_update = {
    "webhook update", "WEBHOOK", "change a webhook, or enable it again", "hone webhook update wh_0123456789abcdef --enable", update_options, 1, 1, 1, run_update,
};

static void show_removed(const struct cli *c, const cJSON *o)
{
    cli_hint(c, "Webhook %s is removed, with its deliveries.", json_str(o, "webhook_id", "-"));
}

static int run_remove(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "deleteWebhook", cli_query("webhook_id", c->arg[0], NULL), err), show_removed, err);
}

const struct cli_command cmd_webhook_remove = {
    "webhook remove", "WEBHOOK", "send nothing to a webhook any more and forget it", "hone webhook remove wh_0123456789abcdef", NULL, 1, 1, 1, run_remove,
};

static int run_rotate(struct cli *c, struct hone_err *err)
{
    double hours;
    if (cli_number(c, "overlap", 0, 720, 24, &hours, err) < 0)
        return err->code;
    cJSON *in = cli_query("webhook_id", c->arg[0], NULL);
    json_put_num(in, "overlap_hours", hours);
    return cli_result(c, cli_call(c, "rotateWebhookSecret", in, err), show_webhook, err);
}

static const struct cli_option rotate_options[] = {
    { "overlap", "HOURS", "how long messages carry the signature of the old secret as well (default 24)" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_webhook_rotate = {
    "webhook rotate", "WEBHOOK", "give a webhook a new secret", "hone webhook rotate wh_0123456789abcdef --overlap 48", rotate_options, 1, 1, 1, run_rotate,
};

/* ---- deliveries ---- */

static const char *last_of(const cJSON *delivery, const char *what)
{
    const cJSON *attempts = json_get(delivery, "attempts"), *a, *last = NULL;
    cJSON_ArrayForEach(a, attempts)
        last = a;
    return json_str(last, what, NULL);
}

static void show_delivery(const struct cli *c, const cJSON *o)
{
    char n[64];
    (void)c;
    cli_pair("Delivery", "%s", json_str(o, "delivery_id", "-"));
    cli_pair("Message", "%s (%s)", json_str(o, "message_id", "-"), json_str(o, "event", "-"));
    cli_pair("Status", "%s", json_str(o, "status", "-"));
    cli_pair("Answer", "%s", cli_number_text(o, "response_status", "%.0f", n));
    if (json_str(o, "error", NULL))
        cli_pair("Error", "%s", json_str(o, "error", ""));
    if (json_str(o, "next_attempt_at", NULL))
        cli_pair("Next try", "%s", json_str(o, "next_attempt_at", ""));
    if (last_of(o, "response"))
        cli_pair("Body", "%s", last_of(o, "response"));
}

static int run_test(struct cli *c, struct hone_err *err)
{
    cJSON *out = cli_call(c, "testWebhook", cli_query("webhook_id", c->arg[0], NULL), err);
    int good = strcmp(json_str(out, "status", ""), "delivered") == 0;
    char why[240];
    snprintf(why, sizeof why, "%s", json_str(out, "error", "no answer yet"));
    int rc = cli_result(c, out, show_delivery, err);
    c->answered = rc >= 0 && c->json;
    return rc < 0 || good ? rc : hone_fail(err, ERR_JOB_FAILED, "the ping was not delivered: %s", why);
}

const struct cli_command cmd_webhook_test = {
    "webhook test", "WEBHOOK", "post a ping and tell what came of it", "hone webhook test wh_0123456789abcdef", NULL, 1, 1, 1, run_test,
};

static void show_deliveries(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "DELIVERY", "EVENT", "STATUS", "TRIES", "ANSWER", "CREATED", "ERROR" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *d;
    char tries[24], n[64];
    cJSON_ArrayForEach(d, json_get(o, "deliveries")) {
        snprintf(tries, sizeof tries, "%d", cJSON_GetArraySize(json_get(d, "attempts")));
        cli_row(rows, 7, json_str(d, "delivery_id", NULL), json_str(d, "event", NULL), json_str(d, "status", NULL), tries,
                cli_number_text(d, "response_status", "%.0f", n), json_str(d, "created_at", NULL), json_str(d, "error", NULL));
    }
    if (cJSON_GetArraySize(rows) > 0)
        cli_print_table(heads, 7, rows);
    else
        cli_hint(c, "Nothing was posted yet.");
    cJSON_Delete(rows);
}

static int run_deliveries(struct cli *c, struct hone_err *err)
{
    double limit;
    if (cli_number(c, "limit", 1, 200, 50, &limit, err) < 0)
        return err->code;
    cJSON *in = cli_query("webhook_id", c->n_args ? c->arg[0] : NULL, "status", cli_value(c, "status"), "after", cli_value(c, "after"), NULL);
    json_put_num(in, "limit", limit);
    return cli_result(c, cli_call(c, "listWebhookDeliveries", in, err), show_deliveries, err);
}

static const struct cli_option deliveries_options[] = {
    { "status", "STATUS", "pending, delivered or failed only" },
    { "limit", "N", "at most so many, newest first (default 50)" },
    { "after", "DELIVERY", "those that are older than this one" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_webhook_deliveries = {
    "webhook deliveries", "[WEBHOOK]", "list what was posted, with each attempt (--json)",
    "hone webhook deliveries\nhone webhook deliveries wh_0123456789abcdef --status failed --json", deliveries_options, 0, 1, 1, run_deliveries,
};

static int run_redeliver(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "redeliverWebhook", cli_query("delivery_id", c->arg[0], NULL), err), show_delivery, err);
}

const struct cli_command cmd_webhook_redeliver = {
    "webhook redeliver", "DELIVERY", "post a message again, with the same webhook-id", "hone webhook redeliver dlv_0123456789abcdef", NULL, 1, 1, 1, run_redeliver,
};

/* ---- usage ---- */

static void show_usage(const struct cli *c, const cJSON *o)
{
    static const char *const heads[] = { "QUOTA", "OF", "USED", "LIMIT", "LEFT", "RESETS" };
    cJSON *rows = cJSON_CreateArray();
    const cJSON *q;
    (void)c;
    cJSON_ArrayForEach(q, json_get(o, "quotas")) {
        char used[64], limit[64], left[64];
        cli_row(rows, 6, json_str(q, "quota", NULL), json_str(q, "of", NULL), cli_number_text(q, "used", "%.0f", used),
                cli_number_text(q, "limit", "%.0f", limit), cli_number_text(q, "remaining", "%.0f", left), json_str(q, "resets_at", NULL));
    }
    cli_print_table(heads, 6, rows);
    cJSON_Delete(rows);
}

static int run_usage(struct cli *c, struct hone_err *err)
{
    return cli_result(c, cli_call(c, "getUsage", NULL, err), show_usage, err);
}

const struct cli_command cmd_usage = {
    "usage", "", "tell what is used of the quotas", "hone usage\nhone usage --json", NULL, 0, 0, 1, run_usage,
};
