/** The query editor of a cluster: several tabs, each with a session of its own. */

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Tabs from '@cloudscape-design/components/tabs';
import type { SQLNamespace } from '@codemirror/lang-sql';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import type { PageParameters } from '../app/routes.tsx';
import { type SchemaFacts, useSchema } from '../schema-browser/schema-api.ts';
import { ClusterPage } from './cluster-pages.tsx';
import { EditorStore, type Tab } from './editor-store.ts';
import { ResultView } from './result-view.tsx';
import { type Selection, SqlEditor } from './sql-editor.tsx';

export function QueryPage({ parameters }: { readonly parameters: PageParameters }): ReactNode {
  const t = useTexts();
  const { region = '', id = '' } = parameters;
  const store = useMemo(() => new EditorStore({ region, id }), [region, id]);
  useSyncExternalStore(store.subscribe, store.version);
  useEffect(() => () => store.leave(), [store]);
  const { data: facts } = useSchema(store.cluster, store.role);
  const schema = useMemo(() => completions(facts), [facts]);
  return (
    <ClusterPage cluster={store.cluster} page="query" role={store.role} onRole={(role) => store.setRole(role)}>
      <Tabs
        ariaLabel={t('query.tabs')}
        activeTabId={String(store.active.id)}
        onChange={({ detail }) => store.activate(Number(detail.activeTabId))}
        actions={<Button onClick={() => store.addTab()}>{t('query.newTab')}</Button>}
        tabs={store.tabs.map((tab) => ({
          id: String(tab.id),
          label: t('query.tab', { number: tab.id }),
          dismissible: store.tabs.length > 1,
          dismissLabel: t('query.closeTab', { number: tab.id }),
          onDismiss: () => store.closeTab(tab.id),
          content: tab === store.active ? <EditorTab key={tab.id} store={store} tab={tab} schema={schema} /> : null,
        }))}
      />
      <History store={store} />
    </ClusterPage>
  );
}

function EditorTab({ store, tab, schema }: { readonly store: EditorStore; readonly tab: Tab; readonly schema: SQLNamespace }): ReactNode {
  const t = useTexts();
  const { colours } = usePreferences();
  const queries = useQueryClient();
  const [selection, setSelection] = useState<Selection>();
  const chosen = (): Selection => selection ?? { text: tab.text, offset: 0 };
  const run = (): void => {
    const { text, offset } = chosen();
    void store
      .run(tab, text, offset)
      .then(() => queries.invalidateQueries({ queryKey: ['schema', store.cluster.region, store.cluster.id] }));
  };
  const explain = (analyze: boolean): void => {
    const { text, offset } = chosen();
    void store.explain(tab, text, offset, analyze);
  };
  return (
    <SpaceBetween size="s">
      <SqlEditor
        label={t('query.editor')}
        text={tab.text}
        schema={schema}
        errorAt={tab.errorAt}
        isDark={colours === 'dark'}
        onText={(text) => store.setText(tab, text)}
        onSelection={setSelection}
        onRun={run}
      />
      <SpaceBetween size="xs" direction="horizontal" alignItems="center">
        <Button variant="primary" loading={tab.isRunning} onClick={run}>
          {t(selection === undefined ? 'query.run' : 'query.runSelection')}
        </Button>
        <Button disabled={!tab.isRunning} onClick={() => void store.cancel(tab)}>
          {t('query.cancel')}
        </Button>
        <Button disabled={tab.isRunning} onClick={() => explain(false)}>
          {t('query.explain')}
        </Button>
        <Button disabled={tab.isRunning} onClick={() => explain(true)}>
          {t('query.explainAnalyze')}
        </Button>
        {tab.transactionStatus === 'I' ? null : (
          <StatusIndicator type={tab.transactionStatus === 'T' ? 'pending' : 'error'}>
            {t(tab.transactionStatus === 'T' ? 'query.inTransaction' : 'query.failedTransaction')}
          </StatusIndicator>
        )}
      </SpaceBetween>
      <ResultView store={store} tab={tab} />
    </SpaceBetween>
  );
}

function History({ store }: { readonly store: EditorStore }): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  return (
    <ExpandableSection headerText={t('query.history')} headerCounter={`(${store.history.length})`}>
      {store.history.length === 0 ? <Box>{t('query.noHistory')}</Box> : null}
      <SpaceBetween size="xs">
        {store.history.map(({ at, text, outcome }) => (
          <SpaceBetween key={`${at}/${text}`} size="xs" direction="horizontal" alignItems="center">
            <Button
              variant="inline-link"
              ariaLabel={t('query.takeOver', { text: text.slice(0, 80) })}
              onClick={() => store.setText(store.active, text)}
            >
              {new Date(at).toLocaleTimeString(language)}
            </Button>
            <Box variant="code">{text.length > 120 ? `${text.slice(0, 120)}…` : text}</Box>
            <Box color="text-body-secondary">{outcome}</Box>
          </SpaceBetween>
        ))}
      </SpaceBetween>
    </ExpandableSection>
  );
}

/** What can be completed: schemas with their tables with their columns. */
function completions(facts: SchemaFacts | undefined): SQLNamespace {
  const namespace: Record<string, Record<string, string[]>> = {};
  for (const schema of facts?.schemas ?? []) namespace[schema] = {};
  for (const { schema, name, columns } of facts?.relations ?? []) {
    namespace[schema] ??= {};
    namespace[schema][name] = columns.map((column) => column.name);
  }
  return namespace;
}
