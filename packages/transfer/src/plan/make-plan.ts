import type { TableProfile } from '../reader/reader-protocol.js';
import type { SourceSchema, SourceTable } from '../source/schema.js';
import type { ExpressionScope } from '../translate/expression.js';
import { translateTrigger, translateView } from '../translate/query.js';
import { scaleOfForm } from '../values/scaled-numeric.js';
import type { TypeChoice } from './choose-type.js';
import { type Finding, finding } from './finding.js';
import { planForeignKey } from './plan-statements.js';
import { chooseTypes, planTable } from './plan-table.js';
import { type Policies, policyOf } from './policies.js';
import type { PlannedStatement, PlannedTable, TransferPlan, Untranslated } from './transfer-plan.js';

export interface PlanResult {
  readonly plan: TransferPlan;
  readonly findings: readonly Finding[];
}

/** The input of {@link makePlan}. */
export interface PlanInput {
  readonly file: string;
  readonly fingerprint: string;
  readonly schema: SourceSchema;
  readonly profiles: ReadonlyMap<string, TableProfile>;
  readonly policies: Policies;
}

/** Makes the plan of a whole file. */
export function makePlan({ file, fingerprint, schema, profiles, policies }: PlanInput): PlanResult {
  const tables = schema.tables.filter(({ name }) => profiles.has(name));
  const types = new Map(tables.map((table) => [table.name, chooseTypes(table, profileOf(profiles, table))]));
  alignForeignKeys(tables, types);
  const results = tables.map((table) =>
    planTable(table, profileOf(profiles, table), types.get(table.name) ?? new Map(), policies),
  );
  const planned = results.map(({ table }) => table);
  const untranslated: Untranslated[] = results.flatMap((result) => result.untranslated);
  const statements = [
    ...foreignKeys(tables, planned, policies, untranslated),
    ...viewsAndTriggers(schema, planned, untranslated),
  ];
  for (const { name, reason, sql } of schema.skipped) {
    if (reason === 'virtual')
      untranslated.push({ object: `virtual table ${name}`, reason: 'PostgreSQL has no such module', sql });
  }
  const plan: TransferPlan = {
    version: 1,
    source: { file, fingerprint },
    schema: 'translate',
    policies,
    tables: planned,
    statements,
    untranslated,
  };
  const findings = results.flatMap((result) => result.findings);
  return { plan, findings: [...findings, ...collisions(planned), ...objectFindings(untranslated)] };
}

function profileOf(profiles: ReadonlyMap<string, TableProfile>, table: SourceTable): TableProfile {
  return profiles.get(table.name) ?? { rows: 0, columns: [] };
}

const INTEGERS = ['smallint', 'integer', 'bigint'];

/** Gives a foreign key and the key that it refers to the same type: the wider integer, or text. Repeats until chains of keys agree. */
function alignForeignKeys(
  tables: readonly SourceTable[],
  types: ReadonlyMap<string, Map<string, TypeChoice>>,
): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const table of tables) {
      for (const { columns, parent, parentColumns } of table.foreignKeys) {
        columns.forEach((column, index) => {
          const own = types.get(table.name);
          const theirs = types.get(parent);
          if (own !== undefined && theirs !== undefined && align(own, column, theirs, parentColumns[index]))
            changed = true;
        });
      }
    }
  }
}

function align(
  own: Map<string, TypeChoice>,
  column: string,
  theirs: Map<string, TypeChoice>,
  parentColumn: string | undefined,
): boolean {
  const mine = findName(own, column);
  const parent = findName(theirs, parentColumn ?? '');
  const left = mine && own.get(mine);
  const right = parent && theirs.get(parent);
  if (mine === undefined || parent === undefined || !left || !right || left.type === right.type) return false;
  const widths = [INTEGERS.indexOf(left.type), INTEGERS.indexOf(right.type)];
  const isText = [left.type, right.type].every((type) => /^(?:text|varchar|uuid)/.test(type));
  const type = widths.every((width) => width >= 0)
    ? INTEGERS[Math.max(...widths)]
    : isText
      ? 'text'
      : undefined;
  if (type === undefined) return false;
  own.set(mine, {
    ...left,
    type,
    why: left.type === type ? left.why : `${left.why}; as wide as the key it refers to`,
  });
  theirs.set(parent, {
    ...right,
    type,
    why: right.type === type ? right.why : `${right.why}; as wide as the keys that refer to it`,
  });
  return true;
}

