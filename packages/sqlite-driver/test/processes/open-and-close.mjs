// Opens and closes the file given as argument as often as the second one says, and prints what it holds before and after.
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

const [, , path, times] = process.argv;

async function openAndClose() {
  const storage = await openStorage({ url: `sqlite:${path}`, drivers: [sqlite()] });
  await storage.close();
}

/** What a leak would add to: open files, threads and other resources that keep the process alive, and memory. */
function held() {
  globalThis.gc();
  return {
    files: readdirSync('/dev/fd').length,
    threads: existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0,
    resources: process.getActiveResourcesInfo().length,
    megabytes: Math.round(process.memoryUsage.rss() / 1e6),
  };
}

/** What is held once the last turn's own resources, such as a timer that is about to fire, are gone. */
async function settled() {
  await setTimeout(200);
  return held();
}

for (let count = 0; count < 50; count += 1) await openAndClose();
const before = await settled();
for (let count = 50; count < Number(times); count += 1) await openAndClose();
console.log(JSON.stringify({ before, after: await settled() }));
