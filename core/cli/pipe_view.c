/* See pipe_view.h. */
#include "core/cli/pipe_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"

/* "train", or "train[2]" of a matrix. */
static void label_of(const cJSON *steps, const cJSON *s, char out[96])
{
    const cJSON *other;
    int parts = 0;
    cJSON_ArrayForEach(other, steps)
        parts += strcmp(json_str(other, "step", ""), json_str(s, "step", "?")) == 0;
    if (parts > 1)
        snprintf(out, 96, "%.63s[%lld]", json_str(s, "step", ""), (long long)json_int(s, "part", 0));
    else
        snprintf(out, 96, "%.63s", json_str(s, "step", ""));
}

/* What stands behind the status. */
static void remark_of(const cJSON *s, char out[300])
{
    char took[32] = "";
    double ms = json_num(s, "duration_ms", 0);
    const char *reason = json_str(s, "reason", NULL), *same = json_str(s, "same_as", NULL), *job = json_str(s, "job_id", NULL);
    if (ms > 0)
        clock_human(ms / 1000, took);
    if (reason)
        snprintf(out, 300, "%.280s", reason);
    else if (same)
        snprintf(out, 300, "unchanged since %.40s", same);
    else
        snprintf(out, 300, "%s%s%s", took, *took && job ? "  " : "", job ? job : "");
}

/* ---- on a terminal ---- */

static void erase(struct pipe_view *v)
{
    if (v->drawn)
        fprintf(stderr, "\r\033[%dA\033[J", v->drawn);
    v->drawn = 0;
}

static const char *colour_of(const char *status)
{
    static const char *const colours[][2] = { { "completed", "\033[32m" }, { "failed", "\033[31m" }, { "running", "\033[36m" }, { "stopped", "\033[33m" },
                                              { "skipped", "\033[33m" } };
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        if (strcmp(colours[i][0], status) == 0)
            return colours[i][1];
    }
    return "\033[2m";
}

/* The bytes of a text that fill at most so many columns, whole characters. */
static int fit(const char *s, int columns)
{
    int n = 0;
    for (int seen = 0; s[n]; n++) {
        if ((s[n] & 0xc0) != 0x80 && seen++ == columns)
            break;
    }
    return n;
}

static void draw(struct pipe_view *v)
{
    const cJSON *s;
    struct winsize size = { 0 };
    int rows = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4 ? size.ws_row - 2 : 40;
    int skip = cJSON_GetArraySize(v->steps) - rows;
    erase(v);
    cJSON_ArrayForEach(s, v->steps) {
        char label[96], remark[300];
        const char *status = json_str(s, "status", "");
        if (skip-- > 0) /* of very many steps the last ones are shown */
            continue;
        label_of(v->steps, s, label);
        remark_of(s, remark);
        fprintf(stderr, "  %-20.40s %s%-10s\033[0m %.*s\n", label, colour_of(status), status, fit(remark, v->width > 40 ? v->width - 36 : 10), remark);
        v->drawn++;
    }
    if (*v->doing) {
        fprintf(stderr, "  %.*s\n", fit(v->doing, v->width > 10 ? v->width - 4 : 10), v->doing);
        v->drawn++;
    }
    fflush(stderr);
}

/* ---- events ---- */

static void on_run(struct pipe_view *v, const cJSON *run)
{
    snprintf(v->run_id, sizeof v->run_id, "%s", json_str(run, "pipeline_run_id", ""));
    cJSON_Delete(v->steps);
    v->steps = cJSON_Duplicate(json_get(run, "steps"), 1);
    fprintf(stderr, "Run %s of %s %s\n", v->run_id, json_str(run, "kind", ""), json_str(run, "name", ""));
    if (v->width)
        draw(v);
}

/* The entry of a step in v->steps, made where there is none. */
static cJSON *entry_of(struct pipe_view *v, const cJSON *f)
{
    cJSON *s;
    int64_t seq = json_int(f, "seq", -1), i = 0;
    cJSON_ArrayForEach(s, v->steps) {
        if (seq >= 0 ? i++ == seq : strcmp(json_str(s, "step", ""), json_str(f, "step", "")) == 0 && json_int(s, "part", 0) == json_int(f, "part", 0))
            return s;
    }
    if (!v->steps)
        v->steps = cJSON_CreateArray();
    s = cJSON_CreateObject();
    cJSON_AddItemToArray(v->steps, s);
    return s;
}

