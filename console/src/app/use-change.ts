/** Changes something on the node: then tells of it, and asks anew for what is shown. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMessages } from './messages.tsx';
import { useTexts } from './preferences.tsx';

export function useChange<Input, Result>(
  work: (input: Input) => Promise<Result>,
  done: {
    readonly message?: (input: Input) => string;
    readonly onDone?: (result: Result) => void;
    /** Besides telling of it. */
    readonly onFailure?: (error: Error) => void;
  } = {},
): { readonly run: (input: Input) => void; readonly isRunning: boolean } {
  const { tell } = useMessages();
  const t = useTexts();
  const queries = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: work,
    onSuccess: (result, input) => {
      if (done.message !== undefined) tell('success', done.message(input));
      done.onDone?.(result);
    },
    onError: (error) => {
      tell('error', t('shell.failed', { message: error.message }));
      done.onFailure?.(error);
    },
    onSettled: () => queries.invalidateQueries(),
  });
  return { run: mutate, isRunning: isPending };
}