function findName(types: ReadonlyMap<string, TypeChoice>, name: string): string | undefined {
  return [...types.keys()].find((candidate) => candidate.toLowerCase() === name.toLowerCase());
}

function foreignKeys(
  tables: readonly SourceTable[],
  planned: readonly PlannedTable[],
  policies: Policies,
  untranslated: Untranslated[],
): PlannedStatement[] {
  const byName = new Map(planned.map((table) => [table.source.toLowerCase(), table]));
  return tables.flatMap((table) =>
    table.foreignKeys.flatMap((key) => {
      const own = byName.get(table.name.toLowerCase());
      const parent = byName.get(key.parent.toLowerCase());
      if (own !== undefined && parent !== undefined) {
        const isUnchecked = policyOf(policies, 'orphan', table.name) === 'convert:not-valid';
        return [planForeignKey(own, parent, key, isUnchecked)];
      }
      const sql = `FOREIGN KEY (${key.columns.join(', ')}) REFERENCES ${key.parent}`;
      untranslated.push({
        object: `foreign key of ${table.name}`,
        reason: `there is no table ${key.parent}`,
        sql,
      });
      return [];
    }),
  );
}

function viewsAndTriggers(
  schema: SourceSchema,
  planned: readonly PlannedTable[],
  untranslated: Untranslated[],
): PlannedStatement[] {
  const scope = wholeScope(schema, planned);
  const statements: PlannedStatement[] = [];
  for (const { name, sql } of schema.views) {
    const made = translateView(name, sql, scope);
    if ('sql' in made) statements.push({ object: `view ${name}`, sql: made.sql });
    else untranslated.push({ object: `view ${name}`, reason: made.reason, sql });
  }
  for (const { name, table, sql } of schema.triggers) {
    const made = translateTrigger(name, table, sql, scope);
    if ('reason' in made) untranslated.push({ object: `trigger ${name}`, reason: made.reason, sql });
    else statements.push({ object: `trigger ${name}`, sql: `${made.functionSql};\n${made.triggerSql}` });
  }
  return statements;
}

/** All names of tables, views and columns, with their names in the target. */
function wholeScope(schema: SourceSchema, planned: readonly PlannedTable[]): ExpressionScope {
  const columns = new Map<string, string>();
  const scales = new Map<string, number>();
  for (const table of planned) {
    for (const { source, target, form } of table.columns) {
      columns.set(source.toLowerCase(), target);
      const scale = scaleOfForm(form);
      if (scale !== undefined) scales.set(source.toLowerCase(), scale);
    }
  }
  for (const { name } of schema.views) columns.set(name.toLowerCase(), name);
  for (const { source, target } of planned) columns.set(source.toLowerCase(), target);
  return { columns, types: new Map(), scales };
}

/** Finds different names of the source that are the same in the target after renaming. */
function collisions(planned: readonly PlannedTable[]): Finding[] {
  const found: Finding[] = [];
  const check = (names: readonly string[], table: string | undefined): void => {
    const double = names.find((name, index) => names.indexOf(name) !== index);
    if (double === undefined) return;
    found.push(
      finding({
        severity: 'problem',
        kind: 'name-collision',
        table,
        message: `Two names become "${double}". Change "target" of one in the plan.`,
      }),
    );
  };
  check(
    planned.map(({ target }) => target),
    undefined,
  );
  for (const { source, columns } of planned) {
    check(
      columns.map(({ target }) => target),
      source,
    );
  }
  return found;
}

/** A note with the SQL for each object that is not translated. */
function objectFindings(untranslated: readonly Untranslated[]): Finding[] {
  return untranslated.map(({ object, reason, sql }) =>
    finding({
      severity: 'note',
      kind: 'untranslated',
      message: `${object} is not translated: ${reason}.`,
      advice: sql === '' ? undefined : `write it by hand: ${sql}`,
    }),
  );
}
