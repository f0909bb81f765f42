/* The kinds of steps of a pipeline, their parameters, and requests made from them; see pipe.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/pipe.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/train/config.h"

#define DATA { "data", PIPE_ROWS, "training_data.file", "training_data.dataset_id", "training_data.moduleId", "examples to learn from" }, \
             { "format", PIPE_PLAIN, "training_data.format", NULL, NULL, "format of that file" }
#define TEST { "test", PIPE_ROWS, "test_file", "test_dataset_id", NULL, "fresh examples; without them the rows that training held out" }, \
             { "format", PIPE_PLAIN, "test_format", NULL, NULL, "format of that file" }
#define NO_MORE { NULL, PIPE_PLAIN, NULL, NULL, NULL, NULL }

static const struct pipe_param validate_params[] = { DATA, NO_MORE };
static const struct pipe_param train_params[] = {
    { "agent", PIPE_PLAIN, "agent_id", NULL, NULL, "the agent, made when there is none of that name" },
    DATA,
    { "validation", PIPE_ROWS, "training_data.validation_file", "training_data.validation_dataset_id", NULL, "examples to validate on, in place of a share of the data" },
    { "validation_format", PIPE_PLAIN, "training_data.validation_format", NULL, NULL, "format of that file" },
    NO_MORE
};
static const struct pipe_param evaluate_params[] = {
    { "job", PIPE_PLAIN, "job_id", NULL, NULL, "the training to judge" },
    TEST,
    { "criteria", PIPE_PLAIN, "evaluation_criteria", NULL, NULL, "list of metrics" },
    { "against", PIPE_PLAIN, "benchmark_against", NULL, NULL, "a training to compare it with" },
    { "rules", PIPE_FILE, "safety_rules", NULL, NULL, "file of rules for the metric safety" },
    NO_MORE
};
static const struct pipe_param compare_params[] = {
    { "runs", PIPE_PLAIN, "run_ids", NULL, NULL, "list of the trainings to compare" },
    TEST,
    { "metrics", PIPE_PLAIN, "comparison_metrics", NULL, NULL, "list of metrics" },
    { "margin", PIPE_PLAIN, "equivalence_margin", NULL, NULL, "accuracies that are nearer than this count as equal" },
    NO_MORE
};
static const struct pipe_param report_params[] = {
    { "job", PIPE_PLAIN, "job_id", NULL, NULL, "the training to report on" },
    { "agent", PIPE_PLAIN, "agent_id", NULL, NULL, "the agent to report on" },
    { "runs", PIPE_PLAIN, "run_ids", NULL, NULL, "trainings to compare" },
    { "comparison", PIPE_PLAIN, "comparison_id", NULL, NULL, "a comparison that is kept" },
    { "type", PIPE_PLAIN, "report_type", NULL, NULL, "what the report is on" },
    { "sections", PIPE_PLAIN, "include_sections", NULL, NULL, "list of sections" },
    { "output", PIPE_FILE, "output", NULL, NULL, "the file that it goes to; without it the result holds the report" },
    NO_MORE
};
static const struct pipe_param deploy_params[] = {
    { "agent", PIPE_PLAIN, "agent_id", NULL, NULL, "the agent" },
    { "job", PIPE_PLAIN, "version_id", NULL, NULL, "the training whose version is to answer" },
    { "version", PIPE_PLAIN, "version_id", NULL, NULL, "the version that is to answer, by id or number" },
    NO_MORE
};
static const struct pipe_param generate_params[] = {
    { "module", PIPE_PLAIN, "module_id", NULL, NULL, "the training module" },
    { "count", PIPE_PLAIN, "sample_count", NULL, NULL, "how many examples" },
    NO_MORE
};
static const struct pipe_param adapt_params[] = { { "agent", PIPE_PLAIN, "agent_id", NULL, NULL, "the agent" }, NO_MORE };
static const struct pipe_param webhook_params[] = { { "webhook", PIPE_PLAIN, "webhook_id", NULL, NULL, "the webhook to send to" }, NO_MORE };
static const struct pipe_param gate_params[] = { NO_MORE };

const struct pipe_kind pipe_kinds[] = {
    { "validate", "validateTrainingData", PIPE_CACHED, validate_params, "looks through data; data that training would refuse fails the step" },
    { "generate", "generateSyntheticTrainingData", 0, generate_params, "makes examples from a training module" },
    { "train", "startTrainingJob", PIPE_CACHED | PIPE_TRAINS, train_params, "trains; the version does not answer until it is deployed, unless deploy = true" },
    { "evaluate", "evaluateTrainingResults", PIPE_CACHED | PIPE_BOOKED, evaluate_params, "judges a training" },
    { "compare", "compareTrainingRuns", PIPE_CACHED | PIPE_BOOKED, compare_params, "compares trainings and tests their differences" },
    { "gate", NULL, 0, gate_params, "lets the steps that need it go on only when a condition holds" },
    { "report", "generateTrainingReport", 0, report_params, "writes a report" },
    { "deploy", "deployAgentVersion", PIPE_BOOKED, deploy_params, "lets a version of an agent answer" },
    { "webhook", "testWebhook", 0, webhook_params, "sends an event to a webhook" },
    { "adapt", "adaptAgentBehavior", 0, adapt_params, "adapts an agent to its feedback" },
    { NULL, NULL, 0, NULL, NULL }
};

const struct pipe_key pipe_keys[] = {
    { "do", NULL, "the kind of the step" },
    { "needs", NULL, "list of the steps that must be done before; only their results can be referred to" },
    { "when", NULL, "a condition; when it does not hold the step is skipped, which is no failure" },
    { "matrix", NULL, "the step once for each of several sets of parameters: a list of groups, or a group of lists, whose combinations are taken" },
    { "retries", NULL, "how often it is tried again after a failure that is not a fault of its request; 0 to 10, default 0" },
    { "cache", NULL, "false: run it even when nothing that it depends on has changed" },
    { "description", NULL, "for people" },
    { "require", "gate", "the condition" },
    { "otherwise", "gate", "\"stop\" (default): when the condition does not hold, steps that need the gate are not run, and the run completes; \"fail\": the run fails" },
    { NULL, NULL, NULL }
};

const struct pipe_kind *pipe_kind_find(const char *name)
{
    for (const struct pipe_kind *k = pipe_kinds; k->name; k++) {
        if (strcmp(k->name, name) == 0)
            return k;
    }
    return NULL;
}

const struct pipe_param *pipe_param_find(const struct pipe_kind *kind, const char *name)
{
    for (const struct pipe_param *p = kind->params; p->name; p++) {
        if (strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

int pipe_key_known(const struct pipe_kind *kind, const char *name)
{
    for (const struct pipe_key *k = pipe_keys; k->name; k++) {
        if (strcmp(k->name, name) == 0 && (!k->kind || strcmp(k->kind, kind->name) == 0))
            return 1;
    }
    return 0;
}

/* ---- requests ---- */

