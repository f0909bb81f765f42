/* See multipart.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "core/base/text.h"
#include "core/http/multipart.h"

enum { BEFORE, AFTER_DELIMITER, IN_HEADER, IN_DATA, DONE };

int multipart_start(struct multipart *m, const char *content_type, struct hone_err *err)
{
    const char *at = content_type ? strcasestr(content_type, "boundary=") : NULL;
    const char *from = at ? at + strlen("boundary=") : "";
    int quoted = *from == '"';
    size_t n = quoted ? strcspn(++from, "\"") : strcspn(from, "; \t");
    if (n < 1 || n > 70 || (quoted && from[n] != '"'))
        return hone_fail(err, HONE_EINVAL, "Content-Type: expected multipart/form-data with a boundary of 1 to 70 characters");
    snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%.*s", (int)n, from);
    m->delimiter_n = strlen(m->delimiter);
    m->matched = 2;                /* as if the body began behind a line's end */
    m->header_n = 0;
    m->parts = 0;
    m->state = BEFORE;
    return 0;
}

/* A parameter of a Content-Disposition as browsers write it: name="...", with %22 for a quote. 0 when absent or too long. */
static int parameter(const char *line, const char *key, char *out, size_t size)
{
    size_t n = strlen(key);
    out[0] = '\0';
    for (const char *s = line; (s = strchr(s, ';')) != NULL;) {
        s++;
        s += strspn(s, " \t");
        if (strncasecmp(s, key, n) != 0 || s[n] != '=' || s[n + 1] != '"')
            continue;
        const char *from = s + n + 2;
        size_t length = strcspn(from, "\"");
        if (from[length] != '"' || length >= size || utf8_invalid_at(from, length) != length)
            return 0;
        memcpy(out, from, length);
        out[length] = '\0';
        return 1;
    }
    return 0;
}

static int begin_part(struct multipart *m, struct hone_err *err)
{
    char name[256], file[256] = "";
    int named = 0;
    m->header[m->header_n] = '\0';
    for (char *line = m->header; *line;) {
        char *end = strstr(line, "\r\n");
        if (!end)
            break;
        *end = '\0';
        if (strncasecmp(line, "content-disposition:", 20) == 0) {
            named = parameter(line, "name", name, sizeof name);
            if (!parameter(line, "filename", file, sizeof file))
                file[0] = '\0';
            else if (!file[0])
                snprintf(file, sizeof file, "unnamed");
        }
        line = end + 2;
    }
    if (!named)
        return hone_fail(err, HONE_EINVAL, "part %d of the multipart body has no Content-Disposition with a name", m->parts);
    m->state = IN_DATA;
    m->matched = 0;
    return m->begin(m->arg, name, file, err);
}

static int take_header(struct multipart *m, char c, struct hone_err *err)
{
    if (m->header_n >= MULTIPART_HEADER || c == '\0')
        return hone_fail(err, HONE_EINVAL, "the header of part %d of the multipart body is longer than %d bytes or has a zero byte", m->parts,
                         MULTIPART_HEADER);
    m->header[m->header_n++] = c;
    if (m->header_n >= 4 && memcmp(m->header + m->header_n - 4, "\r\n\r\n", 4) == 0)
        return begin_part(m, err);
    return 0;
}

/* Behind a delimiter: "--" ends the body, CRLF begins a part's header. */
static int take_after(struct multipart *m, char c, struct hone_err *err)
{
    m->header[m->header_n++] = c;
    if (m->header_n < 2)
        return 0;
    m->header_n = 0;
    if (memcmp(m->header, "--", 2) == 0) {
        m->state = DONE;
        return 0;
    }
    if (memcmp(m->header, "\r\n", 2) != 0)
        return hone_fail(err, HONE_EINVAL, "the multipart body has something else than a line's end behind a delimiter");
    if (++m->parts > MULTIPART_PARTS)
        return hone_fail(err, HONE_EINVAL, "the multipart body has more than %d parts", MULTIPART_PARTS);
    m->state = IN_HEADER;
    return 0;
}

/* Data up to the next delimiter; returns how many bytes were taken, or a negative code. The delimiter begins with the only CR that
 * it has, so that a match which fails can only begin again at the byte that failed it. */
static ptrdiff_t take_data(struct multipart *m, const char *bytes, size_t n, struct hone_err *err)
{
    size_t from = 0, i = 0;
    int rc = 0;
    int telling = m->state == IN_DATA;
    while (i < n) {
        if (m->matched == 0) {
            const char *cr = memchr(bytes + i, '\r', n - i);
            i = cr ? (size_t)(cr - bytes) : n;
            if (i == n)
                break;
        }
        if (bytes[i] == m->delimiter[m->matched]) {
            if (m->matched == 0) {
                if (telling && i > from && (rc = m->data(m->arg, bytes + from, i - from, err)) < 0)
                    return rc;
                from = i;
            }
            i++;
            if (++m->matched < m->delimiter_n)
                continue;
            m->state = AFTER_DELIMITER;
            m->header_n = 0;
            if (telling && (rc = m->end(m->arg, err)) < 0)
                return rc;
            return (ptrdiff_t)i;
        }
        if (!telling)              /* nothing may stand before the first delimiter */
            return hone_fail(err, HONE_EINVAL, "the multipart body does not begin with its delimiter");
        if ((rc = m->data(m->arg, m->delimiter, m->matched, err)) < 0)
            return rc;
        m->matched = 0;
        from = i;
    }
    if (telling && m->matched == 0 && n > from && (rc = m->data(m->arg, bytes + from, n - from, err)) < 0)
        return rc;
    return (ptrdiff_t)n;
}

int multipart_feed(struct multipart *m, const char *bytes, size_t n, struct hone_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc >= 0;) {
        if (m->state == DONE)
            return 0;              /* what stands behind the end means nothing */
        if (m->state == BEFORE || m->state == IN_DATA) {
            ptrdiff_t taken = take_data(m, bytes + i, n - i, err);
            rc = taken < 0 ? (int)taken : 0;
            i += taken < 0 ? 0 : (size_t)taken;
            continue;
        }
        rc = m->state == AFTER_DELIMITER ? take_after(m, bytes[i], err) : take_header(m, bytes[i], err);
        i++;
    }
    return rc;
}

int multipart_finish(struct multipart *m, struct hone_err *err)
{
    if (m->state == DONE)
        return 0;
    return hone_fail(err, HONE_EINVAL, "the multipart body ends without its closing delimiter");
}
