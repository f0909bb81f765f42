/* The tasks "import" and "export": a folder of weights as Hugging Face has them becomes a weights file of this program, and the other way
 * round. What travels is described in docs/architecture.md. */
#include "core/base/json.h"
#include "core/train/folder.h"
#include "core/worker/task.h"

int task_import(struct task *t, struct hone_err *err)
{
    const char *output = json_str(t->start, "output", "");
    struct learner l;
    struct st_file f = { 0 };
    char sha256[65];
    int64_t bytes = 0;
    t->stage = "weights";
    int ret = folder_read(&l, t->registry, json_str(t->start, "folder", ""), err);
    if (ret < 0)
        return ret;
    task_beat(t);
    ret = learner_save(&l, NULL, &f, err);
    if (!ret)
        ret = st_write(&f, output, sha256, &bytes, err);
    st_free(&f);
    if (!ret) {
        json_put_str(t->result, "model", l.model->item.name);
        json_put_int(t->result, "parameters", l.tensors.total);
        json_put_int(t->result, "bytes", bytes);
        json_put_str(t->result, "sha256", sha256);
    }
    learner_free(&l);
    return ret;
}

/* `output` is the config.json of the folder, so that the fence lets this task write there. */
int task_export(struct task *t, struct hone_err *err)
{
    const char *path = json_str(t->start, "weights", "");
    struct st_file f;
    struct learner l = { 0 };
    int64_t files = 0;
    t->stage = "weights";
    int ret = st_open(&f, path, err);
    if (ret)
        return ret;
    ret = learner_restore(&l, t->registry, &f, err);
    st_free(&f);
    if (!ret)
        ret = folder_write(&l, json_str(t->start, "to", ""), json_int(t->start, "shard_bytes", 0), &files, err);
    if (!ret) {
        json_put_str(t->result, "model", l.model->item.name);
        json_put_int(t->result, "parameters", l.tensors.total);
        json_put_int(t->result, "files", files);
    }
    learner_free(&l);
    return ret;
}
