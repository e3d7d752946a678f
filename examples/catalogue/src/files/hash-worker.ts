import { parentPort } from 'node:worker_threads';
import { hashFile } from './hash-file.js';

// Runs in a thread of its own, where reading and hashing may block. One message of paths is answered by one of contents, in order.
parentPort?.on('message', (paths: readonly string[]) => {
  parentPort?.postMessage(paths.map(hashFile));
});
