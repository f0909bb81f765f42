/* How a run of a pipeline or sweep looks in the terminal, and as a picture. Private to core/cli. */
#ifndef CLI_PIPE_VIEW_H
#define CLI_PIPE_VIEW_H
#include "core/cli/cli.h"

/* Shows a run on standard error as it goes: on a terminal a table that is drawn again, else a line a change. */
struct pipe_view {
    const struct cli *c;
    int width;               /* columns of the terminal; 0: none */
    int drawn;               /* lines that stand there */
    int told;                /* interrupts that were acknowledged */
    cJSON *steps;            /* as getPipelineRun has them */
    char run_id[64], doing[160];
};
/* Fills hooks, which borrow v, and catches signals. */
void pipe_view_open(struct pipe_view *v, const struct cli *c, struct api_hooks *hooks);
void pipe_view_close(struct pipe_view *v);
/* The state of a run as a daemon tells it: what has changed since is shown. */
void pipe_view_state(struct pipe_view *v, const cJSON *run);

/* The table of a run's steps, or of a definition's, on standard output. */
void pipe_view_show(const struct cli *c, const cJSON *run);

/* A picture of the steps and what they need, in layers from left to right, as one SVG document that needs nothing else (free()). `run` is what
 * getPipelineRun gives, or runTrainingPipeline with check_only. NULL when memory ran out. */
char *pipe_svg(const cJSON *run);

#endif
