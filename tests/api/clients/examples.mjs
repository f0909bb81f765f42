// The examples of the Training API's document, as they stand there; only the ids are those of this server's agents, jobs and modules,
// since the document's own do not exist. Each answer has every field that the document shows, of the type that it shows.
// Use: node examples.mjs SDK-DIRECTORY URL TOKEN
import { check, checkShape, finish } from './check.mjs';
import { withFunctions } from '../../../docs/examples/base44-functions.mjs';
import { functionsOf, waitForJob, trainingExamples } from './server.mjs';

const [sdk, serverUrl, token] = process.argv.slice(2);
const { createClient } = await import(`${sdk}/node_modules/@base44/sdk/dist/index.js`);
const base44 = withFunctions(createClient({ serverUrl, appId: 'hone', token }));
const known = await functionsOf(serverUrl, token);

// What the document's ids stand for.
const ids = {};
async function trained(name) {
  const agent = await base44.functions.createAgent({ name });
  const job = await base44.functions.startTrainingJob({ agent_id: agent.data.agent_id, training_data: { examples: trainingExamples() },
    config: { epochs: 10, checkpointInterval: 5 } });
  await waitForJob(base44, job.data.job_id);
  return { agent: agent.data.agent_id, job: job.data.job_id };
}
const first = await trained(`documents-first-${process.pid}`);
const second = await trained(`documents-second-${process.pid}`);
ids.agent_abc123 = (await base44.functions.createAgent({ name: `documents-example-${process.pid}` })).data.agent_id;
ids.module_abc = (await base44.functions.createTrainingModule({ name: `documents-module-${process.pid}`, examples: trainingExamples() })).data.module_id;
ids.job_xyz123 = ids.job_a123 = first.job;
ids.job_baseline456 = ids.job_b456 = second.job;

const started = {
  success: 'boolean',
  data: {
    job_id: 'string', agent_id: 'string', status: 'string', config: {},
    progress: { current_epoch: 'number', total_epochs: 'number', current_step: 'number', total_steps: 'number', percent_complete: 'number' },
    estimates: { total_samples: 'number', training_samples: 'number', validation_samples: 'number', estimated_duration_ms: 'number' },
    started_at: 'string',
  },
  trace_id: 'string',
};
const monitored = {
  success: 'boolean',
  data: {
    job_id: 'string', status: 'string',
    progress: { current_epoch: 'number', total_epochs: 'number', current_step: 'number', total_steps: 'number', percent_complete: 'number',
      estimated_time_remaining_ms: 'number' },
    metrics: { loss: 'number', accuracy: 'number', validation_loss: 'number', validation_accuracy: 'number', learning_rate: 'number',
      token_usage: 'number' },
    checkpoints: [{ id: 'string', epoch: 'number', step: 'number', metrics: {} }],
  },
};
const evaluated = {
  success: 'boolean',
  data: {
    job_id: 'string',
    evaluation: { overall_score: 'number', quality_grade: 'string',
      metric_scores: { accuracy: 'number', precision: 'number', recall: 'number', f1_score: 'number' }, summary: 'string' },
    analysis: { convergence_status: 'string', overfitting_risk: 'string', underfitting_risk: 'string', training_efficiency: 'number' },
    strengths: ['string'], weaknesses: ['string'],
    recommendations: [{ priority: 'string', category: 'string', recommendation: 'string', expected_impact: 'string' }],
    benchmark_comparison: { accuracy_improvement: 'number', loss_reduction: 'number' },
  },
};
const compared = {
  success: 'boolean',
  data: {
    comparison_id: 'string', runs: [{ job_id: 'string', results: {} }],
    metric_comparisons: { accuracy: { best: { job_id: 'string', value: 'number' }, worst: { job_id: 'string', value: 'number' } } },
    statistical_analysis: { significant: 'boolean', pValue: 'number', effectSize: 'number', improvement_percent: 'number' },
    overall_ranking: [{ job_id: 'string', score: 'number' }],
    recommendations: { summary: 'string', optimal_config: {}, next_steps: ['string'] },
  },
};

// The code of the document, to the letter; `shape` is what its response shows (NULL: it shows none).
const examples = [
  ['startTrainingJob', started, `
const result = await base44.functions.startTrainingJob({
  agent_id: 'agent_abc123',
  training_data: {
    examples: [
      {
        input: 'What is your return policy?',
        expected_output: 'Our return policy allows...',
        feedback: 'correct'
      }
    ]
  },
  config: {
    epochs: 10,
    batchSize: 32,
    learningRate: 0.001,
    trainingType: 'supervised',
    earlyStopping: true
  }
});`],
  ['monitorTrainingProgress', monitored, `
const progress = await base44.functions.monitorTrainingProgress({
  job_id: 'job_xyz123',
  include_checkpoints: true
});`],
  ['evaluateTrainingResults', evaluated, `
const evaluation = await base44.functions.evaluateTrainingResults({
  job_id: 'job_xyz123',
  evaluation_criteria: ['accuracy', 'precision', 'recall', 'f1_score'],
  benchmark_against: 'job_baseline456'
});`],
  ['compareTrainingRuns', compared, `
const comparison = await base44.functions.compareTrainingRuns({
  run_ids: ['job_a123', 'job_b456'],
  comparison_metrics: ['accuracy', 'loss', 'training_time'],
  statistical_tests: true,
  generate_recommendations: true
});`],
  ['generateTrainingReport', null, `
const report = await base44.functions.generateTrainingReport({
  job_id: 'job_xyz123',
  report_type: 'single_job',
  include_sections: ['summary', 'metrics', 'charts', 'recommendations'],
  format: 'html'
});`],
  ['generateSyntheticTrainingData', null, `
const result = await base44.functions.generateSyntheticTrainingData({
  module_id: 'module_abc',
  sample_count: 20,
  difficulty: 'medium'
});`],
  ['adaptAgentBehavior', null, `
const adaptation = await base44.functions.adaptAgentBehavior({
  agent_id: 'agent_abc123',
  feedback_window_days: 7,
  auto_apply: false
});`],
];

const AsyncFunction = (async () => {}).constructor;
for (const [name, shape, code] of examples) {
  if (!known.has(name)) {
    console.log(`${name} is not among the functions of this server: its example is not run`);
    continue;
  }
  const missing = [...code.matchAll(/^ {2}(\w+):/gm)].map((m) => m[1]).filter((p) => !known.get(name).has(p));
  if (missing.length) {
    console.log(`${name} of this server does not take ${missing}: its example is not run`);
    continue;
  }
  const text = code.replace(/'((?:agent|job|module)_[a-z0-9]+)'/g, (all, id) => `'${ids[id] ?? id}'`);
  const variable = text.match(/const (\w+) = /)[1];
  try {
    for (let i = 0; name === 'adaptAgentBehavior' && i < 5; i++) await base44.functions.invokeAgent({ agent_id: ids.agent_abc123, input: `question ${i}` });
    const answer = await new AsyncFunction('base44', `${text}\nreturn ${variable};`)(base44);
    check(`${name}: success`, answer.success === true, answer);
    if (shape) checkShape(name, shape, answer);
    if (name === 'startTrainingJob') {
      check('the status after a start', answer.data.status === 'preparing', answer.data.status);
      check('total_epochs', answer.data.progress.total_epochs === 10, answer.data.progress);
      await waitForJob(base44, answer.data.job_id);
    }
  } catch (e) {
    check(`${name} answers`, false, e.response?.data ?? e.message);
  }
}
finish();
