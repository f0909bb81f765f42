/* Plugins that are linked into the program: found, described, pinned and refused as files are. That the bundled ones work so is shown by
 * tests/abi/linked.sh. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/host/dirs.h"
#include "core/host/linked.h"
#include "core/host/pins.h"
#include "core/host/registry.h"
#include "hone/scheduler.h"
#include "tests/unit/suites.h"

static double same(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)conf, (void)state;
    return in->base;
}

static const struct hone_scheduler flat = {
    .item = HONE_ITEM_PLAIN(struct hone_scheduler, HONE_SCHEDULER, "flat", "always the same", NULL, 0), .value = same,
};
static const struct hone_item *const items[] = { &flat.item, NULL };

#define SOUND                                                                                                              \
    .magic = HONE_MAGIC, .abi_minor = HONE_ABI_MINOR, .struct_size = sizeof(struct hone_plugin), .min_minor = HONE_ABI_MINOR, \
    .name = "flat", .version = "1", .license = "Apache-2.0", .origin = "", .items = items
static const struct hone_plugin sound = { SOUND, .abi_major = HONE_ABI_MAJOR };
static const struct hone_plugin other_major = { SOUND, .abi_major = HONE_ABI_MAJOR + 1 };

#define FLAT LINKED_ROOT "/schedulers/flat.so"
#define OLD LINKED_ROOT "/schedulers/old.so"
static const struct linked_plugin both[] = { { FLAT, &sound }, { OLD, &other_major }, { 0 } }, none[] = { { 0 } };

static int offer(void)
{
    linked_offer(both);
    return 0;
}

static int withdraw(void)
{
    linked_offer(none);
    unsetenv("HONE_PLUGIN_PINS");
    return 0;
}

static void places(void)
{
    struct hone_err err = { 0 };
    char **roots = dirs_roots(NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(roots);
    size_t n = 0;
    for (char **r = roots; *r; r++)
        n += strcmp(*r, LINKED_ROOT) == 0;
    CU_ASSERT_EQUAL(n, 1);
    dirs_free(roots);
    const char *one[] = { LINKED_ROOT, NULL };
    struct places p;
    CU_ASSERT_EQUAL_FATAL(places_of(one, &p, &err), 0);
    CU_ASSERT_EQUAL_FATAL(p.n, 2);
    CU_ASSERT_EQUAL(p.v[0].kind, HONE_SCHEDULER);
    char **files = place_files(p.v[0].path, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(files);
    CU_ASSERT_STRING_EQUAL(files[0], FLAT);
    CU_ASSERT_STRING_EQUAL(files[1], OLD);
    CU_ASSERT_PTR_NULL(files[2]);
    dirs_free(files);
    files = place_files(LINKED_ROOT, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(files);
    CU_ASSERT_PTR_NULL(files[0]);
    dirs_free(files);
    places_free(&p);
    CU_ASSERT_FALSE(linked_is_dir("(built"));
    CU_ASSERT_PTR_NULL(linked_find(LINKED_ROOT));
}

static void look_ups(void)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { LINKED_ROOT, NULL };
    const struct registry_plugin *from = NULL;
    char own[65];
    struct registry *r = registry_new(dirs, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    const struct hone_item *item = registry_find(r, HONE_SCHEDULER, "flat", &from, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    CU_ASSERT_STRING_EQUAL(item->name, "flat");
    CU_ASSERT_STRING_EQUAL(from->path, FLAT);
    CU_ASSERT_EQUAL(file_sha256("/proc/self/exe", own, &err), 0);
    CU_ASSERT_STRING_EQUAL(from->sha256, own);
    CU_ASSERT_PTR_EQUAL(registry_find(r, HONE_SCHEDULER, "flat", NULL, &err), item);
    CU_ASSERT_PTR_EQUAL(registry_find(r, HONE_SCHEDULER, FLAT, NULL, &err), item);
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_SCHEDULER, "old", NULL, &err));
    CU_ASSERT_EQUAL(err.code, ERR_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, OLD ": built for plugin interface"));
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_SCHEDULER, "flt", NULL, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "did you mean 'flat'"));
    registry_free(r);
}

static void descriptions(void)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { LINKED_ROOT, NULL };
    cJSON *list = registry_describe(dirs, &err);
    CU_ASSERT_EQUAL_FATAL(cJSON_GetArraySize(list), 2);
    const cJSON *first = cJSON_GetArrayItem(list, 0), *second = cJSON_GetArrayItem(list, 1);
    CU_ASSERT_STRING_EQUAL(json_str(first, "file", ""), "flat.so");
    CU_ASSERT_STRING_EQUAL(json_str(first, "path", ""), FLAT);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(first, "items")), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(json_str(second, "error", ""), "built for plugin interface"));
    cJSON_Delete(list);
}

/* Sets plugins.pins to FILE=SHA256, checks that pins of names stand or fall as `known` says, and looks the plugin up. */
static const struct hone_item *pinned(const char *file, const char *sha256, int known, struct hone_err *err)
{
    char pin[256];
    const char *dirs[] = { LINKED_ROOT, NULL };
    snprintf(pin, sizeof pin, "%s=%s", file, sha256);
    setenv("HONE_PLUGIN_PINS", pin, 1);
    CU_ASSERT_EQUAL(pins_check_names(dirs, err), known ? 0 : HONE_EINVAL);
    struct registry *r = registry_new(dirs, NULL, err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    const struct hone_item *item = registry_find(r, HONE_SCHEDULER, "flat", NULL, err);
    registry_free(r);
    return item;
}

static void pins(void)
{
    struct hone_err err = { 0 };
    char own[65], wrong[65];
    CU_ASSERT_EQUAL_FATAL(linked_sha256(own, &err), 0);
    snprintf(wrong, sizeof wrong, "%s", own);
    wrong[0] = own[0] == '0' ? '1' : '0';
    CU_ASSERT_PTR_NOT_NULL(pinned("flat.so", own, 1, &err));
    CU_ASSERT_PTR_NOT_NULL(pinned(FLAT, own, 1, &err));
    CU_ASSERT_PTR_NULL(pinned("flat.so", wrong, 1, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "its SHA-256 is"));
    CU_ASSERT_PTR_NULL(pinned(FLAT, wrong, 1, &err));
    CU_ASSERT_PTR_NOT_NULL(pinned("flut.so", own, 0, &err));
    unsetenv("HONE_PLUGIN_PINS");
}

int test_linked(void)
{
    CU_pSuite s = CU_add_suite("linked", offer, withdraw);
    int ok = s && CU_add_test(s, "places", places) && CU_add_test(s, "look-ups", look_ups) && CU_add_test(s, "descriptions", descriptions) &&
             CU_add_test(s, "pins", pins);
    return ok ? 0 : -1;
}
