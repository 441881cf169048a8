/** A policy document as it is written: JSON with colours and line numbers, and beneath it what the node thinks of it so far. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { EditorState } from '@codemirror/state';
import { useQuery } from '@tanstack/react-query';
import { basicSetup, EditorView } from 'codemirror';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { validatePolicy } from '../api/control-plane.ts';
import { editorLook, groundOf } from '../app/editor-look.ts';
import { usePreferences, useTexts } from '../app/preferences.tsx';
import { jsonLanguage } from './json-language.ts';
import { type PolicyKind, policyExamples } from './policy-examples.ts';

const quietMs = 300;

export function PolicyEditor(props: {
  readonly label: string;
  readonly kind: PolicyKind;
  /** The cluster's ARN, for a policy of a cluster that there is. */
  readonly resource?: string;
  readonly text: string;
  readonly onText: (text: string) => void;
}): ReactNode {
  const { label, kind, resource, text, onText } = props;
  const t = useTexts();
  const examples = policyExamples(kind, resource ?? '*');
  const neat = formatted(text);
  return (
    <SpaceBetween size="xs">
      <JsonEditor label={label} text={text} onText={onText} />
      <Verdict kind={kind} resource={resource} text={useSettled(text)} />
      <SpaceBetween size="xs" direction="horizontal">
        <ButtonDropdown
          items={examples.map(({ id, title }) => ({ id, text: t(title) }))}
          onItemClick={({ detail }) => onText(examples.find(({ id }) => id === detail.id)?.text ?? text)}
        >
          {t('policies.example')}
        </ButtonDropdown>
        <Button formAction="none" disabled={neat === undefined} onClick={() => onText(neat ?? text)}>
          {t('policies.format')}
        </Button>
      </SpaceBetween>
    </SpaceBetween>
  );
}

function Verdict({
  kind,
  resource,
  text,
}: {
  readonly kind: PolicyKind;
  readonly resource: string | undefined;
  readonly text: string;
}): ReactNode {
  const t = useTexts();
  const place = text.trim() === '' ? undefined : placeOfMistake(text);
  const { data: findings, error } = useQuery({
    queryKey: ['policy verdict', kind, resource, text],
    queryFn: () => validatePolicy(kind, text, resource),
    enabled: text.trim() !== '' && place === undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const said = (type: 'error' | 'success' | 'loading', words: string): ReactNode => <StatusIndicator type={type}>{words}</StatusIndicator>;
  return (
    <div role="status" data-testid="policy-verdict">
      {text.trim() === '' ? (
        <Box color="text-body-secondary">{t('policies.empty')}</Box>
      ) : place !== undefined ? (
        said('error', t('policies.notJson', place))
      ) : error !== null ? (
        said('error', error.message)
      ) : findings === undefined ? (
        said('loading', t('policies.checking'))
      ) : findings.length === 0 ? (
        said('success', t('policies.valid'))
      ) : (
        said('error', findings.join(' '))
      )}
    </div>
  );
}

function JsonEditor({
  label,
  text,
  onText,
}: {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
}): ReactNode {
  const { colours } = usePreferences();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(onText);
  latest.current = onText;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes later is given to it below.
  useEffect(() => {
    if (host.current === null) return;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          basicSetup,
          jsonLanguage,
          editorLook('240px'),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    made.scrollDOM.tabIndex = 0;
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const shown = view.current;
    if (shown !== undefined && shown.state.doc.toString() !== text)
      shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: text } });
  }, [text]);
  return <div ref={host} style={groundOf(colours === 'dark')} />;
}

/** The text once nobody has typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), quietMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

/** undefined: it is JSON. */
function placeOfMistake(text: string): { readonly line: number; readonly column: number } | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = String(error);
    const byLine = /line (\d+) column (\d+)/.exec(message);
    if (byLine !== null) return { line: Number(byLine[1]), column: Number(byLine[2]) };
    // Browsers word it differently; what ends too early is wrong at its end.
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
    const before = text.slice(0, at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

function formatted(text: string): string | undefined {
  return text.trim() === '' || placeOfMistake(text) !== undefined ? undefined : JSON.stringify(JSON.parse(text), null, 2);
}
