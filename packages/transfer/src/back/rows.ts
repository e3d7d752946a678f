import type { Policies } from '../plan/policies.js';
import { quoteName, quoteNames, quoteText } from '../sql/quote.js';
import type { ColumnType } from '../values/column-type.js';
import { scaleInFile } from '../values/scaled-numeric.js';
import { type BackForeignKey, foreignKeysOf } from './foreign-key.js';
import { quarantineCondition, quarantineReason, selectedColumns } from './problems.js';
import { type BackTable, keySql } from './table.js';

/** Common table expression of the orphans that go into quarantine, by `tableoid` and `ctid`, names that no column can have. */
const ORPHANS = 'sluice_orphans';

/**
 * SQL for the rows to move, according to the policies. A row in quarantine makes orphans of the rows that refer to it. If these go into
 * quarantine too, so do the rows that refer to them, along chains of any length and cycles. Keys are compared by the values that the file
 * will hold.
 */
export class BackRows {
  readonly #policies: Policies;
  readonly #foreignKeys: ReadonlyMap<BackTable, readonly BackForeignKey[]>;

  constructor(tables: readonly BackTable[], policies: Policies) {
    this.#policies = policies;
    this.#foreignKeys = new Map(tables.map((back) => [back, foreignKeysOf(back, tables, policies)]));
  }

  foreignKeysOf(back: BackTable): readonly BackForeignKey[] {
    return this.#foreignKeys.get(back) ?? [];
  }

  /** Selects the rows that go into the file, converted. */
  select(back: BackTable): string {
    const names = quoteNames(back.columns.map(({ name }) => name));
    return `${this.#withOrphans(back)}select ${names} from ${this.#rows(back)} child where ${this.#isKept(back, 'child')}`;
  }

  /** Selects `what` of the orphans of a foreign key, as `child`. */
  selectOrphans(key: BackForeignKey, what: string): string {
    const { child, parent, action } = key;
    // Count the rows that this key puts into quarantine, but not those that only another key puts there.
    const isSeen = action === 'quarantine' ? 'true' : this.#isKept(child, 'child');
    const isOrphan = this.#isOrphan(key, this.#isKept(parent, 'parent'));
    return `${this.#withOrphans(child)}select ${what} from ${this.#rows(child)} child where ${isSeen} and ${isOrphan}`;
  }

