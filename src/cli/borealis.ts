/** The command line. One file a command; this one only knows their names and flags. */
import { Command } from 'commander';
import { CommandError } from './data-directory.ts';
import { dataDirFlag, type FlagValues, flagReader, startFlags } from './options.ts';

const program = new Command('borealis')
  .description('A distributed SQL database that behaves like Amazon Aurora DSQL')
  .showHelpAfterError('(see borealis --help)')
  // So that what stands behind `psql` and its own flags is psql's.
  .enablePositionalOptions();

/** commander turns --http-port into httpPort; flags are looked up by their own names. */
const flagValues = (options: Record<string, unknown>): FlagValues => {
  const values: Record<string, string | boolean> = {};
  for (const [key, value] of Object.entries(options)) {
    if (typeof value === 'string' || typeof value === 'boolean')
      values[key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)] = value;
  }
  return values;
};

const withStartFlags = (command: Command): Command => {
  for (const flag of startFlags) {
    command.option(
      `--${flag.name}${flag.argument === undefined ? '' : ` <${flag.argument}>`}`,
      `${flag.description}${flag.fallback ? ` (${flag.fallback})` : ''}`,
    );
  }
  return command;
};
const start = withStartFlags(program.command('start').description('start a deployment and serve until told to stop'));
start.action(async (options) => {
  const values = { ...flagValues(options) };
  // commander reads --no-X as X = false.
  if (options.defaultCluster === false) values['no-default-cluster'] = true;
  delete values['default-cluster'];
  const { start: run } = await import('./start.ts');
  await run(values, process.env);
});

withStartFlags(program.command('fleet').description('start a whole fleet on this machine: NATS servers and a node in each Region')).action(
  async (options) => {
    const { fleet } = await import('./fleet/fleet.ts');
    await fleet(flagValues(options), process.env);
  },
);

const withDataDir = (command: Command): Command =>
  command.option('--data-dir <DIR>', `${dataDirFlag.description} (${dataDirFlag.fallback})`);
const withEndpoint = (command: Command): Command =>
  withDataDir(command).option('--cluster <ID>', 'the cluster (the default one)').option('--region <REGION>', 'the Region (the first one)');

const dataDirOf = (options: Record<string, unknown>): string => flagReader(flagValues(options), process.env)(dataDirFlag) ?? '';
const choiceOf = (options: Record<string, unknown>) => ({
  dataDir: dataDirOf(options),
  cluster: typeof options.cluster === 'string' ? options.cluster : undefined,
  region: typeof options.region === 'string' ? options.region : undefined,
});

withDataDir(program.command('stop').description('stop the deployment of a data directory and wait until it has stopped')).action(
  async (options) => {
    const { stop } = await import('./stop.ts');
    await stop(dataDirOf(options));
  },
);

withEndpoint(program.command('token').description('print a token: the password for a connection'))
  .option('--user <NAME>', 'database role', 'admin')
  .option('--expires-in <SECONDS>', 'life of the token', '900')
  .action(async (options) => {
    const { token } = await import('./token.ts');
    await token(choiceOf(options), options.user, options.expiresIn);
  });

withEndpoint(program.command('env').description('print shell exports for psql, drivers and the AWS SDKs: eval "$(borealis env)"'))
  .option('--user <NAME>', 'database role', 'admin')
  .action(async (options) => {
    const { env } = await import('./env.ts');
    await env(choiceOf(options), options.user);
  });

withEndpoint(program.command('psql').description('run psql, connected'))
  .option('--user <NAME>', 'database role', 'admin')
  .argument('[psql arguments...]', 'handed to psql; put -- before those that begin with a dash and are ours too')
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (rest: string[], options) => {
    const { psql } = await import('./psql.ts');
    await psql(choiceOf(options), options.user, rest);
  });

const withJson = (command: Command): Command => withDataDir(command).option('--json', 'print a JSON document');
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const clusterChoiceOf = (options: Record<string, unknown>) => ({
  dataDir: dataDirOf(options),
  region: textOf(options.region),
  isJson: options.json === true,
});

