/* See pins.h. */
#include "core/host/pins.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "core/base/text.h"
#include "core/host/dirs.h"
#include "core/host/linked.h"

#define MOST_NAMES 512

struct pin {
    char file[PATH_MAX];
    char sha256[65];
};

/* The next of the list at *at: 1, 0 at its end, or HONE_EINVAL. */
static int next_pin(const char **at, struct pin *p, struct hone_err *err)
{
    *at += strspn(*at, ":");
    size_t n = strcspn(*at, ":"), file = text_pin_file(*at, n);
    if (n == 0)
        return 0;
    if (file == 0 || file >= sizeof p->file)
        return hone_fail(err, HONE_EINVAL, "plugins.pins: '%.*s' is no pin; expected FILE.so=SHA256, as `hone plugin inspect` prints it",
                         n > 120 ? 120 : (int)n, *at);
    snprintf(p->file, sizeof p->file, "%.*s", (int)file, *at);
    snprintf(p->sha256, sizeof p->sha256, "%s", *at + file + 1);
    *at += n;
    return 1;
}

static int is_meant(const struct pin *p, const char *real)
{
    char path[PATH_MAX];
    if (strchr(p->file, '/'))
        return strcmp(p->file, real) == 0 || (realpath(p->file, path) && strcmp(path, real) == 0);
    return strcmp(p->file, strrchr(real, '/') + 1) == 0;
}

int pins_check(const char *real, const char *sha256, struct hone_err *err)
{
    const char *at = secure_getenv("HONE_PLUGIN_PINS");
    struct pin p, other = { 0 };
    int rc = 0;
    while (at && (rc = next_pin(&at, &p, err)) > 0) {
        if (!is_meant(&p, real))
            continue;
        if (strcasecmp(p.sha256, sha256) == 0)
            return 0;
        other = p;
    }
    if (rc < 0)
        return ERR_PLUGIN;
    if (other.sha256[0])
        return hone_fail(err, ERR_PLUGIN, "%s: its SHA-256 is %s, but plugins.pins has %s for it; put the file back that was pinned, or pin this one",
                         real, sha256, other.sha256);
    return 0;
}

/* The file names of all places, at most MOST_NAMES; free each. How many, the rest being NULL; or HONE_ENOMEM, and there are none. */
static int list_names(const char *const *dirs, char *names[MOST_NAMES + 1], struct hone_err *err)
{
    struct places places;
    struct hone_err why = { 0 };
    int n = 0, rc = places_of(dirs, &places, err);
    for (size_t i = 0; rc == 0 && i < places.n; i++) {
        char **files = place_files(places.v[i].path, &why);
        if (!files && why.code == HONE_ENOMEM)
            rc = hone_fail(err, HONE_ENOMEM, "%s", why.text);
        for (size_t k = 0; rc == 0 && files && files[k] && n < MOST_NAMES; k++) {
            if ((names[n] = strdup(strrchr(files[k], '/') + 1)))
                n++;
            else
                rc = hone_fail(err, HONE_ENOMEM, "memory ran out while plugin directories were listed");
        }
        dirs_free(files);
    }
    places_free(&places);
    while (rc < 0 && n > 0)
        free(names[--n]);
    names[n] = NULL;
    return rc < 0 ? rc : n;
}

static int is_there(const struct pin *p, char *const *names)
{
    if (strchr(p->file, '/'))
        return linked_find(p->file) || access(p->file, F_OK) == 0;
    while (*names && strcmp(*names, p->file) != 0)
        names++;
    return *names != NULL;
}

int pins_check_names(const char *const *dirs, struct hone_err *err)
{
    const char *at = secure_getenv("HONE_PLUGIN_PINS");
    char *names[MOST_NAMES + 1];
    struct pin p;
    int rc = 0;
    if (!at || !*at)
        return 0;
    int n = list_names(dirs, names, err);
    if (n < 0)
        return n;
    while ((rc = next_pin(&at, &p, err)) > 0) {
        if (is_there(&p, names))
            continue;
        const char *near = text_nearest(p.file, (const char *const *)names);
        rc = hone_fail(err, HONE_EINVAL, "plugins.pins: there is no plugin file '%.200s'%s%s%s", p.file, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
        break;
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    return rc;
}
