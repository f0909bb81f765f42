/* The registry: what is refused before it is loaded, checks of descriptors, directories, services, probing. Shared objects
 * that misbehave when they run are in tests/abi/bad and tried by tests/cli/bad_plugins.sh. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/host/adopt.h"
#include "core/host/check.h"
#include "core/host/dirs.h"
#include "core/host/guard.h"
#include "core/host/registry.h"
#include "hone/text.h"
#include "tests/unit/suites.h"

#include <fenv.h>
#include <signal.h>

struct conf {
    double lr;
    int64_t copies;
};

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE, 0.1, 0, 10, "step size"),
    HONE_ROW(struct conf, copies, HONE_INT, 0, 3, 1, 9, "how many"),
};

static void update(const struct hone_span *s)
{
    s->param[0] = 0;
}

static void sum(const struct hone_span *s, double *sums)
{
    sums[0] += (double)s->n;
}

static struct hone_param params[2];
static struct hone_slot slots[2];
static struct hone_optimizer opt;
static struct hone_plugin plugin;
static const struct hone_item *items[3];

/* A sound plugin, to be spoilt in one place. */
static void sound(void)
{
    memcpy(params, table, sizeof params);
    slots[0] = (struct hone_slot){ .name = "m" };
    slots[1] = (struct hone_slot){ .name = "v", .count_from = 2 };
    opt = (struct hone_optimizer){
        .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "toy", "a toy", NULL, table, struct conf, 0, NULL),
        .slots = slots, .n_slots = 2, .slot_size = sizeof slots[0], .update = update,
    };
    opt.item.params = params;
    items[0] = &opt.item;
    items[1] = items[2] = NULL;
    plugin = (struct hone_plugin){
        .magic = HONE_MAGIC, .abi_major = HONE_ABI_MAJOR, .abi_minor = HONE_ABI_MINOR, .struct_size = sizeof plugin,
        .min_minor = HONE_ABI_MINOR, .name = "toy", .version = "1", .license = "Apache-2.0", .origin = "", .items = items,
    };
}

static void expect(const char *text)
{
    struct hone_err err = { 0 };
    const struct hone_plugin *adopted = plugin_adopt(&plugin, &err);
    int rc = adopted ? plugin_check(adopted, "toy.so", &err) : err_prefix(&err, "toy.so");
    free((void *)(uintptr_t)adopted);
    if (!text) {
        CU_ASSERT_EQUAL(rc, 0);
        if (rc)
            printf("\n  %s\n", err.text);
    } else {
        CU_ASSERT_EQUAL(rc, ERR_PLUGIN);
        if (!strstr(err.text, text) || strncmp(err.text, "toy.so: ", 8) != 0)
            printf("\n  expected '%s' in '%s'\n", text, err.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, text));
    }
    sound();
}

#define SPOILT(change, text) \
    do {                     \
        change;              \
        expect(text);        \
    } while (0)

static void descriptors(void)
{
    sound();
    expect(NULL);
    SPOILT(plugin.magic = 1, "HONE_MAGIC");
    SPOILT(plugin.abi_major = HONE_ABI_MAJOR + 1, "this hone offers 0.2; rebuild it");
    SPOILT(plugin.abi_minor = HONE_ABI_MINOR + 1, NULL);
    SPOILT(plugin.min_minor = HONE_ABI_MINOR + 1, "-DHONE_MIN_MINOR=");
    SPOILT(plugin.struct_size = 8, "struct hone_plugin has 8 bytes");
    SPOILT(plugin.pad0 = 1, "pad0");
    SPOILT(plugin.name = NULL, "name of the plugin is missing");
    SPOILT(plugin.version = "\x80", "version of the plugin is not valid UTF-8");
    SPOILT(plugin.items = NULL, "offers no items");
    SPOILT(items[1] = &opt.item, "two optimizers are named 'toy'");
    SPOILT(opt.item.name = "Toy", "has no name like");
    SPOILT(opt.item.brief = "a\033[31m", "control character");
    SPOILT(opt.item.struct_size = 16, "struct hone_optimizer has 16 bytes");
    SPOILT(opt.item.flags = 1u << 31, "unknown flags 0x80000000");
    SPOILT(opt.item.reserved[2] = 5, "reserved words");
    SPOILT((opt.item.kind = 99, opt.item.name = NULL), NULL);
}

