/** Bytes before each message: whether it is compressed, and its length. */
const PREFIX = 5;

/** Follows the messages of a gRPC stream through its bytes, in whatever parts they come. */
export class MessageFrames {
  /** Bytes of a prefix that have come, the length that they tell so far, and bytes of the message that have not come. */
  #prefix = 0;
  #length = 0;
  #missing = 0;

  /** Bytes that have come of a message that is not whole. */
  get waiting(): number {
    return this.#prefix < PREFIX ? 0 : this.#length - this.#missing;
  }

  /** Bytes that the message at hand will have; 0 where none is, or its length has not come. */
  get length(): number {
    return this.#prefix < PREFIX ? 0 : this.#length;
  }

  read(part: Uint8Array): void {
    let at = 0;
    while (at < part.length) {
      if (this.#prefix < PREFIX) this.#readPrefix(part[at++] ?? 0);
      else {
        const taken = Math.min(this.#missing, part.length - at);
        this.#missing -= taken;
        at += taken;
      }
      if (this.#prefix === PREFIX && this.#missing === 0) this.#prefix = 0;
    }
  }

  #readPrefix(byte: number): void {
    this.#length = this.#prefix === 0 ? 0 : this.#length * 256 + byte;
    this.#prefix += 1;
    this.#missing = this.#length;
  }
}
