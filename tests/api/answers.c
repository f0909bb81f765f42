/* answers FUNCTION <ANSWER: whether what a server said (the whole body, or its `data`) is what the table of functions says of it. Prints each fault;
 * 0 without any. */
#include <stdio.h>
#include <string.h>
#include "core/api/function.h"
#include "core/base/buf.h"
#include "core/base/json.h"

int main(int argc, char **argv)
{
    struct buf b = { 0 };
    struct hone_err err = { 0 };
    size_t n;
    char *room;
    const struct api_function *f = argc == 2 ? api_function_find(argv[1], NULL) : NULL;
    while ((room = buf_room(&b, 65536)) && (n = fread(room, 1, 65536, stdin)) > 0)
        b.n += n;
    cJSON *answer = json_parse(b.p ? b.p : "", b.n, "answer", &err), *faults = cJSON_CreateArray(), *one;
    const cJSON *data = json_get(answer, "data") ? json_get(answer, "data") : answer;
    int rc = f && answer ? shape_matches(f->out, data, faults, &err) : 2;
    if (rc == 2)
        printf("%s: %s\n", argc == 2 ? argv[1] : "", f ? err.text : "there is no such function");
    cJSON_ArrayForEach(one, faults)
        printf("%s: %s: %s\n", argv[1], json_str(one, "path", ""), json_str(one, "message", ""));
    cJSON_Delete(answer);
    cJSON_Delete(faults);
    buf_free(&b);
    return rc != 0;
}
