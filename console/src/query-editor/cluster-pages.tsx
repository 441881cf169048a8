/** What the three pages that work inside a cluster have in common: the heading, the way to each other, the Region and the role. */
import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { partsOfArn } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { hrefOf, useRouter } from '../app/router.tsx';
import { useCluster } from '../clusters/cluster-queries.ts';
import type { TextName } from '../texts/texts.ts';
import type { ClusterAddress } from './query-api.ts';

const pages = [
  { name: 'query', text: 'query.title' },
  { name: 'import', text: 'import.title' },
  { name: 'schema', text: 'schema.title' },
] as const satisfies readonly { readonly name: string; readonly text: TextName }[];

type ClusterPageProps = {
  readonly cluster: ClusterAddress;
  readonly page: (typeof pages)[number]['name'];
  readonly role: string;
  readonly onRole: (role: string) => void;
  readonly children: ReactNode;
};

export function ClusterPage({ cluster, page, role, onRole, children }: ClusterPageProps): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const { region, id } = cluster;
  const { data } = useCluster(region, id);
  const peers = (data?.multiRegionProperties?.clusters ?? []).map(partsOfArn);
  const options = [{ region, id }, ...peers.filter((peer) => peer.region !== region)]
    .sort((a, b) => (a.region < b.region ? -1 : 1))
    .map((peer) => ({ value: `${peer.region}/${peer.id}`, label: peer.region }));
  const [written, setWritten] = useState(role);
  const title = pages.find(({ name }) => name === page)?.text ?? 'query.title';
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description={id}>
        {t(title)}
      </Header>
      <nav aria-label={t('query.pages')}>
        <SpaceBetween size="m" direction="horizontal">
          {pages.map(({ name, text }) =>
            name === page ? (
              <Box key={name} variant="span" fontWeight="bold">
                <span aria-current="page">{t(text)}</span>
              </Box>
            ) : (
              <Link
                key={name}
                href={hrefOf(`/clusters/${region}/${id}/${name}`)}
                onFollow={(event) => {
                  event.preventDefault();
                  go(`/clusters/${region}/${id}/${name}`);
                }}
              >
                {t(text)}
              </Link>
            ),
          )}
        </SpaceBetween>
      </nav>
      <SpaceBetween size="m" direction="horizontal">
        <FormField label={t('query.region')}>
          <Select
            options={options}
            selectedOption={{ value: `${region}/${id}`, label: region }}
            onChange={({ detail }) => go(`/clusters/${detail.selectedOption.value ?? ''}/${page}`)}
          />
        </FormField>
        <FormField label={t('query.role')}>
          <Input
            value={written}
            spellcheck={false}
            onChange={({ detail }) => setWritten(detail.value)}
            onBlur={() => {
              if (written.trim() !== '' && written.trim() !== role) onRole(written.trim());
            }}
          />
        </FormField>
      </SpaceBetween>
      {children}
    </SpaceBetween>
  );
}
