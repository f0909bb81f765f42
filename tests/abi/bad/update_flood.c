/* Sends frames without end. */
#include "bad.h"
#include <string.h>
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    static const char text[] = "{\"type\":\"log\",\"text\":\"x\"}";
    char frame[4 + sizeof text - 1] = { (char)(sizeof text - 1) };
    memcpy(frame + 4, text, sizeof text - 1);
    for (;;)
        (void)!write(3, frame, sizeof frame);
    (void)s;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
