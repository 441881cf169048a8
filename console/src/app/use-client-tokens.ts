/** Idempotency tokens: asking for the same again, because an answer was lost, goes with the same token, so that nothing is made twice. */
import { useRef } from 'react';

export function useClientTokens(): (request: string) => string {
  const last = useRef({ request: '', token: '' });
  return (request) => {
    if (last.current.request !== request) last.current = { request, token: crypto.randomUUID() };
    return last.current.token;
  };
}
