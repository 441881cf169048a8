/** The frame of every page: the bar on top, the navigation, messages, and the page of the address; the sign-in page when nobody is signed in. */
import AppLayout from '@cloudscape-design/components/app-layout';
import Box from '@cloudscape-design/components/box';
import Flashbar from '@cloudscape-design/components/flashbar';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { type ReactNode, Suspense, useEffect } from 'react';
import { useMessages } from './messages.tsx';
import { Navigation } from './navigation.tsx';
import { useTexts } from './preferences.tsx';
import { hrefOf, useFollow, useRouter } from './router.tsx';
import { type PageParameters, type Route, routeOf } from './routes.tsx';
import { useSession } from './session.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { TopBar } from './top-bar.tsx';

export function Application(): ReactNode {
  const { state } = useSession();
  const t = useTexts();
  useEffect(() => {
    if (state.kind === 'out') document.title = `${t('signIn.title')} – Borealis`;
  }, [state.kind, t]);
  if (state.kind === 'asking') return null;
  return (
    <>
      <TopBar />
      {state.kind === 'out' ? <SignInPage hasEnded={state.hasEnded} /> : <Frame />}
    </>
  );
}

function Frame(): ReactNode {
  const { path } = useRouter();
  const { messages } = useMessages();
  const found = routeOf(path);
  return (
    <AppLayout
      headerSelector="#top-bar"
      navigation={<Navigation area={found?.route.area ?? '/clusters'} />}
      toolsHide
      notifications={<Flashbar items={[...messages]} stackItems />}
      content={found === undefined ? <NoSuchPage /> : <Page route={found.route} parameters={found.parameters} />}
    />
  );
}

function NoSuchPage(): ReactNode {
  const t = useTexts();
  const follow = useFollow();
  return (
    <Box textAlign="center" padding="xxxl">
      <SpaceBetween size="m">
        <Box variant="h1">{t('shell.noSuchPage')}</Box>
        <Link href={hrefOf('/clusters')} onFollow={follow}>
          {t('clusters.title')}
        </Link>
      </SpaceBetween>
    </Box>
  );
}

function Page({ route, parameters }: { readonly route: Route; readonly parameters: PageParameters }): ReactNode {
  const t = useTexts();
  const title = t(route.title);
  useEffect(() => {
    document.title = `${title} – Borealis`;
  }, [title]);
  const { page: Content } = route;
  return (
    <Suspense fallback={<Spinner size="large" />}>
      <Content parameters={parameters} key={[route.area, parameters.region, parameters.id].join(' ')} />
    </Suspense>
  );
}
