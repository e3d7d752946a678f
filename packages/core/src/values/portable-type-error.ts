import { UnsupportedError } from '../errors/usage-errors.js';

/** The refusal of a column type that is not one of the contract's, with what to use instead. @param engine whose raw types remain possible. */
export function portableTypeError(dataType: string, engine: string): UnsupportedError {
  const instead = INSTEAD[dataType.replace(/\s*\(.*$/, '')];
  const advice = instead === undefined ? '' : ` Use ${instead}.`;
  return new UnsupportedError(
    `The column type "${dataType}" does not mean the same on every driver.${advice} What only ${engine} has can be written as a raw sql type.`,
  );
}

const INSTEAD: Readonly<Record<string, string | undefined>> = {
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
