/* See guard.h. */
#include "core/host/guard.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#define STICKY_FLAGS 0x3fu
static unsigned control_word(void)
{
    return _mm_getcsr() & ~STICKY_FLAGS;
}
#elif defined(__aarch64__)
static unsigned control_word(void)
{
    unsigned long v;
    __asm__ volatile("mrs %0, fpcr" : "=r"(v));
    return (unsigned)v;
}
#else
static unsigned control_word(void)
{
    return 0;
}
#endif

static const char *locale_name(void)
{
    const char *s = setlocale(LC_ALL, NULL);
    return s ? s : "";
}

/* Reading it means setting it; other threads make files through descriptors of their own modes only. */
static mode_t mask_of_files(void)
{
    mode_t m = umask(077);
    umask(m);
    return m;
}

void guard_enter(struct guard *g)
{
    g->umask = mask_of_files();
    g->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    fegetenv(&g->fenv);
    g->rounding = fegetround();
    g->control = control_word();
    snprintf(g->locale, sizeof g->locale, "%s", locale_name());
    sigprocmask(SIG_SETMASK, NULL, &g->mask);
    for (int i = 1; i < GUARD_SIGNALS; i++)
        sigaction(i, NULL, &g->handler[i]);
}

static int signals_changed(const struct guard *g)
{
    int changed = 0;
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int i = 1; i < GUARD_SIGNALS; i++) {
        struct sigaction now;
        if (sigismember(&mask, i) != sigismember(&g->mask, i))
            changed = i;
        if (sigaction(i, NULL, &now) != 0 || now.sa_handler == g->handler[i].sa_handler)
            continue;
        changed = i;
        sigaction(i, &g->handler[i], NULL);
    }
    if (changed)
        sigprocmask(SIG_SETMASK, &g->mask, NULL);
    return changed;
}

static int is_elsewhere(int cwd)
{
    struct stat was, is;
    return cwd >= 0 && fstat(cwd, &was) == 0 && (stat(".", &is) != 0 || was.st_dev != is.st_dev || was.st_ino != is.st_ino);
}

/* The parts that concern the process as a whole. */
static int leave_process(const struct guard *g, const char *who, struct hone_err *err)
{
    int rc = 0;
    struct itimerval timer = { 0 };
    if (mask_of_files() != g->umask) {
        rc = hone_fail(err, ERR_PLUGIN, "%s changed the mask for new files (umask), which a plugin must not do", who);
        umask(g->umask);
    }
    if (is_elsewhere(g->cwd)) {
        rc = hone_fail(err, ERR_PLUGIN, "%s changed the working directory, which a plugin must not do", who);
        (void)!fchdir(g->cwd);
    }
    if (g->cwd >= 0)
        close(g->cwd);
    if (getitimer(ITIMER_REAL, &timer) == 0 && (timer.it_value.tv_sec || timer.it_value.tv_usec)) {
        rc = hone_fail(err, ERR_PLUGIN, "%s left a timer running that would end the process, which a plugin must not do", who);
        setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    }
    return rc;
}

int guard_leave(const struct guard *g, const char *who, struct hone_err *err)
{
    int rc = leave_process(g, who, err);
    if (fegetround() != g->rounding || control_word() != g->control)
        rc = hone_fail(err, ERR_PLUGIN, "%s changed the floating-point environment (rounding mode, flush to zero or "
                       "traps), which a plugin must not do", who);
    fesetenv(&g->fenv);
    if (strncmp(locale_name(), g->locale, sizeof g->locale - 1) != 0) {
        rc = hone_fail(err, ERR_PLUGIN, "%s changed the locale to %s, which a plugin must not do", who, locale_name());
        setlocale(LC_ALL, g->locale);
    }
    if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE) {
        rc = hone_fail(err, ERR_PLUGIN, "%s changed the thread's locale, which a plugin must not do", who);
        uselocale(LC_GLOBAL_LOCALE);
    }
    int sig = signals_changed(g);
    if (sig)
        rc = hone_fail(err, ERR_PLUGIN, "%s changed the handling of signal %d (%s), which a plugin must not do", who, sig,
                       strsignal(sig));
    return rc;
}
