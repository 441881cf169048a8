/** `npm run sim -- --seed 42`: one simulated history (src/simulator/run.ts says what else it takes). */
import { prepare } from './prepare.mjs';

prepare();
await import('../dist/simulator/run.js');
