/* The picture of a pipeline: each step is a box in the column behind the last step that it needs; within a column boxes stand in the order of the
 * middle of what they need (one pass of the barycentre method, Sugiyama, Tagawa & Toda, 1981). Arrows that others imply are left out. No script, no fonts of its own; light and dark by the
 * reader's preference. See pipe_view.h. */
#include "core/cli/pipe_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define MOST 64
#define BOX_W 190
#define BOX_H 58
#define GAP_X 70
#define GAP_Y 26
#define MARGIN 24
#define HEAD 44
#define MAX_TEXT 24 /* characters in a box */

struct node {
    const char *name, *kind, *status;
    const cJSON *def;
    int parts, layer, row;
    int need[MOST], n_needs;
    double middle;
};

struct graph {
    struct node node[MOST];
    int n, layers, rows;
    int width[MOST];           /* nodes of a layer */
};

/* ---- layout ---- */

/* What a step as a whole is, by the most telling of its parts. */
static const char *worse(const char *a, const char *b)
{
    static const char *const order[] = { "failed", "running", "pending", "stopped", "completed", "skipped", "checked" };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (strcmp(a, order[i]) == 0 || strcmp(b, order[i]) == 0)
            return order[i];
    }
    return a;
}

static int find(const struct graph *g, const char *name)
{
    for (int i = 0; i < g->n; i++) {
        if (strcmp(g->node[i].name, name) == 0)
            return i;
    }
    return -1;
}

static void add_need(struct graph *g, struct node *n, const cJSON *name)
{
    int i = cJSON_IsString(name) ? find(g, name->valuestring) : -1;
    if (i >= 0 && n->n_needs < MOST)
        n->need[n->n_needs++] = i;
}

static void collect(struct graph *g, const cJSON *run)
{
    const cJSON *defs = json_get(json_get(run, "definition"), "steps"), *s, *v;
    cJSON_ArrayForEach(s, json_get(run, "steps")) {
        const char *name = json_str(s, "step", ""), *status = json_str(s, "status", "pending");
        int i = find(g, name);
        if (i < 0 && g->n < MOST)
            g->node[i = g->n++] = (struct node){ .name = name, .kind = json_str(s, "do", ""), .status = status, .def = json_get(defs, name) };
        if (i >= 0) {
            g->node[i].status = worse(g->node[i].status, status);
            g->node[i].parts++;
        }
    }
    for (int i = 0; i < g->n; i++) {
        const cJSON *needs = json_get(g->node[i].def, "needs");
        if (cJSON_IsString(needs))
            add_need(g, &g->node[i], needs);
        else
            cJSON_ArrayForEach(v, needs)
                add_need(g, &g->node[i], v);
    }
}

static void put_layers(struct graph *g)
{
    for (int round = 0; round < g->n; round++) { /* there is no cycle: done after as many rounds as there are steps at most */
        for (int i = 0; i < g->n; i++) {
            for (int k = 0; k < g->node[i].n_needs; k++) {
                int after = g->node[g->node[i].need[k]].layer + 1;
                if (g->node[i].layer < after)
                    g->node[i].layer = after;
            }
        }
    }
    for (int layer = 0; layer < MOST; layer++) {
        int in[MOST], n = 0;
        for (int i = 0; i < g->n; i++) {
            struct node *v = &g->node[i];
            if (v->layer != layer)
                continue;
            for (int k = 0; k < v->n_needs; k++)
                v->middle += (double)g->node[v->need[k]].row / v->n_needs;
            int at = n++;
            for (; at > 0 && g->node[in[at - 1]].middle > v->middle; at--)
                in[at] = in[at - 1];
            in[at] = i;
        }
        for (int k = 0; k < n; k++)
            g->node[in[k]].row = k;
        g->width[layer] = n;
        g->rows = n > g->rows ? n : g->rows;
        g->layers = n ? layer + 1 : g->layers;
    }
}

/* Whether `to` needs `from` through other steps, however far. */
static int reaches(const struct graph *g, int from, int to)
{
    for (int k = 0; k < g->node[to].n_needs; k++) {
        if (g->node[to].need[k] == from || (g->node[g->node[to].need[k]].layer > g->node[from].layer && reaches(g, from, g->node[to].need[k])))
            return 1;
    }
    return 0;
}

/* An arrow that others imply is left out. */
static int implied(const struct graph *g, int from, int to)
{
    for (int k = 0; k < g->node[to].n_needs; k++) {
        if (g->node[to].need[k] != from && reaches(g, from, g->node[to].need[k]))
            return 1;
    }
    return 0;
}

static double x_of(const struct node *n)
{
    return MARGIN + n->layer * (BOX_W + GAP_X);
}

/* Columns are centred on the highest one. */
static double y_of(const struct graph *g, const struct node *n)
{
    double free_rows = g->rows - g->width[n->layer];
    return HEAD + MARGIN + (n->row + free_rows / 2) * (BOX_H + GAP_Y);
}

/* ---- drawing ---- */

/* Text with what XML reserves escaped, cut to whole characters. */
static void put_text(struct buf *b, const char *s, int most)
{
    int n = 0;
    for (; *s; s++) {
        if ((*s & 0xc0) != 0x80 && n++ == most) {
            buf_puts(b, "…");
            return;
        }
        if (*s == '&')
            buf_puts(b, "&amp;");
        else if (*s == '<')
            buf_puts(b, "&lt;");
        else if (*s == '>')
            buf_puts(b, "&gt;");
        else if (*s == '"')
            buf_puts(b, "&quot;");
        else if ((unsigned char)*s >= ' ')
            buf_putc(b, *s);
    }
}

