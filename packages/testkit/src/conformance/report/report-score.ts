import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { DriverDeadlines } from '../../fixture/driver-deadlines.js';
import { drawBadge } from './badge.js';
import { badgeMessage, describeScore } from './describe-score.js';
import { type ScoredTask, scoreOf } from './score.js';

/** Prints the score of a finished suite, and writes it to the folder that the target or the environment variable names. */
export async function reportScore(target: ConformanceTarget, suite: ScoredTask): Promise<void> {
  const score = scoreOf(target.name, target.capabilities, suite);
  console.log(describeScore(score, DriverDeadlines.of(target).lost));
  const folder = target.report ?? process.env.SLUICE_CONFORMANCE_REPORT;
  if (folder === undefined || folder === '') return;
  await mkdir(folder, { recursive: true });
  const path = join(folder, target.name.replace(/[^\w.-]+/g, '-'));
  await writeFile(`${path}.json`, `${JSON.stringify(score, undefined, 2)}\n`);
  // An incomplete run gets no number. Its badge still replaces that of an earlier run, which could be mistaken for its result.
  const message = score.isComplete ? badgeMessage(score) : 'incomplete';
  await writeFile(
    `${path}.svg`,
    drawBadge('sluice contract', message, score.isComplete && score.failures.length === 0),
  );
}
