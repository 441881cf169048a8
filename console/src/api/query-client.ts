/** How answers are kept and asked for again. */
import { QueryClient } from '@tanstack/react-query';
import { RequestFailure } from './request.ts';

/** Of what is shown live. */
export const liveMs = 2_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What the node has refused it will refuse again; a node that was away may be back.
      retry: (failures, error) => !(error instanceof RequestFailure) && failures < 3,
      staleTime: 1_000,
    },
  },
});
