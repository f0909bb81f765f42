/* `hone ask`: one question, the lines of standard input, or a file of them. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/cli/commands.h"

#define INPUT_BYTES (64u << 20)
#define REFUSED_TOP 3 /* alternatives of an answer that is refused, where nobody said how many */

/* A text; to a terminal without what would steer it. */
static void put_piece(const char *text)
{
    int terminal = isatty(STDOUT_FILENO);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        putchar(terminal && (*p < 0x20 || *p == 0x7f) && *p != '\n' && *p != '\t' ? '?' : *p);
    fflush(stdout);
}

/* On a line. */
static void put_text(const char *text)
{
    put_piece(text);
    putchar('\n');
}

static void show_answers(const struct cli *c, const cJSON *o)
{
    const cJSON *a, *alternative;
    int many = cJSON_GetArraySize(json_get(o, "answers")) > 1;
    cJSON_ArrayForEach(a, json_get(o, "answers")) {
        const char *output = json_str(a, "output", NULL);
        if (json_bool(a, "abstained", 0))
            puts(many ? "" : "(no answer: the confidence is below the threshold)");
        else if (json_bool(a, "shown", 0))
            putchar('\n');
        else
            put_text(output ? output : "");
        cJSON_ArrayForEach(alternative, json_get(a, "alternatives"))
            printf("  %.4f  %s\n", json_num(alternative, "confidence", 0), json_str(alternative, "output", ""));
        if (!many && !cJSON_GetArraySize(json_get(a, "alternatives")))
            cli_hint(c, "confidence %.4f, agent %s version %lld", json_num(a, "confidence", 0), json_str(o, "agent_name", "?"),
                     (long long)json_int(o, "version", 0));
        if (!many && json_bool(a, "abstained", 0) && json_get(a, "interaction_id"))
            cli_hint(c, "recorded as %s", json_str(a, "interaction_id", "?"));
        else if (!many && json_num(a, "propensity", 0) == 1)
            cli_hint(c, "recorded as %s; `hone feedback %s WORD` says how good it was: correct, partial or incorrect", json_str(a, "interaction_id", "?"),
                     json_str(a, "interaction_id", "?"));
        else if (!many && json_get(a, "propensity"))
            cli_hint(c, "drawn with probability %.4g, recorded as %s", json_num(a, "propensity", 0), json_str(a, "interaction_id", "?"));
    }
}

/* The lines of standard input, one text each. */
static cJSON *read_lines(struct hone_err *err)
{
    struct buf b = { 0 };
    ssize_t got = 0;
    cJSON *out = NULL;
    char *room;
    while ((room = buf_room(&b, 65536)) && b.n <= INPUT_BYTES && ((got = read(STDIN_FILENO, room, 65536)) > 0 || (got < 0 && errno == EINTR)))
        b.n += got > 0 ? (size_t)got : 0;
    const char *text = buf_str(&b);
    if (got < 0)
        err_errno(err, "read", "standard input");
    else if (!text)
        hone_fail(err, HONE_ENOMEM, "memory ran out for standard input");
    else if (b.n > INPUT_BYTES)
        hone_fail(err, HONE_EINVAL, "standard input has more than %u bytes; use --batch FILE", INPUT_BYTES);
    else if (memchr(text, '\0', b.n))
        hone_fail(err, HONE_EINVAL, "standard input has a NUL byte; expected UTF-8 text");
    else if (b.n == 0)
        hone_fail(err, HONE_EINVAL, "standard input is empty; expected one text a line");
    else
        out = cJSON_CreateArray();
    for (const char *p = text; out && *p;) {
        size_t n = strcspn(p, "\n");
        char *line = strndup(p, n && p[n - 1] == '\r' ? n - 1 : n);
        if (line)
            cJSON_AddItemToArray(out, cJSON_CreateString(line));
        else
            json_note_loss();
        free(line);
        p += n + (p[n] == '\n');
    }
    buf_free(&b);
    return out;
}

