import { ConstraintError, ValueError } from '../errors/data-errors.js';
import type { Naming } from './naming.js';

/**
 * Returns an error with the application's names of its table and columns, where the database's are others; any other error as it is. The engine's error, which
 * has the database's names, stays the `cause`.
 */
export function inOwnNames(error: unknown, { toProperty }: Pick<Naming, 'toProperty'>): unknown {
  if (error instanceof ConstraintError) return ownViolation(error, toProperty);
  return error instanceof ValueError ? ownValueError(error, toProperty) : error;
}

type ToProperty = Naming['toProperty'];

function ownViolation(error: ConstraintError, toProperty: ToProperty): ConstraintError {
  const table = error.table === undefined ? undefined : toProperty(error.table);
  const columns = error.columns.map(toProperty);
  if (table === error.table && columns.every((name, index) => name === error.columns[index])) return error;
  const { cause, constraint, operation } = error;
  const Violation = error.constructor as new (
    ...given: [{ table: typeof table; columns: typeof columns; constraint: typeof constraint }, object]
  ) => ConstraintError;
  return new Violation({ table, columns, constraint }, { cause, operation });
}

function ownValueError(error: ValueError, toProperty: ToProperty): ValueError {
  const names = [error.table, error.column].filter((name) => name !== undefined);
  if (names.every((name) => toProperty(name) === name)) return error;
  const message = names.reduce(
    (text, name) => text.replaceAll(`"${name}"`, `"${toProperty(name)}"`),
    error.message,
  );
  return new ValueError(message, {
    cause: error.cause,
    operation: error.operation,
    table: error.table === undefined ? undefined : toProperty(error.table),
    column: error.column === undefined ? undefined : toProperty(error.column),
  });
}
