/* Looks through a data file for everything that would make training fail or mislead: faults, duplicates, contradictions,
 * outputs with too few examples, rows shared between training and validation. Called by `hone data check` and the API. */
#ifndef DATA_CHECK_H
#define DATA_CHECK_H
#include <cjson/cJSON.h>
#include "core/data/examples.h"

#define CHECK_LISTED 1000        /* entries of each list in the report; counts are of all */
#define CHECK_FEW 5              /* outputs with fewer examples are listed */
#define CHECK_NEAR 0.8           /* likeness from which two inputs are near duplicates */

/* Streams the file (and the validation file, or NULL). The report (cJSON_Delete()) is described in docs/data.md. Memory grows
 * by about 300 bytes a row. Fails only when a file cannot be read at all. */
int data_check(const char *path, const char *validation, const struct read_options *options, cJSON **report,
               struct hone_err *err);

#endif
