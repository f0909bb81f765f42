/* Prints the layout of every public struct: size, and place and size of each field, and the gaps between them. layout.sh
 * compares it with layout.golden, since a plugin that was built yesterday must find its fields where they were. */
#include <stdio.h>
#include "hone/abi.h"
#include "hone/blas.h"
#include "hone/completion.h"
#include "hone/generator.h"
#include "hone/metric.h"
#include "hone/model.h"
#include "hone/optimizer.h"
#include "hone/paradigm.h"
#include "hone/report.h"
#include "hone/scheduler.h"
#include "hone/text.h"
#include "hone/tokens.h"

static size_t end; /* of the field printed last */

static void show(const char *name, size_t offset, size_t size)
{
    if (offset != end)
        printf("  gap of %zu\n", offset - end);
    printf("  %s at %zu size %zu\n", name, offset, size);
    end = offset + size;
}

#define BEGIN(T) (end = 0, printf("struct %s size %zu\n", #T, sizeof(struct T)))
#define FIELD(T, f) show(#f, offsetof(struct T, f), sizeof(((struct T *)0)->f))
#define END(T) ((void)(end != sizeof(struct T) && printf("  gap of %zu\n", sizeof(struct T) - end)))

static void err(void)
{
    BEGIN(hone_err);
    FIELD(hone_err, code);
    FIELD(hone_err, text);
    END(hone_err);
}

static void param(void)
{
    BEGIN(hone_param);
    FIELD(hone_param, name);
    FIELD(hone_param, type);
    FIELD(hone_param, flags);
    FIELD(hone_param, dflt);
    FIELD(hone_param, min);
    FIELD(hone_param, max);
    FIELD(hone_param, sdflt);
    FIELD(hone_param, choices);
    FIELD(hone_param, doc);
    FIELD(hone_param, offset);
    FIELD(hone_param, pad0);
    END(hone_param);
}

static void item(void)
{
    BEGIN(hone_item);
    FIELD(hone_item, struct_size);
    FIELD(hone_item, kind);
    FIELD(hone_item, name);
    FIELD(hone_item, brief);
    FIELD(hone_item, doc);
    FIELD(hone_item, params);
    FIELD(hone_item, n_params);
    FIELD(hone_item, param_size);
    FIELD(hone_item, conf_size);
    FIELD(hone_item, flags);
    FIELD(hone_item, check);
    FIELD(hone_item, reserved);
    END(hone_item);
}

static void host(void)
{
    BEGIN(hone_host);
    FIELD(hone_host, struct_size);
    FIELD(hone_host, abi_major);
    FIELD(hone_host, abi_minor);
    FIELD(hone_host, version);
    FIELD(hone_host, log);
    FIELD(hone_host, alloc);
    FIELD(hone_host, free);
    FIELD(hone_host, parallel);
    FIELD(hone_host, get);
    END(hone_host);
}

static void plugin(void)
{
    BEGIN(hone_plugin);
    FIELD(hone_plugin, magic);
    FIELD(hone_plugin, abi_major);
    FIELD(hone_plugin, abi_minor);
    FIELD(hone_plugin, struct_size);
    FIELD(hone_plugin, min_minor);
    FIELD(hone_plugin, pad0);
    FIELD(hone_plugin, name);
    FIELD(hone_plugin, version);
    FIELD(hone_plugin, license);
    FIELD(hone_plugin, origin);
    FIELD(hone_plugin, items);
    FIELD(hone_plugin, init);
    FIELD(hone_plugin, fini);
    END(hone_plugin);
}

static void words(void)
{
    BEGIN(hone_words);
    FIELD(hone_words, bytes);
    FIELD(hone_words, start);
    FIELD(hone_words, hash);
    FIELD(hone_words, n);
    FIELD(hone_words, cap_bytes);
    FIELD(hone_words, cap_words);
    END(hone_words);
}

static void text_service(void)
{
    BEGIN(hone_text_service);
    FIELD(hone_text_service, struct_size);
    FIELD(hone_text_service, pad0);
    FIELD(hone_text_service, words);
    FIELD(hone_text_service, words_free);
    FIELD(hone_text_service, hash);
    END(hone_text_service);
}

