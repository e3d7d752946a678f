import type { ValueType } from '@sluice/core';
import { DefaultValueNode, type OperationNode, RawNode, ValueNode } from 'kysely';

/** Default expressions of PostgreSQL, with their equivalent in SQLite. */
const EXPRESSIONS: Readonly<Record<string, string | undefined>> = {
  'timestamptz current_timestamp': `(cast(round(unixepoch('subsec') * 1000) as integer))`,
  'timestamptz now()': `(cast(round(unixepoch('subsec') * 1000) as integer))`,
  'uuid gen_random_uuid()': `(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))`,
};

/** The default of a column of the portable `type`, as SQLite stores such values. Other defaults are returned unchanged. */
export function toPortableDefault(node: DefaultValueNode, type: ValueType): DefaultValueNode {
  const { defaultValue } = node;
  const text = RawNode.is(defaultValue) ? rawDefault(defaultValue, type) : literalDefault(defaultValue, type);
  return text === undefined ? node : DefaultValueNode.create(RawNode.createWithSql(text));
}

function rawDefault({ sqlFragments, parameters }: RawNode, type: ValueType): string | undefined {
  if (parameters.length > 0) return undefined;
  return EXPRESSIONS[`${type.name} ${sqlFragments.join('').trim().toLowerCase()}`];
}

function literalDefault(node: OperationNode, type: ValueType): string | undefined {
  if (!ValueNode.is(node)) return undefined;
  const { value } = node;
  if (type.name === 'timestamptz' && (value instanceof Date || typeof value === 'string')) {
    return String(new Date(value).getTime());
  }
  if (type.name === 'numeric' && value !== null) return `'${withScale(String(value), type.scale)}'`;
  return type.name === 'uuid' && typeof value === 'string' ? `'${value.toLowerCase()}'` : undefined;
}

/** Pads the digits after the point to `scale`. More digits are kept; the column's CHECK rejects them. */
function withScale(digits: string, scale: number | undefined): string {
  const [whole = '', fraction = ''] = digits.replaceAll("'", "''").split('.');
  const padded = fraction.padEnd(scale ?? 0, '0');
  return padded === '' ? whole : `${whole}.${padded}`;
}
