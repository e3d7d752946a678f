/** A row of the table that all scenarios use. It has only types that every contender returns in the same way. */
export interface Item {
  readonly id: number;
  readonly owner: number;
  readonly title: string;
  readonly body: string;
  readonly size: number;
  readonly score: number;
}

/** The columns, in order. */
export const ITEM_COLUMNS = ['id', 'owner', 'title', 'body', 'size', 'score'] as const;

const WORDS =
  'sluice gate stream river weir canal lock basin ferry mill otter heron willow reed stone bridge'.split(' ');

/** Texts are created beforehand, because creating one takes longer than some of the measured calls. */
const BODIES = Array.from({ length: 256 }, (_, seed) => words(seed, 22));
const TITLES = Array.from({ length: 256 }, (_, seed) => words(seed + 7, 2));

/** Returns the row with this id. It is always the same, about 190 bytes. */
export function itemOf(id: number): Item {
  const title = `${TITLES[id & 255]} ${id}`;
  const body = BODIES[id & 255] ?? '';
  return { id, owner: id % 1000, title, body, size: id % 65_536, score: id / 4 + 0.5 };
}

function words(seed: number, count: number): string {
  return Array.from({ length: count }, (_, n) => WORDS[Math.imul(seed + n, 2654435761) >>> 28]).join(' ');
}

/** Returns `count` rows, beginning with the id `first`. */
export function itemsFrom(first: number, count: number): Item[] {
  return Array.from({ length: count }, (_, index) => itemOf(first + index));
}

/** Returns the values of a row in the order of {@link ITEM_COLUMNS}. */
export function itemValues({
  id,
  owner,
  title,
  body,
  size,
  score,
}: Item): [number, number, string, string, number, number] {
  return [id, owner, title, body, size, score];
}

/** The patterns of a scan of `body`. No row contains any of them, so every row is read to its end. */
export const SCAN_PATTERNS: readonly string[] = Array.from({ length: 24 }, (_, n) => `%willow reed ${n}%`);
