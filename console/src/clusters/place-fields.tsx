/** Where a new cluster is to be: one Region, or two with the witness Region; and whether it is protected. */
import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { type ReactNode, useState } from 'react';
import type { ClusterPlace } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useRegionNames, useRegions } from './cluster-queries.ts';

export type PlaceChoice = {
  readonly region: string;
  /** undefined: one Region. */
  readonly peer: string | undefined;
  readonly witness: string;
  readonly isProtected: boolean;
  /** The fields, in the order of a form; `children` come between the type and the Regions. */
  readonly fields: (children?: ReactNode) => ReactNode;
  /** All that is needed has been chosen. */
  readonly isComplete: boolean;
};

export function usePlace(): PlaceChoice {
  const t = useTexts();
  const names = useRegionNames();
  const { data } = useRegions();
  const witness = data?.regions.find(({ role }) => role === 'witness')?.name ?? '';
  const [kind, setKind] = useState<'single' | 'multi'>('single');
  const [chosenRegion, setRegion] = useState<string>();
  const [chosenPeer, setPeer] = useState<string>();
  const [isProtected, setProtected] = useState(true);
  const region = chosenRegion ?? names[0] ?? '';
  const others = names.filter((other) => other !== region);
  const peer = chosenPeer !== undefined && chosenPeer !== region ? chosenPeer : (others[0] ?? '');
  const fields = (children?: ReactNode): ReactNode => (
    <SpaceBetween size="l">
      <FormField label={t('clusters.type')} stretch>
        <Tiles
          value={kind}
          onChange={({ detail }) => setKind(detail.value === 'multi' ? 'multi' : 'single')}
          items={[
            { value: 'single', label: t('clusters.singleRegion'), description: t('clusters.singleRegionDescription') },
            {
              value: 'multi',
              label: t('clusters.multiRegion'),
              description: t('clusters.multiRegionDescription'),
              disabled: names.length < 2,
            },
          ]}
        />
      </FormField>
      {children}
      <RegionSelect label={t('clusters.region')} value={region} options={names} onChoose={setRegion} />
      {kind === 'multi' ? <RegionSelect label={t('clusters.peerRegion')} value={peer} options={others} onChoose={setPeer} /> : null}
      {kind === 'multi' ? <Alert type="info">{t('clusters.witnessIs', { witness })}</Alert> : null}
      <Checkbox
        checked={isProtected}
        onChange={({ detail }) => setProtected(detail.checked)}
        description={t('clusters.protectionDescription')}
      >
        {t('clusters.protection')}
      </Checkbox>
    </SpaceBetween>
  );
  return {
    region,
    peer: kind === 'multi' ? peer : undefined,
    witness,
    isProtected,
    fields,
    isComplete: region !== '' && (kind === 'single' || peer !== ''),
  };
}

/** As restoring and forking ask for it. */
export const placeOf = ({ region, peer, witness, isProtected }: PlaceChoice): ClusterPlace => ({
  regions: peer === undefined ? [region] : [region, peer],
  ...(peer === undefined ? {} : { witnessRegion: witness }),
  deletionProtectionEnabled: isProtected,
});

export function RegionSelect(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChoose: (region: string) => void;
}): ReactNode {
  const { label, value, options, onChoose } = props;
  return (
    <FormField label={label}>
      <Select
        selectedOption={value === '' ? null : { value, label: value }}
        options={options.map((option) => ({ value: option, label: option }))}
        onChange={({ detail }) => onChoose(detail.selectedOption.value ?? '')}
      />
    </FormField>
  );
}
