/* See chart.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/cli/chart.h"

#define COLUMNS 64
#define ROWS 14
#define LEFT 60
#define TOP 20
#define WIDTH 640
#define HEIGHT 260

void chart_range(const struct chart *c, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (int l = 0; l < c->lines; l++)
        for (int i = 0; i < c->line[l].n; i++) {
            *low = fmin(*low, c->line[l].y[i]); /* fmin and fmax pass NaN over */
            *high = fmax(*high, c->line[l].y[i]);
        }
    if (!(*low <= *high))
        *low = 0, *high = 1;
}

/* 0 at the low end of the axis, 1 at the high end. */
static double share(const struct chart *c, double y)
{
    return c->high > c->low ? fmin(1, fmax(0, (y - c->low) / (c->high - c->low))) : 0;
}

/* The last line is drawn first: the first one lies on top. */
static void plot(const struct chart *c, char cell[ROWS][COLUMNS + 1])
{
    for (int r = 0; r < ROWS; r++) {
        memset(cell[r], ' ', COLUMNS);
        cell[r][COLUMNS] = '\0';
    }
    for (int l = c->lines - 1; l >= 0; l--)
        for (int i = 0; i < c->line[l].n; i++) {
            int x = c->points > 1 ? (int)((long long)i * (COLUMNS - 1) / (c->points - 1)) : 0;
            if (isfinite(c->line[l].y[i]))
                cell[(int)lround((1 - share(c, c->line[l].y[i])) * (ROWS - 1))][x] = c->line[l].mark;
        }
}

void chart_print(const struct chart *c)
{
    char cell[ROWS][COLUMNS + 1];
    plot(c, cell);
    for (int r = 0; r < ROWS; r++) {
        char label[16] = "";
        if (r % 4 == 0 || r == ROWS - 1)
            snprintf(label, sizeof label, "%.3g", c->high - (c->high - c->low) * r / (ROWS - 1));
        printf("%10s |%s\n", label, cell[r]);
    }
    printf("%10s +%.*s\n%10s  %-*.0f%.0f\n", "", COLUMNS, "----------------------------------------------------------------", "",
           COLUMNS - 3, c->first, c->last);
    for (int l = 0; l < c->lines && c->line[l].name; l++)
        printf("%s%c %s%s", l ? "  " : "            ", c->line[l].mark, c->line[l].name, l == c->lines - 1 ? "\n" : "");
}

static void svg_line(struct buf *b, const struct chart *c, int l)
{
    static const char *const colors[] = { "#0b62a4", "#c1440e", "#2e7d32", "#7b1fa2", "#b8860b", "#00838f", "#ad1457", "#455a64" };
    const struct chart_line *line = &c->line[l];
    const char *color = colors[l % (int)(sizeof colors / sizeof colors[0])];
    buf_printf(b, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"", color, l ? "1.2" : "2.5");
    for (int i = 0; i < line->n; i++)
        if (isfinite(line->y[i]))
            buf_printf(b, "%.2f,%.2f ", LEFT + (c->points > 1 ? (double)WIDTH * i / (c->points - 1) : 0),
                       TOP + HEIGHT * (1 - share(c, line->y[i])));
    buf_puts(b, "\"/>\n");
    if (line->name)
        buf_printf(b, "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", LEFT + WIDTH + 12, TOP + 12 + 14 * l, color, line->name);
}

int chart_write_svg(const struct chart *c, const char *path, struct hone_err *err)
{
    struct buf b = { 0 };
    struct file_out out;
    int legend = c->lines > 0 && c->line[0].name, height = TOP + HEIGHT + 40, tall = TOP + 14 * c->lines + 20;
    int w = LEFT + WIDTH + (legend ? 190 : 20), h = legend && tall > height ? tall : height;
    buf_printf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                   "<title>%s</title>\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
                   "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"black\"/>\n"
                   "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3g</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3g</text>\n"
                   "<text x=\"%d\" y=\"%d\">%.0f</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s %.0f</text>\n",
               w, h, c->title, w, h, LEFT, TOP, TOP + HEIGHT, LEFT + WIDTH, LEFT - 6, TOP + 6, c->high, LEFT - 6, TOP + HEIGHT + 4, c->low,
               LEFT, TOP + HEIGHT + 20, c->first, LEFT + WIDTH, TOP + HEIGHT + 20, c->x, c->last);
    for (int l = c->lines - 1; l >= 0; l--)
        svg_line(&b, c, l);
    buf_puts(&b, "</svg>\n");
    int rc = buf_oom(&b) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : file_out_open(&out, path, err);
    if (rc == 0) {
        rc = file_write_all(out.fd, b.p, b.n) ? err_errno(err, "write", path) : 0;
        int closed = file_out_close(&out, rc == 0, err);
        rc = rc ? rc : closed;
    }
    buf_free(&b);
    return rc;
}