/* What an older plugin lacks is zero, what a newer one has more is left out; no version has less than the first. */
static void other_minors(void)
{
    struct {
        struct hone_paradigm paradigm;
        uint64_t more;
    } longer = { .more = ~(uint64_t)0 };
    struct hone_paradigm *p = &longer.paradigm;
    const struct hone_plugin *adopted;
    struct hone_err err = { 0 };
    const uint32_t first = (uint32_t)HONE_UNTIL(hone_paradigm, observe);
    sound();
    memset(p, 0xff, sizeof *p);
    p->item = (struct hone_item){ .struct_size = first, .kind = HONE_PARADIGM, .name = "old", .brief = "an old one" };
    items[0] = &p->item;
    CU_ASSERT_PTR_NULL(plugin_adopt(&plugin, &err)); /* as one of this version it is too short */
    plugin.abi_minor = plugin.min_minor = 1;
    CU_ASSERT_PTR_NOT_NULL_FATAL(adopted = plugin_adopt(&plugin, &err));
    CU_ASSERT_EQUAL(adopted->items[0]->struct_size, sizeof *p);
    CU_ASSERT_PTR_NULL(adopted->items[1]);
    CU_ASSERT(((const struct hone_paradigm *)(const void *)adopted->items[0])->loss == p->loss);
    for (size_t i = first; i < sizeof *p; i++)
        CU_ASSERT_EQUAL(((const char *)adopted->items[0])[i], 0);
    free((void *)(uintptr_t)adopted);
    p->item.struct_size = first - 8;
    CU_ASSERT_PTR_NULL(plugin_adopt(&plugin, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "struct hone_paradigm has"));
    p->item.struct_size = sizeof longer;
    CU_ASSERT_PTR_NULL(plugin_adopt(&plugin, &err)); /* longer than ours, and older */
    plugin.abi_minor = HONE_ABI_MINOR + 1;
    CU_ASSERT_PTR_NOT_NULL_FATAL(adopted = plugin_adopt(&plugin, &err));
    CU_ASSERT_EQUAL(adopted->items[0]->struct_size, sizeof *p);
    free((void *)(uintptr_t)adopted);
}

static void settings_tables(void)
{
    sound();
    SPOILT(params[1].offset = 0, "setting 'copies': offset 0 is also that of 'lr'");
    SPOILT(params[1].offset = 16, "outside of the settings block of 16 bytes");
    SPOILT(params[1].offset = UINT32_MAX - 7, "outside of the settings block");
    SPOILT(params[1].offset = 12, "not a multiple of 8");
    SPOILT(params[1].name = "lr", "stands in the table twice");
    SPOILT(params[1].name = "", "setting 1 has no name");
    SPOILT(params[1].doc = NULL, "its doc is missing");
    SPOILT(params[1].dflt = 2.5, "default 2.5 is not a whole number");
    SPOILT(params[1].dflt = 10, "default 10 is outside its range [1, 9]");
    SPOILT((params[0].flags |= HONE_P_OPEN_MIN, params[0].dflt = 0), "default 0 is outside its range (0, 10]");
    SPOILT((params[0].flags |= HONE_P_REQUIRED, params[0].dflt = -1), NULL);
    SPOILT(params[1].flags = HONE_P_SCHEDULABLE, "only a HONE_REAL");
    SPOILT(params[1].flags = 1u << 20, "unknown flags 0x100000");
    SPOILT(params[1].type = 9, "type 9 is unknown");
    SPOILT((params[1].type = HONE_BOOL, params[1].dflt = 2), "neither 0 nor 1");
    SPOILT(params[1].type = HONE_CHOICE, "without choices");
    SPOILT(opt.item.param_size = 8, "param_size is 8");
    SPOILT(opt.item.conf_size = 0, "outside of the settings block");
    SPOILT(opt.item.n_params = 100000, "100000 settings");
}

static void kinds(void)
{
    sound();
    SPOILT(opt.update = NULL, "has 0 of update");
    SPOILT(opt.n_sums = 1, "sum() and n_sums belong together");
    SPOILT((opt.n_sums = 9, opt.sum = sum), "n_sums = 9");
    SPOILT(opt.derived_size = 8, "no prepare() to fill it");
    SPOILT(opt.item.flags = HONE_OPT_GAP, "needs HONE_OPT_SPARSE");
    SPOILT(slots[1].name = "m", "two slots are named 'm'");
    SPOILT(slots[1].dtype = HONE_I64, "dtype 4");
    SPOILT(slots[1].extent = HONE_PER_ROW, "update_tensor()");
    SPOILT(slots[1].extent = HONE_ABSENT, "extent 5");
    SPOILT(slots[1].count_from = 1, "HONE_INT");
    SPOILT(slots[1].count_from = 3, "HONE_INT");
    SPOILT((slots[0].flags = HONE_SLOT_FROM_PARAM, slots[0].dtype = HONE_F64), "HONE_SLOT_FROM_PARAM");
    SPOILT(opt.slot_size = 4, "slot_size is 4");
    struct hone_scheduler sched = { .item = HONE_ITEM_PLAIN(struct hone_scheduler, HONE_SCHEDULER, "s", "b", NULL, 0) };
    SPOILT(items[0] = &sched.item, "scheduler 's': value is NULL");
    struct hone_metric metric = { .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "m", "b", NULL, 0) };
    SPOILT(items[0] = &metric.item, "outputs is empty");
    struct hone_model model = { .item = HONE_ITEM_PLAIN(struct hone_model, HONE_MODEL, "m", "b", NULL, 0) };
    SPOILT(items[0] = &model.item, "size is NULL");
    struct hone_paradigm par = { .item = HONE_ITEM_PLAIN(struct hone_paradigm, HONE_PARADIGM, "p", "b", NULL, 0) };
    SPOILT(items[0] = &par.item, "loss is NULL");
    struct hone_report rep = { .item = HONE_ITEM_PLAIN(struct hone_report, HONE_REPORT, "r", "b", NULL, 0) };
    SPOILT(items[0] = &rep.item, "suffix");
}

