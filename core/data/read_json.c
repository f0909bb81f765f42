/* Examples as JSON objects, one a line or in one document. An object is in the Training API's schema, an Alpaca triple
 * (instruction, input, output), or an OpenAI chat (messages). */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "core/base/text.h"
#include "core/base/json.h"
#include "core/data/reading.h"

/* One object while it is read. Texts lie in the file, or in the reading's buffers. */
struct object {
    struct reading *r;
    struct json_scan *s;
    int64_t line;
    struct hone_string input, instruction, output, rejected, metadata;
    int seen;                /* bits of enum field */
    int bad;                 /* a fault was told */
    uint8_t feedback;
    float weight, reward, propensity;
    struct buf text[4];      /* copies of input, instruction, output, rejected that had escapes */
    struct buf chat_input, chat_output;
};

static int fault(struct object *o, const char *code, const char *path, const char *fix, const char *text)
{
    o->bad = 1;
    return reading_fault(o->r, 0, o->s->line, json_column(o->s), code, path, fix, "%s", text);
}

static const char *token_name(enum json_token t)
{
    switch (t) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_NUMBER: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    default: return "null";
    }
}

static int wrong_type(struct object *o, enum json_token t, const char *key, const char *expected)
{
    char text[160];
    snprintf(text, sizeof text, "%s is %s; expected %s", key, token_name(t), expected);
    int ret = fault(o, "wrong_type", key, "correct the value", text);
    return ret ? ret : json_skip(o->s, NULL, NULL) ? 1 : 0;
}

/* The string just scanned; copied when it had escapes. */
static void take(struct object *o, struct hone_string *to, struct buf *copy)
{
    const struct json_scan *s = o->s;
    if (s->str >= s->text && s->str < s->text + s->len) {
        *to = (struct hone_string){ s->str, (int64_t)s->str_len };
        return;
    }
    buf_clear(copy);
    buf_add(copy, s->str, s->str_len);
    *to = (struct hone_string){ copy->p ? copy->p : "", (int64_t)copy->n };
}

/* Returns below: 0 go on, 1 the JSON is broken (the scanner says why), below 0 stop. */

static int read_metadata(struct object *o)
{
    struct json_scan *s = o->s;
    size_t from = s->start;
    int depth = s->depth, which = 0;
    for (;;) {
        enum json_token t = json_next(s);
        if (t == JSON_ERROR)
            return 1;
        if (s->depth < depth)
            break;
        if (t == JSON_KEY && s->depth == depth)
            which = s->str_len == 6 && memcmp(s->str, "reward", 6) == 0 ? 1
                    : s->str_len == 10 && memcmp(s->str, "propensity", 10) == 0 ? 2 : 0;
        else if (t == JSON_NUMBER && s->depth == depth && which)
            *(which == 1 ? &o->reward : &o->propensity) = (float)s->number;
    }
    o->metadata = (struct hone_string){ s->text + from, (int64_t)(s->pos - from) };
    return 0;
}

/* One message of a chat: appended to the input, unless it is the assistant's, which becomes the output (what the
 * assistant said before moves to the input). */
static int read_message(struct object *o, int *users)
{
    struct json_scan *s = o->s;
    char role[32] = "";
    struct buf content = { 0 };
    int have = 0, key = 0;
    for (;;) {
        enum json_token t = json_next(s);
        if (t == JSON_ERROR) {
            buf_free(&content);
            return 1;
        }
        if (t == JSON_OBJECT_END)
            break;
        if (t == JSON_KEY) {
            key = s->str_len == 4 && memcmp(s->str, "role", 4) == 0 ? 1 : s->str_len == 7 && memcmp(s->str, "content", 7) == 0 ? 2 : 0;
        } else if (t == JSON_STRING && key == 1) {
            snprintf(role, sizeof role, "%.*s", (int)s->str_len, s->str);
        } else if (t == JSON_STRING && key == 2) {
            buf_add(&content, s->str, s->str_len);
            have = 1;
        } else if ((t == JSON_OBJECT || t == JSON_ARRAY) && json_skip(s, NULL, NULL)) {
            buf_free(&content);
            return 1;
        }
    }
    if (have && strcmp(role, "assistant") == 0) {
        if (o->chat_output.n)
            buf_printf(&o->chat_input, "\nassistant: %s", o->chat_output.p);
        buf_clear(&o->chat_output);
        buf_add(&o->chat_output, content.p ? content.p : "", content.n);
    } else if (have) {
        if (o->chat_output.n)
            buf_printf(&o->chat_input, "\nassistant: %s", o->chat_output.p);
        buf_clear(&o->chat_output);
        int plain = strcmp(role, "user") == 0 && !o->chat_input.n;
        buf_printf(&o->chat_input, "%s%s%s", o->chat_input.n ? "\n" : "", plain ? "" : role, plain ? "" : ": ");
        buf_add(&o->chat_input, content.p ? content.p : "", content.n);
        *users += strcmp(role, "user") == 0;
    }
    buf_free(&content);
    return 0;
}

