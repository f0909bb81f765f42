/* See fence.h. Frames come from hone alone, so that what they name is what the task is about; what a user or a client of the API
 * wrote freely (texts, options, a report) is not looked through. */
#include "core/worker/fence.h"

#include <limits.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/host/sandbox.h"

static const char *const free_form[] = { "config", "own", "texts", "options", "report", "history", "details" };

static int is_free_form(const char *key)
{
    for (size_t i = 0; key && i < sizeof free_form / sizeof free_form[0]; i++)
        if (strcmp(key, free_form[i]) == 0)
            return 1;
    return 0;
}

static void allow_named(struct sandbox *s, const cJSON *v)
{
    const cJSON *c;
    if (cJSON_IsString(v) && strlen(v->valuestring) < PATH_MAX)
        sandbox_allow(s, v->valuestring, SANDBOX_READ);
    if (cJSON_IsObject(v) || cJSON_IsArray(v))
        cJSON_ArrayForEach(c, v)
            if (!is_free_form(c->string))
                allow_named(s, c);
}

/* Plugins may be named by path. */
static void allow_plugins(struct sandbox *s, const cJSON *config)
{
    static const char *const keys[] = { "optimizer", "schedulerType", "model", "trainingType" };
    const cJSON *inner = json_get(json_get(config, "optimizerOptions"), "optimizer");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *name = json_str(config, keys[i], "");
        if (strchr(name, '/'))
            sandbox_allow(s, name, SANDBOX_READ);
    }
    sandbox_allow(s, json_str(json_get(config, "modelOptions"), "tokenizer", NULL), SANDBOX_READ);
    if (cJSON_IsString(inner) && strchr(inner->valuestring, '/'))
        sandbox_allow(s, inner->valuestring, SANDBOX_READ);
}

/* A file that is to appear whole is written beside its place. */
static void allow_output(struct sandbox *s, const char *path)
{
    char dir[PATH_MAX];
    if (!path)
        return;
    const char *slash = strrchr(path, '/');
    size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof dir)
        return;
    memcpy(dir, n ? path : ".", n ? n : 1);
    dir[n ? n : 1] = '\0';
    sandbox_allow(s, dir, SANDBOX_WRITE);
}

int task_fence(const struct task *t, int forks, struct hone_err *err)
{
    struct sandbox *s = sandbox_new(err);
    if (!s)
        return HONE_ENOMEM;
    sandbox_allow_system(s);
    for (size_t i = 0; t->dirs[i]; i++)
        sandbox_allow(s, t->dirs[i], SANDBOX_READ);
    allow_named(s, t->start);
    allow_plugins(s, json_get(t->start, "config"));
    sandbox_allow(s, json_str(t->start, "job_dir", NULL), SANDBOX_WRITE);
    allow_output(s, json_str(t->start, "output", NULL));
    int rc = sandbox_files(s, err);
    sandbox_free(s);
    return rc < 0 ? rc : sandbox_calls(forks, err);
}
