#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/data/reading.h"

#define RELEASE ((size_t)16 << 20)

static const struct {
    const char *name;
    enum field field;
} names[] = {
    { "input", FIELD_INPUT },           { "text", FIELD_INPUT },         { "prompt", FIELD_INPUT },
    { "question", FIELD_INPUT },        { "utterance", FIELD_INPUT },    { "query", FIELD_INPUT },
    { "sentence", FIELD_INPUT },        { "expected_output", FIELD_OUTPUT }, { "output", FIELD_OUTPUT },
    { "label", FIELD_OUTPUT },          { "intent", FIELD_OUTPUT },      { "category", FIELD_OUTPUT },
    { "completion", FIELD_OUTPUT },     { "answer", FIELD_OUTPUT },      { "response", FIELD_OUTPUT },
    { "feedback", FIELD_FEEDBACK },     { "weight", FIELD_WEIGHT },      { "metadata", FIELD_METADATA },
    { "messages", FIELD_MESSAGES },     { "instruction", FIELD_INSTRUCTION }, { "id", FIELD_IGNORED },
    { "chosen", FIELD_OUTPUT },         { "rejected", FIELD_REJECTED },
};

enum field field_of(const char *name, size_t n)
{
    for (size_t i = 0; i < HONE_COUNT(names); i++)
        if (strlen(names[i].name) == n && strncasecmp(names[i].name, name, n) == 0)
            return names[i].field;
    return n == 14 && strncasecmp(name, "expectedOutput", n) == 0 ? FIELD_OUTPUT : FIELD_NONE;
}

const char *field_suggestion(const char *name, size_t n)
{
    static const char *const known[] = { "input", "expected_output", "feedback", "weight", "metadata", "chosen", "rejected", NULL };
    char copy[64];
    if (n >= sizeof copy)
        return NULL;
    memcpy(copy, name, n);
    copy[n] = '\0';
    return text_nearest(copy, known);
}

int feedback_of(const char *s, size_t n)
{
    static const char *const word[] = { "correct", "partial", "incorrect" };
    for (int i = 0; i < 3; i++)
        if (strlen(word[i]) == n && memcmp(word[i], s, n) == 0)
            return i;
    return -1;
}

static int read_input(struct reading *r, int fd)
{
    struct buf all = { 0 };
    for (;;) {
        char *to = buf_room(&all, (size_t)1 << 20);
        if (!to)
            return hone_fail(r->err, HONE_ENOMEM, "%s: memory ran out", r->path);
        ssize_t n = read(fd, to, (size_t)1 << 20);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            buf_free(&all);
            return err_errno(r->err, "read", r->path);
        }
        if (n == 0)
            break;
        all.n += (size_t)n;
    }
    r->len = all.n;
    r->text = all.n ? buf_take(&all) : NULL;
    buf_free(&all);
    return 0;
}

