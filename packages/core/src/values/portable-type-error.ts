import { UnsupportedError } from '../errors/usage-errors.js';

/**
 * The error for a column type that is not one of the contract's. Its message names the type to use instead.
 *
 * @param engine the engine whose own types a raw sql type can still name.
 */
export function portableTypeError(dataType: string, engine: string): UnsupportedError {
  const instead = REPLACEMENTS[dataType.replace(/\s*\(.*$/, '')];
  const advice = instead === undefined ? '' : ` Use ${instead}.`;
  return new UnsupportedError(
    `The column type "${dataType}" does not mean the same on every driver.${advice} What only ${engine} has can be written as a raw sql type.`,
  );
}

const REPLACEMENTS: Readonly<Record<string, string | undefined>> = {
  binary: 'bytea',
  blob: 'bytea',
  char: 'varchar(n)',
  datetime: 'timestamptz',
  datetime2: 'timestamptz',
  float4: 'double precision',
  real: 'double precision',
  time: 'text',
  timestamp: 'timestamptz',
  timestamptz: 'timestamptz, which holds milliseconds',
  timetz: 'text',
  varbinary: 'bytea',
};
