import type { ts } from "ts-morph";
import type { Typescript } from "../read/load.js";
import type { NotesReader } from "./notes.js";
import type { Shape } from "./shape.js";

/**
 * The shape of a property, with the constraints in the comment of its type's alias.
 * The compiler forgets the alias of a primitive, so it is found by how the property is written.
 */
export function notedAsAliased(
  { ts, checker, notes }: { readonly ts: Typescript; readonly checker: ts.TypeChecker; readonly notes: NotesReader },
  symbol: ts.Symbol,
  of: Shape,
): Shape {
  const node = symbol.valueDeclaration;
  const type = node !== undefined && (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) ? node.type : undefined;
  if (type === undefined || !ts.isTypeReferenceNode(type) || of.kind === "named" || of.kind === "object") return of;
  let alias = checker.getSymbolAtLocation(type.typeName);
  if (alias !== undefined && alias.flags & ts.SymbolFlags.Alias) alias = checker.getAliasedSymbol(alias);
  const declared = alias?.declarations?.[0];
  const said = declared !== undefined && ts.isTypeAliasDeclaration(declared) ? notes.of(declared) : undefined;
  return said?.constraints.length ? { kind: "noted", of, notes: said } : of;
}
