/** The audit log. */
export const auditEn = {
  'audit.title': 'Audit log',
  'audit.description': 'Calls of the API and attempts to connect, the newest first.',
  'audit.filter': 'Find events',
  'audit.empty': 'No events',
  'audit.event': 'Event',
  'audit.time': 'Time',
  'audit.who': 'Who',
  'audit.from': 'From',
  'audit.outcome': 'Outcome',
  'audit.allowed': 'Allowed',
  'audit.resources': 'Resources',
} as const;
