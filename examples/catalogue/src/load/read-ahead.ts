/** Maps items in order. Up to `depth` items are processed ahead while the consumer works on an earlier one. */
export async function* readAhead<In, Out>(
  items: AsyncIterable<In>,
  depth: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const making: Promise<Out>[] = [];
  for await (const item of items) {
    const made = map(item);
    // The consumer gets the error when it reaches this item. Until then it must not count as an unhandled rejection.
    made.catch(() => undefined);
    making.push(made);
    if (making.length > depth) yield await (making.shift() as Promise<Out>);
  }
  yield* making;
}