static int read_messages(struct object *o)
{
    int users = 0;
    buf_clear(&o->chat_input);
    buf_clear(&o->chat_output);
    for (;;) {
        enum json_token t = json_next(o->s);
        if (t == JSON_ERROR)
            return 1;
        if (t == JSON_ARRAY_END)
            break;
        int ret = t == JSON_OBJECT ? read_message(o, &users) : wrong_type(o, t, "messages", "objects with role and content");
        if (ret)
            return ret;
    }
    if (!users && !o->bad)
        return fault(o, "missing_input", "messages", "add a message of role user", "no message has the role user");
    if (!o->chat_output.n && !o->r->options->optional_output && !o->bad)
        return fault(o, "missing_output", "messages", "end the chat with a message of role assistant",
                     "the chat does not end with a message of role assistant");
    o->input = (struct hone_string){ o->chat_input.p ? o->chat_input.p : "", (int64_t)o->chat_input.n };
    if (o->chat_output.n)
        o->output = (struct hone_string){ o->chat_output.p, (int64_t)o->chat_output.n };
    return 0;
}

static int read_feedback(struct object *o, enum json_token t)
{
    int f = t == JSON_STRING ? feedback_of(o->s->str, o->s->str_len) : -1;
    if (t == JSON_NULL)
        return 0;
    if (t != JSON_STRING)
        return wrong_type(o, t, "feedback", "\"correct\", \"partial\" or \"incorrect\"");
    if (f >= 0) {
        o->feedback = (uint8_t)f;
        return 0;
    }
    char text[160];
    snprintf(text, sizeof text, "feedback is \"%.*s\"; expected \"correct\", \"partial\" or \"incorrect\"",
             (int)utf8_invalid_at(o->s->str, o->s->str_len < 40 ? o->s->str_len : 40), o->s->str);
    return fault(o, "bad_feedback", "feedback", "use one of the three words, or leave the key out", text);
}

static int read_weight(struct object *o, enum json_token t)
{
    if (t == JSON_NULL)
        return 0;
    if (t != JSON_NUMBER)
        return wrong_type(o, t, "weight", "a number of at least 0");
    o->weight = (float)o->s->number;
    if (o->s->number >= 0 && isfinite(o->weight))
        return 0;
    char text[96];
    snprintf(text, sizeof text, "weight is %g; expected a number from 0 to 3.4e38", o->s->number);
    return fault(o, "bad_weight", "weight", "use 0 to leave the example out", text);
}

static int read_text(struct object *o, enum json_token t, const char *key, struct hone_string *to, struct buf *copy)
{
    if (t != JSON_STRING)
        return wrong_type(o, t, key, "a string");
    take(o, to, copy);
    return 0;
}

