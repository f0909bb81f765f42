/* kill -9 of the daemon and of its workers at random moments while clients start jobs, cancel some, ask agents and say what they think
 * of the answers. Nothing that was acknowledged may be lost, what was trained must have the weights of an uninterrupted run, the books
 * must be sound after every kill, and the daemon must be ready again within two seconds.
 * Now and then a backup is made, and must hold what was acknowledged before it. With the word "points" instead of a number, the process dies
 * once at each point of core/base/crash.h instead, and each must be reached.
 * Use: kill9 KILLS|points [SEED [SECONDS]]; at most so many SECONDS (0: all KILLS). Needs HONE (the program), KILL9_DIR and srcdir in the
 * environment; see kill9.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/crash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/faults/caller.h"
#include "tests/faults/kept.h"
#include "tests/faults/ledger.h"
#include "tests/faults/served.h"

#define CLIENTS 4
#define ROWS 80
#define READY_MS 2000     /* the daemon's promise */
#define GIVE_UP_MS 60000  /* for anything that has to happen */
#define WORKER_KILLS 2    /* of one job's workers: the third death fails it, rightly */

static struct ledger ledger;
static struct served served = { 0 };
static char *examples;    /* JSON list */
static int ending;        /* atomic */

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

/* splitmix64: seeded, one state for each who draws. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- a client ---- */

struct client {
    pthread_t thread;
    int number;
    uint64_t random;
    struct caller caller;
    char agent[64];
};

/* Calls until a whole answer comes that is no refusal of the moment: the daemon may be dead or not yet ready. */
static int persist(struct client *c, const char *function, const char *key, const char *body, cJSON **out)
{
    int64_t end = clock_mono_us() + GIVE_UP_MS * INT64_C(1000);
    for (;;) {
        int status = caller_call(&c->caller, function, key, body, out);
        int in_progress = status == 409 && key && strstr(json_str(*out, "message", ""), "dempotency");
        int killed = status == 500 && strstr(json_str(*out, "message", ""), "SIGKILL"); /* twice the worker that had the question */
        if (status > 0 && status != 503 && status != 429 && !in_progress && !killed)
            return status;
        cJSON_Delete(*out);
        *out = NULL;
        if (clock_mono_us() > end)
            return -1;
        pause_ms(10);
    }
}

static const char *data_text(const cJSON *answer, const char *key)
{
    return json_str(json_get(answer, "data"), key, "");
}

static int make_agent(struct client *c, const char *name)
{
    char body[128], key[64];
    cJSON *out;
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    snprintf(key, sizeof key, "agent-%s", name);
    int status = persist(c, "createAgent", key, body, &out);
    snprintf(c->agent, sizeof c->agent, "%s", data_text(out, "agent_id"));
    int good = ledger_check(&ledger, status == 201 && *c->agent, "createAgent: %d %s", status, json_str(out, "message", ""));
    cJSON_Delete(out);
    return good;
}

static char *job_body(const char *agent, int variant)
{
    struct buf b = { 0 };
    buf_printf(&b, "{\"agent_id\":\"%s\",\"training_data\":{\"examples\":%s},\"config\":{\"epochs\":30,\"checkpointInterval\":1,"
               "\"earlyStopping\":false,\"seed\":%d,\"threads\":1}}", agent, examples, variant + 1);
    return buf_take(&b);
}

/* The job's status in out; its weights' hash once it is completed. */
static int look(struct client *c, const char *job, char status[16], char weights[65], char why[300])
{
    char body[128];
    cJSON *out;
    snprintf(body, sizeof body, "{\"job_id\":\"%s\"}", job);
    int got = persist(c, "monitorTrainingProgress", NULL, body, &out);
    const cJSON *data = json_get(out, "data"), *results = json_get(data, "results");
    snprintf(status, 16, "%s", json_str(data, "status", ""));
    snprintf(weights, 65, "%s", json_str(json_get(results, "weights"), "sha256", ""));
    snprintf(why, 300, "%.290s", json_str(json_get(data, "error"), "message", ""));
    ledger_check(&ledger, got == 200, "job %s was acknowledged, and monitorTrainingProgress says %d %s", job, got, json_str(out, "message", ""));
    cJSON_Delete(out);
    return got == 200;
}

