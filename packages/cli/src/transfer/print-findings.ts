import type { Finding, Untranslated, VerifiedTable } from '@sluice/transfer';
import { coloured } from '../terminal/colours.js';
import { count, textTable } from '../terminal/text-table.js';

/** Formats findings as a table, problems first. Below each are the keys of its rows and the possible solutions. */
export function printFindings(findings: readonly Finding[]): string {
  const problems = findings.filter(({ severity }) => severity === 'problem');
  const notes = findings.filter(({ severity }) => severity === 'note');
  return [...problems, ...notes].map(printFinding).join('');
}

function printFinding(finding: Finding): string {
  const { severity, kind, table, column, keys, message, advice, settledBy } = finding;
  const word =
    severity === 'note'
      ? 'note'
      : settledBy === undefined
        ? coloured('red', 'problem')
        : coloured('yellow', `settled (${settledBy})`);
  const place = table === undefined ? '' : column === undefined ? table : `${table}.${column}`;
  const times = finding.count > 1 ? `${count(finding.count)} ×` : '';
  const head = [word, kind, place, times].filter((part) => part !== '').join('  ');
  const rows =
    keys.length === 0 ? '' : `    rows: ${keys.join('; ')}${finding.count > keys.length ? '; …' : ''}\n`;
  const ways = advice === undefined ? '' : `    do: ${advice}\n`;
  return `${head}\n    ${message}\n${rows}${ways}`;
}

/** Formats the objects that the target does not have, with their SQL. */
export function printUntranslated(untranslated: readonly Untranslated[]): string {
  if (untranslated.length === 0) return '';
  const items = untranslated.map(({ object, reason, sql }) => `  ${object}: ${reason}\n${indent(sql)}`);
  return `${coloured('yellow', 'Not in the target')}, for you to write:\n${items.join('')}`;
}

function indent(sql: string): string {
  return sql
    .split('\n')
    .map((line) => `      ${line}\n`)
    .join('');
}

/** Formats the result of a comparison by table, with both versions of the differing rows. */
export function printVerified(tables: readonly VerifiedTable[]): string {
  const rows = tables.map(({ table, rows: total, digest, isEqual }) => [
    isEqual ? coloured('green', 'equal') : coloured('red', 'different'),
    count(total),
    digest,
    table,
  ]);
  return (
    textTable(rows) +
    tables
      .filter(({ isEqual }) => !isEqual)
      .map(printDifferences)
      .join('')
  );
}

function printDifferences({ table, differences, differenceCount, misfits }: VerifiedTable): string {
  const lines = differences.map(({ kind, key, columns }) => {
    const values = columns
      .map(({ name, source, target }) => `      ${name}: ${source} | ${target}\n`)
      .join('');
    return `    ${kind} ${key}\n${values}`;
  });
  const more =
    differenceCount > differences.length ? `    … at least ${count(differenceCount)} in all\n` : '';
  const unfit = misfits.map(
    ({ column, problem, count: times, keys }) =>
      `    ${column}: ${count(times)} × ${problem}, which the other side cannot hold: ${keys.join('; ')}${times > keys.length ? '; …' : ''}\n`,
  );
  return `  ${table}: source | target\n${unfit.join('')}${lines.join('')}${more}`;
}
