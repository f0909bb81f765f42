/* The program `hone`: the command line and the daemon. It runs no code of plugins, which is what hone-worker is for. */
#include "core/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
