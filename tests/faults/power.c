/* Simulated power loss. A daemon works under the shim, which records each write, sync and change of a name; what the daemon acknowledged goes
 * into the same record. Then states that the disk may have had when the power was lost, at any point, are made from it (disk.h), and each is
 * opened as a daemon would: sound, with all that was acknowledged by then, every file that the books refer to there and whole. And for each of
 * our own syncs: without it, some state must fail, else the test would not see that it is missing.
 * Use: power [STATES [SEED]]; 2000 and 20261126 without. Needs HONE, SHIM, POWER_DIR and srcdir in the environment; see power.sh. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/faults/caller.h"
#include "tests/faults/disk.h"
#include "tests/faults/kept.h"
#include "tests/faults/served.h"
#include "tests/faults/shimmed.h"

#define ROWS 24
#define WAIT_MS 60000

static struct served served;
static struct shim_control *control;
static char base[200], root[256], record[300], place[300];
static int acks = -1, failed;

/* ---- the work that is recorded ---- */

/* What was acknowledged, into the record. */
static void ack(const char *what, const char *id, const char *more)
{
    char line[300];
    struct { struct shim_entry e; char text[300]; } one = { .e = { .call = SHIM_ACK } };
    int n = snprintf(line, sizeof line, "%s %s %s", what, id, more);
    memcpy(one.text, line, (size_t)n + 1);
    one.e.n = (uint32_t)n + 1;
    if (write(acks, &one, sizeof one.e + one.e.n) != (ssize_t)(sizeof one.e + one.e.n))
        abort();
}

static void told(const char *what, int status, const cJSON *out)
{
    printf("FAIL: %s was answered with %d %s\n", what, status, json_str(out, "message", ""));
    failed++;
}

/* Calls, expects success, acknowledges `what` with the id that the answer has under `key`. */
static int done(struct caller *c, const char *function, const char *body, const char *what, const char *key, char id[64])
{
    cJSON *out = NULL;
    int status = caller_call(c, function, NULL, body, &out);
    snprintf(id, 64, "%s", json_str(json_get(out, "data"), key, ""));
    int good = (status == 200 || status == 201) && *id;
    if (good)
        ack(what, id, "");
    else
        told(function, status, out);
    cJSON_Delete(out);
    return good;
}

