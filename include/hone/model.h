/* hone/model.h: a model turns texts into rows of scores, and d(loss)/d(scores) into gradients.
 *
 * Life: fit() learns from the training texts what is not trained by gradients (vocabulary, weights of features), or
 * restore() takes it from a checkpoint; declare() names the tensors, which the host allocates, initialises, optimizes
 * and saves; encode() turns each text once into numbers, which the host keeps; then forward() and backward() run batch
 * by batch. A model without gradients declares no tensors.
 *
 * Rows: a model that chooses among the known outputs has one row of scores an example, `outputs` wide. A model that
 * writes (HONE_MODEL_WRITES) has one row for each token of the answer, as wide as its vocabulary; its encode() gives the
 * targets. Everything behind the scores (loss, metrics) sees rows only.
 *
 * Shapes stand in brackets, row-major. History: 0.1 first. 0.2 lesson.base, row_key(), word_key(),
 * HONE_W_KEYED, _OUTPUT_ROWS, _OUTPUT_COLS, _WORDS; lesson.answer, encoder.flags, pass.row_start, pass.stream, and the functions of
 * models that write; features(); folders of weights; stream_keep();
 * HONE_PASS_ROUGH, rough_bytes(). */
#ifndef HONE_MODEL_H
#define HONE_MODEL_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be learned. Valid during the call; `output` for the life of the model. */
struct hone_lesson {
    uint32_t struct_size, pad0;
    int64_t n;                         /* training examples */
    const struct hone_string *input;   /* [n] */
    const int32_t *label;              /* [n] index into output, -1 when there is none */
    const float *weight;               /* [n] >= 0 */
    int64_t outputs;                   /* distinct outputs */
    const struct hone_string *output;  /* [outputs] */
    int64_t steps;                     /* planned optimizer steps of the whole run */
    int64_t epochs, batch;
    uint64_t seed;
    const void *base;                  /* the model that training starts from, restored, of this plugin; NULL without one. fit() may
                                        * take what it learned without gradients, such as its vocabulary. Valid during the call. */
    const struct hone_string *answer;  /* HONE_MODEL_WRITES: [n] expected outputs; outputs is then 0 and label all -1 */
};

/* Rows of (index, value) pairs: row i has pairs start[i] .. start[i + 1). */
struct hone_bag {
    int64_t n;
    const int64_t *start;  /* [n + 1] */
    const int32_t *index;
    const float *value;    /* NULL: all 1 */
};

/* Where encode() puts its numbers; examples in order. */
struct hone_encoder {
    uint32_t struct_size, pad0;
    void *host_data;
    /* Appends n pairs (or tokens, value NULL) as the next example. 0 or HONE_ENOMEM. */
    int (*add)(struct hone_encoder *, int64_t n, const int32_t *index, const float *value);
    /* HONE_MODEL_WRITES: targets of the example just added, one a row of scores; -1 leaves a row out of the loss. The rows are those
     * of its last `rows` tokens. */
    int (*targets)(struct hone_encoder *, int64_t rows, const int32_t *target);
    uint32_t flags, pad1;              /* HONE_ENCODE_... */
};
#define HONE_ENCODE_MEASURE 1u /* targets are for measuring the loss of the answers, not for training */

/* Start values of a tensor. */
#define HONE_INIT_ZERO 0u
#define HONE_INIT_NORMAL 1u  /* deviation = scale */
#define HONE_INIT_UNIFORM 2u /* within +-scale */
#define HONE_INIT_ONE 3u     /* all = scale */

#define HONE_W_SPARSE_ROWS 1u /* [rows, width]; gradients come through bag_grad() only; few rows a batch */
#define HONE_W_NO_DECAY 2u
#define HONE_W_FROZEN 4u
/* What training from a base may take over: without these a tensor is taken as a whole, when its shape is the same. */
#define HONE_W_KEYED 8u         /* a row is the row with the same key (row_key) in the base */
#define HONE_W_OUTPUT_ROWS 16u  /* dimension 0 is the outputs: a row is the row of the same text */
#define HONE_W_OUTPUT_COLS 32u  /* the same of dimension 1 */
#define HONE_W_WORDS 64u        /* with HONE_W_KEYED: rows of words, which word vectors may fill (word_key) */

struct hone_builder {
    uint32_t struct_size, pad0;
    void *host_data;
    /* Declares the next tensor (first is 0). Returns its index or a code below 0. */
    int (*tensor)(struct hone_builder *, const char *name, uint32_t ndim, const int64_t *dims, uint32_t init, double scale,
                  uint32_t flags, struct hone_err *);
    /* The width of a row of scores; the number of outputs unless said. */
    void (*width)(struct hone_builder *, int64_t width);
};

struct hone_pass;

