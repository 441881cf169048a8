/**
 * The flags of `borealis start`: each is also an environment variable BOREALIS_<FLAG> and a key in borealis.config.json.
 * A flag wins over the variable, the variable over the file, the file over the default.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { FleetOptions } from '#main.ts';
import { CommandError, reason } from './data-directory.ts';

export type FlagDefinition = {
  /** Without the dashes; also the key in the configuration file. */
  readonly name: string;
  readonly argument: string | undefined;
  readonly fallback: string | undefined;
  readonly description: string;
};

export const dataDirFlag: FlagDefinition = {
  name: 'data-dir',
  argument: 'DIR',
  fallback: './borealis-data',
  description: 'where everything is kept',
};

export const startFlags: readonly FlagDefinition[] = [
  dataDirFlag,
  { name: 'in-memory', argument: undefined, fallback: undefined, description: 'keep nothing after exit' },
  { name: 'host', argument: 'ADDRESS', fallback: '127.0.0.1', description: 'address to listen on' },
  { name: 'port', argument: 'PORT', fallback: '5432', description: 'SQL port of the first Region; the next Regions count up from it' },
  { name: 'http-port', argument: 'PORT', fallback: '8000', description: 'control plane API, health, metrics' },
  { name: 'regions', argument: 'NAMES', fallback: 'us-east-1,us-east-2', description: 'Regions of the deployment' },
  { name: 'witness-region', argument: 'NAME', fallback: 'us-west-2', description: 'Region that only takes part in the quorum' },
  { name: 'region-rtt', argument: 'TIME', fallback: '0ms', description: 'simulated round trip between Regions' },
  { name: 'profile', argument: 'open|dsql', fallback: 'open', description: 'how close to the restrictions of Aurora DSQL' },
  { name: 'workers', argument: 'N', fallback: '0', description: 'query processor processes beside the main one' },
  {
    name: 'journal',
    argument: 'file|nats://…',
    fallback: 'file',
    description: 'where the journal is kept; with NATS servers this node joins a fleet',
  },
  { name: 'journal-replicas', argument: 'N', fallback: '3', description: 'NATS servers that keep a copy of each journal' },
  {
    name: 'journal-monitor',
    argument: 'URLS',
    fallback: undefined,
    description: 'monitoring addresses of the NATS servers, to see that they synchronise always',
  },
  {
    name: 'trust-journal',
    argument: undefined,
    fallback: undefined,
    description: 'do not ask the NATS servers whether they synchronise always',
  },
  {
    name: 'nats-port',
    argument: 'PORT',
    fallback: '4222',
    description: 'borealis fleet: port of the first NATS server; the others count up',
  },
  { name: 'journal-credentials', argument: 'FILE', fallback: undefined, description: 'credentials file for NATS' },
  { name: 'journal-ca', argument: 'FILE', fallback: undefined, description: 'certificate authority of the NATS servers (TLS)' },
  { name: 'node-name', argument: 'NAME', fallback: 'node-1', description: 'name of this node in a fleet' },
  { name: 'no-default-cluster', argument: undefined, fallback: undefined, description: 'start without the default cluster' },
  {
    name: 'idle-after',
    argument: 'TIME',
    fallback: '10m',
    description: 'a cluster without connections for so long is closed until somebody connects',
  },
  {
    name: 'retain-journal',
    argument: 'TIME',
    fallback: '0',
    description: "so much of each cluster's past is kept, such as 7d: it can be restored (borealis restore --at) and read as of then",
  },
  {
    name: 'stream-retention',
    argument: 'TIME',
    fallback: '24h',
    description: "so much of a cluster's past is kept while it has change streams: how far their readers may be behind",
  },
  { name: 'cluster-quota', argument: 'N', fallback: '20', description: 'single-Region clusters that may be created in a Region' },
  {
    name: 'multi-region-cluster-quota',
    argument: 'N',
    fallback: '5',
    description: 'multi-Region clusters that may be created in a Region',
  },
  { name: 'connection-limit', argument: 'N', fallback: undefined, description: 'open connections to a cluster in a Region (10000)' },
  {
    name: 'connection-rate',
    argument: 'N',
    fallback: undefined,
    description: 'new connections a second (100 in profile dsql, 1000 in open)',
  },
  {
    name: 'connection-burst',
    argument: 'N',
    fallback: undefined,
    description: 'new connections at once (1000 in profile dsql, 10000 in open)',
  },
  {
    name: 'session-duration',
    argument: 'TIME',
    fallback: undefined,
    description: 'a connection ends after so long (1h in profile dsql; 0, which is never, in open)',
  },
  { name: 'api-rate', argument: 'N', fallback: '200', description: 'API calls a second by one access key' },
  { name: 'api-burst', argument: 'N', fallback: '2000', description: 'API calls at once by one access key' },
  { name: 'auth-host-check', argument: 'on|off', fallback: 'on', description: 'whether a token must be for this host' },
  {
    name: 'tls-cert',
    argument: 'FILE',
    fallback: undefined,
    description: "certificate instead of the deployment's own; HTTP is then over TLS on loopback too",
  },
  { name: 'tls-key', argument: 'FILE', fallback: undefined, description: 'its private key' },
  { name: 'log-level', argument: 'LEVEL', fallback: 'info', description: 'debug, info, warn, error' },
  { name: 'log-format', argument: 'pretty|json', fallback: 'pretty', description: 'form of the log on standard error' },
];

