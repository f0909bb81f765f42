/* tokenizer.json of Hugging Face, read and written: byte-level BPE, and the kind of Llama 2 with byte fallback. What a file asks for
 * beyond that is refused, since its texts would become other tokens than they should. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/bpe_priv.h"

#define MOST_TOKENS (1 << 24)

static const char llama3[] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char qwen2[] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char gpt2[] = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

struct reader {
    struct hone_tokenizer *t;
    const char *name;
    struct hone_err *err;
};

static int bad(const struct reader *r, const char *path, const char *why)
{
    return hone_fail(r->err, HONE_EINVAL, "%s: %s: %s", r->name, path, why);
}

/* ---- vocabulary and merges ---- */

static int64_t number_of(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < MOST_TOKENS && v->valuedouble == (double)v->valueint ? v->valueint : -1;
}

static int read_vocabulary(struct reader *r, const cJSON *vocab, const cJSON *added)
{
    int64_t n = 0, id;
    const cJSON *v;
    cJSON_ArrayForEach(v, vocab) {
        id = number_of(v);
        n = id >= n ? id + 1 : n;
        if (id < 0)
            return bad(r, "model.vocab", "a token's number is none, or too large");
    }
    cJSON_ArrayForEach(v, added) {
        id = number_of(json_get(v, "id"));
        n = id >= n ? id + 1 : n;
        if (id < 0 || !json_str(v, "content", NULL))
            return bad(r, "added_tokens", "an entry lacks id or content");
    }
    if (!n)
        return bad(r, "model.vocab", "there are no tokens");
    if (bpe_reserve(r->t, n))
        return HONE_ENOMEM;
    cJSON_ArrayForEach(v, vocab) {
        int ret = bpe_name(r->t, v->valueint, v->string, (int64_t)strlen(v->string));
        if (ret)
            return ret == HONE_ENOMEM ? ret : bad(r, "model.vocab", "two tokens have the same number");
    }
    cJSON_ArrayForEach(v, added) {
        const char *content = json_str(v, "content", "");
        int ret = bpe_name(r->t, json_get(v, "id")->valueint, content, (int64_t)strlen(content));
        if (ret)
            return ret == HONE_ENOMEM ? ret : bad(r, "added_tokens", "a token has the number of another one");
    }
    return 0;
}

/* The two sides of a merge: "a b", or ["a", "b"]. */
static int sides(const cJSON *v, struct hone_string side[2])
{
    const cJSON *a = cJSON_GetArrayItem(v, 0), *b = cJSON_GetArrayItem(v, 1);
    if (cJSON_IsString(a) && cJSON_IsString(b)) {
        side[0] = (struct hone_string){ a->valuestring, (int64_t)strlen(a->valuestring) };
        side[1] = (struct hone_string){ b->valuestring, (int64_t)strlen(b->valuestring) };
        return 1;
    }
    const char *s = cJSON_IsString(v) ? v->valuestring : "", *gap = strchr(s, ' ');
    if (!gap)
        return 0;
    side[0] = (struct hone_string){ s, gap - s };
    side[1] = (struct hone_string){ gap + 1, (int64_t)strlen(gap + 1) };
    return 1;
}

static int read_merges(struct reader *r, const cJSON *merges)
{
    struct hone_tokenizer *t = r->t;
    char path[64], whole[2048];
    const cJSON *v;
    if (!cJSON_IsArray(merges))
        return bad(r, "model.merges", "expected a list");
    t->merge = malloc(((size_t)cJSON_GetArraySize(merges) + 1) * sizeof *t->merge);
    if (!t->merge)
        return HONE_ENOMEM;
    cJSON_ArrayForEach(v, merges) {
        struct hone_string s[2];
        snprintf(path, sizeof path, "model.merges[%lld]", (long long)t->merges);
        if (!sides(v, s) || s[0].len + s[1].len > (int64_t)sizeof whole)
            return bad(r, path, "expected two tokens");
        memcpy(whole, s[0].bytes, (size_t)s[0].len);
        memcpy(whole + s[0].len, s[1].bytes, (size_t)s[1].len);
        struct bpe_merge m = { bpe_find(t, s[0].bytes, s[0].len), bpe_find(t, s[1].bytes, s[1].len), bpe_find(t, whole, s[0].len + s[1].len) };
        if (m.left < 0 || m.right < 0 || m.to < 0)
            return bad(r, path, "a token of this merge is not in model.vocab");
        t->merge[t->merges++] = m;
    }
    return bpe_index_merges(t);
}

