/* hone/paradigm.h: what an example teaches. A paradigm turns rows of scores into a loss and d(loss)/d(scores), may choose
 * the order of the examples, and may keep numbers of its own. The host keeps the loop: batches, threads, gradients,
 * optimizer, evaluation, checkpoints, stopping.
 *
 * What a run needs beyond one loss over one set of weights, a paradigm says in plan(): phases that follow one another, scores
 * of the same rows by kept copies of the weights (references), and that targets are actions that were taken instead of right
 * answers. The host does all of it the same way for every paradigm, exactly on resume and for any number of threads.
 * History: 0.1 first. 0.2 hone_plan, references and phase of rows, score of a loss, observe() with all rows of a step, state_more();
 * output_weight; rows.known, plan.pull, unfreeze, replay, HONE_PLAN_BASE, _KEEP; solve() over all rows, HONE_PHASE_STILL; whole answers of
 * models that write: rows.answers, answer_start, each, plan.writes, draws, draw_tokens, draw_reward, HONE_PLAN_PAIRS. */
#ifndef HONE_PARADIGM_H
#define HONE_PARADIGM_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_CORRECT 0u
#define HONE_PARTIAL 1u
#define HONE_INCORRECT 2u

/* Rows of scores with what is known of them. A target of -1 is unknown to the model and teaches nothing. An example has one
 * row, or, from a model that writes, one for each token of its answer, all with its number in `example`. */
struct hone_rows {
    uint32_t struct_size, flags;
    int64_t n, width;
    const float *scores;      /* [n][width] */
    const int32_t *target;    /* [n] */
    const float *weight;      /* [n] >= 0; 0 leaves the row out */
    const uint8_t *feedback;  /* [n] HONE_CORRECT ... */
    const float *reward;      /* [n] metadata.reward, NaN when absent */
    const float *propensity;  /* [n] metadata.propensity, NaN when absent */
    const int64_t *example;   /* [n] which training example: counters for random draws */
    int64_t epoch, step;      /* 0 first */
    uint64_t seed;
    const double *state;      /* the paradigm's checkpointed doubles; read-only in loss() */
    const float *const *reference; /* [plan.references] each [n][width]: scores of these rows by reference i, without dropout
                               * and the like; NULL while it has no weights. NULL when the plan has none */
    int64_t phase;            /* of the plan, 0 first */
    const uint8_t *known;     /* [width] 1 for columns of outputs that the base (config.base) knows; NULL without a base of weights */
    /* Whole answers, where the plan asks for pairs or draws, else answers is 0. Each call then has all answers of its examples, one example
     * after the other, `each` answers of each; the rows of answer a are answer_start[a] - answer_start[0] up to answer_start[a + 1] -
     * answer_start[0]. */
    int64_t answers, each;
    const int64_t *answer_start; /* [answers + 1] */
};
#define HONE_ROWS_TRAIN 1u /* else: a validation loss, d_scores is NULL */

/* Sums over rows; the host divides. Zero when loss() is called. */
struct hone_loss {
    double loss;      /* sum of weight x loss */
    double weight;    /* sum of what the mean is taken over */
    double score;     /* the same for plan.score_name: sum, and what it is divided by; shown with each epoch, for training */
    double scored;    /* and for validation rows. Not used without a score_name */
};

/* A part of a run. It begins with the weights that would be served at the end of the one before (the best ones when
 * restoreBest is on), or, with HONE_PHASE_RESTART, with the weights that training started from. Optimizer state, learning rate
 * schedule, averages, early stopping and best weights are its own; early stopping ends the phase. The paradigm's state goes on. */
struct hone_phase {
    int64_t epochs;   /* > 0; in the last phase 0 stands for the rest */
    uint32_t flags, pad0;
};
#define HONE_PHASE_RESTART 1u
#define HONE_PHASE_STILL 2u /* no step is taken: the rows are only scored, each epoch */

/* A kept copy of the weights. */
struct hone_reference {
    uint32_t source, pad0;
    int64_t at;       /* by source */
};
#define HONE_REF_START 0u  /* those that training started from: start values, or what `base` gave */
#define HONE_REF_EPOCHS 1u /* the present ones, taken at the start of a phase and then of every `at`-th epoch of it (>= 1) */
#define HONE_REF_STEPS 2u  /* the same by optimizer steps */
#define HONE_REF_PHASE 3u  /* those with which phase `at` ended; none before */

#define HONE_PHASES 4u
#define HONE_REFERENCES 4u

