/** Writing policies. */
export const policiesEn = {
  'policies.example': 'Examples',
  'policies.format': 'Format',
  'policies.empty': 'Write a policy, or begin with an example.',
  'policies.notJson': 'This is not JSON: line {line}, column {column}.',
  'policies.checking': 'Checking',
  'policies.valid': 'The policy is valid.',
  'policies.letConnect': 'Let a user connect with database roles',
  'policies.onlyNetwork': 'Refuse connections from elsewhere',
  'policies.mayConnect': 'May connect with database roles',
  'policies.mayManage': 'May manage clusters but not delete them',
  'policies.mayLook': 'May look at clusters',
} as const;