/* Operations that the host lends to a pass: divided among threads, the same bits for any number of them.
 * `ld` is the distance between rows in elements. All [main]. */
struct hone_ops {
    uint32_t struct_size, pad0;
    /* out[i][0..k) = (add ? out : 0) + sum_j value_ij * table[index_ij][0..k), in the order of the pairs. */
    void (*bag)(const struct hone_pass *, const struct hone_bag *, const float *table, int64_t ld, int64_t k, float *out,
                int add);
    /* The transpose: into[r][0..k) += sum over pairs with index r of value * delta[i][0..k), r < rows, in the order of the
     * pairs. For tables that a model computes itself. */
    void (*bag_transpose)(const struct hone_pass *, const struct hone_bag *, const float *delta, int64_t k, float *into,
                          int64_t rows);
    /* Adds the same to the gradient of a HONE_W_SPARSE_ROWS tensor. At most 4 calls a tensor and pass. The host
     * reads bag and delta after backward() has returned: they lie in scratch or in the pass. */
    int (*bag_grad)(const struct hone_pass *, uint32_t tensor, const struct hone_bag *, const float *delta,
                    struct hone_err *);
    /* c[m][n] = (add ? c : 0) + op(a) op(b), k the inner length; ta, tb: a is stored [k][m], b [n][k]. */
    void (*matmul)(const struct hone_pass *, int ta, int tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                   const float *b, int64_t ldb, float *c, int64_t ldc, int add);
    /* Memory for this pass, 64-byte aligned, not zeroed; what forward() took is kept for its backward(). NULL when
     * memory ran out. */
    void *(*scratch)(const struct hone_pass *, size_t bytes);
};

#define HONE_PASS_TRAIN 1u  /* backward() follows */
#define HONE_PASS_FROZEN 2u /* tensors have not changed since the last pass with this flag: caches may be kept */
/* With stream and row_start, where rough_bytes() says so: the scores may be rough, as near to those of a plain pass as their lower cost allows. The
 * host guesses tokens by them, and calls stream_keep() for what the streams got in rough passes before it draws any from a plain one. */
#define HONE_PASS_ROUGH 4u

struct hone_pass {
    uint32_t struct_size, flags;
    const struct hone_host *host;
    const struct hone_ops *ops;
    void *host_data;
    struct hone_bag in;            /* the encoded examples of this batch */
    int64_t rows, width;           /* of scores; rows == in.n unless the model writes */
    float *const *tensor;          /* parameters, in the order of declaration, rows without gaps */
    float *const *grad;            /* dense gradients, zeroed; NULL for sparse and frozen tensors */
    float *scores;                 /* forward() fills [rows][width] */
    const float *d_scores;         /* backward() reads [rows][width] */
    void *tape;                    /* forward() may leave a pointer into scratch for backward() */
    uint64_t seed;                 /* of this batch of this step, for dropout and the like */
    /* HONE_MODEL_WRITES: the rows of example i are row_start[i] .. row_start[i + 1), those of its last tokens. */
    const int64_t *row_start;      /* [in.n + 1] */
    /* Not NULL: example i goes on with what stream[i] holds. row_start NULL: its one row is for what comes after it. Otherwise its rows
     * are those of its last tokens, as above, all of an answer, and have the bits that they would have in passes of one token each. */
    void *const *stream;           /* [in.n], all different */
};

/* Constants of a model in a checkpoint, by name. */
struct hone_store {
    uint32_t struct_size, pad0;
    void *host_data;
    /* save(): bytes are copied. */
    int (*put)(struct hone_store *, const char *name, uint32_t dtype, uint32_t ndim, const int64_t *dims, const void *data,
               struct hone_err *);
    /* restore(): NULL when absent or of another dtype; *n gets the number of elements; valid until restore() returns. */
    const void *(*get)(struct hone_store *, const char *name, uint32_t dtype, int64_t *n);
};

/* item.flags */
#define HONE_MODEL_WRITES 1u

/* How a config.json of Hugging Face says what this model's settings say: so that folders of weights can be read and written, whose
 * tensors have the names that declare() gives them. A constant "tokenizer" of save() is the text of a tokenizer.json. */
struct hone_foreign_key {
    const char *key;           /* in config.json */
    const char *setting;       /* of this model; one of type HONE_STR holds the value's JSON, or nothing. NULL: none */
    const char *absent;        /* JSON that holds where the key is absent; NULL: the setting's default */
    const char *must;          /* without a setting: JSON that the value must be where it is there and not null; NULL: the model tells
                                * the value by foreign_value() when it is written, and does not read it */
};
struct hone_foreign {
    const char *model_type, *architecture;
    const struct hone_foreign_key *keys; /* ends with key NULL */
};

