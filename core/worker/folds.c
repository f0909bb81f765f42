#include "core/worker/folds.h"

#include "core/worker/side_run.h"

int folds_calibrate(struct task *t, struct run *r, const struct run_files *files, const char *dir, struct hone_err *err)
{
    struct side_run fold = { .files = *files, .dir = dir, .what = "calibration", .blind = 1 };
    struct held_rows h = { 0 };
    int ret = 0;
    fold.files.folds = r->config.calibration_folds;
    if (!fold.files.folds || r->valid.n || r->plan.flags & HONE_PLAN_LOGGED || r->writes)
        return 0;
    for (fold.files.fold = 0; fold.files.fold < fold.files.folds && !ret; fold.files.fold++)
        ret = side_run_answers(t, &fold, &h, NULL, err);
    if (!ret)
        ret = calibration_find(&h, r->config.target_precision, &r->calibration, err);
    r->calibration.folds = ret ? 0 : fold.files.folds;
    held_free(&h);
    return ret < 0 ? err_prefix(err, "calibrationFolds") : ret;
}
