import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { ResultPart } from '../values/result-part.js';
import { LateReceiver } from './late-joiners.js';
import { KNOCK, SlotReceiver, SlotSender } from './shared-slot.js';
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

/** How long a thread sleeps on shared memory before it goes back to its event loop. */
const LINGER_MS = 5;

/** How long it watches shared memory before it sleeps. */
const SPIN_MS = 0.1;

/** Results of more rows go by message port. */
const LONG_ROWS = 100;

/** What this thread was started with. */
export const start: ThreadStart = workerData;

const requests = new SlotReceiver<ThreadRequest>(start.requests);
const replies = new SlotSender<ThreadMessage>(start.replies, (message) => parentPort?.postMessage(message));
/** Members that join the group under way. */
export const late: LateReceiver = new LateReceiver(start.late, () => receivePosted() as PackedMembers);
const spin = new SpinBudget();
let hasSentParts = false;

/** Sends rows of a long result. */
export function sendPart(member: number, part: ResultPart): void {
  hasSentParts = true;
  const message: ThreadMessage = { kind: 'part', member, part };
  parentPort?.postMessage(message);
}

/** Answers the request, behind the parts of its result. */
export function sendReply(reply: ThreadReply, prepared?: PreparedCounts): void {
  const message: ThreadMessage = { kind: 'reply', reply, prepared };
  if (hasSentParts || reply.outcomes.some(isLong)) replies.sendPosted(message);
  else replies.send(message);
  hasSentParts = false;
}

/** Structured cloning is faster for the long columns of many rows, which would not fit either. */
function isLong(outcome: ThreadReply['outcomes'][number]): boolean {
  return typeof outcome === 'object' && outcome.kind === 'result' && (outcome.last?.count ?? 0) > LONG_ROWS;
}

/** Takes no more requests, so that the thread ends. */
export function closePort(): void {
  parentPort?.close();
}

/** Has every request answered, one after the other. */
export function serveRequests(answer: (request: ThreadRequest) => Promise<void>, flags: ThreadFlags): void {
  parentPort?.on('message', async (message: ThreadRequest | typeof KNOCK) => {
    requests.watch();
    for (let next = taken(message); next !== undefined; next = lingerForNext(flags)) {
      await answer(next);
      if (next.op === 'close') return;
    }
  });
}

function taken(message: ThreadRequest | typeof KNOCK): ThreadRequest | undefined {
  if (message === KNOCK) return requests.take() ?? requests.listen();
  requests.clearPosted();
  return message;
}

/**
 * The next request, if it comes soon. A thread that sleeps on shared memory wakes in a fraction of the time that its event loop takes, and the
 * next statement of a transaction, or the next group, follows at once.
 */
function lingerForNext(flags: ThreadFlags): ThreadRequest | undefined {
  const until = performance.now() + LINGER_MS;
  for (let left = LINGER_MS; left > 0; left = until - performance.now()) {
    const { news } = flags;
    const next = requests.take() ?? receiveRequest();
    if (next !== undefined) return next;
    if (!seesNews(flags, news)) flags.sleepSince(news, left);
  }
  return requests.listen();
}

/** What was posted lies in the port, perhaps behind a knock that came too late, unless the event loop took it out. */
function receiveRequest(): ThreadRequest | undefined {
  if (!requests.isPosted) return undefined;
  const message = receivePosted();
  requests.clearPosted();
  // Nothing else is posted between two requests.
  return message as ThreadRequest | undefined;
}

function receivePosted(): unknown {
  let message: unknown = KNOCK;
  while (message === KNOCK && parentPort !== null) message = receiveMessageOnPort(parentPort)?.message;
  return message;
}

/** Watches shared memory for a moment. True when there is something new. */
function seesNews(flags: ThreadFlags, news: number): boolean {
  if (!spin.take()) return false;
  const until = performance.now() + SPIN_MS;
  let isNew = false;
  while (!isNew && performance.now() < until) {
    for (let looks = 0; looks < 100 && !isNew; looks += 1) isNew = flags.news !== news;
  }
  spin.note(isNew);
  return isNew;
}
