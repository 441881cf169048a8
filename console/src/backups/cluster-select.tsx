/** Choosing one of the clusters that hold something. */
import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import type { ReactNode } from 'react';
import type { ClusterInRegion } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { useClusters } from '../clusters/cluster-queries.ts';

export function useFilledClusters(): readonly ClusterInRegion[] {
  const { data } = useClusters();
  return (data ?? []).filter(({ status }) => status === 'ACTIVE' || status === 'IDLE');
}

export function ClusterSelect(props: {
  readonly clusters: readonly ClusterInRegion[];
  readonly chosen: ClusterInRegion | undefined;
  readonly description?: string;
  readonly onChoose: (arn: string | undefined) => void;
}): ReactNode {
  const { clusters, chosen, description, onChoose } = props;
  const t = useTexts();
  const optionOf = ({ arn, identifier, region, tags }: ClusterInRegion) => ({
    value: arn,
    label: `${identifier} (${region})`,
    ...(tags.Name === undefined ? {} : { description: tags.Name }),
  });
  return (
    <FormField label={t('clusters.cluster')} description={description}>
      <Select
        selectedOption={chosen === undefined ? null : optionOf(chosen)}
        placeholder={t('backups.chooseCluster')}
        empty={t('clusters.empty')}
        options={clusters.map(optionOf)}
        onChange={({ detail }) => onChoose(detail.selectedOption.value)}
      />
    </FormField>
  );
}
