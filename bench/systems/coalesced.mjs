/** `add(job)` whose concurrent calls travel together, at most two inserts at a time. */
export function coalesced(insert) {
  let waiting = [];
  let flying = 0;
  const flush = () => {
    if (waiting.length === 0 || flying === 2) return;
    const batch = waiting.splice(0, 1_000);
    flying++;
    Promise.resolve(insert(batch.map(({ data }) => data)))
      .then(
        () => batch.forEach(({ resolve }) => resolve()),
        (error) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        flying--;
        flush();
      });
    flush();
  };
  return (data) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ data, resolve, reject }) === 1) setImmediate(flush);
    });
}