static int put_texts(const struct cli *c, cJSON *in, struct hone_err *err)
{
    cJSON *texts, *t;
    int line = 0;
    if (strcmp(c->arg[1], "-") == 0) {
        texts = read_lines(err);
    } else if (c->arg[1][strspn(c->arg[1], " \t\r\n")] == '\0') {
        return hone_fail(err, HONE_EINVAL, "the text is empty; ask something");
    } else {
        texts = cJSON_CreateArray();
        cJSON_AddItemToArray(texts, cJSON_CreateString(c->arg[1]));
    }
    if (!texts)
        return err->code ? err->code : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!(texts = json_put(in, "texts", texts)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    cJSON_ArrayForEach(t, texts) {
        line++;
        size_t n = strlen(t->valuestring), bad = utf8_invalid_at(t->valuestring, n);
        if (bad < n)
            return hone_fail(err, HONE_EINVAL, "text %d is not valid UTF-8 at byte %zu", line, bad + 1);
    }
    return 0;
}

/* Answers a file; what `output` had stays when it fails. */
static int ask_file(struct cli *c, cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    const char *output = cli_value(c, "output");
    struct file_out to;
    cJSON *out = NULL;
    if (output && file_same(output, cli_value(c, "batch")))
        return hone_fail(err, HONE_EINVAL, "%s would be overwritten by its answers; give another file", output);
    int rc = file_out_open(&to, output ? output : "-", err);
    if (rc < 0)
        return rc;
    cJSON *batch = cJSON_GetObjectItemCaseSensitive(in, "batch");
    if (cli_remote(c, err) && cli_share_member(c, batch, "file", NULL, err) >= 0)
        out = cli_call_with(c, "invokeAgent", cJSON_Duplicate(in, 1), hooks, to.fd, err);
    else if (err->code == 0)
        out = api_predict(&c->api, in, to.fd, hooks, err);
    if (!out)
        rc = err->code;
    int closed = file_out_close(&to, rc == 0, err);
    rc = rc ? rc : closed;
    if (rc == 0)
        cli_hint(c, "%lld answers in %.3f s", (long long)json_int(out, "count", 0), json_num(out, "seconds", 0));
    cJSON_Delete(out);
    return rc;
}

/* Says how an agent that writes shall write, where anything of that is asked for. */
static int put_generation(struct cli *c, cJSON *in, struct hone_err *err)
{
    static const struct {
        const char *option, *member;
        double least, most;
    } numbers[] = { { "max-tokens", "max_tokens", 0, 1e6 }, { "temperature", "temperature", 0, 100 }, { "top-k", "top_k", 0, 1e6 },
                    { "top-p", "top_p", 1e-9, 1 }, { "seed", "seed", 0, 9007199254740991.0 } };
    cJSON *g = cJSON_CreateObject();
    int any = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double v = 0;
        if (!cli_value(c, numbers[i].option) || (strcmp(numbers[i].option, "seed") == 0 && cli_value(c, "explore")))
            continue;
        if (cli_number(c, numbers[i].option, numbers[i].least, numbers[i].most, 0, &v, err) < 0) {
            cJSON_Delete(g);
            return err->code;
        }
        json_put_num(g, numbers[i].member, v);
        any = 1;
    }
    if (cli_value(c, "stop")) {
        cJSON *list = cJSON_CreateArray();
        cJSON_AddItemToArray(list, cJSON_CreateString(cli_value(c, "stop")));
        json_put(g, "stop", list);
        any = 1;
    }
    if (any)
        json_put(in, "generation", g);
    else
        cJSON_Delete(g);
    if (cli_value(c, "stream") && !c->json && c->n_args == 2 && strcmp(c->arg[1], "-") != 0)
        json_put_bool(in, "stream", 1);
    return 0;
}

/* "RULE" or "RULE:NUMBER" as {rule, setting, seed}. */
static int put_explore(struct cli *c, cJSON *in, struct hone_err *err)
{
    static const struct {
        const char *rule;
        double setting, least, most;
    } rules[] = { { "epsilon_greedy", 0.05, 0, 1 }, { "softmax", 1, 0.001, 1000 }, { "squarecb", 1000, 0, 1e12 } };
    const char *given = cli_value(c, "explore"), *colon = given ? strchr(given, ':') : NULL;
    size_t n = colon ? (size_t)(colon - given) : given ? strlen(given) : 0, i = 0;
    double seed, setting;
    char *end = NULL;
    if (!given)
        return put_generation(c, in, err);
    if (cli_value(c, "batch") || cli_value(c, "threshold"))
        return hone_fail(err, ERR_USAGE, "--explore records each answer with its probability; it goes with a text or -, not with --batch or --threshold");
    while (i < 3 && (strlen(rules[i].rule) != n || strncmp(rules[i].rule, given, n) != 0))
        i++;
    if (i == 3)
        return hone_fail(err, ERR_USAGE, "--explore is '%.60s'; expected epsilon_greedy, softmax or squarecb, with ':NUMBER' for its epsilon, temperature "
                         "or gamma", given);
    setting = colon ? strtod(colon + 1, &end) : rules[i].setting;
    if ((colon && (*end || end == colon + 1)) || !(setting >= rules[i].least && setting <= rules[i].most))
        return hone_fail(err, ERR_USAGE, "--explore %.60s: expected a number from %g to %g behind the colon", given, rules[i].least, rules[i].most);
    uint32_t chance[2];
    randombytes_buf(chance, sizeof chance);
    if (cli_number(c, "seed", 0, 9007199254740991.0, (double)chance[0] * 0x1p20 + (double)(chance[1] >> 12), &seed, err) < 0)
        return err->code;
    cJSON *o = cli_query("rule", rules[i].rule, NULL);
    json_put_num(o, "setting", setting);
    json_put_num(o, "seed", seed);
    json_put(in, "explore", o);
    return 0;
}

/* What hears of a call that is under way: pieces of the answer go to standard output, the rest to the progress. */
struct telling {
    struct api_hooks next;
    int shown;              /* something was */
};

static void on_piece(void *arg, const char *type, const cJSON *f)
{
    struct telling *t = arg;
    if (strcmp(type, "text") != 0) {
        t->next.event(t->next.arg, type, f);
    } else if (json_int(f, "answer", 0) == 0) {
        put_piece(json_str(f, "text", ""));
        t->shown = 1;
    }
}

