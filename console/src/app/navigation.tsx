/** The navigation at the side. */
import SideNavigation from '@cloudscape-design/components/side-navigation';
import type { ReactNode } from 'react';
import { useTexts } from './preferences.tsx';
import { hrefOf, useFollow } from './router.tsx';
import type { Route } from './routes.tsx';

export function Navigation({ area }: { readonly area: Route['area'] }): ReactNode {
  const t = useTexts();
  return (
    <SideNavigation
      header={{ text: t('shell.navigation'), href: hrefOf('/clusters') }}
      activeHref={hrefOf(area)}
      onFollow={useFollow()}
      items={[
        { type: 'link', text: t('clusters.title'), href: hrefOf('/clusters') },
        { type: 'link', text: t('backups.title'), href: hrefOf('/backups') },
        { type: 'link', text: t('regions.title'), href: hrefOf('/regions') },
        { type: 'divider' },
        { type: 'link', text: t('audit.title'), href: hrefOf('/audit') },
        { type: 'link', text: t('identities.title'), href: hrefOf('/identities') },
      ]}
    />
  );
}
