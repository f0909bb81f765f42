/* What the functions about jobs take and give. See shapes.h. */
#include "core/api/shapes.h"

#define STATUSES "preparing running paused completed failed cancelled"

/* The document's form of an example. */
static const struct shape example[] = {
    MEMBER("input", SHAPE_TEXT, SHAPE_REQUIRED, "What the agent is asked.", .min = 1, .max = SHAPE_TEXT_MAX),
    MEMBER("expected_output", SHAPE_TEXT, SHAPE_REQUIRED, "What it should answer.", .also = "chosen", .min = 1, .max = SHAPE_TEXT_MAX),
    MEMBER("rejected", SHAPE_TEXT, SHAPE_NULL, "A worse answer, for learning from preferences.", .min = 1, .max = SHAPE_TEXT_MAX),
    MEMBER("feedback", SHAPE_TEXT, SHAPE_NULL, "How good that answer is.", .choices = "correct incorrect partial", .dflt = "\"correct\""),
    MEMBER("weight", SHAPE_NUMBER, SHAPE_NULL, "How much it counts.", .min = 0, .max = 1e6, .dflt = "1"),
    MEMBER("metadata", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "Whatever belongs to it."),
    END
};
const struct shape one_example = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = example);

const struct shape start_job_in[] = {
    ID("agent_id", "Agent to train."),
    MEMBER("training_data", SHAPE_OBJECT, SHAPE_REQUIRED, "What to learn from.", .of = (const struct shape[]){
        MEMBER("examples", SHAPE_LIST, 0, "Examples, where they are few; more of them by dataset_id.", .min = 1, .max = 10000, .of = &one_example),
        MEMBER("validationExamples", SHAPE_LIST, SHAPE_NULL, "Examples to validate on, in place of a share of the others.", .also = "validation_examples",
               .min = 1, .max = 10000, .of = &one_example),
        MEMBER("moduleId", SHAPE_TEXT, SHAPE_NULL, "A training module, whose examples are added.", .also = "module_id", .min = 1, .max = 200),
        MEMBER("dataset_id", SHAPE_TEXT, SHAPE_NULL, "An uploaded dataset.", .also = "datasetId", .min = 1, .max = 200),
        MEMBER("validation_dataset_id", SHAPE_TEXT, SHAPE_NULL, "An uploaded dataset to validate on.", .also = "validationDatasetId", .min = 1, .max = 200),
        MEMBER("file", SHAPE_TEXT, SHAPE_LOCAL, "A file of examples; - is standard input.", .min = 1, .max = 4096),
        MEMBER("format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Its format."),
        MEMBER("validation_file", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Examples to validate on.", .min = 1, .max = 4096),
        MEMBER("validation_format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Their format."),
        END }),
    MEMBER("config", SHAPE_OBJECT, SHAPE_NULL | SHAPE_CONFIG, "Training configuration."),
    MEMBER("priority", SHAPE_INTEGER, 0, "Higher ones run first.", .min = -10, .max = 10, .dflt = "0"),
    MEMBER("deploy", SHAPE_BOOLEAN, 0, "Whether the agent answers with what was trained as soon as that is done; else it becomes a version to be deployed.",
           .dflt = "true"),
    MEMBER("create_agent", SHAPE_BOOLEAN, SHAPE_LOCAL, "Makes the agent when there is none of that name."),
    END
};

const struct shape job_in[] = { ID("job_id", "Training job."), END };

const struct shape delete_job_in[] = {
    ID("job_id", "Training job that is not active."),
    MEMBER("with_versions", SHAPE_BOOLEAN, 0, "Also when the agent answers with what this job trained.", .dflt = "false"),
    END
};

const struct shape list_jobs_in[] = {
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_NULL, "Of this agent only.", .min = 1, .max = 200),
    MEMBER("status", SHAPE_TEXT, SHAPE_NULL, "In this status only.", .choices = STATUSES),
    LIMIT,
    END
};

const struct shape monitor_in[] = {
    ID("job_id", "Training job."),
    MEMBER("include_checkpoints", SHAPE_BOOLEAN, 0, "Include the list of checkpoints.", .dflt = "false"),
    MEMBER("include_history", SHAPE_BOOLEAN, 0, "Include the metrics of each evaluation, at most 1,000 rows.", .dflt = "false"),
    END
};

#define TEST_DATA(doc_) \
    MEMBER("test_data", SHAPE_LIST, SHAPE_NULL, doc_, .min = 1, .max = 10000, .of = &one_example), \
    MEMBER("test_dataset_id", SHAPE_TEXT, SHAPE_NULL, "An uploaded dataset in their place.", .also = "testDatasetId", .min = 1, .max = 200), \
    MEMBER("test_file", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "A file of examples in their place; - is standard input.", .min = 1, .max = 4096), \
    MEMBER("test_format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Its format.")

