/* Says in its worker's place that all is done. */
#include "bad.h"
#include <string.h>
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    static const char text[] = "{\"type\":\"result\"}";
    char frame[4 + sizeof text - 1] = { (char)(sizeof text - 1) };
    memcpy(frame + 4, text, sizeof text - 1);
    (void)!write(3, frame, sizeof frame);
    for (;;)
        pause();
    (void)s;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
