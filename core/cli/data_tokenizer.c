/* `hone data tokenizer`: a byte-level tokenizer learned from the texts of an example file, as tokenizer.json. */
#include <stdlib.h>
#include <string.h>
#include "core/base/bpe.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/commands.h"
#include "core/data/examples.h"

static int learn(struct cli *c, const struct examples *e, int64_t size, const char *output, struct hone_err *err)
{
    static const char *const mark[] = { "<|end|>", "<|answer|>" };
    int64_t n = 0, len = 0, bytes = 0, tokens = 0;
    struct hone_string *text = malloc((size_t)(2 * e->n + 1) * sizeof *text);
    for (int64_t i = 0; text && i < e->n; i++) {
        text[n++] = e->input[i];
        if (e->output[i] >= 0)
            text[n++] = e->outputs.name[e->output[i]];
    }
    struct hone_tokenizer *t = text ? bpe_service.learn(text, n, size, mark, 2, err) : NULL;
    char *json = t ? bpe_service.json(t, &len) : NULL;
    struct hone_token_list list = { 0 };
    int rc = json ? file_write_atomic(output, json, (size_t)len, err) : text && !t ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out for a tokenizer");
    for (int64_t i = 0; i < n && rc == 0; i++) {
        list.n = 0;
        rc = bpe_service.encode(t, text[i].bytes, text[i].len, 1, &list, err);
        bytes += text[i].len;
        tokens += list.n;
    }
    cJSON *o = rc == 0 ? cli_query("output", output, NULL) : NULL;
    if (o) {
        json_put_int(o, "tokens", bpe_service.size(t));
        json_put_num(o, "bytes_a_token", tokens ? (double)bytes / (double)tokens : 0);
        if (!c->json)
            cli_hint(c, "%lld tokens in %s; a token is %.2f bytes of these texts", (long long)bpe_service.size(t), output, json_num(o, "bytes_a_token", 0));
    }
    bpe_service.list_free(&list);
    bpe_service.text_free(json);
    bpe_service.free(t);
    free(text);
    if (rc < 0 || !c->json) {
        cJSON_Delete(o);
        return rc;
    }
    return cli_result(c, o, NULL, err);
}

static int run_tokenizer(struct cli *c, struct hone_err *err)
{
    struct examples e;
    double size;
    int format = data_format_of_name(cli_value(c, "format") ? cli_value(c, "format") : "auto");
    if (cli_number(c, "size", 258, 1 << 20, 2048, &size, err) < 0)
        return err->code;
    if (format < 0)
        return hone_fail(err, ERR_USAGE, "--format is '%.40s'; expected auto, jsonl, json, csv, tsv, fasttext, chat, alpaca or text", cli_value(c, "format"));
    struct read_options options = { .format = (enum data_format)format, .optional_output = 1 };
    int rc = examples_read(&e, c->arg[0], &options, err);
    if (rc < 0)
        return rc;
    rc = learn(c, &e, (int64_t)size, c->arg[1], err);
    examples_free(&e);
    return rc;
}

static const struct cli_option tokenizer_options[] = {
    { "size", "N", "tokens at most, the 256 bytes and two marks among them (default 2048)" },
    { "format", "NAME", "format of the file: auto, jsonl, json, csv, tsv, fasttext, chat, alpaca, text" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_data_tokenizer = {
    "data tokenizer", "FILE NEW", "learn a byte-pair tokenizer from example texts",
    "hone data tokenizer pairs.jsonl tokenizer.json --size 4096\nhone train --agent writer --data pairs.jsonl --set model=transformer --set modelOptions.tokenizer=tokenizer.json",
    tokenizer_options, 2, 2, 0, run_tokenizer,
};
