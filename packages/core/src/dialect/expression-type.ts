import type { ValuePlace } from '../values/check-value.js';
import type { ValueTypeName } from '../values/value-type.js';

/**
 * The type of an expression in a query: one of the contract's, or
 * - `whole`: a computed whole number, such as a count, whose size no column limits;
 * - `given`: a value of the caller, which has the type of what it is compared or combined with;
 * - `null`: NULL, which has every type.
 */
export interface ExpressionType {
  readonly name: ValueTypeName | 'given' | 'null' | 'whole';
  /** The digits after the point of every value of a numeric; `undefined` when they differ. */
  readonly scale?: number | undefined;
  /** Of a numeric that the engine has as the whole number value × 10^scale; the scale is then known. */
  readonly isScaled?: true | undefined;
  /** The column whose values these are; `undefined` for what is computed. */
  readonly place?: ValuePlace | undefined;
  /** Of a timestamptz: values hold microseconds, which a Date does not carry. */
  readonly hasMicroseconds?: true | undefined;
  /** Set when the value is JSON that core made of rows. */
  readonly relation?: Relation | undefined;
}

/** The rows of a query as JSON. */
export interface Relation {
  /** The types of the rows' columns, by name. */
  readonly columns: ReadonlyMap<string, ExpressionType | undefined>;
  /** Whether the values are those of JSON: a time is ISO text, a bigint a number, bytes hexadecimal digits. */
  readonly isJson: boolean;
}

export const GIVEN: ExpressionType = { name: 'given' };
export const NULL: ExpressionType = { name: 'null' };
export const WHOLE: ExpressionType = { name: 'whole' };
export const NUMERIC: ExpressionType = { name: 'numeric' };
export const DOUBLE: ExpressionType = { name: 'double precision' };
export const BOOLEAN: ExpressionType = { name: 'boolean' };
export const TEXT: ExpressionType = { name: 'text' };
export const JSON_VALUE: ExpressionType = { name: 'json' };
export const TIMESTAMPTZ: ExpressionType = { name: 'timestamptz' };

/** Whether the expression has a type of its own. */
export function isOwn(type: ExpressionType | undefined): type is ExpressionType {
  return type !== undefined && type.name !== 'given' && type.name !== 'null';
}

/** Whether values of the type are whole numbers. */
export function isWhole({ name }: ExpressionType): boolean {
  return name === 'whole' || name === 'integer' || name === 'bigint' || name === 'smallint';
}

/**
 * The type of which all the expressions are, as PostgreSQL resolves it for CASE, COALESCE and UNION; `undefined` when one has an unknown type or two do not
 * go together.
 */
export function commonType(types: readonly (ExpressionType | undefined)[]): ExpressionType | undefined {
  let common: ExpressionType | undefined;
  let given: ExpressionType | undefined;
  for (const type of types) {
    if (type === undefined) return undefined;
    if (type.name === 'given') given = type;
    if (!isOwn(type)) continue;
    common = common === undefined ? type : joined(common, type);
    if (common === undefined) return undefined;
  }
  if (common === undefined) return given ?? NULL;
  // A given numeric has the scale in which it is written.
  return given === undefined || common.scale === undefined
    ? common
    : { ...common, scale: undefined, isScaled: undefined };
}

function joined(left: ExpressionType, right: ExpressionType): ExpressionType | undefined {
  if (left.name === right.name) {
    const scale = left.scale === right.scale ? left.scale : undefined;
    const isScaled = scale === undefined || right.isScaled === undefined ? undefined : left.isScaled;
    const hasMicroseconds = left.hasMicroseconds ?? right.hasMicroseconds;
    return { name: left.name, scale, isScaled, place: left.place, hasMicroseconds };
  }
  if (isNumber(left) && isNumber(right)) return widest(left, right);
  if (isText(left) && isText(right)) return { ...TEXT, place: left.place };
  return isJson(left) && isJson(right) ? JSON_VALUE : undefined;
}

/** The type of the result of an arithmetic operator between these types; `undefined` when it is not one of numbers. */
export function arithmeticType(
  left: ExpressionType | undefined,
  right: ExpressionType | undefined,
): ExpressionType | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (!isOwn(left) && !isOwn(right)) return undefined;
  const [one, other] = [isOwn(left) ? left : right, isOwn(right) ? right : left];
  return isNumber(one) && isNumber(other) ? widest(one, other) : undefined;
}

function widest(left: ExpressionType, right: ExpressionType): ExpressionType {
  if (left.name === DOUBLE.name || right.name === DOUBLE.name) return DOUBLE;
  return left.name === NUMERIC.name || right.name === NUMERIC.name ? NUMERIC : WHOLE;
}

/** Whether values of the type are numbers. */
export function isNumber(type: ExpressionType): boolean {
  return isWhole(type) || type.name === 'numeric' || type.name === 'double precision';
}

/** Whether it is a numeric that the engine has as decimal text. */
export function isUnscaled(type: ExpressionType | undefined): boolean {
  return type?.name === 'numeric' && type.isScaled !== true;
}

/** The numeric as its decimal text. */
export function asText(type: ExpressionType): ExpressionType {
  return type.isScaled === true ? { ...type, isScaled: undefined } : type;
}

function isText({ name }: ExpressionType): boolean {
  return name === 'text' || name === 'varchar';
}

export function isJson({ name }: ExpressionType): boolean {
  return name === 'json' || name === 'jsonb';
}