static void services(void)
{
    BEGIN(hone_foreign_key);
    FIELD(hone_foreign_key, key);
    FIELD(hone_foreign_key, setting);
    FIELD(hone_foreign_key, absent);
    FIELD(hone_foreign_key, must);
    END(hone_foreign_key);
    BEGIN(hone_foreign);
    FIELD(hone_foreign, model_type);
    FIELD(hone_foreign, architecture);
    FIELD(hone_foreign, keys);
    END(hone_foreign);
    BEGIN(hone_blas_service);
    FIELD(hone_blas_service, struct_size);
    FIELD(hone_blas_service, pad0);
    FIELD(hone_blas_service, sgemm);
    FIELD(hone_blas_service, dgemm);
    END(hone_blas_service);
    BEGIN(hone_completion_wish);
    FIELD(hone_completion_wish, struct_size);
    FIELD(hone_completion_wish, pad0);
    FIELD(hone_completion_wish, system);
    FIELD(hone_completion_wish, user);
    FIELD(hone_completion_wish, max_tokens);
    FIELD(hone_completion_wish, temperature);
    FIELD(hone_completion_wish, seed);
    END(hone_completion_wish);
    BEGIN(hone_completion_service);
    FIELD(hone_completion_service, struct_size);
    FIELD(hone_completion_service, pad0);
    FIELD(hone_completion_service, host_data);
    FIELD(hone_completion_service, ask);
    END(hone_completion_service);
    BEGIN(hone_token_list);
    FIELD(hone_token_list, id);
    FIELD(hone_token_list, n);
    FIELD(hone_token_list, cap);
    END(hone_token_list);
    BEGIN(hone_tokens_service);
    FIELD(hone_tokens_service, struct_size);
    FIELD(hone_tokens_service, pad0);
    FIELD(hone_tokens_service, learn);
    FIELD(hone_tokens_service, read);
    FIELD(hone_tokens_service, json);
    FIELD(hone_tokens_service, text_free);
    FIELD(hone_tokens_service, free);
    FIELD(hone_tokens_service, size);
    FIELD(hone_tokens_service, find);
    FIELD(hone_tokens_service, encode);
    FIELD(hone_tokens_service, list_free);
    FIELD(hone_tokens_service, bytes);
    END(hone_tokens_service);
}

static void slot(void)
{
    BEGIN(hone_slot);
    FIELD(hone_slot, name);
    FIELD(hone_slot, dtype);
    FIELD(hone_slot, extent);
    FIELD(hone_slot, init);
    FIELD(hone_slot, flags);
    FIELD(hone_slot, count);
    FIELD(hone_slot, count_from);
    FIELD(hone_slot, pad0);
    END(hone_slot);
}

static void tensor_info(void)
{
    BEGIN(hone_tensor_info);
    FIELD(hone_tensor_info, name);
    FIELD(hone_tensor_info, ndim);
    FIELD(hone_tensor_info, flags);
    FIELD(hone_tensor_info, dims);
    FIELD(hone_tensor_info, n);
    END(hone_tensor_info);
}

static void span(void)
{
    BEGIN(hone_span);
    FIELD(hone_span, n);
    FIELD(hone_span, param);
    FIELD(hone_span, grad);
    FIELD(hone_span, state);
    FIELD(hone_span, conf);
    FIELD(hone_span, derived);
    FIELD(hone_span, sums);
    FIELD(hone_span, step);
    FIELD(hone_span, gap);
    FIELD(hone_span, at);
    END(hone_span);
}

static void prep(void)
{
    BEGIN(hone_prep);
    FIELD(hone_prep, step);
    FIELD(hone_prep, conf);
    FIELD(hone_prep, derived);
    FIELD(hone_prep, state);
    END(hone_prep);
}

static void closure(void)
{
    BEGIN(hone_closure);
    FIELD(hone_closure, struct_size);
    FIELD(hone_closure, pad0);
    FIELD(hone_closure, host_data);
    FIELD(hone_closure, conf);
    FIELD(hone_closure, state);
    FIELD(hone_closure, step);
    FIELD(hone_closure, eval);
    FIELD(hone_closure, dot);
    FIELD(hone_closure, axpy);
    FIELD(hone_closure, scale);
    FIELD(hone_closure, copy);
    FIELD(hone_closure, norm1);
    FIELD(hone_closure, norm_max);
    FIELD(hone_closure, each);
    FIELD(hone_closure, inner);
    END(hone_closure);
}

static void optimizer(void)
{
    BEGIN(hone_optimizer);
    FIELD(hone_optimizer, item);
    FIELD(hone_optimizer, slots);
    FIELD(hone_optimizer, n_slots);
    FIELD(hone_optimizer, slot_size);
    FIELD(hone_optimizer, state_version);
    FIELD(hone_optimizer, derived_size);
    FIELD(hone_optimizer, n_sums);
    FIELD(hone_optimizer, sum_scope);
    FIELD(hone_optimizer, prepare);
    FIELD(hone_optimizer, sum);
    FIELD(hone_optimizer, update);
    FIELD(hone_optimizer, scratch);
    FIELD(hone_optimizer, update_tensor);
    FIELD(hone_optimizer, minimize);
    FIELD(hone_optimizer, plan);
    FIELD(hone_optimizer, settle);
    FIELD(hone_optimizer, serve);
    END(hone_optimizer);
}

