/** How a SQL file is run. */
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { useTexts } from '../app/preferences.tsx';
import type { ImportRequest } from './file-upload.ts';

export function SqlOptions({ onStart }: { readonly onStart: (request: ImportRequest) => void }): ReactNode {
  const t = useTexts();
  const [stopsAtError, setStops] = useState(true);
  return (
    <SpaceBetween size="s">
      <Checkbox checked={stopsAtError} onChange={({ detail }) => setStops(detail.checked)}>
        {t('import.stopsAtError')}
      </Checkbox>
      <Button variant="primary" onClick={() => onStart({ kind: 'sql', stopsAtError })}>
        {t('import.start')}
      </Button>
    </SpaceBetween>
  );
}
