/* Curves in the terminal and as SVG. Used by the commands that draw. */
#ifndef CLI_CHART_H
#define CLI_CHART_H
#include "core/base/err.h"

struct chart_line {
    const char *name;        /* NULL: the only one, without a legend */
    double *y;               /* [n], the caller's; NaN where there is none */
    int n;
    char mark;               /* in the terminal */
};

/* y of point i of a line lies at x = first + i (last - first) / (points - 1). */
struct chart {
    const char *title, *x;   /* x: what the axis counts, "step" */
    double first, last;
    int points;              /* of the longest line */
    const struct chart_line *line;
    int lines;
    double low, high;        /* of the y axis */
};

/* The greatest and the least of all lines. */
void chart_range(const struct chart *c, double *low, double *high);
void chart_print(const struct chart *c);
/* 0, or a negative code with err; the file is whole or not there. */
int chart_write_svg(const struct chart *c, const char *path, struct hone_err *err);

#endif