const cluster = program.command('cluster').description('create, list, show, change and delete clusters of a running deployment');
const withRegion = (command: Command): Command => withJson(command).option('--region <REGION>', 'the Region');
withRegion(cluster.command('create').description('create a cluster, or with --regions two that are linked'))
  .option('--regions <NAMES>', 'two Regions: a multi-Region cluster over them')
  .option('--witness-region <REGION>', 'the witness Region of a multi-Region cluster')
  .option('--tag <NAME=VALUE...>', 'tags')
  .option('--no-deletion-protection', 'without deletion protection')
  .action(async (options) => {
    const { createClusters } = await import('./cluster.ts');
    await createClusters({
      ...clusterChoiceOf(options),
      regions: textOf(options.regions)?.split(','),
      witnessRegion: textOf(options.witnessRegion),
      tags: Array.isArray(options.tag) ? options.tag.map(String) : [],
      isProtected: options.deletionProtection !== false,
    });
  });
withRegion(cluster.command('list').description('list the clusters of all Regions, or of one')).action(async (options) => {
  const { listClusters } = await import('./cluster.ts');
  await listClusters(clusterChoiceOf(options));
});
withRegion(cluster.command('get').description('show a cluster').argument('<id>')).action(async (id: string, options) => {
  const { getCluster } = await import('./cluster.ts');
  await getCluster(id, clusterChoiceOf(options));
});
withRegion(cluster.command('update').description('change a cluster').argument('<id>'))
  .option('--deletion-protection <on|off>', 'whether it is protected from deletion')
  .option('--witness-region <REGION>', 'while a multi-Region cluster is being set up')
  .option('--peer <ARN>', 'the cluster to link with, while a multi-Region cluster is being set up')
  .action(async (id: string, options) => {
    const { updateCluster } = await import('./cluster.ts');
    await updateCluster(id, {
      ...clusterChoiceOf(options),
      protection: textOf(options.deletionProtection),
      witnessRegion: textOf(options.witnessRegion),
      peer: textOf(options.peer),
    });
  });
withRegion(cluster.command('delete').description('delete a cluster and all that is in it').argument('<id>')).action(
  async (id: string, options) => {
    const { deleteCluster } = await import('./cluster.ts');
    await deleteCluster(id, clusterChoiceOf(options));
  },
);

const withNewCluster = (command: Command): Command =>
  withRegion(command)
    .option('--regions <NAMES>', 'two Regions: a multi-Region cluster over them')
    .option('--witness-region <REGION>', 'the witness Region of a multi-Region cluster')
    .option('--no-deletion-protection', 'without deletion protection');
const newClusterOf = (options: Record<string, unknown>) => ({
  ...clusterChoiceOf(options),
  regions: textOf(options.regions)?.split(','),
  witnessRegion: textOf(options.witnessRegion),
  isProtected: options.deletionProtection !== false,
});
withNewCluster(cluster.command('fork').description('make a new cluster that begins as a copy of this one').argument('<id>'))
  .option('--at <TIME>', 'as it was then, such as 2026-01-31T12:00:00Z, as far as its past is retained')
  .action(async (id: string, options) => {
    const { forkCluster } = await import('./backup.ts');
    await forkCluster(id, textOf(options.at), newClusterOf(options));
  });
withRegion(program.command('backup').description('write all of a cluster, as it is at one timestamp, into a file').argument('<file>'))
  .option('--cluster <ID>', 'the cluster (the default one)')
  .action(async (file: string, options) => {
    const { backup } = await import('./backup.ts');
    await backup(file, textOf(options.cluster), clusterChoiceOf(options));
  });
