/* How a command reaches a function: in this process, where no daemon has the state directory, or through the one that has it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/api/function.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/remote.h"

struct remote *cli_remote(struct cli *c, struct hone_err *err)
{
    err->code = 0;
    if (!c->looked && remote_open(c, &c->remote, err) >= 0)
        c->looked = 1;
    return c->remote;
}

/* In this process. */
static cJSON *call_here(struct cli *c, const char *function, cJSON *in, const struct api_hooks *hooks, int fd, cJSON **details,
                        struct hone_err *err)
{
    struct api_answer answer;
    const struct api_call call = { .function = function, .in = in, .scope = API_ADMIN, .local = 1, .hooks = hooks, .fd = fd };
    int rc = api_call_function(&c->api, &call, &answer, err);
    cJSON *data = answer.data;
    if (rc >= 0 && !data && answer.text)
        data = json_parse(answer.text->bytes, answer.text->n, function, err);
    answer.data = NULL;
    *details = answer.details;
    answer.details = NULL;
    api_answer_free(&answer);
    return rc < 0 ? NULL : data;
}

/* What an answer brings that is to be written, to where it belongs. */
static int write_out(cJSON *data, int fd, struct hone_err *err)
{
    const cJSON *report = json_get(data, "report");
    char *text = !report || cJSON_IsString(report) ? NULL : json_text(report, 1);
    const char *bytes = text ? text : cJSON_IsString(report) ? report->valuestring : NULL;
    int rc = bytes && fd >= 0 && file_write_all(fd, bytes, strlen(bytes)) != 0 ? err_errno(err, "write", "the answer") : 0;
    if (rc == 0 && text && fd >= 0 && file_write_all(fd, "\n", 1) != 0)
        rc = err_errno(err, "write", "the answer");
    free(text);
    cJSON_DeleteItemFromObjectCaseSensitive(data, "report");
    return rc;
}

cJSON *cli_call_with(struct cli *c, const char *function, cJSON *in, const struct api_hooks *hooks, int fd, struct hone_err *err)
{
    cJSON *details = NULL, *data = NULL;
    struct remote *r = cli_remote(c, err);
    if (r)
        data = hooks && hooks->event && json_bool(in, "stream", 0) ? remote_hear(r, function, in, hooks, &details, err)
                                                                   : remote_call(r, function, in, &details, err);
    else if (err->code >= 0)
        data = call_here(c, function, in, hooks, fd, &details, err);
    cJSON_Delete(in);
    if (r && data && write_out(data, fd, err) < 0) {
        cJSON_Delete(data);
        data = NULL;
    }
    api_clear(&c->api);
    c->api.details = details;
    return data;
}

cJSON *cli_call(struct cli *c, const char *function, cJSON *in, struct hone_err *err)
{
    return cli_call_with(c, function, in, NULL, STDOUT_FILENO, err);
}

void cli_limit(cJSON *in, double limit)
{
    if (limit >= 1 && limit <= 200)
        json_put_num(in, "limit", limit);
    else
        json_put_num(in, "most", limit);
}

/* Standard input as a file, which the end of the command removes. */
static char *spool(struct cli *c, struct hone_err *err)
{
    char bytes[65536], *path = c->spooled[c->spooled[0][0] != '\0'];
    ssize_t n = 1;
    snprintf(path, sizeof c->spooled[0], "/tmp/hone-input-XXXXXX");
    int fd = mkstemp(path), rc = fd < 0 ? err_errno(err, "make", path) : 0;
    while (rc == 0 && n != 0) {
        if ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0 && file_write_all(fd, bytes, (size_t)n) != 0)
            rc = err_errno(err, "write", path);
        else if (n < 0 && errno != EINTR)
            rc = err_errno(err, "read", "standard input");
    }
    if (fd >= 0)
        close(fd);
    char *copy = rc == 0 ? strdup(path) : NULL;
    if (rc == 0 && !copy)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    return copy;
}

/* As the daemon of this machine can open it; free(). */
static char *share(struct cli *c, const char *file, struct hone_err *err)
{
    if (strcmp(file, "-") == 0)
        return spool(c, err);
    char *path = realpath(file, NULL);
    if (!path)
        err_open(err, file);
    return path;
}

int cli_share_member(struct cli *c, cJSON *in, const char *member, const char *uploaded, struct hone_err *err)
{
    const char *file = json_str(in, member, NULL);
    struct remote *r = file ? cli_remote(c, err) : NULL;
    if (!r)
        return file ? err->code : 0;
    int local = remote_is_local(r);
    if (!local && !uploaded)
        return hone_fail(err, ERR_USAGE, "%s is a file of this machine, which the daemon elsewhere cannot read; run the command there", file);
    char format[64]; /* the member beside it: "format", "test_format" */
    snprintf(format, sizeof format, "%.*sformat", (int)(strlen(member) - strlen("file")), member);
    char *value = local ? share(c, file, err) : remote_upload(r, file, json_str(in, format, NULL), err);
    if (!value)
        return err->code;
    if (!local) {
        cJSON_DeleteItemFromObjectCaseSensitive(in, member);
        cJSON_DeleteItemFromObjectCaseSensitive(in, format);
    }
    json_put_str(in, local ? member : uploaded, value);
    free(value);
    return 0;
}
