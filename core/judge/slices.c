/* Slices of the test rows: by the values of metadata keys and by the length of the input. See tally.h. */
#include "core/judge/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"

#define MAX_KEYS 32
#define MAX_VALUES 20

struct group {
    char key[64];
    int n;      /* values; MAX_VALUES + 1: too many, the key tells too little to slice by */
    struct slice_tally value[MAX_VALUES];
};

struct groups {
    int n;
    struct group v[MAX_KEYS];
};

static struct group *group_of(struct groups *g, const char *key)
{
    for (int i = 0; i < g->n; i++) {
        if (strcmp(g->v[i].key, key) == 0)
            return &g->v[i];
    }
    if (g->n == MAX_KEYS)
        return NULL;
    struct group *new = &g->v[g->n++];
    snprintf(new->key, sizeof new->key, "%s", key);
    return new;
}

static void count_in(struct groups *g, const char *key, const char *value, int right)
{
    struct group *group = group_of(g, key);
    if (!group || group->n > MAX_VALUES)
        return;
    int i = 0;
    while (i < group->n && strcmp(group->value[i].value, value) != 0)
        i++;
    if (i == group->n) {
        group->n++;
        if (i == MAX_VALUES)
            return;
        snprintf(group->value[i].key, sizeof group->value[i].key, "%s", key);
        snprintf(group->value[i].value, sizeof group->value[i].value, "%s", value);
    }
    group->value[i].rows++;
    group->value[i].correct += right;
}

/* The text of a value as it names a slice; 0 when it names none. */
static int value_text(const cJSON *v, char *out, size_t size)
{
    int n = -1;
    if (cJSON_IsString(v))
        n = snprintf(out, size, "%s", v->valuestring);
    else if (cJSON_IsNumber(v))
        n = snprintf(out, size, "%.6g", v->valuedouble);
    else if (cJSON_IsBool(v))
        n = snprintf(out, size, "%s", cJSON_IsTrue(v) ? "true" : "false");
    return n > 0 && (size_t)n < size;
}

/* Metadata that does not fit a name is left out of the slices, never cut: two values must not become one. */
static void count_metadata(struct groups *g, const struct hone_string *metadata, int right)
{
    cJSON *object = metadata->len > 0 ? json_parse(metadata->bytes, (size_t)metadata->len, "metadata", NULL) : NULL;
    const cJSON *v;
    cJSON_ArrayForEach(v, object) {
        char text[64];
        if (strlen(v->string) < sizeof g->v[0].key && strcmp(v->string, "reward") != 0 &&
            strcmp(v->string, "propensity") != 0 && value_text(v, text, sizeof text))
            count_in(g, v->string, text, right);
    }
    cJSON_Delete(object);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *length_class(const struct hone_string *s)
{
    int64_t words = 0;
    int before = 1;
    for (int64_t i = 0; i < s->len && words <= 25; i++) {
        int blank = is_blank(s->bytes[i]);
        words += !blank && before;
        before = blank;
    }
    return words <= 5 ? "1 to 5 words" : words <= 12 ? "6 to 12 words" : words <= 25 ? "13 to 25 words" : "over 25 words";
}

int tally_slices(struct tally *t, const struct predictions *p, const struct examples *e, struct hone_err *err)
{
    struct groups *g = calloc(1, sizeof *g);
    int64_t n = 0;
    if (!g)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the slices");
    for (int64_t i = 0; i < p->n; i++) {
        int64_t r = p->row[i];
        int right = p->predicted[i] == p->expected[i];
        count_in(g, "input_length", length_class(&e->input[r]), right);
        count_metadata(g, &e->metadata[r], right);
    }
    t->slice = malloc(((size_t)g->n * MAX_VALUES + 1) * sizeof *t->slice);
    for (int i = 0; t->slice && i < g->n; i++) {
        for (int k = 0; g->v[i].n >= 2 && g->v[i].n <= MAX_VALUES && k < g->v[i].n; k++)
            t->slice[n++] = g->v[i].value[k];
    }
    t->n_slices = t->slice ? n : 0;
    free(g);
    return t->slice ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for the slices");
}
