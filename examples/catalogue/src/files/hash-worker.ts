import { parentPort } from 'node:worker_threads';
import { hashFile } from './hash-file.js';

// Runs in its own thread, where reading and hashing may block. Each message of paths is answered by one message of contents, in the same
// order.
parentPort?.on('message', (paths: readonly string[]) => {
  parentPort?.postMessage(paths.map(hashFile));
});
