import { nextTurn } from "./turns.js";

interface StillnessParts {
  /** Something is under way that will move. */
  readonly busy: () => boolean;
  readonly over: () => boolean;
  /** Called once each time that nothing has moved for two turns. */
  readonly quiet: () => void;
}

/** Notices when nothing of a pass has moved for two turns of the event loop. */
export class Stillness {
  /** How often something moved. */
  moves = 0;
  readonly #parts: StillnessParts;
  #watching = false;

  constructor(parts: StillnessParts) {
    this.#parts = parts;
  }

  moved(): void {
    this.moves++;
    const { busy, over, quiet } = this.#parts;
    if (this.#watching || over()) return;
    this.#watching = true;
    let seen = -1;
    let still = 0;
    const look = (): void => {
      still = seen === this.moves && !busy() ? still + 1 : 0;
      seen = this.moves;
      if (!over() && still < 2) return nextTurn(look);
      this.#watching = false;
      if (!over()) quiet();
    };
    nextTurn(look);
  }
}
