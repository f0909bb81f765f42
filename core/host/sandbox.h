/* What a process that runs plugins gives up before the first one is loaded: files that its task does not need (Landlock), network,
 * other processes and the kernel's machinery (seccomp), new privileges. It bounds accidents and raises the price of malice; it is no
 * border between tenants: a plugin is code that is trusted as much as the user it runs as (docs/security.md). What cannot be undone
 * stays until the process ends. Called by hone-worker's main.c and by the probe's child. */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H
#include <cjson/cJSON.h>
#include "core/base/err.h"

#define SANDBOX_READ 1   /* a file, or all below a directory */
#define SANDBOX_WRITE 2  /* the same, and to change, make and remove files there */

struct sandbox;

/* What may be reached is gathered first. NULL when memory ran out. Free with sandbox_free(), also after sandbox_files(). */
struct sandbox *sandbox_new(struct hone_err *err);
/* A path that does not exist, or NULL, allows nothing and is no fault: whoever opens it then says that it is not there. For
 * SANDBOX_WRITE of a file that is to be made, name its directory. */
void sandbox_allow(struct sandbox *s, const char *path, int access);
/* The system's libraries and devices without which nothing runs, the directory of this program, and `/proc` of this process. */
void sandbox_allow_system(struct sandbox *s);
/* From here on nothing else can be opened, no TCP port connected or bound, no other process signalled, as far as this kernel can say
 * so. 0, or HONE_EIO when the kernel has the means and refused them: then nothing of it holds. For this thread and those it starts. */
int sandbox_files(struct sandbox *s, struct hone_err *err);
void sandbox_free(struct sandbox *s); /* NULL is fine */

/* From here on calls that a task never makes fail with EPERM: sockets, programs, tracing, mounting, signals to others, and unless `forks`
 * new processes. 0, or HONE_EIO as above. */
int sandbox_calls(int forks, struct hone_err *err);

/* What this machine and this build can apply: {landlock: version of the kernel's interface or 0, network, signals, calls: booleans,
 * missing: [sentences]}. Free with cJSON_Delete(). */
cJSON *sandbox_describe(void);

#endif
