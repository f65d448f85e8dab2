import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";

/**
 * The place of the doc comment of a declaration: the last one before it, as in the compiler.
 * The compiler is not asked to parse its content.
 */
export function docCommentOf(ts: Typescript, node: ts.Node, { text }: ts.SourceFile): ts.CommentRange | undefined {
  return ts.getLeadingCommentRanges(text, node.pos)?.findLast(({ pos, end }) => text.startsWith("/**", pos) && end - pos > "/**/".length);
}
