/** Errors and notices name types that only the catalog knows by marks (C2 in sql/types/catalog-types.ts): here the names are put in. */
import { type ErrorFields, type Notice, SqlError } from '#base/sql-error.ts';
import { nameMarkedTypes } from '#sql/types/catalog-types.ts';

type NameOf = (typeOid: number) => string | undefined;

export function withTypeNames(error: unknown, nameOf: NameOf): unknown {
  if (!(error instanceof SqlError)) return error;
  const message = nameMarkedTypes(error.message, nameOf);
  const fields = namedFields(error.fields, nameOf);
  return message === error.message && fields === error.fields ? error : new SqlError(error.sqlstate, message, fields);
}

export const noticeWithTypeNames = (notice: Notice, nameOf: NameOf): Notice => ({
  ...notice,
  message: nameMarkedTypes(notice.message, nameOf),
  fields: namedFields(notice.fields, nameOf),
});

function namedFields(fields: ErrorFields, nameOf: NameOf): ErrorFields {
  const { detail, hint } = fields;
  const named = {
    ...(detail === undefined ? {} : { detail: nameMarkedTypes(detail, nameOf) }),
    ...(hint === undefined ? {} : { hint: nameMarkedTypes(hint, nameOf) }),
  };
  return named.detail === detail && named.hint === hint ? fields : { ...fields, ...named };
}
