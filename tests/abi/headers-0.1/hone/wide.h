/* hone/wide.h: HONE_WIDE in front of a function has it compiled for several vector widths; the machine's best is taken
 * when the plugin is loaded. With -ffp-contract=off all give the same bits. Nothing where compilers or sanitizers cannot.
 * History: 0.1 first. */
#ifndef HONE_WIDE_H
#define HONE_WIDE_H

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) \
    && !defined(__SANITIZE_THREAD__)
#define HONE_WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define HONE_WIDE
#endif

#endif
