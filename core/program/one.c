/* Both programs in one file with the plugins linked in, for configure --enable-static-plugins. As `hone` it runs no code of plugins either:
 * what does is started anew as a worker, by the first argument or, as the tests do, by the name hone-worker. */
#include <string.h>
#include <sys/prctl.h>
#include "core/cli/cli.h"
#include "core/host/linked.h"
#include "core/jobs/worker_proc.h"
#include "core/worker/task.h"

#define PLUGIN(id, file) extern const struct hone_plugin hone_plugin_info_##id;
#include "core/program/plugins.h"
#undef PLUGIN

static const struct linked_plugin plugins[] = {
#define PLUGIN(id, file) { LINKED_ROOT "/" file ".so", &hone_plugin_info_##id },
#include "core/program/plugins.h"
#undef PLUGIN
    { NULL, NULL },
};

static int is_worker_name(const char *program)
{
    const char *slash = strrchr(program, '/');
    return strcmp(slash ? slash + 1 : program, "hone-worker") == 0;
}

int main(int argc, char **argv)
{
    int by_argument = argc > 1 && strcmp(argv[1], WORKER_ARGUMENT) == 0;
    worker_within();
    if (!by_argument && !(argc > 0 && is_worker_name(argv[0])))
        return cli_main(argc, argv);
    prctl(PR_SET_NAME, "hone-worker"); /* for ps */
    linked_offer(plugins);
    return worker_main(argc - by_argument, argv + by_argument);
}