struct hone_model {
    struct hone_item item;
    /* What training would need, without doing it: bytes for one copy of all tensors. Called after fit(). [main pure] */
    int64_t (*size)(void *self);
    /* Learns from the training texts. *self is the model from here on; free with close(), also after a failure if it
     * was set. max_bytes: the most that size() may come to; a model that cannot keep below fails with HONE_ENOMEM and a
     * sentence with the number. [main] */
    int (*fit)(void **self, const void *conf, const struct hone_lesson *, const struct hone_host *, int64_t max_bytes,
               struct hone_err *);
    int (*restore)(void **self, const void *conf, int64_t outputs, const struct hone_string *output, struct hone_store *,
                   const struct hone_host *, struct hone_err *); /* [main] */
    int (*save)(void *self, struct hone_store *, struct hone_err *); /* [main] */
    int (*declare)(void *self, struct hone_builder *, struct hone_err *); /* [main] */
    /* Texts to numbers. `answer` is NULL unless the model writes and is trained or measured; without it a model that writes gives the
     * tokens after which the answer begins. self is not changed. [worker] */
    int (*encode)(void *self, const struct hone_string *input, const struct hone_string *answer, int64_t n,
                  struct hone_encoder *, struct hone_err *);
    int (*forward)(void *self, struct hone_pass *, struct hone_err *);  /* [main] */
    int (*backward)(void *self, struct hone_pass *, struct hone_err *); /* [main] */
    void (*close)(void *self); /* [main] */
    /* What row `row` of a tensor with HONE_W_KEYED stands for: a hash that is the same in every model of this plugin and that no
     * two rows share but by accident. [main pure] */
    uint64_t (*row_key)(void *self, uint32_t tensor, int64_t row);
    /* The key that the row of this word has, whether or not there is one; for HONE_W_WORDS. 0: not one word in the model's eyes.
     * [main pure] */
    uint64_t (*word_key)(void *self, uint32_t tensor, const struct hone_string *word);

    /* ---- all of these with HONE_MODEL_WRITES ---- */

    /* The most tokens that a text and its answer may have together. [main pure] */
    int64_t (*context)(void *self);
    /* Bytes that forward() takes of scratch, and with `train` backward() too, for so many tokens and rows, the scores left out. [main pure] */
    int64_t (*pass_bytes)(void *self, int64_t tokens, int64_t rows, int32_t train);
    /* What the model keeps of one text that is being written, for hone_pass.stream; it holds nothing at first. NULL when memory ran
     * out. [main] */
    void *(*stream_open)(void *self);
    void (*stream_close)(void *self, void *stream); /* NULL is fine. [main] */
    /* The bytes of a token, which may be a part of a character and are none for marks; first: it begins the answer. Valid as long as
     * the model. [any pure] */
    struct hone_string (*token)(void *self, int32_t token, int32_t first);
    int32_t (*ends)(void *self, int32_t token); /* 1: the answer is over. [any pure] */

    /* The vectors of the batch's texts in the space where scores are linear: row i of scores is the bias plus vector i times the
     * tensor with HONE_W_OUTPUT_COLS, of shape [space][outputs], or _OUTPUT_ROWS, [outputs][space]; the bias is the tensor of one
     * dimension with _OUTPUT_ROWS, if there is one. Pairs that name an index twice add up. `vectors` lies in scratch. For what is
     * learned without gradients (hone/paradigm.h, solve()). Optional: there is no such space. [main] */
    int (*features)(void *self, struct hone_pass *, struct hone_bag *vectors, struct hone_err *);

    /* ---- folders of weights; optional, any model ---- */

    const struct hone_foreign *foreign;
    /* The number behind a key of the table, where a setting leaves the choice to the model; -1: what the setting says. [main pure] */
    int64_t (*foreign_value)(void *self, const char *key);
    /* Writes tensor i as others know it to out (as many numbers as it has), with what adapters add. 1: written, 0: others do not know
     * it. Without it all tensors are written as they are. [main] */
    int (*foreign_tensor)(void *self, float *const *tensor, int64_t i, float *out, struct hone_err *);

    /* HONE_MODEL_WRITES: forgets all but the first `tokens` tokens that a stream holds. Optional: with it the host tries several tokens of
     * an answer in one pass (hone_pass.stream with row_start) and forgets those that were not drawn. [main] */
    void (*stream_keep)(void *self, void *stream, int64_t tokens);
    /* HONE_MODEL_WRITES with stream_keep(): bytes that the model keeps, from the first pass with HONE_PASS_ROUGH until tensors change, to make such
     * passes cheap; 0: they would not be. Optional: 0. [main pure] */
    int64_t (*rough_bytes)(void *self);
};

#ifdef __cplusplus
}
#endif
#endif
