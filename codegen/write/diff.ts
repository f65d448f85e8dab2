/** Lines of context around a change. */
const CONTEXT = 3;

/**
 * Above this many cells the table of a change gets too large.
 * Its lines are then shown as replaced as a whole.
 */
const MOST_CELLS = 4_000_000;

type Line = { readonly sign: " " | "-" | "+"; readonly text: string };

/**
 * A unified diff from `before` to `after`, only the hunks that changed; empty if nothing did.
 * Ends with a line feed.
 */
export function unifiedDiff(before: string, after: string, names: { readonly before: string; readonly after: string }): string {
  if (before === after) return "";
  const lines = compare(
    before === "" ? [] : before.replace(/\n$/, "").split("\n"),
    after === "" ? [] : after.replace(/\n$/, "").split("\n"),
  );
  const text = [`--- ${names.before}`, `+++ ${names.after}`];
  let [oldAt, newAt] = [1, 1];
  for (let start = 0; start < lines.length;) {
    const change = lines.findIndex((line, index) => index >= start && line.sign !== " ");
    if (change === -1) break;
    let end = change;
    // Changes whose contexts touch belong to one hunk.
    for (let index = change; index < lines.length && index - end <= 2 * CONTEXT; index++) if (lines[index]!.sign !== " ") end = index;
    const from = Math.max(start, change - CONTEXT);
    const hunk = lines.slice(from, end + 1 + CONTEXT);
    [oldAt, newAt] = [oldAt + from - start, newAt + from - start];
    const [olds, news] = [hunk.filter(({ sign }) => sign !== "+").length, hunk.filter(({ sign }) => sign !== "-").length];
    text.push(
      `@@ -${olds === 0 ? oldAt - 1 : oldAt},${olds} +${news === 0 ? newAt - 1 : newAt},${news} @@`,
      ...hunk.map(({ sign, text: line }) => sign + line),
    );
    [oldAt, newAt, start] = [oldAt + olds, newAt + news, from + hunk.length];
  }
  return `${text.join("\n")}\n`;
}

/** The shortest edit between the common beginning and the common end. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (text: string): Line => ({ sign: " ", text });
  const middle = edit(before.slice(start, before.length - end), after.slice(start, after.length - end));
  return [...before.slice(0, start).map(same), ...middle, ...before.slice(before.length - end).map(same)];
}

/** By longest common subsequence. */
function edit(before: readonly string[], after: readonly string[]): readonly Line[] {
  const removed = before.map((text): Line => ({ sign: "-", text }));
  const added = after.map((text): Line => ({ sign: "+", text }));
  const width = after.length + 1;
  if (removed.length === 0 || added.length === 0 || (before.length + 1) * width > MOST_CELLS) return [...removed, ...added];
  // common[i · width + j]: length of the longest common subsequence of before[i…] and after[j…]
  const common = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const [down, right] = [common[(i + 1) * width + j]!, common[i * width + j + 1]!];
      common[i * width + j] = before[i] === after[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(down, right);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push({ sign: " ", text: before[i]! });
      [i, j] = [i + 1, j + 1];
    } else if (common[(i + 1) * width + j]! >= common[i * width + j + 1]!) lines.push(removed[i++]!);
    else lines.push(added[j++]!);
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}