static char dir[64];

static int make_dir(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-registry-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void)
{
    return file_remove_tree(dir, NULL);
}

static void write_file(const char *name, const void *bytes, size_t n, mode_t mode)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, n, f), n);
    fclose(f);
    chmod(path, mode);
}

/* Files that are refused before the linker sees them. */
static void make_files(void)
{
    static char program[65536];
    char path[256];
    FILE *self = fopen("/proc/self/exe", "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(self);
    size_t n = fread(program, 1, sizeof program, self);
    fclose(self);
    write_file("text.so", "#!/bin/sh\n", 10, 0644);
    write_file("empty.so", "", 0, 0644);
    write_file("short.so", program, 40, 0644);
    write_file("headless.so", program, 64, 0644);
    write_file("cut.so", program, n < 2000 ? n / 2 : 2000, 0644);
    write_file("open.so", program, n, 0666);
    program[4] = program[4] == 1 ? 2 : 1;
    write_file("class.so", program, n, 0644);
    snprintf(path, sizeof path, "%s/dir.so", dir);
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/pipe.so", dir);
    CU_ASSERT_EQUAL(mkfifo(path, 0644), 0);
    snprintf(path, sizeof path, "%s/dangling.so", dir);
    CU_ASSERT_EQUAL(symlink("nowhere", path), 0);
}

static void described(const cJSON *list, const char *file, const char *text)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, list) {
        if (strcmp(json_str(e, "file", ""), file) != 0)
            continue;
        const char *error = json_str(e, "error", "(none)");
        if (!strstr(error, text))
            printf("\n  %s: expected '%s' in '%s'\n", file, text, error);
        CU_ASSERT_PTR_NOT_NULL(strstr(error, text));
        return;
    }
    printf("\n  %s is not listed\n", file);
    CU_FAIL("a file is not listed");
}

static void files(void)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { dir, NULL };
    make_files();
    cJSON *list = registry_describe(dirs, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(list), 10);
    described(list, "text.so", "it is no shared object (it does not begin as an ELF file)");
    described(list, "empty.so", "the file is empty");
    described(list, "short.so", "it is cut off after 40 bytes");
    described(list, "headless.so", "it is cut off (64 bytes");
    described(list, "cut.so", "it is cut off (2000 bytes");
    described(list, "open.so", "everybody may write to it");
    described(list, "class.so", "another kind of machine");
    described(list, "dir.so", "it is a directory");
    described(list, "pipe.so", "it is a pipe");
    described(list, "dangling.so", "cannot be found");
    cJSON_Delete(list);
}

static void look_ups(void)
{
    struct hone_err err = { 0 };
    const char *dirs[] = { dir, NULL }, *none[] = { "/nonexistent", NULL };
    struct registry *r = registry_new(dirs, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_OPTIMIZER, "text", NULL, &err));
    CU_ASSERT_EQUAL(err.code, ERR_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "text.so: it is no shared object"));
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_OPTIMIZER, "/nonexistent/x.so", NULL, &err));
    CU_ASSERT_EQUAL(err.code, ERR_NOT_FOUND);
    registry_free(r);
    r = registry_new(none, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_OPTIMIZER, "adamw", NULL, &err));
    CU_ASSERT_EQUAL(err.code, ERR_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no optimizer 'adamw'; no optimizer plugins were found"));
    registry_free(r);
}

