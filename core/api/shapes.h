/* The tables of what functions take and give, one a function: shapes_*.c. Private to core/api;
 * used by functions.c. */
#ifndef API_SHAPES_H
#define API_SHAPES_H
#include <math.h>
#include "core/api/shape.h"

#define MEMBER(name_, type_, flags_, doc_, ...) { .name = name_, .type = type_, .flags = flags_, .doc = doc_, __VA_ARGS__ }
#define ID(name_, doc_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED, doc_, .min = 1, .max = 200)
#define LIMIT MEMBER("limit", SHAPE_INTEGER, 0, "At most so many, newest first.", .min = 1, .max = 200, .dflt = "50"), \
              MEMBER("most", SHAPE_INTEGER, SHAPE_LOCAL, "In place of limit: any number, 0 for all.", .min = 0, .max = 1e6)
#define END { .name = NULL }

/* shapes_jobs.c */
extern const struct shape one_example;
extern const struct shape start_job_in[], job_in[], delete_job_in[], list_jobs_in[], monitor_in[], evaluate_in[], compare_in[], report_in[], verify_in[];
extern const struct shape job_out[], list_jobs_out[], monitor_out[], evaluate_out[], compare_out[], report_out[], verify_out[], deleted_out[];
/* shapes_agents.c */
extern const struct shape agent_in[], list_agents_in[], invoke_in[];
extern const struct shape agent_out[], list_agents_out[], invoke_out[];
extern const struct shape create_agent_in[], update_agent_in[], list_versions_in[], deploy_in[], feedback_in[];
extern const struct shape adapt_in[], adapt_out[];
extern const struct shape agent_row_out[], deleted_agent_out[], list_versions_out[], deploy_out[], feedback_out[];
/* shapes_pipelines.c */
extern const struct shape run_pipeline_in[], show_run_in[], list_runs_in[], resume_run_in[], run_in[];
extern const struct shape run_out[], list_runs_out[], pipelines_out[];
/* shapes_data.c */
extern const struct shape list_plugins_in[], list_plugins_out[], nothing_in[];
extern const struct shape upload_in[], dataset_in[], list_rows_in[], validate_in[], create_module_in[], module_in[];
extern const struct shape dataset_out[], list_datasets_out[], deleted_dataset_out[], validate_out[], module_out[], list_modules_out[],
    deleted_module_out[], checkpoints_out[], presets_out[];
/* shapes_synth.c */
extern const struct shape generate_in[], generate_out[];
extern const struct shape create_token_in[], token_in[], create_token_out[], list_tokens_out[], revoked_token_out[];
/* shapes_webhooks.c */
extern const struct shape register_webhook_in[], webhook_in[], list_webhooks_in[], update_webhook_in[], rotate_webhook_in[], list_deliveries_in[],
    redeliver_in[];
extern const struct shape webhook_out[], webhook_secret_out[], list_webhooks_out[], deleted_webhook_out[], delivery_out[], list_deliveries_out[], usage_out[];
extern const struct shape backup_in[], backup_out[], check_out[];

#endif
