import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";

/**
 * The nodes that a receiver of an expression or declaration may use.
 * These are the members of a list or object, what a function returns, the initial value of a constant, the
 * arguments of a call. A name carries nothing.
 */
export function carriedBy(ts: Typescript, node: ts.Node): readonly ts.Node[] {
  if (ts.isArrayLiteralExpression(node)) return node.elements;
  if (ts.isObjectLiteralExpression(node)) return node.properties;
  if (ts.isShorthandPropertyAssignment(node)) return [node.name];
  if (ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node)) return node.initializer === undefined ? [] : [node.initializer];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
  if (ts.isBinaryExpression(node)) return [node.left, node.right];
  if (ts.isCallExpression(node)) return node.arguments;
  if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node) || ts.isElementAccessExpression(node)) return [node.expression];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node))
    return [node.expression];
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return [node.body];
  const usual = ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node) || ts.isMethodDeclaration(node);
  if (!usual || node.body === undefined || !ts.isBlock(node.body)) return [];
  return node.body.statements.flatMap((one) => (ts.isReturnStatement(one) && one.expression !== undefined ? [one.expression] : []));
}