static int is_terminal(const char *status)
{
    return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
}

/* Until the job has ended. */
static int await(struct client *c, const char *job, char status[16], char weights[65], char why[300])
{
    int64_t end = clock_mono_us() + GIVE_UP_MS * INT64_C(1000);
    do {
        pause_ms(20);
        if (!look(c, job, status, weights, why))
            return 0;
    } while (!is_terminal(status) && clock_mono_us() < end);
    return ledger_check(&ledger, is_terminal(status), "job %s is still %s after a minute", job, status);
}

/* Starts a job under a key, asks again now and then with the same key, cancels some, follows the rest to the end. */
static void one_job(struct client *c, int round)
{
    char key[64], id[64], status[16], weights[65], why[300], body[128];
    int variant = (c->number + round) % VARIANTS;
    char *request = job_body(c->agent, variant);
    cJSON *out;
    snprintf(key, sizeof key, "job-%d-%d", c->number, round);
    int got = persist(c, "startTrainingJob", key, request, &out);
    snprintf(id, sizeof id, "%s", data_text(out, "job_id"));
    int good = ledger_check(&ledger, got == 201 && *id, "startTrainingJob: %d %s", got, json_str(out, "message", ""));
    cJSON_Delete(out);
    size_t entry = good ? ledger_add_job(&ledger, id, key, variant) : 0;
    if (good && draw(&c->random) % 3 == 0) {
        got = persist(c, "startTrainingJob", key, request, &out);
        ledger_check(&ledger, strcmp(data_text(out, "job_id"), id) == 0, "the key %s gave job %s and then %d %s%s", key, id, got,
                     data_text(out, "job_id"), json_str(out, "message", ""));
        cJSON_Delete(out);
    }
    free(request);
    if (!good)
        return;
    int cancel = draw(&c->random) % 5 == 0;
    if (cancel) {
        pause_ms((int)(draw(&c->random) % 300));
        snprintf(body, sizeof body, "{\"job_id\":\"%s\"}", id);
        snprintf(key, sizeof key, "cancel-%d-%d", c->number, round);
        got = persist(c, "cancelTrainingJob", key, body, &out);
        ledger_check(&ledger, got == 200 || got == 409, "cancelTrainingJob: %d %s", got, json_str(out, "message", ""));
        cJSON_Delete(out);
        if (got == 200)
            ledger_cancelled(&ledger, entry);
        cancel = got == 200;
    }
    if (!await(c, id, status, weights, why))
        return;
    ledger_ended(&ledger, entry, status);
    ledger_check(&ledger, strcmp(status, cancel ? "cancelled" : "completed") == 0, "job %s ended %s: %s", id, status, why);
    if (!cancel)
        ledger_check(&ledger, strcmp(weights, ledger.weights[variant]) == 0, "job %s has weights %s, uninterrupted they are %s", id, weights,
                     ledger.weights[variant]);
}

/* Keeps examples under a name, and forgets them. */
static void one_module(struct client *c, int round)
{
    char key[64], id[64], body[512];
    cJSON *out;
    snprintf(key, sizeof key, "module-%d-%d", c->number, round);
    snprintf(body, sizeof body, "{\"name\":\"m\",\"examples\":[{\"input\":\"client %d asks %d\",\"expected_output\":\"yes\"},{\"input\":\"no\","
             "\"expected_output\":\"no\"}]}", c->number, round);
    int got = persist(c, "createTrainingModule", key, body, &out);
    snprintf(id, sizeof id, "%s", data_text(out, "module_id"));
    int good = ledger_check(&ledger, got == 201 && *id, "createTrainingModule: %d %s", got, json_str(out, "message", ""));
    cJSON_Delete(out);
    snprintf(body, sizeof body, "{\"module_id\":\"%s\"}", id);
    if (!good)
        return;
    got = persist(c, "getTrainingModule", NULL, body, &out);
    ledger_check(&ledger, got == 200, "module %s was acknowledged, and getTrainingModule says %d %s", id, got, json_str(out, "message", ""));
    cJSON_Delete(out);
    snprintf(key, sizeof key, "forget-%d-%d", c->number, round);
    got = persist(c, "deleteTrainingModule", key, body, &out);
    ledger_check(&ledger, got == 200, "deleteTrainingModule: %d %s", got, json_str(out, "message", ""));
    cJSON_Delete(out);
}

