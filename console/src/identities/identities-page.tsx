/** Users and roles beside the root: who they are, what they may do, and the keys that they have. */
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import type { ReactNode } from 'react';
import { useTexts } from '../app/preferences.tsx';
import { Principals } from './principals.tsx';

export function IdentitiesPage(): ReactNode {
  const t = useTexts();
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={t('identities.description')}>
        {t('identities.title')}
      </Header>
      <Tabs
        ariaLabel={t('identities.title')}
        tabs={[
          { id: 'users', label: t('identities.users'), content: <Principals kind="User" /> },
          { id: 'roles', label: t('identities.roles'), content: <Principals kind="Role" /> },
        ]}
      />
    </SpaceBetween>
  );
}
