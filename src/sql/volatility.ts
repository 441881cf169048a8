/** Whether two calls with the same arguments may differ: of a built-in function its catalog says so, of a user's the call. */
import { procByOid } from './builtins.ts';
import type { FunctionCall } from './expression.ts';

export const isVolatileCall = ({ form, function: procOid }: Pick<FunctionCall, 'form' | 'function'>): boolean =>
  form.kind === 'routine' ? form.isVolatile : procByOid(procOid)?.volatility === 'v';
