/* The table of commands, in the order in which help and the manual list them. Read by main.c, parse.c, help.c and manual.c. */
#include <stddef.h>
#include "core/cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cmd_train, &cmd_monitor, &cmd_evaluate, &cmd_compare, &cmd_ask, &cmd_feedback, &cmd_adapt, &cmd_report,
    &cmd_job_list, &cmd_job_show, &cmd_job_resume, &cmd_job_pause, &cmd_job_cancel, &cmd_job_delete, &cmd_job_export,
    &cmd_agent_list, &cmd_agent_show, &cmd_agent_deploy, &cmd_agent_rollback,
    &cmd_module_create, &cmd_module_list, &cmd_module_show, &cmd_module_delete, &cmd_generate,
    &cmd_pipeline_list, &cmd_pipeline_check, &cmd_pipeline_show, &cmd_pipeline_run, &cmd_pipeline_runs, &cmd_pipeline_resume, &cmd_pipeline_cancel,
    &cmd_sweep,
    &cmd_plugin_list, &cmd_plugin_inspect, &cmd_plugin_new, &cmd_plugin_check, &cmd_plugin_bench, &cmd_scheduler_preview, &cmd_model_import, &cmd_model_export,
    &cmd_data_check, &cmd_data_convert, &cmd_data_split, &cmd_data_tokenizer,
    &cmd_config_show, &cmd_config_explain, &cmd_preset_list, &cmd_preset_show,
    &cmd_functions, &cmd_serve, &cmd_token_create, &cmd_token_list, &cmd_token_revoke,
    &cmd_webhook_add, &cmd_webhook_list, &cmd_webhook_update, &cmd_webhook_remove, &cmd_webhook_rotate, &cmd_webhook_test, &cmd_webhook_deliveries,
    &cmd_webhook_redeliver, &cmd_usage,
    &cmd_db_backup, &cmd_db_restore, &cmd_db_check, &cmd_db_migrate,
    NULL,
};
