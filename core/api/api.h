/* What the program can do, as functions: JSON in, JSON out. They print nothing, read no settings and know no terminal; the
 * command line calls them, and so will a daemon. Field names are those of the Training API (docs/api.md of the customer: agent_id,
 * job_id, config, progress, metrics ...).
 *
 * A function returns an object (free with cJSON_Delete()) or NULL with err filled; api->details then holds the single faults
 * (an array of {path, message, fix, file, line}) or NULL. An agent may be named by its id, the unique beginning of it (at least 4
 * characters behind "agent_") or its name; a job by its id, the unique beginning of it, or "latest". */
#ifndef API_API_H
#define API_API_H
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "core/jobs/completion.h"

struct api_call;
struct api_answer;
struct serving;
struct daemon;
struct store;

/* How webhooks are sent: the settings of the group webhooks. Zeroed is the default but for keep_days. */
struct webhook_policy {
    int allow_private, allow_http;
    const char *ca_file;         /* PEM; NULL: the system's authorities */
    int64_t timeout_ms;          /* of a post; 0: 15000 */
    int64_t keep_days;           /* of messages that were sent or have failed */
};

struct api {
    const char *state_dir;
    const cJSON *plugin_dirs;    /* list of strings, may be NULL */
    int threads;                 /* of workers; 0: one a core */
    int log_level;               /* of workers, as core/base/log.h */
    struct webhook_policy webhooks;
    struct completion_policy completion; /* the language model that generators may ask; endpoint NULL: none */
    cJSON *details;              /* owned; see api_clear() */
    struct daemon *daemon;       /* NULL: a command line, which opens the books for each transaction */
    struct store *held;          /* the books of a call that is one transaction as a whole */
    cJSON *discards;             /* what such a call removes once it is committed; see discard_data() */
    const struct api_call *call; /* within api_call_function(): what is called for, and where the answer goes */
    struct api_answer *answer;
    struct serving *serving;     /* a daemon's agents that are kept ready (serving.h); NULL: every question starts a worker */
};
/* Frees what the last failure left. */
void api_clear(struct api *a);

/* ---- training: train.c, resume.c ---- */

enum api_wish { API_GO, API_PAUSE, API_CANCEL, API_KILL };

struct api_hooks {
    void *arg;
    /* "started" (the new job as api_job_show() shows it), and the worker's frames "progress", "epoch", "checkpoint", "log". */
    void (*event)(void *arg, const char *type, const cJSON *fields);
    /* What whoever waits wants by now; asked several times a second. */
    enum api_wish (*wish)(void *arg);
};

/* startTrainingJob, run to its end in this process. in: {agent_id (made when there is no such name), training_data: {file, format,
 * validation_file, validation_format}, config}. out: the job as api_job_show(). Nothing is left behind by a request with a fault.
 * ERR_JOB_FAILED: the job is stored as failed. ERR_INTERRUPTED: API_PAUSE was wished and the job is paused; ERR_CANCELLED: it
 * was cancelled; in all three a->details is NULL and *job_id (may be NULL) has the id, else "". */
cJSON *api_train(struct api *a, const cJSON *in, const struct api_hooks *hooks, char job_id[64], struct hone_err *err);
/* resumeTrainingJob: goes on from the newest checkpoint that is whole, with the same data and configuration. in: {job_id}. A job that
 * is completed is returned as it is, with "note". */
cJSON *api_resume(struct api *a, const cJSON *in, const struct api_hooks *hooks, char job_id[64], struct hone_err *err);

/* ---- jobs: jobs.c ---- */

