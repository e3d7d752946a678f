import type { Catalog } from '@sluice/core';
import { CommandError } from '../command/command-error.js';

/** The error for a table that the database does not have, with those that it has. */
export function noTable(name: string, catalog: Catalog): CommandError {
  const names = [...catalog.keys()];
  const others = names.length === 0 ? 'The database has no tables.' : `There are: ${names.join(', ')}.`;
  return new CommandError(`There is no table ${name}. ${others}`);
}
