/** Calls the HTTP API of a running deployment, signed like any other client's calls. */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import type { AccessKey } from '#iam/iam.ts';
import { signRequest } from '#iam/signed-request.ts';
import { CommandError, type DeploymentFile, readDeployment, reason } from './data-directory.ts';
import { accessKeyFor } from './own-key.ts';

export type ApiAnswer = Readonly<Record<string, unknown>>;

export class ApiClient {
  readonly deployment: DeploymentFile;
  readonly #dataDir: string;
  readonly #key: AccessKey;

  constructor(dataDir: string, environment: NodeJS.ProcessEnv) {
    this.deployment = readDeployment(dataDir);
    this.#dataDir = dataDir;
    this.#key = accessKeyFor(dataDir, environment);
  }

  /** Throws CommandError with the answer's own words. `target` is path and query. */
  async call(region: string, method: 'GET' | 'POST' | 'DELETE', target: string, content?: object): Promise<ApiAnswer> {
    const answer = await this.#send(region, method, target, content);
    if (answer.status === 200) return answer.content;
    const { message } = answer.content;
    throw new CommandError(typeof message === 'string' ? message : `the deployment answered ${answer.status}`);
  }

  /** undefined when there is no such thing. */
  async find(region: string, target: string): Promise<ApiAnswer | undefined> {
    const answer = await this.#send(region, 'GET', target, undefined);
    if (answer.status === 200) return answer.content;
    if (answer.status === 404) return undefined;
    throw new CommandError(String(answer.content.message));
  }

  async #send(
    region: string,
    method: string,
    target: string,
    content: object | undefined,
  ): Promise<{ readonly status: number; readonly content: ApiAnswer }> {
    const { host: address, httpPort } = this.deployment;
    const host = reachable(address);
    const isSecure = !isLoopbackAddress(address);
    const body = Buffer.from(content === undefined ? '' : JSON.stringify(content));
    const parts = {
      method,
      target,
      body,
      headers: new Map([
        ['host', `${host.includes(':') ? `[${host}]` : host}:${httpPort}`],
        ['content-type', 'application/json'],
      ]),
    };
    const headers = signRequest(parts, { region, service: 'dsql', now: Date.now() * 1_000 }, this.#key);
    const options = {
      host,
      port: httpPort,
      method,
      path: target,
      headers: { ...Object.fromEntries(headers), 'content-length': body.length },
    };
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void =>
        reject(new CommandError(`the deployment of ${this.#dataDir} cannot be reached: is it running? (${reason(error)})`));
      const sent = isSecure ? httpsRequest({ ...options, ca: readFileSync(path.join(this.#dataDir, 'tls/ca.crt')) }) : httpRequest(options);
      sent.on('error', refuse);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', refuse);
        response.on('end', () => {
          try {
            resolve({
              status: response.statusCode ?? 0,
              content: Object.fromEntries(Object.entries(JSON.parse(Buffer.concat(chunks).toString('utf8')))),
            });
          } catch (error) {
            refuse(error instanceof Error ? error : new Error(String(error)));
          }
        });
      });
      sent.end(body);
    });
  }
}

/** Where clients of this machine reach what listens on all addresses. */
export const reachable = (address: string): string => (address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address);

const isLoopbackAddress = (address: string): boolean => address === 'localhost' || address === '::1' || address.startsWith('127.');
