/* What the functions about data, plugins and presets take and give. See shapes.h. */
#include "core/api/shapes.h"

const struct shape list_plugins_in[] = {
    MEMBER("kind", SHAPE_TEXT, SHAPE_NULL, "Of this kind only.", .choices = "optimizer scheduler paradigm model metric report generator"),
    END
};

const struct shape list_plugins_out[] = {
    MEMBER("plugins", SHAPE_LIST, SHAPE_REQUIRED, "One a plugin file, with its items and their settings."),
    MEMBER("dirs", SHAPE_LIST, 0, "Where plugins are looked for."),
    END
};

const struct shape nothing_in[] = { END };

/* ---- datasets and modules ---- */

#define EXAMPLES MEMBER("examples", SHAPE_LIST, SHAPE_NULL, "Examples, where they are few; else a file.", .min = 1, .max = 10000, .of = &one_example)
#define KEPT_IN \
    MEMBER("name", SHAPE_TEXT, SHAPE_NULL, "What it is called.", .min = 1, .max = 200), \
    MEMBER("description", SHAPE_TEXT, SHAPE_NULL, "What it is.", .min = 0, .max = 2000), \
    MEMBER("metadata", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "Whatever belongs to it."), \
    MEMBER("format", SHAPE_TEXT, SHAPE_NULL, "Format of the file.", .choices = "auto jsonl json csv tsv fasttext chat alpaca text", .dflt = "\"auto\""), \
    MEMBER("file", SHAPE_TEXT, SHAPE_LOCAL, "A file of this machine.", .min = 1, .max = 4096), EXAMPLES

const struct shape upload_in[] = { KEPT_IN, END };
const struct shape create_module_in[] = {
    KEPT_IN,
    MEMBER("dataset_id", SHAPE_TEXT, SHAPE_NULL, "A dataset whose examples it gets.", .min = 1, .max = 200),
    END
};
const struct shape dataset_in[] = { ID("dataset_id", "Dataset."), END };
const struct shape module_in[] = { ID("module_id", "Training module."), END };

const struct shape list_rows_in[] = {
    MEMBER("limit", SHAPE_INTEGER, 0, "At most so many, newest first.", .min = 1, .max = 200, .dflt = "50"),
    MEMBER("after", SHAPE_TEXT, SHAPE_NULL, "The id of the last one of the page before.", .min = 1, .max = 200),
    END
};

const struct shape validate_in[] = {
    MEMBER("training_data", SHAPE_OBJECT, SHAPE_REQUIRED, "What to look through, as for startTrainingJob.", .of = (const struct shape[]){
        EXAMPLES,
        MEMBER("validationExamples", SHAPE_LIST, SHAPE_NULL, "Examples to validate on.", .also = "validation_examples", .min = 1, .max = 10000,
               .of = &one_example),
        MEMBER("moduleId", SHAPE_TEXT, SHAPE_NULL, "A training module.", .also = "module_id", .min = 1, .max = 200),
        MEMBER("dataset_id", SHAPE_TEXT, SHAPE_NULL, "An uploaded dataset.", .also = "datasetId", .min = 1, .max = 200),
        MEMBER("validation_dataset_id", SHAPE_TEXT, SHAPE_NULL, "An uploaded dataset to validate on.", .also = "validationDatasetId", .min = 1, .max = 200),
        MEMBER("file", SHAPE_TEXT, SHAPE_LOCAL, "A file of this machine.", .min = 1, .max = 4096),
        MEMBER("format", SHAPE_TEXT, SHAPE_LOCAL | SHAPE_NULL, "Its format."),
        END }),
    END
};

#define KEPT_OUT \
    MEMBER("name", SHAPE_TEXT, SHAPE_REQUIRED, "What it is called."), MEMBER("description", SHAPE_TEXT, SHAPE_REQUIRED, "What it is."), \
    MEMBER("format", SHAPE_TEXT, SHAPE_REQUIRED, "Format of its file."), MEMBER("sha256", SHAPE_TEXT, SHAPE_REQUIRED, "Hash of its file."), \
    MEMBER("bytes", SHAPE_INTEGER, SHAPE_REQUIRED, "Length of its file."), MEMBER("examples", SHAPE_INTEGER, SHAPE_REQUIRED, "Rows that can be used."), \
    MEMBER("metadata", SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_NULL | SHAPE_OPEN, "Whatever belongs to it."), \
    MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."), \
    MEMBER("faults", SHAPE_INTEGER, 0, "Rows that cannot be used; validateTrainingData lists them.")

const struct shape dataset_out[] = { MEMBER("dataset_id", SHAPE_TEXT, SHAPE_REQUIRED, "The dataset."), KEPT_OUT, END };
const struct shape module_out[] = {
    MEMBER("module_id", SHAPE_TEXT, SHAPE_REQUIRED, "The module."), KEPT_OUT,
    MEMBER("synthetic", SHAPE_LIST, 0, "Datasets that were generated from it, newest first.",
           .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = dataset_out)),
    END
};
#define MORE MEMBER("has_more", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether there is another page.")
const struct shape list_datasets_out[] = {
    MEMBER("datasets", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = dataset_out)),
    MORE,
    END
};
const struct shape list_modules_out[] = {
    MEMBER("modules", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = module_out)),
    MORE,
    END
};
#define GONE MEMBER("deleted", SHAPE_BOOLEAN, SHAPE_REQUIRED, "true")
const struct shape deleted_dataset_out[] = { MEMBER("dataset_id", SHAPE_TEXT, SHAPE_REQUIRED, "The dataset that was."), GONE, END };
const struct shape deleted_module_out[] = { MEMBER("module_id", SHAPE_TEXT, SHAPE_REQUIRED, "The module that was."), GONE, END };

