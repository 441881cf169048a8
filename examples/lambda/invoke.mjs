/**
 * Invokes the handler as Lambda would, on this machine, against a running Borealis:
 *
 *   eval "$(npx borealis env)"
 *   node examples/lambda/invoke.mjs '{"action":"setup"}' '{"action":"create","title":"write"}' '{"action":"list"}'
 *
 * `borealis env` exports the address, the Region and an access key; all that differs from AWS is put into the function's environment here. Prints the answer
 * to each event as a line of JSON. Events in one `[…]` run at the same time, each in a function instance of its own.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

function functionEnvironment() {
  const { PGHOST, PGPORT, DSQL_ENDPOINT = PGHOST, DSQL_PORT = PGPORT, DSQL_CA_FILE } = process.env;
  if (DSQL_ENDPOINT === undefined) throw new Error('set the environment first: eval "$(npx borealis env)"');
  return { ...process.env, DSQL_ENDPOINT, DSQL_PORT, DSQL_CA_FILE: DSQL_CA_FILE ?? 'borealis-data/tls/ca.crt' };
}

/** One instance of the function: its own module, its own pool. */
function invoke(event) {
  return new Promise((resolve, reject) => {
    const instance = new Worker(new URL(import.meta.url), { workerData: event, env: functionEnvironment() });
    instance.once('message', resolve);
    instance.once('error', reject);
  });
}

if (isMainThread) {
  for (const text of process.argv.slice(2)) {
    const event = JSON.parse(text);
    const answers = await Promise.all([event].flat().map(invoke));
    for (const answer of answers) console.log(JSON.stringify(answer));
  }
} else {
  const { handler, close } = await import('./handler.mjs');
  parentPort.postMessage(await handler(workerData));
  await close();
}
