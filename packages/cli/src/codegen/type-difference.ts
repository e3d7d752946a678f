import { DiffChecker } from 'kysely-codegen';

/** Lines of a difference that are shown; what follows is counted. */
const SHOWN_LINES = 30;

/** What would change, as a unified diff without its header: `-` is in the file, `+` is in the database. */
export function describeDifference(existing: string, generated: string): string {
  const difference = new DiffChecker().diff(existing, generated);
  if (difference === undefined || difference.trim() === '') return 'Only the ends of lines differ.\n';
  const lines = difference.trimEnd().split('\n');
  const shown = lines.slice(0, SHOWN_LINES).join('\n');
  const hidden = lines.length - SHOWN_LINES;
  return hidden > 0 ? `${shown}\n… and ${hidden} more lines\n` : `${shown}\n`;
}
