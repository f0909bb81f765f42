/* Runs the unit tests: all suites, or those whose names are given. Prints what fails, and last "N passed, N failed" over
 * all assertions. Exit code 0, 1 (something failed) or 2 (no such suite, or CUnit failed). Suites run in any order, alone or
 * together, so one that leaves the environment changed has failed. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/log.h"
#include "tests/unit/suites.h"

static const struct {
    const char *name;
    int (*add)(void);
} suites[] = {
#define SUITE(name) { #name, test_##name },
#include "tests/unit/suites.h"
};

#define N_SUITES (sizeof suites / sizeof suites[0])

/* Adds the suite of this name, or all of them for NULL. */
static int add(const char *name)
{
    int found = 0;
    for (size_t i = 0; i < N_SUITES; i++) {
        if (name && strcmp(name, suites[i].name) != 0)
            continue;
        found = 1;
        if (suites[i].add() != 0) {
            fprintf(stderr, "suite %s cannot be added: %s\n", suites[i].name, CU_get_error_msg());
            return -1;
        }
    }
    if (!found)
        fprintf(stderr, "there is no suite %s\n", name);
    return found ? 0 : -1;
}

static unsigned suite_failures, suite_asserts, careless;
static struct buf surroundings; /* the environment before the suite */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Without what core/host/blas.c tells OpenBLAS, once in a process. */
static void put_environment(struct buf *b)
{
    size_t n = 0;
    while (environ[n])
        n++;
    char **sorted = malloc((n + 1) * sizeof *sorted);
    b->oom |= !sorted;
    for (size_t i = 0; sorted && i < n; i++)
        sorted[i] = environ[i];
    if (sorted)
        qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 0; sorted && i < n; i++)
        if (strncmp(sorted[i], "OPENBLAS_", 9) != 0)
            buf_printf(b, "%s\n", sorted[i]);
    free(sorted);
}

static int environment_kept(void)
{
    struct buf now = { 0 };
    put_environment(&now);
    int kept = !buf_oom(&now) && !buf_oom(&surroundings) && now.n == surroundings.n && memcmp(now.p, surroundings.p, now.n) == 0;
    buf_free(&now);
    buf_free(&surroundings);
    return kept;
}

static void suite_starts(const CU_pSuite suite)
{
    (void)suite;
    put_environment(&surroundings);
    suite_failures = 0;
    suite_asserts = CU_get_number_of_asserts();
}

static void test_ends(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failures)
{
    for (CU_pFailureRecord f = failures; f; f = f->pNext, suite_failures++)
        printf("%s:%u: %s, %s: %s\n", f->strFileName ? f->strFileName : "?", f->uiLineNumber, suite->pName, test->pName,
               f->strCondition ? f->strCondition : "?");
}

static void suite_ends(const CU_pSuite suite, const CU_pFailureRecord failures)
{
    (void)failures;
    int kept = environment_kept();
    careless += !kept;
    printf("%-4s %s: %u assertions%s\n", suite_failures || !kept ? "FAIL" : "ok", suite->pName, CU_get_number_of_asserts() - suite_asserts,
           kept ? "" : ", and it leaves the environment changed for those that follow");
    fflush(stdout);
}

static void suite_cannot_start(const CU_pSuite suite)
{
    printf("FAIL %s: the suite cannot be set up\n", suite->pName);
}

static void suite_cannot_end(const CU_pSuite suite)
{
    printf("FAIL %s: the suite cannot be cleaned up\n", suite->pName);
}

int main(int argc, char **argv)
{
    log_setup("hone-unit", LOG_ERROR);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    int bad = argc < 2 ? add(NULL) : 0;
    for (int i = 1; i < argc && !bad; i++)
        bad = add(argv[i]);
    if (bad) {
        CU_cleanup_registry();
        return 2;
    }
    CU_set_suite_start_handler(suite_starts);
    CU_set_test_complete_handler(test_ends);
    CU_set_suite_complete_handler(suite_ends);
    CU_set_suite_init_failure_handler(suite_cannot_start);
    CU_set_suite_cleanup_failure_handler(suite_cannot_end);
    bad = CU_run_all_tests() != CUE_SUCCESS;
    unsigned failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed() + careless;
    unsigned asserts = CU_get_number_of_asserts();
    unsigned records = CU_get_number_of_failure_records();
    printf("%u passed, %u failed\n", asserts - CU_get_number_of_failures(), records > failures ? records : failures);
    CU_cleanup_registry();
    return bad || records || failures || !asserts;
}