/* ---- what tokens stand for ---- */

/* "<0x0A>" is byte 10; -1 for other names. */
static int fallback_byte(struct hone_string name)
{
    static const char hex[] = "0123456789ABCDEF";
    const char *a = name.len == 6 && memcmp(name.bytes, "<0x", 3) == 0 && name.bytes[5] == '>' ? strchr(hex, name.bytes[3]) : NULL;
    const char *b = a ? strchr(hex, name.bytes[4]) : NULL;
    return b && *a && *b ? (int)((a - hex) * 16 + (b - hex)) : -1;
}

/* Names of characters: U+2581 is a blank. */
static struct hone_string characters(struct hone_tokenizer *t, struct hone_string name)
{
    char *out = arena_copy(&t->arena, name.bytes, (size_t)name.len);
    int64_t n = 0;
    for (int64_t i = 0; out && i < name.len; n++) {
        int gap = i + 3 <= name.len && memcmp(name.bytes + i, "\xe2\x96\x81", 3) == 0;
        out[n] = gap ? ' ' : name.bytes[i];
        i += gap ? 3 : 1;
    }
    return (struct hone_string){ out, out ? n : -1 };
}

static int read_bytes(struct reader *r, const cJSON *added)
{
    struct hone_tokenizer *t = r->t;
    const cJSON *v;
    char one[2];
    for (int i = 0; i < 256; i++)
        t->byte[i] = t->fallback ? -1 : bpe_find(t, one, bpe_byte_name((unsigned)i, one));
    for (int64_t id = 0; id < t->n; id++) {
        int byte = t->fallback && t->name[id].bytes ? fallback_byte(t->name[id]) : -1;
        char *single = byte >= 0 ? arena_alloc(&t->arena, 1) : NULL;
        if (!t->name[id].bytes)
            continue;
        if (single) {
            *single = (char)byte;
            t->byte[byte] = (int32_t)id;
        }
        t->bytes[id] = byte >= 0 ? (struct hone_string){ single, single ? 1 : -1 }
                       : t->fallback ? characters(t, t->name[id]) : bpe_name_bytes(t, t->name[id].bytes, t->name[id].len);
        if (t->bytes[id].len < 0) /* not of byte-level characters: an added token, or nothing that a text becomes */
            t->bytes[id] = t->name[id];
    }
    cJSON_ArrayForEach(v, added)
        if (json_bool(v, "special", 0))
            t->bytes[json_get(v, "id")->valueint].len = 0;
    for (int i = 0; i < 256; i++) {
        char why[120];
        snprintf(why, sizeof why, "there is no token for byte 0x%02x, so that not every text can be cut", (unsigned)i);
        if (t->byte[i] < 0)
            return bad(r, "model.vocab", why);
    }
    return 0;
}

/* ---- how texts are cut ---- */

static int pattern(struct reader *r, const cJSON *split)
{
    const char *regex = json_str(json_get(split, "pattern"), "Regex", "");
    if (strcmp(json_str(split, "behavior", ""), "Isolated") != 0 || json_bool(split, "invert", 0))
        return bad(r, "pre_tokenizer", "a Split that is not \"Isolated\" cannot be read");
    if (strcmp(regex, llama3) == 0)
        r->t->cut = CUT_LLAMA3;
    else if (strcmp(regex, qwen2) == 0)
        r->t->cut = CUT_QWEN2;
    else if (strcmp(regex, gpt2) == 0)
        r->t->cut = CUT_GPT2;
    else
        return bad(r, "pre_tokenizer", "this pattern is none of GPT-2's, Llama 3's and Qwen 2's, the ones that can be read");
    return 1;
}

