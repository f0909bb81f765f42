/* safetensors files: what is written is read back; every damaged header is refused with a sentence. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/train/safetensors.h"
#include "tests/unit/suites.h"

static char dir[] = "/tmp/hone-st-XXXXXX", path[64];

static int make_dir(void)
{
    snprintf(path, sizeof path, "%s/a.safetensors", mkdtemp(dir) ? dir : "");
    return 0;
}

static int remove_dir(void)
{
    return file_remove_tree(dir, NULL);
}

static void there_and_back(void)
{
    struct hone_err err = { 0 };
    struct st_file f = { 0 }, g;
    const float w[6] = { 1, -2, 3.5f, 0, 1e-30f, 7 };
    const int64_t step = 123456789012345, dims[2] = { 2, 3 }, one = 1, none = 0;
    char sha[65], file_sha[65];
    int64_t bytes;
    CU_ASSERT_EQUAL(st_add(&f, "model/weight", HONE_F32, 2, dims, w, 0, &err), 0);
    CU_ASSERT_EQUAL(st_add(&f, "loop/step", HONE_I64, 1, &one, &step, 1, &err), 0);
    CU_ASSERT_EQUAL(st_add(&f, "empty", HONE_F64, 1, &none, NULL, 1, &err), 0);
    CU_ASSERT_EQUAL(st_meta(&f, "format", "a \"quoted\"\nvalue", &err), 0);
    CU_ASSERT_EQUAL(st_write(&f, path, sha, &bytes, &err), 0);
    st_free(&f);
    CU_ASSERT_EQUAL(file_sha256(path, file_sha, &err), 0);
    CU_ASSERT_STRING_EQUAL(sha, file_sha);
    CU_ASSERT_EQUAL_FATAL(st_open(&g, path, &err), 0);
    CU_ASSERT_STRING_EQUAL(cJSON_GetObjectItem(g.meta, "format")->valuestring, "a \"quoted\"\nvalue");
    const struct st_entry *e = st_find(&g, "model/weight");
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT(e->ndim == 2 && e->dims[0] == 2 && e->dims[1] == 3 && e->n == 6);
    float back[6];
    CU_ASSERT_EQUAL(st_read(&g, e, back, &err), 0);
    CU_ASSERT_EQUAL(memcmp(back, w, sizeof w), 0);
    int64_t *whole = st_read_new(&g, st_find(&g, "loop/step"), &err);
    CU_ASSERT_EQUAL(*whole, step);
    free(whole);
    CU_ASSERT_PTR_NULL(st_find(&g, "nothing"));
    st_free(&g);
}

static void write_file(const char *header, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    uint64_t len = strlen(header);
    fwrite(&len, 8, 1, f);
    fwrite(header, 1, len, f);
    fwrite(data, 1, n, f);
    fclose(f);
}

static void damaged(void)
{
    static const char *const bad[] = {
        "", "[]", "{", "{\"a\":1}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,800]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e18,1e18],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8]}}",
    };
    const float data[2] = { 1, 2 };
    struct hone_err err;
    struct st_file f;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(bad[i], data, sizeof data);
        err = (struct hone_err){ 0 };
        int rc = st_open(&f, path, &err);
        if (rc != ERR_CORRUPT)
            printf("%s: code %d\n", bad[i], rc);
        CU_ASSERT_EQUAL(rc, ERR_CORRUPT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "a.safetensors"));
    }
    write_file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data, sizeof data);
    CU_ASSERT_EQUAL(st_open(&f, path, &err), 0);
    st_free(&f);
    /* cut anywhere: refused, or read with an error */
    for (off_t size = 0; size < 60; size += 7) {
        CU_ASSERT_EQUAL(truncate(path, size), 0);
        CU_ASSERT_EQUAL(st_open(&f, path, &err), ERR_CORRUPT);
    }
    CU_ASSERT(st_open(&f, "/nonexistent/file", &err) < 0);
}

int test_safetensors(void)
{
    CU_pSuite s = CU_add_suite("safetensors", make_dir, remove_dir);
    return s && CU_add_test(s, "there and back", there_and_back) && CU_add_test(s, "damaged", damaged) ? 0 : -1;
}
