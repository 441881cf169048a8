import { readFileSync } from 'node:fs';
import { it } from 'vitest';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { SqlError } from '#base/sql-error.ts';
import { TextSink } from './testing/text-sink.ts';
it('probe', async () => {
  const cluster = await MemoryCluster.start();
  const s = cluster.connect();
  const text = readFileSync(process.env.PROBE ?? '/tmp/fk/probe.sql', 'utf8');
  for (const q of text.split(/;\s*\n/)) {
    if (q.trim() === '' || q.startsWith('\\')) continue;
    const sink = new TextSink();
    console.log(`> ${q.trim()}`);
    try { await s.simpleQuery(q, sink); } catch (e) { if (!(e instanceof SqlError)) throw e; sink.lines.push(`ERROR ${e.sqlstate} ${e.message} | ${e.fields.detail ?? ''}`); }
    console.log([...s.takeNotices().map((n) => `${n.severity} ${n.message} ${n.fields?.detail ?? n.detail ?? ''}`), ...sink.lines].join('\n'));
  }
});
