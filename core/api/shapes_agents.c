/* What the functions about agents take and give. See shapes.h. */
#include "core/api/shapes.h"

const struct shape agent_in[] = { ID("agent_id", "Agent, by id or name."), END };

const struct shape list_agents_in[] = {
    MEMBER("name_contains", SHAPE_TEXT, SHAPE_NULL, "Whose name contains this.", .min = 1, .max = 200),
    LIMIT,
    END
};

static const struct shape generation_in[] = {
    MEMBER("max_tokens", SHAPE_INTEGER, 0, "Tokens at most; 0: as many as the model's context allows.", .min = 0, .max = 1000000),
    MEMBER("temperature", SHAPE_NUMBER, 0, "0 takes the likeliest token each time; 1 draws as the model has it.", .min = 0, .max = 100),
    MEMBER("top_k", SHAPE_INTEGER, 0, "Draws among the k likeliest tokens; 0: all.", .min = 0, .max = 1000000),
    MEMBER("top_p", SHAPE_NUMBER, 0, "Draws among the likeliest that together reach p; 1: all.", .min = 1e-9, .max = 1),
    MEMBER("stop", SHAPE_LIST, 0, "Texts before which the answer ends.", .min = 0, .max = 16,
           .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .min = 1, .max = 1000)),
    MEMBER("seed", SHAPE_INTEGER, 0, "Of the draws.", .min = 0, .max = 9007199254740991.0),
    END
};

const struct shape invoke_in[] = {
    ID("agent_id", "Agent to ask."),
    MEMBER("input", SHAPE_TEXT, 0, "What to answer.", .min = 1, .max = SHAPE_TEXT_MAX),
    MEMBER("texts", SHAPE_LIST, 0, "Several inputs in place of one, one answer each.", .min = 1, .max = 10000,
           .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .min = 1, .max = SHAPE_TEXT_MAX)),
    MEMBER("batch", SHAPE_OBJECT, SHAPE_LOCAL, "A file of inputs.", .of = (const struct shape[]){
        MEMBER("file", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_LOCAL, "The file; - is standard input.", .min = 1, .max = 4096),
        MEMBER("format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Its format."),
        END }),
    MEMBER("explore", SHAPE_OBJECT, SHAPE_LOCAL, "Chooses the answer by chance and records with what probability.", .of = (const struct shape[]){
        MEMBER("rule", SHAPE_TEXT, SHAPE_REQUIRED, "How.", .choices = "epsilon_greedy softmax squarecb"),
        MEMBER("setting", SHAPE_NUMBER, SHAPE_REQUIRED, "Its epsilon, temperature or gamma.", .min = 0, .max = 1e12),
        MEMBER("seed", SHAPE_NUMBER, SHAPE_REQUIRED, "Of the chance.", .min = 0, .max = 9007199254740991.0),
        END }),
    MEMBER("generation", SHAPE_OBJECT, SHAPE_NULL, "How an agent that writes shall write; what is absent is as its version or its weights say, else as greedy.",
           .of = generation_in),
    MEMBER("stream", SHAPE_BOOLEAN, 0, "Tells the answer while it is written, as Server-Sent Events.", .dflt = "false"),
    MEMBER("top", SHAPE_INTEGER, 0, "So many of the best outputs with their confidence.", .min = 0, .max = 1000, .dflt = "3"),
    MEMBER("threshold", SHAPE_NUMBER, 0, "No answer when the confidence is below; 0 answers always. Without it the agent's own threshold holds.", .min = 0, .max = 1),
    END
};

#define NAME(flags_) MEMBER("name", SHAPE_TEXT, flags_, "What people call it; no two agents have one name.", .min = 1, .max = 200)
#define ABOUT \
    MEMBER("description", SHAPE_TEXT, 0, "What it is for.", .min = 0, .max = 4096), \
    MEMBER("metadata", SHAPE_OBJECT, SHAPE_OPEN, "Whatever the caller wants to find here again.")

