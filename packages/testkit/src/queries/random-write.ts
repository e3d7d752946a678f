import type { Random } from './random.js';
import { columnsOf, type Place, randomExpression } from './random-expression.js';
import { type RandomTable, randomValue } from './tables.js';
import type { RandomWrite } from './write.js';

const VALUE = 0.2;

/** A random statement that changes one of the tables. */
export function randomWrite(random: Random, tables: readonly RandomTable[]): RandomWrite {
  const table = random.pick(tables);
  const place: Place = { columns: columnsOf(table.name, table.columns), tables, hasValues: true };
  const kind = random.pick(['delete', 'insert', 'update', 'update'] as const);
  const columns = table.columns.filter(({ name }) => name !== 'id' && random.chance(0.4));
  const sets = columns.flatMap(({ name, type }) => {
    if (random.chance(VALUE))
      return [{ column: name, value: { kind: 'value' as const, type, value: randomValue(random, type) } }];
    const value = randomExpression(random, type, place, 3);
    return value === undefined ? [] : [{ column: name, value }];
  });
  const selections = Array.from({ length: random.below(3) }, () =>
    randomExpression(random, random.pick(table.columns).type, place, 2),
  );
  return {
    kind: kind === 'update' && sets.length === 0 ? 'delete' : kind,
    table: table.name,
    sets: kind === 'delete' ? [] : sets,
    where: random.chance(0.6) ? randomExpression(random, 'boolean', place, 3) : undefined,
    selections: selections.filter((each) => each !== undefined),
  };
}
