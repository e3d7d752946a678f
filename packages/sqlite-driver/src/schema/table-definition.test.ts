import { describe, expect, test } from 'vitest';
import { clausesOf, isOrdinaryTable, TableDefinition } from './table-definition.js';

const SQL = `CREATE TABLE [a "t"] (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the first, (of) many
  "b" numeric (10, 2) CONSTRAINT "c, d" NOT NULL ON CONFLICT ABORT DEFAULT -1.5 COLLATE nocase,
  e, f text DEFAULT NULL NULL REFERENCES p (x) ON DELETE SET NULL ON UPDATE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
  g text AS (lower(f)) STORED CHECK (g <> 'unique'),
  UNIQUE (e, f) ON CONFLICT IGNORE CONSTRAINT h CHECK (e > 0),
  FOREIGN KEY (e) REFERENCES p (y) NOT DEFERRABLE
) WITHOUT ROWID`;

const table = new TableDefinition(SQL);

describe('reading', () => {
  test('columns, their types and clauses', () => {
    expect(table.name).toBe('a "t"');
    expect(
      table.columns.map(({ name, type, clauses }) => [name, type.text, clauses.map(({ kind }) => kind)]),
    ).toStrictEqual([
      ['id', 'INTEGER', ['primary key']],
      ['b', 'numeric (10, 2)', ['not null', 'default', 'collate']],
      ['e', '', []],
      ['f', 'text', ['default', 'null', 'references']],
      ['g', 'text', ['generated', 'check']],
    ]);
  });

  test('constraints of the table, also those without a comma between them', () => {
    expect(table.constraints.map(({ kind, name }) => [kind, name])).toStrictEqual([
      ['unique', undefined],
      ['check', 'h'],
      ['foreign key', undefined],
    ]);
  });

  test('a virtual table, a view and other text are no ordinary table', () => {
    for (const sql of ['CREATE VIRTUAL TABLE t USING fts5(a)', 'CREATE VIEW v AS SELECT 1', '', 'null'])
      expect(isOrdinaryTable(sql)).toBe(false);
  });
});

describe('editing', () => {
  const column = (name: string) => {
    const found = table.column(name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  test('replaces what it is about and keeps every other character', () => {
    const [notNull] = clausesOf(column('b'), 'not null');
    const [unique] = table.constraints;
    if (notNull === undefined || unique === undefined) throw new Error('The table was not understood.');
    const edits: [TableDefinition, string][] = [
      [table.named('x'), SQL.replace('[a "t"]', '"x"')],
      [table.addColumn('z int'), SQL.replace("'unique'),", "'unique'), z int,")],
      [table.addConstraint('check (1)'), SQL.replace('NOT DEFERRABLE\n', 'NOT DEFERRABLE, check (1)\n')],
      [table.addClause(column('id'), 'check (1)'), SQL.replace('AUTOINCREMENT', 'AUTOINCREMENT check (1)')],
      [table.setType(column('e'), 'text'), SQL.replace('  e,', '  e text,')],
      [table.setType(column('b'), 'text'), SQL.replace('numeric (10, 2)', 'text')],
      [table.removeClause(notNull), SQL.replace(' CONSTRAINT "c, d" NOT NULL ON CONFLICT ABORT', '')],
      [table.removeClause(unique), SQL.replace(' UNIQUE (e, f) ON CONFLICT IGNORE', '')],
      [table.renameClause(notNull, 'n'), SQL.replace('"c, d"', '"n"')],
      [table.renameClause(unique, 'n'), SQL.replace('UNIQUE', 'constraint "n" UNIQUE')],
      [table.removeColumn(column('e')), SQL.replace(',\n  e,', ',')],
    ];
    for (const [edited, expected] of edits) expect(edited.sql).toBe(expected);
  });

  test('the first, the last and the only column can be removed', () => {
    const small = new TableDefinition('CREATE TABLE t(a, b int)');
    const [first, last] = small.columns;
    if (first === undefined || last === undefined) throw new Error('The table was not understood.');
    expect(small.removeColumn(first).sql).toBe('CREATE TABLE t(b int)');
    expect(small.removeColumn(last).sql).toBe('CREATE TABLE t(a)');
  });
});
