import { expect, it } from 'vitest';
import { typeRef } from '#sql/type.ts';
import { decodeCatalogVersion, decodeDescriptor, encodeCatalogVersion, encodeDescriptor } from './catalog-rows.ts';
import type { Descriptor } from './descriptors.ts';
import { decodeJob, encodeJob, type Job } from './job-rows.ts';
import { newRole } from './privileges/predefined-roles.ts';

const descriptors: Descriptor[] = [
  { kind: 'schema', oid: 16384, name: 'größe', ownerOid: 10 },
  { ...newRole(16385, 'app'), canLogin: true, connectionLimit: 3, validUntil: 'infinity', settings: ['work_mem=8MB'] },
  { kind: 'membership', oid: 16386, roleOid: 16385, memberOid: 15579, grantorOid: 10, admin: true, inherit: false, set: true },
  {
    kind: 'acl',
    oid: 16387,
    classOid: 1259,
    objectOid: 16390,
    subId: 2,
    items: [{ grantee: 0, grantor: 16385, privileges: 6, grantOptions: 4 }],
  },
  { kind: 'defaultAcl', oid: 16388, roleOid: 16385, schemaOid: 0, objectType: 'r', items: [] },
  { kind: 'iamMapping', oid: 16389, arn: 'arn:aws:iam::123456789012:role/App', roleOid: 16385, grantorOid: 15579 },
  {
    kind: 'table',
    oid: 16386,
    schemaOid: 2200,
    schemaName: 'public',
    name: 't',
    ownerOid: 15579,
    space: 16390,
    columns: [
      {
        attributeNumber: 1,
        name: 'id',
        type: typeRef(23),
        notNull: true,
        defaultText: undefined,
        generated: undefined,
        identity: 'byDefault',
        isDropped: false,
        missingText: undefined,
      },
      {
        attributeNumber: 2,
        name: 'v',
        type: typeRef(1043, 14),
        notNull: false,
        defaultText: "'x'::text",
        generated: 'stored',
        identity: undefined,
        isDropped: true,
        missingText: 'x',
      },
    ],
    primaryKey: { indexOid: 16387, constraintOid: 16388, name: 't_pkey', attributeNumbers: [1] },
    indexes: [
      {
        oid: 16389,
        name: 'i',
        space: 16389,
        isUnique: true,
        nullsNotDistinct: true,
        keys: [{ attributeNumber: 0, expressionText: 'lower(v)', type: typeRef(25), descending: true, nullsFirst: true }],
        included: [1],
        predicateText: '(id > 0)',
        constraintOid: undefined,
        state: 'building',
      },
    ],
    checks: [{ constraintOid: 16391, name: 'c', text: '(id > 0)', isValidated: false }],
    foreignKeys: [
      {
        constraintOid: 16392,
        name: 'f',
        attributeNumbers: [2],
        parentOid: 16390,
        parentAttributeNumbers: [1],
        parentIndexOid: 16393,
        match: 'full',
        onDelete: 'setNull',
        onUpdate: 'cascade',
        setOnDelete: undefined,
        isDeferrable: true,
        isInitiallyDeferred: false,
        isValidated: false,
      },
    ],
  },
  {
    kind: 'domain',
    oid: 16400,
    schemaOid: 2200,
    schemaName: 'public',
    name: 'd',
    ownerOid: 10,
    base: { oid: 23, typmod: -1, domain: 16401 },
    notNull: true,
    defaultText: undefined,
    checks: [{ constraintOid: 16402, name: 'd_check', text: '(VALUE > 0)', isValidated: false }],
  },
  {
    kind: 'view',
    oid: 16392,
    schemaOid: 2200,
    schemaName: 'public',
    name: 'v',
    ownerOid: 10,
    columns: [{ name: 'a', type: typeRef(23), defaultText: "'7'::integer" }],
    definition: 'SELECT 1 AS a',
    dependencies: [{ oid: 16386, attributeNumbers: [1, 2] }],
    options: { securityBarrier: true, securityInvoker: undefined, checkOption: 'local' },
  },
  {
    kind: 'sequence',
    oid: 16393,
    schemaOid: 2200,
    schemaName: 'public',
    name: 's',
    ownerOid: 10,
    start: '1',
    increment: '1',
    minimum: '1',
    maximum: '9223372036854775807',
    cache: '1',
    cycle: false,
    ownedBy: { tableOid: 16386, attributeNumber: 1 },
  },
];

it.each(descriptors.map((descriptor) => [descriptor.kind, descriptor] as const))('a %s comes back as it was', (_, descriptor) => {
  const read = decodeDescriptor(encodeDescriptor(descriptor));
  expect(read).toStrictEqual(descriptor);
  // Absent values are there as undefined: one shape, wherever a descriptor comes from.
  expect(Object.keys(read).sort()).toEqual(Object.keys(descriptor).sort());
});

it('rows of another format are refused', () => {
  expect(() => decodeDescriptor(Buffer.from('{"format":2,"kind":"schema"}'))).toThrow('R2');
  expect(() => decodeDescriptor(Buffer.from('{"format":1,"kind":"galaxy"}'))).toThrow('R2');
  expect(decodeCatalogVersion(encodeCatalogVersion({ nextOid: 20000 }))).toEqual({ nextOid: 20000 });
});

it('a job comes back as it was, its place in the key space too', () => {
  const job: Job = {
    id: 'pi7znavro5ej7bapkihcjpba6i',
    status: 'processing',
    details: undefined,
    work: { kind: 'buildIndex', tableOid: 1, indexOid: 2, tableName: 'public.t' },
    objectOid: 2,
    objectName: 'public.i',
    startTime: 1,
    updateTime: 2,
    runner: 'r',
    progress: '\u0000\u00ff\u0001\u0080',
  };
  expect(decodeJob(encodeJob(job))).toStrictEqual(job);
});
