/** Condition keys of policies that speak of tags, in lower case but for the tag's own name: `aws:ResourceTag/Name` is `aws:resourcetag/name`. */

export const resourceTags = (tags: Readonly<Record<string, string>>): [string, readonly string[]][] =>
  Object.entries(tags).map(([name, value]) => [`aws:resourcetag/${name.toLowerCase()}`, [value]]);

export const requestTags = (tags: Readonly<Record<string, string>>): [string, readonly string[]][] => [
  ...Object.entries(tags).map(([name, value]): [string, readonly string[]] => [`aws:requesttag/${name.toLowerCase()}`, [value]]),
  ['aws:tagkeys', Object.keys(tags)],
];
