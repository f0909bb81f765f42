/* What generators propose, kept with where it came from. Not the filters. Called by synth.c. */
#ifndef SYNTH_CANDIDATES_H
#define SYNTH_CANDIDATES_H
#include "core/base/arena.h"
#include "core/base/pool.h"
#include "core/synth/referee.h"
#include "hone/generator.h"

#define SYNTH_SOURCES 16
#define SYNTH_TAGS 16

/* What became of a candidate; the filters in their order. */
enum fate { FATE_DUPLICATE, FATE_COPY, FATE_LABEL, FATE_DIFFICULTY, FATE_PASSED, FATES };

struct candidate {
    struct hone_string input;
    int32_t label;                  /* of the material */
    int32_t maker;                  /* number of the generator */
    const char *method;
    const char *tag[SYNTH_TAGS];
    int64_t source[SYNTH_SOURCES];
    int32_t n_tags, n_source;
    enum fate fate;
    int32_t level;                  /* of difficulty, see synth.h */
    float share, margin;            /* of the referee */
    int32_t rival;                  /* output of the material, -1: none */
    double distance;                /* to the nearest text when it was chosen */
    int64_t nearest;                /* that text: a row of the material, -1: none of them */
};

struct candidates {
    struct candidate *v;
    int64_t n, cap;
    struct arena text;
};
void candidates_free(struct candidates *c);

/* A generator that has learned from the material. */
struct maker {
    const struct hone_generator *plugin;
    const char *name;               /* the plugin's */
    void *conf, *self;
};

/* What is wrong with a proposal for that output of `material`: a static sentence, or NULL. [any, pure] */
const char *proposal_fault(const struct hone_proposal *p, const struct hone_material *material, int32_t label);

/* One wish for each output k with count[k] > 0, to each maker; `seed` is that of the whole. Adds what they propose to c in the order of outputs
 * and makers, for any number of threads. A generator that fails or proposes what is unsound fails the whole: its name is in the sentence. */
struct asking {
    const struct hone_material *material;
    const struct maker *maker;
    int64_t makers;
    const int64_t *count;           /* [outputs] proposals that each maker is asked for */
    double difficulty;
    uint64_t seed;
    struct pool *pool;
    const struct synth_watch *watch;
};
int candidates_ask(struct candidates *c, const struct asking *a, struct hone_err *err);

#endif
