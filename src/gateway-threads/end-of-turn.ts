/** Runs `action` once when this turn of the event loop ends, however often it is asked for. */
export class EndOfTurn {
  readonly #action: () => void;
  #due = false;

  constructor(action: () => void) {
    this.#action = action;
  }

  ask(): void {
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.#action();
    });
  }
}