const struct shape evaluate_in[] = {
    ID("job_id", "Completed training job."),
    TEST_DATA("Fresh examples; without them the rows that training held out."),
    MEMBER("benchmark_against", SHAPE_TEXT, SHAPE_NULL, "Baseline job to compare with, on rows that neither was trained on.", .min = 1, .max = 200),
    MEMBER("log", SHAPE_OBJECT, SHAPE_LOCAL, "A log of actions to estimate rewards from, in place of examples.", .of = (const struct shape[]){
        MEMBER("file", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_LOCAL, "The file.", .min = 1, .max = 4096),
        MEMBER("format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Its format."),
        END }),
    MEMBER("policy", SHAPE_TEXT, SHAPE_LOCAL, "Whose rewards are estimated.", .choices = "best softmax"),
    MEMBER("switch_at", SHAPE_NUMBER, SHAPE_LOCAL, "Ratio above which the model alone is trusted.", .min = 0, .max = 1e9),
    MEMBER("evaluation_criteria", SHAPE_LIST, SHAPE_NULL, "Metrics to score by: names, names with settings (f1_score:average=micro), or objects of name and options.",
           .min = 1, .max = 64, .of = &(const struct shape)MEMBER("", SHAPE_ANY, 0, NULL)),
    MEMBER("safety_rules", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "File of rules for the metric safety.", .min = 1, .max = 4096),
    MEMBER("learning_curve", SHAPE_TEXT, 0, "Whether models are trained on parts of the rows to foretell what more would bring; auto: when they are few.",
           .choices = "auto always never", .dflt = "\"auto\""),
    END
};

const struct shape compare_in[] = {
    MEMBER("run_ids", SHAPE_LIST, SHAPE_REQUIRED, "Completed jobs, 2 to 10.", .min = 2, .max = 10,
           .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .min = 1, .max = 200)),
    MEMBER("comparison_metrics", SHAPE_LIST, SHAPE_NULL, "Metrics to compare; without them all.", .min = 1, .max = 9,
           .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .min = 1, .max = 64)),
    MEMBER("statistical_tests", SHAPE_BOOLEAN, 0, "Test differences on the rows that all runs held out.", .dflt = "true"),
    MEMBER("generate_recommendations", SHAPE_BOOLEAN, 0, "Say what follows.", .dflt = "true"),
    MEMBER("equivalence_margin", SHAPE_NUMBER, 0, "Accuracies that are nearer than this count as equal.", .min = 0.0001, .max = 0.5, .dflt = "0.01"),
    MEMBER("seed", SHAPE_INTEGER, 0, "Of intervals and permutations.", .min = 0, .max = 9007199254740991, .dflt = "0"),
    TEST_DATA("Fresh examples; without them the rows that all runs held out."),
    END
};

const struct shape report_in[] = {
    MEMBER("job_id", SHAPE_TEXT, SHAPE_NULL, "Training job.", .min = 1, .max = 200),
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_NULL, "Agent, for a summary of its trainings.", .min = 1, .max = 200),
    MEMBER("run_ids", SHAPE_LIST, SHAPE_NULL, "Jobs to compare.", .min = 2, .max = 10, .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .min = 1, .max = 200)),
    MEMBER("comparison_id", SHAPE_TEXT, SHAPE_NULL, "A comparison that is kept.", .min = 1, .max = 200),
    MEMBER("report_type", SHAPE_TEXT, SHAPE_NULL, "What it is on; without it, by the id that is given.", .choices = "single_job agent_summary comparison executive"),
    MEMBER("include_sections", SHAPE_LIST, SHAPE_NULL, "Sections; without it, all.", .min = 1, .max = 11, .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL,
           .choices = "summary config data metrics charts confusion calibration errors statistics recommendations environment")),
    MEMBER("format", SHAPE_TEXT, SHAPE_NULL, "A formatter plugin: markdown, html, json, csv, junit, latex.", .min = 1, .max = 64, .dflt = "\"markdown\""),
    MEMBER("options", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "Settings of that plugin."),
    MEMBER("output", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "The file that it goes to.", .min = 1, .max = 4096),
    END
};

