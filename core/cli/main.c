/* A run of the command line: its commands, what each needs before it runs, and how it ends. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/crash.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/cli/cli.h"
#include "core/cli/remote.h"

static int prepare(struct cli *c, struct hone_err *err)
{
    if (!c->command->needs_settings)
        return 0;
    const struct settings_flags flags = { .config_file = cli_value(c, "config"), .preset = cli_value(c, "preset"), .state = c->state,
                                          .set = c->set, .n_set = c->n_set };
    c->faults = cJSON_CreateArray();
    c->settings = settings_load(&flags, c->faults, err);
    if (!c->settings)
        return err->code;
    char *pins = settings_pins(c->settings);
    if (!pins || setenv("HONE_PLUGIN_PINS", pins, 1) != 0) {  /* every worker gets it, whatever its task */
        free(pins);
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    free(pins);
    c->plugin_dirs = settings_plugin_dirs(c->settings);
    c->api.state_dir = settings_state(c->settings);
    c->api.plugin_dirs = c->plugin_dirs;
    c->api.threads = settings_threads(c->settings);
    c->api.log_level = log_level();
    c->ca_file = settings_file(c->settings, "webhooks.caFile");
    c->api.webhooks = (struct webhook_policy){ .allow_private = settings_number(c->settings, "webhooks.allowPrivate") != 0,
                                               .allow_http = settings_number(c->settings, "webhooks.allowHttp") != 0, .ca_file = c->ca_file,
                                               .timeout_ms = (int64_t)settings_number(c->settings, "webhooks.timeoutMs"),
                                               .keep_days = (int64_t)settings_number(c->settings, "webhooks.keepDays") };
    c->model_key = settings_file(c->settings, "generate.keyFile");
    c->model_ca = settings_file(c->settings, "generate.caFile");
    c->api.completion = (struct completion_policy){ .endpoint = settings_text(c->settings, "generate.endpoint"),
                                                    .model = settings_text(c->settings, "generate.model"), .key_file = c->model_key,
                                                    .ca_file = c->model_ca, .timeout_ms = (int64_t)settings_number(c->settings, "generate.timeoutMs"),
                                                    .tries = (int64_t)settings_number(c->settings, "generate.tries") };
    return json_lost() ? hone_fail(err, HONE_ENOMEM, "memory ran out for the settings") : 0;
}

/* What was printed has reached its place, or ERR says why not. A reader that has gone away wants no message. */
static int flush_output(struct hone_err *err)
{
    if (json_lost())
        return hone_fail(err, HONE_ENOMEM, "memory ran out; what was printed may lack parts");
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno != EPIPE)
        err_errno(err, "write", "standard output");
    else
        err->text[0] = '\0';
    return err->code = HONE_EIO;
}

int cli_main(int argc, char **argv)
{
    struct cli c = { 0 };
    struct hone_err err = { 0 };
    signal(SIGPIPE, SIG_IGN);
    crash_arm();
    int rc = cli_parse(&c, argc, argv, &err);
    log_setup("hone", c.quiet ? LOG_ERROR : c.verbose > 1 ? LOG_DEBUG : c.verbose ? LOG_INFO : LOG_WARN);
    if (rc == 0)
        rc = prepare(&c, &err);
    if (rc == 0)
        rc = c.command->run(&c, &err);
    if (rc < 0 && err.code == 0)
        err.code = rc;
    if (rc == ERR_NOT_FOUND)
        cli_explain_file(&c, &err);
    if (rc < 0 && !c.answered)
        cli_print_error(&c, &err);
    struct hone_err last = { 0 };
    if (flush_output(&last) < 0 && rc >= 0) {
        if (last.text[0])
            fprintf(stderr, "hone: %s\n", last.text);
        rc = last.code;
    }
    remote_close(c.remote);
    for (int i = 0; i < 2; i++) {
        if (c.spooled[i][0])
            unlink(c.spooled[i]);
    }
    api_clear(&c.api);
    settings_close(c.settings);
    cJSON_Delete(c.plugin_dirs);
    free(c.ca_file);
    free(c.model_key);
    free(c.model_ca);
    cJSON_Delete(c.faults);
    return err_exit_code(rc);
}
