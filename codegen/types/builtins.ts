import { BYTES, DATE, type Shape } from "./shape.js";

/** Types of the language and of Node that have their own codec and take no arguments. */
export const CARRIED: ReadonlyMap<string, Shape> = new Map([
  ["Date", DATE],
  ["Uint8Array", BYTES],
  ["Buffer", BYTES],
]);

/** Lists, by their global names. */
export const LISTS: ReadonlySet<string> = new Set(["Array", "ReadonlyArray"]);
export const SETS: ReadonlySet<string> = new Set(["Set", "ReadonlySet"]);
export const MAPS: ReadonlySet<string> = new Set(["Map", "ReadonlyMap"]);
export const PROMISES: ReadonlySet<string> = new Set(["Promise", "PromiseLike"]);

/**
 * Global types that cannot travel, as far as their name shows it. The checker finds the others, which takes
 * longer.
 */
export const REFUSED: ReadonlySet<string> = new Set(
  `RegExp Error TypeError RangeError AggregateError WeakMap WeakSet WeakRef Proxy Iterator Iterable Generator
  AsyncGenerator AsyncIterable AsyncIterator AsyncIterableIterator IterableIterator ArrayBuffer SharedArrayBuffer DataView
  Int8Array Int16Array Int32Array Uint8ClampedArray Uint16Array Uint32Array Float32Array Float64Array BigInt64Array
  BigUint64Array URL URLSearchParams AbortSignal AbortController ReadableStream WritableStream TransformStream Blob File
  FormData Headers Request Response Event EventTarget MessagePort TextEncoder TextDecoder WebSocket Worker`.split(/\s+/),
);

/** Global types of browsers, whose declarations the checker does not get. */
export const BROWSER =
  /^(?:(?:HTML|SVG)\w*Element|Element|Node|Document|Window|\w+Event|CSS\w+|Media\w+|RTC\w+|Canvas\w+|WebGL\w+|XMLHttpRequest)$/;

/** Whether a file belongs to the declarations of the language or of Node. */
export function isPlatform(file: string): boolean {
  return file.startsWith("/node_modules/typescript/lib/") || file.includes("/node_modules/@types/node/");
}