const struct shape verify_in[] = {
    MEMBER("report", SHAPE_TEXT, SHAPE_NULL, "The text of a report, in any format.", .min = 1, .max = 16777216),
    MEMBER("report_file", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "The file that it is in.", .min = 1, .max = 4096),
    MEMBER("test_file", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Where the rows are now that its evaluation was made on.", .min = 1, .max = 4096),
    END
};

/* ---- answers ---- */

#define N(name_, doc_) MEMBER(name_, SHAPE_NUMBER, SHAPE_REQUIRED | SHAPE_NULL, doc_)
#define I(name_, doc_) MEMBER(name_, SHAPE_INTEGER, SHAPE_REQUIRED, doc_)
#define T(name_, doc_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, doc_)
#define TIME(name_, doc_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, doc_)

static const struct shape progress[] = {
    I("current_epoch", "Epochs begun."), I("total_epochs", "Epochs at most."), I("current_step", "Steps done."), I("total_steps", "Steps at most."),
    MEMBER("percent_complete", SHAPE_NUMBER, SHAPE_REQUIRED, "Share of the steps that are done."),
    N("estimated_time_remaining_ms", "From the measured speed; null when it is not known."),
    END
};

static const struct shape metrics[] = {
    N("loss", "Training loss."), N("accuracy", "Training accuracy."), N("validation_loss", "Loss on the held-out rows."),
    N("validation_accuracy", "Accuracy on the held-out rows."), N("learning_rate", "Learning rate of the last step."),
    N("gradient_norm", "Length of the last gradient."), N("examples_per_second", "Measured speed."),
    I("token_usage", "Input tokens consumed so far."),
    MEMBER("nats_per_character", SHAPE_NUMBER, SHAPE_NULL, "Of models that write: loss of the held-out answers by their characters."),
    END
};

#define STATE \
    MEMBER("job_id", SHAPE_TEXT, SHAPE_REQUIRED, "The job."), MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its agent."), \
    MEMBER("status", SHAPE_TEXT, SHAPE_REQUIRED, "Where it is.", .choices = STATUSES), \
    T("detail", "What the status does not say, such as that a job is queued."), \
    MEMBER("progress", SHAPE_OBJECT, SHAPE_REQUIRED, "How far it is.", .of = progress), \
    MEMBER("metrics", SHAPE_OBJECT, SHAPE_REQUIRED, "The newest values.", .of = metrics), \
    MEMBER("best", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "The best evaluation with its epoch."), \
    N("memory_usage_mb", "Memory of the worker."), \
    T("stop_reason", "Why it ended."), \
    MEMBER("error", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "Why it failed: code, message, stage, details."), \
    TIME("started_at", "When it began to run; while it waits, when it was asked for."), TIME("completed_at", "When it ended.")

#define ANY_OBJECT(name_, doc_) MEMBER(name_, SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, doc_)
#define ANY_LIST(name_, doc_) MEMBER(name_, SHAPE_LIST, SHAPE_NULL, doc_)

const struct shape monitor_out[] = {
    STATE,
    ANY_OBJECT("results", "What the completed job has reached."),
    MEMBER("checkpoints", SHAPE_LIST, 0, "Checkpoints that can be resumed from, oldest first."),
    MEMBER("history", SHAPE_LIST, 0, "One row an evaluation, oldest first."),
    END
};

#define JOB \
    STATE, \
    MEMBER("agent_name", SHAPE_TEXT, SHAPE_NULL, "Its agent's name."), \
    ANY_OBJECT("config", "Every key with its value."), ANY_OBJECT("model", "The model plugin in use, and why."), \
    ANY_LIST("plugins", "The plugins in use, with their hashes."), ANY_OBJECT("training_data", "What it learns from."), \
    ANY_OBJECT("base", "What it started from."), ANY_OBJECT("transfer", "What was taken over from there."), \
    ANY_OBJECT("estimates", "What was foreseen."), ANY_OBJECT("results", "What it has reached."), \
    MEMBER("weights_file", SHAPE_TEXT, SHAPE_NULL, "Where the weights are, below the state directory."), \
    MEMBER("weights_sha256", SHAPE_TEXT, SHAPE_NULL, "Their hash."), \
    MEMBER("attempt", SHAPE_INTEGER, 0, "How often it was started."), MEMBER("priority", SHAPE_INTEGER, 0, "Higher ones run first."), \
    MEMBER("deaths", SHAPE_INTEGER, 0, "Workers that died while they ran it."), MEMBER("cause", SHAPE_TEXT, SHAPE_NULL, "Of the last death."), \
    MEMBER("created_at", SHAPE_TEXT, SHAPE_NULL, "When it was asked for."), MEMBER("updated_at", SHAPE_TEXT, SHAPE_NULL, "Last change.")

const struct shape job_out[] = {
    JOB,
    MEMBER("transitions", SHAPE_LIST, 0, "Every change of status."),
    MEMBER("stop_requested", SHAPE_BOOLEAN, 0, "Whether it has been asked to end and has not done so yet."),
    MEMBER("note", SHAPE_TEXT, 0, "What to know about it."),
    END
};

const struct shape list_jobs_out[] = {
    MEMBER("jobs", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, SHAPE_OPEN, NULL,
           .of = (const struct shape[]){ STATE, END })),
    END
};

