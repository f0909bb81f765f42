/* Metric "distinct_n": how varied the answers are: different n-grams by all n-grams (Li et al. 2016, "A diversity-promoting objective
 * function for neural conversation models"). */
#include "grams.h"

#define ORDERS 3
static const char *const outputs[] = { "distinct_1", "distinct_2", "distinct_3", NULL };
static const char *const needs[] = { "answer", NULL };
static const struct hone_text_service *service;

static int init(const struct hone_host *host, struct hone_err *err)
{
    service = host->get(host, "hone.text/1");
    return service ? 0 : hone_fail(err, HONE_ENOSYS, "the host does not offer hone.text/1");
}

/* The n-grams of all answers, those of one text never reaching into the next. */
static int collect(const struct hone_scored *s, uint64_t *gram[ORDERS], int64_t count[ORDERS])
{
    int64_t room = 0;
    for (int64_t i = 0; i < s->n; i++)
        room += text_of(s, 0, i)->len;
    for (int n = 0; n < ORDERS; n++) {
        if (!(gram[n] = malloc(((size_t)room + 1) * sizeof **gram)))
            return -1;
    }
    for (int64_t i = 0; i < s->n; i++) {
        struct tokens t = { 0 };
        if (tokens_words(&t, text_of(s, 0, i), service) < 0)
            return -1;
        for (int n = 0; n < ORDERS; n++)
            count[n] += grams_make(&t, n + 1, gram[n] + count[n]);
        free(t.v);
    }
    return 0;
}

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    uint64_t *gram[ORDERS] = { NULL };
    int64_t count[ORDERS] = { 0 };
    (void)conf;
    (void)host;
    (void)influence;
    int rc = collect(s, gram, count);
    for (int n = 0; n < ORDERS; n++) {
        int64_t different = 0;
        if (rc == 0 && count[n] > 0)
            qsort(gram[n], (size_t)count[n], sizeof **gram, grams_ascending);
        for (int64_t i = 0; rc == 0 && i < count[n]; i++)
            different += i == 0 || gram[n][i] != gram[n][i - 1];
        out[n] = count[n] > 0 ? (double)different / (double)count[n] : NAN;
        free(gram[n]);
    }
    return rc < 0 ? hone_fail(err, HONE_ENOMEM, "memory ran out for the words of %lld answers", (long long)s->n) : HONE_WHOLE_NO_INTERVAL;
}

static const struct hone_metric distinct_n = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "distinct_n", "how varied the answers are",
                            "Different n-grams of folded words / all n-grams, over all answers, n = 1, 2, 3. No interval: rows drawn twice would lower it.",
                            HONE_M_HIGHER | HONE_M_UNIT),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("distinct_n", "0.1.0", "Apache-2.0", "Hone", init, NULL, &distinct_n.item);
