/* Writes into the connection of its worker what is no frame. */
#include "bad.h"
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    for (int i = 0; i < 64; i++)
        (void)!write(3, "\x05\0\0\0hello", 9);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
