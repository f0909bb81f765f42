/* Charts as inline SVG. Colours come from the page's style by class, so that they follow light and dark; each chart has a title and
 * stands beside a table with its numbers, for who does not see it. */
#ifndef REPORTS_HTML_CHARTS_H
#define REPORTS_HTML_CHARTS_H
#include "report_text.h"

#define CHART_W 640.0
#define CHART_H 260.0
#define CHART_LEFT 84.0
#define CHART_BOTTOM 36.0
#define CHART_TOP 12.0
#define CHART_RIGHT 16.0

struct axis {
    double low, high, from, to; /* values, places */
};

static double axis_at(const struct axis *a, double v)
{
    return a->high > a->low ? a->from + (v - a->low) / (a->high - a->low) * (a->to - a->from) : (a->from + a->to) / 2;
}

static struct axis axis_of(const double *v, int64_t n, double from, double to)
{
    struct axis a = { NAN, NAN, from, to };
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(v[i]))
            continue;
        a.low = isnan(a.low) || v[i] < a.low ? v[i] : a.low;
        a.high = isnan(a.high) || v[i] > a.high ? v[i] : a.high;
    }
    if (isnan(a.low))
        a.low = a.high = 0;
    return a;
}

static void chart_begin(struct text *t, const char *kind, const char *title, double height)
{
    text_printf(t, "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 %g %g\" preserveAspectRatio=\"xMidYMid meet\"><title>%s: ", CHART_W, height, kind);
    text_escape(t, title);
    text_puts(t, "</title>");
}

static void chart_mark(struct text *t, double x, double y, const char *anchor, double v)
{
    text_printf(t, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    text_real(t, v, 4);
    text_puts(t, "</text>");
}

static void chart_axes(struct text *t, const struct axis *x, const struct axis *y)
{
    for (int i = 0; i <= 4; i++) {
        double v = y->low + (y->high - y->low) * i / 4, at = axis_at(y, v);
        text_printf(t, "<line class=\"grid\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>", CHART_LEFT, CHART_W - CHART_RIGHT, at, at);
        if (y->high > y->low || i == 0)
            chart_mark(t, CHART_LEFT - 6, at + 4, "end", v);
    }
    chart_mark(t, x->from, CHART_H - 12, "start", x->low);
    chart_mark(t, x->to, CHART_H - 12, "end", x->high);
}

/* A curve; gaps where y is not known. With `diagonal`, both axes run from 0 to 1 and x = y is drawn. */
static void chart_line(struct text *t, const char *title, const double *x, const double *y, int64_t n, int diagonal)
{
    struct axis h = axis_of(x, n, CHART_LEFT, CHART_W - CHART_RIGHT), v = axis_of(y, n, CHART_H - CHART_BOTTOM, CHART_TOP);
    int open = 0;
    if (diagonal) {
        h.low = v.low = 0;
        h.high = v.high = 1;
    }
    chart_begin(t, diagonal ? "Reliability" : "Curve", title, CHART_H);
    chart_axes(t, &h, &v);
    if (diagonal)
        text_printf(t, "<line class=\"ideal\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", h.from, v.from, h.to, v.to);
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(y[i]) || !isfinite(x[i])) {
            text_puts(t, open ? "\"/>" : "");
            open = 0;
            continue;
        }
        text_printf(t, "%s%.1f,%.1f", open ? " " : "<polyline class=\"line\" points=\"", axis_at(&h, x[i]), axis_at(&v, y[i]));
        open = 1;
    }
    text_puts(t, open ? "\"/>" : "");
    for (int64_t i = 0; i < n && n <= 60; i++) {
        if (isfinite(y[i]) && isfinite(x[i]))
            text_printf(t, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", axis_at(&h, x[i]), axis_at(&v, y[i]));
    }
    text_puts(t, "</svg>\n");
}

/* Values with intervals, one a line; a line at 0 where there are values on both sides of it: metric bars and forest plots. */
static void chart_intervals(struct text *t, const char *title, const char *const *label, const double *value, const double *low, const double *high, int64_t n)
{
    double height = 30.0 * (double)n + 40, left = 310;
    struct axis a = axis_of(value, n, left, CHART_W - 24), b = axis_of(low, n, 0, 0), c = axis_of(high, n, 0, 0);
    a.low = fmin(fmin(a.low, b.low), 0);
    a.high = fmax(fmax(a.high, c.high), 0);
    a.high = a.low >= 0 && a.high > 0.3 ? fmax(a.high, 1) : a.high; /* shares run to 1 */
    chart_begin(t, "Values with intervals", title, height);
    double zero = axis_at(&a, 0);
    text_printf(t, "<line class=\"ideal\" x1=\"%.1f\" x2=\"%.1f\" y1=\"6\" y2=\"%.1f\"/>", zero, zero, height - 30);
    for (int64_t i = 0; i < n; i++) {
        double y = 30.0 * (double)i + 20;
        text_printf(t, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", left - 10, y + 4);
        text_escape(t, label[i]);
        text_puts(t, "</text>");
        if (!isfinite(value[i]))
            continue;
        double at = axis_at(&a, value[i]);
        if (a.low >= 0)
            text_printf(t, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\"/>", zero, y - 6, at - zero);
        if (isfinite(low[i]) && isfinite(high[i]))
            text_printf(t, "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", axis_at(&a, low[i]), axis_at(&a, high[i]), y, y);
        text_printf(t, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", at, y);
    }
    chart_mark(t, a.from, height - 10, "start", a.low);
    chart_mark(t, a.to, height - 10, "end", a.high);
    text_puts(t, "</svg>\n");
}

/* Counts by row and column (numbers of names), darker for more. */
static void chart_heat(struct text *t, const char *title, const int64_t *row, const int64_t *column, const double *count, int64_t n, int64_t names)
{
    double cell = names > 0 ? 560.0 / (double)names : 0, most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, count[i]);
    chart_begin(t, "Confusion", title, 600);
    text_puts(t, "<rect class=\"frame\" x=\"40\" y=\"20\" width=\"560\" height=\"560\"/>");
    text_puts(t, "<text class=\"tick\" x=\"320\" y=\"14\" text-anchor=\"middle\">answered</text>"
                 "<text class=\"tick\" x=\"26\" y=\"300\" text-anchor=\"middle\" transform=\"rotate(-90 26 300)\">expected</text>");
    for (int64_t i = 0; i < n; i++)
        text_printf(t, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill-opacity=\"%.3f\"/>", row[i] == column[i] ? "hit" : "miss",
                    40 + cell * (double)column[i], 20 + cell * (double)row[i], cell, cell, most > 0 ? 0.15 + 0.85 * sqrt(count[i] / most) : 0);
    text_puts(t, "</svg>\n");
}

#endif
