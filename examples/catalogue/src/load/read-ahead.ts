/** Maps items in order, with up to `depth` of them in the making while the consumer is busy with an earlier one. */
export async function* readAhead<In, Out>(
  items: AsyncIterable<In>,
  depth: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const making: Promise<Out>[] = [];
  for await (const item of items) {
    const made = map(item);
    // Whoever comes to it sees the error; until then it must not count as unhandled.
    made.catch(() => undefined);
    making.push(made);
    if (making.length > depth) yield await (making.shift() as Promise<Out>);
  }
  yield* making;
}
