/** `npm run test:long`: the same suite with its long forms (BOREALIS_LONG): more kill rounds, more seeds, longer runs. */
process.env.BOREALIS_LONG = '1';
await import('./test.mjs');
