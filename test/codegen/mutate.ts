import ts from "typescript";

/** The same numbers in [0, 1) every time: mulberry32. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;

const ODD = ["}", "{", "(", ")", "`", "'", '"', "@", "*/", "/**", "<T>", "${", "\0", "\u2028", "\u00a0", "\u200d", "😀", "\ud83d", "é", "\\u{61}", "export ", "default ", "static ", "private ", "abstract ", "async *", "#", "...", "=> ", "[", "]", ";", ",", "undefined", "import ", "class ", "?", "\\", "//", "@Task()", "@Step() ", "extends ", "as const", "satisfies ", "never", "declare ", "enum ", "namespace ", "0x", "1n", "&& ", "?? "]; // prettier-ignore

/** The text in tokens, with what stands between them; what the scanner cannot read comes as it is. */
function tokensOf(text: string): string[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  const tokens: string[] = [];
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) tokens.push(scanner.getTokenText());
  return tokens;
}

/**
 * One to three edits of a text: pieces or tokens left out, doubled, moved elsewhere, swapped, or replaced by
 * something odd.
 */
export function mutate(text: string, random: () => number): string {
  let changed = text;
  for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) {
    if (random() < 0.5) changed = byTokens(changed, random);
    else {
      const at = Math.floor(random() * changed.length);
      const length = Math.floor(random() ** 3 * 60);
      const [head, piece, tail] = [changed.slice(0, at), changed.slice(at, at + length), changed.slice(at + length)];
      const odd = pick(ODD, random);
      const kind = Math.floor(random() * 4);
      changed = kind === 0 ? head + tail : kind === 1 ? head + piece + piece + tail : kind === 2 ? tail + piece + head : head + odd + tail;
    }
  }
  return random() < 0.15 ? asWhole(changed, random) : changed;
}

function byTokens(text: string, random: () => number): string {
  const tokens = tokensOf(text);
  const at = Math.floor(random() * tokens.length);
  const other = Math.floor(random() * tokens.length);
  const token = tokens[at] ?? "";
  const kind = Math.floor(random() * 4);
  if (kind === 0) tokens[at] = "";
  else if (kind === 1) tokens[at] = token + token;
  else if (kind === 2) [tokens[at], tokens[other]] = [tokens[other] ?? "", token];
  else tokens[at] = pick(ODD, random);
  return tokens.join("");
}

/** What editors, checkouts and broken tools make of a whole file. */
function asWhole(text: string, random: () => number): string {
  return pick(
    [
      (given: string) => `\ufeff${given}`,
      (given: string) => given.replaceAll("\n", "\r\n"),
      (given: string) => given.replaceAll("\n", "\r"),
      (given: string) => given.replaceAll("\n", "\u2028"),
      (given: string) => given.replaceAll(" ", "\u00a0"),
      (given: string) => given.slice(0, Math.floor(random() * given.length)),
      (given: string) => `${given}\0`,
      (given: string) => given + given,
      (given: string) => given.replaceAll("e", "\u0435"),
      () => "",
    ],
    random,
  )(text);
}
