import { json } from "./connect/json.js";
import type { Hint, Hints } from "../../contract/index.js";
import { Subscriber } from "./connect/subscriber.js";
import type { Store } from "./store.js";

type Kind = Hint["kind"];

const KINDS: readonly Kind[] = ["work", "done", "cancelled", "control"];

export const hints = (store: Store): RedisHints => new RedisHints(store);

/**
 * Wake-ups. Hints of own verbs reach own listeners at once.
 * Those of others come over one connection, which subscribes to the kinds that listeners here want, and only
 * while there are any.
 */
class RedisHints implements Hints {
  readonly #store: Store;
  readonly #subscriber: Subscriber;

  constructor(store: Store) {
    this.#store = store;
    this.#subscriber = new Subscriber(store.connection, {
      received: (channel, message) => this.#received(channel, message),
      subscribed: (channels, since) => this.#catchUp(channels, since),
    });
  }

  subscribe(listener: (hint: Hint) => void, kinds?: readonly Kind[]): () => void {
    // A wrapper, so that the same function may listen twice.
    const own = (hint: Hint): void => listener(hint);
    this.#store.listeners.set(own, kinds === undefined ? undefined : new Set(kinds));
    this.start();
    return () => {
      if (this.#store.listeners.delete(own)) this.start();
    };
  }

  control(topic: string, message: string): void {
    this.#store.tell({ kind: "control", topic, message });
    if (this.#store.isOpen) this.#store.run("control", this.#store.home, [json([topic, message])]).catch(() => undefined);
  }

  /** Subscribes for the listeners, or stops. Does nothing while the store is closed. */
  start(): void {
    const wanted = new Set<string>();
    for (const kinds of this.#store.listeners.values()) for (const kind of kinds ?? KINDS) wanted.add(this.#channel(kind));
    this.#subscriber.want(this.#store.isOpen ? wanted : new Set());
  }

  stop(): void {
    this.#subscriber.want(new Set());
  }

  #channel(kind: Kind): string {
    return `${this.#store.home}:hint:${kind}`;
  }

  /**
   * Makes up for missed messages: there may be work, jobs may have ended, and control messages are read
   * again.
   */
  #catchUp(channels: readonly string[], since: number): void {
    if (channels.includes(this.#channel("work"))) this.#store.tell({ kind: "work" });
    if (channels.includes(this.#channel("done"))) this.#store.tell({ kind: "done" });
    if (channels.includes(this.#channel("control"))) this.#readAgain(since).catch(() => undefined);
  }

  /**
   * Control messages since a moment of this process's clock.
   * Some of just before it may be among them, none is left out.
   */
  async #readAgain(since: number): Promise<void> {
    const span = Math.ceil(performance.now() - since) + 5_000;
    const [present, ...messages] = (await this.#store.run("controls", this.#store.home, [span])) as [string, ...string[]];
    // The server's clock was read before its answer came, so counting back from now goes back far enough.
    const from = Math.floor(Number(present) - (performance.now() - since));
    for (let i = 0; i < messages.length; i += 2)
      if (Number(messages[i]) >= from) this.#received(this.#channel("control"), messages[i + 1]!);
  }

  #received(channel: string, message: string): void {
    const { origin } = this.#store;
    if (message.startsWith(origin)) return;
    const text = message.slice(origin.length);
    const kind = channel.slice(channel.lastIndexOf(":") + 1) as Kind;
    try {
      if (kind === "work") this.#store.tell({ kind, ...(text !== "" && { queues: JSON.parse(text) as string[] }) });
      else if (kind === "done") this.#store.tell({ kind, ...(text !== "" && { ids: JSON.parse(text) as string[] }) });
      else if (kind === "cancelled") this.#store.tell({ kind, ids: JSON.parse(text) as string[] });
      else {
        const [topic, body] = JSON.parse(text) as [string, string];
        this.#store.tell({ kind: "control", topic, message: body });
      }
    } catch {
      // Another program wrote to this channel.
    }
  }
}
