/* Files in libconfig syntax as JSON trees, with the line of each value. What the values mean is the callers': settings files, pipelines,
 * sweeps. */
#ifndef API_CONF_H
#define API_CONF_H
#include <libconfig.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

/* A value as JSON (cJSON_Delete()): groups are objects, lists and arrays are arrays. */
cJSON *conf_json(const config_setting_t *v);
/* libconfig 1.5 keeps 32 bits of a whole number that does not end in L and says nothing. The first decimal one in the text that needs
 * more: its line, with its digits in number; 0 when there is none. */
int conf_cut_number(const char *text, char number[32]);
/* Reads a file: an object, or NULL with err ("FILE:LINE: ..."). *lines gets {"steps.train.needs": 12, "steps.train.matrix[1].epochs": 20}: the line
 * of everything that has a name (cJSON_Delete() in both cases). */
cJSON *conf_read(const char *path, cJSON **lines, struct hone_err *err);

#endif
