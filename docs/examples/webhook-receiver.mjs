// A receiver of Hone's webhooks without any library: checks the signature over the bytes as they came, refuses what is old, and does each message
// once, however often it is delivered. The package `standardwebhooks` does the checking as well (docs/webhooks.md).
//
//   HONE_WEBHOOK_SECRET_FILE=/etc/hooks/secret node webhook-receiver.mjs 8090
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const TOLERANCE_S = 300;

// The event of a delivery, or an error when it is not Hone's. `secret` is whsec_..., `headers` are in lower case, `body` is the text as it came.
export function verify(secret, headers, body) {
  const id = headers['webhook-id'], timestamp = headers['webhook-timestamp'], signatures = headers['webhook-signature'];
  if (!id || !timestamp || !signatures) throw new Error('the headers of a webhook are missing');
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_S)) throw new Error('the webhook is too old');
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const want = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const good = signatures.split(' ').some((one) => { // several while a secret is changed
    const [version, text] = one.split(',', 2);
    const have = Buffer.from(text ?? '', 'base64');
    return version === 'v1' && have.length === want.length && timingSafeEqual(have, want);
  });
  if (!good) throw new Error('the signature is wrong');
  return JSON.parse(body);
}

export function receiver(secret, handle) {
  const done = new Set(); // a database in earnest: it must outlive the process for as long as messages are tried, 76 hours
  return createServer(async (request, response) => {
    let event;
    try {
      const parts = [];
      for await (const part of request) parts.push(part);
      event = verify(secret, request.headers, Buffer.concat(parts).toString('utf8'));
    } catch (error) {
      response.writeHead(400).end(error.message);
      return;
    }
    if (!done.has(request.headers['webhook-id'])) {
      await handle(event);
      done.add(request.headers['webhook-id']);
    }
    response.writeHead(204).end();
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const secret = readFileSync(process.env.HONE_WEBHOOK_SECRET_FILE, 'utf8').trim();
  const server = receiver(secret, (event) => console.log(event.type, event.job_id ?? ''));
  server.listen(Number(process.argv[2] ?? 8090), '127.0.0.1', () => console.log('listening on port', server.address().port));
}
