/** Users and keys. */
export const identitiesEn = {
  'identities.title': 'Users and keys',
  'identities.users': 'Users',
  'identities.description': 'Identities of this deployment beside the root.',
  'identities.empty': 'No users',
  'identities.name': 'User name',
  'identities.create': 'Create user',
  'identities.delete': 'Delete user',
  'identities.policy': 'Managed policy',
  'identities.policies': 'Policies',
  'identities.createKey': 'Create access key',
  'identities.keys': 'Access keys of {name}',
  'identities.noKeys': 'No access keys',
  'identities.select': 'Select a user',
  'identities.newKey': 'The new key. Its secret is shown this once.',
  'identities.done': 'Done.',
  'identities.deleteKey': 'Delete key {id}',
} as const;