static void sched_in(void)
{
    BEGIN(hone_sched_in);
    FIELD(hone_sched_in, step);
    FIELD(hone_sched_in, total);
    FIELD(hone_sched_in, epoch);
    FIELD(hone_sched_in, base);
    FIELD(hone_sched_in, metric);
    END(hone_sched_in);
}

static void scheduler(void)
{
    BEGIN(hone_scheduler);
    FIELD(hone_scheduler, item);
    FIELD(hone_scheduler, state_names);
    FIELD(hone_scheduler, value);
    FIELD(hone_scheduler, observe);
    END(hone_scheduler);
}

static void rows(void)
{
    BEGIN(hone_rows);
    FIELD(hone_rows, struct_size);
    FIELD(hone_rows, flags);
    FIELD(hone_rows, n);
    FIELD(hone_rows, width);
    FIELD(hone_rows, scores);
    FIELD(hone_rows, target);
    FIELD(hone_rows, weight);
    FIELD(hone_rows, feedback);
    FIELD(hone_rows, reward);
    FIELD(hone_rows, propensity);
    FIELD(hone_rows, example);
    FIELD(hone_rows, epoch);
    FIELD(hone_rows, step);
    FIELD(hone_rows, seed);
    FIELD(hone_rows, state);
    FIELD(hone_rows, reference);
    FIELD(hone_rows, phase);
    FIELD(hone_rows, known);
    FIELD(hone_rows, answers);
    FIELD(hone_rows, each);
    FIELD(hone_rows, answer_start);
    END(hone_rows);
}

static void loss(void)
{
    BEGIN(hone_loss);
    FIELD(hone_loss, loss);
    FIELD(hone_loss, weight);
    FIELD(hone_loss, score);
    FIELD(hone_loss, scored);
    END(hone_loss);
}

static void plan(void)
{
    BEGIN(hone_phase);
    FIELD(hone_phase, epochs);
    FIELD(hone_phase, flags);
    FIELD(hone_phase, pad0);
    END(hone_phase);
    BEGIN(hone_reference);
    FIELD(hone_reference, source);
    FIELD(hone_reference, pad0);
    FIELD(hone_reference, at);
    END(hone_reference);
    BEGIN(hone_plan);
    FIELD(hone_plan, struct_size);
    FIELD(hone_plan, flags);
    FIELD(hone_plan, phases);
    FIELD(hone_plan, references);
    FIELD(hone_plan, phase);
    FIELD(hone_plan, reference);
    FIELD(hone_plan, score_name);
    FIELD(hone_plan, pull);
    FIELD(hone_plan, unfreeze);
    FIELD(hone_plan, replay);
    FIELD(hone_plan, output_weight);
    FIELD(hone_plan, writes);
    FIELD(hone_plan, pad0);
    FIELD(hone_plan, draws);
    FIELD(hone_plan, draw_tokens);
    FIELD(hone_plan, draw_reward);
    END(hone_plan);
}

static void paradigm(void)
{
    BEGIN(hone_paradigm);
    FIELD(hone_paradigm, item);
    FIELD(hone_paradigm, state_names);
    FIELD(hone_paradigm, loss);
    FIELD(hone_paradigm, order);
    FIELD(hone_paradigm, observe);
    FIELD(hone_paradigm, plan);
    FIELD(hone_paradigm, state_more);
    FIELD(hone_paradigm, solve);
    END(hone_paradigm);
}

static void whole(void)
{
    BEGIN(hone_whole);
    FIELD(hone_whole, struct_size);
    FIELD(hone_whole, flags);
    FIELD(hone_whole, n);
    FIELD(hone_whole, width);
    FIELD(hone_whole, target);
    FIELD(hone_whole, weight);
    FIELD(hone_whole, feedback);
    FIELD(hone_whole, dot);
    FIELD(hone_whole, seed);
    END(hone_whole);
}

static void solution(void)
{
    BEGIN(hone_solution);
    FIELD(hone_solution, struct_size);
    FIELD(hone_solution, flags);
    FIELD(hone_solution, coefficient);
    FIELD(hone_solution, bias);
    FIELD(hone_solution, vote);
    FIELD(hone_solution, neighbours);
    FIELD(hone_solution, sharpness);
    FIELD(hone_solution, correction);
    END(hone_solution);
}

