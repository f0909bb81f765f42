/* What the tests of formatter plugins share: a host that lends memory only, and a sink that keeps what is written. */
#ifndef UNIT_REPORTS_H
#define UNIT_REPORTS_H
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/judge/report_tree.h"

struct kept {
    struct hone_sink sink; /* first */
    struct buf text;
    int refuse;
};

static void *lend(const struct hone_host *host, size_t n)
{
    (void)host;
    return calloc(1, n);
}

static void take_back(const struct hone_host *host, void *p)
{
    (void)host;
    free(p);
}

static int keep(struct hone_sink *sink, const void *bytes, size_t n, struct hone_err *err)
{
    struct kept *k = (struct kept *)(void *)sink;
    if (k->refuse)
        return hone_fail(err, HONE_EIO, "the disk is full");
    buf_add(&k->text, bytes, n);
    return 0;
}

/* Writes a tree that is given as text; the result stands in k->text. */
static int write_tree(const struct hone_report *formatter, const void *conf, const char *text, struct kept *k,
                      struct hone_err *err)
{
    static const struct hone_host host = { .struct_size = sizeof host, .alloc = lend, .free = take_back };
    cJSON *tree = json_parse(text, strlen(text), "tree", err);
    int rc = tree ? 0 : HONE_EINVAL;
    k->sink.struct_size = sizeof k->sink;
    k->sink.write = keep;
    if (tree)
        rc = report_tree_write(tree, formatter, conf, &host, &k->sink, err);
    cJSON_Delete(tree);
    return rc;
}

#endif
