/* Has no update rule. */
#include "bad.h"

BAD_OPTIMIZER(NULL);
BAD_PLUGIN(NULL);
