/* What generateSyntheticTrainingData takes and gives. See shapes.h. */
#include "core/api/shapes.h"

#define TEXTS(name_, doc_, most_) \
    MEMBER(name_, SHAPE_LIST, SHAPE_NULL, doc_, .min = 1, .max = most_, .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .min = 1, .max = SHAPE_TEXT_MAX))

const struct shape generate_in[] = {
    ID("module_id", "Training module, by its id or by a name that one module alone has."),
    MEMBER("sample_count", SHAPE_INTEGER, SHAPE_NULL, "Examples to generate, over all outputs; 10 without it and samples_per_output.", .min = 1, .max = 50),
    MEMBER("samples_per_output", SHAPE_INTEGER, SHAPE_NULL, "Examples to generate for each output, in place of sample_count.", .min = 1, .max = 50),
    MEMBER("difficulty", SHAPE_TEXT, SHAPE_NULL, "How near to another output; without it, any.", .choices = "easy medium hard expert"),
    TEXTS("outputs", "For these outputs only.", 10000),
    MEMBER("generators", SHAPE_LIST, SHAPE_NULL, "Generator plugins: names, or objects of name and options; without it template, edit and ngram_lm.",
           .min = 1, .max = 16, .of = &(const struct shape)MEMBER("", SHAPE_ANY, 0, NULL)),
    MEMBER("surplus", SHAPE_NUMBER, SHAPE_NULL, "Candidates that pass all filters for each example that is chosen among them; more are farther apart.", .min = 1, .max = 50, .dflt = "1.5"),
    MEMBER("seed", SHAPE_INTEGER, 0, "Another one gives other examples.", .min = 0, .max = 9007199254740991, .dflt = "42"),
    MEMBER("config", SHAPE_OBJECT, SHAPE_NULL | SHAPE_CONFIG, "Training configuration of the model that judges the examples, and of measure; without it, the "
           "preset few-shot for modules of at most 20 examples an output, else the defaults."),
    MEMBER("measure", SHAPE_BOOLEAN, 0, "Train with and without the new examples, and tell the difference.", .dflt = "false"),
    MEMBER("test_data", SHAPE_LIST, SHAPE_NULL, "Fresh examples to measure by; without them, parts of the module.", .min = 1, .max = 10000, .of = &one_example),
    MEMBER("test_dataset_id", SHAPE_TEXT, SHAPE_NULL, "An uploaded dataset in their place.", .also = "testDatasetId", .min = 1, .max = 200),
    MEMBER("test_file", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "A file of examples in their place; - is standard input.", .min = 1, .max = 4096),
    MEMBER("test_format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Its format."),
    MEMBER("keep", SHAPE_BOOLEAN, 0, "Keep the examples as a dataset.", .dflt = "true"),
    END
};

#define N(name_, doc_) MEMBER(name_, SHAPE_NUMBER, SHAPE_REQUIRED | SHAPE_NULL, doc_)
#define I(name_, doc_) MEMBER(name_, SHAPE_INTEGER, SHAPE_REQUIRED, doc_)
#define T(name_, doc_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED, doc_)

static const struct shape scenario[] = {
    T("id", "The same for the same input and output."), T("input", "What the agent is asked."), T("expected_output", "What it should answer."),
    MEMBER("difficulty", SHAPE_TEXT, SHAPE_REQUIRED, "By the margin of the module's model.", .choices = "easy medium hard expert"),
    MEMBER("tags", SHAPE_LIST, SHAPE_REQUIRED, "synthetic, the generator, the method, and what the generator adds."),
    MEMBER("success_criteria", SHAPE_LIST, SHAPE_REQUIRED, "What a right answer has to be, and which output it is to be told apart from."),
    I("estimated_tokens", "Words of the input, as training counts them."),
    MEMBER("provenance", SHAPE_OBJECT, SHAPE_REQUIRED, "Where it comes from.", .of = (const struct shape[]){
        T("generator", "The plugin."), T("method", "What it did."),
        MEMBER("source_rows", SHAPE_LIST, SHAPE_REQUIRED, "Lines of the module's file that it was made from."), I("seed", "Of the request."),
        N("confidence", "Probability of the output, by the module's model."), N("margin", "That minus the probability of the best other output."),
        N("nearest_distance", "1 - likeness to the nearest given example or one that was chosen before."),
        END }),
    END
};

static const struct shape grams[] = {
    I("given", "Distinct ones in the module."), I("generated", "Distinct ones in the new examples."), I("new", "Of those, not in the module."),
    N("covered", "Share of the module's that the new examples have."), END
};

static const struct shape coverage[] = {
    I("outputs", "Outputs of the module."), I("outputs_requested", "Of those, asked for."), I("outputs_covered", "Of those, with new examples."),
    N("coverage", "outputs_covered / outputs."), N("balance", "Evenness of the new examples over the outputs covered, 0 to 1."),
    MEMBER("by_output", SHAPE_LIST, SHAPE_REQUIRED, "given, requested and generated of each output."),
    MEMBER("by_difficulty", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, "How many of each."),
    MEMBER("words", SHAPE_OBJECT, SHAPE_REQUIRED, "Words of inputs.", .of = grams),
    MEMBER("word_pairs", SHAPE_OBJECT, SHAPE_REQUIRED, "Words that follow each other.", .of = grams),
    END
};

const struct shape generate_out[] = {
    T("module_id", "The module."), MEMBER("dataset_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "The new examples, to train on; null when none are kept."),
    I("seed", "Of the request."), I("requested", "Examples asked for."), I("generated", "Examples returned."),
    MEMBER("shortfall", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Why there are fewer; null when there are not."),
    MEMBER("scenarios", SHAPE_LIST, SHAPE_REQUIRED, "The examples, by output.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = scenario)),
    N("diversity_score", "Mean distance of an example to the nearest other one, 0 to 1."),
    MEMBER("diversity", SHAPE_OBJECT, SHAPE_REQUIRED, "What else tells how different they are.", .of = (const struct shape[]){
        N("nearest_distance", "diversity_score."), N("pairwise_distance", "Mean distance of two examples of an output."),
        N("distinct_1", "Distinct words by all words."), N("distinct_2", "The same for pairs of words."), END }),
    MEMBER("coverage_analysis", SHAPE_OBJECT, SHAPE_REQUIRED, "What the new examples cover.", .of = coverage),
    MEMBER("filters", SHAPE_OBJECT, SHAPE_REQUIRED, "What became of the proposals.", .of = (const struct shape[]){
        I("proposed", "All."), I("duplicate", "Said what another one says."), I("copy", "Copies or near copies of given examples."),
        I("label_lost", "The module's model gives another output."), I("difficulty", "Of another difficulty."), I("not_chosen", "Passed and were not needed."),
        END }),
    MEMBER("generators", SHAPE_LIST, SHAPE_REQUIRED, "name, options, proposed and taken of each."),
    MEMBER("difficulty_borders", SHAPE_OBJECT, SHAPE_REQUIRED, "Margins that part the difficulties.", .of = (const struct shape[]){
        N("expert_below", "Lower quartile of the module's own margins."), N("hard_below", "Their median."), N("medium_below", "Upper quartile."),
        I("rows", "Of the module, that they come from; 0: too few, and 0.25, 0.5 and 0.75 stand in."), END }),
    MEMBER("config_source", SHAPE_TEXT, SHAPE_REQUIRED, "What configuration the model had.", .choices = "request few-shot defaults"),
    MEMBER("measure", SHAPE_OBJECT, SHAPE_OPEN, "What the new examples change, when that was asked."),
    MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When they were made."),
    END
};
