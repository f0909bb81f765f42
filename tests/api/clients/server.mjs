// What the clients' tests share about the server: which functions it has, jobs that end, examples to train on.
import { readFileSync } from 'node:fs';

// All functions by name, each with the set of its parameters, from /openapi.json.
export async function functionsOf(serverUrl, token) {
  const answer = await fetch(`${serverUrl}/openapi.json`, { headers: { Authorization: `Bearer ${token}` } });
  const api = await answer.json();
  const resolve = (schema) => (schema?.$ref ? schema.$ref.slice(2).split('/').reduce((o, key) => o[key], api) : schema);
  return new Map(Object.entries(api.paths).flatMap(([path, item]) => {
    const name = path.match(/^\/api\/v2\/functions\/(\w+)$/)?.[1];
    const schema = resolve(item.post?.requestBody?.content?.['application/json']?.schema);
    return name ? [[name, new Set(Object.keys(schema?.properties ?? {}))]] : [];
  }));
}

const ended = new Set(['completed', 'failed', 'cancelled']);

export async function waitForJob(base44, jobId, wanted = 'completed') {
  const until = Date.now() + 120_000;
  for (;;) {
    const { data } = await base44.functions.monitorTrainingProgress({ job_id: jobId });
    if (data.status === wanted) return data;
    if (ended.has(data.status) || Date.now() > until) throw new Error(`job ${jobId} is ${data.status}: ${JSON.stringify(data.error)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// The rows of the example desk.
export function trainingExamples(most = 400) {
  const file = new URL('../../../etc/example/support.jsonl', import.meta.url);
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(0, most).map((line) => JSON.parse(line));
}