static void string(void)
{
    BEGIN(hone_string);
    FIELD(hone_string, bytes);
    FIELD(hone_string, len);
    END(hone_string);
}

static void lesson(void)
{
    BEGIN(hone_lesson);
    FIELD(hone_lesson, struct_size);
    FIELD(hone_lesson, pad0);
    FIELD(hone_lesson, n);
    FIELD(hone_lesson, input);
    FIELD(hone_lesson, label);
    FIELD(hone_lesson, weight);
    FIELD(hone_lesson, outputs);
    FIELD(hone_lesson, output);
    FIELD(hone_lesson, steps);
    FIELD(hone_lesson, epochs);
    FIELD(hone_lesson, batch);
    FIELD(hone_lesson, seed);
    FIELD(hone_lesson, base);
    FIELD(hone_lesson, answer);
    END(hone_lesson);
}

static void bag(void)
{
    BEGIN(hone_bag);
    FIELD(hone_bag, n);
    FIELD(hone_bag, start);
    FIELD(hone_bag, index);
    FIELD(hone_bag, value);
    END(hone_bag);
}

static void encoder(void)
{
    BEGIN(hone_encoder);
    FIELD(hone_encoder, struct_size);
    FIELD(hone_encoder, pad0);
    FIELD(hone_encoder, host_data);
    FIELD(hone_encoder, add);
    FIELD(hone_encoder, targets);
    FIELD(hone_encoder, flags);
    FIELD(hone_encoder, pad1);
    END(hone_encoder);
}

static void builder(void)
{
    BEGIN(hone_builder);
    FIELD(hone_builder, struct_size);
    FIELD(hone_builder, pad0);
    FIELD(hone_builder, host_data);
    FIELD(hone_builder, tensor);
    FIELD(hone_builder, width);
    END(hone_builder);
}

static void ops(void)
{
    BEGIN(hone_ops);
    FIELD(hone_ops, struct_size);
    FIELD(hone_ops, pad0);
    FIELD(hone_ops, bag);
    FIELD(hone_ops, bag_transpose);
    FIELD(hone_ops, bag_grad);
    FIELD(hone_ops, matmul);
    FIELD(hone_ops, scratch);
    END(hone_ops);
}

static void pass(void)
{
    BEGIN(hone_pass);
    FIELD(hone_pass, struct_size);
    FIELD(hone_pass, flags);
    FIELD(hone_pass, host);
    FIELD(hone_pass, ops);
    FIELD(hone_pass, host_data);
    FIELD(hone_pass, in);
    FIELD(hone_pass, rows);
    FIELD(hone_pass, width);
    FIELD(hone_pass, tensor);
    FIELD(hone_pass, grad);
    FIELD(hone_pass, scores);
    FIELD(hone_pass, d_scores);
    FIELD(hone_pass, tape);
    FIELD(hone_pass, seed);
    FIELD(hone_pass, row_start);
    FIELD(hone_pass, stream);
    END(hone_pass);
}

static void store(void)
{
    BEGIN(hone_store);
    FIELD(hone_store, struct_size);
    FIELD(hone_store, pad0);
    FIELD(hone_store, host_data);
    FIELD(hone_store, put);
    FIELD(hone_store, get);
    END(hone_store);
}

static void model(void)
{
    BEGIN(hone_model);
    FIELD(hone_model, item);
    FIELD(hone_model, size);
    FIELD(hone_model, fit);
    FIELD(hone_model, restore);
    FIELD(hone_model, save);
    FIELD(hone_model, declare);
    FIELD(hone_model, encode);
    FIELD(hone_model, forward);
    FIELD(hone_model, backward);
    FIELD(hone_model, close);
    FIELD(hone_model, row_key);
    FIELD(hone_model, word_key);
    FIELD(hone_model, context);
    FIELD(hone_model, pass_bytes);
    FIELD(hone_model, stream_open);
    FIELD(hone_model, stream_close);
    FIELD(hone_model, token);
    FIELD(hone_model, ends);
    FIELD(hone_model, features);
    FIELD(hone_model, foreign);
    FIELD(hone_model, foreign_value);
    FIELD(hone_model, foreign_tensor);
    FIELD(hone_model, stream_keep);
    FIELD(hone_model, rough_bytes);
    END(hone_model);
}

static void column(void)
{
    BEGIN(hone_column);
    FIELD(hone_column, name);
    FIELD(hone_column, type);
    FIELD(hone_column, width);
    FIELD(hone_column, v);
    END(hone_column);
}

