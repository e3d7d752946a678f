import { scaledText, UnsupportedError, type ValueType } from '@sluice/core';
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
  const text =
    type.isScaled === true
      ? scaledDefault(defaultValue, type)
      : RawNode.is(defaultValue)
        ? rawDefault(defaultValue, type)
        : literalDefault(defaultValue, type);
  return text === undefined ? node : DefaultValueNode.create(RawNode.createWithSql(text));
}

function rawDefault({ sqlFragments, parameters }: RawNode, type: ValueType): string | undefined {
  if (parameters.length > 0) return undefined;
  return EXPRESSIONS[`${type.name} ${sqlFragments.join('').trim().toLowerCase()}`];
}

/**
 * The default of a numeric that is stored as a whole number. A number that the column does not take is left as text, which its CHECK rejects.
 *
 * @throws UnsupportedError for SQL other than a number: SQLite would store 1 for 0.01.
 */
function scaledDefault(node: OperationNode, { scale = 0 }: ValueType): string | undefined {
  const text = ValueNode.is(node)
    ? node.value === null
      ? 'null'
      : String(node.value)
    : RawNode.is(node) && node.parameters.length === 0
      ? node.sqlFragments
          .join('')
          .trim()
          .replace(/^\((.*)\)$/, '$1')
          .replace(/^'(.*)'$/, '$1')
      : '';
  if (/^null$/i.test(text)) return undefined;
  if (!/^[-+]?\d+(?:\.\d*)?$/.test(text))
    throw new UnsupportedError(
      `The default of a numeric of up to ${MAX_DIGITS} digits is a number; "${text}" is none. Give it as a value, or in the rows.`,
    );
  const units = scaledText(text.replace('+', ''), scale)?.replace('.', '');
  return units === undefined ? `'${text}'` : String(BigInt(units));
}

const MAX_DIGITS = 18;

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
