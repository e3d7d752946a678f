import { type Finding, finding } from '../plan/finding.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import { type ColumnProfile, familyOf } from '../reader/column-profile.js';
import type { TableProfile } from '../reader/reader-protocol.js';
import type { SourceColumn, SourceSchema, SourceTable } from '../source/schema.js';

/** Maximum of columns of a table in PostgreSQL (postgresql.org/docs/current/limits.html). */
export const MAX_COLUMNS = 1_600;

type Note = Pick<Finding, 'kind' | 'message'> & Partial<Finding>;

/** Findings about the schema. */
export function schemaFindings(schema: SourceSchema, profiles: ReadonlyMap<string, TableProfile>): Finding[] {
  const notes: Note[] = schema.tables.flatMap((table) => tableNotes(table, profiles.get(table.name)));
  if (schema.journalMode !== 'wal') {
    notes.push({
      kind: 'journal-mode',
      message: `The journal mode is ${schema.journalMode}: the application’s writers wait while the file is read.`,
    });
  }
  const shadows = schema.skipped.filter(({ reason }) => reason === 'shadow');
  if (shadows.length > 0) {
    const names = shadows.map(({ name }) => name).join(', ');
    notes.push({
      kind: 'shadow-tables',
      count: shadows.length,
      message: `The shadow tables of virtual tables are left out: ${names}.`,
    });
  }
  return notes.map((note) => finding({ severity: 'note', ...note }));
}

function tableNotes(table: SourceTable, profile: TableProfile | undefined): Note[] {
  const notes: Note[] = [];
  const add = (note: Note): void => void notes.push({ table: table.name, ...note });
  if (table.columns.length > MAX_COLUMNS) {
    add({
      severity: 'problem',
      kind: 'too-many-columns',
      count: table.columns.length,
      message: `The table has ${table.columns.length} columns; PostgreSQL takes ${MAX_COLUMNS}. Leave it out with --exclude, or split it.`,
    });
  }
  if (table.primaryKey.length === 0) {
    add({
      kind: 'no-primary-key',
      message:
        'There is no primary key. If the application uses the rowid as one, declare it first: VACUUM may renumber rows.',
    });
  }
  if (!table.hasRowid)
    add({ kind: 'without-rowid', message: 'WITHOUT ROWID: an ordinary table in PostgreSQL.' });
  if (table.isStrict) add({ kind: 'strict', message: 'STRICT: types are enforced in PostgreSQL anyway.' });
  if (table.rowidAlias !== undefined && table.sequence === undefined && (profile?.rows ?? 0) > 0) {
    add({
      kind: 'reused-ids',
      column: table.rowidAlias,
      message: 'SQLite reuses the id of a deleted last row; PostgreSQL’s identity does not.',
    });
  }
  const collated = table.indexes
    .flatMap(({ parts }) => parts)
    .find(({ collation }) => collation !== 'BINARY');
  for (const { name, collation } of table.columns) {
    if (collation === 'BINARY') continue;
    add({
      kind: 'collation',
      column: name,
      message: `COLLATE ${collation}: indexes compare lower(${name}) or rtrim(${name}), and queries must do the same; = on the column itself becomes exact.`,
    });
  }
  if (collated !== undefined && table.columns.every(({ collation }) => collation === 'BINARY')) {
    add({
      kind: 'collation',
      column: collated.column,
      message: `An index has COLLATE ${collated.collation}.`,
    });
  }
  for (const { name, isGenerated } of table.columns) {
    if (isGenerated)
      add({
        kind: 'generated-column',
        column: name,
        message: 'A generated column: PostgreSQL computes it anew, and the results are compared.',
      });
  }
  return notes;
}

/** Notes about the values of columns that fit their type. */
export function columnNotes(
  schema: SourceSchema,
  profiles: ReadonlyMap<string, TableProfile>,
  plan: TransferPlan,
): Finding[] {
  return schema.tables.flatMap((table) =>
    table.columns.flatMap((column, index) => {
      const profile = profiles.get(table.name)?.columns[index];
      const planned = plan.tables.find(({ source }) => source === table.name)?.columns[index];
      if (profile === undefined || planned === undefined) return [];
      const notes = valueNotes(column, profile, planned.type);
      return notes.map((note) =>
        finding({ severity: 'note', table: table.name, column: column.name, ...note }),
      );
    }),
  );
}