/* One part of the pre_tokenizer; 1 when it cuts by a pattern. */
static int one_cut(struct reader *r, const cJSON *p, int cut)
{
    const char *type = json_str(p, "type", "");
    if (strcmp(type, "Split") == 0)
        return pattern(r, p);
    if (strcmp(type, "ByteLevel") != 0)
        return bad(r, "pre_tokenizer", "expected ByteLevel, with a Split in front or without");
    if (json_bool(p, "add_prefix_space", 0))
        return bad(r, "pre_tokenizer", "add_prefix_space cannot be read: texts would not come back as they were");
    if (cut && json_bool(p, "use_regex", 1))
        return bad(r, "pre_tokenizer", "a ByteLevel with use_regex behind a Split, which would cut twice, cannot be read");
    return cut || json_bool(p, "use_regex", 1) ? 1 : bad(r, "pre_tokenizer", "ByteLevel without a pattern");
}

static int read_cut(struct reader *r, const cJSON *pre)
{
    const cJSON *p;
    int cut = 0;
    r->t->cut = CUT_GPT2;
    if (strcmp(json_str(pre, "type", ""), "Sequence") != 0)
        return one_cut(r, pre, 0) < 0 ? r->err->code : 0;
    cJSON_ArrayForEach(p, json_get(pre, "pretokenizers"))
        if ((cut = one_cut(r, p, cut)) < 0)
            return cut;
    return cut ? 0 : bad(r, "pre_tokenizer", "an empty Sequence");
}

/* Llama: blanks become U+2581, and one stands in front, said by a normalizer or by a Metaspace. */
static int read_prefix(struct reader *r, const cJSON *norm, const cJSON *pre)
{
    const cJSON *n;
    int replaces = 0;
    if (strcmp(json_str(pre, "type", ""), "Metaspace") == 0) {
        const char *scheme = json_str(pre, "prepend_scheme", json_bool(pre, "add_prefix_space", 1) ? "always" : "never");
        r->t->prefix = strcmp(scheme, "never") != 0;
        return json_bool(pre, "split", 1) ? bad(r, "pre_tokenizer", "a Metaspace that splits cannot be read") : 0;
    }
    if (cJSON_IsObject(pre))
        return bad(r, "pre_tokenizer", "with byte_fallback expected Metaspace or none");
    cJSON_ArrayForEach(n, json_get(norm, "normalizers")) {
        const char *type = json_str(n, "type", "");
        int prepend = strcmp(type, "Prepend") == 0 && strcmp(json_str(n, "prepend", ""), "\xe2\x96\x81") == 0;
        int replace = strcmp(type, "Replace") == 0 && strcmp(json_str(json_get(n, "pattern"), "String", ""), " ") == 0;
        if (!prepend && !replace)
            return bad(r, "normalizer", "expected Prepend and Replace of blanks only");
        r->t->prefix |= prepend;
        replaces |= replace;
    }
    return replaces ? 0 : bad(r, "normalizer", "nothing replaces blanks, as the kind with byte_fallback does");
}

/* Byte-level kinds: NFC, by itself or as the only one of a Sequence. */
static int read_form(struct reader *r, const cJSON *norm)
{
    const cJSON *list = json_get(norm, "normalizers"), *only = cJSON_GetArraySize(list) == 1 ? list->child : NULL;
    const cJSON *form = strcmp(json_str(norm, "type", ""), "Sequence") == 0 ? only : norm;
    r->t->nfc = strcmp(json_str(form, "type", ""), "NFC") == 0;
    return r->t->nfc ? 0 : bad(r, "normalizer", "only NFC can be read: by others texts would become other ones");
}

