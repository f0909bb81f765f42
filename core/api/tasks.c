/* Tasks of a worker that need no books: start it, hear it out, take what it found. */
#include <stdlib.h>
#include <string.h>
#include "core/api/priv.h"
#include "core/base/json.h"

#define GREETING_MS 10000

cJSON *start_frame(const struct api *a, const char *task)
{
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "type", "start");
    json_put_str(f, "task", task);
    json_put(f, "plugin_dirs", a->plugin_dirs ? cJSON_Duplicate(a->plugin_dirs, 1) : cJSON_CreateArray());
    json_put_int(f, "threads", a->threads);
    json_put_int(f, "log_level", a->log_level);
    return f;
}

void add_model_dir(cJSON *start, const char *plugins)
{
    cJSON *list = stored_json(plugins), *dirs = cJSON_GetObjectItemCaseSensitive(start, "plugin_dirs");
    const cJSON *p;
    cJSON_ArrayForEach(p, list) {
        const char *path = json_str(p, "path", ""), *slash = strrchr(path, '/');
        if (!slash || slash == path || strcmp(json_str(p, "kind", ""), "model") != 0)
            continue;
        char *dir = strndup(path, (size_t)(slash - path));
        if (dir)
            cJSON_AddItemToArray(dirs, cJSON_CreateString(dir));
        else
            json_note_loss();
        free(dir);
    }
    cJSON_Delete(list);
}

int take_error(struct api *a, const cJSON *frame, struct hone_err *err)
{
    const cJSON *details = json_get(frame, "details");
    api_clear(a);
    if (cJSON_IsArray(details) && cJSON_GetArraySize(details) > 0)
        a->details = cJSON_Duplicate(details, 1);
    return worker_error(frame, err);
}

static int wished_away(void *arg)
{
    const struct api_hooks *h = arg;
    return h && h->wish && h->wish(h->arg) != API_GO;
}

/* The worker has no network: what a generator asks of a language model is asked here, and the answer, or why there is none, sent back. */
static int complete(struct api *a, struct worker_proc *w, const cJSON *frame, const struct api_hooks *hooks, struct hone_err *err)
{
    struct hone_err why = { 0 };
    char *text = NULL;
    int rc = completion_ask(&a->completion, json_get(frame, "request"), wished_away, (void *)(intptr_t)hooks, &text, &why);
    if (rc == ERR_INTERRUPTED)
        return hone_fail(err, rc, "interrupted");
    cJSON *f = cJSON_CreateObject();
    json_put_str(f, "type", "completed");
    json_put_str(f, "text", text);
    if (rc < 0) {
        json_put_int(f, "code", rc);
        json_put_str(f, "error", why.text);
    }
    rc = worker_send(w, f, err);
    cJSON_Delete(f);
    free(text);
    return rc == HONE_EIO ? 0 : rc; /* it is gone: worker_next() tells why */
}

cJSON *run_task(struct api *a, cJSON *start, int fd, const struct api_hooks *hooks, struct hone_err *err)
{
    struct worker_proc *w = worker_start(&(struct worker_opts){ .stdout_fd = fd }, err);
    cJSON *result = NULL;
    int rc = w ? worker_send(w, start, err) : err->code;
    if (w && rc == HONE_EIO)
        rc = 0; /* it is gone: worker_next() tells why */
    cJSON_Delete(start);
    while (rc >= 0 && !result) {
        cJSON *frame = NULL;
        if (hooks && hooks->wish && hooks->wish(hooks->arg) != API_GO)
            rc = hone_fail(err, ERR_INTERRUPTED, "interrupted");
        else
            rc = worker_next(w, 200, &frame, err);
        const char *type = json_str(frame, "type", "");
        if (strcmp(type, "result") == 0) {
            result = frame;
            continue;
        }
        if (strcmp(type, "complete") == 0)
            rc = complete(a, w, frame, hooks, err);
        else if (strcmp(type, "error") == 0)
            rc = take_error(a, frame, err);
        else if (frame && hooks && hooks->event)
            hooks->event(hooks->arg, type, frame);
        cJSON_Delete(frame);
    }
    if (result) {
        worker_wait(w, 5000);
        cJSON_DeleteItemFromObjectCaseSensitive(result, "type");
    }
    worker_free(w);
    return result;
}

cJSON *api_sandbox(struct hone_err *err)
{
    struct worker_proc *w = worker_start(&(struct worker_opts){ .capture_stderr = 1 }, err);
    const cJSON *said = w ? worker_sandbox(w, GREETING_MS, err) : NULL;
    cJSON *out = said ? cJSON_Duplicate(said, 1) : NULL;
    worker_free(w);
    return out;
}
