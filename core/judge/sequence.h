/* Confidence sequences: bounds on a mean that hold at all times at once, so that whoever looks after every new value and acts on what he sees is wrong with chance alpha at most,
 * however often he looks. Used to take a changed agent back (core/api/adapt_watch.c). */
#ifndef JUDGE_SEQUENCE_H
#define JUDGE_SEQUENCE_H
#include <stdint.h>
#include "core/judge/stats.h"

/* Of the mean of independent values in [0, 1], of which n have the mean `mean`: the normal-mixture boundary for values that are sub-Gaussian with variance 1/4 (Robbins 1970,
 * "Statistical methods related to the law of the iterated logarithm"; Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
 * eq. 14), narrowest near n = 100. [0, 1] for n < 1. [any, pure] */
struct interval sequence_of_mean(double mean, int64_t n, double alpha);

#endif