#define FINDING(name_, doc_) MEMBER(name_, SHAPE_OBJECT, SHAPE_REQUIRED | SHAPE_OPEN, doc_)
const struct shape validate_out[] = {
    MEMBER("valid", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether training would take the data."), MEMBER("file", SHAPE_TEXT, SHAPE_REQUIRED, "Its name."),
    MEMBER("rows", SHAPE_INTEGER, SHAPE_REQUIRED, "Rows that can be used."), MEMBER("validation_rows", SHAPE_INTEGER, SHAPE_REQUIRED, "Rows to validate on."),
    MEMBER("errors", SHAPE_INTEGER, SHAPE_REQUIRED, "Rows that cannot be used."), MEMBER("warnings", SHAPE_INTEGER, SHAPE_REQUIRED, "Rows that may mislead."),
    MEMBER("faults", SHAPE_LIST, SHAPE_REQUIRED, "The single faults, each with its line."), MEMBER("outputs", SHAPE_INTEGER, SHAPE_REQUIRED, "Distinct outputs."),
    MEMBER("few_examples", SHAPE_LIST, SHAPE_REQUIRED, "Outputs with few examples."), FINDING("duplicates", "Rows that repeat."),
    FINDING("near_duplicates", "Rows that nearly repeat."), FINDING("conflicts", "One input, several outputs."),
    FINDING("shared", "Rows in training and validation."), FINDING("near_shared", "Near copies in training and validation."),
    END
};

const struct shape checkpoints_out[] = {
    MEMBER("job_id", SHAPE_TEXT, SHAPE_REQUIRED, "The job."), MEMBER("checkpoints", SHAPE_LIST, SHAPE_REQUIRED, "Oldest first."), END
};
const struct shape presets_out[] = { MEMBER("presets", SHAPE_LIST, SHAPE_REQUIRED, "Each with name and doc."), END };

/* ---- tokens ---- */

const struct shape create_token_in[] = {
    MEMBER("scope", SHAPE_TEXT, SHAPE_NULL, "What it allows; each scope includes those before it.", .choices = "read train admin", .dflt = "\"read\""),
    MEMBER("name", SHAPE_TEXT, SHAPE_NULL, "What it is for.", .min = 0, .max = 200),
    MEMBER("tenant", SHAPE_TEXT, SHAPE_NULL, "Whose objects it reaches; another tenant's only on the daemon's own machine.", .min = 1, .max = 63),
    MEMBER("expires_in_days", SHAPE_INTEGER, SHAPE_NULL, "After which it opens nothing; without it, never.", .min = 1, .max = 36500),
    END
};

const struct shape token_in[] = { ID("token_id", "The id of a token, which is a part of its text."), END };

#define TOKEN \
    MEMBER("token_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its id."), MEMBER("name", SHAPE_TEXT, SHAPE_REQUIRED, "What it is for."), \
    MEMBER("scope", SHAPE_TEXT, SHAPE_REQUIRED, "What it allows.", .choices = "read train admin"), \
    MEMBER("tenant", SHAPE_TEXT, SHAPE_REQUIRED, "Whose objects it reaches."), \
    MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."), \
    MEMBER("expires_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "When it ends."), \
    MEMBER("used_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Last use, to the minute."), \
    MEMBER("revoked_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "When it was revoked.")

const struct shape create_token_out[] = {
    TOKEN,
    MEMBER("token", SHAPE_TEXT, SHAPE_REQUIRED, "The token itself, told this once."),
    END
};

const struct shape list_tokens_out[] = {
    MEMBER("tokens", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL,
           .of = (const struct shape[]){ TOKEN, END })),
    END
};

const struct shape revoked_token_out[] = {
    MEMBER("token_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its id."), MEMBER("revoked", SHAPE_BOOLEAN, SHAPE_REQUIRED, "true"),
    END
};

/* ---- the state directory ---- */

const struct shape backup_in[] = {
    MEMBER("file", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_LOCAL, "The archive to write.", .min = 1, .max = 4096),
    END
};

const struct shape backup_out[] = {
    MEMBER("file", SHAPE_TEXT, SHAPE_REQUIRED, "The archive."), MEMBER("bytes", SHAPE_INTEGER, SHAPE_REQUIRED, "Its size."),
    MEMBER("files", SHAPE_INTEGER, SHAPE_REQUIRED, "Files in it besides the database."),
    END
};

const struct shape check_out[] = {
    MEMBER("sound", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether there is no fault."),
    MEMBER("files", SHAPE_INTEGER, SHAPE_REQUIRED, "Files that the database names."),
    MEMBER("bytes", SHAPE_INTEGER, SHAPE_REQUIRED, "Their size."),
    MEMBER("faults", SHAPE_LIST, SHAPE_REQUIRED, "What is damaged or missing.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL,
           .of = (const struct shape[]){ MEMBER("path", SHAPE_TEXT, SHAPE_REQUIRED, "Below the state directory."),
                                         MEMBER("what", SHAPE_TEXT, SHAPE_REQUIRED, "What it is."),
                                         MEMBER("fault", SHAPE_TEXT, SHAPE_REQUIRED, "What is wrong with it."), END })),
    END
};
