/* hone/abi.h: what every plugin and the host agree on.
 *
 * A plugin is a shared object that exports one constant, hone_plugin_info, and imports nothing from the host: what it
 * needs is lent to it through pointers. The descriptor says what it offers (several items if it likes) and which
 * settings each has; the host reads all of it before any code of the plugin runs.
 *
 * Rules of the interface:
 *  - Types: fixed-width integers, float, double, pointers to them and to structs. No enum, bool, bit-field, long, va_list,
 *    FILE *, time_t; no #if that depends on a configuration.
 *  - Strings are UTF-8, static or valid for the call.
 *  - Whoever allocates frees. Memory that crosses the border is valid during the call unless it says otherwise.
 *  - Errors are a negative code and a sentence in the caller's struct hone_err.
 *  - Every function pointer has a thread tag: [main] only the task's main thread; [worker] several threads at once, on
 *    different data; [any]; "pure" adds: no effects, same answer for the same arguments.
 *  - A plugin never exits, aborts, forks, changes the locale, signal handlers, the floating-point environment, or
 *    writes to standard output; it has no constructors.
 *  - Versions: a minor version only appends (fields at the end of a struct that travels by pointer, kinds, flags, services).
 *    The host loads a plugin when the majors are equal and the plugin's min_minor is not above the host's minor. An item
 *    that was built shorter than the host's struct is read as if what it lacks were zero, which must mean "not there".
 *
 * History: 0.1 first; 0.2 generators, hone_string moved here from hone/model.h, paradigms that plan and see weights
 * (hone/paradigm.h), models that start from others (hone/model.h), older minors are loaded. */
#ifndef HONE_ABI_H
#define HONE_ABI_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_ABI_MAJOR 0
#define HONE_ABI_MINOR 2
#ifndef HONE_MIN_MINOR /* the lowest host minor that this plugin accepts */
#define HONE_MIN_MINOR HONE_ABI_MINOR
#endif
#define HONE_MAGIC 0x454e4f48u /* "HONE" in memory on little-endian machines */

#if defined(__GNUC__)
#define HONE_EXPORT __attribute__((visibility("default")))
#else
#define HONE_EXPORT
#endif

/* Return codes: 0 and above is success. */
#define HONE_EINVAL (-1)    /* a value is wrong; the user can mend it */
#define HONE_ENOMEM (-2)
#define HONE_EIO (-3)
#define HONE_EDIVERGED (-4) /* not finite, or grown beyond use */
#define HONE_ENOSYS (-5)    /* not offered */

/* Where a failing call says why. Owned by the caller. Its size is fixed for all of a major version. */
struct hone_err {
    int32_t code;
    char text[508];
};

struct hone_string { /* UTF-8, not NUL-terminated */
    const char *bytes;
    int64_t len;
};

/* Kinds of items. A host skips an item of a kind that it does not know, with a warning. */
#define HONE_OPTIMIZER 1u
#define HONE_SCHEDULER 2u
#define HONE_PARADIGM 3u
#define HONE_MODEL 4u
#define HONE_METRIC 5u
#define HONE_REPORT 6u
#define HONE_GENERATOR 7u

/* Element types of tensors and state. */
#define HONE_F32 0u
#define HONE_F64 1u
#define HONE_U8 2u
#define HONE_I32 3u
#define HONE_I64 4u

/* A declared setting. The host parses and checks it and stores it at `offset` of the item's settings block, always
 * 8 bytes wide, before it calls anything that receives the block. */
#define HONE_REAL 1u   /* double */
#define HONE_INT 2u    /* int64_t */
#define HONE_BOOL 3u   /* int64_t, 0 or 1 */
#define HONE_CHOICE 4u /* int64_t, index into choices */
#define HONE_STR 5u    /* const char *, host-owned, UTF-8 */

#define HONE_P_REQUIRED 1u    /* has no default */
#define HONE_P_SCHEDULABLE 2u /* a scheduler may drive it between steps */
#define HONE_P_OPEN_MIN 4u    /* the range is (min, ... */
#define HONE_P_OPEN_MAX 8u    /* ... max) */
#define HONE_P_LOG 16u        /* a search samples it on a log scale */
#define HONE_P_STATE 32u      /* changing it makes saved state useless */
#define HONE_P_HIDDEN 64u
#define HONE_P_DEPRECATED 128u /* still read; the doc says what replaces it */

struct hone_param {
    const char *name; /* [a-z][a-z0-9_]* */
    uint32_t type, flags;
    double dflt, min, max;      /* HONE_REAL, _INT; _BOOL and _CHOICE use dflt only */
    const char *sdflt;          /* default of a HONE_STR, may be NULL */
    const char *const *choices; /* HONE_CHOICE, NULL-terminated */
    const char *doc;            /* one line, with the unit */
    uint32_t offset, pad0;      /* offsetof(struct conf, field) */
};

