import { UnsupportedError, type Events, type Self, type StoredEvent } from "../../contract/index.js";
import { eventArgs } from "./along.js";
import type { Reply } from "./connect/driver.js";
import type { Store } from "./store.js";

export function events(store: Store, self: Self): Events {
  return {
    emit: async (given, options) => {
      if (options?.transaction !== undefined) throw new UnsupportedError(self.name, "transactions");
      if (given.length === 0) return (store.live(), { duplicates: [], woken: [] });
      const [duplicates, woken, mail] = (await store.run("emit", store.home, eventArgs(given), options)) as [string[], string[], Reply[]];
      const also = await store.mail.deliver(store.home, mail, options);
      if (woken.length + also.woken.length > 0) store.tell({ kind: "work" });
      return { duplicates, woken: [...woken, ...also.woken] };
    },
    list: async ({ name, key, after = 0, limit = 100 }, options) => {
      if (limit <= 0) return (store.live(), []);
      const found = (await store.run("events", store.home, [name, key === undefined ? "" : `=${key}`, after, limit], options)) as string[];
      const events: StoredEvent[] = [];
      for (let i = 0; i < found.length; i += 2) events.push({ id: found[i]!, ...(JSON.parse(found[i + 1]!) as Omit<StoredEvent, "id">) });
      return events;
    },
  };
}
