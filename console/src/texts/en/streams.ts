/** Change streams. */
export const streamsEn = {
  'streams.title': 'Change streams',
  'streams.description':
    'What is committed, row by row, in the order of the commits. Nothing is sent to Kinesis: a stream is read from here.',
  'streams.empty': 'No change streams',
  'streams.select': 'Select a stream',
  'streams.id': 'Stream ID',
  'streams.create': 'Create stream',
  'streams.created': 'The stream was created.',
  'streams.deleted': 'The stream is being deleted.',
  'streams.changes': 'Changes',
  'streams.changesDescription': 'As they are committed; the newest {count} are shown.',
  'streams.waiting': 'Waiting for changes',
  'streams.time': 'Committed',
  'streams.operation': 'Operation',
  'streams.table': 'Table',
  'streams.row': 'Row',
  'streams.insert': 'Insert',
  'streams.update': 'Update',
  'streams.delete': 'Delete',
  'streams.truncate': 'All rows replaced',
} as const;
