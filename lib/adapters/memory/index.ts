export { memory } from "./adapter.js";
export type { MemoryOptions } from "./adapter.js";
