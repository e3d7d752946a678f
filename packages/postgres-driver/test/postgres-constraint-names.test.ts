import type { Database } from '@sluice/core';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

/*
 * What every driver must tell of a violation, for constraints that were given no name: PostgreSQL's own rule names them.
 *
 *   primary key   {table}_pkey
 *   unique        {table}_{columns in declared order}_key
 *   foreign key   {referencing table}_{columns in declared order}_fkey
 *   check         {table}_{column}_check where the expression holds one column, however often; otherwise {table}_check
 *
 * A name that is taken in its schema gets 1, 2, … at its end. Beyond 63 bytes the longer of table and columns loses a character, the columns at a
 * tie, until it fits. NOT NULL tells no name. The columns of a check are those of its expression, in the order in which each comes first.
 */

let url: string;

const LONG_TABLE = 'a_table_whose_name_is_rather_long_indeed';
const LONG_COLUMN = 'a_column_whose_name_is_longer_still_as_it_happens';

const SCHEMA = `
  create table parent (id integer primary key, code text not null unique);
  create table item (
    a integer not null,
    b integer check (b > 0 and b < 1000),
    c integer,
    parent_id integer references parent,
    code text references parent (code) on update cascade,
    check (c > 0),
    check (c < 1000),
    check (c <> a or b <> 500),
    check (a <> 77 or c <> 77),
    constraint named_check check (b <> 13),
    unique (b, a),
    unique (c),
    constraint named_unique unique (c, a, b),
    primary key (c, a)
  );
  create unique index item_index on item (parent_id, b);
  create unique index item_partial on item (b) where c = 1;
  create table leaf (x integer, y integer, up_a integer, up_c integer, z integer unique deferrable initially deferred,
    foreign key (up_c, up_a) references item, foreign key (y) references parent deferrable initially deferred,
    constraint named_fk foreign key (x) references parent on delete restrict);
  create table other (y integer, foreign key (y) references parent deferrable initially deferred);
  create table ${LONG_TABLE} (${LONG_COLUMN} integer unique check (${LONG_COLUMN} > 0));
  insert into parent values (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
  insert into item values (1, 1, 1, 1, 'two');
  insert into leaf values (3, null, 1, 1, 1);
  insert into leaf values (null, 4, null, null, null);
  insert into ${LONG_TABLE} values (1);`;

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  const { run, database } = await openDatabase({ url });
  for (const statement of SCHEMA.split(';')) if (statement.trim() !== '') await run(statement);
  await database.close();
});

const UNIQUE = 'unique_violation';
const FOREIGN_KEY = 'foreign_key_violation';
const CHECK = 'check_violation';
const NOT_NULL = 'not_null_violation';

