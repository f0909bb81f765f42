/* Generator "edit": an example of the output with some words changed: replaced by a word that stands in for it in the module
 * (synonyms.h), moved, inserted where its neighbours allow it, left out, or written with a slip of the keyboard or of a scanner. Wei & Zou, 2019, "EDA: Easy data
 * augmentation techniques for boosting performance on text classification tasks", with a table learned from the examples in place of a
 * dictionary; Belinkov & Bisk, 2018, "Synthetic and natural noise both break neural machine translation", for the slips. */
#include "plugins/generators/synonyms.h"

#define SLIP_BYTES 64 /* of a word that may get a slip */
#define SLIPS 4       /* in one text */

struct conf {
    double synonym, move, insert, drop, keyboard, scan; /* shares */
    double strength, likeness;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, synonym, HONE_REAL, 0, 3, 0, 100, "share of edits that replace a word by one with like neighbours and outputs"),
    HONE_ROW(struct conf, move, HONE_REAL, 0, 1, 0, 100, "share that moves the end of the text, or what follows a comma, to the front"),
    HONE_ROW(struct conf, insert, HONE_REAL, 0, 2, 0, 100, "share that inserts a word which is known between or beside these neighbours"),
    HONE_ROW(struct conf, drop, HONE_REAL, 0, 2, 0, 100, "share that leaves out a word"),
    HONE_ROW(struct conf, keyboard, HONE_REAL, 0, 1, 0, 100, "share that makes a slip of the keyboard"),
    HONE_ROW(struct conf, scan, HONE_REAL, 0, 0.5, 0, 100, "share that mistakes letters as scanners do"),
    HONE_ROW(struct conf, strength, HONE_REAL, 0, 0.15, 0, 1, "edits for each word of the text; one at least"),
    HONE_ROW(struct conf, likeness, HONE_REAL, 0, 0.05, 0, 1, "squared cosine from which words stand in for each other"),
};

enum { SYNONYM, MOVE, INSERT, DROP, KEYBOARD, SCAN, EDITS };
static const char *const names[EDITS] = { "synonym", "reorder", "insert", "drop", "keyboard_noise", "ocr_noise" };

struct editor {
    struct corpus c;
    struct synonyms s;
    const struct conf *conf;
};

static int open_editor(void **self, const void *conf, const struct hone_material *from, const struct hone_host *host, struct hone_err *err)
{
    struct editor *e = calloc(1, sizeof *e);
    if (!e)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    *self = e;
    e->conf = conf;
    int ret = corpus_open(&e->c, from, host, err);
    if (!ret && synonyms_learn(&e->s, &e->c))
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out for %lld words", (long long)e->c.types);
    return ret;
}

/* A text being edited. */
struct draft {
    struct line l;
    struct token slip[SLIPS];
    char bytes[SLIPS][SLIP_BYTES + 2];
    int slips;
};

/* ---- words ---- */

static int replace(const struct editor *e, struct dice *d, struct draft *t)
{
    int64_t at = (int64_t)dice_below(d, t->l.n);
    if (t->l.token[at]->type < 2)
        return 0;
    const struct synonym *s = e->s.of[t->l.token[at]->type];
    int n = 0;
    while (n < SYNONYMS && s[n].type > 1 && (double)s[n].likeness >= e->conf->likeness)
        n++;
    if (!n)
        return 0;
    t->l.token[at] = &e->c.spelling[s[dice_below(d, n)].type];
    return 1;
}

/* What follows a comma, else the last half of the words, goes to the front. */
static int move(struct dice *d, struct draft *t)
{
    int64_t n = t->l.n, cut = 0;
    const struct token *other[2 * TEXT_TOKENS + 2];
    for (int64_t i = 1; i + 1 < n; i++)
        if (t->l.token[i]->len == 1 && t->l.token[i]->bytes[0] == ',')
            cut = i + 1;
    if (!cut)
        cut = n / 2 + (int64_t)dice_below(d, n / 2);
    if (cut < 1 || cut >= n)
        return 0;
    memcpy(other, t->l.token, (size_t)n * sizeof *other);
    for (int64_t i = 0; i < n; i++)
        t->l.token[i] = other[(cut + i) % n];
    return 1;
}

