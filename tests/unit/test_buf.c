/* Growable strings and arenas. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "tests/unit/suites.h"

static void append(void)
{
    struct buf b = { 0 };
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
    buf_puts(&b, "one");
    buf_putc(&b, ',');
    buf_printf(&b, "%d-%s", 2, "two");
    buf_add(&b, "", 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "one,2-two");
    CU_ASSERT_EQUAL(b.n, 9);
    for (int i = 0; i < 5000; i++)
        buf_putc(&b, 'x');
    CU_ASSERT_EQUAL(b.n, 5009);
    CU_ASSERT_EQUAL(strlen(b.p), 5009);
    char *room = buf_room(&b, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    memcpy(room, "end", 4);
    b.n += 3;
    CU_ASSERT_STRING_EQUAL(b.p + 5009, "end");
    buf_clear(&b);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
    CU_ASSERT(b.cap > 5000);
    buf_puts(&b, "taken");
    char *taken = buf_take(&b);
    CU_ASSERT_STRING_EQUAL(taken, "taken");
    CU_ASSERT_PTR_NULL(b.p);
    free(taken);
    taken = buf_take(&b);
    CU_ASSERT_STRING_EQUAL(taken, "");
    free(taken);
}

static void memory_runs_out(void)
{
    struct buf b = { 0 };
    buf_puts(&b, "kept");
    CU_ASSERT_PTR_NULL(buf_room(&b, SIZE_MAX - 8));
    CU_ASSERT(buf_oom(&b));
    buf_puts(&b, " not");
    CU_ASSERT_EQUAL(b.n, 4);
    CU_ASSERT_PTR_NULL(buf_str(&b));
    buf_clear(&b);
    CU_ASSERT(!buf_oom(&b));
    buf_puts(&b, "again");
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "again");
    buf_room(&b, SIZE_MAX);
    CU_ASSERT_PTR_NULL(buf_take(&b));
    CU_ASSERT_PTR_NULL(b.p);
}

static void json_strings(void)
{
    static const struct { const char *in; size_t n; const char *out; } rows[] = {
        { "", 0, "\"\"" }, { "plain", 5, "\"plain\"" }, { "a\"b\\c/", 6, "\"a\\\"b\\\\c/\"" },
        { "\n\r\t\b\f\x01\x1f\x7f", 8, "\"\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\\u007f\"" },
        { "a\0b", 3, "\"a\\u0000b\"" }, { "\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = { 0 };
        buf_json_string(&b, rows[i].in, rows[i].n);
        CU_ASSERT_STRING_EQUAL(buf_str(&b), rows[i].out);
        buf_free(&b);
    }
}

static void json_doubles(void)
{
    static const struct { double in; const char *out; } rows[] = {
        { 0, "0" }, { -0.0, "0" }, { 1, "1" }, { -17, "-17" }, { 0.1, "0.1" }, { 0.3, "0.3" }, { 0.1 + 0.2, "0.30000000000000004" },
        { 0.5, "0.5" }, { -0.25, "-0.25" }, { 10, "10" },
        { 0.0001, "0.0001" }, { 0.00001, "1e-05" }, { 999999999.999999, "999999999.999999" }, { 1e9, "1000000000" }, { 100.01, "100.01" },
        { 0.1000001, "0.1000001" }, { 1e15, "1e+15" }, { 999999999999999.0, "999999999999999" }, { 1.0 / 3, "0.3333333333333333" }, { 5e-324, "5e-324" },
        { 1e-310, "1e-310" }, { 1e300, "1e+300" }, { 1.7976931348623157e308, "1.7976931348623157e+308" },
    };
    struct buf b = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&b);
        buf_json_double(&b, rows[i].in);
        CU_ASSERT_STRING_EQUAL(buf_str(&b), rows[i].out);
    }
    const double none[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++) {
        buf_clear(&b);
        buf_json_double(&b, none[i]);
        CU_ASSERT_STRING_EQUAL(buf_str(&b), "null");
    }
    uint64_t bits = 88172645463325252u;
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        double v;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&v, &bits, sizeof v);
        buf_clear(&b);
        buf_json_double(&b, v);
        wrong += isfinite(v) && strtod(buf_str(&b), NULL) != v;
        /* decimals of few places, as the C library prints them */
        char want[32];
        v = (double)(int64_t)(bits % 2000000001 - (bits & 1) * 1000000000) / (double[]){ 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7 }[bits >> 61];
        snprintf(want, sizeof want, "%.15g", v);
        buf_clear(&b);
        buf_json_double(&b, v);
        wrong += v != 0 && strcmp(buf_str(&b), want) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    buf_free(&b);
}

static void arenas(void)
{
    struct arena a = { 0 };
    char *first = arena_copy(&a, "a text", 6);
    CU_ASSERT_STRING_EQUAL(first, "a text");
    int misaligned = 0;
    for (size_t n = 1; n < 3000; n++) {
        char *p = arena_alloc(&a, n);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        misaligned += (uintptr_t)p % 16 != 0;
        memset(p, 0x55, n);
    }
    CU_ASSERT_EQUAL(misaligned, 0);
    CU_ASSERT_STRING_EQUAL(first, "a text");
    CU_ASSERT(a.used >= 2999 * 3000 / 2);
    size_t used = a.used;
    CU_ASSERT_PTR_NULL(arena_alloc(&a, SIZE_MAX));
    CU_ASSERT_PTR_NULL(arena_alloc(&a, SIZE_MAX / 2));
    CU_ASSERT_PTR_NULL(arena_copy(&a, "", SIZE_MAX));
    CU_ASSERT_EQUAL(a.used, used);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 20 << 20)); /* more than a block has */
    arena_reset(&a);
    CU_ASSERT_EQUAL(a.used, 0);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 0));
    arena_free(&a);
    CU_ASSERT_PTR_NULL(a.head);
    arena_reset(&a);
    arena_free(&a);
}

int test_buf(void)
{
    CU_pSuite s = CU_add_suite("buf", NULL, NULL);
    return s && CU_add_test(s, "append", append) && CU_add_test(s, "memory runs out", memory_runs_out)
           && CU_add_test(s, "JSON strings", json_strings) && CU_add_test(s, "JSON doubles", json_doubles)
           && CU_add_test(s, "arenas", arenas) ? 0 : -1;
}
