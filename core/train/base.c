#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/train/base.h"

int base_open(struct base *b, struct registry *registry, const char *path, const char *kind, const char *name, struct hone_err *err)
{
    *b = (struct base){ .name = strdup(name ? name : path) };
    struct st_file f;
    int ret = b->name ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret && strcmp(kind, "vectors") == 0) {
        ret = vectors_read(&b->v, path, err);
    } else if (!ret && (ret = st_open(&f, path, err)) == 0) {
        ret = learner_restore(&b->l, registry, &f, err);
        st_free(&f);
    }
    if (ret < 0) {
        base_close(b);
        return err_prefix(err, "config.base");
    }
    return 0;
}

void base_close(struct base *b)
{
    if (b->l.model)
        learner_free(&b->l);
    vectors_free(&b->v);
    free(b->name);
    *b = (struct base){ 0 };
}

cJSON *base_options(const struct base *b, const cJSON *given)
{
    cJSON *o = b->l.model && b->l.conf ? settings_json(&b->l.model->item, b->l.conf) : cJSON_CreateObject();
    const cJSON *v;
    cJSON_ArrayForEach(v, given) {
        cJSON_DeleteItemFromObjectCaseSensitive(o, v->string);
        json_put(o, v->string, cJSON_Duplicate(v, 1));
    }
    return o;
}

void start_again(const struct start *s, struct tensors *ts)
{
    for (int64_t i = 0; i < s->n; i++)
        memcpy(ts->t[i].param, s->param[i], (size_t)ts->t[i].n * sizeof(float));
}

void start_free(struct start *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        free(s->param ? s->param[i] : NULL);
        free(s->row ? s->row[i] : NULL);
    }
    free(s->param);
    free(s->row);
    free(s->output);
    cJSON_Delete(s->report);
    *s = (struct start){ 0 };
}
