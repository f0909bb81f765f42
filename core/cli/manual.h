/* Shell completions out of the table of commands, as static files: the words of a command line that the table knows, files where an
 * option or argument takes one, and the names of agents where a command takes an agent. complete.c; called by manual.c. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H
#include "core/base/buf.h"

#define MANUAL_NOTE "Written by hone-manual; tests/cli/manual.sh says how to write it anew."

/* Each appends the whole file; b->oom tells when memory ran out. */
void complete_bash(struct buf *b);
void complete_zsh(struct buf *b);
void complete_fish(struct buf *b);

#endif