const struct shape create_agent_in[] = { NAME(SHAPE_REQUIRED), ABOUT, END };
const struct shape update_agent_in[] = { ID("agent_id", "Agent, by id or name."), NAME(0), ABOUT, END };
const struct shape list_versions_in[] = { ID("agent_id", "Agent, by id or name."), LIMIT, END };
const struct shape deploy_in[] = {
    ID("agent_id", "Agent, by id or name."),
    MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "Version, by id, number or the id of the job that trained it.", .also = "version", .min = 1, .max = 200),
    MEMBER("threshold", SHAPE_NUMBER, 0, "It abstains below this confidence, as a version of its own with the same weights; 0: never.", .min = 0, .max = 1),
    MEMBER("explore", SHAPE_OBJECT, 0, "Its answers are drawn by chance, as a version of its own.", .of = (const struct shape[]){
        MEMBER("rule", SHAPE_TEXT, SHAPE_REQUIRED, "How; none: by no chance.", .choices = "epsilon_greedy softmax squarecb none"),
        MEMBER("setting", SHAPE_NUMBER, 0, "Its epsilon (at most 1), temperature (at least 1e-6) or gamma.", .min = 0, .max = 1e12),
        END }),
    MEMBER("generation", SHAPE_OBJECT, 0, "How it writes unless a question says, as a version of its own; {}: as its weights say.", .of = generation_in),
    MEMBER("canary_share", SHAPE_NUMBER, 0, "It answers this share of the questions; the version that is active answers the others.", .min = 0.001, .max = 0.999),
    END
};
const struct shape feedback_in[] = {
    ID("interaction_id", "The answer, by the id that came with it."),
    MEMBER("feedback", SHAPE_TEXT, 0, "How good it was.", .choices = "correct partial incorrect"),
    MEMBER("rating", SHAPE_NUMBER, 0, "The same as a number.", .min = 0, .max = 1),
    MEMBER("expected_output", SHAPE_TEXT, 0, "What it should have been.", .min = 1, .max = SHAPE_TEXT_MAX),
    END
};

/* ---- answers ---- */

#define AGENT \
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "The agent."), MEMBER("name", SHAPE_TEXT, SHAPE_REQUIRED, "Its name."), \
    MEMBER("description", SHAPE_TEXT, SHAPE_REQUIRED, "What it is for."), \
    MEMBER("metadata", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "What the caller put there."), \
    MEMBER("active_version_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "The version that answers."), \
    MEMBER("canary_version_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Another one that answers a share of the questions."), \
    MEMBER("canary_share", SHAPE_NUMBER, SHAPE_REQUIRED, "That share."), \
    MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."), MEMBER("updated_at", SHAPE_TEXT, SHAPE_REQUIRED, "Last change.")

const struct shape agent_out[] = {
    AGENT,
    MEMBER("versions", SHAPE_LIST, SHAPE_REQUIRED, "Newest first."),
    MEMBER("jobs", SHAPE_LIST, SHAPE_REQUIRED, "Newest first."),
    END
};

const struct shape list_agents_out[] = {
    MEMBER("agents", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, SHAPE_OPEN, NULL,
           .of = (const struct shape[]){ AGENT, END })),
    END
};

#define ANSWER(flags_) \
    MEMBER("output", SHAPE_TEXT, flags_ | SHAPE_NULL, "The answer; null when the agent abstains."), \
    MEMBER("confidence", SHAPE_NUMBER, flags_, "The probability that the agent gives it.", .min = 0, .max = 1), \
    MEMBER("abstained", SHAPE_BOOLEAN, flags_, "Whether the confidence is below the threshold."), \
    MEMBER("alternatives", SHAPE_LIST, flags_, "The best outputs, best first.", .of = &alternative), \
    MEMBER("interaction_id", SHAPE_TEXT, 0, "To give feedback by; absent where answers are not recorded."), \
    MEMBER("propensity", SHAPE_NUMBER, 0, "The probability with which this output was chosen.", .min = 0, .max = 1), \
    MEMBER("tokens", SHAPE_INTEGER, 0, "Tokens that were written, a mark of the end included."), \
    MEMBER("usage", SHAPE_OBJECT, 0, "Of an agent that writes.", .of = usage), \
    MEMBER("finish_reason", SHAPE_TEXT, 0, "Why the writing ended; refused: the input leaves no room for an answer.", .choices = "end stop length refused")