/* Asks the agent and says what it thinks of some answers. */
static void some_questions(struct client *c)
{
    static const char *const words[] = { "correct", "partial", "incorrect" };
    char body[256];
    cJSON *out;
    for (int i = 0; i < 3; i++) {
        snprintf(body, sizeof body, "{\"agent_id\":\"%s\",\"input\":\"where is parcel %d?\"}", c->agent, (int)(draw(&c->random) % 1000));
        int got = persist(c, "invokeAgent", NULL, body, &out);
        char id[64];
        snprintf(id, sizeof id, "%s", data_text(out, "interaction_id"));
        if (got == 412) { /* all its jobs were cancelled so far */
            cJSON_Delete(out);
            return;
        }
        int good = ledger_check(&ledger, got == 200 && *id, "invokeAgent: %d %s", got, json_str(out, "message", ""));
        cJSON_Delete(out);
        if (!good)
            continue;
        size_t entry = ledger_add_interaction(&ledger, id);
        const char *word = words[draw(&c->random) % 3];
        snprintf(body, sizeof body, "{\"interaction_id\":\"%s\",\"feedback\":\"%s\"}", id, word);
        got = persist(c, "recordFeedback", NULL, body, &out);
        if (ledger_check(&ledger, got == 200 || got == 201, "recordFeedback: %d %s", got, json_str(out, "message", "")))
            ledger_rated(&ledger, entry, word);
        cJSON_Delete(out);
    }
}

static void *client_run(void *arg)
{
    struct client *c = arg;
    for (int round = 0; !__atomic_load_n(&ending, __ATOMIC_ACQUIRE); round++) {
        one_job(c, round);
        some_questions(c);
        one_module(c, round);
    }
    caller_close(&c->caller);
    return NULL;
}

/* ---- before: what an uninterrupted run gives ---- */

static int uninterrupted(void)
{
    struct client c = { .caller = { .port = served.port, .token = served.token, .fd = -1 } };
    int good = make_agent(&c, "uninterrupted");
    for (int v = 0; v < VARIANTS && good; v++) {
        char key[32], status[16], id[64], why[300];
        char *body = job_body(c.agent, v);
        cJSON *out;
        snprintf(key, sizeof key, "uninterrupted-%d", v);
        int got = persist(&c, "startTrainingJob", key, body, &out);
        snprintf(id, sizeof id, "%s", data_text(out, "job_id"));
        good = ledger_check(&ledger, got == 201, "startTrainingJob: %d %s", got, json_str(out, "message", ""));
        cJSON_Delete(out);
        free(body);
        if (good) {
            size_t entry = ledger_add_job(&ledger, id, key, v);
            good = await(&c, id, status, ledger.weights[v], why);
            ledger_ended(&ledger, entry, status);
            good = ledger_check(&ledger, strlen(ledger.weights[v]) == 64, "job %s has no weights", id);
        }
    }
    caller_close(&c.caller);
    return good;
}

/* ---- the killer ---- */

struct killing {
    uint64_t random;
    int daemons, trainers, answerers, backups, points;
    int64_t slowest_ms;
    struct { char job[64]; int kills; } spent[4096];
    int n_spent;
};

/* Whether one more death of the job's workers leaves it alive; notes the death. */
static int may_die(struct killing *k, const char *job)
{
    for (int i = 0; i < k->n_spent; i++) {
        if (strcmp(k->spent[i].job, job) == 0)
            return k->spent[i].kills++ < WORKER_KILLS;
    }
    if (k->n_spent == (int)(sizeof k->spent / sizeof k->spent[0]))
        return 0;
    snprintf(k->spent[k->n_spent].job, sizeof k->spent[0].job, "%s", job);
    k->spent[k->n_spent++].kills = 1;
    return 1;
}