/* in.a.b = value (taken). */
static void put_path(cJSON *in, const char *path, cJSON *value)
{
    const char *dot = strchr(path, '.');
    char head[64];
    if (!dot) {
        json_put(in, path, value);
        return;
    }
    snprintf(head, sizeof head, "%.*s", (int)(dot - path), path);
    if (!cJSON_IsObject(json_get(in, head)))
        json_put(in, head, cJSON_CreateObject());
    put_path(cJSON_GetObjectItemCaseSensitive(in, head), dot + 1, value);
}

static cJSON *file_of(const cJSON *v, const char *dir)
{
    if (!cJSON_IsString(v) || v->valuestring[0] == '/' || !dir)
        return cJSON_Duplicate(v, 1);
    char *path = path_join(dir, v->valuestring);
    cJSON *out = cJSON_CreateString(path ? path : v->valuestring);
    free(path);
    return out;
}

static int is_id(const cJSON *v, const char *prefix)
{
    return cJSON_IsString(v) && strncmp(v->valuestring, prefix, strlen(prefix)) == 0 && !strpbrk(v->valuestring, "/.");
}

static void put_param(cJSON *in, const struct pipe_param *p, const cJSON *v, const char *dir)
{
    if (p->type == PIPE_ROWS && p->dataset && is_id(v, "data_"))
        put_path(in, p->dataset, cJSON_Duplicate(v, 1));
    else if (p->type == PIPE_ROWS && p->module && is_id(v, "module_"))
        put_path(in, p->module, cJSON_Duplicate(v, 1));
    else
        put_path(in, p->path, p->type == PIPE_PLAIN ? cJSON_Duplicate(v, 1) : file_of(v, dir));
}

static int is_absent(const cJSON *v)
{
    return cJSON_IsNull(v) || (cJSON_IsString(v) && !v->valuestring[0]);
}

/* A group without what is absent in it. */
static cJSON *present(const cJSON *v)
{
    cJSON *out = cJSON_Duplicate(v, 1);
    for (cJSON *m = cJSON_IsObject(out) ? out->child : NULL, *next; m; m = next) {
        next = m->next;
        if (is_absent(m))
            cJSON_Delete(cJSON_DetachItemViaPointer(out, m));
    }
    return out;
}

cJSON *pipe_request(const struct pipe_kind *kind, const cJSON *params, const char *dir)
{
    cJSON *in = cJSON_CreateObject();
    const cJSON *v;
    if (kind->flags & PIPE_TRAINS)
        json_put_bool(in, "deploy", 0);
    cJSON_ArrayForEach(v, params) {
        const struct pipe_param *p = pipe_param_find(kind, v->string);
        if (is_absent(v))
            continue;
        if (p)
            put_param(in, p, v, dir);
        else
            json_put(in, v->string, present(v));
    }
    return in;
}

/* ---- the tables for the documentation ---- */

char *pipe_markdown(void)
{
    static const char *const types[] = { "", "rows", "file" };
    struct buf b = { 0 };
    buf_puts(&b, "| Key | Of | Meaning |\n| --- | --- | --- |\n");
    for (const struct pipe_key *k = pipe_keys; k->name; k++)
        buf_printf(&b, "| `%s` | %s | %s |\n", k->name, k->kind ? k->kind : "every step", k->doc);
    buf_puts(&b, "\n| Step | Function | Meaning | Its own parameters |\n| --- | --- | --- | --- |\n");
    for (const struct pipe_kind *k = pipe_kinds; k->name; k++) {
        buf_printf(&b, "| `%s` | %s%s%s | %s | ", k->name, k->function ? "`" : "", k->function ? k->function : "none", k->function ? "`" : "", k->doc);
        for (const struct pipe_param *p = k->params; p->name; p++)
            buf_printf(&b, "%s`%s` %s%s%s%s", p == k->params ? "" : "; ", p->name, *types[p->type] ? "(" : "", types[p->type], *types[p->type] ? ") " : "", p->doc);
        buf_puts(&b, " |\n");
    }
    return buf_take(&b);
}