static enum api_wish on_wish(void *arg)
{
    struct telling *t = arg;
    return t->next.wish ? t->next.wish(t->next.arg) : API_GO;
}

/* What an agent would have said where it says nothing is shown unasked: alternatives stay with the answers that it refused. */
static void drop_alternatives(cJSON *out)
{
    cJSON *a;
    cJSON_ArrayForEach(a, cJSON_GetObjectItemCaseSensitive(out, "answers"))
        if (!json_bool(a, "abstained", 0))
            json_put(a, "alternatives", cJSON_CreateArray());
}

static cJSON *ask_once(struct cli *c, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    return cli_remote(c, err) ? cli_call_with(c, "invokeAgent", cJSON_Duplicate(in, 1), hooks, STDOUT_FILENO, err) : err->code < 0 ? NULL
           : api_predict(&c->api, in, STDOUT_FILENO, hooks, err);
}

static cJSON *ask(struct cli *c, cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    int unasked = !cli_value(c, "top") && !cli_value(c, "explore") && (c->json || cJSON_GetArraySize(json_get(in, "texts")) == 1);
    if (unasked)
        json_put_num(in, "top", REFUSED_TOP);
    cJSON *out = ask_once(c, in, hooks, err);
    if (unasked)
        drop_alternatives(out);
    return out;
}

static int ask_texts(struct cli *c, cJSON *in, const struct api_hooks *hooks, struct hone_err *err)
{
    struct telling t = { .next = *hooks };
    const struct api_hooks telling = { &t, on_piece, on_wish };
    cJSON *out = ask(c, in, json_bool(in, "stream", 0) ? &telling : hooks, err);
    cJSON *first = cJSON_GetArrayItem(json_get(out, "answers"), 0);
    if (t.shown && first)
        json_put_bool(first, "shown", 1);
    return cli_result(c, out, show_answers, err);
}

static int run_ask(struct cli *c, struct hone_err *err)
{
    struct cli_progress p;
    struct api_hooks hooks;
    const char *batch = cli_value(c, "batch");
    double top, threshold;
    if (cli_number(c, "top", 0, 1000, 0, &top, err) < 0 || cli_number(c, "threshold", 0, 1, -1, &threshold, err) < 0)
        return err->code;
    if (cli_terminal(batch))
        return hone_fail(err, ERR_USAGE, "--batch - reads a pipe or a file, not a terminal; for questions one by one: hone ask AGENT -");
    if (!batch == (c->n_args < 2))
        return hone_fail(err, ERR_USAGE, batch ? "give a text or --batch FILE, not both" : "hone ask needs a text, - or --batch FILE");
    if (cli_value(c, "output") && !batch)
        return hone_fail(err, ERR_USAGE, "--output goes with --batch FILE");
    cJSON *in = cli_query("agent_id", c->arg[0], NULL);
    json_put_num(in, "top", top);
    if (threshold >= 0)
        json_put_num(in, "threshold", threshold);
    int rc = put_explore(c, in, err);
    if (rc < 0)
        batch = NULL;
    else if (batch)
        json_put(in, "batch", cli_query("file", batch, "format", cli_value(c, "format"), NULL));
    else
        rc = put_texts(c, in, err);
    cli_progress_open(&p, c, &hooks);
    if (rc == 0 && batch)
        rc = ask_file(c, in, &hooks, err);
    else if (rc == 0)
        rc = ask_texts(c, in, &hooks, err);
    cli_progress_close(&p);
    cJSON_Delete(in);
    return rc;
}

static const struct cli_option ask_options[] = {
    { "batch", "FILE", "answer every input of a file, as JSON lines on standard output" },
    { "format", "NAME", "format of that file" },
    { "output", "FILE", "where the answers to --batch go" },
    { "top", "N", "the N best outputs with their confidence" },
    { "explore", "RULE[:N]", "answer by chance and record the answer with its probability: epsilon_greedy, softmax, squarecb" },
    { "max-tokens", "N", "of an agent that writes: tokens of an answer at most" },
    { "temperature", "T", "of an agent that writes: 0 takes the likeliest token each time, 1 draws as the model has it" },
    { "top-k", "N", "draws among the N likeliest tokens" },
    { "top-p", "P", "draws among the likeliest tokens that together reach P" },
    { "stop", "TEXT", "the answer ends before this text" },
    { "stream", NULL, "shows the answer of an agent that writes as it is written" },
    { "seed", "N", "of --explore and of drawn answers, to draw the same again" },
    { "threshold", "P", "no answer when the confidence is below P, 0 to answer always; else the agent's own threshold holds" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_ask = {
    "ask", "AGENT TEXT|-", "ask a trained agent",
    "hone ask support \"where is my parcel?\"\nhone ask support \"where is my parcel?\" --top 3\n"
    "printf 'first\\nsecond\\n' | hone ask support -\nhone ask support --batch inputs.jsonl --output answers.jsonl",
    ask_options, 1, 2, 1, run_ask,
};