/* monitorTrainingProgress. in: {job_id, include_checkpoints, include_history}. */
cJSON *api_monitor(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id, status (word), limit}. out: {jobs: [...]}, newest first. */
cJSON *api_job_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {job_id}. out: all that is stored of it, without history. */
cJSON *api_job_show(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {job_id}. A running job is asked to end and does so within a second or two; out: the job. */
cJSON *api_job_cancel(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {job_id}: asks a running job to write a checkpoint and pause. */
cJSON *api_job_pause(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {job_id, with_versions}: removes the job with its files. */
cJSON *api_job_delete(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- agents: agents.c ---- */

/* in: {name_contains, limit}. out: {agents: [...]}, newest first. */
cJSON *api_agent_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id}. out: the agent with its versions and jobs. */
cJSON *api_agent_show(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- agents: agent_edit.c, versions.c ---- */

/* in: {name, description, metadata}. out: the agent. ERR_CONFLICT when the name is taken. */
cJSON *api_agent_create(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id, name, description, metadata}; what is absent stays. */
cJSON *api_agent_update(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id}. Removes it with its versions, jobs, interactions and files; ERR_CONFLICT while a job of it is active. */
cJSON *api_agent_delete(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id, limit}. out: {agent_id, versions: [...]}, newest first. */
cJSON *api_version_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id, version_id (or its number)}: answers from now on. A version that cannot be loaded fails and the one before stays. */
cJSON *api_version_deploy(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {agent_id}: the version that answered before the present one. ERR_PRECONDITION when there is none. */
cJSON *api_agent_rollback(struct api *a, const cJSON *in, struct hone_err *err);
/* adaptAgentBehavior; see shapes_adapt.c. Before looking, an open change of the agent is judged. ERR_PRECONDITION with fewer than 5 interactions. */
cJSON *api_adapt(struct api *a, const cJSON *in, struct hone_err *err);
/* recordFeedback. An open change of the agent is judged anew. in: {interaction_id, feedback, rating, expected_output}, one of the three at least. out: what is stored of it now. */
cJSON *api_feedback(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- using what was trained: evaluate.c, predict.c, report.c ---- */

/* evaluateTrainingResults. in: {job_id, test_data (examples), test_dataset_id or test_file with
 * test_format, evaluation_criteria, benchmark_against, safety_rules (a file)}. */
cJSON *api_evaluate(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);
/* compareTrainingRuns. in: {run_ids (2 to 10), comparison_metrics, statistical_tests, generate_recommendations, test_data or the like as
 * above, equivalence_margin, seed}. Compared are rows that no run was trained on; without any, statistical_analysis and winner are null and
 * winner_reason says why. Kept under comparison_id. */
cJSON *api_compare(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);
/* invokeAgent. in: {agent_id, input or texts or batch: {file, format}, top, threshold}. For a text out has the members of its answer, for
 * several texts answers; for a file its answers go to descriptor `fd` as JSON lines, one an input, and out has count and seconds. */
cJSON *api_predict(struct api *a, const cJSON *in, int fd, const struct api_hooks *hooks, struct hone_err *err);
/* Weights as Hugging Face has them, through a worker. in: {folder, output}: a weights file of this program. out: {model, parameters,
 * bytes, sha256}. Nothing is written after a failure. */
cJSON *api_model_import(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);
/* in: {agent_id (or a weights file), folder (made; without a config.json), shard_mb}. out: {model, parameters, files}. */
cJSON *api_model_export(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);
/* generateTrainingReport. in: {job_id, agent_id, run_ids or comparison_id, report_type, include_sections, format, options, output (path, or
 * absent for descriptor `fd`)}. */
cJSON *api_report(struct api *a, const cJSON *in, int fd, struct hone_err *err);
/* verifyTrainingReport. in: {report (its text) or report_file, test_file (where the rows of its evaluation are now)}. out: {verified, report_type,
 * numbers, evaluations, comparisons (computed again), differences: [{where, found, expected}], notes}. ERR_PRECONDITION when the rows are not at
 * hand. */
cJSON *api_report_verify(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);

/* ---- examples that are kept by themselves: datasets.c ---- */

/* in: {name, description, format, metadata, and examples, or file, or what came along with the call}. out: the row with its id, and
 * "faults": how many rows of the file cannot be used. */
cJSON *api_dataset_upload(struct api *a, const cJSON *in, struct hone_err *err);
cJSON *api_module_create(struct api *a, const cJSON *in, struct hone_err *err); /* also from {dataset_id} */
/* in: {limit, after}. out: {datasets or modules: [...], has_more}, newest first. */
cJSON *api_dataset_list(struct api *a, const cJSON *in, struct hone_err *err);
cJSON *api_module_list(struct api *a, const cJSON *in, struct hone_err *err);
cJSON *api_module_show(struct api *a, const cJSON *in, struct hone_err *err);
/* Jobs that were trained on it keep the file. */
cJSON *api_dataset_delete(struct api *a, const cJSON *in, struct hone_err *err);
cJSON *api_module_delete(struct api *a, const cJSON *in, struct hone_err *err);
/* generateSyntheticTrainingData: generate.c. in: {module_id, sample_count or samples_per_output, difficulty, outputs, generators, seed, config,
 * measure, test_data or the like as above, keep}. Kept as a dataset under dataset_id, unless keep is false or nothing was found. */
cJSON *api_generate(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);
/* validateTrainingData. in: {training_data}. out: the report of `hone data check`, and "valid". Keeps nothing. */
cJSON *api_validate(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {job_id}. out: {job_id, checkpoints}. */
cJSON *api_checkpoint_list(struct api *a, const cJSON *in, struct hone_err *err);
/* out: {presets: [{name, doc}]}. */
cJSON *api_preset_list(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- pipelines and sweeps: pipelines.c ---- */

/* runTrainingPipeline. in: {pipeline (a name; on the command line also a file) or definition, parameters, directory, workers, check_only}. Without a
 * daemon it is driven to its end here, told of by hooks ("run", "step", and those of trainings); out: the run. ERR_INTERRUPTED: it is paused. */
cJSON *api_run_start(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {pipeline_run_id, workers}: goes on with a run that rests or has failed, whose failed steps are tried again. */
cJSON *api_run_resume(struct api *a, const cJSON *in, struct hone_err *err);
/* getPipelineRun. in: {pipeline_run_id, include_results}. */
cJSON *api_run_show(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {kind, status, limit}. out: {runs: [...]}, newest first. */
cJSON *api_run_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {pipeline_run_id}. */
cJSON *api_run_cancel(struct api *a, const cJSON *in, struct hone_err *err);
/* out: {pipelines: [{name, doc}]}. */
cJSON *api_pipeline_list(struct api *a, const cJSON *in, struct hone_err *err);

/* The definition in a file of this machine, for a daemon elsewhere. NULL with err. */
cJSON *api_definition_read(const char *file, struct hone_err *err);
/* The keys of pipelines and sweeps, their tables as docs/pipelines.md has them (free()). NULL when memory ran out. */
char *api_pipeline_markdown(void);

/* ---- tokens: tokens.c ---- */

/* in: {scope, name, tenant, expires_in_days}. out: the token's row and, this once, "token", its text. */
cJSON *api_token_create(struct api *a, const cJSON *in, struct hone_err *err);
/* out: {tokens: [...]}, newest first, without their texts. */
cJSON *api_token_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {token_id}. It opens nothing from then on. */
cJSON *api_token_revoke(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- webhooks: webhooks.c ---- */

/* in: {url, events, description}. out: the endpoint and, this once, "secret". */
cJSON *api_webhook_register(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {limit, after}. out: {webhooks: [...], has_more}, newest first, without secrets. */
cJSON *api_webhook_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {webhook_id, url, events, description, enabled}; what is absent stays. */
cJSON *api_webhook_update(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {webhook_id}. Nothing is sent to it any more. */
cJSON *api_webhook_delete(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {webhook_id, overlap_hours}. out: the endpoint and, this once, its new "secret"; the one before signs as well for so long. */
cJSON *api_webhook_rotate(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {webhook_id}. Sends a ping and waits for what comes of it; out: the delivery. ERR_PRECONDITION without a daemon. */
cJSON *api_webhook_test(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {webhook_id, status, limit, after}. out: {deliveries: [... each with its attempts], has_more}, newest first. */
cJSON *api_delivery_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {delivery_id}. out: the new delivery of the same message. */
cJSON *api_delivery_again(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- quotas: quota.c ---- */

/* out: what the caller's tenant and token have used of what they may, by now. */
cJSON *api_usage(struct api *a, const cJSON *in, struct hone_err *err);
/* ---- the state directory: backup.c, restore.c ---- */

/* in: {file}. Writes database and files into one archive that appears whole, also while a daemon works. out: {file, bytes, files}. */
cJSON *api_state_backup(struct api *a, const cJSON *in, struct hone_err *err);
/* out: {sound, files, bytes, faults: [{path, what, fault}]}: the database by SQLite's own checks, and every file that it names. */
cJSON *api_state_check(struct api *a, const cJSON *in, struct hone_err *err);
struct state_restored {
    int files;
    int64_t bytes;
    char made_at[32];        /* when the backup was made */
};
/* Puts a backup in the place of the state directory, where no daemon and no training may run. A database that is there is kept aside with
 * `force`, else ERR_CONFLICT. All of it or nothing: on failure the directory is as it was. */
int api_state_restore(const char *state_dir, const char *file, int force, struct state_restored *done, struct hone_err *err);
/* The schema of the database and ours, and whether one becomes the other; with `dry` it stays as it is. */
int api_state_migrate(const char *state_dir, int dry, int *have, int *want, struct hone_err *err);

/* ---- plugins: plugins.c ---- */

/* in: {kind}. out: {plugins: [...], dirs}. */
cJSON *api_plugin_list(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {name: an item's name, or a file}. out: {plugins: [those that have it]}. */
cJSON *api_plugin_inspect(struct api *a, const cJSON *in, struct hone_err *err);
/* in: {file}. out: {checks: [{kind, item, what, passed, why}]}. A plugin that crashes its worker fails with the cause. */
cJSON *api_plugin_check(struct api *a, const cJSON *in, struct hone_err *err);
/* What workers give up on this machine before they load a plugin, as one of them says: {landlock, network, signals, calls, missing:
 * [sentences]} (core/host/sandbox.h). Starts a worker for it. */
cJSON *api_sandbox(struct hone_err *err);
/* in: {file (or the name of an optimizer), with (list of names, or absent: all optimizers that are found), data (absent: the example
 * data), config, own (settings for the first alone)}. out: {data, optimizers: [{name, given, accuracy, loss, best_epoch, epochs, steps,
 * seconds, stop_reason, learning_rate, ns_per_parameter, memory_bytes_per_parameter, losses: [one an epoch], accuracies, error}]}. "row" events tell
 * each as it is done. An optimizer of the list that cannot train has "error"; when the given one cannot, the whole fails. */
cJSON *api_plugin_bench(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);
/* in: {scheduler, options, base, warmup, steps, points}. out: {scheduler, settings, follows_metric, steps: [...], values: [...]}. */
cJSON *api_schedule_preview(struct api *a, const cJSON *in, struct hone_err *err);

#endif
