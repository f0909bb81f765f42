/* How a training looks while it runs, and what Ctrl-C does to it. Writes to standard error alone. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/cli/cli.h"

#define BAR_CELLS 24

static volatile sig_atomic_t interrupts;

static void count_interrupt(int signal_number)
{
    (void)signal_number;
    interrupts = interrupts + 1;
}

void cli_catch_signals(void)
{
    struct sigaction a = { .sa_handler = count_interrupt };
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
}

int cli_interrupts(void)
{
    return interrupts;
}

static void erase(struct cli_progress *p)
{
    if (p->bar)
        fputs("\r\033[K", stderr);
    p->bar = 0;
}

static void started(struct cli_progress *p, const cJSON *job)
{
    const cJSON *model = json_get(job, "model"), *counts = json_get(json_get(job, "training_data"), "counts"), *note;
    char left[32] = "";
    double ms = json_num(json_get(job, "estimates"), "estimated_duration_ms", -1);
    p->total = json_num(json_get(job, "progress"), "total_steps", 0);
    p->epochs = (int)json_int(json_get(job, "progress"), "total_epochs", 0);
    if (ms >= 0)
        clock_human(ms / 1000, left);
    fprintf(stderr, "Job %s trains agent %s: %lld rows, %lld held out, %lld outputs, model %s%s%s\n", json_str(job, "job_id", "?"),
            json_str(job, "agent_name", "?"), (long long)json_int(counts, "training", 0), (long long)json_int(counts, "validation", 0),
            (long long)json_int(counts, "outputs", 0), json_str(model, "name", "?"), *left ? ", about " : "", left);
    cJSON_ArrayForEach(note, json_get(counts, "notes"))
        fprintf(stderr, "Note: %s\n", cJSON_IsString(note) ? note->valuestring : "");
}

/* The bar of a step; what is not known yet is left out. */
static void draw(struct cli_progress *p, const cJSON *f)
{
    char bar[BAR_CELLS + 1], left[32] = "", line[192], loss[64];
    double step = json_num(f, "step", 0), share = p->total > 0 ? fmin(step / p->total, 1) : 0;
    double seconds = (double)(clock_mono_us() - p->start_us) * 1e-6;
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < (int)(share * BAR_CELLS) ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    if (share > 0.02)
        clock_human(seconds * (1 - share) / share, left);
    int n = snprintf(line, sizeof line, "epoch %d/%d [%s] %3d%%  loss %s%s%s%s%s", (int)json_int(f, "epoch", 0), p->epochs, bar,
                     (int)(share * 100), cli_number_text(f, "loss", "%.4f", loss), p->accuracy, *left ? "  about " : "", left, *left ? " left" : "");
    fprintf(stderr, "\r%.*s\033[K", p->width > 1 && n >= p->width ? p->width - 1 : n, line);
    fflush(stderr);
    p->bar = 1;
}

static void epoch_line(struct cli_progress *p, const cJSON *f)
{
    char loss[64], accuracy[64], vloss[64], vaccuracy[64];
    const char *score = json_str(f, "score_name", NULL), *name = score ? score : "accuracy";
    const cJSON *held = json_get(f, score ? "validation_score" : "validation_accuracy");
    if (cJSON_IsNumber(held))
        snprintf(p->accuracy, sizeof p->accuracy, "  held-out %.30s %.4f", name, held->valuedouble);
    if (p->width)
        return;
    fprintf(stderr, "epoch %d/%d  loss %s  %s %s  validation loss %s  validation %s %s%s\n", (int)json_int(f, "epoch", 0),
            p->epochs, cli_number_text(f, "loss", "%.4f", loss), name, cli_number_text(f, score ? "score" : "accuracy", "%.4f", accuracy),
            cli_number_text(f, "validation_loss", "%.4f", vloss), name,
            cli_number_text(f, score ? "validation_score" : "validation_accuracy", "%.4f", vaccuracy),
            json_bool(f, "best", 0) ? "  best" : "");
}

static void on_event(void *arg, const char *type, const cJSON *f)
{
    struct cli_progress *p = arg;
    if (strcmp(type, "log") == 0) {
        erase(p);
        fprintf(stderr, "hone: %s\n", json_str(f, "text", ""));
    } else if (p->c->quiet) {
        return;
    } else if (strcmp(type, "started") == 0) {
        started(p, f);
    } else if (strcmp(type, "epoch") == 0) {
        epoch_line(p, f);
    } else if (strcmp(type, "progress") == 0 && p->width) {
        draw(p, f);
    }
}

static enum api_wish on_wish(void *arg)
{
    struct cli_progress *p = arg;
    int n = cli_interrupts();
    if (n > p->told && n == 1) {
        erase(p);
        fputs("Stopping with a checkpoint; once more ends at once.\n", stderr);
        p->told = n;
    }
    return n == 0 ? API_GO : n == 1 ? API_PAUSE : API_KILL;
}

void cli_progress_open(struct cli_progress *p, const struct cli *c, struct api_hooks *hooks)
{
    const char *term = getenv("TERM");
    struct winsize size = { 0 };
    *p = (struct cli_progress){ .c = c, .start_us = clock_mono_us() };
    if (!c->quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0)
        p->width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
    *hooks = (struct api_hooks){ .arg = p, .event = on_event, .wish = on_wish };
    cli_catch_signals();
}

void cli_progress_close(struct cli_progress *p)
{
    erase(p);
}
