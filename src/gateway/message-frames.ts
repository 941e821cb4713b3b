/** Bytes before each message: whether it is compressed, and its length. */
const PREFIX = 5;

/** Finds where messages begin and end in the bytes of a gRPC stream, in whatever parts they come. */
export class MessageFrames {
  readonly #begins: (length: number) => void;
  readonly #ends: () => void;
  /** Bytes of a prefix that have come, the length that they tell so far, and bytes of the message that have not come. */
  #prefix = 0;
  #length = 0;
  #missing = 0;

  /**
   * @param begins told the length of each message, bytes, when its prefix has come
   * @param ends called when it has come whole
   */
  constructor(begins: (length: number) => void, ends: () => void) {
    this.#begins = begins;
    this.#ends = ends;
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
      if (this.#prefix === PREFIX && this.#missing === 0) {
        this.#prefix = 0;
        this.#ends();
      }
    }
  }

  #readPrefix(byte: number): void {
    this.#length = this.#prefix === 0 ? 0 : this.#length * 256 + byte;
    this.#prefix += 1;
    if (this.#prefix < PREFIX) return;
    this.#missing = this.#length;
    this.#begins(this.#length);
  }
}
