/* How a command reaches a function: in this process, where no daemon has the state directory, or through the one that has it. */
#include <unistd.h>
#include "core/api/function.h"
#include "core/base/json.h"
#include "core/cli/cli.h"

cJSON *cli_call_with(struct cli *c, const char *function, cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct api_answer answer;
    const struct api_call call = { .function = function, .in = in, .scope = API_ADMIN, .local = 1, .hooks = hooks, .fd = STDOUT_FILENO };
    int rc = api_call_function(&c->api, &call, &answer, err);
    cJSON *data = answer.data;
    cJSON_Delete(in);
    if (rc >= 0 && !data && answer.text)
        data = json_parse(answer.text->bytes, answer.text->n, function, err);
    answer.data = NULL;
    if (rc < 0) {
        api_clear(&c->api);
        c->api.details = answer.details;
        answer.details = NULL;
    }
    api_answer_free(&answer);
    return rc < 0 ? NULL : data;
}

cJSON *cli_call(struct cli *c, const char *function, cJSON *in, struct hone_err *err)
{
    return cli_call_with(c, function, in, NULL, err);
}
