/* Whether an optimizer stays within its span: its data ends where a page begins that must not be touched, and marks lie in front of it.
 * It is tried in a process of its own, which may die of it. See check_plugin.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/train/optim.h"
#include "core/worker/check_plugin.h"

#define ARRAYS (2 + OPTIM_COPIES) /* parameters, gradients, state */
#define MARK 0x3d           /* as a float, 0.046: adding something changes it */
#define PAGE 4096
#define WIDE (256 * 1024)         /* bytes of an array */

enum verdict { FINE = 0, WROTE_BEFORE = 40, READ_ONLY_WRITTEN = 41 };

struct yard {
    unsigned char *base[ARRAYS];  /* WIDE bytes of marks, then a page without access */
};

static int make_yard(struct yard *y, int arrays)
{
    for (int i = 0; i < arrays; i++) {
        y->base[i] = mmap(NULL, WIDE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (y->base[i] == MAP_FAILED || mprotect(y->base[i] + WIDE, PAGE, PROT_NONE) != 0)
            return -1;
    }
    return 0;
}

/* `bytes` of array i that end where its forbidden page begins, filled with numbers. */
static void *place(struct yard *y, int i, size_t bytes, uint32_t dtype)
{
    memset(y->base[i], MARK, WIDE - bytes);
    unsigned char *p = y->base[i] + WIDE - bytes;
    for (size_t k = 0; k < bytes / 4 && dtype == HONE_F32; k++)
        ((float *)(void *)p)[k] = (float)(1 + k % 7) / 8;
    for (size_t k = 0; k < bytes / 8 && dtype == HONE_F64; k++)
        ((double *)(void *)p)[k] = (double)(1 + k % 7) / 8;
    if (dtype != HONE_F32 && dtype != HONE_F64)
        memset(p, 0, bytes);
    return p;
}

static int marks_whole(const struct yard *y, int arrays, const size_t *bytes)
{
    for (int i = 0; i < arrays; i++)
        for (size_t k = 0; k < WIDE - bytes[i]; k++)
            if (y->base[i][k] != MARK)
                return 0;
    return 1;
}

static size_t element_size(const struct optim_slot *s)
{
    return s->dtype == HONE_F64 ? 8 : s->dtype == HONE_U8 ? 1 : 4;
}

/* One call with spans of n elements. */
static int call(struct optim *o, struct yard *y, int64_t n, void (*fn)(const struct hone_span *), double *sums)
{
    void *state[OPTIM_COPIES] = { 0 };
    size_t bytes[ARRAYS] = { (size_t)n * 4, (size_t)n * 4 };
    double totals[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    struct hone_span s = { .n = n, .param = place(y, 0, bytes[0], HONE_F32), .grad = place(y, 1, bytes[1], HONE_F32), .state = state,
                           .conf = o->conf, .derived = o->derived, .step = 1, .gap = 1, .sums = sums ? NULL : totals };
    for (int64_t c = 0; c < o->copies; c++) {
        const struct optim_slot *slot = &o->slot[c];
        int own = slot->extent == HONE_PER_ELEMENT && slot->data;
        bytes[2 + c] = own ? (size_t)n * element_size(slot) : 0;
        state[c] = own ? place(y, 2 + (int)c, bytes[2 + c], slot->dtype) : (place(y, 2 + (int)c, 0, 0), slot->data);
    }
    float grad[1024];
    memcpy(grad, s.grad, bytes[1]);
    if (sums)
        o->item->sum(&s, sums);
    else
        fn(&s);
    if (!marks_whole(y, 2 + (int)o->copies, bytes))
        return WROTE_BEFORE;
    return memcmp(grad, s.grad, bytes[1]) ? READ_ONLY_WRITTEN : FINE;
}

/* In the child: the exit status. */
static int try_all(struct optim *o)
{
    static const int64_t lengths[] = { 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 500, 1024 };
    struct yard y;
    double sums[8] = { 0 };
    int bad = FINE;
    if (make_yard(&y, 2 + (int)o->copies) < 0)
        return FINE;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0] && !bad; i++) {
        if (o->item->sum)
            bad = call(o, &y, lengths[i], NULL, sums);
        if (!bad && o->item->update)
            bad = call(o, &y, lengths[i], o->item->update, NULL);
        if (!bad && o->item->serve)
            bad = call(o, &y, lengths[i], o->item->serve, NULL);
    }
    return bad;
}

static const char *judge(int status)
{
    static char why[160];
    if (WIFEXITED(status) && WEXITSTATUS(status) == FINE)
        return NULL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == WROTE_BEFORE)
        return "it wrote in front of its span";
    if (WIFEXITED(status) && WEXITSTATUS(status) == READ_ONLY_WRITTEN)
        return "it changed the gradient, which it may only read";
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "it read or wrote outside of its span, behind the end (%s)", strsignal(WTERMSIG(status)));
    else
        snprintf(why, sizeof why, "it read or wrote outside of its span, or ended the process (exit status %d)", WEXITSTATUS(status));
    return why;
}

int check_span_memory(struct checking *c, struct optim *o)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        _exit(try_all(o));
    }
    const char *why = pid < 0 || waitpid(pid, &status, 0) < 0 ? "no process could be made to try it in" : judge(status);
    check_line(c, "stays within its span", why);
    return why ? -1 : 0;
}