function valueNotes(column: SourceColumn, profile: ColumnProfile, type: string): Note[] {
  const { integers, reals, texts, bits } = profile;
  const family = familyOf(column.declaredType);
  const notes: Note[] = [];
  const values = integers + reals + texts + profile.blobs;
  if (values === 0) return notes;
  if (bits === values && bits > 1 && type !== 'boolean') {
    notes.push({
      kind: 'boolean-like',
      message: `Only 0 and 1 are stored; it stays ${type}. Change the plan if it is a boolean.`,
    });
  }
  if (family === 'time' && integers + reals > 0)
    notes.push({ kind: 'numeric-time', count: integers + reals, message: epochMessage(profile) });
  if (family === 'time' && profile.emptyTexts > 0) {
    notes.push({
      kind: 'empty-time',
      count: profile.emptyTexts,
      message: 'Empty text is stored in place of a time.',
    });
  }
  if (family === 'time' && type.startsWith('timestamp(')) {
    notes.push({
      kind: 'no-zone',
      message:
        'The text has no time zone, so the column has none. timestamptz in the plan reads it only if the text says its zone.',
    });
  }
  if (family === 'time' && profile.offsetMoments > 0) {
    notes.push({
      kind: 'offsets',
      count: profile.offsetMoments,
      message: 'Offsets other than UTC: the moment is kept, the offset is not.',
    });
  }
  if (/char[a-z ]*\(/i.test(column.declaredType) && type === 'text') {
    notes.push({
      kind: 'over-long',
      message: `Text is longer than ${column.declaredType}, which SQLite does not enforce: the column becomes text.`,
    });
  }
  if (family === 'numeric' && profile.longReals > 0) {
    notes.push({
      kind: 'rounded-decimal',
      count: profile.longReals,
      message:
        'Reals of more than 15 digits: SQLite has rounded decimals when they were written. They are moved as they are.',
    });
  }
  if (
    /^(?:string|floating point)$/i.test(column.declaredType.trim()) ||
    /^string\b/i.test(column.declaredType)
  ) {
    notes.push({
      kind: 'odd-affinity',
      message: `${column.declaredType} has numeric affinity in SQLite: text such as '0123' became 123 when it was written.`,
    });
  }
  if (family === 'uuid' && type === 'text')
    notes.push({ kind: 'uuid-text', message: 'Not all are lower-case uuids: the column stays text.' });
  if (integers > 0 && reals > 0)
    notes.push({
      kind: 'mixed-numbers',
      message: `Integers and reals are mixed; the column becomes ${type}.`,
    });
  if (type === 'bigint' && /int/i.test(column.declaredType)) {
    notes.push({
      kind: 'wide-integer',
      message: 'The column becomes bigint: check applications that expect 32 bits.',
    });
  }
  if (profile.emptyTexts > 0 && profile.nulls > 0) {
    notes.push({
      kind: 'empty-and-null',
      count: profile.emptyTexts,
      message: 'Empty text and NULL are both stored; both are kept.',
    });
  }
  if (hasOverflown(profile)) {
    notes.push({
      kind: 'integer-overflow',
      message: 'Whole reals beyond 2^53 beside integers: integers that were too big when they were written.',
    });
  }
  return notes;
}

function hasOverflown({ integers, wholeReals, reals }: ColumnProfile): boolean {
  return integers > 0 && reals > 0 && wholeReals === reals;
}

function epochMessage({ maxInteger = 0n, reals, integers }: ColumnProfile): string {
  if (reals > integers)
    return 'Reals stand for times, perhaps Julian days: "form": "julian" in the plan reads them.';
  const unit = maxInteger > 100_000_000_000n ? 'milliseconds' : 'seconds';
  const form = unit === 'seconds' ? 'epoch-s' : 'epoch-ms';
  return `Integers stand for times, perhaps ${unit} since 1970: "type": "timestamptz(3)" and "form": "${form}" in the plan read them.`;
}
