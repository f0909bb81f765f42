// Every function of the server through the unmodified client's functions.invoke, and every kind of error as the client shows it.
// Use: node functions.mjs SDK-DIRECTORY URL TOKEN
import { check, checkShape, finish, rejection } from './check.mjs';
import { withFunctions } from '../../../docs/examples/base44-functions.mjs';
import { functionsOf, trainingExamples, waitForJob } from './server.mjs';

const [sdk, serverUrl, token] = process.argv.slice(2);
const { createClient } = await import(`${sdk}/node_modules/@base44/sdk/dist/index.js`);
const base44 = createClient({ serverUrl, appId: 'hone', token });
const wrapped = withFunctions(base44);
const known = await functionsOf(serverUrl, token);
const called = new Set();
// What the server does not have is not tried; what it has and is not tried fails at the end.
const has = (name) => known.has(name);

// Invokes and checks what every success has; the data.
async function invoke(name, data, status = 200) {
  const response = await base44.functions.invoke(name, data).catch((e) => e.response ?? Promise.reject(e));
  const body = response.data;
  called.add(name);
  if (!check(`${name}: status ${status}`, response.status === status, body)) return undefined;
  check(`${name}: success and data`, body.success === true && typeof body.data === 'object', body);
  check(`${name}: trace_id is the request's id`, /^[0-9a-f]{32}$/.test(body.trace_id) && body.trace_id === response.headers['x-request-id'],
    [body.trace_id, response.headers['x-request-id']]);
  return body.data;
}

