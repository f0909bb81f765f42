/* All test suites, one line each: SUITE(x) stands for int test_x(void) in test_x.c, which adds the suite "x" to CUnit's
 * registry and returns 0, or -1. Without a SUITE of the includer's, the functions are declared. */
#ifndef SUITE
#define SUITE(name) int test_##name(void);
#endif
SUITE(buf)
SUITE(clock)
SUITE(curves)
SUITE(evaluate)
SUITE(file)
SUITE(frame)
SUITE(functions)
SUITE(interactions)
SUITE(json)
SUITE(models)
SUITE(optim)
SUITE(parity)
SUITE(pool)
SUITE(registry)
SUITE(report_json)
SUITE(report_markdown)
SUITE(report_tree)
SUITE(resume)
SUITE(rng)
SUITE(safetensors)
SUITE(serving)
SUITE(settings)
SUITE(stats)
SUITE(store)
SUITE(store_files)
SUITE(text)
SUITE(warm)
SUITE(worker_proc)
#undef SUITE
