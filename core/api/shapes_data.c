/* What the functions about data, plugins and presets take and give. See shapes.h. */
#include "core/api/shapes.h"

const struct shape list_plugins_in[] = {
    MEMBER("kind", SHAPE_TEXT, SHAPE_NULL, "Of this kind only.", .choices = "optimizer scheduler paradigm model metric report generator"),
    END
};

const struct shape list_plugins_out[] = {
    MEMBER("plugins", SHAPE_LIST, SHAPE_REQUIRED, "One a plugin file, with its items and their settings."),
    MEMBER("dirs", SHAPE_LIST, 0, "Where plugins are looked for."),
    END
};

const struct shape nothing_in[] = { END };

/* ---- tokens ---- */

const struct shape create_token_in[] = {
    MEMBER("scope", SHAPE_TEXT, SHAPE_NULL, "What it allows; each scope includes those before it.", .choices = "read train admin", .dflt = "\"read\""),
    MEMBER("name", SHAPE_TEXT, SHAPE_NULL, "What it is for.", .min = 0, .max = 200),
    MEMBER("tenant", SHAPE_TEXT, SHAPE_NULL, "Whose objects it reaches; another tenant's only on the daemon's own machine.", .min = 1, .max = 63),
    MEMBER("expires_in_days", SHAPE_INTEGER, SHAPE_NULL, "After which it opens nothing; without it, never.", .min = 1, .max = 36500),
    END
};

const struct shape token_in[] = { ID("token_id", "The id of a token, which is a part of its text."), END };

#define TOKEN \
    MEMBER("token_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its id."), MEMBER("name", SHAPE_TEXT, SHAPE_REQUIRED, "What it is for."), \
    MEMBER("scope", SHAPE_TEXT, SHAPE_REQUIRED, "What it allows.", .choices = "read train admin"), \
    MEMBER("tenant", SHAPE_TEXT, SHAPE_REQUIRED, "Whose objects it reaches."), \
    MEMBER("created_at", SHAPE_TEXT, SHAPE_REQUIRED, "When it was made."), \
    MEMBER("expires_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "When it ends."), \
    MEMBER("used_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "Last use, to the minute."), \
    MEMBER("revoked_at", SHAPE_TEXT, SHAPE_REQUIRED | SHAPE_NULL, "When it was revoked.")

const struct shape create_token_out[] = {
    TOKEN,
    MEMBER("token", SHAPE_TEXT, SHAPE_REQUIRED, "The token itself, told this once."),
    END
};

const struct shape list_tokens_out[] = {
    MEMBER("tokens", SHAPE_LIST, SHAPE_REQUIRED, "Newest first.", .of = &(const struct shape)MEMBER("", SHAPE_OBJECT, 0, NULL,
           .of = (const struct shape[]){ TOKEN, END })),
    END
};

const struct shape revoked_token_out[] = {
    MEMBER("token_id", SHAPE_TEXT, SHAPE_REQUIRED, "Its id."), MEMBER("revoked", SHAPE_BOOLEAN, SHAPE_REQUIRED, "true"),
    END
};