  /**
   * Selects the rows that go into quarantine: key, column, reason, and the row as JSON of PostgreSQL's text, which is exact. `undefined` when
   * no policy sends any there.
   */
  selectQuarantine(back: BackTable): string | undefined {
    const name = quoteName(back.table.name);
    const misfits = quarantineCondition(back, this.#policies);
    const { column, reason } = quarantineReason(back, this.#policies);
    const selects = [];
    if (misfits !== undefined)
      selects.push(
        `select ${keySql(back.table)}, ${column}, ${reason}, ${contentOf(back)} from ${name} child where ${misfits}`,
      );
    if (this.#quarantinesOrphans(back))
      selects.push(`select ${keySql(back.table)}, orphan.columns, 'orphan', ${contentOf(back)} from ${name} child join
        (select relation, id, string_agg(distinct columns, '; ') as columns from ${ORPHANS} group by relation, id) orphan
        on orphan.relation = child.tableoid and orphan.id = child.ctid::text`);
    return selects.length === 0 ? undefined : `${this.#withOrphans(back)}${selects.join(' union all ')}`;
  }

  /** Subquery of the converted rows, without those in quarantine because of a value. */
  #rows(back: BackTable): string {
    const selected = selectedColumns(back, this.#policies);
    const misfits = quarantineCondition(back, this.#policies);
    return `(select tableoid, ctid::text as ctid, ${selected} from ${quoteName(back.table.name)} where ${misfits === undefined ? 'true' : `not ${misfits}`})`;
  }

  #quarantinesOrphans(back: BackTable): boolean {
    return this.foreignKeysOf(back).some(({ action }) => action === 'quarantine');
  }

  /** Condition for a row of `#rows` that is not an orphan in quarantine. */
  #isKept(back: BackTable, alias: string): string {
    if (!this.#quarantinesOrphans(back)) return 'true';
    return `not exists (select 1 from ${ORPHANS} orphan where orphan.relation = ${alias}.tableoid and orphan.id = ${alias}.ctid)`;
  }

  #isOrphan(key: BackForeignKey, parentIsKept: string): string {
    const given = key.columns.map((column) => `child.${quoteName(column)} is not null`).join(' and ');
    return `${given} and not exists (select 1 from ${this.#rows(key.parent)} parent where ${matches(key)} and ${parentIsKept})`;
  }

  /** WITH clause that finds the orphans in quarantine, of a table and of the tables that it refers to. */
  #withOrphans(back: BackTable): string {
    const keys = [...this.#referencedTables(back)].flatMap((table) =>
      this.foreignKeysOf(table).filter(({ action }) => action === 'quarantine'),
    );
    if (keys.length === 0) return '';
    const first = keys.map((key) => {
      const { child } = key;
      return `select child.tableoid, child.ctid, ${columnsText(key)} from ${this.#rows(child)} child where ${this.#isOrphan(key, 'true')}`;
    });
    const links = keys.filter(({ parent }) => this.#quarantinesOrphans(parent)).map((key) => this.#link(key));
    const next =
      links.length === 0
        ? ''
        : ` union select link.child, link.id, link.columns from ${ORPHANS} orphan join (${links.join(' union all ')}) link
             on link.parent = orphan.relation and link.parent_id = orphan.id`;
    return `with recursive ${ORPHANS} (relation, id, columns) as ((${first.join(' union all ')})${next}) `;
  }

  /** Selects pairs of a row and the row that it refers to. */
  #link(key: BackForeignKey): string {
    return `select child.tableoid as child, child.ctid as id, ${columnsText(key)} as columns, parent.tableoid as parent, parent.ctid as parent_id
      from ${this.#rows(key.child)} child join ${this.#rows(key.parent)} parent on ${matches(key)}`;
  }

  /** A table and all tables that it refers to, directly or not. */
  #referencedTables(back: BackTable, found: Set<BackTable> = new Set()): Set<BackTable> {
    if (found.has(back)) return found;
    found.add(back);
    for (const { parent } of this.foreignKeysOf(back)) this.#referencedTables(parent, found);
    return found;
  }
}

/**
 * Condition that a foreign key matches. Decimal numbers are compared as SQLite stores them: as text, in which 1.0 is not 1.00, or as whole numbers of their last
 * digit, which are never equal to text.
 */
function matches({ child, columns, parent, parentColumns }: BackForeignKey): string {
  const typeIn = ({ columns: all }: BackTable, name: string): ColumnType | undefined => {
    const type = all.find((column) => column.name === name)?.type;
    return type?.name === 'numeric' ? type : undefined;
  };
  const pairs = columns.map((column, index) => {
    const parentColumn = parentColumns[index] ?? '';
    const types = [typeIn(parent, parentColumn), typeIn(child, column)] as const;
    const [left, right] = [`parent.${quoteName(parentColumn)}`, `child.${quoteName(column)}`];
    if (types.every((type) => type === undefined)) return `${left} = ${right}`;
    const [one, other] = types.map((type) => type && scaleInFile(type));
    const areNumerics = types.every((type) => type !== undefined);
    if (areNumerics && (one === undefined) !== (other === undefined)) return 'false';
    return `${storedText(left, one)} = ${storedText(right, other)}`;
  });
  return pairs.join(' and ');
}

/** The text of what SQLite stores for a number. @param scale of a numeric that is stored as a whole number. */
function storedText(column: string, scale: number | undefined): string {
  return scale === undefined ? `${column}::text` : `trunc(${column} * 1${'0'.repeat(scale)})::text`;
}

function columnsText({ columns }: BackForeignKey): string {
  return `${quoteText(columns.join(', '))}::text`;
}

function contentOf({ columns }: BackTable): string {
  const texts = columns.map(({ name }) => `child.${quoteName(name)}::text as ${quoteName(name)}`);
  return `(select row_to_json(content.*)::text from (select ${texts.join(', ')}) content)`;
}
