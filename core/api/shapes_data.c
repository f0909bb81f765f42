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