export type StartOptions = {
  readonly dataDir: string;
  readonly inMemory: boolean;
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
  readonly regions: readonly string[];
  readonly witnessRegion: string;
  readonly regionRttMs: number;
  readonly profile: 'open' | 'dsql';
  readonly fleet: FleetOptions | undefined;
  /** `borealis fleet`: of the first NATS server, three ports each. */
  readonly natsPort: number;
  readonly hasDefaultCluster: boolean;
  readonly retainedMs: number;
  readonly streamRetainedMs: number;
  readonly idleMs: number;
  readonly singleRegionQuota: number;
  readonly multiRegionQuota: number;
  /** undefined: the profile's. */
  readonly connectionLimit: number | undefined;
  readonly connectionRate: number | undefined;
  readonly connectionBurst: number | undefined;
  readonly sessionMs: number | undefined;
  readonly apiRate: { readonly perSecond: number; readonly burst: number };
  readonly checksTokenHost: boolean;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'pretty' | 'json';
};

export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** The value of a flag from the command line, the environment, the file or its default. */
export function flagReader(given: FlagValues, environment: NodeJS.ProcessEnv): (flag: FlagDefinition) => string | undefined {
  const file = configurationFile();
  return (flag) => {
    const value =
      given[flag.name] ?? environment[`BOREALIS_${flag.name.replaceAll('-', '_').toUpperCase()}`] ?? file[flag.name] ?? flag.fallback;
    return value === undefined ? undefined : String(value);
  };
}

