import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { ResultPart } from '../values/result-part.js';
import { LateJoinerReceiver } from './late-joiners.js';
import { SlotReceiver, SlotSender, WAKE_UP } from './shared-slot.js';
import { SpinBudget } from './spin-budget.js';
import type { ThreadFlags } from './thread-flags.js';
import type {
  PackedMembers,
  PreparedCounts,
  ThreadMessage,
  ThreadReply,
  ThreadRequest,
  ThreadStart,
} from './thread-protocol.js';

/** How long a thread sleeps on shared memory before it returns to its event loop. */
const LINGER_MS = 5;

/** How long it spins on shared memory before it sleeps. */
const SPIN_MS = 0.1;

/** Results with more rows are sent through the message port. */
const LONG_ROWS = 100;

/** What this thread was started with. */
export const start: ThreadStart = workerData;

const requests = new SlotReceiver<ThreadRequest>(start.requests);
const replies = new SlotSender<ThreadMessage>(start.replies, (message) => parentPort?.postMessage(message));
/** Receives late joiners of the group that runs. */
export const lateJoiners: LateJoinerReceiver = new LateJoinerReceiver(
  start.mailboxSlots,
  () => receivePosted() as PackedMembers,
);
const spin = new SpinBudget();
let hasSentParts = false;

/** Sends a part of a long result. */
export function sendPart(member: number, part: ResultPart): void {
  hasSentParts = true;
  const message: ThreadMessage = { kind: 'part', member, part };
  parentPort?.postMessage(message);
}

/** Sends the reply, after the parts of its result. */
export function sendReply(reply: ThreadReply, prepared?: PreparedCounts): void {
  const message: ThreadMessage = { kind: 'reply', reply, prepared };
  if (hasSentParts || reply.outcomes.some(isLong)) replies.sendPosted(message);
  else replies.send(message);
  hasSentParts = false;
}

/** Whether a result has many rows: structured cloning sends their long columns faster, and they would not fit into the slot. */
function isLong(outcome: ThreadReply['outcomes'][number]): boolean {
  return typeof outcome === 'object' && outcome.kind === 'result' && (outcome.last?.count ?? 0) > LONG_ROWS;
}

/** Answers all requests, one after the other. */
export function serveRequests(answer: (request: ThreadRequest) => Promise<void>, flags: ThreadFlags): void {
  parentPort?.on('message', async (message: ThreadRequest | typeof WAKE_UP) => {
    requests.watch();
    for (let next = taken(message); next !== undefined; next = lingerForNext(flags)) await answer(next);
  });
}

function taken(message: ThreadRequest | typeof WAKE_UP): ThreadRequest | undefined {
  if (message === WAKE_UP) return requests.take() ?? requests.listen();
  requests.clearPosted();
  return message;
}

/**
 * Waits a moment for the next request: the next statement of a transaction, or the next group, often follows at once, and a thread that
 * sleeps on shared memory wakes much faster than its event loop. `undefined` when none came.
 */
function lingerForNext(flags: ThreadFlags): ThreadRequest | undefined {
  const until = performance.now() + LINGER_MS;
  for (let left = LINGER_MS; left > 0; left = until - performance.now()) {
    const { announced } = flags;
    const next = requests.take() ?? receiveRequest();
    if (next !== undefined) return next;
    if (!spinForAnnouncement(flags, announced)) flags.sleepSince(announced, left);
  }
  return requests.listen();
}

/** Takes a posted request out of the port, unless the event loop has taken it. */
function receiveRequest(): ThreadRequest | undefined {
  if (!requests.isPosted) return undefined;
  const message = receivePosted();
  requests.clearPosted();
  // Only requests are posted between two requests.
  return message as ThreadRequest | undefined;
}

/** Receives the next message in the port that is not a wake-up; wake-ups may precede it. */
function receivePosted(): unknown {
  let message: unknown = WAKE_UP;
  while (message === WAKE_UP && parentPort !== null) message = receiveMessageOnPort(parentPort)?.message;
  return message;
}

/** Spins on shared memory for a moment. True when there was an announcement. */
function spinForAnnouncement(flags: ThreadFlags, announced: number): boolean {
  if (!spin.take()) return false;
  const until = performance.now() + SPIN_MS;
  let isNew = false;
  while (!isNew && performance.now() < until) {
    for (let looks = 0; looks < 100 && !isNew; looks += 1) isNew = flags.announced !== announced;
  }
  spin.note(isNew);
  return isNew;
}
