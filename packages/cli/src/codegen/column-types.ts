import type { ValueTypeName } from '@sluice/core';
import { type ExpressionNode, IdentifierNode } from 'kysely-codegen';

/** The TypeScript type for the values of each column type, as in contract C1. */
export const COLUMN_TYPES: Readonly<Record<ValueTypeName, string>> = {
  bigint: 'bigint',
  boolean: 'boolean',
  bytea: 'Uint8Array',
  date: 'string',
  'double precision': 'number',
  integer: 'number',
  json: 'JsonValue',
  jsonb: 'JsonValue',
  numeric: 'string',
  smallint: 'number',
  text: 'string',
  timestamptz: 'Date',
  uuid: 'string',
  varchar: 'string',
};

/** Returns the type node of a column type, or `unknown` for a type that is not in the contract. */
export function typeNode(name: ValueTypeName | undefined): ExpressionNode {
  return new IdentifierNode(name === undefined ? 'unknown' : COLUMN_TYPES[name]);
}
