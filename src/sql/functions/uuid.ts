/** Making uuids. */
import { type EvaluationContext, type Implementations, scalar } from '../function.ts';
import { uuidFromBytes } from '../types/uuid.ts';

/** Version 4, variant 1: all bits but six are random. */
function randomUuid(context: EvaluationContext): string {
  const bytes = context.random.bytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return uuidFromBytes(bytes);
}

export const uuidFunctions: Implementations = {
  'gen_random_uuid()': scalar(randomUuid),
};
