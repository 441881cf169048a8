/** `npm start`: prepares, then runs `borealis start` in this very process, so that its exit code and its signals are npm's. */
import { prepare } from './prepare.mjs';

prepare();
process.argv.splice(2, 0, 'start');
await import('../bin/borealis.mjs');
