import type { NumberScore, Score } from './score.js';

/** Formats the score for the terminal: one line for the total, and one for each number that is not kept. */
export function describeScore(score: Score, lost: string | undefined): string {
  const numbers = Object.entries(score.numbers).map(([number, each]) => `${number} ${fraction(each)}`);
  const lines = [
    `conformance of ${score.name}: ${verdict(score)}${score.absent.length > 0 ? `; absent as declared: ${score.absent.join(', ')}` : ''}`,
    `  ${numbers.join('  ')}`,
  ];
  if (lost !== undefined)
    lines.push(`  The driver hangs: ${lost}. The cases after that were not tried and count as failed.`);
  return lines.join('\n');
}

/** Returns the text of the badge, such as `14/14`. */
export function badgeMessage({ kept, numbers }: Score): string {
  return `${kept.length}/${Object.keys(numbers).length}`;
}

function verdict(score: Score): string {
  if (!score.isComplete) return 'part of the suite, which certifies nothing';
  return `${badgeMessage(score)} numbers of the contract kept`;
}

function fraction({ passed, failed, notRun }: NumberScore): string {
  return `${passed}/${passed + failed}${notRun > 0 ? ` (${notRun} not run)` : ''}`;
}