static int map_file(struct reading *r, int fd, const struct stat *st)
{
    r->len = (size_t)st->st_size;
    if (!r->len)
        return 0;
    void *p = mmap(NULL, r->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return read_input(r, fd);
    madvise(p, r->len, MADV_SEQUENTIAL);
    r->text = p;
    r->mapped = 1;
    return 0;
}

int reading_open(struct reading *r, const char *path, const struct read_options *o, const struct row_sink *sink,
                 struct hone_err *err)
{
    struct stat st;
    int standard = strcmp(path, "-") == 0, fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret;
    *r = (struct reading){ .path = standard ? "(standard input)" : path, .options = o, .sink = sink, .err = err };
    if (fd < 0)
        return err_open(err, path);
    if (fstat(fd, &st))
        ret = err_errno(err, "read", r->path);
    else if (S_ISDIR(st.st_mode))
        ret = hone_fail(err, HONE_EINVAL, "%s: is a directory; expected a file of examples", r->path);
    else
        ret = S_ISREG(st.st_mode) && !standard ? map_file(r, fd, &st) : read_input(r, fd);
    if (!standard)
        close(fd);
    if (!ret && r->len >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0) {
        if (r->len == 3)
            r->len = 0;
    }
    if (!ret && !r->len)
        ret = hone_fail(err, HONE_EINVAL, "%s: the file is empty; expected one example a line, such as "
                        "{\"input\": \"...\", \"expected_output\": \"...\"}", r->path);
    if (ret)
        reading_close(r);
    return ret;
}

void reading_close(struct reading *r)
{
    if (r->mapped)
        munmap((void *)(uintptr_t)r->text, r->len);
    else
        free((void *)(uintptr_t)r->text);
    buf_free(&r->input);
    buf_free(&r->answer);
    r->text = NULL;
}

void reading_release(struct reading *r, size_t at)
{
    if (!r->mapped || at < r->released + 2 * RELEASE)
        return;
    size_t to = (at - RELEASE) / RELEASE * RELEASE;
    madvise((void *)(uintptr_t)(r->text + r->released), to - r->released, MADV_DONTNEED);
    r->released = to;
}

int reading_fault(struct reading *r, int severity, int64_t line, int64_t column, const char *code, const char *path,
                  const char *fix, const char *fmt, ...)
{
    struct data_fault f = { .line = line, .column = column, .severity = severity };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f.text, sizeof f.text, fmt, ap);
    va_end(ap);
    snprintf(f.code, sizeof f.code, "%s", code);
    snprintf(f.path, sizeof f.path, "%s", path);
    snprintf(f.fix, sizeof f.fix, "%s", fix);
    f.text[utf8_invalid_at(f.text, strlen(f.text))] = '\0';
    r->faults += severity == 0;
    return r->sink->fault ? r->sink->fault(r->sink->arg, &f) : 0;
}

static int blank(const struct hone_string *s)
{
    for (int64_t i = 0; i < s->len; i++)
        if ((unsigned char)s->bytes[i] > ' ')
            return 0;
    return 1;
}

/* 0 good, 1 told. */
static int check_text(struct reading *r, const struct hone_string *s, int64_t line, const char *what, int *ret)
{
    size_t n = (size_t)s->len, bad = utf8_invalid_at(s->bytes, n);
    *ret = 0;
    if (bad < n)
        *ret = reading_fault(r, 0, line, 0, "invalid_utf8", what, "save the file as UTF-8",
                             "%s has a byte 0x%02x at place %zu that is not valid UTF-8", what, (unsigned char)s->bytes[bad], bad + 1);
    else if (n && memchr(s->bytes, 0, n))
        *ret = reading_fault(r, 0, line, 0, "nul_byte", what, "remove the NUL byte", "%s holds a NUL byte", what);
    else
        return 0;
    return 1;
}

int reading_row(struct reading *r, struct example_row *row)
{
    int ret;
    if (check_text(r, &row->input, row->line, "input", &ret))
        return ret;
    if (blank(&row->input))
        return reading_fault(r, 0, row->line, 0, "empty_input", "input", "write the text that the agent is to answer", "input is empty");
    if (row->answer.len >= 0) {
        if (check_text(r, &row->answer, row->line, "expected_output", &ret))
            return ret;
        if (blank(&row->answer))
            return reading_fault(r, 0, row->line, 0, "empty_output", "expected_output", "write the answer that is expected",
                                 "expected_output is empty");
    } else if (!r->options->optional_output) {
        return reading_fault(r, 0, row->line, 0, "missing_output", "expected_output", "add the key expected_output",
                             "expected_output is missing");
    }
    if (row->rejected.bytes) {
        if (check_text(r, &row->rejected, row->line, "rejected", &ret))
            return ret;
        if (blank(&row->rejected))
            return reading_fault(r, 0, row->line, 0, "empty_rejected", "rejected", "write the answer that is worse, or leave it out", "rejected is empty");
    }
    r->rows++;
    ret = r->sink->row(r->sink->arg, row, r->err);
    if (ret >= 0 && r->options->max_examples > 0 && r->rows >= r->options->max_examples)
        return 1;
    return ret < 0 ? ret : 0;
}
