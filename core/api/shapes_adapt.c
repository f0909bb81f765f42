/* What adaptAgentBehavior takes and gives. See shapes.h. */
#include "core/api/shapes.h"

const struct shape adapt_in[] = {
    ID("agent_id", "Agent, by id or name."),
    MEMBER("feedback_window_days", SHAPE_INTEGER, 0, "The window that is looked at, and the length of the one before that it is compared with.", .min = 1, .max = 90, .dflt = "7"),
    MEMBER("auto_apply", SHAPE_BOOLEAN, 0, "Applies a change of low risk whose lower bound improves, as a new version that is watched.", .dflt = "false"),
    MEMBER("canary_share", SHAPE_NUMBER, 0, "The share of questions that such a version answers first, until 50 of its answers are rated; 0: all at once.", .min = 0, .max = 0.99, .dflt = "0"),
    MEMBER("wrong_cost", SHAPE_NUMBER, 0, "What a wrong answer costs, where a right one earns 1 and a refusal 0.", .min = 0, .max = 1000, .dflt = "1"),
    END
};

static const struct shape window_out[] = {
    MEMBER("from", SHAPE_TEXT, SHAPE_REQUIRED, "Its begin."), MEMBER("to", SHAPE_TEXT, SHAPE_REQUIRED, "Its end."),
    MEMBER("interactions", SHAPE_INTEGER, SHAPE_REQUIRED, "What was asked in it."), MEMBER("rated", SHAPE_INTEGER, SHAPE_REQUIRED, "Those with feedback."), END
};
#define MAYBE_NUMBER(name_, doc_) MEMBER(name_, SHAPE_NUMBER, SHAPE_NULL, doc_)
static const struct shape trend_row = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("name", SHAPE_TEXT, SHAPE_REQUIRED, "success_rate, abstention_rate, confidence, latency_ms, inputs or outputs."),
    MAYBE_NUMBER("before", "The mean in the window before."), MAYBE_NUMBER("now", "The mean in the window."), MAYBE_NUMBER("difference", "The second less the first."),
    MAYBE_NUMBER("low", "Its 95 % interval."), MAYBE_NUMBER("high", "Its 95 % interval."), MAYBE_NUMBER("distance", "Of inputs or outputs, between the windows."),
    MAYBE_NUMBER("p", "Of a permutation test; null with too few rows."), MAYBE_NUMBER("p_adjusted", "After Holm's correction."),
    MEMBER("changed", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether that is below the level."), MEMBER("direction", SHAPE_TEXT, SHAPE_NULL, "better, worse or different."),
    MEMBER("rows_before", SHAPE_INTEGER, SHAPE_REQUIRED, "Values before."), MEMBER("rows", SHAPE_INTEGER, SHAPE_REQUIRED, "Values now."), END });
static const struct shape stability_row = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("feature", SHAPE_TEXT, SHAPE_REQUIRED, "confidence, words_of_input or output."), MAYBE_NUMBER("psi", "The population stability index."),
    MAYBE_NUMBER("psi_by_chance", "What it is on average when nothing has changed."), MEMBER("bins", SHAPE_INTEGER, SHAPE_REQUIRED, "Its bins."), END });
static const struct shape error_row = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("output", SHAPE_TEXT, SHAPE_REQUIRED, "What was answered."), MEMBER("expected", SHAPE_TEXT, SHAPE_REQUIRED, "What was right."),
    MEMBER("before", SHAPE_INTEGER, SHAPE_REQUIRED, "How often before."), MEMBER("now", SHAPE_INTEGER, SHAPE_REQUIRED, "How often now."), END });
static const struct shape effect_out[] = {
    MEMBER("metric", SHAPE_TEXT, SHAPE_REQUIRED, "What changes."), MAYBE_NUMBER("estimate", "By how much."), MAYBE_NUMBER("low", "Its lower bound."), MAYBE_NUMBER("high", "Its upper bound."),
    MAYBE_NUMBER("level", "The chance, one-sided, that a bound is wrong."), MEMBER("estimator", SHAPE_TEXT, SHAPE_REQUIRED, "How it was estimated."),
    MEMBER("rows", SHAPE_INTEGER, SHAPE_REQUIRED, "From so many interactions."), END
};
static const struct shape proposal_row = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("kind", SHAPE_TEXT, SHAPE_REQUIRED, "threshold, data_request, version, exploration or retrain."), MEMBER("risk", SHAPE_TEXT, SHAPE_REQUIRED, "low, medium or high."),
    MAYBE_NUMBER("confidence", "The chance that the effect is above 0, by its normal approximation."), MEMBER("reason", SHAPE_TEXT, SHAPE_REQUIRED, "The sentence for people."),
    MEMBER("change", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "What to change."),
    MEMBER("expected_effect", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL, "An estimate from the interactions.", .of = effect_out),
    MEMBER("no_estimate_because", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Why there is none."),
    MEMBER("monitoring_metrics", SHAPE_LIST, SHAPE_REQUIRED, "What to watch afterwards."), MEMBER("rollback_criteria", SHAPE_LIST, SHAPE_REQUIRED, "When to go back."),
    MEMBER("lower_bound_improves", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether the lower bound is above 0."), END });
static const struct shape applied_row = MEMBER("", SHAPE_OBJECT, SHAPE_OPEN, NULL, .of = (const struct shape[]){
    MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "The new version."), MEMBER("previous_version_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "The one before."), END });
static const struct shape adaptation_row = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("adaptation_id", SHAPE_TEXT, SHAPE_REQUIRED, "A change that was made so."), MEMBER("status", SHAPE_TEXT, SHAPE_REQUIRED, "canary, applied, kept, rolled back or replaced."),
    MEMBER("kind", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Of the proposal."), MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its version."),
    MEMBER("previous_version_id", SHAPE_TEXT, SHAPE_REQUIRED, "The one before."), MEMBER("reason", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Why it ended."),
    MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."), MEMBER("decided_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "When it ended."), END });

const struct shape adapt_out[] = {
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "The agent."), MEMBER("agent_name", SHAPE_TEXT, SHAPE_REQUIRED, "Its name."),
    MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "The version that answered when this was asked."),
    MEMBER("window", SHAPE_OBJECT, SHAPE_REQUIRED, "What was looked at.", .of = window_out), MEMBER("window_before", SHAPE_OBJECT, SHAPE_REQUIRED, "What it was compared with.", .of = window_out),
    MEMBER("trends", SHAPE_LIST, SHAPE_REQUIRED, "What has changed.", .of = &trend_row), MEMBER("drift_found", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether anything has."),
    MEMBER("tests", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "How that was tested."), MEMBER("stability", SHAPE_LIST, SHAPE_REQUIRED, "Stability indices.", .of = &stability_row),
    MEMBER("error_kinds", SHAPE_LIST, SHAPE_REQUIRED, "The commonest errors.", .of = &error_row),
    MEMBER("proposals", SHAPE_LIST, SHAPE_REQUIRED, "What could be changed, the least risk first.", .of = &proposal_row),
    MEMBER("applied", SHAPE_LIST, SHAPE_REQUIRED, "What was changed.", .of = &applied_row),
    MEMBER("not_applied_because", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Why nothing was."),
    MEMBER("adaptations", SHAPE_LIST, SHAPE_REQUIRED, "Changes of this agent that were made so, newest first.", .of = &adaptation_row), END
};
