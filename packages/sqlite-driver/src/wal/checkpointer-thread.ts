import { serveThread } from '../thread/thread-server.js';
import { runCheckpoint } from './run-checkpoint.js';

serveThread((request, connection, flags) => {
  if (request.op !== 'checkpoint') throw new Error(`The checkpointer was asked to ${request.op}.`);
  return { outcomes: [runCheckpoint(connection, flags, request)] };
});
