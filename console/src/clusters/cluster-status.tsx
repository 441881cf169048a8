/** A cluster's status as the API calls it, in the colour of what it means. */
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { ReactNode } from 'react';
import type { ClusterStatus } from '../api/control-plane.ts';

const kinds: Readonly<Record<ClusterStatus, StatusIndicatorProps.Type>> = {
  ACTIVE: 'success',
  IDLE: 'stopped',
  INACTIVE: 'stopped',
  CREATING: 'in-progress',
  UPDATING: 'in-progress',
  DELETING: 'in-progress',
  DELETED: 'stopped',
  FAILED: 'error',
  PENDING_SETUP: 'pending',
  PENDING_DELETE: 'pending',
};

export const ClusterStatusIndicator = ({ status }: { readonly status: ClusterStatus }): ReactNode => (
  <StatusIndicator type={kinds[status]}>{status}</StatusIndicator>
);
