/** The text of a tab: CodeMirror with PostgreSQL's words, completion from the catalog, and a mark where an error is. */
import { PostgreSQL, type SQLNamespace, sql } from '@codemirror/lang-sql';
import { Compartment, EditorState, Prec, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, keymap } from '@codemirror/view';
import { basicSetup, EditorView } from 'codemirror';
import { type ReactNode, useEffect, useRef } from 'react';
import { editorLook, groundOf } from '../app/editor-look.ts';

export type Selection = { readonly text: string; readonly offset: number };

type SqlEditorProps = {
  readonly label: string;
  readonly text: string;
  readonly schema: SQLNamespace;
  readonly errorAt: number | undefined;
  readonly isDark: boolean;
  readonly onText: (text: string) => void;
  /** undefined: nothing is selected. */
  readonly onSelection: (selection: Selection | undefined) => void;
  /** Ctrl+Enter, or Cmd+Enter. */
  readonly onRun: () => void;
};

const setError = StateEffect.define<number | undefined>();

const errorField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setError)) continue;
      const { value } = effect;
      const { length } = transaction.state.doc;
      if (value === undefined || value > length) return Decoration.none;
      const word = /^[\w$]+/.exec(transaction.state.sliceDoc(value, Math.min(length, value + 64)))?.[0].length ?? 1;
      const from = value === length ? Math.max(0, length - 1) : value;
      const to = Math.min(length, value + word);
      return from < to ? Decoration.set([errorMark.range(from, to)]) : Decoration.none;
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});
const errorMark = Decoration.mark({ class: 'cm-error' });

export function SqlEditor(props: SqlEditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const language = useRef(new Compartment());
  const latest = useRef(props);
  latest.current = props;
  const { label, schema, errorAt, isDark, text } = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes later is given to it below.
  useEffect(() => {
    if (host.current === null) return;
    const run = (): boolean => {
      latest.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
          basicSetup,
          language.current.of(sql({ dialect: PostgreSQL, schema })),
          errorField,
          editorLook('260px'),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onText(update.state.doc.toString());
            if (!update.selectionSet && !update.docChanged) return;
            const { from, to } = update.state.selection.main;
            latest.current.onSelection(from === to ? undefined : { text: update.state.sliceDoc(from, to), offset: from });
          }),
        ],
      }),
    });
    made.scrollDOM.tabIndex = 0;
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(sql({ dialect: PostgreSQL, schema })) });
  }, [schema]);
  useEffect(() => {
    view.current?.dispatch({
      effects: [setError.of(errorAt), ...(errorAt === undefined ? [] : [EditorView.scrollIntoView(Math.min(errorAt, text.length))])],
    });
  }, [errorAt, text.length]);
  // A text that came from elsewhere: the history.
  useEffect(() => {
    const shown = view.current;
    if (shown !== undefined && shown.state.doc.toString() !== text)
      shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: text } });
  }, [text]);

  return <div ref={host} style={groundOf(isDark)} />;
}
