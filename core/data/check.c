#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/data/check.h"

#define MINS 64                  /* min-hashes a row (Broder, 1997, "On the resemblance and containment of documents") */
#define BANDS 8                  /* groups of min-hashes that must agree for two rows to be compared */
#define WINDOW 4                 /* bytes of a shingle of the folded text */

struct seen_row {
    uint64_t hash;               /* of the folded input */
    int64_t line;
    int32_t output;
    uint8_t validation, feedback, weightless;
};

struct checking {
    cJSON *faults;
    int64_t errors, warnings, listed;
    int reading_validation;
    struct seen_row *row;
    uint32_t (*mins)[MINS];
    int64_t n, cap, training;
    struct outputs outputs;
    struct hone_words words;
    uint64_t mix[MINS];
    const char *file;
};

static int on_fault(void *arg, const struct data_fault *f)
{
    struct checking *c = arg;
    c->errors += f->severity == 0;
    c->warnings += f->severity != 0;
    if (c->listed++ >= CHECK_LISTED)
        return 0;
    cJSON *j = cJSON_CreateObject();
    json_put_str(j, "file", c->file);
    json_put_int(j, "line", f->line);
    json_put_int(j, "column", f->column);
    json_put_str(j, "severity", f->severity ? "warning" : "error");
    json_put_str(j, "code", f->code);
    json_put_str(j, "path", f->path);
    json_put_str(j, "message", f->text);
    json_put_str(j, "fix", f->fix);
    cJSON_AddItemToArray(c->faults, j);
    return 0;
}

static void min_hashes(struct checking *c, uint32_t out[MINS])
{
    int64_t bytes = c->words.n ? c->words.start[c->words.n] : 0, windows = bytes > WINDOW ? bytes - WINDOW + 1 : 1;
    for (int k = 0; k < MINS; k++)
        out[k] = UINT32_MAX;
    for (int64_t i = 0; i < windows; i++) {
        uint64_t h = text_service.hash(c->words.bytes + i, bytes < WINDOW ? bytes : WINDOW, 2);
        for (int k = 0; k < MINS; k++) {
            uint32_t v = (uint32_t)((h * c->mix[k]) >> 32);
            out[k] = v < out[k] ? v : out[k];
        }
    }
}

static int grow(struct checking *c)
{
    int64_t cap = c->cap ? c->cap * 2 : 4096;
    void *row = realloc(c->row, (size_t)cap * sizeof *c->row);
    if (!row)
        return -1;
    c->row = row;
    void *mins = realloc(c->mins, (size_t)cap * sizeof *c->mins);
    if (!mins)
        return -1;
    c->mins = mins;
    c->cap = cap;
    return 0;
}

static int on_row(void *arg, const struct example_row *row, struct hone_err *err)
{
    struct checking *c = arg;
    if ((c->n == c->cap && grow(c)) || text_service.words(row->input.bytes, row->input.len, &c->words))
        return hone_fail(err, HONE_ENOMEM, "memory ran out after %lld rows", (long long)c->n);
    int32_t output = row->answer.len < 0 ? -1 : outputs_find(&c->outputs, row->answer.bytes, row->answer.len, 1);
    if (output == -2)
        return hone_fail(err, HONE_ENOMEM, "memory ran out after %lld rows", (long long)c->n);
    uint64_t h = 1;
    for (int64_t i = 0; i < c->words.n; i++)
        h = hone_hash_pair(h, c->words.hash[i]);
    c->row[c->n] = (struct seen_row){ h, row->line, output, (uint8_t)c->reading_validation, row->feedback,
                                       !(row->weight > 0) };
    min_hashes(c, c->mins[c->n]);
    c->n++;
    return 0;
}

/* ---- what the rows tell ---- */

