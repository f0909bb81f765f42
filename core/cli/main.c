/* The program `hone`: its commands, what each needs before it runs, and how it ends. */
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
#include "core/cli/commands.h"
#include "core/cli/remote.h"

const struct cli_command *const cli_commands[] = {
    &cmd_train, &cmd_monitor, &cmd_evaluate, &cmd_compare, &cmd_ask, &cmd_feedback, &cmd_adapt, &cmd_report,
    &cmd_job_list, &cmd_job_show, &cmd_job_resume, &cmd_job_pause, &cmd_job_cancel, &cmd_job_delete, &cmd_job_export,
    &cmd_agent_list, &cmd_agent_show, &cmd_agent_deploy, &cmd_agent_rollback,
    &cmd_module_create, &cmd_module_list, &cmd_module_show, &cmd_module_delete, &cmd_generate,
    &cmd_pipeline_list, &cmd_pipeline_check, &cmd_pipeline_show, &cmd_pipeline_run, &cmd_pipeline_runs, &cmd_pipeline_resume, &cmd_pipeline_cancel,
    &cmd_sweep,
    &cmd_plugin_list, &cmd_plugin_inspect, &cmd_plugin_new, &cmd_plugin_check, &cmd_plugin_bench, &cmd_scheduler_preview, &cmd_model_import, &cmd_model_export,
    &cmd_data_check, &cmd_data_convert, &cmd_data_split,
    &cmd_config_show, &cmd_config_explain, &cmd_preset_list, &cmd_preset_show,
    &cmd_functions, &cmd_serve, &cmd_token_create, &cmd_token_list, &cmd_token_revoke,
    &cmd_webhook_add, &cmd_webhook_list, &cmd_webhook_update, &cmd_webhook_remove, &cmd_webhook_rotate, &cmd_webhook_test, &cmd_webhook_deliveries,
    &cmd_webhook_redeliver, &cmd_usage,
    &cmd_db_backup, &cmd_db_restore, &cmd_db_check, &cmd_db_migrate,
    NULL,
};

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
    return 0;
}

/* What was printed has reached its place, or ERR says why not. A reader that has gone away wants no message. */
static int flush_output(struct hone_err *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno != EPIPE)
        err_errno(err, "write", "standard output");
    else
        err->text[0] = '\0';
    return err->code = HONE_EIO;
}

int main(int argc, char **argv)
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
