/* What the functions about webhooks and quotas take and give. See shapes.h. */
#include "core/api/shapes.h"

#define TYPES \
    "* training.started training.progress training.checkpoint training.completed training.failed training.cancelled pipeline.completed" \
    " pipeline.failed agent.adapted agent.rolled_back"
#define EVENTS_IN(doc_) \
    MEMBER("events", SHAPE_LIST, SHAPE_NULL, doc_, .min = 1, .max = 20, .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL, .choices = TYPES))
#define DESCRIPTION_IN MEMBER("description", SHAPE_TEXT, SHAPE_NULL, "What it is for.", .min = 0, .max = 2000)
#define PAGE \
    MEMBER("limit", SHAPE_INTEGER, 0, "At most so many, newest first.", .min = 1, .max = 200, .dflt = "50"), \
    MEMBER("after", SHAPE_TEXT, SHAPE_NULL, "The id of the last one of the page before.", .min = 1, .max = 200)

const struct shape register_webhook_in[] = {
    MEMBER("url", SHAPE_TEXT, SHAPE_REQUIRED, "Where messages are posted to, by https; no private address unless the operator allows them.", .min = 1, .max = 2048),
    EVENTS_IN("Types of events; without it, or with *, all but training.progress."),
    DESCRIPTION_IN,
    END
};
const struct shape webhook_in[] = { ID("webhook_id", "Webhook."), END };
const struct shape list_webhooks_in[] = { PAGE, END };
const struct shape update_webhook_in[] = {
    ID("webhook_id", "Webhook."),
    MEMBER("url", SHAPE_TEXT, SHAPE_NULL, "Its new URL.", .min = 1, .max = 2048),
    EVENTS_IN("Its new types of events."),
    DESCRIPTION_IN,
    MEMBER("enabled", SHAPE_BOOLEAN, SHAPE_NULL, "Whether messages are sent to it; true also after it was disabled for its failures."),
    END
};
const struct shape rotate_webhook_in[] = {
    ID("webhook_id", "Webhook."),
    MEMBER("overlap_hours", SHAPE_INTEGER, SHAPE_NULL, "How long messages carry the signature of the old secret as well.", .min = 0, .max = 720, .dflt = "24"),
    END
};
const struct shape list_deliveries_in[] = {
    MEMBER("webhook_id", SHAPE_TEXT, SHAPE_NULL, "To this webhook only.", .min = 1, .max = 200),
    MEMBER("status", SHAPE_TEXT, SHAPE_NULL, "In this status only.", .choices = "pending delivered failed"),
    PAGE,
    END
};
const struct shape redeliver_in[] = { ID("delivery_id", "Delivery that was made or has failed."), END };

/* ---- answers ---- */

#define T(name_, doc_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED, doc_)
#define OPTIONAL(name_, doc_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, doc_)
#define WEBHOOK \
    T("webhook_id", "The webhook."), T("url", "Where messages go."), T("description", "What it is for."), \
    MEMBER("events", SHAPE_LIST, SHAPE_REQUIRED, "Types of events; * is all but training.progress.", .of = &(const struct shape)MEMBER("", SHAPE_TEXT, 0, NULL)), \
    MEMBER("enabled", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether messages are sent to it."), \
    OPTIONAL("disabled_at", "Since when it is not."), OPTIONAL("disabled_reason", "Why not."), \
    OPTIONAL("failing_since", "The first failure after the last success."), \
    OPTIONAL("old_secret_until", "Until when messages carry the signature of the secret before as well."), \
    T("created_at", "When it was made."), T("updated_at", "Last change.")
#define SECRET T("secret", "What messages are signed with, told this once.")
#define MORE MEMBER("has_more", SHAPE_BOOLEAN, SHAPE_REQUIRED, "Whether there is another page.")
#define ANSWERED MEMBER("response_status", SHAPE_INTEGER, SHAPE_REQUIRED | SHAPE_NULL, "HTTP status of the answer; null: none came.")

const struct shape webhook_out[] = { WEBHOOK, END };
const struct shape webhook_secret_out[] = { WEBHOOK, SECRET, END };
const struct shape list_webhooks_out[] = {
    MEMBER("webhooks", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = webhook_out)), MORE, END
};
const struct shape deleted_webhook_out[] = { T("webhook_id", "The webhook that was."), MEMBER("deleted", SHAPE_BOOLEAN, SHAPE_REQUIRED, "true"), END };

static const struct shape attempt[] = {
    MEMBER("number", SHAPE_INTEGER, SHAPE_REQUIRED, "1 is the first."), T("at", "When it began."),
    MEMBER("duration_ms", SHAPE_INTEGER, SHAPE_REQUIRED, "How long it took."), ANSWERED,
    OPTIONAL("error", "Why it failed."), OPTIONAL("response", "The beginning of the answer's body."), END
};
const struct shape delivery_out[] = {
    T("delivery_id", "The delivery."), T("webhook_id", "To which webhook."), T("message_id", "The webhook-id of its message, the same in each attempt."),
    T("event", "The type of the event."), OPTIONAL("job_id", "Of which job."),
    MEMBER("status", SHAPE_TEXT, SHAPE_REQUIRED, "Where it is.", .choices = "pending delivered failed"), ANSWERED,
    OPTIONAL("error", "Why the last attempt failed."), OPTIONAL("next_attempt_at", "When it is tried again."), T("created_at", "When it was made."),
    OPTIONAL("completed_at", "When it was delivered or given up."),
    MEMBER("attempts", SHAPE_LIST, SHAPE_REQUIRED, "Oldest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = attempt)),
    END
};
const struct shape list_deliveries_out[] = {
    MEMBER("deliveries", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = delivery_out)), MORE, END
};

static const struct shape quota[] = {
    MEMBER("quota", SHAPE_TEXT, SHAPE_REQUIRED, "What is limited.", .choices = "jobs_per_day running_jobs examples bytes webhooks"),
    MEMBER("of", SHAPE_TEXT, SHAPE_REQUIRED, "Whose quota it is.", .choices = "tenant token"),
    MEMBER("used", SHAPE_INTEGER, SHAPE_REQUIRED, "How much is used."),
    MEMBER("limit", SHAPE_INTEGER, SHAPE_REQUIRED | SHAPE_NULL, "How much may be; null: any amount."),
    MEMBER("remaining", SHAPE_INTEGER, SHAPE_REQUIRED | SHAPE_NULL, "How much more may be used; null: any amount."),
    OPTIONAL("resets_at", "When it is counted from 0 again."), END
};
const struct shape usage_out[] = {
    T("tenant", "Whose usage it is."), OPTIONAL("token_id", "Of which token as well."),
    MEMBER("quotas", SHAPE_LIST, SHAPE_REQUIRED, "Each with what is used of it.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL, .of = quota)), END
};
