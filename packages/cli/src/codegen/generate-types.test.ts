import { type Catalog, type CatalogColumn, type CatalogTable, parseValueType } from '@sluice/core';
import { describe, expect, it } from 'vitest';
import { generateTypes } from './generate-types.js';

describe('generateTypes', () => {
  it('writes the value of every column type', () => {
    const types = ['bigint', 'boolean', 'bytea', 'date', 'double precision', 'integer', 'json', 'jsonb'];
    const more = ['numeric(10, 2)', 'smallint', 'text', 'timestamptz', 'uuid', 'varchar(20)'];
    const columns = [...types, ...more].map((type) => column(`a_${type.replaceAll(/\W+/g, '_')}`, type));
    expect(generateTypes(catalog(table('sample', columns))).text).toMatchInlineSnapshot(`
      "// Written by \`sluice codegen\` from the database. Do not edit: change a migration and run it again.

      export type JsonArray = JsonValue[];

      export type JsonObject = {
        [x: string]: JsonValue | undefined;
      };

      export type JsonPrimitive = boolean | number | string | null;

      export type JsonValue = JsonArray | JsonObject | JsonPrimitive;

      export interface Sample {
        a_bigint: bigint;
        a_boolean: boolean;
        a_bytea: Uint8Array;
        a_date: string;
        a_double_precision: number;
        a_integer: number;
        a_json: JsonValue;
        a_jsonb: JsonValue;
        a_numeric_10_2_: string;
        a_smallint: number;
        a_text: string;
        a_timestamptz: Date;
        a_uuid: string;
        a_varchar_20_: string;
      }

      export interface DB {
        sample: Sample;
      }
      "
    `);
  });

  it('tells what may be NULL, left out or never written', () => {
    const columns = [
      column('plain', 'text'),
      column('nullable', 'text', { isNullable: true }),
      column('defaulted', 'text', { hasDefault: true }),
      column('both', 'text', { isNullable: true, hasDefault: true }),
      column('computed', 'text', { hasDefault: true, isGenerated: true }),
      column('maybe_computed', 'text', { isNullable: true, isGenerated: true }),
    ];
    const { text } = generateTypes(catalog(table('sample', columns)));
    expect(text).toContain("import type { Generated, GeneratedAlways } from 'kysely';");
    expect(body(text, 'Sample')).toEqual([
      'both: Generated<string | null>;',
      'computed: GeneratedAlways<string>;',
      'defaulted: Generated<string>;',
      'maybe_computed: GeneratedAlways<string | null>;',
      'nullable: string | null;',
      'plain: string;',
    ]);
  });

  it('makes every column of a view readable, nullable and not writable', () => {
    const view = { ...table('totals', [column('size', 'bigint')]), isView: true };
    expect(body(generateTypes(catalog(view)).text, 'Totals')).toEqual([
      'size: GeneratedAlways<bigint | null>;',
    ]);
  });

  it('names columns in camel case when asked', () => {
    const { text } = generateTypes(catalog(table('loop_order', [column('uploaded_at', 'date')])), {
      camelCase: true,
    });
    expect(body(text, 'LoopOrder')).toEqual(['uploadedAt: string;']);
    expect(body(text, 'DB')).toEqual(['loopOrder: LoopOrder;']);
  });

  it('gives the same text whatever the order of tables and columns', () => {
    const a = table('a', [column('x', 'text'), column('Y', 'text')]);
    const b = table('B', [column('é', 'text'), column('z', 'text')]);
    const turned = catalog({ ...b, columns: new Map([...b.columns].reverse()) }, a);
    expect(generateTypes(turned).text).toBe(generateTypes(catalog(a, b)).text);
  });

  it('leaves out the tables that keep account of migrations', () => {
    const internal = ['kysely_migration', 'kysely_migration_lock', 'sluice_migration'];
    const names = [...internal, 'media'];
    const { text, tables } = generateTypes(catalog(...names.map((name) => table(name, []))));
    expect(tables).toBe(1);
    expect(text).not.toContain('_migration');
  });

  it('writes an unknown type as unknown and says which column has it', () => {
    const money: CatalogColumn = { ...column('price', 'text'), type: undefined, declaredType: 'money' };
    const { text, unknownColumns } = generateTypes(catalog(table('offer', [money])));
    expect(body(text, 'Offer')).toEqual(['price: unknown;']);
    expect(unknownColumns).toEqual([expect.stringContaining('offer.price has the type "money"')]);
  });

  it('writes a type outside of the contract as what the driver gives, and an enum as its labels', () => {
    const foreign = (name: string, more: Partial<CatalogColumn>): CatalogColumn => ({
      ...column(name, 'text'),
      type: undefined,
      declaredType: 'other',
      ...more,
    });
    const columns = [
      foreign('mood', { foreign: { value: 'string', labels: ['sad', "it's"] }, isNullable: true }),
      foreign('span', { foreign: { value: 'string' }, hasDefault: true }),
      foreign('ratio', { foreign: { value: 'number' } }),
    ];
    const place = { schema: 'billing', table: 'zoo' };
    const { text, unknownColumns } = generateTypes(catalog({ ...table('billing.zoo', columns), place }));
    expect(body(text, 'BillingZoo')).toEqual([
      `mood: "sad" | "it's" | null;`,
      'ratio: number;',
      'span: Generated<string>;',
    ]);
    expect(body(text, 'DB')).toEqual(['"billing.zoo": BillingZoo;']);
    expect(unknownColumns).toEqual([]);
  });

  it('writes tables with the names of the members of every object', () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', '__defineGetter__'];
    const tables = names.map((name) => table(name, [column('id', 'integer'), column('__proto__', 'text')]));
    const { text } = generateTypes(catalog(...tables));
    for (const name of names) expect(text).toMatch(new RegExp(`^  ${name}: _?[A-Z]\\w*;$`, 'm'));
    expect(text.match(/^ {2}__proto__: string;$/gm)).toHaveLength(names.length);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('keeps a table from taking the name of a type that columns use', () => {
    const date = table('date', [column('day', 'timestamptz'), column('id', 'bigint', { hasDefault: true })]);
    const generated = table('generated', [column('id', 'bigint', { hasDefault: true })]);
    const { text } = generateTypes(catalog(date, generated));
    expect(body(text, 'DateTable')).toEqual(['day: Date;', 'id: Generated<bigint>;']);
    expect(text).toContain("import type { Generated } from 'kysely';");
    expect(body(text, 'Generated2')).toEqual(['id: Generated<bigint>;']);
  });
});

function column(name: string, type: string, more: Partial<CatalogColumn> = {}): CatalogColumn {
  return {
    name,
    type: parseValueType(type),
    declaredType: type,
    isNullable: false,
    hasDefault: false,
    isGenerated: false,
    ...more,
  };
}

function table(name: string, columns: readonly CatalogColumn[]): CatalogTable {
  return {
    name,
    isView: false,
    columns: new Map(columns.map((each) => [each.name, each])),
    primaryKey: [],
    uniqueKeys: [],
  };
}

function catalog(...tables: readonly CatalogTable[]): Catalog {
  return new Map(tables.map((each) => [each.name, each]));
}

/** Returns the lines between the braces of an interface. */
function body(text: string, name: string): string[] {
  const [, lines = ''] = new RegExp(`interface ${name} \\{\\n(.*?)\\}`, 's').exec(text) ?? [];
  return lines
    .trim()
    .split('\n')
    .map((line) => line.trim());
}
