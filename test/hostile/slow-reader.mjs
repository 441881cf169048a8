// A client that reads at a given pace, in a process of its own: SQL and megabytes a second as arguments, connection settings in the environment.
// Prints the bytes received so far, a line every 100 ms.
import pg from 'pg';

const [sql, pace] = process.argv.slice(2);
const bytesAStep = (Number(pace) * 1_000_000) / 200;
const client = new pg.Client({ ssl: { rejectUnauthorized: false } });
await client.connect();
const { stream } = client.connection;
let received = 0;
let allowance = bytesAStep;
stream.prependListener('data', (data) => {
  received += data.length;
  allowance -= data.length;
  if (allowance < 0) stream.pause();
});
setInterval(() => {
  allowance = Math.min(allowance + bytesAStep, bytesAStep);
  if (allowance > 0) stream.resume();
}, 5);
setInterval(() => console.log(received), 100);
const query = new pg.Query({ text: sql, rowMode: 'array' });
// node-postgres would keep every row; here they are only counted as bytes.
query.handleDataRow = () => {};
query.callback = (error) => {
  console.log(error ? `failed ${error.message}` : `done ${received}`);
  process.exit(0);
};
client.query(query);
