/** Tags as rows that are edited. */
import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Input from '@cloudscape-design/components/input';
import type { ReactNode } from 'react';
import { useTexts } from '../app/preferences.tsx';

export type TagRow = { readonly key: string; readonly value: string };

/** Rows without a key are left out; of two with the same key the later counts. */
export const editedTags = (rows: readonly TagRow[]): Readonly<Record<string, string>> =>
  Object.fromEntries(rows.filter(({ key }) => key !== '').map(({ key, value }) => [key, value]));

export function TagRows({
  rows,
  setRows,
}: {
  readonly rows: readonly TagRow[];
  readonly setRows: (rows: readonly TagRow[]) => void;
}): ReactNode {
  const t = useTexts();
  const change = (at: number, changed: Partial<TagRow>): void => setRows(rows.map((row, i) => (i === at ? { ...row, ...changed } : row)));
  return (
    <AttributeEditor
      items={[...rows]}
      addButtonText={t('clusters.addTag')}
      removeButtonText={t('clusters.remove')}
      removeButtonAriaLabel={({ key }) => `${t('clusters.remove')} ${key}`}
      empty={t('clusters.noTags')}
      onAddButtonClick={() => setRows([...rows, { key: '', value: '' }])}
      onRemoveButtonClick={({ detail }) => setRows(rows.filter((_, i) => i !== detail.itemIndex))}
      definition={[
        {
          label: t('clusters.tagKey'),
          control: ({ key }, i) => <Input value={key} onChange={({ detail }) => change(i, { key: detail.value })} />,
        },
        {
          label: t('clusters.tagValue'),
          control: ({ value }, i) => <Input value={value} onChange={({ detail }) => change(i, { value: detail.value })} />,
        },
      ]}
    />
  );
}
