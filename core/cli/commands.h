/* The commands of the program; each is described and run by the file that is named. commands.c has their table. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H
#include "core/cli/cli.h"

/* pipelines.c */
extern const struct cli_command cmd_pipeline_list, cmd_pipeline_check, cmd_pipeline_show, cmd_pipeline_run, cmd_pipeline_runs,
    cmd_pipeline_resume, cmd_pipeline_cancel, cmd_sweep;
/* train.c */
extern const struct cli_command cmd_train, cmd_job_resume;
/* monitor.c */
extern const struct cli_command cmd_monitor;
/* judge.c */
extern const struct cli_command cmd_evaluate, cmd_report;
/* export.c */
extern const struct cli_command cmd_job_export;
/* compare.c */
extern const struct cli_command cmd_compare;
/* adapt.c */
extern const struct cli_command cmd_adapt, cmd_feedback;
/* ask.c */
extern const struct cli_command cmd_ask;
/* jobs.c */
extern const struct cli_command cmd_job_list, cmd_job_show, cmd_job_pause, cmd_job_cancel, cmd_job_delete;
/* agents.c */
extern const struct cli_command cmd_agent_list, cmd_agent_show, cmd_agent_deploy, cmd_agent_rollback;
/* plugins.c */
extern const struct cli_command cmd_plugin_list, cmd_plugin_inspect;
/* plugin_new.c, plugin_check.c, plugin_bench.c */
extern const struct cli_command cmd_plugin_new, cmd_plugin_check, cmd_plugin_bench;
/* model.c */
extern const struct cli_command cmd_model_import, cmd_model_export;
/* scheduler.c */
extern const struct cli_command cmd_scheduler_preview;
/* data.c */
extern const struct cli_command cmd_data_check, cmd_data_convert, cmd_data_split;
/* data_tokenizer.c */
extern const struct cli_command cmd_data_tokenizer;
/* serve.c, tokens.c */
/* db.c */
extern const struct cli_command cmd_db_backup, cmd_db_restore, cmd_db_check, cmd_db_migrate;
extern const struct cli_command cmd_functions; /* functions.c */
extern const struct cli_command cmd_serve, cmd_token_create, cmd_token_list, cmd_token_revoke;
/* webhooks.c */
extern const struct cli_command cmd_webhook_add, cmd_webhook_list, cmd_webhook_update, cmd_webhook_remove, cmd_webhook_rotate, cmd_webhook_test,
    cmd_webhook_deliveries, cmd_webhook_redeliver, cmd_usage;
/* modules.c, generate.c */
extern const struct cli_command cmd_module_create, cmd_module_list, cmd_module_show, cmd_module_delete, cmd_generate;
/* config.c */
extern const struct cli_command cmd_config_show, cmd_config_explain, cmd_preset_list, cmd_preset_show;

#endif
