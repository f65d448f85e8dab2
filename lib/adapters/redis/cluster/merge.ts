/** Several ordered lists as one, in order; of equals, those of the earlier list first. */
export async function* merged<T>(lists: readonly AsyncIterator<T>[], compare: (a: T, b: T) => number): AsyncGenerator<T> {
  const heads = await Promise.all(lists.map((list) => list.next()));
  for (;;) {
    let best = -1;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (head.done !== true && (best < 0 || compare(head.value, heads[best]!.value as T) < 0)) best = i;
    }
    if (best < 0) return;
    yield heads[best]!.value as T;
    heads[best] = await lists[best]!.next();
  }
}
