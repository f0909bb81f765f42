/* Frames between hone and hone-worker, both ways over one socket pair (descriptor 3 in the worker): 4 bytes length of
 * the payload (little-endian), then the payload, one strict JSON object with a "type". Nothing else travels.
 *
 * hone -> worker
 *   start       {task: "train"|"evaluate"|"predict"|"report"|"serve"|"probe", ...the task's own; see docs/architecture.md}
 *   go          after "ready": begin
 *   stop        {mode: "checkpoint"|"cancel"}: end soon; "checkpoint" writes one first; without a mode: "serve" ends
 *   ask         {questions: [{text, top, threshold}]}: to "serve", which sends "answers"
 * worker -> hone
 *   hello       {pid, version, abi, sandbox: what core/host/sandbox.h can apply here}
 *   ready       {...}: the task was checked and nothing was written yet; waits for "go" ("serve" for "ask")
 *   answers     {answers: [...], memory_bytes}: as many as were asked, in that order
 *   progress    {epoch, step, ...}: at most 10 a second
 *   epoch       {...}: one row of the history, after an evaluation
 *   checkpoint  {file, bytes, sha256, epoch, step, metrics, kind}: the file is durable
 *   rollback    {step}: training diverged and went back; epochs above that step are void
 *   log         {level, text}
 *   beat        {count}: every 2 s while the task makes progress; count never falls
 *   result      {...}: the last frame of a task that went well
 *   error       {code, text, stage, details}: the last frame of one that did not
 */
#ifndef JOBS_FRAME_H
#define JOBS_FRAME_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/buf.h"
#include "core/base/err.h"

#define FRAME_FD 3
#define FRAME_MAX (64u << 20)

/* Sends one frame, whole. Takes no ownership. HONE_EIO when the other side is gone (no SIGPIPE), or does not read
 * for as long as the socket's SO_SNDTIMEO says; the connection is then of no use. One thread at a time. */
int frame_send(int fd, const cJSON *object, struct hone_err *err);
/* The same for a text of at most 200 bytes that is such an object; needs no memory, so that whoever waits for a word can always be given it. */
int frame_send_text(int fd, const char *json, struct hone_err *err);

/* Reads frames from a descriptor. Zero-initialise. */
struct frame_reader {
    struct buf in;
    size_t used;
};
/* The next frame in *object (free with cJSON_Delete). 1 a frame; 0 none within timeout_ms (-1 waits for ever);
 * ERR_CORRUPT a frame that is not one (too long, not JSON, no type); HONE_EIO the other side closed. */
int frame_read(struct frame_reader *r, int fd, int timeout_ms, cJSON **object, struct hone_err *err);
void frame_reader_free(struct frame_reader *r);

#endif
