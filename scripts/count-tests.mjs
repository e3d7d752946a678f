// Adds up Vitest's JSON reports in a folder and prints one line, `N passed, N failed`. Prints nothing if there are no reports.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const reports = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
if (reports.length > 0) {
  const skipped = sum(({ numPendingTests, numTodoTests }) => numPendingTests + numTodoTests);
  const line = `${sum((report) => report.numPassedTests)} passed, ${sum(countFailures)} failed`;
  console.log(skipped > 0 ? `${line}, ${skipped} skipped` : line);
}

function sum(count) {
  return reports.reduce((total, report) => total + count(report), 0);
}

/** A file that does not load and a run that aborts count as one failure each, although no test failed. */
function countFailures({ success, numFailedTests, testResults }) {
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((result) => result.status !== 'failed'),
  );
  return Math.max(numFailedTests + brokenFiles.length, success ? 0 : 1);
}