const struct shape deleted_out[] = {
    MEMBER("job_id", SHAPE_TEXT, SHAPE_REQUIRED, "The job that was."),
    MEMBER("deleted", SHAPE_BOOLEAN, SHAPE_REQUIRED, "true"),
    MEMBER("warning", SHAPE_TEXT, 0, "What could not be removed."),
    END
};

const struct shape evaluate_out[] = {
    MEMBER("job_id", SHAPE_TEXT, SHAPE_REQUIRED, "The job."), MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its agent."),
    MEMBER("evaluation", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "Scores, grade and summary."),
    MEMBER("analysis", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "What the curves say."),
    MEMBER("strengths", SHAPE_LIST, SHAPE_REQUIRED, "From measured facts."), MEMBER("weaknesses", SHAPE_LIST, SHAPE_REQUIRED, "From measured facts."),
    MEMBER("recommendations", SHAPE_LIST, SHAPE_REQUIRED, "What to do, with evidence."),
    MEMBER("benchmark_comparison", SHAPE_OBJECT, SHAPE_OPEN, "The job against the baseline, with a paired test."),
    MEMBER("evaluation_id", SHAPE_TEXT, SHAPE_REQUIRED, "Where it is kept."), MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."),
    MEMBER("metrics", SHAPE_LIST, 0, "Each metric with its value and interval."),
    MEMBER("outputs", SHAPE_LIST, 0, "Each output with its scores."), MEMBER("outputs_left_out", SHAPE_INTEGER, 0, "Outputs that are not listed."),
    MEMBER("errors", SHAPE_LIST, 0, "Wrong answers, the surest first."), MEMBER("confused", SHAPE_LIST, 0, "Pairs of outputs that are taken for each other."),
    ANY_OBJECT("confusion", "How often each output was given for each."), ANY_OBJECT("calibration", "Whether it is as sure as it is right."),
    ANY_OBJECT("abstention", "At which confidence it should answer nothing."), MEMBER("slices", SHAPE_LIST, 0, "Accuracy of parts of the rows."),
    ANY_OBJECT("learning_curve", "What more examples would bring."), ANY_OBJECT("off_policy", "Rewards by a log of actions, where one was given."),
    MEMBER("test", SHAPE_OBJECT, SHAPE_OPEN, "Which rows were asked."), MEMBER("notes", SHAPE_LIST, 0, "What to know about it."),
    MEMBER("asked", SHAPE_OBJECT, SHAPE_OPEN, "What was asked for, by which it can be computed again."),
    MEMBER("duration_ms", SHAPE_NUMBER, 0, "How long it took."),
    END
};

const struct shape compare_out[] = {
    MEMBER("comparison_id", SHAPE_TEXT, SHAPE_REQUIRED, "Where it is kept."), MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."),
    MEMBER("runs", SHAPE_LIST, SHAPE_REQUIRED, "The jobs with their results."),
    MEMBER("metric_comparisons", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "By metric: values with ranks, best, worst, mean, standard deviation."),
    MEMBER("statistical_analysis", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "Tests on the rows that all runs answered; null when there are none."),
    MEMBER("overall_ranking", SHAPE_LIST, SHAPE_REQUIRED, "Jobs with their scores, best first."),
    MEMBER("winner", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "The run whose lead is proved; null for a tie."),
    MEMBER("winner_reason", SHAPE_TEXT, SHAPE_REQUIRED, "Why it is, or why there is none."),
    MEMBER("recommendations", SHAPE_OBJECT, SHAPE_OPEN, "What follows."),
    MEMBER("test", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "Which rows were compared, and why not others."),
    MEMBER("asked", SHAPE_OBJECT, SHAPE_OPEN, "What was asked for, by which it can be computed again."),
    MEMBER("duration_ms", SHAPE_NUMBER, SHAPE_REQUIRED, "How long it took."),
    END
};

const struct shape report_out[] = {
    MEMBER("bytes", SHAPE_INTEGER, SHAPE_REQUIRED, "Length of the report."), MEMBER("media_type", SHAPE_TEXT, SHAPE_REQUIRED, "What it is."),
    MEMBER("report", SHAPE_ANY, 0, "The report itself, over HTTP: a text, or JSON where it is that."),
    END
};

const struct shape verify_out[] = {
    MEMBER("verified", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether the report is what it should be."),
    MEMBER("report_type", SHAPE_TEXT, SHAPE_REQUIRED, "Its type."),
    I("numbers", "Numbers in it that were compared."), I("evaluations", "Evaluations that were computed again."), I("comparisons", "The same of comparisons."),
    MEMBER("differences", SHAPE_LIST, SHAPE_REQUIRED, "Where it differs, what was found there and what was expected; at most 50."),
    MEMBER("notes", SHAPE_LIST, SHAPE_REQUIRED, "What could not be computed again."),
    END
};