/* With the plugins of this build, as far as they were built. */
static void built_plugins(void)
{
    struct hone_err err = { 0 };
    const struct registry_plugin *from = NULL;
    struct registry *r = registry_new(NULL, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    const struct hone_item *sgd = registry_find(r, HONE_OPTIMIZER, "sgd", &from, &err);
    if (!sgd) {
        printf("skipped: %s ", err.text);
        registry_free(r);
        return;
    }
    CU_ASSERT_EQUAL(sgd->kind, HONE_OPTIMIZER);
    CU_ASSERT_STRING_EQUAL(sgd->name, "sgd");
    CU_ASSERT_EQUAL(strlen(from->sha256), 64);
    CU_ASSERT_EQUAL(from->path[0], '/');
    CU_ASSERT_PTR_EQUAL(registry_find(r, HONE_OPTIMIZER, "sgd", NULL, &err), sgd);
    CU_ASSERT_PTR_EQUAL(registry_find(r, HONE_OPTIMIZER, from->path, NULL, &err), sgd);
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_MODEL, from->path, NULL, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "it offers no model"));
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_OPTIMIZER, "sdg", NULL, &err));
    CU_ASSERT_EQUAL(err.code, HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no optimizer 'sdg'; did you mean 'sgd'? known: "));
    CU_ASSERT_PTR_NULL(registry_find(r, HONE_OPTIMIZER, "../sgd", NULL, &err));
    cJSON *one = plugin_describe(from->path, &err);
    CU_ASSERT_STRING_EQUAL(json_str(one, "sha256", ""), from->sha256);
    CU_ASSERT_PTR_NULL(json_get(one, "error"));
    CU_ASSERT(cJSON_GetArraySize(json_get(one, "items")) >= 1);
    cJSON_Delete(one);
    registry_free(r);
}

static void services(void)
{
    struct hone_err err = { 0 };
    const char *none[] = { NULL };
    struct registry *r = registry_new(none, NULL, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    const struct hone_host *h = registry_host(r);
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 1000, 1000000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *p = h->alloc(h, sizes[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL((uintptr_t)p % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            CU_ASSERT_EQUAL_FATAL(p[k], 0);
        memset(p, 255, sizes[i]);
        h->free(h, p);
    }
    h->free(h, NULL);
    CU_ASSERT_PTR_NULL(h->alloc(h, SIZE_MAX - 3));
    const struct hone_text_service *t = h->get(h, "hone.text/1");
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    CU_ASSERT_NOT_EQUAL(t->hash("abc", 3, 0), 0);
    CU_ASSERT_PTR_NULL(h->get(h, "hone.text/9"));
    CU_ASSERT_EQUAL(h->struct_size, sizeof *h);
    registry_free(r);
}

static void guards(void)
{
    struct hone_err err = { 0 };
    struct guard g;
    guard_enter(&g);
    CU_ASSERT_EQUAL(guard_leave(&g, "x", &err), 0);
    guard_enter(&g);
    fesetround(FE_UPWARD);
    CU_ASSERT_EQUAL(guard_leave(&g, "x", &err), ERR_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "x changed the floating-point environment"));
    CU_ASSERT_EQUAL(fegetround(), FE_TONEAREST);
    guard_enter(&g);
    signal(SIGUSR2, SIG_IGN);
    CU_ASSERT_EQUAL(guard_leave(&g, "x", &err), ERR_PLUGIN);
    struct sigaction now;
    sigaction(SIGUSR2, NULL, &now);
    CU_ASSERT_PTR_EQUAL(now.sa_handler, SIG_DFL);
}

static void directories(void)
{
    struct hone_err err = { 0 };
    char sub[128];
    struct places p;
    snprintf(sub, sizeof sub, "%s/optimizers/.libs", dir);
    CU_ASSERT_EQUAL(file_mkdirs(sub, &err), 0);
    const char *given[] = { dir, "/nonexistent", dir, NULL };
    char **roots = dirs_roots(given, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(roots);
    CU_ASSERT_STRING_EQUAL(roots[0], dir);
    for (size_t i = 1; roots[i]; i++)
        CU_ASSERT_STRING_NOT_EQUAL(roots[i], dir);
    dirs_free(roots);
    const char *one[] = { dir, NULL };
    CU_ASSERT_EQUAL(places_of(one, &p, &err), 0);
    CU_ASSERT_EQUAL_FATAL(p.n, 3);
    CU_ASSERT_EQUAL(p.v[0].kind, HONE_OPTIMIZER);
    CU_ASSERT_EQUAL(p.v[1].kind, HONE_OPTIMIZER);
    CU_ASSERT_STRING_EQUAL(p.v[1].path, sub);
    CU_ASSERT_EQUAL(p.v[2].kind, 0);
    CU_ASSERT_STRING_EQUAL(p.v[2].path, dir);
    places_free(&p);
}

int test_registry(void)
{
    CU_pSuite s = CU_add_suite("registry", make_dir, remove_dir);
    int ok = s && CU_add_test(s, "descriptors", descriptors) && CU_add_test(s, "other minors", other_minors) && CU_add_test(s, "settings tables", settings_tables) &&
             CU_add_test(s, "kinds", kinds) && CU_add_test(s, "files", files) && CU_add_test(s, "look-ups", look_ups) &&
             CU_add_test(s, "built plugins", built_plugins) && CU_add_test(s, "services", services) &&
             CU_add_test(s, "guards", guards) && CU_add_test(s, "directories", directories);
    return ok ? 0 : -1;
}
