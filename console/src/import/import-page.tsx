/** Import of CSV and SQL files: dropped or chosen, sent in pieces, with what was refused. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useMemo, useReducer, useRef, useState } from 'react';
import { useTexts } from '../app/preferences.tsx';
import type { PageParameters } from '../app/routes.tsx';
import { ClusterPage } from '../query-editor/cluster-pages.tsx';
import { csvOf, download } from '../query-editor/result-export.ts';
import { SqlErrorAlert } from '../query-editor/result-view.tsx';
import { useSchema } from '../schema-browser/schema-api.ts';
import { CsvOptions } from './csv-options.tsx';
import { FileUpload, type ImportRequest, type RefusedRow } from './file-upload.ts';
import { SqlOptions } from './sql-options.tsx';

export function ImportPage({ parameters }: { readonly parameters: PageParameters }): ReactNode {
  const t = useTexts();
  const { region = '', id = '' } = parameters;
  const cluster = useMemo(() => ({ region, id }), [region, id]);
  const [role, setRole] = useState('admin');
  const [uploads, setUploads] = useState<readonly FileUpload[]>([]);
  const [waiting, setWaiting] = useState<readonly File[]>([]);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const { data: facts, error } = useSchema(cluster, role);
  const start = (file: File, request: ImportRequest): void => {
    const upload = new FileUpload(cluster, file, redraw);
    setUploads((before) => [upload, ...before]);
    setWaiting((before) => before.filter((other) => other !== file));
    void upload.start(role, request);
  };
  return (
    <ClusterPage cluster={cluster} page="import" role={role} onRole={setRole}>
      {error === null ? null : <Alert type="error">{error.message}</Alert>}
      <DropZone onFiles={(files) => setWaiting((before) => [...before, ...files])} />
      {waiting.map((file) => (
        <Container key={`${file.name}/${file.lastModified}`} header={<Header variant="h2">{file.name}</Header>}>
          {/\.sql$/i.test(file.name) ? (
            <SqlOptions onStart={(request) => start(file, request)} />
          ) : (
            <CsvOptions file={file} facts={facts} onStart={(request) => start(file, request)} />
          )}
        </Container>
      ))}
      {uploads.map((upload) => (
        <Container
          key={`${upload.file.name}/${upload.file.lastModified}/${uploads.indexOf(upload)}`}
          header={<Header variant="h2">{upload.file.name}</Header>}
        >
          <UploadProgress upload={upload} />
        </Container>
      ))}
      {waiting.length === 0 && uploads.length === 0 ? <Box color="text-body-secondary">{t('import.limits')}</Box> : null}
    </ClusterPage>
  );
}

function DropZone({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }): ReactNode {
  const t = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  return (
    <section
      aria-label={t('import.drop')}
      data-testid="drop-zone"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onFiles([...event.dataTransfer.files]);
      }}
      style={{ border: `2px ${isOver ? 'solid' : 'dashed'} #7d8998`, borderRadius: 8, padding: 24, textAlign: 'center' }}
    >
      <SpaceBetween size="xs" alignItems="center">
        <Box>{t('import.drop')}</Box>
        <Button iconName="upload" onClick={() => input.current?.click()}>
          {t('import.chooseFiles')}
        </Button>
      </SpaceBetween>
      <input
        ref={input}
        type="file"
        multiple
        accept=".csv,.tsv,.txt,.sql"
        aria-label={t('import.chooseFiles')}
        tabIndex={-1}
        style={{ display: 'none' }}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </section>
  );
}

function UploadProgress({ upload }: { readonly upload: FileUpload }): ReactNode {
  const t = useTexts();
  const { progress, interruption, refused, file } = upload;
  const state = progress?.state ?? 'running';
  const summary = t('import.summary', {
    rows: progress?.rows ?? 0,
    transactions: progress?.transactions ?? 0,
    refused: progress?.refusedCount ?? 0,
  });
  return (
    <SpaceBetween size="s">
      <ProgressBar
        label={t('import.progress')}
        ariaLabel={t('import.progressOf', { name: file.name })}
        value={file.size === 0 ? 100 : Math.floor((100 * (progress?.position ?? 0)) / file.size)}
        description={summary}
      />
      {state === 'finished' ? (
        <StatusIndicator type={refused.length === 0 ? 'success' : 'warning'}>
          {t('import.finished', { rows: progress?.rows ?? 0 })}
        </StatusIndicator>
      ) : null}
      {state === 'running' && upload.isWaiting ? <StatusIndicator type="pending">{t('import.waiting')}</StatusIndicator> : null}
      {interruption === undefined ? null : (
        <Alert
          type="error"
          action={progress === undefined ? null : <Button onClick={() => void upload.proceed()}>{t('import.proceed')}</Button>}
        >
          {t('import.interrupted', { message: interruption })}
        </Alert>
      )}
      {state === 'running' && interruption === undefined ? <Button onClick={() => void upload.stop()}>{t('import.stop')}</Button> : null}
      {progress?.failure === undefined ? null : <SqlErrorAlert error={progress.failure} />}
      {refused.length === 0 ? null : <Refused name={file.name} parts={refused} />}
    </SpaceBetween>
  );
}

const shown = 50;

function Refused({ name, parts }: { readonly name: string; readonly parts: readonly RefusedRow[] }): ReactNode {
  const t = useTexts();
  const columns = ['line', 'sqlstate', 'message', 'detail', 'text'].map((column) => ({ name: column, type: 'text' }));
  const rows = (): (string | null)[][] =>
    parts.map(({ line, text, error }) => [String(line), error.sqlstate, error.message, error.detail ?? null, text]);
  return (
    <Table
      variant="embedded"
      items={parts.slice(0, shown)}
      header={
        <Header
          variant="h3"
          counter={`(${parts.length})`}
          actions={
            <Button onClick={() => download(`${name}.refused.csv`, 'text/csv', csvOf(columns, rows()))}>
              {t('import.refusedDownload')}
            </Button>
          }
        >
          {t('import.refused')}
        </Header>
      }
      columnDefinitions={[
        { id: 'line', header: t('import.line'), cell: ({ line }) => line, isRowHeader: true },
        { id: 'error', header: t('import.error'), cell: ({ error }) => `${error.sqlstate}: ${error.message}` },
        { id: 'text', header: t('import.text'), cell: ({ text }) => <Box variant="code">{text}</Box> },
      ]}
    />
  );
}