static void on_step(struct pipe_view *v, const cJSON *f)
{
    static const char *const keys[] = { "step", "part", "status", "reason", "same_as", "job_id", "duration_ms" };
    char label[96], remark[300];
    cJSON *s = entry_of(v, f);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_put(s, keys[i], json_get(f, keys[i]) ? cJSON_Duplicate(json_get(f, keys[i]), 1) : cJSON_CreateNull());
    v->doing[0] = '\0';
    if (v->width) {
        draw(v);
        return;
    }
    label_of(v->steps, f, label);
    remark_of(f, remark);
    fprintf(stderr, "%s: %s%s%s\n", label, json_str(f, "status", ""), *remark ? "  " : "", remark);
}

static void on_progress(struct pipe_view *v, const cJSON *f)
{
    char loss[64];
    double total = json_num(f, "total_steps", 0), step = json_num(f, "step", 0);
    snprintf(v->doing, sizeof v->doing, "epoch %lld  %3.0f%%  loss %s", (long long)json_int(f, "epoch", 0), total > 0 ? 100 * step / total : 0,
             cli_number_text(f, "loss", "%.4f", loss));
    draw(v);
}

static void on_event(void *arg, const char *type, const cJSON *f)
{
    struct pipe_view *v = arg;
    if (strcmp(type, "log") == 0) {
        erase(v);
        fprintf(stderr, "hone: %s\n", json_str(f, "text", ""));
    } else if (v->c->quiet) {
        return;
    } else if (strcmp(type, "run") == 0) {
        on_run(v, f);
    } else if (strcmp(type, "step") == 0) {
        on_step(v, f);
    } else if (strcmp(type, "progress") == 0 && v->width) {
        on_progress(v, f);
    }
}

static enum api_wish on_wish(void *arg)
{
    struct pipe_view *v = arg;
    int n = cli_interrupts();
    if (n > v->told && n == 1)
        fputs("Stopping; what runs writes a checkpoint. Once more ends at once.\n", stderr);
    v->told = n > v->told ? n : v->told;
    return n == 0 ? API_GO : n == 1 ? API_PAUSE : API_KILL;
}

void pipe_view_open(struct pipe_view *v, const struct cli *c, struct api_hooks *hooks)
{
    const char *term = getenv("TERM");
    struct winsize size = { 0 };
    *v = (struct pipe_view){ .c = c };
    if (!c->quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0)
        v->width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40 ? size.ws_col : 80;
    *hooks = (struct api_hooks){ .arg = v, .event = on_event, .wish = on_wish };
    cli_catch_signals();
}

void pipe_view_close(struct pipe_view *v)
{
    cJSON_Delete(v->steps);
    v->steps = NULL;
}

void pipe_view_state(struct pipe_view *v, const cJSON *run)
{
    const cJSON *s;
    int64_t seq = 0;
    if (v->c->quiet)
        return;
    if (!*v->run_id) {
        on_run(v, run);
        return;
    }
    cJSON_ArrayForEach(s, json_get(run, "steps")) {
        const cJSON *before = cJSON_GetArrayItem(v->steps, (int)seq);
        if (!before || strcmp(json_str(before, "status", ""), json_str(s, "status", "")) != 0) {
            cJSON *f = cJSON_Duplicate(s, 1);
            json_put_int(f, "seq", seq);
            on_step(v, f);
            cJSON_Delete(f);
        }
        seq++;
    }
}

/* ---- as a whole ---- */

void pipe_view_show(const struct cli *c, const cJSON *run)
{
    static const char *const heads[] = { "STEP", "DOES", "STATUS", "NEEDS", "" };
    const cJSON *s, *n, *steps = json_get(run, "steps"), *defs = json_get(json_get(run, "definition"), "steps"), *error = json_get(run, "error");
    cJSON *rows = cJSON_CreateArray();
    (void)c;
    if (json_str(run, "pipeline_run_id", NULL))
        cli_pair("run", "%s", json_str(run, "pipeline_run_id", "-"));
    cli_pair(json_str(run, "kind", "pipeline"), "%s", json_str(run, "name", "-"));
    cli_pair("status", "%s", json_str(run, "status", "-"));
    if (json_str(error, "message", NULL))
        cli_pair("error", "%s", json_str(error, "message", ""));
    cJSON_ArrayForEach(s, steps) {
        char label[96], remark[300], needs[200] = "";
        label_of(steps, s, label);
        remark_of(s, remark);
        const cJSON *need = json_get(json_get(defs, json_str(s, "step", "")), "needs");
        if (cJSON_IsString(need))
            snprintf(needs, sizeof needs, "%.190s", need->valuestring);
        cJSON_ArrayForEach(n, need)
            snprintf(needs + strlen(needs), sizeof needs - strlen(needs), "%s%.60s", *needs ? " " : "", cJSON_IsString(n) ? n->valuestring : "");
        cli_row(rows, 5, label, json_str(s, "do", NULL), json_str(s, "status", NULL), needs, remark);
    }
    putchar('\n');
    cli_print_table(heads, 5, rows);
    cJSON_Delete(rows);
}
