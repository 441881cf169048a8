/** The schema browser: what exists on the left, the chosen table or view on the right. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { type ReactNode, useMemo, useState } from 'react';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import type { PageParameters } from '../app/routes.tsx';
import { ClusterPage } from '../query-editor/cluster-pages.tsx';
import type { ClusterAddress } from '../query-editor/query-api.ts';
import { type IndexFacts, type RelationFacts, type SchemaFacts, useRelation, useSchema } from './schema-api.ts';

export function SchemaPage({ parameters }: { readonly parameters: PageParameters }): ReactNode {
  const t = useTexts();
  const { region = '', id = '' } = parameters;
  const cluster = useMemo(() => ({ region, id }), [region, id]);
  const [role, setRole] = useState('admin');
  const [chosen, setChosen] = useState<number>();
  const { data: facts, error, isPending } = useSchema(cluster, role);
  const relation = facts?.relations.find(({ oid }) => oid === chosen);
  return (
    <ClusterPage cluster={cluster} page="schema" role={role} onRole={setRole}>
      {error === null ? null : <Alert type="error">{error.message}</Alert>}
      {isPending ? <StatusIndicator type="loading">{t('schema.loading')}</StatusIndicator> : null}
      {facts === undefined ? null : (
        <Grid gridDefinition={[{ colspan: { default: 12, s: 4 } }, { colspan: { default: 12, s: 8 } }]}>
          <Explorer facts={facts} chosen={chosen} onChoose={setChosen} />
          {relation === undefined ? (
            <Box padding="l">{t('schema.choose')}</Box>
          ) : (
            <Relation key={relation.oid} cluster={cluster} role={role} relation={relation} />
          )}
        </Grid>
      )}
    </ClusterPage>
  );
}

type ExplorerProps = { readonly facts: SchemaFacts; readonly chosen: number | undefined; readonly onChoose: (oid: number) => void };

function Explorer({ facts, chosen, onChoose }: ExplorerProps): ReactNode {
  const t = useTexts();
  const [wanted, setWanted] = useState('');
  const fits = (name: string): boolean => name.toLowerCase().includes(wanted.toLowerCase());
  return (
    <SpaceBetween size="s">
      <TextFilter
        filteringText={wanted}
        filteringAriaLabel={t('schema.filter')}
        filteringPlaceholder={t('schema.filter')}
        onChange={({ detail }) => setWanted(detail.filteringText)}
      />
      {facts.isCut ? <Alert type="info">{t('schema.cut')}</Alert> : null}
      {facts.schemas.map((schema) => {
        const relations = facts.relations.filter((relation) => relation.schema === schema && fits(relation.name));
        const sequences = facts.sequences.filter((sequence) => sequence.schema === schema && fits(sequence.name));
        const functions = facts.functions.filter((found) => found.schema === schema && fits(found.name));
        return (
          <ExpandableSection key={schema} defaultExpanded headerText={schema} headerCounter={`(${relations.length})`}>
            <SpaceBetween size="xxs">
              {relations.map(({ oid, name, kind }) => (
                <div key={oid} aria-current={oid === chosen ? 'true' : undefined}>
                  <Link
                    variant="secondary"
                    onFollow={() => onChoose(oid)}
                    ariaLabel={`${t(kind === 'view' ? 'schema.view' : 'schema.table')} ${schema}.${name}`}
                  >
                    {oid === chosen ? <b>{name}</b> : name}
                  </Link>
                  {kind === 'view' ? <Box variant="span" color="text-body-secondary">{` ${t('schema.view')}`}</Box> : null}
                </div>
              ))}
              {sequences.map(({ name, increment, cache }) => (
                <Box key={`s/${name}`} color="text-body-secondary">
                  {t('schema.sequence', { name, increment, cache })}
                </Box>
              ))}
              {functions.map((found) => (
                <Box key={`f/${found.name}/${found.arguments}`} color="text-body-secondary">
                  {t('schema.function', { name: found.name, arguments: found.arguments, result: found.result })}
                </Box>
              ))}
            </SpaceBetween>
          </ExpandableSection>
        );
      })}
    </SpaceBetween>
  );
}

type RelationProps = { readonly cluster: ClusterAddress; readonly role: string; readonly relation: RelationFacts };

function Relation({ cluster, role, relation }: RelationProps): ReactNode {
  const t = useTexts();
  const { language } = usePreferences();
  const { data: details, error } = useRelation(cluster, role, relation.oid);
  const size = (bytes: number): string =>
    bytes < 1024 ? t('schema.bytes', { bytes }) : t('schema.kib', { kib: Math.round(bytes / 1024).toLocaleString(language) });
  const name = `${relation.schema}.${relation.name}`;
  return (
    <SpaceBetween size="m">
      <Header variant="h2">{name}</Header>
      {error === null ? null : <Alert type="error">{error.message}</Alert>}
      {details === undefined || relation.kind === 'view' ? null : (
        <KeyValuePairs
          columns={3}
          items={[
            { label: t('schema.rows'), value: details.rows?.toLocaleString(language) ?? t('schema.manyRows') },
            { label: t('schema.tableSize'), value: size(details.bytes) },
            { label: t('schema.indexSize'), value: size(details.indexBytes) },
          ]}
        />
      )}
      <Table
        variant="embedded"
        items={[...relation.columns]}
        header={<Header variant="h3">{t('schema.columns')}</Header>}
        columnDefinitions={[
          { id: 'name', header: t('schema.name'), cell: (column) => column.name, isRowHeader: true },
          { id: 'type', header: t('schema.type'), cell: ({ type }) => type },
          { id: 'null', header: t('schema.nullable'), cell: ({ isNullable }) => t(isNullable ? 'schema.yes' : 'schema.no') },
          {
            id: 'default',
            header: t('schema.default'),
            cell: ({ defaultText, identity }) => (identity === undefined ? (defaultText ?? '–') : t('schema.identity', { when: identity })),
          },
        ]}
      />
      {details === undefined || relation.kind === 'view' ? null : (
        <Table
          variant="embedded"
          items={[...details.indexes]}
          empty={t('schema.noIndexes')}
          header={<Header variant="h3">{t('schema.indexes')}</Header>}
          columnDefinitions={[
            { id: 'name', header: t('schema.name'), cell: (index) => index.name, isRowHeader: true },
            { id: 'definition', header: t('schema.definition'), cell: ({ definition }) => <Box variant="code">{definition}</Box> },
            { id: 'state', header: t('schema.state'), cell: (index) => <IndexState index={index} /> },
            { id: 'size', header: t('schema.size'), cell: ({ bytes }) => size(bytes) },
          ]}
        />
      )}
      {details === undefined || details.constraints.length === 0 ? null : (
        <Table
          variant="embedded"
          items={[...details.constraints]}
          header={<Header variant="h3">{t('schema.constraints')}</Header>}
          columnDefinitions={[
            { id: 'name', header: t('schema.name'), cell: (constraint) => constraint.name, isRowHeader: true },
            { id: 'definition', header: t('schema.definition'), cell: ({ definition }) => <Box variant="code">{definition}</Box> },
          ]}
        />
      )}
      {details?.viewText === undefined ? null : (
        <Container header={<Header variant="h3">{t('schema.viewText')}</Header>}>
          <Box variant="pre">{details.viewText}</Box>
        </Container>
      )}
    </SpaceBetween>
  );
}

function IndexState({ index }: { readonly index: IndexFacts }): ReactNode {
  const t = useTexts();
  if (index.isValid) return <StatusIndicator type="success">{t('schema.valid')}</StatusIndicator>;
  const { job } = index;
  if (job === undefined || job.status === 'failed')
    return <StatusIndicator type="error">{job?.details ?? t('schema.invalid')}</StatusIndicator>;
  return <StatusIndicator type="in-progress">{t('schema.building', { status: job.status, job: job.id })}</StatusIndicator>;
}