// What the client throws, held against the body that contract and clients agree on.
async function refused(what, status, code, promise) {
  const e = await rejection(promise);
  if (!check(`${what}: rejected`, e !== null)) return undefined;
  check(`${what}: AxiosError ${status}`, e.name === 'AxiosError' && e.status === status && e.response?.status === status
    && e.code === (status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE') && e.message === `Request failed with status code ${status}`,
  [e.name, e.status, e.code, e.message]);
  const body = e.response?.data;
  checkShape(what, { success: 'boolean', code: 'string', message: 'string', hint: 'string?', retryable: 'boolean', trace_id: 'string',
    detail: 'string', title: 'string', status: 'number', type: 'string',
    error: { code: 'string', message: 'string', type: 'string', param: 'string?', details: [] } }, body);
  check(`${what}: code ${code}`, body?.success === false && body.code === code && body.error?.code === code && body.status === status, body);
  for (const d of body?.error?.details ?? []) check(`${what}: a detail has path and message`, typeof d.path === 'string' && typeof d.message === 'string', d);
  return e;
}

const examples = trainingExamples();
const training_data = { examples };
const config = { epochs: 6, checkpointInterval: 2, seed: 7 };
const stamp = process.pid;

// ---- agents, jobs, what was trained ----
const agent = await invoke('createAgent', { name: `desk-${stamp}`, description: 'answers customers' }, 201);
const agent_id = agent.agent_id;
check('getAgent', (await invoke('getAgent', { agent_id }))?.name === `desk-${stamp}`);
check('listAgents', (await invoke('listAgents', {}))?.agents.some((a) => a.agent_id === agent_id));
check('listAgents without data', (await invoke('listAgents'))?.agents.length > 0);
check('updateAgent', (await invoke('updateAgent', { agent_id, description: 'other' }))?.description === 'other');

const job = await invoke('startTrainingJob', { agent_id, training_data, config }, 201);
const job_id = job.job_id;
const conflict = await refused('a second job of an agent', 409, 'CONFLICT', base44.functions.invoke('startTrainingJob', { agent_id, training_data, config }));
check('a final conflict is not to be tried again', conflict?.response.headers['x-should-retry'] === 'false', conflict?.response.headers);
await refused('an evaluation too early', 412, 'PRECONDITION_FAILED', base44.functions.invoke('evaluateTrainingResults', { job_id }));
await waitForJob(wrapped, job_id);
const monitored = await invoke('monitorTrainingProgress', { job_id, include_checkpoints: true, include_history: true });
check('history has a row an epoch', monitored?.history?.filter((h) => h.epoch).length >= 6, monitored?.history);
check('getTrainingJob', (await invoke('getTrainingJob', { job_id }))?.status === 'completed');
check('listTrainingJobs', (await invoke('listTrainingJobs', { agent_id }))?.jobs.some((j) => j.job_id === job_id));
if (has('listCheckpoints')) check('listCheckpoints', (await invoke('listCheckpoints', { job_id }))?.checkpoints.length > 0);
check('evaluateTrainingResults', (await invoke('evaluateTrainingResults', { job_id }))?.evaluation.overall_score > 50);
check('generateTrainingReport', (await invoke('generateTrainingReport', { job_id, format: 'markdown' })) !== undefined);
const written = await invoke('generateTrainingReport', { job_id, format: 'markdown' });
const verified = await invoke('verifyTrainingReport', { report: written?.report ?? written?.content ?? written });
check('verifyTrainingReport', verified?.verified === true, verified);

// ---- asking ----
const answer = await invoke('invokeAgent', { agent_id, input: examples[0].input });
checkShape('invokeAgent', { output: 'string', confidence: 'number', abstained: 'boolean', alternatives: [{ output: 'string', confidence: 'number' }],
  interaction_id: 'string', propensity: 'number', agent_id: 'string', version_id: 'string' }, answer);
check('it learned that', answer?.output === examples[0].expected_output, answer);
check('it was the best', answer?.propensity === 1 && answer.alternatives[0].output === answer.output);
const unsure = await invoke('invokeAgent', { agent_id, input: 'zzz qqq', threshold: 1 });
check('it abstains', unsure?.abstained === true && unsure.output === null, unsure);
await invoke('recordFeedback', { interaction_id: answer.interaction_id, feedback: 'correct', rating: 1 }, 200);
await refused('feedback of nothing', 404, 'NOT_FOUND', base44.functions.invoke('recordFeedback', { interaction_id: 'intr_0000000000000000', feedback: 'correct' }));

await invoke('invokeAgent', { agent_id, texts: examples.slice(0, 5).map((e) => e.input).concat(['one', 'two', 'three', 'four']) });
const adaptation = await invoke('adaptAgentBehavior', { agent_id, feedback_window_days: 7, auto_apply: false });
checkShape('adaptAgentBehavior', { drift_found: 'boolean', proposals: [], applied: [], trends: [{ name: 'string', changed: 'boolean' }] }, adaptation);

// ---- versions ----
const again = await invoke('startTrainingJob', { agent_id, training_data, config: { ...config, seed: 8 } }, 201);
await waitForJob(wrapped, again.job_id);
if (has('compareTrainingRuns')) {
  const compared = await invoke('compareTrainingRuns', { run_ids: [job_id, again.job_id] });
  check('compareTrainingRuns', compared?.runs.length === 2 && compared.overall_ranking.length === 2, compared);
}
const versions = (await invoke('listAgentVersions', { agent_id }))?.versions;
check('two versions', versions?.length === 2, versions);
const oldest = versions?.find((v) => v.version === 1 || v.number === 1) ?? versions?.at(-1);
await invoke('deployAgentVersion', { agent_id, version_id: oldest.version_id });
check('the deployed version answers', (await invoke('invokeAgent', { agent_id, input: 'hello' }))?.version_id === oldest.version_id);
await invoke('rollbackAgent', { agent_id });
check('and the one before it again', (await invoke('invokeAgent', { agent_id, input: 'hello' }))?.version_id !== oldest.version_id);

// ---- pause, resume, cancel, delete ----
const long = { epochs: 10000, earlyStopping: false, checkpointInterval: 1, threads: 1 };
const paused = await invoke('startTrainingJob', { agent_id, training_data, config: long }, 201);
await waitForJob(wrapped, paused.job_id, 'running');
await invoke('pauseTrainingJob', { job_id: paused.job_id });
await waitForJob(wrapped, paused.job_id, 'paused');
await invoke('resumeTrainingJob', { job_id: paused.job_id });
await waitForJob(wrapped, paused.job_id, 'running');
await invoke('cancelTrainingJob', { job_id: paused.job_id });
await waitForJob(wrapped, paused.job_id, 'cancelled');
await invoke('deleteTrainingJob', { job_id: paused.job_id });
await refused('a deleted job', 404, 'NOT_FOUND', base44.functions.invoke('monitorTrainingProgress', { job_id: paused.job_id }));

// ---- modules and data sets ----
if (has('createTrainingModule')) {
  const { module_id } = await invoke('createTrainingModule', { name: `returns-${stamp}`, examples: examples.slice(0, 20) }, 201);
  check('getTrainingModule', (await invoke('getTrainingModule', { module_id }))?.module_id === module_id);
  check('listTrainingModules', (await invoke('listTrainingModules', {}))?.modules.some((m) => m.module_id === module_id));
  const made = await invoke('generateSyntheticTrainingData', { module_id, sample_count: 5 });
  check('generateSyntheticTrainingData', made?.scenarios.length === made?.generated && typeof made?.diversity_score === 'number', made);
  if (made?.dataset_id) await invoke('deleteDataset', { dataset_id: made.dataset_id });
  await invoke('deleteTrainingModule', { module_id });
}
if (has('uploadDataset')) {
  const lines = examples.map((e) => JSON.stringify(e)).join('\n');
  const dataset = await invoke('uploadDataset', { name: `desk-${stamp}`, file: new File([lines], 'desk.jsonl') }, 201);
  check('uploadDataset counts rows', (dataset?.rows ?? dataset?.examples) === examples.length, dataset);
  const { dataset_id } = dataset;
  check('listDatasets', (await invoke('listDatasets', {}))?.datasets.some((d) => d.dataset_id === dataset_id));
  const fromSet = await invoke('startTrainingJob', { agent_id, training_data: { dataset_id }, config }, 201);
  await waitForJob(wrapped, fromSet.job_id);
  await invoke('deleteTrainingJob', { job_id: fromSet.job_id, with_versions: true });
  await invoke('deleteDataset', { dataset_id });
}
if (has('validateTrainingData')) check('validateTrainingData', (await invoke('validateTrainingData', { training_data })) !== undefined);

// ---- plugins and presets ----
check('listPlugins', (await invoke('listPlugins', {}))?.plugins.length > 10);
if (has('listPresets')) check('listPresets', (await invoke('listPresets', {}))?.presets.length > 0);

// ---- tokens ----
const hook = await invoke('registerWebhook', { url: 'https://hooks.invalid/desk', events: ['training.completed'] }, 201);
check('a webhook has a secret', hook?.secret?.startsWith('whsec_'));
const { webhook_id } = hook;
check('listWebhooks has no secret', !JSON.stringify(await invoke('listWebhooks', {})).includes('whsec_'));
check('updateWebhook', (await invoke('updateWebhook', { webhook_id, description: 'desk' }))?.description === 'desk');
const ping = await invoke('testWebhook', { webhook_id });
check('a ping to nobody fails', ping?.status === 'failed', ping);
check('rotateWebhookSecret', (await invoke('rotateWebhookSecret', { webhook_id }))?.secret !== hook.secret);
check('listWebhookDeliveries', (await invoke('listWebhookDeliveries', { webhook_id }))?.deliveries[0].attempts.length === 1);
check('redeliverWebhook', (await invoke('redeliverWebhook', { delivery_id: ping.delivery_id }, 201))?.message_id === ping.message_id);
await refused('a webhook that leads inward', 422, 'VALIDATION_ERROR', base44.functions.invoke('registerWebhook', { url: 'https://127.0.0.1/' }));
check('deleteWebhook', (await invoke('deleteWebhook', { webhook_id }))?.deleted === true);
check('getUsage', (await invoke('getUsage', {}))?.quotas.some((q) => q.quota === 'jobs_per_day' && q.used > 0));

const made = await invoke('createToken', { scope: 'read', name: 'reader' }, 201);
const reader = createClient({ serverUrl, appId: 'hone', token: made.token });
check('a token that reads', (await reader.functions.invoke('listAgents', {})).status === 200);
check('listTokens has no secret', !JSON.stringify(await invoke('listTokens', {})).includes(made.token.split('_')[2]));
await invoke('revokeToken', { token_id: made.token_id });
await new Promise((done) => setTimeout(done, 1000)); // it may work on for so long

// ---- errors ----
await refused('a revoked token', 401, 'UNAUTHORIZED', reader.functions.invoke('listAgents', {}));
const faults = await refused('faults of a request', 422, 'VALIDATION_ERROR', base44.functions.invoke('startTrainingJob',
  { agent_id, training_data: { examples: [{ input: 'a', expected_output: 'b', weight: -1 }, { expected_output: 'c' }] }, config: { epoch: 3 } }));
const paths = (faults?.response.data.error.details ?? []).map((d) => d.path);
check('each fault with its path', ['training_data.examples[0].weight', 'training_data.examples[1].input', 'config.epoch'].every((p) => paths.includes(p)), paths);
check('a hint', JSON.stringify(faults?.response.data).includes('epochs'));
await refused('no such function', 404, 'NOT_FOUND', base44.functions.invoke('startTraningJob', {}));
await refused('no such agent', 404, 'NOT_FOUND', base44.functions.invoke('getAgent', { agent_id: 'agent_0000000000000000' }));
await refused('no such job', 404, 'NOT_FOUND', base44.functions.invoke('monitorTrainingProgress', { job_id: 'job_xyz123' }));
await refused('nothing that is needed', 422, 'VALIDATION_ERROR', base44.functions.invoke('monitorTrainingProgress'));
await refused('no token', 401, 'UNAUTHORIZED', createClient({ serverUrl, appId: 'hone' }).functions.invoke('listAgents', {}));
await refused('a wrong token', 401, 'UNAUTHORIZED', createClient({ serverUrl, appId: 'hone', token: `${token}x` }).functions.invoke('listAgents', {}));

// ---- the rest of the client ----
if (base44.functions.fetch) { // not in 0.8.17
  const got = await base44.functions.fetch(`monitorTrainingProgress?job_id=${job_id}`);
  check('functions.fetch by GET', got.status === 200 && (await got.json()).data.status === 'completed');
  const posted = await base44.functions.fetch('/listAgents', { method: 'POST', body: '{"limit":1}', headers: { 'Content-Type': 'application/json' } });
  check('functions.fetch by POST', posted.status === 200 && (await posted.json()).data.agents.length === 1);
}
const later = createClient({ serverUrl, appId: 'hone', token: 'none' });
later.auth.setToken?.(token, false);
if (later.auth.setToken) check('a token that is set later', (await later.functions.invoke('listAgents', {})).status === 200);

await invoke('deleteAgent', { agent_id });
await refused('a deleted agent', 404, 'NOT_FOUND', base44.functions.invoke('getAgent', { agent_id }));
if (has('runTrainingPipeline')) {
  check('listPipelines', (await invoke('listPipelines', {}))?.pipelines.length > 0);
  const { pipeline_run_id } = await invoke('runTrainingPipeline', { definition: { steps: { never: { do: 'gate', require: '1 > 2', otherwise: 'fail' } } } }, 201);
  const ended = async () => {
    for (let i = 0; i < 300; i++) {
      const run = await invoke('getPipelineRun', { pipeline_run_id });
      if (run?.status === 'failed') return run;
      await new Promise((r) => setTimeout(r, 100));
    }
    return undefined;
  };
  check('a gate that is shut ends a run', (await ended()) !== undefined);
  check('listPipelineRuns', JSON.stringify(await invoke('listPipelineRuns', {})).includes(pipeline_run_id));
  await invoke('resumePipelineRun', { pipeline_run_id });
  check('and again', (await ended()) !== undefined);
  await invoke('cancelPipelineRun', { pipeline_run_id });
}
for (const name of ['backupState', 'checkState']) { // for this machine's own command line
  await refused(name, 422, 'VALIDATION_ERROR', base44.functions.invoke(name, { file: 'backup' }));
  called.add(name);
}
const left = [...known.keys()].filter((name) => !called.has(name));
check('every function was invoked', known.size > 5 && left.length === 0, left);
finish();