static const struct shape usage[] = {
    MEMBER("input_tokens", SHAPE_INTEGER, SHAPE_REQUIRED, "Tokens of the input, with the marks around it."),
    MEMBER("output_tokens", SHAPE_INTEGER, SHAPE_REQUIRED, "Tokens that were written."), END };
static const struct shape alternative = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("output", SHAPE_TEXT, SHAPE_REQUIRED, "An output."), MEMBER("confidence", SHAPE_NUMBER, SHAPE_REQUIRED, "Its probability."), END });
static const struct shape one_answer = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){ ANSWER(SHAPE_REQUIRED), END });

const struct shape invoke_out[] = {
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "Who answers."), MEMBER("agent_name", SHAPE_TEXT, SHAPE_REQUIRED, "Its name."),
    MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "The version that answers."), MEMBER("version", SHAPE_INTEGER, SHAPE_REQUIRED, "Its number."),
    ANSWER(0),
    MEMBER("answers", SHAPE_LIST, 0, "One a text, where texts were given.", .of = &one_answer),
    MEMBER("count", SHAPE_INTEGER, 0, "Answers that were written."), MEMBER("seconds", SHAPE_NUMBER, 0, "Time that they took."),
    END
};

const struct shape agent_row_out[] = { AGENT, END };
const struct shape deleted_agent_out[] = {
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "The agent that was."), MEMBER("deleted", SHAPE_BOOLEAN, SHAPE_REQUIRED, "true"),
    MEMBER("warning", SHAPE_TEXT, 0, "What could not be removed."), END
};
static const struct shape version_row = MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){
    MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "The version."), MEMBER("number", SHAPE_INTEGER, SHAPE_REQUIRED, "Its number within the agent."),
    MEMBER("job_id", SHAPE_TEXT, SHAPE_REQUIRED, "The job that made it."), MEMBER("weights_file", SHAPE_TEXT, SHAPE_REQUIRED, "Its file, in the state directory."),
    MEMBER("weights_sha256", SHAPE_TEXT, SHAPE_REQUIRED, "The hash of the file."), MEMBER("weights_bytes", SHAPE_INTEGER, SHAPE_REQUIRED, "Its size."),
    MEMBER("settings", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "Threshold, exploration and generation, where they are not as it was trained."),
    MEMBER("active", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether it answers."), MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."), END });
const struct shape list_versions_out[] = {
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "The agent."),
    MEMBER("versions", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &version_row), END
};
const struct shape deploy_out[] = {
    MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "The agent."), MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED, "The version that answers now."),
    MEMBER("version", SHAPE_INTEGER, SHAPE_REQUIRED, "Its number."),
    MEMBER("previous_version_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "The version that answered before."),
    MEMBER("reason", SHAPE_TEXT, SHAPE_REQUIRED, "deployed or rolled back."),
    MEMBER("canary_share", SHAPE_NUMBER, 0, "The share that it answers, where it is not all."), END
};
const struct shape feedback_out[] = {
    MEMBER("interaction_id", SHAPE_TEXT, SHAPE_REQUIRED, "The answer."), MEMBER("agent_id", SHAPE_TEXT, SHAPE_REQUIRED, "Who gave it."),
    MEMBER("version_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Its version."), MEMBER("output", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "What it was."),
    MEMBER("feedback", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "How good it was."),
    MEMBER("rating", SHAPE_NUMBER, SHAPE_REQUIRED | SHAPE_NULL, "The same as a number."),
    MEMBER("expected_output", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "What it should have been."),
    MEMBER("feedback_at", SHAPE_TEXT, SHAPE_REQUIRED, "When that was told."), END
};
