// webhooks.mjs CLIENTS LOG FIRST SECOND: every delivery that tests/api/receiver wrote into LOG is verified by the npm package standardwebhooks (below
// CLIENTS) and by the receiver of docs/examples: those that carry one signature with the secret in file FIRST, those with two with both secrets.
// Also the vector of the contract, and what must be refused. Prints "N passed, N failed".
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { verify } from '../../../docs/examples/webhook-receiver.mjs';

const [, , clients, log, firstFile, secondFile] = process.argv;
const { Webhook } = createRequire(clients + '/node_modules/')('standardwebhooks');
const first = readFileSync(firstFile, 'utf8').trim(), second = readFileSync(secondFile, 'utf8').trim();
let passed = 0, failed = 0;

function check(what, good) {
  if (good) passed++;
  else { failed++; console.log(`FAIL: ${what}`); }
}
function accepts(what, secret, headers, body, wanted = true) {
  for (const [name, run] of [['standardwebhooks', () => new Webhook(secret).verify(body, headers)], ['the example', () => verify(secret, headers, body)]]) {
    let event = null, why = '';
    try { event = run(); } catch (error) { why = error.message; }
    check(`${what} by ${name}: ${why}`, wanted ? event?.type : !event);
  }
}

const vector = { secret: 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=', id: 'msg_01JTEST0000000000000000000', timestamp: 1767225600,
  body: '{"type":"training.completed","event":"training.completed","timestamp":"2026-01-01T00:00:00Z","job_id":"job_xyz123","agent_id":"agent_abc123","results":{"accuracy":0.87},"data":{"job_id":"job_xyz123"}}' };
check('the vector', new Webhook(vector.secret).sign(vector.id, new Date(vector.timestamp * 1000), vector.body) === 'v1,GrEZ2E7O1ci5fqWca8otsru+MGPd24equN6iqdnOT0I=');

const requests = readFileSync(log, 'utf8').split('\n').filter((line) => line.startsWith('request\t')).map((line) => line.split('\t'));
check('there are deliveries', requests.length >= 4);
for (const [, path, id, timestamp, signature, body] of requests) {
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  const two = signature.includes(' ');
  accepts(`${id} to ${path}`, first, headers, body);
  accepts(`${id} with the second secret`, second, headers, body, two);
  accepts(`${id} with another body`, first, headers, body.replace('"type"', '"Type"'), false);
  accepts(`${id} under another id`, first, { ...headers, 'webhook-id': id + 'x' }, body, false);
  accepts(`${id} of yesterday`, first, { ...headers, 'webhook-timestamp': String(Number(timestamp) - 86400) }, body, false);
}
check('some carry two signatures', requests.some((r) => r[4].includes(' ')));
check('some tell of a job that is done', requests.some((r) => JSON.parse(r[5]).event === 'training.completed' && JSON.parse(r[5]).results));
console.log(`${passed} passed, ${failed} failed`);