static int read_value(struct object *o, enum field f, enum json_token t)
{
    switch (f) {
    case FIELD_INPUT:
        return read_text(o, t, "input", &o->input, &o->text[0]);
    case FIELD_INSTRUCTION:
        return read_text(o, t, "instruction", &o->instruction, &o->text[1]);
    case FIELD_OUTPUT:
        if (t == JSON_NULL && o->r->options->optional_output)
            return 0;
        return read_text(o, t, "expected_output", &o->output, &o->text[2]);
    case FIELD_REJECTED:
        return t == JSON_NULL ? 0 : read_text(o, t, "rejected", &o->rejected, &o->text[3]);
    case FIELD_FEEDBACK:
        return read_feedback(o, t);
    case FIELD_WEIGHT:
        return read_weight(o, t);
    case FIELD_METADATA:
        if (t == JSON_NULL)
            return 0;
        return t == JSON_OBJECT ? read_metadata(o) : wrong_type(o, t, "metadata", "an object");
    case FIELD_MESSAGES:
        return t == JSON_ARRAY ? read_messages(o) : wrong_type(o, t, "messages", "an array");
    default:
        return json_skip(o->s, NULL, NULL) ? 1 : 0;
    }
}

/* A key that was just scanned, and its value. */
static int read_member(struct object *o)
{
    struct json_scan *s = o->s;
    enum field f = field_of(s->str, s->str_len);
    int ret = 0;
    if (f != FIELD_NONE && f != FIELD_IGNORED && o->seen & 1 << f)
        ret = fault(o, "duplicate_key", "", "remove one of them", "a key of the example stands twice, or in two spellings");
    if (f == FIELD_NONE) {
        const char *near = field_suggestion(s->str, s->str_len);
        char fix[100];
        snprintf(fix, sizeof fix, near ? "did you mean %s?" : "put it into metadata if it is to be kept", near);
        ret = reading_fault(o->r, 1, s->line, json_column(s), "unknown_key", "", fix, "the key \"%.*s\" is not known and is ignored",
                            (int)(s->str_len < 60 ? s->str_len : 60), s->str);
    }
    o->seen |= 1 << f;
    if (ret)
        return ret;
    enum json_token t = json_next(s);
    return t == JSON_ERROR ? 1 : read_value(o, f, t);
}

static int finish_object(struct object *o, size_t from)
{
    if (o->bad)
        return 0;
    if (o->instruction.len >= 0 && o->input.len > 0) {
        struct buf *b = &o->r->input;
        buf_clear(b);
        buf_add(b, o->instruction.bytes, (size_t)o->instruction.len);
        buf_putc(b, '\n');
        buf_add(b, o->input.bytes, (size_t)o->input.len);
        o->input = (struct hone_string){ b->p, (int64_t)b->n };
    } else if (o->instruction.len >= 0) {
        o->input = o->instruction;
    }
    if (o->input.len < 0)
        return reading_fault(o->r, 0, o->line, 0, "missing_input", "input", "add the key input", "input is missing");
    struct example_row row = { .input = o->input, .answer = o->output, .rejected = o->rejected, .metadata = o->metadata, .feedback = o->feedback,
                               .weight = o->weight, .reward = o->reward, .propensity = o->propensity, .line = o->line,
                               .source = { o->s->text + from, (int64_t)(o->s->pos - from) } };
    return reading_row(o->r, &row);
}

/* The object whose brace was just scanned. `line` names it in messages. */
static int read_object(struct object *o, int64_t line)
{
    size_t from = o->s->start;
    o->line = line;
    o->input = o->instruction = o->output = o->rejected = (struct hone_string){ NULL, -1 };
    o->metadata = (struct hone_string){ NULL, 0 };
    o->seen = o->bad = 0;
    o->feedback = HONE_CORRECT;
    o->weight = 1;
    o->reward = o->propensity = NAN;
    for (;;) {
        enum json_token t = json_next(o->s);
        if (t == JSON_ERROR)
            return 1;
        if (t == JSON_OBJECT_END)
            return finish_object(o, from);
        int ret = read_member(o);
        if (ret)
            return ret;
    }
}

static void free_object(struct object *o)
{
    for (size_t i = 0; i < HONE_COUNT(o->text); i++)
        buf_free(&o->text[i]);
    buf_free(&o->chat_input);
    buf_free(&o->chat_output);
}

/* Why and how the line broke off. */
static int broken(struct object *o)
{
    return reading_fault(o->r, 0, o->s->line, json_column(o->s), strstr(o->s->why, "UTF-8") ? "invalid_utf8"
                         : strstr(o->s->why, "NUL") ? "nul_byte" : "invalid_json", "",
                         "one JSON object a line, as in RFC 8259", "not valid JSON: %s", o->s->why);
}

