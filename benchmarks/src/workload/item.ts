/** One row of the table that everything here reads and writes. Its types are those that every contender returns alike. */
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

/** Texts are made beforehand: making them costs more than some of what is measured. */
const BODIES = Array.from({ length: 256 }, (_, seed) => words(seed, 22));
const TITLES = Array.from({ length: 256 }, (_, seed) => words(seed + 7, 2));

/** The row under `id`: always the same one, about 190 bytes. */
export function itemOf(id: number): Item {
  const title = `${TITLES[id & 255]} ${id}`;
  const body = BODIES[id & 255] ?? '';
  return { id, owner: id % 1000, title, body, size: id % 65_536, score: id / 4 + 0.5 };
}

function words(seed: number, count: number): string {
  return Array.from({ length: count }, (_, n) => WORDS[Math.imul(seed + n, 2654435761) >>> 28]).join(' ');
}

/** The rows from `first` on. */
export function itemsFrom(first: number, count: number): Item[] {
  return Array.from({ length: count }, (_, index) => itemOf(first + index));
}

/** The values of a row in the order of {@link ITEM_COLUMNS}. */
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

/** What a scan looks for in `body`; no row holds any of them, so every row is read to its end. */
export const SCAN_PATTERNS: readonly string[] = Array.from({ length: 24 }, (_, n) => `%willow reed ${n}%`);