/* A word that follows the left neighbour somewhere in the module, and perhaps precedes the right one. */
static int insert(const struct editor *e, struct dice *d, struct draft *t)
{
    int64_t at = (int64_t)dice_below(d, t->l.n + 1);
    int32_t left = at ? t->l.token[at - 1]->type : TOKEN_BEGIN;
    if (t->l.n >= TEXT_TOKENS || left == -1 || left == TOKEN_END)
        return 0;
    struct place p = draw_place(&e->c, d, left);
    if (p.row < 0 || p.at + 1 >= row_tokens(&e->c, p.row))
        return 0;
    const struct token *add = tokens_of(&e->c, p.row) + p.at + 1;
    if (at < t->l.n && t->l.token[at]->type == add->type)
        return 0;
    memmove(t->l.token + at + 1, t->l.token + at, (size_t)(t->l.n - at) * sizeof *t->l.token);
    t->l.token[at] = add;
    t->l.n++;
    line_source(&t->l, p.row);
    return 1;
}

static int drop(struct dice *d, struct draft *t)
{
    int64_t at = (int64_t)dice_below(d, t->l.n);
    if (t->l.n < 3)
        return 0;
    memmove(t->l.token + at, t->l.token + at + 1, (size_t)(t->l.n - at - 1) * sizeof *t->l.token);
    t->l.n--;
    return 1;
}

/* ---- letters ---- */

/* A letter beside c on a keyboard, or 0. */
static char beside(char c, struct dice *d)
{
    static const char *const rows[] = { "qwertyuiop", "asdfghjkl", "zxcvbnm" };
    for (int r = 0; r < 3; r++) {
        const char *p = c ? strchr(rows[r], c) : NULL;
        if (p && p[1] && (p == rows[r] || dice_below(d, 2)))
            return p[1];
        if (p)
            return p == rows[r] ? 0 : p[-1];
    }
    return 0;
}

/* Writes a slip of the keyboard at letter `at` of a word: a neighbour, two letters swapped, one lost, one twice. The new length, 0: none. */
static int64_t slip_of_keyboard(char *w, int64_t n, int64_t at, struct dice *d)
{
    char near = beside(w[at], d);
    switch (dice_below(d, 4)) {
    case 0:
        if (near)
            w[at] = near;
        return near ? n : 0;
    case 1:
        if (at + 1 >= n || w[at] == w[at + 1])
            return 0;
        near = w[at];
        w[at] = w[at + 1];
        w[at + 1] = near;
        return n;
    case 2:
        memmove(w + at, w + at + 1, (size_t)(n - at - 1));
        return n - 1;
    default:
        memmove(w + at + 1, w + at, (size_t)(n - at));
        return n + 1;
    }
}

/* The same for shapes that scanners mistake. */
static int64_t slip_of_scan(char *w, int64_t n, int64_t at)
{
    static const char *const pairs[][2] = { { "rn", "m" }, { "m", "rn" }, { "cl", "d" }, { "d", "cl" }, { "o", "0" }, { "l", "1" }, { "i", "l" },
                                            { "e", "c" }, { "s", "5" }, { "h", "b" }, { "0", "o" }, { "1", "l" } };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int64_t from = (int64_t)strlen(pairs[i][0]), to = (int64_t)strlen(pairs[i][1]);
        if (at + from > n || memcmp(w + at, pairs[i][0], (size_t)from) != 0)
            continue;
        memmove(w + at + to, w + at + from, (size_t)(n - at - from));
        memcpy(w + at, pairs[i][1], (size_t)to);
        return n + to - from;
    }
    return 0;
}

