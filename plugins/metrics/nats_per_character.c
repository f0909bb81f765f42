/* Metric "nats_per_character": how unlikely an agent that writes finds the expected answers, whatever its tokens are. */
#include "expected_nats.h"

static const char *const outputs[] = { "nats_per_character", NULL };
static const char *const needs[] = { "nats", "characters", NULL };

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    (void)conf;
    (void)host;
    (void)err;
    out[0] = nats_a_unit(s, influence);
    return HONE_WHOLE_INFLUENCE;
}

static const struct hone_metric nats_per_character = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "nats_per_character", "how unlikely the expected answers are, a character",
                            "Sum of -ln p of the expected answers / their characters; of agents that write. Tokenizers do not change it, so that models with "
                            "different ones can be compared.", 0),
    .outputs = outputs, .needs = needs, .whole = whole,
};

HONE_DEFINE_PLUGIN("nats_per_character", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &nats_per_character.item);