export function startOptions(given: FlagValues, environment: NodeJS.ProcessEnv): StartOptions {
  const read = flagReader(given, environment);
  const text = (name: string): string | undefined => {
    const flag = startFlags.find((candidate) => candidate.name === name);
    return flag === undefined ? undefined : read(flag);
  };
  const needed = (name: string): string => text(name) ?? '';
  const isOn = (name: string): boolean => /^(true|on|yes|1|)$/i.test(text(name) ?? 'false');
  const oneOf = <Choice extends string>(name: string, ...choices: readonly Choice[]): Choice => {
    const value = needed(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new CommandError(`--${name} takes ${choices.join(' or ')}, not "${value}"`);
    return choice;
  };
  const port = (name: string): number => {
    const value = Number(needed(name));
    if (!Number.isInteger(value) || value < 0 || value > 65_535)
      throw new CommandError(`--${name} takes a port number, not "${needed(name)}"`);
    return value;
  };
  const count = (name: string): number => {
    const value = Number(needed(name));
    if (!Number.isInteger(value) || value < 0) throw new CommandError(`--${name} takes a number, not "${needed(name)}"`);
    return value;
  };
  const positive = (name: string): number => {
    const value = count(name);
    if (value === 0) throw new CommandError(`--${name} takes a number above 0`);
    return value;
  };
  const optionalCount = (name: string): number | undefined => (text(name) === undefined ? undefined : count(name));
  const sessionDuration = text('session-duration');
  const regions = needed('regions')
    .split(',')
    .map((name) => name.trim());
  for (const name of [...regions, needed('witness-region')]) {
    if (!/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(name)) throw new CommandError(`"${name}" is no Region name: it should look like us-east-1`);
  }
  if (new Set([...regions, needed('witness-region')]).size !== regions.length + 1)
    throw new CommandError('each Region, and the witness Region, must be another one');
  if (needed('workers') !== '0')
    throw new CommandError('--workers: query processors in processes of their own are not available yet; leave it at 0');
  if ((text('tls-cert') === undefined) !== (text('tls-key') === undefined)) throw new CommandError('--tls-cert and --tls-key go together');
  return {
    dataDir: needed('data-dir'),
    inMemory: isOn('in-memory'),
    host: needed('host'),
    port: port('port'),
    httpPort: port('http-port'),
    regions,
    witnessRegion: needed('witness-region'),
    regionRttMs: milliseconds('region-rtt', needed('region-rtt')),
    profile: oneOf('profile', 'open', 'dsql'),
    natsPort: port('nats-port'),
    fleet: fleetOptions(needed('journal'), regions, text, needed('node-name'), count('journal-replicas'), isOn('trust-journal')),
    hasDefaultCluster: !isOn('no-default-cluster'),
    retainedMs: milliseconds('retain-journal', needed('retain-journal')),
    streamRetainedMs: milliseconds('stream-retention', needed('stream-retention')),
    idleMs: milliseconds('idle-after', needed('idle-after')),
    singleRegionQuota: count('cluster-quota'),
    multiRegionQuota: count('multi-region-cluster-quota'),
    connectionLimit: optionalCount('connection-limit'),
    connectionRate: optionalCount('connection-rate'),
    connectionBurst: optionalCount('connection-burst'),
    sessionMs: sessionDuration === undefined ? undefined : milliseconds('session-duration', sessionDuration),
    apiRate: { perSecond: positive('api-rate'), burst: positive('api-burst') },
    checksTokenHost: oneOf('auth-host-check', 'on', 'off') === 'on',
    tlsCertFile: text('tls-cert'),
    tlsKeyFile: text('tls-key'),
    logLevel: oneOf('log-level', 'debug', 'info', 'warn', 'error'),
    logFormat: oneOf('log-format', 'pretty', 'json'),
  };
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(flag: string, text: string): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|)$/.exec(text);
  if (parts === null) throw new CommandError(`--${flag} takes a time such as 20ms, not "${text}"`);
  return Number(parts[1]) * (unitMs[parts[2]] ?? 1);
}

function configurationFile(): Readonly<Record<string, unknown>> {
  const name = 'borealis.config.json';
  if (!existsSync(name)) return {};
  try {
    const content: unknown = JSON.parse(readFileSync(name, 'utf8'));
    if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new Error('it should hold one object');
    const known = new Set(startFlags.map((flag) => flag.name));
    for (const key of Object.keys(content)) if (!known.has(key)) throw new Error(`unknown key "${key}"`);
    return content as Record<string, unknown>;
  } catch (error) {
    throw new CommandError(`${name}: ${reason(error)}`);
  }
}

/** undefined for a journal in files. */
function fleetOptions(
  journal: string,
  regions: readonly string[],
  text: (name: string) => string | undefined,
  nodeName: string,
  replicas: number,
  trustsServers: boolean,
): FleetOptions | undefined {
  if (journal === 'file') return undefined;
  const servers = journal.split(',').map((url) => url.trim());
  if (!servers.every((url) => /^(nats|tls):\/\/[^/]+$/.test(url)))
    throw new CommandError(`--journal takes file, or NATS servers as nats://host:port,…, not "${journal}"`);
  if (regions.length !== 1) throw new CommandError('a node of a fleet is in one Region: say which with --regions');
  if (!/^[a-z0-9-]{1,63}$/.test(nodeName)) throw new CommandError(`--node-name takes small letters, digits and -, not "${nodeName}"`);
  const credentialsFile = text('journal-credentials');
  const caFile = text('journal-ca');
  return {
    nodeName,
    nats: {
      servers,
      ...(caFile === undefined ? {} : { tls: { caFile } }),
      ...(credentialsFile === undefined ? {} : { credentials: fileContent(credentialsFile) }),
    },
    monitors: (text('journal-monitor') ?? '').split(',').filter((url) => url !== ''),
    trustsServers,
    replicas,
  };
}

function fileContent(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${reason(error)}`);
  }
}
