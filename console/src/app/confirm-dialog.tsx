/** A question before something is done: its content, and a button that does it. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { useTexts } from './preferences.tsx';

export function ConfirmDialog(props: {
  readonly title: string;
  readonly confirm: string;
  readonly isRunning: boolean;
  readonly isDisabled?: boolean;
  readonly size?: 'medium' | 'large';
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const { title, confirm, isRunning, isDisabled = false, size = 'medium', onConfirm, onClose, children } = props;
  const t = useTexts();
  return (
    <Modal
      visible
      size={size}
      header={title}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button variant="primary" disabled={isDisabled} loading={isRunning} onClick={onConfirm}>
              {confirm}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}
