import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";

/**
 * Where the doc comment of a declaration stands: the last one before it, as the compiler has it, which is not
 * asked to parse what is in them.
 */
export function docCommentOf(ts: Typescript, node: ts.Node, { text }: ts.SourceFile): ts.CommentRange | undefined {
  return ts.getLeadingCommentRanges(text, node.pos)?.findLast(({ pos, end }) => text.startsWith("/**", pos) && end - pos > "/**/".length);
}
