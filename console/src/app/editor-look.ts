/** How every CodeMirror of the console looks. */
import type { Extension } from '@codemirror/state';
import { EditorView } from 'codemirror';
import type { CSSProperties } from 'react';

export const editorLook = (height: string): Extension =>
  EditorView.theme({
    '&': { height, fontSize: '13px', backgroundColor: '#ffffff', color: '#16191f', border: '1px solid #7d8998' },
    '.cm-scroller': { overflow: 'auto', fontFamily: 'ui-monospace, monospace' },
    '.cm-gutters': { color: '#545b64' },
    '.cm-error': { textDecoration: 'underline wavy #d91515 2px', backgroundColor: '#ffe0e0' },
  });

/**
 * The colours of words are made for a light ground: in the dark all of them are turned over together, which keeps their contrast. The ground is then the page's
 * own, which is the lighter of the two.
 */
export const groundOf = (isDark: boolean): CSSProperties =>
  isDark ? { filter: 'invert(0.92) hue-rotate(180deg)', mixBlendMode: 'lighten' } : {};
