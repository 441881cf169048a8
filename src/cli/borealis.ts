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

const start = program.command('start').description('start a deployment and serve until told to stop');
for (const flag of startFlags) {
  start.option(
    `--${flag.name}${flag.argument === undefined ? '' : ` <${flag.argument}>`}`,
    `${flag.description}${flag.fallback ? ` (${flag.fallback})` : ''}`,
  );
}
start.action(async (options) => {
  const values = { ...flagValues(options) };
  // commander reads --no-X as X = false.
  if (options.defaultCluster === false) values['no-default-cluster'] = true;
  delete values['default-cluster'];
  const { start: run } = await import('./start.ts');
  await run(values, process.env);
});

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
