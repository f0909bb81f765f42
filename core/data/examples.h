/* Examples in memory, as columns, and the readers that fill them. Not a data frame: what training needs, no more.
 * Called by the worker's tasks, `hone data`, and later by the API. */
#ifndef DATA_EXAMPLES_H
#define DATA_EXAMPLES_H
#include <stdint.h>
#include "core/base/arena.h"
#include "core/base/err.h"
#include "hone/model.h"
#include "hone/paradigm.h"

/* Distinct outputs, numbered in the order of their first appearance. */
struct outputs {
    int64_t n;
    struct hone_string *name; /* [n]; bytes live in the arena */
    /* private */
    int32_t *slot;
    uint64_t *hash;
    int64_t n_slots, cap;
    struct arena arena;
};
/* The number of an output, added when new and `add`; -1 when absent, -2 when memory ran out. */
int32_t outputs_find(struct outputs *o, const char *bytes, int64_t len, int add);
void outputs_free(struct outputs *o);

/* n examples; every array has n entries. Zero-initialised is empty. */
struct examples {
    int64_t n;
    struct hone_string *input;   /* valid UTF-8 without NUL */
    int32_t *output;             /* number in `outputs`; -1 when the row has none (only where that is allowed) */
    uint8_t *feedback;           /* HONE_CORRECT ... */
    float *weight;               /* >= 0, 1 when absent */
    struct hone_string *metadata;/* source text of the JSON object, len 0 when absent */
    float *reward, *propensity;  /* metadata.reward and .propensity, NaN when absent; NULL when no row has one */
    struct hone_string *rejected;/* an answer that is worse than the output, len -1 when absent; NULL when no row has one */
    int64_t *line;               /* line, or element number in a JSON array, where the example began (1-based) */
    struct outputs outputs;
    struct arena arena;          /* texts */
    int64_t cap;
};
void examples_free(struct examples *e);

enum data_format {
    DATA_AUTO, DATA_JSONL, DATA_JSON, DATA_CSV, DATA_TSV, DATA_FASTTEXT, DATA_CHAT, DATA_ALPACA, DATA_TEXT
};
/* "jsonl", "json", "csv", "tsv", "fasttext", "chat", "alpaca", "text"; DATA_AUTO for "auto"; -1 for anything else. */
int data_format_of_name(const char *name);
const char *data_format_name(enum data_format f);

struct read_options {
    enum data_format format;  /* DATA_AUTO: by suffix, then by the first bytes */
    int64_t max_examples;     /* 0: no limit */
    int optional_output;      /* 1: rows without expected_output are allowed (ask, adapt) */
};

/* One fault of a file. */
struct data_fault {
    int64_t line, column;     /* 1-based; column 0 when the whole row is meant */
    int severity;             /* 0 error, 1 warning */
    char code[32];            /* stable name: "invalid_utf8", "missing_input", ... */
    char path[64];            /* JSON path inside the row, or column name, or "" */
    char text[256];           /* what was found and expected */
    char fix[128];            /* what to do */
};

/* Reads a whole file ("-" is standard input). On failure e is empty and err says "FILE:LINE:COLUMN: ..." for the first
 * fault and, when there are more, how many and that `hone data check FILE` lists them. An empty file is an error. Of warnings
 * the first is logged, by its line. */
int examples_read(struct examples *e, const char *path, const struct read_options *o, struct hone_err *err);

/* Reads row by row without keeping rows: `row` gets a one-row view that is valid during the call and may return < 0 to stop;
 * `fault` gets each fault (the row is skipped) and may return < 0 to stop. Memory does not grow with the file.
 * A row view's `output` text is in *answer (len -1 when absent). */
struct example_row {
    struct hone_string input, answer, metadata;
    struct hone_string rejected; /* bytes NULL when absent */
    uint8_t feedback;
    float weight, reward, propensity;
    int64_t line;
    struct hone_string source; /* the row's own text in the file */
};
struct row_sink {
    void *arg;
    int (*row)(void *arg, const struct example_row *row, struct hone_err *err);
    int (*fault)(void *arg, const struct data_fault *fault);
};
int examples_stream(const char *path, const struct read_options *o, const struct row_sink *sink, struct hone_err *err);

/* Examples that are put together in memory: each is copied behind the others; reward and propensity are NaN where there is none, and
 * examples_end() drops such columns when all are in (nothing is added after it). HONE_ENOMEM; e is then as it was. */
int examples_add(struct examples *e, const struct example_row *row, struct hone_err *err);
/* Rows row[0..n) (NULL: the first n) of another one. On failure some may have been added. */
int examples_copy(struct examples *to, const struct examples *from, const int64_t *row, int64_t n, struct hone_err *err);
void examples_end(struct examples *e);
/* The rejected answer of a row; bytes NULL when it has none. */
struct hone_string examples_rejected(const struct examples *e, int64_t row);

#endif