static int kill_a_worker(struct killing *k)
{
    struct worker w[64];
    int n = served_workers(&served, w, 64);
    if (n == 0)
        return 0;
    const struct worker *victim = &w[draw(&k->random) % (uint64_t)n];
    if (strcmp(victim->job, "?") == 0 || (*victim->job && !may_die(k, victim->job)))
        return 0;
    if (!worker_runs(victim) || kill(victim->pid, SIGKILL) != 0)
        return 0;
    *(*victim->job ? &k->trainers : &k->answerers) += 1;
    return 1;
}

/* Kills the daemon; its workers must be gone soon, the books be sound, and a new one ready in time. */
static int kill_the_daemon(struct killing *k, const char *copy)
{
    struct worker w[64];
    int n = served_workers(&served, w, 64), left = n;
    served_kill(&served);
    for (int64_t end = clock_mono_us() + READY_MS * 1000; left > 0 && clock_mono_us() < end; pause_ms(2)) {
        left = 0;
        for (int i = 0; i < n; i++)
            left += worker_runs(&w[i]);
    }
    ledger_check(&ledger, left == 0, "%d of %d workers live on without their daemon", left, n);
    ledger_hold(&ledger, served.state, copy, 0);
    int64_t ms = served_start(&served);
    if (!ledger_check(&ledger, ms >= 0, "the daemon does not start again"))
        return -1;
    ledger_check(&ledger, ms <= READY_MS, "the daemon was ready after %lld ms", (long long)ms);
    k->slowest_ms = ms > k->slowest_ms ? ms : k->slowest_ms;
    k->daemons++;
    return 0;
}