static void scored(void)
{
    BEGIN(hone_scored);
    FIELD(hone_scored, n);
    FIELD(hone_scored, width);
    FIELD(hone_scored, prob);
    FIELD(hone_scored, predicted);
    FIELD(hone_scored, label);
    FIELD(hone_scored, weight);
    FIELD(hone_scored, column);
    FIELD(hone_scored, n_columns);
    END(hone_scored);
}

static void metric(void)
{
    BEGIN(hone_metric);
    FIELD(hone_metric, item);
    FIELD(hone_metric, outputs);
    FIELD(hone_metric, state_size);
    FIELD(hone_metric, update);
    FIELD(hone_metric, merge);
    FIELD(hone_metric, result);
    FIELD(hone_metric, needs);
    FIELD(hone_metric, whole);
    END(hone_metric);
}

static void field(void)
{
    BEGIN(hone_field);
    FIELD(hone_field, key);
    FIELD(hone_field, label);
    FIELD(hone_field, type);
    FIELD(hone_field, pad0);
    FIELD(hone_field, v);
    END(hone_field);
}

static void record(void)
{
    BEGIN(hone_record);
    FIELD(hone_record, struct_size);
    FIELD(hone_record, type);
    FIELD(hone_record, level);
    FIELD(hone_record, n_fields);
    FIELD(hone_record, key);
    FIELD(hone_record, title);
    FIELD(hone_record, text);
    FIELD(hone_record, fields);
    FIELD(hone_record, field_size);
    FIELD(hone_record, pad0);
    FIELD(hone_record, n);
    FIELD(hone_record, x);
    FIELD(hone_record, y);
    END(hone_record);
}

static void sink(void)
{
    BEGIN(hone_sink);
    FIELD(hone_sink, struct_size);
    FIELD(hone_sink, pad0);
    FIELD(hone_sink, host_data);
    FIELD(hone_sink, write);
    END(hone_sink);
}

static void report(void)
{
    BEGIN(hone_report);
    FIELD(hone_report, item);
    FIELD(hone_report, suffix);
    FIELD(hone_report, media_type);
    FIELD(hone_report, open);
    FIELD(hone_report, record);
    FIELD(hone_report, close);
    END(hone_report);
}

static void material(void)
{
    BEGIN(hone_material);
    FIELD(hone_material, struct_size);
    FIELD(hone_material, pad0);
    FIELD(hone_material, n);
    FIELD(hone_material, input);
    FIELD(hone_material, label);
    FIELD(hone_material, weight);
    FIELD(hone_material, outputs);
    FIELD(hone_material, output);
    FIELD(hone_material, margin);
    FIELD(hone_material, rival);
    END(hone_material);
}

static void wish(void)
{
    BEGIN(hone_wish);
    FIELD(hone_wish, struct_size);
    FIELD(hone_wish, label);
    FIELD(hone_wish, count);
    FIELD(hone_wish, difficulty);
    FIELD(hone_wish, seed);
    END(hone_wish);
}

static void proposal(void)
{
    BEGIN(hone_proposal);
    FIELD(hone_proposal, struct_size);
    FIELD(hone_proposal, label);
    FIELD(hone_proposal, input);
    FIELD(hone_proposal, method);
    FIELD(hone_proposal, source);
    FIELD(hone_proposal, n_source);
    FIELD(hone_proposal, tags);
    END(hone_proposal);
}

static void collector(void)
{
    BEGIN(hone_collector);
    FIELD(hone_collector, struct_size);
    FIELD(hone_collector, pad0);
    FIELD(hone_collector, host_data);
    FIELD(hone_collector, add);
    END(hone_collector);
}

static void generator(void)
{
    BEGIN(hone_generator);
    FIELD(hone_generator, item);
    FIELD(hone_generator, open);
    FIELD(hone_generator, generate);
    FIELD(hone_generator, close);
    END(hone_generator);
}

int main(void)
{
    err();
    param();
    item();
    host();
    plugin();
    words();
    text_service();
    services();
    slot();
    tensor_info();
    span();
    prep();
    closure();
    optimizer();
    sched_in();
    scheduler();
    rows();
    loss();
    plan();
    paradigm();
    whole();
    solution();
    string();
    lesson();
    bag();
    encoder();
    builder();
    ops();
    pass();
    store();
    model();
    column();
    scored();
    metric();
    field();
    record();
    sink();
    report();
    material();
    wish();
    proposal();
    collector();
    generator();
    return 0;
}