static void put_edge(struct buf *b, const struct graph *g, const struct node *from, const struct node *to)
{
    double x1 = x_of(from) + BOX_W, y1 = y_of(g, from) + BOX_H / 2.0, x2 = x_of(to) - 7, y2 = y_of(g, to) + BOX_H / 2.0;
    double bend = (x2 - x1) / 2 > 60 ? 60 : (x2 - x1) / 2;
    buf_printf(b, "<path class=\"edge\" d=\"M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f\" marker-end=\"url(#tip)\"/>\n", x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2);
}

static void put_node(struct buf *b, const struct graph *g, const struct node *n)
{
    double x = x_of(n), y = y_of(g, n);
    const char *when = json_str(n->def, "when", json_str(n->def, "require", NULL)), *about = json_str(n->def, "description", NULL);
    buf_printf(b, "<g class=\"%s\"><title>", n->status);
    put_text(b, n->name, 100);
    buf_printf(b, ": %s, %s", n->kind, n->status);
    if (about) {
        buf_puts(b, ". ");
        put_text(b, about, 400);
    }
    if (when) {
        buf_puts(b, " (when ");
        put_text(b, when, 400);
        buf_puts(b, ")");
    }
    buf_puts(b, "</title>\n");
    if (n->parts > 1)
        buf_printf(b, "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", x + 6, y - 6, BOX_W, BOX_H);
    buf_printf(b, "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", x, y, BOX_W, BOX_H);
    buf_printf(b, "<rect class=\"mark\" x=\"%.1f\" y=\"%.1f\" width=\"6\" height=\"%d\" rx=\"3\"/>\n", x, y, BOX_H);
    buf_printf(b, "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">", x + 18, y + 25);
    put_text(b, n->name, MAX_TEXT);
    buf_printf(b, "</text>\n<text class=\"kind\" x=\"%.1f\" y=\"%.1f\">", x + 18, y + 44);
    put_text(b, n->kind, MAX_TEXT);
    if (n->parts > 1)
        buf_printf(b, " × %d", n->parts);
    int told = strcmp(n->status, "pending") != 0 && strcmp(n->status, "checked") != 0;
    if (when && !told && strcmp(n->kind, "gate") != 0)
        buf_puts(b, ", conditional");
    buf_puts(b, "</text>\n");
    if (told)
        buf_printf(b, "<text class=\"state\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + BOX_W - 10, y + 44, n->status);
    buf_puts(b, "</g>\n");
}

static const char style[] =
    "<style>\n"
    "svg{--ink:#1c2430;--soft:#5b6675;--line:#9aa5b4;--card:#fff;--page:#f6f7f9;--done:#2e7d4f;--bad:#c0392b;--now:#2468b4;--held:#b7791f}\n"
    "@media(prefers-color-scheme:dark){svg{--ink:#e6eaf0;--soft:#9aa5b4;--line:#566274;--card:#1e2530;--page:#141920;--done:#5fbf86;--bad:#ef7568;--now:#6aa9ee;"
    "--held:#e0ae55}}\n"
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:var(--ink)}\n"
    ".page{fill:var(--page)}.head{font-size:16px;font-weight:600}.sub{font-size:12px;fill:var(--soft)}\n"
    ".box{fill:var(--card);stroke:var(--line);stroke-width:1}.mark{fill:var(--line)}.edge{fill:none;stroke:var(--line);stroke-width:1.5}.tip{fill:var(--line)}\n"
    ".name{font-size:14px;font-weight:600}.kind{font-size:12px;fill:var(--soft)}.state{font-size:11px;fill:var(--soft)}\n"
    ".completed .mark{fill:var(--done)}.completed .state{fill:var(--done)}.failed .mark{fill:var(--bad)}.failed .state{fill:var(--bad)}\n"
    ".running .mark{fill:var(--now)}.running .state{fill:var(--now)}.stopped .mark,.skipped .mark{fill:var(--held)}.stopped .state,.skipped .state{fill:var(--held)}\n"
    ".stopped .box,.skipped .box{stroke-dasharray:5 4}\n"
    "</style>\n";

char *pipe_svg(const cJSON *run)
{
    struct graph *g = calloc(1, sizeof *g);
    struct buf b = { 0 };
    if (!g)
        return NULL;
    collect(g, run);
    put_layers(g);
    int w = 2 * MARGIN + g->layers * BOX_W + (g->layers - 1) * GAP_X, h = HEAD + 2 * MARGIN + g->rows * BOX_H + (g->rows - 1) * GAP_Y;
    w = w < 360 ? 360 : w;
    buf_printf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", w, h, w, h);
    put_text(&b, json_str(run, "name", ""), 200);
    buf_puts(&b, "</title>\n");
    buf_puts(&b, style);
    buf_puts(&b, "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"6\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
             "<path class=\"tip\" d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n");
    buf_printf(&b, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n<text class=\"head\" x=\"%d\" y=\"30\">", w, h, MARGIN);
    put_text(&b, json_str(run, "name", ""), 60);
    buf_puts(&b, "</text>\n");
    if (json_str(run, "pipeline_run_id", NULL)) {
        buf_printf(&b, "<text class=\"sub\" x=\"%d\" y=\"48\">", MARGIN);
        put_text(&b, json_str(run, "pipeline_run_id", ""), 60);
        buf_printf(&b, " %s</text>\n", json_str(run, "status", ""));
    }
    for (int i = 0; i < g->n; i++) {
        for (int k = 0; k < g->node[i].n_needs; k++) {
            if (!implied(g, g->node[i].need[k], i))
                put_edge(&b, g, &g->node[g->node[i].need[k]], &g->node[i]);
        }
    }
    for (int i = 0; i < g->n; i++)
        put_node(&b, g, &g->node[i]);
    buf_puts(&b, "</svg>\n");
    free(g);
    return buf_take(&b);
}
