/** Domains as messages name them: qualified only when they must be. */
import { findDomain } from '../../analyzer/domain.ts';
import type { DomainDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf } from './table-expressions.ts';

export function describeDomain(change: SchemaChange, domain: DomainDescriptor): string {
  const name = quoteIdentifier(domain.name);
  const isVisible = findDomain(environmentOf(change), undefined, domain.name) === domain;
  return isVisible ? name : `${quoteIdentifier(domain.schemaName)}.${name}`;
}
