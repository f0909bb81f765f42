/* How an agent is changed by Hone itself, and watched afterwards. adapt.c looks and proposes, adapt_apply.c deploys, adapt_watch.c takes back. Private to core/api. */
#ifndef API_ADAPT_H
#define API_ADAPT_H
#include "core/api/priv.h"
#include "core/judge/proposals.h"
#include "core/store/interaction.h"

/* Interactions of a span of time, as the tests see them. */
struct window {
    int64_t from, to;              /* ms since 1970; `to` not included */
    struct interaction_list rows;  /* [n]; the texts of `seen` are theirs and those of `best` */
    struct seen *seen;             /* [n], oldest first */
    char **best;                   /* [n] what stands first among the alternatives; NULL: not known */
    int64_t n;                     /* at most TRENDS_ROWS, evenly spread over all */
    int64_t all, rated;            /* interactions in it, and those that somebody said something of */
};
/* Reads what the agent answered in [from, to), in pieces: the books, which the caller does not hold, are held for each of them alone. `versions` are all of the agent, `active` the one
 * whose weights make an answer its own. HONE_ENOMEM or what the books say; *w is empty then. */
int window_read(struct api *a, const struct version_list *versions, const struct version_row *active, int64_t from, int64_t to, struct window *w, struct hone_err *err);
void window_free(struct window *w);

/* How an agent answers that has this version: its own settings, else what it was trained to. */
struct manner {
    double threshold;              /* 0: it never abstains */
    char *explore_rule;            /* NULL: it does not explore. Owned */
    double explore_setting;
    cJSON *generation;             /* NULL: as its weights say. Owned */
};
int manner_of(struct store *s, const struct version_row *version, struct manner *m, struct hone_err *err);
void manner_free(struct manner *m);

/* Makes a version of the weights of `from` that answers in that manner, and lets it answer: all questions, or with 0 < share < 1 that share of them. A daemon loads it before. `proposal`
 * (may be NULL) is recorded as an adaptation that is watched from then on; ERR_CONFLICT while another one is, or when another version than `from` answers by now. What deployAgentVersion answers, or NULL with err, and nothing has changed. */
cJSON *adapt_apply(struct api *a, const struct version_row *from, const struct manner *m, double share, const cJSON *proposal, struct hone_err *err);

/* Looks at how the open adaptation of the agent (if any) does: takes it back when its criteria say so, lets a canary that has done well answer all questions, ends the watch when that has gone
 * well for long. Called after feedback and before a new look. 1 when something was decided, 0, or a negative code. The books are open. */
int adapt_watch(struct store *s, const char *agent_id, struct hone_err *err);

#endif