static size_t skip_mark(const struct reading *r)
{
    return r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int read_json_lines(struct reading *r)
{
    struct json_scan scan = { 0 };
    struct object o = { .r = r, .s = &scan };
    int64_t line = 0;
    int ret = 0;
    for (size_t at = skip_mark(r); at < r->len && ret >= 0;) {
        const char *end = memchr(r->text + at, '\n', r->len - at);
        size_t next = end ? (size_t)(end - r->text) : r->len, stop = next;
        line++;
        while (stop > at && (unsigned char)r->text[stop - 1] <= ' ' && r->text[stop - 1])
            stop--;
        if (stop > at) {
            json_scan_free(&scan);
            json_scan_init(&scan, r->text + at, stop - at, line);
            enum json_token t = json_next(&scan);
            if (t == JSON_OBJECT)
                ret = read_object(&o, line);
            else if (t != JSON_ERROR)
                ret = reading_fault(r, 0, line, 1, "not_object", "", "write one object {\"input\": ..., \"expected_output\": ...} a line",
                                    "the line holds %s; expected an object", token_name(t));
            if ((ret == 1 || t == JSON_ERROR) && scan.why)
                ret = broken(&o);
            else if (ret == 1)
                break; /* as many rows as were asked for */
            else if (ret == 0 && t == JSON_OBJECT && json_next(&scan) == JSON_ERROR)
                ret = broken(&o);
        }
        at = next + 1;
        reading_release(r, at < r->len ? at : r->len);
    }
    free_object(&o);
    json_scan_free(&scan);
    return ret < 0 ? ret : 0;
}

/* Goes to the array of examples in a document that is an object: "examples", or inside of "training_data". 0, 1 or below 0. */
static int find_array(struct object *o)
{
    for (;;) {
        enum json_token t = json_next(o->s);
        if (t == JSON_ERROR)
            return 1;
        if (t == JSON_OBJECT_END)
            return hone_fail(o->r->err, HONE_EINVAL, "%s: the document is an object without an array \"examples\"; expected an array of "
                             "examples, or {\"examples\": [...]}", o->r->path);
        int list = o->s->str_len == 8 && memcmp(o->s->str, "examples", 8) == 0;
        int inner = o->s->str_len == 13 && memcmp(o->s->str, "training_data", 13) == 0;
        t = json_next(o->s);
        if (t == JSON_ERROR)
            return 1;
        if (list && t == JSON_ARRAY)
            return 0;
        if (inner && t == JSON_OBJECT)
            continue;
        if (json_skip(o->s, NULL, NULL))
            return 1;
    }
}

/* Whether the rest of the document, behind the array of examples, is well-formed. */
static int at_end(struct json_scan *s)
{
    enum json_token t;
    do
        t = json_next(s);
    while (t != JSON_END && t != JSON_ERROR);
    return t == JSON_END;
}

int read_json_document(struct reading *r)
{
    struct json_scan scan = { 0 };
    struct object o = { .r = r, .s = &scan };
    size_t mark = skip_mark(r);
    json_scan_init(&scan, r->text + mark, r->len - mark, 1);
    enum json_token t = json_next(&scan);
    int ret = t == JSON_ARRAY ? 0 : t == JSON_OBJECT ? find_array(&o) : t == JSON_ERROR ? 1
              : hone_fail(r->err, HONE_EINVAL, "%s: the document is %s; expected an array of examples", r->path, token_name(t));
    for (int64_t element = 1; ret == 0; element++) {
        t = json_next(&scan);
        if (t == JSON_ARRAY_END) {
            ret = at_end(&scan) ? 0 : 1;
            break;
        }
        if (t == JSON_ERROR)
            ret = 1;
        else if (t == JSON_OBJECT)
            ret = read_object(&o, scan.line);
        else
            ret = wrong_type(&o, t, "an element", "an object");
        reading_release(r, scan.pos);
    }
    if (ret == 1 && scan.why) /* nothing after a break can be trusted */
        ret = broken(&o);
    free_object(&o);
    json_scan_free(&scan);
    return ret < 0 ? ret : 0;
}
