/* The table of all functions; see function.h. What each takes and gives is in shapes_*.c. */
#include "core/api/function.h"
#include "core/api/serving.h"
#include "core/api/shapes.h"
#include "core/base/json.h"

static cJSON *start_job(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_train(a, in, a->call->hooks, NULL, err);
}

static cJSON *resume_job(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_resume(a, in, a->call->hooks, NULL, err);
}

static cJSON *evaluate(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_evaluate(a, in, a->call->hooks, err);
}

static cJSON *compare(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_compare(a, in, a->call->hooks, err);
}

static cJSON *generate(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_generate(a, in, a->call->hooks, err);
}

static cJSON *invoke(struct api *a, const cJSON *in, struct hone_err *err)
{
    if (a->serving && !json_get(in, "batch") && !json_get(in, "explore"))
        return serving_answer(a, in, err);
    return api_predict(a, in, a->call->fd, a->call->hooks, err);
}

static cJSON *report(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_report(a, in, a->call->fd, err);
}

static cJSON *verify(struct api *a, const cJSON *in, struct hone_err *err)
{
    return api_report_verify(a, in, a->call->hooks, err);
}

#define F(name_, scope_, flags_, in_, out_, run_, brief_) \
    { .name = name_, .scope = scope_, .flags = flags_, .in = in_, .out = out_, .run = run_, .brief = brief_ }

