/* Mistakes that each tool of tests/analyze.sh must find; no program has it. */
#include <stdlib.h>
#include <string.h>

int wrong(const char *text);

int wrong(const char *text)
{
    char *p = malloc(4);
    int *q = NULL;
    if (!p)
        return *q;
    free(p);
    if (strcmp(text, "a"))
        free(p);
    short n = strlen(text);
    return n;
}