static void await(struct caller *c, const char *job)
{
    char body[128];
    for (int64_t end = clock_mono_us() + WAIT_MS * INT64_C(1000); clock_mono_us() < end;) {
        cJSON *out = NULL;
        snprintf(body, sizeof body, "{\"job_id\":\"%s\"}", job);
        caller_call(c, "monitorTrainingProgress", NULL, body, &out);
        const char *status = json_str(json_get(out, "data"), "status", "");
        int end_seen = strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
        if (end_seen)
            ack("ended", job, status);
        if (end_seen && strcmp(status, "completed") != 0)
            told("a job", 0, json_get(out, "data"));
        cJSON_Delete(out);
        if (end_seen)
            return;
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    told("a job that does not end", 0, NULL);
}

static void questions(struct caller *c, const char *agent, int n)
{
    char body[256], id[64], same[64];
    for (int i = 0; i < n; i++) {
        snprintf(body, sizeof body, "{\"agent_id\":\"%s\",\"input\":\"where is parcel %d?\"}", agent, i);
        if (!done(c, "invokeAgent", body, "interaction", "interaction_id", id))
            return;
        snprintf(body, sizeof body, "{\"interaction_id\":\"%s\",\"feedback\":\"correct\"}", id);
        done(c, "recordFeedback", body, "rated", "interaction_id", same);
    }
}

/* A job on a module of its own, the second from the first one's weights; meanwhile other writes. */
static void train(struct caller *c, const char *agent, const char *examples, const char *from, char job[64])
{
    struct buf b = { 0 };
    buf_printf(&b, "{\"agent_id\":\"%s\",\"training_data\":{\"examples\":%s},\"config\":{\"epochs\":8,\"checkpointInterval\":1,"
               "\"earlyStopping\":false,\"threads\":1%s%s%s}}", agent, examples, from ? ",\"base\":\"" : "", from ? from : "", from ? "\"" : "");
    done(c, "startTrainingJob", buf_str(&b), "job", "job_id", job);
    buf_free(&b);
}

static void work(struct caller *c, const char *examples)
{
    char agent[64], other[64], job[64], second[64], module[64], body[256];
    struct buf b = { 0 };
    if (!done(c, "createAgent", "{\"name\":\"first\"}", "agent", "agent_id", agent) ||
        !done(c, "createAgent", "{\"name\":\"second\"}", "agent", "agent_id", other))
        return;
    buf_printf(&b, "{\"name\":\"kept\",\"examples\":%s}", examples);
    done(c, "createTrainingModule", buf_str(&b), "module", "module_id", module);
    buf_free(&b);
    train(c, agent, examples, NULL, job);
    await(c, job);
    questions(c, agent, 6);
    train(c, other, examples, job, second);
    snprintf(body, sizeof body, "{\"job_id\":\"%s\"}", second);
    if (done(c, "pauseTrainingJob", body, "asked", "job_id", second)) {
        nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
        cJSON *out = NULL;
        caller_call(c, "resumeTrainingJob", NULL, body, &out); /* 409 while it still runs: it pauses then, or has ended */
        cJSON_Delete(out);
    }
    questions(c, agent, 3);
    train(c, agent, examples, NULL, job);
    snprintf(body, sizeof body, "{\"module_id\":\"%s\"}", module);
    done(c, "deleteTrainingModule", body, "gone", "module_id", module);
    served_kill(&served); /* the recovery is recorded too */
    caller_close(c);
    if (served_start(&served) < 0)
        told("the daemon's second start", 0, NULL);
    questions(c, agent, 3);
    await(c, job);
}

static int make_record(void)
{
    static const char *const options[] = { "--jobs", "2", NULL };
    const char *hone = getenv("HONE");
    const char *srcdir = getenv("srcdir");
    char *examples = read_rows(srcdir ? srcdir : ".", ROWS);
    snprintf(served.hone, sizeof served.hone, "%s", hone ? hone : "");
    snprintf(served.state, sizeof served.state, "%.240sstate", root);
    snprintf(served.log, sizeof served.log, "%s/daemon.log", base);
    served.options = options;
    if (!examples || mkdir(root, 0700) != 0 || !(control = shimmed_begin(base, root)) ||
        (acks = open(record, O_WRONLY | O_APPEND | O_CLOEXEC)) < 0)
        return -1;
    control->recording = 1;
    if (served_prepare(&served) != 0 || served_start(&served) < 0)
        return -1;
    ack("token", "", "");
    struct caller c = { .port = served.port, .token = served.token, .fd = -1 };
    work(&c, examples);
    if (served_stop(&served, 30000) != 0)
        told("SIGTERM", 0, NULL);
    served_kill(&served);
    control->recording = 0;
    shimmed_end();
    caller_close(&c);
    close(acks);
    free(examples);
    return failed ? -1 : 0;
}

/* ---- states ---- */

struct without {
    uint64_t site;
    char object[24], path[200];
};

/* "jobs/JOB/checkpoint-N.safetensors.part" for what differs from run to run. */
static void kind_of_path(const char *path, char out[200])
{
    size_t n = 0;
    const char *p = path + (strlen(path) >= strlen(root) ? strlen(root) : strlen(path));
    for (; *p && n < 198; p++) {
        if (strncmp(p, "job_", 4) == 0) {
            out[n++] = 'J';
            p += strcspn(p, "/") - 1;
        } else if (*p >= '0' && *p <= '9') {
            n -= n && out[n - 1] == '#';
            out[n++] = '#';
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
    char *dot = strstr(out, ".new."), *data = strstr(out, "data/");
    if (dot)
        snprintf(dot, 6, ".new");
    else if (data)
        snprintf(data, 7, "data/*");
}

static int is_without(void *arg, const struct shim_entry *e, const char *path)
{
    const struct without *w = arg;
    char kind[200];
    if (e->site != w->site || strcmp(e->object, w->object) != 0)
        return 0;
    kind_of_path(path, kind);
    return strcmp(kind, w->path) == 0;
}

struct sample {
    int cut;                 /* entries that were played */
    enum disk_loss loss;
    uint64_t seed;
};

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int by_cut(const void *a, const void *b)
{
    int x = ((const struct sample *)a)->cut, y = ((const struct sample *)b)->cut;
    return (x > y) - (x < y);
}

/* Points in time: half of them anywhere, half right behind an acknowledgement or a change of a name, where most is at stake. */
static struct sample *choose(struct disk *d, int states, uint64_t seed)
{
    const char *bytes;
    const struct shim_entry *e;
    int n = 0, hot = 0, *at = NULL;
    uint64_t random = seed;
    size_t cap = 0;
    for (disk_rewind(d, NULL, NULL); (e = disk_step(d, &bytes)); n++) {
        if (e->call != SHIM_ACK && e->call != SHIM_RENAME && e->call != SHIM_UNLINK)
            continue;
        if ((size_t)hot == cap && !(at = reallocarray(at, cap = cap ? cap * 2 : 256, sizeof *at)))
            abort();
        at[hot++] = n + 1;
    }
    struct sample *s = calloc((size_t)states, sizeof *s);
    for (int i = 0; s && i < states && n > 0 && hot > 0; i++)
        s[i] = (struct sample){ i % 2 ? at[draw(&random) % (uint64_t)hot] : (int)(draw(&random) % (uint64_t)(n + 1)),
                                (enum disk_loss)(i / 2 % DISK_LOSSES), draw(&random) };
    qsort(s, (size_t)states, sizeof *s, by_cut);
    free(at);
    return s;
}

struct lost {
    int states, wrong, acks;
    char why[500];           /* of the first wrong state */
};

static void lose_once(const struct disk *d, const struct sample *s, const char *const *ack_line, int n, struct lost *l)
{
    char why[400];
    struct hone_err err;
    if (disk_lose(d, s->loss, s->seed, place) != 0) {
        snprintf(why, sizeof why, "%s cannot be made: %s", place, strerror(errno));
        l->wrong++;
    } else if (kept_check(place, ack_line, n, why, sizeof why) != 0 && l->wrong++ == 0) {
        snprintf(l->why, sizeof l->why, "after call %d, loss %d, seed %llu: %s", s->cut, (int)s->loss, (unsigned long long)s->seed, why);
    }
    l->states++;
    file_remove_tree(place, &err);
}

/* Loses the power at the points of `s`. With `w` as if that sync was never called, and until the first state that is wrong. */
static struct lost lose(struct disk *d, const struct sample *s, int states, const struct without *w)
{
    const char *bytes, **lines = NULL;
    const struct shim_entry *e = NULL;
    struct lost l = { 0 };
    size_t cap = 0;
    int played = 0;
    disk_rewind(d, w ? is_without : NULL, (void *)(uintptr_t)w);
    for (int i = 0; i < states && !(w && l.wrong); i++) {
        for (; played < s[i].cut && (e = disk_step(d, &bytes)); played++) {
            if (e->call != SHIM_ACK)
                continue;
            if ((size_t)l.acks == cap && !(lines = reallocarray(lines, cap = cap ? cap * 2 : 256, sizeof *lines)))
                abort();
            lines[l.acks++] = bytes;
        }
        lose_once(d, &s[i], lines, l.acks, &l);
    }
    free(lines);
    return l;
}

/* ---- what removing a sync does ---- */

static size_t list_syncs(struct disk *d, struct without *list, size_t most)
{
    const char *bytes;
    const struct shim_entry *e;
    size_t n = 0;
    for (disk_rewind(d, NULL, NULL); (e = disk_step(d, &bytes));) {
        struct without w = { .site = e->site };
        size_t i = 0;
        if (e->call != SHIM_SYNC)
            continue;
        memcpy(w.object, e->object, sizeof w.object);
        kind_of_path(bytes, w.path);
        while (i < n && (list[i].site != w.site || strcmp(list[i].object, w.object) != 0 || strcmp(list[i].path, w.path) != 0))
            i++;
        if (i == n && n < most)
            list[n++] = w;
    }
    return n;
}

static void mutate(struct disk *d, int states, uint64_t seed)
{
    static struct without list[64];
    size_t n = list_syncs(d, list, 64);
    struct sample *s = choose(d, states, seed);
    for (size_t i = 0; i < n; i++) {
        int ours = strncmp(list[i].object, "lib", 3) != 0, log = strcmp(list[i].path, "state/hone.db-wal") == 0;
        struct lost l = lose(d, s, states, &list[i]);
        printf("without the sync of %s at %s+%llx: %s\n", list[i].path, list[i].object, (unsigned long long)list[i].site,
               l.wrong ? l.why : "nothing is lost");
        if (!l.wrong && (ours || log)) {
            printf("FAIL: the test does not see that this sync is missing\n");
            failed++;
        }
    }
    free(s);
    if (n < 4) {
        printf("FAIL: only %zu kinds of syncs were recorded\n", n);
        failed++;
    }
}

int main(int argc, char **argv)
{
    int states = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261126;
    const char *dir = getenv("POWER_DIR"), *ram = getenv("POWER_PLACE");
    if (!dir || states < 1)
        return 99;
    snprintf(base, sizeof base, "%s", dir);
    snprintf(root, sizeof root, "%s/disk/", base);
    snprintf(record, sizeof record, "%s/control.record", base);
    snprintf(place, sizeof place, "%.200s/lost", ram ? ram : base);
    if (make_record() != 0)
        return 1;
    struct disk *d = disk_open(record, root);
    struct sample *s = d ? choose(d, states, seed) : NULL;
    if (!s)
        return 99;
    int64_t begin = clock_mono_us();
    struct lost l = lose(d, s, states, NULL);
    printf("seed %llu: %d states, %d acknowledgements, %d states wrong, %.1f s%s%s\n", (unsigned long long)seed, l.states, l.acks, l.wrong,
           (double)(clock_mono_us() - begin) * 1e-6, l.wrong ? "\nFAIL: " : "", l.why);
    failed += l.wrong;
    mutate(d, states, seed + 1);
    free(s);
    disk_free(d);
    char pool[310];
    struct hone_err err;
    snprintf(pool, sizeof pool, "%s.pool", place);
    file_remove_tree(pool, &err);
    printf("%d failed\n", failed);
    return failed != 0;
}
