import { DiffChecker } from 'kysely-codegen';

/** The maximum number of printed lines. The remaining lines are counted. */
const SHOWN_LINES = 30;

/** Returns the changes as a unified diff without its header: `-` lines are in the file, `+` lines are in the database. */
export function describeDifference(existing: string, generated: string): string {
  const difference = new DiffChecker().diff(existing, generated);
  if (difference === undefined || difference.trim() === '') return 'Only the ends of lines differ.\n';
  const lines = difference.trimEnd().split('\n');
  const shown = lines.slice(0, SHOWN_LINES).join('\n');
  const hidden = lines.length - SHOWN_LINES;
  return hidden > 0 ? `${shown}\n… and ${hidden} more lines\n` : `${shown}\n`;
}