/* What the settings make of a run. The host hands it over with one phase of all epochs and nothing else set. */
struct hone_plan {
    uint32_t struct_size, flags;      /* HONE_PLAN_... */
    uint32_t phases, references;      /* 1 to HONE_PHASES, 0 to HONE_REFERENCES */
    struct hone_phase phase[4];
    struct hone_reference reference[4];
    const char *score_name;           /* of hone_loss.score, static; greater is better. NULL: none */
    /* These three need a base, see HONE_PLAN_BASE. All 0 at first. */
    double pull;      /* adds pull (w - w0) to the gradient of each weight that came from the base with value w0; untouched rows rest */
    double unfreeze;  /* share of a phase's steps over which tensors that came from the base are released one by one, the last
                       * declared ones first; before that they stand still. 0: all train from the start */
    int64_t replay;   /* rows of the base's training rows, drawn by the seed, that are trained on too */
    double output_weight;             /* above 0: every output that has words becomes one example more, with those words as its
                                       * input, itself as the target and this weight. 0 at first */
    uint32_t writes, pad0;            /* told to plan(): 1: the model writes its answers */
    /* Of models that write: answers that the model draws itself to each training example, anew in each step and from its present weights at
     * temperature 1. Their rows stand in the place of the expected answer's, the tokens that were drawn as targets, and reward[] is what
     * the metric gives for the answer. To a validation example the likeliest answer is written. There is no accuracy. 0 at first: none */
    int64_t draws;
    int64_t draw_tokens;              /* most tokens of one; 0: as many as the model's context allows */
    const char *draw_reward;          /* name of a metric plugin that compares two texts, greater being better; lives as long as conf */
};
/* Targets are actions that were taken, right or wrong: a row of weight above 0 makes its target a known output and counts in
 * validation whatever its feedback says, and there is no accuracy, since agreeing with the log is no merit. */
#define HONE_PLAN_LOGGED 1u
/* The run is refused without a base; */
#define HONE_PLAN_BASE 2u
/* outputs that the base knows stay known, whether or not an example teaches them. */
#define HONE_PLAN_KEEP 4u
/* Before the first step, solve() learns from all rows without gradients. */
#define HONE_PLAN_SOLVE 8u
/* Every example of a model that writes has two answers, the one to be preferred and, marked HONE_INCORRECT, the one that was rejected. */
#define HONE_PLAN_PAIRS 16u
#define HONE_DRAWS 64 /* the most that plan.draws may be */

/* All training rows at once, before the first step. */
struct hone_whole {
    uint32_t struct_size, flags;
    int64_t n, width;
    const int32_t *target;    /* [n] as in struct hone_rows */
    const float *weight;      /* [n] */
    const uint8_t *feedback;  /* [n] */
    const float *dot;         /* [n][n] inner products of the rows' vectors in the model's space (hone/model.h, features()) */
    uint64_t seed;
};

/* What is learned from them without gradients. With vectors v, the scores of a text of vector v are, beside the model's own start,
 *   score_k = bias_k + sum_i coefficient_ik (v_i . v) + neighbours ln(e^-sharpness + sum_i vote_i e^(sharpness (cos_i - 1)) / sum_i vote_i),
 * the sums of the last term over the rows i of target k, cos_i the cosine of v_i and v, and 0 where either is no vector. The first
 * two go into the weights that training starts from and that it moves; the last stays as it is and is kept with the agent. */
struct hone_solution {
    uint32_t struct_size, flags;
    float *coefficient;       /* [n][width] zeroed */
    float *bias;              /* [width] zeroed */
    float *vote;              /* [n] zeroed; >= 0, of rows with a target */
    double neighbours;        /* >= 0; 0: no such term, nothing is kept */
    double sharpness;         /* >= 0 */
    float *correction;        /* [n][width] zeroed: added to the scores of training row i in training, so that it can be scored as a text
                               * that was not among the rows; the model's part of the scores then fits what is left */
};
#define HONE_WHOLE_ROWS 4096 /* more rows than that are not solved for: dot would take more memory than a training should */

struct hone_paradigm {
    struct hone_item item;
    const char *const *state_names; /* one a checkpointed double, NULL-terminated; NULL: none */
    /* Loss of rows and, when d_scores is not NULL, [n][width] the gradient of the SUM of losses (the host divides by the
     * batch's weight). Rows, with whole answers examples, must not depend on one another: the host cuts batches into pieces. [worker pure] */
    int (*loss)(const void *conf, const struct hone_rows *, struct hone_loss *, float *d_scores, struct hone_err *);
    /* Fills order[n] with example numbers for this epoch (repeats allowed). Optional: a seeded shuffle. [main pure] */
    int (*order)(const void *conf, uint64_t seed, int64_t epoch, int64_t n, int64_t *order, struct hone_err *);
    /* After the optimizer's step, once, with the rows of all its batches and the scores from before the step: updates state.
     * Optional. [main] */
    int (*observe)(const void *conf, const struct hone_rows *, double *state, struct hone_err *);
    /* What a run of so many epochs is made of; where plan->struct_size says so, plan->writes is set before. HONE_EINVAL for settings that do not go with it. Optional: one phase, nothing
     * else. [main pure] */
    int (*plan)(const void *conf, int64_t epochs, struct hone_plan *, struct hone_err *);
    /* Doubles of state behind those with names, zeroed at the start and checkpointed as they are, for rows of scores so wide: what is
     * kept of each output, say. Optional: none. [main pure] */
    int64_t (*state_more)(const void *conf, int64_t width);
    /* Learns from all rows at once where plan.flags has HONE_PLAN_SOLVE. The columns of the model's weights that belong to outputs
     * and its bias are zero before, also where training starts from a base. The host calls it when a run opens, resumed or not: the
     * same rows must give the same bits. `state` gets what was chosen and is then the state that training begins with. A model
     * without features() and more than HONE_WHOLE_ROWS rows are refused before. [main] */
    int (*solve)(const void *conf, const struct hone_whole *, struct hone_solution *, double *state, struct hone_err *);
};

#ifdef __cplusplus
}
#endif
#endif
