/** Who may connect as which role: the token's signer must be granted to it (AWS IAM GRANT), and no other way leads in. */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

let deployment: Deployment;
let admin: pg.Client;
let arn: string;
beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory']);
  admin = await deployment.connect();
  arn = (await admin.query('SELECT sys.iam_session_user() AS arn')).rows[0].arn;
});
afterAll(async () => {
  await admin.end();
  await deployment.remove();
});

type Refusal = { readonly code?: string; readonly message: string; readonly hint?: string; readonly severity?: string };
const noHint = `FATAL 08006 unable to accept connection, access denied`;

async function attempt(user: string, tokenFor = user): Promise<string> {
  const password = (await deployment.run('token', '--user', tokenFor)).trim();
  const client = new pg.Client({ ...(await deployment.clientConfig()), user, password });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query('SELECT session_user AS who, sys.iam_session_user() AS arn');
    return `${rows[0].who} ${rows[0].arn}`;
  } catch (error) {
    const { severity, code, message, hint } = error as Refusal;
    return `${severity} ${code} ${message} / ${hint}`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const errorOf = async (sql: string): Promise<string> => {
  try {
    await admin.query(sql);
    return 'success';
  } catch (error) {
    const { code, message } = error as Refusal;
    return `${code} ${message}`;
  }
};

it('a role connects when it is granted to the signer of the token, and not before or after', async () => {
  const notAuthorized = `${noHint} / User: ${arn} is not authorized to access this resource`;
  expect(await attempt('w_app')).toBe(notAuthorized);
  await admin.query('CREATE ROLE w_app LOGIN');
  expect(await attempt('w_app')).toBe(notAuthorized);
  await admin.query(`AWS IAM GRANT w_app TO 'arn:aws:iam::000000000000:role/Other'`);
  expect(await attempt('w_app')).toBe(notAuthorized);
  await admin.query(`AWS IAM GRANT w_app TO '${arn}'`);
  expect(await attempt('w_app')).toBe(`w_app ${arn}`);
  expect(await attempt('w_app', 'admin')).toBe(`${noHint} / Wrong user to action mapping. user: w_app, action: DbConnectAdmin`);
  expect(await attempt('admin', 'w_app')).toBe(`${noHint} / Wrong user to action mapping. user: admin, action: DbConnect`);
  expect(await attempt('postgres')).toBe(notAuthorized);
  await admin.query('ALTER ROLE w_app NOLOGIN');
  expect(await attempt('w_app')).toBe(notAuthorized);
  await admin.query('ALTER ROLE w_app LOGIN');
  await admin.query(`AWS IAM REVOKE w_app FROM '${arn}'`);
  expect(await attempt('w_app')).toBe(notAuthorized);
}, 30_000);

it('AWS IAM GRANT and REVOKE answer as DSQL does', async () => {
  await admin.query('CREATE ROLE w_other LOGIN');
  await admin.query('CREATE ROLE w_nologin');
  const role = `'arn:aws:iam::123456789012:role/App'`;
  expect(await errorOf(`AWS IAM GRANT w_none TO ${role}`)).toBe('42704 Role w_none does not exist');
  expect(await errorOf(`AWS IAM GRANT w_nologin TO ${role}`)).toBe('55000 role w_nologin must have the LOGIN attribute');
  expect(await errorOf(`AWS IAM GRANT w_other TO 'somebody'`)).toBe('22023 IAM role must look like an IAM ARN');
  expect(await errorOf(`AWS IAM GRANT admin TO ${role}`)).toBe('42501 Cannot establish trust with role admin');
  expect(await errorOf(`AWS IAM GRANT w_other TO ${role}`)).toBe('success');
  expect(await errorOf(`AWS IAM GRANT w_other TO ${role}`)).toMatch(/^42710 /);
  const { rows } = await admin.query(
    'SELECT arn, pg_role_name, grantor_pg_role_name FROM sys.iam_pg_role_mappings WHERE pg_role_name = $1',
    ['w_other'],
  );
  expect(rows).toEqual([{ arn: 'arn:aws:iam::123456789012:role/App', pg_role_name: 'w_other', grantor_pg_role_name: 'admin' }]);
  expect(await errorOf('DROP ROLE w_other')).toBe('2BP01 role "w_other" cannot be dropped because some objects depend on it');
  expect(await errorOf(`AWS IAM REVOKE w_other FROM ${role}`)).toBe('success');
  expect(await errorOf(`AWS IAM REVOKE w_other FROM ${role}`)).toMatch(/^42704 /);
  expect(await errorOf('DROP ROLE w_other')).toBe('success');
});

it('a plan kept by a session is checked again when privileges change', async () => {
  await admin.query('CREATE ROLE w_reader LOGIN');
  await admin.query('CREATE TABLE w_t (a int)');
  await admin.query('GRANT SELECT ON w_t TO w_reader');
  const reader = await deployment.connectAs('w_reader', admin);
  const read = async (): Promise<string> => {
    try {
      return String((await reader.query({ name: 'kept', text: 'SELECT count(*) FROM w_t' })).rows[0].count);
    } catch (error) {
      return (error as Refusal).message;
    }
  };
  expect(await read()).toBe('0');
  expect(await read()).toBe('0');
  await admin.query('REVOKE SELECT ON w_t FROM w_reader');
  expect(await read()).toBe('permission denied for table w_t');
  await admin.query('GRANT SELECT ON w_t TO w_reader');
  expect(await read()).toBe('0');
  // COPY reads and writes as SELECT and INSERT do.
  await expect(reader.query('COPY w_t FROM STDIN')).rejects.toThrow('permission denied for table w_t');
  await reader.end();
});