struct order {
    uint64_t key;
    int64_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static cJSON *line_number(const struct checking *c, int64_t row)
{
    return cJSON_CreateNumber((double)c->row[row].line);
}

static cJSON *output_name(const struct checking *c, int32_t o)
{
    char text[256];
    if (o < 0)
        return cJSON_CreateNull();
    size_t n = (size_t)c->outputs.name[o].len < sizeof text ? (size_t)c->outputs.name[o].len : sizeof text - 1;
    memcpy(text, c->outputs.name[o].bytes, n);
    text[n] = '\0';
    text[utf8_invalid_at(text, n)] = '\0';
    return cJSON_CreateString(text);
}

/* A finding with a count and a list of groups of lines. */
struct finding {
    int64_t count, listed;
    cJSON *groups;
};

static cJSON *finding_json(struct finding *f, const char *fix)
{
    cJSON *j = cJSON_CreateObject();
    json_put_int(j, "count", f->count);
    json_put(j, "groups", f->groups);
    json_put_str(j, "fix", fix);
    return j;
}

/* Lists rows order[from..to) as one group; names their outputs when asked. */
static void list_group(const struct checking *c, struct finding *f, const struct order *o, int64_t from, int64_t to, int outputs)
{
    if (f->listed++ >= CHECK_LISTED)
        return;
    cJSON *g = cJSON_CreateObject(), *lines = cJSON_CreateArray(), *names = cJSON_CreateArray();
    for (int64_t i = from; i < to && i < from + 100; i++) {
        cJSON_AddItemToArray(lines, line_number(c, o[i].row));
        cJSON_AddItemToArray(names, output_name(c, c->row[o[i].row].output));
    }
    json_put(g, "lines", lines);
    if (outputs)
        json_put(g, "outputs", names);
    else
        cJSON_Delete(names);
    cJSON_AddItemToArray(f->groups, g);
}

struct findings {
    struct finding exact, conflicts, shared, near, near_shared;
};

/* Rows of one folded input, order[from..to). */
static void one_input(const struct checking *c, struct findings *f, const struct order *o, int64_t from, int64_t to)
{
    int64_t train = 0, valid = 0;
    const struct seen_row *right = NULL, *first = &c->row[o[from].row];
    int differ = 0, alike = 1;
    for (int64_t i = from; i < to; i++) {
        const struct seen_row *r = &c->row[o[i].row];
        train += !r->validation;
        valid += r->validation;
        alike &= r->output == first->output && r->feedback == first->feedback;
        if (r->feedback == HONE_INCORRECT)
            continue;
        right = right ? right : r;
        differ |= r->output != right->output;
    }
    if (differ) {
        f->conflicts.count += to - from;
        list_group(c, &f->conflicts, o, from, to, 1);
    } else if (alike && (train > 1 || valid > 1)) {
        f->exact.count += (train > 1 ? train - 1 : 0) + (valid > 1 ? valid - 1 : 0);
        list_group(c, &f->exact, o, from, to, 0);
    }
    if (train && valid) {
        f->shared.count += valid;
        list_group(c, &f->shared, o, from, to, 0);
    }
}

static double likeness(const struct checking *c, int64_t a, int64_t b)
{
    int same = 0;
    for (int k = 0; k < MINS; k++)
        same += c->mins[a][k] == c->mins[b][k];
    return (double)same / MINS;
}

static void note_near(const struct checking *c, struct findings *f, int64_t a, int64_t b, double like)
{
    struct finding *to = c->row[a].validation != c->row[b].validation ? &f->near_shared : &f->near;
    to->count++;
    if (to->listed++ >= CHECK_LISTED)
        return;
    cJSON *g = cJSON_CreateObject(), *lines = cJSON_CreateArray();
    cJSON_AddItemToArray(lines, line_number(c, a));
    cJSON_AddItemToArray(lines, line_number(c, b));
    json_put(g, "lines", lines);
    json_put_num(g, "likeness", like);
    cJSON_AddItemToArray(to->groups, g);
}

/* Each row is compared with the first row of its group in each band; a pair is noted once, by the band that finds it first. HONE_ENOMEM. */
static int near_duplicates(const struct checking *c, struct findings *f, struct order *o)
{
    uint8_t *noted = calloc((size_t)c->n + 1, 1);
    if (!noted)
        return HONE_ENOMEM;
    for (int band = 0; band < BANDS; band++) {
        for (int64_t i = 0; i < c->n; i++)
            o[i] = (struct order){ text_service.hash(&c->mins[i][band * (MINS / BANDS)], MINS / BANDS * (int64_t)sizeof(uint32_t), 3), i };
        qsort(o, (size_t)c->n, sizeof *o, by_key);
        for (int64_t i = 1, first = 0; i < c->n; i++) {
            if (o[i].key != o[first].key) {
                first = i;
                continue;
            }
            int64_t a = o[first].row, b = o[i].row;
            if (noted[b] || c->row[a].hash == c->row[b].hash)
                continue;
            double like = likeness(c, a, b);
            if (like < CHECK_NEAR)
                continue;
            noted[b] = 1;
            note_near(c, f, a, b, like);
        }
    }
    free(noted);
    return 0;
}

/* NULL when memory ran out. */
static cJSON *few_examples(const struct checking *c, int64_t *outputs)
{
    int64_t *count = calloc((size_t)c->outputs.n + 1, sizeof *count);
    cJSON *list = count ? cJSON_CreateArray() : NULL;
    *outputs = 0;
    for (int64_t i = 0; i < c->n && list; i++)
        if (!c->row[i].validation && c->row[i].output >= 0 && c->row[i].feedback != HONE_INCORRECT)
            count[c->row[i].output]++;
    for (int64_t o = 0, listed = 0; o < c->outputs.n && list; o++) {
        *outputs += count[o] > 0;
        if (count[o] == 0 || count[o] >= CHECK_FEW || listed++ >= CHECK_LISTED)
            continue;
        cJSON *j = cJSON_CreateObject();
        json_put(j, "output", output_name(c, (int32_t)o));
        json_put_int(j, "examples", count[o]);
        json_put_str(j, "fix", count[o] < 2 ? "add at least one more example, or it cannot be validated" : "add examples");
        cJSON_AddItemToArray(list, j);
    }
    free(count);
    return list;
}

static int analyse(const struct checking *c, cJSON *report)
{
    struct findings f = { { 0, 0, cJSON_CreateArray() }, { 0, 0, cJSON_CreateArray() }, { 0, 0, cJSON_CreateArray() },
                          { 0, 0, cJSON_CreateArray() }, { 0, 0, cJSON_CreateArray() } };
    struct order *o = malloc((size_t)(c->n + 1) * sizeof *o);
    int64_t outputs;
    int rc = o ? 0 : HONE_ENOMEM;
    for (int64_t i = 0; i < c->n && o; i++)
        o[i] = (struct order){ c->row[i].hash, i };
    if (o)
        qsort(o, (size_t)c->n, sizeof *o, by_key);
    for (int64_t i = 0, end; i < c->n && o; i = end) {
        for (end = i + 1; end < c->n && o[end].key == o[i].key;)
            end++;
        if (end > i + 1)
            one_input(c, &f, o, i, end);
    }
    if (o)
        rc = near_duplicates(c, &f, o);
    cJSON *few = few_examples(c, &outputs);
    rc = few ? rc : HONE_ENOMEM;
    json_put(report, "few_examples", few);
    json_put_int(report, "outputs", outputs);
    json_put(report, "duplicates", finding_json(&f.exact, "remove the repeats, or raise the weight of one row instead"));
    json_put(report, "near_duplicates", finding_json(&f.near, "look whether both rows are wanted"));
    json_put(report, "conflicts", finding_json(&f.conflicts, "decide for one output, or mark the others as incorrect"));
    json_put(report, "shared", finding_json(&f.shared, "remove these rows from one of the two files"));
    json_put(report, "near_shared", finding_json(&f.near_shared, "look whether validation rows are copies of training rows"));
    free(o);
    return rc;
}

static void complain(struct checking *c, const char *text, const char *fix)
{
    struct data_fault f = { .line = 1, .severity = 0 };
    snprintf(f.code, sizeof f.code, "untrainable");
    snprintf(f.text, sizeof f.text, "%s", text);
    snprintf(f.fix, sizeof f.fix, "%s", fix);
    on_fault(c, &f);
}

/* What no training could learn from. */
static void untrainable(struct checking *c)
{
    int64_t right = 0;
    int32_t first = -1;
    int differ = 0;
    for (int64_t i = 0; i < c->training; i++) {
        const struct seen_row *r = &c->row[i];
        if (r->feedback == HONE_INCORRECT || r->weightless || r->output < 0)
            continue;
        right++;
        differ |= first >= 0 && r->output != first;
        first = first < 0 ? r->output : first;
    }
    if (c->training == 0 && c->errors > 0)
        return;
    if (c->training < 2)
        complain(c, "there are fewer than two usable rows", "add examples");
    else if (right == 0)
        complain(c, "no row teaches an answer: all are marked incorrect or have weight 0", "add rows with the right expected_output");
    else if (!differ)
        complain(c, "all rows that teach an answer have the same expected_output", "add examples of another answer");
}

int data_check(const char *path, const char *validation, const struct read_options *options, cJSON **report,
               struct hone_err *err)
{
    struct checking c = { .faults = cJSON_CreateArray(), .file = path };
    struct row_sink sink = { &c, on_row, on_fault };
    struct read_options other = { .format = DATA_AUTO };
    for (int k = 0; k < MINS; k++) /* odd multipliers */
        c.mix[k] = text_service.hash(&k, sizeof k, 4) | 1;
    *report = cJSON_CreateObject();
    int ret = examples_stream(path, options, &sink, err);
    c.training = c.n;
    if (!ret && validation) {
        c.reading_validation = 1;
        c.file = validation;
        ret = examples_stream(validation, &other, &sink, err);
    }
    if (!ret) {
        c.file = path;
        untrainable(&c);
        json_put_str(*report, "file", path);
        json_put_int(*report, "rows", c.training);
        json_put_int(*report, "validation_rows", c.n - c.training);
        json_put_int(*report, "errors", c.errors);
        json_put_int(*report, "warnings", c.warnings);
        json_put(*report, "faults", c.faults);
        c.faults = NULL;
        if (analyse(&c, *report))
            ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    cJSON_Delete(c.faults);
    free(c.row);
    free(c.mins);
    outputs_free(&c.outputs);
    text_service.words_free(&c.words);
    if (ret) {
        cJSON_Delete(*report);
        *report = NULL;
    }
    return ret;
}
