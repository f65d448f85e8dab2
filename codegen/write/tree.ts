import { byCodeUnit } from "../model.js";
import { docComment, key, literalKey } from "./text.js";

/** One member of the client, at the place that its dotted name gives. */
export interface Leaf {
  readonly name: string;
  readonly doc: readonly string[];
  readonly type: string;
  readonly value: string;
}

/** Leaves by the parts of their names. A Map, as a part may be called like a member of Object. */
export type Tree = Map<string, Tree | Leaf>;

export function treeOf(leaves: readonly Leaf[]): Tree {
  const root: Tree = new Map();
  for (const leaf of leaves) {
    const parts = leaf.name.split(".");
    const last = parts.pop()!;
    let at = root;
    for (const part of parts) {
      let below = at.get(part);
      if (!(below instanceof Map)) at.set(part, (below = new Map()));
      at = below;
    }
    at.set(last, leaf);
  }
  return root;
}

const sorted = (tree: Tree) => [...tree].sort(([a], [b]) => byCodeUnit(a, b));

/** The declaration of a member of the class that holds the leaves. */
export function treeType(name: string, tree: Tree): readonly string[] {
  if (tree.size === 0) return [`  readonly ${name}: {};`];
  const lines: string[] = [];
  const write = (below: Tree, indent: string): void => {
    for (const [part, node] of sorted(below)) {
      if (node instanceof Map) {
        lines.push(`${indent}readonly ${key(part)}: {`);
        write(node, `${indent}  `);
        lines.push(`${indent}};`);
      } else lines.push(declarationOf(node, part, indent));
    }
  };
  write(tree, "    ");
  return [`  readonly ${name}: {`, ...lines, "  };"];
}

/** Declarations of leaves that have been written before. */
const declared = new WeakMap<Leaf, string>();

function declarationOf(leaf: Leaf, part: string, indent: string): string {
  let text = declared.get(leaf);
  if (text === undefined) {
    const doc = leaf.doc.length === 0 ? [] : docComment(leaf.doc, indent);
    declared.set(leaf, (text = [...doc, `${indent}readonly ${key(part)}: ${leaf.type};`].join("\n")));
  }
  return text;
}

/** The value that the constructor assigns to that member. */
export function treeValue(name: string, tree: Tree): readonly string[] {
  if (tree.size === 0) return [`    this.${name} = {};`];
  const lines: string[] = [];
  const write = (below: Tree, indent: string): void => {
    for (const [part, node] of sorted(below)) {
      if (node instanceof Map) {
        lines.push(`${indent}${literalKey(part)}: {`);
        write(node, `${indent}  `);
        lines.push(`${indent}},`);
      } else lines.push(`${indent}${literalKey(part)}: ${node.value},`);
    }
  };
  write(tree, "      ");
  return [`    this.${name} = {`, ...lines, "    };"];
}
