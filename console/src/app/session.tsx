/** Who is signed in: asked for once, then known until signing out or until the node says that the session has ended. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react';
import { goWithSession, RequestFailure, request } from '../api/request.ts';

export type Person = { readonly accessKeyId: string; readonly name: string; readonly arn: string; readonly csrfToken: string };
export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };

type State =
  | { readonly kind: 'asking' }
  | { readonly kind: 'out'; readonly hasEnded: boolean }
  | { readonly kind: 'in'; readonly person: Person };

type SessionControl = {
  readonly state: State;
  readonly signIn: (credentials: Credentials) => Promise<void>;
  readonly signOut: () => Promise<void>;
};

const SessionContext = createContext<SessionControl>({ state: { kind: 'asking' }, signIn: async () => {}, signOut: async () => {} });

export const useSession = (): SessionControl => use(SessionContext);

export function SessionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [state, setState] = useState<State>({ kind: 'asking' });
  const queries = useQueryClient();
  const leave = useCallback(
    (hasEnded: boolean) => {
      goWithSession('', () => {});
      queries.clear();
      setState({ kind: 'out', hasEnded });
    },
    [queries],
  );
  const enter = useCallback(
    (person: Person) => {
      goWithSession(person.csrfToken, () => leave(true));
      setState({ kind: 'in', person });
    },
    [leave],
  );
  useEffect(() => {
    request<Person>('GET', '/console/session').then(enter, (error: unknown) => {
      if (error instanceof RequestFailure) leave(false);
      else throw error;
    });
  }, [enter, leave]);
  const control = useMemo(
    () => ({
      state,
      signIn: async (credentials: Credentials) => enter(await request<Person>('POST', '/console/session', credentials)),
      signOut: async () => {
        await request('DELETE', '/console/session');
        leave(false);
      },
    }),
    [state, enter, leave],
  );
  return <SessionContext value={control}>{children}</SessionContext>;
}
