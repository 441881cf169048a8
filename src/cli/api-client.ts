/** Calls the HTTP API of a running deployment, signed like any other client's calls. */
import { request as httpRequest } from 'node:http';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { AccessKey } from '#iam/iam.ts';
import { signRequest } from '#iam/signed-request.ts';
import { CommandError, type DeploymentFile, readDeployment, reason } from './data-directory.ts';
import { accessKeyFor } from './own-key.ts';

export type ApiAnswer = Readonly<Record<string, unknown>>;

type RawAnswer = { readonly status: number; readonly body: Buffer };

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
  async call(region: string, method: 'GET' | 'POST' | 'DELETE', target: string, content?: object | Uint8Array): Promise<ApiAnswer> {
    const answer = await this.#send(region, method, target, content);
    if (answer.status === 200) return this.#parsed(answer.body);
    throw this.#refusal(answer);
  }

  /** An answer that is no JSON document. */
  async bytes(region: string, target: string): Promise<Uint8Array> {
    const answer = await this.#send(region, 'GET', target, undefined);
    if (answer.status === 200) return answer.body;
    throw this.#refusal(answer);
  }

  /** undefined when there is no such thing. */
  async find(region: string, target: string): Promise<ApiAnswer | undefined> {
    const answer = await this.#send(region, 'GET', target, undefined);
    if (answer.status === 200) return this.#parsed(answer.body);
    if (answer.status === 404) return undefined;
    throw this.#refusal(answer);
  }

  /** Hands over the lines of an answer as they come; what `take` throws ends it. */
  async lines(region: string, target: string, take: (line: string) => void): Promise<void> {
    let rest = '';
    const answer = await this.#send(region, 'GET', target, undefined, (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
    });
    if (answer.status !== 200) throw this.#refusal(answer);
  }

  #refusal({ status, body }: RawAnswer): CommandError {
    const { message } = this.#parsed(body);
    return new CommandError(typeof message === 'string' ? message : `the deployment answered ${status}`);
  }

  #parsed(body: Buffer): ApiAnswer {
    try {
      return Object.fromEntries(Object.entries(JSON.parse(body.toString('utf8'))));
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): CommandError {
    return new CommandError(`the deployment of ${this.#dataDir} cannot be reached: is it running? (${reason(error)})`);
  }

  /** `take`: is given a good answer's text piece by piece, which is then not in the answer. */
  async #send(
    region: string,
    method: string,
    target: string,
    content: object | Uint8Array | undefined,
    take?: (chunk: string) => void,
  ): Promise<RawAnswer> {
    const { host: address, httpPort, httpFingerprint } = this.deployment;
    const host = reachable(address);
    const isBytes = content instanceof Uint8Array;
    const body = isBytes ? content : Buffer.from(content === undefined ? '' : JSON.stringify(content));
    const parts = {
      method,
      target,
      body,
      headers: new Map([
        ['host', `${host.includes(':') ? `[${host}]` : host}:${httpPort}`],
        ['content-type', isBytes ? 'application/octet-stream' : 'application/json'],
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
    const socket = httpFingerprint === undefined ? undefined : await this.#secureSocket(host, httpPort, httpFingerprint);
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => reject(this.#unreachable(error));
      const sent = httpRequest(socket === undefined ? options : { ...options, createConnection: () => socket });
      sent.on('error', refuse);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('error', refuse);
        if (take !== undefined && response.statusCode === 200) {
          response.setEncoding('utf8').on('data', (chunk: string) => {
            try {
              take(chunk);
            } catch (error) {
              reject(error);
              response.destroy();
            }
          });
        } else response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      sent.end(body);
    });
  }

  /** To whoever shows the very certificate that the deployment has noted down: names and authorities need not be known here. */
  #secureSocket(host: string, port: number, fingerprint: string): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ host, port, rejectUnauthorized: false });
      socket.once('error', (error) => reject(this.#unreachable(error)));
      socket.once('secureConnect', () => {
        if (socket.getPeerCertificate().fingerprint256 === fingerprint) return resolve(socket);
        socket.destroy();
        reject(new CommandError(`port ${port} of ${host} shows another certificate than the deployment of ${this.#dataDir} does`));
      });
    });
  }
}

/** Where clients of this machine reach what listens on all addresses. */
export const reachable = (address: string): string => (address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address);
