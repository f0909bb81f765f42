/* Tries a report formatter on a small report full of awkward texts. See check_plugin.h. */
#include <stdio.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/judge/report_tree.h"
#include "core/worker/check_plugin.h"

struct collected {
    struct hone_sink sink; /* first */
    struct buf text;
    size_t room;           /* bytes until the sink refuses */
};

static int collect(struct hone_sink *sink, const void *bytes, size_t n, struct hone_err *err)
{
    struct collected *c = (struct collected *)(void *)sink;
    if (c->text.n + n > c->room)
        return hone_fail(err, HONE_EIO, "the disk is full");
    buf_add(&c->text, bytes, n);
    return 0;
}

/* Everything that a tree may hold: texts with the marks of common formats, values that are not known, a table, a curve. */
static const char sample[] =
    "{\"type\":\"check\",\"title\":\"A | title, with <marks> & \\\"quotes\\\"\",\"fields\":[{\"key\":\"job\",\"label\":\"Job\",\"type\":\"text\","
    "\"value\":\"job_1\"}],\"sections\":[{\"key\":\"one\",\"title\":\"One\",\"items\":["
    "{\"values\":[{\"key\":\"accuracy\",\"label\":\"Accuracy\",\"type\":\"real\",\"value\":0.875},{\"key\":\"loss\",\"label\":\"Loss\","
    "\"type\":\"real\",\"value\":null},{\"key\":\"n\",\"label\":\"Rows\",\"type\":\"integer\",\"value\":-3},{\"key\":\"yes\",\"label\":\"Yes\","
    "\"type\":\"boolean\",\"value\":true}]},{\"text\":\"Two lines\\nand an \\u00e4, a \\u20ac, a \\t tab\"},{\"section\":{\"key\":\"two\","
    "\"title\":\"Two\",\"items\":[{\"table\":{\"key\":\"t\",\"title\":\"Table\",\"columns\":[{\"key\":\"a\",\"label\":\"A\",\"type\":\"text\"},"
    "{\"key\":\"b\",\"label\":\"B\",\"type\":\"real\"}],\"rows\":[[\"x|y\",1.5],[\"=1+1\",null]]}},{\"series\":{\"key\":\"s\",\"title\":"
    "\"Curve\",\"x\":[1,2,3],\"y\":[0.5,null,0.25]}}]}}]}]}";

static int write_sample(struct checking *c, const void *conf, size_t room, struct collected *out, struct hone_err *err)
{
    cJSON *tree = json_parse(sample, strlen(sample), "sample", err);
    *out = (struct collected){ .sink = { .struct_size = sizeof out->sink, .write = collect }, .room = room };
    int ret = tree ? report_tree_write(tree, (const struct hone_report *)(const void *)c->item, conf, registry_host(c->task->registry),
                                       &out->sink, err) : err->code;
    cJSON_Delete(tree);
    return ret;
}

void check_report(struct checking *c)
{
    const struct hone_report *item = (const struct hone_report *)(const void *)c->item;
    struct hone_err err = { 0 };
    struct collected one = { .room = 0 }, two, cut;
    void *conf = settings_new(c->item, NULL, &err);
    int ret = conf || !c->item->conf_size ? write_sample(c, conf, (size_t)-1, &one, &err) : err.code;
    check_line(c, "writes a report with every kind of record", ret < 0 ? err.text : one.text.n ? NULL : "nothing was written");
    if (ret < 0) {
        buf_free(&one.text);
        settings_free(c->item, conf);
        return;
    }
    int text = strncmp(item->media_type, "text/", 5) == 0 || strstr(item->media_type, "json");
    check_line(c, "writes UTF-8", !text || utf8_invalid_at(one.text.p, one.text.n) >= one.text.n ? NULL : "its media type is one of text, and what it wrote is not UTF-8");
    ret = write_sample(c, conf, (size_t)-1, &two, &err);
    check_line(c, "writes the same again", ret >= 0 && one.text.n == two.text.n && memcmp(one.text.p, two.text.p, one.text.n) == 0
                                               ? NULL : "a second report of the same tree has other bytes");
    ret = write_sample(c, conf, one.text.n / 2, &cut, &err);
    check_line(c, "passes on that a disk is full", ret < 0 ? NULL : "the sink refused bytes, and the report was called whole");
    buf_free(&one.text);
    buf_free(&two.text);
    buf_free(&cut.text);
    settings_free(c->item, conf);
}
