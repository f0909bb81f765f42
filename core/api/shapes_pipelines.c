/* What the functions about pipelines and sweeps take and give. See shapes.h. */
#include "core/api/shapes.h"

#define RUN_ID ID("pipeline_run_id", "Run of a pipeline or sweep.")
#define WORKERS MEMBER("workers", SHAPE_INTEGER, SHAPE_LOCAL, "Trainings of a sweep that run at once, where there is no daemon.", .min = 1, .max = 64)

const struct shape run_pipeline_in[] = {
    MEMBER("pipeline", SHAPE_TEXT, SHAPE_NULL, "A pipeline that the server has, by name.", .min = 1, .max = 4096),
    MEMBER("definition", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "A pipeline or sweep itself, in the form of the files as JSON."),
    MEMBER("parameters", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "Values of the pipeline's parameters."),
    MEMBER("check_only", SHAPE_BOOLEAN, 0, "Checks it and runs nothing.", .dflt = "false"),
    MEMBER("directory", SHAPE_TEXT, SHAPE_LOCAL, "Where relative files begin.", .min = 1, .max = 4096),
    WORKERS,
    END
};
const struct shape show_run_in[] = {
    RUN_ID,
    MEMBER("include_results", SHAPE_BOOLEAN, 0, "Include the result of each step and the definition.", .dflt = "true"),
    END
};
const struct shape list_runs_in[] = {
    MEMBER("kind", SHAPE_TEXT, SHAPE_NULL, "Of this kind only.", .choices = "pipeline sweep"),
    MEMBER("status", SHAPE_TEXT, SHAPE_NULL, "In this status only.", .choices = "running paused completed failed cancelled"),
    LIMIT,
    END
};
const struct shape resume_run_in[] = { RUN_ID, WORKERS, END };
const struct shape run_in[] = { RUN_ID, END };

#define RUN \
    MEMBER("pipeline_run_id", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "The run; null when it was checked only."), \
    MEMBER("kind", SHAPE_TEXT, SHAPE_REQUIRED, "What it is a run of.", .choices = "pipeline sweep"), \
    MEMBER("name", SHAPE_TEXT, SHAPE_REQUIRED, "Its name."), \
    MEMBER("status", SHAPE_TEXT, SHAPE_REQUIRED, "Where it is.", .choices = "checked running paused completed failed cancelled"), \
    MEMBER("error", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "Why it failed: code, message."), \
    MEMBER("result", SHAPE_OBJECT, SHAPE_NULL | SHAPE_OPEN, "How many steps ended how; of a sweep the winner and how good it is."), \
    MEMBER("parameters", SHAPE_OBJECT, SHAPE_OPEN, "The parameters with their values."), \
    MEMBER("elapsed_ms", SHAPE_INTEGER, 0, "How long it was worked on."), \
    MEMBER("created_at", SHAPE_TEXT, SHAPE_NULL, "When it was asked for."), MEMBER("updated_at", SHAPE_TEXT, SHAPE_NULL, "Last change."), \
    MEMBER("completed_at", SHAPE_TEXT, SHAPE_NULL, "When it ended.")

const struct shape run_out[] = {
    RUN,
    MEMBER("steps", SHAPE_LIST, SHAPE_REQUIRED, "Parts of steps in the order of the definition: step, part, do, status, reason, attempts, job_id, same_as, times, result."),
    MEMBER("definition", SHAPE_OBJECT, SHAPE_OPEN, "What was run."),
    END
};
const struct shape list_runs_out[] = {
    MEMBER("runs", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = (const struct shape[]){ RUN, END })),
    END
};
const struct shape pipelines_out[] = { MEMBER("pipelines", SHAPE_LIST, SHAPE_REQUIRED, "Each with name and doc."), END };
