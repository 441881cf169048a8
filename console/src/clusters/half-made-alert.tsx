/** What to do with a cluster of two Regions that was not made to its end: go on, or roll back. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { type Cluster, partsOfArn } from '../api/control-plane.ts';
import { useTexts } from '../app/preferences.tsx';
import { hrefOf, useFollow, useRouter } from '../app/router.tsx';
import { useChange } from '../app/use-change.ts';
import { useClusters, useRegionNames } from './cluster-queries.ts';
import { counterparts, finish, rollBack } from './peering.ts';
import { RegionSelect } from './place-fields.tsx';

export function HalfMadeAlert({ region, cluster }: { readonly region: string; readonly cluster: Cluster }): ReactNode {
  const t = useTexts();
  const { go } = useRouter();
  const follow = useFollow();
  const names = useRegionNames();
  const { data: clusters } = useClusters();
  const [chosen, setChosen] = useState<string>();
  const witness = cluster.multiRegionProperties?.witnessRegion;
  const others = names.filter((name) => name !== region && name !== witness);
  const peer = chosen ?? others[0] ?? '';
  const goingOn = useChange(() => finish(cluster, names, peer), { message: () => t('clusters.createdMessage') });
  const goingBack = useChange(() => rollBack(cluster, names), {
    message: () => t('clusters.rolledBack'),
    onDone: () => go('/clusters'),
  });
  // Until the list is there nobody knows whether a counterpart exists.
  if (clusters === undefined) return null;
  const found = counterparts(cluster, clusters)[0];
  return (
    <Alert
      type="warning"
      header={t('clusters.halfMade')}
      action={
        <SpaceBetween direction="horizontal" size="xs">
          <Button loading={goingBack.isRunning} disabled={goingOn.isRunning} onClick={() => goingBack.run(undefined)}>
            {t('clusters.rollBack')}
          </Button>
          <Button
            loading={goingOn.isRunning}
            disabled={goingBack.isRunning || (found === undefined && peer === '')}
            onClick={() => goingOn.run(undefined)}
          >
            {t('clusters.goOn')}
          </Button>
        </SpaceBetween>
      }
    >
      {found === undefined ? (
        <SpaceBetween size="s">
          <span>{t('clusters.noPeer')}</span>
          <RegionSelect label={t('clusters.peerRegion')} value={peer} options={others} onChoose={setChosen} />
        </SpaceBetween>
      ) : (
        <SpaceBetween size="xxs">
          <span>{t('clusters.peerNotTold')}</span>
          <Link href={hrefOf(`/clusters/${partsOfArn(found.arn).region}/${found.identifier}`)} onFollow={follow}>
            {`${partsOfArn(found.arn).region}: ${found.identifier}`}
          </Link>
        </SpaceBetween>
      )}
    </Alert>
  );
}
