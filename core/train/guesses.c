/* Guesses of an answer's next tokens: by what the text has been like (lookup.h), else by rough passes of the model (drafts.h). See writer_priv.h. */
#include "core/train/lookup.h"
#include "core/train/writer_priv.h"

#define FEW 3          /* guesses that cost next to nothing while the weights come from memory */
#define PAUSE 16       /* tokens without a guess by the text after several wrong ones */
#define DRAFT_AFTER 16 /* steps after which what rough passes need is worth making */

int guesses_rough(const struct learner *l)
{
    return l->model->stream_keep && l->model->rough_bytes && !l->tensors.map && l->model->rough_bytes(l->self) > 0;
}

void guesses_begin(struct answer *a)
{
    a->trust = FEW;
    a->drafts = drafts_unknown;
}

void guesses_learn(struct answer *a, int64_t tried, int64_t right)
{
    if (tried == 0)
        return;
    if (a->drafted) {
        drafts_learn(&a->drafts, tried, right);
        return;
    }
    a->trust = right == tried ? 2 * right + 1 : FEW;
    a->misses = right ? 0 : a->misses + 1;
    a->pause = a->misses < 2 ? 0 : a->misses < 5 ? (int64_t)1 << (a->misses - 1) : PAUSE;
}

/* Guesses by what the text has been like, while WRITER_TRIED leaves room for them, or how many rough passes shall make. */
static void guess_next(struct writer *w, struct answer *a, struct guess *g)
{
    int64_t most = WRITER_TRIED / w->n - 1;
    *g = (struct guess){ 0 };
    a->drafted = 0;
    if (!w->l->model->stream_keep)
        return;
    most = a->left - 1 < most ? a->left - 1 : most;
    if (a->pause > 0)
        a->pause--;
    else
        g->n = lookup_guess(a->past, a->n, a->trust < most ? a->trust : most, g->token);
    if (!g->n && w->rough && w->steps >= DRAFT_AFTER) {
        g->wanted = drafts_depth(&a->drafts, w->n, most);
        a->drafted = g->wanted > 0;
    }
}

/* One rough pass over the newest token or guess of each answer that wants guess k, which it draws. 0: none does. */
static int draft_one(struct writer *w, struct guess *g, int64_t k)
{
    int64_t start[WRITER_TOGETHER + 1] = { 0 }, who[WRITER_TOGETHER], n = 0, width = w->l->tensors.width;
    int32_t token[WRITER_TOGETHER];
    void *stream[WRITER_TOGETHER];
    for (int64_t i = 0; i < w->n; i++) {
        struct answer *a = &w->answer[i];
        if (g[i].wanted <= k)
            continue;
        token[n] = k ? g[i].token[k - 1] : a->past[a->n - 1];
        stream[n] = a->stream;
        who[n] = i;
        start[n + 1] = n + 1;
        n++;
    }
    const struct hone_bag in = { n, start, token, NULL };
    int ret = n ? writer_pass(w, stream, &in, start, HONE_PASS_ROUGH) : 0;
    for (int64_t i = 0; i < n && ret >= 0; i++) {
        const struct answer *a = &w->answer[who[i]];
        struct guess *to = &g[who[i]];
        int32_t drawn = draw_guess(&w->draw[0], w->p->pass.scores + i * width, width, a->wish, (uint64_t)(a->out->tokens + k));
        if (drawn < 0) { /* the copy gives no numbers */
            w->rough = 0;
            to->wanted = k;
            continue;
        }
        to->token[to->n++] = drawn;
        if (w->l->model->ends(w->l->self, drawn))
            to->wanted = k + 1;
    }
    return ret < 0 ? ret : n > 0;
}

int guesses_make(struct writer *w, struct guess *guess)
{
    int ret = 1;
    for (int64_t i = 0; i < w->n; i++)
        guess_next(w, &w->answer[i], &guess[i]);
    for (int64_t k = 0; k < WRITER_TRIED && ret > 0; k++)
        ret = draft_one(w, guess, k);
    for (int64_t i = 0; i < w->n; i++)
        if (w->answer[i].drafted)
            w->l->model->stream_keep(w->l->self, w->answer[i].stream, w->answer[i].n - 1);
    if (ret != HONE_ENOMEM)
        return ret < 0 ? ret : 0;
    w->rough = 0; /* no room for what they need: answers are written without */
    return 0;
}
