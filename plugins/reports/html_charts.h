/* Charts as inline SVG. Colours come from the page's style by class, so that they follow light and dark; each chart has a title and
 * stands beside a table with its numbers, for who does not see it. */
#ifndef REPORTS_HTML_CHARTS_H
#define REPORTS_HTML_CHARTS_H
#include "report_text.h"

#define CHART_W 640.0
#define CHART_H 260.0
#define CHART_LEFT 84.0
#define CHART_BOTTOM 36.0
#define CHART_TOP 28.0
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

/* The first characters of a text, escaped. */
static void text_start(struct text *t, const char *s, int characters)
{
    size_t n = 0;
    while (s[n] && characters > 0) {
        n++;
        while (((unsigned char)s[n] & 0xc0) == 0x80)
            n++;
        characters--;
    }
    char *part = strndup(s, n);
    t->oom |= !part;
    text_escape(t, part);
    text_puts(t, s[n] ? "\xe2\x80\xa6" : "");
    free(part);
}

static void chart_mark(struct text *t, double x, double y, const char *anchor, double v)
{
    text_printf(t, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    text_real(t, v, 4);
    text_puts(t, "</text>");
}

/* A step of 1, 2 or 5 times a power of ten that makes about `parts` steps of the axis. */
static double chart_step(const struct axis *a, int parts)
{
    double raw = (a->high - a->low) / parts, size = pow(10, floor(log10(raw > 0 ? raw : 1))), ratio = raw / size;
    return raw > 0 ? size * (ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10) : 0;
}

/* Widens an axis to whole steps, so that its ends are round numbers. */
static void chart_round(struct axis *a, int parts)
{
    double step = chart_step(a, parts);
    if (!(step > 0))
        return;
    a->low = floor(a->low / step + 1e-9) * step;
    a->high = ceil(a->high / step - 1e-9) * step;
}

static void chart_axes(struct text *t, const struct axis *x, const struct axis *y, int whole)
{
    double step = chart_step(y, 5);
    for (int i = 0; i <= 10 && (i == 0 || step > 0) && y->low + i * step <= y->high + step / 2; i++) {
        double at = axis_at(y, y->low + i * step);
        text_printf(t, "<line class=\"grid\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>", CHART_LEFT, CHART_W - CHART_RIGHT, at, at);
        chart_mark(t, CHART_LEFT - 6, at + 4, "end", y->low + i * step);
    }
    step = chart_step(x, 8);
    step = whole && step < 1 ? 1 : step;
    double first = step > 0 ? ceil(x->low / step - 1e-9) * step : x->low;
    for (int i = 0; i <= 12 && (i == 0 || step > 0) && first + i * step <= x->high + step * 1e-9; i++)
        chart_mark(t, axis_at(x, first + i * step), CHART_H - 16, "middle", first + i * step);
}

struct curve {
    const char *name;      /* for the legend; NULL: the only one */
    const double *x, *y;
    int64_t n;
};

static void chart_curve(struct text *t, const struct curve *c, int second, const struct axis *h, const struct axis *v)
{
    int open = 0;
    for (int64_t i = 0; i < c->n; i++) {
        if (!isfinite(c->y[i]) || !isfinite(c->x[i])) {
            text_puts(t, open ? "\"/>" : "");
            open = 0;
            continue;
        }
        text_puts(t, open ? " " : second ? "<polyline class=\"line second\" points=\"" : "<polyline class=\"line\" points=\"");
        text_printf(t, "%.1f,%.1f", axis_at(h, c->x[i]), axis_at(v, c->y[i]));
        open = 1;
    }
    text_puts(t, open ? "\"/>" : "");
    for (int64_t i = 0; i < c->n && c->n <= 60; i++) {
        if (isfinite(c->y[i]) && isfinite(c->x[i]))
            text_printf(t, "<circle class=\"dot%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", second ? " second" : "", axis_at(h, c->x[i]), axis_at(v, c->y[i]));
    }
}

static void chart_legend(struct text *t, const struct curve *c, int n)
{
    for (int i = 0; i < n && c[i].name; i++) {
        double x = CHART_LEFT + 10 + 250 * i;
        text_printf(t, "<line class=\"line%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"10\" y2=\"10\"/><text class=\"name\" x=\"%.0f\" y=\"14\">", i ? " second" : "", x, x + 28, x + 36);
        text_escape(t, c[i].name);
        text_puts(t, "</text>");
    }
}

/* One or two curves with the same axes; gaps where y is not known. With `diagonal`, both axes run from 0 to 1 and x = y is drawn. */
static void chart_lines(struct text *t, const char *title, const struct curve *c, int n, int diagonal)
{
    struct axis h = { 0, 1, CHART_LEFT + 8, CHART_W - CHART_RIGHT - 8 }, v = { 0, 1, CHART_H - CHART_BOTTOM, CHART_TOP };
    int whole = !diagonal;
    for (int i = 0; i < n && !diagonal; i++) {
        struct axis x = axis_of(c[i].x, c[i].n, h.from, h.to), y = axis_of(c[i].y, c[i].n, v.from, v.to);
        h.low = i ? fmin(h.low, x.low) : x.low;
        h.high = i ? fmax(h.high, x.high) : x.high;
        v.low = i ? fmin(v.low, y.low) : y.low;
        v.high = i ? fmax(v.high, y.high) : y.high;
        for (int64_t k = 0; k < c[i].n; k++)
            whole &= !(c[i].x[k] < floor(c[i].x[k])) && !(c[i].x[k] > floor(c[i].x[k]));
    }
    chart_round(&v, 5);
    chart_begin(t, diagonal ? "Reliability" : "Curve", title, CHART_H);
    chart_axes(t, &h, &v, whole);
    if (diagonal)
        text_printf(t, "<line class=\"ideal\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", h.from, v.from, h.to, v.to);
    for (int i = 0; i < n; i++)
        chart_curve(t, &c[i], i, &h, &v);
    chart_legend(t, c, n);
    text_puts(t, "</svg>\n");
}

/* Values with intervals, one a line; a line at 0 where there are values on both sides of it: metric bars and forest plots. */
static void chart_intervals(struct text *t, const char *title, const char *const *label, const double *value, const double *low, const double *high, int64_t n)
{
    size_t longest = 0;
    for (int64_t i = 0; i < n; i++)
        longest = strlen(label[i]) > longest ? strlen(label[i]) : longest;
    double height = 30.0 * (double)n + 40, left = fmin(7.0 * (double)longest + 24, 350);
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
        text_start(t, label[i], 46);
        text_puts(t, "</text>");
        if (!isfinite(value[i]))
            continue;
        double at = axis_at(&a, value[i]);
        if (a.low >= 0)
            text_printf(t, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\"/>", zero, y - 6, at - zero);
        if (isfinite(low[i]) && isfinite(high[i]))
            text_printf(t, "<path class=\"whisker\" d=\"M%.1f %.1fH%.1fM%.1f %.1fv10M%.1f %.1fv10\"/>", axis_at(&a, low[i]), y, axis_at(&a, high[i]), axis_at(&a, low[i]),
                        y - 5, axis_at(&a, high[i]), y - 5);
        text_printf(t, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>", at, y);
    }
    double step = chart_step(&a, 5), first = step > 0 ? ceil(a.low / step - 1e-9) * step : a.low;
    for (int i = 0; i <= 10 && (i == 0 || step > 0) && first + i * step <= a.high + step * 1e-9; i++)
        chart_mark(t, axis_at(&a, first + i * step), height - 10, "middle", first + i * step);
    text_puts(t, "</svg>\n");
}

/* Counts by row and column, darker for more; name[i] of place i, or NULL. */
static void chart_heat(struct text *t, const char *title, const int64_t *row, const int64_t *column, const double *count, int64_t n, int64_t names,
                       char *const *name)
{
    int labels = name && names <= 25;
    double left = labels ? 200 : 40, side = 600 - left, cell = names > 0 ? side / (double)names : 0, most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, count[i]);
    chart_begin(t, "Confusion", title, side + 40);
    text_printf(t, "<rect class=\"frame\" x=\"%.0f\" y=\"20\" width=\"%.0f\" height=\"%.0f\"/>", left, side, side);
    text_printf(t, "<text class=\"tick\" x=\"%.0f\" y=\"14\" text-anchor=\"middle\">answered</text>", left + side / 2);
    text_printf(t, "<text class=\"tick\" x=\"14\" y=\"%.0f\" text-anchor=\"middle\" transform=\"rotate(-90 14 %.0f)\">expected</text>", 20 + side / 2, 20 + side / 2);
    for (int64_t i = 0; labels && i < names; i++) {
        text_printf(t, "<text class=\"name\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">", left - 6, 24 + cell * ((double)i + 0.5));
        text_start(t, name[i] ? name[i] : "", 24);
        text_puts(t, "</text>");
    }
    for (int64_t i = 0; i < n; i++) {
        text_printf(t, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill-opacity=\"%.3f\">", row[i] == column[i] ? "hit" : "miss",
                    left + cell * (double)column[i], 20 + cell * (double)row[i], cell, cell, most > 0 ? 0.25 + 0.75 * sqrt(count[i] / most) : 0);
        text_puts(t, "<title>expected ");
        text_start(t, name && name[row[i]] ? name[row[i]] : "?", 60);
        text_puts(t, ", answered ");
        text_start(t, name && name[column[i]] ? name[column[i]] : "?", 60);
        text_printf(t, ": %.0f</title></rect>", count[i]);
    }
    text_puts(t, "</svg>\n");
}

#endif
