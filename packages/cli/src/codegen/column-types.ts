import type { ValueTypeName } from '@sluice/core';
import { type ExpressionNode, IdentifierNode } from 'kysely-codegen';

/** The TypeScript type of each column type's values, by contract C1. */
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

/** The node of a column type; `unknown` for a type that is none of the contract's. */
export function typeNode(name: ValueTypeName | undefined): ExpressionNode {
  return new IdentifierNode(name === undefined ? 'unknown' : COLUMN_TYPES[name]);
}
