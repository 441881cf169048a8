/** What the page has to say of what was done and what has failed, in the bar below the top. */
import type { FlashbarProps } from '@cloudscape-design/components/flashbar';
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from 'react';
import { useTexts } from './preferences.tsx';

type Messages = {
  readonly messages: readonly FlashbarProps.MessageDefinition[];
  readonly tell: (type: 'success' | 'error' | 'info', content: ReactNode) => void;
};

let lastId = 0;

const MessagesContext = createContext<Messages>({ messages: [], tell: () => {} });

export const useMessages = (): Messages => use(MessagesContext);

export function MessagesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const t = useTexts();
  const [messages, setMessages] = useState<readonly FlashbarProps.MessageDefinition[]>([]);
  const tell = useCallback<Messages['tell']>(
    (type, content) => {
      const id = String(lastId++);
      const message: FlashbarProps.MessageDefinition = {
        id,
        type,
        content,
        dismissible: true,
        dismissLabel: t('shell.dismiss'),
        onDismiss: () => setMessages((before) => before.filter((other) => other.id !== id)),
      };
      // What has failed stays until it has been read; of what went well only the last is worth the place.
      setMessages((before) => [message, ...before.filter((other) => other.type === 'error')].slice(0, 5));
    },
    [t],
  );
  const value = useMemo(() => ({ messages, tell }), [messages, tell]);
  return <MessagesContext value={value}>{children}</MessagesContext>;
}