withNewCluster(
  program.command('restore').description('make a cluster of what a backup holds, or of what a cluster was at a moment').argument('[file]'),
)
  .option('--at <TIME>', 'instead of a file: as a cluster was then, such as 2026-01-31T12:00:00Z, as far as its past is retained')
  .option('--of <ID>', 'with --at: the cluster (the default one)')
  .option('--cluster <new|ID>', 'a new cluster, or one whose content is replaced', 'new')
  .action(async (file: string | undefined, options) => {
    const { restore, restoreMoment } = await import('./backup.ts');
    const at = textOf(options.at);
    if ((at === undefined) === (file === undefined)) throw new CommandError('restore takes a backup file, or --at TIME');
    if (at !== undefined && textOf(options.cluster) !== 'new')
      throw new CommandError('what was at a moment is restored into a new cluster');
    if (file === undefined) await restoreMoment(at ?? '', textOf(options.of), newClusterOf(options));
    else await restore(file, { ...newClusterOf(options), cluster: textOf(options.cluster) ?? 'new' });
  });

const stream = program.command('stream').description('change streams: what is committed to a cluster, as it is committed');
const withStream = (command: Command): Command => withRegion(command).option('--cluster <ID>', 'the cluster (the default one)');
const streamChoiceOf = (options: Record<string, unknown>) => ({ ...clusterChoiceOf(options), cluster: textOf(options.cluster) });
withStream(stream.command('create').description('begin a stream of all changes from now on')).action(async (options) => {
  const { createStream } = await import('./stream.ts');
  await createStream(streamChoiceOf(options));
});
withStream(stream.command('list').description("list a cluster's streams")).action(async (options) => {
  const { listStreams } = await import('./stream.ts');
  await listStreams(streamChoiceOf(options));
});
withStream(stream.command('get').description('show a stream').argument('<id>')).action(async (id: string, options) => {
  const { getStream } = await import('./stream.ts');
  await getStream(id, streamChoiceOf(options));
});
withStream(stream.command('delete').description('end a stream').argument('<id>')).action(async (id: string, options) => {
  const { deleteStream } = await import('./stream.ts');
  await deleteStream(id, streamChoiceOf(options));
});
withStream(stream.command('tail').description('print changes as they are committed, a JSON document a line').argument('<id>'))
  .option('--from <POSITION>', 'a position of an earlier line, TRIM_HORIZON (all that is kept) or LATEST', 'TRIM_HORIZON')
  .option('--no-follow', 'end when there are no more')
  .action(async (id: string, options) => {
    const { tailStream } = await import('./stream.ts');
    await tailStream(id, String(options.from), options.follow !== false, streamChoiceOf(options));
  });

const region = program.command('region').description('the Regions of a running deployment, and faults to try on them');
withJson(region.command('list').description('show the Regions')).action(async (options) => {
  const { listRegions } = await import('./region.ts');
  await listRegions(dataDirOf(options), options.json === true);
});
for (const [fault, description] of [
  ['isolate', 'cut the links of a Region'],
  ['heal', 'join the links of a Region again'],
  ['stop', "end a Region's endpoint and replicas"],
  ['start', "start a Region's endpoint and replicas again"],
] as const) {
  withJson(region.command(fault).description(description).argument('<region>')).action(async (name: string, options) => {
    const { faultRegion } = await import('./region.ts');
    await faultRegion(fault, name, dataDirOf(options), options.json === true);
  });
}

withJson(program.command('iam').description('users, roles, policies and access keys of a running deployment'))
  .argument('<operation>', 'such as create-user, put-user-policy, create-access-key, create-role, assume-role')
  .argument('[arguments...]', "the operation's members")
  .action(async (operation: string, values: string[], options) => {
    const { iam } = await import('./iam.ts');
    await iam(operation, values, dataDirOf(options), options.json === true);
  });

program
  .command('lint')
  .description('tell which statements of SQL scripts Aurora DSQL would refuse, and why; exit code 1 when there are any')
  .argument('<file...>', 'SQL scripts; - is standard input')
  .option('--json', 'print a JSON document')
  .action(async (files: string[], options) => {
    const { lint } = await import('./lint.ts');
    await lint(files, options.json === true);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`borealis: ${error.message}\n`);
  process.exitCode = 1;
}
