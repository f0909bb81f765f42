/* Databases that were changed behind our back. See fuzz.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/store/agent.h"
#include "core/store/job.h"
#include "core/store/store.h"
#include "tests/fuzz/fuzz.h"

static void no_line(void *arg, int level, const char *text)
{
    (void)arg, (void)level, (void)text;
}

/* A sound database, made once. */
static const struct buf *sound(const char *dir)
{
    static struct buf b;
    struct hone_err err = { 0 };
    char path[200];
    if (b.n)
        return &b;
    struct store *s = store_open(dir, &err);
    REQUIRE(s != NULL);
    for (int i = 0; i < 20; i++) {
        char name[40];
        snprintf(name, sizeof name, "agent %d", i);
        struct agent_row row = { .name = strdup(name) };
        REQUIRE(row.name && agent_insert(s, &row, &err) == 0);
        agent_free(&row);
    }
    store_close(s);
    snprintf(path, sizeof path, "%s/hone.db", dir);
    REQUIRE(file_read(path, 1 << 24, &b, &err) == 0);
    return &b;
}

/* Changes of a sound database, five bytes each: where (a third of them in the first page, which has the schema), and what. It opens or is refused
 * with a sentence, and is read to its end either way. */
static void database(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    char dir[100], path[200];
    snprintf(dir, sizeof dir, "%s/state", fuzz_dir());
    log_redirect(no_line, NULL);
    file_remove_tree(dir, &err);
    const struct buf *b = sound(dir);
    uint8_t *changed = malloc(b->n);
    REQUIRE(changed != NULL);
    memcpy(changed, b->p, b->n);
    for (size_t i = 0; i + 5 <= n && i < 500; i += 5) {
        uint32_t at;
        memcpy(&at, bytes + i, 4);
        changed[at % (bytes[i + 4] % 3 ? b->n : 4096)] = bytes[i + 4];
    }
    file_remove_tree(dir, &err);
    REQUIRE(mkdir(dir, 0700) == 0);
    snprintf(path, sizeof path, "%s/hone.db", dir);
    REQUIRE(file_write_atomic(path, changed, b->n, &err) == 0);
    free(changed);
    struct store *s = store_open_existing(dir, &err);
    REQUIRE(s || *err.text);
    if (s) {
        struct agent_list agents = { 0 };
        struct job_list jobs = { 0 };
        if (agent_list(s, &(struct agent_filter){ 0 }, &agents, &err) == 0)
            agent_list_free(&agents);
        if (job_list(s, &(struct job_filter){ 0 }, &jobs, &err) == 0)
            job_list_free(&jobs);
        REQUIRE(store_check(s, &err) == 0 || *err.text);
        store_close(s);
    }
}

const struct fuzz_target fuzz_store[] = {
    { "database", database }, { NULL, NULL },
};