const VIOLATIONS = [
  ['primary key', `insert into parent values (1, 'x')`, UNIQUE, 'parent', ['id'], 'parent_pkey'],
  ['composite key', 'insert into item values (1, 2, 1)', UNIQUE, 'item', ['c', 'a'], 'item_pkey'],
  ['unique column', `insert into parent values (9, 'one')`, UNIQUE, 'parent', ['code'], 'parent_code_key'],
  ['unique columns', 'insert into item values (1, 1, 2)', UNIQUE, 'item', ['b', 'a'], 'item_b_a_key'],
  ['unique of the table', 'insert into item values (2, 2, 1)', UNIQUE, 'item', ['c'], 'item_c_key'],
  ['unique index', 'insert into item values (2, 1, 2, 1)', UNIQUE, 'item', ['parent_id', 'b'], 'item_index'],
  [
    'reference',
    'insert into item values (3, 3, 3, 9)',
    FOREIGN_KEY,
    'item',
    ['parent_id'],
    'item_parent_id_fkey',
  ],
  ['reference to a unique', `update item set code = 'x'`, FOREIGN_KEY, 'item', ['code'], 'item_code_fkey'],
  [
    'references',
    'update leaf set up_a = 9 where x = 3',
    FOREIGN_KEY,
    'leaf',
    ['up_c', 'up_a'],
    'leaf_up_c_up_a_fkey',
  ],
  [
    'referenced',
    'delete from parent where id = 1',
    FOREIGN_KEY,
    'item',
    ['parent_id'],
    'item_parent_id_fkey',
  ],
  ['referenced key', 'update item set a = 5', FOREIGN_KEY, 'leaf', ['up_c', 'up_a'], 'leaf_up_c_up_a_fkey'],
  ['referenced unique', `delete from parent where id = 2`, FOREIGN_KEY, 'item', ['code'], 'item_code_fkey'],
  ['restricted', 'delete from parent where id = 3', FOREIGN_KEY, 'leaf', ['x'], 'named_fk'],
  ['check of a column', 'insert into item values (3, 0, 3)', CHECK, 'item', ['b'], 'item_b_check'],
  [
    'check of the table, one column',
    'insert into item values (3, 3, 0)',
    CHECK,
    'item',
    ['c'],
    'item_c_check',
  ],
  ['second check', 'insert into item values (3, 3, 1000)', CHECK, 'item', ['c'], 'item_c_check1'],
  ['check of columns', 'insert into item values (3, 500, 3)', CHECK, 'item', ['c', 'a', 'b'], 'item_check'],
  [
    'second check of columns',
    'insert into item values (77, 3, 77)',
    CHECK,
    'item',
    ['a', 'c'],
    'item_check1',
  ],
  ['named check', 'insert into item values (3, 13, 3)', CHECK, 'item', ['b'], 'named_check'],
  ['not null', 'insert into item values (null, 3, 3)', NOT_NULL, 'item', ['a'], undefined],
  ['not null of a key', 'insert into item values (3, 3, null)', NOT_NULL, 'item', ['c'], undefined],
  ['updated to null', 'update item set a = null', NOT_NULL, 'item', ['a'], undefined],
  [
    'long unique',
    `insert into ${LONG_TABLE} values (1)`,
    UNIQUE,
    LONG_TABLE,
    [LONG_COLUMN],
    'a_table_whose_name_is_rather__a_column_whose_name_is_longer_key',
  ],
  [
    'long check',
    `insert into ${LONG_TABLE} values (0)`,
    CHECK,
    LONG_TABLE,
    [LONG_COLUMN],
    'a_table_whose_name_is_rather_a_column_whose_name_is_longe_check',
  ],
] as const;

const DEFERRED = [
  ['reference', 'insert into leaf (y) values (9)', FOREIGN_KEY, 'leaf', ['y'], 'leaf_y_fkey'],
  ['reference of another table', 'insert into other values (9)', FOREIGN_KEY, 'other', ['y'], 'other_y_fkey'],
  ['referenced', 'delete from parent where id = 4', FOREIGN_KEY, 'leaf', ['y'], 'leaf_y_fkey'],
  ['unique', 'insert into leaf (z) values (1)', UNIQUE, 'leaf', ['z'], 'leaf_z_key'],
] as const;

/** Runs one statement in a transaction, and gives what its COMMIT rejects with. */
async function commitFailure(database: Database, sql: string): Promise<unknown> {
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, sql);
  return rejection(transaction.commit());
}

describe('names the constraint by PostgreSQL’s rule, and its columns as declared', () => {
  test.each(VIOLATIONS)('%s', async (_, sql, code, table, columns, constraint) => {
    const { run } = await openDatabase({ url });
    expect(await rejection(run(sql))).toMatchObject({ code, table, columns, constraint });
  });

  test.each(DEFERRED)('deferred %s', async (_, sql, code, table, columns, constraint) => {
    const { database, run } = await openDatabase({ url });
    const expected = { code, table, columns, constraint };
    expect(await commitFailure(database, sql)).toMatchObject(expected);
    expect(await rejection(run(sql))).toMatchObject(expected);
  });
});
