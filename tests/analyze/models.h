/* What cJSON does with NULL, in code that analysers can follow; tests/analyze.sh includes it before every file. No program is built with it. */
#ifndef HONE_TESTS_ANALYZE_MODELS_H
#define HONE_TESTS_ANALYZE_MODELS_H
#ifdef __cppcheck__ /* reads no headers of the system */
#define cJSON_ArrayForEach(e, list) for ((e) = (list) ? (list)->child : 0; (e); (e) = (e)->next)
#else
#include <cjson/cJSON.h>

#define KIND(name, types) \
    static inline int model_is_##name(const cJSON *v) { return v && (v->type & (types)) != 0; }
KIND(String, cJSON_String)
KIND(Number, cJSON_Number)
KIND(Object, cJSON_Object)
KIND(Array, cJSON_Array)
KIND(True, cJSON_True)
KIND(False, cJSON_False)
KIND(Bool, cJSON_True | cJSON_False)
KIND(Null, cJSON_NULL)
#undef KIND
#define cJSON_IsString model_is_String
#define cJSON_IsNumber model_is_Number
#define cJSON_IsObject model_is_Object
#define cJSON_IsArray model_is_Array
#define cJSON_IsTrue model_is_True
#define cJSON_IsFalse model_is_False
#define cJSON_IsBool model_is_Bool
#define cJSON_IsNull model_is_Null
#endif

#ifdef MODEL_FAILURES /* what returns a code below 0, for an analyser that follows calls, but neither into functions with "..." nor into other files */
#include "core/base/err.h"
#define hone_fail(err, code, ...) (hone_fail(err, code, __VA_ARGS__), (code))
#define err_errno(err, verb, path) (err_errno(err, verb, path), HONE_EIO)
#endif
#endif
