/* The program hone-worker. */
#include "core/worker/task.h"

int main(int argc, char **argv)
{
    return worker_main(argc, argv);
}
