/* Report format "first_report": receives a report as records and writes bytes. This one writes plain text. */
#include <stdio.h>
#include <string.h>
#include "hone/report.h"

struct writer {
    const struct hone_host *host;
    struct hone_sink *sink;
};

static int put(struct writer *w, const char *text, struct hone_err *err)
{
    return w->sink->write(w->sink, text, strlen(text), err);
}

static int open_writer(void **self, const void *conf, const struct hone_host *host, struct hone_sink *sink, struct hone_err *err)
{
    struct writer *w = host->alloc(host, sizeof *w);
    (void)conf;
    if (!w)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    w->host = host;
    w->sink = sink;
    *self = w;
    return 0;
}

/* A value as text; `text` has room for numbers. */
static const char *value(const struct hone_field *f, char text[64])
{
    if (f->type == HONE_STR)
        return f->v.str ? f->v.str : "";
    if (f->type == HONE_REAL)
        snprintf(text, 64, "%g", f->v.real);
    else
        snprintf(text, 64, "%lld", (long long)f->v.integer);
    return text;
}

static int record(void *self, const struct hone_record *r, struct hone_err *err)
{
    char text[64];
    int ret = 0;
    if (r->type == HONE_REC_BEGIN || r->type == HONE_REC_SECTION || r->type == HONE_REC_TABLE)
        ret = put(self, r->title ? r->title : "", err);
    else if (r->type == HONE_REC_TEXT)
        ret = put(self, r->text ? r->text : "", err);
    for (uint32_t i = 0; i < r->n_fields && ret >= 0 && r->type != HONE_REC_TABLE; i++) {
        const struct hone_field *f = (const struct hone_field *)(const void *)((const char *)r->fields + (size_t)i * r->field_size);
        if (r->type != HONE_REC_ROW)
            ret = put(self, "\n", err) < 0 || put(self, f->label ? f->label : f->key, err) < 0 || put(self, ": ", err) < 0 ? err->code : 0;
        else
            ret = put(self, i ? "\t" : "", err);
        if (ret >= 0)
            ret = put(self, value(f, text), err);
    }
    return ret < 0 ? ret : put(self, "\n", err);
}

static int close_writer(void *self, struct hone_err *err)
{
    struct writer *w = self;
    (void)err;
    w->host->free(w->host, w);
    return 0;
}

static const struct hone_report first_report = {
    .item = HONE_ITEM_PLAIN(struct hone_report, HONE_REPORT, "first_report", "one line for lists", "Longer text.", 0),
    .suffix = "txt", .media_type = "text/plain; charset=utf-8", .open = open_writer, .record = record, .close = close_writer,
};

HONE_DEFINE_PLUGIN("first_report", "0.1", "Apache-2.0", "", NULL, NULL, &first_report.item);
