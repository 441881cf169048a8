/**
 * A Lambda function that keeps a list of tasks in Aurora DSQL, or in Borealis: the code is the same, only the environment differs.
 *
 *   DSQL_ENDPOINT    ID.dsql.REGION.on.aws; for Borealis' default cluster the address of the Region's port
 *   AWS_REGION       set by Lambda itself
 *   DSQL_PORT        5432 unless set
 *   DSQL_CA_FILE     the authority to verify with; unset in AWS, where the system's own will do
 *
 * The connector signs a token for each new connection with the function's own credentials: there is no password to keep. The pool lives outside the handler,
 * so that a warm function has its connection already. Conflicting transactions fail with SQLSTATE 40001 at COMMIT, and are tried again.
 */
import { readFileSync } from 'node:fs';
import { AuroraDSQLPool } from '@aws/aurora-dsql-node-postgres-connector';

const { DSQL_ENDPOINT, AWS_REGION, DSQL_PORT, DSQL_CA_FILE } = process.env;

const pool = new AuroraDSQLPool({
  host: DSQL_ENDPOINT,
  port: Number(DSQL_PORT ?? 5432),
  region: AWS_REGION,
  user: 'admin',
  // A function's instance serves one event at a time.
  max: 1,
  ssl: DSQL_CA_FILE === undefined ? { rejectUnauthorized: true } : { ca: readFileSync(DSQL_CA_FILE, 'utf8') },
  retry: { maxRetries: 10 },
});
// A connection that ends while nobody uses it (after an hour, or with the server) is replaced by the next event's.
pool.on('error', (error) => console.warn(`an idle connection has ended: ${error.message}`));

const actions = {
  /** Once, before everything else. One statement: a transaction holds one change of the schema. */
  async setup() {
    await pool.query(`CREATE TABLE IF NOT EXISTS tasks (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      title text NOT NULL,
      is_done boolean NOT NULL DEFAULT false,
      times_changed integer NOT NULL DEFAULT 0
    )`);
    return { ok: true };
  },

  async create({ title }) {
    const { rows } = await pool.query('INSERT INTO tasks (title) VALUES ($1) RETURNING *', [title]);
    return rows[0];
  },

  async list() {
    const { rows } = await pool.query('SELECT * FROM tasks ORDER BY title, id LIMIT 100');
    return rows;
  },

  async get({ id }) {
    const { rows } = await pool.query('SELECT * FROM tasks WHERE id = $1', [id]);
    return rows[0] ?? null;
  },

  /** Reads and writes in one transaction: two functions that change the same task at once conflict, and the second tries again. */
  async update({ id, title, isDone }) {
    return pool.transaction(async (client) => {
      const { rows } = await client.query('SELECT * FROM tasks WHERE id = $1 FOR UPDATE', [id]);
      if (rows.length === 0) return null;
      const [task] = rows;
      const changed = await client.query('UPDATE tasks SET title = $2, is_done = $3, times_changed = $4 WHERE id = $1 RETURNING *', [
        id,
        title ?? task.title,
        isDone ?? task.is_done,
        task.times_changed + 1,
      ]);
      return changed.rows[0];
    });
  },

  async remove({ id }) {
    const { rowCount } = await pool.query('DELETE FROM tasks WHERE id = $1', [id]);
    return { removed: rowCount };
  },
};

/** Lambda's entry point: `{"action": "create", "title": "…"}` */
export async function handler(event) {
  const action = Object.hasOwn(actions, event.action) ? actions[event.action] : undefined;
  if (action === undefined) return { statusCode: 400, body: { message: `unknown action: ${event.action}` } };
  try {
    return { statusCode: 200, body: await action(event) };
  } catch (error) {
    console.error(error);
    return { statusCode: 500, body: { message: error.message, code: error.code } };
  }
}

/** For the local invoker: Lambda freezes the process instead. */
export const close = () => pool.end();
