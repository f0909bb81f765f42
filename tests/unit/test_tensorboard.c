/* Tests of core/cli/tensorboard.c against the bytes of tensorboard_reference.py. */
#include <CUnit/CUnit.h>
#include <string.h>
#include "core/cli/tensorboard.h"
#include "tests/unit/suites.h"
#include "tests/unit/tensorboard_reference.h"

static void records(void)
{
    struct buf b = { 0 };
    CU_ASSERT(tensorboard_crc("123456789", 9) == 0xe3069283u && tensorboard_crc("", 0) == 0);
    tensorboard_begin(&b, 1767225600.5);
    tensorboard_scalar(&b, 1767225601.25, 300, "validation/loss", 0.625f);
    CU_ASSERT_FATAL(b.n == sizeof tensorboard_reference);
    CU_ASSERT(memcmp(b.p, tensorboard_reference, b.n) == 0);
    buf_free(&b);
}

int test_tensorboard(void)
{
    CU_pSuite s = CU_add_suite("tensorboard", NULL, NULL);
    return s && CU_add_test(s, "records", records) ? 0 : -1;
}