/* Only words in lower ASCII letters and digits are misspelt: others would need the layout and script of their language. */
static int misspell(struct dice *d, struct draft *t, int scan)
{
    int64_t at = (int64_t)dice_below(d, t->l.n);
    const struct token *old = t->l.token[at];
    if (old->len < 4 || old->len > SLIP_BYTES || t->slips == SLIPS)
        return 0;
    for (int32_t i = 0; i < old->len; i++)
        if (!((old->bytes[i] >= 'a' && old->bytes[i] <= 'z') || (old->bytes[i] >= '0' && old->bytes[i] <= '9')))
            return 0;
    char *w = t->bytes[t->slips];
    memcpy(w, old->bytes, (size_t)old->len);
    int64_t letter = (int64_t)dice_below(d, old->len);
    int64_t n = scan ? slip_of_scan(w, old->len, letter) : slip_of_keyboard(w, old->len, letter, d);
    if (!n)
        return 0;
    t->slip[t->slips] = (struct token){ w, (int32_t)n, -1, old->glued };
    t->l.token[at] = &t->slip[t->slips++];
    return 1;
}

/* ---- proposals ---- */

static int one_edit(const struct editor *e, struct dice *d, struct draft *t, int way)
{
    switch (way) {
    case SYNONYM:
        return replace(e, d, t);
    case MOVE:
        return move(d, t);
    case INSERT:
        return insert(e, d, t);
    case DROP:
        return drop(d, t);
    default:
        return misspell(d, t, way == SCAN);
    }
}

static int draw_way(const struct conf *c, struct dice *d)
{
    const double share[EDITS] = { c->synonym, c->move, c->insert, c->drop, c->keyboard, c->scan };
    double sum = 0;
    for (int i = 0; i < EDITS; i++)
        sum += share[i];
    double draw = dice_unit(d) * sum;
    int way = 0;
    while (way < EDITS - 1 && draw >= share[way])
        draw -= share[way++];
    return share[way] > 0 ? way : -1;
}

/* The edits of one text; *way gets the first that was made. Returns how many. */
static int edit_text(const struct editor *e, struct dice *d, struct draft *t, int *way)
{
    int64_t wanted = 1 + (int64_t)(e->conf->strength * (double)t->l.n * 2 * dice_unit(d));
    int done = 0;
    for (int64_t i = 0; i < wanted * 3 && done < wanted; i++) {
        int draw = draw_way(e->conf, d);
        if (draw < 0 || !one_edit(e, d, t, draw))
            continue;
        if (!done++)
            *way = draw;
    }
    return done;
}

static int generate(void *self, const struct hone_wish *w, struct hone_collector *to, struct hone_err *err)
{
    const struct editor *e = self;
    struct dice d = { w->seed, 0 };
    int64_t made = 0;
    int ret = 0;
    for (int64_t i = 0; i < w->count * 4 && made < w->count && ret == 0; i++) {
        struct draft t = { .slips = 0 };
        int64_t row = draw_row(&e->c, &d, w->label);
        int way = 0;
        if (row < 0)
            return 0;
        line_add(&t.l, tokens_of(&e->c, row), row_tokens(&e->c, row));
        line_source(&t.l, row);
        if (!t.l.n || !edit_text(e, &d, &t, &way))
            continue;
        ret = line_propose(&t.l, w->label, names[way], to, err);
        made++;
    }
    return ret < 0 ? ret : 0;
}

static void close_editor(void *self)
{
    struct editor *e = self;
    synonyms_free(&e->s);
    corpus_free(&e->c);
    free(e);
}

static const struct hone_generator edit = {
    .item = HONE_ITEM(struct hone_generator, HONE_GENERATOR, "edit", "changes, moves, adds, drops and misspells words of the examples",
                      "Easy data augmentation (Wei & Zou, 2019) with a table of like words that is learned from the examples' own neighbours and "
                      "outputs, and slips of the keyboard and of scanners. Slips are made in words of plain lower-case letters only.",
                      params, struct conf, 0, NULL),
    .open = open_editor, .generate = generate, .close = close_editor,
};

HONE_DEFINE_PLUGIN("edit", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &edit.item);