const struct api_function api_functions[] = {
    F("startTrainingJob", API_TRAIN, API_CREATES | API_CHANGES, start_job_in, job_out, start_job, "Starts a training job for an agent."),
    F("monitorTrainingProgress", API_READ, 0, monitor_in, monitor_out, api_monitor, "Tells how far a job is and how good by now."),
    F("evaluateTrainingResults", API_TRAIN, API_CHANGES | API_LONG, evaluate_in, evaluate_out, evaluate, "Judges what a completed job has trained."),
    F("compareTrainingRuns", API_TRAIN, API_CHANGES | API_LONG, compare_in, compare_out, compare, "Compares completed jobs and tests their differences."),
    F("generateTrainingReport", API_READ, API_LONG | API_STREAM, report_in, report_out, report, "Writes a report about a job."),
    F("verifyTrainingReport", API_TRAIN, API_LONG, verify_in, verify_out, verify, "Makes a report again from the stored run and tells what differs."),
    F("generateSyntheticTrainingData", API_TRAIN, API_CHANGES | API_LONG, generate_in, generate_out, generate,
      "Makes new examples from those of a training module."),
    F("listTrainingJobs", API_READ, 0, list_jobs_in, list_jobs_out, api_job_list, "Lists jobs, newest first."),
    F("getTrainingJob", API_READ, 0, job_in, job_out, api_job_show, "Shows all that is stored of a job."),
    F("cancelTrainingJob", API_TRAIN, API_CHANGES, job_in, job_out, api_job_cancel, "Ends a job for good."),
    F("pauseTrainingJob", API_TRAIN, API_CHANGES, job_in, job_out, api_job_pause, "Has a job write a checkpoint and rest."),
    F("resumeTrainingJob", API_TRAIN, API_CHANGES, job_in, job_out, resume_job, "Goes on with a paused or failed job from its newest checkpoint."),
    F("deleteTrainingJob", API_TRAIN, API_CHANGES, delete_job_in, deleted_out, api_job_delete, "Removes a job with its files."),
    F("getAgent", API_READ, 0, agent_in, agent_out, api_agent_show, "Shows an agent with its versions and jobs."),
    F("listAgents", API_READ, 0, list_agents_in, list_agents_out, api_agent_list, "Lists agents, newest first."),
    F("createAgent", API_TRAIN, API_CREATES | API_CHANGES, create_agent_in, agent_row_out, api_agent_create, "Makes an agent, which has learned nothing yet."),
    F("updateAgent", API_TRAIN, API_CHANGES, update_agent_in, agent_row_out, api_agent_update, "Changes what is said of an agent."),
    F("deleteAgent", API_TRAIN, API_CHANGES, agent_in, deleted_agent_out, api_agent_delete, "Removes an agent with all that is its."),
    F("listAgentVersions", API_READ, 0, list_versions_in, list_versions_out, api_version_list, "Lists what an agent has learned, newest first."),
    F("deployAgentVersion", API_TRAIN, API_CHANGES | API_LONG, deploy_in, deploy_out, api_version_deploy, "Lets a version of an agent answer."),
    F("rollbackAgent", API_TRAIN, API_CHANGES | API_LONG, agent_in, deploy_out, api_agent_rollback, "Lets the version answer that did so before, or ends the canary."),
    F("adaptAgentBehavior", API_TRAIN, API_CHANGES | API_LONG, adapt_in, adapt_out, api_adapt, "Tells how an agent does against before, and proposes or applies changes."),
    F("recordFeedback", API_TRAIN, API_CHANGES, feedback_in, feedback_out, api_feedback, "Tells how good an answer was."),
    { .name = "invokeAgent", .scope = API_READ, .flags = API_LONG | API_STREAM, .in = invoke_in, .out = invoke_out, .run = invoke,
      .begin = serving_begin, .brief = "Answers inputs with the agent's active version." },
    F("uploadDataset", API_TRAIN, API_CREATES | API_CHANGES | API_UPLOAD, upload_in, dataset_out, api_dataset_upload, "Keeps a file of examples."),
    F("listDatasets", API_READ, 0, list_rows_in, list_datasets_out, api_dataset_list, "Lists datasets, newest first."),
    F("deleteDataset", API_TRAIN, API_CHANGES, dataset_in, deleted_dataset_out, api_dataset_delete, "Removes a dataset."),
    F("validateTrainingData", API_TRAIN, API_LONG, validate_in, validate_out, api_validate, "Looks through data for what would make training fail or mislead."),
    F("createTrainingModule", API_TRAIN, API_CREATES | API_CHANGES | API_UPLOAD, create_module_in, module_out, api_module_create,
      "Keeps examples under a name that jobs refer to."),
    F("getTrainingModule", API_READ, 0, module_in, module_out, api_module_show, "Shows a training module."),
    F("listTrainingModules", API_READ, 0, list_rows_in, list_modules_out, api_module_list, "Lists training modules, newest first."),
    F("deleteTrainingModule", API_TRAIN, API_CHANGES, module_in, deleted_module_out, api_module_delete, "Removes a training module."),
    F("listCheckpoints", API_READ, 0, job_in, checkpoints_out, api_checkpoint_list, "Lists the checkpoints of a job, oldest first."),
    F("runTrainingPipeline", API_TRAIN, API_CREATES | API_CHANGES, run_pipeline_in, run_out, api_run_start, "Runs a pipeline or a sweep."),
    F("getPipelineRun", API_READ, 0, show_run_in, run_out, api_run_show, "Shows a run with its steps and their results."),
    F("listPipelineRuns", API_READ, 0, list_runs_in, list_runs_out, api_run_list, "Lists runs of pipelines and sweeps, newest first."),
    F("resumePipelineRun", API_TRAIN, API_CHANGES, resume_run_in, run_out, api_run_resume, "Goes on with a run that rests or has failed."),
    F("cancelPipelineRun", API_TRAIN, API_CHANGES, run_in, run_out, api_run_cancel, "Ends a run for good."),
    F("listPipelines", API_READ, 0, nothing_in, pipelines_out, api_pipeline_list, "Lists the pipelines that can be named."),
    F("listPresets", API_READ, 0, nothing_in, presets_out, api_preset_list, "Lists the presets that a configuration may name."),
    F("listPlugins", API_READ, API_LONG, list_plugins_in, list_plugins_out, api_plugin_list, "Lists the plugins that training may use."),
    F("registerWebhook", API_TRAIN, API_CREATES | API_CHANGES | API_SECRET, register_webhook_in, webhook_secret_out, api_webhook_register,
      "Has events posted to a URL."),
    F("listWebhooks", API_TRAIN, 0, list_webhooks_in, list_webhooks_out, api_webhook_list, "Lists webhooks, without their secrets."),
    F("updateWebhook", API_TRAIN, API_CHANGES, update_webhook_in, webhook_out, api_webhook_update, "Changes a webhook, or enables it again."),
    F("deleteWebhook", API_TRAIN, API_CHANGES, webhook_in, deleted_webhook_out, api_webhook_delete, "Removes a webhook with its deliveries."),
    F("rotateWebhookSecret", API_TRAIN, API_CHANGES | API_SECRET, rotate_webhook_in, webhook_secret_out, api_webhook_rotate, "Gives a webhook a new secret."),
    F("testWebhook", API_TRAIN, API_CHANGES | API_LONG, webhook_in, delivery_out, api_webhook_test, "Posts a ping and tells what came of it."),
    F("listWebhookDeliveries", API_TRAIN, 0, list_deliveries_in, list_deliveries_out, api_delivery_list, "Lists what was posted, with each attempt."),
    F("redeliverWebhook", API_TRAIN, API_CREATES | API_CHANGES, redeliver_in, delivery_out, api_delivery_again, "Posts a message again."),
    F("getUsage", API_READ, 0, nothing_in, usage_out, api_usage, "Tells what is used of the quotas."),
    F("createToken", API_ADMIN, API_CREATES | API_CHANGES | API_SECRET, create_token_in, create_token_out, api_token_create, "Makes a token for a client."),
    F("listTokens", API_ADMIN, 0, nothing_in, list_tokens_out, api_token_list, "Lists tokens, without their secrets."),
    F("revokeToken", API_ADMIN, API_CHANGES, token_in, revoked_token_out, api_token_revoke, "Makes a token useless."),
    F("backupState", API_ADMIN, API_CHANGES | API_LONG | API_SECRET, backup_in, backup_out, api_state_backup,
      "Writes a backup of everything; from the daemon's own machine alone."),
    F("checkState", API_ADMIN, API_LONG, nothing_in, check_out, api_state_check,
      "Looks whether database and files are sound; from the daemon's own machine alone."),
    { .name = NULL }
};
