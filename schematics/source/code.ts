/**
 * Blanks out everything in TypeScript source that is not code.
 * Those are comments, and the insides of strings, templates and regular expressions. The result has the same
 * length, so a place found in it is the same place in the source. A line break in it is always one between
 * tokens: those inside comments, strings and templates are blanked too.
 *
 * It knows tokens, not grammar: the token before a `/` decides whether it divides or starts a regular
 * expression.
 *
 * @returns undefined if a comment, string or template is not closed, or a brace closes nothing
 */
export function maskText(source: string): string | undefined {
  const out = source.split("");
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) out[i] = " ";
  };
  return scan(source, 0, blank) === source.length ? out.join("") : undefined;
}

/**
 * Goes through code token by token and calls `blank` for what is not code.
 *
 * @returns the end of the source, or the position of the `}` that closes what was open at `start`; -1 if a
 *   token does not end
 */
function scan(source: string, start: number, blank: (from: number, to: number) => void): number {
  let last = ""; // the last token, as far as it tells what a "/" means
  let depth = 0;
  let at = start;
  while (at < source.length) {
    const char = source.charAt(at);
    const next = source.charAt(at + 1);
    let end: number;
    if (char === "/" && next === "/") {
      end = lineEnd(source, at);
      blank(at, end);
    } else if (char === "/" && next === "*") {
      end = source.indexOf("*/", at + 2) + 2;
      if (end < 2) return -1;
      blank(at, end);
    } else if (char === "'" || char === '"' || char === "`") {
      end = char === "`" ? templateEnd(source, at) : stringEnd(source, at);
      if (end < 0) return -1;
      blank(at + 1, end - 1);
      last = char;
    } else if (char === "/" && startsRegExp(last)) {
      end = regExpEnd(source, at);
      if (end < 0) return -1;
      blank(at + 1, end - 1);
      last = ")";
    } else {
      if (char === "{") depth++;
      if (char === "}" && --depth < 0) return at;
      const word = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(source.slice(at, at + 100))?.[0] ?? char;
      end = at + word.length;
      if (word.trim() !== "") last = word;
    }
    at = end;
  }
  return at;
}

/**
 * Where the bracket opened at `open` is closed.
 *
 * @param masked what `maskText` returned
 * @returns the position of the closing bracket, or -1 if the brackets do not match
 */
export function closing(masked: string, open: number): number {
  const waiting: string[] = [];
  for (let at = open; at < masked.length; at++) {
    const char = masked.charAt(at);
    const close = PAIRS[char];
    if (close !== undefined) waiting.push(close);
    else if (char === ")" || char === "]" || char === "}") {
      if (waiting.pop() !== char) return -1;
      if (waiting.length === 0) return at;
    }
  }
  return -1;
}

const PAIRS: Readonly<Record<string, string | undefined>> = { "(": ")", "[": "]", "{": "}" };

/** A piece of source: from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * What stands between a pair of brackets, split at the commas of that level. Spans hold no space or comment
 * at either end.
 *
 * @param open position of the opening bracket, which `closing` has matched with `close`
 * @returns the items, and the position of the comma after the last item or -1; undefined if an item is empty
 *   (`[a,,b]`)
 */
export function listItems(
  masked: string,
  open: number,
  close: number,
): { readonly items: readonly Span[]; readonly comma: number } | undefined {
  const items: Span[] = [];
  let from = open + 1;
  for (let at = from; at <= close; at++) {
    const char = masked.charAt(at);
    if (char !== "," && at !== close) {
      if (PAIRS[char] !== undefined) at = closing(masked, at);
      continue;
    }
    const text = masked.slice(from, at);
    const start = from + text.length - text.trimStart().length;
    if (text.trim() !== "") items.push({ start, end: start + text.trim().length });
    else if (char === ",") return undefined;
    else return { items, comma: items.length === 0 ? -1 : from - 1 };
    from = at + 1;
  }
  return { items, comma: -1 };
}

/**
 * The end of the line that `at` is in: the position of its line break (`\r\n` counts as one), or the length
 * of the text.
 */
export function lineEnd(text: string, at: number): number {
  const feed = text.indexOf("\n", at);
  if (feed < 0) return text.length;
  return feed > at && text.charAt(feed - 1) === "\r" ? feed - 1 : feed;
}

function stringEnd(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === "\\") at++;
    else if (char === source.charAt(start)) return at + 1;
    else if (char === "\n") return -1;
  }
  return -1;
}

/** Templates nest: `${…}` holds code, which may hold templates. */
function templateEnd(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === "\\") at++;
    else if (char === "`") return at + 1;
    else if (char === "$" && source.charAt(at + 1) === "{") {
      at = scan(source, at + 2, () => undefined);
      if (at < 0) return -1;
    }
  }
  return -1;
}

function regExpEnd(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === "\\") at++;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return at + 1;
    else if (char === "\n") return -1;
  }
  return -1;
}

/** A "/" after a value divides; anywhere else it starts a regular expression. */
function startsRegExp(last: string): boolean {
  if (/^(return|typeof|case|in|of|new|delete|void|throw|await|yield|do|else)$/.test(last)) return true;
  return !/[\p{ID_Continue}$)\]}'"`]$/u.test(last);
}
