/* monitorTrainingProgress. A daemon keeps its answers, rendered, until anything in the books changes: clients ask far more often than
 * jobs make progress. An answer is found by tenant, job as it was named, and what was asked for. */
#include <stdlib.h>
#include <string.h>
#include "core/api/daemon_priv.h"
#include "core/base/json.h"

#define PLACES 1024  /* a power of 2; an answer that falls on another's place takes it */
#define KEY 320

struct kept_answer {
    int64_t generation;      /* of the books; 0: free */
    char key[KEY];
    struct api_text *text;
};

struct monitor_cache {
    pthread_mutex_t lock[64]; /* each for every 64th place */
    struct kept_answer place[PLACES];
};

struct monitor_cache *monitor_new(void)
{
    struct monitor_cache *m = calloc(1, sizeof *m);
    for (size_t i = 0; m && i < sizeof m->lock / sizeof m->lock[0]; i++)
        pthread_mutex_init(&m->lock[i], NULL);
    return m;
}

void monitor_free(struct monitor_cache *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < PLACES; i++)
        api_text_free(m->place[i].text);
    for (size_t i = 0; i < sizeof m->lock / sizeof m->lock[0]; i++)
        pthread_mutex_destroy(&m->lock[i]);
    free(m);
}

/* Tenant, wishes and job; 0 when that does not fit. */
static int make_key(const struct api *a, const cJSON *in, char key[KEY])
{
    int n = snprintf(key, KEY, "%s %d%d %s", a->call->tenant ? a->call->tenant : STORE_TENANT, json_bool(in, "include_checkpoints", 0),
                     json_bool(in, "include_history", 0), json_str(in, "job_id", ""));
    return n > 0 && n < KEY;
}

static size_t place_of(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32) & (PLACES - 1);
}

static struct api_text *look(struct monitor_cache *m, const char *key, int64_t generation)
{
    size_t i = place_of(key);
    struct kept_answer *p = &m->place[i];
    pthread_mutex_lock(&m->lock[i % 64]);
    int hit = p->generation == generation && p->text && strcmp(p->key, key) == 0;
    struct api_text *text = hit ? api_text_keep(p->text) : NULL;
    pthread_mutex_unlock(&m->lock[i % 64]);
    return text;
}

static void keep(struct monitor_cache *m, const char *key, int64_t generation, struct api_text *text)
{
    size_t i = place_of(key);
    struct kept_answer *p = &m->place[i];
    pthread_mutex_lock(&m->lock[i % 64]);
    struct api_text *old = p->text;
    p->text = api_text_keep(text);
    p->generation = generation;
    snprintf(p->key, sizeof p->key, "%s", key);
    pthread_mutex_unlock(&m->lock[i % 64]);
    api_text_free(old);
}

/* Rendered, or as a tree where there is nobody who wants it again. */
cJSON *api_monitor(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct daemon *d = a->call ? a->daemon : NULL;
    char key[KEY];
    int keeps = d && make_key(a, in, key);
    int64_t generation = keeps ? __atomic_load_n(&d->generation, __ATOMIC_ACQUIRE) : 0;
    if (keeps && (a->answer->text = look(d->monitor, key, generation)))
        return NULL;
    cJSON *out = monitor_json(a, in, err);
    char *text = out && keeps ? json_text(out, 0) : NULL;
    struct api_text *shared = text ? api_text_new(text, strlen(text)) : NULL;
    free(text);
    if (!shared)
        return out;
    keep(d->monitor, key, generation, shared);
    a->answer->text = shared;
    cJSON_Delete(out);
    return NULL;
}