static int read_all(struct reader *r, const cJSON *j)
{
    const cJSON *model = json_get(j, "model"), *norm = json_get(j, "normalizer"), *pre = json_get(j, "pre_tokenizer"), *added = json_get(j, "added_tokens");
    const char *type = json_str(model, "type", "BPE");
    if (strcmp(type, "BPE") != 0 || !cJSON_IsObject(json_get(model, "vocab")))
        return bad(r, "model", "expected type BPE with vocab and merges, the one kind that can be read");
    if (json_num(model, "dropout", 0) > 0 || *json_str(model, "continuing_subword_prefix", "") || *json_str(model, "end_of_word_suffix", ""))
        return bad(r, "model", "dropout, continuing_subword_prefix and end_of_word_suffix cannot be read");
    r->t->fallback = json_bool(model, "byte_fallback", 0);
    r->t->fuse_whole = json_bool(model, "ignore_merges", 0);
    int ret = r->t->fallback ? read_prefix(r, norm, pre) : read_cut(r, pre);
    if (ret >= 0 && !r->t->fallback && cJSON_IsObject(norm))
        ret = read_form(r, norm);
    if (ret >= 0)
        ret = read_vocabulary(r, json_get(model, "vocab"), added);
    if (ret >= 0)
        ret = read_merges(r, json_get(model, "merges"));
    return ret < 0 ? ret : read_bytes(r, added);
}

struct hone_tokenizer *bpe_read(const char *json, int64_t len, const char *name, struct hone_err *err)
{
    struct reader r = { .name = name, .err = err };
    cJSON *j = json_parse(json, (size_t)len, name, err);
    if (!j)
        return NULL;
    r.t = calloc(1, sizeof *r.t);
    int ret = r.t ? read_all(&r, j) : HONE_ENOMEM;
    cJSON_Delete(j);
    if (!ret && !(r.t->source = malloc((size_t)len + 1)))
        ret = HONE_ENOMEM;
    if (!ret) {
        memcpy(r.t->source, json, (size_t)len);
        r.t->source[len] = 0;
        r.t->source_len = len;
        return r.t;
    }
    if (ret == HONE_ENOMEM)
        hone_fail(err, ret, "memory ran out for the tokenizer %s", name);
    bpe_free(r.t);
    return NULL;
}

/* ---- writing ---- */

static void put_marks(const struct hone_tokenizer *t, struct buf *b)
{
    int first = 1;
    buf_puts(b, "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [");
    for (int64_t i = 0; i < t->n; i++) {
        if (t->bytes[i].len || !t->name[i].bytes)
            continue;
        buf_printf(b, "%s\n    {\"id\": %lld, \"content\": ", first ? "" : ",", (long long)i);
        buf_json_string(b, t->name[i].bytes, (size_t)t->name[i].len);
        buf_puts(b, ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true}");
        first = 0;
    }
    buf_puts(b, "\n  ],\n  \"normalizer\": null,\n"
                "  \"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": true},\n"
                "  \"post_processor\": null,\n"
                "  \"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": true, \"trim_offsets\": true, \"use_regex\": true},\n"
                "  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": null,\n    \"continuing_subword_prefix\": null,\n"
                "    \"end_of_word_suffix\": null,\n    \"fuse_unk\": false,\n    \"byte_fallback\": false,\n    \"ignore_merges\": false,\n    \"vocab\": {");
}

int bpe_write(struct hone_tokenizer *t)
{
    struct buf b = { 0 };
    put_marks(t, &b);
    for (int64_t i = 0; i < t->n; i++) {
        buf_puts(&b, i ? ",\n      " : "\n      ");
        buf_json_string(&b, t->name[i].bytes, (size_t)t->name[i].len);
        buf_printf(&b, ": %lld", (long long)i);
    }
    buf_puts(&b, "\n    },\n    \"merges\": [");
    for (int64_t i = 0; i < t->merges; i++) {
        const struct hone_string *l = &t->name[t->merge[i].left], *r = &t->name[t->merge[i].right];
        buf_puts(&b, i ? ",\n      [" : "\n      [");
        buf_json_string(&b, l->bytes, (size_t)l->len);
        buf_puts(&b, ", ");
        buf_json_string(&b, r->bytes, (size_t)r->len);
        buf_putc(&b, ']');
    }
    buf_puts(&b, "\n    ]\n  }\n}\n");
    t->source_len = (int64_t)b.n;
    t->source = buf_take(&b);
    return t->source ? 0 : HONE_ENOMEM;
}