/* The head of everything that a plugin offers, embedded as the first member of the kind's struct. */
struct hone_item {
    uint32_t struct_size;            /* of the whole kind struct */
    uint32_t kind;
    const char *name;                /* [a-z][a-z0-9_]*, unique within its kind */
    const char *brief;               /* one line */
    const char *doc;                 /* longer text with the source of the method, or NULL */
    const struct hone_param *params;
    uint32_t n_params, param_size;   /* count and stride of params */
    uint32_t conf_size;              /* bytes of the settings block */
    uint32_t flags;                  /* by kind */
    /* Checks across settings, after the host's own. Optional. [main] */
    int (*check)(const void *conf, struct hone_err *err);
    uint64_t reserved[3];            /* zero */
};

struct hone_host;
typedef void hone_task(void *arg, int64_t begin, int64_t end);

/* What the host lends to every plugin. */
struct hone_host {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor;
    const char *version;
    void (*log)(const struct hone_host *, int32_t level, const char *text); /* 0 error, 1 warning, 2 info, 3 debug [any] */
    void *(*alloc)(const struct hone_host *, size_t size);                  /* 64-byte aligned, zeroed, or NULL [any] */
    void (*free)(const struct hone_host *, void *);                         /* NULL is fine [any] */
    /* Runs task over [0, n) in pieces with borders at multiples of grain, on all threads of the run, and returns when
     * all are done. The pieces must be independent. [main] */
    void (*parallel)(const struct hone_host *, int64_t n, int64_t grain, hone_task *, void *arg);
    /* A named group of services, e.g. "hone.text/1" (hone/text.h), or NULL when not offered. [any] */
    const void *(*get)(const struct hone_host *, const char *service);
};

/* The one exported symbol. Its first 16 bytes never change, in any major version. */
struct hone_plugin {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t struct_size;
    uint16_t min_minor, pad0;
    const char *name, *version, *license, *origin;
    const struct hone_item *const *items;                      /* NULL-terminated */
    int (*init)(const struct hone_host *, struct hone_err *);  /* optional; the host outlives the plugin [main] */
    void (*fini)(void);                                        /* optional; at exit, in reverse order [main] */
};
#define HONE_PLUGIN_SYMBOL "hone_plugin_info"

/* -DHONE_STATIC_NAME=x renames the symbol to hone_plugin_info_x, for plugins that are linked into the host. */
#ifdef HONE_STATIC_NAME
#define HONE_CAT2_(a, b) a##_##b
#define HONE_CAT_(a, b) HONE_CAT2_(a, b)
#define HONE_PLUGIN_VAR HONE_CAT_(hone_plugin_info, HONE_STATIC_NAME)
#else
#define HONE_PLUGIN_VAR hone_plugin_info
#endif

/* ---- helpers for authors in C and C++; nothing of it is imported from the host ---- */

/* One row of a settings table: HONE_ROW(struct conf, lr, HONE_REAL, flags, default, min, max, "doc"). */
#define HONE_ROW(T, field, type, flags, d, lo, hi, text) \
    { #field, type, flags, d, lo, hi, NULL, NULL, text, (uint32_t)offsetof(T, field), 0 }
/* A row of type HONE_CHOICE (list: NULL-terminated array, d: index of the default) or HONE_STR (d: the default text). */
#define HONE_ROW_CHOICE(T, field, flags, d, list, text) \
    { #field, HONE_CHOICE, flags, d, 0, 0, NULL, list, text, (uint32_t)offsetof(T, field), 0 }
#define HONE_ROW_STR(T, field, flags, d, text) \
    { #field, HONE_STR, flags, 0, 0, 0, d, NULL, text, (uint32_t)offsetof(T, field), 0 }
#define HONE_COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))
/* The head of an item: type of the kind's struct, kind, name, brief, doc, settings table or the next macro, flags. */
#define HONE_ITEM(T, kind, name, brief, doc, table, C, flags, check) \
    { (uint32_t)sizeof(T), kind, name, brief, doc, table, HONE_COUNT(table), (uint32_t)sizeof((table)[0]), \
      (uint32_t)sizeof(C), flags, check, { 0, 0, 0 } }
#define HONE_ITEM_PLAIN(T, kind, name, brief, doc, flags) \
    { (uint32_t)sizeof(T), kind, name, brief, doc, NULL, 0, (uint32_t)sizeof(struct hone_param), 0, flags, NULL, { 0, 0, 0 } }

#define HONE_DEFINE_PLUGIN(name_, version_, license_, origin_, init_, fini_, ...) \
    static const struct hone_item *const hone_items_[] = { __VA_ARGS__, NULL };    \
    HONE_EXPORT extern const struct hone_plugin HONE_PLUGIN_VAR;                   \
    const struct hone_plugin HONE_PLUGIN_VAR = {                                  \
        HONE_MAGIC, HONE_ABI_MAJOR, HONE_ABI_MINOR, (uint32_t)sizeof(struct hone_plugin), \
        HONE_MIN_MINOR, 0, name_, version_, license_, origin_, hone_items_, init_, fini_ }

/* Fills err (may be NULL) and returns code: return hone_fail(err, HONE_EINVAL, "beta1 is %g", b). [any] */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), unused))
#endif
static int hone_fail(struct hone_err *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        err->code = code;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return code;
}

#ifdef __cplusplus
}
#endif
#endif