/* Runs the program with those arguments; its exit status. */
static int run_hone(const char *const *argv)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        int log = open(served.log, O_WRONLY | O_APPEND | O_CREAT, 0600);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execv(served.hone, (char *const *)(intptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A backup under load, restored elsewhere: sound, with every file, and with the jobs that were acknowledged before it began. */
static void back_up(struct killing *k, const char *copy)
{
    char file[320], state[320], dir[320], why[400] = "";
    struct hone_err err;
    snprintf(file, sizeof file, "%s.tar", copy);
    snprintf(dir, sizeof dir, "%s-restored", copy);
    snprintf(state, sizeof state, "%s-restored/state", copy);
    pthread_mutex_lock(&ledger.lock);
    size_t jobs = ledger.jobs;
    pthread_mutex_unlock(&ledger.lock);
    int made = run_hone((const char *const[]){ "hone", "--state", served.state, "db", "backup", file, NULL });
    mkdir(dir, 0700);
    int put = made == 0 ? run_hone((const char *const[]){ "hone", "--state", state, "db", "restore", file, NULL }) : -1;
    if (ledger_check(&ledger, made == 0 && put == 0, "a backup under load ended with %d, its restore with %d", made, put)) {
        ledger_check(&ledger, kept_check(dir, NULL, 0, why, sizeof why) == 0, "a backup under load: %s", why);
        ledger_has_jobs(&ledger, state, jobs);
        k->backups++;
    }
    file_remove_tree(dir, &err);
}

static int kill_all(struct killing *k, int kills, int seconds, const char *copy)
{
    int64_t end = clock_mono_us() + (seconds > 0 ? seconds : INT32_MAX) * INT64_C(1000000);
    for (int n = 0; k->daemons + k->trainers + k->answerers < kills && clock_mono_us() < end; n++) {
        pause_ms((int)(20 + draw(&k->random) % 260));
        if (n % 100 == 20)
            back_up(k, copy);
        else if (draw(&k->random) % 10 < 6)
            kill_a_worker(k);
        else if (kill_the_daemon(k, copy) != 0)
            return -1;
    }
    return 0;
}

/* ---- at each point of the table ---- */

#define POINT_NAME(name) #name,
static const char *const points[] = { CRASH_POINTS(POINT_NAME) };
#define POINTS (sizeof points / sizeof points[0])

/* Until the mark says that a process died at the point. */
static int reached(const char *mark)
{
    char was = '0';
    int fd = open(mark, O_RDONLY | O_CLOEXEC);
    for (int64_t end = clock_mono_us() + GIVE_UP_MS * INT64_C(1000); was != '1' && clock_mono_us() < end; pause_ms(5))
        if (pread(fd, &was, 1, 0) != 1)
            break;
    close(fd);
    return was == '1';
}

/* The daemon starts anew with the point armed, dies there (or a worker of it does), and starts again. */
static int die_at(struct killing *k, const char *point, const char *copy)
{
    char mark[320], value[400];
    snprintf(mark, sizeof mark, "%s.mark", copy);
    snprintf(value, sizeof value, "%s:%s", point, mark);
    int fd = open(mark, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "0", 1) != 1)
        return -1;
    close(fd);
    served_kill(&served);
    setenv("HONE_CRASH_AT", value, 1);
    int64_t ms = served_start(&served); /* -1: it died before it was ready */
    unsetenv("HONE_CRASH_AT");
    int hit = ledger_check(&ledger, ms >= -1 && reached(mark), "the point %s was not reached", point);
    k->points += hit;
    return kill_the_daemon(k, copy);
}

static int at_points(struct killing *k, const char *copy)
{
    for (size_t i = 0; i < POINTS; i++)
        if (die_at(k, points[i], copy) != 0)
            return -1;
    return 0;
}

/* ---- all of it ---- */

static int under_load(int kills, int seconds, uint64_t seed, const char *copy)
{
    static struct client client[CLIENTS];
    static struct killing k;
    k = (struct killing){ .random = seed };
    int n = 0;
    for (; n < CLIENTS; n++) {
        char name[32];
        client[n] = (struct client){ .number = n, .random = seed + 1000 + (uint64_t)n,
                                     .caller = { .port = served.port, .token = served.token, .fd = -1 } };
        snprintf(name, sizeof name, "client-%d", n);
        if (!make_agent(&client[n], name) || pthread_create(&client[n].thread, NULL, client_run, &client[n]) != 0)
            break;
    }
    int rc = n != CLIENTS ? -1 : kills > 0 ? kill_all(&k, kills, seconds, copy) : at_points(&k, copy);
    __atomic_store_n(&ending, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < n; i++)
        pthread_join(client[i].thread, NULL);
    printf("killed: the daemon %d times (slowest start %lld ms), workers that trained %d, that answered %d; %zu jobs and %zu interactions were"
           " acknowledged\n", k.daemons, (long long)k.slowest_ms, k.trainers, k.answerers, ledger.jobs, ledger.interactions);
    if (kills == 0)
        printf("%d of %zu points were reached\n", k.points, POINTS);
    else
        printf("%d backups under load were restored\n", k.backups);
    return rc;
}

int main(int argc, char **argv)
{
    int kills = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 100, seconds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261126;
    const char *tmp = getenv("KILL9_DIR"), *hone = getenv("HONE");
    char path[600], copy[300];
    if (!tmp || !hone || !(examples = read_rows(getenv("srcdir") ? getenv("srcdir") : ".", ROWS)))
        return 99;
    snprintf(served.hone, sizeof served.hone, "%s", hone);
    snprintf(served.state, sizeof served.state, "%.200s/state", tmp);
    snprintf(served.log, sizeof served.log, "%.200s/daemon.log", tmp);
    snprintf(copy, sizeof copy, "%.200s/copy", tmp);
    snprintf(path, sizeof path, "%.200s/ledger", tmp);
    printf("seed %llu, %d kills\n", (unsigned long long)seed, kills);
    if (ledger_open(&ledger, path) != 0 || served_prepare(&served) != 0 || served_start(&served) < 0)
        return 99;
    if (uninterrupted() && under_load(kills, seconds, seed, copy) == 0) {
        ledger_check(&ledger, served_stop(&served, 30000) == 0, "the daemon did not end well at SIGTERM");
        ledger_hold(&ledger, served.state, copy, 1);
    }
    served_kill(&served);
    struct buf log = { 0 };
    struct hone_err err;
    ledger_check(&ledger, file_read(served.log, (size_t)1 << 30, &log, &err) == 0 && log.n > 0 && !strstr(buf_str(&log), served.token),
                 "the token is in the daemon's log, or there is none");
    buf_free(&log);
    printf("%u passed, %u failed\n", ledger.passed, ledger.failed);
    int bad = ledger.failed > 0 || ledger.passed == 0;
    ledger_free(&ledger);
    free(examples);
    return bad;
}
