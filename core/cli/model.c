/* `hone model import` and `hone model export`: folders of weights as Hugging Face has them. */
#include "core/base/json.h"
#include "core/cli/commands.h"

static void show_import(const struct cli *c, const cJSON *o)
{
    printf("model %s, %lld parameters\n", json_str(o, "model", "?"), (long long)json_int(o, "parameters", 0));
    cli_hint(c, "Next: hone train --data FILE --set base=%s", c->arg[1]);
}

static void show_export(const struct cli *c, const cJSON *o)
{
    printf("%lld parameters of model %s in %s, weights in %lld file%s\n", (long long)json_int(o, "parameters", 0), json_str(o, "model", "?"), c->arg[1],
           (long long)json_int(o, "files", 0), json_int(o, "files", 0) == 1 ? "" : "s");
}

static int run_folder(struct cli *c, int export, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    double shard = 0;
    if (export && cli_number(c, "shard-mb", 1, 1e6, 0, &shard, err) < 0)
        return err->code;
    cJSON *in = export ? cli_query("agent_id", c->arg[0], "folder", c->arg[1], NULL) : cli_query("folder", c->arg[0], "output", c->arg[1], NULL);
    if (shard > 0)
        json_put_num(in, "shard_mb", shard);
    cli_progress_open(&p, c, &hooks);
    cJSON *out = export ? api_model_export(&c->api, in, &hooks, err) : api_model_import(&c->api, in, &hooks, err);
    cli_progress_close(&p);
    cJSON_Delete(in);
    return cli_result(c, out, export ? show_export : show_import, err);
}

static int run_import(struct cli *c, struct hone_err *err)
{
    return run_folder(c, 0, err);
}

static int run_export(struct cli *c, struct hone_err *err)
{
    return run_folder(c, 1, err);
}

static const struct cli_option no_options[] = { { NULL, NULL, NULL } };
static const struct cli_option export_options[] = {
    { "shard-mb", "N", "weights in several files of at most N MB" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_model_import = {
    "model import", "FOLDER FILE", "make a weights file of a folder of Hugging Face",
    "hone model import ./llama ./llama.safetensors\nhone train --agent writer --data pairs.jsonl --set base=./llama.safetensors",
    no_options, 2, 2, 1, run_import,
};
const struct cli_command cmd_model_export = {
    "model export", "AGENT FOLDER", "write an agent's weights as a folder of Hugging Face",
    "hone model export writer ./llama\nhone model export writer ./llama --shard-mb 500", export_options, 2, 2, 1, run_export,
};
