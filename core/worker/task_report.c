/* The task "report": a report tree to a file, or to the supervisor's standard output, through a formatter plugin. A file
 * appears whole or not at all. What travels is described in docs/architecture.md. */
#include <stdlib.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/judge/report_tree.h"
#include "core/worker/task.h"

/* Reports are made in memory, so that one that fails leaves nothing behind. */
struct collected {
    struct hone_sink sink; /* first */
    struct buf text;
};

static int collect(struct hone_sink *sink, const void *bytes, size_t n, struct hone_err *err)
{
    struct collected *c = (struct collected *)(void *)sink;
    buf_add(&c->text, bytes, n);
    return buf_oom(&c->text) ? hone_fail(err, HONE_ENOMEM, "memory ran out for the report") : 0;
}

static int deliver(struct task *t, const struct buf *text, struct hone_err *err)
{
    const char *path = json_str(t->start, "output", NULL);
    t->stage = "output";
    if (path)
        return file_write_atomic(path, text->p, text->n, err);
    return file_write_all(t->out, text->p, text->n) == 0 ? 0 : err_errno(err, "write to", "standard output");
}

int task_report(struct task *t, struct hone_err *err)
{
    struct collected c = { .sink = { .struct_size = sizeof c.sink, .write = collect } };
    const char *format = json_str(t->start, "format", "markdown");
    t->stage = "format";
    const struct hone_item *item = registry_find(t->registry, HONE_REPORT, format, NULL, err);
    if (!item)
        return err->code;
    const struct hone_report *formatter = (const struct hone_report *)(const void *)item;
    const cJSON *options = json_get(t->start, "options");
    void *conf = settings_new(item, cJSON_IsNull(options) ? NULL : options, err);
    if (!conf)
        return err->code;
    t->stage = "report";
    int rc = report_tree_write(json_get(t->start, "report"), formatter, conf, registry_host(t->registry), &c.sink, err);
    if (rc == 0)
        rc = deliver(t, &c.text, err);
    json_put_int(t->result, "bytes", (int64_t)c.text.n);
    json_put_str(t->result, "media_type", formatter->media_type);
    buf_free(&c.text);
    settings_free(item, conf);
    return rc;
}
