import type { Shard } from "./mail.js";

/** Ids that core makes: 24 characters, the place in a canvas if any, and then the queue. */
const ROUTED = /^[0-9a-z]{24}(?:-\d+)?~/;

/** Longest id of a job. */
const LONGEST = 200;

/** Pieces of the directory of ids that users have chosen. */
const PIECES = 64;

/** An id with its queue; unchanged if that would be too long. */
export function routed(id: string, queue: string): string {
  const full = `${id}~${queue}`;
  return full.length <= LONGEST && ROUTED.test(full) ? full : id;
}

/** The queue in an id; undefined for an id that a user has chosen. */
export function routeOf(id: string): string | undefined {
  return ROUTED.test(id) ? id.slice(id.indexOf("~") + 1) : undefined;
}

/** Piece of the directory that an id belongs to, as two small letters: FNV-1a over its UTF-16 units. */
export function pieceOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  const piece = (hash >>> 0) % PIECES;
  return String.fromCharCode(97 + Math.floor(piece / 16), 97 + (piece % 16));
}

export function shardOfQueue(namespace: string, queue: string): Shard {
  return `{${namespace}:${escaped(queue)}}`;
}

export function shardOfPiece(namespace: string, piece: string): Shard {
  return `{${namespace}#${piece}}`;
}

/** The first closing brace ends a hash tag, so a queue's name may not contain one. */
function escaped(queue: string): string {
  return queue.replaceAll("%", "%25").replaceAll("}", "%7D");
}
