/* hone/report.h: a formatter writes one report tree, which it receives as a stream of typed records, to a sink.
 * It computes nothing: every number arrives computed.
 * History: 0.1 first. */
#ifndef HONE_REPORT_H
#define HONE_REPORT_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A named value. type is HONE_REAL, HONE_INT, HONE_BOOL or HONE_STR; a HONE_REAL that is NaN means "not known". */
struct hone_field {
    const char *key;    /* machine name, snake_case */
    const char *label;  /* for people */
    uint32_t type, pad0;
    union {
        double real;
        int64_t integer;
        const char *str;
    } v;
};

/* The records of a report, in this order: BEGIN, then sections, then END. A SECTION holds VALUES, TEXT, TABLE (followed by
 * its ROWs and a TABLE_END) and SERIES records; a nested section has a greater level. */
#define HONE_REC_BEGIN 1u     /* key: report type, title: headline; fields: job, agent, times, version */
#define HONE_REC_SECTION 2u   /* key, title, level 1.. */
#define HONE_REC_SECTION_END 3u
#define HONE_REC_VALUES 4u    /* fields: named values */
#define HONE_REC_TEXT 5u      /* text: one paragraph */
#define HONE_REC_TABLE 6u     /* key, title; fields: the columns (key, label, type) */
#define HONE_REC_ROW 7u       /* fields: one a column */
#define HONE_REC_TABLE_END 8u
#define HONE_REC_SERIES 9u    /* key, title: one curve; x, y [n] */
#define HONE_REC_END 10u

struct hone_record {
    uint32_t struct_size, type;
    uint32_t level, n_fields;
    const char *key, *title, *text;
    const struct hone_field *fields;
    uint32_t field_size, pad0;
    int64_t n;
    const double *x, *y;
};

struct hone_sink {
    uint32_t struct_size, pad0;
    void *host_data;
    int (*write)(struct hone_sink *, const void *bytes, size_t n, struct hone_err *);
};

struct hone_report {
    struct hone_item item;
    const char *suffix;     /* "md" */
    const char *media_type; /* "text/markdown; charset=utf-8" */
    int (*open)(void **self, const void *conf, const struct hone_host *, struct hone_sink *, struct hone_err *); /* [main] */
    int (*record)(void *self, const struct hone_record *, struct hone_err *);                                    /* [main] */
    /* Once after a good open(), also after a failure; writes what is left and frees self. [main] */
    int (*close)(void *self, struct hone_err *);
};

#ifdef __cplusplus
}
#endif
#endif
