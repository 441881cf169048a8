/** Where the rows of a CSV file go, and how it is written. */
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useEffect, useState } from 'react';
import { useTexts } from '../app/preferences.tsx';
import type { RelationFacts, SchemaFacts } from '../schema-browser/schema-api.ts';
import { firstFields, guessedColumns, guessedDelimiter, looksLikeHeader } from './csv-guess.ts';
import type { ImportRequest } from './file-upload.ts';

type CsvOptionsProps = {
  readonly file: File;
  readonly facts: SchemaFacts | undefined;
  readonly onStart: (request: ImportRequest) => void;
};

const headBytes = 64 * 1024;

export function CsvOptions({ file, facts, onStart }: CsvOptionsProps): ReactNode {
  const t = useTexts();
  const [head, setHead] = useState('');
  const [table, setTable] = useState<RelationFacts>();
  const [columns, setColumns] = useState('');
  const [hasHeader, setHeader] = useState(false);
  const [delimiter, setDelimiter] = useState(',');
  const [quote, setQuote] = useState('"');
  const [nullText, setNull] = useState('');
  useEffect(() => {
    let isWanted = true;
    void file
      .slice(0, headBytes)
      .text()
      .then((text) => {
        if (!isWanted) return;
        setHead(text);
        setDelimiter(guessedDelimiter(text));
      });
    return () => {
      isWanted = false;
    };
  }, [file]);

  const choose = (chosen: RelationFacts | undefined): void => {
    setTable(chosen);
    if (chosen === undefined) return;
    const fields = firstFields(head, delimiter, quote);
    const isHeader = looksLikeHeader(fields, chosen);
    setHeader(isHeader);
    setColumns(guessedColumns(fields, isHeader, chosen).join(', '));
  };
  const tables = (facts?.relations ?? []).filter(({ kind }) => kind === 'table');
  const options = tables.map(({ oid, schema, name }) => ({ value: String(oid), label: `${schema}.${name}` }));
  const start = (): void => {
    if (table === undefined) return;
    const names = columns
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    onStart({ kind: 'csv', schema: table.schema, table: table.name, columns: names, hasHeader, delimiter, quote, nullText });
  };
  return (
    <SpaceBetween size="s">
      <FormField label={t('import.table')}>
        <Select
          options={options}
          empty={t('import.noTables')}
          filteringType="auto"
          placeholder={t('import.chooseTable')}
          selectedOption={options.find(({ value }) => value === String(table?.oid)) ?? null}
          onChange={({ detail }) => choose(tables.find(({ oid }) => String(oid) === detail.selectedOption.value))}
        />
      </FormField>
      <FormField label={t('import.columns')} description={t('import.columnsDescription')}>
        <Input value={columns} spellcheck={false} onChange={({ detail }) => setColumns(detail.value)} />
      </FormField>
      <Checkbox checked={hasHeader} onChange={({ detail }) => setHeader(detail.checked)}>
        {t('import.hasHeader')}
      </Checkbox>
      <SpaceBetween size="m" direction="horizontal">
        <FormField label={t('import.delimiter')}>
          <Input
            value={delimiter === '\t' ? '\\t' : delimiter}
            onChange={({ detail }) => setDelimiter(detail.value === '\\t' ? '\t' : detail.value)}
          />
        </FormField>
        <FormField label={t('import.quote')}>
          <Input value={quote} onChange={({ detail }) => setQuote(detail.value)} />
        </FormField>
        <FormField label={t('import.null')}>
          <Input value={nullText} onChange={({ detail }) => setNull(detail.value)} />
        </FormField>
      </SpaceBetween>
      <Button variant="primary" disabled={table === undefined} onClick={start}>
        {t('import.start')}
      </Button>
    </SpaceBetween>
  );
}
