/* fastText's format: "__label__NAME text" a line; one label a line. */
#include <math.h>
#include <string.h>
#include "core/data/reading.h"

#define MARK "__label__"
#define MARK_LEN (sizeof MARK - 1)

static int begins_label(const char *s, size_t n)
{
    return n >= MARK_LEN && memcmp(s, MARK, MARK_LEN) == 0;
}

static int one_line(struct reading *r, const char *s, size_t n, int64_t line)
{
    size_t label = 0;
    while (label < n && s[label] != ' ' && s[label] != '\t')
        label++;
    size_t text = label;
    while (text < n && (s[text] == ' ' || s[text] == '\t'))
        text++;
    if (!begins_label(s, n) && !r->options->optional_output)
        return reading_fault(r, 0, line, 1, "no_label", "", "begin the line with __label__NAME and a blank",
                             "the line does not begin with " MARK);
    if (begins_label(s + text, n - text))
        return reading_fault(r, 0, line, (int64_t)text + 1, "several_labels", "", "keep one label, or write one line for each",
                             "the line has more than one label; an example has one output");
    struct example_row row = { .input = { s + text, (int64_t)(n - text) }, .answer = { s + MARK_LEN, (int64_t)(label - MARK_LEN) },
                               .weight = 1, .reward = NAN, .propensity = NAN, .line = line, .source = { s, (int64_t)n } };
    if (!begins_label(s, n)) {
        row.input = (struct hone_string){ s, (int64_t)n };
        row.answer = (struct hone_string){ NULL, -1 };
    }
    return reading_row(r, &row);
}

int read_fasttext(struct reading *r)
{
    int64_t line = 0;
    int ret = 0;
    size_t at = r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < r->len && ret == 0) {
        const char *end = memchr(r->text + at, '\n', r->len - at);
        size_t next = end ? (size_t)(end - r->text) : r->len, stop = next;
        line++;
        while (stop > at && (r->text[stop - 1] == '\r' || r->text[stop - 1] == ' ' || r->text[stop - 1] == '\t'))
            stop--;
        if (stop > at)
            ret = one_line(r, r->text + at, stop - at, line);
        at = next + 1;
        reading_release(r, at < r->len ? at : r->len);
    }
    return ret < 0 ? ret : 0;
}
