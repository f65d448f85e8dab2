import { ENDED_PAYLOAD, type Ended } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { causeOf, stateOf, unpack } from "./rows.js";

/** An end as a script tells it; see `close` in lua/common/jobs.lua. */
type End = [id: string, code: string, attempts: string, tail: string, task: string, queue: string, body: string, ...held: "a"[]];

/** Whether a piece of a script's mail is an end for the answer of its call. */
export function isEnd(piece: Reply): piece is End {
  return Array.isArray(piece);
}

/** Whether a worker had the job, who is to be told. */
export function wasHeld(end: End): boolean {
  return end[7] === "a";
}

export function toEnded([id, code, attempts, tail, task, queue, body]: End): Ended {
  const row = body === "" ? undefined : unpack(body);
  const cause = causeOf(tail);
  return {
    id,
    task,
    queue,
    state: stateOf(code) as Ended["state"],
    ...(cause !== undefined && { cause }),
    error: JSON.parse(tail.slice(1)) as Ended["error"],
    attempts: Number(attempts),
    ...(row !== undefined && row.payload.length <= ENDED_PAYLOAD && { payload: row.payload }),
    ...(row?.meta.h !== undefined && { headers: row.meta.h }),
  };
}
