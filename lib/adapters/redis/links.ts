import type { At, Input } from "../../contract/index.js";
import { endOf } from "./rows.js";
import type { Shard, Store } from "./store.js";

/** Inputs read in one call. */
const PAGE = 1_000;

/** What the linked jobs left, in position order. */
export async function inputsOf(store: Store, shard: Shard, id: string, options: At | undefined): Promise<readonly Input[]> {
  const inputs: Input[] = [];
  for (let from = 0; ; from += PAGE) {
    const page = (await store.run("inputs", shard, [id, from, PAGE], options)) as string[];
    for (let i = 0; i < page.length; i += 2) inputs.push(inputOf(page[i]!, page[i + 1]!));
    if (page.length < 2 * PAGE) return inputs;
  }
}

/** `link` as in lua/common/links.lua; `ended` the record of the input's end, '' if it has none here. */
function inputOf(link: string, ended: string): Input {
  const left = link[0] === "l" ? (JSON.parse(link.slice(1)) as Input) : undefined;
  const jobId = left?.jobId ?? link.slice(1);
  if (ended !== "") {
    const { state, result, error } = endOf(ended);
    if (state === "succeeded") return { jobId, state, ...(result !== undefined && { result }) };
    return { jobId, state, error: error! };
  }
  return left ?? { jobId, state: "failed", error: { name: "Error", message: "It runs again." } };
}
