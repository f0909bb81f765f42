/* A plugin's descriptor as JSON, for `hone plugin list` and `inspect`. Reads data only. Called in the probe's child
 * processes. */
#ifndef HOST_ITEM_JSON_H
#define HOST_ITEM_JSON_H
#include <cjson/cJSON.h>
#include "core/host/load.h"

/* The object that registry_describe() documents; NULL when memory ran out. */
cJSON *plugin_json(const struct loaded *l);

#endif
