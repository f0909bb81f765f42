/* Metric "token_perplexity": among how many equally likely tokens an agent that writes would choose, were it as unsure as it is (Jelinek et al.
 * 1977). */
#include "expected_nats.h"

static const char *const outputs[] = { "token_perplexity", NULL };
static const char *const needs[] = { "nats", "tokens", NULL };

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    (void)conf;
    (void)host;
    (void)err;
    out[0] = exp(nats_a_unit(s, influence));
    for (int64_t i = 0; influence && i < s->n; i++)
        influence[i] *= out[0];
    return HONE_WHOLE_INFLUENCE;
}

static const struct hone_metric token_perplexity = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "token_perplexity", "perplexity of the expected answers by tokens",
                            "e to the sum of -ln p of the expected answers / their tokens, the mark at the end of an answer being one; of agents that write. Only "
                            "models with the same tokenizer can be compared by it.", 0),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("token_perplexity", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &token_perplexity.item);
