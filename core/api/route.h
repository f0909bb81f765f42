/* Which weights answer for an agent: its active version, where the file is, and where the model's plugin was found when it was trained.
 * Also a small memory of routes for the daemon, which asks for the same ones thousands of times a second. */
#ifndef API_ROUTE_H
#define API_ROUTE_H
#include "core/api/api.h"
#include "core/jobs/warm.h"

/* Never changed once made. */
struct route {
    int refs;                    /* atomic */
    char *tenant, *asked;        /* what it was found for */
    uint64_t changes;            /* store_agent_changes() when it was found */
    char *agent_id, *agent_name, *version_id;
    int64_t version;
    char *weights;
    cJSON *plugin_dirs;
    double threshold;            /* below it the version abstains; below 0: the one that it was trained to */
    char *explore_rule;          /* how answers are drawn by chance; NULL: they are not */
    double explore_setting;
    cJSON *generation;           /* how it writes unless told; NULL: as its weights say */
    struct route *canary;        /* another version that answers a share of the questions, NULL: none */
    double canary_share;
};

/* By an agent's id or name; `version` (an id or a number) or, for NULL, the one that is active. With one reference; NULL with ERR_NOT_FOUND, ERR_PRECONDITION (nothing trained yet) or what reading the
 * books says. */
struct route *route_find(struct api *a, const char *agent, const char *version, struct hone_err *err);
struct route *route_keep(struct route *r);
void route_free(struct route *r); /* NULL is fine */
void route_version(const struct route *r, struct warm_version *v); /* borrows from r */

/* The route that this question takes: the canary's in its share of all, drawn by `chance` in [0, 1). */
const struct route *route_drawn(const struct route *r, double chance);
/* The epsilon, temperature or gamma that a rule has when nobody says; 0 for NULL. */
double route_explore_default(const char *rule);
/* HONE_EINVAL for an epsilon above 1 or a temperature so low that nothing can be computed with it. */
int route_explore_check(const char *rule, double setting, struct hone_err *err);
/* The JSON of version_row.settings for these; NULL for none (threshold < 0, rule and generation NULL) or when memory ran out. */
char *route_settings(double threshold, const char *rule, double setting, const cJSON *generation);
/* How an agent that writes shall write: as `asked` says (NULL: nothing), and where it says nothing as the version does. NULL: as its weights
 * say. The caller's. */
cJSON *route_generation(const struct route *r, const cJSON *asked);

struct routes;
struct routes *routes_new(void); /* NULL when memory ran out */
void routes_free(struct routes *l);
/* route_find() of the active version, or what it found before unless agents changed since. [any] */
struct route *routes_find(struct routes *l, struct api *a, const char *agent, struct hone_err *err);

#endif
