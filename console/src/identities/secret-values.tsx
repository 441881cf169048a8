/** Parts of a key, to be copied: a secret stays hidden until it is asked for. */
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { useTexts } from '../app/preferences.tsx';

type Value = { readonly label: string; readonly value: string; readonly isSecret: boolean };

export function SecretValues({ values }: { readonly values: readonly Value[] }): ReactNode {
  return <KeyValuePairs columns={values.length} items={values.map((each) => ({ label: each.label, value: <SecretValue {...each} /> }))} />;
}

function SecretValue({ label, value, isSecret }: Value): ReactNode {
  const t = useTexts();
  const [isShown, setShown] = useState(!isSecret);
  return (
    <SpaceBetween direction="horizontal" size="xs" alignItems="center">
      <span style={{ overflowWrap: 'anywhere' }}>{isShown ? value : '••••••••••••'}</span>
      {isShown ? null : (
        <Button variant="inline-link" ariaLabel={`${t('identities.show')}: ${label}`} onClick={() => setShown(true)}>
          {t('identities.show')}
        </Button>
      )}
      <CopyToClipboard
        variant="icon"
        copyButtonAriaLabel={`${t('clusters.copy')}: ${label}`}
        copySuccessText={t('clusters.copied')}
        copyErrorText={t('clusters.notCopied')}
        textToCopy={value}
      />
    </SpaceBetween>
  );
}
