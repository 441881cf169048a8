/** `borealis region list|isolate|heal|stop|start`: faults tried on a running deployment. */
import { ApiClient } from './api-client.ts';
import { printAnswer } from './print-answer.ts';

export async function listRegions(dataDir: string, isJson: boolean): Promise<void> {
  const client = new ApiClient(dataDir, process.env);
  printAnswer(await client.call(client.deployment.regions[0].name, 'GET', '/borealis/regions'), isJson);
}

export async function faultRegion(
  fault: 'isolate' | 'heal' | 'stop' | 'start',
  region: string,
  dataDir: string,
  isJson: boolean,
): Promise<void> {
  const client = new ApiClient(dataDir, process.env);
  const target = `/borealis/regions/${encodeURIComponent(region)}/${fault}`;
  printAnswer(await client.call(client.deployment.regions[0].name, 'POST', target, {}), isJson);
}
