/** Finds the page of the address, and goes to others without loading anything anew. All addresses begin with /console. */
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react';

const base = '/console';

type Router = { readonly path: string; readonly go: (path: string) => void };

const RouterContext = createContext<Router>({ path: '/', go: () => {} });

export const useRouter = (): Router => use(RouterContext);

/** What a link's href is for a path. */
export const hrefOf = (path: string): string => `${base}${path}`;

export function RouterProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [path, setPath] = useState(currentPath);
  useEffect(() => {
    const follow = (): void => setPath(currentPath());
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);
  const go = useCallback((next: string) => {
    window.history.pushState(null, '', hrefOf(next));
    setPath(next);
    window.scrollTo(0, 0);
  }, []);
  const router = useMemo(() => ({ path, go }), [path, go]);
  return <RouterContext value={router}>{children}</RouterContext>;
}

function currentPath(): string {
  const { pathname } = window.location;
  return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : '/clusters';
}

/** For components of Cloudscape that follow links: ours change the page in place, all others leave it. */
export function useFollow(): (event: CustomEvent<{ readonly href?: string | undefined; readonly external?: boolean | undefined }>) => void {
  const { go } = useRouter();
  return useCallback(
    (event) => {
      const { href, external } = event.detail;
      if (external === true || href === undefined || !href.startsWith(`${base}/`)) return;
      event.preventDefault();
      go(href.slice(base.length));
    },
    [go],
  );
}

/** The parameters of a path by its pattern (`/clusters/:region/:id`); undefined when it is another page's. */
export function match(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.replace(/\/$/, '').split('/')];
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [i, want] of wanted.entries()) {
    const value = given[i] ?? '';
    if (want.startsWith(':')) found[want.slice(1)] = decodeURIComponent(value);
    else if (want !== value) return undefined;
  }
  return found;
}
